using System.Buffers.Binary;

namespace Pacs.Dicom.Codecs;

/// <summary>Bits of a JPEG-LS scan: a byte behind 0xFF has seven, so that no marker arises (T.87 §A.1).</summary>
internal ref struct JpegLsBitWriter(Span<byte> target)
{
    private readonly Span<byte> _target = target;
    private ulong _bits;
    private int _count;
    private bool _afterFF;

    /// <summary>Bytes that are written.</summary>
    public int Length { get; private set; }

    /// <summary>Continues in other memory; what is not a whole byte yet comes along.</summary>
    public readonly JpegLsBitWriter In(Span<byte> other) => new(other) { _bits = _bits, _count = _count, _afterFF = _afterFF };

    /// <summary>Writes up to 32 bits.</summary>
    public void Put(uint value, int count)
    {
        _bits = (_bits << count) | value;
        _count += count;
        if (_count >= 32)
        {
            Empty();
        }
    }

    /// <summary>Writes up to 64 zeros and a one.</summary>
    public void PutUnary(int zeros)
    {
        for (; zeros >= 32; zeros -= 32)
        {
            Put(0, 32);
        }
        Put(1, zeros + 1);
    }

    /// <summary>Fills the last byte with zeros.</summary>
    public void Finish()
    {
        Empty();
        if (_count > 0 || _afterFF)
        {
            Put(0, (_afterFF ? 7 : 8) - _count);
            Empty();
        }
    }

    private void Empty()
    {
        if (_count >= 32 && !_afterFF)
        {
            var word = (uint)(_bits >> (_count - 32));
            // no byte of it is 0xFF
            if (((~word - 0x01010101) & word & 0x80808080) == 0)
            {
                BinaryPrimitives.WriteUInt32BigEndian(_target[Length..], word);
                Length += 4;
                _count -= 32;
                return;
            }
        }
        while (_count >= (_afterFF ? 7 : 8))
        {
            var width = _afterFF ? 7 : 8;
            _count -= width;
            var value = (byte)((_bits >> _count) & (0xFFu >> (8 - width)));
            _target[Length++] = value;
            _afterFF = value == 0xFF;
        }
    }
}
