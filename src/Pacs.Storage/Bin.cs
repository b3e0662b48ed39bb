using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>What restoring a study came to.</summary>
/// <param name="Study">The study.</param>
/// <param name="Restored">Instances that are back.</param>
/// <param name="Missing">Instances whose file is gone or cannot be read.</param>
public sealed record BinResult(ResourceId Study, int Restored, int Missing);

/// <summary>
/// Studies that people have deleted, for <see cref="StorageOptions.BinAge"/> (ADR 0030). For everybody else they are deleted: the index has no row of them, so that no query, viewer or program can find them.
/// Only their files stay, and what is needed to index them again.
/// </summary>
public sealed partial class Bin
{
    // files at once when a study comes back
    private const int Batch = 64;

    private readonly FileInstanceStore _store;
    private readonly IntakeJournal _journal;
    private readonly IndexWriter _writer;
    private readonly IndexReader _reader;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<Bin> _log;

    internal Bin(FileInstanceStore store, IntakeJournal journal, IndexWriter writer, IndexReader reader, StorageOptions options, TimeProvider time, ILogger<Bin> log)
    {
        _store = store;
        _journal = journal;
        _writer = writer;
        _reader = reader;
        _options = options;
        _time = time;
        _log = log;
    }

    /// <summary>Deletes a study so that it can be restored.</summary>
    /// <returns>False when there is no such study.</returns>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public async Task<bool> PutAsync(ResourceId study, CancellationToken ct)
    {
        // a record in the journal would bring back after a crash what the index has forgotten by then
        await _journal.SettleAsync();
        var deleted = await _writer.WriteAsync(async (db, token) =>
        {
            var now = _time.GetUtcNow();
            var row = await db.Studies.Where(s => s.PublicId == study).Join(db.Patients, s => s.ParentId, p => p.Id, (s, p) => new BinStudy
            {
                Study = s.PublicId,
                PatientName = p.Name,
                PatientId = p.PatientId,
                BirthDate = p.BirthDate,
                Sex = p.Sex,
                Date = s.Date,
                Time = s.Time,
                Accession = s.Accession,
                Description = s.Description,
                Modalities = s.Modalities,
                SeriesCount = s.SeriesCount,
                InstanceCount = s.InstanceCount,
                Size = s.Size,
            }).SingleOrDefaultAsync(token);
            if (row is null)
            {
                return false;
            }
            (row.DeletedAt, row.DueAt) = (now, now + _options.BinAge);
            db.Bin.Add(row);
            await db.SaveChangesAsync(token);
            await db.Database.ExecuteSqlAsync($"""
                INSERT INTO bin_file (key, bin, size, data_offset, header_length, syntax, digest, received_digest, received_at, origin, calling_ae, called_ae, remote_host)
                SELECT i.key, {row.Id}, i.size, i.data_offset, i.header_length, i.syntax, i.digest, i.received_digest, i.received_at, i.origin, i.calling_ae, i.called_ae, i.remote_host
                FROM instance i JOIN series r ON r.id = i.series JOIN study s ON s.id = r.study WHERE s.public_id = {study.ToBytes()}
                """, token);
            _ = DeleteSql.Delete((SqliteConnection)db.Database.GetDbConnection(), (SqliteTransaction)db.Database.CurrentTransaction!.GetDbTransaction(), Level.Study, study, now, _options.TrashAge);
            await db.Database.ExecuteSqlAsync($"DELETE FROM trash WHERE key IN (SELECT key FROM bin_file WHERE bin = {row.Id})", token);
            LogPut(study, row.InstanceCount);
            return true;
        }, ct);
        return deleted;
    }

    /// <summary>What is in the bin, newest first.</summary>
    public Task<List<BinStudy>> ListAsync(int limit, CancellationToken ct) =>
        _reader.ReadAsync((db, token) => db.Bin.OrderByDescending(b => b.Id).Take(limit).ToListAsync(token), ct);

    /// <summary>How many studies there are.</summary>
    public Task<int> CountAsync(CancellationToken ct) => _reader.ReadAsync((db, token) => db.Bin.CountAsync(token), ct);

