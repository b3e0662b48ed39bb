using System.Buffers;
using System.Buffers.Binary;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>Encodes frames as RLE Lossless (PS3.5 annex G).</summary>
public static class RleEncoder
{
    private const int MaxRun = 128;

    /// <summary>Writes one frame, of an even length.</summary>
    /// <param name="samples">Samples interleaved, little endian; <paramref name="width"/> × <paramref name="height"/> × <paramref name="samplesPerPixel"/> × <paramref name="bytesPerSample"/> bytes.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="samplesPerPixel">1 to 3.</param>
    /// <param name="bytesPerSample">1, 2 or 4: at most 15 segments in all (PS3.5 §G.2).</param>
    /// <param name="writer">Takes the frame.</param>
    public static void Encode(ReadOnlySpan<byte> samples, int width, int height, int samplesPerPixel, int bytesPerSample, IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var segments = samplesPerPixel * bytesPerSample;
        if (segments is < 1 or > RleCodec.MaxSegments || samples.Length != checked(width * height * segments))
        {
            throw new ArgumentException($"{samples.Length} bytes are not {width} x {height} pixels of {samplesPerPixel} samples of {bytesPerSample} bytes", nameof(samples));
        }
        // a run of 128 literal bytes takes 129
        var longest = height * (width + ((width + MaxRun - 1) / MaxRun));
        using var buffer = new PooledBytes(checked(RleCodec.HeaderSize + (segments * (longest + 1))));
        using var row = new PooledBytes(width);
        var output = buffer.Span;
        output[..RleCodec.HeaderSize].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(output, segments);
        var at = RleCodec.HeaderSize;
        for (var segment = 0; segment < segments; segment++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(output[(4 + (4 * segment))..], at);
            // most significant byte of the first sample first (PS3.5 §G.2)
            var place = (segment / bytesPerSample * bytesPerSample) + bytesPerSample - 1 - (segment % bytesPerSample);
            for (var y = 0; y < height; y++)
            {
                // a run never goes beyond its row (PS3.5 §G.3.1)
                var pixels = samples.Slice(y * width * segments, width * segments);
                if (segments > 1)
                {
                    for (int x = 0, from = place; x < width; x++, from += segments)
                    {
                        row.Span[x] = pixels[from];
                    }
                    pixels = row.Span;
                }
                at += Pack(pixels, output[at..]);
            }
            if ((at & 1) != 0)
            {
                output[at++] = 0;
            }
        }
        writer.Write(output[..at]);
    }

    /// <summary>PackBits (PS3.5 §G.3.1). Two equal bytes amid others stay literal: a run of two saves nothing there.</summary>
    private static int Pack(ReadOnlySpan<byte> row, Span<byte> output)
    {
        var at = 0;
        while (!row.IsEmpty)
        {
            var run = row[..Math.Min(row.Length, MaxRun)].IndexOfAnyExcept(row[0]);
            run = run < 0 ? Math.Min(row.Length, MaxRun) : run;
            if (run >= 3 || (run == 2 && row.Length == 2))
            {
                output[at++] = (byte)(1 - run);
                output[at++] = row[0];
                row = row[run..];
                continue;
            }
            var literal = run;
            while (literal < row.Length && literal < MaxRun && !(literal + 2 < row.Length && row[literal] == row[literal + 1] && row[literal] == row[literal + 2]))
            {
                literal++;
            }
            output[at++] = (byte)(literal - 1);
            row[..literal].CopyTo(output[at..]);
            at += literal;
            row = row[literal..];
        }
        return at;
    }
}
