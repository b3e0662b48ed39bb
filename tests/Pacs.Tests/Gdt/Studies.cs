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
