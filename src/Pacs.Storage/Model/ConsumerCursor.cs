namespace Pacs.Storage;

/// <summary>How far a consumer has read the feed.</summary>
public sealed class ConsumerCursor
{
    /// <summary><see cref="IEventConsumer.Name"/>.</summary>
    public string Name { get; set; } = "";

    /// <summary>The last event it is done with.</summary>
    public long Seq { get; set; }
}
