using System.Text.Json;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>How the answers of a <c>/tools/find</c> are ordered.</summary>
/// <param name="Tag">By this tag, or null for a metadata.</param>
/// <param name="Metadata">By this metadata.</param>
/// <param name="IsNumber">Whether values are compared as numbers.</param>
/// <param name="IsDescending">The greatest first.</param>
internal sealed record ResourceOrder(DicomTag? Tag, string? Metadata, bool IsNumber, bool IsDescending);

/// <summary>A <c>/tools/find</c> or <c>/tools/count-resources</c> as its body says it.</summary>
internal sealed record ResourceQuery(DicomQuery Query, ResourceForm? Form)
{
    /// <summary>How many answers to pass over.</summary>
    public int Since { get; init; }

    /// <summary>The most answers; 0 for all.</summary>
    public int Limit { get; init; }

    /// <summary>The order; empty for that of arrival.</summary>
    public IReadOnlyList<ResourceOrder> Order { get; init; } = [];

    /// <summary>Names that must be written just so: the index compares names without regard to case.</summary>
    public IReadOnlyList<(DicomTag Tag, WildcardPattern Pattern)> Names { get; init; } = [];

    /// <summary>Metadata that must be like these.</summary>
    public IReadOnlyList<(string Name, WildcardPattern Pattern)> Metadata { get; init; } = [];

    /// <summary>Whether rows are all that is needed to page.</summary>
    public bool IsPlain => Order.Count == 0 && Names.Count == 0 && Metadata.Count == 0;

