using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>
/// Makes received instances durable with one flush of one file instead of three: a small instance is written into the journal whole, a large one with what
/// the index has to know. Its file, the name of the file and its row in the index are written too, at once, but become durable later, many with one
/// flush; until then a crash is healed from the journal (<see cref="Recovery"/>). Instances that come at the same time share a flush.
/// </summary>
/// <remarks>
/// Two segments: one is written while the files of the other are made durable. Files and index are settled when a segment is full, after some seconds without
/// work, before deleted files are removed for good, and when the server stops.
/// </remarks>
internal sealed partial class IntakeJournal : IHostedService, IDisposable
{
    /// <summary>After so long without work, files and index are made durable.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    // a file is written before its record: what a segment says of times holds with this margin
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    // of what waits at the same time so much is written in one go
    private const int MaxBatch = 128;

    private readonly FileInstanceStore _store;
    private readonly IndexDatabase _database;
    private readonly string _folder;
    private readonly long _size;
    private readonly TimeProvider _time;
    private readonly ILogger<IntakeJournal> _log;
    private readonly Lock _lock = new();
    private readonly Queue<Entry> _queue = [];
    private readonly HashSet<Entry> _open = [];
    private readonly SemaphoreSlim _turn = new(1);
    private JournalSegment[] _segments = [];
    private JournalSegment? _active;
    private ITimer? _timer;
    private long _lastWork;
    private bool _leading;

    public IntakeJournal(FileInstanceStore store, IndexDatabase database, StorageOptions options, TimeProvider time, ILogger<IntakeJournal> log)
    {
        _store = store;
        _database = database;
        _folder = Path.GetFullPath(options.ResolvedIndexDirectory);
        _size = options.JournalSize;
        _time = time;
        _log = log;
    }

    /// <summary>An instance on its way into the journal. To be disposed when its row is in the index, or will never be.</summary>
    internal sealed class Entry(IntakeJournal journal, JournalRecord record) : IDisposable
    {
        private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public JournalRecord Record { get; } = record;

        public byte[] Head { get; } = record.Begin();

        public JournalSegment? Segment { get; set; }

        public Task Written => _written.Task;

        /// <summary>It is durable, its row may be still to come; or its row is there, or will never be.</summary>
        public Task Arrived => _arrived.Task;

        public Task Ended => _ended.Task;

        public int Length => JournalRecord.Padded(Head.Length + Record.Content.Length);

        public void Complete(Exception? failure)
        {
            if (failure is null)
            {
                _written.TrySetResult();
            }
            else
            {
                _written.TrySetException(failure);
            }
        }

        /// <summary>It is in the journal and its sender is told so, whenever its row comes.</summary>
        public void Promise() => _arrived.TrySetResult();

        /// <summary>The row could not be made before the stop: the segment has to be read at the next start.</summary>
        public void Keep() => Segment!.IsKept = true;

        public void Dispose()
        {
            journal.End(this);
            _arrived.TrySetResult();
            _ended.TrySetResult();
        }
    }

    /// <summary>Whether the server stops: no instances will come any more, and the journal is settled.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>
    /// Announces an instance whose file is written: from now on <see cref="OthersAsync"/> waits for it. Before its row is made, so that nobody takes the row for
    /// a promise.
    /// </summary>
    public Entry Begin(StoredFile file, ReadOnlyMemory<byte> content)
    {
        var entry = new Entry(this, new JournalRecord(file, content));
        lock (_lock)
        {
            _open.Add(entry);
        }
        return entry;
    }

    /// <summary>
    /// Writes an instance into the journal; when this is done it is durable. Whoever comes first writes for all who wait, on its own thread: a device that
    /// sends alone waits for no change of threads.
    /// </summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public Task WriteAsync(Entry entry)
    {
        lock (_lock)
        {
            _queue.Enqueue(entry);
            if (_leading)
            {
                return entry.Written;
            }
            _leading = true;
        }
        _ = LeadAsync(forOthers: false);
        return entry.Written;
    }

    /// <summary>Waits until the instances that are on their way now are durable, or failed. Not for rows of promised ones: on a full disk those may take hours.</summary>
    public Task OthersAsync()
    {
        lock (_lock)
        {
            return _open.Count == 0 ? Task.CompletedTask : Task.WhenAll(_open.Select(e => e.Arrived));
        }
    }

    /// <summary>Makes durable without the journal whatever is in it now.</summary>
    /// <exception cref="IOException">The disk does not take it. It is tried again.</exception>
    public async Task SettleAsync()
    {
        JournalSegment? segment;
        await _turn.WaitAsync();
        try
        {
            segment = _active;
            if (segment is not null)
            {
                Retire(segment);
            }
        }
        finally
        {
            _turn.Release();
        }
        foreach (var each in _segments)
        {
            await each.Settling;
        }
    }

    /// <summary>Opens the two files and reads what a crash has left in them.</summary>
    /// <returns>
    /// The records that count, oldest first, and since when an instance that is neither among them nor in the index was never acknowledged: null when that is unknown.
    /// </returns>
    internal (List<JournalRecord> Records, DateTimeOffset? Since) Open()
    {
        Directory.CreateDirectory(_folder);
        _segments = [new JournalSegment(PathOf(0)), new JournalSegment(PathOf(1))];
        var known = _segments.Where(s => s.Generation > 0).OrderBy(s => s.Generation).ToList();
        var counting = known.Where(s => s.Counts).ToList();
        var since = counting.Count > 0 ? counting[0].Since : known.LastOrDefault()?.Since;
        return (counting.SelectMany(s => s.Read()).ToList(), since);
    }

