using System.Runtime.CompilerServices;

namespace Pacs.Storage;

/// <summary>The feed, live: what is in the index already, then what is committed from now on.</summary>
public sealed class EventFeed
{
    private const int Page = 256;

    private readonly Lazy<IndexReader> _reader;
    private TaskCompletionSource _next = NewSignal();

    // the writer signals the feed, the feed reads what the writer has made
    internal EventFeed(Lazy<IndexReader> reader) => _reader = reader;

    /// <summary>Completes with the next commit that has events. Take it before looking at the table, and nothing is missed.</summary>
    internal Task NextEvent => Volatile.Read(ref _next).Task;

    /// <summary>
    /// Events in order, without end. The truth is the table; the writer only wakes whoever waits, so that nothing is missed and a slow reader holds up
    /// nobody.
    /// </summary>
    /// <param name="since">The number of the last event the caller knows; -1 for those to come only.</param>
    /// <param name="ct">Ends it.</param>
    public async IAsyncEnumerable<PacsEvent> SubscribeAsync(long since, [EnumeratorCancellation] CancellationToken ct)
    {
        if (since < 0)
        {
            since = await _reader.Value.LastSeqAsync(ct);
        }
        while (true)
        {
            var next = NextEvent;
            var events = await _reader.Value.CommittedChangesAsync(since, Page, ct);
            if (events.Count == 0)
            {
                await next.WaitAsync(ct);
            }
            foreach (var e in events)
            {
                yield return e;
                since = e.Seq;
            }
        }
    }

    /// <summary>Wakes whoever waits: there are new events.</summary>
    internal void Signal() => Interlocked.Exchange(ref _next, NewSignal()).TrySetResult();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
