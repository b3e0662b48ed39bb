using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>
/// Gives every consumer the events it wants: one loop each, so that a slow one holds up nobody. The cursor moves in memory with each event and in the
/// index once a second: a commit for each stored instance would cost the next one its turn. After a crash a consumer sees the events of the last second again.
/// </summary>
public sealed partial class EventPump : BackgroundService
{
    private const int Batch = 256;

    /// <summary>How long a cursor may be ahead of the index.</summary>
    private static readonly TimeSpan CursorDelay = TimeSpan.FromSeconds(1);

    /// <summary>How long events gather before a consumer looks: a burst of images is read in some portions instead of one by one, and nobody notices the wait.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(30);

    private readonly IEventConsumer[] _consumers;
    private readonly IndexReader _reader;
    private readonly IndexWriter _writer;
    private readonly EventFeed _feed;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<EventPump> _log;
    private int _retries;

    /// <summary>A pump for these consumers; their names must differ.</summary>
    public EventPump(
        IEnumerable<IEventConsumer> consumers, IndexReader reader, IndexWriter writer, EventFeed feed, StorageOptions options, TimeProvider time, ILogger<EventPump> log)
    {
        _consumers = [.. consumers];
        _reader = reader;
        _writer = writer;
        _feed = feed;
        _options = options;
        _time = time;
        _log = log;
        if (_consumers.Select(c => c.Name).Distinct(StringComparer.Ordinal).Count() != _consumers.Length)
        {
            throw new ArgumentException("Two consumers have the same name", nameof(consumers));
        }
    }

    /// <summary>The events that wait for another attempt, most recently parked first.</summary>
    public Task<IReadOnlyList<ParkedEvent>> ParkedAsync(int limit, CancellationToken ct) => _reader.ReadAsync<IReadOnlyList<ParkedEvent>>(
        async (db, token) => await db.ParkedEvents.OrderByDescending(p => p.Seq).Take(limit).ToListAsync(token), ct);

