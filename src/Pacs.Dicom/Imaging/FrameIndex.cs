using System.Buffers.Binary;

namespace Pacs.Dicom.Imaging;

/// <summary>A range of bytes.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="Length">How many they are.</param>
public readonly record struct ByteRange(long Offset, long Length)
{
    /// <summary>Where the byte behind it lies.</summary>
    public long End => Offset + Length;
}

/// <summary>
/// Where each frame of an instance lies. Native frames: arithmetic. Encapsulated ones: the Extended Offset Table, else the Basic Offset Table, as long as they agree with the
/// items they point at; else a pass over the headers of all fragments (PS3.5 §A.4). Safe for many threads; frames count from 1, as in DICOM.
/// </summary>
public sealed class FrameIndex
{
    private readonly PixelSource _source;
    private readonly PixelDescription _image;
    private readonly ByteRange _pixelData;
    private readonly OffsetTable? _table;
    private readonly Lock _scanning = new();
    private FragmentScan? _scan;

    private FrameIndex(PixelSource source, PixelDescription image, ByteRange pixelData, bool isEncapsulated, OffsetTable? table)
    {
        _source = source;
        _image = image;
        _pixelData = pixelData;
        IsEncapsulated = isEncapsulated;
        _table = table;
    }

    /// <summary>How many frames there should be.</summary>
    public int Count => _image.NumberOfFrames;

    /// <summary>Whether frames are in fragments.</summary>
    public bool IsEncapsulated { get; }

    /// <summary>Where the pixel data begin; behind the Basic Offset Table when they are encapsulated.</summary>
    internal long PixelDataOffset => _pixelData.Offset;

    /// <summary>Where the element behind the pixel data begins, if there is one (PS3.5 §7.1, §A.4).</summary>
    internal long FindEnd()
    {
        if (!IsEncapsulated)
        {
            return _pixelData.End + (_pixelData.Length & 1);
        }
        const int SequenceDelimiterSize = 8;
        return (Scan().Fragments is [.., var last] ? last.End : _pixelData.Offset) + SequenceDelimiterSize;
    }

    /// <summary>The index of native pixel data.</summary>
    /// <param name="source">Where they lie.</param>
    /// <param name="image">What they are.</param>
    /// <param name="pixelData">The value of the pixel data element.</param>
    internal static FrameIndex Native(PixelSource source, PixelDescription image, ByteRange pixelData) => new(source, image, pixelData, isEncapsulated: false, null);

    /// <summary>The index of encapsulated pixel data. Reads the Basic Offset Table.</summary>
    /// <param name="source">Where they lie.</param>
    /// <param name="image">What they are.</param>
    /// <param name="start">Where the item of the Basic Offset Table begins.</param>
    /// <param name="header">May have an Extended Offset Table (PS3.3 §C.7.6.3.1.8).</param>
    /// <exception cref="DicomException">There is no Basic Offset Table, not even an empty one.</exception>
    internal static FrameIndex Encapsulated(PixelSource source, PixelDescription image, long start, DicomDataset header)
    {
        if (!FragmentScan.TryReadItem(source, start, out var basic))
        {
            throw new DicomException("Encapsulated pixel data do not begin with an item", DicomTag.PixelData, start);
        }
        var fragments = new ByteRange(basic.End, source.Length - basic.End);
        return new(source, image, fragments, isEncapsulated: true, OffsetTable.Read(source, image.NumberOfFrames, basic, fragments, header));
    }

    /// <summary>The pieces of a frame, in order: one for native frames, one for each fragment of an encapsulated one, without item headers.</summary>
    /// <param name="frame">1 to <see cref="Count"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such frame.</exception>
    /// <exception cref="DicomException">The frame is not there, or where it begins cannot be told.</exception>
    public IReadOnlyList<ByteRange> Locate(int frame)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frame, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame, Count);
        if (!IsEncapsulated)
        {
            return [LocateNative(frame)];
        }
        return _table?.Locate(frame - 1) ?? Scan().Locate(frame - 1);
    }

    /// <summary>All fragments in order, without item headers: a video is one stream (PS3.5 §8.2.5).</summary>
    /// <exception cref="DicomException">Not encapsulated, or damaged.</exception>
    public IReadOnlyList<ByteRange> LocateAll() => IsEncapsulated ? Scan().Fragments : [_pixelData];

    /// <summary>Bits of the first byte of a native frame that belong to the frame before (PS3.5 §8.1.1: frames of single bits are not padded).</summary>
    internal int FirstBitOf(int frame) => IsEncapsulated ? 0 : (int)((frame - 1) * _image.FrameBits & 7);

    private ByteRange LocateNative(int frame)
    {
        var firstBit = (frame - 1) * _image.FrameBits;
        var first = firstBit >> 3;
        var length = ((firstBit + _image.FrameBits + 7) >> 3) - first;
        var there = Math.Min(_pixelData.Length, _source.Length - _pixelData.Offset) - first;
        // what ends a little early is a picture with some black lines, and better than none
        return there >= length / 2 && there > 0
            ? new(_pixelData.Offset + first, Math.Min(length, there))
            : throw new DicomException($"Frame {frame} is not there: the pixel data have {_pixelData.Length} bytes, a frame has {length}", DicomTag.PixelData, _pixelData.Offset);
    }

    private FragmentScan Scan()
    {
        lock (_scanning)
        {
            return _scan ??= FragmentScan.Run(_source, _pixelData.Offset, Count, _table);
        }
    }
}

