using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>Rows that are made after the sender has been answered: the intake journal holds what they are made of (ADR 0029).</summary>
public sealed partial class Archive
{
    // enough for a good transaction, and little memory
    private const int MaxRowsToCome = 64;

    private static readonly TimeSpan RowRetry = TimeSpan.FromSeconds(1);

    private readonly HashSet<ResourceId> _rowsToCome = [];
    private int _failing;

    // while a promised row cannot be written nothing new is taken
    private bool CanMakeRows => Volatile.Read(ref _failing) == 0;

    // not for one that is on its way already: what becomes of the second the sender shall be told
    private bool MayComeLater(ResourceId instance)
    {
        lock (_rowsToCome)
        {
            return _rowsToCome.Count < MaxRowsToCome && _rowsToCome.Add(instance);
        }
    }

    private void End(IntakeJournal.Entry entry, ResourceId instance, bool wasToCome)
    {
        entry.Dispose();
        if (wasToCome)
        {
            lock (_rowsToCome)
            {
                _rowsToCome.Remove(instance);
            }
        }
    }

    // It has been promised: its row is tried again until it is there. A server that is stopped before finds the instance in the journal at its next start.
    private async Task MakeRowAsync(Task<StoreResult> indexing, InstanceRecord record, IntakeJournal.Entry entry)
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
                catch (IndexUnavailableException)
                {
                    if (failures++ == 0)
                    {
                        Interlocked.Increment(ref _failing);
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
            End(entry, record.Identity.Instance, wasToCome: true);
        }
    }

    [LoggerMessage(57, LogLevel.Error, "The row of instance {Instance}, which is safe in the intake journal, cannot be written. It is tried again every second.")]
    private partial void LogRowToCome(ResourceId instance);

    [LoggerMessage(58, LogLevel.Error, "The row of {Key} cannot be made. The file is looked at again at the next start.")]
    private partial void LogNoRow(string key, Exception e);
}
