using System.Globalization;
using System.Text;
using System.Text.Json;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// Conditions as SQL. What it says is never narrower than the condition and most often the same; <see cref="DatasetMatcher"/> has the last word about every row, so
/// that there is one meaning. Texts become parameters; only tags of our own tables are written into the statement.
/// </summary>
internal sealed class MatchSql(List<object> values)
{
    // instances whose value is, or may be, more than it should: they are found by a small index of their own
    public const string OddPatientId = "patient_id GLOB ' *' OR instr(patient_id, '\\') > 0";
    public const string SeveralNames = "instr(name_fold, '=') > 0 OR instr(name_fold, '\\') > 0";
    public const string SeveralAccessions = "instr(accession, '\\') > 0";

    // further choices of one condition are left to the matcher
    private const int MaxChoices = 32;

    /// <summary>A parameter with this value.</summary>
    public string Parameter(object value)
    {
        values.Add(value);
        return string.Create(CultureInfo.InvariantCulture, $"@{values.Count}");
    }

    /// <summary>A list for <c>IN</c>, of any length in one parameter.</summary>
    public string List(IEnumerable<string> items) => $"(SELECT value FROM json_each({Parameter(JsonSerializer.Serialize(items))}))";

    /// <summary>A condition to filter rows by, or null when nothing is gained. The unary plus keeps SQLite from choosing an index by it.</summary>
    public string? Filter(QueryAttribute attribute, TagMatch match)
    {
        if (match is TagMatch.AnyOf any)
        {
            return AnyOf(attribute, any);
        }
        if (attribute.Tag == DicomTag.SOPClassesInStudy && match is TagMatch.Exact sopClass)
        {
            return $"EXISTS (SELECT 1 FROM series x CROSS JOIN instance y ON y.series = x.id WHERE x.study = s.id AND y.sop_class = {Parameter(sopClass.Value)})";
        }
        if (attribute.Sql is not { } sql || attribute.Form == AttributeForm.Opaque)
        {
            return null;
        }
        if (match is TagMatch.Empty)
        {
            return $"({sql} IS NULL OR {sql} = '')";
        }
        return attribute.Form switch
        {
            AttributeForm.Uid => match is TagMatch.Exact exact ? $"+{sql} = {Parameter(exact.Value)}" : null,
            AttributeForm.Text => Text(sql, match),
            AttributeForm.Name => Name(sql + "_fold", match),
            AttributeForm.Date => Date(sql, match),
            AttributeForm.Number => match is TagMatch.Exact exact ? Number(sql, exact.Value) : null,
            AttributeForm.Several => match switch
            {
                TagMatch.Exact { IgnoresCase: true } exact => $"({sql}) GLOB {Parameter($"*{AnyCase(exact.Value)}*")}",
                TagMatch.Wildcard { IgnoresCase: true } wildcard => $"({sql}) GLOB {Parameter($"*{AnyCase(wildcard.Pattern.Text)}*")}",
                TagMatch.Exact exact => $"instr({sql}, {Parameter(exact.Value)}) > 0",
                TagMatch.Wildcard wildcard => $"({sql}) GLOB {Parameter($"*{Glob(wildcard.Pattern)}*")}",
                _ => null,
            },
            _ => null,
        };
    }

    /// <summary>
    /// The ways to find the rows by an index, each a condition on the bare columns of the table; all of them together are what is wanted. They look at nothing but the index's columns and
    /// need no filter after them, so that no row is read for what the index says already: with a name of two letters that is thousands.
    /// </summary>
    public IReadOnlyList<string> Arms(QueryAttribute attribute, TagMatch match)
    {
        switch (attribute.Form)
        {
            case AttributeForm.Uid:
                return [$"uid {Equal(match)}"];
            case AttributeForm.Date:
                return DateArms(attribute.Indexed!, match);
            case AttributeForm.Name:
                var name = Name("name_fold", match);
                return [$"{NameArm(match)} AND {name}", $"({SeveralNames}) AND {name}"];
            default:
                var (column, odd) = (attribute.Indexed!, attribute.Indexed == "accession" ? SeveralAccessions : OddPatientId);
                // an odd value is like nothing that SQL could tell; the others are what the rest of the pattern allows
                return match is TagMatch.Wildcard ? [$"{TextArm(column, match)} AND {Text(column, match)}", odd] : [TextArm(column, match), odd];
        }
    }

