using System.Runtime.CompilerServices;

namespace Pacs.Dicom.Codecs;

/// <summary>Codes the lines of one JPEG-LS scan (T.87 annex A). Lines lie as <see cref="JpegLsScanDecoder"/> has them; with NEAR they become what a decoder will see.</summary>
internal unsafe ref struct JpegLsScanEncoder
{
    private readonly JpegLsParameters _parameters;
    private readonly JpegLsContext* _contexts;
    private readonly sbyte* _regions;
    private JpegLsRunContext _differing;
    private JpegLsRunContext _alike;
    private JpegLsBitWriter _writer;

    /// <param name="parameters">What the scan is coded with.</param>
    /// <param name="contexts">Room for <see cref="JpegLsContext.Count"/> contexts.</param>
    /// <param name="regions">The middle of <see cref="JpegLsParameters.GradientRegions"/>.</param>
    public JpegLsScanEncoder(JpegLsParameters parameters, JpegLsContext* contexts, sbyte* regions)
    {
        _parameters = parameters;
        _contexts = contexts;
        _regions = regions;
        new Span<JpegLsContext>(contexts, JpegLsContext.Count).Fill(JpegLsContext.Initial(parameters));
        _differing = new JpegLsRunContext(0, parameters);
        _alike = new JpegLsRunContext(1, parameters);
    }

    /// <summary>Codes a line of one or more components, whose samples are interleaved one by one (T.87 §B.3).</summary>
    /// <param name="above">The line above, one component after the other.</param>
    /// <param name="line">The line to code.</param>
    /// <param name="width">Samples in a line.</param>
    /// <param name="components">1 to 4.</param>
    /// <param name="run">RUNindex.</param>
    /// <param name="target">Room for the longest codes.</param>
    /// <returns>Bytes written.</returns>
    public int EncodeLine(ushort* above, ushort* line, int width, int components, ref int run, Span<byte> target)
    {
        _writer = _writer.In(target);
        var stride = width + 2;
        for (var i = 0; i < components; i++)
        {
            above[(i * stride) + width + 1] = above[(i * stride) + width];
            line[i * stride] = above[(i * stride) + 1];
        }
        var contexts = stackalloc int[4];
        for (var x = 1; x <= width; x++)
        {
            var busy = 0;
            for (var i = 0; i < components; i++)
            {
                var up = above + (i * stride) + x;
                contexts[i] = (_regions[up[1] - up[0]] * 81) + (_regions[up[0] - up[-1]] * 9) + _regions[up[-1] - line[(i * stride) + x - 1]];
                busy |= contexts[i];
            }
            if (busy != 0)
            {
                for (var i = 0; i < components; i++)
                {
                    EncodeRegular(contexts[i], above + (i * stride) + x, line + (i * stride) + x);
                }
                continue;
            }
            var length = EncodeRun(line, x, width, components, ref run);
            x += length;
            if (x <= width)
            {
                for (var i = 0; i < components; i++)
                {
                    EncodeEndOfRun(above[(i * stride) + x], line + (i * stride) + x, components == 1, run);
                }
                run -= run > 0 ? 1 : 0;
            }
        }
        return _writer.Length;
    }

    /// <summary>Ends the scan.</summary>
    /// <returns>Bytes written.</returns>
    public int Finish(Span<byte> target)
    {
        _writer = _writer.In(target);
        _writer.Finish();
        return _writer.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EncodeRegular(int signedContext, ushort* above, ushort* at)
    {
        var sign = signedContext >> 31;
        var context = _contexts + ((signedContext ^ sign) - sign);
        int order = context->Order;
        var prediction = Math.Clamp(JpegLsParameters.Median(at[-1], above[0], above[-1]) + ((context->Correction ^ sign) - sign), 0, _parameters.MaxValue);
        var error = Quantize(((*at - prediction) ^ sign) - sign);
        if (_parameters.Near > 0)
        {
            *at = (ushort)_parameters.Reconstruct(prediction + (((error ^ sign) - sign) * _parameters.Step));
        }
        error = Reduce(error);
        var mapped = error ^ context->Turn;
        PutGolomb((mapped << 1) ^ (mapped >> 31), order, _parameters.Limit);
        context->Update(error, _parameters.Step, _parameters.Reset, _parameters.Near == 0);
    }

    /// <summary>Codes how far all components stay as they are (T.87 §A.7.1).</summary>
    private int EncodeRun(ushort* line, int x, int width, int components, ref int run)
    {
        var length = 0;
        for (; x + length <= width && IsAlike(line, x + length, x - 1, width + 2, components); length++)
        {
            for (var i = 0; i < components; i++)
            {
                line[(i * (width + 2)) + x + length] = line[(i * (width + 2)) + x - 1];
            }
        }
        var left = length;
        for (; left >= 1 << JpegLsParameters.RunOrders[run]; run += run < 31 ? 1 : 0)
        {
            _writer.Put(1, 1);
            left -= 1 << JpegLsParameters.RunOrders[run];
        }
        if (x + length > width)
        {
            if (left > 0)
            {
                _writer.Put(1, 1);
            }
        }
        else
        {
            _writer.Put((uint)left, JpegLsParameters.RunOrders[run] + 1);
        }
        return length;
    }

    private readonly bool IsAlike(ushort* line, int x, int start, int stride, int components)
    {
        for (var i = 0; i < components; i++)
        {
            if (Math.Abs(line[(i * stride) + x] - line[(i * stride) + start]) > _parameters.Near)
            {
                return false;
            }
        }
        return true;
    }

    // T.87 §A.7.2
    private void EncodeEndOfRun(int b, ushort* at, bool single, int run)
    {
        int a = at[-1];
        var alike = single && Math.Abs(a - b) <= _parameters.Near;
        ref var context = ref _differing;
        if (alike)
        {
            context = ref _alike;
        }
        var prediction = alike ? a : b;
        var sign = alike || b >= a ? 1 : -1;
        var error = Quantize((*at - prediction) * sign);
        if (_parameters.Near > 0)
        {
            *at = (ushort)_parameters.Reconstruct(prediction + (error * _parameters.Step * sign));
        }
        error = Reduce(error);
        var order = context.Order;
        var mapped = context.Map(error, order);
        PutGolomb(mapped, order, _parameters.Limit - JpegLsParameters.RunOrders[run] - 1);
        context.Update(error, mapped, _parameters.Reset);
    }

    // T.87 §A.4.4
    private readonly int Quantize(int error) => _parameters.Near == 0 ? error
        : error > 0 ? (error + _parameters.Near) / _parameters.Step : -((_parameters.Near - error) / _parameters.Step);

    // T.87 §A.4.5
    private readonly int Reduce(int error)
    {
        error += error < 0 ? _parameters.Range : 0;
        return error >= (_parameters.Range + 1) / 2 ? error - _parameters.Range : error;
    }

    // T.87 §A.5.3
    private void PutGolomb(int mapped, int order, int limit)
    {
        var zeros = mapped >> order;
        var escape = limit - _parameters.RangeBits - 1;
        if (zeros >= escape)
        {
            _writer.PutUnary(escape);
            _writer.Put((uint)(mapped - 1), _parameters.RangeBits);
        }
        else if (zeros + order < 32)
        {
            _writer.Put((1u << order) | ((uint)mapped & ((1u << order) - 1)), zeros + 1 + order);
        }
        else
        {
            _writer.PutUnary(zeros);
            _writer.Put((uint)mapped & ((1u << order) - 1), order);
        }
    }
}
