using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>An entry that was made for an order.</summary>
/// <param name="Accession">Its accession number.</param>
/// <param name="StudyUid">The Study Instance UID that the device shall use.</param>
/// <param name="Start">When the step is to start, in local time: when it was ordered.</param>
public sealed record WorklistEntry(string Accession, string StudyUid, DateTime Start);

/// <summary>The modality worklist: entries ordered here, which are in the index, and those of <see cref="WorklistFolder"/>.</summary>
public sealed partial class Worklist
{
    private readonly IndexWriter _writer;
    private readonly IndexReader _reader;
    private readonly WorklistFolder? _folder;
    private readonly bool _hidesCompleted;
    private readonly TimeProvider _time;
    private readonly ILogger<Worklist> _logger;

    /// <summary>Opens the worklist.</summary>
    public Worklist(IndexWriter writer, IndexReader reader, WorklistOptions options, TimeProvider time, ILogger<Worklist> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_writer, _reader, _time, _logger) = (writer, reader, time, logger);
        _hidesCompleted = options.HideCompleted;
        _folder = options.Folder is { } folder ? new WorklistFolder(folder, logger) : null;
    }

    /// <summary>Goes on with the numbers of the old plugin. To be called once, before any entry is made.</summary>
    /// <exception cref="IOException">Its counter cannot be read.</exception>
    public Task ContinueNumbersAsync(CancellationToken ct)
    {
        var last = _folder?.LastAccessionNumber() ?? 0;
        return _writer.WriteAsync((db, token) => AccessionNumbers.RaiseAsync(db, last, token), ct);
    }

    /// <summary>Makes an entry with the next accession number and announces it. When it returns, the entry is durable.</summary>
    /// <exception cref="DicomException">A value is not allowed in its VR; nothing was made and no number used.</exception>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public Task<WorklistEntry> AddAsync(WorklistOrder order, CancellationToken ct) => AddAsync(order, null, ct);

    /// <summary>As <see cref="AddAsync(WorklistOrder, CancellationToken)"/>, with something else in the same transaction: who ordered it remembers that he did, or neither is there.</summary>
    public Task<WorklistEntry> AddAsync(WorklistOrder order, Action<PacsDb, WorklistEntry>? also, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(order);
        var now = _time.GetLocalNow();
        var studyUid = DicomUid.New();
        // what cannot be an entry must not get a number, not even inside a transaction that others share
        _ = order.ToDataset(AccessionNumbers.Format(long.MaxValue / 10_000), studyUid, now.DateTime);
        return _writer.WriteAsync(
            async (db, token) =>
            {
                var accession = await AccessionNumbers.TakeAsync(db, token);
                var entry = order.ToDataset(accession, studyUid, now.DateTime);
                var step = entry.GetSequence(DicomTag.ScheduledProcedureStepSequence)[0];
                db.Worklist.Add(new WorklistItem
                {
                    Accession = accession,
                    StudyUid = studyUid,
                    StationAe = order.StationAe,
                    Modality = order.Modality,
                    StartDate = step.GetString(DicomTag.ScheduledProcedureStepStartDate)!,
                    StartTime = step.GetString(DicomTag.ScheduledProcedureStepStartTime)!,
                    Source = order.Source,
                    CreatedAt = now,
                    Dataset = DicomWriter.ToBytes(entry, TransferSyntax.ExplicitVRLittleEndian),
                });
                db.Announce(EventKind.WorklistAdded, Level.Patient, ResourceId.ForPatient(accession), now, accession);
                var made = new WorklistEntry(accession, studyUid, now.DateTime);
                also?.Invoke(db, made);
                return made;
            },
            ct);
    }

    /// <summary>Removes an entry that no device has begun, with something else in the same transaction. False when there is none, or a device has begun.</summary>
    public Task<bool> CancelAsync(string accession, Func<PacsDb, Task> also, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(also);
        return _writer.WriteAsync(
            async (db, token) =>
            {
                if (await db.Worklist.Where(w => w.Accession == accession && w.State == WorklistState.Scheduled).ExecuteDeleteAsync(token) == 0)
                {
                    return false;
                }
                await also(db);
                return true;
            },
            ct);
    }

    /// <summary>Brings name, birth date and sex of a patient up to date in the entries that no device has begun.</summary>
    /// <returns>How many entries are his.</returns>
    /// <exception cref="DicomException">A value is not allowed in its VR; nothing was changed.</exception>
    public Task<int> UpdatePatientAsync(string patientId, string name, DateOnly? born, string sex, CancellationToken ct) => _writer.WriteAsync(
        async (db, token) =>
        {
            var count = 0;
            foreach (var item in await db.Worklist.Where(w => w.State == WorklistState.Scheduled).ToListAsync(token))
            {
                var entry = DicomReader.Read(item.Dataset, TransferSyntax.ExplicitVRLittleEndian);
                if (entry.GetString(DicomTag.PatientID) == patientId)
                {
                    entry.Set(DicomTag.PatientName, name).Set(DicomTag.PatientBirthDate, born is { } date ? new DicomDate(date).ToString() : "").Set(DicomTag.PatientSex, sex);
                    item.Dataset = DicomWriter.ToBytes(entry, TransferSyntax.ExplicitVRLittleEndian);
                    count++;
                }
            }
            return count;
        },
        ct);

    /// <summary>The entries that satisfy all conditions, by the start of their step. They must not be changed.</summary>
    public async Task<IReadOnlyList<DicomDataset>> FindAsync(IReadOnlyList<TagMatch> matches, CancellationToken ct)
    {
        var (from, to) = Days(matches);
#pragma warning disable CA1309 // SQL compares DA ordinally; EF translates this form only
        var rows = await _reader.ReadAsync(
            (db, token) => db.Worklist
                .Where(w => (w.State != WorklistState.Completed || !_hidesCompleted) && string.Compare(w.StartDate, from) >= 0 && string.Compare(w.StartDate, to) <= 0)
                .Select(w => new { w.State, w.Dataset }).ToListAsync(token),
            ct);
#pragma warning restore CA1309
        var entries = rows.Select(row => WithState(DicomReader.Read(row.Dataset, TransferSyntax.ExplicitVRLittleEndian), row.State));
        if (_folder is not null)
        {
            entries = entries.Concat(await _folder.ReadAsync(ct));
        }
        return [.. entries.Where(e => DatasetMatcher.IsMatch(e, matches)).OrderBy(StartOf, StringComparer.Ordinal)];
    }

    /// <summary>The entries of the index that are not completed, by the start of their step.</summary>
    public Task<List<WorklistItem>> ListAsync(CancellationToken ct) => _reader.ReadAsync(
        (db, token) => db.Worklist.Where(w => w.State != WorklistState.Completed)
            .OrderBy(w => w.StartDate).ThenBy(w => w.StartTime).ThenBy(w => w.Id).ToListAsync(token),
        ct);

    /// <summary>Removes an entry of the index. False when there is none with this number.</summary>
    public Task<bool> DeleteAsync(string accession, CancellationToken ct) =>
        _writer.WriteAsync(async (db, token) => await db.Worklist.Where(w => w.Accession == accession).ExecuteDeleteAsync(token) > 0, ct);

    /// <summary>
    /// Removes entries whose step should have started before today (local time) and those whose study has come: one with their accession number or
    /// Study Instance UID that got instances after they were made. Where the device reports its steps, they tell: an entry that is started stays while its
    /// images come, and one that is completed goes.
    /// </summary>
    /// <returns>How many were removed.</returns>
    public async Task<int> CleanUpAsync(CancellationToken ct)
    {
        var today = new DicomDate(DateOnly.FromDateTime(_time.GetLocalNow().DateTime)).ToString();
        // looked up first: most passes find nothing, and then nobody needs the writer
#pragma warning disable CA1309 // as above
        var done = await _reader.ReadAsync(
            (db, token) => db.Worklist
                .Where(w => string.Compare(w.StartDate, today) < 0 || w.State == WorklistState.Completed
                    || (w.State != WorklistState.Started
                        && (db.Studies.Any(s => s.Uid == w.StudyUid && s.UpdatedAt >= w.CreatedAt) || db.Studies.Any(s => s.Accession == w.Accession && s.UpdatedAt >= w.CreatedAt))))
                .Select(w => w.Id).ToListAsync(token),
            ct);
#pragma warning restore CA1309
        var removed = done.Count == 0 ? 0 : await _writer.WriteAsync((db, token) => db.Worklist.Where(w => done.Contains(w.Id)).ExecuteDeleteAsync(token), ct);
        if (_folder is not null)
        {
            removed += await _folder.CleanUpAsync(today, async accessions =>
                await _reader.ReadAsync(
                    async (db, token) => (await db.Studies.Where(s => accessions.Contains(s.Accession)).Select(s => s.Accession!).ToListAsync(token))
                        .ToHashSet(StringComparer.Ordinal),
                    ct));
        }
        if (removed > 0)
        {
            LogRemoved(removed);
        }
        return removed;
    }

    /// <summary>
    /// Says in (0040,0020) how far the entry is. STARTED is of PS3.3 table C.4-10; it has no terms for an end, for which these are those of the performed step (0040,0252).
    /// </summary>
    private static DicomDataset WithState(DicomDataset entry, WorklistState state)
    {
        if (state != WorklistState.Scheduled && entry.GetSequence(DicomTag.ScheduledProcedureStepSequence) is [var step, ..])
        {
            step.Set(DicomTag.ScheduledProcedureStepStatus, state switch
            {
                WorklistState.Started => "STARTED",
                WorklistState.Completed => StepRules.Completed,
                _ => StepRules.Discontinued,
            });
        }
        return entry;
    }

    private static string StartOf(DicomDataset entry)
    {
        var step = entry.GetSequence(DicomTag.ScheduledProcedureStepSequence) is [var first, ..] ? first : entry;
        return $"{step.GetString(DicomTag.ScheduledProcedureStepStartDate)} {step.GetString(DicomTag.ScheduledProcedureStepStartTime)} {entry.GetString(DicomTag.AccessionNumber)}";
    }

    // Most devices ask for today: the index need not hand out the rest. The matcher has the last word.
    private static (string From, string To) Days(IReadOnlyList<TagMatch> matches)
    {
        var start = matches.OfType<TagMatch.Item>().Where(i => i.Tag == DicomTag.ScheduledProcedureStepSequence)
            .SelectMany(i => i.Inner).FirstOrDefault(m => m.Tag == DicomTag.ScheduledProcedureStepStartDate);
        var (from, to) = start switch
        {
            TagMatch.Exact exact => (exact.Value, exact.Value),
            TagMatch.Range range => (range.From, range.To),
            TagMatch.Moment moment => (moment.From?[..8], moment.To?[..8]),
            _ => (null, null),
        };
        return (from ?? "", to ?? "99999999");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} worklist entries removed: done, or of an earlier day")]
    private partial void LogRemoved(int count);
}
