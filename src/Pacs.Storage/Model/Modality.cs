namespace Pacs.Storage;

/// <summary>What a node may ask of us. The values are in the index and must not change.</summary>
[Flags]
public enum ModalityPermissions
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>C-ECHO.</summary>
    Echo = 1,

    /// <summary>C-STORE.</summary>
    Store = 2,

    /// <summary>C-FIND of patients, studies, series and instances.</summary>
    Find = 4,

    /// <summary>C-FIND of the modality worklist.</summary>
    FindWorklist = 8,

    /// <summary>C-GET.</summary>
    Get = 16,

    /// <summary>C-MOVE.</summary>
    Move = 32,

    /// <summary>N-CREATE, N-SET and N-GET of performed procedure steps.</summary>
    Mpps = 64,

    /// <summary>N-ACTION: asking for storage commitment.</summary>
    NAction = 128,

    /// <summary>N-EVENT-REPORT: reporting storage commitment to us.</summary>
    NEventReport = 256,

    /// <summary>Everything.</summary>
    All = Echo | Store | Find | FindWorklist | Get | Move | Mpps | NAction | NEventReport,
}

/// <summary>What is different with a node's software, by the names that Orthanc has for it. The values are in the index and must not change.</summary>
public enum ModalityManufacturer
{
    /// <summary>Nothing is.</summary>
    Generic = 0,

    /// <summary>It fails on <c>*</c> in dates and times: our queries send an empty key instead.</summary>
    GenericNoWildcardInDates = 1,

    /// <summary>It fails on a key that is only <c>*</c>: our queries send an empty key instead.</summary>
    GenericNoUniversalWildcard = 2,

    /// <summary>Vital Images Vitrea. Nothing is different in what we ask.</summary>
    Vitrea = 3,

    /// <summary>GE Enterprise Archive and Advantage Workstation: they want <c>*</c> where a unique key of the level is empty.</summary>
    GE = 4,
}

/// <summary>
/// A node: another DICOM application that we know by its AE title, ask and send to, and that may ask more of us than a stranger. "Modality" is Orthanc's word.
/// </summary>
public sealed record Modality
{
    /// <summary>The longest <see cref="Name"/>.</summary>
    public const int MaxName = 64;

    /// <summary>By what people call it; unique, never sent to anybody.</summary>
    public required string Name { get; init; }

    /// <summary>Its AE title.</summary>
    public required string AeTitle { get; init; }

    /// <summary>Where it listens: a name or an address.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port, 1 to 65535.</summary>
    public required int Port { get; init; }

    /// <summary>What is different with it.</summary>
    public ModalityManufacturer Manufacturer { get; init; }

    /// <summary>What it may ask of us.</summary>
    public ModalityPermissions Permissions { get; init; } = ModalityPermissions.All;

    /// <summary>Whether it gets an instance in another transfer syntax when it does not take the stored one.</summary>
    public bool AllowTranscoding { get; init; } = true;

    /// <summary>Whether we call it over TLS.</summary>
    public bool UseTls { get; init; }

    /// <summary>By which AE title we call it, or null for our own.</summary>
    public string? LocalAeTitle { get; init; }

    /// <summary>Seconds that it may take to answer, 0 for the default.</summary>
    public int Timeout { get; init; }
}
