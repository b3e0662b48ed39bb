namespace Pacs.Dicom.Imaging;

/// <summary>
/// A picture from the samples of a frame: grey through Modality LUT, VOI LUT and Presentation LUT, palettes and YBR to RGB, overlays on top, what a presentation state adds, then the part that is wanted, scaled to the
/// viewport, and texts (PS3.3 §C.7.6.3, §C.9, §C.11; PS3.4 §N.2; PS3.18 §8.3.5.1).
/// </summary>
public static class RenderPipeline
{
    // annotations are so small that this many would fit
    private const int LinesOfPicture = 32;

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
                Overlays.Draw(header, options.Frame, frame, picture, options.PresentationState);
            }
            picture = Replace(picture, options.PresentationState?.Apply(picture, header, options) ?? picture);
            if (options is { Square: true, Viewport: { } box, Region: null } && (options.PresentationState is null || !options.StateGeometry) && Calibration.StretchOf(header) is var stretch && stretch != 1)
            {
                picture = Replace(picture, Scaling.Fit(picture, box, stretch));
            }
            return Finish(picture, options);
        }
        catch
        {
            picture.Dispose();
            throw;
        }
    }

    /// <summary>What comes after the picture itself: the part that is wanted, its size, texts. For pictures that were made elsewhere.</summary>
    /// <param name="picture">Is disposed unless it is returned.</param>
    /// <param name="options">What is wanted.</param>
    /// <exception cref="DicomException">The region lies outside of the picture, which is not disposed then.</exception>
    public static RenderedImage Finish(RenderedImage picture, RenderOptions options)
    {
        ArgumentNullException.ThrowIfNull(picture);
        ArgumentNullException.ThrowIfNull(options);
        picture = Replace(picture, options.Region is { } region ? Cut(picture, region) : picture);
        picture = Replace(picture, options.Viewport is { } viewport ? Scaling.Fit(picture, viewport) : picture);
        Annotate(picture, options);
        return picture;
    }

    private static RenderedImage Replace(RenderedImage picture, RenderedImage next)
    {
        if (next != picture)
        {
            picture.Dispose();
        }
        return next;
    }

    private static RenderedImage Cut(RenderedImage picture, SourceRegion region)
    {
        var (left, top, width, height) = region.Within(picture.Width, picture.Height) ?? throw new DicomException($"The region lies outside of the picture of {picture.Width} x {picture.Height}");
        if (width == picture.Width && height == picture.Height && !region.FlipHorizontally && !region.FlipVertically)
        {
            return picture;
        }
        var cut = RenderedImage.Rent(width, height, picture.Samples);
        for (var y = 0; y < height; y++)
        {
            var from = picture.Row(top + (region.FlipVertically ? height - 1 - y : y)).Slice(left * picture.Samples, width * picture.Samples);
            var to = cut.Row(y);
            if (!region.FlipHorizontally)
            {
                from.CopyTo(to);
                continue;
            }
            for (var x = 0; x < width; x++)
            {
                from.Slice((width - 1 - x) * picture.Samples, picture.Samples).CopyTo(to[(x * picture.Samples)..]);
            }
        }
        return cut;
    }

    // last of all, so that their size does not depend on that of the image (PS3.18 §8.3.5.1.1)
    private static void Annotate(RenderedImage picture, RenderOptions options)
    {
        var scale = TextDrawing.ScaleFor(picture.Height, Math.Max(LinesOfPicture, options.Heading.Count + options.Footing.Count));
        TextDrawing.Draw(picture, options.Heading, scale, scale, scale);
        TextDrawing.Draw(picture, options.Footing, scale, picture.Height - TextDrawing.Measure(options.Footing, scale).Height - scale, scale);
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
                    GrayRenderer.Render(frame, layout, new GrayTransform(new FrameAttributes(header, options.Frame), image, options), frame.IsFloat ? null : Padding(header, layout), frame.IsFloat ? FloatPadding(header) : null,
                        picture.Data);
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

    // PS3.3 §C.7.6.24, §C.7.6.25
    internal static (double From, double To)? FloatPadding(DicomDataset header)
    {
        if ((header.GetDouble(DicomTag.FloatPixelPaddingValue) ?? header.GetDouble(DicomTag.DoubleFloatPixelPaddingValue)) is not { } value)
        {
            return null;
        }
        var limit = header.GetDouble(DicomTag.FloatPixelPaddingRangeLimit) ?? header.GetDouble(DicomTag.DoubleFloatPixelPaddingRangeLimit) ?? value;
        return (Math.Min(value, limit), Math.Max(value, limit));
    }

    /// <summary>The stored values that are no image (PS3.3 §C.7.5.1.1.2).</summary>
    internal static (long From, long To)? Padding(DicomDataset header, SampleLayout layout)
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
