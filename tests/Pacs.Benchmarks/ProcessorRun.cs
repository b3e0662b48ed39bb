using System.Buffers;
using System.Diagnostics;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Benchmarks;

/// <summary>
/// Codecs beside the C libraries in processor time, summed over all threads, ours and the peer's in turn, the least of many rounds: what BenchmarkDotNet measures, wall clock, says little on a
/// machine that others use, too.
/// </summary>
internal static class ProcessorRun
{
    private const int Rounds = 40;

    private static readonly string[] WithoutLoss = ["-reversible", "true"];

    /// <summary>Measures and prints a table in Markdown.</summary>
    public static void Run()
    {
        if (!OpenJpeg.IsPresent)
        {
            throw new InvalidOperationException("libopenjp2 2.5 is not installed");
        }
        Console.WriteLine("| | compressed | Pacs | peer | Pacs : peer |\n|---|---|---|---|---|");
        HighThroughput("HTJ2K, CT, lossless", CodecImages.Slice, WithoutLoss);
        HighThroughput("HTJ2K, ultrasound, lossless", CodecImages.Ultrasound, WithoutLoss);
        HighThroughput("HTJ2K, ultrasound, 9/7", CodecImages.Ultrasound, ["-qstep", "0.01"]);
        JpegLs("encode JPEG-LS, CT", CodecImages.Slice);
        JpegLs("encode JPEG-LS, ultrasound", CodecImages.Ultrasound);
    }

    /// <summary>The image as OpenJPH's program compresses it.</summary>
    internal static byte[] CompressHighThroughput(PixelDescription image, IEnumerable<string> arguments)
    {
        var folder = Directory.CreateTempSubdirectory("pacs-benchmark-");
        try
        {
            var isGrey = image.SamplesPerPixel == 1;
            string native = Path.Join(folder.FullName, isGrey ? "image.pgm" : "image.ppm"), compressed = Path.Join(folder.FullName, "image.j2c");
            var pixels = CodecImages.Pixels(image);
            var header = System.Text.Encoding.ASCII.GetBytes($"P{(isGrey ? 5 : 6)}\n{image.Columns} {image.Rows}\n{(1 << image.BitsStored) - 1}\n");
            // words of a PGM are big endian
            byte[] samples = image.BitsAllocated == 8 ? pixels : [.. pixels.Chunk(2).SelectMany(pair => new[] { pair[1], pair[0] })];
            File.WriteAllBytes(native, [.. header, .. samples]);
            var start = new ProcessStartInfo("ojph_compress", ["-i", native, "-o", compressed, .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false };
            using var process = Process.Start(start) ?? throw new InvalidOperationException("ojph_compress does not start");
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return File.ReadAllBytes(compressed);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void HighThroughput(string name, PixelDescription image, string[] arguments)
    {
        var frame = CompressHighThroughput(image, arguments);
        var codec = new Jpeg2000Codec();
        var size = ImageSize.Read(new SegmentReader(frame.AsSpan(6), 6), image);
        using (DecodedFrame ours = codec.Decode(frame, image), theirs = Rent())
        {
            OpenJpeg.Decode(frame, size, theirs, 1);
            if (arguments == WithoutLoss && !ours.Data.SequenceEqual(theirs.Data))
            {
                throw new InvalidOperationException("Decoded otherwise than by OpenJPEG");
            }
        }
        Print(name, frame.Length, () => codec.Decode(frame, image).Dispose(), () =>
        {
            using var theirs = Rent();
            OpenJpeg.Decode(frame, size, theirs, 1);
        });

        DecodedFrame Rent() => DecodedFrame.Rent(image, image.Columns, image.Rows, image.SamplesPerPixel, image.BitsAllocated, image.BitsStored);
    }

    private static void JpegLs(string name, PixelDescription image)
    {
        var pixels = CodecImages.Pixels(image);
        var writer = new ArrayBufferWriter<byte>();
        var theirs = CharLs.Encode(pixels, image.Columns, image.Rows, image.BitsStored, image.SamplesPerPixel, image.SamplesPerPixel == 1 ? 0 : 2, 0);
        Print(name, theirs.Length, () =>
        {
            writer.ResetWrittenCount();
            JpegLsEncoder.Encode(pixels, image.Columns, image.Rows, image.SamplesPerPixel, image.BitsStored, writer);
        }, () => CharLs.Encode(pixels, image.Columns, image.Rows, image.BitsStored, image.SamplesPerPixel, image.SamplesPerPixel == 1 ? 0 : 2, 0));
    }

    private static void Print(string name, int length, Action ours, Action theirs)
    {
        // until the code is compiled with what was learnt of it
        for (var i = 0; i < 40; i++)
        {
            ours();
            Thread.Sleep(10);
        }
        var (least, peer) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            least = Min(least, Measure(ours));
            peer = Min(peer, Measure(theirs));
        }
        Console.WriteLine(FormattableString.Invariant($"| {name} | {length / 1000} kB | {least.TotalMilliseconds:F1} ms | {peer.TotalMilliseconds:F1} ms | {least / peer:F2} |"));
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Measure(Action action)
    {
        var before = Environment.CpuUsage.TotalTime;
        action();
        return Environment.CpuUsage.TotalTime - before;
    }
}
