using System.Buffers;

namespace Pacs.Dicom.Codecs;

/// <summary>The entropy-coded data of one scan, restart interval by restart interval, with the stuffing removed (T.81 §B.1.1.5).</summary>
internal ref struct JpegIntervals : IDisposable
{
    private readonly ReadOnlySpan<byte> _stream;
    private readonly byte[] _rented;

    /// <summary>Starts behind a scan header.</summary>
    public JpegIntervals(ReadOnlySpan<byte> stream, int at)
    {
        _stream = stream;
        At = at;
        _rented = ArrayPool<byte>.Shared.Rent(stream.Length - at + JpegBitReader.Padding);
    }

    /// <summary>Offset in the stream: of the marker that ends the current interval, or the end.</summary>
    public int At { get; private set; }

    /// <summary>The first interval.</summary>
    public JpegBitReader First() => Read();

    /// <summary>The interval after a restart marker. Which of the eight it is does not matter: damage shows in the data, and some devices count wrongly.</summary>
    /// <exception cref="DicomException">There is no restart marker here.</exception>
    public JpegBitReader Next()
    {
        if (At + 1 >= _stream.Length || _stream[At + 1] is < JpegMarker.FirstRestart or > JpegMarker.LastRestart)
        {
            throw new DicomException("A JPEG restart marker is missing", null, At);
        }
        At += 2;
        return Read();
    }

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_rented);

    private JpegBitReader Read()
    {
        var filled = 0;
        while (true)
        {
            var rest = _stream[At..];
            var plain = rest.IndexOf((byte)0xFF);
            if (plain < 0)
            {
                plain = rest.Length;
            }
            rest[..plain].CopyTo(_rented.AsSpan(filled));
            filled += plain;
            At += plain;
            var code = At + 1;
            // a marker may have any number of FF before it (T.81 §B.1.1.2)
            while (code < _stream.Length && _stream[code] == 0xFF)
            {
                code++;
            }
            if (code >= _stream.Length)
            {
                At = _stream.Length;
                break;
            }
            if (_stream[code] != 0)
            {
                At = code - 1;
                break;
            }
            _rented[filled++] = 0xFF;
            At = code + 1;
        }
        _rented.AsSpan(filled, JpegBitReader.Padding).Clear();
        return new JpegBitReader(_rented.AsSpan(0, filled + JpegBitReader.Padding));
    }
}
