namespace Pacs.Dicom.Codecs;

/// <summary>
/// RGB to YCbCr and back (JFIF 1.02; the YBR_FULL of PS3.3 §C.7.6.3.1.2) with factors scaled by 2^16, and the colour differences of several pixels made one.
/// The rounding is libjpeg's.
/// </summary>
internal static class JpegColor
{
    private const int Half = 1 << 15;

    /// <summary>Splits a row of pixels into its components.</summary>
    public static void FromRgb(ReadOnlySpan<byte> rgb, Span<byte> luminance, Span<byte> blue, Span<byte> red)
    {
        for (var x = 0; x < luminance.Length; x++)
        {
            int r = rgb[3 * x], g = rgb[(3 * x) + 1], b = rgb[(3 * x) + 2];
            luminance[x] = (byte)(((19595 * r) + (38470 * g) + (7471 * b) + Half) >> 16);
            blue[x] = (byte)(((-11059 * r) - (21709 * g) + (32768 * b) + (128 << 16) + Half - 1) >> 16);
            red[x] = (byte)(((32768 * r) - (27439 * g) - (5329 * b) + (128 << 16) + Half - 1) >> 16);
        }
    }

    /// <summary>Means of pairs. Halves are rounded down and up in turn, so that the picture gets no brighter.</summary>
    public static void HalveRow(ReadOnlySpan<byte> full, Span<byte> half)
    {
        for (var x = 0; x < half.Length; x++)
        {
            half[x] = (byte)((full[2 * x] + full[(2 * x) + 1] + (x & 1)) >> 1);
        }
    }

    /// <summary>Means of squares of four, rounded in turn as well.</summary>
    public static void HalveRows(ReadOnlySpan<byte> upper, ReadOnlySpan<byte> lower, Span<byte> half)
    {
        for (var x = 0; x < half.Length; x++)
        {
            half[x] = (byte)((upper[2 * x] + upper[(2 * x) + 1] + lower[2 * x] + lower[(2 * x) + 1] + 1 + (x & 1)) >> 2);
        }
    }
}
