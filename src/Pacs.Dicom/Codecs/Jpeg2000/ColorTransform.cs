using System.Numerics;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Codecs;

/// <summary>Makes RGB of the first three components again (T.800 annex G).</summary>
internal static class ColorTransform
{
    /// <summary>Undoes the transform in place.</summary>
    /// <param name="samples">Three planes; floats as their bits where the transform is irreversible.</param>
    /// <param name="count">Samples in a plane.</param>
    /// <param name="reversible">RCT (§G.2) or ICT (§G.3).</param>
    public static void Invert(int[][] samples, int count, bool reversible)
    {
        Span<int> first = samples[0].AsSpan(0, count), second = samples[1].AsSpan(0, count), third = samples[2].AsSpan(0, count);
        if (reversible)
        {
            InvertReversible(first, second, third);
        }
        else
        {
            InvertIrreversible(MemoryMarshal.Cast<int, float>(first), MemoryMarshal.Cast<int, float>(second), MemoryMarshal.Cast<int, float>(third));
        }
    }

    private static void InvertReversible(Span<int> first, Span<int> second, Span<int> third)
    {
        second = second[..first.Length];
        third = third[..first.Length];
        var i = 0;
        for (; i <= first.Length - Vector<int>.Count; i += Vector<int>.Count)
        {
            Vector<int> u = new(second[i..]), v = new(third[i..]);
            var green = new Vector<int>(first[i..]) - ((u + v) >> 2);
            (v + green).CopyTo(first[i..]);
            green.CopyTo(second[i..]);
            (u + green).CopyTo(third[i..]);
        }
        for (; i < first.Length; i++)
        {
            var green = first[i] - ((second[i] + third[i]) >> 2);
            (first[i], second[i], third[i]) = (third[i] + green, green, second[i] + green);
        }
    }

    private static void InvertIrreversible(Span<float> first, Span<float> second, Span<float> third)
    {
        second = second[..first.Length];
        third = third[..first.Length];
        var i = 0;
        for (; i <= first.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> y = new(first[i..]), blue = new(second[i..]), red = new(third[i..]);
            (y + (red * 1.402f)).CopyTo(first[i..]);
            (y - (blue * 0.344136f) - (red * 0.714136f)).CopyTo(second[i..]);
            (y + (blue * 1.772f)).CopyTo(third[i..]);
        }
        for (; i < first.Length; i++)
        {
            float y = first[i], blue = second[i], red = third[i];
            first[i] = y + (red * 1.402f);
            second[i] = y - (blue * 0.344136f) - (red * 0.714136f);
            third[i] = y + (blue * 1.772f);
        }
    }
}
