using System.Buffers;
using System.Buffers.Binary;

namespace Pacs.Dicom.Imaging;

/// <summary>The fragments of encapsulated pixel data as their item headers tell, and which of them begin a frame (PS3.5 §A.4).</summary>
internal sealed class FragmentScan
{
    /// <summary>The most fragments: 16 bytes of memory each, for at least 8 in the file.</summary>
    public const int MaxFragments = 4_000_000;

    private const int ItemHeaderSize = 8;

    private readonly int _frames;
    private readonly int[]? _firstOfFrame;

    private FragmentScan(ByteRange[] fragments, int frames, int[]? firstOfFrame)
    {
        Fragments = fragments;
        _frames = frames;
        _firstOfFrame = firstOfFrame;
    }

    /// <summary>All fragments.</summary>
    public ByteRange[] Fragments { get; }

    /// <summary>Passes over all item headers.</summary>
    /// <param name="source">Where they lie.</param>
    /// <param name="start">The first item behind the Basic Offset Table.</param>
    /// <param name="frames">How many frames there should be.</param>
    /// <param name="table">The Basic Offset Table, if there is one.</param>
    public static FragmentScan Run(PixelSource source, long start, int frames, OffsetTable? table)
    {
        var fragments = new List<ByteRange>();
        for (var at = start; TryReadItem(source, at, out var fragment); at = fragment.End)
        {
            if (fragments.Count == MaxFragments)
            {
                throw new DicomException($"More than {MaxFragments} fragments", DicomTag.PixelData, at);
            }
            fragments.Add(fragment);
        }
        ByteRange[] found = [.. fragments];
        return new(found, frames, FirstOfFrames(source, found, start, frames, table));
    }

    /// <summary>The content of an item, cut where the bytes end; false when there is no item, or one of undefined length.</summary>
    public static bool TryReadItem(PixelSource source, long at, out ByteRange content)
    {
        Span<byte> header = stackalloc byte[ItemHeaderSize];
        content = default;
        // always little endian: encapsulated syntaxes are
        if (at < 0 || source.Read(at, header) < ItemHeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(header) != 0xE000FFFE)
        {
            return false;
        }
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        if (length == ElementHeader.Undefined)
        {
            return false;
        }
        content = new(at + ItemHeaderSize, Math.Min(length, source.Length - at - ItemHeaderSize));
        return true;
    }

    /// <summary>Writes a fragment with its item header, padded to an even length (PS3.5 §A.4).</summary>
    public static void WriteItem(IBufferWriter<byte> writer, ReadOnlySpan<byte> content)
    {
        var length = (content.Length + 1) & ~1;
        var span = writer.GetSpan(ItemHeaderSize + length);
        BinaryPrimitives.WriteUInt32LittleEndian(span, 0xE000FFFE);
        BinaryPrimitives.WriteInt32LittleEndian(span[4..], length);
        content.CopyTo(span[ItemHeaderSize..]);
        span[(ItemHeaderSize + content.Length)..(ItemHeaderSize + length)].Clear();
        writer.Advance(ItemHeaderSize + length);
    }

    /// <summary>The fragments of a frame.</summary>
    /// <param name="frame">From 0.</param>
    public ArraySegment<ByteRange> Locate(int frame)
    {
        if (_frames == 1 && Fragments.Length > 0)
        {
            return Fragments;
        }
        if (_firstOfFrame is null)
        {
            throw new DicomException($"Where {_frames} frames begin in {Fragments.Length} fragments cannot be told: there is no offset table that agrees with them", DicomTag.PixelData);
        }
        if (frame >= _firstOfFrame.Length)
        {
            throw new DicomException($"Frame {frame + 1} is not there: there are {_firstOfFrame.Length} of {_frames}", DicomTag.PixelData);
        }
        var first = _firstOfFrame[frame];
        var end = frame + 1 < _firstOfFrame.Length ? _firstOfFrame[frame + 1] : Fragments.Length;
        return new(Fragments, first, end - first);
    }

    /// <summary>Whether a fragment is the beginning of a compressed image, and hardly its middle.</summary>
    public static bool BeginsStream(PixelSource source, ByteRange fragment)
    {
        Span<byte> head = stackalloc byte[12];
        return BeginsStream(head[..source.Read(fragment.Offset, head[..(int)Math.Min(head.Length, fragment.Length)])]);
    }

    private static int[]? FirstOfFrames(PixelSource source, ByteRange[] fragments, long start, int frames, OffsetTable? table)
    {
        if (fragments.Length <= frames)
        {
            // one each; the last ones may be missing
            return [.. Enumerable.Range(0, fragments.Length)];
        }
        var starts = StreamStarts(source, fragments);
        if (starts.Count == frames)
        {
            return [.. starts];
        }
        // without a signature to go by (RLE): a table that was not believed for a frame may still be right for others
        var first = new List<int>();
        foreach (var offset in table is null ? [] : table.Offsets)
        {
            var at = Array.BinarySearch(fragments, new ByteRange(start + offset + ItemHeaderSize, 0), OffsetOrder.Instance);
            if (at < 0)
            {
                return null;
            }
            first.Add(at);
        }
        return first.Count == frames ? [.. first] : null;
    }

    private static List<int> StreamStarts(PixelSource source, ByteRange[] fragments)
    {
        var starts = new List<int>();
        for (var i = 0; i < fragments.Length; i++)
        {
            if (BeginsStream(source, fragments[i]))
            {
                starts.Add(i);
            }
        }
        return starts;
    }

    private static bool BeginsStream(ReadOnlySpan<byte> head) =>
        head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])                                    // JPEG, JPEG-LS: SOI and a marker
        || head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x4F, 0xFF, 0x51])                           // JPEG 2000: SOC, SIZ
        || head.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 0x0C, 0x6A, 0x50, 0x20, 0x20])            // the same in a JP2 file
        || head.StartsWith((ReadOnlySpan<byte>)[0, 0, 0, 0x0C, 0x4A, 0x58, 0x4C, 0x20])            // JPEG XL in its container
                                                                                                   // RLE: 1 to 15 segments, the first right behind the header (PS3.5 §G.5)
        || (head.Length >= 8 && BinaryPrimitives.ReadUInt32LittleEndian(head) is >= 1 and <= 15 && BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) == 64);

    private sealed class OffsetOrder : IComparer<ByteRange>
    {
        public static readonly OffsetOrder Instance = new();

        public int Compare(ByteRange x, ByteRange y) => x.Offset.CompareTo(y.Offset);
    }
}
