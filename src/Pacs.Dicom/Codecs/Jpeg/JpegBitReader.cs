using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// Reads the bits of one restart interval from which the stuffing has been removed, eight bytes at a time. It reads zeros past the end, and never fails: whoever uses it asks
/// <see cref="IsExhausted"/> as often as it takes to keep the work in bounds.
/// </summary>
internal ref struct JpegBitReader
{
    /// <summary>Zero bytes that must follow the interval in its buffer.</summary>
    public const int Padding = 8;

    private readonly ref byte _data;
    private readonly int _length;
    private int _at;

    // the next bits, the first one highest; beyond _count of them there may be more, which are read again
    private ulong _bits;
    private int _count;

    /// <summary>Starts at the first bit.</summary>
    /// <param name="padded">The interval, and <see cref="Padding"/> zeros.</param>
    public JpegBitReader(ReadOnlySpan<byte> padded)
    {
        _data = ref MemoryMarshal.GetReference(padded);
        _length = padded.Length - Padding;
    }

    /// <summary>True when more bits were taken than there are.</summary>
    public readonly bool IsExhausted => (8L * _at) - _count > 8L * _length;

    /// <summary>Sees to it that there are 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Refill()
    {
        if (_count < 32)
        {
            var next = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref _data, Math.Min(_at, _length))));
            _bits |= next >> _count;
            _at += (63 - _count) >> 3;
            _count |= 56;
        }
    }

    /// <summary>The next bits, 1 to 32; <see cref="Refill"/> comes before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Peek(int count) => (uint)(_bits >> (64 - count));

    /// <summary>Takes bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Skip(int count)
    {
        _bits <<= count;
        _count -= count;
    }

    /// <summary>Takes a symbol. After it, 16 bits can be taken without another <see cref="Refill"/>.</summary>
    /// <exception cref="DicomException">The bits are no code of this table.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Symbol(JpegHuffmanTable table)
    {
        Refill();
        var code = table.Short(Peek(JpegHuffmanTable.StepBits));
        if (code == 0)
        {
            code = table.Long(Peek(16));
        }
        Skip(code >> 8);
        return code & 255;
    }

    /// <summary>Takes a value of 0 to 16 bits (T.81 §F.2.2.1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Value(int size)
    {
        // in two steps: a shift by 64 would be none
        var bits = (int)((_bits >> 1) >> (63 - size));
        Skip(size);
        return Extend(bits, size);
    }

    /// <summary>Takes a value that lies behind a code.</summary>
    /// <param name="length">Bits of the code.</param>
    /// <param name="size">Bits of the value, 0 to 16.</param>
    /// <param name="total">Both.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Value(int length, int size, int total)
    {
        var bits = (int)(((_bits << length) >> 1) >> (63 - size));
        Skip(total);
        return Extend(bits, size);
    }

    /// <summary>Takes 0 to 16 bits as they are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Bits(int count)
    {
        Refill();
        var bits = (int)((_bits >> 1) >> (63 - count));
        Skip(count);
        return bits;
    }

    /// <summary>The value that bits stand for: below half of their range they are negative (T.81 §F.2.2.1, EXTEND).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Extend(int bits, int size) => bits + (((bits - (1 << (size - 1))) >> 31) & ((-1 << size) + 1));
}
