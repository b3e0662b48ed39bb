using System.Globalization;
using Pacs.Dicom;

namespace Pacs.Gdt;

/// <summary>What 8410 of a measured value is made of.</summary>
public enum MeasurementIdentifiers
{
    /// <summary>For echo and Sonoscape reports the initials the old plugin made; for all others the codes.</summary>
    Compatible,

    /// <summary>The codes of the report, for all.</summary>
    Code,
}

/// <summary>The section <c>Measurements</c> of the configuration: how measured values of reports become GDT and text. The defaults are what the old plugin did.</summary>
public sealed class MeasurementOptions
{
    /// <summary>
    /// Whether reports of every template are exported, not only those of the old plugin (5200, SONO1000, SONO10000). Default false: practice software would get values nobody
    /// has set it up for.
    /// </summary>
    public bool AllReports { get; set; }

    /// <summary>What identifiers are made of. Default <see cref="MeasurementIdentifiers.Compatible"/>: trend tables in practice software hang on them.</summary>
    public MeasurementIdentifiers Identifiers { get; set; }

    /// <summary>Which of several values of one measurement counts where the device has not chosen. Default the mean. The compatible identifiers' values are always the last.</summary>
    public RepeatedValue Repeats { get; set; } = RepeatedValue.Mean;

    /// <summary>The language of names and text. Default German.</summary>
    public CultureInfo Language { get; set; } = CultureInfo.GetCultureInfo("de-DE");

    /// <summary>The field that gets the report as readable lines: <c>6220</c> or <c>6228</c>; null for none, which is the default.</summary>
    public string? TextField { get; set; }
}
