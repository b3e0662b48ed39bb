using Microsoft.Win32.SafeHandles;
using Pacs.Storage;

namespace Pacs.Web.DicomWeb;

/// <summary>The files of the archive as answers are made of them.</summary>
internal static class StoredFiles
{
    // what is gathered between two looks at whether the client still reads
    private const int Piece = 64 * 1024;

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

    /// <summary>Copies a part of a file into an answer, from the page cache into the memory that the socket sends from.</summary>
    /// <exception cref="IOException">The file cannot be read, or is shorter.</exception>
    public static async ValueTask SendAsync(HttpResponse response, SafeFileHandle file, long offset, long length, CancellationToken ct)
    {
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
            var flushed = await writer.FlushAsync(ct);
            if (flushed.IsCompleted)
            {
                throw new OperationCanceledException("The client has gone");
            }
        }
    }
}
