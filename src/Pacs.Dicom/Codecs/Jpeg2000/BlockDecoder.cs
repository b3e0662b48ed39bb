using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// Decodes code blocks: three passes per bit plane over stripes of four rows (T.800 annex D). One word describes a column of four samples with all that
/// their contexts need; so most columns cost one comparison, and a context one look-up. One decoder per thread.
/// </summary>
/// <remarks>
/// The word: bits 0 to 17 are the significance of six rows (the column and its neighbours above and below) by three columns (left, own, right). From bit
/// 18 on, each of the four samples has three bits: sign, refined, visited. Bit 30 is the sign of the sample above the column, bit 31 of that below.
/// </remarks>
internal sealed unsafe class BlockDecoder : IDisposable
{
    private const uint Significance = 0x3FFFF;

    // of the four samples, at distances of three bits
    private const uint OwnSignificant = 0x2490, Left = 0x8, Right = 0x20, Neighbours = 0x1EF, Sign = 1 << 18, Refined = 1 << 19, Visited = 1 << 20, AllVisited = Visited * 0x249;
    private const int OwnShift = 4, VisitedToOwn = 16;
    private const uint SignAbove = 1u << 30, SignBelow = 1u << 31;

    // 4096 samples in all, 1024 in one direction (T.800 table A.18); most words where they are wide
    private const int MostSamples = 4096, MostFlags = (1024 + 2) * 3;

    private static readonly byte[] ZeroContexts = BlockContexts.Zero();
    private static readonly byte[] SignContexts = BlockContexts.Sign();

    private readonly uint* _flags;
    private readonly int* _samples;
    private readonly uint* _contexts;
    private readonly uint* _states;
    private readonly byte* _zeroContexts;
    private readonly byte* _signContexts;
    private readonly void* _memory;
    private HighThroughputDecoder? _highThroughput;
    private byte* _segment;
    private int _segmentSize;
    private int _width;
    private int _height;
    private MqDecoder _mq;
    private RawBits _raw;

    public BlockDecoder()
    {
        var size = (MostFlags * sizeof(uint)) + (MostSamples * sizeof(int)) + (32 * sizeof(uint)) + (MqDecoder.States.Length * sizeof(uint)) + ZeroContexts.Length + SignContexts.Length;
        _memory = NativeMemory.AlignedAlloc((nuint)size, 64);
        _samples = (int*)_memory;
        _flags = (uint*)(_samples + MostSamples);
        _contexts = _flags + MostFlags;
        _states = _contexts + 32;
        MqDecoder.States.CopyTo(new Span<uint>(_states, MqDecoder.States.Length));
        _zeroContexts = (byte*)(_states + MqDecoder.States.Length);
        ZeroContexts.CopyTo(new Span<byte>(_zeroContexts, ZeroContexts.Length));
        _signContexts = _zeroContexts + ZeroContexts.Length;
        SignContexts.CopyTo(new Span<byte>(_signContexts, SignContexts.Length));
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        NativeMemory.Free(_segment);
        _segment = null;
    }

