using System.Buffers.Binary;

namespace Pacs.Dicom.Imaging;

/// <summary>A table of a Modality LUT, VOI LUT, Presentation LUT or a colour of a palette: descriptor and data (PS3.3 §C.11.1.1, §C.7.6.3.1.5).</summary>
internal sealed class LookupTable
{
    private readonly ushort[] _entries;

    private LookupTable(ushort[] entries, int first, int bits)
    {
        _entries = entries;
        First = first;
        Bits = bits;
    }

    /// <summary>The input value of the first entry.</summary>
    public int First { get; }

    /// <summary>Bits of an entry, 8 to 16.</summary>
    public int Bits { get; }

    /// <summary>How many entries there are, 1 to 65536.</summary>
    public int Count => _entries.Length;

    /// <summary>The entry for a value; those before the first and behind the last take these.</summary>
    public int this[int value] => _entries[Math.Clamp(value - (long)First, 0, _entries.Length - 1)];

    /// <summary>Reads a table from an item of a LUT sequence. Null when it is incomplete.</summary>
    public static LookupTable? Of(DicomDataset item) => Read(item, DicomTag.LUTDescriptor, item.Get(DicomTag.LUTData), isPalette: false);

    /// <summary>Reads one colour of a palette: plain (0028,12xx), or segmented (PS3.3 §C.7.9.2). Null when it is incomplete.</summary>
    public static LookupTable? OfPalette(DicomDataset dataset, DicomTag descriptor, DicomTag data, DicomTag segmented) =>
        dataset.Get(data) is { Value.Length: > 0 } plain ? Read(dataset, descriptor, plain, isPalette: true)
        : dataset.Get(segmented) is { } segments ? Segmented(dataset, descriptor, segments) : null;

    private static LookupTable? Read(DicomDataset dataset, DicomTag descriptor, DicomElement? data, bool isPalette)
    {
        if (data is null || !TryDescriptor(dataset, descriptor, out var count, out var first, out var bits))
        {
            return null;
        }
        var bytes = data.Value.Span;
        // whatever Bits says: the length tells whether entries of 8 bits are packed or have a word each (PS3.3 §C.11.1.1.1; writers differ)
        var isPacked = bytes.Length < count * 2;
        var there = Math.Min(count, isPacked ? bytes.Length : bytes.Length / 2);
        if (there == 0)
        {
            return null;
        }
        var entries = new ushort[there];
        var largest = 0;
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = isPacked ? bytes[i] : BinaryPrimitives.ReadUInt16LittleEndian(bytes[(i * 2)..]);
            largest = Math.Max(largest, entries[i]);
        }
        return new(entries, first, Depth(bits, largest, isPalette));
    }

    // a palette that says 16 bits and goes to 255 at most means 8: seen in practice, and black when it is believed
    private static int Depth(int bits, int largest, bool isPalette) => isPalette
        ? largest > 255 ? 16 : 8
        : largest >= 1 << bits ? 16 : bits;

    private static LookupTable? Segmented(DicomDataset dataset, DicomTag descriptor, DicomElement data)
    {
        if (!TryDescriptor(dataset, descriptor, out var count, out var first, out var bits))
        {
            return null;
        }
        // entries of 8 bits have 8-bit segments, packed into words
        var size = bits == 8 ? 1 : 2;
        var bytes = data.Value.Span;
        var words = new ushort[bytes.Length / size];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = size == 1 ? bytes[i] : BinaryPrimitives.ReadUInt16LittleEndian(bytes[(i * 2)..]);
        }
        var entries = new List<ushort>(count);
        Expand(words, size, count, entries);
        return entries.Count == 0 ? null : new([.. entries], first, bits == 8 ? 8 : 16);
    }

    /// <summary>Segments: discrete, linear, or a repetition of some that came before (PS3.3 §C.7.9.2.1).</summary>
    private static void Expand(ushort[] words, int size, int count, List<ushort> entries)
    {
        for (var at = 0; at + 1 < words.Length && entries.Count < count;)
        {
            if (words[at] != 2)
            {
                at = Segment(words, at, count, entries);
                continue;
            }
            // so many segments, beginning so many bytes from the start: low word first. They are no repetitions themselves
            var offset = at + 3 < words.Length ? (words[at + 2] | (words[at + 3] << (8 * size))) / size : int.MaxValue;
            var number = words[at + 1];
            if (offset < 0 || offset >= at)
            {
                throw new DicomException("A segmented palette repeats what has not come before", DicomTag.SegmentedRedPaletteColorLookupTableData);
            }
            at += 4;
            for (var i = 0; i < number && offset + 1 < words.Length && words[offset] != 2 && entries.Count < count; i++)
            {
                offset = Segment(words, offset, count, entries);
            }
        }
    }

    private static int Segment(ushort[] words, int at, int count, List<ushort> entries)
    {
        var length = words[at + 1];
        if (words[at] == 0)
        {
            for (var i = 0; i < length && at + 2 + i < words.Length && entries.Count < count; i++)
            {
                entries.Add(words[at + 2 + i]);
            }
            return at + 2 + length;
        }
        if (words[at] != 1 || at + 2 >= words.Length || entries.Count == 0)
        {
            throw new DicomException($"A segmented palette has a segment of kind {words[at]} where none can be", DicomTag.SegmentedRedPaletteColorLookupTableData);
        }
        // from the last entry, which is not repeated, straight to this one
        int from = entries[^1], to = words[at + 2];
        for (var i = 1; i <= length && entries.Count < count; i++)
        {
            entries.Add((ushort)Math.Floor(from + ((to - from) * (double)i / length) + 0.5));
        }
        return at + 3;
    }

    private static bool TryDescriptor(DicomDataset dataset, DicomTag tag, out int count, out int first, out int bits)
    {
        count = dataset.GetInt32(tag) ?? -1;
        first = dataset.GetInt32(tag, 1) ?? 0;
        bits = dataset.GetInt32(tag, 2) ?? 16;
        // the number of entries is unsigned even where the VR is SS, and 0 means 65536
        count = count <= 0 && dataset.Contains(tag) ? count + 65536 : count;
        return count is >= 1 and <= 65536 && bits is >= 8 and <= 16;
    }
}