    /// <summary>Tries a parked event again as soon as possible.</summary>
    /// <returns>False when it is not parked.</returns>
    public async Task<bool> RetryAsync(string consumer, long seq, CancellationToken ct)
    {
        var parked = await _writer.WriteAsync(
            async (db, token) => await db.ParkedEvents.Where(p => p.Consumer == consumer && p.Seq == seq)
                .ExecuteUpdateAsync(set => set.SetProperty(p => p.DueAt, DateTimeOffset.UnixEpoch), token) > 0,
            ct);
        Interlocked.Increment(ref _retries);
        _feed.Signal();
        return parked;
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(_consumers.Select(c => RunAsync(c, stoppingToken)));

    private async Task RunAsync(IEventConsumer consumer, CancellationToken ct)
    {
        // off the thread that starts the host
        await Task.Yield();
        var failures = 0;
        while (!ct.IsCancellationRequested)
        {
            var cursor = new Cursor();
            try
            {
                cursor.Saved = cursor.Handled = await CursorAsync(consumer, ct);
                await ReadOnAsync(consumer, cursor, () => failures = 0, ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                // what was handled need not be handled again after a stop
                await SaveAsync(consumer, cursor, null, CancellationToken.None);
                return;
            }
            catch (Exception e)
            {
                // the index, not the consumer: nothing is known to be done, so from the cursor again
                LogBroken(consumer.Name, e);
                try
                {
                    await Task.Delay(Delay(++failures), _time, ct);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    private async Task ReadOnAsync(IEventConsumer consumer, Cursor cursor, Action succeeded, CancellationToken ct)
    {
        var refusals = 0;
        DateTimeOffset? parkedDue = DateTimeOffset.MinValue; // there may be some from the last run
        var retries = 0;
        while (true)
        {
            var next = _feed.NextEvent;
            var asked = Volatile.Read(ref _retries);
            if (parkedDue <= _time.GetUtcNow() || asked != retries)
            {
                retries = asked;
                parkedDue = await RetryParkedAsync(consumer, ct);
            }
            var before = cursor.Handled;
            var (parked, unavailable) = await HandleBatchAsync(consumer, cursor, ct);
            if (parked is not null)
            {
                await SaveAsync(consumer, cursor, parked, CancellationToken.None);
                parkedDue = parkedDue < parked.DueAt ? parkedDue : parked.DueAt;
            }
            else if (cursor.UnsavedSince + CursorDelay <= _time.GetUtcNow())
            {
                await SaveAsync(consumer, cursor, null, CancellationToken.None);
            }
            succeeded();
            if (unavailable is not null)
            {
                if (refusals++ == 0)
                {
                    LogUnavailable(consumer.Name, cursor.Handled, unavailable.Message);
                }
                // soon enough that nobody waits long when the share is back
                await Task.Delay(Delay(Math.Min(refusals, 5)), _time, ct);
                continue;
            }
            if (refusals > 0)
            {
                LogAvailable(consumer.Name, refusals);
                refusals = 0;
            }
            if (cursor.Handled != before)
            {
                // by the machine's clock: this is about load, not about time
                await Task.Delay(Gather, TimeProvider.System, ct);
            }
            else
            {
                var save = cursor.UnsavedSince + CursorDelay;
                await WaitAsync(next, save < parkedDue || parkedDue is null ? save : parkedDue, ct);
            }
        }
    }

    private Task<long> CursorAsync(IEventConsumer consumer, CancellationToken ct) => _writer.WriteAsync(async (db, token) =>
    {
        var row = await db.Consumers.FindAsync([consumer.Name], token);
        if (row is null)
        {
            row = new ConsumerCursor { Name = consumer.Name };
            db.Consumers.Add(row);
        }
        return row.Seq;
    }, ct);

    // one batch; the cursor also moves past what was handled before something stopped it
    private async Task<(ParkedEvent? Parked, ConsumerUnavailableException? Unavailable)> HandleBatchAsync(IEventConsumer consumer, Cursor cursor, CancellationToken ct)
    {
        foreach (var e in await _reader.CommittedChangesAsync(cursor.Handled, Batch, ct))
        {
            if (!e.Rebuilt && consumer.Wants(e.Kind))
            {
                var failure = await TryHandleAsync(consumer, e, ct);
                if (failure is ConsumerUnavailableException unavailable)
                {
                    return (null, unavailable);
                }
                if (failure is not null)
                {
                    cursor.Move(e.Seq, _time);
                    return (new ParkedEvent
                    {
                        // the type only: messages of foreign exceptions may quote what they failed on, and that may be a name
                        Consumer = consumer.Name,
                        Seq = e.Seq,
                        Attempts = _options.EventAttempts,
                        Error = failure.GetType().Name,
                        DueAt = _time.GetUtcNow() + Delay(_options.EventAttempts),
                    }, null);
                }
            }
            cursor.Move(e.Seq, _time);
        }
        return (null, null);
    }

    /// <returns>Null when it is done, else why it is not, after as many attempts as are due.</returns>
    private async Task<Exception?> TryHandleAsync(IEventConsumer consumer, PacsEvent e, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await consumer.HandleAsync(e, ct);
                return null;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                throw;
            }
            catch (ConsumerUnavailableException unavailable)
            {
                return unavailable;
            }
            catch (Exception failure)
            {
                if (attempt >= _options.EventAttempts)
                {
                    LogParked(consumer.Name, e.Kind, e.Seq, e.Resource, failure);
                    StorageTelemetry.Park(consumer.Name);
                    return failure;
                }
                LogRetry(consumer.Name, e.Kind, e.Seq, e.Resource, failure);
            }
            await Task.Delay(Delay(attempt), _time, ct);
        }
    }

    private async Task SaveAsync(IEventConsumer consumer, Cursor cursor, ParkedEvent? parked, CancellationToken ct)
    {
        if (cursor.Handled == cursor.Saved && parked is null)
        {
            return;
        }
        await _writer.WriteAsync(
            async (db, token) =>
            {
                await db.Consumers.Where(c => c.Name == consumer.Name).ExecuteUpdateAsync(set => set.SetProperty(c => c.Seq, cursor.Handled), token);
                if (parked is not null)
                {
                    db.ParkedEvents.Add(parked);
                }
            },
            ct);
        cursor.Saved = cursor.Handled;
        cursor.UnsavedSince = null;
    }

    /// <returns>When the next one is due, or null when none is parked.</returns>
    private async Task<DateTimeOffset?> RetryParkedAsync(IEventConsumer consumer, CancellationToken ct)
    {
        var now = _time.GetUtcNow();
        var name = consumer.Name;
        var due = await _reader.ReadAsync((db, token) => (
            from parked in db.ParkedEvents
            join e in db.Events on parked.Seq equals e.Seq
            where parked.Consumer == name && parked.DueAt <= now
            orderby parked.Seq
            select new { Parked = parked, Event = e }).Take(16).ToListAsync(token), ct);
        foreach (var item in due)
        {
            string? error;
            try
            {
                await consumer.HandleAsync(item.Event, ct);
                error = null;
                LogUnparked(name, item.Event.Kind, item.Event.Seq);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception failure)
            {
                LogRetry(name, item.Event.Kind, item.Event.Seq, item.Event.Resource, failure);
                error = failure.GetType().Name;
            }
            var attempts = item.Parked.Attempts + 1;
            var again = _time.GetUtcNow() + Delay(attempts);
            await _writer.WriteAsync(async (db, token) =>
            {
                var row = db.ParkedEvents.Where(p => p.Consumer == name && p.Seq == item.Event.Seq);
                _ = error is null
                    ? await row.ExecuteDeleteAsync(token)
                    : await row.ExecuteUpdateAsync(set => set.SetProperty(p => p.Attempts, attempts).SetProperty(p => p.DueAt, again).SetProperty(p => p.Error, error), token);
            }, CancellationToken.None);
        }
        return await _reader.ReadAsync((db, token) => db.ParkedEvents.Where(p => p.Consumer == name).MinAsync(p => (DateTimeOffset?)p.DueAt, token), ct);
    }

    // until the next event, or until a parked one is due or the cursor wants to be saved
    private async Task WaitAsync(Task next, DateTimeOffset? until, CancellationToken ct)
    {
        if (until is null)
        {
            await next.WaitAsync(ct);
            return;
        }
        var wait = until.Value - _time.GetUtcNow();
        if (wait > TimeSpan.Zero)
        {
            // a clock that was set back must not make this wait for years
            var limit = _options.EventRetryLimit;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
            await Task.WhenAny(next, Task.Delay(wait < limit ? wait : limit, _time, stop.Token));
            await stop.CancelAsync();
            ct.ThrowIfCancellationRequested();
        }
    }

    // where a consumer is: in memory, and in the index
    private sealed class Cursor
    {
        public long Handled { get; set; }

        public long Saved { get; set; }

        public DateTimeOffset? UnsavedSince { get; set; }

        public void Move(long seq, TimeProvider time)
        {
            Handled = seq;
            UnsavedSince ??= time.GetUtcNow();
        }
    }

    private TimeSpan Delay(int attempt) => Backoff.After(attempt, _options.EventRetryDelay, _options.EventRetryLimit);

    [LoggerMessage(20, LogLevel.Warning, "{Consumer} failed on {Kind} {Seq} ({Resource}); it is tried again.")]
    private partial void LogRetry(string consumer, EventKind kind, long seq, ResourceId resource, Exception e);

    [LoggerMessage(21, LogLevel.Error, "{Consumer} failed on {Kind} {Seq} ({Resource}) again; it is set aside and tried later.")]
    private partial void LogParked(string consumer, EventKind kind, long seq, ResourceId resource, Exception e);

    [LoggerMessage(22, LogLevel.Information, "{Consumer} has managed {Kind} {Seq}, which had been set aside.")]
    private partial void LogUnparked(string consumer, EventKind kind, long seq);

    [LoggerMessage(23, LogLevel.Warning, "{Consumer} cannot go on after event {Seq} and waits: {Reason}")]
    private partial void LogUnavailable(string consumer, long seq, string reason);

    [LoggerMessage(25, LogLevel.Information, "{Consumer} goes on after {Attempts} attempts.")]
    private partial void LogAvailable(string consumer, int attempts);

    [LoggerMessage(24, LogLevel.Error, "The feed for {Consumer} cannot be read or its cursor not be moved; it starts again from there.")]
    private partial void LogBroken(string consumer, Exception e);
}
