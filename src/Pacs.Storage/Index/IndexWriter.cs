using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>
/// The only one who writes to the index: one thread, one connection, one queue. Whatever waits is written in one transaction and one fsync (at most
/// 256 items); while one batch is flushed the next gathers. Only rows that nobody waits for let a few more come first, because a transaction of ten costs
/// little more than one of one. An answer comes after the commit and, unless the intake journal holds
/// what was written, after its flush. Stopping writes what is queued.
/// </summary>
public sealed partial class IndexWriter : IHostedService, IDisposable
{
    private const int MaxBatch = 256;
    private const int MaxQueue = 1024;
    private const int DiskFull = 13; // SQLITE_FULL

    // after so long without work the log is written into the database, so that losing the log would lose less
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);

    // so long rows that nobody waits for gather: ten to twenty of small instances, and nobody notices it in a list
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(5);

    private readonly IndexDatabase _database;
    private readonly Reserve _reserve;
    private readonly FileInstanceStore _store;
    private readonly EventFeed _feed;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<IndexWriter> _log;
    private readonly WaitingQueue<Item> _queue = new();
    private readonly SemaphoreSlim _slots = new(MaxQueue);
    private readonly List<Item> _batch = new(MaxBatch);
    private Thread? _thread;
    private bool _disposed;
    private bool _makeRoom;
    private long _lastSeq;
    private int _later;
    private SqliteConnection? _connection;
    private PacsDb? _context;
    private StoreSql? _storeSql;
    private Statement? _save;
    private Statement? _release;
    private Statement? _rollBack;

    internal IndexWriter(IndexDatabase database, Reserve reserve, FileInstanceStore store, EventFeed feed, StorageOptions options, TimeProvider time, ILogger<IndexWriter> log)
    {
        _database = database;
        _reserve = reserve;
        _store = store;
        _feed = feed;
        _options = options;
        _time = time;
        _log = log;
    }

    /// <summary>
    /// Runs a piece of work inside the writer's next transaction and completes after its commit. Must be short and must not wait for anything but the
    /// context it is given: everybody's writes wait for it. <c>SaveChanges</c> is called for it. If it throws, only its own changes are undone.
    /// </summary>
    /// <exception cref="IndexUnavailableException">The index cannot be written: the disk is full or failing, or another process holds it.</exception>
    public Task<T> WriteAsync<T>(Func<PacsDb, CancellationToken, Task<T>> work, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(work);
        return EnqueueAsync(new Item<T>(
            transaction =>
            {
                var db = _context!;
                db.Database.UseTransaction(transaction);
                try
                {
                    // SQLite has no asynchronous I/O: the task is finished when it is returned, unless the work waits for something it must not
                    var result = work(db, ct).GetAwaiter().GetResult();
                    db.SaveChanges();
                    return result;
                }
                finally
                {
                    db.ChangeTracker.Clear();
                    db.Database.UseTransaction(null);
                }
            }, isDurable: true, ct), ct);
    }

    /// <summary>As <see cref="WriteAsync{T}"/>, without a result.</summary>
    public Task WriteAsync(Func<PacsDb, CancellationToken, Task> work, CancellationToken ct) => WriteAsync(async (db, token) =>
    {
        await work(db, token);
        return true;
    }, ct);

    /// <summary>Opens the index, repairs or makes it, and starts the thread.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _database.Open();
        Reopen();
        // the first commit makes the log
        IndexDatabase.Execute(_connection!, "INSERT INTO setting (name, value) VALUES ('starts', '1') ON CONFLICT (name) DO UPDATE SET value = value + 1");
        _thread = new Thread(Run) { IsBackground = true, Name = "index writer" };
        _thread.Start();
        return Task.CompletedTask;
    }

    /// <summary>Writes what is queued, empties the log and closes the index.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Complete();
        _thread?.Join();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return; // containers dispose what they hold under two names twice
        }
        _disposed = true;
        _queue.Complete();
        _thread?.Join();
        _slots.Dispose();
    }

    /// <summary>
    /// Stores one instance whose file is written. Once queued it is written: there is nothing to be gained from giving up then. Visible for all when this is
    /// done, but not durable: that is the matter of the <see cref="IntakeJournal"/>.
    /// </summary>
    /// <exception cref="IndexUnavailableException">As <see cref="WriteAsync{T}"/>.</exception>
    internal Task<StoreResult> StoreAsync(InstanceRecord record) => EnqueueAsync(
        new Item<StoreResult>(_ => _storeSql!.Store(record, _time.GetUtcNow()), isDurable: false, CancellationToken.None), CancellationToken.None);

    /// <summary>
    /// As <see cref="StoreAsync"/>, for an instance that is durable without its row: its sender has its answer meanwhile, and rows of several are made
    /// together. Readers do not notice, see <see cref="CatchUp"/>.
    /// </summary>
    internal Task<StoreResult> StoreLaterAsync(InstanceRecord record)
    {
        Interlocked.Increment(ref _later);
        return EnqueueAsync(
            new Item<StoreResult>(_ => _storeSql!.Store(record, _time.GetUtcNow()), isDurable: false, CancellationToken.None) { IsLater = true }, CancellationToken.None);
    }

    /// <summary>
    /// Waits until the rows of all instances are there that have been answered: who asks after an answer shall find. Costs nothing when there are none to come, else
    /// as much as a commit. When the index cannot be written it gives up: what is there can still be read. Blocks.
    /// </summary>
    internal void CatchUp()
    {
        if (Volatile.Read(ref _later) == 0 || Thread.CurrentThread == _thread)
        {
            return;
        }
        var end = new Item<bool>(_ => true, isDurable: false, CancellationToken.None);
        _slots.Wait();
        if (!_queue.TryAdd(end))
        {
            _slots.Release();
            return;
        }
        ((Task)end.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
    }

    /// <summary>Makes everything durable that has been committed so far. Blocks.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    internal void SyncLog() => _database.SyncLog();

    /// <summary>Deletes a resource, see <see cref="Archive.DeleteAsync"/>.</summary>
    internal Task<DeleteResult?> DeleteAsync(Level level, ResourceId id, CancellationToken ct) => EnqueueAsync(new Item<DeleteResult?>(
        transaction => DeleteSql.Delete(_connection!, transaction, level, id, _time.GetUtcNow(), _options.TrashAge), isDurable: true, ct), ct);

    private async Task<T> EnqueueAsync<T>(Item<T> item, CancellationToken ct)
    {
        await _slots.WaitAsync(ct);
        if (!_queue.TryAdd(item, wakes: !item.IsLater))
        {
            _slots.Release();
            Answered(item);
            throw new IndexUnavailableException("The server is stopping");
        }
        return await item.Task;
    }

    private void Run()
    {
        var dirty = false;
        while (!_queue.IsCompleted)
        {
            if (!_queue.TryTake(out var first, Idle))
            {
                if (dirty && !_queue.IsCompleted)
                {
                    Checkpoint("PASSIVE");
                    dirty = false;
                }
                continue;
            }
            if (first.IsLater)
            {
                _queue.Gather(MaxBatch - 1, Gathering);
            }
            Write(first);
            dirty = true;
        }
        Close();
    }

    private void Write(Item first)
    {
        var started = Stopwatch.GetTimestamp();
        var committing = false;
        long lastSeq;
        try
        {
            Reopen();
            using (var transaction = _connection!.BeginTransaction(deferred: false))
            {
                for (var item = first; item is not null; item = _batch.Count < MaxBatch && _queue.TryTake(out var next, TimeSpan.Zero) ? next : null)
                {
                    _slots.Release();
                    _batch.Add(item);
                    Execute(item, transaction);
                }
                lastSeq = _storeSql!.LastSeq();
                CrashPoint.Hit("before-commit");
                committing = true;
                transaction.Commit();
            }
            if (_batch.Exists(item => item.IsDurable))
            {
                _database.SyncLog();
            }
            CrashPoint.Hit("after-commit");
            foreach (var item in _batch)
            {
                Answered(item);
                item.Complete();
            }
            if (lastSeq != _lastSeq)
            {
                // cursors and delivery states are commits too: they must not wake those who make them
                _lastSeq = lastSeq;
                _feed.Signal();
            }
            StorageTelemetry.Committed(_batch.Count, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception e)
        {
            // this thread must survive whatever happens: without it nothing is ever stored again
            LogFailed(_batch.Count, e);
            if (_batch.Count == 0)
            {
                _slots.Release();
                _batch.Add(first);
            }
            // a log that had no room lacks the commit for certain; one that could not be flushed may turn out to have it
            var mayBeCommitted = committing && (e as SqliteException)?.SqliteErrorCode != DiskFull;
            var failure = new IndexUnavailableException("The index cannot be written at the moment", e) { MayBeCommitted = mayBeCommitted };
            foreach (var item in _batch)
            {
                Answered(item);
                item.Fail(failure);
            }
            // whatever state the connection is in, the next batch begins with a new one
            Abandon();
            _makeRoom = (e as SqliteException)?.SqliteErrorCode == DiskFull;
        }
        finally
        {
            _batch.Clear();
        }
    }

    private void Answered(Item item) => Interlocked.Add(ref _later, item.IsLater ? -1 : 0);

    // each item alone: a broken one must not take the others with it
    private void Execute(Item item, SqliteTransaction transaction)
    {
        if (item.IsCancelled)
        {
            return;
        }
        _save!.Execute();
        try
        {
            item.Run(transaction);
            _release!.Execute();
        }
        catch (Exception e) when (!IsFatal(e))
        {
            _rollBack!.Execute();
            _release!.Execute();
            item.Reject(e);
        }
    }

    // errors after which SQLite may have undone the whole transaction, or the next statement would fail as well (sqlite.org/lang_transaction.html)
    private static bool IsFatal(Exception e) => (e as SqliteException ?? e.InnerException as SqliteException)?.SqliteErrorCode
        is 5 or 7 or 8 or 10 or 11 or 13 or 14 or 26; // BUSY NOMEM READONLY IOERR CORRUPT FULL CANTOPEN NOTADB

    private void Reopen()
    {
        if (_connection is null)
        {
            _connection = _database.OpenWriter();
            // kept as long as its connection, as ReaderPool's
            _context = new PacsDb(IndexDatabase.ContextOptions(_connection));
            _context.ChangeTracker.QueryTrackingBehavior = QueryTrackingBehavior.TrackAll;
            _storeSql = new StoreSql(_connection, _options, _store.IsWhole);
            _save = new Statement(_connection, "SAVEPOINT item");
            _release = new Statement(_connection, "RELEASE item");
            _rollBack = new Statement(_connection, "ROLLBACK TO item");
        }
        if (_makeRoom)
        {
            // the log may hold megabytes that are in the database, or could be, with a little room to begin with
            _makeRoom = false;
            _reserve.Give();
            Checkpoint("TRUNCATE");
            _reserve.Keep();
        }
    }

    private void Abandon()
    {
        foreach (var statement in new IDisposable?[] { _storeSql, _save, _release, _rollBack, _context })
        {
            statement?.Dispose();
        }
        _storeSql = null;
        _context = null;
        _connection?.Dispose();
        _connection = null;
    }

    private void Checkpoint(string mode)
    {
        try
        {
            if (_connection is not null)
            {
                IndexDatabase.Execute(_connection, $"PRAGMA wal_checkpoint({mode})");
            }
        }
        catch (SqliteException e)
        {
            LogCheckpoint(e);
        }
    }

    private void Close()
    {
        if (_connection is null)
        {
            return;
        }
        Checkpoint("TRUNCATE");
        var lastSeq = IndexDatabase.Scalar(_connection, "SELECT coalesce(max(seq), 0) FROM event") as long? ?? 0;
        Abandon();
        _database.MarkClean(lastSeq);
    }

    [LoggerMessage(10, LogLevel.Error, "A transaction of {Count} items could not be written to the index.")]
    private partial void LogFailed(int count, Exception e);

    [LoggerMessage(11, LogLevel.Warning, "The write-ahead log could not be written into the index; it grows until it can.")]
    private partial void LogCheckpoint(Exception e);

    private abstract class Item
    {
        public abstract bool IsCancelled { get; }

        /// <summary>Whether the commit must be on the disk before the answer.</summary>
        public abstract bool IsDurable { get; }

        /// <summary>Whether nobody waits for it.</summary>
        public bool IsLater { get; init; }

        public abstract void Run(SqliteTransaction transaction);

        /// <summary>The commit has been done: answers.</summary>
        public abstract void Complete();

        /// <summary>The item itself failed; the batch goes on. Its exception is the answer, after the commit.</summary>
        public abstract void Reject(Exception e);

        /// <summary>The batch failed: whatever the item did is undone.</summary>
        public abstract void Fail(Exception e);
    }

    private sealed class Item<T>(Func<SqliteTransaction, T> work, bool isDurable, CancellationToken ct) : Item
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private bool _ran;
        private Exception? _error;

        public Task<T> Task => _done.Task;

        public override bool IsCancelled => ct.IsCancellationRequested;

        public override bool IsDurable => isDurable;

        public override void Run(SqliteTransaction transaction)
        {
            _result = work(transaction);
            _ran = true;
        }

        public override void Reject(Exception e) => _error = e;

        public override void Complete()
        {
            if (_error is not null and not OperationCanceledException)
            {
                _done.TrySetException(_error);
            }
            else if (_ran)
            {
                _done.TrySetResult(_result!);
            }
            else
            {
                _done.TrySetCanceled(ct);
            }
        }

        public override void Fail(Exception e) => _done.TrySetException(e);
    }
}