    /// <summary>Reads a body.</summary>
    /// <exception cref="FormatException">It is no such request.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is none of those there are.</exception>
    public static ResourceQuery Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("The body must be a JSON object");
        }
        var level = ParseLevel(OrthancBody.Text(json, "Level") ?? throw new FormatException("Level is missing"));
        if (!json.TryGetProperty(nameof(Query), out var query) || query.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("Query is missing, or no object");
        }
        var isCaseSensitive = OrthancBody.Flag(json, "CaseSensitive") == true;
        var (matches, names) = (new List<TagMatch>(), new List<(DicomTag, WildcardPattern)>());
        foreach (var member in query.EnumerateObject())
        {
            var tag = DicomTag.TryParse(member.Name, out var known) ? known : throw new FormatException($"{member.Name} is no DICOM tag");
            var text = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : throw new FormatException($"{member.Name} must be a text");
            if (Match(tag, text, isCaseSensitive) is { } match)
            {
                matches.Add(match);
                if (isCaseSensitive && match.Vr == DicomVr.PN)
                {
                    names.Add((tag, Pattern(text)));
                }
            }
        }
        return new ResourceQuery(new DicomQuery(level, matches, []) { Under = Parent(json, level), Labels = ParseLabels(json) }, FormOf(json))
        {
            Since = NotNegative(json, "Since"),
            Limit = NotNegative(json, "Limit"),
            Names = names,
            Metadata = ParseMetadata(json),
            Order = ParseOrder(json),
        };
    }

    /// <summary>Reads a level.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none.</exception>
    public static Level ParseLevel(string name) => name switch
    {
        "Patient" or "Patients" or "patients" or "PATIENT" => Level.Patient,
        "Study" or "Studies" or "studies" or "STUDY" => Level.Study,
        "Series" or "series" or "SERIES" => Level.Series,
        "Instance" or "Instances" or "instances" or "IMAGE" or "INSTANCE" => Level.Instance,
        _ => throw new ArgumentOutOfRangeException(nameof(name), "Level is Patient, Study, Series or Instance"),
    };

    /// <summary>The condition that a tag has a value, whatever its case.</summary>
    public static TagMatch Exactly(DicomTag tag, string text) => IgnoringCase(new TagMatch.Exact(tag, DicomDictionary.GetVr(tag), text), text);

    /// <summary>
    /// A value as Orthanc reads it: ranges of dates and times are compared as texts, both ends included, so that 072759-072760 is a range although there is no second
    /// 60; a single time is that text.
    /// </summary>
    private static TagMatch? Match(DicomTag tag, string text, bool isCaseSensitive)
    {
        var vr = DicomDictionary.GetVr(tag);
        var isWild = text.AsSpan().ContainsAny('*', '?');
        if (text.Length == 0 || (isWild && !text.AsSpan().ContainsAnyExcept('*')))
        {
            return null;
        }
        try
        {
            if (vr == DicomVr.DA || vr == DicomVr.TM || vr == DicomVr.DT)
            {
                return isWild ? throw new ArgumentOutOfRangeException(nameof(text), $"{tag} takes no wild cards") : Moment(tag, vr, text);
            }
            if (vr == DicomVr.SQ)
            {
                throw new FormatException($"{tag} is a sequence: it is no key");
            }
            if (isWild && (vr == DicomVr.UI || vr == DicomVr.IS || vr == DicomVr.DS || vr == DicomVr.AS || !vr.IsString))
            {
                throw new ArgumentOutOfRangeException(nameof(text), $"{tag} takes no wild cards");
            }
            var choices = text.Split('\\').Select(t => MatchParser.ParseValue(tag, vr, t)).OfType<TagMatch>().ToList();
            return choices.Count == 0 ? null : All(choices.Count == 1 ? choices[0] : new TagMatch.AnyOf(tag, vr, choices), isCaseSensitive);
        }
        catch (DicomException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static TagMatch All(TagMatch match, bool isCaseSensitive) => match switch
    {
        _ when isCaseSensitive || match.Vr == DicomVr.PN || match.Vr == DicomVr.UI || !match.Vr.IsString => match,
        TagMatch.AnyOf any => any with { Choices = [.. any.Choices.Select(c => All(c, isCaseSensitive))] },
        TagMatch.Exact exact => IgnoringCase(exact, exact.Value),
        TagMatch.Wildcard wildcard => IgnoringCase(wildcard, wildcard.Pattern.Text),
        _ => match,
    };

    // what has no letters is found by the index
    private static TagMatch IgnoringCase(TagMatch match, string text)
    {
        var upper = text.ToUpperInvariant();
        return match.Vr == DicomVr.UI || !text.Any(char.IsLetter) ? match : match switch
        {
            TagMatch.Wildcard wildcard => wildcard with { Pattern = Pattern(upper), IgnoresCase = true },
            TagMatch.Exact exact => exact with { Value = upper, IgnoresCase = true },
            _ => match,
        };
    }

    private static TagMatch? Moment(DicomTag tag, DicomVr vr, string text)
    {
        var choices = new List<TagMatch>();
        foreach (var choice in text.Split('\\'))
        {
            var dash = choice.IndexOf('-', StringComparison.Ordinal);
            if (dash < 0)
            {
                choices.Add(new TagMatch.Exact(tag, vr, choice));
                continue;
            }
            var (from, to) = (choice[..dash].Trim(), choice[(dash + 1)..].Trim());
            if (from.Length == 0 && to.Length == 0)
            {
                return null;
            }
            choices.Add(new TagMatch.Range(tag, vr, from.Length > 0 ? from : null, to.Length > 0 ? to : null));
        }
        return choices.Count == 1 ? choices[0] : new TagMatch.AnyOf(tag, vr, choices);
    }

    private static int NotNegative(JsonElement json, string name) => OrthancBody.Number(json, name, int.MinValue, int.MaxValue) switch
    {
        null => 0,
        < 0 => throw new ArgumentOutOfRangeException(nameof(json), $"{name} is a positive number"),
        { } number => number,
    };

    private static ResourceForm? FormOf(JsonElement json)
    {
        var format = OrthancBody.Flag(json, "Full") == true ? TagFormat.Full : OrthancBody.Flag(json, "Short") == true ? TagFormat.Short : TagFormat.Simplify;
        var requested = ResourceForm.ParseTags(Texts(json, "RequestedTags"));
        if (json.TryGetProperty("ResponseContent", out _))
        {
            return new ResourceForm(format, ResourceForm.ParseParts(Texts(json, "ResponseContent")), requested); // has precedence over Expand
        }
        return OrthancBody.Flag(json, "Expand") == true ? new ResourceForm(format, ResourceParts.Expanded, requested) : null;
    }

    private static (Level, ResourceId)? Parent(JsonElement json, Level level)
    {
        foreach (var above in ResourcePath.Levels.Where(l => l < Level.Instance))
        {
            if (OrthancBody.Text(json, $"Parent{above}") is { } text)
            {
                return above < level && ResourceId.TryParse(text, out var id) ? (above, id) : throw new FormatException($"Parent{above} must be the id of a resource above the level");
            }
        }
        return null;
    }

    private static List<(string, WildcardPattern)> ParseMetadata(JsonElement json)
    {
        if (!json.TryGetProperty("MetadataQuery", out var query))
        {
            return [];
        }
        return query.ValueKind == JsonValueKind.Object && query.EnumerateObject().All(m => m.Value.ValueKind == JsonValueKind.String)
            ? [.. query.EnumerateObject().Select(m => (m.Name, Pattern(m.Value.GetString()!)))] : throw new FormatException("MetadataQuery must be an object of texts");
    }

    private static LabelMatch? ParseLabels(JsonElement json)
    {
        var constraint = OrthancBody.Text(json, "LabelsConstraint") switch
        {
            null or "All" => LabelConstraint.All,
            "Any" => LabelConstraint.Any,
            "None" => LabelConstraint.None,
            _ => throw new ArgumentOutOfRangeException(nameof(json), "LabelsConstraint is All, Any or None"),
        };
        var names = Texts(json, "Labels");
        return names.TrueForAll(Labels.IsLabel) ? json.TryGetProperty("Labels", out _) || constraint == LabelConstraint.None ? new LabelMatch(names, constraint) : null
            : throw new ArgumentOutOfRangeException(nameof(json), "Labels are of letters, digits, hyphens and underlines");
    }

    private static List<ResourceOrder> ParseOrder(JsonElement json)
    {
        if (!json.TryGetProperty("OrderBy", out var list))
        {
            return [];
        }
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException("OrderBy must be an array");
        }
        var orders = new List<ResourceOrder>();
        foreach (var item in list.EnumerateArray())
        {
            var (type, key) = (OrthancBody.Text(item, "Type"), OrthancBody.Text(item, "Key") ?? throw new FormatException("OrderBy needs a Key"));
            var isDescending = OrthancBody.Text(item, "Direction") switch
            {
                "ASC" => false,
                "DESC" => true,
                _ => throw new FormatException("OrderBy needs a Direction: ASC or DESC"),
            };
            var isNumber = type is "DicomTagAsInt" or "DicomTagAsFloat" or "MetadataAsInt" or "MetadataAsFloat";
            orders.Add(type switch
            {
                "DicomTag" or "DicomTagAsInt" or "DicomTagAsFloat" => new ResourceOrder(DicomTag.TryParse(key, out var tag) ? tag : throw new FormatException($"{key} is no DICOM tag"), null, isNumber, isDescending),
                "Metadata" or "MetadataAsInt" or "MetadataAsFloat" => new ResourceOrder(null, key, isNumber, isDescending),
                _ => throw new FormatException("OrderBy needs a Type: DicomTag, DicomTagAsInt, DicomTagAsFloat, Metadata, MetadataAsInt or MetadataAsFloat"),
            });
        }
        return orders;
    }

    private static WildcardPattern Pattern(string text) =>
        WildcardPattern.TryCreate(text, out var pattern) ? pattern! : throw new FormatException($"A pattern has at most {WildcardPattern.MaxLength} characters");

    private static List<string> Texts(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var list))
        {
            return [];
        }
        return list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(i => i.ValueKind == JsonValueKind.String) ? [.. list.EnumerateArray().Select(i => i.GetString()!)]
            : throw new FormatException($"{name} must be an array of texts");
    }
}
