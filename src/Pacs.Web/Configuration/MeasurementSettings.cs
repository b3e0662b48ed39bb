using System.Globalization;
using Pacs.Dicom;
using Pacs.Gdt;

namespace Pacs.Web.Configuration;

/// <summary>The section <c>Measurements</c>: measured values of reports, as GDT and as text.</summary>
public sealed class MeasurementSettings
{
    /// <summary>
    /// <c>known</c>: values are exported of the templates that the old plugin knew (5200, SONO1000, SONO10000). <c>all</c>: of every Structured Report. Default <c>known</c>: practice
    /// software is not sent values nobody has set it up for.
    /// </summary>
    [OneOf("known", "all")]
    [OnPage(SettingsSection.Gdt)]
    public string Reports { get; set; } = "known";

    /// <summary>
    /// Field 8410. <c>compatible</c>: the identifiers of the old plugin for its templates, codes for others. <c>code</c>: codes for all, with the whole of the report's values. Default
    /// <c>compatible</c>: trend tables hang on them.
    /// </summary>
    [OneOf("compatible", "code")]
    [OnPage(SettingsSection.Gdt)]
    public string Identifiers { get; set; } = "compatible";

    /// <summary>Which of several values of one measurement counts where the device has not chosen one. Default <c>mean</c>.</summary>
    [OneOf("mean", "min", "max", "last")]
    [OnPage(SettingsSection.Gdt)]
    public string Repeats { get; set; } = "mean";

    /// <summary>The language of names and text in GDT files. Default <c>de</c>; <c>en</c> are the device's own words.</summary>
    [OneOf("de", "en")]
    [OnPage(SettingsSection.Gdt)]
    public string Language { get; set; } = "de";

    /// <summary>The field that gets a report as readable lines: <c>6220</c> or <c>6228</c>. Default: none.</summary>
    [OneOf("6220", "6228")]
    [OnPage(SettingsSection.Gdt)]
    public string? TextField { get; set; }

    internal MeasurementOptions ToOptions() => new()
    {
        AllReports = Reports == "all",
        Identifiers = Identifiers == "code" ? MeasurementIdentifiers.Code : MeasurementIdentifiers.Compatible,
        Repeats = Enum.Parse<RepeatedValue>(Repeats, ignoreCase: true),
        Language = CultureInfo.GetCultureInfo(Language == "de" ? "de-DE" : "en-GB"),
        TextField = TextField,
    };
}
