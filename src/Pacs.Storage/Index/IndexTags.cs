using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>Which elements the index looks at.</summary>
public static class IndexTags
{
    /// <summary>Orthanc's main tags of a level which have no column of their own; they are in its <c>tags</c> JSON.</summary>
    public static IReadOnlyList<DicomTag> Json(Level level) => level switch
    {
        Level.Patient => PatientTags,
        Level.Study => StudyTags,
        Level.Series => SeriesTags,
        _ => InstanceTags,
    };

    /// <summary>Every element that is looked at when an instance arrives, in ascending order.</summary>
    public static IReadOnlyList<DicomTag> Scanned => AllScanned;

    private static readonly DicomTag[] PatientTags = [DicomTag.OtherPatientIDs];

    private static readonly DicomTag[] StudyTags =
    [
        DicomTag.InstitutionName, DicomTag.RequestingPhysician, DicomTag.RequestedProcedureDescription, DicomTag.TimezoneOffsetFromUTC,
    ];

    private static readonly DicomTag[] SeriesTags =
    [
        DicomTag.SeriesDate, DicomTag.SeriesTime, DicomTag.Manufacturer, DicomTag.SequenceName, DicomTag.CardiacNumberOfImages,
        DicomTag.ImagesInAcquisition, DicomTag.NumberOfTemporalPositions, DicomTag.NumberOfSlices, DicomTag.NumberOfTimeSlices,
        DicomTag.ImageOrientationPatient, DicomTag.SeriesType, DicomTag.OperatorsName, DicomTag.PerformedProcedureStepDescription,
        DicomTag.AcquisitionDeviceProcessingDescription, DicomTag.ContrastBolusAgent, DicomTag.TimezoneOffsetFromUTC,
        DicomTag.PerformedProcedureStepStartDate, DicomTag.PerformedProcedureStepStartTime,
    ];

    private static readonly DicomTag[] InstanceTags =
    [
        DicomTag.InstanceCreationDate, DicomTag.InstanceCreationTime, DicomTag.AcquisitionNumber, DicomTag.ImageIndex,
        DicomTag.TemporalPositionIdentifier, DicomTag.ImagePositionPatient, DicomTag.ImageComments, DicomTag.ImageOrientationPatient,
    ];

    // have columns, or are what a coercion needs to know a device by
    private static readonly DicomTag[] Others =
    [
        DicomTag.SpecificCharacterSet, DicomTag.ImageType, DicomTag.SOPClassUID, DicomTag.SOPInstanceUID, DicomTag.StudyDate,
        DicomTag.StudyTime, DicomTag.AccessionNumber, DicomTag.Modality, DicomTag.ReferringPhysicianName, DicomTag.StationName,
        DicomTag.StudyDescription, DicomTag.SeriesDescription, DicomTag.ManufacturerModelName, DicomTag.PatientName, DicomTag.PatientID,
        DicomTag.PatientBirthDate, DicomTag.PatientSex, DicomTag.BodyPartExamined, DicomTag.SoftwareVersions, DicomTag.ProtocolName,
        DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID, DicomTag.StudyID, DicomTag.SeriesNumber, DicomTag.InstanceNumber,
        DicomTag.SamplesPerPixel, DicomTag.PhotometricInterpretation, DicomTag.PlanarConfiguration, DicomTag.NumberOfFrames,
        DicomTag.Rows, DicomTag.Columns, DicomTag.BitsAllocated, DicomTag.OriginalAttributesSequence,
    ];

    private static readonly DicomTag[] AllScanned =
        [.. PatientTags.Concat(StudyTags).Concat(SeriesTags).Concat(InstanceTags).Concat(Others).Distinct().Order()];
}
