namespace Pacs.Storage;

/// <summary>
/// Who has called our DICOM port: by which AE title, from where, and for what. So that people see when a device was heard of last, and find the devices that they have not entered yet.
/// </summary>
public sealed record Caller
{
    /// <summary>The AE title it called itself; with <see cref="Host"/> the key.</summary>
    public required string AeTitle { get; init; }

    /// <summary>The address it called from.</summary>
    public required string Host { get; init; }

    /// <summary>When it was heard of first.</summary>
    public DateTimeOffset FirstSeenAt { get; init; }

    /// <summary>When it was heard of last.</summary>
    public DateTimeOffset SeenAt { get; init; }

    /// <summary>What it has asked for, ever.</summary>
    public ModalityPermissions Asked { get; init; }

    /// <summary>What of that it was not allowed when it asked last.</summary>
    public ModalityPermissions Refused { get; init; }

    /// <summary>Whether its last association was rejected.</summary>
    public bool IsRejected { get; init; }

    /// <summary>SOP Instance UID of the last instance it has stored; null when it has stored none.</summary>
    public string? LastInstance { get; init; }
}
