using System.Buffers.Binary;
using Pacs.Dicom;
using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>
/// The transfer syntax of pixel data that come as a part of their own (PS3.18 §8.7.3.3). Most clients name it; where only the media type is there, the bytes say which of its syntaxes it is: calling a lossy
/// stream lossless, as the defaults of the standard's table would, is worse than looking.
/// </summary>
internal static class BulkDataSyntax
{
    /// <summary>Finds it.</summary>
    /// <param name="type">The media type of the part, without parameters.</param>
    /// <param name="named">The parameter <c>transfer-syntax</c>, or null.</param>
    /// <param name="bytes">The first frame.</param>
    /// <exception cref="DicomException">It is not to be found, or one that cannot be stored from here.</exception>
    public static TransferSyntax Of(string type, string? named, ReadOnlySpan<byte> bytes)
    {
        if (named is not null)
        {
            var syntax = TransferSyntax.Get(named);
            // uncompressed values are little endian here (PS3.18 §8.7.3.3.2)
            return syntax.IsEncapsulated ? syntax : named is DicomUid.ExplicitVRLittleEndian or DicomUid.ImplicitVRLittleEndian ? TransferSyntax.ExplicitVRLittleEndian
                : throw new DicomException("Bulk data of another transfer syntax than little endian or a compressed one", DicomTag.PixelData);
        }
        return type switch
        {
            MediaTypes.OctetStream => TransferSyntax.ExplicitVRLittleEndian,
            "image/dicom-rle" => TransferSyntax.RleLossless,
            "image/jpeg" or "image/jls" => Jpeg(bytes),
            "image/jp2" => TransferSyntax.Get(IsReversible(bytes) ? DicomUid.JPEG2000Lossless : DicomUid.JPEG2000),
            "image/jphc" => TransferSyntax.Get(IsReversible(bytes) ? DicomUid.HTJ2KLossless : DicomUid.HTJ2K),
            _ => throw Unknown(),
        };
    }

    // marker segments up to the scan (ISO/IEC 10918-1 annex B, 14495-1 annex C)
    private static TransferSyntax Jpeg(ReadOnlySpan<byte> bytes)
    {
        var frame = 0;
        for (var at = 2; at + 4 <= bytes.Length && bytes[at] == 0xFF;)
        {
            var marker = bytes[at + 1];
            var segment = bytes[(at + 2)..];
            var length = BinaryPrimitives.ReadUInt16BigEndian(segment);
            if (length < 2 || length > segment.Length)
            {
                break;
            }
            if (marker is 0xC0 or 0xC1 or 0xC3 or 0xF7)
            {
                frame = marker;
            }
            else if (marker == 0xDA && length >= 6)
            {
                // behind the components: Ss, which is the predictor of a lossless scan and NEAR of JPEG-LS
                var selection = segment[length - 3];
                return TransferSyntax.Get(frame switch
                {
                    0xC0 => DicomUid.JPEGBaseline8Bit,
                    0xC1 => DicomUid.JPEGExtended12Bit,
                    0xC3 => selection == 1 ? DicomUid.JPEGLosslessSV1 : DicomUid.JPEGLossless,
                    0xF7 => selection == 0 ? DicomUid.JPEGLSLossless : DicomUid.JPEGLSNearLossless,
                    _ => throw Unknown(),
                });
            }
            at += 2 + length;
        }
        throw Unknown();
    }

    // the transformation in COD (ISO/IEC 15444-1 §A.6.1): 1 for the reversible one
    private static bool IsReversible(ReadOnlySpan<byte> bytes)
    {
        for (var at = 2; at + 4 <= bytes.Length && bytes[at] == 0xFF;)
        {
            if (bytes[at + 1] == 0x52 && at + 14 <= bytes.Length)
            {
                return bytes[at + 13] == 1;
            }
            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]);
        }
        throw Unknown();
    }

    private static DicomException Unknown() => new("Compressed bulk data whose transfer syntax is neither named nor to be seen", DicomTag.PixelData);
}
