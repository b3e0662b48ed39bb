using System.ComponentModel.DataAnnotations;

namespace Pacs.Web.Configuration;

/// <summary>The section <c>Worklists</c>.</summary>
public sealed class WorklistSettings
{
    /// <summary>Whether <c>/worklist/add</c>, the modality worklist service and MPPS exist. Default true.</summary>
    public bool Enable { get; init; } = true;

    /// <summary>
    /// A folder in which other programs put worklist entries as <c>*.wl</c> files, as for Orthanc: they are served beside our own, which are in the index. Of the old plugin
    /// the accession counter (<c>accessionid.conf</c>) is continued from here, so that no number is given twice. Default: none.
    /// </summary>
    [FolderPath]
    public string? Database { get; init; }

    /// <summary>
    /// Whether a query with an empty or <c>*</c> Scheduled Station AE Title gets only the entries for the caller's AE title. Default false, as in the old
    /// image: few offices enter station names, and a device that sees nothing is worse than one that sees too much.
    /// </summary>
    [OnPage(SettingsSection.Worklist)]
    public bool FilterIssuerAet { get; set; }

    /// <summary>
    /// Whether an entry is not served any more once the device has reported its step as completed (MPPS). Default true: a device's list shows what there is to do. False: it is
    /// served as <c>COMPLETED</c> until the clean-up takes it.
    /// </summary>
    [OnPage(SettingsSection.Worklist)]
    public bool HideCompleted { get; set; } = true;

    /// <summary>The most answers to one worklist query. Default 0: unlimited.</summary>
    [Range(0, int.MaxValue, ErrorMessage = "a whole number, 0 (unlimited) or more")]
    [OnPage(SettingsSection.Worklist)]
    public int LimitAnswers { get; set; }

    /// <summary>
    /// Seconds between two clean-ups of entries that are done or from an earlier day. Default 600, the old image's. <c>null</c> turns the clean-up off.
    /// </summary>
    [Range(1, 86400, ErrorMessage = "a whole number of seconds from 1 to 86400, or null for no clean-up")]
    public int? CleanupInterval { get; init; } = 600;

    /// <summary>An http(s) address that gets a GET request after each new worklist entry. Default: none.</summary>
    [WebAddress]
    public Uri? UrlOnWorklistEntryAdded { get; init; }
}
