using System.IO.Compression;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>Native frames, and those that are native but for their fragments: Encapsulated Uncompressed Explicit VR Little Endian (PS3.5 §8.1, §A.4.11).</summary>
internal sealed class UncompressedCodec : ICodec
{
    /// <inheritdoc/>
    public DecodedFrame Decode(ReadOnlyMemory<byte> frame, PixelDescription image) => NativeFrame.Unpack(frame.Span, 0, image);
}

/// <summary>Deflated Image Frame Compression: a native frame as one raw deflate stream (PS3.5 §8.2.16, §A.4.12).</summary>
internal sealed class DeflatedFrameCodec : ICodec
{
    /// <inheritdoc/>
    public DecodedFrame Decode(ReadOnlyMemory<byte> frame, PixelDescription image)
    {
        ArgumentNullException.ThrowIfNull(image);
        // as much as a frame has and no more, whatever else the stream expands to
        using var native = new PooledBytes(image.FrameLength);
        using var deflate = new DeflateStream(new MemoryStream(frame.ToArray(), writable: false), CompressionMode.Decompress);
        try
        {
            deflate.ReadExactly(native.Span);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new DicomException("A deflated frame that is damaged or too short", DicomTag.PixelData, -1, e);
        }
        return NativeFrame.Unpack(native.Span, 0, image);
    }
}