    /// <summary>How good an index would be for a condition; <see cref="int.MaxValue"/> when there is none.</summary>
    public static int Rank(QueryAttribute attribute, TagMatch match)
    {
        if (attribute.Indexed is null || match.IgnoresCase)
        {
            return int.MaxValue;
        }
        switch (match)
        {
            case TagMatch.AnyOf any:
                return any.Choices.All(c => c is TagMatch.Exact { IgnoresCase: false }) && attribute.Form is AttributeForm.Uid or AttributeForm.Text ? Rank(attribute, any.Choices[0])
                    : int.MaxValue;
            case TagMatch.Exact exact:
                return attribute.Form switch
                {
                    AttributeForm.Uid => 1,
                    AttributeForm.Text => 2,
                    AttributeForm.Name when exact.IsFuzzy => Prefix(exact.Value, fuzzy: true).Length > 0 ? 9 : int.MaxValue,
                    AttributeForm.Name => 3,
                    _ => attribute.Level == Level.Patient ? 4 : 7,
                };
            case TagMatch.Wildcard wildcard when attribute.Form is AttributeForm.Text or AttributeForm.Name:
                var prefix = Prefix(wildcard.Pattern.Text, wildcard.IsFuzzy).Length;
                return prefix == 0 ? int.MaxValue : prefix > 2 ? 6 : prefix == 2 ? 8 : 10;
            case TagMatch.Range range when attribute.Form == AttributeForm.Date:
                return range.From is not null && range.To is not null ? 7 : 11;
            case TagMatch.Moment moment when attribute.Form == AttributeForm.Date:
                return moment.From is not null && moment.To is not null ? 7 : 11;
            default:
                return int.MaxValue;
        }
    }

    private string? AnyOf(QueryAttribute attribute, TagMatch.AnyOf any)
    {
        if (any.Choices.All(c => c is TagMatch.Exact { IgnoresCase: false }) && attribute is { Sql: { } sql, Form: AttributeForm.Uid or AttributeForm.Text })
        {
            var found = $"+{sql} IN {List(any.Choices.Select(c => ((TagMatch.Exact)c).Value))}";
            return attribute.Form == AttributeForm.Uid ? found : $"({found} OR {Odd(sql)})";
        }
        if (any.Choices.Count > MaxChoices)
        {
            return null;
        }
        var choices = new List<string>(any.Choices.Count);
        foreach (var choice in any.Choices)
        {
            if (Filter(attribute, choice) is not { } filter)
            {
                return null; // the parameters that are there already do no harm
            }
            choices.Add(filter);
        }
        return $"({string.Join(" OR ", choices)})";
    }

    // a leading blank, and a second value where there should be one only: rare, and never to be missed
    private static string Odd(string sql) => $"{sql} GLOB ' *' OR instr({sql}, '\\') > 0";

    private string? Text(string sql, TagMatch match) => match switch
    {
        TagMatch.Exact { IgnoresCase: true } exact => $"(+{sql} GLOB {Parameter(AnyCase(exact.Value))} OR {Odd(sql)})",
        TagMatch.Wildcard { IgnoresCase: true } wildcard => $"(+{sql} GLOB {Parameter(AnyCase(wildcard.Pattern.Text))} OR {Odd(sql)})",
        TagMatch.Exact exact => $"(+{sql} = {Parameter(exact.Value)} OR {Odd(sql)})",
        TagMatch.Wildcard wildcard => $"(+{sql} GLOB {Parameter(Glob(wildcard.Pattern))} OR {Odd(sql)})",
        _ => null,
    };

    // one of the groups of a name is like the pattern; a star may run over the end of a group, which the matcher sees (PS3.5 §6.2.1.1)
    private string Name(string fold, TagMatch match)
    {
        var like = match switch
        {
            { IsFuzzy: true } => null,
            TagMatch.Exact exact when exact.Value.Contains('=', StringComparison.Ordinal) => $"instr({fold}, {Parameter(exact.Value)}) > 0",
            TagMatch.Exact exact => $"instr('=' || {fold} || '=', {Parameter($"={exact.Value}=")}) > 0",
            TagMatch.Wildcard wildcard when wildcard.Pattern.Text.Contains('=', StringComparison.Ordinal) => $"{fold} GLOB {Parameter(Glob(wildcard.Pattern))}",
            TagMatch.Wildcard wildcard => $"'=' || {fold} || '=' GLOB {Parameter($"*={Glob(wildcard.Pattern)}=*")}",
            _ => null,
        };
        return like is null ? $"{fold} IS NOT NULL" : $"({like} OR instr({fold}, '\\') > 0)";
    }

    private string? Date(string sql, TagMatch match)
    {
        switch (match)
        {
            case TagMatch.Exact exact:
                return $"(+{sql} IN ({string.Join(", ", Spellings(exact.Value).Select(Parameter))}) OR instr({sql}, '\\') > 0)";
            case TagMatch.Range or TagMatch.Moment:
                var (from, to) = Days(match);
                var bounds = new List<string>(2);
                if (from is not null)
                {
                    bounds.Add($"+{sql} >= {Parameter(from)}");
                }
                if (to is not null)
                {
                    bounds.Add($"+{sql} <= {Parameter(to)}");
                }
                return $"(({string.Join(" AND ", bounds)}) OR {sql} GLOB '????[-.]*' OR instr({sql}, '\\') > 0)";
            default:
                return null;
        }
    }

