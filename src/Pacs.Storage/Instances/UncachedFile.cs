using Microsoft.Win32.SafeHandles;

namespace Pacs.Storage;

/// <summary>
/// A new file that is written past the page cache where the system has that (O_DIRECT). An instance is seldom read in the next minutes, and then once:
/// copying it into pages that have to be found first costs more than writing it, and takes them from what is read again and again.
/// </summary>
internal sealed class UncachedFile : IDisposable
{
    /// <summary>What address, offset and length of an uncached write must be multiples of: the pages of all disks and file systems that we know.</summary>
    public const int Alignment = 4096;

    private readonly SafeFileHandle _handle;
    private bool _uncached;

    /// <param name="path">The path, where there must be no file.</param>
    /// <param name="uncached">Whether it is worth it: of a few pages the page cache makes less ado.</param>
    public UncachedFile(string path, bool uncached = true)
    {
        _handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        _uncached = uncached && Libc.TrySetDirect(_handle, direct: true);
    }

    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <summary>Writes at the end. Whole pages go past the cache as long as all before them were whole and the memory is aligned.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        var whole = _uncached ? bytes.Length & -Alignment : 0;
        if (whole > 0)
        {
            try
            {
                RandomAccess.Write(_handle, bytes[..whole], Length);
            }
            catch (Exception e) when (StagedInstance.IsStorageFailure(e) || e is ArgumentException)
            {
                // a file system that took the flag and not the write; if the disk is full the second attempt says so
                UseCache();
                RandomAccess.Write(_handle, bytes[..whole], Length);
            }
        }
        if (whole < bytes.Length)
        {
            UseCache();
            RandomAccess.Write(_handle, bytes[whole..], Length + whole);
        }
        Length += bytes.Length;
    }

    /// <summary>Reads what was written.</summary>
    /// <returns>How many bytes; 0 at the end.</returns>
    public int Read(long offset, Span<byte> destination)
    {
        UseCache();
        return RandomAccess.Read(_handle, destination, offset);
    }

    /// <summary>Makes it durable; its name is another matter.</summary>
    /// <exception cref="IOException">The disk does not take it, or has not taken all of it.</exception>
    public void Flush()
    {
        RandomAccess.FlushToDisk(_handle);
        // some file systems notice only now that they had no room
        if (RandomAccess.GetLength(_handle) != Length)
        {
            throw new IOException("The file is not as long as what was written");
        }
    }

    public void Dispose() => _handle.Dispose();

    private void UseCache()
    {
        if (_uncached)
        {
            _uncached = false;
            Libc.TrySetDirect(_handle, direct: false);
        }
    }
}
