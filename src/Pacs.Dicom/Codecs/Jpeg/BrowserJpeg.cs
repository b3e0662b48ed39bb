using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// How a stored JPEG frame goes to a browser without being decoded: first <see cref="Prefix"/>, then the stored bytes from <see cref="Start"/> on.
/// </summary>
/// <param name="Start">Stored bytes to leave out at the beginning.</param>
/// <param name="Prefix">Bytes to send in their place; empty when the frame goes as it is.</param>
public readonly record struct BrowserJpeg(int Start, ReadOnlyMemory<byte> Prefix)
{
    // start of image, and Adobe's segment: version 100, no flags, transform 0 (RGB)
    private static readonly byte[] RgbPrefix = [0xFF, JpegMarker.StartOfImage, 0xFF, JpegMarker.App14, 0, 14, .. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0];

    /// <summary>Looks at the headers of a frame.</summary>
    /// <param name="frame">The frame, or as much of its beginning as holds the frame header; the segments before it are seldom larger than some kilobytes.</param>
    /// <param name="image">What the data set says.</param>
    /// <returns>
    /// Null when a browser cannot show the stored bytes, or would not show what a viewer shows: 12 bits, lossless, four components, MONOCHROME1, palettes; or when
    /// the headers are damaged or not all there. The frame has to be decoded then.
    /// </returns>
    public static BrowserJpeg? Prepare(ReadOnlySpan<byte> frame, PixelDescription image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (frame.Length < 2 || frame[0] != 0xFF || frame[1] != JpegMarker.StartOfImage)
        {
            return null;
        }
        try
        {
            var color = default(JpegColorSpace);
            var at = 2;
            while (JpegSegment.TryRead(frame, at, out var segment))
            {
                if (segment.Marker is JpegMarker.Baseline or JpegMarker.Extended or JpegMarker.Progressive)
                {
                    return Prepare(segment.Content, color, image);
                }
                if (segment.Marker is JpegMarker.Lossless or JpegMarker.StartOfScan or JpegMarker.EndOfImage || JpegMarker.Unsupported(segment.Marker) is not null)
                {
                    return null;
                }
                color.Take(segment);
                at = segment.End;
            }
        }
        catch (DicomException)
        {
            // a damaged or cut header: whoever decodes it says so in full
        }
        return null;
    }

    private static BrowserJpeg? Prepare(ReadOnlySpan<byte> header, JpegColorSpace color, PixelDescription image)
    {
        if (header.Length < 6 || header[0] != 8 || header.Length < 6 + (3 * header[5]))
        {
            return null;
        }
        var components = header[6..];
        return header[5] switch
        {
            1 => image.PhotometricInterpretation == "MONOCHROME2" ? default(BrowserJpeg) : null,
            // RGB that only the data set knows of: a browser would take it for YCbCr
            3 => color.IsRgbByStream(components) is null && color.IsRgb(components, image.PhotometricInterpretation) ? new BrowserJpeg(2, RgbPrefix) : default(BrowserJpeg),
            _ => null,
        };
    }
}
