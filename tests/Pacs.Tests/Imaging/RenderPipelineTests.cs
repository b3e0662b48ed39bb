using System.Runtime.InteropServices;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>The fast paths of rendering against slow ones that follow the formulas pixel by pixel, and against headers that make no sense.</summary>
public sealed class RenderPipelineTests
{
    [Fact]
    public void Grey_of_any_depth_is_what_the_formula_gives_for_each_pixel()
    {
        var random = new Random(1);
        for (var round = 0; round < 300; round++)
        {
            var stored = random.Next(1, 17);
            var allocated = stored <= 8 && random.Next(2) == 0 ? 8 : 16;
            var high = random.Next(stored - 1, allocated);
            var isSigned = random.Next(2) == 0;
            var function = (WindowFunction)random.Next(3);
            var window = new VoiWindow(random.Next(-(1 << stored), 1 << stored), 1 + random.Next(1 << stored), function);
            var (slope, intercept) = (random.Next(1, 9) / 4.0 * (random.Next(2) == 0 ? 1 : -1), random.Next(-2000, 2000));
            var photometric = random.Next(3) == 0 ? "MONOCHROME1" : "MONOCHROME2";
            var dataset = Grey(random.Next(1, 40), random.Next(1, 40), allocated, stored, high, isSigned, photometric)
                .Set(DicomTag.RescaleSlope, slope).Set(DicomTag.RescaleIntercept, intercept);
            var pixels = new byte[dataset.GetInt32(DicomTag.Rows)!.Value * dataset.GetInt32(DicomTag.Columns)!.Value * allocated / 8];
            random.NextBytes(pixels); // what lies beside the bits that count is garbage
            dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, pixels));

