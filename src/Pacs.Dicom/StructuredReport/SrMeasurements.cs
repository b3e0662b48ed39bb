using System.Globalization;

namespace Pacs.Dicom;

/// <summary>
/// All numeric values of a Structured Report of whatever template, found by one walk over its content tree. What a container says about all below it
/// (finding site, laterality, image mode, …) is inherited; one odd item never costs the others.
/// </summary>
/// <remarks>
/// Templates differ in where they put things: the vascular ones (TID 5100) state the laterality for a section and name containers after vessels, OB-GYN (TID
/// 5000) states it for the anatomy, echo (TID 5200) has groups by image mode, TID 1500 a group for each region. The walk knows none of them: what it reads are the
/// relationships (PS3.3 table C.17.3-8), and the few codes of <see cref="SrContext"/>. References to other items of the tree (PS3.3 §C.17.3.2.5) are not
/// followed, so that nothing can go in circles.
/// </remarks>
public sealed class SrMeasurements
{
    private const int MaxModifiersOfItem = 32;

    // a modifier of these is one even where the device calls it something else, or nothing
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        SrContext.FindingSiteKey, SrContext.LateralityKey, SrContext.TopographyKey, SrContext.ImageModeKey, SrContext.MethodKey, SrContext.CardiacPhaseKey,
        SrContext.RespiratoryPhaseKey, SrContext.FlowDirectionKey, SrContext.DerivationKey, SrContext.SelectionKey, SrContext.FetusKey,
    };

    private const string BiometryGroup = "DCM:125005";

    // in a biometry group what is computed from its lengths: gestational age, growth percentile rank and Z-score
    private static readonly HashSet<string> DerivedInBiometry = new(StringComparer.Ordinal) { "LN:18185-9", "DCM:125012", "DCM:125013" };

    private readonly List<SrMeasurement> _values = [];
    private readonly List<LeftOutItem> _leftOut = [];
    private readonly bool _minusOneIsPlaceholder;

    private SrMeasurements(bool minusOneIsPlaceholder) => _minusOneIsPlaceholder = minusOneIsPlaceholder;

    /// <summary>The values, in the order of the report: repeats, and those a device sends twice, too. <see cref="SrRepeats"/> folds them.</summary>
    public IReadOnlyList<SrMeasurement> Values => _values;

    /// <summary>The numeric items that are neither among them nor among their limits.</summary>
    public IReadOnlyList<LeftOutItem> LeftOut => _leftOut;

    /// <summary>Reads the values of a report. Never throws at what a device sends.</summary>
    public static SrMeasurements Read(SrDocument report)
    {
        ArgumentNullException.ThrowIfNull(report);
        // Sonoscape fills values of echo reports that were not measured with -1
        var manufacturer = report.Root.Item.GetString(DicomTag.Manufacturer) ?? "";
        var found = new SrMeasurements(manufacturer.Contains("Sonoscape", StringComparison.OrdinalIgnoreCase));
        foreach (var path in report.LeftOut)
        {
            found._leftOut.Add(new LeftOutItem(path, "content below is too deep or too large"));
        }
        found.Walk(report.Root);
        return found;
    }

    // depth first in the order of the report, without recursion: the depth is the sender's choice
    private void Walk(SrNode root)
    {
        var open = new Stack<(SrNode Container, SrContext Context, int Next)>();
        open.Push((root, SrContext.None.With(ModifiersOf(root)), 0));
        while (open.TryPop(out var top))
        {
            if (top.Next >= top.Container.Children.Count)
            {
                continue;
            }
            open.Push((top.Container, top.Context, top.Next + 1));
            var child = top.Container.Children[top.Next];
            if (child.ValueType == "CONTAINER")
            {
                if (SonoscapeMeasurement.Read(child) is { } sonoscape)
                {
                    ReadSonoscape(child, sonoscape, top.Context);
                }
                else
                {
                    open.Push((child, top.Context.With(ModifiersOf(child)), 0));
                }
            }
            else if (child.ValueType != "NUM")
            {
                LeaveOutBelow(child, "below an item that is no container");
            }
            else if (child.Relationship is "HAS OBS CONTEXT" or "HAS ACQ CONTEXT" or "HAS CONCEPT MOD")
            {
                _leftOut.Add(new LeftOutItem(child.Path, "describes other values"));
            }
            else
            {
                ReadValue(child, top.Context);
            }
        }
    }

    private void ReadValue(SrNode item, SrContext inherited)
    {
        if (Read(item) is not { } value)
        {
            LeaveOutBelow(item, "below an item without a value");
            return;
        }
        if (item.Concept is not { } concept)
        {
            Leave(item, "no name");
            return;
        }
        if (value == -1 && _minusOneIsPlaceholder)
        {
            Leave(item, "-1 of this device means not measured");
            return;
        }
        var own = ModifiersOf(item);
        var context = inherited.With(own);
        var limits = new List<SrMeasurement>();
        foreach (var child in item.Children)
        {
            if (child.ValueType != "NUM")
            {
                LeaveOutBelow(child, "below another value");
            }
            else if (child.Relationship is "HAS CONCEPT MOD" or "HAS ACQ CONTEXT" or "HAS OBS CONTEXT" or "INFERRED FROM" || child.Concept is null)
            {
                Leave(child, child.Relationship == "INFERRED FROM" ? "another value was computed from it" : "describes another value");
            }
            else
            {
                if (Read(child) is { } limit)
                {
                    limits.Add(new SrMeasurement(child, child.Concept.Value, limit, child.NumericValue!, child.Unit, SrContext.None, []));
                }
                LeaveOutBelow(child, "below another value");
            }
        }
        _values.Add(new SrMeasurement(item, concept, value, item.NumericValue!, item.Unit, context, limits)
        {
            About = SubjectOf(item, concept),
            IsSelected = own.Any(m => m.Key == SrContext.SelectionKey),
            Derivation = own.FirstOrDefault(m => m.Key == SrContext.DerivationKey)?.Code,
        });
    }

    private void ReadSonoscape(SrNode container, SonoscapeMeasurement measured, SrContext inherited)
    {
        foreach (var child in container.Children)
        {
            if (child.ValueType == "NUM" && child != measured.Number)
            {
                _leftOut.Add(new LeftOutItem(child.Path, "a second value of one measurement"));
            }
            LeaveOutBelow(child, "below another value");
        }
        if (Read(measured.Number) is { } value)
        {
            var context = measured.Source is { } source ? inherited.With([source]) : inherited;
            _values.Add(new SrMeasurement(measured.Number, measured.Concept, value, measured.Number.NumericValue!, measured.Unit, context, [])
            {
                IsSelected = measured.IsReported,
            });
        }
    }

    // the first length of the group is what the others are about
    private static CodedConcept? SubjectOf(SrNode item, CodedConcept concept) =>
        item.Parent is { Concept: { } group } parent && group.Key == BiometryGroup && DerivedInBiometry.Contains(concept.Key)
            ? parent.Children.Take(MaxModifiersOfItem).FirstOrDefault(c => c is { ValueType: "NUM", Concept: { } other } && !DerivedInBiometry.Contains(other.Key))?.Concept
            : null;

    private static List<SrModifier> ModifiersOf(SrNode item)
    {
        var found = new List<SrModifier>();
        foreach (var child in item.Children)
        {
            if (found.Count >= MaxModifiersOfItem)
            {
                break;
            }
            if (child.Concept is { } name && IsModifier(child, name, ofValue: item.ValueType == "NUM"))
            {
                found.Add(new SrModifier(name, child.Relationship, child.Code, TextOf(child)));
                // laterality and part are children of the finding site in TID 5000 and 1501
                foreach (var below in child.Children.Take(MaxModifiersOfItem - found.Count))
                {
                    if (below.Concept is { } belowName && IsModifier(below, belowName, ofValue: false))
                    {
                        found.Add(new SrModifier(belowName, below.Relationship, below.Code, TextOf(below)));
                    }
                }
            }
        }
        return found;
    }

    private static bool IsModifier(SrNode item, CodedConcept name, bool ofValue) => item switch
    {
        { ValueType: not ("CODE" or "TEXT" or "UIDREF" or "DATE" or "TIME" or "DATETIME" or "NUM") } => false,
        { Relationship: "HAS CONCEPT MOD" or "HAS OBS CONTEXT" or "HAS ACQ CONTEXT" } => true,
        { ValueType: "NUM" } => false,
        // of a value also the equation it comes from (TID 5000) and what is said about it (TID 310)
        { Relationship: "HAS PROPERTIES" or "INFERRED FROM" } => ofValue || Known.Contains(name.Key),
        _ => Known.Contains(name.Key),
    };

    private static string TextOf(SrNode item) => item.ValueType switch
    {
        "CODE" => item.Code?.Meaning ?? "",
        "NUM" => $"{item.NumericValue} {item.Unit?.Value}".TrimEnd(),
        _ => item.Text ?? "",
    };

    private double? Read(SrNode item)
    {
        if (item.NumericValue is not { } text)
        {
            _leftOut.Add(new LeftOutItem(item.Path, item.Qualifier is { } why ? $"no value {why}" : "no value"));
            return null;
        }
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
        {
            _leftOut.Add(new LeftOutItem(item.Path, "not a number"));
            return null;
        }
        return value;
    }

    private void Leave(SrNode item, string reason)
    {
        _leftOut.Add(new LeftOutItem(item.Path, reason));
        LeaveOutBelow(item, "below another value");
    }

    private void LeaveOutBelow(SrNode item, string reason)
    {
        if (item.Children.Count == 0)
        {
            return;
        }
        var work = new Stack<SrNode>(item.Children.Reverse());
        while (work.TryPop(out var node))
        {
            if (node.ValueType == "NUM")
            {
                _leftOut.Add(new LeftOutItem(node.Path, reason));
            }
            for (var i = node.Children.Count - 1; i >= 0; i--)
            {
                work.Push(node.Children[i]);
            }
        }
    }
}
