using System.Diagnostics;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>Instances in another transfer syntax: the picture stays, the header tells the truth, and dcmtk reads it.</summary>
public sealed class TranscoderTests
{
    public static TheoryData<string, string> Pairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (var file in (string[])["m2_u12_win", "ct_s16_win", "rgb_planar1", "ybr_full_422_raw", "pal_8_lut16", "mf_rgb_3", "be_s16", "defl_rgb",
            "rle_rgb16", "rle_cine", "jpeg50_cine_frag", "jpeg50_rgb_ybr411", "jpeg51_u12", "jpeg70_u12", "jls80_pal", "jls81_rgb", "j2k90_s16", "j2k91_rgb_ict", "encap_uncompressed_rgb"])
        {
            foreach (var syntax in (string[])[DicomUid.ExplicitVRLittleEndian, DicomUid.ImplicitVRLittleEndian, DicomUid.ExplicitVRBigEndian, DicomUid.RLELossless, DicomUid.JPEGLosslessSV1, DicomUid.JPEGLSLossless])
            {
                pairs.Add(file, syntax);
            }
        }
        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void The_picture_stays(string name, string uid)
    {
        var to = TransferSyntax.Get(uid);
        using var original = InstancePixels.Open(PathOf(name));
        Assert.True(Transcoder.CanTranscode(original.Syntax, to));
        var dataset = DicomReader.Read(Transcoded(original, to), to);
        using var copy = InstancePixels.Of(dataset, to);
        Assert.Equal(original.Count, copy.Count);
        Assert.False(copy.Image.IsPlanar);
        for (var frame = 1; frame <= original.Count; frame++)
        {
            using var expected = original.Render(new RenderOptions { Frame = frame });
            using var actual = copy.Render(new RenderOptions { Frame = frame });
            Assert.Equal(expected.Data.ToArray(), actual.Data.ToArray());
        }
        // the same SOP instance, with everything else in place
        Assert.Equal(original.Header.GetString(DicomTag.SOPInstanceUID), dataset.GetString(DicomTag.SOPInstanceUID));
        Assert.All(original.Header, e => Assert.True(dataset.Contains(e.Tag) || e.Tag.Group == 0x7FE0, e.Tag.ToString()));
    }

    [Fact]
    public void What_was_lost_is_said_where_the_syntax_does_not_say_it_any_more()
    {
        using var jpeg = InstancePixels.Open(PathOf("jpeg50_g8"));
        jpeg.Header.Remove(DicomTag.LossyImageCompression);
        var dataset = DicomReader.Read(Transcoded(jpeg, TransferSyntax.ExplicitVRLittleEndian), TransferSyntax.ExplicitVRLittleEndian);
        Assert.Equal("01", dataset.GetString(DicomTag.LossyImageCompression));
        Assert.Equal("ISO_10918_1", dataset.GetString(DicomTag.LossyImageCompressionMethod));
        var stored = jpeg.Frames.Locate(1).Sum(r => r.Length);
        Assert.Equal((double)jpeg.Image.FrameLength / stored, dataset.GetDouble(DicomTag.LossyImageCompressionRatio)!.Value, 0.01);

        using var lossless = InstancePixels.Open(PathOf("jpeg70_g8"));
        dataset = DicomReader.Read(Transcoded(lossless, TransferSyntax.ExplicitVRLittleEndian), TransferSyntax.ExplicitVRLittleEndian);
        Assert.NotEqual("01", dataset.GetString(DicomTag.LossyImageCompression));
    }

    [Fact]
    public void Elements_behind_the_pixel_data_stay()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-transcoder");
        try
        {
            var dataset = DicomFile.Open(PathOf("rle_g8")).Dataset;
            dataset.Set(new DicomElement(new DicomTag(0x7FE1, 0x0010), DicomVr.LO, "OWNER "u8.ToArray()));
            dataset.Set(new DicomElement(new DicomTag(0x7FE1, 0x1001), DicomVr.OB, new byte[] { 1, 2, 3, 4 }));
            var path = Path.Join(folder.FullName, "private.dcm");
            new DicomFile(dataset, TransferSyntax.RleLossless).Save(path);
            using var pixels = InstancePixels.Open(path);
            foreach (var to in (TransferSyntax[])[TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.RleLossless])
            {
                Assert.Equal([1, 2, 3, 4], DicomReader.Read(Transcoded(pixels, to), to).Get(new DicomTag(0x7FE1, 0x1001))!.Value.ToArray());
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Syntaxes_without_a_codec_or_an_encoder_are_no_pair()
    {
        Assert.False(Transcoder.CanTranscode(TransferSyntax.Get(DicomUid.MPEG2MPML), TransferSyntax.ExplicitVRLittleEndian));
        Assert.False(Transcoder.CanTranscode(TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.Jpeg2000));
    }

    [Theory]
    [InlineData("jpeg70_s16", "ct_s16_win", DicomUid.RLELossless, "dcmdrle")]
    [InlineData("jls80_cine", "rle_cine", DicomUid.RLELossless, "dcmdrle")]
    [InlineData("jls80_s16", "ct_s16_win", DicomUid.JPEGLosslessSV1, "dcmdjpeg")]
    [InlineData("j2k90_cine", "rle_cine", DicomUid.JPEGLosslessSV1, "dcmdjpeg")]
    [InlineData("jpeg70_s16", "ct_s16_win", DicomUid.JPEGLSLossless, "dcmdjpls")]
    [InlineData("j2k90_cine", "rle_cine", DicomUid.JPEGLSLossless, "dcmdjpls")]
    public async Task Dcmtk_reads_what_is_encoded(string name, string reference, string uid, string tool)
    {
        var to = TransferSyntax.Get(uid);
        Assert.SkipUnless(File.Exists("/usr/bin/" + tool), "dcmtk is not installed");
        var folder = Directory.CreateTempSubdirectory("pacs-transcoder");
        try
        {
            using var pixels = InstancePixels.Open(PathOf(name));
            var (compressed, plain) = (Path.Join(folder.FullName, "compressed.dcm"), Path.Join(folder.FullName, "plain.dcm"));
            new DicomFile(DicomReader.Read(Transcoded(pixels, to), to), to).Save(compressed);
            using var dcmtk = Process.Start(new ProcessStartInfo("/usr/bin/" + tool, [compressed, plain]) { RedirectStandardError = true, UseShellExecute = false })!;
            var errors = await dcmtk.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await dcmtk.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(dcmtk.ExitCode == 0, errors);
            using var expected = InstancePixels.Open(PathOf(reference));
            using var actual = InstancePixels.Open(plain);
            for (var frame = 1; frame <= expected.Count; frame++)
            {
                using var one = expected.Decode(frame);
                using var other = actual.Decode(frame);
                Assert.Equal(one.Data.ToArray(), other.Data.ToArray());
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static byte[] Transcoded(InstancePixels pixels, TransferSyntax to) => [.. Transcoder.Transcode(pixels, to).SelectMany(piece => piece.ToArray())];

    private static string PathOf(string name) => Path.Join(AppContext.BaseDirectory, "Golden", "images", "synthetic", name + ".dcm");
}
