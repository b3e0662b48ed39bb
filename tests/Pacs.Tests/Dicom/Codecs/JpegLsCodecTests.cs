using Pacs.Dicom;
using Pacs.Dicom.Codecs;

namespace Pacs.Tests;

public sealed class JpegLsCodecTests
{
    private static readonly JpegLsCodec Codec = new();

    public static TheoryData<string, string> Goldens => CompressedFrames.Hashes("jpeg-ls", _ => true);

    [Theory]
    [MemberData(nameof(Goldens))]
    public void Frames_are_what_dcmtk_makes_of_them(string file, string hash) =>
        Assert.Equal(hash, CompressedFrames.Hash(Codec, CompressedFrames.Golden("jpeg-ls", file)));

    [Fact]
    public void Padding_before_the_end_marker_and_a_missing_end_marker_are_tolerated()
    {
        var (image, frames) = CompressedFrames.Read(CompressedFrames.Golden("jpeg-ls", "jls80_g8.dcm"));
        var whole = frames[0].ToArray();
        var end = whole.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xD9]);
        using var expected = Codec.Decode(whole, image);
        byte[][] variants = [whole[..end], [.. whole[..end], 0, 0, 0xFF, 0xD9], [.. whole[..end], 0xFF, 0xFF, 0xD9, 0]];
        foreach (var variant in variants)
        {
            using var decoded = Codec.Decode(variant, image);
            Assert.Equal(expected.Data, decoded.Data);
        }
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.9)]
    [InlineData(0.02)]
    public void A_stream_that_was_cut_is_refused_with_the_place(double part)
    {
        var (image, frames) = CompressedFrames.Read(CompressedFrames.Golden("jpeg-ls", "jls80_u12.dcm"));
        var cut = frames[0][..(int)(frames[0].Length * part)];
        var error = Assert.Throws<DicomException>(() => Codec.Decode(cut, image));
        Assert.InRange(error.Offset, 0, cut.Length);
    }

    [Fact]
    public void What_is_not_supported_is_named()
    {
        var (image, frames) = CompressedFrames.Read(CompressedFrames.Golden("jpeg-ls", "jls80_g8.dcm"));
        byte[] table = [0xFF, 0xF8, 0x00, 0x05, 0x02, 0x01, 0x01], colour = [0xFF, 0xE8, 0x00, 0x07, .. "mrfx"u8, 1], baseline = [0xFF, 0xC0, 0x00, 0x02];
        Assert.Contains("mapping table", Refusal(table), StringComparison.Ordinal);
        Assert.Contains("colour transform", Refusal(colour), StringComparison.Ordinal);
        Assert.Contains("another kind", Refusal(baseline), StringComparison.Ordinal);
        Assert.Contains("does not begin", Assert.Throws<DicomException>(() => Codec.Decode(new byte[20], image)).Message, StringComparison.Ordinal);

        string Refusal(byte[] segment) =>
            Assert.Throws<DicomException>(() => Codec.Decode((byte[])[.. frames[0].Span[..2], .. segment, .. frames[0].Span[2..]], image)).Message;
    }
}
