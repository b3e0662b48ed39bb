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
}

/// <summary>Where an instance came from.</summary>
/// <param name="Kind">The door.</param>
/// <param name="CallingAe">The AE title of the sender, where there is one.</param>
/// <param name="CalledAe">The AE title it was sent to, where there is one.</param>
/// <param name="RemoteHost">The address of the sender, where there is one.</param>
public sealed record Origin(OriginKind Kind, string? CallingAe = null, string? CalledAe = null, string? RemoteHost = null);
