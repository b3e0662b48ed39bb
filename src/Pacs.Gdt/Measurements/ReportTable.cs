using System.Globalization;
using System.Text;
using Pacs.Dicom;

namespace Pacs.Gdt;

/// <summary>A measurement for people.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Details">How; may be empty.</param>
/// <param name="Value">The number, rounded and written as the language does.</param>
/// <param name="Unit">Its unit; may be empty.</param>
/// <param name="Limits">What it is compared with; may be empty.</param>
/// <param name="Previous">The same measurement in earlier reports, in their order: number and unit, or empty where they have none.</param>
public sealed record ReportRow(string Name, string Details, string Value, string Unit, string Limits, IReadOnlyList<string> Previous);

/// <summary>Measurements of one organ, vessel or part of a report.</summary>
/// <param name="Heading">Which; may be empty.</param>
/// <param name="Rows">The measurements, in the order of the report.</param>
public sealed record ReportSection(string Heading, IReadOnlyList<ReportRow> Rows);

/// <summary>The measurements of a report as a table that people read: German or English names, units as they are written, rounded, repeats folded.</summary>
/// <param name="Title">What kind of report it is.</param>
/// <param name="Sections">Its parts, in the order in which the report names them first; what belongs to none stands before them.</param>
public sealed record ReportTable(string Title, IReadOnlyList<ReportSection> Sections)
{
    // a blank at which no line ends: between a number and its unit
    private const char Fixed = '\u00A0';

    /// <summary>Makes the table of a report.</summary>
    /// <param name="report">The report.</param>
    /// <param name="measurements">Its values.</param>
    /// <param name="language">German, or any other for the device's words. Numbers are written as this culture does.</param>
    /// <param name="previous">The values of earlier reports that should stand beside; none by default.</param>
    public static ReportTable Create(SrDocument report, FoldedMeasurements measurements, CultureInfo language, params IReadOnlyList<FoldedMeasurements> previous)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(measurements);
        var title = report.Root.Concept is { } concept ? ConceptNames.Of(concept, language) : "";
        var earlier = previous.Select(p => p.Values.GroupBy(v => (v.Identity, v.Ordinal)).ToDictionary(g => g.Key, g => g.First())).ToList();
        var sections = new OrderedDictionary<string, List<ReportRow>>(StringComparer.Ordinal);
        foreach (var value in measurements.Values)
        {
            var heading = Heading(value, language);
            if (!sections.TryGetValue(heading, out var rows))
            {
                sections.Add(heading, rows = []);
            }
            var (number, unit) = MeasurementText.Quantity(value, language);
            var name = MeasurementText.Name(value, language);
            name = name.StartsWith(heading + ": ", StringComparison.Ordinal) ? name[(heading.Length + 2)..] : name;
            rows.Add(new ReportRow(
                name, string.Join(", ", MeasurementText.Details(value, language)), number, unit,
                string.Join("; ", MeasurementText.Limits(value, language)), [.. earlier.Select(e => Earlier(e, value, language))]));
        }
        // what has no heading would look like the end of the section before
        return new ReportTable(title, [.. sections.OrderBy(s => s.Key.Length > 0).Select(s => new ReportSection(s.Key, s.Value))]);
    }

    /// <summary>The table as lines of text, as letters and 6220/6228 have it.</summary>
    /// <param name="width">Characters in a line; GDT 2.1 allows 60. Longer ones go on in the next, indented.</param>
    public IReadOnlyList<string> Lines(int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 20);
        var lines = new List<string>();
        foreach (var section in Sections)
        {
            if (section.Heading.Length > 0)
            {
                Wrap(section.Heading + ":", width, lines);
            }
            foreach (var row in section.Rows)
            {
                var line = new StringBuilder(section.Heading.Length > 0 ? "  " : "").Append(row.Name);
                line.Append(row.Details.Length > 0 ? $" ({row.Details})" : "").Append(": ").Append(row.Value);
                line.Append(row.Unit.Length > 0 ? Fixed + row.Unit : "").Append(row.Limits.Length > 0 ? $" [{row.Limits}]" : "");
                Wrap(line.ToString(), width, lines);
            }
        }
        return lines;
    }

    // organ or vessel, else the section of the report
    private static string Heading(SrMeasurement value, CultureInfo language)
    {
        var part = MeasurementText.Site(value, language);
        if (part.Length == 0)
        {
            part = value.Sections.Select(s => ConceptNames.Of(s, language)).FirstOrDefault() ?? "";
        }
        var fetus = MeasurementText.Fetus(value);
        return fetus.Length > 0 && part.Length > 0 ? $"{fetus} – {part}" : fetus + part;
    }

    private static string Earlier(Dictionary<(string, int), SrMeasurement> report, SrMeasurement value, CultureInfo language)
    {
        if (!report.TryGetValue((value.Identity, value.Ordinal), out var same))
        {
            return "";
        }
        var (number, unit) = MeasurementText.Quantity(same, language);
        return $"{number} {unit}".TrimEnd();
    }

    private static void Wrap(string text, int width, List<string> lines)
    {
        while (text.Length > width)
        {
            var end = text.LastIndexOf(' ', width, width - 8);
            end = end > 0 ? end : width;
            lines.Add(text[..end].TrimEnd().Replace(Fixed, ' '));
            text = "    " + text[end..].TrimStart();
        }
        lines.Add(text.Replace(Fixed, ' '));
    }
}
