using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// Reads the markers of a JPEG stream and decodes its scans: the Huffman coded processes of T.81 (baseline, extended, progressive, lossless). One instance per
/// stream. Its work is proportional to the pixels and the bytes, its memory to the pixels, whatever the bytes say.
/// </summary>
internal sealed class JpegDecoder(PixelDescription image) : IDisposable
{
    /// <summary>Scans of a progressive stream that are followed. Encoders use about ten; each one may cost a walk over the picture though it is of a few bytes.</summary>
    private const int MostScans = 100;

    private readonly int[]?[] _quantisation = new int[]?[4];
    private readonly JpegHuffmanTable?[] _dcTables = new JpegHuffmanTable?[4];
    private readonly JpegHuffmanTable?[] _acTables = new JpegHuffmanTable?[4];
    private JpegFrame? _frame;
    private DecodedFrame? _output;
    private int _restartInterval;
    private int _scans;
    private JpegColorSpace _color;
    private byte[] _components = [];

    /// <summary>Decodes a stream.</summary>
    /// <exception cref="DicomException">The stream is damaged, ends too early, or uses a process that is not supported.</exception>
    public DecodedFrame Decode(ReadOnlySpan<byte> stream)
    {
        if (!stream.StartsWith<byte>([0xFF, JpegMarker.StartOfImage]))
        {
            throw new DicomException("The frame is no JPEG stream: it does not begin with FFD8", null, 0);
        }
        var at = 2;
        var isComplete = false;
        while (!isComplete && JpegSegment.TryRead(stream, at, out var segment))
        {
            at = segment.End;
            if (segment.Marker == JpegMarker.EndOfImage)
            {
                isComplete = true;
            }
            else if (segment.Marker == JpegMarker.StartOfScan)
            {
                at = DecodeScan(stream, segment);
                // the scans of other processes bring each component once; so nothing that follows matters
                isComplete = _frame is { IsProgressive: false } && Array.TrueForAll(_frame.Components, c => c.IsPresent);
            }
            else
            {
                Take(segment);
            }
        }
        if (_frame is null)
        {
            throw new DicomException("The JPEG stream has no frame header", null, stream.Length);
        }
        if (!isComplete || !Array.TrueForAll(_frame.Components, c => c.IsPresent))
        {
            throw new DicomException("The JPEG stream ends before the image is complete", null, at);
        }
        return Output(_frame);
    }

    /// <summary>Gives back what decoding has reserved. The decoded frame is not part of it.</summary>
    public void Dispose()
    {
        _frame?.Dispose();
        _output?.Dispose();
    }

    private void Take(JpegSegment segment)
    {
        var content = segment.Content;
        switch (segment.Marker)
        {
            case JpegMarker.QuantisationTables:
                ReadQuantisation(content, segment.Offset);
                break;
            case JpegMarker.HuffmanTables:
                ReadHuffman(content, segment.Offset);
                break;
            case JpegMarker.RestartInterval when content.Length >= 2:
                _restartInterval = BinaryPrimitives.ReadUInt16BigEndian(content);
                break;
            case JpegMarker.App0 or JpegMarker.App14:
                _color.Take(segment);
                break;
            case JpegMarker.Baseline or JpegMarker.Extended or JpegMarker.Progressive or JpegMarker.Lossless:
                if (_frame is not null)
                {
                    throw new DicomException("The JPEG stream has two frame headers", null, segment.Offset);
                }
                _frame = JpegFrame.Read(segment.Marker, content, segment.Offset, image);
                _components = content[6..].ToArray();
                if (_frame.IsLossless)
                {
                    _output = DecodedFrame.Rent(image, _frame.Width, _frame.Height, _frame.Components.Length, _frame.Precision > 8 ? 16 : 8, _frame.Precision);
                }
                break;
            default:
                if (JpegMarker.Unsupported(segment.Marker) is { } process)
                {
                    throw new DicomException($"The frame is {process}, which is not supported", null, segment.Offset);
                }
                break;
        }
    }

