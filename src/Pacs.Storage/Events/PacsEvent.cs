namespace Pacs.Storage;

/// <summary>What has happened. The numbers are Orthanc's where it has the same; they are in the index and must not change.</summary>
public enum EventKind
{
    /// <summary>An instance was stored.</summary>
    NewInstance = 2,

    /// <summary>The first instance of a patient was stored.</summary>
    NewPatient = 3,

    /// <summary>The first instance of a series was stored.</summary>
    NewSeries = 4,

    /// <summary>The first instance of a study was stored.</summary>
    NewStudy = 5,

    /// <summary>A study was made of another one by de-identification.</summary>
    AnonymizedStudy = 6,

    /// <summary>A series was made of another one by de-identification.</summary>
    AnonymizedSeries = 7,

    /// <summary>A study was made of another one by a modification.</summary>
    ModifiedStudy = 8,

    /// <summary>A series was made of another one by a modification.</summary>
    ModifiedSeries = 9,

    /// <summary>A patient was made of another one by de-identification.</summary>
    AnonymizedPatient = 10,

    /// <summary>A patient was made of another one by a modification.</summary>
    ModifiedPatient = 11,

    /// <summary>A patient got nothing new for <see cref="StorageOptions.StableAge"/>.</summary>
    StablePatient = 12,

    /// <summary>A study got nothing new for <see cref="StorageOptions.StableAge"/>.</summary>
    StableStudy = 13,

    /// <summary>A series got nothing new for <see cref="StorageOptions.StableAge"/>.</summary>
    StableSeries = 14,

    /// <summary>The file of an instance was replaced, or a file beside a resource was changed.</summary>
    UpdatedAttachment = 15,

    /// <summary>What was noted about a resource has changed.</summary>
    UpdatedMetadata = 16,

    /// <summary>A resource was deleted.</summary>
    Deleted = 4096,

    /// <summary>A worklist item was made; the resource is <see cref="ResourceId.ForPatient"/> of its accession number, see <see cref="PacsEvent.Detail"/>.</summary>
    WorklistAdded = 8001,

    /// <summary>A GDT file was handed over; the resource is what it is about.</summary>
    GdtWritten = 8002,

    /// <summary>A conflict was recorded; the resource is the instance or study.</summary>
    ConflictFound = 8003,

    /// <summary>A performed procedure step has begun (MPPS). The resource is its study, which may have no image yet; <see cref="PacsEvent.Detail"/> is the SOP Instance UID of the step.</summary>
    StepStarted = 8004,

    /// <summary>A performed procedure step is completed; as <see cref="StepStarted"/>.</summary>
    StepCompleted = 8005,

    /// <summary>A performed procedure step was discontinued; as <see cref="StepStarted"/>.</summary>
    StepDiscontinued = 8006,

    /// <summary>The labels of a resource have changed.</summary>
    LabelsChanged = 8007,
}

/// <summary>One line of the feed: written in the same transaction as what it tells, so that none is ever lost.</summary>
/// <param name="Seq">Its number; grows by commit order. Numbers may be left out, none comes twice.</param>
/// <param name="Kind">What has happened.</param>
/// <param name="Level">The level of the resource.</param>
/// <param name="Resource">The resource. It may be gone by the time somebody reads this.</param>
/// <param name="At">When.</param>
/// <param name="Detail">What the ids do not say, e.g. the accession number of a worklist item; null as a rule.</param>
/// <param name="Rebuilt">
/// Written while a lost index was rebuilt from the files: the resource is old, and was announced before. Clients that list changes see it,
/// consumers do not: no study is sent to the practice software twice.
/// </param>
public sealed record PacsEvent(
    long Seq, EventKind Kind, Level Level, ResourceId Resource, DateTimeOffset At, string? Detail = null, bool Rebuilt = false);
