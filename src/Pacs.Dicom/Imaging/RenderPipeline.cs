namespace Pacs.Dicom.Imaging;

/// <summary>
/// A picture from the samples of a frame: grey through Modality LUT, VOI LUT and Presentation LUT, palettes and YBR to RGB, overlays on top, what a presentation state adds, then scaled to the viewport
/// (PS3.3 §C.7.6.3, §C.9, §C.11; PS3.4 §N.2).
/// </summary>
public static class RenderPipeline
{
    /// <summary>Renders a decoded frame.</summary>
    /// <param name="header">The data set, up to its pixel data.</param>
    /// <param name="image">What it says about its samples.</param>
    /// <param name="frame">The samples of frame <see cref="RenderOptions.Frame"/>.</param>
    /// <param name="options">What is wanted.</param>
    /// <returns>To be disposed.</returns>
    /// <exception cref="DicomException">The data set says something about its samples that cannot be shown; the tag is named.</exception>
    public static RenderedImage Render(DicomDataset header, PixelDescription image, DecodedFrame frame, RenderOptions options)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(options);
        var picture = ToBytes(header, image, frame, options);
        try
        {
            if (options.Overlays)
            {
                Overlays.Draw(header, options.Frame, frame, picture);
            }
            picture = options.PresentationState?.Apply(picture, header, options) ?? picture;
            if (options.Viewport is not { } viewport)
            {
                return picture;
            }
            var scaled = Scaling.Fit(picture, viewport);
            if (scaled != picture)
            {
                picture.Dispose();
            }
            return scaled;
        }
        catch
        {
            picture.Dispose();
            throw;
        }
    }

    private static RenderedImage ToBytes(DicomDataset header, PixelDescription image, DecodedFrame frame, RenderOptions options)
    {
        var layout = SampleLayout.Of(frame, image);
        var isPalette = image.PhotometricInterpretation == "PALETTE COLOR" && frame.Samples == 1;
        var picture = RenderedImage.Rent(frame.Width, frame.Height, frame.Samples == 1 && !isPalette ? 1 : 3);
        try
        {
            switch (frame.Samples)
            {
                case 1 when isPalette:
                    ColorRenderer.RenderPalette(frame, layout, header, picture.Data);
                    break;
                case 1:
                    GrayRenderer.Render(frame, layout, new GrayTransform(new FrameAttributes(header, options.Frame), image, options), Padding(header, layout), picture.Data);
                    return picture;
                case 3:
                    ColorRenderer.Render(frame, layout, image.PhotometricInterpretation, picture.Data);
                    break;
                default:
                    throw new DicomException($"{frame.Samples} samples per pixel cannot be shown: PS3.3 has none since ARGB and CMYK are retired", DicomTag.SamplesPerPixel);
            }
            if (options.Invert)
            {
                foreach (ref var value in picture.Data)
                {
                    value = (byte)(255 - value);
                }
            }
            return picture;
        }
        catch
        {
            picture.Dispose();
            throw;
        }
    }

    /// <summary>The stored values that are no image (PS3.3 §C.7.5.1.1.2).</summary>
    private static (long From, long To)? Padding(DicomDataset header, SampleLayout layout)
    {
        if (header.GetInt32(DicomTag.PixelPaddingValue) is not { } value)
        {
            return null;
        }
        // the VR may say US where samples are signed
        var from = Stored(value);
        var to = header.GetInt32(DicomTag.PixelPaddingRangeLimit) is { } limit ? Stored(limit) : from;
        return (Math.Min(from, to), Math.Max(from, to));

        long Stored(int padding) => layout.Bits <= 16 ? new SampleLayout(0, layout.Bits, layout.IsSigned).Value((uint)padding) : padding;
    }
}
