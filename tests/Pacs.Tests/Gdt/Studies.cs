using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>Small objects of made-up studies.</summary>
internal static class Studies
{
    /// <summary>An ultrasound image without pixels.</summary>
    public static DicomDataset Image(int study, string? accession, int instance = 1) => new DicomDataset()
        .Set(DicomTag.SpecificCharacterSet, "ISO_IR 192")
        .Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage)
        .Set(DicomTag.SOPInstanceUID, $"2.25.{study}.1.{instance}")
        .Set(DicomTag.StudyDate, "20261122")
        .Set(DicomTag.StudyTime, "080441")
        .Set(DicomTag.AccessionNumber, accession ?? "")
        .Set(DicomTag.Modality, "US")
        .Set(DicomTag.StudyDescription, "Abdomen")
        .Set(DicomTag.PatientID, $"P{study}")
        .Set(DicomTag.StudyInstanceUID, $"2.25.{study}")
        .Set(DicomTag.SeriesInstanceUID, $"2.25.{study}.1");

    /// <summary>An ultrasound image of 64 by 48 pixels.</summary>
    public static DicomDataset Picture(int study, int instance) => Image(study, $"R{study}", instance)
        .Set(DicomTag.PatientName, "Müller^Jörg").Set(DicomTag.PatientBirthDate, "19801231")
        .Set(DicomTag.InstanceNumber, $"{instance}")
        .Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.Rows, 48).Set(DicomTag.Columns, 64)
        .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
        .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, TestPicture.Create8(64, 48, 1, instance)));

    /// <summary>A report of one value.</summary>
    public static DicomDataset Report(int study, string? accession, int instance = 1)
    {
        var report = Image(study, accession)
            .Set(DicomTag.SOPClassUID, DicomUid.ComprehensiveSRStorage)
            .Set(DicomTag.SOPInstanceUID, $"2.25.{study}.2.{instance}")
            .Set(DicomTag.Modality, "SR")
            .Set(DicomTag.SeriesInstanceUID, $"2.25.{study}.2");
        foreach (var element in SrBuilder.Report("5200", SrBuilder.Group("2D mode", SrBuilder.Num("1", "Stroke Volume", "70"))))
        {
            if (!report.Contains(element.Tag))
            {
                report.Set(element);
            }
        }
        return report;
    }
}
