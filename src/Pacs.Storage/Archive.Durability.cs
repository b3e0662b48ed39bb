using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>An instance as others name it.</summary>
/// <param name="SopClass">(0008,1150).</param>
/// <param name="SopInstance">(0008,1155).</param>
public readonly record struct InstanceReference(string SopClass, string SopInstance);

/// <summary>What can be promised about an instance.</summary>
public enum Durability
{
    /// <summary>It is in the index, and its file is on the disk as it was stored.</summary>
    Durable,

    /// <summary>There is no such instance.</summary>
    Unknown,

    /// <summary>There is one with that UID, of another SOP class.</summary>
    OtherClass,

    /// <summary>It is in the index, but its file is missing, has another length, other content, or cannot be read.</summary>
    Damaged,
}

/// <summary>What is kept for good.</summary>
public sealed partial class Archive
{
    // as many as a statement takes at once without keeping the index's log from being folded
    private const int DurabilityBatch = 500;

    /// <summary>
    /// Whether instances survive a power cut now: each has a committed row, and a file of its length. The last word before a device is told that it may delete its own.
    /// </summary>
    /// <param name="references">Which instances.</param>
    /// <param name="readsFiles">Whether the files are read, too, and compared with what was stored, where that is known.</param>
    /// <param name="ct">Cancels between two instances.</param>
    /// <returns>One answer for each, in their order.</returns>
    public async Task<IReadOnlyList<Durability>> IsDurableAsync(IReadOnlyList<InstanceReference> references, bool readsFiles, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(references);
        var answers = new List<Durability>(references.Count);
        foreach (var batch in references.Chunk(DurabilityBatch))
        {
            var uids = batch.Select(r => r.SopInstance).Distinct(StringComparer.Ordinal).ToArray();
            var rows = await _reader.ReadAsync(
                (db, token) => db.Instances.Where(i => uids.Contains(i.Uid)).Select(i => new { i.Uid, i.SopClass, i.Key, i.Size, i.DataOffset, i.Digest }).ToListAsync(token), ct);
            // a row may be there a moment before it is durable; one whose file does not get there has none then
            await _journal.OthersAsync();
            var known = rows.ToLookup(r => r.Uid, StringComparer.Ordinal);
            foreach (var reference in batch)
            {
                ct.ThrowIfCancellationRequested();
                // studies may share a UID: one that is whole will do
                var same = known[reference.SopInstance].Where(r => r.SopClass == reference.SopClass).ToList();
                if (same.Count == 0)
                {
                    answers.Add(known.Contains(reference.SopInstance) ? Durability.OtherClass : Durability.Unknown);
                    continue;
                }
                var isWhole = await _store.RunAsync(() => same.Exists(r => IsWhole(r.Key, r.Size, r.DataOffset, readsFiles ? r.Digest : null)));
                answers.Add(isWhole ? Durability.Durable : Durability.Damaged);
            }
        }
        return answers;
    }

    private bool IsWhole(string key, long size, int dataOffset, byte[]? digest)
    {
        try
        {
            return _store.IsWhole(key, size) && (digest is null || (_store.DigestOf(key, dataOffset) is var found && (found.Length != digest.Length || found.AsSpan().SequenceEqual(digest))));
        }
        catch (Exception e) when (StagedInstance.IsStorageFailure(e))
        {
            LogUnreadable(key, e);
            return false;
        }
    }

    [LoggerMessage(55, LogLevel.Error, "The file {Key} cannot be read.")]
    private partial void LogUnreadable(string key, Exception e);
}
