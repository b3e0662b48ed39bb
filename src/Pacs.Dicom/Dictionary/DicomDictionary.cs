using System.Collections.Frozen;

namespace Pacs.Dicom;

/// <summary>The data dictionary: PS3.6 chapters 6 to 9 and the command group of PS3.7 annex E. What a tag is called and which VR it has.</summary>
public static class DicomDictionary
{
    private static readonly Lazy<Entry[]> Entries = new(ParseTexts);
    private static readonly Lazy<FrozenDictionary<string, DicomTag>> Keywords = new(() =>
        Entries.Value.Where(e => e.Keyword.Length > 0).ToFrozenDictionary(e => e.Keyword, e => e.Tag, StringComparer.Ordinal));

    private static readonly Lazy<FrozenSet<DicomTag>> Signed = new(() =>
        Entries.Value.Where(e => e.VrText.StartsWith("US or SS", StringComparison.Ordinal)).Select(e => e.Tag).ToFrozenSet());

    /// <summary>One line of the dictionary.</summary>
    /// <param name="Tag">The tag; of a repeating group its first one.</param>
    /// <param name="Keyword">The keyword, e.g. <c>PatientID</c>; empty for the few retired tags without one.</param>
    /// <param name="Name">The name, e.g. <c>Patient ID</c>.</param>
    /// <param name="VrText">The VR as printed, e.g. <c>US or SS</c>.</param>
    /// <param name="Vm">The value multiplicity as printed, e.g. <c>1-n</c>.</param>
    /// <param name="IsRetired">Whether the standard has retired it.</param>
    public sealed record Entry(DicomTag Tag, string Keyword, string Name, string VrText, string Vm, bool IsRetired);

    /// <summary>
    /// The VR of a tag in Implicit VR data sets. The first where the dictionary lists several (<c>US or SS</c>: the caller knows the pixel
    /// representation; <c>OB or OW</c>: OW, PS3.5 §A.1). LO for private creators, UL for group lengths, UN for what the dictionary lacks.
    /// </summary>
    public static DicomVr GetVr(DicomTag tag)
    {
        var index = DictionaryTable.Tags.BinarySearch(tag.Value);
        if (index >= 0)
        {
            return Resolve(DictionaryTable.Vrs[index], tag);
        }
        if (tag.IsPrivate)
        {
            // PS3.5 §7.8.1
            return tag.IsPrivateCreator ? DicomVr.LO : tag.IsGroupLength ? DicomVr.UL : DicomVr.UN;
        }
        if (tag.IsGroupLength)
        {
            return DicomVr.UL;
        }
        var repeating = FindRepeating(tag);
        return repeating < 0 ? DicomVr.UN : Resolve(DictionaryTable.RepeatingVrs[repeating], tag);

        // "OB or OW" is OW in Implicit VR (PS3.5 §A.1); the table keeps the first
        static DicomVr Resolve(ushort packed, DicomTag tag) => packed == 0 ? DicomVr.UN
            : new DicomVr(packed) == DicomVr.OB && IsPixelLike(tag) ? DicomVr.OW : new DicomVr(packed);
    }

    /// <summary>The line of the dictionary for a tag, or null when there is none (private tags, unknown ones).</summary>
    public static Entry? Find(DicomTag tag)
    {
        var index = DictionaryTable.Tags.BinarySearch(tag.Value);
        if (index >= 0)
        {
            return Entries.Value[index];
        }
        var repeating = FindRepeating(tag);
        return repeating < 0 ? null : Entries.Value[DictionaryTable.Tags.Length + repeating] with { Tag = tag };
    }

    /// <summary>The tag with this keyword (case-sensitive, PS3.6: <c>PatientID</c>).</summary>
    public static bool TryFindKeyword(string keyword, out DicomTag tag) => Keywords.Value.TryGetValue(keyword, out tag);

    /// <summary>Every line, in the order of the tags; the repeating groups last.</summary>
    public static IReadOnlyList<Entry> All => Entries.Value;

    /// <summary>Whether the dictionary leaves open if the value is signed: <c>US or SS</c>.</summary>
    internal static bool MayBeSigned(DicomTag tag) => Signed.Value.Contains(tag);

    private static bool IsPixelLike(DicomTag tag) => (tag.Group & 0xFF00) is 0x7F00 or 0x6000 or 0x5000 || tag.Group == 0x5400;

    private static int FindRepeating(DicomTag tag)
    {
        if (tag.IsPrivate)
        {
            return -1;
        }
        for (var i = 0; i < DictionaryTable.RepeatingTags.Length; i++)
        {
            var mask = DictionaryTable.RepeatingMasks[i];
            if ((tag.Value & mask) == (DictionaryTable.RepeatingTags[i] & mask))
            {
                return i;
            }
        }
        return -1;
    }

    private static Entry[] ParseTexts()
    {
        var plain = DictionaryTable.Tags.Length;
        var entries = new Entry[plain + DictionaryTable.RepeatingTags.Length];
        var rest = DictionaryTable.Texts.AsSpan();
        for (var i = 0; i < entries.Length; i++)
        {
            var end = rest.IndexOf('\n');
            var parts = rest[..end].ToString().Split('\t');
            rest = rest[(end + 1)..];
            var tag = new DicomTag(i < plain ? DictionaryTable.Tags[i] : DictionaryTable.RepeatingTags[i - plain]);
            entries[i] = new Entry(tag, parts[0], parts[1], parts[2], parts[3], parts[4].Length > 0);
        }
        return entries;
    }
}
