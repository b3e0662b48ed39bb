using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>Rows that are made after the sender has been answered: the intake journal holds what they are made of (ADR 0029).</summary>
public sealed partial class Archive
{
    // enough for a good transaction, and little memory
    private const int MaxRowsToCome = 64;

    private static readonly TimeSpan RowRetry = TimeSpan.FromSeconds(1);

    private readonly Dictionary<ResourceId, Turn> _turns = [];
    private int _failing;

    // while a promised row cannot be written nothing new is taken
    private bool CanMakeRows => Volatile.Read(ref _failing) == 0;

    /// <summary>
    /// An instance that is being stored and may be answered before its row is there. The same instance from another sender waits until this is disposed: what becomes of
    /// it depends on the row.
    /// </summary>
    private sealed class Turn(Archive archive, ResourceId instance) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        /// <summary>The row cannot be made for now: whoever waits for it shall say so to his sender.</summary>
        public void Fail(IndexUnavailableException e) => _ended.TrySetException(e);

        public void Dispose()
        {
            lock (archive._turns)
            {
                archive._turns.Remove(instance);
            }
            _ended.TrySetResult();
        }
    }

    /// <returns>Null when so many wait for their rows that this instance has to wait for its own.</returns>
    private async ValueTask<Turn?> TakeTurnAsync(ResourceId instance)
    {
        while (true)
        {
            Turn? other;
            lock (_turns)
            {
                if (!_turns.TryGetValue(instance, out other))
                {
                    return _turns.Count < MaxRowsToCome ? _turns[instance] = new Turn(this, instance) : null;
                }
            }
            await other.Ended;
        }
    }

    // It has been promised: its row is tried again until it is there. A server that is stopped before finds the instance in the journal at its next start.
    private async Task MakeRowAsync(Task<StoreResult> indexing, InstanceRecord record, IntakeJournal.Entry entry, Turn turn)
    {
        var failures = 0;
        try
        {
            while (true)
            {
                try
                {
                    if ((await indexing).Outcome == StoreOutcome.Conflicting)
                    {
                        LogConflict(record.Identity.Instance, record.File.Key);
                    }
                    return;
                }
                catch (IndexUnavailableException e)
                {
                    if (failures++ == 0)
                    {
                        Interlocked.Increment(ref _failing);
                        turn.Fail(e);
                        LogRowToCome(record.Identity.Instance);
                    }
                    if (_journal.IsStopping)
                    {
                        entry.Keep();
                        return;
                    }
                    await Task.Delay(RowRetry, TimeProvider.System);
                    indexing = _writer.StoreLaterAsync(record);
                }
            }
        }
        catch (Exception e)
        {
            // the row itself is at fault: its file is adopted at the next start
            LogNoRow(record.File.Key, e);
        }
        finally
        {
            Interlocked.Add(ref _failing, failures > 0 ? -1 : 0);
            entry.Dispose();
            turn.Dispose();
        }
    }

    [LoggerMessage(57, LogLevel.Error, "The row of instance {Instance}, which is safe in the intake journal, cannot be written. It is tried again every second.")]
    private partial void LogRowToCome(ResourceId instance);

    [LoggerMessage(58, LogLevel.Error, "The row of {Key} cannot be made. The file is looked at again at the next start.")]
    private partial void LogNoRow(string key, Exception e);
}
