using Pacs.Dicom;
using Pacs.Dicom.Modification;

namespace Pacs.Storage;

/// <summary>
/// Applies <see cref="ICoercion"/>s to a staged instance: rewrites what is before the pixel data, copies the rest as it is, and records what the sender had
/// sent (PS3.3 §C.12.1.1.9).
/// </summary>
internal static class Coercion
{
    // a header is a few kilobytes; one with an embedded document is no device's mistake to repair
    private const long MaxHeader = 64L << 20;

    // what a coercion sees of the pixel data
    private const int MaxPixelData = 64 * 1024;

    private const int CopyBlock = 1 << 20;

    /// <summary>The header as it shall be stored.</summary>
    /// <param name="staged">The instance, complete.</param>
    /// <param name="coercions">Those that apply, in order.</param>
    /// <param name="origin">Where it came from.</param>
    /// <param name="at">When.</param>
    /// <returns>Null when nothing was changed, or the header is too big.</returns>
    /// <exception cref="InvalidOperationException">A coercion has changed the SOP Class or Instance UID.</exception>
    public static DicomDataset? Apply(StagedInstance staged, IReadOnlyList<ICoercion> coercions, Origin origin, DateTimeOffset at)
    {
        // a deflated data set has no beginning that could be changed alone
        var length = staged.Syntax.IsDeflated ? staged.FileLength - staged.DataOffset : staged.HeaderLength - staged.DataOffset;
        if (length > MaxHeader)
        {
            return null;
        }
        var bytes = new byte[length];
        staged.Read(staged.DataOffset, bytes);
        var header = DicomReader.Read(bytes, staged.Syntax);
        var before = header.ToDictionary(e => e.Tag);
        var pixelData = PixelData(staged, header);
        foreach (var coercion in coercions)
        {
            coercion.Apply(header, pixelData);
            if (header.GetString(DicomTag.SOPInstanceUID) != staged.SopInstance || header.GetString(DicomTag.SOPClassUID) != staged.SopClass)
            {
                throw new InvalidOperationException($"The coercion {coercion.Name} has changed the identity of an instance");
            }
        }
        var replaced = before.Values.Where(e => !ReferenceEquals(header.Get(e.Tag), e)).ToList();
        var added = header.Any(e => !before.ContainsKey(e.Tag));
        if (replaced.Count == 0 && !added)
        {
            return null;
        }
        OriginalAttributes.Note(header, before.GetValueOrDefault(DicomTag.SpecificCharacterSet), replaced, origin.CallingAe ?? "", at, OriginalAttributes.Coerced);
        return header;
    }

    /// <summary>Appends a coerced header and the rest of the original to a new staged instance.</summary>
    public static async Task RewriteAsync(FileInstanceStore store, StagedInstance original, DicomDataset header, StagedInstance copy)
    {
        await copy.AppendAsync(DicomWriter.ToBytes(header, original.Syntax));
        if (original.Syntax.IsDeflated)
        {
            return;
        }
        var block = new byte[Math.Min(CopyBlock, original.FileLength)];
        for (var offset = original.HeaderLength; offset < original.FileLength;)
        {
            var piece = block.AsMemory(0, (int)Math.Min(block.Length, original.FileLength - offset));
            var from = offset;
            await store.RunAsync(() =>
            {
                original.Read(from, piece.Span);
                return true;
            });
            await copy.AppendAsync(piece);
            offset += piece.Length;
        }
    }

    private static byte[] PixelData(StagedInstance staged, DicomDataset header)
    {
        if (staged.Syntax.IsDeflated)
        {
            return header.Get(DicomTag.PixelData) is { } element ? element.Value.Span[..Math.Min(element.Value.Length, MaxPixelData)].ToArray() : [];
        }
        // tag, VR, two bytes reserved, length; Implicit VR has tag and length only (PS3.5 §7.1)
        var start = staged.HeaderLength + (staged.Syntax.IsExplicitVr ? 12 : 8);
        var bytes = new byte[Math.Clamp(staged.FileLength - start, 0, MaxPixelData)];
        staged.Read(start, bytes);
        return bytes;
    }
}
