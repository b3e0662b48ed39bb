using System.Buffers;
using System.Diagnostics;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Tests;

/// <summary>Animated GIFs, as Pillow reads them.</summary>
public sealed class GifTests
{
    private const string Script = """
        import sys
        from PIL import Image
        i = Image.open(sys.argv[1])
        for n in range(i.n_frames):
            i.seek(n)
            sys.stdout.buffer.write(i.convert('RGB').tobytes())
        sys.stderr.write(f"{i.n_frames} {i.info['duration']} {i.info['loop']}")
        """;

    [Fact]
    public async Task Grey_frames_are_exact()
    {
        var frames = Enumerable.Range(0, 4).Select(n => Picture(311, 97, 1, (x, y) => [(byte)((x * y) + (n * 31) + (x % 7 == 0 ? y * 13 : 0))])).ToArray();
        var (rgb, about) = await ReadAsync(frames, TimeSpan.FromMilliseconds(40));
        Assert.Equal("4 40 0", about);
        Assert.Equal(frames.SelectMany(f => f.Data.ToArray().SelectMany(v => (byte[])[v, v, v])), rgb);
    }

    [Fact]
    public async Task Doppler_colours_beside_all_greys_are_near()
    {
        // an ultrasound picture: every grey, a red and a blue scale, noise in chroma
        var frame = Picture(320, 200, 3, (x, y) => y < 150
            ? [(byte)(x * 255 / 319), (byte)(x * 255 / 319), (byte)((x * 255 / 319) ^ 1)]
            : x < 160 ? [(byte)(100 + (x * 155 / 160)), (byte)(y - 150), 0] : [0, (byte)(x - 160), (byte)(100 + y - 100)]);
        var (rgb, _) = await ReadAsync([frame], TimeSpan.FromMilliseconds(1));
        var worstGrey = 0;
        var errors = 0L;
        for (var i = 0; i < rgb.Length; i++)
        {
            var difference = Math.Abs(rgb[i] - frame.Data[i]);
            worstGrey = i < 320 * 150 * 3 ? Math.Max(worstGrey, difference) : worstGrey;
            errors += (long)difference * difference;
        }
        Assert.InRange(worstGrey, 0, 2);
        var psnr = 10 * Math.Log10(255.0 * 255 * rgb.Length / errors);
        Assert.True(psnr > 38, $"{psnr:0.0} dB");
    }

    [Fact]
    public async Task A_picture_of_few_colours_is_exact()
    {
        var frame = Picture(64, 64, 3, (x, y) => (x / 8 % 3) switch { 0 => [255, 0, 0], 1 => [0, 128, 255], _ => [(byte)(y * 4), (byte)(y * 4), (byte)(y * 4)] });
        var (rgb, _) = await ReadAsync([frame], TimeSpan.FromSeconds(1));
        Assert.Equal(frame.Data.ToArray(), rgb);
    }

    private static RenderedImage Picture(int width, int height, int samples, Func<int, int, byte[]> pixel)
    {
        var image = RenderedImage.Rent(width, height, samples);
        for (var i = 0; i < width * height; i++)
        {
            pixel(i % width, i / width).CopyTo(image.Data[(i * samples)..]);
        }
        return image;
    }

    private static async Task<(byte[] Rgb, string About)> ReadAsync(RenderedImage[] frames, TimeSpan delay)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "python3 is not installed");
        var writer = new ArrayBufferWriter<byte>();
        var gif = new GifEncoder(writer, frames[0].Width, frames[0].Height);
        foreach (var frame in frames)
        {
            gif.Add(frame, delay);
        }
        gif.Complete();
        var folder = Directory.CreateTempSubdirectory("pacs-gif");
        try
        {
            var path = Path.Join(folder.FullName, "cine.gif");
            await File.WriteAllBytesAsync(path, writer.WrittenMemory, TestContext.Current.CancellationToken);
            using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Script, path]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            using var output = new MemoryStream();
            await python.StandardOutput.BaseStream.CopyToAsync(output, TestContext.Current.CancellationToken);
            var about = await python.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.SkipWhen(about.Contains("No module named", StringComparison.Ordinal), "Pillow is not installed");
            return (output.ToArray(), about);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
