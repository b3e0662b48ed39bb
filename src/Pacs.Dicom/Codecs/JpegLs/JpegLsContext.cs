using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pacs.Dicom.Codecs;

/// <summary>Statistics of the samples that had similar surroundings (T.87 §A.2.1). Sixteen bytes, so that four share a cache line.</summary>
internal struct JpegLsContext
{
    /// <summary>Contexts that a scan has: 9 x 9 x 9 regions, those of opposite sign joined (T.87 §A.3.4).</summary>
    public const int Count = 365;

    private int _errors;
    private int _bias;
    private ushort _occurrences;

    /// <summary>What is added to the prediction (C).</summary>
    public short Correction;

    /// <summary>Order of the Golomb code for the next error (T.87 §A.5.1). Kept, since the next sample waits for it and this one does not.</summary>
    public short Order;

    /// <summary>-1 where the mapping of errors is turned round, otherwise 0 (T.87 §A.5.2).</summary>
    public short Turn;

    /// <summary>The state at the start of a scan.</summary>
    public static JpegLsContext Initial(JpegLsParameters parameters)
    {
        var context = new JpegLsContext { _errors = parameters.InitialA, _occurrences = 1 };
        context.Prepare(parameters.Near == 0);
        return context;
    }

    /// <summary>Counts one error (T.87 §A.6).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Update(int error, int step, int reset, bool lossless)
    {
        var errors = _errors + Math.Abs(error);
        var bias = _bias + (error * step);
        int occurrences = _occurrences;
        if (occurrences == reset)
        {
            errors >>= 1;
            bias >>= 1;
            occurrences >>= 1;
        }
        occurrences++;
        if (bias <= -occurrences)
        {
            bias = Math.Max(bias + occurrences, 1 - occurrences);
            Correction = (short)Math.Max(Correction - 1, -128);
        }
        else if (bias > 0)
        {
            bias = Math.Min(bias - occurrences, 0);
            Correction = (short)Math.Min(Correction + 1, 127);
        }
        _errors = errors;
        _bias = bias;
        _occurrences = (ushort)occurrences;
        Prepare(lossless);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Prepare(bool lossless)
    {
        Order = (short)GolombOrder(_occurrences, _errors);
        Turn = lossless ? (short)((((2 * _bias) + _occurrences - 1) >> 31) & ((Order - 1) >> 31)) : (short)0;
    }

    /// <summary>Smallest k with occurrences · 2^k at least the sum, without a loop whose length no processor foresees.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int GolombOrder(int occurrences, int sum)
    {
        var order = BitOperations.LeadingZeroCount((uint)occurrences) - BitOperations.LeadingZeroCount((uint)sum);
        order &= ~(order >> 31);
        return order + (int)((uint)((occurrences << order) - sum) >> 31);
    }
}

/// <summary>Statistics of the samples that end a run (T.87 §A.7.2): type 1 where the neighbours are alike, otherwise type 0.</summary>
internal struct JpegLsRunContext
{
    private readonly int _type;
    private int _errors;
    private int _occurrences;
    private int _negative;

    /// <summary>The state at the start of a scan.</summary>
    public JpegLsRunContext(int type, JpegLsParameters parameters)
    {
        _type = type;
        _errors = parameters.InitialA;
        _occurrences = 1;
        _negative = 0;
    }

    /// <summary>Order of the Golomb code for the next error (T.87 §A.7.2.1).</summary>
    public readonly int Order => JpegLsContext.GolombOrder(_occurrences, _errors + (_type * (_occurrences >> 1)));

    /// <summary>The error that a code stands for (T.87 §A.7.2.2 undone).</summary>
    public readonly int Unmap(int mapped, int order)
    {
        var sum = mapped + _type;
        var odd = sum & 1;
        var size = (sum + odd) >> 1;
        return (order != 0 || 2 * _negative >= _occurrences) == (odd == 1) ? -size : size;
    }

    /// <summary>The code of an error (T.87 §A.7.2.2).</summary>
    public readonly int Map(int error, int order)
    {
        var turned = order == 0 ? (error > 0 && 2 * _negative < _occurrences) || (error < 0 && 2 * _negative >= _occurrences) : error < 0;
        return (2 * Math.Abs(error)) - _type - (turned ? 1 : 0);
    }

    /// <summary>Counts one error (T.87 §A.7.2.3).</summary>
    public void Update(int error, int mapped, int reset)
    {
        if (error < 0)
        {
            _negative++;
        }
        _errors += (mapped + 1 - _type) >> 1;
        if (_occurrences == reset)
        {
            _errors >>= 1;
            _occurrences >>= 1;
            _negative >>= 1;
        }
        _occurrences++;
    }
}
