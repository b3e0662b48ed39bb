using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// JPEG Baseline, Extended, Lossless and Lossless SV1 (transfer syntaxes .50, .51, .57 and .70; PS3.5 §A.4.1, §8.2.1), and the progressive process where
/// it is met. Which of them a frame is, its own headers say. Samples equal those of dcmtk and libjpeg-turbo to the bit.
/// </summary>
/// <remarks>
/// Colour comes out as RGB, except from the lossless process, whose samples are as the Photometric Interpretation says. A stream that ends early is refused, as dcmtk, GDCM
/// and pydicom do: half a picture with an even grey below it is no diagnostic image.
/// </remarks>
public sealed class JpegCodec : ICodec
{
    /// <inheritdoc/>
    public DecodedFrame Decode(ReadOnlyMemory<byte> frame, PixelDescription image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var decoder = new JpegDecoder(image);
        return decoder.Decode(frame.Span);
    }
}
