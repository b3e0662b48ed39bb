using System.Buffers.Binary;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>The markers of a JPEG 2000 codestream (T.800 annex A), and its tiles.</summary>
internal sealed class Codestream
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly PixelDescription _image;
    private readonly SortedDictionary<int, TileParts> _tiles = [];
    private readonly PackedHeaders _packedHeaders = new();
    private readonly List<int> _partOrder = [];
    private readonly int _start;
    private ImageSize? _size;
    private CodingParameters? _parameters;
    private int _at;

    /// <param name="frame">The frame; a codestream, or a file of boxes around one.</param>
    /// <param name="image">What the data set says.</param>
    public Codestream(ReadOnlyMemory<byte> frame, PixelDescription image)
    {
        _start = Find(frame.Span);
        _at = _start;
        _bytes = frame;
        _image = image;
    }

    /// <summary>Decodes all tiles.</summary>
    /// <exception cref="DicomException">The stream is damaged or uses what is not supported.</exception>
    public DecodedFrame Decode()
    {
        ReadHeaders();
        var size = _size!;
        if (_tiles.Count < size.TilesAcross * size.TilesDown)
        {
            throw new DicomException($"The JPEG 2000 stream has {_tiles.Count} of {size.TilesAcross * size.TilesDown} tiles", offset: _at);
        }
        // black needs few bytes, but not so few
        if ((long)size.Width * size.Height * size.Components.Length > (1L << 26) + (4096L * _bytes.Length))
        {
            throw new DicomException($"A JPEG 2000 stream of {_bytes.Length} bytes cannot hold {size.Width} x {size.Height} pixels", offset: _start);
        }
        foreach (var (index, tile) in _tiles)
        {
            if (tile.Length == 0)
            {
                throw new DicomException($"The JPEG 2000 stream has no data of tile {index}", offset: _bytes.Length);
            }
        }
        var precision = size.Components[0].Precision;
        var hasTransform = _tiles.Values.Any(tile => tile.Parameters.HasColorTransform);
        var frame = DecodedFrame.Rent(
            _image, size.Width, size.Height, size.Components.Length, precision <= 8 ? 8 : precision <= 16 ? 16 : 32, precision, size.Components[0].IsSigned,
            hasTransform ? SampleColor.Rgb : SampleColor.AsDescribed);
        try
        {
            foreach (var (index, tile) in _tiles)
            {
                new TileDecoder(size, tile.Parameters, index).Decode(tile.Data(_bytes), Headers(index, tile), tile.Parts[0].Start, frame);
            }
            return frame;
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    /// <summary>Where the codestream begins: at once, or in the box jp2c (T.800 §I.5.4).</summary>
    private static int Find(ReadOnlySpan<byte> bytes)
    {
        if (bytes is [0xFF, 0x4F, 0xFF, 0x51, ..])
        {
            return 0;
        }
        for (long at = 0; at + 8 <= bytes.Length;)
        {
            var box = bytes[(int)at..];
            long length = BinaryPrimitives.ReadUInt32BigEndian(box);
            var header = length == 1 ? 16 : 8;
            if (box[4..8].SequenceEqual("jp2c"u8) && box.Length >= header + 4 && box[header..] is [0xFF, 0x4F, 0xFF, 0x51, ..])
            {
                return (int)at + header;
            }
            length = length == 1 && box.Length >= 16 ? (long)Math.Min(BinaryPrimitives.ReadUInt64BigEndian(box[8..]), int.MaxValue) : length;
            if (length < header)
            {
                break;
            }
            at += length;
        }
        throw new DicomException("The frame does not begin as a JPEG 2000 stream", offset: 0);
    }

    private void ReadHeaders()
    {
        _at += 2;
        while (_at + 4 <= _bytes.Length)
        {
            var marker = BinaryPrimitives.ReadUInt16BigEndian(_bytes.Span[_at..]);
            if (marker == Marker.End)
            {
                break;
            }
            var segment = Segment(marker);
            if (marker == Marker.Size && _size is null)
            {
                _size = ImageSize.Read(segment, _image);
                _parameters = new CodingParameters(_size.Components.Length);
            }
            else if (_size is null || _parameters is null)
            {
                throw new DicomException("The JPEG 2000 stream does not begin with its size", offset: _at);
            }
            else if (marker == Marker.PackedHeadersImage)
            {
                _packedHeaders.Add(ref segment);
            }
            else if (marker == Marker.StartOfTilePart)
            {
                ReadTilePart(segment);
            }
            else
            {
                _parameters.Read(marker, segment);
            }
        }
        if (_size is null || _tiles.Count == 0)
        {
            throw new DicomException("The JPEG 2000 stream has no tiles", offset: _at);
        }
    }

    /// <summary>A marker segment, behind which the next marker stands.</summary>
    private SegmentReader Segment(int marker)
    {
        var length = _at + 4 <= _bytes.Length ? BinaryPrimitives.ReadUInt16BigEndian(_bytes.Span[(_at + 2)..]) : 0;
        if (marker < 0xFF00 || length < 2 || length > _bytes.Length - _at - 2)
        {
            throw new DicomException($"The JPEG 2000 stream has {marker:X4} where a marker belongs, or ends in its segment", offset: _at);
        }
        var segment = new SegmentReader(_bytes.Span.Slice(_at + 4, length - 2), _at + 4);
        _at += 2 + length;
        return segment;
    }

    // T.800 §A.4.2
    private void ReadTilePart(SegmentReader reader)
    {
        var start = _at - 12;
        var index = reader.Word();
        long length = reader.Long();
        if (index >= _size!.TilesAcross * _size.TilesDown)
        {
            throw new DicomException($"The JPEG 2000 stream has a tile {index}, which its image does not", offset: start);
        }
        // 0: up to the end of the codestream
        var end = length == 0 ? EndOfStream() : start + length;
        if (end > _bytes.Length)
        {
            throw new DicomException($"The JPEG 2000 stream ends within tile {index}", offset: _bytes.Length);
        }
        if (!_tiles.TryGetValue(index, out var tile))
        {
            tile = new TileParts(new CodingParameters(_size.Components.Length, _parameters));
            _tiles.Add(index, tile);
        }
        while (_at + 2 <= end)
        {
            var marker = BinaryPrimitives.ReadUInt16BigEndian(_bytes.Span[_at..]);
            if (marker == Marker.StartOfData)
            {
                _at += 2;
                tile.Parts.Add((_at, (int)Math.Max(0, end - _at)));
                _partOrder.Add(index);
                break;
            }
            var segment = Segment(marker);
            if (marker == Marker.PackedHeadersTile)
            {
                tile.PackedHeaders.Add(ref segment);
            }
            else
            {
                tile.Parameters.Read(marker, segment);
            }
        }
        _at = (int)Math.Max(_at, end);
    }

    private ReadOnlyMemory<byte>? Headers(int index, TileParts tile) => tile.PackedHeaders.OfTile() ?? _packedHeaders.OfTile(index, _partOrder);

    private int EndOfStream()
    {
        var end = _bytes.Span.LastIndexOf((ReadOnlySpan<byte>)[0xFF, Marker.End & 0xFF]);
        return end >= _at ? end : _bytes.Length;
    }
}
