namespace Pacs.Storage;

/// <summary>A file that somebody has put beside a resource.</summary>
public sealed record Attachment
{
    /// <summary>The level of the resource; with <see cref="Resource"/> and <see cref="Number"/> the key.</summary>
    public required Level Level { get; init; }

    /// <summary>The resource.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary>What it is, from 1024 on.</summary>
    public required int Number { get; init; }

    /// <summary>Where the file is: <c>yyyy/MM/dd/guid.bin</c> below <see cref="StorageOptions.StorageDirectory"/>.</summary>
    public required string Key { get; set; }

    /// <summary>Bytes of the file.</summary>
    public required long Size { get; set; }

    /// <summary>Its MD5 in lower case, which Orthanc's clients compare.</summary>
    public required string Md5 { get; set; }

    /// <summary>How often it was replaced.</summary>
    public long Revision { get; set; }
}
