using System.Buffers.Binary;

namespace Pacs.Dicom.Codecs;

/// <summary>A marker and what belongs to it (T.81 §B.1.1).</summary>
internal readonly ref struct JpegSegment
{
    private JpegSegment(byte marker, int offset, ReadOnlySpan<byte> content, int end)
    {
        Marker = marker;
        Offset = offset;
        Content = content;
        End = end;
    }

    /// <summary>The marker's second byte.</summary>
    public byte Marker { get; }

    /// <summary>Where the marker begins.</summary>
    public int Offset { get; }

    /// <summary>The content, without marker and length; empty for markers that stand alone.</summary>
    public ReadOnlySpan<byte> Content { get; }

    /// <summary>Offset behind it.</summary>
    public int End { get; }

    /// <summary>Reads the next segment. Bytes before a marker are skipped, as everybody does. False at the end of the stream.</summary>
    /// <exception cref="DicomException">The segment is longer than the stream.</exception>
    public static bool TryRead(ReadOnlySpan<byte> stream, int at, out JpegSegment segment)
    {
        while (true)
        {
            var next = stream[at..].IndexOf((byte)0xFF);
            at = next < 0 ? stream.Length : at + next;
            while (at + 1 < stream.Length && stream[at + 1] == 0xFF)
            {
                at++;
            }
            if (at + 1 >= stream.Length)
            {
                segment = default;
                return false;
            }
            var marker = stream[at + 1];
            if (marker == JpegMarker.EndOfImage)
            {
                segment = new JpegSegment(marker, at, default, at + 2);
                return true;
            }
            if (JpegMarker.StandsAlone(marker))
            {
                at += 2;
                continue;
            }
            if (at + 4 > stream.Length || BinaryPrimitives.ReadUInt16BigEndian(stream[(at + 2)..]) is var length && (length < 2 || at + 2 + length > stream.Length))
            {
                throw new DicomException($"The JPEG segment FF{marker:X2} is longer than the stream", null, at);
            }
            segment = new JpegSegment(marker, at, stream.Slice(at + 4, length - 2), at + 2 + length);
            return true;
        }
    }
}
