using System.Numerics;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// Decodes High-Throughput code blocks (T.814 clause 7): a clean-up pass in quads of two by two samples, which gives all their bits but the last, and two passes that refine it. One decoder per thread.
/// </summary>
/// <remarks>What the bytes claim is bounded by the block: nothing is read or written outside of it, and each quad takes the same work whatever its bits are.</remarks>
internal sealed class HighThroughputDecoder
{
    // 4096 samples in all, 1024 in one direction (T.800 table A.18); marks have a border of one on each side, most where a block is wide
    private const int MostAcross = 1024, MostMarks = (MostAcross + 2) * (4 + 2);

    private readonly uint[] _codes = new uint[(MostAcross / 2) + 2];
    private readonly int[] _offsets = new int[(MostAcross / 2) + 2];

    // of the quads in the row above: which samples are significant, and how many bits their lower two have; one quad before the first, two behind the last
    private readonly byte[] _above = new byte[(MostAcross / 2) + 4];
    private readonly byte[] _here = new byte[(MostAcross / 2) + 4];
    private readonly byte[] _bitsAbove = new byte[MostAcross + 6];

    // which samples the clean-up pass (1) or the significance propagation (2) has found
    private readonly byte[] _marks = new byte[MostMarks];

    /// <summary>Decodes a block.</summary>
    /// <param name="cleanUp">The segment of the clean-up pass.</param>
    /// <param name="refinement">That of the other two; empty where there are none.</param>
    /// <param name="passes">1 to 3.</param>
    /// <param name="planes">Bit planes that a coefficient can have, less the empty ones: 1 to 30.</param>
    /// <param name="emptyPlanes">The empty ones.</param>
    /// <param name="causal">Whether a stripe of four rows does not look at the one below.</param>
    /// <param name="samples">Takes the coefficients, doubled, with the half of what is not coded; columns of four rows, one stripe after the other.</param>
    /// <param name="width">Of the block.</param>
    /// <param name="height">Of the block.</param>
    /// <returns>False when the bytes claim exponents that the block cannot have.</returns>
    public bool Decode(ReadOnlySpan<byte> cleanUp, ReadOnlySpan<byte> refinement, int passes, int planes, int emptyPlanes, bool causal, Span<int> samples, int width, int height)
    {
        if (!CleanUp(cleanUp, planes, emptyPlanes, samples, width, height))
        {
            return false;
        }
        // below the lowest plane there is nothing to refine
        if (passes > 1 && planes > 1)
        {
            Mark(samples, width, height);
            if (passes > 2)
            {
                Refine(refinement, planes, samples, width, height);
            }
            Propagate(refinement, planes, causal, samples, width, height);
        }
        return true;
    }

    // ---- the clean-up pass (T.814 §7.3) ----------------------------------------------------------------------------------------------------

    private bool CleanUp(ReadOnlySpan<byte> segment, int planes, int emptyPlanes, Span<int> samples, int width, int height)
    {
        // §7.1.1: the last twelve bits say where the prefixes begin
        var suffix = (segment[^1] << 4) | (segment[^2] & 15);
        var magnitudes = new ForwardBits(segment[..^suffix], 0xFF);
        var runs = new RunBits(segment[^suffix..^1]);
        var codes = new BackwardBits(segment[^suffix..^2], segment[^2]);
        var quads = (width + 1) / 2;
        Array.Clear(_above, 0, quads + 3);
        Array.Clear(_here, 0, quads + 3);
        Array.Clear(_bitsAbove, 0, (2 * quads) + 4);
        // §7.3.7; and a sample has 32 bits here, two of them for the sign and for halves
        var most = Math.Min(emptyPlanes + 1, 31 - planes);
        for (var y = 0; y < height; y += 2)
        {
            if (y == 0)
            {
                ReadFirstRow(ref runs, ref codes, quads);
            }
            else
            {
                ReadRow(ref runs, ref codes, quads);
            }
            if (!ReadSamples(ref magnitudes, y, planes, most, samples, width, height))
            {
                return false;
            }
            Array.Copy(_here, _above, quads + 2);
        }
        return true;
    }

