using System.Text;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>Where frames lie in the patient, and what functional groups say of single ones.</summary>
public sealed class ImagePlaneTests
{
    [Fact]
    public void A_slice_says_where_it_lies()
    {
        var plane = ImagePlane.Of(Slice(["-160", "-150", "4.7"], ["1", "0", "0", "0", "0.998", "-0.063"]).Set(DicomTag.FrameOfReferenceUID, "1.2.3"), 1)!;
        Assert.Equal((new PatientVector(-160, -150, 4.7), new PatientVector(1, 0, 0), new PatientVector(0, 0.998, -0.063), "1.2.3"), (plane.Position, plane.Row, plane.Column, plane.FrameOfReference));
    }

    [Theory]
    [InlineData("0\\0", "1\\0\\0\\0\\1\\0")]
    [InlineData("0\\0\\0", "1\\0\\0\\0\\1")]
    [InlineData("0\\0\\0", "0\\0\\0\\0\\0\\0")]
    [InlineData("0\\0\\0", "2\\0\\0\\0\\2\\0")]
    [InlineData("0\\0\\0", "1\\0\\0\\1\\0\\0")]
    [InlineData("0\\0\\0", "")]
    [InlineData("", "1\\0\\0\\0\\1\\0")]
    public void What_is_no_plane_is_none(string position, string directions) => Assert.Null(ImagePlane.Of(Slice(position.Split('\\'), directions.Split('\\')), 1));

    [Fact]
    public void Functional_groups_of_a_frame_go_before_shared_ones()
    {
        var header = new DicomDataset()
            .Set(DicomTag.SharedFunctionalGroupsSequence, new DicomDataset()
                .Set(DicomTag.PlaneOrientationSequence, new DicomDataset().Set(DicomTag.ImageOrientationPatient, "0", "1", "0", "0", "0", "-1"))
                .Set(DicomTag.PixelMeasuresSequence, new DicomDataset().Set(DicomTag.SliceThickness, "3"))
                .Set(DicomTag.FrameVOILUTSequence, new DicomDataset().Set(DicomTag.WindowCenter, "40").Set(DicomTag.WindowWidth, "400").Set(DicomTag.WindowCenterWidthExplanation, "Abdomen")))
            .Set(DicomTag.PerFrameFunctionalGroupsSequence,
                new DicomDataset().Set(DicomTag.PlanePositionSequence, new DicomDataset().Set(DicomTag.ImagePositionPatient, "1", "0", "0")),
                new DicomDataset().Set(DicomTag.PlanePositionSequence, new DicomDataset().Set(DicomTag.ImagePositionPatient, "4", "0", "0"))
                    .Set(DicomTag.FrameVOILUTSequence, new DicomDataset().Set(DicomTag.WindowCenter, "900", "1").Set(DicomTag.WindowWidth, "600", "0")));
        Assert.Equal([1.0, 4.0], new[] { 1, 2 }.Select(f => ImagePlane.Of(header, f)!.Position.X));
        Assert.Equal(new PatientVector(0, 0, -1), ImagePlane.Of(header, 2)!.Column);
        Assert.Null(ImagePlane.Of(header, 3)); // no frame, no position
        Assert.Equal(3, Calibration.ThicknessOf(header));
        Assert.Equal([(40.0, 400.0, "Abdomen")], Calibration.WindowsOf(header, 1));
        Assert.Equal([(900.0, 600.0, null)], Calibration.WindowsOf(header, 2)); // a width of 0 is none
    }

    private static DicomDataset Slice(string[] position, string[] directions) =>
        new DicomDataset().Set(Numbers(DicomTag.ImagePositionPatient, position)).Set(Numbers(DicomTag.ImageOrientationPatient, directions));

    // past the check of how many there are
    private static DicomElement Numbers(DicomTag tag, string[] values) => new(tag, DicomVr.DS, Encoding.ASCII.GetBytes(string.Join('\\', values) is var text && text.Length % 2 == 0 ? text : text + " "));
}
