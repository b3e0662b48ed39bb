using Pacs.Dicom;
using Pacs.Dicom.Media;
using Pacs.Web.Pages;

namespace Pacs.Web.Upload;

/// <summary>A file of a medium, as its DICOMDIR names it.</summary>
/// <param name="Path">Its path from the folder of the DICOMDIR, parts joined by a slash.</param>
/// <param name="Series">(0020,000E).</param>
/// <param name="Uid">(0008,0018).</param>
public sealed record MediumFile(string Path, string Series, string Uid);

/// <summary>A study of a medium, for the page that asks what shall become of it.</summary>
/// <param name="PatientId">(0010,0020), as it is part of our ids.</param>
/// <param name="Uid">(0020,000D).</param>
/// <param name="Patient">The patient's name, for people.</param>
/// <param name="Born">Birth date and sex, for people.</param>
/// <param name="Family">The family name, to look for the same patient here.</param>
/// <param name="Title">Date and description, for people.</param>
/// <param name="Modalities">What kinds of images.</param>
/// <param name="Files">The files that a DICOMDIR names; none where only one of them was looked at.</param>
public sealed record MediumStudy(string PatientId, string Uid, string Patient, string Born, string Family, string Title, IReadOnlyList<string> Modalities, IReadOnlyList<MediumFile> Files)
{
    /// <summary>The most that is looked at: the DICOMDIR of a DVD with a hundred thousand images.</summary>
    public const int MaxSize = 64 * 1024 * 1024;

    // of what belongs to patient and study nothing comes after group 0020
    private static readonly DicomReadOptions Head = new() { StopBefore = new DicomTag(0x0028, 0), AllowTruncation = true };

    /// <summary>Reads a DICOMDIR, or the beginning of any other DICOM file.</summary>
    /// <returns>Its studies; none when it is not DICOM, or says no study.</returns>
    internal static IReadOnlyList<MediumStudy> Read(ReadOnlyMemory<byte> bytes, Display show)
    {
        try
        {
            var head = DicomFile.Parse(bytes, Head);
            return head.Dataset.Contains(DicomTag.DirectoryRecordSequence) || head.FileMeta.GetString(DicomTag.MediaStorageSOPClassUID) == DicomUid.MediaStorageDirectoryStorage
                ? OfDirectory(DicomDirectoryReader.Read(bytes), show)
                : head.Dataset.GetString(DicomTag.StudyInstanceUID) is { Length: > 0 } uid ? [Of(uid, head.Dataset, head.Dataset, [Modality(head.Dataset)], [], show)] : [];
        }
        catch (DicomException)
        {
            return [];
        }
    }

    private static List<MediumStudy> OfDirectory(IReadOnlyList<DirectoryFile> files, Display show)
    {
        var studies = new List<MediumStudy>();
        foreach (var study in files.GroupBy(f => (Text(f.Patient, DicomTag.PatientID), Text(f.Study, DicomTag.StudyInstanceUID))))
        {
            var first = study.First();
            if (study.Key.Item2.Length == 0)
            {
                continue; // the files themselves say it
            }
            var named = study.Select(f => new MediumFile(string.Join('/', f.FileId), Text(f.Series, DicomTag.SeriesInstanceUID), Text(f.Record, DicomTag.ReferencedSOPInstanceUIDInFile)))
                .Where(f => f.Series.Length > 0 && f.Uid.Length > 0).ToList();
            studies.Add(Of(study.Key.Item2, first.Patient ?? [], first.Study!, study.Where(f => f.Series is not null).Select(f => Modality(f.Series!)), named, show));
        }
        return studies;
    }

    private static MediumStudy Of(string uid, DicomDataset patient, DicomDataset study, IEnumerable<string> modalities, IReadOnlyList<MediumFile> files, Display show)
    {
        var name = patient.GetString(DicomTag.PatientName);
        return new MediumStudy(
            patient.GetString(DicomTag.PatientID) ?? "", uid, show.Name(name), show.BirthAndSex(patient.GetString(DicomTag.PatientBirthDate), patient.GetString(DicomTag.PatientSex)),
            PersonName.Parse(name).FamilyName, $"{show.Date(study.GetString(DicomTag.StudyDate))} {show.Text(study.GetString(DicomTag.StudyDescription), 80)}".Trim(),
            [.. modalities.Where(m => m.Length > 0).Select(m => show.Text(m, 16)).Distinct().Take(6)], files);
    }

    private static string Modality(DicomDataset series) => series.GetString(DicomTag.Modality) ?? "";

    private static string Text(DicomDataset? record, DicomTag tag) => record?.GetString(tag) ?? "";
}
