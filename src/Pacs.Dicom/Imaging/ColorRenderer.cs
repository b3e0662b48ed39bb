using System.Runtime.InteropServices;

namespace Pacs.Dicom.Imaging;

/// <summary>Colour frames to red, green and blue of 8 bits (PS3.3 §C.7.6.3.1.2).</summary>
internal static class ColorRenderer
{
    // the products of chroma of 8 bits, in 1/65536; JPEG's and CCIR 601's factors
    private static readonly ChromaTables Full = new(1, 0, 1.402, 0.344136, 0.714136, 1.772);

    // luminance 16 to 235, chroma 16 to 240
    private static readonly ChromaTables Partial = new(255 / 219.0, 16, 1.402 * 255 / 224, 0.344136 * 255 / 224, 0.714136 * 255 / 224, 1.772 * 255 / 224);

    /// <summary>Three bytes for each pixel.</summary>
    /// <param name="frame">Three samples per pixel.</param>
    /// <param name="layout">Which bits of a sample count.</param>
    /// <param name="photometric">What the data set says they are, where the codec says nothing else.</param>
    /// <param name="output">Takes the pixels.</param>
    public static void Render(DecodedFrame frame, SampleLayout layout, string photometric, Span<byte> output)
    {
        ToBytes(frame, layout, output);
        switch (frame.Color)
        {
            case SampleColor.YbrFull:
            case SampleColor.AsDescribed when photometric.StartsWith("YBR_FULL", StringComparison.Ordinal):
                Full.Apply(output);
                break;
            case SampleColor.AsDescribed when photometric.StartsWith("YBR_PARTIAL", StringComparison.Ordinal):
                Partial.Apply(output);
                break;
            case SampleColor.AsDescribed when photometric is "HSV" or "ARGB" or "CMYK":
                throw new DicomException($"{photometric} is retired since 1996 and not supported", DicomTag.PhotometricInterpretation);
        }
    }

    /// <summary>A pixel of a palette: red, green and blue for each index (PS3.3 §C.7.6.3.1.5).</summary>
    public static void RenderPalette(DecodedFrame frame, SampleLayout layout, DicomDataset dataset, Span<byte> output)
    {
        Span<LookupTable?> colors =
        [
            LookupTable.OfPalette(dataset, DicomTag.RedPaletteColorLookupTableDescriptor, DicomTag.RedPaletteColorLookupTableData, DicomTag.SegmentedRedPaletteColorLookupTableData),
            LookupTable.OfPalette(dataset, DicomTag.GreenPaletteColorLookupTableDescriptor, DicomTag.GreenPaletteColorLookupTableData, DicomTag.SegmentedGreenPaletteColorLookupTableData),
            LookupTable.OfPalette(dataset, DicomTag.BluePaletteColorLookupTableDescriptor, DicomTag.BluePaletteColorLookupTableData, DicomTag.SegmentedBluePaletteColorLookupTableData),
        ];
        if (layout.Bits > 16)
        {
            throw new DicomException($"Indices of {layout.Bits} bits into a palette", DicomTag.BitsStored);
        }
        using var table = new PooledBytes(3 << layout.Bits);
        for (var color = 0; color < 3; color++)
        {
            var lut = colors[color] ?? throw new DicomException("PALETTE COLOR without a palette", DicomTag.RedPaletteColorLookupTableData);
            var shift = lut.Bits > 8 ? lut.Bits - 8 : 0;
            for (var i = 0; i < 1 << layout.Bits; i++)
            {
                table.Span[(i * 3) + color] = (byte)(lut[(int)layout.Value((uint)i << layout.Shift)] >> shift);
            }
        }
        var mask = (int)layout.Mask;
        var pixels = frame.Width * frame.Height;
        for (int i = 0, at = 0; i < pixels; i++, at += 3)
        {
            var sample = frame.BitsAllocated switch
            {
                8 => frame.Data[i],
                16 => MemoryMarshal.Cast<byte, ushort>(frame.Data)[i],
                _ => MemoryMarshal.Cast<byte, uint>(frame.Data)[i],
            };
            table.Span.Slice(((int)(sample >> layout.Shift) & mask) * 3, 3).CopyTo(output[at..]);
        }
    }

    private static void ToBytes(DecodedFrame frame, SampleLayout layout, Span<byte> output)
    {
        if (frame.BitsAllocated == 8 && layout is { Shift: 0, Bits: 8 })
        {
            frame.Data.CopyTo(output);
            return;
        }
        // colour is unsigned (PS3.3 §C.7.6.3.1.2)
        var largest = layout.Mask;
        var words = MemoryMarshal.Cast<byte, ushort>(frame.Data);
        for (var i = 0; i < output.Length; i++)
        {
            uint sample = frame.BitsAllocated switch
            {
                8 => frame.Data[i],
                16 => words[i],
                _ => MemoryMarshal.Cast<byte, uint>(frame.Data)[i],
            };
            output[i] = (byte)Math.Floor((((sample >> layout.Shift) & layout.Mask) * 255.0 / largest) + 0.5);
        }
    }

    private sealed class ChromaTables
    {
        private readonly int[] _luminance = new int[256];
        private readonly int[] _red = new int[256];
        private readonly int[] _greenOfBlue = new int[256];
        private readonly int[] _greenOfRed = new int[256];
        private readonly int[] _blue = new int[256];

        public ChromaTables(double luminance, int black, double red, double greenOfBlue, double greenOfRed, double blue)
        {
            for (var i = 0; i < 256; i++)
            {
                // with the half that rounds
                _luminance[i] = Fixed(luminance * (i - black)) + 0x8000;
                _red[i] = Fixed(red * (i - 128));
                _greenOfBlue[i] = Fixed(-greenOfBlue * (i - 128));
                _greenOfRed[i] = Fixed(-greenOfRed * (i - 128));
                _blue[i] = Fixed(blue * (i - 128));
            }

            static int Fixed(double value) => (int)Math.Round(value * 65536);
        }

        public void Apply(Span<byte> pixels)
        {
            for (; pixels.Length >= 3; pixels = pixels[3..])
            {
                int y = _luminance[pixels[0]], blue = pixels[1], red = pixels[2];
                pixels[0] = Clamped(y + _red[red]);
                pixels[1] = Clamped(y + _greenOfBlue[blue] + _greenOfRed[red]);
                pixels[2] = Clamped(y + _blue[blue]);
            }

            static byte Clamped(int value) => (byte)Math.Clamp(value >> 16, 0, 255);
        }
    }
}
