using System.Globalization;
using System.Text;

namespace Pacs.Dicom;

/// <summary>Which of several values of one measurement counts where the device has not chosen one.</summary>
public enum RepeatedValue
{
    /// <summary>The mean: the device's own, or computed here.</summary>
    Mean,

    /// <summary>The smallest.</summary>
    Min,

    /// <summary>The largest.</summary>
    Max,

    /// <summary>The one that was measured last.</summary>
    Last,
}

/// <summary>What a report says once it is read by people: one value for each measurement.</summary>
/// <param name="Values">The values, in the order of the report.</param>
/// <param name="LeftOut">What was folded into them or sent twice, and what the walk left out.</param>
public sealed record FoldedMeasurements(IReadOnlyList<SrMeasurement> Values, IReadOnlyList<LeftOutItem> LeftOut);

/// <summary>
/// Folds what a report says several times. Devices send a value a second time without the words about it, measure thrice and send mean, minimum and
/// maximum as well (TID 300 with TID 310), and repeat values of the findings in the summary.
/// </summary>
public static class SrRepeats
{
    private const string Mean = "SCT:373098007";
    private const string Minimum = "SCT:255605001";
    private const string Maximum = "SCT:56851009";
    private const string MeasurementGroup = "DCM:125007";

    // devices send pairs; a report with more equal values than this is none a device makes, and comparing them all would take its time
    private const int MaxCompared = 16;

    /// <summary>Folds the values of a report.</summary>
    /// <param name="found">What the walk found.</param>
    /// <param name="choice">Which of several values counts. One that the device or its user chose always does.</param>
    public static FoldedMeasurements Fold(SrMeasurements found, RepeatedValue choice)
    {
        ArgumentNullException.ThrowIfNull(found);
        var leftOut = found.LeftOut.ToList();
        var groups = new OrderedDictionary<(SrNode Scope, string Identity), List<SrMeasurement>>();
        foreach (var value in WithoutEchoes(found.Values, leftOut))
        {
            var key = (ScopeOf(value.Item), IdentityOf(value));
            if (!groups.TryGetValue(key, out var group))
            {
                groups.Add(key, group = []);
            }
            group.Add(value);
        }
        var values = new List<SrMeasurement>();
        var seen = new Dictionary<string, List<SrMeasurement>>(StringComparer.Ordinal);
        foreach (var (key, group) in groups)
        {
            foreach (var value in Fold(group, key.Identity, choice, leftOut))
            {
                if (!seen.TryGetValue(value.Identity, out var same))
                {
                    seen.Add(value.Identity, same = []);
                }
                if (same.Take(MaxCompared).Any(s => s.Value == value.Value))
                {
                    leftOut.Add(new LeftOutItem(value.Path, "the same value is elsewhere in the report"));
                    continue;
                }
                same.Add(value);
                values.Add(same.Count == 1 ? value : value with { Ordinal = same.Count });
            }
        }
        return new FoldedMeasurements(values, leftOut);
    }

    // a value that stands beside its own copy, which says more about it
    private static IEnumerable<SrMeasurement> WithoutEchoes(IReadOnlyList<SrMeasurement> values, List<LeftOutItem> leftOut)
    {
        var copies = values.GroupBy(v => (v.Item.Parent, v.Concept.Key, v.Unit?.Key, v.Value)).Where(g => g.Skip(1).Any() && !g.Skip(MaxCompared).Any());
        var echoes = new HashSet<SrMeasurement>(ReferenceEqualityComparer.Instance);
        foreach (var group in copies)
        {
            var said = group.Select(v => (Value: v, Words: v.Context.Modifiers.Select(m => (m.Key, m.Value)).ToHashSet())).ToList();
            echoes.UnionWith(said.Where(v => said.Any(other => v.Words.IsProperSubsetOf(other.Words))).Select(v => v.Value));
        }
        foreach (var value in values)
        {
            if (echoes.Contains(value))
            {
                leftOut.Add(new LeftOutItem(value.Path, "sent twice; the other says more"));
            }
            else
            {
                yield return value;
            }
        }
    }

