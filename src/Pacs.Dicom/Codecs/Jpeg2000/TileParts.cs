using System.Buffers.Binary;

namespace Pacs.Dicom.Codecs;

/// <summary>What the parts of a tile have brought.</summary>
internal sealed class TileParts(CodingParameters parameters)
{
    public CodingParameters Parameters { get; } = parameters;

    /// <summary>Where its data are in the frame, part by part.</summary>
    public List<(int Start, int Length)> Parts { get; } = [];

    public PackedHeaders PackedHeaders { get; } = new();

    /// <summary>Bytes of its data.</summary>
    public int Length => Parts.Sum(p => p.Length);

    /// <summary>Its data, put together.</summary>
    public ReadOnlyMemory<byte> Data(ReadOnlyMemory<byte> frame)
    {
        if (Parts.Count == 1)
        {
            return frame.Slice(Parts[0].Start, Parts[0].Length);
        }
        var joined = new byte[Length];
        var at = 0;
        foreach (var (start, length) in Parts)
        {
            frame.Span.Slice(start, length).CopyTo(joined.AsSpan(at));
            at += length;
        }
        return joined;
    }
}

/// <summary>Packet headers that stand in marker segments instead of before their packets: of a tile (PPT) or of the image (PPM), T.800 §A.7.4 and §A.7.5.</summary>
internal sealed class PackedHeaders
{
    private readonly SortedDictionary<int, byte[]> _segments = [];
    private byte[]? _joined;

    /// <summary>Takes a segment in; its first byte is its number.</summary>
    public void Add(ref SegmentReader segment)
    {
        var offset = segment.Offset;
        if (!_segments.TryAdd(segment.Byte(), segment.Rest().ToArray()))
        {
            throw new DicomException("The JPEG 2000 stream has packed packet headers twice", offset: offset);
        }
    }

    /// <summary>All headers (PPT), or null when there are none.</summary>
    public ReadOnlyMemory<byte>? OfTile() => _segments.Count == 0 ? default(ReadOnlyMemory<byte>?) : Joined;

    /// <summary>The headers of a tile (PPM), or null when there are none: of each tile part a length and the bytes, in the order of the stream.</summary>
    public ReadOnlyMemory<byte>? OfTile(int tile, List<int> partOrder)
    {
        if (_segments.Count == 0)
        {
            return null;
        }
        using var headers = new MemoryStream();
        ReadOnlySpan<byte> left = Joined;
        foreach (var owner in partOrder)
        {
            var length = left.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32BigEndian(left);
            if (length > left.Length - 4)
            {
                throw new DicomException("The packed packet headers of the JPEG 2000 stream are too short");
            }
            if (owner == tile)
            {
                headers.Write(left.Slice(4, (int)length));
            }
            left = left[(4 + (int)length)..];
        }
        return headers.ToArray();
    }

    private byte[] Joined => _joined ??= [.. _segments.Values.SelectMany(s => s)];
}