    private int DecodeScan(ReadOnlySpan<byte> stream, JpegSegment segment)
    {
        if (_frame is null)
        {
            throw new DicomException("A JPEG scan comes before the frame header", null, segment.Offset);
        }
        var scan = JpegScan.Read(segment.Content, segment.Offset, _frame, _dcTables, _acTables, _restartInterval);
        if (++_scans > MostScans)
        {
            throw new DicomException($"The JPEG stream has more than {MostScans} scans", null, segment.Offset);
        }
        foreach (var component in scan.Components)
        {
            if (!_frame.IsProgressive && component.IsPresent)
            {
                throw new DicomException("A JPEG scan repeats a component", null, segment.Offset);
            }
            if (!_frame.IsLossless && component.Factors.Length == 0)
            {
                component.Factors = _quantisation[component.Quantisation] ?? throw new DicomException("A quantisation table that a JPEG scan needs is missing", null, segment.Offset);
            }
        }
        var end = _frame.Process switch
        {
            JpegMarker.Lossless => JpegLosslessScan.Decode(_frame, scan, stream, segment.End, _output!),
            JpegMarker.Progressive => JpegProgressiveScan.Decode(_frame, scan, stream, segment.End),
            _ => JpegSequentialScan.Decode(_frame, scan, stream, segment.End),
        };
        foreach (var component in scan.Components)
        {
            component.IsPresent |= !_frame.IsProgressive || scan.First == 0;
        }
        return end;
    }

    private void ReadQuantisation(ReadOnlySpan<byte> content, int offset)
    {
        while (!content.IsEmpty)
        {
            int width = (content[0] >> 4) + 1, number = content[0] & 15;
            if (width > 2 || number > 3 || content.Length < 1 + (64 * width))
            {
                throw new DicomException("A JPEG quantisation table is damaged", null, offset);
            }
            var factors = new int[64];
            for (var k = 0; k < 64; k++)
            {
                factors[JpegTables.ZigZag[k]] = width == 1 ? content[1 + k] : BinaryPrimitives.ReadUInt16BigEndian(content[(1 + (2 * k))..]);
            }
            _quantisation[number] = factors;
            content = content[(1 + (64 * width))..];
        }
    }

    private void ReadHuffman(ReadOnlySpan<byte> content, int offset)
    {
        while (!content.IsEmpty)
        {
            var symbols = 0;
            for (var i = 1; i <= 16 && i < content.Length; i++)
            {
                symbols += content[i];
            }
            int kind = content[0] >> 4, number = content[0] & 15;
            if (kind > 1 || number > 3 || symbols > 256 || content.Length < 17 + symbols)
            {
                throw new DicomException("A JPEG Huffman table is damaged", null, offset);
            }
            (kind == 0 ? _dcTables : _acTables)[number] = new JpegHuffmanTable(content.Slice(1, 16), content.Slice(17, symbols), hasRuns: kind == 1);
            content = content[(17 + symbols)..];
        }
    }

    private DecodedFrame Output(JpegFrame frame)
    {
        if (frame.IsLossless)
        {
            // samples as they were put in: the data set knows what they are
            var lossless = _output!;
            _output = null;
            return lossless;
        }
        if (frame.IsProgressive)
        {
            JpegProgressiveScan.Finish(frame);
        }
        var samples = frame.Components.Length;
        var conversion = Conversion(frame);
        var color = samples == 3 ? SampleColor.Rgb : SampleColor.AsDescribed;
        _output = DecodedFrame.Rent(image, frame.Width, frame.Height, samples, frame.Precision > 8 ? 16 : 8, frame.Precision, isSigned: false, color);
        if (frame.Precision == 8)
        {
            JpegAssembly<byte>.Join(frame, conversion, _output.Data);
        }
        else
        {
            JpegAssembly<ushort>.Join(frame, conversion, MemoryMarshal.Cast<byte, ushort>(_output.Data));
        }
        var output = _output;
        _output = null;
        return output;
    }

    private JpegConversion Conversion(JpegFrame frame) => frame.Components.Length switch
    {
        3 when !_color.IsRgb(_components, image.PhotometricInterpretation) => JpegConversion.YccToRgb,
        4 when _color.AdobeTransform == 2 => JpegConversion.YcckToCmyk,
        _ => JpegConversion.None,
    };
}
