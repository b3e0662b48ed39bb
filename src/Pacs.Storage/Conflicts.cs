using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>What two senders contradict each other in, once somebody has looked at it.</summary>
public sealed class Conflicts(IndexWriter writer, StorageOptions options, TimeProvider time)
{
    /// <summary>Settles a conflict: what is in the index stays as it is, and the file of a second copy goes.</summary>
    /// <returns>Whether there was one.</returns>
    public Task<bool> SettleAsync(long id, CancellationToken ct) => writer.WriteAsync(async (db, token) =>
    {
        if (await db.Conflicts.AsTracking().FirstOrDefaultAsync(c => c.Id == id, token) is not { } conflict)
        {
            return false;
        }
        if (conflict.Key is { } key)
        {
            db.Trash.Add(new TrashEntry { Key = key, DueAt = time.GetUtcNow() + options.TrashAge });
        }
        db.Conflicts.Remove(conflict);
        return true;
    }, ct);
}
