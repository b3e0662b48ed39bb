using System.Buffers;
using System.Buffers.Binary;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>What a frame header says (T.81 §B.2.2), and room for the samples.</summary>
internal sealed class JpegFrame : IDisposable
{
    private JpegFrame(byte process, int precision, int width, int height, JpegComponent[] components)
    {
        Process = process;
        Precision = precision;
        Width = width;
        Height = height;
        Components = components;
        foreach (var component in components)
        {
            MostAcross = Math.Max(MostAcross, component.Across);
            MostDown = Math.Max(MostDown, component.Down);
        }
        UnitsAcross = (width + (8 * MostAcross) - 1) / (8 * MostAcross);
        UnitsDown = (height + (8 * MostDown) - 1) / (8 * MostDown);
    }

    /// <summary>The marker of the header: baseline, extended, progressive or lossless.</summary>
    public byte Process { get; }

    /// <summary>Bits of a sample.</summary>
    public int Precision { get; }

    public int Width { get; }

    public int Height { get; }

    public JpegComponent[] Components { get; }

    /// <summary>The largest horizontal sampling factor.</summary>
    public int MostAcross { get; }

    /// <summary>The largest vertical sampling factor.</summary>
    public int MostDown { get; }

    /// <summary>Minimum coded units in a row, when components are interleaved (T.81 §A.2.3).</summary>
    public int UnitsAcross { get; }

    /// <summary>Rows of minimum coded units.</summary>
    public int UnitsDown { get; }

    public bool IsLossless => Process == JpegMarker.Lossless;

    public bool IsProgressive => Process == JpegMarker.Progressive;

    /// <summary>Reads the header. Reserves memory only when the size is plausible for the image.</summary>
    /// <param name="process">The marker.</param>
    /// <param name="segment">The segment's content.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="image">What the data set says.</param>
    /// <exception cref="DicomException">The header is damaged, or describes what is not supported.</exception>
    public static JpegFrame Read(byte process, ReadOnlySpan<byte> segment, int offset, PixelDescription image)
    {
        if (segment.Length < 6 || segment.Length < 6 + (3 * segment[5]))
        {
            throw new DicomException("The JPEG frame header is cut off", null, offset);
        }
        int precision = segment[0], count = segment[5];
        var width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        // no height means that a DNL segment after the first scan will say it (T.81 §B.2.5); the data set knows it already
        var height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]) is var lines && lines > 0 ? lines : image.Rows;
        var isPrecisionAllowed = process switch
        {
            JpegMarker.Baseline => precision == 8,
            JpegMarker.Lossless => precision is >= 2 and <= 16,
            _ => precision is 8 or 12,
        };
        if (!isPrecisionAllowed)
        {
            throw new DicomException($"A JPEG stream of process SOF{process & 15} with samples of {precision} bits does not exist", null, offset);
        }
        DecodedFrame.CheckSize(image, width, height, count);
        var components = new JpegComponent[count];
        for (var i = 0; i < count; i++)
        {
            var entry = segment.Slice(6 + (3 * i), 3);
            components[i] = new JpegComponent(entry[0], entry[1] >> 4, entry[1] & 15, entry[2]);
            if (components[i].Across is < 1 or > 4 || components[i].Down is < 1 or > 4 || entry[2] > 3)
            {
                throw new DicomException($"The JPEG frame header gives component {i} sampling factors or a table out of range", null, offset);
            }
        }
        var frame = new JpegFrame(process, precision, width, height, components);
        if (frame.IsLossless && Array.Exists(components, c => c.Across != frame.MostAcross || c.Down != frame.MostDown))
        {
            throw new DicomException("Lossless JPEG with components of different size is not supported", null, offset);
        }
        if (!frame.IsLossless)
        {
            frame.Reserve();
        }
        return frame;
    }

    public void Dispose()
    {
        foreach (var component in Components)
        {
            component.Dispose();
        }
    }

    private void Reserve()
    {
        foreach (var component in Components)
        {
            component.Width = ((Width * component.Across) + MostAcross - 1) / MostAcross;
            component.Height = ((Height * component.Down) + MostDown - 1) / MostDown;
            component.BlocksAcross = UnitsAcross * component.Across;
            component.BlocksDown = UnitsDown * component.Down;
            component.Reserve(Precision, IsProgressive);
        }
    }
}

