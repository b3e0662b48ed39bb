using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// RGB to YCbCr and back (JFIF 1.02; the YBR_FULL of PS3.3 §C.7.6.3.1.2) with factors scaled by 2^16, and the colour differences of several pixels made one.
/// The rounding is libjpeg's.
/// </summary>
/// <remarks>
/// Sixteen pixels at a time, in words: a factor f of 2^16 is split into 256 a + b, so that (f x + 2^15) >> 16 becomes (a x + (b x >> 8) + 128) >> 8. That is the same to the bit,
/// because what is cut off by the inner shift is less than what the outer one can see, and every part stays within 16 bits.
/// </remarks>
internal static class JpegColor
{
    private const int Half = 1 << 15;

    /// <summary>Pixels of one step.</summary>
    private const int Step = 16;

    /// <summary>Splits a row of pixels into its components.</summary>
    public static void FromRgb(ReadOnlySpan<byte> rgb, Span<byte> luminance, Span<byte> blue, Span<byte> red)
    {
        var x = 0;
        ref var source = ref MemoryMarshal.GetReference(rgb[..(3 * luminance.Length)]);
        ref var y = ref MemoryMarshal.GetReference(luminance);
        ref var cb = ref MemoryMarshal.GetReference(blue[..luminance.Length]);
        ref var cr = ref MemoryMarshal.GetReference(red[..luminance.Length]);
        for (; x <= luminance.Length - Step; x += Step)
        {
            Load(ref source, 3 * x, out var r, out var g, out var b);
            Narrow((Times(r, 76) + Times(g, 150) + Times(b, 29) + ((Times(r, 139) + Times(g, 70) + Times(b, 47)) >>> 8) + Vector256.Create((ushort)128)) >>> 8).StoreUnsafe(ref y, (nuint)x);
            // the middle of the range, 128, in the same scale, and a half less one
            var middle = Vector256.Create((ushort)(32768 + 127));
            Narrow((Times(b, 128) + middle - Times(r, 43) - Times(g, 84) - ((Times(r, 51) + Times(g, 205)) >>> 8)) >>> 8).StoreUnsafe(ref cb, (nuint)x);
            Narrow((Times(r, 128) + middle - Times(g, 107) - Times(b, 20) - ((Times(g, 47) + Times(b, 209)) >>> 8)) >>> 8).StoreUnsafe(ref cr, (nuint)x);
        }
        for (; x < luminance.Length; x++)
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
        var x = 0;
        ref var y = ref MemoryMarshal.GetReference(luminance[..width]);
        ref var u = ref MemoryMarshal.GetReference(blue[..width]);
        ref var v = ref MemoryMarshal.GetReference(red[..width]);
        ref var target = ref MemoryMarshal.GetReference(rgb[..(3 * width)]);
        var middle = Vector256.Create((short)128);
        for (; x <= width - Step; x += Step)
        {
            var grey = Widen(Vector128.LoadUnsafe(ref y, (nuint)x)).AsInt16();
            var cb = Widen(Vector128.LoadUnsafe(ref u, (nuint)x)).AsInt16() - middle;
            var cr = Widen(Vector128.LoadUnsafe(ref v, (nuint)x)).AsInt16() - middle;
            // 91881 = 65536 + 256 * 102 + 233, 116130 = 2 * 65536 - 256 * 59 + 162
            var r = grey + cr + ((Times(cr, 102) + (Times(cr, 233) >> 8) + middle) >> 8);
            var b = grey + cb + cb + ((Times(cb, -59) + (Times(cb, 162) >> 8) + middle) >> 8);
            // -22554 = -256 * 88 - 26, -46802 = -65536 + 256 * 73 + 46
            var g = grey - cr + ((Times(cr, 73) - Times(cb, 88) + ((Times(cr, 46) - Times(cb, 26)) >> 8) + middle) >> 8);
            Interleave(Clamp(r), Clamp(g), Clamp(b), ref target, 3 * x);
        }
        for (; x < width; x++)
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

    /// <summary>Interleaves three rows of a picture without a transform.</summary>
    public static void Join(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> pixels, int width)
    {
        var x = 0;
        ref var target = ref MemoryMarshal.GetReference(pixels[..(3 * width)]);
        for (; x <= width - Step; x += Step)
        {
            Interleave(Vector128.Create(first.Slice(x, Step)), Vector128.Create(second.Slice(x, Step)), Vector128.Create(third.Slice(x, Step)), ref target, 3 * x);
        }
        for (; x < width; x++)
        {
            pixels[3 * x] = first[x];
            pixels[(3 * x) + 1] = second[x];
            pixels[(3 * x) + 2] = third[x];
        }
    }

    /// <summary>Means of pairs. Halves are rounded down and up in turn, so that the picture gets no brighter.</summary>
    public static void HalveRow(ReadOnlySpan<byte> full, Span<byte> half)
    {
        var x = 0;
        ref var source = ref MemoryMarshal.GetReference(full[..(2 * half.Length)]);
        ref var target = ref MemoryMarshal.GetReference(half);
        var turn = Vector256.Create(0x0001_0000).AsUInt16();
        for (; x <= half.Length - Step; x += Step)
        {
            Narrow((Pairs(ref source, 2 * x) + turn) >>> 1).StoreUnsafe(ref target, (nuint)x);
        }
        for (; x < half.Length; x++)
        {
            half[x] = (byte)((full[2 * x] + full[(2 * x) + 1] + (x & 1)) >> 1);
        }
    }

    /// <summary>Means of squares of four, rounded in turn as well.</summary>
    public static void HalveRows(ReadOnlySpan<byte> upper, ReadOnlySpan<byte> lower, Span<byte> half)
    {
        var x = 0;
        ref var above = ref MemoryMarshal.GetReference(upper[..(2 * half.Length)]);
        ref var below = ref MemoryMarshal.GetReference(lower[..(2 * half.Length)]);
        ref var target = ref MemoryMarshal.GetReference(half);
        var turn = Vector256.Create(0x0002_0001).AsUInt16();
        for (; x <= half.Length - Step; x += Step)
        {
            Narrow((Pairs(ref above, 2 * x) + Pairs(ref below, 2 * x) + turn) >>> 2).StoreUnsafe(ref target, (nuint)x);
        }
        for (; x < half.Length; x++)
        {
            half[x] = (byte)((upper[2 * x] + upper[(2 * x) + 1] + lower[2 * x] + lower[(2 * x) + 1] + 1 + (x & 1)) >> 2);
        }
    }

    /// <summary>Sums of neighbours: the two bytes of a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Pairs(ref byte source, int at)
    {
        var words = Vector256.LoadUnsafe(ref source, (nuint)at).AsUInt16();
        return (words & Vector256.Create((ushort)255)) + (words >>> 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Times(Vector256<ushort> values, ushort factor) => values * Vector256.Create(factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<short> Times(Vector256<short> values, short factor) => values * Vector256.Create(factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Widen(Vector128<byte> bytes) => Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Narrow(Vector256<ushort> words) => Vector128.Narrow(words.GetLower(), words.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Clamp(Vector256<short> values) =>
        Narrow(Vector256.Min(Vector256.Max(values, Vector256<short>.Zero), Vector256.Create((short)255)).AsUInt16());

    /// <summary>Writes sixteen pixels: byte i of the output is component i % 3 of pixel i / 3. An index out of range gives zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave(Vector128<byte> r, Vector128<byte> g, Vector128<byte> b, ref byte target, int at)
    {
        const byte No = 255;
        (Vector128.Shuffle(r, Vector128.Create((byte)0, No, No, 1, No, No, 2, No, No, 3, No, No, 4, No, No, 5))
            | Vector128.Shuffle(g, Vector128.Create(No, 0, No, No, 1, No, No, 2, No, No, 3, No, No, 4, No, No))
            | Vector128.Shuffle(b, Vector128.Create(No, No, 0, No, No, 1, No, No, 2, No, No, 3, No, No, 4, No))).StoreUnsafe(ref target, (nuint)at);
        (Vector128.Shuffle(r, Vector128.Create(No, No, 6, No, No, 7, No, No, 8, No, No, 9, No, No, 10, No))
            | Vector128.Shuffle(g, Vector128.Create(5, No, No, 6, No, No, 7, No, No, 8, No, No, 9, No, No, 10))
            | Vector128.Shuffle(b, Vector128.Create(No, 5, No, No, 6, No, No, 7, No, No, 8, No, No, 9, No, No))).StoreUnsafe(ref target, (nuint)(at + 16));
        (Vector128.Shuffle(r, Vector128.Create(No, 11, No, No, 12, No, No, 13, No, No, 14, No, No, 15, No, No))
            | Vector128.Shuffle(g, Vector128.Create(No, No, 11, No, No, 12, No, No, 13, No, No, 14, No, No, 15, No))
            | Vector128.Shuffle(b, Vector128.Create(10, No, No, 11, No, No, 12, No, No, 13, No, No, 14, No, No, 15))).StoreUnsafe(ref target, (nuint)(at + 32));
    }

    /// <summary>Reads sixteen pixels: the reverse.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(ref byte source, int at, out Vector256<ushort> r, out Vector256<ushort> g, out Vector256<ushort> b)
    {
        const byte No = 255;
        var first = Vector128.LoadUnsafe(ref source, (nuint)at);
        var second = Vector128.LoadUnsafe(ref source, (nuint)(at + 16));
        var third = Vector128.LoadUnsafe(ref source, (nuint)(at + 32));
        r = Widen(Vector128.Shuffle(first, Vector128.Create((byte)0, 3, 6, 9, 12, 15, No, No, No, No, No, No, No, No, No, No))
            | Vector128.Shuffle(second, Vector128.Create(No, No, No, No, No, No, 2, 5, 8, 11, 14, No, No, No, No, No))
            | Vector128.Shuffle(third, Vector128.Create(No, No, No, No, No, No, No, No, No, No, No, 1, 4, 7, 10, 13)));
        g = Widen(Vector128.Shuffle(first, Vector128.Create((byte)1, 4, 7, 10, 13, No, No, No, No, No, No, No, No, No, No, No))
            | Vector128.Shuffle(second, Vector128.Create(No, No, No, No, No, 0, 3, 6, 9, 12, 15, No, No, No, No, No))
            | Vector128.Shuffle(third, Vector128.Create(No, No, No, No, No, No, No, No, No, No, No, 2, 5, 8, 11, 14)));
        b = Widen(Vector128.Shuffle(first, Vector128.Create((byte)2, 5, 8, 11, 14, No, No, No, No, No, No, No, No, No, No, No))
            | Vector128.Shuffle(second, Vector128.Create(No, No, No, No, No, 1, 4, 7, 10, 13, No, No, No, No, No, No))
            | Vector128.Shuffle(third, Vector128.Create(No, No, No, No, No, No, No, No, No, No, 0, 3, 6, 9, 12, 15)));
    }
}
