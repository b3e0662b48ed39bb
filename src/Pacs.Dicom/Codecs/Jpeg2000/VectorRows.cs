using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pacs.Dicom.Codecs;

/// <summary>The steps of the wavelet filters on whole rows, as many samples at once as the processor can. The second and third row may be longer than the first.</summary>
internal static class VectorRows
{
    /// <summary>row - (a + b + 2) / 4, rounded down (T.800 equation F-5).</summary>
    public static void SubtractQuarter(Span<int> row, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        a = a[..row.Length];
        b = b[..row.Length];
        var i = 0;
        for (; i <= row.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            var sum = new Vector<int>(a[i..]) + new Vector<int>(b[i..]) + new Vector<int>(2);
            (new Vector<int>(row[i..]) - (sum >> 2)).CopyTo(row[i..]);
        }
        for (; i < row.Length; i++)
        {
            row[i] -= (a[i] + b[i] + 2) >> 2;
        }
    }

    /// <summary>row + (a + b) / 2, rounded down (T.800 equation F-6).</summary>
    public static void AddHalf(Span<int> row, ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        a = a[..row.Length];
        b = b[..row.Length];
        var i = 0;
        for (; i <= row.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            (new Vector<int>(row[i..]) + ((new Vector<int>(a[i..]) + new Vector<int>(b[i..])) >> 1)).CopyTo(row[i..]);
        }
        for (; i < row.Length; i++)
        {
            row[i] += (a[i] + b[i]) >> 1;
        }
    }

    /// <summary>row - factor · (a + b).</summary>
    public static void SubtractScaled(Span<float> row, ReadOnlySpan<float> a, ReadOnlySpan<float> b, float factor)
    {
        a = a[..row.Length];
        b = b[..row.Length];
        var i = 0;
        for (; i <= row.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            (new Vector<float>(row[i..]) - ((new Vector<float>(a[i..]) + new Vector<float>(b[i..])) * factor)).CopyTo(row[i..]);
        }
        for (; i < row.Length; i++)
        {
            row[i] -= (a[i] + b[i]) * factor;
        }
    }

    /// <summary>row · factor.</summary>
    public static void Scale(Span<float> row, float factor)
    {
        var i = 0;
        for (; i <= row.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            (new Vector<float>(row[i..]) * factor).CopyTo(row[i..]);
        }
        for (; i < row.Length; i++)
        {
            row[i] *= factor;
        }
    }

    /// <summary>row / 2, rounded down.</summary>
    public static void Halve(Span<int> row)
    {
        for (var i = 0; i < row.Length; i++)
        {
            row[i] >>= 1;
        }
    }

    /// <summary>Puts two halves together in turn; the second one comes first where <paramref name="oddFirst"/> is 1.</summary>
    public static void Zip(ReadOnlySpan<int> even, ReadOnlySpan<int> odd, int oddFirst, Span<int> row)
    {
        var first = oddFirst == 0 ? even : odd;
        var second = oddFirst == 0 ? odd : even;
        var i = 0;
        // two samples are one number of twice the bits, the first one low
        for (; BitConverter.IsLittleEndian && i <= second.Length - Vector256<uint>.Count; i += Vector256<uint>.Count)
        {
            var (low, high) = Vector256.Widen(Vector256.Create(MemoryMarshal.Cast<int, uint>(first[i..])));
            var (lowSecond, highSecond) = Vector256.Widen(Vector256.Create(MemoryMarshal.Cast<int, uint>(second[i..])));
            (low | (lowSecond << 32)).AsInt32().CopyTo(row[(2 * i)..]);
            (high | (highSecond << 32)).AsInt32().CopyTo(row[((2 * i) + 8)..]);
        }
        for (; i < second.Length; i++)
        {
            row[2 * i] = first[i];
            row[(2 * i) + 1] = second[i];
        }
        if (first.Length > second.Length)
        {
            row[^1] = first[^1];
        }
    }
}
