namespace Pacs.Storage;

/// <summary>A series of one study.</summary>
public sealed class Series
{
    /// <summary>Row number.</summary>
    public long Id { get; set; }

    /// <summary>Orthanc's id.</summary>
    public ResourceId PublicId { get; set; }

    /// <summary>Row number of the study.</summary>
    public long ParentId { get; set; }

    /// <summary>(0020,000E).</summary>
    public string Uid { get; set; } = "";

    /// <summary>(0008,0060).</summary>
    public string? Modality { get; set; }

    /// <summary>(0020,0011), or null where it is none.</summary>
    public int? Number { get; set; }

    /// <summary>(0008,103E) as received.</summary>
    public string? Description { get; set; }

    /// <summary>(0018,0015).</summary>
    public string? BodyPart { get; set; }

    /// <summary>(0008,1010).</summary>
    public string? Station { get; set; }

    /// <summary>(0018,1030).</summary>
    public string? Protocol { get; set; }

    /// <summary>Number of instances.</summary>
    public int InstanceCount { get; set; }

    /// <summary>Bytes of all files.</summary>
    public long Size { get; set; }

    /// <summary>The other main tags of this level as JSON: <c>{"00080070":"…"}</c>.</summary>
    public string Tags { get; set; } = "{}";

    /// <summary>When the last instance came.</summary>
    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Whether nothing new has come for <see cref="StorageOptions.StableAge"/>.</summary>
    public bool Stable { get; set; }
}