    /// <summary>Decodes a block into the coefficients of its band. Bytes that make no sense give coefficients that make none.</summary>
    /// <param name="block">The block, with at least one pass.</param>
    /// <param name="band">Its band.</param>
    /// <param name="component">How it is coded.</param>
    /// <param name="data">The tile's data.</param>
    /// <param name="chunks">Where the pieces of the block are among them.</param>
    /// <param name="coefficients">Those of the component: integers, or the bits of floats for the 9/7 transform.</param>
    /// <returns>False when the bytes of a High-Throughput block contradict its header.</returns>
    public bool Decode(CodeBlock block, Subband band, TileComponent component, ReadOnlySpan<byte> data, ReadOnlySpan<Chunk> chunks, Span<int> coefficients)
    {
        var style = component.Style.Style;
        _width = block.Area.Width;
        _height = block.Area.Height;
        var stripes = (_height + 3) / 4;
        var samples = new Span<int>(_samples, _width * stripes * 4);
        samples.Clear();
        if (style.HasFlag(BlockStyle.HighThroughput))
        {
            if (!DecodeHighThroughput(block, band.BitPlanes - block.ZeroPlanes, style, data, chunks, samples))
            {
                return false;
            }
            Store(block, band, component, coefficients);
            return true;
        }
        new Span<uint>(_flags, (_width + 2) * (stripes + 2)).Clear();
        MqDecoder.Reset(_contexts);
        var zeroContexts = _zeroContexts + (512 * band.Orientation);
        var planes = band.BitPlanes - block.ZeroPlanes;
        // the lowest bit of a magnitude is one half: where the value lies within what is not coded (T.800 §E.1.1.2)
        var plane = planes;
        var kind = 2;
        for (var at = block.FirstChunk; at >= 0 && plane > 0;)
        {
            at = Gather(chunks, at, data, out var passes);
            var raw = style.HasFlag(BlockStyle.Bypass) && plane <= planes - 4 && kind < 2;
            for (var first = true; passes > 0 && plane > 0; passes--, first = false)
            {
                if (first && raw)
                {
                    _raw = new RawBits(_segment, _segment + _segmentSize);
                }
                else if (first)
                {
                    _mq = new MqDecoder(_segment);
                }
                switch (kind)
                {
                    case 0 when raw:
                        FindSignificant<Raw>(plane, zeroContexts, style);
                        break;
                    case 0:
                        FindSignificant<Coded>(plane, zeroContexts, style);
                        break;
                    case 1 when raw:
                        Refine<Raw>(plane);
                        break;
                    case 1:
                        Refine<Coded>(plane);
                        break;
                    default:
                        CleanUp(plane, zeroContexts, style);
                        break;
                }
                if (style.HasFlag(BlockStyle.Reset))
                {
                    MqDecoder.Reset(_contexts);
                }
                kind = kind == 2 ? 0 : kind + 1;
                plane -= kind == 0 ? 1 : 0;
            }
        }
        Store(block, band, component, coefficients);
        return true;
    }

    // T.814 §B.3: a segment of the clean-up pass, then one of the two others
    private bool DecodeHighThroughput(CodeBlock block, int planes, BlockStyle style, ReadOnlySpan<byte> data, ReadOnlySpan<Chunk> chunks, Span<int> samples)
    {
        var next = Gather(chunks, block.FirstChunk, data, out var passes);
        var cleanUp = new ReadOnlySpan<byte>(_segment, _segmentSize);
        ReadOnlySpan<byte> refinement = [];
        if (next >= 0)
        {
            cleanUp = cleanUp.ToArray(); // the second segment takes its place
            Gather(chunks, next, data, out var more);
            refinement = new ReadOnlySpan<byte>(_segment, _segmentSize);
            passes += more;
        }
        return (_highThroughput ??= new HighThroughputDecoder()).Decode(cleanUp, refinement, passes, planes, block.ZeroPlanes, style.HasFlag(BlockStyle.VerticallyCausal), samples, _width, _height);
    }

    /// <summary>Puts the pieces of one segment together, with two bytes behind them at which the decoder stops.</summary>
    private int Gather(ReadOnlySpan<Chunk> chunks, int at, ReadOnlySpan<byte> data, out int passes)
    {
        var length = 0;
        passes = 0;
        var end = at;
        do
        {
            length += chunks[end].Length;
            passes += chunks[end].Passes;
            end = chunks[end].Next;
        }
        while (end >= 0 && !chunks[end].BeginsSegment);
        _segment = (byte*)NativeMemory.Realloc(_segment, (nuint)Math.Max(8192, length + 2));
        _segmentSize = length;
        var target = new Span<byte>(_segment, length + 2);
        for (; at != end; at = chunks[at].Next)
        {
            data.Slice(chunks[at].Start, chunks[at].Length).CopyTo(target);
            target = target[chunks[at].Length..];
        }
        target.Fill(0xFF);
        return end;
    }

