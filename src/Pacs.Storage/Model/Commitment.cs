namespace Pacs.Storage;

/// <summary>How far a storage commitment is. The values are in the index and must not change.</summary>
public enum CommitmentState
{
    /// <summary>Accepted; the device waits for the report.</summary>
    Requested,

    /// <summary>The device has the report.</summary>
    Reported,

    /// <summary>Given up: the device could not be reached for <see cref="Commitments.Patience"/>, or does not know the transaction.</summary>
    Failed,
}

/// <summary>A device's question whether instances are kept for good (PS3.4 annex J), and how far its answer is.</summary>
public sealed class Commitment
{
    /// <summary>Row number; grows in the order of the requests.</summary>
    public long Id { get; set; }

    /// <summary>(0008,1195), the device's name for the question.</summary>
    public string TransactionUid { get; set; } = "";

    /// <summary>The AE title that asks, and that the report goes to.</summary>
    public string CallingAe { get; set; } = "";

    /// <summary>The AE title it called us by, and that we call back with.</summary>
    public string CalledAe { get; set; } = "";

    /// <summary>The address it asked from.</summary>
    public string RemoteHost { get; set; } = "";

    /// <summary>How far it is.</summary>
    public CommitmentState State { get; set; }

    /// <summary>How many instances it is about.</summary>
    public int Count { get; set; }

    /// <summary>How many of them are not kept; null until they have been looked at.</summary>
    public int? FailedCount { get; set; }

    /// <summary>When it was asked.</summary>
    public DateTimeOffset RequestedAt { get; set; }

    /// <summary>When the report is tried next; of one that is not tried any more when that was decided.</summary>
    public DateTimeOffset DueAt { get; set; }

    /// <summary>How often the report was tried in vain.</summary>
    public int Attempts { get; set; }

    /// <summary>Why the last attempt failed, or null.</summary>
    public string? Error { get; set; }

    /// <summary>
    /// A data set in Explicit VR Little Endian: until the instances were looked at the Referenced SOP Sequence of the request, then the Event Information of the report.
    /// </summary>
    public byte[] Dataset { get; set; } = [];
}
