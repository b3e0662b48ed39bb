using System.Runtime.CompilerServices;

namespace Pacs.Dicom.Codecs;

/// <summary>Bits from the first byte on, the lowest first; behind 0xFF a byte has seven (T.814 §7.1.2, §7.1.5).</summary>
/// <param name="bytes">The bytes.</param>
/// <param name="beyond">What comes behind them for ever.</param>
internal ref struct ForwardBits(ReadOnlySpan<byte> bytes, byte beyond)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private ulong _bits;
    private int _count;
    private int _at;
    private bool _isStuffed;

    /// <summary>Takes up to 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Take(int count)
    {
        if (_count < count)
        {
            Fill();
        }
        var taken = (uint)(_bits & ((1ul << count) - 1));
        _bits >>= count;
        _count -= count;
        return taken;
    }

    /// <summary>Takes so many bits, and puts another above them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Value(int count, uint highest) => Take(count) | (highest << count);

    private void Fill()
    {
        while (_count <= 48)
        {
            var next = _at < _bytes.Length ? _bytes[_at++] : beyond;
            // the highest bit behind 0xFF is none
            _bits |= (ulong)(_isStuffed ? next & 0x7Fu : next) << _count;
            _count += _isStuffed ? 7 : 8;
            _isStuffed = next == 0xFF;
        }
    }
}

/// <summary>Bits from the last byte on, the lowest first; before a byte above 0x8F one whose lower seven bits are all set has seven (T.814 §7.1.4, §7.1.6). Beyond the first byte come zeros.</summary>
internal ref struct BackwardBits
{
    private readonly ReadOnlySpan<byte> _bytes;
    private ulong _bits;
    private int _count;
    private int _at;
    private bool _mayBeStuffed;

    /// <summary>The refinement bits of a segment.</summary>
    public BackwardBits(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        _at = bytes.Length;
        _mayBeStuffed = true;
    }

    /// <summary>The code words of a segment: behind the bytes four bits more, the upper half of a byte.</summary>
    public BackwardBits(ReadOnlySpan<byte> bytes, byte behind)
    {
        _bytes = bytes;
        _at = bytes.Length;
        _bits = (uint)behind >> 4;
        _count = (_bits & 7) == 7 ? 3 : 4;
        _bits &= (1ul << _count) - 1;
        _mayBeStuffed = (behind | 15) > 0x8F;
    }

    /// <summary>The next bits, up to 16, which stay.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Peek(int count)
    {
        if (_count < count)
        {
            Fill();
        }
        return (uint)_bits & ((1u << count) - 1);
    }

    /// <summary>Passes bits that were looked at.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Skip(int count)
    {
        _bits >>= count;
        _count -= count;
    }

    /// <summary>Takes bits.</summary>
    public uint Take(int count)
    {
        var taken = Peek(count);
        Skip(count);
        return taken;
    }

    /// <summary>The exponent offsets of two quads: prefixes, then suffixes, then extensions (T.814 §7.3.6). 0 for a quad that has none.</summary>
    public (int First, int Second) Offsets(bool first, bool second)
    {
        var (a, b) = (first ? Prefix() : 0, second ? Prefix() : 0);
        return Suffixes(a, b);
    }

    /// <summary>Those of two quads in the first row that are not both more than two: when the first one is, one bit tells the second.</summary>
    public (int First, int Second) OffsetsOfFirstRow()
    {
        var a = Prefix();
        if (a <= 2)
        {
            return Suffixes(a, Prefix());
        }
        var b = 1 + (int)Take(1);
        return Suffixes(a, b);
    }

    private (int First, int Second) Suffixes(int a, int b)
    {
        var (aRest, bRest) = (Suffix(a), Suffix(b));
        var (aMore, bMore) = (Extension(aRest), Extension(bRest));
        return (a + aRest + aMore, b + bRest + bMore);
    }

    // table 3
    private int Prefix()
    {
        var bits = Peek(3);
        var (length, value) = (bits & 1) != 0 ? (1, 1) : (bits & 2) != 0 ? (2, 2) : (bits & 4) != 0 ? (3, 3) : (3, 5);
        Skip(length);
        return value;
    }

    private int Suffix(int prefix) => prefix switch { 3 => (int)Take(1), 5 => (int)Take(5), _ => 0 };

    private int Extension(int suffix) => suffix >= 28 ? 4 * (int)Take(4) : 0;

    private void Fill()
    {
        while (_count <= 48)
        {
            var next = _at > 0 ? _bytes[--_at] : (byte)0;
            var isStuffed = _mayBeStuffed && (next & 0x7F) == 0x7F;
            _bits |= (ulong)(isStuffed ? next & 0x7Fu : next) << _count;
            _count += isStuffed ? 7 : 8;
            _mayBeStuffed = next > 0x8F;
        }
    }
}

/// <summary>Whether quads with nothing around them have something, as adaptive run lengths (T.814 §7.1.3, §7.3.3): bits from the first byte on, the highest first; behind 0xFF a byte has seven.</summary>
/// <param name="bytes">The bytes, but for the last one of the segment; of the one before it only the upper half belongs here.</param>
internal ref struct RunBits(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;
    private int _byte;
    private int _left;
    private int _state;
    private int _run;
    private bool _endsWithOne;

    // table 2
    private static ReadOnlySpan<byte> Exponents => [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

    /// <summary>The next quad.</summary>
    public bool Next()
    {
        if (_run == 0 && !_endsWithOne)
        {
            int exponent = Exponents[_state];
            if (Bit() != 0)
            {
                _run = 1 << exponent;
                _state = Math.Min(_state + 1, Exponents.Length - 1);
            }
            else
            {
                while (exponent-- > 0)
                {
                    _run = (2 * _run) + Bit();
                }
                _state = Math.Max(_state - 1, 0);
                _endsWithOne = true;
            }
        }
        if (_run > 0)
        {
            _run--;
            return false;
        }
        _endsWithOne = false;
        return true;
    }

    private int Bit()
    {
        if (_left == 0)
        {
            _left = _byte == 0xFF ? 7 : 8;
            _byte = _at < _bytes.Length - 1 ? _bytes[_at] : _at == _bytes.Length - 1 ? _bytes[_at] | 15 : 0xFF;
            _at++;
        }
        _left--;
        return (_byte >> _left) & 1;
    }
}
