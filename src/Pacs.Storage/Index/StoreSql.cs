using Microsoft.Data.Sqlite;

namespace Pacs.Storage;

/// <summary>
/// What storing one instance writes, as statements prepared once: this path decides how fast devices can send. Every count and size is kept by adding,
/// so that the thousandth instance of a series costs what the first did.
/// </summary>
internal sealed class StoreSql : IDisposable
{
    private readonly StorageOptions _options;
    private readonly Func<string, long, bool> _isWhole;
    private readonly List<Statement> _statements = [];
    private readonly Statement _find;
    private readonly Statement _patient;
    private readonly Statement _study;
    private readonly Statement _series;
    private readonly Statement _instance;
    private readonly Statement _newStudy;
    private readonly Statement _newSeries;
    private readonly Statement _sameStudyUid;
    private readonly Statement _person;
    private readonly Statement _event;
    private readonly Statement _conflict;
    private readonly Statement _replace;
    private readonly Statement[] _grow;
    private readonly Statement _trash;
    private readonly Statement _lastSeq;

    /// <param name="connection">The writer's.</param>
    /// <param name="options">Whether instances are replaced, how long trash stays.</param>
    /// <param name="isWhole">Whether there is a file with this key and size.</param>
    public StoreSql(SqliteConnection connection, StorageOptions options, Func<string, long, bool> isWhole)
    {
        _options = options;
        _isWhole = isWhole;
        _find = Prepare(connection, "SELECT id, series, key, size, coalesce(received_digest, digest) FROM instance WHERE public_id = ?");
        _patient = Prepare(connection, """
            INSERT INTO patient (public_id, patient_id, name, name_fold, birth_date, sex, study_count, instance_count, size, tags, updated_at, stable)
            VALUES (?, ?, ?, ?, ?, ?, 0, 1, ?, ?, ?, ?)
            ON CONFLICT (public_id) DO UPDATE SET instance_count = instance_count + 1, size = size + excluded.size,
                updated_at = iif(excluded.stable, max(updated_at, excluded.updated_at), excluded.updated_at), stable = min(stable, excluded.stable)
            RETURNING id, instance_count
            """);
        _study = Prepare(connection, """
            INSERT INTO study (public_id, patient, uid, date, time, accession, description, description_fold, study_id, referring, referring_fold,
                modalities, series_count, instance_count, size, sort_key, tags, created_at, updated_at, stable)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                '', 0, 1, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (public_id) DO UPDATE SET instance_count = instance_count + 1, size = size + excluded.size,
                updated_at = iif(excluded.stable, max(updated_at, excluded.updated_at), excluded.updated_at), stable = min(stable, excluded.stable)
            RETURNING id, instance_count
            """);
        _series = Prepare(connection, """
            INSERT INTO series (public_id, study, uid, modality, number, description, body_part, station, protocol, instance_count, size, tags,
                updated_at, stable)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)
            ON CONFLICT (public_id) DO UPDATE SET instance_count = instance_count + 1, size = size + excluded.size,
                updated_at = iif(excluded.stable, max(updated_at, excluded.updated_at), excluded.updated_at), stable = min(stable, excluded.stable)
            RETURNING id, instance_count
            """);
        _instance = Prepare(connection, """
            INSERT INTO instance (public_id, series, uid, sop_class, number, frames, syntax, key, size, data_offset, header_length, digest,
                received_digest, received_at, origin, calling_ae, called_ae, remote_host, tags)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                ?, ?, ?, ?, ?, ?, ?)
            """);
        _newStudy = Prepare(connection, "UPDATE patient SET study_count = study_count + 1 WHERE id = ?");
        _newSeries = Prepare(connection, """
            UPDATE study SET series_count = series_count + 1, modalities = CASE
                WHEN ?1 = '' OR instr('\' || modalities || '\', '\' || ?1 || '\') > 0 THEN modalities
                WHEN modalities = '' THEN ?1
                ELSE modalities || '\' || ?1 END
            WHERE id = ?2
            """);
        _sameStudyUid = Prepare(connection, "SELECT EXISTS (SELECT 1 FROM study WHERE uid = ? AND id <> ?)");
        _person = Prepare(connection, "SELECT birth_date, name_fold FROM patient WHERE id = ?");
        _lastSeq = Prepare(connection, "SELECT coalesce(max(seq), 0) FROM event");
        _event = Prepare(connection, """
            INSERT INTO event (kind, level, resource, at, detail, rebuilt) VALUES (?, ?, ?, ?, NULL, ?)
            """);
        _conflict = Prepare(connection, """
            INSERT INTO conflict (kind, resource, key, digest, size, origin, calling_ae, remote_host, count, at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
            ON CONFLICT (resource, digest) DO UPDATE SET count = count + 1
            RETURNING count, key
            """);
        _replace = Prepare(connection, """
            UPDATE instance SET sop_class = ?, number = ?, frames = ?, syntax = ?, key = ?, size = ?,
                data_offset = ?, header_length = ?, digest = ?, received_digest = ?,
                received_at = ?, origin = ?, calling_ae = ?, called_ae = ?, remote_host = ?,
                tags = ?
            WHERE public_id = ?
            """);
        _grow =
        [
            Prepare(connection, "UPDATE series SET size = size + ?1, updated_at = ?2, stable = 0 WHERE id = ?3"),
            Prepare(connection, "UPDATE study SET size = size + ?1, updated_at = ?2, stable = 0 WHERE id = (SELECT study FROM series WHERE id = ?3)"),
            Prepare(connection, """
                UPDATE patient SET size = size + ?1, updated_at = ?2, stable = 0
                    WHERE id = (SELECT patient FROM study WHERE id = (SELECT study FROM series WHERE id = ?3))
                """),
        ];
        _trash = Prepare(connection, "INSERT INTO trash (key, due_at, attempts) VALUES (?, ?, 0) ON CONFLICT DO NOTHING");
    }

