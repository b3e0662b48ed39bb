using System.Diagnostics.CodeAnalysis;

namespace Pacs.Dicom.Codecs;

/// <summary>Which codec decodes the frames of which transfer syntax.</summary>
public static class CodecTable
{
    private static readonly UncompressedCodec Uncompressed = new();

    private static readonly JpegLsCodec JpegLs = new();
    private static readonly JpegCodec Jpeg = new();
    private static readonly Jpeg2000Codec Jpeg2000 = new();

    private static readonly Dictionary<string, ICodec> Codecs = new(StringComparer.Ordinal)
    {
        [DicomUid.ImplicitVRLittleEndian] = Uncompressed,
        [DicomUid.ExplicitVRLittleEndian] = Uncompressed,
        [DicomUid.EncapsulatedUncompressedExplicitVRLittleEndian] = Uncompressed,
        [DicomUid.DeflatedExplicitVRLittleEndian] = Uncompressed,
        [DicomUid.ExplicitVRBigEndian] = Uncompressed,
        [DicomUid.JPEGBaseline8Bit] = Jpeg,
        [DicomUid.JPEGExtended12Bit] = Jpeg,
        [DicomUid.JPEGSpectralSelectionNonHierarchical68] = Jpeg,
        [DicomUid.JPEGFullProgressionNonHierarchical1012] = Jpeg,
        [DicomUid.JPEGLossless] = Jpeg,
        [DicomUid.JPEGLosslessSV1] = Jpeg,
        [DicomUid.RLELossless] = new RleCodec(),
        [DicomUid.JPEGLSLossless] = JpegLs,
        [DicomUid.JPEGLSNearLossless] = JpegLs,
        [DicomUid.JPEG2000Lossless] = Jpeg2000,
        [DicomUid.JPEG2000] = Jpeg2000,
        [DicomUid.HTJ2KLossless] = Jpeg2000,
        [DicomUid.HTJ2KLosslessRPCL] = Jpeg2000,
        [DicomUid.HTJ2K] = Jpeg2000,
        [DicomUid.DeflatedImageFrameCompression] = new DeflatedFrameCodec(),
    };

    /// <summary>The codec of a transfer syntax.</summary>
    /// <param name="syntax">How the frames are stored.</param>
    /// <param name="codec">Decodes them.</param>
    /// <param name="reason">When there is none: why, and what to do; for somebody who wants to see the picture.</param>
    public static bool TryGet(TransferSyntax syntax, [NotNullWhen(true)] out ICodec? codec, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(syntax);
        reason = null;
        if (Codecs.TryGetValue(syntax.Uid, out codec))
        {
            return true;
        }
        codec = null;
        reason = Missing(syntax);
        return false;
    }

    private static string Missing(TransferSyntax syntax)
    {
        if (syntax.IsVideo)
        {
            return $"{syntax.Name} is a video: it has no frames that could be decoded alone. Retrieve it as a whole";
        }
        return syntax.IsKnown
            ? $"Frames in {syntax.Name} ({syntax.Uid}) cannot be decoded here. Retrieve the instance as it is stored"
            : $"The transfer syntax {syntax.Uid} is not known here. Retrieve the instance as it is stored";
    }
}
