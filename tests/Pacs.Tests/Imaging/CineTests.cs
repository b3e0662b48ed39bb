using Pacs.Dicom;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>How a cine is to be played, and how high its pixels are, as headers say it (PS3.3 §C.7.6.5, §C.7.6.3.1.7).</summary>
public sealed class CineTests
{
    [Theory]
    [InlineData(null, null, null, null, 40.0, null)]
    [InlineData("0", "0", null, null, 40.0, null)] // a rate of nothing is none
    [InlineData("33.3", null, null, null, 33.3, null)]
    [InlineData(null, "20", null, null, 50.0, null)]
    [InlineData(null, null, "0 50 50 50", null, 50.0, null)] // all the same: one time says it
    [InlineData(null, null, "0 50 500 50", null, 200.0, "50 500 50 200")]
    [InlineData(null, null, "0 50 0 1", null, 17.0, "50 17 5 17")]
    [InlineData(null, null, "0 50 500", null, 275.0, null)] // of another number of frames
    [InlineData("33.3", null, "0 50 500 50", null, 33.3, null)]
    [InlineData("33.3", null, "0 50 500 50", "vector", 200.0, "50 500 50 200")]
    [InlineData("33.3", null, "0 50 500 50", "time", 33.3, null)]
    public void Frames_are_seen_as_long_as_the_header_says(string? time, string? rate, string? vector, string? pointer, double all, string? each)
    {
        var header = new DicomDataset();
        Set(header, DicomTag.FrameTime, time);
        Set(header, DicomTag.CineRate, rate);
        Set(header, DicomTag.FrameTimeVector, vector);
        if (pointer is not null)
        {
            header.Set(new DicomElement(DicomTag.FrameIncrementPointer, DicomVr.AT, pointer == "vector" ? new byte[] { 0x18, 0, 0x65, 0x10 } : [0x18, 0, 0x63, 0x10]));
        }
        Assert.Equal(all, Calibration.FrameTimeOf(header), 0.5);
        Assert.Equal(each, Calibration.FrameTimesOf(header, 4) is { } times ? string.Join(' ', times.Select(t => Math.Round(t))) : null);
        header.Set(DicomTag.RecommendedDisplayFrameRate, "10");
        Assert.Equal(100, Calibration.FrameTimeOf(header));
        Assert.Null(Calibration.FrameTimesOf(header, 4));
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("3", "6", "3-6")]
    [InlineData("3", null, "3-10")]
    [InlineData(null, "6", "1-6")]
    [InlineData("1", "10", null)]
    [InlineData("6", "3", null)]
    [InlineData("0", "6", null)]
    [InlineData("3", "11", null)]
    public void A_part_is_played_where_one_is_named(string? start, string? stop, string? expected)
    {
        var header = new DicomDataset();
        Set(header, DicomTag.StartTrim, start);
        Set(header, DicomTag.StopTrim, stop);
        Assert.Equal(expected, Calibration.TrimOf(header, 10) is var (first, last) ? $"{first}-{last}" : null);
        Assert.False(Calibration.Sweeps(header));
        Assert.True(Calibration.Sweeps(header.Set(DicomTag.PreferredPlaybackSequencing, 1)));
    }

    [Theory]
    [InlineData(null, null, false, 1.0)]
    [InlineData("1 0.5", null, false, 2.0)]
    [InlineData("1 0.5", "1 1", false, 2.0)] // distances say more
    [InlineData(null, "2 1", false, 2.0)]
    [InlineData(null, "1 2", false, 0.5)]
    [InlineData(null, "0 1", false, 1.0)]
    [InlineData("1 0.5", null, true, 1.0)] // ultrasound is shown as it was drawn
    public void Pixels_are_as_high_as_spacing_or_ratio_say(string? spacing, string? ratio, bool withRegions, double expected)
    {
        var header = new DicomDataset();
        Set(header, DicomTag.PixelSpacing, spacing);
        Set(header, DicomTag.PixelAspectRatio, ratio);
        if (withRegions)
        {
            header.Set(DicomTag.SequenceOfUltrasoundRegions, new DicomDataset().Set(DicomTag.RegionLocationMinX0, 0).Set(DicomTag.RegionLocationMinY0, 0).Set(DicomTag.RegionLocationMaxX1, 3)
                .Set(DicomTag.RegionLocationMaxY1, 3).Set(DicomTag.PhysicalDeltaX, 0.1).Set(DicomTag.PhysicalDeltaY, 0.1));
        }
        Assert.Equal(expected, Calibration.StretchOf(header));
    }

    /// <summary>A file of an archive that had made its images smaller: 320 × 240 with the region of 640 × 480. A length in it was half of what it is.</summary>
    [Theory]
    [InlineData(319, 239, 1)]
    [InlineData(320, 240, 1)]
    [InlineData(595, 414, 0)]
    [InlineData(319, 414, 0)]
    public void Regions_that_reach_beyond_the_image_are_of_another_one(int right, int bottom, int expected)
    {
        var header = new DicomDataset().Set(DicomTag.Columns, 320).Set(DicomTag.Rows, 240).Set(DicomTag.SequenceOfUltrasoundRegions, new DicomDataset().Set(DicomTag.RegionLocationMinX0, 84)
            .Set(DicomTag.RegionLocationMinY0, 31).Set(DicomTag.RegionLocationMaxX1, right).Set(DicomTag.RegionLocationMaxY1, bottom).Set(DicomTag.PhysicalDeltaX, 0.05).Set(DicomTag.PhysicalDeltaY, 0.05));
        Assert.Equal(expected, Calibration.RegionsOf(header).Count);
    }

    private static void Set(DicomDataset header, DicomTag tag, string? values)
    {
        if (values is not null)
        {
            header.Set(tag, values.Split(' '));
        }
    }
}
