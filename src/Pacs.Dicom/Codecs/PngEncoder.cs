using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// Pictures as PNG (ISO/IEC 15948). The deflate stream is zlib's; here are the chunks and the filters, of which the two that vectorise well are tried for each row.
/// </summary>
public static class PngEncoder
{
    private const byte Sub = 1;
    private const byte Up = 2;

    /// <summary>Writes a rendered picture.</summary>
    /// <param name="image">Grey or RGB of 8 bits.</param>
    /// <param name="writer">Takes the file.</param>
    /// <param name="level">Default <see cref="CompressionLevel.Fastest"/>: a third larger than Optimal, in a third of the time.</param>
    public static void Encode(RenderedImage image, IBufferWriter<byte> writer, CompressionLevel level = CompressionLevel.Fastest)
    {
        ArgumentNullException.ThrowIfNull(image);
        Encode(image.Data, image.Width, image.Height, image.Samples, 8, writer, level);
    }

    /// <summary>Writes samples.</summary>
    /// <param name="samples">Interleaved rows without padding; 16-bit samples little endian.</param>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="samplesPerPixel">1 for grey, 3 for RGB.</param>
    /// <param name="bits">Bits of a sample, 8 or 16.</param>
    /// <param name="writer">Takes the file.</param>
    /// <param name="level">How hard to try.</param>
    public static void Encode(
        ReadOnlySpan<byte> samples, int width, int height, int samplesPerPixel, int bits, IBufferWriter<byte> writer, CompressionLevel level = CompressionLevel.Fastest)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var pixel = samplesPerPixel * bits / 8;
        if (width < 1 || height < 1 || samplesPerPixel is not (1 or 3) || bits is not (8 or 16) || samples.Length != (long)width * height * pixel)
        {
            throw new ArgumentException($"{samples.Length} bytes are not {width} x {height} pixels of {samplesPerPixel} samples of {bits} bits", nameof(samples));
        }
        writer.Write((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Span<byte> header = stackalloc byte[13];
        header.Clear();
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = (byte)bits;
        header[9] = (byte)(samplesPerPixel == 1 ? 0 : 2);
        PngChunks.Write(writer, "IHDR"u8, header);
        using (var chunks = new PngChunks(writer))
        using (var deflate = new ZLibStream(chunks, level, leaveOpen: true))
        {
            WriteRows(samples, width * pixel, pixel, bits, deflate);
        }
        PngChunks.Write(writer, "IEND"u8, []);
    }

    private static void WriteRows(ReadOnlySpan<byte> samples, int length, int pixel, int bits, ZLibStream deflate)
    {
        using var rented = new PooledBytes(5 * (length + 1));
        var sub = rented.Span[..(length + 1)];
        var up = rented.Span.Slice(length + 1, length + 1);
        var swapped = rented.Span.Slice(2 * (length + 1), length);
        var above = rented.Span.Slice(3 * (length + 1), length);
        var zeros = rented.Span.Slice(4 * (length + 1), length);
        zeros.Clear();
        above.Clear();
        ReadOnlySpan<byte> last = zeros;
        sub[0] = Sub;
        up[0] = Up;
        for (; !samples.IsEmpty; samples = samples[length..])
        {
            var row = samples[..length];
            if (bits == 16)
            {
                // big endian (ISO/IEC 15948 §7.1)
                row.CopyTo(swapped);
                DatasetReading.Swap(swapped, 2);
                row = swapped;
            }
            row[..pixel].CopyTo(sub[1..]);
            var left = Difference(row[pixel..], row, sub[(1 + pixel)..]);
            var below = Difference(row, last, up[1..]);
            deflate.Write(left < below ? sub : up);
            if (bits == 16)
            {
                row.CopyTo(above);
                row = above;
            }
            last = row;
        }
    }

    /// <summary>Byte by byte, modulo 256. Returns how large the differences are: small ones deflate well (ISO/IEC 15948 §12.8).</summary>
    private static long Difference(ReadOnlySpan<byte> row, ReadOnlySpan<byte> other, Span<byte> output)
    {
        long sum = 0;
        var at = 0;
        if (Vector.IsHardwareAccelerated)
        {
            while (at <= row.Length - Vector<byte>.Count)
            {
                // a lane of 16 bits holds the sums of 256 pairs
                var sums = Vector<ushort>.Zero;
                for (var i = 0; i < 256 && at <= row.Length - Vector<byte>.Count; i++, at += Vector<byte>.Count)
                {
                    var difference = new Vector<byte>(row[at..]) - new Vector<byte>(other[at..]);
                    difference.CopyTo(output[at..]);
                    // the magnitude of a signed byte is the smaller of itself and its negative
                    Vector.Widen(Vector.Min(difference, Vector<byte>.Zero - difference), out var low, out var high);
                    sums += low + high;
                }
                for (var i = 0; i < Vector<ushort>.Count; i++)
                {
                    sum += sums[i];
                }
            }
        }
        for (; at < row.Length; at++)
        {
            var difference = (byte)(row[at] - other[at]);
            output[at] = difference;
            sum += Math.Min(difference, (byte)-difference);
        }
        return sum;
    }
}

/// <summary>What is written becomes IDAT chunks; also writes single chunks: length, type, data, CRC (ISO/IEC 15948 §5.3).</summary>
internal sealed class PngChunks(IBufferWriter<byte> writer) : Stream
{
    private const int Size = 32 * 1024;

    private static readonly uint[][] Crc = Tables();

    private readonly PooledBytes _buffer = new(Size);
    private int _count;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static void Write(IBufferWriter<byte> writer, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        var span = writer.GetSpan(data.Length + 12);
        BinaryPrimitives.WriteInt32BigEndian(span, data.Length);
        type.CopyTo(span[4..]);
        data.CopyTo(span[8..]);
        BinaryPrimitives.WriteUInt32BigEndian(span[(8 + data.Length)..], Checksum(span.Slice(4, data.Length + 4)));
        writer.Advance(data.Length + 12);
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = Math.Min(buffer.Length, Size - _count);
            buffer[..count].CopyTo(_buffer.Span[_count..]);
            buffer = buffer[count..];
            _count += count;
            if (_count == Size)
            {
                WriteChunk();
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    // zlib flushes at its end only; chunks of any size are allowed
    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            WriteChunk();
            _buffer.Dispose();
        }
        base.Dispose(disposing);
    }

    private void WriteChunk()
    {
        if (_count > 0)
        {
            Write(writer, "IDAT"u8, _buffer.Span[.._count]);
            _count = 0;
        }
    }

    /// <summary>CRC-32 (ISO/IEC 15948 annex D), eight bytes at a time.</summary>
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = Crc[7][low & 0xFF] ^ Crc[6][(low >> 8) & 0xFF] ^ Crc[5][(low >> 16) & 0xFF] ^ Crc[4][low >> 24]
                ^ Crc[3][high & 0xFF] ^ Crc[2][(high >> 8) & 0xFF] ^ Crc[1][(high >> 16) & 0xFF] ^ Crc[0][high >> 24];
        }
        foreach (var value in bytes)
        {
            crc = Crc[0][(crc ^ value) & 0xFF] ^ (crc >> 8);
        }
        return ~crc;
    }

    private static uint[][] Tables()
    {
        var tables = new uint[8][];
        for (var t = 0; t < 8; t++)
        {
            tables[t] = new uint[256];
            for (uint i = 0; i < 256; i++)
            {
                var crc = t == 0 ? i : tables[t - 1][i];
                for (var bit = 0; bit < 8; bit++)
                {
                    crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
                }
                tables[t][i] = crc;
            }
        }
        return tables;
    }
}
