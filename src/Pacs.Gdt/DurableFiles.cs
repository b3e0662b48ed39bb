using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pacs.Gdt;

/// <summary>What became of a rename.</summary>
internal enum RenameResult
{
    /// <summary>The file has its new name.</summary>
    Renamed,

    /// <summary>There is a file of the new name; nothing has changed.</summary>
    Exists,

    /// <summary>The file to be renamed is not there.</summary>
    Missing,
}

/// <summary>The three things the base class library cannot do: rename without overwriting, in one step, and make names durable.</summary>
internal static partial class DurableFiles
{
    private const int ENOENT = 2;
    private const int EEXIST = 17;
    private const int EINVAL = 22;
    private const int ENOSYS = 38;
    private const int ENOTSUP = 95;
    private const int AtCurrentFolder = -100;
    private const uint NoReplace = 1;
    private const uint MoveWriteThrough = 8;
    private const int ErrorFileNotFound = 2;
    private const int ErrorPathNotFound = 3;
    private const int ErrorFileExists = 80;
    private const int ErrorAlreadyExists = 183;

    /// <summary>Writes a new file, or over an old one, and flushes it to the disk.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }
        // some shares report a full disk only here, or not at all
        var length = new FileInfo(path).Length;
        if (length != bytes.Length)
        {
            throw new IOException($"The file has {length} bytes instead of {bytes.Length}");
        }
    }

    /// <summary>Renames within a folder; never overwrites.</summary>
    /// <exception cref="IOException">It did not work, or nobody knows whether it did: look again.</exception>
    public static RenameResult Rename(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            if (MoveFileEx(from, to, MoveWriteThrough))
            {
                return RenameResult.Renamed;
            }
            var windowsError = Marshal.GetLastPInvokeError();
            return windowsError switch
            {
                ErrorFileExists or ErrorAlreadyExists => RenameResult.Exists,
                ErrorFileNotFound or ErrorPathNotFound => RenameResult.Missing,
                _ => throw Failure("rename", windowsError),
            };
        }
        if (OperatingSystem.IsLinux() && TryRenameAtomically(from, to) is { } result)
        {
            return result;
        }
        // NFS and a few FUSE file systems cannot rename without replacing. link() and unlink() instead would publish in two steps, and a crash between
        // them would publish twice; only this process makes files of such names here, so looking first is safe enough
        if (!File.Exists(from))
        {
            return RenameResult.Missing;
        }
        if (Path.Exists(to))
        {
            return RenameResult.Exists;
        }
        File.Move(from, to, overwrite: false);
        return RenameResult.Renamed;
    }

    /// <summary>Makes the names in a folder survive a power cut. Nothing to do on Windows, where renames are written through.</summary>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        using var handle = Open(folder, 0, 0);
        if (handle.IsInvalid)
        {
            throw Failure("open the folder", Marshal.GetLastPInvokeError());
        }
        if (FlushToDisk(handle) != 0 && Marshal.GetLastPInvokeError() is var error && error is not (EINVAL or ENOTSUP or ENOSYS))
        {
            throw Failure("flush the folder", error); // EINVAL: the file system needs or knows no such thing
        }
    }

    private static RenameResult? TryRenameAtomically(string from, string to)
    {
        try
        {
            if (RenameAt2(AtCurrentFolder, from, AtCurrentFolder, to, NoReplace) == 0)
            {
                return RenameResult.Renamed;
            }
        }
        catch (EntryPointNotFoundException)
        {
            return null; // musl before 1.2.6
        }
        return Marshal.GetLastPInvokeError() switch
        {
            EEXIST => RenameResult.Exists,
            ENOENT => RenameResult.Missing,
            EINVAL or ENOSYS or ENOTSUP => null,
            var error => throw Failure("rename", error),
        };
    }

    // the system's words only: file names have accession numbers in them
    private static IOException Failure(string what, int error) => new($"Cannot {what}: {new Win32Exception(error).Message}", error);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int fromFolder, string from, int toFolder, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FlushToDisk(SafeFileHandle handle);

    [LibraryImport("kernel32", EntryPoint = "MoveFileExW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool MoveFileEx(string from, string to, uint flags);
}
