using Pacs.Dicom;

namespace Pacs.Benchmarks;

/// <summary>Data sets as devices send them, made up.</summary>
internal static class BenchmarkData
{
    /// <summary>An image with some 90 elements before its pixel data, private ones and sequences among them.</summary>
    public static DicomDataset Slice(string sopClass, int rows, int columns, int bits)
    {
        var dataset = new DicomDataset()
            .Set(DicomTag.SOPClassUID, sopClass).Set(DicomTag.SOPInstanceUID, DicomUid.New()).Set(DicomTag.StudyInstanceUID, DicomUid.New())
            .Set(DicomTag.SeriesInstanceUID, DicomUid.New()).Set(DicomTag.StudyDate, "20260301").Set(DicomTag.StudyTime, "101500")
            .Set(DicomTag.AccessionNumber, "R0000000001").Set(DicomTag.Modality, "CT").Set(DicomTag.Manufacturer, "ACME").Set(DicomTag.StudyDescription, "Abdomen")
            .Set(DicomTag.PatientName, "Muster^Erika").Set(DicomTag.PatientID, "4711").Set(DicomTag.PatientBirthDate, "19640812").Set(DicomTag.PatientSex, "F")
            .Set(DicomTag.InstanceNumber, 1).Set(DicomTag.Rows, rows).Set(DicomTag.Columns, columns).Set(DicomTag.BitsAllocated, bits)
            .Set(new DicomElement(DicomTag.RequestAttributesSequence, [new DicomDataset().Set(DicomTag.RequestedProcedureID, "RP1")]))
            .Set(new DicomElement(new DicomTag(0x0019, 0x0010), DicomVr.LO, "ACME_PRIVATE"u8.ToArray()));
        for (ushort i = 0; i < 60; i++)
        {
            dataset.Set(new DicomElement(new DicomTag(0x0019, (ushort)(0x1000 + i)), DicomVr.UN, new byte[16]));
        }
        return dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[rows * columns * bits / 8]));
    }

    /// <summary>A report with a container of so many measurements, each with unit, name and site.</summary>
    public static DicomDataset Report(int measurements) => new DicomDataset()
        .Set(DicomTag.SOPClassUID, DicomUid.ComprehensiveSRStorage).Set(DicomTag.SOPInstanceUID, DicomUid.New())
        .Set(DicomTag.ConceptNameCodeSequence, Code("125200", "Adult Echocardiography Procedure Report"))
        .Set(DicomTag.ContentSequence, Enumerable.Range(0, measurements).Select(i => new DicomDataset()
            .Set(DicomTag.RelationshipType, "CONTAINS").Set(DicomTag.ValueType, "NUM")
            .Set(DicomTag.ConceptNameCodeSequence, Code($"{18000 + i}-0", "Measurement"))
            .Set(DicomTag.MeasuredValueSequence, new DicomDataset().Set(DicomTag.NumericValue, $"{i}.5").Set(DicomTag.MeasurementUnitsCodeSequence, Code("cm", "centimeter")))
            .Set(DicomTag.ContentSequence, new DicomDataset().Set(DicomTag.RelationshipType, "HAS CONCEPT MOD").Set(DicomTag.ValueType, "CODE")
                .Set(DicomTag.ConceptNameCodeSequence, Code("363698007", "Finding Site")).Set(DicomTag.ConceptCodeSequence, Code("87878005", "Left Ventricle")))));

    /// <summary>The file of a data set.</summary>
    public static byte[] File(DicomDataset dataset, TransferSyntax syntax)
    {
        using var stream = new MemoryStream();
        new DicomFile(dataset, syntax).Save(stream);
        return stream.ToArray();
    }

    private static DicomDataset Code(string value, string meaning) =>
        new DicomDataset().Set(DicomTag.CodeValue, value).Set(DicomTag.CodingSchemeDesignator, "DCM").Set(DicomTag.CodeMeaning, meaning);
}
