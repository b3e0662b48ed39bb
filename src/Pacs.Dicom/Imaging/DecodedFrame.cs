using System.Buffers;

namespace Pacs.Dicom.Imaging;

/// <summary>What the samples of a decoded colour frame are.</summary>
public enum SampleColor
{
    /// <summary>What the Photometric Interpretation says: nothing was converted.</summary>
    AsDescribed,

    /// <summary>RGB, whatever the Photometric Interpretation says: the codec has undone a colour transform (PS3.5 §8.2).</summary>
    Rgb,

    /// <summary>YBR_FULL, one chroma pair per pixel, whatever the Photometric Interpretation says.</summary>
    YbrFull,
}

/// <summary>
/// The samples of one frame in native form: row by row, samples interleaved, little endian, 8, 16 or 32 bits each, the meaning in the low bits, or floating-point numbers of 32 or 64. Its memory is
/// rented: dispose it.
/// </summary>
public sealed class DecodedFrame : IDisposable
{
    /// <summary>The most bytes of one frame: a whole slide in one piece is larger, and nobody looks at it in one piece.</summary>
    public const int MaxLength = 1 << 29;

    private byte[]? _rented;
    private readonly int _length;

    private DecodedFrame(int width, int height, int samples, int bitsAllocated)
    {
        Width = width;
        Height = height;
        Samples = samples;
        BitsAllocated = bitsAllocated;
        _length = checked(width * height * samples * (bitsAllocated / 8));
        _rented = ArrayPool<byte>.Shared.Rent(_length);
    }

    /// <summary>Pixels in a row, as the codec found them; may differ from Columns.</summary>
    public int Width { get; }

    /// <summary>Rows, as the codec found them; may differ from Rows.</summary>
    public int Height { get; }

    /// <summary>Samples per pixel.</summary>
    public int Samples { get; }

    /// <summary>Bits that one sample takes: 8, 16 or 32; 64 of floating-point numbers.</summary>
    public int BitsAllocated { get; }

    /// <summary>Bits of precision the codec found; <see cref="BitsAllocated"/> where it has none.</summary>
    public int BitsStored { get; init; }

    /// <summary>True when the samples are sign-extended two's complement by the codec's own word.</summary>
    public bool IsSigned { get; init; }

    /// <summary>True when the samples are floating-point numbers.</summary>
    public bool IsFloat { get; private init; }

    /// <summary>What the samples of a colour frame are.</summary>
    public SampleColor Color { get; init; }

    /// <summary>Width × Height × Samples × BitsAllocated / 8 bytes. Not zeroed when rented.</summary>
    public Span<byte> Data => (_rented ?? throw new ObjectDisposedException(nameof(DecodedFrame))).AsSpan(0, _length);

    /// <summary>
    /// Rents a frame. Every codec asks here before it reserves memory in proportion to the sizes that a compressed stream claims.
    /// </summary>
    /// <exception cref="DicomException">The stream claims a size that cannot be a frame of this image.</exception>
    public static DecodedFrame Rent(PixelDescription image, int width, int height, int samples, int bitsAllocated, int bitsStored, bool isSigned = false, SampleColor color = SampleColor.AsDescribed)
    {
        CheckSize(image, width, height, samples);
        if (bitsAllocated is not (8 or 16 or 32) && !(bitsAllocated == 64 && image.IsFloat))
        {
            throw new DicomException($"The compressed frame has samples of {bitsAllocated} bits");
        }
        if ((long)width * height * samples * (bitsAllocated / 8) > MaxLength)
        {
            throw new DicomException($"A frame of {width} x {height} pixels, {samples} samples of {bitsAllocated} bits, is larger than {MaxLength} bytes");
        }
        return new DecodedFrame(width, height, samples, bitsAllocated) { BitsStored = bitsStored, IsSigned = isSigned, Color = color, IsFloat = image.IsFloat };
    }

    /// <summary>Refuses sizes far from the described ones: a few bytes could otherwise claim gigabytes.</summary>
    /// <exception cref="DicomException">The stream claims a size that cannot be a frame of this image.</exception>
    public static void CheckSize(PixelDescription image, int width, int height, int samples)
    {
        // twice as wide and high occurs (padding to tiles, wrong Rows in the header); more is damage
        if (width < 1 || height < 1 || samples is < 1 or > 4 || width > (2 * image.Columns) + 64 || height > (2 * image.Rows) + 64 || (long)width * height * samples > MaxLength)
        {
            throw new DicomException($"The compressed frame claims {width} x {height} pixels of {samples} samples, the image is described as {image.Columns} x {image.Rows} of {image.SamplesPerPixel}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _rented, null) is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
