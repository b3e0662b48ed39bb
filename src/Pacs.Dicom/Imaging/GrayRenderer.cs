using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Imaging;

/// <summary>
/// Grey frames: up to 16 bits go through a table that holds the brightness of every value between the least and the largest of the frame, so that the exact formula costs
/// nothing per pixel; 32 bits are computed.
/// </summary>
internal static class GrayRenderer
{
    /// <summary>The brightness of each pixel.</summary>
    /// <param name="frame">One sample per pixel.</param>
    /// <param name="layout">Which bits of it count.</param>
    /// <param name="transform">What they mean.</param>
    /// <param name="padding">Stored values that are no image, or null: they do not count for the range of values (PS3.3 §C.7.5.1.1.2).</param>
    /// <param name="floatPadding">The same of floating-point samples (PS3.3 §C.7.6.26).</param>
    /// <param name="output">A byte for each pixel.</param>
    public static void Render(
        DecodedFrame frame, SampleLayout layout, GrayTransform transform, (long From, long To)? padding, (double From, double To)? floatPadding, Span<byte> output)
    {
        if (frame.IsFloat)
        {
            if (frame.BitsAllocated == 32)
            {
                Floats(MemoryMarshal.Cast<byte, float>(frame.Data), transform, floatPadding, output);
            }
            else
            {
                Floats(MemoryMarshal.Cast<byte, double>(frame.Data), transform, floatPadding, output);
            }
            return;
        }
        if (layout.Bits <= 8 && transform.NeedsRange)
        {
            // all there can be: two pictures of a study stay comparable
            transform.UseRange(layout.Least, layout.Largest);
        }
        switch (frame.BitsAllocated)
        {
            case 8:
                Bytes(frame.Data, layout, transform, output);
                break;
            case 16:
                Words(MemoryMarshal.Cast<byte, ushort>(frame.Data), layout, transform, padding, output);
                break;
            default:
                Integers(MemoryMarshal.Cast<byte, uint>(frame.Data), layout, transform, padding, output);
                break;
        }
    }

    /// <summary>What is no number, or infinite, or padding is black and does not count for the range of values.</summary>
    private static void Floats<T>(ReadOnlySpan<T> samples, GrayTransform transform, (double From, double To)? padding, Span<byte> output)
        where T : struct, IFloatingPointIeee754<T>
    {
        var (from, to) = padding ?? (double.PositiveInfinity, double.NegativeInfinity);
        if (transform.NeedsRange)
        {
            var (least, largest) = (double.PositiveInfinity, double.NegativeInfinity);
            foreach (var sample in samples)
            {
                var value = double.CreateSaturating(sample);
                if (double.IsFinite(value) && (value < from || value > to))
                {
                    (least, largest) = (Math.Min(least, value), Math.Max(largest, value));
                }
            }
            transform.UseRange(least <= largest ? least : 0, least <= largest ? largest : 0);
        }
        for (var i = 0; i < samples.Length; i++)
        {
            var value = double.CreateSaturating(samples[i]);
            output[i] = double.IsFinite(value) && (value < from || value > to) ? transform.Map(value) : (byte)0;
        }
    }

    private static void Bytes(ReadOnlySpan<byte> samples, SampleLayout layout, GrayTransform transform, Span<byte> output)
    {
        Span<byte> table = stackalloc byte[256];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = transform.Map(layout.Value((uint)i));
        }
        for (var i = 0; i < samples.Length; i++)
        {
            output[i] = table[samples[i]];
        }
    }

    private static void Words(ReadOnlySpan<ushort> samples, SampleLayout layout, GrayTransform transform, (long From, long To)? padding, Span<byte> output)
    {
        var (least, largest) = padding is { } none && transform.NeedsRange ? Range(samples, layout, none) : Range(samples, layout);
        if (transform.NeedsRange)
        {
            transform.UseRange(least, largest);
            (least, largest) = padding is null ? (least, largest) : Range(samples, layout);
        }
        var mask = (int)layout.Mask;
        using var rented = new PooledBytes(mask + 1);
        var table = rented.Span;
        for (var value = least; value <= largest; value++)
        {
            table[(int)value & mask] = transform.Map(value);
        }
        Look(samples, layout.Shift, mask, table, output);
    }

    private static void Look(ReadOnlySpan<ushort> samples, int shift, int mask, ReadOnlySpan<byte> table, Span<byte> output)
    {
        output = output[..samples.Length];
        ref var entry = ref MemoryMarshal.GetReference(table);
        for (var i = 0; i < samples.Length; i++)
        {
            // never outside: the table has mask + 1 entries
            output[i] = Unsafe.Add(ref entry, (samples[i] >> shift) & mask);
        }
    }

    private static void Integers(ReadOnlySpan<uint> samples, SampleLayout layout, GrayTransform transform, (long From, long To)? padding, Span<byte> output)
    {
        if (transform.NeedsRange)
        {
            var (least, largest) = (long.MaxValue, long.MinValue);
            foreach (var sample in samples)
            {
                var value = layout.Value(sample);
                if (padding is not { } none || value < none.From || value > none.To)
                {
                    (least, largest) = (Math.Min(least, value), Math.Max(largest, value));
                }
            }
            transform.UseRange(least <= largest ? least : 0, least <= largest ? largest : 0);
        }
        for (var i = 0; i < samples.Length; i++)
        {
            output[i] = transform.Map(layout.Value(samples[i]));
        }
    }

    private static (long Least, long Largest) Range(ReadOnlySpan<ushort> samples, SampleLayout layout, (long From, long To) padding)
    {
        var (least, largest) = (long.MaxValue, long.MinValue);
        foreach (var sample in samples)
        {
            var value = layout.Value(sample);
            if (value < padding.From || value > padding.To)
            {
                (least, largest) = (Math.Min(least, value), Math.Max(largest, value));
            }
        }
        return least <= largest ? (least, largest) : (0, 0);
    }

    /// <summary>The least and the largest value. With the sign bit turned over two's complement sorts like unsigned numbers.</summary>
    internal static (long Least, long Largest) Range(ReadOnlySpan<ushort> samples, SampleLayout layout)
    {
        var mask = (ushort)layout.Mask;
        var sign = (ushort)(layout.IsSigned ? 1 << (layout.Bits - 1) : 0);
        ushort least = ushort.MaxValue, largest = 0;
        var at = 0;
        if (Vector.IsHardwareAccelerated && samples.Length >= Vector<ushort>.Count)
        {
            var masks = new Vector<ushort>(mask);
            var signs = new Vector<ushort>(sign);
            var low = new Vector<ushort>(ushort.MaxValue);
            var high = Vector<ushort>.Zero;
            for (; at <= samples.Length - Vector<ushort>.Count; at += Vector<ushort>.Count)
            {
                var values = (Vector.ShiftRightLogical(new Vector<ushort>(samples[at..]), layout.Shift) & masks) ^ signs;
                low = Vector.Min(low, values);
                high = Vector.Max(high, values);
            }
            for (var i = 0; i < Vector<ushort>.Count; i++)
            {
                (least, largest) = (Math.Min(least, low[i]), Math.Max(largest, high[i]));
            }
        }
        for (; at < samples.Length; at++)
        {
            var value = (ushort)(((samples[at] >> layout.Shift) & mask) ^ sign);
            (least, largest) = (Math.Min(least, value), Math.Max(largest, value));
        }
        return (least - sign, largest - sign);
    }
}