    /// <summary>The significance propagation pass (T.800 §D.3.1): samples with a significant neighbour.</summary>
    private void FindSignificant<TSource>(int plane, byte* zeroContexts, BlockStyle style)
        where TSource : struct
    {
        var mq = _mq;
        var raw = _raw;
        var states = _states;
        var contexts = _contexts;
        var causal = style.HasFlag(BlockStyle.VerticallyCausal);
        var value = (1 << plane) | (1 << plane >> 1);
        var stride = _width + 2;
        for (var y = 0; y < _height; y += 4)
        {
            var present = Present(y);
            var flags = _flags + ((y / 4 + 1) * stride) + 1;
            var samples = _samples + (y * _width);
            for (var end = flags + _width; flags < end; flags++, samples += 4)
            {
                var word = *flags;
                if ((word & Significance) == 0)
                {
                    continue;
                }
                // three neighbours above, two beside, three below
                var beside = word & Significance;
                var three = beside | (beside >> 1) | (beside >> 2);
                beside |= beside >> 2;
                for (var todo = ((three << 4) | (beside << 1) | (three >> 2)) & ~word & present; todo != 0;)
                {
                    var bit = todo & (0 - todo);
                    todo ^= bit;
                    var shift = BitOperations.TrailingZeroCount(bit) - OwnShift;
                    var one = typeof(TSource) == typeof(Raw) ? raw.Bit() : mq.Decode(contexts + zeroContexts[(word >> shift) & Neighbours], states);
                    word |= Visited << shift;
                    if (one != 0)
                    {
                        uint negative;
                        if (typeof(TSource) == typeof(Raw))
                        {
                            negative = raw.Bit();
                        }
                        else
                        {
                            uint sign = _signContexts[SignNeighbours(flags, word, shift)];
                            negative = mq.Decode(contexts + (sign & 0x7F), states) ^ (sign >> 7);
                        }
                        samples[shift / 3] = negative != 0 ? -value : value;
                        word = SetSignificant(flags, word, shift, negative, stride, causal);
                        // the next sample down has a significant neighbour now
                        todo |= (bit << 3) & ~word & present;
                    }
                }
                *flags = word;
            }
        }
        _mq = mq;
        _raw = raw;
    }

    /// <summary>The magnitude refinement pass (T.800 §D.3.3): a further bit of samples that were significant before this plane.</summary>
    private void Refine<TSource>(int plane)
        where TSource : struct
    {
        var mq = _mq;
        var raw = _raw;
        var states = _states;
        var contexts = _contexts;
        var half = 1 << plane >> 1;
        var stride = _width + 2;
        for (var y = 0; y < _height; y += 4)
        {
            var flags = _flags + ((y / 4 + 1) * stride) + 1;
            var samples = _samples + (y * _width);
            for (var end = flags + _width; flags < end; flags++, samples += 4)
            {
                var word = *flags;
                var todo = word & ~(word >> VisitedToOwn) & OwnSignificant;
                if (todo == 0)
                {
                    continue;
                }
                for (; todo != 0; todo &= todo - 1)
                {
                    var shift = BitOperations.TrailingZeroCount(todo) - OwnShift;
                    uint one;
                    if (typeof(TSource) == typeof(Raw))
                    {
                        one = raw.Bit();
                    }
                    else
                    {
                        // contexts 14 to 16 (table D.4)
                        var context = (word & (Refined << shift)) != 0 ? 16 : ((word >> shift) & Neighbours) != 0 ? 15 : 14;
                        one = mq.Decode(contexts + context, states);
                    }
                    var sample = samples + (shift / 3);
                    var grow = one != 0 ? half : -half;
                    var sign = *sample >> 31;
                    *sample += (grow ^ sign) - sign;
                    word |= Refined << shift;
                }
                *flags = word;
            }
        }
        _mq = mq;
        _raw = raw;
    }

    /// <summary>The clean-up pass (T.800 §D.3.4): all samples that the others left out; four at once where nothing is near.</summary>
    private void CleanUp(int plane, byte* zeroContexts, BlockStyle style)
    {
        var mq = _mq;
        var states = _states;
        var contexts = _contexts;
        var causal = style.HasFlag(BlockStyle.VerticallyCausal);
        var value = (1 << plane) | (1 << plane >> 1);
        var stride = _width + 2;
        for (var y = 0; y < _height; y += 4)
        {
            var present = Present(y);
            var flags = _flags + ((y / 4 + 1) * stride) + 1;
            var samples = _samples + (y * _width);
            for (var end = flags + _width; flags < end; flags++, samples += 4)
            {
                var word = *flags;
                var todo = ~(word | (word >> VisitedToOwn)) & present;
                var known = false;
                if ((word & Significance) == 0 && present == OwnSignificant)
                {
                    if (mq.Decode(contexts + MqDecoder.RunContext, states) == 0)
                    {
                        continue;
                    }
                    var first = mq.Decode(contexts + MqDecoder.UniformContext, states) << 1;
                    first |= mq.Decode(contexts + MqDecoder.UniformContext, states);
                    todo &= OwnSignificant << (3 * (int)first);
                    known = true;
                }
                for (; todo != 0; todo &= todo - 1)
                {
                    var shift = BitOperations.TrailingZeroCount(todo) - OwnShift;
                    if (known || mq.Decode(contexts + zeroContexts[(word >> shift) & Neighbours], states) != 0)
                    {
                        known = false;
                        uint sign = _signContexts[SignNeighbours(flags, word, shift)];
                        var negative = mq.Decode(contexts + (sign & 0x7F), states) ^ (sign >> 7);
                        samples[shift / 3] = negative != 0 ? -value : value;
                        word = SetSignificant(flags, word, shift, negative, stride, causal);
                    }
                }
                *flags = word & ~AllVisited;
            }
        }
        if (style.HasFlag(BlockStyle.SegmentationSymbols))
        {
            for (var i = 0; i < 4; i++)
            {
                mq.Decode(contexts + MqDecoder.UniformContext, states);
            }
        }
        _mq = mq;
    }

