using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>Evaluates conditions against a data set in memory: the meaning that SQL for the same conditions must have.</summary>
public static class DatasetMatcher
{
    /// <summary>Whether all conditions hold. Depth and work are bounded by the conditions, which the parser limits.</summary>
    public static bool IsMatch(DicomDataset data, IReadOnlyList<TagMatch> matches)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(matches);
        for (var i = 0; i < matches.Count; i++)
        {
            if (!IsMatch(data, matches[i]))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Whether one condition holds.</summary>
    public static bool IsMatch(DicomDataset data, TagMatch match)
    {
        ArgumentNullException.ThrowIfNull(data);
        switch (match)
        {
            case TagMatch.Item item:
                return data.GetSequence(item.Tag).Any(inner => IsMatch(inner, item.Inner));
            case TagMatch.AnyOf any:
                return any.Choices.Any(choice => IsMatch(data, choice));
            case TagMatch.Empty:
                return !data.TryGet(match.Tag, out var element) || (data.GetString(match.Tag) is null or "" && element.Items is not { Count: > 0 });
            case TagMatch.Moment moment:
                return TemporalText.Value(DicomVr.DA, data.GetString(moment.Tag) ?? "") is { } date
                    && IsBetween(date + TemporalText.Value(DicomVr.TM, data.GetString(moment.TimeTag) ?? ""), moment.From, moment.To);
            default:
                // several values: one that matches is enough (PS3.4 §C.2.2.2.1)
                return data.GetStrings(match.Tag).Any(value => IsMatch(match, value));
        }
    }

    private static bool IsMatch(TagMatch match, string value) => match switch
    {
        TagMatch.Exact { IgnoresCase: true } exact => value.Equals(exact.Value, StringComparison.OrdinalIgnoreCase),
        TagMatch.Wildcard { IgnoresCase: true } wildcard => wildcard.Pattern.IsMatch(value.ToUpperInvariant()),
        TagMatch.Exact exact when exact.Vr == DicomVr.PN => IsName(FoldName(value, exact), exact.Value),
        TagMatch.Exact exact when exact.Vr == DicomVr.DA => (TemporalText.Value(DicomVr.DA, value) ?? value) == exact.Value,
        TagMatch.Exact exact when exact.Vr == DicomVr.IS || exact.Vr == DicomVr.DS => MatchParser.Number(value) == exact.Value,
        TagMatch.Exact exact => value == exact.Value,
        TagMatch.Wildcard wildcard when wildcard.Vr == DicomVr.PN => IsName(FoldName(value, wildcard), wildcard.Pattern),
        TagMatch.Wildcard wildcard => wildcard.Pattern.IsMatch(value),
        TagMatch.Range range => TemporalText.Value(range.Vr, value) is { } moment && IsBetween(moment, range.From, range.To),
        _ => throw new ArgumentException($"{match.GetType().Name} is not matched by value", nameof(match)),
    };

    // Without "=" a name is wanted in whichever script the value has it; with "=" the groups must be where they are wanted (PS3.5 §6.2.1.1)
    private static bool IsName(string name, string wanted) => wanted.Contains('=', StringComparison.Ordinal)
        ? name.StartsWith(wanted, StringComparison.Ordinal) && (name.Length == wanted.Length || name[wanted.Length] == '=')
        : name.Split('=').Contains(wanted, StringComparer.Ordinal);

    private static bool IsName(string name, WildcardPattern pattern) =>
        pattern.Text.Contains('=', StringComparison.Ordinal) ? pattern.IsMatch(name) : name.Split('=').Any(group => pattern.IsMatch(group));

    private static string FoldName(string value, TagMatch match) => match.IsFuzzy ? PersonName.FoldGerman(value) : PersonName.Fold(value);

    private static bool IsBetween(string value, string? from, string? to) =>
        (from is null || string.CompareOrdinal(value, from) >= 0) && (to is null || string.CompareOrdinal(value, to) <= 0);
}
