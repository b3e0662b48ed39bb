using System.Numerics;

namespace Pacs.Dicom.Imaging;

/// <summary>Pictures in another size: the mean of the area that becomes a pixel when smaller, bilinear when larger.</summary>
internal static class Scaling
{
    /// <summary>Scales a picture so that it just fits a box. Returns the same one when it does already.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="box">The box.</param>
    /// <param name="stretch">How much higher than wide its pixels are.</param>
    /// <exception cref="ArgumentOutOfRangeException">The box is empty or beyond <see cref="Viewport.MaxSide"/>.</exception>
    public static RenderedImage Fit(RenderedImage image, Viewport box, double stretch = 1)
    {
        if (box is not { Width: >= 1 and <= Viewport.MaxSide, Height: >= 1 and <= Viewport.MaxSide })
        {
            throw new ArgumentOutOfRangeException(nameof(box), box, $"A viewport has sides of 1 to {Viewport.MaxSide}");
        }
        var scale = Math.Min((double)box.Width / image.Width, box.Height / (image.Height * stretch));
        var width = Math.Clamp((int)Math.Round(image.Width * scale), 1, box.Width);
        var height = Math.Clamp((int)Math.Round(image.Height * stretch * scale), 1, box.Height);
        return To(image, width, height);
    }

    /// <summary>Scales a picture to a size, whatever its proportions. Returns the same one when it has it already.</summary>
    public static RenderedImage To(RenderedImage image, int width, int height)
    {
        if (width == image.Width && height == image.Height)
        {
            return image;
        }
        var scaled = RenderedImage.Rent(width, height, image.Samples);
        if (width <= image.Width && height <= image.Height)
        {
            Average(image, scaled);
        }
        else
        {
            Interpolate(image, scaled);
        }
        return scaled;
    }

    /// <summary>Exact in whole numbers: a source row covers <c>height</c> units of the target's scale, a target row <c>Height</c> of the source's.</summary>
    private static void Average(RenderedImage from, RenderedImage to)
    {
        var sums = new uint[from.Width * from.Samples];
        var area = (ulong)from.Width * (ulong)from.Height;
        for (var y = 0; y < to.Height; y++)
        {
            Array.Clear(sums);
            var begin = (long)y * from.Height;
            var end = begin + from.Height;
            for (var row = begin / to.Height; row * to.Height < end; row++)
            {
                var weight = (uint)(Math.Min(end, (row + 1) * to.Height) - Math.Max(begin, row * to.Height));
                AddWeighted(from.Row((int)row), weight, sums);
            }
            Columns(sums, from.Width, to.Row(y), to.Width, from.Samples, area);
        }
    }

    // at most 255 times 65535, the most rows: fits 32 bits
    private static void AddWeighted(ReadOnlySpan<byte> row, uint weight, Span<uint> sums)
    {
        var at = 0;
        if (Vector.IsHardwareAccelerated)
        {
            var weights = new Vector<uint>(weight);
            var quarter = Vector<uint>.Count;
            for (; at <= row.Length - Vector<byte>.Count; at += Vector<byte>.Count)
            {
                Vector.Widen(new Vector<byte>(row[at..]), out var low, out var high);
                Vector.Widen(low, out var first, out var second);
                Vector.Widen(high, out var third, out var fourth);
                var target = sums[at..];
                ((first * weights) + new Vector<uint>(target)).CopyTo(target);
                ((second * weights) + new Vector<uint>(target[quarter..])).CopyTo(target[quarter..]);
                ((third * weights) + new Vector<uint>(target[(2 * quarter)..])).CopyTo(target[(2 * quarter)..]);
                ((fourth * weights) + new Vector<uint>(target[(3 * quarter)..])).CopyTo(target[(3 * quarter)..]);
            }
        }
        for (; at < row.Length; at++)
        {
            sums[at] += row[at] * weight;
        }
    }

    private static void Columns(ReadOnlySpan<uint> sums, int fromWidth, Span<byte> row, int toWidth, int samples, ulong area)
    {
        for (var x = 0; x < toWidth; x++)
        {
            var begin = (long)x * fromWidth;
            var end = begin + fromWidth;
            for (var sample = 0; sample < samples; sample++)
            {
                ulong sum = 0;
                for (var column = begin / toWidth; column * toWidth < end; column++)
                {
                    var weight = (ulong)(Math.Min(end, (column + 1) * toWidth) - Math.Max(begin, column * toWidth));
                    sum += weight * sums[((int)column * samples) + sample];
                }
                row[(x * samples) + sample] = (byte)((sum + (area / 2)) / area);
            }
        }
    }

    private static void Interpolate(RenderedImage from, RenderedImage to)
    {
        // centres of pixels map to centres; weights in 1/256
        var columns = Neighbours(from.Width, to.Width);
        var rows = Neighbours(from.Height, to.Height);
        for (var y = 0; y < to.Height; y++)
        {
            var (above, down) = rows[y];
            var upper = from.Row(above);
            var lower = from.Row(Math.Min(above + 1, from.Height - 1));
            var target = to.Row(y);
            for (var x = 0; x < to.Width; x++)
            {
                var (column, right) = columns[x];
                var next = (Math.Min(column + 1, from.Width - 1) - column) * from.Samples;
                for (var sample = 0; sample < from.Samples; sample++)
                {
                    var at = (column * from.Samples) + sample;
                    var top = (upper[at] * (256 - right)) + (upper[at + next] * right);
                    var bottom = (lower[at] * (256 - right)) + (lower[at + next] * right);
                    target[(x * from.Samples) + sample] = (byte)(((top * (256 - down)) + (bottom * down) + 0x8000) >> 16);
                }
            }
        }
    }

    private static (int First, int Weight)[] Neighbours(int from, int to)
    {
        var neighbours = new (int, int)[to];
        for (var i = 0; i < to; i++)
        {
            var place = Math.Clamp(((i + 0.5) * from / to) - 0.5, 0, from - 1);
            neighbours[i] = ((int)place, (int)((place - (int)place) * 256));
        }
        return neighbours;
    }
}