/// <summary>The Basic or the Extended Offset Table, as far as it can be believed (PS3.5 §A.4, PS3.3 §C.7.6.3.1.8).</summary>
internal sealed class OffsetTable
{
    // a microsecond each when the file is in memory; a slide of 100,000 tiles is looked at tile by tile only
    private const int MaxChecked = 4096;

    private readonly PixelSource _source;
    private readonly ByteRange _fragments;
    private readonly long[] _offsets;
    private readonly long[]? _lengths;
    private readonly bool _startsAreKnown;
    private readonly Lazy<bool> _isTrue;

    private OffsetTable(PixelSource source, ByteRange fragments, long[] offsets, long[]? lengths)
    {
        _source = source;
        _fragments = fragments;
        _offsets = offsets;
        _lengths = lengths;
        _startsAreKnown = FragmentScan.TryReadItem(source, fragments.Offset, out var first) && FragmentScan.BeginsStream(source, first);
        _isTrue = new(() => offsets.Length > MaxChecked || Array.TrueForAll(offsets, o => BeginsFrame(fragments.Offset + o, out _)));
    }

    /// <summary>From the first byte behind the Basic Offset Table to the item of each frame's first fragment.</summary>
    public ReadOnlySpan<long> Offsets => _offsets;

    /// <summary>The table of an instance, or null when there is none or it is nonsense at first sight.</summary>
    public static OffsetTable? Read(PixelSource source, int frames, ByteRange basic, ByteRange fragments, DicomDataset header)
    {
        if (header.Get(DicomTag.ExtendedOffsetTable)?.Value is { } offsets && offsets.Length == frames * 8L
            && header.Get(DicomTag.ExtendedOffsetTableLengths)?.Value is { } lengths && lengths.Length == frames * 8L)
        {
            var extended = new OffsetTable(source, fragments, Numbers(offsets.Span), Numbers(lengths.Span));
            if (extended.IsAscending())
            {
                return extended;
            }
        }
        if (basic.Length != frames * 4L || frames > FragmentScan.MaxFragments)
        {
            return null;
        }
        using var table = new PooledBytes((int)basic.Length);
        source.Read(basic.Offset, table.Span);
        var numbers = new long[frames];
        for (var i = 0; i < frames; i++)
        {
            numbers[i] = BinaryPrimitives.ReadUInt32LittleEndian(table.Span[(i * 4)..]);
        }
        var found = new OffsetTable(source, fragments, numbers, null);
        return found.IsAscending() ? found : null;
    }

    /// <summary>The fragments of a frame, or null when there are no items where the table says so.</summary>
    /// <param name="frame">From 0.</param>
    public IReadOnlyList<ByteRange>? Locate(int frame)
    {
        var at = _fragments.Offset + _offsets[frame];
        var end = frame + 1 < _offsets.Length ? _fragments.Offset + _offsets[frame + 1] : long.MaxValue;
        if (!_isTrue.Value || !BeginsFrame(at, out var first) || (end != long.MaxValue && !BeginsFrame(end, out _)))
        {
            return null;
        }
        if (_lengths is not null)
        {
            // one fragment; the length is without padding. What does not fit into it is a table of something else
            return _lengths[frame] > 0 && _lengths[frame] <= first.Length && first.Length - _lengths[frame] <= 1 ? [new(first.Offset, _lengths[frame])] : null;
        }
        var parts = new List<ByteRange> { first };
        at = first.End;
        while (at < end && FragmentScan.TryReadItem(_source, at, out var next))
        {
            parts.Add(next);
            at = next.End;
        }
        return at == end || end == long.MaxValue ? parts : null;
    }

    // a table of fragments instead of frames points at items too
    private bool BeginsFrame(long at, out ByteRange first) =>
        FragmentScan.TryReadItem(_source, at, out first) && (!_startsAreKnown || FragmentScan.BeginsStream(_source, first));

    private static long[] Numbers(ReadOnlySpan<byte> bytes)
    {
        var numbers = new long[bytes.Length / 8];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * 8)..]);
        }
        return numbers;
    }

    private bool IsAscending()
    {
        long last = -1;
        foreach (var offset in _offsets)
        {
            if (offset <= last || offset >= _fragments.Length)
            {
                return false;
            }
            last = offset;
        }
        return _offsets[0] == 0;
    }
}
