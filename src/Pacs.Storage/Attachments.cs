using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>
/// Files that users put beside resources. Durable when <see cref="SetAsync"/> returns. The name of a file that is being written stands in the trash until its row is there: a crash leaves
/// nothing behind.
/// </summary>
public sealed class Attachments
{
    private const int Piece = 1 << 20;

    // nobody uploads for longer; what is still in the trash then is removed
    private static readonly TimeSpan Patience = TimeSpan.FromHours(12);

    private readonly FileInstanceStore _store;
    private readonly IndexWriter _writer;
    private readonly IndexReader _reader;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;

    internal Attachments(FileInstanceStore store, IndexWriter writer, IndexReader reader, StorageOptions options, TimeProvider time) =>
        (_store, _writer, _reader, _options, _time) = (store, writer, reader, options, time);

    /// <summary>The attachments of a resource, by number.</summary>
    public Task<List<Attachment>> ListAsync(Level level, ResourceId resource, CancellationToken ct) => _reader.ReadAsync(
        (db, token) => db.Attachments.Where(a => a.Level == level && a.Resource == resource).OrderBy(a => a.Number).ToListAsync(token), ct);

    /// <summary>An attachment, or null.</summary>
    public Task<Attachment?> FindAsync(Level level, ResourceId resource, int number, CancellationToken ct) =>
        _reader.ReadAsync((db, token) => FindAsync(db, level, resource, number, token), ct);

    /// <summary>Opens the file; it can be read to the end even if it is deleted meanwhile. Null when it is missing.</summary>
    public Stream? Open(Attachment attachment)
    {
        ArgumentNullException.ThrowIfNull(attachment);
        return _store.Open(attachment.Key);
    }

    /// <summary>Keeps a file, or replaces it.</summary>
    /// <param name="level">The level of the resource.</param>
    /// <param name="resource">The resource.</param>
    /// <param name="number">What it is.</param>
    /// <param name="content">Read to its end.</param>
    /// <param name="expected">What must be there now; null: whatever is.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>What became of it, and the revision it has now.</returns>
    /// <exception cref="IOException">There is no room, or the disk does not work.</exception>
    public async Task<(RevisionOutcome Outcome, Revision Revision)> SetAsync(Level level, ResourceId resource, int number, Stream content, Revision? expected, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(content);
        if (!await _reader.ReadAsync((db, token) => db.HasResourceAsync(level, resource, token), ct))
        {
            return (RevisionOutcome.NoResource, default);
        }
        var now = _time.GetUtcNow();
        var key = _store.NewAttachmentKey(now);
        await _writer.WriteAsync((db, _) =>
        {
            db.Trash.Add(new TrashEntry { Key = key, DueAt = now + Patience });
            return Task.CompletedTask;
        }, ct);
        var (size, md5) = await WriteAsync(key, content, ct);
        return await _writer.WriteAsync(async (db, token) =>
        {
            if (!await db.HasResourceAsync(level, resource, token))
            {
                return (RevisionOutcome.NoResource, default);
            }
            var entry = await FindAsync(db, level, resource, number, token);
            if (expected is not null && (entry is null || expected != new Revision(entry.Revision, entry.Md5)))
            {
                return (RevisionOutcome.Conflict, default);
            }
            await db.Trash.Where(t => t.Key == key).ExecuteDeleteAsync(token);
            if (entry is null)
            {
                db.Attachments.Add(entry = new Attachment { Level = level, Resource = resource, Number = number, Key = key, Size = size, Md5 = md5 });
            }
            else
            {
                Trash(db, entry.Key);
                (entry.Key, entry.Size, entry.Md5, entry.Revision) = (key, size, md5, entry.Revision + 1);
            }
            db.Announce(EventKind.UpdatedAttachment, level, resource, _time.GetUtcNow());
            return (RevisionOutcome.Done, new Revision(entry.Revision, md5));
        }, ct);
    }

    /// <summary>Removes a file.</summary>
    /// <param name="level">The level of the resource.</param>
    /// <param name="resource">The resource.</param>
    /// <param name="number">What it is.</param>
    /// <param name="expected">What must be there now; null: whatever is.</param>
    /// <param name="ct">Cancels.</param>
    public Task<RevisionOutcome> RemoveAsync(Level level, ResourceId resource, int number, Revision? expected, CancellationToken ct) => _writer.WriteAsync(async (db, token) =>
    {
        if (await FindAsync(db, level, resource, number, token) is not { } entry)
        {
            return RevisionOutcome.NoEntry;
        }
        if (expected is not null && expected != new Revision(entry.Revision, entry.Md5))
        {
            return RevisionOutcome.Conflict;
        }
        Trash(db, entry.Key);
        db.Attachments.Remove(entry);
        db.Announce(EventKind.UpdatedAttachment, level, resource, _time.GetUtcNow());
        return RevisionOutcome.Done;
    }, ct);

    /// <summary>The MD5 of a stream in lower case.</summary>
    [SuppressMessage("Security", "CA5351", Justification = "Orthanc's clients compare MD5; nothing is protected by it")]
    public static async Task<string> Md5Async(Stream content, CancellationToken ct) => Convert.ToHexStringLower(await MD5.HashDataAsync(content, ct));

    [SuppressMessage("Security", "CA5351", Justification = "Orthanc's clients compare MD5; nothing is protected by it")]
    private async Task<(long Size, string Md5)> WriteAsync(string key, Stream content, CancellationToken ct)
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        await using var file = _store.CreateAttachment(key);
        var block = new byte[Piece];
        while (await content.ReadAsync(block, ct) is var read and > 0)
        {
            if (!_store.HasRoom())
            {
                throw new IOException("The volume has less free space than it must keep");
            }
            md5.AppendData(block, 0, read);
            await file.WriteAsync(block.AsMemory(0, read), ct);
        }
        var size = file.Length;
        await _store.RunAsync(() =>
        {
            _store.FlushAttachment(key, file);
            return true;
        });
        return (size, Convert.ToHexStringLower(md5.GetHashAndReset()));
    }

    private void Trash(PacsDb db, string key) => db.Trash.Add(new TrashEntry { Key = key, DueAt = _time.GetUtcNow() + _options.TrashAge });

    private static Task<Attachment?> FindAsync(PacsDb db, Level level, ResourceId resource, int number, CancellationToken ct) =>
        db.Attachments.FirstOrDefaultAsync(a => a.Level == level && a.Resource == resource && a.Number == number, ct);
}
