using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// The discrete cosine transform of 8 x 8 samples (T.81 §A.3.3) in whole numbers, both ways, by the scheme of Loeffler, Ligtenberg and Moschytz with cosines
/// scaled by 2^13. T.81 leaves the rounding open; this is the rounding of the Independent JPEG Group's "slow integer" transform, so that what dcmtk, GDCM,
/// pydicom and browsers show is what we show, to the bit. Eight columns, then eight rows, are computed side by side.
/// </summary>
internal static class JpegDct
{
    private const int ScaleBits = 13;

    /// <summary>Bits of fraction kept between the two passes for 8 bit samples; 12 bit samples have room for one less.</summary>
    private const int PassBits = 2;

    /// <summary>Transforms coefficients back into samples of 8 bits.</summary>
    /// <param name="coefficients">64, row by row.</param>
    /// <param name="quantisation">64 factors in the same order.</param>
    /// <param name="samples">Where the first of eight rows goes.</param>
    /// <param name="stride">Samples from one row to the next.</param>
    public static void Inverse(ReadOnlySpan<short> coefficients, ReadOnlySpan<int> quantisation, Span<byte> samples, int stride)
    {
        Inverse(coefficients, quantisation, PassBits, 128, out var r0, out var r1, out var r2, out var r3, out var r4, out var r5, out var r6, out var r7);
        ref var target = ref MemoryMarshal.GetReference(samples[..((7 * stride) + 8)]);
        Store(ref target, r0, r1, stride);
        Store(ref Unsafe.Add(ref target, 2 * stride), r2, r3, stride);
        Store(ref Unsafe.Add(ref target, 4 * stride), r4, r5, stride);
        Store(ref Unsafe.Add(ref target, 6 * stride), r6, r7, stride);
    }

    /// <summary>Transforms coefficients back into samples of 12 bits, see the other.</summary>
    public static void Inverse(ReadOnlySpan<short> coefficients, ReadOnlySpan<int> quantisation, Span<ushort> samples, int stride)
    {
        Inverse(coefficients, quantisation, PassBits - 1, 2048, out var r0, out var r1, out var r2, out var r3, out var r4, out var r5, out var r6, out var r7);
        ReadOnlySpan<Vector256<int>> rows = [r0, r1, r2, r3, r4, r5, r6, r7];
        for (var y = 0; y < 8; y++)
        {
            var row = Vector256.Min(Vector256.Max(rows[y], Vector256<int>.Zero), Vector256.Create(4095)).AsUInt32();
            Vector128.Narrow(row.GetLower(), row.GetUpper()).CopyTo(samples[(y * stride)..]);
        }
    }

    /// <summary>The sample of a block in which only the first coefficient is not zero: all 64 are the same.</summary>
    /// <param name="coefficient">The first coefficient times its factor.</param>
    /// <param name="bits">8 or 12.</param>
    public static int Flat(int coefficient, int bits)
    {
        var passBits = bits == 8 ? PassBits : PassBits - 1;
        var value = ((coefficient << passBits) + (1 << (passBits + 2))) >> (passBits + 3);
        return Math.Clamp(value + (1 << (bits - 1)), 0, (1 << bits) - 1);
    }

