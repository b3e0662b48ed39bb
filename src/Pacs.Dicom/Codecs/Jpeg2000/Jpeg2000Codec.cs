using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// JPEG 2000 (PS3.5 §A.4.4; ISO/IEC 15444-1 = ITU-T T.800): a codestream, or one in JP2 boxes, with everything that part 1 has, and High-Throughput JPEG 2000 (PS3.5 §A.4.9; ISO/IEC 15444-15 = ITU-T T.814)
/// with up to three passes of a code block. The stream's word counts for depth and sign; components that share a colour transform come out as RGB.
/// </summary>
public sealed class Jpeg2000Codec : ICodec
{
    /// <inheritdoc/>
    public DecodedFrame Decode(ReadOnlyMemory<byte> frame, PixelDescription image) => new Codestream(frame, image).Decode();
}