    /// <summary>Code words and exponent offsets of the first row of quads, by pairs (§7.3.5, §7.3.6).</summary>
    private void ReadFirstRow(ref RunBits runs, ref BackwardBits codes, int quads)
    {
        var left = 0u;
        for (var q = 0; q < quads; q += 2)
        {
            var first = ReadCode(ref runs, ref codes, QuadCodes.First, FirstContext(left));
            left = QuadCodes.Significant(first);
            var second = 0u;
            if (q + 1 < quads)
            {
                second = ReadCode(ref runs, ref codes, QuadCodes.First, FirstContext(left));
                left = QuadCodes.Significant(second);
            }
            Keep(q, first, second);
            var both = QuadCodes.HasOffset(first) & QuadCodes.HasOffset(second);
            if (both != 0 && runs.Next())
            {
                // both are more than two
                (_offsets[q], _offsets[q + 1]) = codes.Offsets(true, true);
                _offsets[q] += 2;
                _offsets[q + 1] += 2;
            }
            else if (both != 0)
            {
                (_offsets[q], _offsets[q + 1]) = codes.OffsetsOfFirstRow();
            }
            else
            {
                (_offsets[q], _offsets[q + 1]) = codes.Offsets(QuadCodes.HasOffset(first) != 0, QuadCodes.HasOffset(second) != 0);
            }
        }
    }

    /// <summary>The same of another row.</summary>
    private void ReadRow(ref RunBits runs, ref BackwardBits codes, int quads)
    {
        var left = 0u;
        for (var q = 0; q < quads; q += 2)
        {
            var first = ReadCode(ref runs, ref codes, QuadCodes.Others, Context(left, q));
            left = QuadCodes.Significant(first);
            var second = 0u;
            if (q + 1 < quads)
            {
                second = ReadCode(ref runs, ref codes, QuadCodes.Others, Context(left, q + 1));
                left = QuadCodes.Significant(second);
            }
            Keep(q, first, second);
            (_offsets[q], _offsets[q + 1]) = codes.Offsets(QuadCodes.HasOffset(first) != 0, QuadCodes.HasOffset(second) != 0);
        }
    }

    private void Keep(int q, uint first, uint second)
    {
        _codes[q] = first;
        _codes[q + 1] = second;
        _here[q + 1] = (byte)QuadCodes.Significant(first);
        _here[q + 2] = (byte)QuadCodes.Significant(second);
    }

    // equation 1 of §7.3.5: what the quad to the left has
    private static uint FirstContext(uint left) => ((left | (left >> 1)) & 1) | ((left >> 1) & 6);

    // equation 2: above and to the left
    private uint Context(uint left, int q)
    {
        uint before = _above[q], above = _above[q + 1], after = _above[q + 2];
        return (((before >> 3) | (above >> 1)) & 1) | ((((left >> 2) | (left >> 3)) & 1) << 1) | ((((above >> 3) | (after >> 1)) & 1) << 2);
    }

    private static uint ReadCode(ref RunBits runs, ref BackwardBits codes, uint[] table, uint context)
    {
        if (context == 0 && !runs.Next())
        {
            return 0;
        }
        var code = table[(context << 7) | codes.Peek(7)];
        codes.Skip(QuadCodes.Length(code));
        return code;
    }

