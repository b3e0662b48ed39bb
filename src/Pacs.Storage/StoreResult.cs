namespace Pacs.Storage;

/// <summary>What became of an instance. The doors translate each into their protocol's words.</summary>
public enum StoreOutcome
{
    /// <summary>It is on the disk, with all that the index has to know of it.</summary>
    Stored,

    /// <summary>The same instance with the same content was there already: nothing has changed.</summary>
    AlreadyStored,

    /// <summary>The instance was there with other content, which this one has replaced (<see cref="StorageOptions.OverwriteInstances"/>) or healed.</summary>
    Replaced,

    /// <summary>The instance is there with other content: that one stays, this one is kept aside and shown as a <see cref="Conflict"/>.</summary>
    Conflicting,

    /// <summary>Not stored: the bytes cannot be read as a data set.</summary>
    Malformed,

    /// <summary>Not stored: SOP Class, SOP Instance, Study or Series Instance UID is missing or none.</summary>
    InvalidIdentity,

    /// <summary>Not stored: the data set contradicts what was announced with it.</summary>
    Contradiction,

    /// <summary>Not stored: the disk is full or does not work. Later it may.</summary>
    OutOfResources,
}

/// <summary>What became of an instance, and its names.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Instance">Its id; default when it was not stored.</param>
/// <param name="Series">The id of its series.</param>
/// <param name="Study">The id of its study.</param>
/// <param name="Patient">The id of its patient.</param>
/// <param name="Reason">Why it was not stored: one sentence in English of at most 64 characters without patient data, fit for (0000,0902) Error Comment.</param>
public sealed record StoreResult(StoreOutcome Outcome, ResourceId Instance, ResourceId Series, ResourceId Study, ResourceId Patient, string? Reason = null)
{
    /// <summary>Whether the sender may forget the instance: it is safe here.</summary>
    public bool IsSafe => Outcome <= StoreOutcome.Conflicting;

    internal static StoreResult Refused(StoreOutcome outcome, string reason) => new(outcome, default, default, default, default, reason);
}
