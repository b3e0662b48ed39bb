using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>What became of an N-CREATE or N-SET of a performed procedure step.</summary>
public enum StepOutcome
{
    /// <summary>Done, and durable.</summary>
    Done,

    /// <summary>There is a step with that UID.</summary>
    Duplicate,

    /// <summary>There is no step with that UID.</summary>
    Unknown,

    /// <summary>The step is completed or discontinued: it stays as it is.</summary>
    Final,

    /// <summary>An attribute that must be there is not.</summary>
    Missing,

    /// <summary>An attribute that must have a value has none.</summary>
    Empty,

    /// <summary>A value is not allowed, or not any more.</summary>
    Invalid,

    /// <summary>The step would become too long to keep.</summary>
    TooLong,
}

/// <summary>The answer to an N-CREATE or N-SET of a performed procedure step.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Attributes">The attributes that are the cause; empty where there is none.</param>
public sealed record StepResult(StepOutcome Outcome, params IReadOnlyList<DicomTag> Attributes);

/// <summary>
/// What PS3.4 table F.7.2-1 asks of the attributes of a performed procedure step. Strict where a value decides what happens (type 1, states, what must not change), lenient where it
/// does not: a type 2 attribute that a device leaves out is taken for empty, since a step that is refused is one that nobody hears of.
/// </summary>
internal static class StepRules
{
    /// <summary>Scheduled steps in one performed step. Real ones have one to three.</summary>
    public const int MaxScheduledSteps = 100;

    public const string InProgress = "IN PROGRESS";
    public const string Completed = "COMPLETED";
    public const string Discontinued = "DISCONTINUED";

    // N-CREATE type 1
    private static readonly DicomTag[] Required =
    [
        DicomTag.Modality, DicomTag.PerformedStationAETitle, DicomTag.PerformedProcedureStepStartDate, DicomTag.PerformedProcedureStepStartTime,
        DicomTag.PerformedProcedureStepStatus, DicomTag.PerformedProcedureStepID, DicomTag.ScheduledStepAttributesSequence,
    ];

    // N-CREATE type 2
    private static readonly DicomTag[] MayBeEmpty =
    [
        DicomTag.ProcedureCodeSequence, DicomTag.ReferencedPatientSequence, DicomTag.PatientName, DicomTag.PatientID, DicomTag.PatientBirthDate, DicomTag.PatientSex,
        DicomTag.StudyID, DicomTag.PerformedStationName, DicomTag.PerformedLocation, DicomTag.PerformedProcedureStepEndDate, DicomTag.PerformedProcedureStepEndTime,
        DicomTag.PerformedProcedureStepDescription, DicomTag.PerformedProcedureTypeDescription, DicomTag.PerformedProtocolCodeSequence,
        DicomTag.PerformedProcedureStepDiscontinuationReasonCodeSequence, DicomTag.PerformedSeriesSequence,
    ];

    private static readonly DicomTag[] ScheduledMayBeEmpty =
    [
        DicomTag.AccessionNumber, DicomTag.ReferencedStudySequence, DicomTag.RequestedProcedureDescription, DicomTag.ScheduledProcedureStepDescription,
        DicomTag.ScheduledProtocolCodeSequence, DicomTag.ScheduledProcedureStepID, DicomTag.RequestedProcedureID,
    ];

    // N-SET "not allowed"
    private static readonly HashSet<DicomTag> Immutable =
    [
        DicomTag.SOPClassUID, DicomTag.SOPInstanceUID, DicomTag.Modality, DicomTag.ReferencedPatientSequence, DicomTag.PatientName, DicomTag.PatientID, DicomTag.IssuerOfPatientID,
        DicomTag.IssuerOfPatientIDQualifiersSequence, DicomTag.OtherPatientIDsSequence, DicomTag.PatientBirthDate, DicomTag.PatientSex, DicomTag.StudyID, DicomTag.AdmissionID,
        DicomTag.IssuerOfAdmissionIDSequence, DicomTag.ServiceEpisodeID, DicomTag.ServiceEpisodeDescription, DicomTag.IssuerOfServiceEpisodeIDSequence,
        DicomTag.PerformedStationAETitle, DicomTag.PerformedStationName, DicomTag.PerformedLocation, DicomTag.PerformedProcedureStepStartDate,
        DicomTag.PerformedProcedureStepStartTime, DicomTag.PerformedProcedureStepID, DicomTag.ScheduledStepAttributesSequence,
    ];

