using System.Buffers;
using System.Runtime.InteropServices;
using Pacs.Dicom.Codecs;

namespace Pacs.Tests;

public sealed class JpegEncoderTests
{
    public static TheoryData<int, int, int, int> LosslessFormats()
    {
        var data = new TheoryData<int, int, int, int>();
        for (var precision = 2; precision <= 16; precision++)
        {
            data.Add(61, 23, 1, precision);
        }
        foreach (var samples in new[] { 1, 3 })
        {
            foreach (var precision in new[] { 8, 12, 16 })
            {
                data.Add(1, 1, samples, precision);
                data.Add(1, 300, samples, precision);
                data.Add(700, 1, samples, precision);
                data.Add(317, 211, samples, precision);
            }
        }
        return data;
    }

    /// <summary>The error of a soft picture is bounded by the quantisation: 100 loses next to nothing.</summary>
    [Theory]
    [InlineData(1, ChromaSubsampling.None)]
    [InlineData(3, ChromaSubsampling.None)]
    public void Baseline_at_quality_100_comes_back_nearly_as_it_was(int samples, ChromaSubsampling subsampling)
    {
        var picture = TestPicture.Create8(77, 51, samples);
        using var frame = new JpegCodec().Decode(JpegDecoderTests.Encode(picture, 77, 51, samples, 100, subsampling), JpegDecoderTests.Describe(77, 51, samples, samples == 1 ? "MONOCHROME2" : "YBR_FULL"));
        var most = 0;
        for (var i = 0; i < picture.Length; i++)
        {
            most = Math.Max(most, Math.Abs(picture[i] - frame.Data[i]));
        }
        Assert.InRange(most, 0, samples == 1 ? 1 : 3);
    }

    [Theory]
    [MemberData(nameof(LosslessFormats))]
    public void Lossless_comes_back_as_it_was(int width, int height, int samples, int precision)
    {
        var native = Native(TestPicture.Create(width, height, samples, precision), precision);
        using var frame = new JpegCodec().Decode(EncodeLossless(native, width, height, samples, precision), JpegDecoderTests.Describe(width, height, samples, samples == 1 ? "MONOCHROME2" : "RGB", precision));
        Assert.Equal((width, height, samples, precision), (frame.Width, frame.Height, frame.Samples, frame.BitsStored));
        Assert.True(frame.Data.SequenceEqual(native));
    }

    /// <summary>Differences of every size, also the one of 32768, which is written without further bits.</summary>
    [Theory]
    [InlineData(new ushort[] { 0, 32768, 0, 32768, 65535, 32767, 65535, 0, 1, 65535 })]
    [InlineData(new ushort[] { 32768, 32768, 32768, 32768, 32768, 32768, 32768, 32768, 32768, 32768 })]
    [InlineData(new ushort[] { 32768, 32769, 32771, 32775, 32783, 32799, 32831, 32895, 33023, 33279 })]
    public void Lossless_takes_every_difference(ushort[] samples)
    {
        var native = Native(samples, 16);
        using var frame = new JpegCodec().Decode(EncodeLossless(native, 10, 1, 1, 16), JpegDecoderTests.Describe(10, 1, 1, "MONOCHROME2", 16));
        Assert.True(frame.Data.SequenceEqual(native));
    }

    /// <summary>Fibonacci numbers make the deepest tree: 17 symbols would need 17 bits.</summary>
    [Fact]
    public void Huffman_codes_stay_within_16_bits()
    {
        var frequencies = new int[30];
        (frequencies[0], frequencies[1]) = (1, 1);
        for (var i = 2; i < frequencies.Length; i++)
        {
            frequencies[i] = frequencies[i - 1] + frequencies[i - 2];
        }
        var table = JpegHuffmanLengths.Table(frequencies);
        Assert.Equal(30, table[..16].Sum(c => c));
        // room is left for the code of all ones, which must not be used
        var used = Enumerable.Range(1, 16).Sum(length => table[length - 1] << (16 - length));
        Assert.InRange(used, 1, 65535);
        Assert.Equal(Enumerable.Range(0, 30), table[16..].Select(s => (int)s).Order());
        Assert.Equal(29, table[16]);
    }

    [Fact]
    public void Huffman_codes_of_one_symbol_have_one_bit() => Assert.Equal([1, .. new byte[15], 4], JpegHuffmanLengths.Table([0, 0, 0, 0, 9]));

    [Fact]
    public void Refuses_what_cannot_be_encoded()
    {
        var target = new ArrayBufferWriter<byte>();
        Assert.Throws<ArgumentOutOfRangeException>(() => JpegEncoder.Encode(new byte[4], 2, 2, 1, 0, target));
        Assert.Throws<ArgumentOutOfRangeException>(() => JpegEncoder.Encode(new byte[4], 2, 2, 1, 101, target));
        Assert.Throws<ArgumentOutOfRangeException>(() => JpegEncoder.Encode(new byte[8], 2, 2, 2, 90, target));
        Assert.Throws<ArgumentOutOfRangeException>(() => JpegEncoder.Encode(new byte[65536], 65536, 1, 1, 90, target));
        Assert.Throws<ArgumentException>(() => JpegEncoder.Encode(new byte[5], 2, 2, 1, 90, target));
        Assert.Throws<ArgumentException>(() => JpegLosslessEncoder.Encode(new byte[9], 2, 2, 1, 12, target));
        Assert.Throws<ArgumentException>(() => JpegLosslessEncoder.Encode(new byte[4], 2, 2, 1, 16, target));
        Assert.Throws<ArgumentException>(() => JpegLosslessEncoder.Encode([0, 0x10, 0, 0], 2, 1, 1, 12, target));
        Assert.Throws<ArgumentOutOfRangeException>(() => JpegLosslessEncoder.Encode(new byte[4], 2, 1, 1, 17, target));
        Assert.Equal(0, target.WrittenCount);
    }

    private static byte[] Native(ushort[] samples, int precision) => precision > 8 ? MemoryMarshal.AsBytes(samples.AsSpan()).ToArray() : Array.ConvertAll(samples, s => (byte)s);

    private static byte[] EncodeLossless(byte[] native, int width, int height, int samples, int precision)
    {
        var target = new ArrayBufferWriter<byte>();
        JpegLosslessEncoder.Encode(native, width, height, samples, precision, target);
        return target.WrittenSpan.ToArray();
    }
}
