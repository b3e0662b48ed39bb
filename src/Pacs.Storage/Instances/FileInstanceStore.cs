using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Pacs.Storage;

/// <summary>
/// The files of all instances. Below the storage folder: <c>incoming/guid</c> while they arrive, then <c>yyyy/MM/dd/guid.dcm</c>, the day (UTC) and the
/// version 7 GUID telling when. No name comes from outside: UIDs are chosen by senders.
/// </summary>
public sealed class FileInstanceStore : IDisposable
{
    private const string Incoming = "incoming";
    private const string KeyFormat = "yyyy'/'MM'/'dd'/'";
    private const string Extension = ".dcm";
    private const int DayLength = 10;
    private const int KeyLength = DayLength + 1 + 32 + 4;

    private readonly string _root;
    private readonly string _incoming;
    private readonly long? _minimumFree;
    private readonly string _index;
    private readonly DirectorySync _directories = new();
    private readonly DiskThreads _disk;
    private readonly Lock _folders = new();
    private volatile string? _lastFolder;
    private int _near;

    /// <summary>The store in <see cref="StorageOptions.StorageDirectory"/>, which is made when it is missing.</summary>
    public FileInstanceStore(StorageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _root = Path.GetFullPath(options.StorageDirectory);
        _incoming = Path.Join(_root, Incoming);
        _minimumFree = options.MinimumFreeSpace;
        _index = Path.GetFullPath(options.ResolvedIndexDirectory);
        Directory.CreateDirectory(_incoming);
        _disk = new DiskThreads(options.DiskThreads);
    }

    /// <summary>The storage folder.</summary>
    public string Root => _root;

    /// <summary>The path of an existing file, or null.</summary>
    /// <param name="key">A key of the index.</param>
    public string? TryGetPath(string key)
    {
        var path = PathOf(key);
        return File.Exists(path) ? path : null;
    }

