namespace Pacs.Dicom.Imaging;

/// <summary>Which bits of a decoded sample count, and whether the highest of them is a sign.</summary>
/// <param name="Shift">Place of the lowest.</param>
/// <param name="Bits">How many.</param>
/// <param name="IsSigned">Two's complement.</param>
internal readonly record struct SampleLayout(int Shift, int Bits, bool IsSigned)
{
    /// <summary>What the data set says, nothing of floating-point numbers; where the codec found fewer bits than that, what the codec says (the meaning is in the low bits).</summary>
    public static SampleLayout Of(DecodedFrame frame, PixelDescription image) => image.IsFloat ? default : image.HighBit < frame.BitsStored
        ? new(image.HighBit + 1 - image.BitsStored, image.BitsStored, image.IsSigned)
        : new(0, frame.BitsStored, image.IsSigned);

    /// <summary>The bits that count, after the shift.</summary>
    public uint Mask => uint.MaxValue >> (32 - Bits);

    /// <summary>The value of the bits that count, in place.</summary>
    public long Value(uint bits)
    {
        var masked = (bits >> Shift) & Mask;
        return IsSigned && (masked >> (Bits - 1)) != 0 ? masked - (1L << Bits) : masked;
    }

    /// <summary>The least value.</summary>
    public long Least => IsSigned ? -(1L << (Bits - 1)) : 0;

    /// <summary>The largest value.</summary>
    public long Largest => IsSigned ? (1L << (Bits - 1)) - 1 : (1L << Bits) - 1;
}
