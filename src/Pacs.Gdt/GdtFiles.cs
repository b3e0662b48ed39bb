using System.Diagnostics.Metrics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>How the hand-over of files is going.</summary>
/// <param name="Waiting">Files that are not handed over yet.</param>
/// <param name="Undecided">Of these, files of which nobody can tell whether the practice software has them, because the folder they were put into has gone.</param>
/// <param name="Problem">What stops the others, without patient data; null while all is well.</param>
/// <param name="Since">Since when it does.</param>
public sealed record GdtStatus(int Waiting, int Undecided, string? Problem, DateTimeOffset? Since);

/// <summary>
/// Hands GDT files over to the practice software, each exactly once, whatever happens in between: a crash, a power cut, a share that is gone for
/// hours. docs/adr/0008 says how and why.
/// </summary>
/// <remarks>
/// <see cref="AddAsync"/> makes a row in the index, and from then on the file is promised. Everything that touches the folder happens here, one
/// file at a time: a share that hangs delays no device and no other consumer of the feed.
/// </remarks>
public sealed partial class GdtFiles : BackgroundService
{
    private static readonly Meter Meter = new("Pacs.Gdt");
    private static readonly Counter<long> Written = Meter.CreateCounter<long>("pacs.gdt.written", "{file}", "GDT files handed over");
    private static readonly Counter<long> Failures = Meter.CreateCounter<long>("pacs.gdt.failures", "{attempt}", "Attempts to hand a GDT file over that failed");
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastDelay = TimeSpan.FromMinutes(1);
    private const int BatchSize = 256;
    private const string FolderSetting = "gdt_folder";
    private const string FolderGone = "the folder it was put into has gone";

    private readonly GdtOptions _options;
    private readonly string _incoming;
    private readonly IndexWriter _writer;
    private readonly IndexReader _reader;
    private readonly TimeProvider _time;
    private readonly ILogger<GdtFiles> _logger;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly SemaphoreSlim _preparing = new(1, 1);
    private bool _prepared;
    private volatile GdtStatus _status = new(0, 0, null, null);

