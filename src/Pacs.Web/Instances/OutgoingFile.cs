using System.Buffers;
using System.Runtime.CompilerServices;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.Http;

namespace Pacs.Web.Instances;

/// <summary>An instance on its way out, and the transfer syntax it goes in.</summary>
/// <param name="Location">Where it is.</param>
/// <param name="Syntax">How it goes out.</param>
/// <param name="IsAsStored">Whether the stored bytes are sent.</param>
/// <param name="IsDefault">Whether nobody has asked for this syntax in particular.</param>
internal sealed record OutgoingFile(InstanceLocation Location, TransferSyntax Syntax, bool IsAsStored, bool IsDefault)
{
    /// <summary>The same instance as it is stored: for what turns out not to be convertible.</summary>
    public OutgoingFile AsStored => this with { Syntax = TransferSyntax.Get(Location.SyntaxUid), IsAsStored = true };

    /// <summary>Decides how an instance goes out.</summary>
    /// <param name="location">Where it is.</param>
    /// <param name="wanted">The transfer syntax that the client takes: a UID, <c>*</c> for any, or null for the standard's default.</param>
    /// <param name="reason">Why it cannot be given so.</param>
    /// <returns>Null when it cannot be given so.</returns>
    public static OutgoingFile? For(InstanceLocation location, string? wanted, out string? reason)
    {
        reason = null;
        var stored = TransferSyntax.Get(location.SyntaxUid);
        var target = wanted is null ? TransferSyntax.ExplicitVRLittleEndian : TransferSyntax.Get(wanted);
        // PS3.18 §8.7.3.5.2: Explicit VR Little Endian where nothing is said, but not where that would only make what has been lost larger
        if (wanted == "*" || target == stored || (wanted is null && (IsLossy(stored) || !CanConvert(location, stored, target))))
        {
            return new OutgoingFile(location, stored, IsAsStored: true, wanted is null);
        }
        if (CanConvert(location, stored, target))
        {
            return new OutgoingFile(location, target, IsAsStored: false, wanted is null);
        }
        reason = $"{stored.Name} cannot be converted to {target.Name} here. Ask with transfer-syntax=* for instances as they are stored";
        return null;
    }

    /// <summary>The answer that is this file alone. Null when it is missing.</summary>
    /// <param name="archive">Where it is.</param>
    /// <param name="slots">Decoding waits for one.</param>
    /// <param name="name">The name under which a browser saves it.</param>
    public IResult? Answer(Archive archive, DecodingSlots slots, string name)
    {
        if (IsAsStored)
        {
            // a stored file never changes; a replaced one gets a new key
            return StoredFiles.TryOpen(archive, Location) is { } file
                ? new ByteAnswer(MediaTypes.Dicom, Path.GetFileNameWithoutExtension(Location.Key), file, 0, Location.Size) { FileName = name } : null;
        }
        return archive.TryGetPath(Location.Key) is { } path ? new ConvertedAnswer(this, archive, path, name, slots) : null;
    }

    /// <summary>The whole file in <see cref="Syntax"/>, in pieces, each valid until the next is asked for. Memory is that of one frame. See <see cref="ConvertedFile"/>, which knows beforehand whether it can be.</summary>
    /// <param name="path">Where its file is.</param>
    /// <param name="slots">Decoding waits for one.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="DicomException">The stored file is damaged.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ConvertAsync(string path, DecodingSlots slots, [EnumeratorCancellation] CancellationToken ct)
    {
        var meta = new ArrayBufferWriter<byte>(1024);
        FileMetaInformation.Write(meta, Location.SopClass, Location.SopInstance, Syntax);
        if (!InstanceHeader.MayHavePixels(Location) || TransferSyntax.Get(Location.SyntaxUid).IsDeflated)
        {
            var file = await DicomFile.OpenAsync(path, null, ct);
            DicomWriter.Write(file.Dataset, Syntax, meta);
            yield return meta.WrittenMemory;
            yield break;
        }
        using var pixels = InstancePixels.Open(path);
        using var pieces = Transcoder.Transcode(pixels, Syntax).GetEnumerator();
        var isFirst = true;
        while (true)
        {
            using (await slots.TakeAsync(ct))
            {
                if (!pieces.MoveNext())
                {
                    yield break;
                }
            }
            if (isFirst)
            {
                yield return meta.WrittenMemory;
                isFirst = false;
            }
            yield return pieces.Current;
        }
    }

    private static bool CanConvert(InstanceLocation location, TransferSyntax from, TransferSyntax to) => !InstanceHeader.MayHavePixels(location) || from.IsDeflated
        ? from.IsKnown && to is { IsKnown: true, IsEncapsulated: false }
        : Transcoder.CanTranscode(from, to);

    // near-lossless and JPEG 2000 may be without loss: then they are decoded when that is asked for
    private static bool IsLossy(TransferSyntax syntax) => syntax.IsVideo || syntax.Uid is DicomUid.JPEGBaseline8Bit or DicomUid.JPEGExtended12Bit or DicomUid.JPEGLSNearLossless or DicomUid.JPEG2000
        or DicomUid.HTJ2K;
}
