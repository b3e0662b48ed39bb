using Microsoft.Win32.SafeHandles;
using Pacs.Storage;

namespace Pacs.Web.Instances;

/// <summary>The files of the archive as answers are made of them.</summary>
internal static class StoredFiles
{
    // the least that is read at once; as much is as the block of the network's memory holds, which is small enough to stay in the cache of the processor between the two copies
    private const int Piece = 4 * 1024;

    // what goes to the kernel at once. A flush of each piece woke the client for each: a CT slice took half as long again
    private const int Gathered = 256 * 1024;

    /// <summary>Opens a file for reading at any place; it can be read to the end even if the instance is deleted meanwhile. Null when it is missing or has another size.</summary>
    public static SafeFileHandle? TryOpen(Archive archive, InstanceLocation location)
    {
        if (archive.TryGetPath(location.Key) is not { } path)
        {
            return null;
        }
        try
        {
            var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (RandomAccess.GetLength(file) == location.Size)
            {
                return file;
            }
            file.Dispose();
            return null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Whether the file is there with its size.</summary>
    public static bool IsWhole(Archive archive, InstanceLocation location) =>
        archive.TryGetPath(location.Key) is { } path && new FileInfo(path) is { Exists: true } file && file.Length == location.Size;

    /// <summary>Sends a part of a file, from the page cache through the memory that the socket sends from.</summary>
    /// <exception cref="IOException">The file cannot be read, or is shorter.</exception>
    public static async ValueTask SendAsync(HttpResponse response, SafeFileHandle file, long offset, long length, CancellationToken ct)
    {
        await AppendAsync(response, file, offset, length, ct);
        await response.BodyWriter.FlushAsync(ct);
    }

    /// <summary>As <see cref="SendAsync"/>, but the end may wait for what is written next, and is not sent without that: one system call for a part and what follows it.</summary>
    /// <exception cref="IOException">The file cannot be read, or is shorter.</exception>
    public static async ValueTask AppendAsync(HttpResponse response, SafeFileHandle file, long offset, long length, CancellationToken ct)
    {
        // what is written before the start is copied once more behind the header
        await response.StartAsync(ct);
        var writer = response.BodyWriter;
        while (length > 0)
        {
            var memory = writer.GetMemory(Piece);
            var count = RandomAccess.Read(file, memory.Span[..(int)Math.Min(length, memory.Length)], offset);
            if (count == 0)
            {
                throw new EndOfStreamException("A stored file is shorter than it was");
            }
            writer.Advance(count);
            offset += count;
            length -= count;
            if (writer.UnflushedBytes < Gathered)
            {
                continue;
            }
            var flushed = await writer.FlushAsync(ct);
            if (flushed.IsCompleted)
            {
                throw new OperationCanceledException("The client has gone");
            }
        }
    }
}
