using Microsoft.Win32.SafeHandles;
using Pacs.Dicom.Imaging;
using Pacs.Web.Instances;

namespace Pacs.Web.DicomWeb;

/// <summary>Something that can be shown: bytes in memory, or pieces of a file, which is closed with it. To be disposed.</summary>
/// <param name="Type">Its media type.</param>
/// <param name="Memory">Its bytes, where they are in memory.</param>
/// <param name="File">The file, where they are not.</param>
/// <param name="Fragments">The pieces of the file.</param>
internal sealed record RenderedPart(string Type, ReadOnlyMemory<byte> Memory, SafeFileHandle? File = null, IReadOnlyList<ByteRange>? Fragments = null) : IDisposable
{
    /// <summary>Whose the memory is: disposed with it.</summary>
    public IDisposable? Owner { get; init; }

    /// <summary>How many bytes it has.</summary>
    public long Length => Fragments?.Sum(f => f.Length) ?? Memory.Length;

    /// <summary>Writes it.</summary>
    public async ValueTask WriteAsync(HttpResponse response, CancellationToken ct)
    {
        if (File is null)
        {
            await response.Body.WriteAsync(Memory, ct);
            return;
        }
        foreach (var fragment in Fragments ?? [])
        {
            await StoredFiles.SendAsync(response, File, fragment.Offset, fragment.Length, ct);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        File?.Dispose();
        Owner?.Dispose();
    }
}