    /// <summary>The samples of a stripe that exist; its last one may be lower.</summary>
    private uint Present(int y) => _height - y >= 4 ? OwnSignificant : OwnSignificant & ((1u << (OwnShift + (3 * (_height - y)) - 1)) - 1);

    /// <summary>Significance and sign of the four direct neighbours, two bits each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint SignNeighbours(uint* flags, uint word, int shift)
    {
        var left = (flags[-1] >> (18 + shift)) & 1;
        var right = (flags[1] >> (18 + shift)) & 1;
        var above = shift == 0 ? (word >> 30) & 1 : (word >> (15 + shift)) & 1;
        var below = shift == 9 ? word >> 31 : (word >> (21 + shift)) & 1;
        return ((word >> shift) & 0xAA) | above | (left << 2) | (right << 4) | (below << 6);
    }

    /// <summary>Tells a sample's significance and sign to the words that look at it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint SetSignificant(uint* flags, uint word, int shift, uint negative, int stride, bool causal)
    {
        flags[-1] |= Right << shift;
        flags[1] |= Left << shift;
        if (shift == 0 && !causal)
        {
            // row 4 of the stripe above
            var above = flags - stride;
            above[-1] |= 1u << 17;
            above[0] |= (1u << 16) | (negative << 31);
            above[1] |= 1u << 15;
        }
        else if (shift == 9)
        {
            // row -1 of the stripe below
            var below = flags + stride;
            below[-1] |= 1u << 2;
            below[0] |= (1u << 1) | (negative << 30);
            below[1] |= 1u;
        }
        return word | (0x10u << shift) | (negative << (18 + shift));
    }

    /// <summary>Writes the block into its band: whole numbers for the 5/3 transform, otherwise what they stand for.</summary>
    private void Store(CodeBlock block, Subband band, TileComponent component, Span<int> coefficients)
    {
        if (component.RoiShift > 0)
        {
            LowerRegion(component.RoiShift);
        }
        var step = band.Step * 0.5f;
        var to = band.Start + ((block.Area.Y0 - band.Area.Y0) * band.Area.Width) + block.Area.X0 - band.Area.X0;
        for (var y = 0; y < _height; y++, to += band.Area.Width)
        {
            var row = coefficients.Slice(to, _width);
            var from = _samples + (y / 4 * 4 * _width) + (y & 3);
            if (component.Style.IsReversible)
            {
                for (var x = 0; x < row.Length; x++, from += 4)
                {
                    row[x] = *from / 2;
                }
            }
            else
            {
                for (var x = 0; x < row.Length; x++, from += 4)
                {
                    row[x] = BitConverter.SingleToInt32Bits(*from * step);
                }
            }
        }
    }

    /// <summary>Brings a region of interest back to the level of its surroundings (T.800 §H.1): what reaches above them belongs to it.</summary>
    private void LowerRegion(int shift)
    {
        var samples = new Span<int>(_samples, _width * ((_height + 3) / 4) * 4);
        foreach (ref var sample in samples)
        {
            var magnitude = Math.Abs(sample);
            if (shift < 30 && magnitude >> (shift + 1) != 0)
            {
                sample = Math.Sign(sample) * (magnitude >> shift);
            }
        }
    }

    private readonly struct Coded;

    private readonly struct Raw;

    /// <summary>Bits of the lazy mode: after 0xFF a byte has seven; behind the end come ones (T.800 §D.6).</summary>
    private struct RawBits(byte* start, byte* end)
    {
        private byte* _at = start;
        private uint _byte;
        private int _left;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public uint Bit()
        {
            if (_left == 0)
            {
                _left = _byte == 0xFF ? 7 : 8;
                _byte = _at < end ? *_at++ : 0xFFu;
            }
            _left--;
            return (_byte >> _left) & 1;
        }
    }
}
