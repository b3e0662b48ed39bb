namespace Pacs.Dicom.Codecs;

/// <summary>
/// What tells whether three components are YCbCr or RGB. PS3.5 §8.2.1 wants the data set to say so, but what libjpeg and the browsers see counts where the stream is clear: JFIF is YCbCr by definition,
/// Adobe's segment says what it is, and components may be called R, G, B. Only an unclear stream is what the Photometric Interpretation says, unless colour is
/// stored smaller, which nobody does with RGB.
/// </summary>
internal struct JpegColorSpace
{
    private bool _isJfif;

    /// <summary>What Adobe's segment says, if there is one: 0 for no transform, 1 for YCbCr, 2 for YCCK.</summary>
    public int? AdobeTransform { get; private set; }

    /// <summary>Looks at an application segment.</summary>
    public void Take(JpegSegment segment)
    {
        var content = segment.Content;
        if (segment.Marker == JpegMarker.App0)
        {
            _isJfif |= content.StartsWith("JFIF\0"u8);
        }
        else if (segment.Marker == JpegMarker.App14 && content.Length >= 12 && content.StartsWith("Adobe"u8) && content[11] <= 2)
        {
            AdobeTransform = content[11];
        }
    }

    /// <summary>True when libjpeg, and with it a browser, takes the stream for RGB; null when it does not, but only by default.</summary>
    /// <param name="components">The three entries of the frame header: id, sampling factors, table.</param>
    public readonly bool? IsRgbByStream(ReadOnlySpan<byte> components) =>
        _isJfif ? false
        : AdobeTransform is { } transform ? transform == 0
        : (components[0], components[3], components[6]) == ((byte)'R', (byte)'G', (byte)'B') ? true
        : IsSubsampled(components) ? false : null;

    /// <summary>True when the stream is RGB.</summary>
    /// <param name="components">As above.</param>
    /// <param name="photometric">What the data set says.</param>
    public readonly bool IsRgb(ReadOnlySpan<byte> components, string photometric) => IsRgbByStream(components) ?? photometric == "RGB";

    private static bool IsSubsampled(ReadOnlySpan<byte> components) => components[1] != components[4] || components[1] != components[7];
}
