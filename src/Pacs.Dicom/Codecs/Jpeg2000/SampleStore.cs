using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>Writes a decoded tile into the frame: rounded, shifted to its level, within its range, interleaved (T.800 §G.1).</summary>
internal static class SampleStore
{
    /// <summary>Writes all components. Those with fewer samples than the grid repeat them.</summary>
    public static void Store(ImageSize size, GridArea tile, TileComponent[] components, int[][] samples, DecodedFrame frame)
    {
        var row = ArrayPool<int>.Shared.Rent(tile.Width);
        var bytes = frame.BitsAllocated / 8;
        for (var y = tile.Y0; y < tile.Y1; y++)
        {
            var start = (((y - size.Y0) * (long)frame.Width) + tile.X0 - size.X0) * frame.Samples * bytes;
            var target = frame.Data.Slice((int)start, tile.Width * frame.Samples * bytes);
            for (var c = 0; c < components.Length; c++)
            {
                var grid = size.Components[c];
                var area = components[c].Area;
                var line = row.AsSpan(0, tile.Width);
                if (area.IsEmpty)
                {
                    line.Clear();
                }
                else if (grid is { StepX: 1, StepY: 1 })
                {
                    Level(samples[c].AsSpan((y - tile.Y0) * area.Width, area.Width), line, grid, components[c].Style.IsReversible);
                }
                else
                {
                    var own = Math.Clamp(y / grid.StepY, area.Y0, area.Y1 - 1) - area.Y0;
                    Level(samples[c].AsSpan(own * area.Width, area.Width), line[..area.Width], grid, components[c].Style.IsReversible);
                    // from the right, so that no sample is overwritten before it is used
                    for (var x = tile.Width - 1; x >= 0; x--)
                    {
                        line[x] = line[Math.Clamp((tile.X0 + x) / grid.StepX, area.X0, area.X1 - 1) - area.X0];
                    }
                }
                Interleave(line, target, c, frame.Samples, frame.BitsAllocated);
            }
        }
        ArrayPool<int>.Shared.Return(row);
    }

    /// <summary>Rounds floats, adds half the range to unsigned samples, cuts what lies outside.</summary>
    private static void Level(ReadOnlySpan<int> source, Span<int> target, ImageComponent component, bool reversible)
    {
        var shift = component.IsSigned ? 0 : 1 << (component.Precision - 1);
        int least = component.IsSigned ? -(1 << (component.Precision - 1)) : 0, most = least + (int)((1L << component.Precision) - 1);
        var i = 0;
        for (; i <= source.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            var value = new Vector<int>(source[i..]);
            if (!reversible)
            {
                value = Vector.ConvertToInt32(Vector.Round(Vector.AsVectorSingle(value)));
            }
            Vector.Min(Vector.Max(value + new Vector<int>(shift), new Vector<int>(least)), new Vector<int>(most)).CopyTo(target[i..]);
        }
        for (; i < source.Length; i++)
        {
            var value = reversible ? source[i] : (int)MathF.Round(BitConverter.Int32BitsToSingle(source[i]));
            target[i] = Math.Clamp(value + shift, least, most);
        }
    }

    /// <summary>Puts a line of one component between those of the others.</summary>
    public static void Interleave(ReadOnlySpan<int> line, Span<byte> target, int component, int samples, int bitsAllocated)
    {
        if (bitsAllocated == 8)
        {
            for (int x = 0, to = component; x < line.Length; x++, to += samples)
            {
                target[to] = (byte)line[x];
            }
        }
        else if (bitsAllocated == 16)
        {
            var words = MemoryMarshal.Cast<byte, ushort>(target);
            for (int x = 0, to = component; x < line.Length; x++, to += samples)
            {
                words[to] = (ushort)line[x];
            }
        }
        else
        {
            var longs = MemoryMarshal.Cast<byte, int>(target);
            for (int x = 0, to = component; x < line.Length; x++, to += samples)
            {
                longs[to] = line[x];
            }
        }
    }
}
