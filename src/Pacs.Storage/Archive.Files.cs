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
    /// Receives a DICOM file (PS3.10 §7) from a stream, to its end, or until it is known that it will not be stored. Of its meta group only the UIDs are taken; the data set is
    /// stored byte for byte.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="ct">Gives up.</param>
    /// <param name="announced">What SOP Class and Instance UID are taken from instead of the meta group, where that is known to be wrong; null for the meta group.</param>
    /// <returns>For <see cref="CommitAsync"/>; to be disposed by the caller, whatever happens.</returns>
    /// <exception cref="DicomException">Not a DICOM file.</exception>
    /// <exception cref="IOException">The stream broke off.</exception>
    public async Task<StagedInstance> StageFileAsync(Stream file, CancellationToken ct, DicomDataset? announced = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        var buffer = ArrayPool<byte>.Shared.Rent(MaxMeta);
        StagedInstance? staged = null;
        try
        {
            var filled = 0;
            DicomDataset? meta;
            int length;
            for (var isWhole = false; !FileMetaInformation.TryRead(buffer.AsMemory(0, filled), isWhole, out meta, out length);)
            {
                var count = filled < MaxMeta ? await file.ReadAsync(buffer.AsMemory(filled, MaxMeta - filled), ct) : throw new DicomException("Not a DICOM file: its file meta group does not end");
                isWhole = count == 0;
                filled += count;
            }
            var syntax = meta.GetString(DicomTag.TransferSyntaxUID) is { Length: > 0 } uid ? TransferSyntax.Get(uid)
                : throw new DicomException("A DICOM file says its transfer syntax", DicomTag.TransferSyntaxUID);
            staged = Stage(
                (announced is null ? meta.GetString(DicomTag.MediaStorageSOPClassUID) : announced.GetString(DicomTag.SOPClassUID)) ?? "",
                (announced is null ? meta.GetString(DicomTag.MediaStorageSOPInstanceUID) : announced.GetString(DicomTag.SOPInstanceUID)) ?? "", syntax);
            await staged.AppendAsync(buffer.AsMemory(length, filled - length));
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
