using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// What devices report about what they do (MPPS, PS3.4 annex F), and what it says about the worklist: an entry is scheduled, then started, then completed or discontinued. Each
/// report is one transaction: the step, the entries it is about, and the event.
/// </summary>
public sealed partial class ProcedureSteps(IndexWriter writer, IndexReader reader, TimeProvider time, ILogger<ProcedureSteps> logger)
{
    /// <summary>
    /// How long a step is kept after its last report. Nobody asks for old ones: the images tell the same; 30 days bear a device that was switched off over the holidays.
    /// </summary>
    public static readonly TimeSpan Age = TimeSpan.FromDays(30);

    // a step that names 10,000 images has 1 MB; reports may be many and add up
    private const int MaxLength = 16 * 1024 * 1024;

    // "Incorrect worklist entry selected" of PS3.16 CID 9301
    private const string WrongEntry = "110514";

    /// <summary>Creates a step: a device has begun (PS3.4 §F.7.2.1).</summary>
    /// <param name="sopInstance">Its UID.</param>
    /// <param name="attributes">Attribute List, as the device sent it; taken over and changed.</param>
    /// <param name="callingAe">Who sends it.</param>
    /// <param name="ct">Gives up before the transaction.</param>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public async Task<StepResult> CreateAsync(string sopInstance, DicomDataset attributes, string callingAe, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(attributes);
        if (StepRules.CheckCreate(attributes) is { } refusal)
        {
            return refusal;
        }
        Normalize(attributes);
        StepRules.Complete(attributes);
        var scheduled = attributes.GetSequence(DicomTag.ScheduledStepAttributesSequence);
        var now = time.GetUtcNow();
        var step = new ProcedureStep
        {
            Uid = sopInstance,
            Accession = scheduled[0].GetString(DicomTag.AccessionNumber) ?? "",
            StudyUid = scheduled[0].GetString(DicomTag.StudyInstanceUID)!,
            CallingAe = callingAe,
            CreatedAt = now,
            UpdatedAt = now,
            Dataset = DicomWriter.ToBytes(attributes, TransferSyntax.ExplicitVRLittleEndian),
        };
        var entries = await writer.WriteAsync(
            async (db, token) =>
            {
                if (await db.Steps.AnyAsync(s => s.Uid == sopInstance, token))
                {
                    return default(int?);
                }
                db.Steps.Add(step);
                return await ApplyAsync(db, step, attributes, now, token);
            },
            ct);
        if (entries is null)
        {
            return new(StepOutcome.Duplicate);
        }
        LogStarted(sopInstance, callingAe, entries.Value);
        return new(StepOutcome.Done);
    }

    /// <summary>Sets attributes of a step in progress: a device has something to add, or is done (PS3.4 §F.7.2.2).</summary>
    /// <param name="sopInstance">Its UID.</param>
    /// <param name="modifications">Modification List, as the device sent it; taken over and changed.</param>
    /// <param name="ct">Gives up before the transaction.</param>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public async Task<StepResult> SetAsync(string sopInstance, DicomDataset modifications, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(modifications);
        Normalize(modifications);
        var now = time.GetUtcNow();
        var (result, state, entries) = await writer.WriteAsync(
            async (db, token) =>
            {
                if (await db.Steps.FindAsync([sopInstance], token) is not { } step)
                {
                    return (new StepResult(StepOutcome.Unknown), default(StepState), 0);
                }
                // PS3.4 §F.7.2.2.3: final is final
                if (step.State != StepState.InProgress)
                {
                    return (new StepResult(StepOutcome.Final), step.State, 0);
                }
                var attributes = DicomReader.Read(step.Dataset, TransferSyntax.ExplicitVRLittleEndian);
                if (StepRules.CheckSet(attributes, modifications) is { } refusal)
                {
                    return (refusal, step.State, 0);
                }
                foreach (var element in modifications)
                {
                    attributes.Set(element);
                }
                var bytes = DicomWriter.ToBytes(attributes, TransferSyntax.ExplicitVRLittleEndian);
                if (bytes.Length > MaxLength)
                {
                    return (new StepResult(StepOutcome.TooLong), step.State, 0);
                }
                step.Dataset = bytes;
                step.UpdatedAt = now;
                step.State = attributes.GetString(DicomTag.PerformedProcedureStepStatus) switch
                {
                    StepRules.Completed => StepState.Completed,
                    StepRules.Discontinued => StepState.Discontinued,
                    _ => StepState.InProgress,
                };
                var changed = step.State == StepState.InProgress ? 0 : await ApplyAsync(db, step, attributes, now, token);
                return (new StepResult(StepOutcome.Done), step.State, changed);
            },
            ct);
        if (result.Outcome == StepOutcome.Done && state != StepState.InProgress)
        {
            LogEnded(sopInstance, state, entries);
        }
        return result;
    }

    /// <summary>The attributes of a step (PS3.4 §F.8.2), or null when there is none with that UID.</summary>
    public async Task<DicomDataset?> GetAsync(string sopInstance, CancellationToken ct)
    {
        var bytes = await reader.ReadAsync((db, token) => db.Steps.Where(s => s.Uid == sopInstance).Select(s => s.Dataset).FirstOrDefaultAsync(token), ct);
        return bytes is null ? null : DicomReader.Read(bytes, TransferSyntax.ExplicitVRLittleEndian);
    }

    /// <summary>The steps, the one that was last set first.</summary>
    public Task<List<ProcedureStep>> ListAsync(int limit, CancellationToken ct) =>
        reader.ReadAsync((db, token) => db.Steps.OrderByDescending(s => s.UpdatedAt).Take(limit).ToListAsync(token), ct);

    /// <summary>Removes steps that nobody has set for <see cref="Age"/>.</summary>
    /// <returns>How many.</returns>
    public async Task<int> CleanUpAsync(CancellationToken ct)
    {
        var before = time.GetUtcNow() - Age;
        // looked up first: as a rule nobody needs the writer
        return await reader.ReadAsync((db, token) => db.Steps.AnyAsync(s => s.UpdatedAt < before, token), ct)
            ? await writer.WriteAsync((db, token) => db.Steps.Where(s => s.UpdatedAt < before).ExecuteDeleteAsync(token), ct)
            : 0;
    }

    /// <summary>Carries the state of a step over to its worklist entries, and announces it for each of its studies.</summary>
    private static async Task<int> ApplyAsync(PacsDb db, ProcedureStep step, DicomDataset attributes, DateTimeOffset now, CancellationToken ct)
    {
        var (kind, state) = step.State switch
        {
            StepState.InProgress => (EventKind.StepStarted, WorklistState.Started),
            StepState.Completed => (EventKind.StepCompleted, WorklistState.Completed),
            // somebody took the wrong line of the list: the examination is still to be done
            _ when IsWrongEntry(attributes) => (EventKind.StepDiscontinued, WorklistState.Scheduled),
            _ => (EventKind.StepDiscontinued, WorklistState.Discontinued),
        };
        DateTimeOffset? completed = state == WorklistState.Completed ? now : null;
        var entries = 0;
        var scheduled = attributes.GetSequence(DicomTag.ScheduledStepAttributesSequence);
        foreach (var item in scheduled)
        {
            // both identify an order here; of a contradiction the UID is the one that nobody has typed
            var study = item.GetString(DicomTag.StudyInstanceUID);
            var accession = item.GetString(DicomTag.AccessionNumber);
            var matching = db.Worklist.Where(w => w.StudyUid == study);
            if (!await matching.AnyAsync(ct))
            {
                matching = db.Worklist.Where(w => w.Accession == accession);
            }
            entries += await matching.ExecuteUpdateAsync(set => set.SetProperty(w => w.State, state).SetProperty(w => w.CompletedAt, completed), ct);
        }
        var patient = attributes.GetString(DicomTag.PatientID);
        foreach (var study in scheduled.Select(s => s.GetString(DicomTag.StudyInstanceUID)!).Distinct(StringComparer.Ordinal))
        {
            // whose patient ID the device has typed otherwise in its report: the images that are here say which study it is
            var known = await db.Studies.Where(s => s.Uid == study).Select(s => s.PublicId).ToListAsync(ct);
            foreach (var resource in known.Count > 0 ? known : [ResourceId.ForStudy(patient, study)])
            {
                db.Announce(kind, Level.Study, resource, now, step.Uid);
            }
        }
        return entries;
    }

    private static bool IsWrongEntry(DicomDataset attributes) => attributes
        .GetSequence(DicomTag.PerformedProcedureStepDiscontinuationReasonCodeSequence)
        .Any(c => c.GetString(DicomTag.CodeValue) == WrongEntry && c.GetString(DicomTag.CodingSchemeDesignator) == "DCM");

    /// <summary>In one character set, whatever the reports come in. A device whose texts are none in the character set it says keeps them as they are.</summary>
    private static void Normalize(DicomDataset attributes)
    {
        try
        {
            attributes.ConvertCharacterSet(CharacterSet.Utf8);
        }
        catch (DicomException)
        {
            // nothing was changed; texts are shown, not compared
        }
    }

    [LoggerMessage(60, LogLevel.Information, "Performed procedure step {Step} of {CallingAe} has begun: {Entries} worklist entries.")]
    private partial void LogStarted(string step, string callingAe, int entries);

    [LoggerMessage(61, LogLevel.Information, "Performed procedure step {Step} is {State}: {Entries} worklist entries.")]
    private partial void LogEnded(string step, StepState state, int entries);
}
