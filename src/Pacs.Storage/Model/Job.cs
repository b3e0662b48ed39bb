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
}

/// <summary>A piece of work on a list of instances that outlives the process: sending them to a node.</summary>
public sealed class Job
{
    /// <summary>Row number.</summary>
    public long Id { get; set; }

    /// <summary>The id that others see: a UUID.</summary>
    public string PublicId { get; set; } = "";

    /// <summary>What it does, by Orthanc's names: <c>DicomModalityStore</c>.</summary>
    public string Kind { get; set; } = "";

    /// <summary>How far it is.</summary>
    public JobState State { get; set; }

    /// <summary>Greater ones come first.</summary>
    public int Priority { get; set; }

    /// <summary>The name of the node it is for: jobs of one node are done one after the other.</summary>
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

    /// <summary>The instance; it may be gone by now.</summary>
    public ResourceId Instance { get; set; }

    /// <summary>What has become of it.</summary>
    public JobItemState State { get; set; }

    /// <summary>How often it alone has failed.</summary>
    public int Tries { get; set; }

    /// <summary>The DIMSE status it failed with last, 0 for none.</summary>
    public int Status { get; set; }
}
