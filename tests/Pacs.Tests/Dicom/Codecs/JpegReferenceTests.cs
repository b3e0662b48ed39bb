using Pacs.Dicom.Codecs;

namespace Pacs.Tests;

/// <summary>The vectorised parts against what they are by definition: the cosine transform in floating point, colour in libjpeg's whole numbers, one sample at a time.</summary>
public sealed class JpegReferenceTests
{
    [Fact]
    public void The_inverse_transform_is_the_one_of_the_standard()
    {
        var random = new Random(4);
        Span<short> block = stackalloc short[64];
        var factors = new int[64];
        var samples = new byte[64];
        var words = new ushort[64];
        for (var round = 0; round < 2000; round++)
        {
            block.Clear();
            Array.ConvertAll(factors, _ => random.Next(1, 20)).CopyTo(factors, 0);
            for (var i = random.Next(1, 64); i > 0; i--)
            {
                block[random.Next(64)] = (short)random.Next(-30, 31);
            }
            JpegDct.Inverse(block, factors, samples, 8);
            JpegDct.Inverse(block, factors, words, 8);
            for (var i = 0; i < 64; i++)
            {
                var exact = Inverse(block, factors, i % 8, i / 8);
                // the whole numbers of the fast transform may round once more than the fractions do
                Assert.InRange(samples[i], Math.Clamp(exact + 128, 0, 255) - 1.01, Math.Clamp(exact + 128, 0, 255) + 1.01);
                Assert.InRange(words[i], Math.Clamp(exact + 2048, 0, 4095) - 1.01, Math.Clamp(exact + 2048, 0, 4095) + 1.01);
            }
        }
    }

    [Fact]
    public void A_block_of_one_value_is_what_the_transform_makes_of_it()
    {
        Span<short> block = stackalloc short[64];
        block.Clear();
        var factors = new int[64];
        var samples = new byte[64];
        var words = new ushort[64];
        for (var value = -2000; value < 2000; value++)
        {
            block[0] = (short)value;
            factors[0] = 1 + (Math.Abs(value) % 17);
            JpegDct.Inverse(block, factors, samples, 8);
            Assert.All(samples, s => Assert.Equal(JpegDct.Flat(value * factors[0], 8), s));
            JpegDct.Inverse(block, factors, words, 8);
            Assert.All(words, s => Assert.Equal(JpegDct.Flat(value * factors[0], 12), s));
        }
    }

    [Fact]
    public void The_forward_transform_is_the_one_of_the_standard()
    {
        var random = new Random(5);
        var samples = new byte[64];
        var flat = Enumerable.Repeat((byte)1, 64).ToArray();
        var quantisation = new JpegQuantisation(flat, 50);
        Span<short> block = stackalloc short[64];
        for (var round = 0; round < 1000; round++)
        {
            random.NextBytes(samples);
            JpegDct.Forward(samples, 8, quantisation, block);
            for (var i = 0; i < 64; i++)
            {
                Assert.InRange(block[i], Forward(samples, i % 8, i / 8) - 1, Forward(samples, i % 8, i / 8) + 1);
            }
        }
    }

    /// <summary>Every value against whole division, halves away from zero.</summary>
    [Fact]
    public void Quantisation_divides_exactly()
    {
        for (var factor = 1; factor <= 255; factor++)
        {
            var quantisation = new JpegQuantisation(Enumerable.Repeat((byte)factor, 64).ToArray(), 50);
            for (var value = -16384; value <= 16384; value += factor == 37 ? 1 : 7)
            {
                var divisor = 8 * factor;
                var expected = Math.Sign(value) * ((Math.Abs(value) + (divisor / 2)) / divisor);
                Assert.Equal(expected, quantisation.Divide(System.Runtime.Intrinsics.Vector256.Create(value), 3)[2]);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(200)]
    public void Colours_are_converted_as_JFIF_says(int width)
    {
        var random = new Random(width);
        var rgb = new byte[3 * width];
        byte[] y = new byte[width], cb = new byte[width], cr = new byte[width];
        for (var round = 0; round < 200; round++)
        {
            random.NextBytes(rgb);
            JpegColor.FromRgb(rgb, y, cb, cr);
            for (var x = 0; x < width; x++)
            {
                int r = rgb[3 * x], g = rgb[(3 * x) + 1], b = rgb[(3 * x) + 2];
                Assert.InRange(y[x] - ((0.299 * r) + (0.587 * g) + (0.114 * b)), -0.51, 0.51);
                Assert.InRange(cb[x] - ((-0.168736 * r) - (0.331264 * g) + (0.5 * b) + 128), -0.51, 0.51);
                Assert.InRange(cr[x] - ((0.5 * r) - (0.418688 * g) - (0.081312 * b) + 128), -0.51, 0.51);
                Assert.Equal(((19595 * r) + (38470 * g) + (7471 * b) + 32768) >> 16, y[x]);
                Assert.Equal(((-11059 * r) - (21709 * g) + (32768 * b) + (128 << 16) + 32767) >> 16, cb[x]);
                Assert.Equal(((32768 * r) - (27439 * g) - (5329 * b) + (128 << 16) + 32767) >> 16, cr[x]);
            }
            random.NextBytes(y);
            random.NextBytes(cb);
            random.NextBytes(cr);
            JpegColor.ToRgb(y, cb, cr, rgb, width);
            for (var x = 0; x < width; x++)
            {
                int blue = cb[x] - 128, red = cr[x] - 128;
                Assert.Equal(Math.Clamp(y[x] + (((91881 * red) + 32768) >> 16), 0, 255), rgb[3 * x]);
                Assert.Equal(Math.Clamp(y[x] + (((-22554 * blue) - (46802 * red) + 32768) >> 16), 0, 255), rgb[(3 * x) + 1]);
                Assert.Equal(Math.Clamp(y[x] + (((116130 * blue) + 32768) >> 16), 0, 255), rgb[(3 * x) + 2]);
                Assert.InRange(rgb[(3 * x) + 1] - Math.Clamp(y[x] - (0.344136 * blue) - (0.714136 * red), 0, 255), -0.51, 0.51);
            }
        }
    }

    private static double Inverse(ReadOnlySpan<short> block, int[] factors, int x, int y)
    {
        var sum = 0.0;
        for (var i = 0; i < 64; i++)
        {
            int u = i % 8, v = i / 8;
            sum += Scale(u) * Scale(v) * block[i] * factors[i] * Math.Cos(((2 * x) + 1) * u * Math.PI / 16) * Math.Cos(((2 * y) + 1) * v * Math.PI / 16);
        }
        return sum / 4;
    }

    private static double Forward(byte[] samples, int u, int v)
    {
        var sum = 0.0;
        for (var i = 0; i < 64; i++)
        {
            int x = i % 8, y = i / 8;
            sum += (samples[i] - 128) * Math.Cos(((2 * x) + 1) * u * Math.PI / 16) * Math.Cos(((2 * y) + 1) * v * Math.PI / 16);
        }
        return Scale(u) * Scale(v) * sum / 4;
    }

    private static double Scale(int k) => k == 0 ? Math.Sqrt(0.5) : 1;
}
