using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>What became of the wish to show the other copy of an instance.</summary>
public enum ExchangeOutcome
{
    /// <summary>It is the instance now, and what was the instance is kept aside.</summary>
    Exchanged,

    /// <summary>There is no such conflict any more, it has no second copy, or somebody has changed the instance meanwhile.</summary>
    Gone,

    /// <summary>The file of the second copy is missing or damaged: the first stays.</summary>
    Unreadable,
}

/// <summary>What somebody has decided about a conflict, for the history of the study.</summary>
/// <param name="At">When.</param>
/// <param name="By">Who.</param>
/// <param name="What"><see cref="Conflicts.Exchanged"/> or <see cref="Conflicts.Settled"/>.</param>
/// <param name="Instance">Which instance.</param>
public sealed record ConflictDecision(DateTimeOffset At, string By, string What, string Instance);

/// <summary>What two senders contradict each other in, once somebody has looked at it (ADR 0013).</summary>
public sealed partial class Conflicts
{
    /// <summary>The other copy was put in the place of the one that was shown.</summary>
    public const string Exchanged = "Exchanged";

    /// <summary>The copy that was not shown was dropped.</summary>
    public const string Settled = "Settled";

    // of one study, in its history
    private const int MaxDecisions = 50;

    private readonly FileInstanceStore _store;
    private readonly IndexWriter _writer;
    private readonly IndexReader _reader;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<Conflicts> _log;

    internal Conflicts(FileInstanceStore store, IndexWriter writer, IndexReader reader, StorageOptions options, TimeProvider time, ILogger<Conflicts> log)
    {
        _store = store;
        _writer = writer;
        _reader = reader;
        _options = options;
        _time = time;
        _log = log;
    }

    /// <summary>A conflict, or null.</summary>
    public Task<Conflict?> FindAsync(long id, CancellationToken ct) => _reader.ReadAsync((db, token) => db.Conflicts.FirstOrDefaultAsync(c => c.Id == id, token), ct);

    /// <summary>Where the second copy is, as if it were the instance: for comparing it with the one that is.</summary>
    /// <returns>Null when there is no second copy, or its file cannot be read.</returns>
    public async Task<InstanceLocation?> LocateAsync(Conflict conflict, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(conflict);
        ct.ThrowIfCancellationRequested();
        if (await _store.RunAsync(() => Read(conflict, withDigest: false)) is not { } record)
        {
            return null;
        }
        var file = record.File;
        return new InstanceLocation(conflict.Resource, file.Key, file.Size, file.DataOffset, file.HeaderLength, file.Syntax, record.Identity.SopClass, record.Identity.InstanceUid, record.Frames);
    }

    /// <summary>Settles a conflict: what is in the index stays as it is, and the file of a second copy goes.</summary>
    /// <param name="id">The conflict.</param>
    /// <param name="by">Who wants it.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Whether there was one.</returns>
    public Task<bool> SettleAsync(long id, string by, CancellationToken ct) => _writer.WriteAsync(async (db, token) =>
    {
        if (await db.Conflicts.AsTracking().FirstOrDefaultAsync(c => c.Id == id, token) is not { } conflict)
        {
            return false;
        }
        if (conflict.Key is { } key)
        {
            db.Trash.Add(new TrashEntry { Key = key, DueAt = _time.GetUtcNow() + _options.TrashAge });
        }
        db.Conflicts.Remove(conflict);
        await NoteAsync(db, conflict, Settled, by, token);
        return true;
    }, ct);

