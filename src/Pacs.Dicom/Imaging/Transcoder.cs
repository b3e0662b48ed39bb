using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using Pacs.Dicom.Codecs;

namespace Pacs.Dicom.Imaging;

/// <summary>
/// Stored instances in another transfer syntax, for peers that do not take the stored one: decoded, and encoded again where the other syntax is compressed, without any loss. It stays the same
/// SOP instance (PS3.5 §10, PS3.3 §C.7.6.1.1.5). Frame by frame: memory is that of one.
/// </summary>
public static class Transcoder
{
    /// <summary>Whether pixel data can be brought from one syntax into another: the first has a codec, the second is uncompressed (not deflated), RLE Lossless, JPEG Lossless SV1 or JPEG-LS Lossless.</summary>
    public static bool CanTranscode(TransferSyntax from, TransferSyntax to)
    {
        ArgumentNullException.ThrowIfNull(to);
        return IsTarget(to) && CodecTable.TryGet(from, out _, out _);
    }

    /// <summary>Whether a compressed syntax has samples like these: no single bits, no floating-point numbers, and 32 bits in RLE Lossless only.</summary>
    public static bool CanEncode(PixelDescription image, TransferSyntax to)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(to);
        return !image.IsFloat && image.BitsAllocated > 1 && (image.BitsAllocated <= 16 || to.Uid == DicomUid.RLELossless);
    }

    /// <summary>Writes an instance in another syntax.</summary>
    /// <param name="pixels">The instance.</param>
    /// <param name="to">The syntax; see <see cref="CanTranscode"/>.</param>
    /// <returns>The data set (no preamble, no file meta group) in pieces; each is valid until the next is asked for.</returns>
    /// <exception cref="DicomException">A frame cannot be decoded, or the result would not be DICOM. Thrown while pieces are asked for.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static IEnumerable<ReadOnlyMemory<byte>> Transcode(InstancePixels pixels, TransferSyntax to)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(to);
        if (!IsTarget(to))
        {
            throw new ArgumentException($"There is no encoder for {to.Name}", nameof(to));
        }
        return to.IsEncapsulated ? Encapsulated(pixels, to) : Native(pixels, to);
    }

    /// <summary>Compresses one frame without loss.</summary>
    /// <param name="pixels">The instance.</param>
    /// <param name="number">From 1.</param>
    /// <param name="to">A compressed syntax that <see cref="CanTranscode"/> takes.</param>
    /// <param name="writer">Takes the frame: what would be in its fragment.</param>
    /// <exception cref="DicomException">The frame cannot be decoded, or the syntax has no samples like these.</exception>
    public static void EncodeFrame(InstancePixels pixels, int number, TransferSyntax to, IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(to);
        using var samples = Samples.Of(pixels, number);
        Encode(samples, pixels.Image, to, writer);
    }

    private static bool IsTarget(TransferSyntax to) =>
        to.Uid is DicomUid.ExplicitVRLittleEndian or DicomUid.ImplicitVRLittleEndian or DicomUid.ExplicitVRBigEndian or DicomUid.RLELossless or DicomUid.JPEGLosslessSV1 or DicomUid.JPEGLSLossless;

    private static IEnumerable<ReadOnlyMemory<byte>> Native(InstancePixels pixels, TransferSyntax to)
    {
        if (pixels.Image.BitsAllocated == 1 && pixels is { Frames.IsEncapsulated: false, Syntax.IsBigEndian: false })
        {
            foreach (var piece in Bits(pixels, to))
            {
                yield return piece;
            }
            yield break;
        }
        using var first = Samples.Of(pixels, 1);
        var length = (long)first.Length * pixels.Count;
        if (length > uint.MaxValue - 1)
        {
            throw new DicomException($"{pixels.Count} frames of {first.Length} bytes are more than the 4 GB of native pixel data", DicomTag.PixelData);
        }
        var begin = new ArrayBufferWriter<byte>();
        DicomWriter.Write(Described(pixels, first), to, begin);
        // 8 bits are OB where there is a choice: bytes have no order (PS3.5 §A.2)
        var isBytes = first.BitsAllocated <= 8 && to.IsExplicitVr;
        var isFloat = pixels.Image.IsFloat;
        var vr = !isFloat ? (isBytes ? DicomVr.OB : DicomVr.OW) : first.BitsAllocated == 32 ? DicomVr.OF : DicomVr.OD;
        ElementHeader.WriteLong(begin, pixels.Image.Element, vr, (uint)((length + 1) & ~1L), to);
        yield return begin.WrittenMemory;
        for (var frame = 1; frame <= pixels.Count; frame++)
        {
            using var samples = frame == 1 ? null : Samples.Of(pixels, frame);
            var current = samples ?? first;
            Same(first, current, frame);
            if (to.IsBigEndian && !isBytes)
            {
                DatasetReading.Swap(current.Memory.Span, isFloat ? first.BitsAllocated / 8 : 2);
            }
            yield return current.Memory;
        }
        if ((length & 1) != 0)
        {
            yield return new byte[1];
        }
        yield return DicomWriter.ToBytes(pixels.ReadTail(), to);
    }

    // single bits follow each other over the ends of frames (PS3.5 §8.1.1): they stay what they are, and bytes (OB) have no order
    private static IEnumerable<ReadOnlyMemory<byte>> Bits(InstancePixels pixels, TransferSyntax to)
    {
        var begin = new ArrayBufferWriter<byte>();
        var header = new DicomDataset();
        foreach (var element in pixels.Header.Where(e => e.Tag < DicomTag.FloatPixelData))
        {
            header.Set(element);
        }
        DicomWriter.Write(header, to, begin);
        var range = pixels.Frames.LocateAll()[0];
        ElementHeader.WriteLong(begin, DicomTag.PixelData, to.IsExplicitVr ? DicomVr.OB : DicomVr.OW, (uint)((range.Length + 1) & ~1L), to);
        yield return begin.WrittenMemory;
        var piece = new byte[(int)Math.Min(range.Length, 64 * 1024)];
        for (long at = 0; at < range.Length;)
        {
            var count = (int)Math.Min(piece.Length, range.Length - at);
            pixels.ReadStored(range.Offset + at, piece.AsSpan(0, count));
            yield return piece.AsMemory(0, count);
            at += count;
        }
        if ((range.Length & 1) != 0)
        {
            yield return new byte[1];
        }
        yield return DicomWriter.ToBytes(pixels.ReadTail(), to);
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Encapsulated(InstancePixels pixels, TransferSyntax to)
    {
        using var first = Samples.Of(pixels, 1);
        var output = new ArrayBufferWriter<byte>();
        DicomWriter.Write(Described(pixels, first), to, output);
        ElementHeader.WriteLong(output, DicomTag.PixelData, DicomVr.OB, ElementHeader.Undefined, to);
        // no offset table: where the frames will begin is not known yet, and one fragment is one frame (PS3.5 §A.4)
        FragmentScan.WriteItem(output, []);
        yield return output.WrittenMemory;
        var encoded = new ArrayBufferWriter<byte>();
        for (var frame = 1; frame <= pixels.Count; frame++)
        {
            using var samples = frame == 1 ? null : Samples.Of(pixels, frame);
            var current = samples ?? first;
            Same(first, current, frame);
            encoded.ResetWrittenCount();
            Encode(current, pixels.Image, to, encoded);
            output.ResetWrittenCount();
            FragmentScan.WriteItem(output, encoded.WrittenSpan);
            yield return output.WrittenMemory;
        }
        output.ResetWrittenCount();
        var delimiter = output.GetSpan(8);
        BinaryPrimitives.WriteUInt32LittleEndian(delimiter, 0xE0DDFFFE);
        BinaryPrimitives.WriteUInt32LittleEndian(delimiter[4..], 0);
        output.Advance(8);
        DicomWriter.Write(pixels.ReadTail(), to, output);
        yield return output.WrittenMemory;
    }

    private static void Encode(Samples samples, PixelDescription image, TransferSyntax to, IBufferWriter<byte> writer)
    {
        if (image.IsFloat)
        {
            throw new DicomException("Floating-point samples are not compressed (PS3.5 §A.4)", image.Element);
        }
        if (to.Uid == DicomUid.RLELossless)
        {
            RleEncoder.Encode(samples.Memory.Span, image.Columns, image.Rows, samples.PerPixel, samples.BitsAllocated / 8, writer);
            return;
        }
        if (samples.BitsAllocated > 16)
        {
            throw new DicomException($"{to.Name} has no samples of {samples.BitsAllocated} bits", DicomTag.BitsAllocated);
        }
        // all bits, so that overlays in the upper ones and signs stay what they are
        if (to.Uid == DicomUid.JPEGLSLossless)
        {
            JpegLsEncoder.Encode(samples.Memory.Span, image.Columns, image.Rows, samples.PerPixel, samples.BitsAllocated, writer);
        }
        else
        {
            JpegLosslessEncoder.Encode(samples.Memory.Span, image.Columns, image.Rows, samples.PerPixel, samples.BitsAllocated, writer);
        }
    }

    private static void Same(Samples first, Samples other, int frame)
    {
        if (other.Length != first.Length || other.Photometric != first.Photometric)
        {
            throw new DicomException($"Frame {frame} is {other.Photometric} of {other.Length} bytes, the first {first.Photometric} of {first.Length}", DicomTag.PixelData);
        }
    }

    /// <summary>The header with what the samples are now.</summary>
    private static DicomDataset Described(InstancePixels pixels, Samples first)
    {
        var image = pixels.Image;
        var header = new DicomDataset();
        foreach (var element in pixels.Header.Where(e => e.Tag < DicomTag.FloatPixelData))
        {
            header.Set(element);
        }
        if (image.IsFloat)
        {
            return header; // has no Bits Stored (PS3.3 §C.7.6.24)
        }
        header.Set(DicomTag.SamplesPerPixel, first.PerPixel).Set(DicomTag.PhotometricInterpretation, first.Photometric);
        header.Set(DicomTag.BitsAllocated, first.BitsAllocated).Set(DicomTag.BitsStored, first.Layout.Bits).Set(DicomTag.HighBit, first.Layout.Shift + first.Layout.Bits - 1);
        if (first.PerPixel > 1)
        {
            header.Set(DicomTag.PlanarConfiguration, 0);
        }
        // tables of the stored fragments (PS3.3 §C.7.6.3.1.8), and an icon in the syntax that is left (§C.7.6.1.1.6)
        header.Remove(DicomTag.ExtendedOffsetTable);
        header.Remove(DicomTag.ExtendedOffsetTableLengths);
        header.Remove(DicomTag.EncapsulatedPixelDataValueTotalLength);
        if (header.GetSequence(DicomTag.IconImageSequence).Any(icon => icon.Get(DicomTag.PixelData) is { IsEncapsulated: true }))
        {
            header.Remove(DicomTag.IconImageSequence);
        }
        if (LossyMethod(pixels.Syntax) is { } method && header.GetString(DicomTag.LossyImageCompression) != "01")
        {
            // what has been lost stays lost, and must be said where the syntax does not say it any more (PS3.3 §C.7.6.1.1.5)
            var stored = Enumerable.Range(1, pixels.Count).Sum(n => pixels.Frames.Locate(n).Sum(r => r.Length));
            header.Set(DicomTag.LossyImageCompression, "01");
            header.Set(DicomTag.LossyImageCompressionRatio, Math.Round(Math.Max(1, (double)image.FrameLength * pixels.Count / stored), 2).ToString(CultureInfo.InvariantCulture));
            header.Set(DicomTag.LossyImageCompressionMethod, method);
        }
        return header;
    }

    // JPEG 2000 may or may not be lossy: there the header has the say
    private static string? LossyMethod(TransferSyntax syntax) => syntax.Uid switch
    {
        DicomUid.JPEGBaseline8Bit or DicomUid.JPEGExtended12Bit => "ISO_10918_1",
        DicomUid.JPEGLSNearLossless => "ISO_14495_1",
        _ => null,
    };

    /// <summary>A frame as native samples: interleaved, its colours as the header will call them.</summary>
    private sealed class Samples : IDisposable
    {
        private readonly PooledBytes _bytes;

        private Samples(PooledBytes bytes, int perPixel, int bitsAllocated, SampleLayout layout, string photometric)
        {
            _bytes = bytes;
            PerPixel = perPixel;
            BitsAllocated = bitsAllocated;
            Layout = layout;
            Photometric = photometric;
        }

        public Memory<byte> Memory => _bytes.Memory;

        public int Length => _bytes.Memory.Length;

        public int PerPixel { get; }

        public int BitsAllocated { get; }

        public SampleLayout Layout { get; }

        public string Photometric { get; }

        public static Samples Of(InstancePixels pixels, int number)
        {
            var image = pixels.Image;
            if (image.BitsAllocated == 1)
            {
                throw new DicomException("Frames of single bits are sent as they are stored only", DicomTag.BitsAllocated);
            }
            using var frame = pixels.Decode(number);
            var bytes = new PooledBytes(frame.Data.Length);
            var layout = SampleLayout.Of(frame, image);
            // YBR of a lossy codec becomes RGB, as every receiver shows it right; what is stored so without loss keeps its values
            if (frame is { Color: SampleColor.YbrFull, BitsAllocated: 8, Samples: 3 } && LossyMethod(pixels.Syntax) is not null)
            {
                ColorRenderer.Render(frame, layout, image.PhotometricInterpretation, bytes.Span);
                return new(bytes, 3, 8, layout, "RGB");
            }
            frame.Data.CopyTo(bytes.Span);
            var photometric = frame.Samples != image.SamplesPerPixel ? (frame.Samples == 1 ? "MONOCHROME2" : "RGB")
                : frame.Color == SampleColor.Rgb && frame.Samples == 3 ? "RGB"
                : frame.Color == SampleColor.YbrFull ? "YBR_FULL"
                // a chroma pair per pixel now
                : image.PhotometricInterpretation is "YBR_FULL_422" ? "YBR_FULL" : image.PhotometricInterpretation;
            return new(bytes, frame.Samples, frame.BitsAllocated, layout, photometric);
        }

        public void Dispose() => _bytes.Dispose();
    }
}
