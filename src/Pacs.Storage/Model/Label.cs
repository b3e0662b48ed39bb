namespace Pacs.Storage;

/// <summary>A word that somebody has put on a resource, to find it again by.</summary>
public sealed record Label
{
    /// <summary>The level of the resource; with <see cref="Resource"/> and <see cref="Name"/> the key.</summary>
    public required Level Level { get; init; }

    /// <summary>The resource.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary>The word, see <see cref="Labels.IsLabel"/>.</summary>
    public required string Name { get; init; }
}
