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
    private int _free = 64;

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
        _free -= count;
        if (_free >= 0)
        {
            _bits = (_bits << count) | bits;
            return;
        }
        // what does not fit any more begins the next word; the bits above it are those that have been written, and move out
        var word = (_bits << (count + _free)) | ((ulong)bits >> -_free);
        if (((~word - 0x0101010101010101) & word & 0x8080808080808080) == 0)
        {
            BinaryPrimitives.WriteUInt64BigEndian(_span[_at..], word);
            _at += 8;
        }
        else
        {
            _at = PutStuffed(_span, _at, word);
        }
        _bits = bits;
        _free += 64;
    }

    /// <summary>Adds a code of a table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(uint code) => Put(code >> 8, (int)(code & 255));

    /// <summary>Fills the last byte with ones, and hands everything over.</summary>
    public void Finish()
    {
        Reserve(24);
        var fill = _free & 7;
        _bits = (_bits << fill) | ((1u << fill) - 1);
        for (var count = 64 - _free + fill; count > 0; count -= 8)
        {
            _at = PutByte(_span, _at, (byte)(_bits >> (count - 8)));
        }
        Marker(JpegMarker.EndOfImage);
        _destination.Advance(_at);
        _at = 0;
        _span = default;
    }

    /// <summary>Writes a word in which a byte is FF, each of which gets a zero behind it; returns the place behind.</summary>
    private static int PutStuffed(Span<byte> span, int at, ulong word)
    {
        for (var shift = 56; shift >= 0; shift -= 8)
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
