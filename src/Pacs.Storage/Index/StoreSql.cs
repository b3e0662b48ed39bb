using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Pacs.Storage;

/// <summary>
/// What storing one instance writes, as statements prepared once: this path decides how fast devices can send. Every count and size is kept by adding,
/// so that the thousandth instance of a series costs what the first did.
/// </summary>
internal sealed partial class StoreSql : IDisposable
{
    private readonly StorageOptions _options;
    private readonly Func<string, long, bool> _isWhole;
    private readonly List<SqliteCommand> _commands = [];
    private readonly SqliteCommand _find;
    private readonly SqliteCommand _patient;
    private readonly SqliteCommand _study;
    private readonly SqliteCommand _series;
    private readonly SqliteCommand _instance;
    private readonly SqliteCommand _newStudy;
    private readonly SqliteCommand _newSeries;
    private readonly SqliteCommand _sameStudyUid;
    private readonly SqliteCommand _event;
    private readonly SqliteCommand _conflict;
    private readonly SqliteCommand _replace;
    private readonly SqliteCommand _grow;
    private readonly SqliteCommand _trash;
    private readonly SqliteCommand _lastSeq;

    /// <param name="connection">The writer's.</param>
    /// <param name="options">Whether instances are replaced, how long trash stays.</param>
    /// <param name="isWhole">Whether there is a file with this key and size.</param>
    public StoreSql(SqliteConnection connection, StorageOptions options, Func<string, long, bool> isWhole)
    {
        _options = options;
        _isWhole = isWhole;
        _find = Prepare(connection, "SELECT id, series, key, size, coalesce(received_digest, digest) FROM instance WHERE public_id = @public_id");
        _patient = Prepare(connection, """
            INSERT INTO patient (public_id, patient_id, name, name_fold, birth_date, sex, study_count, instance_count, size, tags, updated_at, stable)
            VALUES (@public_id, @patient_id, @name, @name_fold, @birth_date, @sex, 0, 1, @size, @tags, @at, @stable)
            ON CONFLICT (public_id) DO UPDATE SET instance_count = instance_count + 1, size = size + excluded.size,
                updated_at = excluded.updated_at, stable = excluded.stable
            RETURNING id, instance_count
            """);
        _study = Prepare(connection, """
            INSERT INTO study (public_id, patient, uid, date, time, accession, description, description_fold, study_id, referring, referring_fold,
                modalities, series_count, instance_count, size, sort_key, tags, created_at, updated_at, stable)
            VALUES (@public_id, @parent, @uid, @date, @time, @accession, @description, @description_fold, @study_id, @referring, @referring_fold,
                '', 0, 1, @size, @sort_key, @tags, @received_at, @at, @stable)
            ON CONFLICT (public_id) DO UPDATE SET instance_count = instance_count + 1, size = size + excluded.size,
                updated_at = excluded.updated_at, stable = excluded.stable
            RETURNING id, instance_count
            """);
        _series = Prepare(connection, """
            INSERT INTO series (public_id, study, uid, modality, number, description, body_part, station, protocol, instance_count, size, tags,
                updated_at, stable)
            VALUES (@public_id, @parent, @uid, @modality, @number, @description, @body_part, @station, @protocol, 1, @size, @tags, @at, @stable)
            ON CONFLICT (public_id) DO UPDATE SET instance_count = instance_count + 1, size = size + excluded.size,
                updated_at = excluded.updated_at, stable = excluded.stable
            RETURNING id, instance_count
            """);
        _instance = Prepare(connection, """
            INSERT INTO instance (public_id, series, uid, sop_class, number, frames, syntax, key, size, data_offset, header_length, digest,
                received_digest, received_at, origin, calling_ae, called_ae, remote_host, tags)
            VALUES (@public_id, @parent, @uid, @sop_class, @number, @frames, @syntax, @key, @size, @data_offset, @header_length, @digest,
                @received_digest, @received_at, @origin, @calling_ae, @called_ae, @remote_host, @tags)
            """);
        _newStudy = Prepare(connection, "UPDATE patient SET study_count = study_count + 1 WHERE id = @id");
        _newSeries = Prepare(connection, """
            UPDATE study SET series_count = series_count + 1, modalities = CASE
                WHEN @modality = '' OR instr('\' || modalities || '\', '\' || @modality || '\') > 0 THEN modalities
                WHEN modalities = '' THEN @modality
                ELSE modalities || '\' || @modality END
            WHERE id = @id
            """);
        _sameStudyUid = Prepare(connection, "SELECT EXISTS (SELECT 1 FROM study WHERE uid = @uid AND id <> @id)");
        _lastSeq = Prepare(connection, "SELECT coalesce(max(seq), 0) FROM event");
        _event = Prepare(connection, """
            INSERT INTO event (kind, level, resource, at, detail, rebuilt) VALUES (@kind, @level, @resource, @at, NULL, @rebuilt)
            """);
        _conflict = Prepare(connection, """
            INSERT INTO conflict (kind, resource, key, digest, size, origin, calling_ae, remote_host, count, at)
            VALUES (@kind, @resource, @key, @digest, @size, @origin, @calling_ae, @remote_host, 1, @at)
            ON CONFLICT (resource, digest) DO UPDATE SET count = count + 1
            RETURNING count, key
            """);
        _replace = Prepare(connection, """
            UPDATE instance SET sop_class = @sop_class, number = @number, frames = @frames, syntax = @syntax, key = @key, size = @size,
                data_offset = @data_offset, header_length = @header_length, digest = @digest, received_digest = @received_digest,
                received_at = @received_at, origin = @origin, calling_ae = @calling_ae, called_ae = @called_ae, remote_host = @remote_host,
                tags = @tags
            WHERE public_id = @public_id
            """);
        _grow = Prepare(connection, """
            UPDATE series SET size = size + @by, updated_at = @at, stable = 0 WHERE id = @series;
            UPDATE study SET size = size + @by, updated_at = @at, stable = 0 WHERE id = (SELECT study FROM series WHERE id = @series);
            UPDATE patient SET size = size + @by, updated_at = @at, stable = 0
                WHERE id = (SELECT patient FROM study WHERE id = (SELECT study FROM series WHERE id = @series))
            """);
        _trash = Prepare(connection, "INSERT INTO trash (key, due_at, attempts) VALUES (@key, @due_at, 0) ON CONFLICT DO NOTHING");
    }

