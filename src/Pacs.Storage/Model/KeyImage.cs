namespace Pacs.Storage;

/// <summary>A frame that somebody has marked in the viewer: the one that shows it, the one to be printed. <see cref="KeyImages"/> changes them.</summary>
public sealed record KeyImage
{
    /// <summary>Row of the instance; with <see cref="Frame"/> the key.</summary>
    public required long InstanceId { get; init; }

    /// <summary>The frame, from 1.</summary>
    public required int Frame { get; init; }

    /// <summary>When it was marked.</summary>
    public DateTimeOffset MarkedAt { get; init; }
}
