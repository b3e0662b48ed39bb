using System.Diagnostics;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web.Pages;

/// <summary><c>/status</c>: whether the server can do its job now, and how long the disk lasts, in the office's words.</summary>
public sealed class StatusModel(
    PacsOptions options, StorageOptions storage, Listener listener, DicomTls tls, Readiness readiness, OpenProblems problems, IndexReader index, GdtReceivers receivers, GdtFiles files,
    LogOfToday log, IServiceProvider services, TimeProvider time) : PageModel
{
    /// <summary>Images that are looked at for the last one of each device: enough for some days, and read in a moment however large the archive is.</summary>
    public const int LastImages = 5000;

    /// <summary>A practice makes a backup every night it works: after more days than a long weekend has, something is wrong.</summary>
    public const int BackupDays = 4;

    /// <summary>Devices that are shown.</summary>
    public const int MaxDevices = 50;

    private const int GrowthDays = 30;

    // a share that is gone makes the system wait for up to minutes
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>A GDT receiver, and how it is going with him.</summary>
    /// <param name="Receiver">The receiver.</param>
    /// <param name="IsReachable">Whether this program sees his folder now.</param>
    /// <param name="Waiting">Files that are not handed over yet.</param>
    /// <param name="Problem">What stops the hand-over or his inbox, or null.</param>
    public sealed record GdtLine(GdtReceiver Receiver, bool IsReachable, int Waiting, string? Problem);

    /// <summary>A device and when its last image came.</summary>
    /// <param name="CallingAe">Its AE title.</param>
    /// <param name="RemoteHost">Its address.</param>
    /// <param name="At">When.</param>
    public sealed record DeviceLine(string CallingAe, string RemoteHost, DateTimeOffset At);

    /// <summary>The checks of <see cref="Readiness"/> by name.</summary>
    public IReadOnlyDictionary<string, bool> Checks { get; private set; } = new Dictionary<string, bool>();

    /// <summary>Our AE title.</summary>
    public string AeTitle => options.DicomAet;

    /// <summary>Where devices may reach us.</summary>
    public IReadOnlyList<string> Addresses { get; private set; } = [];

    /// <summary>The ports.</summary>
    public Listener Ports => listener;

    /// <summary>Whether other computers may open the pages.</summary>
    public bool IsRemote => options.RemoteAccessAllowed;

    /// <summary>When our certificate for DICOM over TLS ends, or null.</summary>
    public DateTimeOffset? CertificateEnds => listener.DicomTlsPort is null ? null : tls.Credentials.Expires;

    /// <summary>Where the images are.</summary>
    public string Folder => options.StorageDirectory;

    /// <summary>How much there is.</summary>
    public Statistics Archive { get; private set; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>Free bytes that images may fill; null when the disk cannot be asked.</summary>
    public long? Free { get; private set; }

    /// <summary>How many days they last with the growth of the last 30 days; null when nothing has come.</summary>
    public double? DaysLeft { get; private set; }

    /// <summary>Bytes of the index.</summary>
    public long IndexSize { get; private set; }

    /// <summary>GDT.</summary>
    public IReadOnlyList<GdtLine> Gdt { get; private set; } = [];

    /// <summary>Devices whose images came lately, the latest first.</summary>
    public IReadOnlyList<DeviceLine> Devices { get; private set; } = [];

    /// <summary>Transfers that wait or run.</summary>
    public int Waiting { get; private set; }

    /// <summary>Transfers that failed.</summary>
    public int Failed { get; private set; }

    /// <summary>Whether the page has been told how it can see that a backup was made.</summary>
    public bool KnowsBackup => !string.IsNullOrEmpty(options.BackupFile);

    /// <summary>When the last backup was made; null when its file is not there.</summary>
    public DateTimeOffset? Backup { get; private set; }

    /// <summary>Whether the last backup is not too old.</summary>
    public bool IsBackupGood => Backup > time.GetUtcNow().AddDays(-BackupDays);

    /// <summary>How many errors are in the log of today.</summary>
    public int Errors { get; private set; }

    /// <summary>The last of them, newest first.</summary>
    public IReadOnlyList<LogOfToday.Entry> LastErrors { get; private set; } = [];

    /// <summary>Problems that wait for somebody.</summary>
    public long Problems { get; private set; }

    /// <summary>Since when the program runs.</summary>
    public static DateTimeOffset Since { get; } = Started();

    /// <summary>Whether everything is well.</summary>
    public bool IsGood => Checks.Values.All(good => good) && Problems == 0 && Failed == 0 && (!KnowsBackup || IsBackupGood) && Gdt.All(g => g.IsReachable && g.Problem is null);

    /// <summary>Shows the status.</summary>
    public async Task OnGetAsync(CancellationToken ct)
    {
        Checks = await readiness.CheckAsync(ct);
        Addresses = Chrome.AddressesFor(Request);
        Archive = await index.StatisticsAsync(ct);
        Problems = (await problems.CountAsync(ct)).Total;
        await ReadDiskAsync(ct);
        (Errors, LastErrors) = log.Errors();
        Backup = KnowsBackup ? await ReadBackupAsync(options.BackupFile!, ct) : null;
        var states = await index.ReadAsync((db, token) => db.Jobs.GroupBy(j => j.State).Select(g => new { State = g.Key, Count = g.Count() }).ToListAsync(token), ct);
        Failed = states.Where(s => s.State == JobState.Failure).Sum(s => s.Count);
        Waiting = states.Where(s => s.State is not (JobState.Failure or JobState.Success)).Sum(s => s.Count);
        var last = await index.ReadAsync(
            (db, token) => db.Instances.OrderByDescending(i => i.Id).Take(LastImages).Where(i => i.Origin == OriginKind.Dimse && i.CallingAe != null)
                .Select(i => new { i.CallingAe, i.RemoteHost, i.ReceivedAt }).ToListAsync(token),
            ct);
        Devices = [.. last.GroupBy(i => i.CallingAe!).Select(g => g.MaxBy(i => i.ReceivedAt)!).Select(i => new DeviceLine(i.CallingAe!, i.RemoteHost ?? "", i.ReceivedAt))
            .OrderByDescending(d => d.At).Take(MaxDevices)];
        var inbox = services.GetService<GdtInbox>();
        Gdt = await Task.WhenAll(receivers.All.Select(async r =>
        {
            var status = files.StatusOf(r.Name);
            return new GdtLine(r, await IsReachableAsync(r.Folder, ct), status?.Waiting ?? 0, status?.Problem ?? inbox?.ProblemOf(r.Name));
        }));
    }

    private async Task ReadDiskAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var since = now.AddDays(-GrowthDays);
        var (grown, first) = await index.ReadAsync(
            async (db, token) => (
                await db.Studies.Where(s => s.CreatedAt >= since).SumAsync(s => s.Size, token),
                await db.Studies.OrderBy(s => s.Id).Select(s => (DateTimeOffset?)s.CreatedAt).FirstOrDefaultAsync(token)),
            ct);
        try
        {
            Free = Math.Max(0, new DriveInfo(options.StorageDirectory).AvailableFreeSpace - (storage.MinimumFreeSpace ?? 0));
            IndexSize = new DirectoryInfo(storage.ResolvedIndexDirectory).EnumerateFiles("index*").Sum(f => f.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return; // the checks say what is wrong
        }
        // a young archive: what came in its first days is no month; less than a day says nothing
        var days = Math.Min(GrowthDays, (now - (first ?? now)).TotalDays);
        DaysLeft = days >= 1 && grown > 0 ? Free / (grown / days) : null;
    }

    private static async Task<DateTimeOffset?> ReadBackupAsync(string file, CancellationToken ct)
    {
        try
        {
            return await Task.Run(() => System.IO.File.Exists(file) ? new DateTimeOffset(System.IO.File.GetLastWriteTimeUtc(file)) : (DateTimeOffset?)null, ct).WaitAsync(Patience, ct);
        }
        catch (Exception e) when (e is TimeoutException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static async Task<bool> IsReachableAsync(string folder, CancellationToken ct)
    {
        try
        {
            return await Task.Run(() => Directory.Exists(folder), ct).WaitAsync(Patience, ct);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static DateTimeOffset Started()
    {
        using var process = Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime);
    }
}
