using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>
/// Gives every consumer the events it wants: one loop each, so that a slow one holds up nobody. The cursor moves in the index, once per batch; after a
/// crash a consumer sees the events again that it had handled since.
/// </summary>
public sealed partial class EventPump : BackgroundService
{
    private const int Batch = 256;

    private readonly IEventConsumer[] _consumers;
    private readonly IndexReader _reader;
    private readonly IndexWriter _writer;
    private readonly EventFeed _feed;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<EventPump> _log;

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
    public Task<bool> RetryAsync(string consumer, long seq, CancellationToken ct) => _writer.WriteAsync(
        async (db, token) => await db.ParkedEvents.Where(p => p.Consumer == consumer && p.Seq == seq)
            .ExecuteUpdateAsync(set => set.SetProperty(p => p.DueAt, DateTimeOffset.UnixEpoch), token) > 0,
        ct);

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(_consumers.Select(c => RunAsync(c, stoppingToken)));

    private async Task RunAsync(IEventConsumer consumer, CancellationToken ct)
    {
        // off the thread that starts the host
        await Task.Yield();
        var failures = 0;
        var refusals = 0;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                var cursor = await CursorAsync(consumer, ct);
                while (true)
                {
                    var next = _feed.NextCommit;
                    var due = await RetryParkedAsync(consumer, ct);
                    var (moved, unavailable) = await ReadOnAsync(consumer, cursor, ct);
                    failures = 0;
                    if (unavailable is not null)
                    {
                        if (refusals++ == 0)
                        {
                            LogUnavailable(consumer.Name, moved, unavailable.Message);
                        }
                        // soon enough that nobody waits long when the share is back
                        await Task.Delay(Delay(Math.Min(refusals, 5)), _time, ct);
                    }
                    else
                    {
                        if (refusals > 0)
                        {
                            LogAvailable(consumer.Name, refusals);
                            refusals = 0;
                        }
                        if (moved == cursor)
                        {
                            await WaitAsync(next, due, ct);
                        }
                    }
                    cursor = moved;
                }
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
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
    private async Task<(long Cursor, ConsumerUnavailableException? Unavailable)> ReadOnAsync(IEventConsumer consumer, long cursor, CancellationToken ct)
    {
        var done = cursor;
        ParkedEvent? parked = null;
        try
        {
            foreach (var e in await _reader.ChangesAsync(cursor, Batch, ct))
            {
                if (!e.Rebuilt && consumer.Wants(e.Kind))
                {
                    var failure = await TryHandleAsync(consumer, e, ct);
                    if (failure is ConsumerUnavailableException unavailable)
                    {
                        return (done, unavailable);
                    }
                    if (failure is not null)
                    {
                        parked = new ParkedEvent
                        {
                            // the type only: messages of foreign exceptions may quote what they failed on, and that may be a name
                            Consumer = consumer.Name,
                            Seq = e.Seq,
                            Attempts = _options.EventAttempts,
                            Error = failure.GetType().Name,
                            DueAt = _time.GetUtcNow() + Delay(_options.EventAttempts),
                        };
                        done = e.Seq;
                        break;
                    }
                }
                done = e.Seq;
            }
        }
        finally
        {
            if (done != cursor)
            {
                // also when stopping: what was handled need not be handled again
                await SaveAsync(consumer.Name, done, parked, CancellationToken.None);
            }
        }
        return (done, null);
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

    private Task SaveAsync(string consumer, long seq, ParkedEvent? parked, CancellationToken ct) => _writer.WriteAsync(async (db, token) =>
    {
        await db.Consumers.Where(c => c.Name == consumer).ExecuteUpdateAsync(set => set.SetProperty(c => c.Seq, seq), token);
        if (parked is not null)
        {
            db.ParkedEvents.Add(parked);
        }
    }, ct);

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

    // until the next commit, or until a parked event is due
    private async Task WaitAsync(Task commit, DateTimeOffset? until, CancellationToken ct)
    {
        if (until is null)
        {
            await commit.WaitAsync(ct);
            return;
        }
        var wait = until.Value - _time.GetUtcNow();
        if (wait > TimeSpan.Zero)
        {
            // a clock that was set back must not make this wait for years
            var limit = _options.EventRetryLimit;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
            await Task.WhenAny(commit, Task.Delay(wait < limit ? wait : limit, _time, stop.Token));
            await stop.CancelAsync();
            ct.ThrowIfCancellationRequested();
        }
    }

    private TimeSpan Delay(int attempt)
    {
        var factor = Math.Pow(2, Math.Min(attempt - 1, 30));
        var delay = _options.EventRetryDelay * factor;
        return delay < _options.EventRetryLimit ? delay : _options.EventRetryLimit;
    }

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
