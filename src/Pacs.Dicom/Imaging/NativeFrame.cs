namespace Pacs.Dicom.Imaging;

/// <summary>Native pixel data of one frame (PS3.5 §8.1.1) in the form of <see cref="DecodedFrame"/>: interleaved, a chroma pair per pixel, no bits packed.</summary>
internal static class NativeFrame
{
    /// <summary>Copies a frame.</summary>
    /// <param name="native">The bytes that hold it, little endian.</param>
    /// <param name="firstBit">Bits of the first byte that belong to the frame before, 0 to 7.</param>
    /// <param name="image">What they are.</param>
    /// <exception cref="DicomException">There are too few bytes.</exception>
    public static DecodedFrame Unpack(ReadOnlySpan<byte> native, int firstBit, PixelDescription image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var bits = image.BitsAllocated;
        if ((native.Length * 8L) - firstBit < image.FrameBits)
        {
            throw new DicomException($"{native.Length} bytes where a frame has {(image.FrameBits + 7) / 8}", DicomTag.PixelData);
        }
        var isBit = bits == 1;
        var frame = DecodedFrame.Rent(image, image.Columns, image.Rows, image.SamplesPerPixel, isBit ? 8 : bits, isBit ? 1 : bits);
        if (isBit)
        {
            Bits(native, firstBit, frame.Data);
        }
        else if (image.IsSubsampled)
        {
            Chroma(native, frame.Data, bits / 8);
        }
        else if (image.IsPlanar)
        {
            Interleave(native, frame.Data, image.SamplesPerPixel, bits / 8);
        }
        else
        {
            native[..frame.Data.Length].CopyTo(frame.Data);
        }
        return frame;
    }

    /// <summary>Whether the bytes of a frame are those of <see cref="DecodedFrame"/> already.</summary>
    public static bool IsCopy(PixelDescription image) => image.BitsAllocated > 1 && !image.IsPlanar && !image.IsSubsampled;

    // the first pixel is the least significant bit (PS3.5 §8.1.1)
    private static void Bits(ReadOnlySpan<byte> packed, int firstBit, Span<byte> samples)
    {
        for (var i = 0; i < samples.Length; i++)
        {
            var bit = i + firstBit;
            samples[i] = (byte)((packed[bit >> 3] >> (bit & 7)) & 1);
        }
    }

    // planes to pixels (PS3.3 §C.7.6.3.1.3)
    private static void Interleave(ReadOnlySpan<byte> planes, Span<byte> pixels, int samples, int size)
    {
        var length = pixels.Length / samples;
        for (var sample = 0; sample < samples; sample++)
        {
            var plane = planes.Slice(sample * length, length);
            if (size == 1)
            {
                for (int i = 0, at = sample; i < plane.Length; i++, at += samples)
                {
                    pixels[at] = plane[i];
                }
                continue;
            }
            for (int i = 0, at = sample * size; i < plane.Length; i += size, at += samples * size)
            {
                plane.Slice(i, size).CopyTo(pixels[at..]);
            }
        }
    }

    // Y1 Y2 Cb Cr: two pixels share their chroma (PS3.3 §C.7.6.3.1.2). Columns is even; an odd last pixel has lost its Cr and takes the one before
    private static void Chroma(ReadOnlySpan<byte> packed, Span<byte> pixels, int size)
    {
        var at = 0;
        for (var pair = 0; at < pixels.Length; pair += 4 * size)
        {
            var blue = packed.Slice(Math.Min(pair + (2 * size), packed.Length - (2 * size)), size);
            var red = packed.Slice(Math.Min(pair + (3 * size), packed.Length - size), size);
            for (var i = 0; i < 2 && at < pixels.Length; i++)
            {
                packed.Slice(pair + (i * size), size).CopyTo(pixels[at..]);
                blue.CopyTo(pixels[(at + size)..]);
                red.CopyTo(pixels[(at + (2 * size))..]);
                at += 3 * size;
            }
        }
    }
}
