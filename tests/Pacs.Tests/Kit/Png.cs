using System.Buffers.Binary;
using System.IO.Compression;

namespace Pacs.Tests;

/// <summary>A PNG as samples: enough for what Pillow and our encoder write (no palette, no interlace).</summary>
internal sealed record Png(int Width, int Height, int Samples, int Bits, byte[] Data)
{
    /// <summary>Reads a file.</summary>
    public static Png Open(string path) => Parse(File.ReadAllBytes(path));

    /// <summary>Parses a file; 16-bit samples stay big endian.</summary>
    public static Png Parse(ReadOnlySpan<byte> file)
    {
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10], file[..8].ToArray());
        var header = file.Slice(16, 13).ToArray();
        var samples = header[9] switch { 0 => 1, 2 => 3, 6 => 4, var kind => throw new NotSupportedException($"PNG of colour type {kind}") };
        using var deflated = new MemoryStream();
        for (var at = 8; at < file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(file[at..]);
            if (file.Slice(at + 4, 4).SequenceEqual("IDAT"u8))
            {
                deflated.Write(file.Slice(at + 8, length));
            }
            at += length + 12;
        }
        deflated.Position = 0;
        using var inflated = new ZLibStream(deflated, CompressionMode.Decompress);
        var width = BinaryPrimitives.ReadInt32BigEndian(header);
        var height = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4));
        var pixel = Math.Max(1, samples * header[8] / 8);
        var row = ((width * samples * header[8]) + 7) / 8;
        var data = new byte[row * height];
        var filtered = new byte[row + 1];
        for (var y = 0; y < height; y++)
        {
            inflated.ReadExactly(filtered);
            for (var x = 0; x < row; x++)
            {
                int left = x < pixel ? 0 : data[(y * row) + x - pixel];
                int up = y == 0 ? 0 : data[((y - 1) * row) + x];
                int corner = x < pixel || y == 0 ? 0 : data[((y - 1) * row) + x - pixel];
                data[(y * row) + x] = (byte)(filtered[x + 1] + filtered[0] switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, _ => Paeth(left, up, corner) });
            }
        }
        return new Png(width, height, samples, header[8], header[8] == 1 ? Unpacked(data, width, height) : data);
    }

    private static byte[] Unpacked(byte[] data, int width, int height)
    {
        var row = (width + 7) / 8;
        return [.. from y in Enumerable.Range(0, height) from x in Enumerable.Range(0, width) select (byte)((data[(y * row) + (x >> 3)] >> (7 - (x & 7)) & 1) * 255)];
    }

    private static int Paeth(int left, int up, int corner)
    {
        var (a, b, c) = (Math.Abs(up - corner), Math.Abs(left - corner), Math.Abs(left + up - (2 * corner)));
        return a <= b && a <= c ? left : b <= c ? up : corner;
    }
}