    /// <summary>
    /// Shows the second copy of an instance in place of the first, which is kept aside in its stead: nothing is lost, and doing it again undoes it. One transaction: whoever is killed meanwhile has either. The
    /// instance keeps its ids, and is announced as one whose file was replaced, as with <see cref="StorageOptions.OverwriteInstances"/>: nobody is told of a new study.
    /// </summary>
    /// <param name="id">The conflict.</param>
    /// <param name="by">Who wants it.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="IndexUnavailableException">The index cannot be written; nothing has changed.</exception>
    public async Task<ExchangeOutcome> ExchangeAsync(long id, string by, CancellationToken ct)
    {
        var (conflict, first) = await _reader.ReadAsync(async (db, token) => await db.Conflicts.FirstOrDefaultAsync(c => c.Id == id, token) is { } found
            ? (found, await db.Instances.FirstOrDefaultAsync(i => i.PublicId == found.Resource, token)) : (null, null), ct);
        if (conflict is not { Kind: ConflictKind.InstanceContent, Key: not null } || first is null)
        {
            return ExchangeOutcome.Gone;
        }
        if (await _store.RunAsync(() => Read(conflict, withDigest: true)) is not { } second)
        {
            return ExchangeOutcome.Unreadable;
        }
        var (isWhole, digest) = await _store.RunAsync(() => _store.IsWhole(first.Key, first.Size) ? (true, first.ReceivedDigest ?? first.Digest ?? TryDigest(first.Key, first.DataOffset)) : (false, null));
        var outcome = await _writer.WriteAsync(async (db, token) =>
        {
            var shown = await db.Instances.AsTracking().FirstOrDefaultAsync(i => i.PublicId == conflict.Resource, token);
            var aside = await db.Conflicts.AsTracking().FirstOrDefaultAsync(c => c.Id == id, token);
            if (shown is null || aside is null || shown.Key != first.Key || aside.Key != conflict.Key)
            {
                return ExchangeOutcome.Gone;
            }
            await NoteAsync(db, aside, Exchanged, by, token);
            if (isWhole)
            {
                // what comes again with the content of either is known by these, and makes no third
                (aside.Key, aside.Digest, aside.Size, aside.Count, aside.At) = (shown.Key, digest, shown.Size, 1, shown.ReceivedAt);
                (aside.Origin, aside.CallingAe, aside.RemoteHost) = (shown.Origin, shown.CallingAe, shown.RemoteHost);
            }
            else
            {
                db.Conflicts.Remove(aside); // of the first there is nothing to be kept
            }
            var grown = second.File.Size - shown.Size;
            Fill(shown, second);
            await FillParentsAsync(db, shown, second, grown, token);
            await db.KeyImages.Where(k => k.InstanceId == shown.Id && k.Frame > shown.Frames).ExecuteDeleteAsync(token);
            db.Announce(EventKind.UpdatedAttachment, Level.Instance, shown.PublicId, _time.GetUtcNow());
            return ExchangeOutcome.Exchanged;
        }, ct);
        if (outcome == ExchangeOutcome.Exchanged)
        {
            LogExchanged(conflict.Resource, conflict.Key);
        }
        return outcome;
    }

    /// <summary>What people have decided about conflicts of a study, oldest first.</summary>
    public async Task<IReadOnlyList<ConflictDecision>> DecisionsAsync(ResourceId study, CancellationToken ct)
    {
        var note = await _reader.ReadAsync(
            (db, token) => db.Metadata.Where(m => m.Level == Level.Study && m.Resource == study && m.Number == ResourceMetadata.Decisions).Select(m => m.Value).FirstOrDefaultAsync(token), ct);
        return Parse(note);
    }

    private static void Fill(Instance shown, InstanceRecord record)
    {
        var file = record.File;
        (shown.SopClass, shown.Number, shown.Frames, shown.Tags) = (record.Identity.SopClass, record.InstanceNumber, record.Frames, record.InstanceTags);
        (shown.Syntax, shown.Key, shown.Size, shown.DataOffset, shown.HeaderLength) = (file.Syntax, file.Key, file.Size, file.DataOffset, file.HeaderLength);
        (shown.Digest, shown.ReceivedDigest, shown.ReceivedAt) = (file.Digest, file.ReceivedDigest, file.ReceivedAt);
        (shown.Origin, shown.CallingAe, shown.CalledAe, shown.RemoteHost) = (file.Origin.Kind, file.Origin.CallingAe, file.Origin.CalledAe, file.Origin.RemoteHost);
    }

