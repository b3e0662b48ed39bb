using Pacs.Gdt;

namespace Pacs.Web.Configuration;

/// <summary>The section <c>GdtGenerator</c>.</summary>
public sealed class GdtSettings
{
    /// <summary>Whether GDT files are written, if there is an <see cref="IncomingDir"/> to write them to. Default true.</summary>
    public bool Enable { get; init; } = true;

    /// <summary>
    /// The import folder of the practice software. Default: none, and then no GDT files are written: a folder that nobody empties would gather patients' data.
    /// </summary>
    [FolderPath]
    public string? IncomingDir { get; init; }

    /// <summary>The profile of the files in <see cref="IncomingDir"/>: version, character set, fields and names. Default <c>medical-office</c>: the bytes of the old plugin.</summary>
    [GdtProfileName]
    public string Profile { get; init; } = GdtProfile.DefaultName;

    /// <summary>
    /// The folder of the practice's own profiles: JSON files that the page *GDT* writes. Default <c>gdt-profiles</c> in <see cref="PacsOptions.DataDirectory"/>, where they are in the back-up.
    /// </summary>
    [FolderPath]
    public string? ProfileDirectory { get; init; }

    /// <summary>
    /// The folder in which the practice software puts its orders (6302) and what else it asks for: they become worklist entries. Default: none. It must be another folder than
    /// <see cref="IncomingDir"/>.
    /// </summary>
    [FolderPath]
    public string? InboxDirectory { get; init; }

    /// <summary>What orders become at the device: a list of objects with <c>TestType</c> (a pattern for 8402), <c>Modality</c>, <c>Station</c>, <c>Procedure</c>. Default: none, which is ultrasound at <c>US01</c>.</summary>
    [GdtOrderRules]
    public IReadOnlyList<GdtOrderRule> Orders { get; init; } = [];

    /// <summary>
    /// Further receivers: a list of objects with <c>Name</c>, <c>Folder</c>, <c>Profile</c>, <c>Trigger</c>, <c>Delivery</c> and whatever is to differ from the profile; docs/gdt.md has them all.
    /// Default: none.
    /// </summary>
    [GdtReceivers]
    public IReadOnlyList<GdtReceiverSettings> Receivers { get; init; } = [];

    /// <summary>
    /// The folder inside of which receivers that are entered on the page *GDT-Empfänger* or over REST have their folders. Default: none, and then they may have them anywhere but in the server's own folders.
    /// </summary>
    [FolderPath]
    public string? FolderRoot { get; init; }

    /// <summary>
    /// The address under which the practice's browsers reach this server, e.g. <c>http://192.168.1.10:8042</c>: links in GDT records begin with it. Default: none, and then there are no links: behind a
    /// proxy or in a container the server cannot know it.
    /// </summary>
    [WebAddress]
    [OnPage(SettingsSection.Gdt)]
    public Uri? LinkAddress { get; set; }

    /// <summary>
    /// The old plugin's SQLite file of studies that already have their GDT file. They are taken over at start, so that no study is reported again. Default:
    /// none.
    /// </summary>
    [FolderPath]
    public string? TransmittedStudiesDatabase { get; init; }

    /// <summary>Field 8410 of a study's file. Default <c>EXTPACS</c>: practice software is set up for it.</summary>
    [GdtText]
    public string TestId { get; init; } = "EXTPACS";

    /// <summary>Field 8411 of a study's file. Default <c>PACS-Datensatz</c>.</summary>
    [GdtText]
    public string TestDescription { get; init; } = "PACS-Datensatz";

    /// <summary>An http(s) address that gets a GET request after each GDT file of a new study. Default: none.</summary>
    [WebAddress]
    public Uri? UrlOnGdtWritten { get; init; }

    /// <summary>
    /// Whether measured values of -1 and below (strain, for example) are exported from echo reports. Default true; the old plugin dropped them. Test
    /// identifiers are the same either way.
    /// </summary>
    [OnPage(SettingsSection.Gdt)]
    public bool KeepNegativeValues { get; set; } = true;

    /// <summary>
    /// The name of a file that must be in <see cref="IncomingDir"/> before anything is written there. Put one on the share: when the share is not mounted, files
    /// wait instead of disappearing in the empty mount point. Default: none.
    /// </summary>
    [FileName]
    public string? MarkerFile { get; init; }
}
