using System.Buffers.Binary;
using System.Security.Cryptography;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

public sealed class Jpeg2000CodecTests
{
    private static readonly Jpeg2000Codec Codec = new();

    public static TheoryData<string, string> Goldens => CompressedFrames.Hashes("jpeg-2000", file => file.StartsWith("j2k", StringComparison.Ordinal));

    public static TheoryData<string, string> HighThroughputGoldens => CompressedFrames.Hashes("jpeg-2000", file => file.StartsWith("htj2k", StringComparison.Ordinal));

    public static TheoryData<string, string> RefinedBlocks => CompressedFrames.Hashes("jpeg-2000/refined", _ => true);

    [Theory]
    [MemberData(nameof(Goldens))]
    public void Lossless_frames_are_what_OpenJPEG_makes_of_them(string file, string hash) =>
        Assert.Equal(hash, CompressedFrames.Hash(Codec, CompressedFrames.Golden("jpeg-2000", file)));

    [Fact]
    public void Lossy_colour_comes_out_as_RGB()
    {
        var (image, frames) = CompressedFrames.Read(CompressedFrames.Golden("jpeg-2000", "j2k91_rgb_ict.dcm"));
        var expected = File.ReadAllBytes(CompressedFrames.Golden("jpeg-2000", "j2k91_rgb_ict.raw"));
        using var decoded = Codec.Decode(frames[0], image);
        Assert.Equal((SampleColor.Rgb, 8, 8), (decoded.Color, decoded.BitsAllocated, decoded.BitsStored));
        // another order of floating point arithmetic
        Assert.InRange(decoded.Data.ToArray().Zip(expected, (a, b) => Math.Abs(a - b)).Max(), 0, 1);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.9)]
    [InlineData(0.02)]
    public void A_stream_that_was_cut_is_refused_with_the_place(double part)
    {
        var (image, frames) = CompressedFrames.Read(CompressedFrames.Golden("jpeg-2000", "j2k90_u12.dcm"));
        var cut = frames[0][..(int)(frames[0].Length * part)];
        var error = Assert.Throws<DicomException>(() => Codec.Decode(cut, image));
        Assert.InRange(error.Offset, 0, cut.Length);
    }

    [Theory]
    [MemberData(nameof(HighThroughputGoldens))]
    public void High_throughput_frames_are_what_was_compressed(string file, string hash) =>
        Assert.Equal(hash, CompressedFrames.Hash(Codec, CompressedFrames.Golden("jpeg-2000", file)));

    [Theory]
    [MemberData(nameof(RefinedBlocks))]
    public void High_throughput_blocks_with_all_passes_are_what_OpenJPEG_makes_of_them(string file, string hash)
    {
        var stream = File.ReadAllBytes(CompressedFrames.Golden("jpeg-2000/refined", file));
        // of SIZ (T.800 §A.5.1)
        var (width, height) = (BinaryPrimitives.ReadInt32BigEndian(stream.AsSpan(8)), BinaryPrimitives.ReadInt32BigEndian(stream.AsSpan(12)));
        using var decoded = Codec.Decode(stream, CompressedFrames.Description(width, height, 1, 16, signed: true));
        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(decoded.Data)));
    }

    [Fact]
    public void Damaged_high_throughput_blocks_are_refused_or_decoded_but_never_worse()
    {
        var (image, frames) = CompressedFrames.Read(CompressedFrames.Golden("jpeg-2000", "htj2k201_g8.dcm"));
        var refused = 0;
        for (var at = frames[0].Length / 4; at < frames[0].Length - 2; at += 7)
        {
            var bytes = frames[0].ToArray();
            bytes[at] ^= 0xFF;
            try
            {
                Codec.Decode(bytes, image).Dispose();
            }
            catch (DicomException e)
            {
                Assert.InRange(e.Offset, 0, bytes.Length);
                refused++;
            }
        }
        Assert.InRange(refused, 10, int.MaxValue);
    }

    [Fact]
    public void High_throughput_colour_comes_out_as_RGB_also_when_it_is_lossy()
    {
        var (image, frames) = CompressedFrames.Read(CompressedFrames.Golden("jpeg-2000", "htj2k203_rgb.dcm"));
        var (source, lossless) = CompressedFrames.Read(CompressedFrames.Golden("jpeg-2000", "htj2k201_rgb.dcm"));
        using var decoded = Codec.Decode(frames[0], image);
        using var expected = Codec.Decode(lossless[0], source);
        Assert.Equal(SampleColor.Rgb, decoded.Color);
        Assert.InRange(decoded.Data.ToArray().Zip(expected.Data.ToArray(), (a, b) => Math.Abs(a - b)).Average(), 0.001, 4);
    }

    /// <summary>Each claims work out of proportion to its bytes: sizes, tiles, components, precincts of one sample, layers.</summary>
    [Theory]
    [InlineData(4, 0x7FFFFFFFu)]
    [InlineData(8, 0x7FFFFFFFu)]
    [InlineData(20, 1u)]
    [InlineData(24, 1u)]
    public void Sizes_that_the_bytes_cannot_fill_are_refused(int field, uint value)
    {
        var (image, frames) = CompressedFrames.Read(CompressedFrames.Golden("jpeg-2000", "j2k90_g8.dcm"));
        var bytes = frames[0].ToArray();
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4 + field), value);
        var before = GC.GetTotalAllocatedBytes();
        Assert.Throws<DicomException>(() => Codec.Decode(bytes, image with { Rows = 65535, Columns = 65535 }));
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 50_000_000);
    }
}
