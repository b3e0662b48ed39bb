using System.Buffers;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>Files that are uploaded: the same path as from a device, behind the file's own meta group.</summary>
public sealed partial class Archive
{
    // a file meta group has some hundred bytes; who puts more than this before the data set has no file
    private const int MaxMeta = 64 * 1024;

    private const int Piece = 64 * 1024;

    /// <summary>
    /// Receives a DICOM file (PS3.10 §7) from a stream, to its end, or until it is known that it will not be stored. Which instance it is says the data set; its meta group, which
    /// may be wrong or missing, only the transfer syntax. The data set is stored byte for byte.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>For <see cref="CommitAsync"/>; to be disposed by the caller, whatever happens.</returns>
    /// <exception cref="DicomException">Not a DICOM file.</exception>
    /// <exception cref="IOException">The stream broke off.</exception>
    public async Task<StagedInstance> StageFileAsync(Stream file, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(file);
        var buffer = ArrayPool<byte>.Shared.Rent(MaxMeta);
        StagedInstance? staged = null;
        try
        {
            // as much as the meta group may have holds the first elements of the data set, too
            var filled = await file.ReadAtLeastAsync(buffer.AsMemory(0, MaxMeta), MaxMeta, throwOnEndOfStream: false, ct);
            var bytes = buffer.AsMemory(0, filled);
            if (!FileStart.TryRead(bytes, isWhole: filled < MaxMeta, out var start))
            {
                throw new DicomException("Not a DICOM file: its file meta group does not end");
            }
            staged = Stage(start.Uid(bytes, DicomTag.SOPClassUID, DicomTag.MediaStorageSOPClassUID), start.Uid(bytes, DicomTag.SOPInstanceUID, DicomTag.MediaStorageSOPInstanceUID),
                start.Syntax);
            await staged.AppendAsync(bytes[start.Length..]);
            while (staged.Refusal is null && await file.ReadAsync(buffer.AsMemory(0, Piece), ct) is var read and > 0)
            {
                await staged.AppendAsync(buffer.AsMemory(0, read));
            }
            return staged;
        }
        catch
        {
            if (staged is not null)
            {
                await staged.DisposeAsync();
            }
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
