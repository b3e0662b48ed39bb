using System.Diagnostics.CodeAnalysis;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Web.Http;

namespace Pacs.Web.DicomWeb;

/// <summary>How the frames of an instance go out.</summary>
/// <param name="Type">The media type of a part.</param>
/// <param name="Syntax">The transfer syntax of its bytes.</param>
/// <param name="IsStored">Whether the stored bytes are sent; else the samples, decoded, in little endian or compressed without loss.</param>
/// <param name="IsMultipart">Whether in parts; else the only frame alone.</param>
internal sealed record FrameForm(string Type, TransferSyntax Syntax, bool IsStored, bool IsMultipart)
{
    // PS3.18 table 8.7.3-4: what these types mean where no transfer syntax is named, as far as we can write it
    private static readonly (string Type, TransferSyntax Syntax)[] Encodable =
    [
        ("image/jls", TransferSyntax.Get(DicomUid.JPEGLSLossless)), ("image/jpeg", TransferSyntax.Get(DicomUid.JPEGLosslessSV1)), ("image/dicom-rle", TransferSyntax.RleLossless),
    ];

    /// <summary>The type with its parameter: without it viewers take the bytes for uncompressed.</summary>
    public string ContentType => $"{Type}; transfer-syntax={Syntax.Uid}";

    /// <summary>Finds a form that the client takes (PS3.18 §8.7.3.3 and §8.7.4).</summary>
    /// <param name="ranges">What it takes, best first.</param>
    /// <param name="stored">How the frames are stored.</param>
    /// <param name="form">The form.</param>
    /// <param name="reason">Why there is none.</param>
    public static bool TryChoose(IEnumerable<MediaRange> ranges, TransferSyntax stored, [NotNullWhen(true)] out FrameForm? form, [NotNullWhen(false)] out string? reason)
    {
        // the pixels of the other uncompressed syntaxes are those of this one, as we read them
        var syntax = stored.IsEncapsulated ? stored : TransferSyntax.ExplicitVRLittleEndian;
        var canDecode = CodecTable.TryGet(stored, out _, out var missing);
        foreach (var range in ranges)
        {
            var wanted = range.TransferSyntax;
            var isAny = range.Type == "*/*";
            // what nobody has asked for in particular comes as the standard's default does: in parts
            var isMultipart = range.IsMultipart || isAny;
            if (range.Takes(MediaTypes.OctetStream))
            {
                if (wanted == "*" || wanted == syntax.Uid || wanted == stored.Uid)
                {
                    form = new FrameForm(MediaTypes.OctetStream, syntax, IsStored: true, isMultipart);
                    reason = null;
                    return true;
                }
                if (canDecode && (wanted is null || wanted == DicomUid.ExplicitVRLittleEndian || wanted == DicomUid.ImplicitVRLittleEndian))
                {
                    form = new FrameForm(MediaTypes.OctetStream, TransferSyntax.ExplicitVRLittleEndian, IsStored: !stored.IsEncapsulated, isMultipart);
                    reason = null;
                    return true;
                }
            }
            if (StoredType(stored) is { } type && range.Takes(type) && (wanted is null or "*" || wanted == stored.Uid))
            {
                form = new FrameForm(type, stored, IsStored: true, isMultipart);
                reason = null;
                return true;
            }
            foreach (var (encoded, target) in Encodable)
            {
                if (!isAny && range.Takes(encoded) && (wanted is null || wanted == target.Uid) && Transcoder.CanTranscode(stored, target))
                {
                    form = new FrameForm(encoded, target, IsStored: false, isMultipart);
                    reason = null;
                    return true;
                }
            }
        }
        form = null;
        reason = missing ?? $"The frames are stored as {stored.Name}; ask for application/octet-stream, with transfer-syntax=* for the stored bytes";
        return false;
    }

    /// <summary>The media type of compressed frames (PS3.18 tables 8.7.3-4 and 8.7.3-5), or null where there is none.</summary>
    public static string? StoredType(TransferSyntax syntax) => syntax.Uid switch
    {
        "1.2.840.10008.1.2.4.50" or "1.2.840.10008.1.2.4.51" or "1.2.840.10008.1.2.4.57" or "1.2.840.10008.1.2.4.70" => "image/jpeg",
        "1.2.840.10008.1.2.4.80" or "1.2.840.10008.1.2.4.81" => "image/jls",
        "1.2.840.10008.1.2.4.90" or "1.2.840.10008.1.2.4.91" => "image/jp2",
        "1.2.840.10008.1.2.4.92" or "1.2.840.10008.1.2.4.93" => "image/jpx",
        "1.2.840.10008.1.2.4.110" or "1.2.840.10008.1.2.4.111" or "1.2.840.10008.1.2.4.112" => "image/jxl",
        "1.2.840.10008.1.2.4.201" or "1.2.840.10008.1.2.4.202" or "1.2.840.10008.1.2.4.203" => "image/jphc",
        "1.2.840.10008.1.2.5" => "image/dicom-rle",
        _ => null,
    };
}
