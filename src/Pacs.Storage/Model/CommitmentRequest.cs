namespace Pacs.Storage;

/// <summary>What a node has said to our question. The values are in the index and must not change.</summary>
public enum CommitmentAnswer
{
    /// <summary>Nothing yet.</summary>
    Pending = 0,

    /// <summary>It keeps all instances.</summary>
    Success = 1,

    /// <summary>It does not keep all of them.</summary>
    Failure = 2,
}

/// <summary>Our question to a node whether it keeps instances for good (PS3.4 annex J), and its report. <see cref="Commitment"/> is the other direction.</summary>
public sealed class CommitmentRequest
{
    /// <summary>Row number.</summary>
    public long Id { get; set; }

    /// <summary>(0008,1195), our name for the question; the id that others see.</summary>
    public string TransactionUid { get; set; } = "";

    /// <summary>The name of the node.</summary>
    public string Node { get; set; } = "";

    /// <summary>The AE title that was asked, and that has to report.</summary>
    public string RemoteAe { get; set; } = "";

    /// <summary><see cref="Job.Id"/> of the job that waits for the report, or null when none does.</summary>
    public long? JobId { get; set; }

    /// <summary>What the node has said.</summary>
    public CommitmentAnswer Answer { get; set; }

    /// <summary>When it was asked.</summary>
    public DateTimeOffset RequestedAt { get; set; }

    /// <summary>
    /// A data set in Explicit VR Little Endian: until the report came the Referenced SOP Sequence of the question, then the Event Information of the report.
    /// </summary>
    public byte[] Dataset { get; set; } = [];
}
