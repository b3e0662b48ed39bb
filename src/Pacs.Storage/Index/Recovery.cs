using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>What was found when the server started.</summary>
/// <param name="Swept">Unfinished files that were removed or set aside; their senders never got an answer.</param>
/// <param name="Healed">Files that the crash had damaged and the intake journal has brought back.</param>
/// <param name="Adopted">Files without a row that were put into the index.</param>
/// <param name="Unreadable">Files without a row that are no DICOM files; they were left where they are.</param>
/// <param name="Missing">Rows whose file is gone. The instance is healed when its device sends it again.</param>
public sealed record RecoveryReport(int Swept, int Healed, int Adopted, int Unreadable, IReadOnlyList<string> Missing);

/// <summary>
/// Makes files and index agree when the server starts, before any door opens. After a crash the newest days are compared at once and the older ones in the
/// background. When the index was lost, everything is read again first: the server never starts empty over existing files.
/// </summary>
/// <remarks>
/// First the <see cref="IntakeJournal"/>: what it holds was promised, and a power cut may have taken the file, its name or its row. What was received
/// since then and is not in it was never acknowledged; a file of that kind may be torn and is set aside. An older file without a row is adopted, its events
/// are written as for a new one. When the index was lost, its files had been announced: their events are marked <see cref="PacsEvent.Rebuilt"/>, which
/// consumers do not see.
/// </remarks>
public sealed partial class Recovery : BackgroundService
{
    private const int NewestDays = 3;

    // what an accession number counter jumps over when the index that knew it is gone: orders that have been made and not yet examined
    private const int AccessionMargin = 1000;

    private readonly FileInstanceStore _store;
    private readonly IntakeJournal _journal;
    private readonly IndexDatabase _database;
    private readonly IndexWriter _writer;
    private readonly IndexReader _reader;
    private readonly KeyImages _marked;
    private readonly TimeProvider _time;
    private readonly ILogger<Recovery> _log;
    private readonly List<string> _missing = [];
    private readonly List<string> _older = [];
    private int _swept;
    private int _healed;
    private int _adopted;
    private int _unreadable;
    private DateTimeOffset _startedAt;

    internal Recovery(FileInstanceStore store, IntakeJournal journal, IndexDatabase database, IndexWriter writer, IndexReader reader, KeyImages marked, TimeProvider time, ILogger<Recovery> log)
    {
        _store = store;
        _journal = journal;
        _database = database;
        _writer = writer;
        _reader = reader;
        _marked = marked;
        _time = time;
        _log = log;
    }

    /// <summary>What has been found so far.</summary>
    public RecoveryReport Report
    {
        get
        {
            lock (_missing)
            {
                return new RecoveryReport(_swept, _healed, _adopted, _unreadable, [.. _missing]);
            }
        }
    }

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        _startedAt = _time.GetUtcNow();
        _swept = _store.SweepIncoming(_startedAt);
        var (records, since) = _journal.Open();
        var days = _store.Days().Union(records.Select(r => FileInstanceStore.DayOf(r.File.Key))).OrderDescending(StringComparer.Ordinal).ToList();
        var empty = (await _reader.StatisticsAsync(cancellationToken)).Instances == 0;
        // after a crash an empty index is one whose very first commit did not come: its file is an orphan like any other, to be announced
        var lost = _database.State == IndexState.Lost || (_database.State == IndexState.Clean && empty && days.Any(d => _store.Keys(d).Any()));
        if (lost)
        {
            LogRebuilding(_store.Root);
            _database.MarkRebuilding();
            await _store.RunAsync(() => Heal(records, []));
            // oldest first: of two copies with other content the one that came first stays
            foreach (var day in Enumerable.Reverse(days))
            {
                await CompareAsync(day, lost: true, beforeDoors: true, cancellationToken);
            }
            await RaiseAccessionAsync(cancellationToken);
            foreach (var (instance, frame) in _database.Damaged?.KeyImages() ?? [])
            {
                await _marked.MarkAsync(instance, frame, cancellationToken);
            }
            _database.MarkRunning();
        }
        else
        {
            _database.MarkRunning();
            await ReplayAsync(records, days, since);
            foreach (var day in days.Take(NewestDays).Reverse())
            {
                await CompareAsync(day, lost: false, beforeDoors: true, cancellationToken);
            }
            _older.AddRange(days.Skip(NewestDays));
        }
        try
        {
            await _store.RunAsync(() =>
            {
                _writer.SyncLog();
                _journal.Reset();
                return true;
            });
        }
        catch (Exception e) when (StagedInstance.IsStorageFailure(e))
        {
            LogNoJournal(e); // a full disk must not keep anybody from looking at what is there
        }
        LogRecovered(_swept, _healed, _adopted, Stopwatch.GetElapsedTime(started).TotalSeconds);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        foreach (var day in _older)
        {
            try
            {
                await CompareAsync(day, lost: false, beforeDoors: false, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogNotCompared(day, e); // one day must not keep the others from being looked at; the next start tries again
            }
        }
    }

