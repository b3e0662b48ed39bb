using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// Takes the files that practice software puts into the inbox of a receiver. A file is claimed by a rename, so that nobody else reads it and it is not read again while it is half
/// done; then it is archived, or put aside with a file that says why. The folder is looked at when the system reports a change and every few seconds, because shares lose change events.
/// </summary>
public sealed partial class GdtInbox(GdtReceivers receivers, GdtReceiverStore store, GdtOrders orders, TimeProvider time, ILogger<GdtInbox> logger) : BackgroundService
{
    /// <summary>Where the files go that were taken.</summary>
    public const string DoneFolder = "erledigt";

    /// <summary>Where the files go that were not taken.</summary>
    public const string RefusedFolder = "abgelehnt";

    private const string ClaimFolder = ".in-arbeit";

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    // how long a file must stay the same before it counts as whole: practice software writes in place
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, string> _problems = [];

    /// <summary>What stops an inbox, without patient data; null while all is well.</summary>
    public string? ProblemOf(string receiver)
    {
        lock (_problems)
        {
            return _problems.GetValueOrDefault(receiver);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var changed = new SemaphoreSlim(0, 1);
        EventHandler signal = (_, _) => changed.Signal();
        receivers.Changed += signal;
        // each inbox of each receiver has a loop of its own; whose inbox is another now gets another loop
        var watched = new Dictionary<(string Name, string Inbox), (Task Task, CancellationTokenSource Stop)>();
        try
        {
            await store.ReadAsync(stoppingToken);
            while (!stoppingToken.IsCancellationRequested)
            {
                var wanted = receivers.All.Where(r => r.Settings.InboxDirectory is not null).Select(r => (r.Name, Inbox: r.Settings.InboxDirectory!)).ToHashSet();
                foreach (var gone in watched.Keys.Except(wanted).ToList())
                {
                    var (task, stop) = watched[gone];
                    await stop.CancelAsync();
                    await task; // what it has claimed it finishes: two loops at one inbox would take the same file
                    stop.Dispose();
                    watched.Remove(gone);
                    Report(gone.Name, null);
                }
                foreach (var key in wanted.Except(watched.Keys).ToList())
                {
                    var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                    watched.Add(key, (Task.Run(() => WatchAsync(key.Name, key.Inbox, stop.Token), CancellationToken.None), stop));
                }
                await changed.WaitAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // stopped
        }
        finally
        {
            receivers.Changed -= signal;
        }
        await Task.WhenAll(watched.Values.Select(w => w.Task));
        foreach (var (_, stop) in watched.Values)
        {
            stop.Dispose();
        }
    }

    private async Task WatchAsync(string name, string inbox, CancellationToken ct)
    {
        using var wake = new SemaphoreSlim(0, 1);
        FileSystemWatcher? watcher = null;
        var seen = new Dictionary<string, (long Size, DateTime Written, DateTimeOffset Since)>();
        try
        {
            while (!ct.IsCancellationRequested)
            {
                var wait = PollInterval;
                try
                {
                    if (receivers.Find(name) is { } receiver) // as he is now
                    {
                        Directory.CreateDirectory(Path.Join(inbox, ClaimFolder));
                        watcher ??= Watch(inbox, wake);
                        await FinishClaimedAsync(receiver, inbox, ct);
                        if (await TakeAllAsync(receiver, inbox, seen, ct))
                        {
                            wait = Settled;
                        }
                        Report(name, null);
                    }
                }
                catch (OperationCanceledException) when (ct.IsCancellationRequested)
                {
                    return;
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    watcher?.Dispose();
                    watcher = null; // it watches a folder that is gone
                    Report(name, e is IndexUnavailableException ? GdtReasons.NoIndex : GdtReasons.Of(e));
                }
                catch (Exception e) // something unforeseen: a background service must not end
                {
                    LogFailed(e, name);
                }
                await wake.WokenAsync(wait, time, ct);
            }
        }
        finally
        {
            watcher?.Dispose();
        }
    }

    private static FileSystemWatcher Watch(string inbox, SemaphoreSlim wake)
    {
        var watcher = new FileSystemWatcher(inbox);
        FileSystemEventHandler changed = (_, _) => wake.Signal();
        watcher.Created += changed;
        watcher.Changed += changed;
        watcher.Renamed += (_, _) => wake.Signal();
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    // true: something is there that is not settled yet
    private async Task<bool> TakeAllAsync(GdtReceiver receiver, string inbox, Dictionary<string, (long Size, DateTime Written, DateTimeOffset Since)> seen, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var files = new DirectoryInfo(inbox).EnumerateFiles().Where(f => !f.Name.StartsWith('.') && f.Name != receiver.Settings.MarkerFile).OrderBy(f => f.LastWriteTimeUtc).ThenBy(f => f.Name, StringComparer.Ordinal).ToList();
        foreach (var gone in seen.Keys.Except(files.Select(f => f.Name)).ToList())
        {
            seen.Remove(gone);
        }
        var unsettled = false;
        foreach (var file in files)
        {
            if (!seen.TryGetValue(file.Name, out var before) || before.Size != file.Length || before.Written != file.LastWriteTimeUtc)
            {
                seen[file.Name] = (file.Length, file.LastWriteTimeUtc, now);
                unsettled = true;
                continue;
            }
            // an empty file is one that somebody has just opened; a minute later it is one that nobody will write
            if (now - before.Since < (file.Length == 0 ? TimeSpan.FromMinutes(1) : Settled))
            {
                unsettled = true;
                continue;
            }
            var claim = FreePath(Path.Join(inbox, ClaimFolder), file.Name);
            if (DurableFiles.Rename(file.FullName, claim) == RenameResult.Renamed)
            {
                seen.Remove(file.Name);
                await FinishAsync(receiver, inbox, claim, ct);
            }
        }
        return unsettled;
    }

    // claimed before a crash: what was done of it already is recognised as an order that comes twice
    private async Task FinishClaimedAsync(GdtReceiver receiver, string inbox, CancellationToken ct)
    {
        foreach (var claim in Directory.GetFiles(Path.Join(inbox, ClaimFolder)).Order(StringComparer.Ordinal))
        {
            await FinishAsync(receiver, inbox, claim, ct);
        }
    }

    private async Task FinishAsync(GdtReceiver receiver, string inbox, string claim, CancellationToken ct)
    {
        using var activity = GdtTelemetry.Reception(receiver.Name);
        var name = Path.GetFileName(claim);
        var bytes = new FileInfo(claim).Length is > 0 and <= GdtReader.MaxBytes ? await File.ReadAllBytesAsync(claim, ct) : null;
        var refusal = await orders.TakeAsync(receiver, name, bytes, ct);
        var folder = Path.Join(inbox, refusal is null ? DoneFolder : RefusedFolder);
        Directory.CreateDirectory(folder);
        var target = FreePath(folder, name);
        if (refusal is { } reason)
        {
            await File.WriteAllTextAsync(target + ".grund.txt", GdtRefusals.Explain(reason) + "\r\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true), ct);
            LogRefused(receiver.Name, reason);
        }
        else
        {
            LogTaken(receiver.Name);
        }
        File.Move(claim, target);
        GdtTelemetry.Received(receiver.Name, refusal is not null);
        activity.End(refusal?.ToString() ?? GdtIncomingState.Done, refusal is null);
    }

    private static string FreePath(string folder, string name)
    {
        var path = Path.Join(folder, name);
        for (var i = 2; Path.Exists(path); i++)
        {
            path = Path.Join(folder, GdtFileName.Alternative(name, i));
        }
        return path;
    }

    private void Report(string receiver, string? problem)
    {
        lock (_problems)
        {
            var before = _problems.GetValueOrDefault(receiver);
            if (problem is null)
            {
                _problems.Remove(receiver);
            }
            else
            {
                _problems[receiver] = problem;
            }
            if (problem != before)
            {
                LogState(receiver, problem ?? "works");
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "GDT inbox of {Receiver}: a file was taken")]
    private partial void LogTaken(string receiver);

    [LoggerMessage(Level = LogLevel.Warning, Message = "GDT inbox of {Receiver}: a file was refused: {Reason}")]
    private partial void LogRefused(string receiver, GdtRefusal reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "GDT inbox of {Receiver}: {State}")]
    private partial void LogState(string receiver, string state);

    [LoggerMessage(Level = LogLevel.Error, Message = "The GDT inbox of {Receiver} failed")]
    private partial void LogFailed(Exception e, string receiver);
}
