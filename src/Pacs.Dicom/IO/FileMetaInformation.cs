using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Pacs.Dicom;

/// <summary>What stands before the data set in a file: preamble, prefix and the file meta group 0002 (PS3.10 §7.1).</summary>
public static class FileMetaInformation
{
    /// <summary>(0002,0012): who wrote the file; a UID of this product under 2.25 (PS3.5 §B.2).</summary>
    public const string ImplementationClassUid = "2.25.325200606394570999757132853021155941673";

    /// <summary>(0002,0013): this product and its version, at most 16 characters.</summary>
    public const string ImplementationVersionName = "PACS_0.1.0";

    /// <summary>128 zero bytes, <c>DICM</c>, and a file meta group with its length: everything that precedes the data set.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="sopClass">(0002,0002), equal to (0008,0016) of the data set.</param>
    /// <param name="sopInstance">(0002,0003), equal to (0008,0018) of the data set.</param>
    /// <param name="syntax">How the data set that follows is written.</param>
    /// <param name="sourceAe">(0002,0016): the AE title that it came from, if it came from one.</param>
    /// <exception cref="DicomException">A UID or the AE title is not one.</exception>
    public static void Write(IBufferWriter<byte> writer, string sopClass, string sopInstance, TransferSyntax syntax, string? sourceAe = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(syntax);
        Check(DicomTag.MediaStorageSOPClassUID, sopClass);
        Check(DicomTag.MediaStorageSOPInstanceUID, sopInstance);
        Check(DicomTag.TransferSyntaxUID, syntax.Uid);
        if (sourceAe is not null && (sourceAe.Length > 16 || !Ascii.IsValid(sourceAe)))
        {
            throw new DicomException("An AE title has at most 16 ASCII characters", DicomTag.SourceApplicationEntityTitle);
        }
        // every UID has at most 64 bytes, so the whole has less than 600
        var span = writer.GetSpan(600);
        span[..128].Clear();
        "DICM"u8.CopyTo(span[128..]);
        var at = 132 + 12;
        // (0002,0001) is OB: two bytes reserved, 32-bit length; value 00 01 (PS3.10 table 7.1-1)
        ReadOnlySpan<byte> version = [0x02, 0x00, 0x01, 0x00, (byte)'O', (byte)'B', 0, 0, 2, 0, 0, 0, 0x00, 0x01];
        version.CopyTo(span[at..]);
        at += version.Length;
        at = Text(span, at, DicomTag.MediaStorageSOPClassUID, DicomVr.UI, sopClass);
        at = Text(span, at, DicomTag.MediaStorageSOPInstanceUID, DicomVr.UI, sopInstance);
        at = Text(span, at, DicomTag.TransferSyntaxUID, DicomVr.UI, syntax.Uid);
        at = Text(span, at, DicomTag.ImplementationClassUID, DicomVr.UI, ImplementationClassUid);
        at = Text(span, at, DicomTag.ImplementationVersionName, DicomVr.SH, ImplementationVersionName);
        if (!string.IsNullOrEmpty(sourceAe))
        {
            at = Text(span, at, DicomTag.SourceApplicationEntityTitle, DicomVr.AE, sourceAe);
        }
        Header(span[132..], DicomTag.FileMetaInformationGroupLength, DicomVr.UL, 4);
        BinaryPrimitives.WriteInt32LittleEndian(span[140..], at - 144);
        writer.Advance(at);
    }

    /// <summary>Reads what stands before the data set of a file that is still coming.</summary>
    /// <param name="start">The file from its first byte, as far as it has come.</param>
    /// <param name="isWhole">Whether nothing more comes.</param>
    /// <param name="meta">Group 0002. Its values are slices of <paramref name="start"/>.</param>
    /// <param name="length">How many bytes precede the data set.</param>
    /// <returns>False when more is needed.</returns>
    /// <exception cref="DicomException">Not a DICOM file, or its file meta group is damaged.</exception>
    public static bool TryRead(ReadOnlyMemory<byte> start, bool isWhole, [NotNullWhen(true)] out DicomDataset? meta, out int length) =>
        FileParsing.TryReadMeta(start, isWhole, out meta, out length);

    private static void Check(DicomTag tag, string uid)
    {
        if (!DicomUid.IsTolerable(uid))
        {
            throw new DicomException("Not a UID", tag);
        }
    }

    private static int Text(Span<byte> span, int at, DicomTag tag, DicomVr vr, string value)
    {
        var padded = (value.Length + 1) & ~1;
        Header(span[at..], tag, vr, padded);
        at += 8;
        span[at + padded - 1] = vr.Padding;
        Encoding.ASCII.GetBytes(value, span[at..]);
        return at + padded;
    }

    private static void Header(Span<byte> span, DicomTag tag, DicomVr vr, int length)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(span, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(span[2..], tag.Element);
        BinaryPrimitives.WriteUInt16BigEndian(span[4..], vr.Code);
        BinaryPrimitives.WriteUInt16LittleEndian(span[6..], (ushort)length);
    }
}
