using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// Writes lossless JPEG with the first predictor, which is Transfer Syntax JPEG Lossless SV1 (.70; PS3.5 §8.2.1; T.81 process 14, §H): the lossless syntax that
/// every viewer reads. The Huffman table is made for the image.
/// </summary>
public static class JpegLosslessEncoder
{
    /// <summary>Samples between two looks whether the writer has room; each takes 31 bits at most, stuffed.</summary>
    private const int Chunk = 1024;

    /// <summary>Compresses a frame.</summary>
    /// <param name="samples">Native samples, row by row, interleaved: bytes up to a precision of 8, else words in little endian. Signed ones are taken as they lie in memory, which needs a precision of 8 or 16.</param>
    /// <param name="width">1 to 65535.</param>
    /// <param name="height">1 to 65535.</param>
    /// <param name="samplesPerPixel">1 or 3. Colours are not transformed.</param>
    /// <param name="precision">Bits of a sample, 2 to 16. Where bits above Bits Stored may be set (sign, overlays), all of Bits Allocated.</param>
    /// <param name="destination">Gets the whole stream.</param>
    /// <exception cref="ArgumentException">A parameter is out of its range, a sample needs more bits, or the samples are not as many as said.</exception>
    public static void Encode(ReadOnlySpan<byte> samples, int width, int height, int samplesPerPixel, int precision, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentOutOfRangeException.ThrowIfLessThan(precision, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(precision, 16);
        var words = MemoryMarshal.Cast<byte, ushort>(samples);
        if (precision > 8 && samples.Length % 2 != 0)
        {
            throw new ArgumentException("Samples of more than 8 bits take two bytes each", nameof(samples));
        }
        JpegEncoder.CheckSize(precision > 8 ? words.Length : samples.Length, width, height, samplesPerPixel);
        var most = (1 << precision) - 1;
        if (precision > 8 ? words.ContainsAnyExceptInRange((ushort)0, (ushort)most) : samples.ContainsAnyExceptInRange((byte)0, (byte)most))
        {
            throw new ArgumentException($"A sample does not fit into {precision} bits", nameof(samples));
        }

        var rented = ArrayPool<short>.Shared.Rent(width * height * samplesPerPixel);
        try
        {
            var differences = rented.AsSpan(0, width * height * samplesPerPixel);
            if (precision > 8)
            {
                Differences(words, differences, width * samplesPerPixel, samplesPerPixel, precision);
            }
            else
            {
                Differences(samples, differences, width * samplesPerPixel, samplesPerPixel, precision);
            }
            var codes = new JpegHuffmanCodes(JpegHuffmanLengths.Table(Count(differences)));
            Write(differences, width, height, samplesPerPixel, precision, codes, destination);
        }
        finally
        {
            ArrayPool<short>.Shared.Return(rented);
        }
    }

    /// <summary>Differences from the sample to the left, modulo 2^16; at the left edge from the one above, and the very first from the middle (T.81 §H.1.2.1).</summary>
    private static void Differences<T>(ReadOnlySpan<T> samples, Span<short> differences, int rowLength, int samplesPerPixel, int precision)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (var top = 0; top < samples.Length; top += rowLength)
        {
            var row = samples.Slice(top, rowLength);
            var target = differences.Slice(top, rowLength);
            for (var i = 0; i < samplesPerPixel; i++)
            {
                var prediction = top == 0 ? 1 << (precision - 1) : int.CreateTruncating(samples[top - rowLength + i]);
                target[i] = (short)(int.CreateTruncating(row[i]) - prediction);
            }
            var left = row[..^samplesPerPixel];
            var here = row[samplesPerPixel..];
            target = target[samplesPerPixel..];
            for (var x = 0; x < target.Length; x++)
            {
                target[x] = (short)(int.CreateTruncating(here[x]) - int.CreateTruncating(left[x]));
            }
        }
    }

    /// <summary>How often each size of a difference occurs.</summary>
    private static int[] Count(ReadOnlySpan<short> differences)
    {
        // in turn, because counting up the same place twice in a row waits for the memory
        Span<int> even = stackalloc int[17];
        Span<int> odd = stackalloc int[17];
        even.Clear();
        odd.Clear();
        var i = 0;
        for (; i + 1 < differences.Length; i += 2)
        {
            even[Size(differences[i])]++;
            odd[Size(differences[i + 1])]++;
        }
        if (i < differences.Length)
        {
            even[Size(differences[i])]++;
        }
        var counts = new int[17];
        for (var size = 0; size < counts.Length; size++)
        {
            counts[size] = even[size] + odd[size];
        }
        return counts;
    }

    private static void Write(ReadOnlySpan<short> differences, int width, int height, int samplesPerPixel, int precision, JpegHuffmanCodes codes, IBufferWriter<byte> destination)
    {
        var writer = new JpegBitWriter(destination);
        writer.Marker(JpegMarker.StartOfImage);
        if (samplesPerPixel == 3)
        {
            // Adobe's "no transform": some decoders would take three components for YCbCr
            writer.Segment(JpegMarker.App14, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0]);
        }
        JpegEncoder.WriteFrameHeader(ref writer, JpegMarker.Lossless, precision, width, height, samplesPerPixel);
        JpegEncoder.WriteHuffmanTable(ref writer, 0x00, codes);
        // predictor 1, no point transform
        writer.Segment(JpegMarker.StartOfScan, samplesPerPixel == 3 ? [3, 1, 0, 2, 0, 3, 0, 1, 0, 0] : [1, 1, 0, 1, 0, 0]);
        while (!differences.IsEmpty)
        {
            var chunk = differences[..Math.Min(Chunk, differences.Length)];
            writer.Reserve(8 * Chunk);
            WriteDifferences(ref writer, chunk, codes);
            differences = differences[chunk.Length..];
        }
        writer.Finish();
    }

    private static void WriteDifferences(ref JpegBitWriter target, ReadOnlySpan<short> differences, JpegHuffmanCodes codes)
    {
        // a copy, so that its fields stay in registers
        var writer = target;
        foreach (var difference in differences)
        {
            var size = Size(difference);
            var code = codes[size];
            // the one difference of 32768 has no further bits (T.81 table H.2)
            var count = size & 15;
            writer.Put(((code >> 8) << count) | ((uint)(difference + (difference >> 15)) & ((1u << count) - 1)), (int)(code & 255) + count);
        }
        target = writer;
    }

    /// <summary>Bits of the magnitude, 0 to 16.</summary>
    private static int Size(short difference) => 32 - BitOperations.LeadingZeroCount((uint)Math.Abs((int)difference));
}