    /// <summary>Begins anew: whatever was in it is durable without it now.</summary>
    internal void Reset()
    {
        var generation = _segments.Max(s => s.Generation) + 1;
        var now = _time.GetUtcNow();
        foreach (var segment in _segments)
        {
            segment.Begin(generation++, now);
            segment.End(now);
        }
        DirectorySync.Flush(_folder);
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = _time.CreateTimer(_ => _ = SettleIdleAsync(), null, Idle, Idle);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        IsStopping = true;
        try
        {
            await SettleAsync();
        }
        catch (Exception e) when (StagedInstance.IsStorageFailure(e))
        {
            LogNotSettled(e); // the next start does it
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer?.Dispose();
        foreach (var segment in _segments)
        {
            segment.Dispose();
        }
        _segments = [];
        _turn.Dispose();
    }

    private string PathOf(int number) => Path.Join(_folder, $"intake-{number}.journal");

    private async Task LeadAsync(bool forOthers)
    {
        do
        {
            await WriteSomeAsync();
            lock (_lock)
            {
                if (_queue.Count == 0)
                {
                    _leading = false;
                    return;
                }
            }
        }
        while (forOthers);
        // the others shall not make this device wait
        ThreadPool.UnsafeQueueUserWorkItem(journal => _ = journal.LeadAsync(forOthers: true), this, preferLocal: false);
    }

    // No more than one segment takes: what is written has to come to its end before its segment can be used again, and the rest may need that one.
    private async Task WriteSomeAsync()
    {
        var some = new List<Entry>();
        lock (_lock)
        {
            some.Add(_queue.Dequeue());
        }
        Exception? failure = null;
        await _turn.WaitAsync();
        try
        {
            var segment = await ActiveAsync(some[0].Length);
            var room = _size - segment.Position - some[0].Length;
            lock (_lock)
            {
                while (some.Count < MaxBatch && _queue.TryPeek(out var next) && next.Length <= room)
                {
                    room -= next.Length;
                    some.Add(_queue.Dequeue());
                }
                foreach (var entry in some)
                {
                    entry.Segment = segment;
                }
            }
            segment.Append(some.Select(e => (e.Head, e.Record)));
            _lastWork = _time.GetTimestamp();
        }
        catch (Exception e)
        {
            failure = e; // whatever it is: nobody may wait for ever
        }
        finally
        {
            _turn.Release();
        }
        foreach (var entry in some)
        {
            entry.Complete(failure);
        }
    }

    // the segment to write to; waits when both are full
    private async Task<JournalSegment> ActiveAsync(int length)
    {
        if (_active is { } active)
        {
            if (active.Position + length <= _size)
            {
                return active;
            }
            Retire(active);
        }
        var next = _segments[0].Generation < _segments[1].Generation ? _segments[0] : _segments[1];
        await next.Settling;
        next.Begin(_segments.Max(s => s.Generation) + 1, Earliest());
        _active = next;
        return next;
    }

    private void Retire(JournalSegment segment)
    {
        _active = null;
        segment.Settling = SettleAsync(segment);
    }

    private async Task SettleAsync(JournalSegment segment)
    {
        List<Task> waiting;
        lock (_lock)
        {
            waiting = [.. _open.Where(e => e.Segment == segment).Select(e => e.Ended)];
        }
        await Task.WhenAll(waiting);
        if (segment.IsKept)
        {
            throw new IOException("Instances in the journal have no row in the index yet");
        }
        var at = Earliest();
        await _store.RunAsync(() =>
        {
            try
            {
                _store.Flush(segment.Keys);
            }
            catch (Exception e) when (StagedInstance.IsStorageFailure(e))
            {
                // what a disk has once failed to write, the system may have forgotten: a second flush would lie
                LogRewriting(segment.Keys.Count, e);
                foreach (var record in segment.Read().Where(r => !r.Content.IsEmpty))
                {
                    _store.Rewrite(record.File.Key, record.Content.Span);
                }
            }
            _database.SyncLog();
            CrashPoint.Hit("before-settled");
            segment.End(at);
            return true;
        });
    }

    private DateTimeOffset Earliest()
    {
        var earliest = _time.GetUtcNow();
        lock (_lock)
        {
            foreach (var entry in _open)
            {
                // by its key: what is taken over from another archive says when it came there
                var came = FileInstanceStore.ReceivedAt(entry.Record.File.Key);
                earliest = came < earliest ? came : earliest;
            }
        }
        return earliest - Margin;
    }

    private async Task SettleIdleAsync()
    {
        try
        {
            await _turn.WaitAsync();
            try
            {
                // a segment that could not be settled is tried again
                foreach (var failed in _segments.Where(s => s.Settling.IsFaulted))
                {
                    failed.Settling = SettleAsync(failed);
                }
            }
            finally
            {
                _turn.Release();
            }
            if (_active is not null && _time.GetElapsedTime(_lastWork) >= Idle)
            {
                await SettleAsync();
            }
        }
        catch (Exception e) when (StagedInstance.IsStorageFailure(e) || e is ObjectDisposedException)
        {
            LogNotSettled(e);
        }
    }

    private void End(Entry entry)
    {
        lock (_lock)
        {
            _open.Remove(entry);
        }
    }

    [LoggerMessage(70, LogLevel.Error, "The files of the newest instances could not be made durable; they remain in the journal.")]
    private partial void LogNotSettled(Exception e);

    [LoggerMessage(71, LogLevel.Error, "The disk has failed to write some of {Count} files. They are written again from the journal.")]
    private partial void LogRewriting(int count, Exception e);
}
