namespace Pacs.Storage;

/// <summary>The feed, live: what is in the index already, then what is committed from now on.</summary>
public sealed class EventFeed
{
    /// <summary>
    /// Events in order, without end. The truth is the table; the writer only wakes whoever waits, so that nothing is missed and a slow reader holds up
    /// nobody.
    /// </summary>
    /// <param name="since">The number of the last event the caller knows; -1 for those to come only.</param>
    /// <param name="ct">Ends it.</param>
    public IAsyncEnumerable<PacsEvent> SubscribeAsync(long since, CancellationToken ct) => throw new NotSupportedException();
}
