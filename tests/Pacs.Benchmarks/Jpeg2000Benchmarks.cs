using System.Diagnostics;
using BenchmarkDotNet.Attributes;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Benchmarks;

/// <summary>JPEG 2000 and High-Throughput JPEG 2000 beside OpenJPEG.</summary>
[MemoryDiagnoser]
public class Jpeg2000Benchmarks
{
    private static readonly Jpeg2000Codec Codec = new();

    private PixelDescription _image = CodecImages.Slice;
    private ImageSize? _size;
    private byte[] _frame = [];

    /// <summary>What is decompressed: 12 bit CT without loss, RGB ultrasound without loss and at 20:1; HT: High-Throughput.</summary>
    [Params("CT", "US", "US lossy", "CT HT", "US HT")]
    public string Case { get; set; } = "CT";

    /// <summary>Compresses the image with opj_compress, or ojph_compress.</summary>
    [GlobalSetup]
    public void Setup()
    {
        if (!OpenJpeg.IsPresent)
        {
            throw new InvalidOperationException("libopenjp2 2.5 is not installed");
        }
        _image = Case.StartsWith("CT", StringComparison.Ordinal) ? CodecImages.Slice : CodecImages.Ultrasound;
        _frame = Case.EndsWith("HT", StringComparison.Ordinal) ? ProcessorRun.CompressHighThroughput(_image, ["-reversible", "true"]) : Compress();
        _size = ImageSize.Read(new SegmentReader(_frame.AsSpan(6), 6), _image);
        using var decoded = Codec.Decode(_frame, _image);
        if (Case != "US lossy" && !decoded.Data.SequenceEqual(CodecImages.Pixels(_image)))
        {
            throw new InvalidOperationException("Decoded otherwise than encoded");
        }
    }

    private byte[] Compress()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-benchmark-");
        var pixels = CodecImages.Pixels(_image);
        string native = Path.Join(folder.FullName, Case == "CT" ? "image.pgm" : "image.ppm"), compressed = Path.Join(folder.FullName, "image.j2k");
        var header = System.Text.Encoding.ASCII.GetBytes($"P{(Case == "CT" ? 5 : 6)}\n{_image.Columns} {_image.Rows}\n{(1 << _image.BitsStored) - 1}\n");
        byte[] samples = _image.BitsAllocated == 8 ? pixels : [.. pixels.Chunk(2).SelectMany(pair => new[] { pair[1], pair[0] })];
        File.WriteAllBytes(native, [.. header, .. samples]);
        using (var process = Process.Start("opj_compress", ["-i", native, "-o", compressed, .. Case == "US lossy" ? new[] { "-I", "-r", "20" } : []]))
        {
            process.WaitForExit();
        }
        var frame = File.ReadAllBytes(compressed);
        folder.Delete(recursive: true);
        return frame;
    }

    /// <summary>The C library on one thread, with the same copy into native samples.</summary>
    [Benchmark(Baseline = true)]
    public void OpenJpegDecode() => Native(1);

    /// <summary>The C library on all cores.</summary>
    [Benchmark]
    public void OpenJpegDecodeParallel() => Native(Environment.ProcessorCount);

    /// <summary>Ours, on all cores.</summary>
    [Benchmark]
    public void Decode() => Codec.Decode(_frame, _image).Dispose();

    private void Native(int threads)
    {
        using var frame = DecodedFrame.Rent(_image, _image.Columns, _image.Rows, _image.SamplesPerPixel, _image.BitsAllocated, _image.BitsStored);
        OpenJpeg.Decode(_frame, _size!, frame, threads);
    }
}