    /// <summary>The transaction every statement runs in.</summary>
    public void Use(SqliteTransaction? transaction)
    {
        foreach (var command in _commands)
        {
            command.Transaction = transaction;
        }
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
        var (patient, newPatient) = Upsert(_patient, record, at, identity.Patient, p =>
        {
            p["@patient_id"].Value = identity.PatientId;
            p["@name"].Value = OrNull(record.PatientName);
            p["@name_fold"].Value = OrNull(record.PatientNameFold);
            p["@birth_date"].Value = OrNull(record.BirthDate);
            p["@sex"].Value = OrNull(record.Sex);
            p["@tags"].Value = record.PatientTags;
        });
        var (study, newStudy) = Upsert(_study, record, at, identity.Study, p =>
        {
            p["@parent"].Value = patient;
            p["@uid"].Value = identity.StudyUid;
            p["@date"].Value = OrNull(record.StudyDate);
            p["@time"].Value = OrNull(record.StudyTime);
            p["@accession"].Value = OrNull(record.Accession);
            p["@description"].Value = OrNull(record.StudyDescription);
            p["@description_fold"].Value = OrNull(record.StudyDescriptionFold);
            p["@study_id"].Value = OrNull(record.StudyId);
            p["@referring"].Value = OrNull(record.Referring);
            p["@referring_fold"].Value = OrNull(record.ReferringFold);
            p["@sort_key"].Value = record.SortKey;
            p["@tags"].Value = record.StudyTags;
            p["@received_at"].Value = record.File.ReceivedAt.ToUnixTimeMilliseconds();
        });
        var (series, newSeries) = Upsert(_series, record, at, identity.Series, p =>
        {
            p["@parent"].Value = study;
            p["@uid"].Value = identity.SeriesUid;
            p["@modality"].Value = OrNull(record.Modality);
            p["@number"].Value = OrNull(record.SeriesNumber);
            p["@description"].Value = OrNull(record.SeriesDescription);
            p["@body_part"].Value = OrNull(record.BodyPart);
            p["@station"].Value = OrNull(record.Station);
            p["@protocol"].Value = OrNull(record.Protocol);
            p["@tags"].Value = record.SeriesTags;
        });
        FillInstance(_instance, record);
        _instance.Parameters["@parent"].Value = series;
        _instance.Parameters["@uid"].Value = identity.InstanceUid;
        _instance.ExecuteNonQuery();

        // the order Orthanc has
        Announce(EventKind.NewInstance, Level.Instance, identity.Instance, at, record.Rebuilt);
        if (newSeries)
        {
            _newSeries.Parameters["@id"].Value = study;
            _newSeries.Parameters["@modality"].Value = record.Modality ?? "";
            _newSeries.ExecuteNonQuery();
            Announce(EventKind.NewSeries, Level.Series, identity.Series, at, record.Rebuilt);
        }
        if (newStudy)
        {
            _newStudy.Parameters["@id"].Value = patient;
            _newStudy.ExecuteNonQuery();
            Announce(EventKind.NewStudy, Level.Study, identity.Study, at, record.Rebuilt);
        }
        if (newPatient)
        {
            Announce(EventKind.NewPatient, Level.Patient, identity.Patient, at, record.Rebuilt);
        }
        if (newStudy && HasOtherPatient(identity.StudyUid, study))
        {
            AddConflict(ConflictKind.StudyOfOtherPatient, Level.Study, identity.Study, record, keep: false, at);
        }
        return identity.Result(StoreOutcome.Stored);
    }

