using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// Brings the rows of a smaller component to the size of the picture. Halved ones are interpolated, three parts of the nearest sample and one of the next; T.81 leaves it
/// open, libjpeg does it so, and with it dcmtk and the browsers. Other ratios repeat samples.
/// </summary>
/// <typeparam name="T">byte or ushort.</typeparam>
internal static class JpegUpsampling<T>
    where T : unmanaged, IBinaryInteger<T>
{
    /// <summary>One row of the picture.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="component">One of its components.</param>
    /// <param name="samples">The component's samples.</param>
    /// <param name="y">The row.</param>
    /// <param name="work">Room for <see cref="WorkLength"/> values.</param>
    /// <param name="row">Room for <see cref="RowLength"/> samples; not always used.</param>
    /// <returns>The row, at least as long as the picture is wide.</returns>
    public static ReadOnlySpan<T> Row(JpegFrame frame, JpegComponent component, ReadOnlySpan<T> samples, int y, Span<ushort> work, Span<T> row)
    {
        var stride = component.Stride;
        var isHalfWide = frame.MostAcross == 2 * component.Across;
        var isHalfHigh = frame.MostDown == 2 * component.Down;
        var isFullWide = frame.MostAcross == component.Across;
        var isFullHigh = frame.MostDown == component.Down;
        if (isFullWide && isFullHigh)
        {
            return samples.Slice(y * stride, stride);
        }
        if (isHalfHigh && (isFullWide || (isHalfWide && component.Width > 2)))
        {
            var near = y / 2;
            // the row above for the upper one of a pair, the row below for the lower; only rows of the picture
            var far = Math.Clamp((y & 1) == 0 ? near - 1 : near + 1, 0, component.Height - 1);
            var sums = work.Slice(1, component.Width);
            Blend(samples.Slice(near * stride, component.Width), samples.Slice(far * stride, component.Width), sums);
            if (isHalfWide)
            {
                return Widen(work, component.Width, 8, 7, 4, row);
            }
            for (var x = 0; x < sums.Length; x++)
            {
                row[x] = T.CreateTruncating((sums[x] + 1 + (y & 1)) >> 2);
            }
            return row;
        }
        if (isHalfWide && isFullHigh && component.Width > 2)
        {
            Copy(samples.Slice(y * stride, component.Width), work.Slice(1, component.Width));
            return Widen(work, component.Width, 1, 2, 2, row);
        }
        var source = samples.Slice(y * component.Down / frame.MostDown * stride, stride);
        for (var x = 0; x < frame.Width; x++)
        {
            row[x] = source[x * component.Across / frame.MostAcross];
        }
        return row;
    }

    /// <summary>Samples that a row may take, the interpolation's surplus included.</summary>
    public static int RowLength(JpegFrame frame) => (frame.UnitsAcross * 8 * frame.MostAcross) + 64;

    /// <summary>Values that the interpolation works with: a row with its neighbours on both sides.</summary>
    public static int WorkLength(JpegFrame frame) => RowLength(frame) + 2;

    private static void Copy(ReadOnlySpan<T> source, Span<ushort> target)
    {
        var x = 0;
        if (typeof(T) == typeof(byte))
        {
            ref var bytes = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<T, byte>(source));
            ref var words = ref MemoryMarshal.GetReference(target);
            for (; x <= source.Length - 16; x += 16)
            {
                var next = Vector128.LoadUnsafe(ref bytes, (nuint)x);
                Vector256.Create(Vector128.WidenLower(next), Vector128.WidenUpper(next)).StoreUnsafe(ref words, (nuint)x);
            }
        }
        for (; x < source.Length; x++)
        {
            target[x] = ushort.CreateTruncating(source[x]);
        }
    }

    /// <summary>Three times one row plus another.</summary>
    private static void Blend(ReadOnlySpan<T> near, ReadOnlySpan<T> far, Span<ushort> sums)
    {
        var x = 0;
        if (typeof(T) == typeof(byte))
        {
            ref var nearest = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<T, byte>(near));
            ref var next = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<T, byte>(far));
            ref var target = ref MemoryMarshal.GetReference(sums);
            var three = Vector256.Create((ushort)3);
            for (; x <= near.Length - 16; x += 16)
            {
                var a = Vector128.LoadUnsafe(ref nearest, (nuint)x);
                var b = Vector128.LoadUnsafe(ref next, (nuint)x);
                var sum = (Vector256.Create(Vector128.WidenLower(a), Vector128.WidenUpper(a)) * three) + Vector256.Create(Vector128.WidenLower(b), Vector128.WidenUpper(b));
                sum.StoreUnsafe(ref target, (nuint)x);
            }
        }
        for (; x < near.Length; x++)
        {
            sums[x] = (ushort)((3 * int.CreateTruncating(near[x])) + int.CreateTruncating(far[x]));
        }
    }

    /// <summary>Doubles a row: each value becomes two, of which the first leans to the left neighbour and the second to the right one.</summary>
    /// <param name="work">The values, from index 1 on; the places beside them get the outermost ones again.</param>
    /// <param name="count">Of values.</param>
    /// <param name="left">Added before the shift to the first of two; this one and the next round in turn.</param>
    /// <param name="right">Added to the second.</param>
    /// <param name="shift">What the sums are too large by.</param>
    /// <param name="row">Gets twice as many.</param>
    private static Span<T> Widen(Span<ushort> work, int count, int left, int right, int shift, Span<T> row)
    {
        work[0] = work[1];
        work[count + 1] = work[count];
        var x = 0;
        if (typeof(T) == typeof(byte))
        {
            ref var source = ref MemoryMarshal.GetReference(work);
            ref var target = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<T, byte>(row[..(2 * count)]));
            var three = Vector256.Create((ushort)3);
            var leftBias = Vector256.Create((ushort)left);
            var rightBias = Vector256.Create((ushort)right);
            for (; x <= count - 16; x += 16)
            {
                var value = Vector256.LoadUnsafe(ref source, (nuint)(x + 1)) * three;
                var first = (value + Vector256.LoadUnsafe(ref source, (nuint)x) + leftBias) >>> shift;
                var second = (value + Vector256.LoadUnsafe(ref source, (nuint)(x + 2)) + rightBias) >>> shift;
                // the two bytes of a word are two neighbours
                (first | (second << 8)).AsByte().StoreUnsafe(ref target, (nuint)(2 * x));
            }
        }
        for (; x < count; x++)
        {
            var value = 3 * work[x + 1];
            row[2 * x] = T.CreateTruncating((value + work[x] + left) >> shift);
            row[(2 * x) + 1] = T.CreateTruncating((value + work[x + 2] + right) >> shift);
        }
        return row;
    }
}
