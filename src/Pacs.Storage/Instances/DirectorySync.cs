using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

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
        if (OperatingSystem.IsWindows())
        {
            return; // NTFS journals renames; there is no handle to flush
        }
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

    private static void Flush(string directory)
    {
        const int ReadOnlyDirectory = 0; // O_RDONLY; a directory can be opened for nothing else
        var handle = Open(Encoding.UTF8.GetBytes(directory + '\0'), ReadOnlyDirectory);
        if (handle < 0)
        {
            throw Failed(directory);
        }
        try
        {
            if (Fsync(handle) < 0)
            {
                throw Failed(directory);
            }
        }
        finally
        {
            _ = Close(handle);
        }
    }

    private static IOException Failed(string directory)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"Cannot flush the folder {directory}: {new Win32Exception(error).Message}", error);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fsync(int handle);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int handle);
}
