using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;

namespace Pacs.Tests;

public sealed class JpegLsEncoderTests
{
    private static readonly JpegLsCodec Codec = new();

    public static TheoryData<int, int> Depths()
    {
        var depths = new TheoryData<int, int>();
        for (var bits = 2; bits <= 16; bits++)
        {
            depths.Add(bits, 1);
            depths.Add(bits, 3);
        }
        return depths;
    }

    [Theory]
    [MemberData(nameof(Depths))]
    public void What_is_encoded_is_decoded_again(int bits, int components)
    {
        foreach (var (width, height) in new[] { (61, 40), (1, 1), (1, 9), (300, 2) })
        {
            foreach (var near in bits < 5 ? new[] { 0 } : [0, 1, 3])
            {
                var samples = Samples(width, height, components, bits);
                using var decoded = Codec.Decode(Encode(samples, width, height, components, bits, near), CompressedFrames.Description(width, height, components, bits));
                var difference = bits <= 8
                    ? decoded.Data.ToArray().Zip(samples, (a, b) => Math.Abs(a - b)).Max()
                    : MemoryMarshal.Cast<byte, ushort>(decoded.Data).ToArray().Zip(MemoryMarshal.Cast<byte, ushort>(samples).ToArray(), (a, b) => Math.Abs(a - b)).Max();
                Assert.InRange(difference, 0, near);
            }
        }
    }

    /// <summary>A restart interval begins like an image: two images, with a marker between them, are one.</summary>
    [Theory]
    [InlineData(1, 8)]
    [InlineData(3, 8)]
    [InlineData(1, 12)]
    public void Restart_intervals_are_followed(int components, int bits)
    {
        const int width = 50, half = 16;
        byte[] upper = Samples(width, half, components, bits), lower = [.. Samples(width, half, components, bits).Reverse().Select(b => (byte)(bits == 12 ? b & 15 : b))];
        var first = Encode(upper, width, half, components, bits, 0);
        var second = Encode(lower, width, half, components, bits, 0);
        var headers = 2 + 10 + (3 * components) + 8 + (2 * components);
        // the frame header says both, then DRI with its lines
        BinaryPrimitives.WriteUInt16BigEndian(first.AsSpan(7), 2 * half);
        byte[] joined = [.. first[..2], 0xFF, 0xDD, 0, 4, 0, half, .. first[2..^2], 0xFF, 0xD0, .. second[headers..]];
        using var decoded = Codec.Decode(joined, CompressedFrames.Description(width, 2 * half, components, bits));
        Assert.Equal<byte>([.. upper, .. lower], decoded.Data.ToArray());
        var without = joined.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xD0]);
        joined[without + 1] = 0xD9;
        Assert.Throws<DicomException>(() => Codec.Decode(joined, CompressedFrames.Description(width, 2 * half, components, bits)));
    }

    [Fact]
    public void Samples_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Encode([1, 2, 3], 2, 2, 1, 8, 0));
        Assert.Throws<ArgumentException>(() => Encode([0, 16], 1, 1, 1, 12, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Encode([0], 1, 1, 1, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Encode([0], 1, 1, 1, 8, 128));
    }

    private static byte[] Encode(byte[] samples, int width, int height, int components, int bits, int near)
    {
        var writer = new ArrayBufferWriter<byte>();
        JpegLsEncoder.Encode(samples, width, height, components, bits, writer, near);
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Flat parts, slopes, noise and the extremes.</summary>
    private static byte[] Samples(int width, int height, int components, int bits)
    {
        var random = new Random(bits);
        var most = (1 << bits) - 1;
        var samples = new byte[width * height * components * (bits <= 8 ? 1 : 2)];
        for (var i = 0; i < width * height * components; i++)
        {
            int x = i / components % width, y = i / components / width;
            var value = (x / 13 % 4) switch
            {
                0 => y % 7 == 0 ? most : 0,
                1 => (x * y) % (most + 1),
                2 => random.Next(most + 1),
                _ => most / 2,
            };
            if (bits <= 8)
            {
                samples[i] = (byte)value;
            }
            else
            {
                BinaryPrimitives.WriteUInt16LittleEndian(samples.AsSpan(2 * i), (ushort)value);
            }
        }
        return samples;
    }
}