    /// <summary>Stores one instance, whatever state the index is in.</summary>
    /// <param name="record">The instance, its file published.</param>
    /// <param name="now">The time of the event.</param>
    public StoreResult Store(InstanceRecord record, DateTimeOffset now)
    {
        var identity = record.Identity;
        if (Find(identity.Instance) is { } existing)
        {
            return Again(record, existing, now);
        }

        var at = record.Rebuilt ? record.File.ReceivedAt : now;
        var time = (record.IsOld ? record.File.ReceivedAt : now).ToUnixTimeMilliseconds();
        var (patient, newPatient) = Upsert(_patient.Add(identity.Patient.ToBytes()).Add(identity.PatientId).Add(record.PatientName).Add(record.PatientNameFold)
            .Add(record.BirthDate).Add(record.Sex)
            .Add(record.File.Size).Add(record.PatientTags).Add(time).Add(record.IsOld ? 1 : 0));
        var (study, newStudy) = Upsert(_study.Add(identity.Study.ToBytes()).Add(patient).Add(identity.StudyUid).Add(record.StudyDate).Add(record.StudyTime)
            .Add(record.Accession).Add(record.StudyDescription).Add(record.StudyDescriptionFold).Add(record.StudyId).Add(record.Referring).Add(record.ReferringFold)
            .Add(record.File.Size).Add(record.SortKey).Add(record.StudyTags).Add(record.File.ReceivedAt.ToUnixTimeMilliseconds()).Add(time).Add(record.IsOld ? 1 : 0));
        var (series, newSeries) = Upsert(_series.Add(identity.Series.ToBytes()).Add(study).Add(identity.SeriesUid).Add(record.Modality).Add(record.SeriesNumber)
            .Add(record.SeriesDescription).Add(record.BodyPart).Add(record.Station).Add(record.Protocol)
            .Add(record.File.Size).Add(record.SeriesTags).Add(time).Add(record.IsOld ? 1 : 0));
        AddInstance(_instance.Add(identity.Instance.ToBytes()).Add(series).Add(identity.InstanceUid), record).Execute();

        // the order Orthanc has
        Announce(EventKind.NewInstance, Level.Instance, identity.Instance, at, record.IsOld);
        if (newSeries)
        {
            _newSeries.Add(record.Modality ?? "").Add(study).Execute();
            Announce(EventKind.NewSeries, Level.Series, identity.Series, at, record.IsOld);
        }
        if (newStudy)
        {
            _newStudy.Add(patient).Execute();
            Announce(EventKind.NewStudy, Level.Study, identity.Study, at, record.IsOld);
        }
        if (newPatient)
        {
            Announce(EventKind.NewPatient, Level.Patient, identity.Patient, at, record.IsOld);
        }
        if (newStudy && HasOtherPatient(identity.StudyUid, study))
        {
            AddConflict(ConflictKind.StudyOfOtherPatient, Level.Study, identity.Study, record, keep: false, at);
        }
        if (newStudy && !newPatient && !record.IsOld && IsOtherPerson(patient, record))
        {
            AddConflict(ConflictKind.OtherPerson, Level.Study, identity.Study, record, keep: false, at);
        }
        return identity.Result(StoreOutcome.Stored);
    }

    public void Dispose()
    {
        foreach (var statement in _statements)
        {
            statement.Dispose();
        }
    }

