using System.Numerics;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Codecs;

/// <summary>A piece of a code block's data, from one packet.</summary>
/// <param name="Start">Its first byte within the tile's data.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Passes">Coding passes it has.</param>
/// <param name="BeginsSegment">Whether the arithmetic coder begins anew here; otherwise the piece goes on with the last one.</param>
internal record struct Chunk(int Start, int Length, int Passes, bool BeginsSegment)
{
    /// <summary>Place of the next piece of the same code block, or -1.</summary>
    public int Next { get; set; } = -1;
}

/// <summary>Reads the packets of a tile: what each brings for which code block (T.800 §B.9, §B.10).</summary>
internal sealed class TilePackets
{
    private readonly List<Chunk> _chunks = [];
    private readonly List<(CodeBlock Block, int Length, int Passes, bool BeginsSegment)> _bodies = [];
    private readonly CodingParameters _parameters;
    private readonly ReadOnlyMemory<byte> _data;
    private readonly ReadOnlyMemory<byte>? _packedHeaders;
    private readonly long _offset;
    private int _at;
    private int _headerAt;
    private int _blocksLeft;

    /// <param name="parameters">Coding parameters of the tile.</param>
    /// <param name="data">The tile's data, all its parts put together.</param>
    /// <param name="packedHeaders">The packet headers, where they are not with the packets (PPM, PPT).</param>
    /// <param name="offset">Where the data begin in the frame, for errors.</param>
    /// <param name="mostBlocks">Code blocks that the tile may have.</param>
    public TilePackets(CodingParameters parameters, ReadOnlyMemory<byte> data, ReadOnlyMemory<byte>? packedHeaders, long offset, int mostBlocks)
    {
        _parameters = parameters;
        _data = data;
        _packedHeaders = packedHeaders;
        _offset = offset;
        _blocksLeft = mostBlocks;
    }

    /// <summary>All pieces, in the order of the stream.</summary>
    public ReadOnlySpan<Chunk> Chunks => CollectionsMarshal.AsSpan(_chunks);

    /// <summary>Reads all packets. They may end early between two of them: a stream without its last layers is whole (T.800 §B.10.1).</summary>
    /// <exception cref="DicomException">A packet is damaged or cut.</exception>
    public void Read(TileComponent[] components, ImageSize size, GridArea tile)
    {
        foreach (var (c, r, p) in PacketOrder.Packets(components, size.Components, tile, _parameters.Progressions, _parameters.Layers))
        {
            if (_packedHeaders is { } headers ? _headerAt >= headers.Length : _at >= _data.Length)
            {
                return;
            }
            var resolution = components[c].Resolutions[r];
            ReadPacket(components[c].Style, resolution, p, resolution.NextLayers[p]++);
        }
    }

    private void ReadPacket(CodingStyle style, Resolution resolution, int number, int layer)
    {
        var data = _data.Span;
        if (_parameters.HasPacketStarts && data[_at..] is [0xFF, Marker.PacketStart & 0xFF, _, _, _, _, ..])
        {
            _at += 6;
        }
        var source = _packedHeaders is { } packed ? packed.Span[_headerAt..] : data[_at..];
        var bits = new PacketBits(source, _packedHeaders is null ? _offset + _at : -1);
        _bodies.Clear();
        if (bits.Bit() != 0)
        {
            foreach (var band in resolution.Precinct(number, ref _blocksLeft).Bands)
            {
                ReadBand(ref bits, band, style.Style, layer);
            }
        }
        bits.Align();
        var length = bits.Length;
        if (_parameters.HasHeaderEnds && source[length..] is [0xFF, Marker.HeaderEnd & 0xFF, ..])
        {
            length += 2;
        }
        if (_packedHeaders is null)
        {
            _at += length;
        }
        else
        {
            _headerAt += length;
        }
        foreach (var (block, bodyLength, passes, begins) in _bodies)
        {
            if (bodyLength > data.Length - _at)
            {
                throw new DicomException("The JPEG 2000 stream ends within a packet", offset: _offset + data.Length);
            }
            Append(block, new Chunk(_at, bodyLength, passes, begins));
            _at += bodyLength;
        }
    }

    // T.800 §B.10
    private void ReadBand(ref PacketBits bits, PrecinctBand band, BlockStyle style, int layer)
    {
        for (var i = 0; i < band.Blocks.Length; i++)
        {
            var block = band.Blocks[i];
            var (x, y) = (i % band.Across, i / band.Across);
            if (block.IsIncluded ? bits.Bit() == 0 : band.Inclusion!.Read(ref bits, x, y, layer + 1) > layer)
            {
                continue;
            }
            if (!block.IsIncluded)
            {
                const int tooMany = 80;
                block.ZeroPlanes = band.ZeroPlanes!.Read(ref bits, x, y, tooMany);
                if (block.ZeroPlanes == tooMany)
                {
                    throw new DicomException("The JPEG 2000 stream has an impossible number of empty bit planes", offset: _offset + _at);
                }
                block.IsIncluded = true;
            }
            var passes = Passes(ref bits);
            while (bits.Bit() != 0)
            {
                if (++block.LengthBits > 31)
                {
                    throw new DicomException("The JPEG 2000 stream has a packet of impossible length", offset: _offset + _at);
                }
            }
            while (passes > 0)
            {
                var (room, begins) = Segment(style, block.Passes);
                var count = Math.Min(room, passes);
                // §B.10.7.1
                var lengthBits = block.LengthBits + BitOperations.Log2((uint)count);
                var length = lengthBits > 31 ? int.MaxValue : bits.Bits(lengthBits);
                _bodies.Add((block, length, count, begins));
                block.Passes += count;
                passes -= count;
            }
        }
    }

    /// <summary>Number of new coding passes (T.800 table B.4).</summary>
    private static int Passes(ref PacketBits bits)
    {
        if (bits.Bit() == 0)
        {
            return 1;
        }
        if (bits.Bit() == 0)
        {
            return 2;
        }
        var few = bits.Bits(2);
        if (few < 3)
        {
            return 3 + few;
        }
        var more = bits.Bits(5);
        return more < 31 ? 6 + more : 37 + bits.Bits(7);
    }

    /// <summary>How many passes fit into the segment that the next one belongs to, and whether it begins with it (T.800 §D.4, table D.9).</summary>
    private static (int Room, bool Begins) Segment(BlockStyle style, int pass)
    {
        if (style.HasFlag(BlockStyle.TerminateAll))
        {
            return (1, true);
        }
        if (style.HasFlag(BlockStyle.HighThroughput))
        {
            // T.814 §B.3: a clean-up segment, then one for the two other passes
            return pass switch
            {
                0 => (1, true),
                1 or 2 => (3 - pass, pass == 1),
                _ => throw new DicomException("The High-Throughput JPEG 2000 stream has more than three passes of a code block, which is not supported"),
            };
        }
        if (!style.HasFlag(BlockStyle.Bypass))
        {
            return (int.MaxValue, pass == 0);
        }
        // ten passes by the arithmetic coder, then in turn two of raw bits and one by the coder
        return pass < 10 ? (10 - pass, pass == 0) : ((pass - 10) % 3) switch
        {
            0 => (2, true),
            1 => (1, false),
            _ => (1, true),
        };
    }

    private void Append(CodeBlock block, Chunk chunk)
    {
        if (block.LastChunk < 0)
        {
            block.FirstChunk = _chunks.Count;
        }
        else
        {
            CollectionsMarshal.AsSpan(_chunks)[block.LastChunk].Next = _chunks.Count;
        }
        block.LastChunk = _chunks.Count;
        _chunks.Add(chunk);
    }
}
