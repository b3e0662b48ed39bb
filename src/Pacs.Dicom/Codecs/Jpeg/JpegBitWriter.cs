using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Pacs.Dicom.Codecs;

/// <summary>Writes markers and entropy-coded bits (T.81 §F.1.2.3) into a buffer writer, in pieces of some kilobytes.</summary>
internal ref struct JpegBitWriter(IBufferWriter<byte> destination)
{
    private const int Piece = 16 * 1024;

    private readonly IBufferWriter<byte> _destination = destination;
    private Span<byte> _span;
    private int _at;
    private ulong _bits;
    private int _count;

    /// <summary>Sees to it that so many bytes can be written, stuffing included.</summary>
    public void Reserve(int bytes)
    {
        if (_span.Length - _at < bytes)
        {
            _destination.Advance(_at);
            _at = 0;
            _span = _destination.GetSpan(Math.Max(Piece, bytes));
        }
    }

    /// <summary>A marker, FF and this.</summary>
    public void Marker(byte code)
    {
        Reserve(2);
        _span[_at++] = 0xFF;
        _span[_at++] = code;
    }

    /// <summary>A marker segment; its length is written before it.</summary>
    public void Segment(byte code, scoped ReadOnlySpan<byte> content)
    {
        Marker(code);
        Reserve(content.Length + 2);
        BinaryPrimitives.WriteUInt16BigEndian(_span[_at..], (ushort)(content.Length + 2));
        content.CopyTo(_span[(_at + 2)..]);
        _at += content.Length + 2;
    }

    /// <summary>Adds the low <paramref name="count"/> bits, at most 32; there is room for them, and the bits above are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(uint bits, int count)
    {
        _bits = (_bits << count) | bits;
        _count += count;
        if (_count >= 32)
        {
            _count -= 32;
            var word = (uint)(_bits >> _count);
            if (((~word - 0x01010101) & word & 0x80808080) == 0)
            {
                BinaryPrimitives.WriteUInt32BigEndian(_span[_at..], word);
                _at += 4;
            }
            else
            {
                _at = PutStuffed(_span, _at, word);
            }
        }
    }

    /// <summary>Adds a code of a table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(uint code) => Put(code >> 8, (int)(code & 255));

    /// <summary>Fills the last byte with ones, and hands everything over.</summary>
    public void Finish()
    {
        Reserve(16);
        var fill = -_count & 7;
        _bits = (_bits << fill) | ((1u << fill) - 1);
        for (_count += fill; _count > 0; _count -= 8)
        {
            _at = PutByte(_span, _at, (byte)(_bits >> (_count - 8)));
        }
        Marker(JpegMarker.EndOfImage);
        _destination.Advance(_at);
        _at = 0;
        _span = default;
    }

    /// <summary>Writes a word in which a byte is FF, each of which gets a zero behind it; returns the place behind.</summary>
    private static int PutStuffed(Span<byte> span, int at, uint word)
    {
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            at = PutByte(span, at, (byte)(word >> shift));
        }
        return at;
    }

    private static int PutByte(Span<byte> span, int at, byte value)
    {
        span[at++] = value;
        if (value == 0xFF)
        {
            span[at++] = 0;
        }
        return at;
    }
}
