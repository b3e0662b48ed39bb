using Pacs.Dicom.Codecs;

namespace Pacs.Tests;

public sealed class BrowserJpegTests
{
    [Theory]
    [InlineData("jpeg50_g8.dcm")]
    [InlineData("jpeg51_g8.dcm")]
    [InlineData("jpeg50_rgb_ybr422.dcm")]
    [InlineData("jpeg50_rgb_rgb.dcm")]
    public void Frames_that_speak_for_themselves_go_as_they_are(string file)
    {
        var (stream, image) = JpegDecoderTests.First(file);
        Assert.Equal(default(BrowserJpeg), BrowserJpeg.Prepare(stream.Span, image));
    }

    /// <summary>With the marker, everybody takes for RGB what only the data set called so.</summary>
    [Fact]
    public void RGB_without_a_mark_gets_one()
    {
        var (stream, image) = JpegDecoderTests.First("jpeg50_rgb_rgb.dcm");
        var adobe = stream.Span.IndexOf(new byte[] { 0xFF, 0xEE });
        byte[] bare = [.. stream.Span[..adobe], .. stream.Span[(adobe + 16)..]];
        foreach (var marker in new byte[] { 0xC0, 0xDA })
        {
            // components without names, too
            var (first, step) = marker == 0xC0 ? (10, 3) : (5, 2);
            var at = bare.AsSpan().IndexOf(new byte[] { 0xFF, marker });
            (bare[at + first], bare[at + first + step], bare[at + first + (2 * step)]) = (0, 1, 2);
        }
        Assert.Equal("RGB", image.PhotometricInterpretation);
        var prepared = BrowserJpeg.Prepare(bare, image)!.Value;
        byte[] sent = [.. prepared.Prefix.Span, .. bare[prepared.Start..]];
        Assert.Equal(bare.Length + 16, sent.Length);
        using var expected = new JpegCodec().Decode(stream, image);
        // to a reader that knows nothing of the data set
        using var frame = new JpegCodec().Decode(sent, image with { PhotometricInterpretation = "YBR_FULL_422" });
        Assert.True(frame.Data.SequenceEqual(expected.Data));
        Assert.Equal(default(BrowserJpeg), BrowserJpeg.Prepare(sent, image));
        Assert.Equal(default(BrowserJpeg), BrowserJpeg.Prepare(bare, image with { PhotometricInterpretation = "YBR_FULL" }));
    }

    [Theory]
    [InlineData("jpeg51_u12.dcm")]
    [InlineData("jpeg57_u12_sv1.dcm")]
    [InlineData("jpeg70_rgb.dcm")]
    public void What_browsers_cannot_show_is_left_to_the_decoder(string file)
    {
        var (stream, image) = JpegDecoderTests.First(file);
        Assert.Null(BrowserJpeg.Prepare(stream.Span, image));
    }

    [Fact]
    public void What_browsers_would_show_wrongly_is_left_to_the_decoder()
    {
        var (stream, image) = JpegDecoderTests.First("jpeg50_g8.dcm");
        Assert.Null(BrowserJpeg.Prepare(stream.Span, image with { PhotometricInterpretation = "MONOCHROME1" }));
        Assert.Null(BrowserJpeg.Prepare(stream.Span, image with { PhotometricInterpretation = "PALETTE COLOR" }));
    }

    [Fact]
    public void Headers_that_are_cut_or_none_are_left_to_the_decoder()
    {
        var (stream, image) = JpegDecoderTests.First("jpeg50_g8.dcm");
        var frameHeader = stream.Span.IndexOf(new byte[] { 0xFF, 0xC0 });
        for (var length = 0; length < frameHeader + 13; length++)
        {
            Assert.Null(BrowserJpeg.Prepare(stream.Span[..length], image));
        }
        Assert.NotNull(BrowserJpeg.Prepare(stream.Span[..(frameHeader + 13)], image));
        Assert.Null(BrowserJpeg.Prepare([0xFF, 0xD8, 0xFF, 0xD9], image));
    }
}
