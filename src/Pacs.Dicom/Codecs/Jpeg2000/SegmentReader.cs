using System.Buffers.Binary;

namespace Pacs.Dicom.Codecs;

/// <summary>Big-endian numbers of one marker segment. Reading over its end is an error with the place.</summary>
internal ref struct SegmentReader(ReadOnlySpan<byte> bytes, long offset)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    /// <summary>Bytes that are left.</summary>
    public readonly int Left => _bytes.Length - _at;

    /// <summary>Where the next byte is in the frame.</summary>
    public readonly long Offset => offset + _at;

    public byte Byte() => Take(1)[0];

    public int Word() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint Long() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    /// <summary>A number of one byte, or of two where there are more than 256 components (T.800 §A.6.2).</summary>
    public int Component(int components) => components < 257 ? Byte() : Word();

    public ReadOnlySpan<byte> Rest() => Take(Left);

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > Left)
        {
            throw new DicomException("A marker segment of the JPEG 2000 stream is too short", offset: Offset);
        }
        var taken = _bytes.Slice(_at, count);
        _at += count;
        return taken;
    }
}
