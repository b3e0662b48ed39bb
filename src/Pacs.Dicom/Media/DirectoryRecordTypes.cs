namespace Pacs.Dicom.Media;

/// <summary>Which directory record an instance gets (PS3.3 §F.4), and which of its attributes stand in it.</summary>
internal static class DirectoryRecordTypes
{
    /// <summary>An attribute of a record.</summary>
    /// <param name="Tag">The attribute.</param>
    /// <param name="Fallback">What stands there when the instance has no value: type 1 must not be empty. Empty for type 2; null: then it is left out.</param>
    public readonly record struct Key(DicomTag Tag, string? Fallback);

    /// <summary>What there is no date for, as dcmmkdir says it, too.</summary>
    public const string NoDate = "19000101";

    private const string NoTime = "000000";

    private static readonly Key Number = new(DicomTag.InstanceNumber, "1");
    private static readonly Key Date = new(DicomTag.ContentDate, NoDate);
    private static readonly Key Time = new(DicomTag.ContentTime, NoTime);

    /// <summary>Of a patient (PS3.3 table F.5-1).</summary>
    public static readonly Key[] Patient = [new(DicomTag.PatientName, ""), new(DicomTag.PatientID, "UNKNOWN")];

    /// <summary>Of a study (PS3.3 table F.5-2).</summary>
    public static readonly Key[] Study =
    [
        new(DicomTag.StudyDate, NoDate), new(DicomTag.StudyTime, NoTime), new(DicomTag.AccessionNumber, ""), new(DicomTag.StudyDescription, ""), new(DicomTag.StudyInstanceUID, null),
        new(DicomTag.StudyID, "1"),
    ];

    /// <summary>Of a series (PS3.3 table F.5-3).</summary>
    public static readonly Key[] Series = [new(DicomTag.Modality, "OT"), new(DicomTag.SeriesInstanceUID, null), new(DicomTag.SeriesNumber, "1")];

    /// <summary>What an extended directory has besides (type 3): of the levels from the patient down.</summary>
    public static readonly Key[][] Extended =
    [
        [new(DicomTag.PatientBirthDate, null), new(DicomTag.PatientSex, null)],
        [new(DicomTag.ReferringPhysicianName, null)],
        [new(DicomTag.SeriesDate, null), new(DicomTag.SeriesTime, null), new(DicomTag.SeriesDescription, null), new(DicomTag.BodyPartExamined, null), new(DicomTag.InstitutionName, null)],
        [new(DicomTag.ContentDate, null), new(DicomTag.ContentTime, null), new(DicomTag.ImageType, null), new(DicomTag.Rows, null), new(DicomTag.Columns, null), new(DicomTag.NumberOfFrames, null)],
    ];

    /// <summary>The record of an instance: its type, its attributes, and the sequences that are copied as they are.</summary>
    public static (string Type, Key[] Keys, DicomTag[] Sequences) Of(string sopClass, DicomDataset header)
    {
        var keyword = DicomUid.Find(sopClass)?.Keyword ?? "";
        return keyword switch
        {
            "KeyObjectSelectionDocumentStorage" => ("KEY OBJECT DOC", [Number, Date, Time], [DicomTag.ConceptNameCodeSequence]),
            _ when keyword.Contains("PresentationState", StringComparison.Ordinal) => ("PRESENTATION",
                [Number, new(DicomTag.ContentLabel, "UNNAMED"), new(DicomTag.ContentDescription, ""), new(DicomTag.PresentationCreationDate, NoDate), new(DicomTag.PresentationCreationTime, NoTime), new(DicomTag.ContentCreatorName, "")],
                [DicomTag.ReferencedSeriesSequence]),
            _ when keyword.StartsWith("Encapsulated", StringComparison.Ordinal) => ("ENCAP DOC",
                [Number, new(DicomTag.ContentDate, ""), new(DicomTag.ContentTime, ""), new(DicomTag.DocumentTitle, ""), new(DicomTag.MIMETypeOfEncapsulatedDocument, "application/octet-stream")],
                [DicomTag.ConceptNameCodeSequence]),
            _ when keyword.Contains("Waveform", StringComparison.Ordinal) || keyword.Contains("ECG", StringComparison.Ordinal) => ("WAVEFORM", [Number, Date, Time], []),
            "RTDoseStorage" => ("RT DOSE", [Number, new(DicomTag.DoseSummationType, "PLAN")], []),
            "RTStructureSetStorage" => ("RT STRUCTURE SET", [Number, new(DicomTag.StructureSetLabel, "UNNAMED"), new(DicomTag.StructureSetDate, ""), new(DicomTag.StructureSetTime, "")], []),
            "RTPlanStorage" or "RTIonPlanStorage" => ("RT PLAN", [Number, new(DicomTag.RTPlanLabel, "UNNAMED"), new(DicomTag.RTPlanDate, ""), new(DicomTag.RTPlanTime, "")], []),
            "RawDataStorage" => ("RAW DATA", [Number, Date, Time], []),
            "MRSpectroscopyStorage" => ("SPECTROSCOPY", [Number, Date, Time, new(DicomTag.ImageType, "ORIGINAL"), new(DicomTag.NumberOfFrames, "1"), new(DicomTag.Rows, null), new(DicomTag.Columns, null)], []),
            "RealWorldValueMappingStorage" => ("VALUE MAP", [Number, Date, Time, new(DicomTag.ContentLabel, "UNNAMED"), new(DicomTag.ContentDescription, ""), new(DicomTag.ContentCreatorName, "")], []),
            "SpatialRegistrationStorage" or "DeformableSpatialRegistrationStorage" => (
                "REGISTRATION", [Number, Date, Time, new(DicomTag.ContentLabel, "UNNAMED"), new(DicomTag.ContentDescription, ""), new(DicomTag.ContentCreatorName, "")], []),
            // templates are told by their content: reports have a value type, images have rows
            _ when header.Contains(DicomTag.ValueType) && !header.Contains(DicomTag.Rows) => ("SR DOCUMENT",
                [Number, new(DicomTag.CompletionFlag, "PARTIAL"), new(DicomTag.VerificationFlag, "UNVERIFIED"), Date, Time, new(DicomTag.VerificationDateTime, null)], [DicomTag.ConceptNameCodeSequence]),
            _ => ("IMAGE", [Number], []),
        };
    }
}
