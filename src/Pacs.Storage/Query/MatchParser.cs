using System.Globalization;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// Reads what peers ask: one reading of <c>*</c>, <c>?</c>, <c>a-b</c>, <c>a\b</c> and the empty value for every VR, whichever door the query
/// came through (PS3.4 §C.2.2.2, PS3.18 §8.3.4.1).
/// </summary>
public static class MatchParser
{
    /// <summary>Levels of sequences a query may have; the reader refuses more as well.</summary>
    public const int MaxDepth = 64;

    // PS3.4 table K.6-1 and §C.2.2.2.5.1: attributes that are two halves of one moment
    private static readonly (DicomTag Date, DicomTag Time)[] Moments =
    [
        (DicomTag.StudyDate, DicomTag.StudyTime),
        (DicomTag.SeriesDate, DicomTag.SeriesTime),
        (DicomTag.AcquisitionDate, DicomTag.AcquisitionTime),
        (DicomTag.ContentDate, DicomTag.ContentTime),
        (DicomTag.ScheduledProcedureStepStartDate, DicomTag.ScheduledProcedureStepStartTime),
        (DicomTag.PerformedProcedureStepStartDate, DicomTag.PerformedProcedureStepStartTime),
    ];

    /// <summary>Reads the identifier of a C-FIND request.</summary>
    /// <param name="identifier">The identifier.</param>
    /// <param name="combineDateTime">Whether a date range and a time range are one range of moments: the rule for work lists (PS3.4 table K.6-1),
    /// elsewhere only when negotiated (§C.2.2.2.5.1).</param>
    /// <param name="fuzzyNames">Whether person names are matched fuzzily, see <see cref="TagMatch.IsFuzzy"/>: only when negotiated.</param>
    /// <exception cref="DicomException">A pattern is longer than <see cref="WildcardPattern.MaxLength"/>, or the nesting is deeper than <see cref="MaxDepth"/>.</exception>
    public static QueryKeys Parse(DicomDataset identifier, bool combineDateTime, bool fuzzyNames = false)
    {
        ArgumentNullException.ThrowIfNull(identifier);
        var (matches, keys) = ParseLevel(identifier, combineDateTime, fuzzyNames, 0);
        var wish = identifier.GetString(DicomTag.SpecificCharacterSet) is { Length: > 0 } ? identifier.CharacterSet : null;
        return new QueryKeys(matches, keys, wish);
    }

    /// <summary>Reads one key, given as text.</summary>
    /// <param name="tag">The attribute.</param>
    /// <param name="vr">Its VR, see <see cref="ComparedAs"/>.</param>
    /// <param name="text">The value: decoded, several values separated by <c>\</c>.</param>
    /// <param name="fuzzyNames">As for <see cref="Parse"/>.</param>
    /// <returns>The condition, or null for universal matching.</returns>
    /// <exception cref="DicomException">A pattern is longer than <see cref="WildcardPattern.MaxLength"/>.</exception>
    public static TagMatch? ParseValue(DicomTag tag, DicomVr vr, string text, bool fuzzyNames = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (vr.IsMultiString && text.Contains('\\', StringComparison.Ordinal))
        {
            var choices = new List<TagMatch>();
            foreach (var value in text.Split('\\'))
            {
                // an empty value among others is a slip of the peer, not a wish for everything
                if (value.AsSpan().Trim(" \0").Length > 0)
                {
                    if (ParseSingle(tag, vr, value.Trim(' ', '\0'), fuzzyNames) is not { } choice)
                    {
                        return null;
                    }
                    choices.Add(choice);
                }
            }
            return choices.Count switch { 0 => null, 1 => choices[0], _ => new TagMatch.AnyOf(tag, vr, choices) };
        }
        return ParseSingle(tag, vr, text.Trim(' ', '\0'), fuzzyNames);
    }

    /// <summary>The VR by which an attribute is compared: the dictionary's, because a peer's may be wrong or UN.</summary>
    public static DicomVr ComparedAs(DicomElement element)
    {
        ArgumentNullException.ThrowIfNull(element);
        var known = DicomDictionary.GetVr(element.Tag);
        return element.IsSequence ? DicomVr.SQ : known == DicomVr.UN ? element.Vr : known;
    }

