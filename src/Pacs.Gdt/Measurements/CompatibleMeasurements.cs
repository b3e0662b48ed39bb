using System.Globalization;
using Pacs.Dicom;

namespace Pacs.Gdt;

/// <summary>
/// The measured values as the old plugin exported them, where it did not fail: the measurement groups of echo reports (TID 5200) and the measurements of
/// Sonoscape's private templates, in its order and under its identifiers. One odd item never costs the others. All that is new goes into
/// <see cref="CodedMeasurements"/>; this stays as it is, because trend tables in practice software hang on it.
/// </summary>
public sealed class CompatibleMeasurements
{
    // only code values are compared, never the schemes, as in the old plugin: devices write SRT, SNM3 and 99SDM for the same code
    private const string MeasurementGroup = "125007";
    private const string SonoscapeMeasurement = "10020";

    /// <summary>The templates that reports are exported for. SONO1000 is what the old plugin looked for, SONO10000 what its manual says.</summary>
    public static IReadOnlySet<string> Templates { get; } = new HashSet<string>(StringComparer.Ordinal) { "5200", "SONO1000", "SONO10000" };

    private readonly List<LeftOutItem> _leftOut = [];

    // in the order in which each id was seen first, whether that item is exported or not
    private readonly OrderedDictionary<string, List<Candidate>> _candidates = new(StringComparer.Ordinal);
    private readonly bool _keepNegative;
    private readonly bool _minusOneIsPlaceholder;

    private CompatibleMeasurements(bool keepNegative, bool minusOneIsPlaceholder) => (_keepNegative, _minusOneIsPlaceholder) = (keepNegative, minusOneIsPlaceholder);

    /// <summary>Reads the values of a report.</summary>
    /// <param name="report">Its content tree, of whatever template.</param>
    /// <param name="keepNegative">Whether echo values of -1 and below are exported; see <see cref="GdtOptions.KeepNegativeValues"/>.</param>
    public static ReportValues Read(SrDocument report, bool keepNegative = true)
    {
        ArgumentNullException.ThrowIfNull(report);
        // Sonoscape fills echo values that were not measured with -1
        var manufacturer = report.Root.Item.GetString(DicomTag.Manufacturer) ?? "";
        var found = new CompatibleMeasurements(keepNegative, manufacturer.Contains("Sonoscape", StringComparison.OrdinalIgnoreCase));
        foreach (var path in report.LeftOut)
        {
            found._leftOut.Add(new LeftOutItem(path, "content below is too deep or too large"));
        }
        found.Walk(report.Root);
        return new ReportValues([.. found._candidates.Values.SelectMany(c => c).Where(c => c.Exported).Select(c => c.Value)], found._leftOut);
    }

    // depth first, children before their container, without recursion: the depth is the sender's choice
    private void Walk(SrNode root)
    {
        var open = new Stack<(SrNode Node, int Next)>([(root, 0)]);
        while (open.TryPop(out var top))
        {
            if (top.Next < top.Node.Children.Count)
            {
                open.Push((top.Node, top.Next + 1));
                var child = top.Node.Children[top.Next];
                if (child.ValueType == "CONTAINER")
                {
                    open.Push((child, 0));
                }
                else
                {
                    ListUnread(child);
                }
            }
            else if (top.Node.Concept?.Value == MeasurementGroup)
            {
                ReadGroup(top.Node);
            }
            else if (top.Node.Concept?.Value == SonoscapeMeasurement)
            {
                ReadSonoscape(top.Node);
            }
        }
    }

    // a value outside the known containers, and values below values (ranges, percentiles), are not exported; say so
    private void ListUnread(SrNode item)
    {
        if (item.ValueType == "NUM" && item.Parent?.Concept?.Value is not (MeasurementGroup or SonoscapeMeasurement))
        {
            _leftOut.Add(new LeftOutItem(item.Path, "not in a measurement group"));
        }
        var work = new Stack<SrNode>(item.Children);
        while (work.TryPop(out var below))
        {
            if (below.ValueType == "NUM")
            {
                _leftOut.Add(new LeftOutItem(below.Path, "below another value"));
            }
            foreach (var child in below.Children)
            {
                work.Push(child);
            }
        }
    }

