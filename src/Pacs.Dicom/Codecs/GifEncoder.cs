using System.Buffers;
using System.Buffers.Binary;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// A cine as an animated GIF (GIF89a) that repeats for ever, frame by frame: memory is that of one. Every frame has a palette of its own (<see cref="GifPalette"/>): grey stays exact.
/// </summary>
/// <example>
/// <code>
/// var gif = new GifEncoder(writer, 640, 480);
/// for (var n = 1; n &lt;= pixels.Count; n++)
/// {
///     using var picture = pixels.Render(options with { Frame = n });
///     gif.Add(picture, TimeSpan.FromMilliseconds(40));
/// }
/// gif.Complete();
/// </code>
/// </example>
public sealed class GifEncoder
{
    private const int CodeSize = 8;
    private const int Clear = 1 << CodeSize;
    private const int End = Clear + 1;
    private const int MaxCodes = 4096;
    private const int TableSize = 1 << 14;

    private readonly IBufferWriter<byte> _writer;
    private readonly int _width;
    private readonly int _height;
    private readonly GifPalette _palette = new();

    // codes by prefix and next index: key in the upper 20 bits, code in the lower 12
    private readonly uint[] _codes = new uint[TableSize];
    private readonly byte[] _block = new byte[256];
    private int _blockLength;
    private uint _bits;
    private int _bitCount;

    /// <summary>Begins a file.</summary>
    /// <param name="writer">Takes it.</param>
    /// <param name="width">Of every picture, 1 to 65535.</param>
    /// <param name="height">Of every picture, 1 to 65535.</param>
    public GifEncoder(IBufferWriter<byte> writer, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(writer);
        _writer = writer;
        _width = width;
        _height = height;
        Span<byte> screen = stackalloc byte[13];
        "GIF89a"u8.CopyTo(screen);
        BinaryPrimitives.WriteUInt16LittleEndian(screen[6..], checked((ushort)width));
        BinaryPrimitives.WriteUInt16LittleEndian(screen[8..], checked((ushort)height));
        screen[10] = 0x70; // no global palette, 8 bits
        screen[11] = screen[12] = 0;
        writer.Write(screen);
        writer.Write((ReadOnlySpan<byte>)[0x21, 0xFF, 11, .. "NETSCAPE2.0"u8, 3, 1, 0, 0, 0]); // repeat for ever
    }

    /// <summary>Adds a picture.</summary>
    /// <param name="image">Grey or RGB, of the size of all.</param>
    /// <param name="delay">How long it stays; GIF counts in 1/100 s, and browsers show nothing faster than 20 ms.</param>
    public void Add(RenderedImage image, TimeSpan delay)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Width != _width || image.Height != _height)
        {
            throw new ArgumentException($"A picture of {image.Width} x {image.Height} in a GIF of {_width} x {_height}", nameof(image));
        }
        using var indices = new PooledBytes(_width * _height);
        _palette.Index(image, indices.Span);
        var hundredths = (ushort)Math.Clamp(Math.Round(delay.TotalMilliseconds / 10), 2, ushort.MaxValue);
        _writer.Write((ReadOnlySpan<byte>)[0x21, 0xF9, 4, 0, (byte)hundredths, (byte)(hundredths >> 8), 0, 0]);
        Span<byte> descriptor = stackalloc byte[10];
        descriptor.Clear();
        descriptor[0] = 0x2C;
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor[5..], (ushort)_width);
        BinaryPrimitives.WriteUInt16LittleEndian(descriptor[7..], (ushort)_height);
        descriptor[9] = 0x87; // a palette of 256 colours follows
        _writer.Write(descriptor);
        _writer.Write(_palette.Colors);
        Compress(indices.Span);
    }

    /// <summary>Ends the file.</summary>
    public void Complete() => _writer.Write((ReadOnlySpan<byte>)[0x3B]);

    /// <summary>LZW with codes that grow from 9 to 12 bits (GIF89a appendix F).</summary>
    private void Compress(ReadOnlySpan<byte> indices)
    {
        _writer.Write((ReadOnlySpan<byte>)[CodeSize]);
        var width = CodeSize + 1;
        var next = End + 1;
        Array.Clear(_codes);
        Put(Clear, width);
        int prefix = indices[0];
        foreach (var index in indices[1..])
        {
            var key = (uint)((prefix << CodeSize) | index);
            // never full: 4096 codes in 16384 places. Slot 0 is empty, hence + 1
            var slot = (int)(key * 0x9E3779B1u >> 18);
            while (_codes[slot] != 0 && _codes[slot] >> 12 != key + 1)
            {
                slot = (slot + 1) & (TableSize - 1);
            }
            if (_codes[slot] != 0)
            {
                prefix = (int)(_codes[slot] & (MaxCodes - 1));
                continue;
            }
            Put(prefix, width);
            prefix = index;
            if (next == MaxCodes)
            {
                Put(Clear, width);
                Array.Clear(_codes);
                width = CodeSize + 1;
                next = End + 1;
                continue;
            }
            _codes[slot] = ((key + 1) << 12) | (uint)next;
            // the reader is one code behind
            if (next++ == 1 << width)
            {
                width++;
            }
        }
        Put(prefix, width);
        if (next == 1 << width && width < 12)
        {
            width++;
        }
        Put(End, width);
        Put(0, (8 - _bitCount) & 7);
        FlushBlock();
        _writer.Write((ReadOnlySpan<byte>)[0]);
    }

    private void Put(int code, int width)
    {
        _bits |= (uint)code << _bitCount;
        for (_bitCount += width; _bitCount >= 8; _bitCount -= 8)
        {
            _block[++_blockLength] = (byte)_bits;
            _bits >>= 8;
            if (_blockLength == 255)
            {
                FlushBlock();
            }
        }
    }

    private void FlushBlock()
    {
        if (_blockLength > 0)
        {
            _block[0] = (byte)_blockLength;
            _writer.Write(_block.AsSpan(0, _blockLength + 1));
            _blockLength = 0;
        }
    }
}
