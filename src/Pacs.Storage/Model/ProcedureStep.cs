namespace Pacs.Storage;

/// <summary>How far a performed procedure step is (0040,0252). The values are in the index and must not change.</summary>
public enum StepState
{
    /// <summary><c>IN PROGRESS</c>: the only one in which it can be changed.</summary>
    InProgress,

    /// <summary><c>COMPLETED</c>.</summary>
    Completed,

    /// <summary><c>DISCONTINUED</c>.</summary>
    Discontinued,
}

/// <summary>What a device says that it does or did: one Modality Performed Procedure Step (PS3.4 annex F).</summary>
public sealed class ProcedureStep
{
    /// <summary>Its SOP Instance UID.</summary>
    public string Uid { get; set; } = "";

    /// <summary>How far it is.</summary>
    public StepState State { get; set; }

    /// <summary>(0008,0050) of its first scheduled step, empty where there is none.</summary>
    public string Accession { get; set; } = "";

    /// <summary>(0020,000D) of its first scheduled step.</summary>
    public string StudyUid { get; set; } = "";

    /// <summary>The AE title that created it.</summary>
    public string CallingAe { get; set; } = "";

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When it was last set.</summary>
    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>All its attributes as a data set in Explicit VR Little Endian, UTF-8 unless the device's texts have no characters.</summary>
    public byte[] Dataset { get; set; } = [];
}
