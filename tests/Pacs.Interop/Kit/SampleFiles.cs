using System.Globalization;
using System.Text;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>Small DICOM files made here, in a folder that goes with them.</summary>
public sealed class SampleFiles : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pacs-samples-").FullName;
    private readonly List<string> _paths = [];

    public IReadOnlyList<string> Paths => _paths;

    /// <summary>Adds an ultrasound image of 8 × 8 pixels in UTF-8.</summary>
    public SampleFiles Add(string name, string patientId, string study, int number = 1, string description = "Sonographie Abdomen") =>
        Add(Header(name, patientId, study, "R0000000001", "US", DicomUid.UltrasoundImageStorage, number, description)
            .Set(DicomTag.Rows, 8).Set(DicomTag.Columns, 8).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[64])));

    /// <summary>Adds an instance in Explicit VR Little Endian.</summary>
    public SampleFiles Add(DicomDataset image)
    {
        var path = Path.Join(_folder, $"{_paths.Count}.dcm");
        new DicomFile(image, TransferSyntax.ExplicitVRLittleEndian).Save(path);
        _paths.Add(path);
        return this;
    }

    /// <summary>Patient, study, series and instance of a grey image in UTF-8. The values are set as bytes, so that they may be what no setter accepts.</summary>
    public static DicomDataset Header(
        string name, string patientId, string study, string accession, string modality, string sopClass, int number, string description = "Sonographie Abdomen")
    {
        var image = new DicomDataset();
        void Text(DicomTag tag, string value) => image.Set(new DicomElement(tag, DicomDictionary.GetVr(tag), Encoding.UTF8.GetBytes(value)));
        Text(DicomTag.SpecificCharacterSet, "ISO_IR 192");
        Text(DicomTag.SOPClassUID, sopClass);
        Text(DicomTag.SOPInstanceUID, $"{study}.1.{number}");
        Text(DicomTag.StudyDate, "20240312");
        Text(DicomTag.StudyTime, "083107");
        Text(DicomTag.AccessionNumber, accession);
        Text(DicomTag.Modality, modality);
        Text(DicomTag.StudyDescription, description);
        Text(DicomTag.ReferringPhysicianName, "Hoffmann^Eva^^Dr.");
        Text(DicomTag.PatientName, name);
        Text(DicomTag.PatientID, patientId);
        Text(DicomTag.PatientBirthDate, "19580307");
        Text(DicomTag.PatientSex, "M");
        Text(DicomTag.StudyInstanceUID, study);
        Text(DicomTag.SeriesInstanceUID, $"{study}.1");
        Text(DicomTag.StudyID, "1");
        Text(DicomTag.SeriesNumber, "1");
        Text(DicomTag.InstanceNumber, number.ToString(CultureInfo.InvariantCulture));
        Text(DicomTag.PhotometricInterpretation, "MONOCHROME2");
        return image.Set(DicomTag.SamplesPerPixel, 1);
    }

    /// <summary>Sends them all with dcmtk in one association.</summary>
    public async Task SendAsync(int dicomPort, CancellationToken ct)
    {
        var sent = await Tool.RunAsync("storescu", ct, ["127.0.0.1", dicomPort.ToString(CultureInfo.InvariantCulture), .. _paths]);
        Assert.True(sent.ExitCode == 0, sent.All);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
