using Pacs.Dicom.Codecs;

namespace Pacs.Dicom.Imaging;

/// <summary>Samples from the stored bytes of one frame, whatever their transfer syntax, in the size and depth of the data set.</summary>
public static class FrameDecoder
{
    /// <summary>Decodes a frame.</summary>
    /// <param name="frame">Its bytes as <see cref="InstancePixels.ReadFrame"/> gives them.</param>
    /// <param name="syntax">How they are compressed.</param>
    /// <param name="image">What the data set says.</param>
    /// <returns>Rows × Columns pixels, samples of at least Bits Allocated. To be disposed.</returns>
    /// <exception cref="DicomException">Damaged, or there is no codec for the syntax; the message says which.</exception>
    public static DecodedFrame Decode(ReadOnlyMemory<byte> frame, TransferSyntax syntax, PixelDescription image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (!CodecTable.TryGet(syntax, out var codec, out var reason))
        {
            throw new DicomException(reason, DicomTag.PixelData);
        }
        var decoded = Decode(codec, frame, image);
        if (decoded.Width == image.Columns && decoded.Height == image.Rows && decoded.BitsAllocated >= image.BitsAllocated)
        {
            return decoded;
        }
        using (decoded)
        {
            return Fit(decoded, image);
        }
    }

    private static DecodedFrame Decode(ICodec codec, ReadOnlyMemory<byte> frame, PixelDescription image)
    {
        try
        {
            return codec.Decode(frame, image);
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentOutOfRangeException or OverflowException)
        {
            // a damaged stream led a codec beyond one of its tables
            throw new DicomException("A compressed frame that is damaged", DicomTag.PixelData, -1, e);
        }
    }

    /// <summary>
    /// Cuts what is too much and leaves black what is missing: the tiles of a slide are padded, and headers of some devices say one row less or more. Widens samples.
    /// </summary>
    private static DecodedFrame Fit(DecodedFrame from, PixelDescription image)
    {
        var bits = Math.Max(from.BitsAllocated, image.BitsAllocated);
        var to = DecodedFrame.Rent(image, image.Columns, image.Rows, from.Samples, bits, from.BitsStored, from.IsSigned, from.Color);
        if (from.Width < image.Columns || from.Height < image.Rows)
        {
            to.Data.Clear();
        }
        var fromSize = from.BitsAllocated / 8;
        var toSize = bits / 8;
        var samples = Math.Min(from.Width, image.Columns) * from.Samples;
        for (var row = 0; row < Math.Min(from.Height, image.Rows); row++)
        {
            var source = from.Data.Slice(row * from.Width * from.Samples * fromSize, samples * fromSize);
            var target = to.Data.Slice(row * image.Columns * from.Samples * toSize, samples * toSize);
            if (fromSize == toSize)
            {
                source.CopyTo(target);
                continue;
            }
            for (var i = 0; i < samples; i++)
            {
                source.Slice(i * fromSize, fromSize).CopyTo(target[(i * toSize)..]);
                var isNegative = from.IsSigned && (source[(i * fromSize) + fromSize - 1] & 0x80) != 0;
                target.Slice((i * toSize) + fromSize, toSize - fromSize).Fill(isNegative ? (byte)0xFF : (byte)0);
            }
        }
        return to;
    }
}
