using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>Removes files nobody refers to any more: the file first, then the row that remembers it, so that a crash leaves nothing behind.</summary>
public sealed partial class TrashWorker : BackgroundService
{
    private const int Batch = 500;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly IndexReader _reader;
    private readonly IndexWriter _writer;
    private readonly FileInstanceStore _store;
    private readonly IntakeJournal _journal;
    private readonly TimeProvider _time;
    private readonly ILogger<TrashWorker> _log;
    private readonly TimeSpan _interval;

    internal TrashWorker(
        IndexReader reader, IndexWriter writer, FileInstanceStore store, IntakeJournal journal, StorageOptions options, TimeProvider time, ILogger<TrashWorker> log)
    {
        _reader = reader;
        _writer = writer;
        _store = store;
        _journal = journal;
        _time = time;
        _log = log;
        _interval = options.TrashAge < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : options.TrashAge < Longest ? options.TrashAge : Longest;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_interval, _time);
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
        var now = _time.GetUtcNow();
        var due = await _reader.ReadAsync((db, token) => db.Trash.Where(t => t.DueAt <= now).OrderBy(t => t.DueAt).Take(Batch).Select(t => t.Key).ToListAsync(token), ct);
        if (due.Count == 0)
        {
            return 0;
        }
        // a record in the journal would bring back after a crash what the index has forgotten by then
        await _journal.SettleAsync();
        var (gone, stuck) = await _store.RunAsync(() =>
        {
            var gone = new List<string>(due.Count);
            var stuck = new List<string>();
            foreach (var key in due)
            {
                try
                {
                    _store.Delete(key);
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
        await _writer.WriteAsync(async (db, token) =>
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