    /// <summary>Magnitudes and signs of two rows of samples (§7.3.7, §7.3.8).</summary>
    private bool ReadSamples(ref ForwardBits magnitudes, int y, int planes, int most, Span<int> samples, int width, int height)
    {
        var shift = planes - 1;
        var stripe = y / 4 * 4 * width;
        var row = y & 3;
        var hasLower = y + 1 < height;
        // of the row above; what is replaced on the way is still needed by the next quad
        var before = 0;
        for (var x = 0; x < width; x += 2)
        {
            var code = _codes[x / 2];
            var significant = QuadCodes.Significant(code);
            // of the quad above its two lower samples, and one on each side
            int left = before, own = _bitsAbove[x + 1], right = _bitsAbove[x + 2], next = _bitsAbove[x + 3];
            before = right;
            if (significant == 0)
            {
                _bitsAbove[x + 1] = _bitsAbove[x + 2] = 0;
                continue;
            }
            // more than one: at least one less than the largest around (§7.3.7)
            var least = y > 0 && (significant & (significant - 1)) != 0 ? Math.Max(1, Math.Max(Math.Max(left, own), Math.Max(right, next)) - 1) : 1;
            var exponent = least + _offsets[x / 2];
            if (exponent > most)
            {
                return false;
            }
            var at = stripe + (4 * x) + row;
            for (var n = 0; n < 4; n++)
            {
                var bitsOf = 0;
                if ((significant & (1u << n)) != 0)
                {
                    var value = magnitudes.Value(exponent - (int)((code >> (12 + n)) & 1), (code >> (8 + n)) & 1);
                    bitsOf = 32 - BitOperations.LeadingZeroCount(value | 1);
                    var isHere = (n < 2 || x + 1 < width) && ((n & 1) == 0 || hasLower);
                    if (isHere)
                    {
                        // the lowest bit is the sign, the others are the magnitude less one; the half of what is not coded below
                        var magnitude = (int)((value | 1) + 2) << shift;
                        samples[at + (n >> 1 << 2) + (n & 1)] = (value & 1) != 0 ? -magnitude : magnitude;
                    }
                }
                if ((n & 1) != 0)
                {
                    _bitsAbove[x + 1 + (n >> 1)] = (byte)bitsOf;
                }
            }
        }
        return true;
    }

    // ---- the other two (§7.4, §7.5) --------------------------------------------------------------------------------------------------------

    private void Mark(Span<int> samples, int width, int height)
    {
        var stride = width + 2;
        Array.Clear(_marks, 0, stride * (height + 2));
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                _marks[((y + 1) * stride) + x + 1] = samples[Place(x, y, width)] != 0 ? (byte)1 : (byte)0;
            }
        }
    }

    private static int Place(int x, int y, int width) => (y / 4 * 4 * width) + (4 * x) + (y & 3);

    /// <summary>One bit more of what the clean-up pass has found; the bits lie backwards from the end of the segment.</summary>
    private static void Refine(ReadOnlySpan<byte> segment, int planes, Span<int> samples, int width, int height)
    {
        var bits = new BackwardBits(segment);
        var half = 1 << (planes - 1) >> 1;
        for (var top = 0; top < height; top += 4)
        {
            for (var x = 0; x < width; x++)
            {
                for (var y = top; y < Math.Min(top + 4, height); y++)
                {
                    ref var sample = ref samples[Place(x, y, width)];
                    if (sample != 0)
                    {
                        var grow = bits.Take(1) != 0 ? half : -half;
                        sample += sample < 0 ? -grow : grow;
                    }
                }
            }
        }
    }

    /// <summary>What has a neighbour with a value and had none itself: a bit for each in four columns, then the signs of those that have one now.</summary>
    private void Propagate(ReadOnlySpan<byte> segment, int planes, bool causal, Span<int> samples, int width, int height)
    {
        var bits = new ForwardBits(segment, 0);
        var stride = width + 2;
        var value = 3 << (planes - 1) >> 1;
        for (var top = 0; top < height; top += 4)
        {
            var bottom = Math.Min(top + 4, height);
            for (var first = 0; first < width; first += 4)
            {
                var last = Math.Min(first + 4, width);
                for (var x = first; x < last; x++)
                {
                    for (var y = top; y < bottom; y++)
                    {
                        var at = ((y + 1) * stride) + x + 1;
                        if (_marks[at] == 0 && HasNeighbour(at, stride, causal && y == top + 3) && bits.Take(1) != 0)
                        {
                            _marks[at] = 2;
                        }
                    }
                }
                for (var x = first; x < last; x++)
                {
                    for (var y = top; y < bottom; y++)
                    {
                        if (_marks[((y + 1) * stride) + x + 1] == 2)
                        {
                            samples[Place(x, y, width)] = bits.Take(1) != 0 ? -value : value;
                        }
                    }
                }
            }
        }
    }

    private bool HasNeighbour(int at, int stride, bool isCausal) => (_marks[at - stride - 1] | _marks[at - stride] | _marks[at - stride + 1] | _marks[at - 1] | _marks[at + 1]
        | (isCausal ? 0 : _marks[at + stride - 1] | _marks[at + stride] | _marks[at + stride + 1])) != 0;
}