    /// <summary>Starts nothing.</summary>
    public GdtFiles(GdtOptions options, IndexWriter writer, IndexReader reader, TimeProvider time, ILogger<GdtFiles> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _writer, _reader, _time, _logger) = (options, writer, reader, time, logger);
        _incoming = Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.IncomingDir));
    }

    /// <summary>How it is going, as of the last attempt.</summary>
    public GdtStatus Status => _status;

    /// <summary>For tests: see <see cref="ImportFolder.BeforeStep"/>.</summary>
    internal Action<string>? BeforeStep { get; init; }

    /// <summary>Whether there is, or was, a file of this kind about a resource.</summary>
    public Task<bool> KnowsAsync(string kind, ResourceId resource, CancellationToken ct) =>
        _reader.ReadAsync((db, token) => db.GdtFiles.AnyAsync(g => g.Kind == kind && g.Resource == resource, token), ct);

    /// <summary>Promises a file. It does nothing when there was one of this kind about the resource before.</summary>
    /// <param name="kind"><see cref="GdtKind"/>.</param>
    /// <param name="resource">The study or instance it is about.</param>
    /// <param name="name">The name it should get, made by <see cref="GdtFileName"/>.</param>
    /// <param name="body">Its bytes.</param>
    /// <param name="ct">Cancels.</param>
    public async Task AddAsync(string kind, ResourceId resource, string name, byte[] body, CancellationToken ct)
    {
        var now = _time.GetUtcNow();
        await _writer.WriteAsync(
            async (db, token) =>
            {
                if (!await db.GdtFiles.AnyAsync(g => g.Kind == kind && g.Resource == resource, token))
                {
                    db.GdtFiles.Add(new GdtFile { Kind = kind, Resource = resource, Path = name, Body = body, State = GdtState.Queued, At = now });
                }
            },
            ct);
        CrashPoint.Hit("gdt-queued");
        Wake();
    }

    /// <summary>
    /// Takes over what the old plugin has announced (<see cref="GdtOptions.TransmittedStudiesDatabase"/>), once. Consumers call it before their first
    /// event, so that no study is announced that was announced before the migration.
    /// </summary>
    public async Task PrepareAsync(CancellationToken ct)
    {
        if (Volatile.Read(ref _prepared))
        {
            return;
        }
        await _preparing.WaitAsync(ct);
        try
        {
            if (!_prepared && _options.TransmittedStudiesDatabase is { Length: > 0 } file)
            {
                await new TransmittedStudies(_writer, _reader, _time, _logger).TakeOverAsync(file, ct);
            }
            Volatile.Write(ref _prepared, true);
        }
        finally
        {
            _preparing.Release();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _wake.Dispose();
        _preparing.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!_options.Enable)
        {
            return;
        }
        await Task.Yield();
        var delay = FirstDelay;
        var swept = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = LastDelay;
            try
            {
                if (!swept)
                {
                    await SweepAsync(stoppingToken);
                    swept = true;
                }
                var problem = await DeliverAllAsync(stoppingToken);
                (wait, delay) = problem is null ? (LastDelay, FirstDelay) : (delay, Doubled(delay));
                await ReportAsync(problem, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) // the index is not there, or something unforeseen: a background service must not end
            {
                LogFailed(e);
                (wait, delay) = (delay, Doubled(delay));
            }
            await WaitAsync(wait, stoppingToken);
        }
    }

    private static TimeSpan Doubled(TimeSpan delay) => delay * 2 < LastDelay ? delay * 2 : LastDelay;

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            try
            {
                _wake.Release();
            }
            catch (SemaphoreFullException)
            {
                // somebody else has just done it
            }
        }
    }

    // whoever adds a file wakes the loop; without that it looks again after the delay
    private async Task WaitAsync(TimeSpan delay, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var woken = _wake.WaitAsync(either.Token);
        await Task.WhenAny(woken, Task.Delay(delay, _time, either.Token));
        await either.CancelAsync();
        await ((Task)woken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // what is not handed over yet, the ones that failed least first, so that one that never works holds up nobody
    private async Task<string?> DeliverAllAsync(CancellationToken ct)
    {
        var seen = new HashSet<(string, ResourceId)>();
        string? problem = null;
        while (true)
        {
            var batch = await _reader.ReadAsync(
                (db, token) => db.GdtFiles.Where(g => g.State == GdtState.Queued || g.State == GdtState.Ready)
                    .OrderBy(g => g.Attempts).ThenBy(g => g.At).Take(BatchSize).ToListAsync(token),
                ct);
            var failuresInARow = 0;
            var progress = false;
            foreach (var file in batch.Where(f => seen.Add((f.Kind, f.Resource))))
            {
                try
                {
                    progress |= await DeliverAsync(file, ct);
                    failuresInARow = 0;
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException && e is not IndexUnavailableException)
                {
                    Failures.Add(1);
                    problem = e is ImportFolderException ? e.Message : Describe(e);
                    await FailAsync(file, problem, ct);
                    // each attempt at a dead share can take half a minute: two are enough to know
                    if (e is ImportFolderException || ++failuresInARow == 2)
                    {
                        return problem;
                    }
                }
            }
            if (batch.Count < BatchSize || !progress)
            {
                return problem;
            }
        }
    }

    // true: handed over. false: undecided
    private async Task<bool> DeliverAsync(GdtFile file, CancellationToken ct)
    {
        var wanted = Path.GetFileName(file.Path);
        var name = wanted;
        var attempt = 1;
        ImportFolder folder;
        if (file.State == GdtState.Queued)
        {
            folder = new ImportFolder(_incoming) { BeforeStep = BeforeStep };
            var used = await FolderUsedAsync(ct);
            folder.Check(_options.MarkerFile, used);
            folder.Prepare(file.Kind, file.Resource, file.Body);
            CrashPoint.Hit("gdt-prepared");
            name = FreeName(folder, wanted, ref attempt);
            await SetAsync(file, GdtState.Ready, Path.Join(folder.Path, name), rememberFolder: !used, ct);
            CrashPoint.Hit("gdt-ready");
        }
        else
        {
            // begun before a crash or a failure, perhaps under other settings: it is finished where it was begun
            folder = new ImportFolder(Path.GetDirectoryName(file.Path) ?? _incoming) { BeforeStep = BeforeStep };
            folder.Check(_options.MarkerFile is { } marker && folder.Path == _incoming ? marker : null, usedBefore: true);
        }

        bool? published;
        while ((published = folder.Publish(file.Kind, file.Resource, file.Body, name)) == false)
        {
            attempt++;
            name = FreeName(folder, wanted, ref attempt);
            await SetAsync(file, GdtState.Ready, Path.Join(folder.Path, name), rememberFolder: false, ct);
        }
        if (published is null)
        {
            LogUndecided(file.Kind, file.Resource);
            await FailAsync(file, FolderGone, ct);
            return false;
        }
        CrashPoint.Hit("gdt-published");
        await SetAsync(file, GdtState.Written, Path.Join(folder.Path, name), rememberFolder: false, ct);
        CrashPoint.Hit("gdt-written");
        folder.Discard(file.Kind, file.Resource);
        Written.Add(1, new KeyValuePair<string, object?>("kind", file.Kind));
        LogWritten(file.Kind, file.Resource);
        return true;
    }

    private static string FreeName(ImportFolder folder, string wanted, ref int attempt)
    {
        while (!folder.IsFree(GdtFileName.Alternative(wanted, attempt)))
        {
            attempt++;
        }
        return GdtFileName.Alternative(wanted, attempt);
    }

    private async Task SetAsync(GdtFile file, string state, string path, bool rememberFolder, CancellationToken ct)
    {
        var now = _time.GetUtcNow();
        await _writer.WriteAsync(
            async (db, token) =>
            {
                await db.GdtFiles.Where(g => g.Kind == file.Kind && g.Resource == file.Resource).ExecuteUpdateAsync(
                    g => g.SetProperty(x => x.State, state).SetProperty(x => x.Path, path).SetProperty(x => x.At, now).SetProperty(x => x.Error, (string?)null),
                    token);
                if (state == GdtState.Written)
                {
                    db.Announce(EventKind.GdtWritten, file.Kind == GdtKind.Study ? Level.Study : Level.Instance, file.Resource, now);
                }
                if (rememberFolder)
                {
                    await RememberFolderAsync(db, token);
                }
            },
            ct);
        (file.State, file.Path) = (state, path);
    }

    private Task<int> FailAsync(GdtFile file, string problem, CancellationToken ct) =>
        _writer.WriteAsync(
            (db, token) => db.GdtFiles.Where(g => g.Kind == file.Kind && g.Resource == file.Resource).ExecuteUpdateAsync(
                g => g.SetProperty(x => x.Attempts, x => x.Attempts + 1).SetProperty(x => x.Error, problem), token),
            ct);

    private Task<bool> FolderUsedAsync(CancellationToken ct) =>
        _reader.ReadAsync((db, token) => db.Settings.AnyAsync(s => s.Name == FolderSetting && s.Value == _incoming, token), ct);

    private async Task RememberFolderAsync(PacsDb db, CancellationToken ct)
    {
        if (await db.Settings.FirstOrDefaultAsync(s => s.Name == FolderSetting, ct) is { } setting)
        {
            setting.Value = _incoming;
        }
        else
        {
            db.Settings.Add(new Setting { Name = FolderSetting, Value = _incoming });
        }
    }

    // witnesses of deliveries whose end a crash kept them from seeing. Tokens nobody here knows may be another server's: they stay
    private async Task SweepAsync(CancellationToken ct)
    {
        var folder = new ImportFolder(_incoming);
        foreach (var (kind, resource) in folder.Tokens().Distinct())
        {
            var written = await _reader.ReadAsync(
                (db, token) => db.GdtFiles.AnyAsync(g => g.Kind == kind && g.Resource == resource && g.State == GdtState.Written, token), ct);
            if (written)
            {
                folder.Discard(kind, resource);
            }
        }
    }

    private async Task ReportAsync(string? problem, CancellationToken ct)
    {
        var counts = await _reader.ReadAsync(
            async (db, token) => (
                Waiting: await db.GdtFiles.CountAsync(g => g.State == GdtState.Queued || g.State == GdtState.Ready, token),
                Undecided: await db.GdtFiles.CountAsync(g => g.State == GdtState.Ready && g.Error == FolderGone, token)),
            ct);
        var before = _status;
        if (problem is not null && before.Problem != problem)
        {
            LogProblem(problem, counts.Waiting);
        }
        else if (problem is null && before.Problem is not null)
        {
            LogRecovered();
        }
        _status = new GdtStatus(counts.Waiting, counts.Undecided, problem, problem is null ? null : before.Since ?? _time.GetUtcNow());
    }

    // messages of the base class library have paths in them, and paths have accession numbers
    private static string Describe(Exception e) => e switch
    {
        UnauthorizedAccessException => "access denied",
        DirectoryNotFoundException => "the folder is not there",
        IOException when (e.HResult & 0xFFFF) is 28 or 112 or 39 => "no space left",
        IOException when (e.HResult & 0xFFFF) is 30 or 19 => "read-only",
        _ => $"{e.GetType().Name} 0x{e.HResult:X8}",
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "GDT file ({Kind}) of {Resource} handed over")]
    private partial void LogWritten(string kind, ResourceId resource);

    [LoggerMessage(Level = LogLevel.Warning, Message = "GDT file ({Kind}) of {Resource}: the folder it was put into has gone; nobody can tell whether it was fetched")]
    private partial void LogUndecided(string kind, ResourceId resource);

    [LoggerMessage(Level = LogLevel.Error, Message = "GDT folder: {Problem}; {Waiting} files wait")]
    private partial void LogProblem(string problem, int waiting);

    [LoggerMessage(Level = LogLevel.Information, Message = "GDT folder: works again")]
    private partial void LogRecovered();

    [LoggerMessage(Level = LogLevel.Error, Message = "Handing GDT files over failed")]
    private partial void LogFailed(Exception e);
}
