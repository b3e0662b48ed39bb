namespace Pacs.Storage;

/// <summary>One stored SOP instance and its file.</summary>
public sealed class Instance
{
    /// <summary>Row number; grows in the order of arrival.</summary>
    public long Id { get; set; }

    /// <summary>Orthanc's id.</summary>
    public ResourceId PublicId { get; set; }

    /// <summary>Row number of the series.</summary>
    public long ParentId { get; set; }

    /// <summary>(0008,0018).</summary>
    public string Uid { get; set; } = "";

    /// <summary>(0008,0016).</summary>
    public string SopClass { get; set; } = "";

    /// <summary>(0020,0013), or null where it is none.</summary>
    public int? Number { get; set; }

    /// <summary>(0028,0008), 1 where it is absent.</summary>
    public int Frames { get; set; } = 1;

    /// <summary>The UID of the transfer syntax of the file.</summary>
    public string Syntax { get; set; } = "";

    /// <summary>Where the file is: <c>yyyy/MM/dd/guid.dcm</c> below <see cref="StorageOptions.StorageDirectory"/>.</summary>
    public string Key { get; set; } = "";

    /// <summary>Bytes of the whole file.</summary>
    public long Size { get; set; }

    /// <summary>Where in the file the data set starts, after preamble and file meta group.</summary>
    public int DataOffset { get; set; }

    /// <summary>How many bytes from the start of the file are before the pixel data; the whole file where there are none.</summary>
    public long HeaderLength { get; set; }

    /// <summary>SHA-256 of the data set in the file; null after a rebuild until somebody needs it.</summary>
    public byte[]? Digest { get; set; }

    /// <summary>SHA-256 of the data set as it was received, where a coercion has changed it; else null.</summary>
    public byte[]? ReceivedDigest { get; set; }

    /// <summary>When it came.</summary>
    public DateTimeOffset ReceivedAt { get; set; }

    /// <summary>How it came.</summary>
    public OriginKind Origin { get; set; }

    /// <summary>The AE title that sent it, where there is one.</summary>
    public string? CallingAe { get; set; }

    /// <summary>The AE title it was sent to, where there is one.</summary>
    public string? CalledAe { get; set; }

    /// <summary>The address that sent it, where there is one.</summary>
    public string? RemoteHost { get; set; }

    /// <summary>The other main tags of this level as JSON: <c>{"00204000":"…"}</c>.</summary>
    public string Tags { get; set; } = "{}";
}
