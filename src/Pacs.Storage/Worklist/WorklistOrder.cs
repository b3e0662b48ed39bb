using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>What somebody wants to have examined: everything a worklist entry needs that the server does not make itself.</summary>
public sealed record WorklistOrder
{
    /// <summary>(0010,0020) Patient ID: at most 64 characters, not empty.</summary>
    public required string PatientId { get; init; }

    /// <summary>(0010,0010) Patient's Name as DICOM writes it, not empty.</summary>
    public required string PatientName { get; init; }

    /// <summary>(0010,0030) Patient's Birth Date, or null when it is not known.</summary>
    public DateOnly? BirthDate { get; init; }

    /// <summary>(0010,0040) Patient's Sex: <c>M</c>, <c>F</c>, <c>O</c>, or empty when it is not known.</summary>
    public string Sex { get; init; } = "";

    /// <summary>(0008,0060) Modality of the device.</summary>
    public required string Modality { get; init; }

    /// <summary>(0040,0001) Scheduled Station AE Title.</summary>
    public required string StationAe { get; init; }

    /// <summary>What to examine, in words: at most 64 characters. Null when nobody said.</summary>
    public string? Procedure { get; init; }

    /// <summary>(0040,0006) Scheduled Performing Physician's Name as DICOM writes it, or null.</summary>
    public string? PerformingPhysician { get; init; }

    /// <summary>When the step is to start, in local time; null: now.</summary>
    public DateTime? Start { get; init; }

    /// <summary>Who ordered it, for <see cref="WorklistItem.Source"/>.</summary>
    public required string Source { get; init; }

    /// <summary>What was ordered with an entry.</summary>
    public static WorklistOrder Of(WorklistItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return Of(DicomReader.Read(item.Dataset, TransferSyntax.ExplicitVRLittleEndian), item.Source);
    }

    /// <summary>What a data set of the worklist orders, also one of another program: what it lacks is empty.</summary>
    public static WorklistOrder Of(DicomDataset entry, string source)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var step = entry.GetSequence(DicomTag.ScheduledProcedureStepSequence) is [var first, ..] ? first : entry;
        var procedure = step.GetString(DicomTag.ScheduledProcedureStepDescription) is { Length: > 0 } words ? words : entry.GetString(DicomTag.RequestedProcedureDescription);
        var time = DicomTime.Parse(step.GetString(DicomTag.ScheduledProcedureStepStartTime))?.Time ?? TimeOnly.MinValue;
        return new WorklistOrder
        {
            PatientId = entry.GetString(DicomTag.PatientID) ?? "",
            PatientName = entry.GetString(DicomTag.PatientName) ?? "",
            BirthDate = DicomDate.Parse(entry.GetString(DicomTag.PatientBirthDate))?.Date,
            Sex = entry.GetString(DicomTag.PatientSex) ?? "",
            Modality = step.GetString(DicomTag.Modality) ?? "",
            StationAe = step.GetString(DicomTag.ScheduledStationAETitle) ?? "",
            Procedure = procedure is { Length: > 0 } and not DefaultDescription ? procedure : null,
            PerformingPhysician = step.GetString(DicomTag.ScheduledPerformingPhysicianName) is { Length: > 0 } physician ? physician : null,
            Start = DicomDate.Parse(step.GetString(DicomTag.ScheduledProcedureStepStartDate))?.Date.ToDateTime(time),
            Source = source,
        };
    }

    /// <summary>
    /// The entry: every attribute that PS3.4 table K.6-1 has as type 1 or 2, the ones nobody told us empty. There are descriptions and no codes: table
    /// K.6-1 wants one of the two, and practice software has no codes. An SPS ID and a Requested Procedure ID are missing in the old
    /// plugin's entries, which some devices therefore refuse; both are the accession number here, since one order is one step.
    /// </summary>
    /// <param name="accession">(0008,0050) Accession Number.</param>
    /// <param name="studyUid">(0020,000D) Study Instance UID.</param>
    /// <param name="start">Start of the step, in local time.</param>
    /// <exception cref="DicomException">A value is not allowed in its VR.</exception>
    internal DicomDataset ToDataset(string accession, string studyUid, DateTime start)
    {
        // type 1C: a description where there is no code sequence
        var description = Procedure ?? DefaultDescription;
        var step = new DicomDataset();
        var entry = new DicomDataset();
        entry.Set(DicomTag.SpecificCharacterSet, CharacterSet.Utf8.Value);
        entry.Set(DicomTag.ScheduledProcedureStepSequence, step); // first, so that the step knows the character set
        step.Set(DicomTag.Modality, Modality)
            .Set(DicomTag.ScheduledStationAETitle, StationAe)
            .Set(DicomTag.ScheduledProcedureStepStartDate, new DicomDate(DateOnly.FromDateTime(start)).ToString())
            .Set(DicomTag.ScheduledProcedureStepStartTime, new DicomTime(TimeOnly.FromDateTime(start)).ToString())
            .Set(DicomTag.ScheduledPerformingPhysicianName, PerformingPhysician ?? "")
            .Set(DicomTag.ScheduledProcedureStepDescription, description)
            .Set(DicomTag.ScheduledProcedureStepID, accession)
            .Set(DicomTag.ScheduledStationName, "")
            .Set(DicomTag.ScheduledProcedureStepLocation, "")
            .Set(DicomTag.PreMedication, "")
            .Set(DicomTag.ScheduledProcedureStepStatus, "SCHEDULED");
        return entry
            .Set(DicomTag.AccessionNumber, accession)
            .Set(DicomTag.ReferringPhysicianName, "")
            .Set(DicomTag.ReferencedStudySequence, Array.Empty<DicomDataset>())
            .Set(DicomTag.ReferencedPatientSequence, Array.Empty<DicomDataset>())
            .Set(DicomTag.PatientName, PatientName)
            .Set(DicomTag.PatientID, PatientId)
            .Set(DicomTag.PatientBirthDate, BirthDate is { } born ? new DicomDate(born).ToString() : "")
            .Set(DicomTag.PatientSex, Sex)
            .Set(DicomTag.PatientWeight, "")
            .Set(DicomTag.MedicalAlerts, "")
            .Set(DicomTag.Allergies, "")
            .Set(new DicomElement(DicomTag.PregnancyStatus, DicomVr.US, ReadOnlyMemory<byte>.Empty))
            .Set(DicomTag.StudyInstanceUID, studyUid)
            .Set(DicomTag.RequestingPhysician, "")
            .Set(DicomTag.RequestedProcedureDescription, description)
            .Set(DicomTag.AdmissionID, "")
            .Set(DicomTag.SpecialNeeds, "")
            .Set(DicomTag.CurrentPatientLocation, "")
            .Set(DicomTag.PatientState, "")
            .Set(DicomTag.RequestedProcedureID, accession)
            .Set(DicomTag.RequestedProcedurePriority, "")
            .Set(DicomTag.PatientTransportArrangements, "")
            .Set(DicomTag.ConfidentialityConstraintOnPatientDataDescription, "");
    }

    /// <summary>What devices show for an order without a procedure.</summary>
    public const string DefaultDescription = "Untersuchung";
}