    // what the index says of a series, a study and a patient is what their first instance said; where this is their only one, it is what this one says now
    private async Task FillParentsAsync(PacsDb db, Instance shown, InstanceRecord record, long grown, CancellationToken ct)
    {
        var now = _time.GetUtcNow();
        var series = await db.Series.AsTracking().SingleAsync(s => s.Id == shown.ParentId, ct);
        var study = await db.Studies.AsTracking().SingleAsync(s => s.Id == series.ParentId, ct);
        var patient = await db.Patients.AsTracking().SingleAsync(p => p.Id == study.ParentId, ct);
        (series.Size, series.UpdatedAt, series.Stable) = (series.Size + grown, now, false);
        (study.Size, study.UpdatedAt, study.Stable) = (study.Size + grown, now, false);
        (patient.Size, patient.UpdatedAt, patient.Stable) = (patient.Size + grown, now, false);
        if (series.InstanceCount == 1)
        {
            (series.Modality, series.Number, series.Description, series.BodyPart) = (record.Modality, record.SeriesNumber, record.SeriesDescription, record.BodyPart);
            (series.Station, series.Protocol, series.Tags) = (record.Station, record.Protocol, record.SeriesTags);
            var modalities = await db.Series.Where(s => s.ParentId == study.Id).OrderBy(s => s.Id).Select(s => new { s.Id, s.Modality }).ToListAsync(ct);
            study.Modalities = string.Join('\\', modalities.Select(m => m.Id == series.Id ? record.Modality : m.Modality).Where(m => !string.IsNullOrEmpty(m)).Distinct(StringComparer.Ordinal));
        }
        if (study.InstanceCount == 1)
        {
            (study.Date, study.Time, study.Accession, study.StudyId, study.SortKey) = (record.StudyDate, record.StudyTime, record.Accession, record.StudyId, record.SortKey);
            (study.Description, study.DescriptionFold) = (record.StudyDescription, record.StudyDescriptionFold);
            (study.Referring, study.ReferringFold, study.Tags) = (record.Referring, record.ReferringFold, record.StudyTags);
        }
        if (patient.InstanceCount == 1)
        {
            (patient.Name, patient.NameFold, patient.BirthDate, patient.Sex, patient.Tags) = (record.PatientName, record.PatientNameFold, record.BirthDate, record.Sex, record.PatientTags);
        }
    }

    private async Task NoteAsync(PacsDb db, Conflict conflict, string what, string by, CancellationToken ct)
    {
        var study = conflict.Kind == ConflictKind.InstanceContent
            ? await (from i in db.Instances
                     join s in db.Series on i.ParentId equals s.Id
                     join st in db.Studies on s.ParentId equals st.Id
                     where i.PublicId == conflict.Resource
                     select (ResourceId?)st.PublicId).FirstOrDefaultAsync(ct)
            : await db.Studies.Where(s => s.PublicId == conflict.Resource).Select(s => (ResourceId?)s.PublicId).FirstOrDefaultAsync(ct);
        if (study is not { } resource)
        {
            return;
        }
        var note = await db.Metadata.AsTracking().FirstOrDefaultAsync(m => m.Level == Level.Study && m.Resource == resource && m.Number == ResourceMetadata.Decisions, ct);
        if (note is null)
        {
            db.Metadata.Add(note = new MetadataEntry { Level = Level.Study, Resource = resource, Number = ResourceMetadata.Decisions, Value = "[]" });
        }
        note.Value = JsonSerializer.Serialize(Parse(note.Value).Append(new ConflictDecision(_time.GetUtcNow(), by, what, conflict.Resource.ToString())).TakeLast(MaxDecisions));
        note.Revision++;
    }

    private static List<ConflictDecision> Parse(string? note)
    {
        try
        {
            return note is null ? [] : JsonSerializer.Deserialize<List<ConflictDecision>>(note) ?? [];
        }
        catch (JsonException)
        {
            return []; // of another version
        }
    }

    private InstanceRecord? Read(Conflict conflict, bool withDigest)
    {
        if (conflict.Key is not { } key)
        {
            return null;
        }
        try
        {
            var record = _store.IsWhole(key, conflict.Size) ? InstanceRecord.FromFile(_store.PathOf(key), found =>
            {
                var digest = withDigest ? _store.DigestOf(key, found.DataOffset) : null;
                // a repair on the way in makes the bytes of the file others than those that came
                var received = digest is null || conflict.Digest is null || digest.AsSpan().SequenceEqual(conflict.Digest) ? null : conflict.Digest;
                return found with { Key = key, Digest = digest, ReceivedDigest = received, ReceivedAt = conflict.At, Origin = new Origin(conflict.Origin, conflict.CallingAe, null, conflict.RemoteHost) };
            }, rebuilt: false) : null;
            if (record?.Identity.Instance == conflict.Resource)
            {
                return record;
            }
            LogUnreadable(key, null);
        }
        catch (Exception e) when (e is DicomException or IOException or UnauthorizedAccessException)
        {
            LogUnreadable(key, e);
        }
        return null;
    }

    private byte[]? TryDigest(string key, long dataOffset)
    {
        try
        {
            return _store.DigestOf(key, dataOffset);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it is kept by its size; the same content would be kept once more
        }
    }

    [LoggerMessage(76, LogLevel.Information, "Of instance {Instance} the other copy, {Key}, is the one that is shown now.")]
    private partial void LogExchanged(ResourceId instance, string key);

    [LoggerMessage(77, LogLevel.Error, "The second copy {Key} of an instance is missing or cannot be read.")]
    private partial void LogUnreadable(string key, Exception? e);
}
