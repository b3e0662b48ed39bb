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

    /// <summary>Joins a row of components to pixels of red, green and blue.</summary>
    public static void ToRgb(ReadOnlySpan<byte> luminance, ReadOnlySpan<byte> blue, ReadOnlySpan<byte> red, Span<byte> rgb, int width)
    {
        for (var x = 0; x < width; x++)
        {
            ToRgb(luminance[x], blue[x] - 128, red[x] - 128, 255, out var r, out var g, out var b);
            rgb[3 * x] = (byte)r;
            rgb[(3 * x) + 1] = (byte)g;
            rgb[(3 * x) + 2] = (byte)b;
        }
    }

    /// <summary>The same for samples of 12 bits.</summary>
    public static void ToRgb(ReadOnlySpan<ushort> luminance, ReadOnlySpan<ushort> blue, ReadOnlySpan<ushort> red, Span<ushort> rgb, int width)
    {
        for (var x = 0; x < width; x++)
        {
            ToRgb(luminance[x], blue[x] - 2048, red[x] - 2048, 4095, out var r, out var g, out var b);
            rgb[3 * x] = (ushort)r;
            rgb[(3 * x) + 1] = (ushort)g;
            rgb[(3 * x) + 2] = (ushort)b;
        }
    }

    /// <summary>One pixel, the colour differences around zero.</summary>
    public static void ToRgb(int y, int cb, int cr, int most, out int r, out int g, out int b)
    {
        r = Math.Clamp(y + (((91881 * cr) + Half) >> 16), 0, most);
        g = Math.Clamp(y + (((-22554 * cb) - (46802 * cr) + Half) >> 16), 0, most);
        b = Math.Clamp(y + (((116130 * cb) + Half) >> 16), 0, most);
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