    private static IEnumerable<SrMeasurement> Fold(List<SrMeasurement> group, string identity, RepeatedValue choice, List<LeftOutItem> leftOut)
    {
        if (group is [var only] && only.Derivation?.Key is not (Minimum or Maximum))
        {
            return [only with { Identity = identity }];
        }
        if (group.FindLast(v => v.IsSelected) is { } selected)
        {
            Leave(group, selected, "a repeat; the device chose another", leftOut);
            return [selected with { Identity = identity, Count = Math.Max(1, group.Count(IsSingle)) }];
        }
        var single = group.Where(IsSingle).ToList();
        if (single.Count == 0)
        {
            // nothing but mean, minimum, maximum: each is a value of its own
            var last = group.GroupBy(v => v.Derivation!.Value.Key).Select(g => g.Last()).ToList();
            foreach (var value in group.Except(last))
            {
                leftOut.Add(new LeftOutItem(value.Path, "a later value of the same kind"));
            }
            return last.Select(v => v with { Identity = v.Derivation!.Value.Key == Mean ? identity : $"{identity}|{v.Derivation.Value.Key}" });
        }
        var chosen = Choose(group, single, choice);
        Leave(group, group.Find(v => v.Item == chosen.Item)!, "a repeat, folded", leftOut);
        return [chosen with { Identity = identity, Count = single.Count }];
    }

    private static SrMeasurement Choose(List<SrMeasurement> group, List<SrMeasurement> single, RepeatedValue choice)
    {
        if (choice == RepeatedValue.Last || single.TrueForAll(v => v.Value == single[0].Value))
        {
            return single[^1];
        }
        var kind = choice switch
        {
            RepeatedValue.Min => new CodedConcept("255605001", "SCT", "Minimum"),
            RepeatedValue.Max => new CodedConcept("56851009", "SCT", "Maximum"),
            _ => new CodedConcept("373098007", "SCT", "Mean"),
        };
        if (group.FindLast(v => v.Derivation?.Key == kind.Key) is { } byDevice)
        {
            return byDevice;
        }
        var value = choice switch
        {
            RepeatedValue.Min => single.Min(v => v.Value),
            RepeatedValue.Max => single.Max(v => v.Value),
            _ => single.Average(v => v.Value),
        };
        return single[0] with { Value = value, Text = value.ToString("R", CultureInfo.InvariantCulture), Derivation = kind, Limits = [] };
    }

    private static bool IsSingle(SrMeasurement value) => value.Derivation?.Key is not (Mean or Minimum or Maximum);

    private static void Leave(List<SrMeasurement> group, SrMeasurement winner, string reason, List<LeftOutItem> leftOut) =>
        leftOut.AddRange(group.Where(v => !ReferenceEquals(v, winner)).Select(v => new LeftOutItem(v.Path, reason)));

    // repeats stand beside each other: in one container, or in groups of one section; but a group that says of which region it is (TID 1501) is one's own
    private static SrNode ScopeOf(SrNode item)
    {
        var scope = item.Parent ?? item;
        while (scope is { Concept: { } concept, Parent: { } above }
            && (concept.Value == SonoscapeMeasurement.ContainerCode
                || (concept.Key == MeasurementGroup && !scope.Children.Take(MaxCompared).Any(c => c.Relationship == "HAS OBS CONTEXT"))))
        {
            scope = above;
        }
        return scope;
    }

    private static string IdentityOf(SrMeasurement value)
    {
        var identity = new StringBuilder(value.Concept.Key);
        identity.Append('|').Append(value.Unit?.Key);
        foreach (var section in value.Sections)
        {
            identity.Append("|in ").Append(section.Key);
        }
        if (value.About is { } about)
        {
            identity.Append("|of ").Append(about.Key);
        }
        foreach (var (name, said) in value.Context.Modifiers.Where(m => m.IsDistinguishing).Select(m => (m.Key, m.Value)).Order())
        {
            identity.Append('|').Append(name).Append('=').Append(said);
        }
        if (!IsSingle(value) || value.Derivation is not { } derivation)
        {
            return identity.ToString();
        }
        return identity.Append('|').Append(derivation.Key).ToString();
    }
}
