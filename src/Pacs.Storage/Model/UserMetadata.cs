namespace Pacs.Storage;

/// <summary>What somebody has noted about a resource, under a number.</summary>
/// <param name="Number">What it is: from 1024 on what users make of it, <see cref="ResourceMetadata.ModifiedFrom"/> or <see cref="ResourceMetadata.AnonymizedFrom"/>.</param>
/// <param name="Value">A text.</param>
/// <param name="Revision">How often it was changed.</param>
public sealed record UserMetadata(int Number, string Value, long Revision);

/// <summary>The row of a <see cref="UserMetadata"/>.</summary>
public sealed record MetadataEntry
{
    /// <summary>The level of the resource; with <see cref="Resource"/> and <see cref="Number"/> the key.</summary>
    public required Level Level { get; init; }

    /// <summary>The resource.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary>See <see cref="UserMetadata.Number"/>.</summary>
    public required int Number { get; init; }

    /// <summary>See <see cref="UserMetadata.Value"/>.</summary>
    public required string Value { get; set; }

    /// <summary>See <see cref="UserMetadata.Revision"/>.</summary>
    public long Revision { get; set; }
}