    private static (List<TagMatch> Matches, List<ReturnKey> Keys) ParseLevel(DicomDataset level, bool combineDateTime, bool fuzzyNames, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new DicomException($"A query has at most {MaxDepth} levels of sequences");
        }
        var matches = new List<TagMatch>();
        var keys = new List<ReturnKey>();
        foreach (var element in level)
        {
            if (element.Tag.IsGroupLength || IsNoKey(element.Tag))
            {
                continue;
            }
            var vr = ComparedAs(element);
            if (element.IsSequence)
            {
                // PS3.4 §C.2.2.2.6: zero or one item; further ones have no meaning
                var (inner, innerKeys) = element.Items.Count > 0 ? ParseLevel(element.Items[0], combineDateTime, fuzzyNames, depth + 1) : ([], []);
                keys.Add(new ReturnKey(element.Tag, DicomVr.SQ, innerKeys));
                if (inner.Count > 0)
                {
                    matches.Add(new TagMatch.Item(element.Tag, inner));
                }
                continue;
            }
            keys.Add(new ReturnKey(element.Tag, vr, []));
            // the creator of private tags says whose they are, it asks nothing (PS3.5 §7.8.1)
            if (!element.IsEmpty && vr != DicomVr.SQ && !element.Tag.IsPrivateCreator
                && ParseValue(element.Tag, vr, level.GetString(element.Tag) ?? "", fuzzyNames) is { } match)
            {
                matches.Add(match);
            }
        }
        if (combineDateTime)
        {
            Combine(matches);
        }
        return (matches, keys);
    }

    /// <summary>Whether an attribute is about the query and never compared: (0008,0005) governs texts; (0008,0052) and (0008,0053) the query itself; (0008,0201) the zone of its times.</summary>
    public static bool IsNoKey(DicomTag tag) => tag == DicomTag.SpecificCharacterSet || tag == DicomTag.QueryRetrieveLevel
        || tag == DicomTag.QueryRetrieveView || tag == DicomTag.TimezoneOffsetFromUTC;

    private static TagMatch? ParseSingle(DicomTag tag, DicomVr vr, string text, bool fuzzyNames)
    {
        // PS3.4 §C.2.2.2.3; a lone "*" is universal in all VRs, because devices send it in dates as well
        if (!text.AsSpan().ContainsAnyExcept('*'))
        {
            return null;
        }
        if (text == "\"\"")
        {
            return new TagMatch.Empty(tag, vr);
        }
        if (vr == DicomVr.DA || vr == DicomVr.TM || vr == DicomVr.DT)
        {
            return ParseMoment(tag, vr, text);
        }
        if (vr == DicomVr.IS || vr == DicomVr.DS)
        {
            return new TagMatch.Exact(tag, vr, Number(text));
        }
        if (!TakesWildcards(vr))
        {
            return new TagMatch.Exact(tag, vr, text);
        }
        // "=山田*" asks for the ideographic group only: any group, since no other can be like it
        fuzzyNames &= vr == DicomVr.PN;
        var compared = fuzzyNames ? PersonName.FoldGerman(text).TrimStart('=') : vr == DicomVr.PN ? PersonName.Fold(text).TrimStart('=') : text;
        if (!compared.AsSpan().ContainsAnyExcept('*'))
        {
            return null;
        }
        return compared.AsSpan().ContainsAny('*', '?') ? ParsePattern(tag, vr, compared, fuzzyNames) : new TagMatch.Exact(tag, vr, compared) { IsFuzzy = fuzzyNames };
    }

    // PS3.4 §C.2.2.2.4 names the VRs that take no wild cards; these are the others
    private static bool TakesWildcards(DicomVr vr) => vr == DicomVr.AE || vr == DicomVr.CS || vr == DicomVr.UC || vr == DicomVr.UR || vr == DicomVr.PN
        || (vr.IsText && vr != DicomVr.PN);

    private static TagMatch? ParsePattern(DicomTag tag, DicomVr vr, string text, bool fuzzyNames)
    {
        var choices = new List<TagMatch>();
        while (true)
        {
            if (!WildcardPattern.TryCreate(text, out var pattern))
            {
                throw new DicomException($"A pattern has at most {WildcardPattern.MaxLength} characters", tag);
            }
            choices.Add(text.AsSpan().ContainsAny('*', '?') ? new TagMatch.Wildcard(tag, vr, pattern!) { IsFuzzy = fuzzyNames }
                : new TagMatch.Exact(tag, vr, text) { IsFuzzy = fuzzyNames });
            // devices with a field for each component send "Müller^*"; that is also somebody who has no given name
            if (vr != DicomVr.PN || !text.EndsWith("^*", StringComparison.Ordinal))
            {
                return choices.Count == 1 ? choices[0] : new TagMatch.AnyOf(tag, vr, choices);
            }
            text = text[..^2].TrimEnd('^');
            if (!text.AsSpan().ContainsAnyExcept('*'))
            {
                return null;
            }
        }
    }

    private static TagMatch? ParseMoment(DicomTag tag, DicomVr vr, string text)
    {
        if (text == "-")
        {
            return null;
        }
        if (!TemporalText.TryParseRange(vr, text, out var from, out var to))
        {
            // neither a value nor a range of this VR: only what is written just so equals it
            return new TagMatch.Exact(tag, vr, text);
        }
        // a single TM or DT stays a range, because 1030, 103000 and 103000.0 are one time
        return vr == DicomVr.DA && from == to ? new TagMatch.Exact(tag, vr, from!) : new TagMatch.Range(tag, vr, from, to);
    }

    /// <summary>A number of IS or DS so that equal numbers are equal texts: <c>+007.50</c> is <c>7.5</c>. What is none stays as it is.</summary>
    internal static string Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number.ToString(CultureInfo.InvariantCulture) : text;

    // Two ranges become one when each bound of the time belongs to a bound of the date. "From the 5th on, between 10 and 18 o'clock" stays two.
    private static void Combine(List<TagMatch> matches)
    {
        foreach (var (dateTag, timeTag) in Moments)
        {
            if (matches.Find(m => m.Tag == dateTag) is TagMatch.Range date && matches.Find(m => m.Tag == timeTag) is TagMatch.Range time
                && (date.From is not null || time.From is null) && (date.To is not null || time.To is null))
            {
                matches.Remove(time);
                matches[matches.IndexOf(date)] = new TagMatch.Moment(dateTag, timeTag, date.From + time.From,
                    date.To is null ? null : date.To + (time.To ?? "235959.999999"));
            }
        }
    }
}
