using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Pacs.Storage;

/// <summary>What the BCL does not offer of POSIX: fsync of a directory, fdatasync, syncfs, and writing past the page cache.</summary>
internal static class Libc
{
    private const int ReadOnly = 0; // O_RDONLY; a directory can be opened for nothing else
    private const int GetFlags = 3; // F_GETFL
    private const int SetFlags = 4; // F_SETFL

    // O_DIRECT, which is not the same everywhere (asm/fcntl.h)
    private static readonly int Direct = !OperatingSystem.IsLinux() ? 0 : RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 or Architecture.X86 => 0x4000,
        Architecture.Arm64 or Architecture.Arm => 0x10000,
        _ => 0,
    };

    /// <summary>Whether <see cref="SyncFileSystem"/> says when it failed: syncfs(2) does so since Linux 5.8.</summary>
    public static bool SyncsFileSystems { get; } = OperatingSystem.IsLinux() && Environment.OSVersion.Version >= new Version(5, 8);

    /// <summary>Opens a directory for <see cref="SyncDirectory"/> and <see cref="SyncFileSystem"/>.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle OpenDirectory(string path)
    {
        var handle = Open(Encoding.UTF8.GetBytes(path + '\0'), ReadOnly);
        return handle >= 0 ? new SafeFileHandle(handle, ownsHandle: true) : throw Failure($"Cannot open the folder {path}");
    }

    /// <summary>Makes the names in a directory durable.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public static void SyncDirectory(string path)
    {
        using var handle = OpenDirectory(path);
        if (Fsync(handle) < 0)
        {
            throw Failure($"Cannot flush the folder {path}");
        }
    }

    /// <summary>Makes everything durable that was written to the file system of a directory.</summary>
    /// <exception cref="IOException">Something of it could not be written since the handle was opened, or since the last call.</exception>
    public static void SyncFileSystem(SafeFileHandle directory)
    {
        if (Syncfs(directory) < 0)
        {
            throw Failure("Cannot flush the file system");
        }
    }

    /// <summary>Makes what was written to a file durable, and of its metadata only what reading it needs: half the price where it was overwritten.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public static void SyncData(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
        }
        else if (Fdatasync(file) < 0)
        {
            throw Failure("Cannot flush a file");
        }
    }

    /// <summary>Lets writes to a file go past the page cache, or through it again.</summary>
    /// <returns>False where the system or the file system does not have this.</returns>
    public static bool TrySetDirect(SafeFileHandle file, bool direct)
    {
        if (Direct == 0)
        {
            return false;
        }
        var flags = Fcntl(file, GetFlags, 0);
        return flags >= 0 && Fcntl(file, SetFlags, direct ? flags | Direct : flags & ~Direct) >= 0;
    }

    private static IOException Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {new Win32Exception(error).Message}", error);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fsync(SafeFileHandle handle);

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fdatasync(SafeFileHandle handle);

    [DllImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Syncfs(SafeFileHandle handle);

    // variadic in C: on Linux the third argument travels as any other does
    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fcntl(SafeFileHandle handle, int command, int argument);
}
