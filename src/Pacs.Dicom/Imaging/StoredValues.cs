using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Pacs.Dicom.Imaging;

/// <summary>The samples of a grey frame as numbers, as they are stored: before any rescaling and windowing.</summary>
public static class StoredValues
{
    /// <summary>Writes them, those beyond a range as its end.</summary>
    /// <param name="frame">One sample per pixel, no floating-point numbers.</param>
    /// <param name="image">What the data set says about its samples.</param>
    /// <param name="least">The least value.</param>
    /// <param name="largest">The largest value.</param>
    /// <param name="output">One byte for each where the range is that of a byte, else two, little endian, negative ones as two's complement.</param>
    /// <exception cref="DicomException">The samples are others.</exception>
    public static void Clip(DecodedFrame frame, PixelDescription image, int least, int largest, Span<byte> output)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ArgumentNullException.ThrowIfNull(image);
        if (frame.Samples != 1 || frame.IsFloat || frame.BitsAllocated > 32 || image.PhotometricInterpretation is not ("MONOCHROME1" or "MONOCHROME2"))
        {
            throw new DicomException("Only the samples of grey images are such numbers", DicomTag.SamplesPerPixel);
        }
        var layout = SampleLayout.Of(frame, image);
        var isByte = least >= 0 && largest <= byte.MaxValue;
        for (var i = 0; i < frame.Width * frame.Height; i++)
        {
            var bits = frame.BitsAllocated switch
            {
                8 => frame.Data[i],
                16 => MemoryMarshal.Cast<byte, ushort>(frame.Data)[i],
                _ => MemoryMarshal.Cast<byte, uint>(frame.Data)[i],
            };
            var value = (int)Math.Clamp(layout.Value(bits), least, largest);
            if (isByte)
            {
                output[i] = (byte)value;
            }
            else
            {
                BinaryPrimitives.WriteUInt16LittleEndian(output[(2 * i)..], (ushort)value);
            }
        }
    }
}
