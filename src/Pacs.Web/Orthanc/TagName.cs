using System.Collections.Frozen;
using System.Text;
using Pacs.Dicom;

namespace Pacs.Web.Orthanc;

/// <summary>What a tag is called in Orthanc's JSON, ready to be written and sorted: the keyword, or the number where the dictionary has none.</summary>
/// <param name="Utf8">The name.</param>
/// <param name="Rank">Where it stands among all names in the order of their characters.</param>
internal readonly record struct TagName(byte[] Utf8, long Rank)
{
    // digits come before letters
    private const long Keywords = 1L << 32;

    private static readonly FrozenDictionary<DicomTag, TagName> Known = DicomDictionary.All.Where(e => e.Keyword.Length > 0).OrderBy(e => e.Keyword, StringComparer.Ordinal)
        .Select((e, i) => KeyValuePair.Create(e.Tag, new TagName(Encoding.UTF8.GetBytes(e.Keyword), Keywords + i))).ToFrozenDictionary();

    /// <summary>Whether it is a keyword.</summary>
    public bool IsKeyword => Rank >= Keywords;

    /// <summary>The name of a tag.</summary>
    public static TagName Of(DicomTag tag)
    {
        if (Known.TryGetValue(tag, out var name))
        {
            return name;
        }
        // of a repeating group the dictionary has one tag
        return DicomDictionary.Find(tag) is { Keyword.Length: > 0 } entry && DicomDictionary.TryFindKeyword(entry.Keyword, out var one) && Known.TryGetValue(one, out name)
            ? name : new TagName(Encoding.ASCII.GetBytes(OrthancTags.Number(tag)), tag.Value);
    }
}
