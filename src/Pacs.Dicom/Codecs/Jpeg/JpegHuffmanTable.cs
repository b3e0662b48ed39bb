using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// A Huffman table as a decoder uses it (T.81 §F.2.2.3). Codes of up to ten bits are found in one step; where the bits after such a code, which are the value, fit
/// into the ten as well, the value is found with it.
/// </summary>
internal sealed class JpegHuffmanTable
{
    /// <summary>Bits that one step looks at.</summary>
    public const int StepBits = 10;

    // by the next ten bits: length of the code in the upper byte, symbol in the lower; 0 when the code is longer
    private readonly ushort[] _short = new ushort[1 << StepBits];
    private readonly int[] _steps;
    private readonly byte[] _symbols;

    // of the codes of each length: the last one, -1 if there is none; and what takes a code to the place of its symbol
    private readonly int[] _lastCode = new int[17];
    private readonly int[] _toSymbol = new int[17];

    /// <summary>Builds the table of a DHT segment (T.81 §B.2.4.2).</summary>
    /// <param name="counts">The number of codes of 1 to 16 bits.</param>
    /// <param name="symbols">As many as the counts say.</param>
    /// <param name="hasRuns">True for AC coefficients, whose symbols are a run of zeros and the size of a value.</param>
    /// <exception cref="DicomException">More codes than there can be.</exception>
    public JpegHuffmanTable(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols, bool hasRuns)
    {
        _symbols = symbols.ToArray();
        var code = 0;
        var at = 0;
        for (var length = 1; length <= 16; length++)
        {
            _toSymbol[length] = at - code;
            for (var i = 0; i < counts[length - 1]; i++, at++, code++)
            {
                if (code >= 1 << length)
                {
                    throw new DicomException("A JPEG Huffman table has more codes than fit");
                }
                LargestSymbol = Math.Max(LargestSymbol, symbols[at]);
                if (length <= StepBits)
                {
                    _short.AsSpan(code << (StepBits - length), 1 << (StepBits - length)).Fill((ushort)((length << 8) | symbols[at]));
                }
            }
            _lastCode[length] = counts[length - 1] > 0 ? code - 1 : -1;
            code <<= 1;
        }
        _steps = hasRuns ? Coefficients(_short) : Differences(_short);
    }

    /// <summary>What bounds the size of a value.</summary>
    public int LargestSymbol { get; }

    /// <summary>
    /// A code and its value in one: the value in the upper 16 bits, then eight bits with the zeros before it, then eight with the bits taken. 0 when it takes two
    /// steps. A run of 16 zeros is 15 of them and a value of zero, the end of a block is a run past its end.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Coefficient(uint next) => Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_steps), next & ((1 << StepBits) - 1));

    /// <summary>
    /// Of a difference: the bits to take for the code and the value in the lowest byte, those of the code in the next, those of the value above. One shift past both is what the
    /// next difference waits for. 0 when the code is long.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Difference(uint next) => Coefficient(next);

    /// <summary>Length in the upper byte and symbol in the lower for a short code, 0 for a long one.</summary>
    /// <param name="next">The next <see cref="StepBits"/> bits.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Short(uint next) => Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_short), next & ((1 << StepBits) - 1));

    /// <summary>The same for a long code.</summary>
    /// <param name="next">The next 16 bits.</param>
    /// <exception cref="DicomException">No code begins so.</exception>
    public int Long(uint next)
    {
        for (var length = StepBits + 1; length <= 16; length++)
        {
            var code = (int)(next >> (16 - length));
            if (code <= _lastCode[length])
            {
                return (length << 8) | _symbols[code + _toSymbol[length]];
            }
        }
        throw new DicomException("The JPEG data hold bits that are no Huffman code");
    }

    private static int[] Differences(ReadOnlySpan<ushort> codes)
    {
        var differences = new int[1 << StepBits];
        for (var next = 0; next < differences.Length; next++)
        {
            // size 16 is the one difference of 32768, without further bits (T.81 table H.2)
            int length = codes[next] >> 8, size = codes[next] & 15;
            differences[next] = (codes[next] & 255) <= 15 ? (size << 16) | (length << 8) | (length + size) : 0;
        }
        return differences;
    }

    private static int[] Coefficients(ReadOnlySpan<ushort> codes)
    {
        var coefficients = new int[1 << StepBits];
        for (var next = 0; next < coefficients.Length; next++)
        {
            int length = codes[next] >> 8, run = (codes[next] >> 4) & 15, size = codes[next] & 15;
            if (length == 0 || length + size > StepBits)
            {
                continue;
            }
            if (size == 0)
            {
                coefficients[next] = ((run == 15 ? 15 : 64) << 8) | length;
                continue;
            }
            var bits = (next >> (StepBits - length - size)) & ((1 << size) - 1);
            coefficients[next] = (JpegBitReader.Extend(bits, size) << 16) | (run << 8) | (length + size);
        }
        return coefficients;
    }
}
