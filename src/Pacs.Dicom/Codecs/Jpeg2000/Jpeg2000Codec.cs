using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// JPEG 2000 (PS3.5 §A.4.4; ISO/IEC 15444-1 = ITU-T T.800): a codestream, or one in JP2 boxes, with everything that part 1 has. The stream's word counts for
/// depth and sign; components that share a colour transform come out as RGB. High-Throughput JPEG 2000 (PS3.5 §A.4.9, part 15) is left to OpenJPEG.
/// </summary>
public sealed class Jpeg2000Codec : ICodec
{
    private readonly bool _useOpenJpeg;

    /// <summary>A codec that calls OpenJPEG where it is installed and needed.</summary>
    public Jpeg2000Codec()
        : this(useOpenJpeg: true)
    {
    }

    internal Jpeg2000Codec(bool useOpenJpeg) => _useOpenJpeg = useOpenJpeg;

    /// <inheritdoc/>
    public DecodedFrame Decode(ReadOnlyMemory<byte> frame, PixelDescription image) => new Codestream(frame, image, _useOpenJpeg).Decode();
}