    /// <summary>Transforms 8 bit samples, and quantises what comes out.</summary>
    /// <param name="samples">The first of eight rows.</param>
    /// <param name="stride">Samples from one row to the next.</param>
    /// <param name="quantisation">The factors.</param>
    /// <param name="coefficients">Gets 64, row by row.</param>
    public static void Forward(ReadOnlySpan<byte> samples, int stride, JpegQuantisation quantisation, Span<short> coefficients)
    {
        ref var source = ref MemoryMarshal.GetReference(samples[..((7 * stride) + 8)]);
        var r0 = Load(ref source);
        var r1 = Load(ref Unsafe.Add(ref source, stride));
        var r2 = Load(ref Unsafe.Add(ref source, 2 * stride));
        var r3 = Load(ref Unsafe.Add(ref source, 3 * stride));
        var r4 = Load(ref Unsafe.Add(ref source, 4 * stride));
        var r5 = Load(ref Unsafe.Add(ref source, 5 * stride));
        var r6 = Load(ref Unsafe.Add(ref source, 6 * stride));
        var r7 = Load(ref Unsafe.Add(ref source, 7 * stride));
        Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);
        ForwardPass(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7, ScaleBits - PassBits);
        r0 <<= PassBits;
        r4 <<= PassBits;
        Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);
        ForwardPass(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7, ScaleBits + PassBits);
        var half = Vector256.Create(1 << (PassBits - 1));
        r0 = (r0 + half) >> PassBits;
        r4 = (r4 + half) >> PassBits;
        ref var target = ref MemoryMarshal.GetReference(coefficients[..64]);
        Vector256.Narrow(quantisation.Divide(r0, 0), quantisation.Divide(r1, 1)).StoreUnsafe(ref target);
        Vector256.Narrow(quantisation.Divide(r2, 2), quantisation.Divide(r3, 3)).StoreUnsafe(ref target, 16);
        Vector256.Narrow(quantisation.Divide(r4, 4), quantisation.Divide(r5, 5)).StoreUnsafe(ref target, 32);
        Vector256.Narrow(quantisation.Divide(r6, 6), quantisation.Divide(r7, 7)).StoreUnsafe(ref target, 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Inverse(ReadOnlySpan<short> coefficients, ReadOnlySpan<int> quantisation, int passBits, int centre,
        out Vector256<int> r0, out Vector256<int> r1, out Vector256<int> r2, out Vector256<int> r3, out Vector256<int> r4, out Vector256<int> r5, out Vector256<int> r6, out Vector256<int> r7)
    {
        ref var source = ref MemoryMarshal.GetReference(coefficients[..64]);
        ref var factors = ref MemoryMarshal.GetReference(quantisation[..64]);
        r0 = Dequantised(ref source, ref factors, 0);
        r1 = Dequantised(ref source, ref factors, 8);
        r2 = Dequantised(ref source, ref factors, 16);
        r3 = Dequantised(ref source, ref factors, 24);
        r4 = Dequantised(ref source, ref factors, 32);
        r5 = Dequantised(ref source, ref factors, 40);
        r6 = Dequantised(ref source, ref factors, 48);
        r7 = Dequantised(ref source, ref factors, 56);
        InversePass(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7, ScaleBits - passBits, 0);
        Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);
        InversePass(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7, ScaleBits + passBits + 3, centre);
        Transpose(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Dequantised(ref short coefficients, ref int quantisation, int at) =>
        Widen(Vector128.LoadUnsafe(ref coefficients, (nuint)at)) * Vector256.LoadUnsafe(ref quantisation, (nuint)at);

    /// <summary>One dimension, the even half and the odd half; the result is shifted right by <paramref name="shift"/> with rounding, and moved up by <paramref name="centre"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InversePass(ref Vector256<int> r0, ref Vector256<int> r1, ref Vector256<int> r2, ref Vector256<int> r3,
        ref Vector256<int> r4, ref Vector256<int> r5, ref Vector256<int> r6, ref Vector256<int> r7, int shift, int centre)
    {
        // rounding, and the level shift of T.81 §A.3.1, are added once for all eight
        var bias = Vector256.Create((1 << (shift - 1)) + (centre << shift));
        var rotated = (r2 + r6) * 4433;
        var even2 = rotated - (r6 * 15137);
        var even3 = rotated + (r2 * 6270);
        var even0 = ((r0 + r4) << ScaleBits) + bias;
        var even1 = ((r0 - r4) << ScaleBits) + bias;
        var e0 = even0 + even3;
        var e3 = even0 - even3;
        var e1 = even1 + even2;
        var e2 = even1 - even2;
        var z3 = r7 + r3;
        var z4 = r5 + r1;
        var z5 = (z3 + z4) * 9633;
        var z1 = (r7 + r1) * -7373;
        var z2 = (r5 + r3) * -20995;
        z3 = (z3 * -16069) + z5;
        z4 = (z4 * -3196) + z5;
        var o0 = (r7 * 2446) + z1 + z3;
        var o1 = (r5 * 16819) + z2 + z4;
        var o2 = (r3 * 25172) + z2 + z3;
        var o3 = (r1 * 12299) + z1 + z4;
        r0 = (e0 + o3) >> shift;
        r7 = (e0 - o3) >> shift;
        r1 = (e1 + o2) >> shift;
        r6 = (e1 - o2) >> shift;
        r2 = (e2 + o1) >> shift;
        r5 = (e2 - o1) >> shift;
        r3 = (e3 + o0) >> shift;
        r4 = (e3 - o0) >> shift;
    }

    /// <summary>One dimension. The outputs 0 and 4 are left unscaled, the others are shifted right by <paramref name="shift"/> with rounding.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ForwardPass(ref Vector256<int> r0, ref Vector256<int> r1, ref Vector256<int> r2, ref Vector256<int> r3,
        ref Vector256<int> r4, ref Vector256<int> r5, ref Vector256<int> r6, ref Vector256<int> r7, int shift)
    {
        var bias = Vector256.Create(1 << (shift - 1));
        var t0 = r0 + r7;
        var t7 = r0 - r7;
        var t1 = r1 + r6;
        var t6 = r1 - r6;
        var t2 = r2 + r5;
        var t5 = r2 - r5;
        var t3 = r3 + r4;
        var t4 = r3 - r4;
        var e0 = t0 + t3;
        var e3 = t0 - t3;
        var e1 = t1 + t2;
        var e2 = t1 - t2;
        r0 = e0 + e1;
        r4 = e0 - e1;
        var rotated = ((e2 + e3) * 4433) + bias;
        r2 = (rotated + (e3 * 6270)) >> shift;
        r6 = (rotated - (e2 * 15137)) >> shift;
        var z3 = t4 + t6;
        var z4 = t5 + t7;
        var z5 = ((z3 + z4) * 9633) + bias;
        var z1 = (t4 + t7) * -7373;
        var z2 = (t5 + t6) * -20995;
        z3 = (z3 * -16069) + z5;
        z4 = (z4 * -3196) + z5;
        r7 = ((t4 * 2446) + z1 + z3) >> shift;
        r5 = ((t5 * 16819) + z2 + z4) >> shift;
        r3 = ((t6 * 25172) + z2 + z3) >> shift;
        r1 = ((t7 * 12299) + z1 + z4) >> shift;
    }

    /// <summary>Eight samples, moved down to be around zero (T.81 §A.3.1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Load(ref byte samples)
    {
        var bytes = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref samples)).AsByte();
        return Widen(Vector128.WidenLower(bytes).AsInt16()) - Vector256.Create(128);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Widen(Vector128<short> values) =>
        Avx2.IsSupported ? Avx2.ConvertToVector256Int32(values) : Vector256.Create(Vector128.WidenLower(values), Vector128.WidenUpper(values));

    /// <summary>Two rows, clamped to 0..255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ref byte target, Vector256<int> first, Vector256<int> second, int stride)
    {
        var words = Vector256.NarrowWithSaturation(first, second);
        var zero = Vector256<short>.Zero;
        var clamped = Vector256.Min(Vector256.Max(words, zero), Vector256.Create((short)255));
        var bytes = Vector128.Narrow(clamped.GetLower(), clamped.GetUpper()).AsUInt64();
        Unsafe.WriteUnaligned(ref target, bytes.GetElement(0));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref target, stride), bytes.GetElement(1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Vector256<int> r0, ref Vector256<int> r1, ref Vector256<int> r2, ref Vector256<int> r3,
        ref Vector256<int> r4, ref Vector256<int> r5, ref Vector256<int> r6, ref Vector256<int> r7)
    {
        if (!Avx2.IsSupported)
        {
            TransposeInMemory(ref r0, ref r1, ref r2, ref r3, ref r4, ref r5, ref r6, ref r7);
            return;
        }
        // pairs, then fours, then the halves
        var a0 = Avx2.UnpackLow(r0, r1);
        var a1 = Avx2.UnpackHigh(r0, r1);
        var a2 = Avx2.UnpackLow(r2, r3);
        var a3 = Avx2.UnpackHigh(r2, r3);
        var a4 = Avx2.UnpackLow(r4, r5);
        var a5 = Avx2.UnpackHigh(r4, r5);
        var a6 = Avx2.UnpackLow(r6, r7);
        var a7 = Avx2.UnpackHigh(r6, r7);
        var b0 = Avx2.UnpackLow(a0.AsInt64(), a2.AsInt64()).AsInt32();
        var b1 = Avx2.UnpackHigh(a0.AsInt64(), a2.AsInt64()).AsInt32();
        var b2 = Avx2.UnpackLow(a1.AsInt64(), a3.AsInt64()).AsInt32();
        var b3 = Avx2.UnpackHigh(a1.AsInt64(), a3.AsInt64()).AsInt32();
        var b4 = Avx2.UnpackLow(a4.AsInt64(), a6.AsInt64()).AsInt32();
        var b5 = Avx2.UnpackHigh(a4.AsInt64(), a6.AsInt64()).AsInt32();
        var b6 = Avx2.UnpackLow(a5.AsInt64(), a7.AsInt64()).AsInt32();
        var b7 = Avx2.UnpackHigh(a5.AsInt64(), a7.AsInt64()).AsInt32();
        r0 = Avx2.Permute2x128(b0, b4, 0x20);
        r1 = Avx2.Permute2x128(b1, b5, 0x20);
        r2 = Avx2.Permute2x128(b2, b6, 0x20);
        r3 = Avx2.Permute2x128(b3, b7, 0x20);
        r4 = Avx2.Permute2x128(b0, b4, 0x31);
        r5 = Avx2.Permute2x128(b1, b5, 0x31);
        r6 = Avx2.Permute2x128(b2, b6, 0x31);
        r7 = Avx2.Permute2x128(b3, b7, 0x31);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TransposeInMemory(ref Vector256<int> r0, ref Vector256<int> r1, ref Vector256<int> r2, ref Vector256<int> r3,
        ref Vector256<int> r4, ref Vector256<int> r5, ref Vector256<int> r6, ref Vector256<int> r7)
    {
        Span<Vector256<int>> rows = [r0, r1, r2, r3, r4, r5, r6, r7];
        var values = MemoryMarshal.Cast<Vector256<int>, int>(rows);
        for (var y = 0; y < 8; y++)
        {
            for (var x = y + 1; x < 8; x++)
            {
                (values[(y * 8) + x], values[(x * 8) + y]) = (values[(x * 8) + y], values[(y * 8) + x]);
            }
        }
        (r0, r1, r2, r3) = (rows[0], rows[1], rows[2], rows[3]);
        (r4, r5, r6, r7) = (rows[4], rows[5], rows[6], rows[7]);
    }
}
