namespace Pacs.Storage;

/// <summary>A study of one patient. The same Study Instance UID under two patient ids makes two studies, as in Orthanc.</summary>
public sealed class Study
{
    /// <summary>Row number.</summary>
    public long Id { get; set; }

    /// <summary>Orthanc's id.</summary>
    public ResourceId PublicId { get; set; }

    /// <summary>Row number of the patient.</summary>
    public long ParentId { get; set; }

    /// <summary>(0020,000D).</summary>
    public string Uid { get; set; } = "";

    /// <summary>(0008,0020), DA.</summary>
    public string? Date { get; set; }

    /// <summary>(0008,0030), TM.</summary>
    public string? Time { get; set; }

    /// <summary>(0008,0050).</summary>
    public string? Accession { get; set; }

    /// <summary>(0008,1030) as received.</summary>
    public string? Description { get; set; }

    /// <summary>The description as queries compare it.</summary>
    public string? DescriptionFold { get; set; }

    /// <summary>(0020,0010).</summary>
    public string? StudyId { get; set; }

    /// <summary>(0008,0090) as received.</summary>
    public string? Referring { get; set; }

    /// <summary>The referring physician's name as queries compare it.</summary>
    public string? ReferringFold { get; set; }

    /// <summary>The modalities of its series, each once, in order of arrival, separated by <c>\</c>: (0008,0061).</summary>
    public string Modalities { get; set; } = "";

    /// <summary>Number of series.</summary>
    public int SeriesCount { get; set; }

    /// <summary>Number of instances.</summary>
    public int InstanceCount { get; set; }

    /// <summary>Bytes of all files.</summary>
    public long Size { get; set; }

    /// <summary>
    /// <c>yyyyMMddHHmmss</c> by which lists are ordered: date and time of the study, or of its arrival where the study's date is missing or none.
    /// </summary>
    public string SortKey { get; set; } = "";

    /// <summary>The other main tags of this level as JSON: <c>{"00080080":"…"}</c>.</summary>
    public string Tags { get; set; } = "{}";

    /// <summary>When the first instance came.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When the last instance came.</summary>
    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Whether nothing new has come for <see cref="StorageOptions.StableAge"/>.</summary>
    public bool Stable { get; set; }
}
