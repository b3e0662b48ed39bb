using System.Buffers;

namespace Pacs.Dicom.Imaging;

/// <summary>
/// The frames of one stored instance: where they lie, their bytes, their samples, their picture. Holds its file open and of its content no more than the header (a deflated
/// data set comes into memory as a whole). Safe for many threads, so that it can be kept for the next frame of a cine. Frames count from 1.
/// </summary>
/// <example>
/// <code>
/// using var pixels = InstancePixels.Open(path);
/// using var picture = pixels.Render(new RenderOptions { Frame = 2, Viewport = new(640, 480) });
/// </code>
/// </example>
public sealed class InstancePixels : IDisposable
{
    // more is none
    private const int MaxHeader = 256 * 1024 * 1024;

    private readonly IDisposable? _file;
    private readonly PixelSource _source;

    private InstancePixels(DicomDataset header, TransferSyntax syntax, PixelDescription image, FrameIndex frames, PixelSource source, IDisposable? file, bool isBigEndian, bool isInFile)
    {
        Header = header;
        Syntax = syntax;
        Image = image;
        Frames = frames;
        _source = source;
        _file = file;
        SwapUnit = !isBigEndian ? 0 : image.IsFloat ? image.BitsAllocated / 8 : 2;
        IsInFile = isInFile;
    }

    /// <summary>Everything before the pixel data; the whole data set where it is in memory.</summary>
    public DicomDataset Header { get; }

    /// <summary>How the data set is written.</summary>
    public TransferSyntax Syntax { get; }

    /// <summary>What the samples of the frames are.</summary>
    public PixelDescription Image { get; }

    /// <summary>Where the frames lie. In the file if <see cref="IsInFile"/>.</summary>
    public FrameIndex Frames { get; }

    /// <summary>How many frames there should be; a video counts as one stream and cannot be decoded.</summary>
    public int Count => Image.NumberOfFrames;

    /// <summary>Whether the ranges of <see cref="Frames"/> are places in the file, so that the system can send them. False for deflated data sets.</summary>
    public bool IsInFile { get; }

    /// <summary>Whether the stored bytes of a native frame are those that <see cref="ReadFrame"/> gives: not big endian, not beginning within a byte.</summary>
    public bool IsStoredAsRead => SwapUnit == 0 && (Image.FrameBits & 7) == 0;

    // words of 16 bits, whatever the whole numbers are: a sample of 32 bits is two OW words, the low one first (PS3.5 §8.1.1)
    private int SwapUnit { get; }

    /// <summary>Opens the frames of a Part 10 file. It may be deleted meanwhile.</summary>
    /// <exception cref="DicomException">Not a DICOM file, or one without pixel data; its tag is named.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static InstancePixels Open(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        try
        {
            var file = DicomFile.Read(stream, DicomReadOptions.HeaderOnly);
            if (file.Syntax.IsDeflated)
            {
                stream.Position = 0;
                file = DicomFile.Read(stream);
                stream.Dispose();
                return Of(file.Dataset, file.Syntax);
            }
            return Of(file.Dataset, file.Syntax, new PixelSource(stream.SafeFileHandle), file.EndOffset, stream, isInFile: true) ?? throw NoPixelData();
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The frames of a data set in memory.</summary>
    /// <param name="dataset">With its pixel data.</param>
    /// <param name="syntax">The syntax it was read in.</param>
    /// <exception cref="DicomException">No pixel data, or a description of them that is impossible.</exception>
    public static InstancePixels Of(DicomDataset dataset, TransferSyntax syntax)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(syntax);
        if (!dataset.TryGet(DicomTag.PixelData, out var element) && !dataset.TryGet(DicomTag.FloatPixelData, out element) && !dataset.TryGet(DicomTag.DoubleFloatPixelData, out element))
        {
            throw NoPixelData();
        }
        var image = PixelDescription.Of(dataset, element.Tag);
        if (element.IsEncapsulated)
        {
            // as it would be written: the index needs the headers of the items
            var items = new ArrayBufferWriter<byte>();
            foreach (var fragment in element.Fragments)
            {
                FragmentScan.WriteItem(items, fragment.Span);
            }
            var encapsulated = new PixelSource(items.WrittenMemory);
            return new(dataset, syntax, image, FrameIndex.Encapsulated(encapsulated, image, 0, dataset), encapsulated, null, isBigEndian: false, isInFile: false);
        }
        // little endian in memory, whatever the syntax
        var native = new PixelSource(element.Value);
        image = image.WithRealSubsampling(native.Length);
        return new(dataset, syntax, image, FrameIndex.Native(native, image, new(0, native.Length)), native, null, isBigEndian: false, isInFile: false);
    }

