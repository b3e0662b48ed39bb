using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// JPEG-LS (PS3.5 §A.4.3; ISO/IEC 14495-1 = ITU-T T.87): 2 to 16 bits, lossless and near-lossless, one to four components in any interleaving, restart intervals.
/// Mapping tables and sizes above 65535 are refused.
/// </summary>
public sealed class JpegLsCodec : ICodec
{
    /// <inheritdoc/>
    public DecodedFrame Decode(ReadOnlyMemory<byte> frame, PixelDescription image) => new JpegLsReading(frame.Span, image).Run();
}

/// <summary>One pass over the markers of a JPEG-LS frame (T.87 annex C).</summary>
internal ref struct JpegLsReading(ReadOnlySpan<byte> bytes, PixelDescription image)
{
    private const byte StartOfImage = 0xD8, EndOfImage = 0xD9, StartOfScan = 0xDA, RestartInterval = 0xDD, StartOfFrame = 0xF7, Preset = 0xF8, Application8 = 0xE8;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;
    private int _precision;
    private byte[] _componentIds = [];
    private int _componentsDone;
    private JpegLsPreset _preset;
    private int _restartLines;
    private DecodedFrame? _frame;

    /// <summary>Decodes the frame.</summary>
    /// <exception cref="DicomException">The stream is damaged or uses what is not supported.</exception>
    public DecodedFrame Run()
    {
        try
        {
            if (_bytes.Length < 4 || _bytes[0] != 0xFF || _bytes[1] != StartOfImage)
            {
                throw new DicomException("The frame does not begin as a JPEG-LS stream", offset: 0);
            }
            _at = 2;
            while (_frame is null || _componentsDone < _frame.Samples)
            {
                ReadSegment();
            }
            return _frame;
        }
        catch
        {
            _frame?.Dispose();
            throw;
        }
    }

    private void ReadSegment()
    {
        // fill bytes before a marker, and what encoders leave behind a scan, are passed over
        while (_at + 4 <= _bytes.Length && (_bytes[_at] != 0xFF || _bytes[_at + 1] is < 0x80 or 0xFF))
        {
            _at++;
        }
        if (_at + 4 > _bytes.Length || _bytes[_at + 1] == EndOfImage)
        {
            throw new DicomException(_frame is null ? "The JPEG-LS stream has no frame" : "The JPEG-LS stream ends before its last component", offset: _at);
        }
        var marker = _bytes[_at + 1];
        if (marker is >= 0xD0 and <= 0xD7)
        {
            _at += 2;
            return;
        }
        var start = _at;
        int length = BinaryPrimitives.ReadUInt16BigEndian(_bytes[(_at + 2)..]);
        if (length < 2 || start + 2 + length > _bytes.Length)
        {
            throw new DicomException($"JPEG-LS marker FF{marker:X2} has {length} bytes, more than there are", offset: start);
        }
        var segment = _bytes.Slice(start + 4, length - 2);
        _at = start + 2 + length;
        switch (marker)
        {
            case StartOfFrame:
                ReadFrame(segment, start);
                break;
            case Preset:
                ReadPreset(segment, start);
                break;
            case RestartInterval:
                _restartLines = segment.Length switch
                {
                    2 => BinaryPrimitives.ReadUInt16BigEndian(segment),
                    3 => (segment[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(segment[1..]),
                    4 when segment[0] < 0x80 => BinaryPrimitives.ReadInt32BigEndian(segment),
                    _ => throw new DicomException("The restart interval of the JPEG-LS stream has an impossible length", offset: start),
                };
                break;
            case StartOfScan:
                ReadScan(segment, start);
                break;
            case Application8 when segment.Length >= 5 && segment[..4].SequenceEqual("mrfx"u8) && segment[4] != 0:
                throw new DicomException("The JPEG-LS stream uses Hewlett-Packard's colour transform, which is no part of the standard", offset: start);
            case >= 0xC0 and <= 0xCF:
                throw new DicomException($"The stream is JPEG of another kind (marker FF{marker:X2}), not JPEG-LS", offset: start);
            default:
                break;
        }
    }

    // T.87 §C.2.2
    private void ReadFrame(ReadOnlySpan<byte> segment, int offset)
    {
        if (_frame is not null || segment.Length < 6 || segment.Length < 6 + (3 * segment[5]))
        {
            throw new DicomException("The frame header of the JPEG-LS stream is damaged", offset: offset);
        }
        _precision = segment[0];
        int components = segment[5];
        if (_precision is < 2 or > 16)
        {
            throw new DicomException($"The JPEG-LS stream has {_precision} bits per sample", offset: offset);
        }
        _componentIds = new byte[components];
        for (var i = 0; i < components; i++)
        {
            _componentIds[i] = segment[6 + (3 * i)];
            if (segment[7 + (3 * i)] != 0x11)
            {
                throw new DicomException("The JPEG-LS stream has components of different size, which is not supported", offset: offset);
            }
        }
        int height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        _frame = DecodedFrame.Rent(image, width, height, components, _precision <= 8 ? 8 : 16, _precision);
    }

    // T.87 §C.2.4
    private void ReadPreset(ReadOnlySpan<byte> segment, int offset)
    {
        switch (segment.IsEmpty ? 0 : segment[0])
        {
            case 1 when segment.Length >= 11:
                _preset = new JpegLsPreset(
                    BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), BinaryPrimitives.ReadUInt16BigEndian(segment[3..]), BinaryPrimitives.ReadUInt16BigEndian(segment[5..]),
                    BinaryPrimitives.ReadUInt16BigEndian(segment[7..]), BinaryPrimitives.ReadUInt16BigEndian(segment[9..]));
                break;
            case 2 or 3:
                throw new DicomException("The JPEG-LS stream has a mapping table, which DICOM does not know: it has PALETTE COLOR", offset: offset);
            case 4:
                throw new DicomException("The JPEG-LS stream claims more than 65535 rows or columns", offset: offset);
            default:
                throw new DicomException("The JPEG-LS stream has a preset of unknown kind", offset: offset);
        }
    }

    // T.87 §C.2.3
    private void ReadScan(ReadOnlySpan<byte> segment, int offset)
    {
        int components = segment.IsEmpty ? 0 : segment[0];
        if (_frame is null || components < 1 || segment.Length < 4 + (2 * components) || _componentsDone + components > _frame.Samples)
        {
            throw new DicomException("The scan header of the JPEG-LS stream is damaged", offset: offset);
        }
        for (var i = 0; i < components; i++)
        {
            if (segment[2 + (2 * i)] != 0)
            {
                throw new DicomException("The JPEG-LS stream has a mapping table, which DICOM does not know: it has PALETTE COLOR", offset: offset);
            }
        }
        int near = segment[1 + (2 * components)], interleave = segment[2 + (2 * components)];
        if (interleave > 2 || (interleave == 0 && components > 1) || (segment[3 + (2 * components)] & 0x0F) != 0)
        {
            throw new DicomException($"The JPEG-LS stream has a scan of {components} components with interleaving {interleave}", offset: offset);
        }
        var place = _componentIds.AsSpan().IndexOf(segment[1]);
        // some encoders number their scans otherwise than the frame
        var first = components == 1 && place >= 0 ? place : _componentsDone;
        if (first + components > _frame.Samples)
        {
            throw new DicomException("The scan header of the JPEG-LS stream is damaged", offset: offset);
        }
        DecodeScan(_frame, new JpegLsParameters(_precision, near, _preset), first, components, bySample: interleave == 2 && components > 1);
        _componentsDone += components;
    }

    private unsafe void DecodeScan(DecodedFrame frame, JpegLsParameters parameters, int first, int components, bool bySample)
    {
        var stride = frame.Width + 2;
        var size = components * stride;
        var lines = ArrayPool<ushort>.Shared.Rent(2 * size);
        try
        {
            var contexts = stackalloc JpegLsContext[JpegLsContext.Count];
            var runs = stackalloc int[4];
            fixed (byte* start = _bytes)
            fixed (sbyte* regions = parameters.GradientRegions)
            fixed (ushort* buffer = lines)
            {
                ushort* above = buffer, line = buffer + size;
                var interval = _restartLines == 0 ? frame.Height : _restartLines;
                for (var y = 0; y < frame.Height;)
                {
                    var decoder = new JpegLsScanDecoder(parameters, contexts, regions + parameters.MaxValue, start + _at, start + _bytes.Length, _at);
                    lines.AsSpan(0, 2 * size).Clear();
                    new Span<int>(runs, 4).Clear();
                    for (var end = y + Math.Min(interval, frame.Height - y); y < end; y++)
                    {
                        if (bySample)
                        {
                            decoder.DecodeSamples(above, line, frame.Width, components, ref runs[0]);
                        }
                        else
                        {
                            for (var i = 0; i < components; i++)
                            {
                                decoder.DecodeLine(above + (i * stride), line + (i * stride), frame.Width, ref runs[i]);
                            }
                        }
                        Store(frame, y, first, components, new ReadOnlySpan<ushort>(line, size));
                        var swap = above;
                        above = line;
                        line = swap;
                    }
                    _at = (int)decoder.Offset;
                    if (y < frame.Height)
                    {
                        SkipRestartMarker();
                    }
                }
            }
        }
        finally
        {
            ArrayPool<ushort>.Shared.Return(lines);
        }
    }

    /// <summary>Every restart interval ends at a marker and begins anew (T.87 §C.2.5).</summary>
    private void SkipRestartMarker()
    {
        while (_at + 2 <= _bytes.Length && (_bytes[_at] != 0xFF || _bytes[_at + 1] is < 0x80 or 0xFF))
        {
            _at++;
        }
        if (_at + 2 > _bytes.Length || _bytes[_at + 1] is < 0xD0 or > 0xD7)
        {
            throw new DicomException("The JPEG-LS stream has no restart marker where one belongs", offset: _at);
        }
        _at += 2;
    }

    /// <summary>Interleaves the lines of some components into the frame.</summary>
    private static void Store(DecodedFrame frame, int y, int first, int components, ReadOnlySpan<ushort> lines)
    {
        int width = frame.Width, samples = frame.Samples, stride = width + 2;
        var row = frame.Data.Slice(y * width * samples * (frame.BitsAllocated / 8), width * samples * (frame.BitsAllocated / 8));
        if (frame.BitsAllocated == 16)
        {
            var words = MemoryMarshal.Cast<byte, ushort>(row);
            for (var i = 0; i < components; i++)
            {
                var line = lines.Slice((i * stride) + 1, width);
                for (int x = 0, to = first + i; x < line.Length; x++, to += samples)
                {
                    words[to] = line[x];
                }
            }
        }
        else if (samples == 3 && components == 3)
        {
            ReadOnlySpan<ushort> red = lines.Slice(1, width), green = lines.Slice(stride + 1, width), blue = lines.Slice((2 * stride) + 1, width);
            for (int x = 0, to = 0; x < red.Length; x++, to += 3)
            {
                var pixel = row.Slice(to, 3);
                pixel[2] = (byte)blue[x];
                pixel[1] = (byte)green[x];
                pixel[0] = (byte)red[x];
            }
        }
        else
        {
            for (var i = 0; i < components; i++)
            {
                var line = lines.Slice((i * stride) + 1, width);
                for (int x = 0, to = first + i; x < line.Length; x++, to += samples)
                {
                    row[to] = (byte)line[x];
                }
            }
        }
    }
}
