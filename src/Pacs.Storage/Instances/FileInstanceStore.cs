using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Pacs.Storage;

/// <summary>
/// The files of all instances. Below the storage folder: <c>incoming/guid</c> while they arrive, then <c>yyyy/MM/dd/guid.dcm</c>, the day (UTC) and the
/// version 7 GUID telling when. No name comes from outside: UIDs are chosen by senders.
/// </summary>
public sealed class FileInstanceStore : IDisposable
{
    private const string Incoming = "incoming";
    private const string Unfinished = "unfinished";

    // long enough for somebody to look, and no hoard of what nobody looks at
    private static readonly TimeSpan AsideAge = TimeSpan.FromDays(30);

    // of a few pages the page cache makes less ado: measured
    private const int UncachedFrom = 16 * 1024;

    private const string KeyFormat = "yyyy'/'MM'/'dd'/'";
    private const string Extension = ".dcm";

    // what lies beside resources: it is no instance, so that recovery does not look at it
    private const string AttachmentExtension = ".bin";
    private const int DayLength = 10;
    private const int KeyLength = DayLength + 1 + 32 + 4;

    private readonly string _root;
    private readonly string _incoming;
    private readonly Reserve _reserve;
    private readonly StorageOptions _options;
    private readonly string _index;
    private readonly DirectorySync _directories = new();
    private readonly DiskThreads _disk;
    private readonly Lock _folders = new();
    private readonly SafeFileHandle? _fileSystem;
    private volatile string? _lastFolder;