    /// <summary>Opens a file for reading; deleting it meanwhile does not disturb the reader. Null when it is missing.</summary>
    public Stream? Open(string key)
    {
        try
        {
            return new FileStream(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 64 * 1024, FileOptions.Asynchronous | FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Opens a file behind its file meta group, for somebody who reads in large pieces on a thread of his own. Null unless it is there with its size.</summary>
    internal Stream? OpenDataset(string key, long size, int dataOffset)
    {
        try
        {
            // no buffer, no lock: files are never written again
            var stream = new FileStream(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
            if (stream.Length == size)
            {
                stream.Position = dataOffset;
                return stream;
            }
            stream.Dispose();
            return null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _disk.Dispose();

    /// <summary>Runs work that waits for the disk.</summary>
    internal Task<T> RunAsync<T>(Func<T> work) => _disk.RunAsync(work);

    /// <summary>
    /// As <see cref="RunAsync"/>, but the only one at the time stays on the caller's thread: a device that sends one instance after the other waits for
    /// every change of threads. For what is soon done.
    /// </summary>
    internal async ValueTask<T> RunNearAsync<T>(Func<T> work)
    {
        try
        {
            return Interlocked.Increment(ref _near) == 1 ? work() : await _disk.RunAsync(work);
        }
        finally
        {
            Interlocked.Decrement(ref _near);
        }
    }

    /// <summary>Whether there is a file of this size.</summary>
    internal bool IsWhole(string key, long size)
    {
        var file = new FileInfo(PathOf(key));
        return file.Exists && file.Length == size;
    }

    /// <summary>SHA-256 of the data set in a file. Reads all of it: for the disk threads.</summary>
    internal byte[] DigestOf(string key, long dataOffset)
    {
        using var file = new FileStream(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 20, FileOptions.SequentialScan);
        file.Position = dataOffset;
        return SHA256.HashData(file);
    }

    /// <summary>Removes a file. Nothing happens when it is gone already.</summary>
    internal void Delete(string key) => File.Delete(PathOf(key));

    /// <summary>Whether files and index have room for more, see <see cref="StorageOptions.MinimumFreeSpace"/>.</summary>
    internal bool HasRoom() => HasRoom(_root) && HasRoom(_index);

    /// <summary>A new file in the staging folder.</summary>
    internal (string Path, SafeFileHandle Handle) CreateStaged()
    {
        var path = Path.Join(_incoming, Guid.NewGuid().ToString("N"));
        return (path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete));
    }

    /// <summary>Gives a finished file its name. Durable when it returns.</summary>
    /// <param name="staged">The file, already flushed to the disk.</param>
    /// <param name="at">When the instance was received.</param>
    /// <returns>Its key.</returns>
    internal string Publish(string staged, DateTimeOffset at)
    {
        var day = at.UtcDateTime.ToString(KeyFormat, CultureInfo.InvariantCulture).TrimEnd('/');
        var folder = Path.Join(_root, day);
        if (_lastFolder != folder)
        {
            // others wait: a folder is not there before its name is durable in its parent, even if a crash has left it behind
            lock (_folders)
            {
                _directories.Create(_root, day);
                _lastFolder = folder;
            }
        }
        var name = Guid.CreateVersion7(at).ToString("N") + Extension;
        File.Move(staged, Path.Join(folder, name));
        CrashPoint.Hit("after-rename");
        _directories.Sync(folder);
        CrashPoint.Hit("after-dirsync");
        return $"{day}/{name}";
    }

    /// <summary>Removes what was never finished. Only while nobody else stages.</summary>
    /// <returns>How many files that were.</returns>
    internal int SweepIncoming()
    {
        var count = 0;
        foreach (var path in Directory.EnumerateFiles(_incoming))
        {
            File.Delete(path);
            count++;
        }
        return count;
    }

    /// <summary>The days that have a folder, newest first.</summary>
    internal IEnumerable<string> Days() =>
        from year in Folders(_root)
        from month in Folders(Path.Join(_root, year))
        from day in Folders(Path.Join(_root, year, month))
        let name = $"{year}/{month}/{day}"
        where DateOnly.TryParseExact(name, "yyyy'/'MM'/'dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
        orderby name descending
        select name;

    /// <summary>The keys of a day's files, oldest first. Files that are not named like ours are left alone.</summary>
    internal IEnumerable<string> Keys(string day)
    {
        var folder = Path.Join(_root, day);
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder).Select(path => $"{day}/{Path.GetFileName(path)}").Where(IsKey).Order(StringComparer.Ordinal)
            : [];
    }

    /// <summary>When the instance of a key was received: a version 7 GUID begins with it (RFC 9562 §5.7).</summary>
    internal static DateTimeOffset ReceivedAt(string key) =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(key.AsSpan(DayLength + 1, 12), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));

    /// <summary>The day of a key.</summary>
    internal static string DayOf(string key) => key[..DayLength];

    internal string PathOf(string key) => IsKey(key) ? Path.Join(_root, key) : throw new ArgumentException("Not a key of this store", nameof(key));

    private static bool IsKey(string key)
    {
        if (key is not { Length: KeyLength } || key[4] != '/' || key[7] != '/' || key[DayLength] != '/' || !key.EndsWith(Extension, StringComparison.Ordinal))
        {
            return false;
        }
        for (var i = 0; i < DayLength + 33; i++)
        {
            if (i is not (4 or 7 or DayLength) && !(i < DayLength ? char.IsAsciiDigit(key[i]) : char.IsAsciiHexDigitLower(key[i])))
            {
                return false;
            }
        }
        return true;
    }

    private bool HasRoom(string folder)
    {
        try
        {
            var drive = new DriveInfo(folder);
            return drive.AvailableFreeSpace >= (_minimumFree ?? Math.Min(512L << 20, drive.TotalSize / 20));
        }
        catch (IOException)
        {
            return false; // the volume is gone
        }
    }

    private static IEnumerable<string> Folders(string path) =>
        Directory.EnumerateDirectories(path).Select(p => Path.GetFileName(p)).Where(n => n.All(char.IsAsciiDigit));
}
