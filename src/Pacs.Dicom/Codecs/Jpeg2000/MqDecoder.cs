using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// The adaptive binary arithmetic decoder (T.800 annex C). A context is one number: probability, likely symbol and the two states that can follow; so
/// that a symbol costs one look-up. Its four fields live in registers while a pass runs.
/// </summary>
internal unsafe struct MqDecoder
{
    private uint _interval;
    private uint _code;
    private int _count;
    private byte* _at;

    /// <param name="start">First byte; two bytes 0xFF follow the last one, which no code passes.</param>
    public MqDecoder(byte* start)
    {
        // §C.3.5
        _at = start;
        _code = (uint)*start << 16;
        _interval = 0x8000;
        ByteIn();
        _code <<= 7;
        _count -= 7;
    }

    /// <summary>Contexts that code blocks use (T.800 table D.7): 17 runs, 18 uniform.</summary>
    public const int RunContext = 17, UniformContext = 18, Contexts = 19;

    /// <summary>States by twice their number in table C.2, plus the likely symbol: 15 bits of probability, the likely symbol, the next state after the likely and after the other symbol.</summary>
    public static readonly uint[] States = MakeStates();

    /// <summary>Sets the contexts as each code block, or with <see cref="BlockStyle.Reset"/> each pass, begins (T.800 table D.7).</summary>
    public static void Reset(uint* contexts)
    {
        new Span<uint>(contexts, Contexts).Fill(States[0]);
        contexts[0] = States[2 * 4];
        contexts[RunContext] = States[2 * 3];
        contexts[UniformContext] = States[2 * 46];
    }

    /// <summary>The next symbol (T.800 §C.3.2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Decode(uint* context, uint* states)
    {
        var state = *context;
        var probability = state & 0x7FFF;
        var symbol = (state >> 15) & 1;
        _interval -= probability;
        bool other;
        if (_code >> 16 < probability)
        {
            other = _interval >= probability;
            _interval = probability;
        }
        else
        {
            _code -= probability << 16;
            if ((_interval & 0x8000) != 0)
            {
                return symbol;
            }
            other = _interval < probability;
        }
        var turned = other ? 1u : 0u;
        *context = states[(state >> (16 + (int)(turned << 3))) & 0xFF];
        // §C.3.3
        var shift = BitOperations.LeadingZeroCount(_interval) - 16;
        _interval <<= shift;
        while (shift > _count)
        {
            _code <<= _count;
            shift -= _count;
            ByteIn();
        }
        _code <<= shift;
        _count -= shift;
        return symbol ^ turned;
    }

    /// <summary>The next byte, with the bit that was stuffed after 0xFF; at a marker ones without end (T.800 §C.3.4).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ByteIn()
    {
        uint next = _at[1];
        if (*_at != 0xFF)
        {
            _at++;
            _code += next << 8;
            _count = 8;
        }
        else if (next > 0x8F)
        {
            _code += 0xFF00;
            _count = 8;
        }
        else
        {
            _at++;
            _code += next << 9;
            _count = 7;
        }
    }

    private static uint[] MakeStates()
    {
        // T.800 table C.2
        ReadOnlySpan<ushort> probabilities =
        [
            0x5601, 0x3401, 0x1801, 0x0AC1, 0x0521, 0x0221, 0x5601, 0x5401, 0x4801, 0x3801, 0x3001, 0x2401, 0x1C01, 0x1601, 0x5601, 0x5401, 0x5101, 0x4801, 0x3801, 0x3401, 0x3001, 0x2801, 0x2401, 0x2201,
            0x1C01, 0x1801, 0x1601, 0x1401, 0x1201, 0x1101, 0x0AC1, 0x09C1, 0x08A1, 0x0521, 0x0441, 0x02A1, 0x0221, 0x0141, 0x0111, 0x0085, 0x0049, 0x0025, 0x0015, 0x0009, 0x0005, 0x0001, 0x5601,
        ];
        ReadOnlySpan<byte> likely =
        [
            1, 2, 3, 4, 5, 38, 7, 8, 9, 10, 11, 12, 13, 29, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 45, 46,
        ];
        ReadOnlySpan<byte> other =
        [
            1, 6, 9, 12, 29, 33, 6, 14, 14, 14, 17, 18, 20, 21, 14, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 46,
        ];
        var states = new uint[2 * probabilities.Length];
        for (var i = 0; i < states.Length; i++)
        {
            var (number, symbol) = (i / 2, i & 1);
            var switched = number is 0 or 6 or 14 ? 1 - symbol : symbol;
            states[i] = probabilities[number] | ((uint)symbol << 15) | ((uint)((2 * likely[number]) + symbol) << 16) | ((uint)((2 * other[number]) + switched) << 24);
        }
        return states;
    }
}
