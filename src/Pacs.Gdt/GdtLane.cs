using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// The hand-over to one receiver: everything that touches his folder happens here, one file at a time, so that a share that hangs delays nobody else. docs/adr/0008 has the
/// steps of a delivery, docs/adr/0024 what is around them.
/// </summary>
internal sealed partial class GdtLane(
    GdtReceiver receiver, GdtAttachments attachments, IndexWriter writer, IndexReader reader, TimeProvider time, ILogger logger, Action<string>? beforeStep) : IDisposable
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastDelay = TimeSpan.FromMinutes(1);

    // how often a folder is looked at in which a file waits to be fetched: soon enough for whoever watches the page, rare enough for a share
    private static readonly TimeSpan WatchDelay = TimeSpan.FromSeconds(5);

    // how often attachments are looked for whose time is over: it is counted in days
    private static readonly TimeSpan CleanDelay = TimeSpan.FromHours(1);

    // how long it is looked at for a file that nobody fetches
    private static readonly TimeSpan WatchAge = TimeSpan.FromDays(30);

    private const int BatchSize = 256;

    private GdtReceiver _receiver = receiver;
    private readonly string _folderSetting = receiver.Name == GdtFile.DefaultReceiver ? "gdt_folder" : "gdt_folder:" + receiver.Name;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private volatile GdtReceiver _next = receiver;
    private volatile GdtStatus _status = new(0, 0, null, null);
    private bool _waitsForFetch;
    private bool _isUndecided;

    /// <summary>How it is going, as of the last attempt.</summary>
    public GdtStatus Status => _status;

    /// <summary>Makes it look at once.</summary>
    public void Wake() => _wake.Signal();

    /// <summary>Says who the receiver is now; it counts from the next look on.</summary>
    public void Use(GdtReceiver now)
    {
        if (!ReferenceEquals(_next, now))
        {
            _next = now;
            Wake();
        }
    }

    public void Dispose() => _wake.Dispose();

    /// <summary>Hands over until it is stopped.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var delay = FirstDelay;
        var (swept, cleaned) = (DateTimeOffset.MinValue, DateTimeOffset.MinValue);
        while (!ct.IsCancellationRequested)
        {
            var wait = LastDelay;
            var failed = false;
            try
            {
                if (!ReferenceEquals(_receiver, _next))
                {
                    (_receiver, swept, cleaned) = (_next, DateTimeOffset.MinValue, DateTimeOffset.MinValue);
                }
                // at the start, and now and then: a share that goes away in the middle of a delivery keeps what should have been removed
                if (time.GetUtcNow() is var now && now - swept >= LastDelay)
                {
                    await SweepAsync(ct);
                    swept = now;
                }
                var problem = await DeliverAllAsync(ct);
                if (problem is null && now - cleaned >= CleanDelay)
                {
                    await attachments.RemoveOldAsync(_receiver, ct);
                    cleaned = now;
                }
                var watched = problem is null && await NoteFetchedAsync(ct);
                failed = problem is not null || _isUndecided;
                delay = failed ? delay : FirstDelay;
                wait = failed || _waitsForFetch ? delay : watched ? WatchDelay : LastDelay;
                await ReportAsync(problem, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) // the index is not there, or something unforeseen: a background service must not end
            {
                LogFailed(e, _receiver.Name);
                (wait, failed) = (delay, true);
            }
            // whoever adds a file wakes the loop; without that it looks again after the delay
            if (!await _wake.WokenAsync(wait, time, ct) && failed)
            {
                // a share is asked more rarely the longer it is away, not the more files come for it
                delay = Doubled(delay);
            }
        }
    }

    private static TimeSpan Doubled(TimeSpan delay) => delay * 2 < LastDelay ? delay * 2 : LastDelay;

    private IQueryable<GdtFile> Waiting(PacsDb db) => db.GdtFiles.Where(g => (g.State == GdtState.Queued || g.State == GdtState.Ready) && g.Receiver == _receiver.Name);

    // what is not handed over yet, the ones that failed least first, so that one that never works holds up nobody
    private async Task<string?> DeliverAllAsync(CancellationToken ct)
    {
        var seen = new HashSet<GdtKey>();
        string? problem = null;
        (_waitsForFetch, _isUndecided) = (false, false);
        while (true)
        {
            var batch = await reader.ReadAsync((db, token) => Waiting(db).OrderBy(g => g.Attempts).ThenBy(g => g.At).Take(BatchSize).ToListAsync(token), ct);
            var failuresInARow = 0;
            var progress = false;
            foreach (var file in batch.Where(f => seen.Add(GdtKey.Of(f))))
            {
                using var activity = GdtTelemetry.Delivery(_receiver.Name, file.Kind, file.Revision);
                try
                {
                    var isDone = await DeliverAsync(file, ct);
                    activity.End(isDone ? GdtState.Written : _waitsForFetch ? GdtState.Held : "undecided", isDone || _waitsForFetch);
                    progress |= isDone;
                    failuresInARow = 0;
                    if (_waitsForFetch)
                    {
                        return problem;
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException && e is not IndexUnavailableException)
                {
                    GdtTelemetry.Failed(_receiver.Name);
                    problem = GdtReasons.Of(e);
                    activity.End(problem, isGood: false);
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

    // true: handed over. false: undecided, or held back
    private async Task<bool> DeliverAsync(GdtFile file, CancellationToken ct)
    {
        var key = GdtKey.Of(file);
        // of a name with a number the index keeps the pattern until the file has its name
        var wanted = Path.GetFileName(file.Path);
        var name = wanted;
        var attempt = 1;
        ImportFolder folder;
        if (file.State == GdtState.Queued)
        {
            folder = new ImportFolder(_receiver.Folder) { BeforeStep = beforeStep };
            var used = await FolderUsedAsync(ct);
            folder.Check(_receiver.Settings.MarkerFile, used);
            if (_receiver.Settings.Delivery == GdtDelivery.HoldBack && await IsUnreadAsync(folder, wanted, ct))
            {
                _waitsForFetch = true;
                await SetErrorAsync(file, GdtReasons.Unread, ct);
                return false;
            }
            // whoever reads the record finds what it names
            beforeStep?.Invoke("attachments");
            await attachments.WriteAsync(_receiver.Settings, PlannedAttachment.Read(file.Attachments), ct);
            CrashPoint.Hit("gdt-attached");
            folder.Prepare(key, file.Body);
            folder.Confirm(key, _receiver.Settings.MarkerFile);
            CrashPoint.Hit("gdt-prepared");
            attempt = GdtFileName.FirstAttempt(wanted, folder.Names());
            name = FreeName(folder, wanted, ref attempt);
            await SetAsync(file, GdtState.Ready, Path.Join(folder.Path, name), rememberFolder: !used, ct);
            CrashPoint.Hit("gdt-ready");
        }
        else
        {
            // begun before a crash or a failure, perhaps under other settings: it is finished where it was begun
            folder = new ImportFolder(Path.GetDirectoryName(file.Path) ?? _receiver.Folder) { BeforeStep = beforeStep };
            folder.Check(_receiver.Settings.MarkerFile is { } marker && folder.Path == _receiver.Folder ? marker : null, usedBefore: true);
        }

        bool? published;
        while ((published = folder.Publish(key, file.Body, name)) == false)
        {
            attempt++;
            name = FreeName(folder, wanted, ref attempt);
            await SetAsync(file, GdtState.Ready, Path.Join(folder.Path, name), rememberFolder: false, ct);
        }
        if (published is null)
        {
            LogUndecided(file.Kind, file.Resource);
            await FailAsync(file, GdtReasons.FolderGone, ct);
            _isUndecided = true; // it is decided when the share comes back
            return false;
        }
        CrashPoint.Hit("gdt-published");
        await SetAsync(file, GdtState.Written, Path.Join(folder.Path, name), rememberFolder: false, ct);
        CrashPoint.Hit("gdt-written");
        folder.Discard(key);
        GdtTelemetry.Written(_receiver.Name, file.Kind);
        LogWritten(file.Kind, file.Resource, _receiver.Name);
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

    // a file of ours that is still there, or a file of somebody else in the place of the next. What lies in a folder from before says nothing of this one
    private async Task<bool> IsUnreadAsync(ImportFolder folder, string wanted, CancellationToken ct)
    {
        await NoteFetchedAsync(ct);
        return (await WrittenAsync(ct)).Exists(w => Path.GetDirectoryName(w.Path) == folder.Path)
            || (GdtFileName.Alternative(wanted, 1) is var name && !folder.IsFree(name));
    }

    private Task<List<WrittenFile>> WrittenAsync(CancellationToken ct)
    {
        var since = time.GetUtcNow() - WatchAge;
        return reader.ReadAsync(
            (db, token) => db.GdtFiles.Where(g => g.State == GdtState.Written && g.Receiver == _receiver.Name && g.At >= since)
                .Select(g => new WrittenFile(g.Kind, g.Resource, g.Revision, g.Path)).ToListAsync(token),
            ct);
    }

    // the practice software deletes what it has taken, or renames it. True: something waits to be fetched
    private async Task<bool> NoteFetchedAsync(CancellationToken ct)
    {
        var written = await WrittenAsync(ct);
        var gone = new List<WrittenFile>();
        var waits = false;
        foreach (var files in written.GroupBy(w => Path.GetDirectoryName(w.Path)))
        {
            if (files.Key is { } folder && NamesIn(folder) is { } names)
            {
                gone.AddRange(files.Where(f => !names.Contains(Path.GetFileName(f.Path))));
                waits |= files.Any(f => names.Contains(Path.GetFileName(f.Path)));
            }
            else
            {
                waits |= files.Key == _receiver.Folder; // a folder from before may be gone for good; this one comes back
            }
        }
        if (gone.Count > 0)
        {
            var now = time.GetUtcNow();
            await writer.WriteAsync(
                async (db, token) =>
                {
                    foreach (var file in gone)
                    {
                        await One(db, new GdtKey(_receiver.Name, file.Kind, file.Resource, file.Revision)).Where(g => g.State == GdtState.Written).ExecuteUpdateAsync(
                            g => g.SetProperty(x => x.State, GdtState.Fetched).SetProperty(x => x.At, now), token);
                    }
                },
                ct);
            GdtTelemetry.Fetched(_receiver.Name, gone.Count);
        }
        return waits;
    }

    // the names in a folder of ours; null when they cannot be had: the next delivery says what is wrong
    private HashSet<string>? NamesIn(string folder)
    {
        try
        {
            if (!Directory.Exists(folder))
            {
                return null;
            }
            var names = new ImportFolder(folder) { BeforeStep = beforeStep }.Names();
            // asked of the same list: a share that goes away between two looks has fetched nothing
            return _receiver.Settings.MarkerFile is { } marker && folder == _receiver.Folder && !names.Contains(marker) ? null : names;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private sealed record WrittenFile(string Kind, ResourceId Resource, int Revision, string Path);

    private static IQueryable<GdtFile> One(PacsDb db, GdtKey key) =>
        db.GdtFiles.Where(g => g.Kind == key.Kind && g.Resource == key.Resource && g.Receiver == key.Receiver && g.Revision == key.Revision);

    private async Task SetAsync(GdtFile file, string state, string path, bool rememberFolder, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        await writer.WriteAsync(
            async (db, token) =>
            {
                await One(db, GdtKey.Of(file)).ExecuteUpdateAsync(
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
        writer.WriteAsync(
            (db, token) => One(db, GdtKey.Of(file)).ExecuteUpdateAsync(g => g.SetProperty(x => x.Attempts, x => x.Attempts + 1).SetProperty(x => x.Error, problem), token),
            ct);

    private async Task SetErrorAsync(GdtFile file, string error, CancellationToken ct)
    {
        if (file.Error != error)
        {
            await writer.WriteAsync((db, token) => One(db, GdtKey.Of(file)).ExecuteUpdateAsync(g => g.SetProperty(x => x.Error, error), token), ct);
        }
    }

    private Task<bool> FolderUsedAsync(CancellationToken ct) =>
        reader.ReadAsync((db, token) => db.Settings.AnyAsync(s => s.Name == _folderSetting && s.Value == _receiver.Folder, token), ct);

    private async Task RememberFolderAsync(PacsDb db, CancellationToken ct)
    {
        if (await db.Settings.FirstOrDefaultAsync(s => s.Name == _folderSetting, ct) is { } setting)
        {
            setting.Value = _receiver.Folder;
        }
        else
        {
            db.Settings.Add(new Setting { Name = _folderSetting, Value = _receiver.Folder });
        }
    }

    // witnesses of deliveries whose end a crash kept them from seeing. Tokens nobody here knows may be another server's: they stay
    private async Task SweepAsync(CancellationToken ct)
    {
        var folder = new ImportFolder(_receiver.Folder);
        foreach (var key in folder.Tokens().Where(k => k.Receiver == _receiver.Name).Distinct())
        {
            if (await reader.ReadAsync((db, token) => One(db, key).AnyAsync(g => g.State == GdtState.Written || g.State == GdtState.Fetched, token), ct))
            {
                folder.Discard(key);
            }
        }
    }

    private async Task ReportAsync(string? problem, CancellationToken ct)
    {
        var counts = await reader.ReadAsync(
            async (db, token) => (
                Waiting: await Waiting(db).CountAsync(token),
                Undecided: await Waiting(db).CountAsync(g => g.State == GdtState.Ready && g.Error == GdtReasons.FolderGone, token)),
            ct);
        var before = _status;
        if (problem is not null && before.Problem != problem)
        {
            LogProblem(_receiver.Name, problem, counts.Waiting);
        }
        else if (problem is null && before.Problem is not null)
        {
            LogRecovered(_receiver.Name);
        }
        _status = new GdtStatus(counts.Waiting, counts.Undecided, problem, problem is null ? null : before.Since ?? time.GetUtcNow());
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "GDT file ({Kind}) of {Resource} handed over to {Receiver}")]
    private partial void LogWritten(string kind, ResourceId resource, string receiver);

    [LoggerMessage(Level = LogLevel.Warning, Message = "GDT file ({Kind}) of {Resource}: the folder it was put into has gone; nobody can tell whether it was fetched")]
    private partial void LogUndecided(string kind, ResourceId resource);

    [LoggerMessage(Level = LogLevel.Error, Message = "GDT folder of {Receiver}: {Problem}; {Waiting} files wait")]
    private partial void LogProblem(string receiver, string problem, int waiting);

    [LoggerMessage(Level = LogLevel.Information, Message = "GDT folder of {Receiver}: works again")]
    private partial void LogRecovered(string receiver);

    [LoggerMessage(Level = LogLevel.Error, Message = "Handing GDT files over to {Receiver} failed")]
    private partial void LogFailed(Exception e, string receiver);
}