    private void ReadGroup(SrNode group)
    {
        // Image Mode: G-0373 of SRT, 399264008 of SNOMED CT. Modifiers of other codes belong to the group and are not exported
        var source = group.Children.FirstOrDefault(c => c.ValueType == "CODE" && c.Concept?.Value is "G-0373" or "399264008")?.Code?.Meaning;
        source = source is { Length: > 0 } ? source : "X";
        // the values of one concept come together, at the place of its first
        foreach (var item in group.Children.Where(c => c.ValueType == "NUM").GroupBy(c => c.Concept?.Value).SelectMany(g => g))
        {
            if (item.Concept is not { Meaning.Length: > 0 } concept)
            {
                _leftOut.Add(new LeftOutItem(item.Path, "no name"));
            }
            else if (Read(item) is { } value)
            {
                AddEcho(item, concept.Meaning, source, value);
            }
        }
    }

    private void AddEcho(SrNode item, string meaning, string source, double value)
    {
        // the old plugin exported what is greater than -1
        var isNew = value <= -1;
        if (isNew && (!_keepNegative || (_minusOneIsPlaceholder && value == -1)))
        {
            _leftOut.Add(new LeftOutItem(item.Path, _keepNegative ? "-1 of this device means not measured" : "-1 or below, and these are switched off"));
            return;
        }
        var id = TestIdentifier.Initials(source, meaning);
        var measurement = new Measurement(TestIdentifier.Compatible(id), $"{meaning} ({source})", TestIdentifier.Number(value), item.Unit?.Value ?? "", null, source, item.Path);
        if (!_candidates.TryGetValue(id, out var sameId) || sameId is not [var earlier])
        {
            _candidates[id] = [new Candidate(measurement, Exported: true, isNew)];
        }
        // the last of one id wins; but initials are not unique, and a value that the old plugin dropped must not take the place of another concept's
        else if (isNew && !earlier.IsNew && earlier.Value.Name != measurement.Name)
        {
            _leftOut.Add(new LeftOutItem(item.Path, "another value has this identifier"));
        }
        else
        {
            _leftOut.Add(new LeftOutItem(earlier.Value.Path, "a later value has this identifier"));
            sameId[0] = new Candidate(measurement, Exported: true, isNew);
        }
    }

    private void ReadSonoscape(SrNode container)
    {
        var number = container.Children.FirstOrDefault(c => c.ValueType == "NUM" && c.Concept?.Value == "10041");
        var realId = Text(container, "10031");
        var name = Text(container, "10033") ?? realId;
        if (number is null || name is null)
        {
            _leftOut.Add(new LeftOutItem(container.Path, number is null ? "no value" : "no name"));
            return;
        }
        if (Read(number) is not { } value)
        {
            return;
        }
        // several results of one measurement have numbers; -1 is the one the device reports
        var result = Text(container, "10037") is { } text ? int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var n) ? n : int.MinValue : -1;
        if (result != -1)
        {
            _leftOut.Add(new LeftOutItem(container.Path, result == int.MinValue ? "its result number is none" : "a single result; the device reports another"));
        }
        var source = Text(container, "10036");
        var measurement = new Measurement(TestIdentifier.Compatible(name), "US " + name, TestIdentifier.Number(value), Text(container, "10042") ?? number.Unit?.Value ?? "",
            realId, source, container.Path);
        if (!_candidates.TryGetValue(name, out var sameName))
        {
            _candidates[name] = sameName = [];
        }
        sameName.Add(new Candidate(measurement, Exported: result == -1, IsNew: false));
    }

    private double? Read(SrNode item)
    {
        if (item.NumericValue is not { } text)
        {
            _leftOut.Add(new LeftOutItem(item.Path, "no value"));
            return null;
        }
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
        {
            _leftOut.Add(new LeftOutItem(item.Path, "not a number"));
            return null;
        }
        return value;
    }

    private static string? Text(SrNode container, string code) =>
        container.Children.FirstOrDefault(c => c.ValueType == "TEXT" && c.Concept?.Value == code)?.Text is { Length: > 0 } text ? text : null;

    private sealed record Candidate(Measurement Value, bool Exported, bool IsNew);
}