    /// <summary>The store in <see cref="StorageOptions.StorageDirectory"/>, which is made when it is missing.</summary>
    internal FileInstanceStore(StorageOptions options, Reserve reserve)
    {
        ArgumentNullException.ThrowIfNull(options);
        _root = Path.GetFullPath(options.StorageDirectory);
        _incoming = Path.Join(_root, Incoming);
        _reserve = reserve;
        _options = options;
        _index = Path.GetFullPath(options.ResolvedIndexDirectory);
        Directory.CreateDirectory(_incoming);
        _disk = new DiskThreads(options.DiskThreads);
        // opened once: from here on it tells of every page that could not be written
        _fileSystem = Libc.SyncsFileSystems ? Libc.OpenDirectory(_root) : null;
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
    public void Dispose()
    {
        _disk.Dispose();
        _fileSystem?.Dispose();
    }

    /// <summary>Runs work that waits for the disk.</summary>
    internal Task<T> RunAsync<T>(Func<T> work) => _disk.RunAsync(work);

    /// <summary>Whether there is a file of this size.</summary>
    internal bool IsWhole(string key, long size)
    {
        var file = new FileInfo(PathOf(key));
        return file.Exists && file.Length == size;
    }

    /// <summary><see cref="ContentDigest"/> of the data set in a file. Reads all of it: for the disk threads.</summary>
    internal byte[] DigestOf(string key, long dataOffset)
    {
        using var file = new FileStream(PathOf(key), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 20, FileOptions.SequentialScan);
        file.Position = dataOffset;
        return ContentDigest.HashData(file);
    }

    /// <summary>Removes a file. Nothing happens when it is gone already.</summary>
    internal void Delete(string key) => File.Delete(PathOf(key));

    /// <summary>Whether files and index have room for more, see <see cref="StorageOptions.MinimumFreeSpace"/>.</summary>
    internal bool HasRoom() => _reserve.Keep() && HasRoom(_root) && HasRoom(_index);

    /// <summary>Whether the disk has been full a moment ago.</summary>
    internal bool IsFull => !_reserve.IsKept;

    /// <summary>A new file in the staging folder.</summary>
    internal (string Path, UncachedFile File) CreateStaged()
    {
        var path = Path.Join(_incoming, Guid.NewGuid().ToString("N"));
        return (path, new UncachedFile(path));
    }

    /// <summary>Writes a file under its key. Not durable: see <see cref="IntakeJournal"/>.</summary>
    /// <param name="content">All of it.</param>
    /// <param name="at">When the instance was received.</param>
    /// <returns>Its key.</returns>
    internal string Write(ReadOnlySpan<byte> content, DateTimeOffset at)
    {
        var key = NewKey(at);
        var path = Path.Join(_root, key);
        try
        {
            using var file = new UncachedFile(path, content.Length >= UncachedFrom);
            file.Append(content);
        }
        catch
        {
            File.Delete(path); // cut, and nobody is told of it
            throw;
        }
        CrashPoint.Hit("after-write");
        return key;
    }

    /// <summary>Makes files durable that <see cref="Write"/> has written. Those that have been deleted since are no matter. Blocks.</summary>
    /// <exception cref="IOException">The disk does not take them.</exception>
    internal void Flush(IReadOnlyCollection<string> keys)
    {
        if (keys.Count == 0)
        {
            return;
        }
        if (_fileSystem is not null)
        {
            Libc.SyncFileSystem(_fileSystem);
            return;
        }
        foreach (var key in keys)
        {
            try
            {
                using var file = File.OpenHandle(PathOf(key), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
                RandomAccess.FlushToDisk(file);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // deleted
            }
        }
        foreach (var day in keys.Select(DayOf).Distinct())
        {
            _directories.Sync(Path.Join(_root, day));
        }
    }

    /// <summary>Writes a file under its key again, durably. Blocks.</summary>
    internal void Rewrite(string key, ReadOnlySpan<byte> content)
    {
        _directories.Create(_root, DayOf(key));
        var (path, file) = CreateStaged();
        using (file)
        {
            file.Append(content);
            file.Flush();
        }
        File.Move(path, PathOf(key), overwrite: true);
        _directories.Sync(Path.Join(_root, DayOf(key)));
    }

    /// <summary>Whether a file has this content. Blocks.</summary>
    internal bool Has(string key, ReadOnlySpan<byte> content) => IsWhole(key, content.Length) && File.ReadAllBytes(PathOf(key)).AsSpan().SequenceEqual(content);

    /// <summary>Takes a file out of the way that nobody was promised. It is kept in the folder <c>unfinished</c>.</summary>
    internal void SetAside(string key)
    {
        var folder = Path.Join(_root, Unfinished);
        Directory.CreateDirectory(folder);
        File.Move(PathOf(key), Path.Join(folder, Path.GetFileName(key)), overwrite: true);
    }

    /// <summary>Gives a finished file its name. Durable when it returns.</summary>
    /// <param name="staged">The file, already flushed to the disk.</param>
    /// <param name="at">When the instance was received.</param>
    /// <returns>Its key.</returns>
    internal string Publish(string staged, DateTimeOffset at)
    {
        var key = NewKey(at);
        File.Move(staged, Path.Join(_root, key));
        CrashPoint.Hit("after-rename");
        _directories.Sync(Path.Join(_root, DayOf(key)));
        CrashPoint.Hit("after-dirsync");
        return key;
    }

    /// <summary>The key of a new attachment; its folder is there.</summary>
    internal string NewAttachmentKey(DateTimeOffset at) => NewKey(at, AttachmentExtension);

    /// <summary>A new file for an attachment.</summary>
    internal FileStream CreateAttachment(string key) => new(PathOf(key), FileMode.CreateNew, FileAccess.Write, FileShare.Delete, 0, FileOptions.Asynchronous);

    /// <summary>Makes an attachment and its name durable. Blocks.</summary>
    internal void FlushAttachment(string key, FileStream file)
    {
        file.Flush(flushToDisk: true);
        _directories.Sync(Path.Join(_root, DayOf(key)));
    }

    /// <summary>Removes what was never finished, and what was set aside long ago. Only while nobody else stages.</summary>
    /// <returns>How many unfinished files that were.</returns>
    internal int SweepIncoming(DateTimeOffset now)
    {
        foreach (var old in new DirectoryInfo(Path.Join(_root, Unfinished)) is { Exists: true } folder ? folder.EnumerateFiles() : [])
        {
            if (now.UtcDateTime - old.LastWriteTimeUtc > AsideAge)
            {
                old.Delete();
            }
        }
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
            ? Directory.EnumerateFiles(folder).Select(path => $"{day}/{Path.GetFileName(path)}").Where(key => IsKey(key, Extension)).Order(StringComparer.Ordinal)
            : [];
    }

    /// <summary>When the instance of a key was received: a version 7 GUID begins with it (RFC 9562 §5.7).</summary>
    internal static DateTimeOffset ReceivedAt(string key) =>
        DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(key.AsSpan(DayLength + 1, 12), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));

    /// <summary>The day of a key.</summary>
    internal static string DayOf(string key) => key[..DayLength];

    /// <summary>The day of what is received at a time.</summary>
    internal static string DayOf(DateTimeOffset at) => at.UtcDateTime.ToString(KeyFormat, CultureInfo.InvariantCulture).TrimEnd('/');

    internal string PathOf(string key) => IsKey(key, Extension) || IsKey(key, AttachmentExtension) ? Path.Join(_root, key) : throw new ArgumentException("Not a key of this store", nameof(key));

    private string NewKey(DateTimeOffset at, string extension = Extension)
    {
        var day = DayOf(at);
        if (_lastFolder != day)
        {
            // others wait: a folder is not there before its name is durable in its parent, even if a crash has left it behind
            lock (_folders)
            {
                _directories.Create(_root, day);
                _lastFolder = day;
            }
        }
        return $"{day}/{Guid.CreateVersion7(at):N}{extension}";
    }

    private static bool IsKey(string key, string extension)
    {
        if (key is not { Length: KeyLength } || key[4] != '/' || key[7] != '/' || key[DayLength] != '/' || !key.EndsWith(extension, StringComparison.Ordinal))
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
            return drive.AvailableFreeSpace >= (_options.MinimumFreeSpace ?? Math.Min(512L << 20, drive.TotalSize / 20));
        }
        catch (IOException)
        {
            return false; // the volume is gone
        }
    }

    private static IEnumerable<string> Folders(string path) =>
        Directory.EnumerateDirectories(path).Select(p => Path.GetFileName(p)).Where(n => n.All(char.IsAsciiDigit));
}