    private async Task ReplayAsync(List<JournalRecord> records, List<string> days, DateTimeOffset? since)
    {
        var known = records.Select(r => FileInstanceStore.DayOf(r.File.Key)).Distinct().SelectMany(day => _reader.Keys(day)).ToDictionary(StringComparer.Ordinal);
        await _store.RunAsync(() => Heal(records, known));
        foreach (var record in records.Where(r => !known.ContainsKey(r.File.Key)))
        {
            var file = record.File;
            if (await _store.RunAsync(() => Read(file.Key, lost: false, file)) is { } instance)
            {
                await AdoptAsync(instance);
            }
        }
        if (since is not { } sure || _database.State != IndexState.Crashed)
        {
            return;
        }
        var promised = records.Select(r => r.File.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var day in days.Where(d => string.CompareOrdinal(d, FileInstanceStore.DayOf(sure)) >= 0))
        {
            await WithdrawAsync(day, sure, promised);
        }
    }

    // files and rows that came so shortly before the crash that nobody was told of them, and that may be torn
    private async Task WithdrawAsync(string day, DateTimeOffset since, HashSet<string> promised)
    {
        foreach (var row in _reader.ReceivedSince(day, since).Where(r => !promised.Contains(r.Key)))
        {
            var whole = await _store.RunAsync(() => _store.IsWhole(row.Key, row.Size)
                && (row.Digest is null || _store.DigestOf(row.Key, row.DataOffset).AsSpan().SequenceEqual(row.Digest)));
            if (!whole)
            {
                LogUnfinished(row.Key);
                await _writer.DeleteAsync(Level.Instance, row.Instance, CancellationToken.None);
                _swept++;
            }
        }
        var known = _reader.Keys(day);
        var unknown = await _store.RunAsync(() => _store.Keys(day)
            .Where(key => !known.ContainsKey(key) && !promised.Contains(key) && FileInstanceStore.ReceivedAt(key) >= since).ToList());
        foreach (var key in unknown)
        {
            LogUnfinished(key);
            _store.SetAside(key);
            _swept++;
        }
    }

    private bool Heal(List<JournalRecord> records, Dictionary<string, bool> known)
    {
        // of what is in the trash the file may be gone
        foreach (var (file, content) in records.Where(r => !r.Content.IsEmpty && known.GetValueOrDefault(r.File.Key, true)))
        {
            if (!_store.Has(file.Key, content.Span))
            {
                LogHealed(file.Key);
                _store.Rewrite(file.Key, content.Span);
                _healed++;
            }
        }
        return true;
    }

