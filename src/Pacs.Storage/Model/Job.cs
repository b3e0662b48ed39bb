namespace Pacs.Storage;

/// <summary>How far a job is; by Orthanc's names. The values are in the index and must not change.</summary>
public enum JobState
{
    /// <summary>It waits for its turn.</summary>
    Pending = 0,

    /// <summary>It is being worked on.</summary>
    Running = 1,

    /// <summary>Done.</summary>
    Success = 2,

    /// <summary>Given up, or cancelled.</summary>
    Failure = 3,

    /// <summary>Stopped until somebody resumes it.</summary>
    Paused = 4,

    /// <summary>It failed and is tried again at <see cref="Job.DueAt"/>.</summary>
    Retry = 5,

    /// <summary>All is sent, and the node has been asked whether it keeps it; waits for its report until <see cref="Job.DueAt"/>. Orthanc has no name for it: others see it running.</summary>
    Unconfirmed = 6,
}

/// <summary>Why a job, or an instance of it, failed, for people who read it in their language. The values are in the index and must not change.</summary>
public enum JobFault
{
    /// <summary>It has not, or it was by a version that kept no more than a sentence.</summary>
    None = 0,

    /// <summary>There is no such node any more.</summary>
    NoNode = 1,

    /// <summary>The node cannot be reached, or the connection broke.</summary>
    Unreachable = 2,

    /// <summary>The node was silent for too long.</summary>
    Silent = 3,

    /// <summary>The node rejects the association. Detail: result, source and reason.</summary>
    Rejected = 4,

    /// <summary>The node aborted the association.</summary>
    BrokenOff = 5,

    /// <summary>The TLS handshake failed.</summary>
    Tls = 6,

    /// <summary>What the node answers makes no sense.</summary>
    Unintelligible = 7,

    /// <summary>The node refuses an instance. Detail: its status.</summary>
    Refused = 8,

    /// <summary>The node does not take the SOP class or the transfer syntax. Detail: its UID.</summary>
    NotTaken = 9,

    /// <summary>An instance is not here any more.</summary>
    Gone = 10,

    /// <summary>A file cannot be read.</summary>
    Unreadable = 11,

    /// <summary>This server failed; its log says how.</summary>
    OwnFailure = 12,

    /// <summary>Somebody cancelled it.</summary>
    Cancelled = 13,

    /// <summary>The node does not take the question whether it keeps the instances. Detail: its status, or empty when it has no storage commitment.</summary>
    NoCommitment = 14,

    /// <summary>The node does not confirm that it keeps all instances. Detail: how many it does not.</summary>
    Unconfirmed = 15,

    /// <summary>The node has not reported whether it keeps the instances.</summary>
    NoReport = 16,

    /// <summary>The node could not send what was asked for. Detail: its status.</summary>
    NotRetrieved = 17,

    /// <summary>What is to be taken over cannot be read. Detail: why.</summary>
    NoSource = 18,

    /// <summary>An instance of another archive could not be taken over. Detail: why.</summary>
    NotTakenOver = 19,

    /// <summary>There is no room left on our disk.</summary>
    NoRoom = 20,

    /// <summary>The Orthanc whose folder is to be taken over is running.</summary>
    SourceRuns = 21,

    /// <summary>What is to be taken over is on a server that cannot be reached.</summary>
    SourceSilent = 22,

    /// <summary>The server from which is taken over wants a user and a password.</summary>
    SourceLocked = 23,
}

/// <summary>Why a job, or an instance of it, failed.</summary>
/// <param name="Code">Orthanc's number.</param>
/// <param name="Fault">The kind.</param>
/// <param name="Sentence">It in a sentence for the REST API and the log, without patient data.</param>
/// <param name="Detail">A status, UID or number that the kind goes with; empty for none.</param>
public sealed record JobError(int Code, JobFault Fault, string Sentence, string Detail = "");

/// <summary>A piece of work that outlives the process: sending instances to a node, having it send some, or making instances of others.</summary>
public sealed class Job
{
    /// <summary>Row number.</summary>
    public long Id { get; set; }

    /// <summary>The id that others see: a UUID.</summary>
    public string PublicId { get; set; } = "";

    /// <summary>What it does, by Orthanc's names: <c>DicomModalityStore</c>, <c>DicomMoveScu</c>, <c>DicomGetScu</c>, <c>ResourceModification</c> …</summary>
    public string Kind { get; set; } = "";

    /// <summary>How far it is.</summary>
    public JobState State { get; set; }

    /// <summary>Greater ones come first.</summary>
    public int Priority { get; set; }

    /// <summary>The name of the node it is for, or its kind where there is none: jobs of one node are done one after the other.</summary>
    public string Node { get; set; } = "";

    /// <summary>Instances for the same purpose are added to the open job with this key instead of making another; null for those that stand alone.</summary>
    public string? Key { get; set; }

    /// <summary>What else the kind of job has to know, as JSON.</summary>
    public string Content { get; set; } = "{}";

    /// <summary>Milliseconds without any progress after which it is given up.</summary>
    public long Patience { get; set; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When it may be worked on next.</summary>
    public DateTimeOffset DueAt { get; set; }

    /// <summary>When something of it last succeeded, or when it was made or resubmitted.</summary>
    public DateTimeOffset ProgressedAt { get; set; }

    /// <summary>When it succeeded or was given up.</summary>
    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>Milliseconds it was worked on.</summary>
    public long Runtime { get; set; }

    /// <summary>How often it has failed since its last progress.</summary>
    public int Attempts { get; set; }

    /// <summary>How many instances it is about.</summary>
    public int Total { get; set; }

    /// <summary>How many of them are done.</summary>
    public int Sent { get; set; }

    /// <summary>How many of them have failed for good.</summary>
    public int Failed { get; set; }

    /// <summary>Orthanc's number of the last error, 0 for none.</summary>
    public int ErrorCode { get; set; }

    /// <summary>The last error in a sentence, without patient data; empty for none.</summary>
    public string Error { get; set; } = "";

    /// <summary>The kind of the last error.</summary>
    public JobFault Fault { get; set; }

    /// <summary><see cref="JobError.Detail"/> of the last error.</summary>
    public string FaultDetail { get; set; } = "";

    /// <summary>Transaction UID of the last question for storage commitment about it, or null.</summary>
    public string? CommitmentUid { get; set; }

    /// <summary>Sets the last error, or forgets it.</summary>
    public void SetError(JobError? error) => (ErrorCode, Error, Fault, FaultDetail) = (error?.Code ?? 0, error?.Sentence ?? "", error?.Fault ?? JobFault.None, error?.Detail ?? "");
}

/// <summary>What has become of one instance of a job. The values are in the index and must not change.</summary>
public enum JobItemState
{
    /// <summary>Still to be done.</summary>
    Waiting = 0,

    /// <summary>Done.</summary>
    Sent = 1,

    /// <summary>Failed for good.</summary>
    Failed = 2,
}

/// <summary>One instance of a job. Goes when the job has succeeded.</summary>
public sealed class JobItem
{
    /// <summary><see cref="Job.Id"/>.</summary>
    public long JobId { get; set; }

    /// <summary>Its place in the list.</summary>
    public int Ordinal { get; set; }

    /// <summary>The instance, which may be gone by now; of a retrieve the digest of what is asked for.</summary>
    public ResourceId Instance { get; set; }

    /// <summary>What has become of it.</summary>
    public JobItemState State { get; set; }

    /// <summary>How often it alone has failed.</summary>
    public int Tries { get; set; }

    /// <summary>The DIMSE status it failed with last, 0 for none.</summary>
    public int Status { get; set; }
}