/// <summary>One component of a frame: its samples in its own size, filled up to whole coded units.</summary>
internal sealed class JpegComponent(byte id, int across, int down, int quantisation) : IDisposable
{
    private byte[]? _bytes;
    private ushort[]? _words;
    private short[]? _coefficients;

    /// <summary>What scans call it.</summary>
    public byte Id { get; } = id;

    /// <summary>Horizontal sampling factor, 1 to 4.</summary>
    public int Across { get; } = across;

    /// <summary>Vertical sampling factor, 1 to 4.</summary>
    public int Down { get; } = down;

    /// <summary>Number of the quantisation table.</summary>
    public int Quantisation { get; } = quantisation;

    /// <summary>Samples in a row that belong to the picture.</summary>
    public int Width { get; set; }

    /// <summary>Rows that belong to the picture.</summary>
    public int Height { get; set; }

    public int BlocksAcross { get; set; }

    public int BlocksDown { get; set; }

    /// <summary>Samples from one row to the next.</summary>
    public int Stride => BlocksAcross * 8;

    /// <summary>Whether a scan has brought it (of progressive ones: the first coefficient).</summary>
    public bool IsPresent { get; set; }

    /// <summary>The factors that its first scan found, row by row. A later table of the same number is for later scans.</summary>
    public int[] Factors { get; set; } = [];

    /// <summary>Samples of 8 bits.</summary>
    public Span<byte> Bytes => _bytes.AsSpan(0, Stride * BlocksDown * 8);

    /// <summary>Samples of more than 8 bits.</summary>
    public Span<ushort> Words => _words.AsSpan(0, Stride * BlocksDown * 8);

    /// <summary>Coefficients of progressive scans, block by block, each row by row.</summary>
    public Span<short> Coefficients => _coefficients.AsSpan(0, Stride * BlocksDown * 8);

    public void Reserve(int precision, bool isProgressive)
    {
        var count = Stride * BlocksDown * 8;
        if (precision == 8)
        {
            _bytes = ArrayPool<byte>.Shared.Rent(count);
        }
        else
        {
            _words = ArrayPool<ushort>.Shared.Rent(count);
        }
        if (isProgressive)
        {
            _coefficients = ArrayPool<short>.Shared.Rent(count);
            Coefficients.Clear();
        }
    }

    /// <summary>Turns the coefficients of a block into samples.</summary>
    /// <param name="block">64, row by row.</param>
    /// <param name="column">Of blocks.</param>
    /// <param name="row">Of blocks.</param>
    /// <param name="isFlat">True when all but the first are known to be zero.</param>
    public void Store(ReadOnlySpan<short> block, int column, int row, bool isFlat)
    {
        var at = (row * 8 * Stride) + (column * 8);
        if (_bytes is not null)
        {
            var target = Bytes[at..];
            if (!isFlat)
            {
                JpegDct.Inverse(block, Factors, target, Stride);
                return;
            }
            var value = (byte)JpegDct.Flat(block[0] * Factors[0], 8);
            for (var y = 0; y < 8; y++)
            {
                target.Slice(y * Stride, 8).Fill(value);
            }
        }
        else
        {
            JpegDct.Inverse(block, Factors, Words[at..], Stride);
        }
    }

    public void Dispose()
    {
        if (_bytes is not null)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }
        if (_words is not null)
        {
            ArrayPool<ushort>.Shared.Return(_words);
        }
        if (_coefficients is not null)
        {
            ArrayPool<short>.Shared.Return(_coefficients);
        }
        (_bytes, _words, _coefficients) = (null, null, null);
    }
}
