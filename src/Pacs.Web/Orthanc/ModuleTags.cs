using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>The attributes that belong to a patient, a study, a series or an instance by the modules of PS3.3 §C.7.1.1, §C.7.2.1, §C.7.3.1 and §C.12.1.</summary>
internal static class ModuleTags
{
    // PS3.3 §C.7.1.1
    private static readonly DicomTag[] Patient =
    [
        DicomTag.PatientName, DicomTag.PatientID, DicomTag.PatientBirthDate, DicomTag.PatientSex, DicomTag.ReferencedPatientSequence, DicomTag.PatientBirthTime,
        DicomTag.OtherPatientIDs, DicomTag.OtherPatientNames, DicomTag.EthnicGroup, DicomTag.PatientComments, DicomTag.PatientSpeciesDescription,
        DicomTag.PatientBreedDescription, DicomTag.ResponsiblePerson, DicomTag.ResponsiblePersonRole, DicomTag.ResponsibleOrganization,
        DicomTag.PatientIdentityRemoved, DicomTag.DeidentificationMethod, DicomTag.IssuerOfPatientID,
    ];

    // PS3.3 §C.7.2.1; what the patient was like then (§C.7.2.2) is a module of its own
    private static readonly DicomTag[] Study =
    [
        DicomTag.StudyInstanceUID, DicomTag.StudyDate, DicomTag.StudyTime, DicomTag.ReferringPhysicianName, DicomTag.StudyID, DicomTag.AccessionNumber,
        DicomTag.StudyDescription, DicomTag.PhysiciansOfRecord, DicomTag.NameOfPhysiciansReadingStudy, DicomTag.ReferencedStudySequence,
        DicomTag.ProcedureCodeSequence, DicomTag.RequestingService,
    ];

    // PS3.3 §C.7.3.1
    private static readonly DicomTag[] Series =
    [
        DicomTag.Modality, DicomTag.SeriesInstanceUID, DicomTag.SeriesNumber, DicomTag.Laterality, DicomTag.SeriesDate, DicomTag.SeriesTime,
        DicomTag.PerformingPhysicianName, DicomTag.ProtocolName, DicomTag.SeriesDescription, DicomTag.OperatorsName, DicomTag.ReferencedPerformedProcedureStepSequence,
        DicomTag.BodyPartExamined, DicomTag.PatientPosition, DicomTag.SmallestPixelValueInSeries, DicomTag.LargestPixelValueInSeries,
        DicomTag.RequestAttributesSequence, DicomTag.PerformedProcedureStepID, DicomTag.PerformedProcedureStepStartDate,
        DicomTag.PerformedProcedureStepStartTime, DicomTag.PerformedProcedureStepDescription, DicomTag.PerformedProtocolCodeSequence,
    ];

    // PS3.3 §C.12.1
    private static readonly DicomTag[] Instance =
    [
        DicomTag.SOPClassUID, DicomTag.SOPInstanceUID, DicomTag.SpecificCharacterSet, DicomTag.InstanceCreationDate, DicomTag.InstanceCreationTime,
        DicomTag.InstanceCreatorUID, DicomTag.TimezoneOffsetFromUTC, DicomTag.InstanceNumber, DicomTag.SOPInstanceStatus, DicomTag.ContributingEquipmentSequence,
    ];

    /// <summary>The attributes of a level.</summary>
    public static DicomTag[] Of(Level level) => level switch
    {
        Level.Patient => Patient,
        Level.Study => Study,
        Level.Series => Series,
        _ => Instance,
    };
}
