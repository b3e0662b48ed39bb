namespace Pacs.Storage;

/// <summary>What a <see cref="Conflict"/> is about.</summary>
public enum ConflictKind
{
    /// <summary>A SOP instance came again with other content; the second copy is kept aside under <see cref="Conflict.Key"/>.</summary>
    InstanceContent = 1,

    /// <summary>A study came whose UID another patient's study already has. Both are stored.</summary>
    StudyOfOtherPatient = 2,

    /// <summary>A study came for a patient id under which another person is known, by birth date and name. Both are stored.</summary>
    OtherPerson = 3,
}

/// <summary>Something two senders contradict each other in. Nothing is lost; somebody has to look.</summary>
public sealed class Conflict
{
    /// <summary>Row number.</summary>
    public long Id { get; set; }

    /// <summary>What it is about.</summary>
    public ConflictKind Kind { get; set; }

    /// <summary>The instance, or the study that came second.</summary>
    public ResourceId Resource { get; set; }

    /// <summary>The file of the second copy, or null where both are stored.</summary>
    public string? Key { get; set; }

    /// <summary>SHA-256 of the second data set as received; together with <see cref="Resource"/> it is unique.</summary>
    public byte[]? Digest { get; set; }

    /// <summary>Bytes of the second copy's file.</summary>
    public long Size { get; set; }

    /// <summary>How it came.</summary>
    public OriginKind Origin { get; set; }

    /// <summary>The AE title that sent it, where there is one.</summary>
    public string? CallingAe { get; set; }

    /// <summary>The address that sent it, where there is one.</summary>
    public string? RemoteHost { get; set; }

    /// <summary>How often it came.</summary>
    public int Count { get; set; } = 1;

    /// <summary>When it came first.</summary>
    public DateTimeOffset At { get; set; }
}