            using var image = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian).Render(new RenderOptions { Window = window });

            for (var i = 0; i < image.Data.Length; i++)
            {
                var raw = allocated == 8 ? pixels[i] : MemoryMarshal.Cast<byte, ushort>(pixels)[i];
                var expected = Reference(raw, stored, high, isSigned, slope, intercept, window, photometric == "MONOCHROME1");
                Assert.True(expected == image.Data[i], $"{allocated}/{stored}/{high} signed {isSigned}, {window}: {raw:X4} is {image.Data[i]}, not {expected}");
            }
        }
    }

    [Fact]
    public void The_range_of_values_is_the_same_with_vectors_and_without()
    {
        var random = new Random(2);
        for (var round = 0; round < 200; round++)
        {
            var layout = new SampleLayout(random.Next(0, 5), random.Next(2, 12), random.Next(2) == 0);
            var samples = new ushort[random.Next(1, 200)];
            random.NextBytes(MemoryMarshal.AsBytes(samples.AsSpan()));
            var values = samples.Select(s => layout.Value(s)).ToArray();
            Assert.Equal((values.Min(), values.Max()), GrayRenderer.Range(samples, layout));
        }
    }

    [Fact]
    public void Without_a_window_everything_between_least_and_largest_shows_and_padding_does_not_count()
    {
        var dataset = Grey(1, 5, 16, 16, 15, isSigned: true, "MONOCHROME2").Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, Words(-2000, 100, 200, 300, -2000)));
        using var plain = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian).Render(new RenderOptions());
        Assert.Equal([0, 233, 244, 255, 0], plain.Data.ToArray());
        dataset.Set(new DicomElement(DicomTag.PixelPaddingValue, DicomVr.SS, Words(-2000)));
        using var padded = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian).Render(new RenderOptions());
        Assert.Equal([0, 0, 128, 255, 0], padded.Data.ToArray());
        // as some devices write it: US, whatever the samples are
        dataset.Set(new DicomElement(DicomTag.PixelPaddingValue, DicomVr.US, Words(-2000)));
        using var unsigned = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian).Render(new RenderOptions { Invert = true });
        Assert.Equal([255, 255, 128, 0, 255], unsigned.Data.ToArray());
    }

    [Fact]
    public void Ybr_is_within_the_rounding_of_the_formula_for_every_colour()
    {
        var pixels = new byte[3 * 64 * 64 * 64];
        for (int i = 0, at = 0; i < 64 * 64 * 64; i++)
        {
            (pixels[at++], pixels[at++], pixels[at++]) = ((byte)((i & 63) * 255 / 63), (byte)((i >> 6 & 63) * 255 / 63), (byte)((i >> 12) * 255 / 63));
        }
        foreach (var photometric in (string[])["YBR_FULL", "YBR_PARTIAL_420"])
        {
            var dataset = Color(512, 512, photometric).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels));
            using var image = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian).Render(new RenderOptions());
            for (var at = 0; at < pixels.Length; at += 3)
            {
                var (y, cb, cr) = photometric == "YBR_FULL"
                    ? (pixels[at], pixels[at + 1] - 128.0, pixels[at + 2] - 128.0)
                    : ((pixels[at] - 16) * 255.0 / 219, (pixels[at + 1] - 128) * 255.0 / 224, (pixels[at + 2] - 128) * 255.0 / 224);
                double[] rgb = [y + (1.402 * cr), y - (0.344136 * cb) - (0.714136 * cr), y + (1.772 * cb)];
                for (var c = 0; c < 3; c++)
                {
                    Assert.InRange(image.Data[at + c] - Math.Clamp(rgb[c], 0, 255), -0.501, 0.501);
                }
            }
        }
    }

    [Theory]
    [InlineData(100, 60, 1, 33, 33)]
    [InlineData(100, 60, 3, 99, 99)]
    [InlineData(311, 97, 3, 64, 1000)]
    [InlineData(5, 4000, 1, 100, 100)]
    [InlineData(640, 480, 1, 1, 1)]
    public void Smaller_pictures_are_the_mean_of_the_area(int width, int height, int samples, int boxWidth, int boxHeight)
    {
        using var from = RenderedImage.Rent(width, height, samples);
        new Random(3).NextBytes(from.Data);
        using var to = Scaling.Fit(from, new Viewport(boxWidth, boxHeight));
        Assert.True(to.Width <= boxWidth && to.Height <= boxHeight && (to.Width == boxWidth || to.Height == boxHeight));
        for (var y = 0; y < to.Height; y++)
        {
            for (var x = 0; x < to.Width; x++)
            {
                for (var s = 0; s < samples; s++)
                {
                    double sum = 0;
                    var (top, bottom) = ((double)y * height / to.Height, (y + 1.0) * height / to.Height);
                    var (left, right) = ((double)x * width / to.Width, (x + 1.0) * width / to.Width);
                    for (var row = (int)top; row < Math.Min(height, Math.Ceiling(bottom - 1e-9)); row++)
                    {
                        for (var column = (int)left; column < Math.Min(width, Math.Ceiling(right - 1e-9)); column++)
                        {
                            var area = (Math.Min(bottom, row + 1) - Math.Max(top, row)) * (Math.Min(right, column + 1) - Math.Max(left, column));
                            sum += area * from.Data[(((row * width) + column) * samples) + s];
                        }
                    }
                    var mean = sum / ((bottom - top) * (right - left));
                    Assert.InRange(to.Data[(((y * to.Width) + x) * samples) + s] - mean, -0.501, 0.501);
                }
            }
        }
    }

    [Fact]
    public void Larger_pictures_are_interpolated_between_the_centres_of_pixels()
    {
        using var from = RenderedImage.Rent(2, 1, 1);
        ((byte[])[0, 200]).CopyTo(from.Data);
        using var to = Scaling.Fit(from, new Viewport(8, 8));
        Assert.Equal((8, 4), (to.Width, to.Height));
        Assert.Equal([0, 0, 25, 75, 125, 175, 200, 200], to.Data[..8].ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => Scaling.Fit(from, new Viewport(0, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Scaling.Fit(from, new Viewport(1, Viewport.MaxSide + 1)));
    }

    [Fact]
    public void The_data_set_asks_for_views_by_number()
    {
        var lut = new DicomDataset()
            .Set(new DicomElement(DicomTag.LUTDescriptor, DicomVr.US, Words(2, 0, 8))).Set(new DicomElement(DicomTag.LUTData, DicomVr.OW, Words(10, 20)));
        var dataset = Grey(1, 2, 8, 8, 7, isSigned: false, "MONOCHROME2").Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[] { 0, 1 }))
            .Set(DicomTag.VOILUTSequence, lut).Set(DicomTag.WindowCenter, "1", "100").Set(DicomTag.WindowWidth, "1", "1");
        using var pixels = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian);
        Assert.Equal([[10, 20], [0, 255], [0, 0], [0, 0]], (byte[][])[View(0), View(1), View(2), View(9)]);

        byte[] View(int view)
        {
            using var image = pixels.Render(new RenderOptions { View = view });
            return image.Data.ToArray();
        }
    }

    [Fact]
    public void Headers_of_random_nonsense_are_a_picture_or_a_DicomException()
    {
        // every attribute that rendering reads, with values of the right kind and no sense
        DicomTag[] numbers =
        [
            DicomTag.SamplesPerPixel, DicomTag.Rows, DicomTag.Columns, DicomTag.BitsAllocated, DicomTag.BitsStored, DicomTag.HighBit, DicomTag.PixelRepresentation, DicomTag.PlanarConfiguration,
            DicomTag.PixelPaddingValue, DicomTag.PixelPaddingRangeLimit,
            new(0x6000, 0x0010), new(0x6000, 0x0011), new(0x6000, 0x0102), new(0x6000, 0x0100), new(0x6000, 0x0051),
        ];
        DicomTag[] decimals = [DicomTag.RescaleSlope, DicomTag.RescaleIntercept, DicomTag.WindowCenter, DicomTag.WindowWidth];
        string[] photometrics = ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_420", "HSV", "UNKNOWN"];
        var random = new Random(4);
        var rendered = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var dataset = random.Next(2) == 0 ? Grey(4, 6, 16, 12, 11, isSigned: false, "MONOCHROME2") : Color(4, 6, "RGB");
            var bytes = new byte[random.Next(100)];
            random.NextBytes(bytes);
            dataset.Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, bytes)).Set(DicomTag.PhotometricInterpretation, photometrics[random.Next(photometrics.Length)]);
            for (var i = random.Next(6); i > 0; i--)
            {
                dataset.Set(new DicomElement(numbers[random.Next(numbers.Length)], DicomVr.US, Words(random.Next(4) == 0 ? random.Next(65536) : random.Next(20))));
            }
            dataset.Set(new DicomElement(decimals[random.Next(decimals.Length)], DicomVr.DS, System.Text.Encoding.ASCII.GetBytes(((string[])["1e300", "-1e300", "0", "-5", "NaN", "1\\2", ""])[random.Next(7)])));
            foreach (var lut in (DicomTag[])[DicomTag.RedPaletteColorLookupTableDescriptor, DicomTag.GreenPaletteColorLookupTableDescriptor, DicomTag.BluePaletteColorLookupTableDescriptor])
            {
                dataset.Set(new DicomElement(lut, DicomVr.US, Words(random.Next(40), random.Next(3), random.Next(2) == 0 ? 8 : 16)));
            }
            foreach (var data in (DicomTag[])[DicomTag.RedPaletteColorLookupTableData, DicomTag.SegmentedGreenPaletteColorLookupTableData, DicomTag.SegmentedBluePaletteColorLookupTableData, new(0x6000, 0x3000)])
            {
                dataset.Set(new DicomElement(data, DicomVr.OW, Words([.. Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(5))])));
            }
            try
            {
                using var image = InstancePixels.Of(dataset, TransferSyntax.ExplicitVRLittleEndian).Render(new RenderOptions { Viewport = new(10, 10) });
                rendered++;
            }
            catch (DicomException)
            {
                // says what is wrong
            }
        }
        Assert.InRange(rendered, 500, 19_000);
    }

    /// <summary>PS3.3 §C.7.6.3.1.1, §C.11.1.1.2, §C.11.2.1.2.1, §C.11.2.1.3, one pixel at a time.</summary>
    private static byte Reference(int raw, int stored, int high, bool isSigned, double slope, double intercept, VoiWindow window, bool isInverse)
    {
        var value = (raw >> (high + 1 - stored)) & ((1 << stored) - 1);
        value = isSigned && (value & 1 << (stored - 1)) != 0 ? value - (1 << stored) : value;
        var x = (value * slope) + intercept;
        var (c, w, _) = window;
        var y = window.Function switch
        {
            WindowFunction.Sigmoid => 255 / (1 + Math.Exp(-4 * (x - c) / w)),
            WindowFunction.LinearExact => x <= c - (w / 2) ? 0 : x > c + (w / 2) ? 255 : (((x - c) / w) + 0.5) * 255,
            _ => x <= c - 0.5 - ((w - 1) / 2) ? 0 : x > c - 0.5 + ((w - 1) / 2) ? 255 : (((x - (c - 0.5)) / (w - 1)) + 0.5) * 255,
        };
        return (byte)Math.Floor((isInverse ? 255 - y : y) + 0.5);
    }

    private static byte[] Words(params int[] values) => MemoryMarshal.AsBytes<ushort>(values.Select(v => (ushort)v).ToArray()).ToArray();

    private static DicomDataset Grey(int rows, int columns, int allocated, int stored, int high, bool isSigned, string photometric) => new DicomDataset()
        .Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, photometric).Set(DicomTag.Rows, rows).Set(DicomTag.Columns, columns)
        .Set(DicomTag.BitsAllocated, allocated).Set(DicomTag.BitsStored, stored).Set(DicomTag.HighBit, high).Set(DicomTag.PixelRepresentation, isSigned ? 1 : 0);

    private static DicomDataset Color(int rows, int columns, string photometric) => new DicomDataset()
        .Set(DicomTag.SamplesPerPixel, 3).Set(DicomTag.PhotometricInterpretation, photometric).Set(DicomTag.Rows, rows).Set(DicomTag.Columns, columns)
        .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0).Set(DicomTag.PlanarConfiguration, 0);
}
