namespace Pacs.Dicom.Imaging;

/// <summary>Texts in a picture: white letters with a black rim, which can be read on every ground.</summary>
internal static class TextDrawing
{
    // of one picture; a hostile object could fill it for minutes
    private const int MaxLines = 200;
    private const int MaxLength = 300;

    /// <summary>How large one pixel of a letter is where so many lines are to fit beneath each other.</summary>
    public static int ScaleFor(int height, int lines) => Math.Max(1, height / (lines * PixelFont.Rows));

    /// <summary>The size of lines.</summary>
    public static (int Width, int Height) Measure(IReadOnlyList<string> lines, int scale) =>
        (lines.Count == 0 ? 0 : lines.Max(l => Math.Min(l.Length, MaxLength)) * PixelFont.Advance * scale, lines.Count * PixelFont.Rows * scale);

    /// <summary>Draws lines; what lies outside is cut off.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="lines">Without line ends.</param>
    /// <param name="left">Where they begin, or end when they are aligned right.</param>
    /// <param name="top">Where the first begins.</param>
    /// <param name="scale">How large one pixel of a letter is.</param>
    /// <param name="alignment">0: from there to the right; 0.5: around it; 1: to the left of it.</param>
    public static void Draw(RenderedImage picture, IReadOnlyList<string> lines, int left, int top, int scale, double alignment = 0)
    {
        var rim = Math.Max(1, scale / 2);
        foreach (var line in lines.Take(MaxLines))
        {
            var glyphs = PixelFont.Of(line.Length > MaxLength ? line[..MaxLength] : line);
            var from = left - (int)(alignment * glyphs.Count * PixelFont.Advance * scale);
            Dots(picture, glyphs, from, top, scale, rim, 0);
            Dots(picture, glyphs, from, top, scale, 0, 255);
            top += PixelFont.Rows * scale;
        }
    }

    private static void Dots(RenderedImage picture, IReadOnlyList<byte[]> glyphs, int left, int top, int scale, int rim, byte value)
    {
        for (var i = 0; i < glyphs.Count; i++)
        {
            for (var row = 0; row < PixelFont.Rows; row++)
            {
                for (var column = 0; column < PixelFont.Advance - 1; column++)
                {
                    if (PixelFont.IsSet(glyphs[i], row, column))
                    {
                        Fill(picture, left + (((i * PixelFont.Advance) + column) * scale) - rim, top + (row * scale) - rim, scale + (2 * rim), value);
                    }
                }
            }
        }
    }

    private static void Fill(RenderedImage picture, int left, int top, int side, byte value)
    {
        var (from, to) = (Math.Clamp(left, 0, picture.Width), Math.Clamp(left + side, 0, picture.Width));
        for (var y = Math.Max(top, 0); y < Math.Min(top + side, picture.Height); y++)
        {
            picture.Row(y)[(from * picture.Samples)..(to * picture.Samples)].Fill(value);
        }
    }
}