    public void Dispose()
    {
        foreach (var command in _commands)
        {
            command.Dispose();
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
        FillInstance(_replace, record);
        _replace.ExecuteNonQuery();
        _grow.Parameters["@by"].Value = record.File.Size - existing.Size;
        _grow.Parameters["@at"].Value = now.ToUnixTimeMilliseconds();
        _grow.Parameters["@series"].Value = existing.Series;
        _grow.ExecuteNonQuery();
        Trash(existing.Key, now);
        Announce(EventKind.UpdatedAttachment, Level.Instance, identity.Instance, now, rebuilt: false);
        return identity.Result(StoreOutcome.Replaced);
    }

    private readonly record struct Existing(long Series, string Key, long Size, byte[]? Digest);

    private Existing? Find(ResourceId instance)
    {
        _find.Parameters["@public_id"].Value = instance.ToBytes();
        using var row = _find.ExecuteReader();
        return row.Read() ? new Existing(row.GetInt64(1), row.GetString(2), row.GetInt64(3), row[4] as byte[]) : null;
    }

    private static (long Id, bool IsNew) Upsert(SqliteCommand command, InstanceRecord record, DateTimeOffset at, ResourceId id, Action<SqliteParameterCollection> fill)
    {
        var p = command.Parameters;
        p["@public_id"].Value = id.ToBytes();
        p["@size"].Value = record.File.Size;
        p["@at"].Value = at.ToUnixTimeMilliseconds();
        p["@stable"].Value = record.Rebuilt;
        fill(p);
        using var row = command.ExecuteReader();
        row.Read();
        return (row.GetInt64(0), row.GetInt64(1) == 1);
    }

    private static void FillInstance(SqliteCommand command, InstanceRecord record)
    {
        var p = command.Parameters;
        var file = record.File;
        p["@public_id"].Value = record.Identity.Instance.ToBytes();
        p["@sop_class"].Value = record.Identity.SopClass;
        p["@number"].Value = OrNull(record.InstanceNumber);
        p["@frames"].Value = record.Frames;
        p["@syntax"].Value = file.Syntax;
        p["@key"].Value = file.Key;
        p["@size"].Value = file.Size;
        p["@data_offset"].Value = file.DataOffset;
        p["@header_length"].Value = file.HeaderLength;
        p["@digest"].Value = OrNull(file.Digest);
        p["@received_digest"].Value = OrNull(file.ReceivedDigest);
        p["@received_at"].Value = file.ReceivedAt.ToUnixTimeMilliseconds();
        p["@origin"].Value = (int)file.Origin.Kind;
        p["@calling_ae"].Value = OrNull(file.Origin.CallingAe);
        p["@called_ae"].Value = OrNull(file.Origin.CalledAe);
        p["@remote_host"].Value = OrNull(file.Origin.RemoteHost);
        p["@tags"].Value = record.InstanceTags;
    }

    /// <summary>The number of the last event, those of the transaction included.</summary>
    public long LastSeq() => (long)_lastSeq.ExecuteScalar()!;

    private void Announce(EventKind kind, Level level, ResourceId resource, DateTimeOffset at, bool rebuilt)
    {
        var p = _event.Parameters;
        p["@kind"].Value = (int)kind;
        p["@level"].Value = (int)level;
        p["@resource"].Value = resource.ToBytes();
        p["@at"].Value = at.ToUnixTimeMilliseconds();
        p["@rebuilt"].Value = rebuilt;
        _event.ExecuteNonQuery();
    }

    private bool HasOtherPatient(string studyUid, long study)
    {
        _sameStudyUid.Parameters["@uid"].Value = studyUid;
        _sameStudyUid.Parameters["@id"].Value = study;
        return Convert.ToInt64(_sameStudyUid.ExecuteScalar(), CultureInfo.InvariantCulture) != 0;
    }

    private void AddConflict(ConflictKind kind, Level level, ResourceId resource, InstanceRecord record, bool keep, DateTimeOffset at)
    {
        var p = _conflict.Parameters;
        p["@kind"].Value = (int)kind;
        p["@resource"].Value = resource.ToBytes();
        p["@key"].Value = OrNull(keep ? record.File.Key : null);
        p["@digest"].Value = OrNull(keep ? record.ContentDigest : null);
        p["@size"].Value = keep ? record.File.Size : 0;
        p["@origin"].Value = (int)record.File.Origin.Kind;
        p["@calling_ae"].Value = OrNull(record.File.Origin.CallingAe);
        p["@remote_host"].Value = OrNull(record.File.Origin.RemoteHost);
        p["@at"].Value = at.ToUnixTimeMilliseconds();
        bool known;
        string? kept;
        using (var row = _conflict.ExecuteReader())
        {
            row.Read();
            known = row.GetInt64(0) > 1;
            kept = row.IsDBNull(1) ? null : row.GetString(1);
        }
        if (!known)
        {
            Announce(EventKind.ConflictFound, level, resource, at, record.Rebuilt);
        }
        else if (keep && kept != record.File.Key)
        {
            Trash(record.File.Key, at); // the first copy of it is kept already
        }
    }

    private void Trash(string key, DateTimeOffset now)
    {
        _trash.Parameters["@key"].Value = key;
        _trash.Parameters["@due_at"].Value = (now + _options.TrashAge).ToUnixTimeMilliseconds();
        _trash.ExecuteNonQuery();
    }

    private static object OrNull(object? value) => value ?? DBNull.Value;

    private SqliteCommand Prepare(SqliteConnection connection, string sql)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in ParameterName().Matches(sql).Select(m => m.Value).Distinct(StringComparer.Ordinal))
        {
            command.Parameters.Add(new SqliteParameter(name, DBNull.Value));
        }
        command.Prepare();
        _commands.Add(command);
        return command;
    }

    [GeneratedRegex("@[a-z_]+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ParameterName();
}
