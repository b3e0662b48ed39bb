using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>An entry that was made for an order.</summary>
/// <param name="Accession">Its accession number.</param>
/// <param name="StudyUid">The Study Instance UID that the device shall use.</param>
/// <param name="Start">When the step is to start, in local time: as ordered, else when it was ordered.</param>
public sealed record WorklistEntry(string Accession, string StudyUid, DateTime Start);

/// <summary>The modality worklist: entries ordered here, which are in the index, and those of <see cref="WorklistFolder"/>.</summary>
public sealed partial class Worklist
{
    /// <summary>How many days an entry is kept after its own: long enough to offer the examination again when the patient did not come, or to see last week's.</summary>
    public const int DaysKept = 7;

    private readonly IndexWriter _writer;
    private readonly IndexReader _reader;
    private readonly WorklistFolder? _folder;
    private readonly WorklistOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<Worklist> _logger;

    /// <summary>Opens the worklist.</summary>
    public Worklist(IndexWriter writer, IndexReader reader, WorklistOptions options, TimeProvider time, ILogger<Worklist> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_writer, _reader, _time, _logger) = (writer, reader, time, logger);
        _options = options;
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
        var start = order.Start ?? now.DateTime;
        var studyUid = DicomUid.New();
        // what cannot be an entry must not get a number, not even inside a transaction that others share
        _ = order.ToDataset(AccessionNumbers.Format(long.MaxValue / 10_000), studyUid, start);
        return _writer.WriteAsync(
            async (db, token) =>
            {
                var accession = await AccessionNumbers.TakeAsync(db, token);
                var item = new WorklistItem { Accession = accession, StudyUid = studyUid, Source = order.Source, CreatedAt = now };
                Fill(item, order, start);
                db.Worklist.Add(item);
                db.Announce(EventKind.WorklistAdded, Level.Patient, ResourceId.ForPatient(accession), now, accession);
                var made = new WorklistEntry(accession, studyUid, start);
                also?.Invoke(db, made);
                return made;
            },
            ct);
    }

    /// <summary>
    /// Replaces what an entry says and offers it again. Its numbers and its source stay: they are in the practice software already.
    /// </summary>
    /// <returns>False when there is no such entry, or a device has begun or finished it: then the device has the old values.</returns>
    /// <exception cref="DicomException">A value is not allowed in its VR; nothing was changed.</exception>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public Task<bool> ChangeAsync(string accession, WorklistOrder order, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(order);
        var now = _time.GetLocalNow();
        var start = order.Start ?? now.DateTime;
        _ = order.ToDataset(accession, DicomUid.New(), start); // as above: not inside a transaction that others share
        return _writer.WriteAsync(
            async (db, token) =>
            {
                if (await db.Worklist.AsTracking().FirstOrDefaultAsync(w => w.Accession == accession, token) is not { State: not (WorklistState.Started or WorklistState.Completed) } item)
                {
                    return false;
                }
                Fill(item, order, start);
                (item.State, item.CreatedAt) = (WorklistState.Scheduled, now);
                return true;
            },
            ct);
    }

    /// <summary>
    /// Offers an entry to the devices as if it were new, today if its day is over: the patient comes after all, or the examination is repeated. Images that come from now on
    /// complete it.
    /// </summary>
    /// <returns>False when there is none.</returns>
    public Task<bool> OfferAgainAsync(string accession, CancellationToken ct)
    {
        var now = _time.GetLocalNow();
        return _writer.WriteAsync(
            async (db, token) =>
            {
                if (await db.Worklist.AsTracking().FirstOrDefaultAsync(w => w.Accession == accession, token) is not { } item)
                {
                    return false;
                }
                var order = WorklistOrder.Of(item);
                Fill(item, order, order.Start is { } start && start.Date >= now.Date ? start : now.DateTime);
                (item.State, item.CreatedAt, item.CompletedAt) = (WorklistState.Scheduled, now, null);
                return true;
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

    /// <summary>Brings name, birth date and sex of a patient up to date in the entries that no device has begun, also those that may be offered again.</summary>
    /// <returns>How many entries are his.</returns>
    /// <exception cref="DicomException">A value is not allowed in its VR; nothing was changed.</exception>
    public Task<int> UpdatePatientAsync(string patientId, string name, DateOnly? born, string sex, CancellationToken ct) => _writer.WriteAsync(
        async (db, token) =>
        {
            var count = 0;
            foreach (var item in await db.Worklist.Where(w => w.State == WorklistState.Scheduled || w.State == WorklistState.Expired).ToListAsync(token))
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
        var hidesCompleted = _options.HideCompleted;
#pragma warning disable CA1309 // SQL compares DA ordinally; EF translates this form only
        var rows = await _reader.ReadAsync(
            (db, token) => db.Worklist
                .Where(w => w.State != WorklistState.Expired && (w.State != WorklistState.Completed || !hidesCompleted) && string.Compare(w.StartDate, from) >= 0 && string.Compare(w.StartDate, to) <= 0)
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

    /// <summary>The entries of the index in every state, by the start of their step, and whether there are more.</summary>
    /// <param name="day">Only those of this day; null for all.</param>
    /// <param name="limit">At most so many: the latest.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IReadOnlyList<WorklistItem>> ListAsync(DateOnly? day, int limit, CancellationToken ct)
    {
        var date = day is { } one ? new DicomDate(one).ToString() : null;
        var items = await _reader.ReadAsync(
            (db, token) => db.Worklist.Where(w => date == null || w.StartDate == date)
                .OrderByDescending(w => w.StartDate).ThenByDescending(w => w.StartTime).ThenByDescending(w => w.Id).Take(limit).ToListAsync(token),
            ct);
        items.Reverse();
        return items;
    }

    /// <summary>An entry of the index, or null.</summary>
    public Task<WorklistItem?> FindAsync(string accession, CancellationToken ct) =>
        _reader.ReadAsync((db, token) => db.Worklist.FirstOrDefaultAsync(w => w.Accession == accession, token), ct);

    /// <summary>The entries of <see cref="WorklistFolder"/>, by the start of their step. They must not be changed.</summary>
    public async Task<IReadOnlyList<DicomDataset>> FilesAsync(CancellationToken ct) =>
        _folder is null ? [] : [.. (await _folder.ReadAsync(ct)).OrderBy(StartOf, StringComparer.Ordinal)];

    /// <summary>Removes an entry of the index. False when there is none with this number.</summary>
    public Task<bool> DeleteAsync(string accession, CancellationToken ct) =>
        _writer.WriteAsync(async (db, token) => await db.Worklist.Where(w => w.Accession == accession).ExecuteDeleteAsync(token) > 0, ct);

    /// <summary>
    /// Takes from the devices what is done: entries whose step should have started before today (local time) expire, and those whose study has come are completed: one with
    /// their accession number or Study Instance UID that got instances after they were made. Where the device reports its steps, they tell: an entry that is started
    /// stays while its images come. What nobody sees any more is removed <see cref="DaysKept"/> days after its day; completed entries that devices see are removed at once.
    /// </summary>
    /// <returns>How many were completed, expired or removed.</returns>
    public async Task<int> CleanUpAsync(CancellationToken ct)
    {
        var now = _time.GetLocalNow().DateTime;
        var today = new DicomDate(DateOnly.FromDateTime(now)).ToString();
        var oldest = new DicomDate(DateOnly.FromDateTime(now.AddDays(-DaysKept))).ToString();
        // looked up first: most passes find nothing, and then nobody needs the writer
#pragma warning disable CA1309 // as above
        var hidesCompleted = _options.HideCompleted;
        var (gone, done, late) = await _reader.ReadAsync(
            async (db, token) =>
            {
                var kept = db.Worklist.Where(w => string.Compare(w.StartDate, oldest) >= 0);
                return (
                    await db.Worklist.Where(w => string.Compare(w.StartDate, oldest) < 0 || (!hidesCompleted && w.State == WorklistState.Completed)).Select(w => w.Id).ToListAsync(token),
                    await kept.Where(w => (w.State == WorklistState.Scheduled || w.State == WorklistState.Discontinued)
                        && (db.Studies.Any(s => s.Uid == w.StudyUid && s.UpdatedAt >= w.CreatedAt) || db.Studies.Any(s => s.Accession == w.Accession && s.UpdatedAt >= w.CreatedAt)))
                        .Select(w => w.Id).ToListAsync(token),
                    await kept.Where(w => string.Compare(w.StartDate, today) < 0 && w.State != WorklistState.Completed && w.State != WorklistState.Expired).Select(w => w.Id).ToListAsync(token));
            },
            ct);
#pragma warning restore CA1309
        late = [.. late.Except(done)];
        var removed = gone.Count + done.Count + late.Count;
        if (removed > 0)
        {
            var at = _time.GetUtcNow();
            await _writer.WriteAsync(
                async (db, token) =>
                {
                    await db.Worklist.Where(w => gone.Contains(w.Id)).ExecuteDeleteAsync(token);
                    await db.Worklist.Where(w => done.Contains(w.Id)).ExecuteUpdateAsync(
                        set => set.SetProperty(w => w.State, WorklistState.Completed).SetProperty(w => w.CompletedAt, at), token);
                    await db.Worklist.Where(w => late.Contains(w.Id)).ExecuteUpdateAsync(set => set.SetProperty(w => w.State, WorklistState.Expired), token);
                },
                ct);
        }
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

    private static void Fill(WorklistItem item, WorklistOrder order, DateTime start)
    {
        var entry = order.ToDataset(item.Accession, item.StudyUid, start);
        var step = entry.GetSequence(DicomTag.ScheduledProcedureStepSequence)[0];
        (item.StationAe, item.Modality) = (order.StationAe, order.Modality);
        item.StartDate = step.GetString(DicomTag.ScheduledProcedureStepStartDate)!;
        item.StartTime = step.GetString(DicomTag.ScheduledProcedureStepStartTime)!;
        item.Dataset = DicomWriter.ToBytes(entry, TransferSyntax.ExplicitVRLittleEndian);
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

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} worklist entries are done or of an earlier day and are not offered any more")]
    private partial void LogRemoved(int count);
}
