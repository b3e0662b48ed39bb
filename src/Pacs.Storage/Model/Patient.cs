namespace Pacs.Storage;

/// <summary>A patient: all studies with the same (0010,0020). Texts are null where the element is absent and empty where it has no value.</summary>
public sealed class Patient
{
    /// <summary>Row number.</summary>
    public long Id { get; set; }

    /// <summary>Orthanc's id.</summary>
    public ResourceId PublicId { get; set; }

    /// <summary>(0010,0020), decoded, without trailing blanks.</summary>
    public string PatientId { get; set; } = "";

    /// <summary>(0010,0010) as received.</summary>
    public string? Name { get; set; }

    /// <summary>The name as queries compare it.</summary>
    public string? NameFold { get; set; }

    /// <summary>
    /// The name as the search box finds it: each of its parts after a <c>^</c>, umlauts and what is written for them the same. SQLite makes it of
    /// <see cref="NameFold"/>; it is in its index only.
    /// </summary>
    public string? NameSearch { get; private set; }

    /// <summary>(0010,0030), DA.</summary>
    public string? BirthDate { get; set; }

    /// <summary>(0010,0040).</summary>
    public string? Sex { get; set; }

    /// <summary>Number of studies.</summary>
    public int StudyCount { get; set; }

    /// <summary>Number of instances.</summary>
    public int InstanceCount { get; set; }

    /// <summary>Bytes of all files.</summary>
    public long Size { get; set; }

    /// <summary>The other main tags of this level as JSON: <c>{"00101000":"…"}</c>.</summary>
    public string Tags { get; set; } = "{}";

    /// <summary>When the last instance came.</summary>
    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Whether nothing new has come for <see cref="StorageOptions.StableAge"/>.</summary>
    public bool Stable { get; set; }
}
