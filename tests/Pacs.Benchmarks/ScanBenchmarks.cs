using BenchmarkDotNet.Attributes;
using Pacs.Dicom;

namespace Pacs.Benchmarks;

/// <summary>The scanner that looks at every received instance: a 1 MB ultrasound image in pieces of a PDU.</summary>
[MemoryDiagnoser]
public class ScanBenchmarks
{
    private static readonly DicomTag[] Wanted =
    [
        DicomTag.SpecificCharacterSet, DicomTag.SOPClassUID, DicomTag.SOPInstanceUID, DicomTag.StudyDate, DicomTag.StudyTime, DicomTag.AccessionNumber,
        DicomTag.Modality, DicomTag.Manufacturer, DicomTag.StudyDescription, DicomTag.PatientName, DicomTag.PatientID, DicomTag.PatientBirthDate,
        DicomTag.PatientSex, DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID, DicomTag.InstanceNumber, DicomTag.Rows, DicomTag.Columns,
        DicomTag.RequestAttributesSequence,
    ];

    private byte[] _explicit = [];
    private byte[] _implicit = [];

    /// <summary>Bytes per piece: Orthanc's default PDU, and one network buffer.</summary>
    [Params(16 * 1024, 64 * 1024)]
    public int Piece { get; set; }

    /// <summary>Builds the image, so that no file is needed.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var dataset = BenchmarkData.Slice(DicomUid.UltrasoundImageStorage, 1024, 1024, 8);
        _explicit = DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian);
        _implicit = DicomWriter.ToBytes(dataset, TransferSyntax.ImplicitVRLittleEndian);
    }

    /// <summary>Explicit VR.</summary>
    [Benchmark]
    public long Explicit() => Scan(_explicit, TransferSyntax.ExplicitVRLittleEndian);

    /// <summary>Implicit VR: every VR from the dictionary.</summary>
    [Benchmark]
    public long Implicit() => Scan(_implicit, TransferSyntax.ImplicitVRLittleEndian);

    private long Scan(byte[] bytes, TransferSyntax syntax)
    {
        var scanner = new HeaderScanner(syntax, Wanted);
        for (var at = 0; at < bytes.Length; at += Piece)
        {
            scanner.Push(bytes.AsSpan(at, Math.Min(Piece, bytes.Length - at)));
        }
        scanner.Complete();
        return scanner.HeaderLength;
    }
}