    private StoreResult Again(InstanceRecord record, Existing existing, DateTimeOffset now)
    {
        var identity = record.Identity;
        if (existing.Key == record.File.Key)
        {
            return identity.Result(StoreOutcome.AlreadyStored); // recovery came across a file the index knows
        }
        var same = existing.Digest is not null && existing.Digest.AsSpan().SequenceEqual(record.ContentDigest);
        var whole = _isWhole(existing.Key, existing.Size);
        if (same && whole)
        {
            Trash(record.File.Key, now);
            return identity.Result(StoreOutcome.AlreadyStored);
        }
        if (whole && !_options.OverwriteInstances)
        {
            AddConflict(ConflictKind.InstanceContent, Level.Instance, identity.Instance, record, keep: true, now);
            return identity.Result(StoreOutcome.Conflicting);
        }
        AddInstance(_replace, record).Add(identity.Instance.ToBytes()).Execute();
        foreach (var statement in _grow)
        {
            statement.Add(record.File.Size - existing.Size).Add(now.ToUnixTimeMilliseconds()).Add(existing.Series).Execute();
        }
        Trash(existing.Key, now);
        Announce(EventKind.UpdatedAttachment, Level.Instance, identity.Instance, now, rebuilt: false);
        return identity.Result(StoreOutcome.Replaced);
    }

    private readonly record struct Existing(long Series, string Key, long Size, byte[]? Digest);

    private Existing? Find(ResourceId instance) =>
        _find.Add(instance.ToBytes()).Read(row => (Existing?)new Existing(row.Int64(1), row.Text(2)!, row.Int64(3), row.Blob(4)));

    private static (long Id, bool IsNew) Upsert(Statement statement) => statement.Read(row => (row.Int64(0), row.Int64(1) == 1));

    private static Statement AddInstance(Statement statement, InstanceRecord record)
    {
        var file = record.File;
        return statement.Add(record.Identity.SopClass).Add(record.InstanceNumber).Add(record.Frames).Add(file.Syntax).Add(file.Key).Add(file.Size)
            .Add(file.DataOffset).Add(file.HeaderLength).Add(file.Digest).Add(file.ReceivedDigest)
            .Add(file.ReceivedAt.ToUnixTimeMilliseconds()).Add((int)file.Origin.Kind).Add(file.Origin.CallingAe).Add(file.Origin.CalledAe).Add(file.Origin.RemoteHost)
            .Add(record.InstanceTags);
    }

    /// <summary>The number of the last event, those of the transaction included.</summary>
    public long LastSeq() => _lastSeq.Read(row => row.Int64(0));

    private void Announce(EventKind kind, Level level, ResourceId resource, DateTimeOffset at, bool rebuilt) =>
        _event.Add((int)kind).Add((int)level).Add(resource.ToBytes()).Add(at.ToUnixTimeMilliseconds()).Add(rebuilt ? 1 : 0).Execute();

    private bool HasOtherPatient(string studyUid, long study) => _sameStudyUid.Add(studyUid).Add(study).Read(row => row.Int64(0)) != 0;

    // somebody has typed the wrong number: another birth date, or where one of the two has none, another family name and another given name. A name alone changes by marriage
    private bool IsOtherPerson(long patient, InstanceRecord record)
    {
        var (born, name) = _person.Add(patient).Read(row => (row.Text(0), row.Text(1)));
        if (born is { Length: > 0 } && record.BirthDate is { Length: > 0 } other)
        {
            return born != other;
        }
        return Parts(name) is var known && Parts(record.PatientNameFold) is var sent && known.Family.Length > 0 && sent.Family.Length > 0 && known.Given.Length > 0 && sent.Given.Length > 0
            && known.Family != sent.Family && known.Given != sent.Given;

        static (string Family, string Given) Parts(string? fold) => fold?.Split('=')[0].Split('^') is [var family, ..] parts ? (family.Trim(), parts.Length > 1 ? parts[1].Trim() : "") : ("", "");
    }

    private void AddConflict(ConflictKind kind, Level level, ResourceId resource, InstanceRecord record, bool keep, DateTimeOffset at)
    {
        var (count, kept) = _conflict.Add((int)kind).Add(resource.ToBytes()).Add(keep ? record.File.Key : null).Add(keep ? record.ContentDigest : null)
            .Add(keep ? record.File.Size : 0).Add((int)record.File.Origin.Kind).Add(record.File.Origin.CallingAe).Add(record.File.Origin.RemoteHost)
            .Add(at.ToUnixTimeMilliseconds()).Read(row => (row.Int64(0), row.Text(1)));
        if (count == 1)
        {
            Announce(EventKind.ConflictFound, level, resource, at, record.IsOld);
        }
        else if (keep && kept != record.File.Key)
        {
            Trash(record.File.Key, at); // the first copy of it is kept already
        }
    }

    private void Trash(string key, DateTimeOffset now) => _trash.Add(key).Add((now + _options.TrashAge).ToUnixTimeMilliseconds()).Execute();

    private Statement Prepare(SqliteConnection connection, string sql)
    {
        var statement = new Statement(connection, sql);
        _statements.Add(statement);
        return statement;
    }
}