    /// <summary>The frames of a data set in a file, without preamble and file meta group. The stream stays the caller's and has to stay open.</summary>
    /// <param name="stream">At the first byte of the data set.</param>
    /// <param name="syntax">How the data set is written.</param>
    /// <param name="header">Everything before the pixel data, or the whole data set when there are none.</param>
    /// <returns>Null when there are no pixel data.</returns>
    internal static InstancePixels? OfDataset(FileStream stream, TransferSyntax syntax, out DicomDataset header)
    {
        var start = stream.Position;
        var source = new PixelSource(stream.SafeFileHandle);
        var bytes = new byte[Math.Min(64 * 1024, source.Length - start)];
        while (true)
        {
            source.Read(start, bytes);
            var reading = new DatasetReading(ElementEncoding.Of(syntax), 0, source.Length - start, DicomReadOptions.HeaderOnly, []);
            if (reading.TryRead(bytes, 0, isFinal: bytes.Length == source.Length - start))
            {
                header = reading.Dataset;
                return Of(header, syntax, source, start + reading.EndOffset, null, isInFile: true);
            }
            if (bytes.Length > MaxHeader)
            {
                throw new DicomException($"More than {MaxHeader} bytes before the pixel data");
            }
            bytes = new byte[Math.Min(source.Length - start, bytes.Length * 4L)];
        }
    }

    /// <summary>Stored bytes, at a place of <see cref="Frames"/>; zeros where the file ends too early.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    internal void ReadStored(long offset, Span<byte> bytes) => bytes[_source.Read(offset, bytes)..].Clear();

    /// <summary>The elements behind the pixel data: private ones of some devices, padding.</summary>
    /// <exception cref="DicomException">Damaged, or too large to be looked at.</exception>
    internal DicomDataset ReadTail()
    {
        var tail = new DicomDataset();
        if (!IsInFile)
        {
            foreach (var element in Header.Where(e => e.Tag > Image.Element))
            {
                tail.Set(element);
            }
            return tail;
        }
        var end = Frames.FindEnd();
        if (end >= _source.Length)
        {
            return tail;
        }
        if (_source.Length - end > MaxHeader)
        {
            throw new DicomException($"More than {MaxHeader} bytes behind the pixel data", null, end);
        }
        var bytes = new byte[_source.Length - end];
        _source.Read(end, bytes);
        return DicomReader.Read(bytes, Syntax);
    }

    /// <summary>The stored bytes of a frame: compressed, its fragments put together (PS3.5 §A.4); native, little endian and beginning with a byte.</summary>
    /// <param name="frame">1 to <see cref="Count"/>.</param>
    /// <returns>To be disposed; its memory has the exact length.</returns>
    /// <exception cref="DicomException">The frame is not there, or absurdly large.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public IMemoryOwner<byte> ReadFrame(int frame)
    {
        var ranges = Frames.Locate(frame);
        return Frames.IsEncapsulated ? ReadFragments(frame, ranges) : ReadNative(frame, ranges[0]);
    }

    /// <summary>The samples of a frame, of the size that Rows and Columns say.</summary>
    /// <param name="frame">1 to <see cref="Count"/>.</param>
    /// <returns>To be disposed.</returns>
    /// <exception cref="DicomException">The frame is damaged or not there, or no codec is there for its syntax; the message says which.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public DecodedFrame Decode(int frame)
    {
        if (!Frames.IsEncapsulated && SwapUnit == 0 && NativeFrame.IsCopy(Image))
        {
            return ReadDecoded(frame);
        }
        using var bytes = ReadFrame(frame);
        return FrameDecoder.Decode(bytes.Memory, Frames.IsEncapsulated ? Syntax : TransferSyntax.ExplicitVRLittleEndian, Image);
    }

