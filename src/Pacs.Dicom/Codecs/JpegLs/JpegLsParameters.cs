using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pacs.Dicom.Codecs;

/// <summary>Where the gradients are cut into regions and when the statistics are halved (T.87 §C.2.4.1.1). Zero stands for the default.</summary>
internal readonly record struct JpegLsPreset(int MaxValue, int T1, int T2, int T3, int Reset);

/// <summary>What a scan is coded with: the numbers that T.87 derives from the precision, NEAR and the preset. Encoder and decoder share it.</summary>
internal sealed class JpegLsParameters
{
    private readonly sbyte[] _regions;

    /// <param name="precision">Bits of a sample, 2 to 16.</param>
    /// <param name="near">Greatest difference that coding may cause.</param>
    /// <param name="preset">From the LSE marker, or default.</param>
    /// <exception cref="DicomException">The numbers contradict T.87 §C.2.4.1.1.</exception>
    public JpegLsParameters(int precision, int near, JpegLsPreset preset)
    {
        var greatest = (1 << precision) - 1;
        MaxValue = preset.MaxValue == 0 ? greatest : preset.MaxValue;
        Near = near;
        if (MaxValue > greatest || near > Math.Min(255, MaxValue / 2))
        {
            throw new DicomException($"JPEG-LS parameters are impossible: greatest value {MaxValue}, NEAR {near}, {precision} bits");
        }
        var (t1, t2, t3) = DefaultThresholds(MaxValue, near);
        T1 = preset.T1 == 0 ? t1 : preset.T1;
        T2 = preset.T2 == 0 ? t2 : preset.T2;
        T3 = preset.T3 == 0 ? t3 : preset.T3;
        Reset = preset.Reset == 0 ? 64 : preset.Reset;
        if (T1 <= near || T2 < T1 || T3 < T2 || T3 > MaxValue || Reset < 3 || Reset > Math.Max(255, MaxValue))
        {
            throw new DicomException($"JPEG-LS parameters are impossible: thresholds {T1}, {T2}, {T3}, reset {Reset}");
        }
        // T.87 §A.2.1
        Step = (2 * near) + 1;
        Range = ((MaxValue + (2 * near)) / Step) + 1;
        RangeBits = Log2(Range);
        var bits = Math.Max(2, Log2(MaxValue + 1));
        Limit = 2 * (bits + Math.Max(8, bits));
        InitialA = Math.Max(2, (Range + 32) / 64);
        _regions = Regions();
    }

    /// <summary>Greatest sample value, MAXVAL.</summary>
    public int MaxValue { get; }

    /// <summary>NEAR: 0 is lossless.</summary>
    public int Near { get; }

    /// <summary>2 NEAR + 1.</summary>
    public int Step { get; }

    /// <summary>First gradient threshold.</summary>
    public int T1 { get; }

    /// <summary>Second gradient threshold.</summary>
    public int T2 { get; }

    /// <summary>Third gradient threshold.</summary>
    public int T3 { get; }

    /// <summary>Occurrences of a context after which its statistics are halved.</summary>
    public int Reset { get; }

    /// <summary>RANGE: number of distinct prediction errors.</summary>
    public int Range { get; }

    /// <summary>qbpp: bits of a prediction error that is coded as it is.</summary>
    public int RangeBits { get; }

    /// <summary>LIMIT: length of the longest code.</summary>
    public int Limit { get; }

    /// <summary>What the error sums of the contexts begin with.</summary>
    public int InitialA { get; }

    /// <summary>Whether samples are lossless and take all values of their bits, so that arithmetic modulo RANGE is a mask.</summary>
    public bool IsMasked => Near == 0 && BitOperations.IsPow2(MaxValue + 1);

    /// <summary>Region -4 to 4 of every gradient (T.87 §A.3.3); that of gradient 0 is at <see cref="MaxValue"/>.</summary>
    public ReadOnlySpan<sbyte> GradientRegions => _regions;

    /// <summary>Orders of the run length code, J (T.87 §A.2.1).</summary>
    public static ReadOnlySpan<byte> RunOrders => [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    /// <summary>The median of a, b and a + b - c, from differences and their signs: a processor would foresee branches here badly (T.87 §A.4.1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Median(int a, int b, int c)
    {
        var swap = (a - b) & ((a - b) >> 31);
        int least = b + swap, most = a - swap;
        var plane = a + b - c;
        plane -= (plane - least) & ((plane - least) >> 31);
        return plane - ((plane - most) & ~((plane - most) >> 31));
    }

    /// <summary>Prediction error plus prediction, brought back into the range of samples (T.87 §A.4.5, §A.8).</summary>
    public int Reconstruct(int value)
    {
        if (value < -Near)
        {
            value += Range * Step;
        }
        else if (value > MaxValue + Near)
        {
            value -= Range * Step;
        }
        return Math.Clamp(value, 0, MaxValue);
    }

    // T.87 §C.2.4.1.1.1
    private static (int T1, int T2, int T3) DefaultThresholds(int maxValue, int near)
    {
        int t1, t2, t3;
        if (maxValue >= 128)
        {
            var factor = (Math.Min(maxValue, 4095) + 128) / 256;
            t1 = Within((factor * (3 - 2)) + 2 + (3 * near), near + 1);
            t2 = Within((factor * (7 - 3)) + 3 + (5 * near), t1);
            t3 = Within((factor * (21 - 4)) + 4 + (7 * near), t2);
        }
        else
        {
            var factor = 256 / (maxValue + 1);
            t1 = Within(Math.Max(2, (3 / factor) + (3 * near)), near + 1);
            t2 = Within(Math.Max(3, (7 / factor) + (5 * near)), t1);
            t3 = Within(Math.Max(4, (21 / factor) + (7 * near)), t2);
        }
        return (t1, t2, t3);

        int Within(int value, int least) => value > maxValue || value < least ? least : value;
    }

    private static int Log2(int value) => 32 - BitOperations.LeadingZeroCount((uint)value - 1);

    private sbyte[] Regions()
    {
        var regions = new sbyte[(2 * MaxValue) + 1];
        Set(0, Near, 0);
        Set(Near + 1, T1 - 1, 1);
        Set(T1, T2 - 1, 2);
        Set(T2, T3 - 1, 3);
        Set(T3, MaxValue, 4);
        return regions;

        void Set(int first, int last, sbyte region)
        {
            if (first <= last)
            {
                regions.AsSpan(MaxValue + first, last - first + 1).Fill(region);
                regions.AsSpan(MaxValue - last, last - first + 1).Fill((sbyte)-region);
            }
        }
    }
}
