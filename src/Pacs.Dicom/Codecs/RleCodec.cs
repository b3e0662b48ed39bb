using System.Buffers.Binary;
using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>RLE Lossless (PS3.5 annex G): the bytes of the samples in planes, most significant first, each packed by PackBits.</summary>
internal sealed class RleCodec : ICodec
{
    internal const int HeaderSize = 64;

    internal const int MaxSegments = 15;

    /// <inheritdoc/>
    public DecodedFrame Decode(ReadOnlyMemory<byte> frame, PixelDescription image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var bytes = frame.Span;
        if (image.BitsAllocated != 1)
        {
            var decoded = DecodedFrame.Rent(image, image.Columns, image.Rows, image.SamplesPerPixel, image.BitsAllocated, image.BitsAllocated);
            try
            {
                Planes(bytes, decoded.Data, image.SamplesPerPixel, image.BitsAllocated / 8);
                return decoded;
            }
            catch
            {
                decoded.Dispose();
                throw;
            }
        }
        // bits in native order, eight to a byte (PS3.5 §8.2.2)
        using var packed = new PooledBytes(image.FrameLength);
        Planes(bytes, packed.Span, 1, 1);
        return NativeFrame.Unpack(packed.Span, 0, image);
    }

    private static void Planes(ReadOnlySpan<byte> frame, Span<byte> output, int samples, int bytesPerSample)
    {
        var segments = samples * bytesPerSample;
        if (frame.Length < HeaderSize)
        {
            throw new DicomException($"An RLE frame of {frame.Length} bytes has no header", DicomTag.PixelData, 0);
        }
        var claimed = BinaryPrimitives.ReadUInt32LittleEndian(frame);
        if (claimed != segments)
        {
            throw new DicomException($"An RLE frame of {claimed} segments, where {samples} samples of {bytesPerSample} bytes have {segments}", DicomTag.PixelData, 0);
        }
        for (var i = 0; i < segments; i++)
        {
            var start = BinaryPrimitives.ReadUInt32LittleEndian(frame[(4 + (4 * i))..]);
            var end = i + 1 < segments ? BinaryPrimitives.ReadUInt32LittleEndian(frame[(8 + (4 * i))..]) : (uint)frame.Length;
            if (start < HeaderSize || end < start || end > frame.Length)
            {
                throw new DicomException($"RLE segment {i + 1} is said to lie from {start} to {end} in a frame of {frame.Length} bytes", DicomTag.PixelData, 4 + (4 * i));
            }
            // the segments of a sample begin with its most significant byte (PS3.5 §G.2)
            var place = (i / bytesPerSample * bytesPerSample) + bytesPerSample - 1 - (i % bytesPerSample);
            Unpack(frame[(int)start..(int)end], output[place..], segments, output.Length / segments, (int)start);
        }
    }

    /// <summary>Undoes PackBits (PS3.5 §G.3.2) into every <paramref name="stride"/>th byte.</summary>
    private static void Unpack(ReadOnlySpan<byte> packed, Span<byte> output, int stride, int count, int offset)
    {
        var at = 0;
        var place = 0;
        while (count > 0)
        {
            if (at >= packed.Length)
            {
                throw new DicomException($"An RLE segment ends {count} bytes too early", DicomTag.PixelData, offset + at);
            }
            var control = (sbyte)packed[at++];
            if (control == -128)
            {
                continue; // no operation
            }
            var length = Math.Min(count, control >= 0 ? control + 1 : 1 - control);
            if (control >= 0)
            {
                if (at + length > packed.Length)
                {
                    throw new DicomException("An RLE segment ends amid a literal run", DicomTag.PixelData, offset + at);
                }
                Literal(packed.Slice(at, length), output[place..], stride);
                at += control + 1;
            }
            else
            {
                if (at >= packed.Length)
                {
                    throw new DicomException("An RLE segment ends amid a replicate run", DicomTag.PixelData, offset + at);
                }
                Replicate(packed[at++], length, output[place..], stride);
            }
            place += length * stride;
            count -= length;
        }
    }

    private static void Literal(ReadOnlySpan<byte> run, Span<byte> output, int stride)
    {
        if (stride == 1)
        {
            run.CopyTo(output);
            return;
        }
        var place = 0;
        foreach (var value in run)
        {
            output[place] = value;
            place += stride;
        }
    }

    private static void Replicate(byte value, int length, Span<byte> output, int stride)
    {
        if (stride == 1)
        {
            output[..length].Fill(value);
            return;
        }
        for (var place = 0; length > 0; length--)
        {
            output[place] = value;
            place += stride;
        }
    }
}
