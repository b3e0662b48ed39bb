using System.Collections.Concurrent;

namespace Pacs.Storage;

/// <summary>
/// Makes the names in a directory durable. A rename is only on the disk after an fsync of the directory, which the BCL does not offer.
/// Callers that wait for the same directory share one fsync, if it begins after the last of them has renamed: nothing is promised earlier.
/// </summary>
internal sealed class DirectorySync
{
    private readonly ConcurrentDictionary<string, Queue> _queues = new(StringComparer.Ordinal);

    private sealed class Queue
    {
        public long Asked;
        public long Done;
        public bool Running;
    }

    /// <summary>Blocks until an fsync that began after this call has ended.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Sync(string directory)
    {
        var queue = _queues.GetOrAdd(directory, _ => new Queue());
        Monitor.Enter(queue);
        try
        {
            var mine = ++queue.Asked;
            while (queue.Done < mine)
            {
                if (queue.Running)
                {
                    Monitor.Wait(queue);
                    continue;
                }
                // whoever has asked until now is served by this one
                queue.Running = true;
                var served = queue.Asked;
                Monitor.Exit(queue);
                try
                {
                    Flush(directory);
                }
                catch
                {
                    served = 0; // the others try for themselves, and get their own error
                    throw;
                }
                finally
                {
                    Monitor.Enter(queue);
                    queue.Running = false;
                    queue.Done = Math.Max(queue.Done, served);
                    Monitor.PulseAll(queue);
                }
            }
        }
        finally
        {
            Monitor.Exit(queue);
        }
    }

    /// <summary>Makes a directory and its missing parents below a root, and their names durable.</summary>
    public void Create(string root, string relative)
    {
        var path = root;
        foreach (var part in relative.Split('/'))
        {
            var parent = path;
            path = Path.Join(parent, part);
            Directory.CreateDirectory(path);
            Sync(parent);
        }
    }

    /// <summary>Flushes a directory now.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public static void Flush(string directory)
    {
        // NTFS journals names; there is no handle to flush
        if (!OperatingSystem.IsWindows())
        {
            Libc.SyncDirectory(directory);
        }
    }
}