    /// <summary>Why the attributes of an N-CREATE cannot be a step, or null.</summary>
    public static StepResult? CheckCreate(DicomDataset attributes)
    {
        var missing = Required.Where(t => !attributes.Contains(t)).ToArray();
        if (missing.Length > 0)
        {
            return new(StepOutcome.Missing, missing);
        }
        var empty = Required.Where(t => IsEmpty(attributes, t)).ToArray();
        if (empty.Length > 0)
        {
            return new(StepOutcome.Empty, empty);
        }
        var scheduled = attributes.GetSequence(DicomTag.ScheduledStepAttributesSequence);
        if (scheduled.Any(s => !s.Contains(DicomTag.StudyInstanceUID)))
        {
            return new(StepOutcome.Missing, DicomTag.StudyInstanceUID);
        }
        if (scheduled.Any(s => IsEmpty(s, DicomTag.StudyInstanceUID)))
        {
            return new(StepOutcome.Empty, DicomTag.StudyInstanceUID);
        }
        // PS3.4 §F.7.2.1.3: a step begins in progress
        if (attributes.GetString(DicomTag.PerformedProcedureStepStatus) != InProgress)
        {
            return new(StepOutcome.Invalid, DicomTag.PerformedProcedureStepStatus);
        }
        if (scheduled.Count > MaxScheduledSteps)
        {
            return new(StepOutcome.Invalid, DicomTag.ScheduledStepAttributesSequence);
        }
        var wrong = new List<DicomTag>();
        if (scheduled.Any(s => !DicomUid.IsTolerable(s.GetString(DicomTag.StudyInstanceUID))))
        {
            wrong.Add(DicomTag.StudyInstanceUID);
        }
        CheckMoment(attributes, DicomTag.PerformedProcedureStepStartDate, DicomTag.PerformedProcedureStepStartTime, wrong);
        CheckMoment(attributes, DicomTag.PerformedProcedureStepEndDate, DicomTag.PerformedProcedureStepEndTime, wrong);
        return wrong.Count > 0 ? new(StepOutcome.Invalid, wrong) : null;
    }

    /// <summary>Why the modifications of an N-SET cannot be made to a step in progress, or null. Attributes that must not change may come with their present value.</summary>
    public static StepResult? CheckSet(DicomDataset step, DicomDataset modifications)
    {
        var wrong = modifications.Where(e => Immutable.Contains(e.Tag) && !IsSame(step, modifications, e.Tag)).Select(e => e.Tag).ToList();
        if (modifications.TryGet(DicomTag.PerformedProcedureStepStatus, out var state))
        {
            if (state.IsEmpty)
            {
                return new(StepOutcome.Empty, DicomTag.PerformedProcedureStepStatus);
            }
            if (modifications.GetString(DicomTag.PerformedProcedureStepStatus) is not (InProgress or Completed or Discontinued))
            {
                wrong.Add(DicomTag.PerformedProcedureStepStatus);
            }
        }
        CheckMoment(modifications, DicomTag.PerformedProcedureStepEndDate, DicomTag.PerformedProcedureStepEndTime, wrong);
        return wrong.Count > 0 ? new(StepOutcome.Invalid, wrong) : null;
    }

    /// <summary>Adds the type 2 attributes that were left out.</summary>
    public static void Complete(DicomDataset attributes)
    {
        Add(attributes, MayBeEmpty);
        foreach (var scheduled in attributes.GetSequence(DicomTag.ScheduledStepAttributesSequence))
        {
            Add(scheduled, ScheduledMayBeEmpty);
        }
    }

    private static void Add(DicomDataset dataset, DicomTag[] tags)
    {
        foreach (var tag in tags)
        {
            if (!dataset.Contains(tag))
            {
                var vr = DicomDictionary.GetVr(tag);
                dataset.Set(vr == DicomVr.SQ ? new DicomElement(tag, Array.Empty<DicomDataset>()) : new DicomElement(tag, vr, ReadOnlyMemory<byte>.Empty));
            }
        }
    }

    private static bool IsEmpty(DicomDataset dataset, DicomTag tag) =>
        !dataset.TryGet(tag, out var element) || (element.IsSequence ? element.Items.Count == 0 : string.IsNullOrWhiteSpace(dataset.GetString(tag)));

    private static void CheckMoment(DicomDataset dataset, DicomTag date, DicomTag time, List<DicomTag> wrong)
    {
        if (!IsEmpty(dataset, date) && dataset.GetDate(date) is null)
        {
            wrong.Add(date);
        }
        if (!IsEmpty(dataset, time) && dataset.GetTime(time) is null)
        {
            wrong.Add(time);
        }
    }

    private static bool IsSame(DicomDataset step, DicomDataset modifications, DicomTag tag)
    {
        if (IsEmpty(step, tag) || IsEmpty(modifications, tag))
        {
            return IsEmpty(step, tag) && IsEmpty(modifications, tag);
        }
        return step.Get(tag)!.IsSequence ? Bytes(step, tag).AsSpan().SequenceEqual(Bytes(modifications, tag)) : step.GetString(tag) == modifications.GetString(tag);
    }

    // both are in UTF-8 where that is possible
    private static byte[] Bytes(DicomDataset dataset, DicomTag tag)
    {
        var whole = DicomReader.Read(DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian), TransferSyntax.ExplicitVRLittleEndian);
        var items = whole.GetSequence(tag);
        foreach (var item in items)
        {
            // what the device left out and we have added
            Add(item, tag == DicomTag.ScheduledStepAttributesSequence ? ScheduledMayBeEmpty : []);
        }
        return DicomWriter.ToBytes(new DicomDataset().Set(new DicomElement(tag, items)), TransferSyntax.ExplicitVRLittleEndian);
    }
}