    private async Task CompareAsync(string day, bool lost, bool beforeDoors, CancellationToken ct)
    {
        var known = _reader.Keys(day);
        var files = await _store.RunAsync(() => _store.Keys(day).ToList());
        // what came after the start may be about to be committed
        var orphans = files.Where(key => !known.ContainsKey(key) && (beforeDoors || FileInstanceStore.ReceivedAt(key) < _startedAt)).ToList();

        var there = files.ToHashSet(StringComparer.Ordinal);
        var missing = known.Where(k => k.Value && !there.Contains(k.Key)).Select(k => k.Key).ToList();
        if (missing.Count > 0)
        {
            var still = _reader.Keys(day); // some may have been deleted since
            foreach (var key in missing.Where(k => still.GetValueOrDefault(k) && _store.TryGetPath(k) is null))
            {
                LogMissing(key);
                lock (_missing)
                {
                    _missing.Add(key);
                }
            }
        }
        // reading is what takes time: several at once; storing keeps the order of arrival
        foreach (var some in orphans.Chunk(64))
        {
            var records = await Task.WhenAll(some.Select(key => _store.RunAsync(() => Read(key, lost))));
            await Task.WhenAll(records.OfType<InstanceRecord>().Select(record => AdoptAsync(record)));
            ct.ThrowIfCancellationRequested();
        }
    }

    private async Task AdoptAsync(InstanceRecord record)
    {
        var result = await _writer.StoreAsync(record);
        Interlocked.Increment(ref _adopted);
        LogAdopted(record.File.Key, result.Outcome);
    }

    private InstanceRecord? Read(string key, bool lost, StoredFile? recorded = null)
    {
        try
        {
            // reading whole files would keep a practice waiting for hours; a digest that is missing is made when it is asked for
            if (InstanceRecord.FromFile(_store.PathOf(key), found => recorded ?? found with
            {
                Key = key,
                Digest = lost ? null : _store.DigestOf(key, found.DataOffset),
                ReceivedAt = FileInstanceStore.ReceivedAt(key),
            }, lost) is { } record)
            {
                return record;
            }
            LogUnreadable(key, null);
        }
        catch (Exception e) when (e is DicomException or IOException or UnauthorizedAccessException)
        {
            LogUnreadable(key, e);
        }
        Interlocked.Increment(ref _unreadable);
        return null;
    }

    // an accession number must never be given twice, even if the index that counted them is gone
    private Task RaiseAccessionAsync(CancellationToken ct) => _writer.WriteAsync(async (db, token) =>
    {
        var numbers = await db.Studies.Where(s => s.Accession!.StartsWith('R')).Select(s => s.Accession!).ToListAsync(token);
        var last = numbers.DefaultIfEmpty("R").Max(a => long.TryParse(a.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var n) && AccessionNumbers.Format(n) == a ? n : 0L);
        var known = await db.Settings.AnyAsync(s => s.Name == Setting.Accession, token);
        await AccessionNumbers.RaiseAsync(db, known ? last : last + AccessionMargin, token);
    }, ct);

    [LoggerMessage(60, LogLevel.Warning, "The index is made again from the files in {Folder}. This may take a while; devices are served when it is done.")]
    private partial void LogRebuilding(string folder);

    [LoggerMessage(61, LogLevel.Information, "Storage is consistent: {Swept} unfinished files removed, {Healed} files healed, {Adopted} files adopted, in {Seconds:F1} s.")]
    private partial void LogRecovered(int swept, int healed, int adopted, double seconds);

    [LoggerMessage(62, LogLevel.Information, "The file {Key} had no row in the index: {Outcome}.")]
    private partial void LogAdopted(string key, StoreOutcome outcome);

    [LoggerMessage(63, LogLevel.Error, "The file {Key} is missing. Its instance cannot be shown until its device sends it again.")]
    private partial void LogMissing(string key);

    [LoggerMessage(64, LogLevel.Error, "The file {Key} has no row in the index and cannot be read; it was left where it is.")]
    private partial void LogUnreadable(string key, Exception? e);

    [LoggerMessage(68, LogLevel.Error, "The intake journal cannot be written. Instances are made durable without it, which is slower.")]
    private partial void LogNoJournal(Exception e);

    [LoggerMessage(66, LogLevel.Warning, "The file {Key} was damaged by the crash and has been written again from the intake journal.")]
    private partial void LogHealed(string key);

    [LoggerMessage(67, LogLevel.Warning, "The file {Key} was being received when the crash came. It was never acknowledged: its sender will send it again.")]
    private partial void LogUnfinished(string key);

    [LoggerMessage(65, LogLevel.Error, "The files of {Day} could not be compared with the index.")]
    private partial void LogNotCompared(string day, Exception e);
}
