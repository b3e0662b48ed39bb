using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// Writes JPEG-LS (PS3.5 §A.4.3; ISO/IEC 14495-1 = ITU-T T.87), lossless or near-lossless. Colours are interleaved by sample.
/// </summary>
public static class JpegLsEncoder
{
    /// <summary>Compresses a frame.</summary>
    /// <param name="samples">Native samples, row by row, interleaved: bytes up to a precision of 8, else words in little endian. Signed ones are taken as they lie in memory, which needs a precision of 8 or 16.</param>
    /// <param name="width">1 to 65535.</param>
    /// <param name="height">1 to 65535.</param>
    /// <param name="samplesPerPixel">1 to 4.</param>
    /// <param name="precision">Bits of a sample, 2 to 16.</param>
    /// <param name="destination">Gets the whole stream.</param>
    /// <param name="near">Greatest difference that a sample may have afterwards; 0 is lossless.</param>
    /// <exception cref="ArgumentException">A parameter is out of its range, a sample needs more bits, or the samples are not as many as said.</exception>
    public static void Encode(ReadOnlySpan<byte> samples, int width, int height, int samplesPerPixel, int precision, IBufferWriter<byte> destination, int near = 0)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfLessThan(precision, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(precision, 16);
        ArgumentOutOfRangeException.ThrowIfNegative(near);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(near, Math.Min(255, ((1 << precision) - 1) / 2));
        var bytes = precision <= 8 ? 1 : 2;
        if (width is < 1 or > ushort.MaxValue || height is < 1 or > ushort.MaxValue || samplesPerPixel is < 1 or > 4 || samples.Length != (long)width * height * samplesPerPixel * bytes)
        {
            throw new ArgumentException($"{samples.Length} bytes are not {width} x {height} pixels of {samplesPerPixel} samples of {precision} bits", nameof(samples));
        }
        var most = (1 << precision) - 1;
        if (bytes == 1 ? samples.ContainsAnyExceptInRange((byte)0, (byte)most) : MemoryMarshal.Cast<byte, ushort>(samples).ContainsAnyExceptInRange((ushort)0, (ushort)most))
        {
            throw new ArgumentException($"A sample does not fit into {precision} bits", nameof(samples));
        }
        WriteHeaders(width, height, samplesPerPixel, precision, near, destination);
        WriteScan(samples, width, height, samplesPerPixel, new JpegLsParameters(precision, near, default), bytes, destination);
        destination.Write((ReadOnlySpan<byte>)[0xFF, 0xD9]);
    }

    // T.87 §C.2.2 and C.2.3
    private static void WriteHeaders(int width, int height, int components, int precision, int near, IBufferWriter<byte> destination)
    {
        var length = 2 + 10 + (3 * components) + 8 + (2 * components);
        var header = destination.GetSpan(length);
        ReadOnlySpan<byte> start = [0xFF, 0xD8, 0xFF, 0xF7];
        start.CopyTo(header);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(8 + (3 * components)));
        header[6] = (byte)precision;
        BinaryPrimitives.WriteUInt16BigEndian(header[7..], (ushort)height);
        BinaryPrimitives.WriteUInt16BigEndian(header[9..], (ushort)width);
        header[11] = (byte)components;
        var scan = header[(12 + (3 * components))..];
        scan[0] = 0xFF;
        scan[1] = 0xDA;
        BinaryPrimitives.WriteUInt16BigEndian(scan[2..], (ushort)(6 + (2 * components)));
        scan[4] = (byte)components;
        for (var i = 0; i < components; i++)
        {
            header[12 + (3 * i)] = (byte)(i + 1);
            header[13 + (3 * i)] = 0x11;
            header[14 + (3 * i)] = 0;
            scan[5 + (2 * i)] = (byte)(i + 1);
            scan[6 + (2 * i)] = 0;
        }
        var end = scan[(5 + (2 * components))..];
        end[0] = (byte)near;
        // interleaved by sample, where there is something to interleave
        end[1] = (byte)(components == 1 ? 0 : 2);
        end[2] = 0;
        destination.Advance(length);
    }

    private static unsafe void WriteScan(ReadOnlySpan<byte> samples, int width, int height, int components, JpegLsParameters parameters, int bytes, IBufferWriter<byte> destination)
    {
        var stride = width + 2;
        var size = components * stride;
        var lines = ArrayPool<ushort>.Shared.Rent(2 * size);
        try
        {
            lines.AsSpan(0, 2 * size).Clear();
            var contexts = stackalloc JpegLsContext[JpegLsContext.Count];
            fixed (sbyte* regions = parameters.GradientRegions)
            fixed (ushort* buffer = lines)
            {
                var encoder = new JpegLsScanEncoder(parameters, contexts, regions + parameters.MaxValue);
                ushort* above = buffer, line = buffer + size;
                // no code is longer than LIMIT, and of eight bits seven carry something after 0xFF
                var longest = 16 + (width * components * (parameters.Limit + 1) / 7);
                var run = 0;
                var rowBytes = width * components * bytes;
                for (var y = 0; y < height; y++)
                {
                    Load(samples.Slice(y * rowBytes, rowBytes), new Span<ushort>(line, size), width, components, bytes);
                    destination.Advance(encoder.EncodeLine(above, line, width, components, ref run, destination.GetSpan(longest)));
                    var swap = above;
                    above = line;
                    line = swap;
                }
                destination.Advance(encoder.Finish(destination.GetSpan(16)));
            }
        }
        finally
        {
            ArrayPool<ushort>.Shared.Return(lines);
        }
    }

    /// <summary>Takes the components of a row apart.</summary>
    private static void Load(ReadOnlySpan<byte> row, Span<ushort> lines, int width, int components, int bytes)
    {
        var words = MemoryMarshal.Cast<byte, ushort>(row);
        for (var i = 0; i < components; i++)
        {
            var line = lines.Slice((i * (width + 2)) + 1, width);
            if (bytes == 1)
            {
                for (int x = 0, from = i; x < line.Length; x++, from += components)
                {
                    line[x] = row[from];
                }
            }
            else
            {
                for (int x = 0, from = i; x < line.Length; x++, from += components)
                {
                    line[x] = words[from];
                }
            }
        }
    }
}
