using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>Everything that is read from the index. Any number at a time; connections are read-only and see every instance whose storing has been answered.</summary>
public sealed partial class IndexReader : IDisposable
{
    private readonly ReaderPool _pool;

    internal IndexReader(IndexDatabase database, IndexWriter writer) => _pool = new ReaderPool(database, writer);

    /// <summary>Runs a query over a read-only context that tracks nothing. What it returns must not need the context any more.</summary>
    public async Task<T> ReadAsync<T>(Func<PacsDb, CancellationToken, Task<T>> query, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        using var lease = _pool.Rent();
        return await query(lease.Connection.Context, ct);
    }

    /// <summary>Where an instance is, or null.</summary>
    public ValueTask<InstanceLocation?> LocateAsync(ResourceId instance, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return new(Locations("SELECT public_id, key, size, data_offset, header_length, syntax, sop_class, uid, frames FROM instance WHERE public_id = @1", instance.ToBytes())
            .FirstOrDefault());
    }

    /// <summary>Where the instances with a SOP Instance UID are: one as a rule, several when studies share the UID, none when there is none.</summary>
    public ValueTask<IReadOnlyList<InstanceLocation>> LocateAsync(string sopInstanceUid, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return new(Locations("SELECT public_id, key, size, data_offset, header_length, syntax, sop_class, uid, frames FROM instance WHERE uid = @1 ORDER BY id", sopInstanceUid));
    }

    /// <summary>A patient, or null.</summary>
    public Task<Patient?> PatientAsync(ResourceId id, CancellationToken ct) =>
        ReadAsync((db, token) => db.Patients.FirstOrDefaultAsync(p => p.PublicId == id, token), ct);

    /// <summary>A study and its patient, or null.</summary>
    public Task<StudyEntry?> StudyAsync(ResourceId id, CancellationToken ct) =>
        ReadAsync((db, token) => Studies(db, db.Studies.Where(s => s.PublicId == id)).FirstOrDefaultAsync(token), ct);

    /// <summary>A series and its parents, or null.</summary>
    public Task<SeriesEntry?> SeriesAsync(ResourceId id, CancellationToken ct) => ReadAsync((db, token) => (
        from series in db.Series
        join study in db.Studies on series.ParentId equals study.Id
        join patient in db.Patients on study.ParentId equals patient.Id
        where series.PublicId == id
        select new SeriesEntry(patient, study, series)).FirstOrDefaultAsync(token), ct);

    /// <summary>An instance and its parents, or null.</summary>
    public Task<InstanceEntry?> InstanceAsync(ResourceId id, CancellationToken ct) => ReadAsync((db, token) => (
        from instance in db.Instances
        join series in db.Series on instance.ParentId equals series.Id
        join study in db.Studies on series.ParentId equals study.Id
        join patient in db.Patients on study.ParentId equals patient.Id
        where instance.PublicId == id
        select new InstanceEntry(patient, study, series, instance)).FirstOrDefaultAsync(token), ct);

