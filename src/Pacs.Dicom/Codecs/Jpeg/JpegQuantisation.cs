using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Pacs.Dicom.Codecs;

/// <summary>The quantisation of an encoder: factors of 1 to 255, prepared so that dividing by them is a multiplication.</summary>
internal sealed class JpegQuantisation
{
    private readonly float[] _halves = new float[64];
    private readonly float[] _reciprocals = new float[64];

    /// <summary>Scales a table of quality 50.</summary>
    /// <param name="table">64 factors, row by row.</param>
    /// <param name="quality">1 to 100; the scale is the one that libjpeg made customary.</param>
    public JpegQuantisation(ReadOnlySpan<byte> table, int quality)
    {
        var scale = quality < 50 ? 5000 / quality : 200 - (2 * quality);
        for (var i = 0; i < 64; i++)
        {
            var factor = Math.Clamp(((table[i] * scale) + 50) / 100, 1, 255);
            Factors[i] = (byte)factor;
            // the transform leaves its output 8 times too large. Half the divisor rounds; the other half of one keeps the product off the whole
            // numbers, where the error of a reciprocal could decide
            _halves[i] = (4 * factor) + 0.5f;
            _reciprocals[i] = 1f / (8 * factor);
        }
    }

    /// <summary>Row by row.</summary>
    public byte[] Factors { get; } = new byte[64];

    /// <summary>Divides a row of the transform's output, rounding halves away from zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<int> Divide(Vector256<int> values, int row)
    {
        var sign = values >> 31;
        var magnitude = Vector256.ConvertToSingle((values ^ sign) - sign);
        var quotient = Vector256.ConvertToInt32Native((magnitude + Vector256.Create(_halves, row * 8)) * Vector256.Create(_reciprocals, row * 8));
        return (quotient ^ sign) - sign;
    }
}
