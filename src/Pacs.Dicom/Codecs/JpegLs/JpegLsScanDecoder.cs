using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// The entropy coded bits of one JPEG-LS scan, line by line (T.87 annex A). Bits come from a word of 64 that is filled eight bytes at a time; a context
/// holds the order of its next code ready; prediction and mapping have no branches. That makes the time of a sample the time of its table look-ups.
/// </summary>
/// <remarks>
/// Pointers instead of spans: every index is bounded by the width of the line or, into the tables, by the range of samples, which reconstruction never leaves.
/// </remarks>
internal unsafe ref struct JpegLsScanDecoder
{
    // codes up to this length are taken from the word of bits at once; longer ones are rare
    private const int QuickBits = 32;

    private readonly JpegLsParameters _parameters;
    private readonly byte* _start;
    private readonly byte* _end;
    private readonly JpegLsContext* _contexts;
    private readonly sbyte* _regions;
    private readonly long _offset;
    private JpegLsRunContext _differing;
    private JpegLsRunContext _alike;
    private byte* _at;
    private ulong _bits;
    private int _count;
    private int _missing;

    /// <param name="parameters">What the scan is coded with.</param>
    /// <param name="contexts">Room for <see cref="JpegLsContext.Count"/> contexts.</param>
    /// <param name="regions">The middle of <see cref="JpegLsParameters.GradientRegions"/>.</param>
    /// <param name="start">First byte of the entropy coded data.</param>
    /// <param name="end">End of all data; markers end the scan earlier.</param>
    /// <param name="offset">Offset of <paramref name="start"/> in the frame, for errors.</param>
    public JpegLsScanDecoder(JpegLsParameters parameters, JpegLsContext* contexts, sbyte* regions, byte* start, byte* end, long offset)
    {
        _parameters = parameters;
        _contexts = contexts;
        _regions = regions;
        _start = start;
        _at = start;
        _end = end;
        _offset = offset;
        new Span<JpegLsContext>(contexts, JpegLsContext.Count).Fill(JpegLsContext.Initial(parameters));
        _differing = new JpegLsRunContext(0, parameters);
        _alike = new JpegLsRunContext(1, parameters);
    }

    /// <summary>Where the decoder is in the frame. It may have read bits ahead, but never over a marker.</summary>
    public readonly long Offset => _offset + (_at - _start);

    /// <summary>Decodes a line of one component (T.87 §A.3 to §A.7).</summary>
    /// <param name="above">The line above, from the sample left of its first, <paramref name="width"/> + 2 in all.</param>
    /// <param name="line">The line to decode, laid out in the same way.</param>
    /// <param name="width">Samples in the line.</param>
    /// <param name="run">RUNindex.</param>
    public void DecodeLine(ushort* above, ushort* line, int width, ref int run)
    {
        if (_parameters.IsMasked)
        {
            DecodeLine<Masked>(above, line, width, ref run);
        }
        else
        {
            DecodeLine<Clamped>(above, line, width, ref run);
        }
        CheckMissing();
    }

    /// <summary>Decodes a line whose samples are interleaved one by one (ILV 2, T.87 §B.3). The components lie one after the other, each laid out as in <see cref="DecodeLine(ushort*, ushort*, int, ref int)"/>.</summary>
    public void DecodeSamples(ushort* above, ushort* line, int width, int components, ref int run)
    {
        if (_parameters.IsMasked)
        {
            DecodeSamples<Masked>(above, line, width, components, ref run);
        }
        else
        {
            DecodeSamples<Clamped>(above, line, width, components, ref run);
        }
        CheckMissing();
    }

    private void DecodeLine<TMode>(ushort* above, ushort* line, int width, ref int run)
        where TMode : struct
    {
        above[width + 1] = above[width];
        line[0] = above[1];
        var regions = _regions;
        var bits = _bits;
        var count = _count;
        int a = line[0], c = above[0], b = above[1];
        for (var x = 1; x <= width; x++)
        {
            int d = above[x + 1];
            var context = (regions[d - b] * 81) + (regions[b - c] * 9) + regions[c - a];
            if (context != 0)
            {
                a = DecodeRegular<TMode>(context, a, b, c, ref bits, ref count);
                line[x] = (ushort)a;
                c = b;
                b = d;
                continue;
            }
            _bits = bits;
            _count = count;
            var length = RunLength(width - x + 1, ref run);
            new Span<ushort>(line + x, length).Fill((ushort)a);
            x += length;
            if (x <= width)
            {
                a = EndOfRun(a, above[x], single: true, run);
                line[x] = (ushort)a;
                run -= run > 0 ? 1 : 0;
                c = above[x];
                b = above[x + 1];
            }
            bits = _bits;
            count = _count;
        }
        _bits = bits;
        _count = count;
    }

    private void DecodeSamples<TMode>(ushort* above, ushort* line, int width, int components, ref int run)
        where TMode : struct
    {
        var stride = width + 2;
        for (var i = 0; i < components; i++)
        {
            above[(i * stride) + width + 1] = above[(i * stride) + width];
            line[i * stride] = above[(i * stride) + 1];
        }
        var regions = _regions;
        var contexts = stackalloc int[4];
        var bits = _bits;
        var count = _count;
        for (var x = 1; x <= width; x++)
        {
            var busy = 0;
            for (var i = 0; i < components; i++)
            {
                var up = above + (i * stride) + x;
                contexts[i] = (regions[up[1] - up[0]] * 81) + (regions[up[0] - up[-1]] * 9) + regions[up[-1] - line[(i * stride) + x - 1]];
                busy |= contexts[i];
            }
            if (busy != 0)
            {
                for (var i = 0; i < components; i++)
                {
                    var up = above + (i * stride) + x;
                    var at = line + (i * stride) + x;
                    *at = (ushort)DecodeRegular<TMode>(contexts[i], at[-1], up[0], up[-1], ref bits, ref count);
                }
                continue;
            }
            _bits = bits;
            _count = count;
            var length = RunLength(width - x + 1, ref run);
            for (var i = 0; i < components; i++)
            {
                var at = line + (i * stride) + x;
                new Span<ushort>(at, length).Fill(at[-1]);
            }
            x += length;
            if (x <= width)
            {
                for (var i = 0; i < components; i++)
                {
                    var at = line + (i * stride) + x;
                    *at = (ushort)EndOfRun(at[-1], above[(i * stride) + x], single: false, run);
                }
                run -= run > 0 ? 1 : 0;
            }
            bits = _bits;
            count = _count;
        }
        _bits = bits;
        _count = count;
    }

    /// <summary>One sample outside runs (T.87 §A.4 to §A.6).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int DecodeRegular<TMode>(int signedContext, int a, int b, int c, ref ulong bits, ref int count)
        where TMode : struct
    {
        var sign = signedContext >> 31;
        var context = _contexts + ((signedContext ^ sign) - sign);
        int order = context->Order;
        var maxValue = _parameters.MaxValue;

        var prediction = JpegLsParameters.Median(a, b, c) + ((context->Correction ^ sign) - sign);
        if ((uint)prediction > (uint)maxValue)
        {
            prediction = prediction < 0 ? 0 : maxValue;
        }

        if (count < QuickBits)
        {
            var at = _at;
            if (_end - at >= 8 && BinaryPrimitives.ReadUInt64BigEndian(new ReadOnlySpan<byte>(at, 8)) is var word && !HasStuffing(word))
            {
                var taken = (63 - count) >> 3;
                bits |= word >> count;
                count += taken * 8;
                _at = at + taken;
            }
            else
            {
                _bits = bits;
                _count = count;
                FillSlowly();
                bits = _bits;
                count = _count;
            }
        }
        int mapped;
        var zeros = BitOperations.LeadingZeroCount(bits);
        if (zeros + order < QuickBits && zeros < _parameters.Limit - _parameters.RangeBits - 1)
        {
            var rest = bits << zeros << 1;
            mapped = (zeros << order) + (int)(rest >> 1 >> (63 - order));
            bits = rest << order;
            count -= zeros + order + 1;
        }
        else
        {
            _bits = bits;
            _count = count;
            mapped = DecodeLong(order, _parameters.Limit);
            bits = _bits;
            count = _count;
        }
        if (mapped > _parameters.Range)
        {
            throw Damaged();
        }
        var error = ((mapped >> 1) ^ -(mapped & 1)) ^ context->Turn;
        if (typeof(TMode) == typeof(Masked))
        {
            context->Update(error, 1, _parameters.Reset, lossless: true);
            return (prediction + ((error ^ sign) - sign)) & maxValue;
        }
        context->Update(error, _parameters.Step, _parameters.Reset, _parameters.Near == 0);
        return _parameters.Reconstruct(prediction + (((error ^ sign) - sign) * _parameters.Step));
    }

    /// <summary>Length of a run, at most <paramref name="most"/> (T.87 §A.7.1.2).</summary>
    private int RunLength(int most, ref int run)
    {
        var length = 0;
        while (Take(1) != 0)
        {
            var whole = 1 << JpegLsParameters.RunOrders[run];
            if (length + whole > most)
            {
                return most;
            }
            length += whole;
            run += run < 31 ? 1 : 0;
            if (length == most)
            {
                return most;
            }
        }
        length += Take(JpegLsParameters.RunOrders[run]);
        if (length > most)
        {
            throw Damaged();
        }
        return length;
    }

    /// <summary>The sample that ends a run (T.87 §A.7.2). With samples interleaved one by one type 0 counts for all of them.</summary>
    private int EndOfRun(int a, int b, bool single, int run)
    {
        var alike = single && Math.Abs(a - b) <= _parameters.Near;
        ref var context = ref _differing;
        if (alike)
        {
            context = ref _alike;
        }
        var order = context.Order;
        var mapped = DecodeLong(order, _parameters.Limit - JpegLsParameters.RunOrders[run] - 1);
        if (mapped > 2 * _parameters.Range)
        {
            throw Damaged();
        }
        var error = context.Unmap(mapped, order);
        context.Update(error, mapped, _parameters.Reset);
        return alike ? _parameters.Reconstruct(a + (error * _parameters.Step))
            : _parameters.Reconstruct(b + (error * _parameters.Step * (b >= a ? 1 : -1)));
    }

    /// <summary>A Golomb code of any length (T.87 §A.5.3).</summary>
    private int DecodeLong(int order, int limit)
    {
        var escape = limit - _parameters.RangeBits - 1;
        var zeros = 0;
        for (; ; )
        {
            Fill();
            var more = Math.Min(BitOperations.LeadingZeroCount(_bits), QuickBits);
            zeros += more;
            if (zeros > escape || order > 24)
            {
                throw Damaged();
            }
            if (more < QuickBits)
            {
                Drop(more + 1);
                return zeros == escape ? Take(_parameters.RangeBits) + 1 : (zeros << order) + Take(order);
            }
            Drop(QuickBits);
        }
    }

    private int Take(int bits)
    {
        Fill();
        var value = (int)(_bits >> 1 >> (63 - bits));
        Drop(bits);
        return value;
    }

    private void Drop(int bits)
    {
        _bits <<= bits;
        _count -= bits;
    }

    private void Fill()
    {
        if (_count < QuickBits)
        {
            FillSlowly();
        }
    }

    /// <summary>Fills byte by byte: after 0xFF the next byte has seven bits, or is a marker (T.87 §A.1). Behind the end come zeros, which are counted.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void FillSlowly()
    {
        while (_count <= 48)
        {
            if (_at < _end && *_at != 0xFF)
            {
                Put(*_at++, 8);
            }
            else if (_end - _at >= 2 && _at[1] < 0x80)
            {
                Put(0xFF, 8);
                Put(_at[1], 7);
                _at += 2;
            }
            else
            {
                _count += 8;
                _missing += 8;
            }
        }
    }

    private void Put(ulong value, int bits)
    {
        _count += bits;
        _bits |= value << (64 - _count);
    }

    /// <summary>Whether one of eight bytes is 0xFF.</summary>
    private static bool HasStuffing(ulong word) => ((~word - 0x0101010101010101) & word & 0x8080808080808080) != 0;

    private readonly void CheckMissing()
    {
        // the word of bits holds up to 64 that nobody has asked for
        if (_missing - _count > 0)
        {
            throw new DicomException("The JPEG-LS stream ends before its last line", offset: Offset);
        }
    }

    private readonly DicomException Damaged() => new("The JPEG-LS stream has a code that cannot be", offset: Offset);

    /// <summary>Lossless, all values of the bits in use.</summary>
    private readonly struct Masked;

    /// <summary>Near-lossless, or a greatest value that is no power of two less one.</summary>
    private readonly struct Clamped;
}