    /// <summary>Studies, newest first by <see cref="Study.SortKey"/>.</summary>
    /// <param name="after">Where the last page ended, or null for the first page.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public Task<IReadOnlyList<StudyEntry>> NewestStudiesAsync(StudyCursor? after, int limit, CancellationToken ct) => ListAsync(db =>
    {
        // a row value comparison, which the index ix_study_newest serves as it is; LINQ has none
        var studies = after is null ? db.Studies : db.Studies.FromSql($"SELECT * FROM study WHERE (sort_key, id) < ({after.SortKey}, {after.Id})");
        return Studies(db, studies.OrderByDescending(s => s.SortKey).ThenByDescending(s => s.Id).Take(limit));
    }, ct);

    /// <summary>The studies of a patient, newest first.</summary>
    public Task<IReadOnlyList<Study>> StudiesOfAsync(ResourceId patient, CancellationToken ct) => ListAsync(db => (
        from study in db.Studies
        join parent in db.Patients on study.ParentId equals parent.Id
        where parent.PublicId == patient
        orderby study.SortKey descending, study.Id descending
        select study), ct);

    /// <summary>The series of a study, by series number, those without one last.</summary>
    public Task<IReadOnlyList<Series>> SeriesOfAsync(ResourceId study, CancellationToken ct) => ListAsync(db => (
        from series in db.Series
        join parent in db.Studies on series.ParentId equals parent.Id
        where parent.PublicId == study
        orderby series.Number == null, series.Number, series.Id
        select series), ct);

    /// <summary>The instances of a series, by instance number, those without one last.</summary>
    /// <param name="series">The series.</param>
    /// <param name="offset">How many to pass over.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public Task<IReadOnlyList<Instance>> InstancesOfAsync(ResourceId series, int offset, int limit, CancellationToken ct) => ListAsync(db => (
        from instance in db.Instances
        join parent in db.Series on instance.ParentId equals parent.Id
        where parent.PublicId == series
        orderby instance.Number == null, instance.Number, instance.Id
        select instance).Skip(offset).Take(limit), ct);

    /// <summary>How many instances of its series come before this one in the order of <see cref="InstancesOfAsync"/>.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="ct">Cancels.</param>
    public Task<int> PlaceOfAsync(Instance instance, CancellationToken ct)
    {
        var (parent, number, id) = (instance.ParentId, instance.Number, instance.Id);
        return ReadAsync((db, token) => number is null
            ? db.Instances.CountAsync(i => i.ParentId == parent && (i.Number != null || i.Id < id), token)
            : db.Instances.CountAsync(i => i.ParentId == parent && (i.Number < number || (i.Number == number && i.Id < id)), token), ct);
    }

    /// <summary>The ids of what is directly below a resource, in order of arrival; empty for instances and for what is not there.</summary>
    public Task<IReadOnlyList<ResourceId>> ChildrenAsync(Level level, ResourceId id, CancellationToken ct) => level switch
    {
        Level.Patient => ListAsync(db => from s in db.Studies join p in db.Patients on s.ParentId equals p.Id where p.PublicId == id orderby s.Id select s.PublicId, ct),
        Level.Study => ListAsync(db => from s in db.Series join p in db.Studies on s.ParentId equals p.Id where p.PublicId == id orderby s.Id select s.PublicId, ct),
        Level.Series => ListAsync(db => from s in db.Instances join p in db.Series on s.ParentId equals p.Id where p.PublicId == id orderby s.Id select s.PublicId, ct),
        _ => Task.FromResult<IReadOnlyList<ResourceId>>([]),
    };

    /// <summary>The ids of a level in order of arrival.</summary>
    /// <param name="level">The level.</param>
    /// <param name="offset">How many to pass over.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public Task<IReadOnlyList<ResourceId>> ListAsync(Level level, int offset, int limit, CancellationToken ct) => level switch
    {
        Level.Patient => ListAsync(db => db.Patients.OrderBy(r => r.Id).Skip(offset).Take(limit).Select(r => r.PublicId), ct),
        Level.Study => ListAsync(db => db.Studies.OrderBy(r => r.Id).Skip(offset).Take(limit).Select(r => r.PublicId), ct),
        Level.Series => ListAsync(db => db.Series.OrderBy(r => r.Id).Skip(offset).Take(limit).Select(r => r.PublicId), ct),
        _ => ListAsync(db => db.Instances.OrderBy(r => r.Id).Skip(offset).Take(limit).Select(r => r.PublicId), ct),
    };

    /// <summary>The studies with an accession number, newest first.</summary>
    public Task<IReadOnlyList<StudyEntry>> StudiesByAccessionAsync(string accession, CancellationToken ct) =>
        ListAsync(db => Studies(db, db.Studies.Where(s => s.Accession == accession).OrderByDescending(s => s.SortKey).ThenByDescending(s => s.Id)), ct);

    /// <summary>The studies with a Study Instance UID: one as a rule, several when patients share it.</summary>
    public Task<IReadOnlyList<StudyEntry>> StudiesByUidAsync(string studyUid, CancellationToken ct) =>
        ListAsync(db => Studies(db, db.Studies.Where(s => s.Uid == studyUid).OrderBy(s => s.Id)), ct);

    /// <summary>The studies of patients with a patient number, newest first.</summary>
    /// <param name="patientId">(0010,0020), compared as it is.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public Task<IReadOnlyList<StudyEntry>> StudiesByPatientIdAsync(string patientId, int limit, CancellationToken ct) => ListAsync(db => (
        from study in db.Studies
        join patient in db.Patients on study.ParentId equals patient.Id
        where patient.PatientId == patientId
        orderby study.SortKey descending, study.Id descending
        select new StudyEntry(patient, study)).Take(limit), ct);

    /// <summary>The conflicts, newest first.</summary>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public Task<IReadOnlyList<Conflict>> ConflictsAsync(int limit, CancellationToken ct) => ListAsync(db => db.Conflicts.OrderByDescending(c => c.Id).Take(limit), ct);

    /// <summary>How much there is.</summary>
    public Task<Statistics> StatisticsAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        using var lease = _pool.Rent();
        // counted from the studies, which are few, not from the instances
        using var row = lease.Connection.Command("""
            SELECT (SELECT count(*) FROM patient), count(*), coalesce(sum(series_count), 0), coalesce(sum(instance_count), 0), coalesce(sum(size), 0),
                (SELECT count(*) FROM conflict) FROM study
            """).ExecuteReader();
        row.Read();
        return Task.FromResult(new Statistics(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5)));
    }

    /// <summary>The feed after a number, oldest first.</summary>
    /// <param name="since">Events with a greater <see cref="PacsEvent.Seq"/>; 0 for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public ValueTask<IReadOnlyList<PacsEvent>> ChangesAsync(long since, int limit, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        using var lease = _pool.Rent();
        return new(Changes(lease, since, limit));
    }

    /// <summary>As <see cref="ChangesAsync"/>, for those whom a commit has woken, and who need not hasten the next.</summary>
    internal ValueTask<IReadOnlyList<PacsEvent>> CommittedChangesAsync(long since, int limit, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        using var lease = _pool.RentAsIs();
        return new(Changes(lease, since, limit));
    }

    private static List<PacsEvent> Changes(ReaderPool.Lease lease, long since, int limit)
    {
        using var row = lease.Connection.Command("SELECT seq, kind, level, resource, at, detail, rebuilt FROM event WHERE seq > @1 ORDER BY seq LIMIT @2", since, limit)
            .ExecuteReader();
        var events = new List<PacsEvent>();
        while (row.Read())
        {
            events.Add(ReadEvent(row));
        }
        return events;
    }

    /// <summary>The number of the last event, 0 when there is none.</summary>
    public ValueTask<long> LastSeqAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        using var lease = _pool.Rent();
        return new((long)lease.Connection.Command("SELECT coalesce(max(seq), 0) FROM event").ExecuteScalar()!);
    }

    /// <inheritdoc/>
    public void Dispose() => _pool.Dispose();

    /// <summary>A connection, to be given back soon.</summary>
    internal ReaderPool.Lease Rent() => _pool.Rent();

    /// <summary>The file and the content of an instance, for telling whether it came again. One whose row is still to come is not found.</summary>
    internal (string Key, long Size, int DataOffset, byte[]? Digest)? Find(ResourceId instance)
    {
        using var lease = _pool.RentAsIs();
        using var row = lease.Connection.Command("SELECT key, size, data_offset, coalesce(received_digest, digest) FROM instance WHERE public_id = @1", instance.ToBytes())
            .ExecuteReader();
        return row.Read() ? (row.GetString(0), row.GetInt64(1), row.GetInt32(2), row[3] as byte[]) : null;
    }

    /// <summary>The instances of a day that were received at a time or later, and what their files must be like.</summary>
    internal List<(ResourceId Instance, string Key, long Size, int DataOffset, byte[]? Digest)> ReceivedSince(string day, DateTimeOffset since)
    {
        using var lease = _pool.Rent();
        using var row = lease.Connection.Command(
            "SELECT public_id, key, size, data_offset, digest FROM instance WHERE key > @1 AND key < @2", day + "/", day + "0").ExecuteReader();
        var instances = new List<(ResourceId, string, long, int, byte[]?)>();
        while (row.Read())
        {
            // the key says when its file was written; received_at may be another archive's
            if (row.GetString(1) is var key && FileInstanceStore.ReceivedAt(key) >= since)
            {
                instances.Add((ResourceId.FromBytes((byte[])row[0]), key, row.GetInt64(2), row.GetInt32(3), row[4] as byte[]));
            }
        }
        return instances;
    }

    /// <summary>Every key the index knows of a day, and whether its file must be there: trash may be gone already.</summary>
    internal Dictionary<string, bool> Keys(string day)
    {
        using var lease = _pool.Rent();
        // '0' follows '/'
        using var row = lease.Connection.Command("""
            SELECT key, 0 FROM trash WHERE key > @1 AND key < @2 UNION ALL SELECT key, 1 FROM conflict WHERE key > @1 AND key < @2
            UNION ALL SELECT key, 1 FROM bin_file WHERE key > @1 AND key < @2 UNION ALL SELECT key, 1 FROM instance WHERE key > @1 AND key < @2
            """, day + "/", day + "0").ExecuteReader();
        var keys = new Dictionary<string, bool>(StringComparer.Ordinal);
        while (row.Read())
        {
            keys[row.GetString(0)] = row.GetBoolean(1);
        }
        return keys;
    }

    private static PacsEvent ReadEvent(SqliteDataReader row) => new(row.GetInt64(0), (EventKind)row.GetInt32(1), (Level)row.GetByte(2), ResourceId.FromBytes((byte[])row[3]),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)), row.IsDBNull(5) ? null : row.GetString(5), row.GetBoolean(6));

    private static IQueryable<StudyEntry> Studies(PacsDb db, IQueryable<Study> studies) =>
        from study in studies
        join patient in db.Patients on study.ParentId equals patient.Id
        select new StudyEntry(patient, study);

    private Task<IReadOnlyList<T>> ListAsync<T>(Func<PacsDb, IQueryable<T>> query, CancellationToken ct) =>
        ReadAsync<IReadOnlyList<T>>(async (db, token) => await query(db).ToListAsync(token), ct);

    private List<InstanceLocation> Locations(string sql, object value, int limit = int.MaxValue)
    {
        using var lease = _pool.Rent();
        using var row = lease.Connection.Command(sql, value).ExecuteReader();
        var locations = new List<InstanceLocation>(1);
        while (locations.Count < limit && row.Read())
        {
            locations.Add(new InstanceLocation(ResourceId.FromBytes((byte[])row[0]), row.GetString(1), row.GetInt64(2), row.GetInt32(3), row.GetInt64(4),
                row.GetString(5), row.GetString(6), row.GetString(7), row.GetInt32(8)));
        }
        return locations;
    }
}
