namespace Pacs.Storage;

/// <summary>
/// Somebody who reacts to events. Every event it wants is given to it at least once, in order, one at a time, across restarts: it must bear to see
/// one again after a crash. One that is registered for the first time starts with the first event of the feed.
/// </summary>
public interface IEventConsumer
{
    /// <summary>The key of its cursor in the index; must never change.</summary>
    string Name { get; }

    /// <summary>Whether it wants events of this kind; the others are passed over.</summary>
    bool Wants(EventKind kind);

    /// <summary>
    /// Reacts. An exception makes the pump try again (<see cref="StorageOptions.EventAttempts"/>), then park the event, retry it later and go on
    /// with the next one. <see cref="ConsumerUnavailableException"/> makes it wait instead, in order and without parking anything.
    /// </summary>
    ValueTask HandleAsync(PacsEvent e, CancellationToken ct);
}

/// <summary>
/// Thrown by a consumer that cannot work at all for the moment, whatever the event: its share is offline, its peer is down. The pump tries
/// the same event again later; nothing is parked and the order stays.
/// </summary>
public sealed class ConsumerUnavailableException : Exception
{
    /// <summary>An exception without a reason.</summary>
    public ConsumerUnavailableException()
    {
    }

    /// <summary>An exception with a reason, which must not contain patient data.</summary>
    public ConsumerUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a reason, which must not contain patient data, and what caused it.</summary>
    public ConsumerUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
