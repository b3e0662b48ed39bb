using Pacs.Dicom;
using Pacs.Gdt;

namespace Pacs.Tests;

public sealed class SonoscapeTests
{
    private static readonly SonoscapeReportCoercion Reports = new();
    private static readonly SonoscapeImageCoercion Images = new();

    [Fact]
    public void A_report_gets_a_series_of_its_own_and_stays_the_same_instance()
    {
        var header = Report("1.2.3", "4");
        Assert.True(Reports.Applies(header, TransferSyntax.ExplicitVRLittleEndian));
        Reports.Apply(header, []);
        Assert.Equal("1.2.3.1", header.GetString(DicomTag.SeriesInstanceUID));
        Assert.Equal(5, header.GetInt32(DicomTag.SeriesNumber));
        Assert.Equal("Structured Reports", header.GetString(DicomTag.SeriesDescription));
        Assert.Equal("1.2.3.9.9", header.GetString(DicomTag.SOPInstanceUID));
        Assert.False(Reports.Applies(header, TransferSyntax.ExplicitVRLittleEndian)); // one that comes back is left alone
    }

    [Fact]
    public void A_study_uid_too_long_for_a_suffix_gives_a_derived_series_uid()
    {
        var study = "1." + new string('2', 61);
        var header = Report(study, null);
        Reports.Apply(header, []);
        var series = header.GetString(DicomTag.SeriesInstanceUID)!;
        Assert.StartsWith("2.25.", series);
        Assert.True(DicomUid.IsValid(series));
        Assert.Equal(series, SonoscapeReportCoercion.SeriesFor(study, null));
        Assert.NotEqual(series, SonoscapeReportCoercion.SeriesFor("1." + new string('3', 61), null));
        Assert.Equal("1." + new string('2', 60) + ".1", SonoscapeReportCoercion.SeriesFor("1." + new string('2', 60), null));
        Assert.Equal(1, header.GetInt32(DicomTag.SeriesNumber));
    }

