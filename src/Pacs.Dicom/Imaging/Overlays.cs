namespace Pacs.Dicom.Imaging;

/// <summary>Overlay planes: pictures of single bits above the image, in groups 6000 to 601E (PS3.3 §C.9.2).</summary>
internal static class Overlays
{
    private const ushort FirstGroup = 0x6000;
    private const ushort LastGroup = 0x601E;
    private const byte White = 255;

    /// <summary>Draws those of a frame in white; what lies outside the image is cut off.</summary>
    /// <param name="header">The header of the image.</param>
    /// <param name="frame">From 1.</param>
    /// <param name="samples">Its samples: old devices have overlays in their upper bits.</param>
    /// <param name="image">The picture.</param>
    /// <param name="state">Says which are shown, and brings some of its own, which replace those of the image; null: all are shown (PS3.3 §C.11.7).</param>
    public static void Draw(DicomDataset header, int frame, DecodedFrame samples, RenderedImage image, PresentationState? state)
    {
        for (var group = FirstGroup; group <= LastGroup; group += 2)
        {
            if (state is not null && !state.Activates(group))
            {
                continue;
            }
            if (state is not null && Plane(state.Root, group) is { } own)
            {
                own.ForEach(image, static (picture, x, y) => picture.Row(y).Slice(x * picture.Samples, picture.Samples).Fill(White));
            }
            else if (header.GetInt32(new DicomTag(group, 0x0010)) is { } rows and > 0 && header.GetInt32(new DicomTag(group, 0x0011)) is { } columns and > 0)
            {
                Draw(header, group, rows, columns, frame, samples, image);
            }
        }
    }

    /// <summary>The plane of a group that a data set has bits of; null when it has none.</summary>
    public static OverlayPlane? Plane(DicomDataset dataset, int group)
    {
        DicomTag Tag(ushort element) => new((ushort)group, element);
        return dataset.GetInt32(Tag(0x0010)) is { } rows and > 0 && dataset.GetInt32(Tag(0x0011)) is { } columns and > 0 && dataset.Get(Tag(0x3000)) is { Value.Length: > 0 } data
            ? new OverlayPlane(data.Value, rows, columns, (dataset.GetInt32(Tag(0x0050)) ?? 1) - 1, (dataset.GetInt32(Tag(0x0050), 1) ?? 1) - 1) : null;
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
            new OverlayPlane(data.Value, rows, columns, top, left, (long)number * rows * columns)
                .ForEach(image, static (picture, x, y) => picture.Row(y).Slice(x * picture.Samples, picture.Samples).Fill(White));
        }
        else if (header.GetInt32(new DicomTag(group, 0x0102)) is { } bit && bit < samples.BitsAllocated && samples is { Samples: 1, IsFloat: false })
        {
            DrawEmbedded(samples, bit, image);
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

/// <summary>A plane of single bits, and where it lies on the picture.</summary>
/// <param name="Bits">Eight to a byte, the first the lowest.</param>
/// <param name="Rows">Its height.</param>
/// <param name="Columns">Its width.</param>
/// <param name="Top">Of its first row on the picture, from 0; may be negative.</param>
/// <param name="Left">Of its first column on the picture, from 0; may be negative.</param>
/// <param name="First">The bit that it begins with.</param>
internal sealed record OverlayPlane(ReadOnlyMemory<byte> Bits, int Rows, int Columns, int Top, int Left, long First = 0)
{
    /// <summary>Visits the pixels of the picture whose bit is set.</summary>
    public void ForEach(RenderedImage picture, Action<RenderedImage, int, int> visit)
    {
        var bits = Bits.Span;
        for (var y = Math.Max(0, -Top); y < Rows && Top + y < picture.Height; y++)
        {
            for (var x = Math.Max(0, -Left); x < Columns && Left + x < picture.Width; x++)
            {
                var bit = First + ((long)y * Columns) + x;
                if (bit >> 3 >= bits.Length)
                {
                    return;
                }
                if ((bits[(int)(bit >> 3)] >> (int)(bit & 7) & 1) != 0)
                {
                    visit(picture, Left + x, Top + y);
                }
            }
        }
    }
}