    private string Number(string sql, string value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? $"+{sql} = {Parameter(number)}" : "0";

    private string Equal(TagMatch match) =>
        match is TagMatch.AnyOf any ? $"IN {List(any.Choices.Select(c => ((TagMatch.Exact)c).Value))}" : $"= {Parameter(((TagMatch.Exact)match).Value)}";

    private string TextArm(string column, TagMatch match) =>
        match is TagMatch.Wildcard wildcard ? PrefixRange(column, Prefix(wildcard.Pattern.Text, fuzzy: false)) : $"{column} {Equal(match)}";

    private string NameArm(TagMatch match) => match switch
    {
        TagMatch.Wildcard wildcard => PrefixRange("name_fold", Prefix(wildcard.Pattern.Text, wildcard.IsFuzzy)),
        TagMatch.Exact { IsFuzzy: true } fuzzy => PrefixRange("name_fold", Prefix(fuzzy.Value, fuzzy: true)),
        _ => $"name_fold {Equal(match)}",
    };

    // years ago dates were written 2024.03.12 (PS3.5 §6.2), and some devices write 2024-03-12: "-" and "." sort before the digits
    private IReadOnlyList<string> DateArms(string column, TagMatch match)
    {
        if (match is TagMatch.Exact exact)
        {
            // "]" sorts after "\": two dates where there should be one are found by the first
            return [.. Spellings(exact.Value).Select(s => $"{column} >= {Parameter(s)} AND {column} <= {Parameter(s + "]")} AND {Date(column, match)}")];
        }
        var (from, to) = Days(match);
        var end = to is null ? null : $"{column} < {Parameter(to + "]")}";
        if (from is null)
        {
            return [end!];
        }
        var start = $"{column} >= {Parameter(from)}";
        return [end is null ? start : $"{start} AND {end}", $"{column} >= {Parameter(from[..4] + "-")} AND {column} < {Parameter(from[..4] + "/")}"];
    }

    private static (string? From, string? To) Days(TagMatch match) => match switch
    {
        TagMatch.Range range => (range.From, range.To),
        TagMatch.Moment moment => (moment.From?[..8], moment.To?[..8]),
        _ => (null, null),
    };

    private static string[] Spellings(string date) =>
        date.Length == 8 && date.All(char.IsAsciiDigit) ? [date, $"{date[..4]}.{date[4..6]}.{date[6..]}", $"{date[..4]}-{date[4..6]}-{date[6..]}"] : [date];

    private string PrefixRange(string column, string prefix)
    {
        var start = $"{column} >= {Parameter(prefix)}";
        return Successor(prefix) is { } end ? $"{start} AND {column} < {Parameter(end)}" : start;
    }

    // what is before the first wild card; of a German folding as much as the other folding begins with as well (TextFolding.FoldGerman drops an E after A, O, U)
    private static string Prefix(string pattern, bool fuzzy)
    {
        var end = pattern.AsSpan().IndexOfAny('*', '?');
        var prefix = end < 0 ? pattern : pattern[..end];
        return fuzzy && prefix.AsSpan().IndexOfAny("AOU") is >= 0 and var vowel ? prefix[..(vowel + 1)] : prefix;
    }

    /// <summary>The least text after all texts that begin with a prefix, by code points, which is how SQLite orders UTF-8; null when there is none.</summary>
    internal static string? Successor(string prefix)
    {
        var runes = prefix.EnumerateRunes().ToArray();
        for (var i = runes.Length - 1; i >= 0; i--)
        {
            if (runes[i].Value < 0x10FFFF)
            {
                var next = new Rune(runes[i].Value == 0xD7FF ? 0xE000 : runes[i].Value + 1);
                return string.Concat(runes.Take(i).Append(next).Select(r => r.ToString()));
            }
        }
        return null;
    }

    // "AB*" is "[Aa][Bb]*"; of letters beyond ASCII, whose pairs SQLite does not know either, any character will do
    private static string AnyCase(string upper) => string.Concat(upper.EnumerateRunes().Select(r => !r.IsAscii ? "?" : r.Value == '[' ? "[[]"
        : char.IsAsciiLetter((char)r.Value) ? $"[{(char)r.Value}{char.ToLowerInvariant((char)r.Value)}]" : r.ToString()));

    // a bracket opens a class of characters in GLOB and is a bracket in DICOM
    private static string Glob(WildcardPattern pattern) => pattern.Text.Replace("[", "[[]", StringComparison.Ordinal);
}
