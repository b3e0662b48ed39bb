using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.Extensions.Primitives;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>A search, read from the address and its query parameters (PS3.18 §8.3.4, §10.6.1).</summary>
/// <param name="Query">What to look for.</param>
/// <param name="Keys">What the answers contain.</param>
/// <param name="Warnings">What of the request was not heeded.</param>
internal sealed record QidoRequest(DicomQuery Query, QueryKeys Keys, IReadOnlyList<string> Warnings)
{
    // more than anybody asks, and an end to those who try
    private const int MaxParameters = 100;

    // PS3.18 §8.3.4 and §8.3.3: parameters that are no attributes
    internal static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase) { "limit", "offset", "fuzzymatching", "includefield", "accept", "charset", Login.TokenParameter };

    // dates, times and ranges of them, also as older peers write them; everything, and nothing
    private static readonly SearchValues<char> OfMoments = SearchValues.Create("0123456789-+.:* \"");

    // PS3.18 tables 10.6.3-3 to 10.6.3-5: what is returned unasked, as far as the index knows it
    private static readonly DicomTag[] StudyTags =
    [
        DicomTag.SpecificCharacterSet, DicomTag.StudyDate, DicomTag.StudyTime, DicomTag.AccessionNumber, DicomTag.InstanceAvailability, DicomTag.ModalitiesInStudy,
        DicomTag.ReferringPhysicianName, DicomTag.StudyDescription, DicomTag.PatientName, DicomTag.PatientID, DicomTag.PatientBirthDate, DicomTag.PatientSex, DicomTag.StudyInstanceUID,
        DicomTag.StudyID, DicomTag.NumberOfStudyRelatedSeries, DicomTag.NumberOfStudyRelatedInstances,
    ];

    private static readonly DicomTag[] SeriesTags =
    [
        DicomTag.Modality, DicomTag.SeriesDescription, DicomTag.SeriesInstanceUID, DicomTag.SeriesNumber, DicomTag.NumberOfSeriesRelatedInstances,
        DicomTag.PerformedProcedureStepStartDate, DicomTag.PerformedProcedureStepStartTime,
    ];

    private static readonly DicomTag[] InstanceTags =
    [
        DicomTag.SOPClassUID, DicomTag.SOPInstanceUID, DicomTag.AvailableTransferSyntaxUID, DicomTag.InstanceNumber, DicomTag.NumberOfFrames,
    ];

    // the same tables: what only the files know
    private static readonly DicomTag[] SeriesTagsOfFiles = [DicomTag.RequestAttributesSequence];
    private static readonly DicomTag[] InstanceTagsOfFiles = [DicomTag.Rows, DicomTag.Columns, DicomTag.BitsAllocated];

    /// <summary>Reads a request.</summary>
    /// <param name="level">What is looked for.</param>
    /// <param name="study">The study in the path, or null.</param>
    /// <param name="series">The series in the path, or null.</param>
    /// <param name="parameters">The query parameters.</param>
    /// <param name="request">The search.</param>
    /// <param name="problem">What is wrong with it.</param>
    public static bool TryParse(
        Level level, string? study, string? series, IQueryCollection parameters, [NotNullWhen(true)] out QidoRequest? request, [NotNullWhen(false)] out string? problem)
    {
        request = null;
        var matches = new List<TagMatch>();
        var keys = new SortedDictionary<DicomTag, ReturnKey>();
        var warnings = new List<string>();
        foreach (var key in Unasked(level, study, series))
        {
            keys[key.Tag] = key;
        }
        Narrow(matches, DicomTag.StudyInstanceUID, study);
        Narrow(matches, DicomTag.SeriesInstanceUID, series);

        if (!TryNumber(parameters["offset"], out var offset) || !TryNumber(parameters["limit"], out var limit))
        {
            problem = "limit and offset are whole numbers, 0 or more";
            return false;
        }
        if (!TryBoolean(parameters["fuzzymatching"], out var fuzzy))
        {
            problem = "fuzzymatching is true or false";
            return false;
        }
        if (parameters.Count > MaxParameters)
        {
            problem = $"At most {MaxParameters} parameters";
            return false;
        }
        foreach (var (name, values) in parameters)
        {
            if (Reserved.Contains(name))
            {
                continue;
            }
            if (!TryPath(name, out var path))
            {
                warnings.Add("A parameter that is no attribute was ignored"); // PS3.18 §8.3.2: what is not supported is ignored
                continue;
            }
            Add(keys, path);
            if (MatchParser.IsNoKey(path[^1]))
            {
                continue;
            }
            // a list of UIDs written as several parameters is the list (PS3.4 §C.2.2.2.2); nothing has two UIDs
            foreach (var value in DicomDictionary.GetVr(path[^1]) == DicomVr.UI ? new StringValues(string.Join(',', values.ToArray())) : values)
            {
                try
                {
                    if (Match(path, value ?? "", fuzzy) is { } match)
                    {
                        matches.Add(match);
                    }
                }
                catch (DicomException e)
                {
                    problem = e.Message;
                    return false;
                }
            }
        }
        if (!TryInclude(parameters["includefield"], level, keys, out problem))
        {
            return false;
        }
        var list = keys.Values.ToList();
        request = new QidoRequest(
            new DicomQuery(level, matches, list) { Offset = offset, Limit = limit == 0 ? null : limit }, new QueryKeys(matches, list, CharacterSet.Utf8), warnings);
        return true;
    }

    // what the path says already is not repeated (table 10.6.3-2) but for the UIDs, which make the answer stand on its own
    internal static IEnumerable<ReturnKey> Unasked(Level level, string? study, string? series)
    {
        var tags = study is null ? StudyTags : [DicomTag.SpecificCharacterSet, DicomTag.InstanceAvailability, DicomTag.StudyInstanceUID];
        DicomTag[] ofFiles = [];
        if (level >= Level.Series)
        {
            tags = [.. tags, .. series is null ? SeriesTags : [DicomTag.Modality, DicomTag.SeriesInstanceUID]];
            ofFiles = series is null ? SeriesTagsOfFiles : [];
        }
        if (level == Level.Instance)
        {
            tags = [.. tags, .. InstanceTags];
            ofFiles = [.. ofFiles, .. InstanceTagsOfFiles];
        }
        return tags.Select(t => Key(t)).Concat(ofFiles.Select(t => Key(t) with { IsOptional = true }));
    }

    private static ReturnKey Key(DicomTag tag) => new(tag, DicomDictionary.GetVr(tag), []);

    private static bool TryInclude(StringValues fields, Level level, SortedDictionary<DicomTag, ReturnKey> keys, [NotNullWhen(false)] out string? problem)
    {
        foreach (var field in fields.SelectMany(f => (f ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
        {
            if (string.Equals(field, "all", StringComparison.OrdinalIgnoreCase))
            {
                // everything that the index knows of the entity and those above
                foreach (var attribute in QueryAttributes.All.Where(a => a.Level <= level && a.Tag != DicomTag.RetrieveAETitle))
                {
                    Add(keys, [attribute.Tag]);
                }
            }
            else if (TryPath(field, out var path))
            {
                Add(keys, path);
            }
            else
            {
                problem = "includefield is a list of tags, keywords of the DICOM dictionary, sequences of both with dots, or all";
                return false;
            }
            if (keys.Count > 1000)
            {
                problem = "At most 1000 attributes can be included";
                return false;
            }
        }
        problem = null;
        return true;
    }

    /// <summary>An attribute, or one within sequences (PS3.18 §8.3.4.1): <c>00400275.00401001</c>, <c>RequestAttributesSequence.RequestedProcedureID</c>.</summary>
    private static bool TryPath(string text, out DicomTag[] path)
    {
        var parts = text.Split('.');
        path = new DicomTag[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!DicomTag.TryParse(parts[i], out path[i]) || (i + 1 < parts.Length && DicomDictionary.GetVr(path[i]) is var vr && vr != DicomVr.SQ && vr != DicomVr.UN))
            {
                return false;
            }
        }
        return parts.Length <= MatchParser.MaxDepth;
    }

    private static void Add(SortedDictionary<DicomTag, ReturnKey> keys, ReadOnlySpan<DicomTag> path)
    {
        var key = path[0];
        // a sequence is returned whole: simpler for whoever reads it, and allowed
        keys[key] = new ReturnKey(key, path.Length > 1 ? DicomVr.SQ : DicomDictionary.GetVr(key), []);
    }

    private static void Narrow(List<TagMatch> matches, DicomTag tag, string? uid)
    {
        if (uid is not null)
        {
            matches.Add(new TagMatch.Exact(tag, DicomVr.UI, uid));
        }
    }

    private static TagMatch? Match(ReadOnlySpan<DicomTag> path, string value, bool fuzzy)
    {
        var tag = path[0];
        if (path.Length > 1)
        {
            return Match(path[1..], value, fuzzy) is { } inner ? new TagMatch.Item(tag, [inner]) : null;
        }
        var vr = DicomDictionary.GetVr(tag);
        if (vr == DicomVr.SQ)
        {
            return null; // universal: the sequence is returned
        }
        if ((vr == DicomVr.DA || vr == DicomVr.TM || vr == DicomVr.DT) && value.AsSpan().ContainsAnyExcept(OfMoments))
        {
            throw new DicomException("A date or time that is none", tag);
        }
        // who gives the family name alone means everybody of that name (PS3.4 §C.2.2.2.1.1 leaves it to us)
        if (fuzzy && vr == DicomVr.PN && value.Length > 0 && !value.AsSpan().ContainsAny("*?^=\""))
        {
            return new TagMatch.AnyOf(tag, vr, [MatchParser.ParseValue(tag, vr, value, fuzzy)!, MatchParser.ParseValue(tag, vr, value + "^*", fuzzy)!]);
        }
        // PS3.18 §8.3.4.1: UIDs in a list are separated by commas, which neither UI nor CS has in a value
        return MatchParser.ParseValue(tag, vr == DicomVr.UN ? DicomVr.LO : vr, vr == DicomVr.UI || vr == DicomVr.CS ? value.Replace(',', '\\') : value, fuzzy);
    }

    private static bool TryNumber(StringValues text, out int number)
    {
        number = 0;
        return text.Count == 0 || (text.Count == 1 && int.TryParse(text[0], NumberStyles.None, CultureInfo.InvariantCulture, out number));
    }

    private static bool TryBoolean(StringValues text, out bool value)
    {
        value = false;
        return text.Count == 0 || (text.Count == 1 && bool.TryParse(text[0], out value));
    }
}
