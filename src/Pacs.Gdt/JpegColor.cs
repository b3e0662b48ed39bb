namespace Pacs.Gdt;

/// <summary>
/// Reads from the markers of a JPEG stream (ITU-T T.81 §B.2) which Photometric Interpretation its samples have; decodes nothing.
/// </summary>
internal static class JpegColor
{
    /// <summary>The Photometric Interpretation of the first frame.</summary>
    /// <param name="pixelData">The beginning of encapsulated pixel data: item of the offset table, first fragment (PS3.5 §A.4).</param>
    /// <returns><c>YBR_FULL_422</c>, <c>YBR_FULL</c> or <c>RGB</c>; null when it is not a JPEG stream of three components, or its markers are not within these bytes.</returns>
    public static string? Read(ReadOnlySpan<byte> pixelData)
    {
        // two items: (FFFE,E000), length, value
        for (var item = 0; item < 2; item++)
        {
            if (pixelData.Length < 8 || !pixelData.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF, 0x00, 0xE0]))
            {
                return null;
            }
            var length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(pixelData[4..]);
            pixelData = pixelData[8..];
            if (item == 0)
            {
                if (length > pixelData.Length)
                {
                    return null;
                }
                pixelData = pixelData[(int)length..];
            }
        }
        return ReadStream(pixelData);
    }

    private static string? ReadStream(ReadOnlySpan<byte> jpeg)
    {
        if (!jpeg.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8]))
        {
            return null;
        }
        jpeg = jpeg[2..];
        int? transform = null;
        var hasJfif = false;
        while (jpeg.Length >= 4 && jpeg[0] == 0xFF)
        {
            var marker = jpeg[1];
            if (marker == 0xFF) // fill byte
            {
                jpeg = jpeg[1..];
                continue;
            }
            var length = jpeg[2] << 8 | jpeg[3];
            if (marker is 0xDA or 0xD9 || length < 2 || jpeg.Length < length + 2)
            {
                return null; // the frame header comes before the scan
            }
            var segment = jpeg.Slice(4, length - 2);
            if (marker == 0xE0)
            {
                hasJfif |= segment.StartsWith("JFIF\0"u8);
            }
            else if (marker == 0xEE && segment.StartsWith("Adobe"u8) && segment.Length >= 12)
            {
                transform = segment[11]; // 0: none, 1: YCbCr
            }
            else if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                return ReadFrame(segment, transform, hasJfif);
            }
            jpeg = jpeg[(length + 2)..];
        }
        return null;
    }

    // precision, height, width, number of components, then for each: id, sampling factors, quantisation table
    private static string? ReadFrame(ReadOnlySpan<byte> frame, int? transform, bool hasJfif)
    {
        if (frame.Length < 15 || frame[5] != 3)
        {
            return null;
        }
        var isRgb = !hasJfif && (transform == 0 || (transform is null && frame[6] == 'R' && frame[9] == 'G' && frame[12] == 'B'));
        if (isRgb)
        {
            return "RGB";
        }
        // PS3.3 §C.7.6.3.1.2: chrominance at half the horizontal resolution or at the full one. 4:2:0 has no name of its own in JPEG syntaxes and goes
        // by the first
        return frame[7] == frame[10] && frame[7] == frame[13] ? "YBR_FULL" : "YBR_FULL_422";
    }
}
