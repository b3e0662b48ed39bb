namespace Pacs.Storage;

/// <summary>How far the examination of a <see cref="WorklistItem"/> is. The values are in the index and must not change.</summary>
public enum WorklistState
{
    /// <summary>Devices see it.</summary>
    Scheduled,

    /// <summary>The device has reported its performed procedure step as completed, or the images have come.</summary>
    Completed,

    /// <summary>The device has reported that it has begun.</summary>
    Started,

    /// <summary>The device has reported that it has stopped before the end.</summary>
    Discontinued,

    /// <summary>Its day is over, and it was neither completed nor offered again: devices do not see it any more.</summary>
    Expired,
}

/// <summary>A planned examination: one item of the modality worklist (PS3.4 annex K).</summary>
public sealed class WorklistItem
{
    /// <summary>Row number.</summary>
    public long Id { get; set; }

    /// <summary>(0008,0050), unique.</summary>
    public string Accession { get; set; } = "";

    /// <summary>(0020,000D) that the device shall use.</summary>
    public string StudyUid { get; set; } = "";

    /// <summary>(0040,0001) of the scheduled procedure step.</summary>
    public string StationAe { get; set; } = "";

    /// <summary>(0008,0060) of the scheduled procedure step.</summary>
    public string Modality { get; set; } = "";

    /// <summary>(0040,0002) of the scheduled procedure step, DA.</summary>
    public string StartDate { get; set; } = "";

    /// <summary>(0040,0003) of the scheduled procedure step, TM.</summary>
    public string StartTime { get; set; } = "";

    /// <summary>How far it is.</summary>
    public WorklistState State { get; set; }

    /// <summary>Who made it: <c>http</c>, <c>gdt:</c> and the receiver, or <c>hand</c>.</summary>
    public string Source { get; set; } = "";

    /// <summary>When it was made, or last changed or offered again: images that came before do not complete it.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When it was completed.</summary>
    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>The whole item as a data set in Explicit VR Little Endian, UTF-8.</summary>
    public byte[] Dataset { get; set; } = [];
}
