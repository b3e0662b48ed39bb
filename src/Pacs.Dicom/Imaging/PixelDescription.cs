namespace Pacs.Dicom.Imaging;

/// <summary>What a data set says about the samples of its frames (PS3.3 §C.7.6.3, §C.7.6.6).</summary>
public sealed record PixelDescription
{
    /// <summary>Height of a frame in pixels, 1 to 65535.</summary>
    public required int Rows { get; init; }

    /// <summary>Width of a frame in pixels, 1 to 65535.</summary>
    public required int Columns { get; init; }

    /// <summary>1 for grey and palette, 3 for colour; 4 occurs in retired photometric interpretations.</summary>
    public required int SamplesPerPixel { get; init; }

    /// <summary>Bits that one sample takes in native form: 1, 8, 16 or 32; 64 of floating-point numbers only.</summary>
    public required int BitsAllocated { get; init; }

    /// <summary>Bits of a sample that count, at most <see cref="BitsAllocated"/>.</summary>
    public required int BitsStored { get; init; }

    /// <summary>Place of the highest bit that counts, usually <see cref="BitsStored"/> - 1.</summary>
    public required int HighBit { get; init; }

    /// <summary>True when samples are two's complement (Pixel Representation 1).</summary>
    public required bool IsSigned { get; init; }

    /// <summary>The defined term as it stands in the data set, upper case, for example <c>YBR_FULL_422</c> (PS3.3 §C.7.6.3.1.2).</summary>
    public required string PhotometricInterpretation { get; init; }

    /// <summary>True when native frames hold one plane per sample instead of interleaved samples (Planar Configuration 1).</summary>
    public required bool IsPlanar { get; init; }

    /// <summary>Frames in the instance, at least 1.</summary>
    public required int NumberOfFrames { get; init; }

    /// <summary>True where samples are floating-point numbers, of 32 or 64 bits (PS3.3 §C.7.6.24, §C.7.6.25).</summary>
    public bool IsFloat { get; private init; }

    /// <summary>The element that the samples are in.</summary>
    public DicomTag Element => !IsFloat ? DicomTag.PixelData : BitsAllocated == 32 ? DicomTag.FloatPixelData : DicomTag.DoubleFloatPixelData;

    /// <summary>True where chroma is stored once per two pixels in native form: Y1 Y2 Cb Cr (PS3.3 §C.7.6.3.1.2).</summary>
    public bool IsSubsampled { get; private init; }

    /// <summary>Bits of one native frame. Frames of 1 bit follow each other without padding, so that one may begin within a byte.</summary>
    public long FrameBits => (long)Rows * Columns * BitsAllocated * (IsSubsampled ? 2 : SamplesPerPixel);

    /// <summary>Bytes that hold one native frame, when it begins with a byte.</summary>
    /// <exception cref="DicomException">More than <see cref="DecodedFrame.MaxLength"/>.</exception>
    public int FrameLength => FrameBits <= DecodedFrame.MaxLength * 8L
        ? (int)((FrameBits + 7) / 8)
        : throw new DicomException($"A frame of {Columns} x {Rows} pixels of {BitsAllocated} bits and {SamplesPerPixel} samples is larger than {DecodedFrame.MaxLength} bytes", DicomTag.PixelData);

    /// <summary>Reads the image pixel module of a data set.</summary>
    /// <param name="dataset">The data set, at least up to its pixel data.</param>
    /// <param name="element">The element that its samples are in: Pixel Data, Float Pixel Data or Double Float Pixel Data.</param>
    /// <exception cref="DicomException">An attribute without which no frame can be read is missing or impossible; its tag is named.</exception>
    public static PixelDescription Of(DicomDataset dataset, DicomTag element) =>
        element == DicomTag.PixelData ? Of(dataset) : OfFloat(dataset, element == DicomTag.FloatPixelData ? 32 : 64);

    /// <summary>Reads the image pixel module of a data set whose samples are whole numbers, in Pixel Data.</summary>
    /// <exception cref="DicomException">An attribute without which no frame can be read is missing or impossible; its tag is named.</exception>
    public static PixelDescription Of(DicomDataset dataset)
    {
        var samples = dataset.GetInt32(DicomTag.SamplesPerPixel) ?? 1;
        var allocated = Required(dataset, DicomTag.BitsAllocated, 1, 64);
        if (samples is < 1 or > 4)
        {
            throw new DicomException($"{samples} samples per pixel are none of 1 to 4", DicomTag.SamplesPerPixel);
        }
        if (allocated is not (1 or 8 or 16 or 32))
        {
            throw new DicomException($"{allocated} bits allocated are none of 1, 8, 16 and 32", DicomTag.BitsAllocated);
        }
        // forgiven: devices that leave the last two out mean the usual
        var stored = dataset.GetInt32(DicomTag.BitsStored) is { } bits && bits > 0 && bits <= allocated ? bits : allocated;
        var high = dataset.GetInt32(DicomTag.HighBit) is { } bit && bit >= stored - 1 && bit < allocated ? bit : stored - 1;
        var photometric = dataset.GetString(DicomTag.PhotometricInterpretation)?.Trim().ToUpperInvariant() ?? (samples == 1 ? "MONOCHROME2" : "RGB");
        return new PixelDescription
        {
            Rows = Required(dataset, DicomTag.Rows, 1, ushort.MaxValue),
            Columns = Required(dataset, DicomTag.Columns, 1, ushort.MaxValue),
            SamplesPerPixel = samples,
            BitsAllocated = allocated,
            BitsStored = stored,
            HighBit = high,
            IsSigned = dataset.GetInt32(DicomTag.PixelRepresentation) == 1,
            PhotometricInterpretation = photometric,
            IsSubsampled = samples == 3 && photometric is "YBR_FULL_422" or "YBR_PARTIAL_422",
            IsPlanar = samples > 1 && dataset.GetInt32(DicomTag.PlanarConfiguration) == 1,
            NumberOfFrames = Math.Max(1, dataset.GetInt32(DicomTag.NumberOfFrames) ?? 1),
        };
    }

    // grey, and what Bits Allocated says is what the element has (PS3.3 §C.7.6.24)
    private static PixelDescription OfFloat(DicomDataset dataset, int bits) => new()
    {
        Rows = Required(dataset, DicomTag.Rows, 1, ushort.MaxValue),
        Columns = Required(dataset, DicomTag.Columns, 1, ushort.MaxValue),
        SamplesPerPixel = 1,
        BitsAllocated = bits,
        BitsStored = bits,
        HighBit = bits - 1,
        IsSigned = true,
        PhotometricInterpretation = dataset.GetString(DicomTag.PhotometricInterpretation)?.Trim().ToUpperInvariant() ?? "MONOCHROME2",
        IsPlanar = false,
        NumberOfFrames = Math.Max(1, dataset.GetInt32(DicomTag.NumberOfFrames) ?? 1),
        IsFloat = true,
    };

    /// <summary>Some devices decompress to a chroma pair per pixel and leave the 422 in the header: the length of native pixel data tells.</summary>
    internal PixelDescription WithRealSubsampling(long length) =>
        IsSubsampled && length >= (long)Rows * Columns * BitsAllocated / 8 * 3 * NumberOfFrames ? this with { IsSubsampled = false } : this;

    private static int Required(DicomDataset dataset, DicomTag tag, int least, int most) => dataset.GetInt32(tag) switch
    {
        null => throw new DicomException("A frame cannot be read without a value", tag),
        { } value when value < least || value > most => throw new DicomException($"{value} is not between {least} and {most}", tag),
        { } value => value,
    };
}