    /// <summary>Brings a study back, announced as one that was here before: nothing is sent or written a second time.</summary>
    /// <returns>Null when it is not in the bin.</returns>
    /// <exception cref="IndexUnavailableException">The index cannot be written. What is back already stays; the rest can be restored again.</exception>
    public async Task<BinResult?> RestoreAsync(long id, CancellationToken ct)
    {
        var (row, files) = await _reader.ReadAsync(async (db, token) =>
            (await db.Bin.FirstOrDefaultAsync(b => b.Id == id, token), await db.BinFiles.Where(f => f.BinId == id).OrderBy(f => f.Key).ToListAsync(token)), ct);
        if (row is null)
        {
            return null;
        }
        var restored = 0;
        foreach (var some in files.Chunk(Batch))
        {
            ct.ThrowIfCancellationRequested();
            var records = await Task.WhenAll(some.Select(file => _store.RunAsync(() => Read(file))));
            foreach (var record in records.OfType<InstanceRecord>())
            {
                var result = await _writer.StoreAsync(record); // the same row as before, or the one of an instance that came again meanwhile
                restored += result.IsSafe ? 1 : 0;
            }
        }
        await RemoveAsync([id], ct);
        LogRestored(row.Study, restored, files.Count - restored);
        return new BinResult(row.Study, restored, files.Count - restored);
    }

    /// <summary>Removes studies for good: their files go to the trash.</summary>
    /// <param name="id">The study, or null for all in the bin.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many.</returns>
    public async Task<int> EmptyAsync(long? id, CancellationToken ct) =>
        await RemoveAsync(await _reader.ReadAsync((db, token) => db.Bin.Where(b => id == null || b.Id == id).Select(b => b.Id).ToListAsync(token), ct), ct);

    /// <summary>Removes what has been here long enough.</summary>
    /// <returns>How many studies.</returns>
    internal async Task<int> ExpireAsync(CancellationToken ct)
    {
        var now = _time.GetUtcNow();
        return await RemoveAsync(await _reader.ReadAsync((db, token) => db.Bin.Where(b => b.DueAt <= now).Select(b => b.Id).ToListAsync(token), ct), ct);
    }

    private async Task<int> RemoveAsync(List<long> ids, CancellationToken ct)
    {
        foreach (var id in ids)
        {
            var due = (_time.GetUtcNow() + _options.TrashAge).ToUnixTimeMilliseconds();
            await _writer.WriteAsync(async (db, token) =>
            {
                // what was restored has its file in the index
                await db.Database.ExecuteSqlAsync($"""
                    INSERT INTO trash (key, due_at, attempts) SELECT key, {due}, 0 FROM bin_file
                    WHERE bin = {id} AND key NOT IN (SELECT key FROM instance) AND key NOT IN (SELECT key FROM conflict WHERE key IS NOT NULL) ON CONFLICT DO NOTHING
                    """, token);
                await db.BinFiles.Where(f => f.BinId == id).ExecuteDeleteAsync(token);
                await db.Bin.Where(b => b.Id == id).ExecuteDeleteAsync(token);
            }, ct);
        }
        return ids.Count;
    }

    private InstanceRecord? Read(BinFile file)
    {
        try
        {
            var stored = new StoredFile(file.Key, file.Size, file.DataOffset, file.HeaderLength, file.Syntax, file.Digest, file.ReceivedDigest, file.ReceivedAt,
                new Origin(file.Origin, file.CallingAe, file.CalledAe, file.RemoteHost));
            if (_store.IsWhole(file.Key, file.Size) && InstanceRecord.FromFile(_store.PathOf(file.Key), _ => stored, rebuilt: true) is { } record)
            {
                return record;
            }
            LogUnreadable(file.Key, null);
        }
        catch (Exception e) when (e is DicomException or IOException or UnauthorizedAccessException)
        {
            LogUnreadable(file.Key, e);
        }
        return null;
    }

    [LoggerMessage(70, LogLevel.Information, "Study {Study} was put into the bin with {Instances} instances.")]
    private partial void LogPut(ResourceId study, int instances);

    [LoggerMessage(71, LogLevel.Information, "Study {Study} was restored with {Instances} instances; {Missing} are missing.")]
    private partial void LogRestored(ResourceId study, int instances, int missing);

    [LoggerMessage(72, LogLevel.Error, "The file {Key} in the bin is missing or cannot be read.")]
    private partial void LogUnreadable(string key, Exception? e);
}
