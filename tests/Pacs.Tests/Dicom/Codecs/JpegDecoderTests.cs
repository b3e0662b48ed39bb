using System.Buffers;
using System.Security.Cryptography;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

public sealed class JpegDecoderTests
{
    private static readonly string Golden = Path.Join(AppContext.BaseDirectory, "Golden", "jpeg");

    public static TheoryData<string, string> Files()
    {
        var data = new TheoryData<string, string>();
        foreach (var line in File.ReadLines(Path.Join(Golden, "samples.tsv")))
        {
            data.Add(line.Split('\t')[0], line.Split('\t')[1]);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Decodes_to_the_samples_of_dcmtk(string file, string sha256)
    {
        using var pixels = InstancePixels.Open(Path.Join(Golden, file));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 1; i <= pixels.Count; i++)
        {
            using var frame = pixels.Decode(i);
            hash.AppendData(frame.Data);
        }
        Assert.Equal(sha256, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    [Theory]
    [InlineData("jpeg50_g8.dcm", 8, SampleColor.AsDescribed)]
    [InlineData("jpeg50_rgb_ybr422.dcm", 8, SampleColor.Rgb)]
    [InlineData("jpeg50_rgb_rgb.dcm", 8, SampleColor.Rgb)]
    [InlineData("jpeg51_u12.dcm", 12, SampleColor.AsDescribed)]
    [InlineData("jpeg57_u12_sv4.dcm", 16, SampleColor.AsDescribed)]
    [InlineData("jpeg70_u16.dcm", 16, SampleColor.AsDescribed)]
    [InlineData("jpeg70_rgb.dcm", 8, SampleColor.AsDescribed)]
    public void Says_what_the_samples_are(string file, int bits, SampleColor color)
    {
        var (stream, image) = First(file);
        using var frame = new JpegCodec().Decode(stream, image);
        Assert.Equal((image.Columns, image.Rows, image.SamplesPerPixel), (frame.Width, frame.Height, frame.Samples));
        Assert.Equal((bits, bits > 8 ? 16 : 8, false, color), (frame.BitsStored, frame.BitsAllocated, frame.IsSigned, frame.Color));
    }

    /// <summary>Colour is what the stream says; where it says nothing, what the data set says; and never RGB with less colour.</summary>
    [Theory]
    [InlineData("RGB", "jfif", ChromaSubsampling.None, true)]
    [InlineData("RGB", "", ChromaSubsampling.None, false)]
    [InlineData("RGB", "", ChromaSubsampling.Horizontal, true)]
    [InlineData("RGB", "adobe0", ChromaSubsampling.None, false)]
    [InlineData("RGB", "adobe1", ChromaSubsampling.None, true)]
    [InlineData("YBR_FULL_422", "", ChromaSubsampling.None, true)]
    [InlineData("YBR_FULL_422", "adobe0", ChromaSubsampling.None, false)]
    [InlineData("YBR_FULL", "adobe0+jfif", ChromaSubsampling.None, true)]
    [InlineData("YBR_FULL", "ids", ChromaSubsampling.None, false)]
    public void Knows_whether_the_components_are_YCbCr(string photometric, string marks, ChromaSubsampling subsampling, bool isConverted)
    {
        var picture = TestPicture.Create8(32, 16, 3);
        var jfif = Encode(picture, 32, 16, 3, 100, subsampling);
        byte[] adobe = [0xFF, 0xEE, 0, 14, .. "Adobe"u8, 0, 100, 0, 0, 0, 0, (byte)(marks.Contains('1') ? 1 : 0)];
        byte[] bare = [.. jfif[..2], .. marks.Contains("adobe") ? adobe : [], .. marks.Contains("jfif") ? jfif[2..20] : [], .. jfif[20..]];
        if (marks == "ids")
        {
            foreach (var marker in new byte[] { 0xC0, 0xDA })
            {
                var (first, step) = marker == 0xC0 ? (10, 3) : (5, 2);
                var at = Find(bare, 0xFF, marker);
                (bare[at + first], bare[at + first + step], bare[at + first + (2 * step)]) = ((byte)'R', (byte)'G', (byte)'B');
            }
        }
        using var rgb = new JpegCodec().Decode(jfif, Describe(32, 16, 3, "YBR_FULL"));
        using var frame = new JpegCodec().Decode(bare, Describe(32, 16, 3, photometric));
        Assert.Equal(SampleColor.Rgb, frame.Color);
        Assert.Equal(isConverted, frame.Data.SequenceEqual(rgb.Data));
    }

    /// <summary>dcmtk, GDCM and pydicom refuse such frames too: what is missing must not look like a part of the picture.</summary>
    [Theory]
    [InlineData("jpeg50_g8.dcm")]
    [InlineData("jpeg50_rgb_ybr411.dcm")]
    [InlineData("jpeg51_u12.dcm")]
    [InlineData("jpeg57_u12_sv7.dcm")]
    [InlineData("jpeg70_rgb.dcm")]
    public void Refuses_a_stream_that_ends_early(string file)
    {
        var (stream, image) = First(file);
        // the last bytes are the end marker and padding: without them the picture is still whole
        var end = stream.Span.LastIndexOf(new byte[] { 0xFF, 0xD9 });
        new JpegCodec().Decode(stream[..end], image).Dispose();
        for (var length = 0; length < end - 3; length += 1 + (length / 40))
        {
            var e = Assert.Throws<DicomException>(() => new JpegCodec().Decode(stream[..length], image));
            Assert.True(e.Offset >= 0 && e.Offset <= length, e.Message);
        }
    }

    [Theory]
    [InlineData(0xC3, "Predictor")]
    [InlineData(0xC5, "hierarchical")]
    [InlineData(0xC9, "arithmetic")]
    [InlineData(0xCA, "arithmetic")]
    [InlineData(0xCD, "hierarchical JPEG with arithmetic")]
    [InlineData(0xF7, "JPEG-LS")]
    public void Refuses_other_processes_and_says_which(byte marker, string words)
    {
        var (stream, image) = First("jpeg50_g8.dcm");
        var bytes = stream.ToArray();
        bytes[Find(bytes, 0xFF, 0xC0) + 1] = marker;
        Assert.Matches(words, Assert.Throws<DicomException>(() => new JpegCodec().Decode(bytes, image)).Message);
    }

    [Fact]
    public void Refuses_lossless_components_of_different_size()
    {
        var (stream, image) = First("jpeg70_rgb.dcm");
        var bytes = stream.ToArray();
        bytes[Find(bytes, 0xFF, 0xC3) + 11] = 0x21;
        Assert.Contains("different size", Assert.Throws<DicomException>(() => new JpegCodec().Decode(bytes, image)).Message);
    }

    [Fact]
    public void Takes_the_height_from_the_data_set_when_the_stream_gives_it_later()
    {
        var (stream, image) = First("jpeg50_g8.dcm");
        var bytes = stream.ToArray();
        using var expected = new JpegCodec().Decode(bytes, image);
        bytes.AsSpan(Find(bytes, 0xFF, 0xC0) + 5, 2).Clear();
        using var frame = new JpegCodec().Decode(bytes, image);
        Assert.Equal(image.Rows, frame.Height);
        Assert.True(frame.Data.SequenceEqual(expected.Data));
    }

    /// <summary>Each scan of some bytes may cost a walk over the picture: there is an end to it.</summary>
    [Fact]
    public void Refuses_a_progressive_stream_of_endless_scans()
    {
        byte[] frame = [0xFF, 0xC2, 0, 11, 8, 4, 0, 4, 0, 1, 1, 0x11, 0];
        byte[] quantisation = [0xFF, 0xDB, 0, 67, 0, .. Enumerable.Repeat((byte)1, 64)];
        // one DC code: no difference
        byte[] huffman = [0xFF, 0xC4, 0, 20, 0, 1, .. new byte[15], 0];
        byte[] scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0, .. new byte[2048]];
        byte[] Stream(int scans) => [0xFF, 0xD8, .. frame, .. quantisation, .. huffman, .. Enumerable.Repeat(scan, scans).SelectMany(s => s), 0xFF, 0xD9];
        using var grey = new JpegCodec().Decode(Stream(100), Describe(1024, 1024, 1, "MONOCHROME2"));
        Assert.False(grey.Data.ContainsAnyExcept((byte)128));
        Assert.Contains("scans", Assert.Throws<DicomException>(() => new JpegCodec().Decode(Stream(101), Describe(1024, 1024, 1, "MONOCHROME2"))).Message);
    }

    [Fact]
    public void Refuses_a_size_that_the_data_set_does_not_have()
    {
        var (stream, image) = First("jpeg50_g8.dcm");
        var bytes = stream.ToArray();
        bytes.AsSpan(Find(bytes, 0xFF, 0xC0) + 5, 4).Fill(0xFF);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("65535 x 65535", Assert.Throws<DicomException>(() => new JpegCodec().Decode(bytes, image)).Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    /// <summary>Factors beyond 255 need two bytes (T.81 §B.2.4.1).</summary>
    [Fact]
    public void Reads_16_bit_quantisation_tables()
    {
        var (stream, image) = First("jpeg50_g8.dcm");
        var bytes = stream.ToArray();
        var at = Find(bytes, 0xFF, 0xDB, 0, 67, 0);
        byte[] wide = [.. bytes[..(at + 2)], 0, 131, 0x10, .. bytes[(at + 5)..(at + 69)].SelectMany(b => new byte[] { 0, b }), .. bytes[(at + 69)..]];
        using var expected = new JpegCodec().Decode(bytes, image);
        using var frame = new JpegCodec().Decode(wide, image);
        Assert.True(frame.Data.SequenceEqual(expected.Data));
    }

    internal static (ReadOnlyMemory<byte> Stream, PixelDescription Image) First(string file)
    {
        using var pixels = InstancePixels.Open(Path.Join(Golden, file));
        using var frame = pixels.ReadFrame(1);
        return (frame.Memory.ToArray(), pixels.Image);
    }

    private static int Find(ReadOnlySpan<byte> bytes, params ReadOnlySpan<byte> wanted) => bytes.IndexOf(wanted);

    internal static PixelDescription Describe(int width, int height, int samples, string photometric, int bits = 8) => new()
    {
        Rows = height,
        Columns = width,
        SamplesPerPixel = samples,
        BitsAllocated = bits > 8 ? 16 : 8,
        BitsStored = bits,
        HighBit = bits - 1,
        IsSigned = false,
        PhotometricInterpretation = photometric,
        IsPlanar = false,
        NumberOfFrames = 1,
    };

    internal static byte[] Encode(ReadOnlySpan<byte> picture, int width, int height, int samples, int quality, ChromaSubsampling subsampling = ChromaSubsampling.Horizontal)
    {
        var target = new ArrayBufferWriter<byte>();
        JpegEncoder.Encode(picture, width, height, samples, quality, target, subsampling);
        return target.WrittenSpan.ToArray();
    }
}
