using Pacs.Dicom.Imaging;

namespace Pacs.Benchmarks;

/// <summary>Images that compress like real ones: a sector of speckle on black with a coloured patch, and a slice of noisy tissue.</summary>
internal static class CodecImages
{
    /// <summary>An ultrasound frame, 1024 x 768 RGB.</summary>
    public static readonly PixelDescription Ultrasound = Describe(1024, 768, 3, 8);

    /// <summary>A CT slice, 512 x 512 of 12 bits.</summary>
    public static readonly PixelDescription Slice = Describe(512, 512, 1, 12);

    /// <summary>The native bytes of one of the two.</summary>
    public static byte[] Pixels(PixelDescription image) => image == Ultrasound ? UltrasoundPixels() : SlicePixels();

    private static byte[] UltrasoundPixels()
    {
        var (width, height) = (Ultrasound.Columns, Ultrasound.Rows);
        var random = new Random(1);
        var pixels = new byte[width * height * 3];
        for (var y = 0; y < height; y++)
        {
            double left = 0;
            for (var x = 0; x < width; x++)
            {
                double dx = x - (width / 2), radius = Math.Sqrt((dx * dx) + (y * y)), angle = Math.Abs(Math.Atan2(dx, y));
                if (radius > 720 || radius < 60 || angle > 0.65)
                {
                    continue;
                }
                // neighbours in a row belong to one echo
                left = (0.6 * left) + (0.4 * random.NextDouble() * 90 * (1.4 - (radius / 900) + (0.5 * Math.Sin(radius / 35))));
                var grey = (byte)Math.Clamp(left, 0, 255);
                var at = 3 * ((y * width) + x);
                var flow = radius is > 300 and < 420 && angle < 0.2;
                pixels[at] = flow ? (byte)Math.Min(255, grey + 120) : grey;
                pixels[at + 1] = flow ? (byte)(grey / 2) : grey;
                pixels[at + 2] = flow ? (byte)(grey / 4) : grey;
            }
        }
        return pixels;
    }

    private static byte[] SlicePixels()
    {
        var (width, height) = (Slice.Columns, Slice.Rows);
        var random = new Random(2);
        var pixels = new byte[width * height * 2];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                double dx = (x - 256) / 210.0, dy = (y - 256) / 160.0, inside = (dx * dx) + (dy * dy);
                var tissue = inside > 1 ? 24 : 1024 + (60 * Math.Sin(x / 31.0) * Math.Cos(y / 23.0)) + (inside > 0.9 ? -100 : 0) + (dx * dx * 4 + (dy + 0.6) * (dy + 0.6) * 4 < 0.08 ? 700 : 0);
                var value = (int)Math.Clamp(tissue + ((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 18), 0, 4095);
                pixels[2 * ((y * width) + x)] = (byte)value;
                pixels[(2 * ((y * width) + x)) + 1] = (byte)(value >> 8);
            }
        }
        return pixels;
    }

    private static PixelDescription Describe(int width, int height, int samples, int bits) => new()
    {
        Columns = width,
        Rows = height,
        SamplesPerPixel = samples,
        BitsAllocated = bits <= 8 ? 8 : 16,
        BitsStored = bits,
        HighBit = bits - 1,
        IsSigned = false,
        IsPlanar = false,
        NumberOfFrames = 1,
        PhotometricInterpretation = samples == 1 ? "MONOCHROME2" : "RGB",
    };
}