    [Fact]
    public void A_report_that_came_in_the_series_it_would_get_goes_to_another()
    {
        var header = Report("1.2.3", "4").Set(DicomTag.SeriesInstanceUID, "1.2.3.1");
        Reports.Apply(header, []);
        Assert.StartsWith("2.25.", header.GetString(DicomTag.SeriesInstanceUID));
        Assert.False(Reports.Applies(header, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Theory]
    [InlineData("ACME", "SR")]
    [InlineData("Sonoscape", "US")]
    [InlineData(null, "SR")]
    public void Other_objects_keep_their_series(string? manufacturer, string modality)
    {
        var header = Report("1.2.3", "1").Set(DicomTag.Modality, modality);
        if (manufacturer is null)
        {
            header.Remove(DicomTag.Manufacturer);
        }
        else
        {
            header.Set(DicomTag.Manufacturer, manufacturer);
        }
        Assert.False(Reports.Applies(header, TransferSyntax.ExplicitVRLittleEndian));
    }

    [Theory]
    [InlineData("RGB", 0x21, 'j', "YBR_FULL_422")] // JFIF, chrominance subsampled
    [InlineData("RGB", 0x22, 'j', "YBR_FULL_422")] // 4:2:0
    [InlineData("RGB", 0x11, 'j', "YBR_FULL")]
    [InlineData("YBR_FULL_422", 0x11, 'j', "YBR_FULL")]
    [InlineData("YBR_FULL_422", 0x21, 'j', "YBR_FULL_422")]
    [InlineData("YBR_FULL_422", 0x11, '0', "RGB")] // Adobe marker: no transform
    [InlineData("RGB", 0x11, '1', "YBR_FULL")] // Adobe marker: YCbCr
    [InlineData("YBR_FULL_422", 0x11, 'r', "RGB")] // components called R, G and B
    public void The_photometric_interpretation_becomes_what_the_stream_says(string before, int sampling, char kind, string after)
    {
        var header = Image(before);
        Assert.True(Images.Applies(header, TransferSyntax.JpegBaseline));
        Images.Apply(header, PixelData(Jpeg(sampling, kind)));
        Assert.Equal(after, header.GetString(DicomTag.PhotometricInterpretation));
        Assert.Equal("1.2.3.9.9", header.GetString(DicomTag.SOPInstanceUID));
    }

    [Fact]
    public void Every_truncation_of_the_pixel_data_is_survived_and_changes_nothing_or_the_right_thing()
    {
        var data = PixelData(Jpeg(0x21, 'j'));
        for (var length = 0; length <= data.Length; length++)
        {
            var header = Image("RGB");
            Images.Apply(header, data.AsSpan(0, length));
            Assert.Contains(header.GetString(DicomTag.PhotometricInterpretation), (string[])["RGB", "YBR_FULL_422"]);
        }
    }

    [Fact]
    public void Random_bytes_for_pixel_data_change_nothing()
    {
        var random = new Random(1);
        var data = PixelData(Jpeg(0x21, 'j'));
        for (var i = 0; i < 5000; i++)
        {
            var copy = data.ToArray();
            for (var n = random.Next(1, 8); n > 0; n--)
            {
                copy[random.Next(copy.Length)] = (byte)random.Next(256);
            }
            var header = Image("RGB");
            Images.Apply(header, copy);
            Assert.NotNull(header.GetString(DicomTag.PhotometricInterpretation));
        }
    }

    [Theory]
    [InlineData("ACME", DicomUid.UltrasoundImageStorage, @"DERIVED\PRIMARY")]
    [InlineData("Sonoscape", DicomUid.CTImageStorage, @"DERIVED\PRIMARY")]
    [InlineData("Sonoscape", DicomUid.UltrasoundImageStorage, @"ORIGINAL\PRIMARY")]
    public void Other_images_are_left_alone(string manufacturer, string sopClass, string imageType)
    {
        var header = Image("RGB").Set(DicomTag.Manufacturer, manufacturer).Set(DicomTag.SOPClassUID, sopClass).Set(DicomTag.ImageType, imageType.Split('\\'));
        Assert.False(Images.Applies(header, TransferSyntax.JpegBaseline));
    }

    [Fact]
    public void Images_that_are_not_compressed_are_left_alone() => Assert.False(Images.Applies(Image("RGB"), TransferSyntax.ExplicitVRLittleEndian));

    private static DicomDataset Report(string study, string? number)
    {
        var header = new DicomDataset()
            .Set(DicomTag.SOPInstanceUID, "1.2.3.9.9")
            .Set(DicomTag.Modality, "SR")
            .Set(DicomTag.Manufacturer, "Sonoscape")
            .Set(DicomTag.StudyInstanceUID, study)
            .Set(DicomTag.SeriesInstanceUID, "1.2.3.7");
        return number is null ? header : header.Set(DicomTag.SeriesNumber, number);
    }

    private static DicomDataset Image(string photometric) => new DicomDataset()
        .Set(DicomTag.ImageType, "DERIVED", "PRIMARY")
        .Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage)
        .Set(DicomTag.SOPInstanceUID, "1.2.3.9.9")
        .Set(DicomTag.Manufacturer, "Sonoscape")
        .Set(DicomTag.SamplesPerPixel, 3)
        .Set(DicomTag.PhotometricInterpretation, photometric);

    // the beginning of a stream as ITU-T T.81 §B.2 has it: SOI, JFIF or Adobe marker, a quantisation table, SOF0, SOS
    private static byte[] Jpeg(int sampling, char kind)
    {
        byte[] application = kind switch
        {
            'j' => [0xFF, 0xE0, 0, 16, .. "JFIF\0"u8, 1, 1, 0, 0, 1, 0, 1, 0, 0],
            'r' => [],
            _ => [0xFF, 0xEE, 0, 14, .. "Adobe"u8, 0, 100, 0, 0, 0, 0, (byte)(kind - '0')],
        };
        byte[] ids = kind == 'r' ? [(byte)'R', (byte)'G', (byte)'B'] : [1, 2, 3];
        return
        [
            0xFF, 0xD8, .. application, 0xFF, 0xDB, 0, 4, 1, 2,
            0xFF, 0xC0, 0, 17, 8, 0, 240, 1, 64, 3, ids[0], (byte)sampling, 0, ids[1], 0x11, 1, ids[2], 0x11, 1,
            0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0,
        ];
    }

    private static byte[] PixelData(byte[] jpeg) =>
        [0xFE, 0xFF, 0x00, 0xE0, 4, 0, 0, 0, 0, 0, 0, 0, 0xFE, 0xFF, 0x00, 0xE0, .. BitConverter.GetBytes((uint)jpeg.Length), .. jpeg];
}
