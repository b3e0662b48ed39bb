using System.Text.Json.Serialization;

namespace Pacs.Gdt;

/// <summary>What makes a receiver get the record of a study.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GdtTrigger>))]
public enum GdtTrigger
{
    /// <summary>Its first image has come, as with the old plugin. The practice software knows of it at once; description and modalities are those of that image.</summary>
    FirstInstance,

    /// <summary>Nothing new has come for <c>StableAge</c> seconds.</summary>
    StudyStable,

    /// <summary>The device has reported its performed procedure step as completed (MPPS). Studies of devices that report none are sent when they are stable.</summary>
    StepCompleted,
}

/// <summary>When a file goes into the folder.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GdtDelivery>))]
public enum GdtDelivery
{
    /// <summary>As soon as there is one.</summary>
    AtOnce,

    /// <summary>When the file before it has been fetched: for practice software that reads one file of a fixed name.</summary>
    HoldBack,

    /// <summary>When it is asked for: by <c>Pacs.Web gdt fetch</c>, over REST, or on the page.</summary>
    OnDemand,
}

/// <summary>An entry of <c>GdtGenerator.Receivers</c>: who gets files, where, when, and what of the profile is different for him.</summary>
public sealed record GdtReceiverSettings : GdtProfileData
{
    /// <summary>Its name: small letters, digits, <c>-</c> and <c>_</c>. It is in the index; renamed it is another receiver. <c>default</c> replaces <c>IncomingDir</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>The folder that its practice software imports from; an absolute path.</summary>
    public string Folder { get; init; } = "";

    /// <summary>As <see cref="GdtOptions.MarkerFile"/>.</summary>
    public string? MarkerFile { get; init; }

    /// <summary>When it gets the record of a study. Default: at the first image.</summary>
    public GdtTrigger Trigger { get; init; }

    /// <summary>When a file goes into the folder. Default: at once.</summary>
    public GdtDelivery Delivery { get; init; }

    /// <summary>
    /// Whether a study that is stable again is sent again when it has got more series or its record says something else by then. Default false: practice software makes a second line of it.
    /// </summary>
    public bool Updates { get; init; }

    /// <summary>Whether records name the study's page as an attachment (6302 to 6305); needs <see cref="GdtOptions.LinkAddress"/>. Default false.</summary>
    public bool AttachLink { get; init; }

    /// <summary>How many pictures (JPEG) the record of a study names and brings; at most <see cref="GdtAttachments.MaxImages"/>. Default 0.</summary>
    public int AttachImages { get; init; }

    /// <summary>Whether records bring a sheet (PDF) with the patient and the measured values. Default false.</summary>
    public bool AttachSheet { get; init; }

    /// <summary>How many pictures are on the sheet. Default 0.</summary>
    public int SheetImages { get; init; }

    /// <summary>The folder for pictures and sheets; an absolute path. It must be there, unless it is inside of <see cref="Folder"/>. Default none.</summary>
    public string? AttachmentFolder { get; init; }

    /// <summary>How the practice software sees <see cref="AttachmentFolder"/>, for 6305: <c>\\server\gdt\bilder</c>; empty for names alone. Default: the folder as the server sees it.</summary>
    public string? AttachmentPath { get; init; }

    /// <summary>How many days after a record was fetched the pictures and sheets it names are removed; 0 for never. Default 0: most practice software keeps the path and not the file.</summary>
    public int AttachmentDays { get; init; }

    /// <summary>The folder in which its practice software puts orders (6302), cancellations (6303), patients' data (6301) and requests to show a study (6311). Default none.</summary>
    public string? InboxDirectory { get; init; }

    /// <summary>The character set of files in the inbox that name none and do not show it. Default: IBM 437, the standard's.</summary>
    public string? InboxCharacterSet { get; init; }

    /// <summary>What orders become at the device, the first that fits. Default: ultrasound at <c>US01</c>.</summary>
    public IReadOnlyList<GdtOrderRule>? Orders { get; init; }
}

/// <summary>Somebody who gets GDT files.</summary>
/// <param name="Settings">What is configured.</param>
/// <param name="Profile">How its records are written.</param>
public sealed record GdtReceiver(GdtReceiverSettings Settings, GdtProfile Profile)
{
    /// <summary>Its name in the index.</summary>
    public string Name => Settings.Name;

    /// <summary>Its import folder.</summary>
    public string Folder { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Settings.Folder));

    /// <summary>Tries the folder as a delivery would: a file is written, renamed and deleted again.</summary>
    /// <returns>What is wrong, without patient data; null when all is well.</returns>
    public Task<string?> CheckFolderAsync(CancellationToken ct) => Task.Run(
        () =>
        {
            try
            {
                new ImportFolder(Folder).Probe(Settings.MarkerFile);
                GdtAttachments.Probe(Settings);
                return null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return GdtReasons.Of(e);
            }
        },
        ct);
}
