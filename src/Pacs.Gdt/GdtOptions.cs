namespace Pacs.Gdt;

/// <summary>
/// The section <c>GdtGenerator</c> of the configuration. Names and defaults are those of the old image, so that its files keep working; what is
/// new says so. <c>UrlOnGdtWritten</c> of the same section is <see cref="Webhook"/>'s.
/// </summary>
public sealed class GdtOptions
{
    /// <summary>Whether GDT files are written at all. Default true: it is what the product is for.</summary>
    public bool Enable { get; set; } = true;

    /// <summary>
    /// The folder in which the practice software looks for files. Default <c>GdtIncoming</c> in the working directory. It is made when it is absent
    /// and was never used before; later its absence means that a share is not there, and files wait. Null: only <see cref="Receivers"/> get files.
    /// </summary>
    public string? IncomingDir { get; set; } = "GdtIncoming";

    /// <summary>New: the profile of the files in <see cref="IncomingDir"/>. Default <see cref="GdtProfile.DefaultName"/>: what the old plugin wrote.</summary>
    public string Profile { get; set; } = GdtProfile.DefaultName;

    /// <summary>New: the folder in which the practice's own profiles are, made on the pages or by hand. Default none.</summary>
    public string? ProfileDirectory { get; set; }

    /// <summary>New: <see cref="GdtReceiverSettings.InboxDirectory"/> of the default receiver.</summary>
    public string? InboxDirectory { get; set; }

    /// <summary>New: <see cref="GdtReceiverSettings.Orders"/> of the default receiver.</summary>
    public IReadOnlyList<GdtOrderRule> Orders { get; set; } = [];

    /// <summary>New: further receivers, each with a folder and a profile of its own. Default none.</summary>
    public IReadOnlyList<GdtReceiverSettings> Receivers { get; set; } = [];

    /// <summary>New: the address of this server for the practice's browsers, for links in records. Default none: behind a proxy or in a container we cannot know it.</summary>
    public Uri? LinkAddress { get; set; }

    /// <summary>
    /// The old plugin's SQLite file with the studies it had announced. Read once, at the first start that finds it: these studies are not
    /// announced again. Never written. Default none.
    /// </summary>
    public string? TransmittedStudiesDatabase { get; set; }

    /// <summary>8410 of the study file: the key by which the practice software recognises it. Default <c>EXTPACS</c>.</summary>
    public string TestId { get; set; } = "EXTPACS";

    /// <summary>8411 of the study file. Default <c>PACS-Datensatz</c>. The old plugin took it only together with <see cref="TestId"/>.</summary>
    public string TestDescription { get; set; } = "PACS-Datensatz";

    /// <summary>
    /// New: whether measured values of -1 and below (strain, for example) are exported from echo reports. Default true. The old plugin dropped
    /// them; false brings its bytes back. The test identifiers are the same either way. A value of exactly -1 from a Sonoscape device is never
    /// exported: it means not measured.
    /// </summary>
    public bool KeepNegativeValues { get; set; } = true;

    /// <summary>
    /// New: the name of a file that must be in <see cref="IncomingDir"/> before anything is written there. Put it on the share: when the share
    /// is not mounted the file is missing, and nothing is written into the empty mount point. Default none.
    /// </summary>
    public string? MarkerFile { get; set; }

    /// <summary>New: the folder in which receivers that are entered while the server runs have their folders. Default none: anywhere but in <see cref="OwnFolders"/>.</summary>
    public string? FolderRoot { get; set; }

    /// <summary>The server's own folders, in which no receiver has his: an inbox there would carry the archive away. Default none.</summary>
    public IReadOnlyList<string> OwnFolders { get; set; } = [];

    /// <summary>Whether there is a worklist, for orders from inboxes. Default true.</summary>
    public bool HasWorklist { get; set; } = true;

    /// <summary>New: how measured values of reports are named, folded and written. The section <c>Measurements</c>.</summary>
    public MeasurementOptions Measurements { get; set; } = new();
}
