namespace Pacs.Tests;

/// <summary>Pictures that are the same every time: a soft ground, speckle as in ultrasound, hard edges, and saturated colour where there are three samples.</summary>
public static class TestPicture
{
    /// <summary>Samples of <paramref name="bits"/> bits, row by row, interleaved.</summary>
    public static ushort[] Create(int width, int height, int samples, int bits, int seed = 1)
    {
        var random = new Random(seed);
        var most = (1 << bits) - 1;
        var picture = new ushort[width * height * samples];
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var ground = 0.5 + (0.4 * Math.Sin((x * 0.031) + (seed * 0.7)) * Math.Cos(y * 0.023)) + (0.08 * (random.NextDouble() - 0.5));
                var isEdge = (x / 37 + y / 29) % 7 == 0;
                for (var c = 0; c < samples; c++)
                {
                    var value = isEdge ? (seed + c + (x / 37)) % 2 : ground + (0.1 * c * Math.Sin(x * 0.01));
                    picture[(((y * width) + x) * samples) + c] = (ushort)Math.Clamp((int)(value * most), 0, most);
                }
            }
        }
        return picture;
    }

    /// <summary>The same in 8 bits.</summary>
    public static byte[] Create8(int width, int height, int samples, int seed = 1) => Array.ConvertAll(Create(width, height, samples, 8, seed), s => (byte)s);

    /// <summary>A PGM or PPM file, which the tools of libjpeg read and write: 8 bits, or 16 in big endian.</summary>
    public static byte[] Pnm(ReadOnlySpan<ushort> picture, int width, int height, int samples, int bits)
    {
        var header = System.Text.Encoding.ASCII.GetBytes($"P{(samples == 3 ? 6 : 5)}\n{width} {height}\n{(1 << bits) - 1}\n");
        var file = new List<byte>(header);
        foreach (var sample in picture)
        {
            if (bits > 8)
            {
                file.Add((byte)(sample >> 8));
            }
            file.Add((byte)sample);
        }
        return [.. file];
    }
}
