using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Codecs;

/// <summary>The colour transform to undo.</summary>
internal enum JpegConversion
{
    /// <summary>Samples stay as they are.</summary>
    None,

    /// <summary>YCbCr to RGB.</summary>
    YccToRgb,

    /// <summary>YCbCr and black to cyan, magenta, yellow and black: Adobe's transform 2.</summary>
    YcckToCmyk,
}

/// <summary>Puts the decoded components together to interleaved pixels.</summary>
/// <typeparam name="T">byte or ushort.</typeparam>
internal static class JpegAssembly<T>
    where T : unmanaged, IBinaryInteger<T>
{
    /// <summary>Fills the output, row by row.</summary>
    public static void Join(JpegFrame frame, JpegConversion conversion, Span<T> output)
    {
        var count = frame.Components.Length;
        var length = JpegUpsampling<T>.RowLength(frame);
        var rows = ArrayPool<T>.Shared.Rent(count * length);
        var work = ArrayPool<ushort>.Shared.Rent(JpegUpsampling<T>.WorkLength(frame));
        try
        {
            for (var y = 0; y < frame.Height; y++)
            {
                var pixels = output.Slice(y * frame.Width * count, frame.Width * count);
                var first = Row(frame, 0, y, work, rows.AsSpan(0, length));
                if (count == 1)
                {
                    first[..frame.Width].CopyTo(pixels);
                    continue;
                }
                if (count == 3)
                {
                    var second = Row(frame, 1, y, work, rows.AsSpan(length, length));
                    var third = Row(frame, 2, y, work, rows.AsSpan(2 * length, length));
                    if (conversion == JpegConversion.YccToRgb)
                    {
                        ToRgb(first, second, third, pixels, frame.Width);
                        continue;
                    }
                    Join(first, second, third, pixels, frame.Width);
                    continue;
                }
                for (var i = 0; i < count; i++)
                {
                    var row = i == 0 ? first : Row(frame, i, y, work, rows.AsSpan(i * length, length));
                    for (var x = 0; x < frame.Width; x++)
                    {
                        pixels[(x * count) + i] = row[x];
                    }
                }
                if (conversion == JpegConversion.YcckToCmyk)
                {
                    ToCmyk(pixels, frame.Precision);
                }
            }
        }
        finally
        {
            ArrayPool<T>.Shared.Return(rows);
            ArrayPool<ushort>.Shared.Return(work);
        }
    }

    private static ReadOnlySpan<T> Row(JpegFrame frame, int component, int y, Span<ushort> work, Span<T> row)
    {
        var source = frame.Components[component];
        var samples = typeof(T) == typeof(byte) ? MemoryMarshal.Cast<byte, T>(source.Bytes) : MemoryMarshal.Cast<ushort, T>(source.Words);
        return JpegUpsampling<T>.Row(frame, source, samples, y, work, row);
    }

    private static void Join(ReadOnlySpan<T> first, ReadOnlySpan<T> second, ReadOnlySpan<T> third, Span<T> pixels, int width)
    {
        if (typeof(T) == typeof(byte))
        {
            JpegColor.Join(MemoryMarshal.Cast<T, byte>(first), MemoryMarshal.Cast<T, byte>(second), MemoryMarshal.Cast<T, byte>(third), MemoryMarshal.Cast<T, byte>(pixels), width);
            return;
        }
        for (var x = 0; x < width; x++)
        {
            pixels[3 * x] = first[x];
            pixels[(3 * x) + 1] = second[x];
            pixels[(3 * x) + 2] = third[x];
        }
    }

    private static void ToRgb(ReadOnlySpan<T> luminance, ReadOnlySpan<T> blue, ReadOnlySpan<T> red, Span<T> rgb, int width)
    {
        if (typeof(T) == typeof(byte))
        {
            JpegColor.ToRgb(MemoryMarshal.Cast<T, byte>(luminance), MemoryMarshal.Cast<T, byte>(blue), MemoryMarshal.Cast<T, byte>(red), MemoryMarshal.Cast<T, byte>(rgb), width);
        }
        else
        {
            JpegColor.ToRgb(MemoryMarshal.Cast<T, ushort>(luminance), MemoryMarshal.Cast<T, ushort>(blue), MemoryMarshal.Cast<T, ushort>(red), MemoryMarshal.Cast<T, ushort>(rgb), width);
        }
    }

    private static void ToCmyk(Span<T> pixels, int precision)
    {
        var most = (1 << precision) - 1;
        for (var x = 0; x < pixels.Length; x += 4)
        {
            JpegColor.ToRgb(int.CreateTruncating(pixels[x]), int.CreateTruncating(pixels[x + 1]) - ((most + 1) / 2), int.CreateTruncating(pixels[x + 2]) - ((most + 1) / 2), most, out var r, out var g, out var b);
            pixels[x] = T.CreateTruncating(most - r);
            pixels[x + 1] = T.CreateTruncating(most - g);
            pixels[x + 2] = T.CreateTruncating(most - b);
        }
    }
}
