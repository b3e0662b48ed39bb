using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using Pacs.Dicom.Codecs;

namespace Pacs.Tests;

/// <summary>PNG files, read by a reader of ours and by Pillow.</summary>
public sealed class PngTests
{
    [Theory]
    [InlineData(1, 8)]
    [InlineData(3, 8)]
    [InlineData(1, 16)]
    [InlineData(3, 16)]
    public void What_is_written_is_read(int samples, int bits)
    {
        foreach (var (width, height) in (ReadOnlySpan<(int, int)>)[(1, 1), (3, 5), (31, 17), (640, 70)])
        {
            var pixels = Pixels(width * height * samples * bits / 8);
            var png = Png.Parse(Encoded(pixels, width, height, samples, bits));
            if (bits == 16)
            {
                var words = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(png.Data.AsSpan());
                BinaryPrimitives.ReverseEndianness(words, words);
            }
            Assert.Equal((width, height, samples, bits), (png.Width, png.Height, png.Samples, png.Bits));
            Assert.Equal(pixels, png.Data);
        }
    }

    [Fact]
    public async Task Pillow_reads_the_same_pixels_and_finds_every_checksum_right()
    {
        const string Script = "import sys;from PIL import Image;i=Image.open(sys.argv[1]);i.load();sys.stdout.buffer.write(i.tobytes())";
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3 is not installed");
        var folder = Directory.CreateTempSubdirectory("pacs-png");
        try
        {
            var pixels = Pixels(640 * 480 * 3);
            var path = Path.Join(folder.FullName, "picture.png");
            await File.WriteAllBytesAsync(path, Encoded(pixels, 640, 480, 3, 8), TestContext.Current.CancellationToken);
            using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Script, path]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            using var output = new MemoryStream();
            await python.StandardOutput.BaseStream.CopyToAsync(output, TestContext.Current.CancellationToken);
            var error = await python.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.SkipWhen(error.Contains("No module named", StringComparison.Ordinal), "Pillow is not installed");
            Assert.Empty(error);
            Assert.Equal(pixels, output.ToArray());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static byte[] Pixels(int length)
    {
        // smooth, with noise in parts: both filters get their turn
        var random = new Random(5);
        var pixels = new byte[length];
        for (var i = 0; i < length; i++)
        {
            pixels[i] = i % 977 < 300 ? (byte)random.Next(256) : (byte)(i / 50);
        }
        return pixels;
    }

    private static byte[] Encoded(byte[] pixels, int width, int height, int samples, int bits)
    {
        var writer = new ArrayBufferWriter<byte>();
        PngEncoder.Encode(pixels, width, height, samples, bits, writer);
        return writer.WrittenSpan.ToArray();
    }
}
