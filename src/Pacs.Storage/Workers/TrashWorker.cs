using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>Removes files nobody refers to any more: the file first, then the row that remembers it, so that a crash leaves nothing behind.</summary>
public sealed partial class TrashWorker(
    IndexReader reader, IndexWriter writer, FileInstanceStore store, StorageOptions options, TimeProvider time, ILogger<TrashWorker> log) : BackgroundService
{
    private const int Batch = 500;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly TimeSpan _interval = options.TrashAge < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : options.TrashAge < Longest ? options.TrashAge : Longest;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_interval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                while (await EmptyAsync(stoppingToken) == Batch)
                {
                    // there is more
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogFailed(e); // the index may be unavailable for a while; what is due stays due
            }
        }
    }

    /// <summary>Removes what is due, at most one batch.</summary>
    /// <returns>How many were due.</returns>
    internal async Task<int> EmptyAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var due = await reader.ReadAsync((db, token) => db.Trash.Where(t => t.DueAt <= now).OrderBy(t => t.DueAt).Take(Batch).Select(t => t.Key).ToListAsync(token), ct);
        if (due.Count == 0)
        {
            return 0;
        }
        var (gone, stuck) = await store.RunAsync(() =>
        {
            var gone = new List<string>(due.Count);
            var stuck = new List<string>();
            foreach (var key in due)
            {
                try
                {
                    store.Delete(key);
                    gone.Add(key);
                }
                catch (Exception e) when (StagedInstance.IsStorageFailure(e))
                {
                    stuck.Add(key);
                    LogStuck(key, e);
                }
            }
            return (gone, stuck);
        });
        var later = now.AddMinutes(10);
        await writer.WriteAsync(async (db, token) =>
        {
            await db.Trash.Where(t => gone.Contains(t.Key)).ExecuteDeleteAsync(token);
            await db.Trash.Where(t => stuck.Contains(t.Key))
                .ExecuteUpdateAsync(set => set.SetProperty(t => t.Attempts, t => t.Attempts + 1).SetProperty(t => t.DueAt, later), token);
        }, ct);
        return due.Count;
    }

    [LoggerMessage(40, LogLevel.Warning, "The deleted file {Key} cannot be removed; it is tried again.")]
    private partial void LogStuck(string key, Exception e);

    [LoggerMessage(41, LogLevel.Warning, "Deleted files could not be removed.")]
    private partial void LogFailed(Exception e);
}
