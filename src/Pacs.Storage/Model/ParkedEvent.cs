namespace Pacs.Storage;

/// <summary>An event a consumer failed on; tried again at <see cref="DueAt"/> while the feed goes on.</summary>
public sealed class ParkedEvent
{
    /// <summary><see cref="IEventConsumer.Name"/>.</summary>
    public string Consumer { get; set; } = "";

    /// <summary><see cref="PacsEvent.Seq"/>.</summary>
    public long Seq { get; set; }

    /// <summary>How often it has been tried.</summary>
    public int Attempts { get; set; }

    /// <summary>When it is tried next.</summary>
    public DateTimeOffset DueAt { get; set; }

    /// <summary>The type of the last error, and its message when the consumer says that it is safe to show.</summary>
    public string Error { get; set; } = "";
}
