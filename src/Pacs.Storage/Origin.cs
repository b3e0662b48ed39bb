namespace Pacs.Storage;

/// <summary>Through which door an instance came. The numbers are in the index.</summary>
public enum OriginKind
{
    /// <summary>Found on the disk without a row in the index.</summary>
    Recovered = 0,

    /// <summary>C-STORE.</summary>
    Dimse = 1,

    /// <summary>An HTTP upload.</summary>
    Http = 2,

    /// <summary>Made here of another instance.</summary>
    Modification = 3,

    /// <summary>Taken over from another archive, which did not say how it got it.</summary>
    Imported = 4,

    /// <summary>Taken over from another archive, which got it by C-STORE.</summary>
    ImportedDimse = 5,

    /// <summary>Taken over from another archive, to which it was uploaded.</summary>
    ImportedHttp = 6,
}

/// <summary>Where an instance came from.</summary>
/// <param name="Kind">The door.</param>
/// <param name="CallingAe">The AE title of the sender, where there is one.</param>
/// <param name="CalledAe">The AE title it was sent to, where there is one.</param>
/// <param name="RemoteHost">The address of the sender, where there is one.</param>
public sealed record Origin(OriginKind Kind, string? CallingAe = null, string? CalledAe = null, string? RemoteHost = null)
{
    /// <summary>When it came to the archive it was taken over from; null: it comes now.</summary>
    public DateTimeOffset? ReceivedAt { get; init; }

    /// <summary>
    /// Whether it was taken over from another archive: it is old, and whoever had to hear of it has heard of it there. Its events are marked as of a rebuilt index (<see cref="PacsEvent.Rebuilt"/>).
    /// </summary>
    public bool IsImported => Kind is OriginKind.Imported or OriginKind.ImportedDimse or OriginKind.ImportedHttp;
}
