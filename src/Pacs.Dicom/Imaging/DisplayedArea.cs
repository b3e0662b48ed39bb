namespace Pacs.Dicom.Imaging;

/// <summary>The part of an image that a presentation state shows, and how large (PS3.3 §C.10.4). Places are those of the image before it is rotated; it may reach beyond the image, whose surroundings are black.</summary>
/// <param name="Left">Of the left edge, from 0.</param>
/// <param name="Top">Of the upper edge, from 0.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Stretch">How much higher than wide a pixel is.</param>
/// <param name="Magnification">Pixels of the picture for one of the image, where it says so; else 1.</param>
internal readonly record struct DisplayedArea(int Left, int Top, int Width, int Height, double Stretch, double Magnification)
{
    // more pixels than an image of any device; beyond it only what lies in the image is shown
    private const long MostPixels = 1 << 26;

    /// <summary>Reads an item of the Displayed Area Selection Sequence. Without sense it is the whole image.</summary>
    /// <param name="item">The item, or null.</param>
    /// <param name="width">Of the image.</param>
    /// <param name="height">Of the image.</param>
    public static DisplayedArea Of(DicomDataset? item, int width, int height)
    {
        var whole = new DisplayedArea(0, 0, width, height, 1, 1);
        if (item is null)
        {
            return whole;
        }
        var area = whole;
        if (CornersOf(item) is [var x, var y, var x2, var y2])
        {
            // the corners are those of the rotated image: which of them is left is for us to see. Both count
            area = area with { Left = (int)Math.Min(x, x2) - 1, Top = (int)Math.Min(y, y2) - 1, Width = (int)Math.Abs(x2 - x) + 1, Height = (int)Math.Abs(y2 - y) + 1 };
        }
        var (left, top) = (Math.Max(area.Left, 0), Math.Max(area.Top, 0));
        var (right, bottom) = (Math.Min(area.Left + area.Width, width), Math.Min(area.Top + area.Height, height));
        if (left >= right || top >= bottom)
        {
            area = whole; // nothing of the image: that cannot be meant
        }
        else if (area.Width > Viewport.MaxSide || area.Height > Viewport.MaxSide || (long)area.Width * area.Height > MostPixels)
        {
            area = area with { Left = left, Top = top, Width = right - left, Height = bottom - top };
        }
        // TRUE SIZE needs to know the screen: it is fitted as the others
        var ratio = item.GetString(DicomTag.PresentationSizeMode) == "MAGNIFY" && item.GetDouble(DicomTag.PresentationPixelMagnificationRatio) is { } r && double.IsFinite(r) && r > 0 ? r : 1;
        return area with { Stretch = StretchOf(item) ?? 1, Magnification = ratio };
    }

    /// <summary>Column and row of one corner and of the opposite one, as they are written; null without sense.</summary>
    public static double[]? CornersOf(DicomDataset item) =>
        item.GetDoubles(DicomTag.DisplayedAreaTopLeftHandCorner) is [var x, var y, ..] && item.GetDoubles(DicomTag.DisplayedAreaBottomRightHandCorner) is [var x2, var y2, ..]
        && Array.TrueForAll([x, y, x2, y2], v => Math.Abs(v) <= int.MaxValue / 4) ? [x, y, x2, y2] : null;

    /// <summary>How much higher than wide a pixel is; null where nothing sensible is said.</summary>
    public static double? StretchOf(DicomDataset item)
    {
        // rows over columns in both; the spacing counts (§C.10.4)
        var proportions = item.GetDoubles(DicomTag.PresentationPixelSpacing) is { Length: 2 } spacing ? spacing : item.GetDoubles(DicomTag.PresentationPixelAspectRatio);
        return proportions is [var vertical, var horizontal] && vertical > 0 && horizontal > 0 && vertical / horizontal is var stretch and >= 0.05 and <= 20 ? stretch : null;
    }

    /// <summary>Whether it changes nothing in a picture of this size.</summary>
    public bool IsWhole(int width, int height) => this == new DisplayedArea(0, 0, width, height, 1, 1);
}