    /// <summary>The picture of a frame.</summary>
    /// <param name="options">Which frame, and how.</param>
    /// <returns>To be disposed.</returns>
    /// <exception cref="DicomException">As <see cref="Decode"/>, or the data set says something about its samples that cannot be shown.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public RenderedImage Render(RenderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var frame = Decode(options.Frame);
        return RenderPipeline.Render(Header, Image, frame, options);
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static NoPixelDataException NoPixelData() => new();

    private static InstancePixels? Of(DicomDataset header, TransferSyntax syntax, PixelSource source, long at, IDisposable? file, bool isInFile)
    {
        Span<byte> bytes = stackalloc byte[ElementHeader.MaxSize];
        var count = source.Read(at, bytes);
        var encoding = ElementEncoding.Of(syntax);
        if (!ElementHeader.TryRead(bytes[..count], encoding, out var element) || (element.Tag != DicomTag.PixelData && element.Tag != DicomTag.FloatPixelData && element.Tag != DicomTag.DoubleFloatPixelData))
        {
            return null;
        }
        var image = PixelDescription.Of(header, element.Tag);
        at += element.Size;
        if (element.IsUndefinedLength)
        {
            if (image.IsFloat)
            {
                throw new DicomException("Floating-point samples are never encapsulated (PS3.5 §A.4)", element.Tag, at);
            }
            return new(header, syntax, image, FrameIndex.Encapsulated(source, image, at, header), source, file, isBigEndian: false, isInFile);
        }
        var length = Math.Min(element.Length, source.Length - at);
        image = image.WithRealSubsampling(length);
        // bytes have no order; without a VR to read it is OW (PS3.5 §A.1, §A.3)
        var isBigEndian = encoding.BigEndian && element.Vr != DicomVr.OB;
        return new(header, syntax, image, FrameIndex.Native(source, image, new(at, length)), source, file, isBigEndian, isInFile);
    }

    private PooledBytes ReadFragments(int frame, IReadOnlyList<ByteRange> ranges)
    {
        // a codec that needs twice the room of the samples does not exist; what claims more is a bomb or another frame's
        var most = (2L * Image.FrameLength) + (1 << 20);
        var length = ranges.Sum(r => r.Length);
        if (length > most || length == 0)
        {
            throw new DicomException($"Frame {frame} has {length} bytes, a native one {Image.FrameLength}", DicomTag.PixelData, ranges.Count > 0 ? ranges[0].Offset : -1);
        }
        var bytes = new PooledBytes((int)length);
        var at = 0;
        foreach (var range in ranges)
        {
            at += _source.Read(range.Offset, bytes.Span.Slice(at, (int)range.Length));
        }
        bytes.Span[at..].Clear();
        return bytes;
    }

    private PooledBytes ReadNative(int frame, ByteRange range)
    {
        var firstBit = Frames.FirstBitOf(frame);
        var length = Image.FrameLength;
        var bytes = new PooledBytes(length);
        if (SwapUnit == 0 && firstBit == 0)
        {
            bytes.Span[_source.Read(range.Offset, bytes.Span[..(int)Math.Min(length, range.Length)])..].Clear();
            return bytes;
        }
        // whole words around it
        var unit = Math.Max(2, SwapUnit);
        var before = SwapUnit == 0 ? 0 : (int)((range.Offset - Frames.PixelDataOffset) % unit);
        using var words = new PooledBytes((before + length + (2 * unit) - 1) / unit * unit);
        words.Span[_source.Read(range.Offset - before, words.Span)..].Clear();
        DatasetReading.Swap(words.Span, SwapUnit);
        BitShift(words.Span[before..], firstBit, bytes.Span);
        return bytes;
    }

    private static void BitShift(ReadOnlySpan<byte> from, int bits, Span<byte> to)
    {
        if (bits == 0)
        {
            from[..to.Length].CopyTo(to);
            return;
        }
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = (byte)((from[i] >> bits) | (from[i + 1] << (8 - bits)));
        }
    }

    private DecodedFrame ReadDecoded(int frame)
    {
        var range = Frames.Locate(frame)[0];
        var decoded = DecodedFrame.Rent(Image, Image.Columns, Image.Rows, Image.SamplesPerPixel, Image.BitsAllocated, Image.BitsAllocated);
        try
        {
            decoded.Data[_source.Read(range.Offset, decoded.Data[..(int)Math.Min(decoded.Data.Length, range.Length)])..].Clear();
            return decoded;
        }
        catch
        {
            decoded.Dispose();
            throw;
        }
    }
}
