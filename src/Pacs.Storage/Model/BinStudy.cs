namespace Pacs.Storage;

/// <summary>A study that somebody has deleted and may want back. The index has nothing of it any more; its files are <see cref="BinFile"/>s.</summary>
public sealed class BinStudy
{
    /// <summary>Row number.</summary>
    public long Id { get; set; }

    /// <summary>The study's id; it has the same again when it is restored.</summary>
    public ResourceId Study { get; set; }

    /// <summary>(0010,0010) as received.</summary>
    public string? PatientName { get; set; }

    /// <summary>(0010,0020).</summary>
    public string PatientId { get; set; } = "";

    /// <summary>(0010,0030), DA.</summary>
    public string? BirthDate { get; set; }

    /// <summary>(0010,0040).</summary>
    public string? Sex { get; set; }

    /// <summary>(0008,0020), DA.</summary>
    public string? Date { get; set; }

    /// <summary>(0008,0030), TM.</summary>
    public string? Time { get; set; }

    /// <summary>(0008,0050).</summary>
    public string? Accession { get; set; }

    /// <summary>(0008,1030) as received.</summary>
    public string? Description { get; set; }

    /// <summary>The modalities of its series, separated by <c>\</c>.</summary>
    public string Modalities { get; set; } = "";

    /// <summary>Number of series.</summary>
    public int SeriesCount { get; set; }

    /// <summary>Number of instances.</summary>
    public int InstanceCount { get; set; }

    /// <summary>Bytes of all files.</summary>
    public long Size { get; set; }

    /// <summary>When it was deleted.</summary>
    public DateTimeOffset DeletedAt { get; set; }

    /// <summary>When its files are removed.</summary>
    public DateTimeOffset DueAt { get; set; }
}

/// <summary>The file of an instance in the bin, and what the index knew of it that is not in the file.</summary>
public sealed class BinFile
{
    /// <summary>The file, see <see cref="InstanceLocation.Key"/>.</summary>
    public string Key { get; set; } = "";

    /// <summary>Row number of its <see cref="BinStudy"/>.</summary>
    public long BinId { get; set; }

    /// <summary>As <see cref="Instance.Size"/>.</summary>
    public long Size { get; set; }

    /// <summary>As <see cref="Instance.DataOffset"/>.</summary>
    public int DataOffset { get; set; }

    /// <summary>As <see cref="Instance.HeaderLength"/>.</summary>
    public long HeaderLength { get; set; }

    /// <summary>As <see cref="Instance.Syntax"/>.</summary>
    public string Syntax { get; set; } = "";

    /// <summary>As <see cref="Instance.Digest"/>.</summary>
    public byte[]? Digest { get; set; }

    /// <summary>As <see cref="Instance.ReceivedDigest"/>.</summary>
    public byte[]? ReceivedDigest { get; set; }

    /// <summary>As <see cref="Instance.ReceivedAt"/>.</summary>
    public DateTimeOffset ReceivedAt { get; set; }

    /// <summary>As <see cref="Instance.Origin"/>.</summary>
    public OriginKind Origin { get; set; }

    /// <summary>As <see cref="Instance.CallingAe"/>.</summary>
    public string? CallingAe { get; set; }

    /// <summary>As <see cref="Instance.CalledAe"/>.</summary>
    public string? CalledAe { get; set; }

    /// <summary>As <see cref="Instance.RemoteHost"/>.</summary>
    public string? RemoteHost { get; set; }
}
