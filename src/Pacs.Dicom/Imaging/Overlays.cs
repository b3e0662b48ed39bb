namespace Pacs.Dicom.Imaging;

/// <summary>Overlay planes: pictures of single bits above the image, in groups 6000 to 601E (PS3.3 §C.9.2).</summary>
internal static class Overlays
{
    private const ushort FirstGroup = 0x6000;
    private const ushort LastGroup = 0x601E;
    private const byte White = 255;

    /// <summary>Draws those of a frame in white; what lies outside the image is cut off.</summary>
    public static void Draw(DicomDataset header, int frame, DecodedFrame samples, RenderedImage image)
    {
        for (var group = FirstGroup; group <= LastGroup; group += 2)
        {
            if (header.GetInt32(new DicomTag(group, 0x0010)) is { } rows and > 0 && header.GetInt32(new DicomTag(group, 0x0011)) is { } columns and > 0)
            {
                Draw(header, group, rows, columns, frame, samples, image);
            }
        }
    }

    private static void Draw(DicomDataset header, ushort group, int rows, int columns, int frame, DecodedFrame samples, RenderedImage image)
    {
        // frames of an overlay begin with Image Frame Origin; with one frame it is for all (PS3.3 §C.9.2.1.4)
        var frames = header.GetInt32(new DicomTag(group, 0x0015)) ?? 1;
        var first = header.GetInt32(new DicomTag(group, 0x0051)) ?? 1;
        var number = frames <= 1 && !header.Contains(new DicomTag(group, 0x0051)) ? 0 : frame - first;
        if (number < 0 || number >= Math.Max(1, frames))
        {
            return;
        }
        // of the upper left pixel of the overlay, the image's is 1\1
        var top = (header.GetInt32(new DicomTag(group, 0x0050)) ?? 1) - 1;
        var left = (header.GetInt32(new DicomTag(group, 0x0050), 1) ?? 1) - 1;
        if (header.Get(new DicomTag(group, 0x3000)) is { Value.Length: > 0 } data)
        {
            Draw(data.Value.Span, (long)number * rows * columns, rows, columns, top, left, image);
        }
        else if (header.GetInt32(new DicomTag(group, 0x0102)) is { } bit && bit < samples.BitsAllocated && samples.Samples == 1)
        {
            DrawEmbedded(samples, bit, image);
        }
    }

    private static void Draw(ReadOnlySpan<byte> bits, long firstBit, int rows, int columns, int top, int left, RenderedImage image)
    {
        for (var y = Math.Max(0, -top); y < rows && top + y < image.Height; y++)
        {
            for (var x = Math.Max(0, -left); x < columns && left + x < image.Width; x++)
            {
                var bit = firstBit + ((long)y * columns) + x;
                if (bit >> 3 >= bits.Length)
                {
                    return;
                }
                if ((bits[(int)(bit >> 3)] >> (int)(bit & 7) & 1) != 0)
                {
                    image.Row(top + y).Slice((left + x) * image.Samples, image.Samples).Fill(White);
                }
            }
        }
    }

    // in bits of the pixels that the image does not use; retired, still sent (PS3.3 2004 §C.9.2)
    private static void DrawEmbedded(DecodedFrame samples, int bit, RenderedImage image)
    {
        var size = samples.BitsAllocated / 8;
        var data = samples.Data[(bit / 8)..];
        for (int i = 0, at = 0; at < data.Length; i++, at += size)
        {
            if ((data[at] >> (bit & 7) & 1) != 0)
            {
                image.Data.Slice(i * image.Samples, image.Samples).Fill(White);
            }
        }
    }
}
