using System.Buffers;
using BenchmarkDotNet.Attributes;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Benchmarks;

/// <summary>Baseline JPEG beside libjpeg-turbo, an ultrasound frame of 2.4 MB.</summary>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkDotNet.Configs.BenchmarkLogicalGroupRule.ByCategory)]
public class JpegBenchmarks
{
    private const int Quality = 90;

    private static readonly JpegCodec Codec = new();
    private static readonly PixelDescription Image = CodecImages.Ultrasound with { PhotometricInterpretation = "YBR_FULL_422" };

    private readonly ArrayBufferWriter<byte> _writer = new(1 << 20);
    private byte[] _pixels = [];
    private byte[] _frame = [];
    private byte[] _target = [];

    /// <summary>Of colour.</summary>
    [Params(ChromaSubsampling.None, ChromaSubsampling.Horizontal, ChromaSubsampling.Both)]
    public ChromaSubsampling Subsampling { get; set; }

    /// <summary>Compresses the image, and looks whether both decode it to the same.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _pixels = CodecImages.Pixels(CodecImages.Ultrasound);
        _target = new byte[_pixels.Length];
        Encode();
        _frame = _writer.WrittenSpan.ToArray();
        TurboDecode();
        using var decoded = Codec.Decode(_frame, Image);
        if (!decoded.Data.SequenceEqual(_target))
        {
            throw new InvalidOperationException("Decoded otherwise than libjpeg-turbo does");
        }
    }

    /// <summary>The C library.</summary>
    [Benchmark(Baseline = true)]
    [BenchmarkCategory("decode")]
    public void TurboDecode() => TurboJpeg.Decode(_frame, _target, Image.Columns, Image.Rows);

    /// <summary>Ours.</summary>
    [Benchmark]
    [BenchmarkCategory("decode")]
    public void Decode() => Codec.Decode(_frame, Image).Dispose();

    /// <summary>The C library.</summary>
    [Benchmark(Baseline = true)]
    [BenchmarkCategory("encode")]
    public int TurboEncode() => TurboJpeg.Encode(_pixels, Image.Columns, Image.Rows, (int)Subsampling, Quality);

    /// <summary>Ours.</summary>
    [Benchmark]
    [BenchmarkCategory("encode")]
    public void Encode()
    {
        _writer.ResetWrittenCount();
        JpegEncoder.Encode(_pixels, Image.Columns, Image.Rows, 3, Quality, _writer, Subsampling);
    }
}

/// <summary>Lossless JPEG, for which there is no library to compare with: libjpeg-turbo of Debian 12 does not have it.</summary>
[MemoryDiagnoser]
public class JpegLosslessBenchmarks
{
    private static readonly JpegCodec Codec = new();

    private readonly ArrayBufferWriter<byte> _writer = new(4 << 20);
    private PixelDescription _image = CodecImages.Slice;
    private byte[] _pixels = [];
    private byte[] _frame = [];

    /// <summary>A slice of 0.5 MB or an ultrasound frame of 2.4 MB.</summary>
    [Params("CT", "US")]
    public string Case { get; set; } = "CT";

    /// <summary>Compresses the image.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _image = Case == "CT" ? CodecImages.Slice : CodecImages.Ultrasound;
        _pixels = CodecImages.Pixels(_image);
        Encode();
        _frame = _writer.WrittenSpan.ToArray();
    }

    /// <summary>Ours.</summary>
    [Benchmark]
    public void Decode() => Codec.Decode(_frame, _image).Dispose();

    /// <summary>Ours.</summary>
    [Benchmark]
    public void Encode()
    {
        _writer.ResetWrittenCount();
        JpegLosslessEncoder.Encode(_pixels, _image.Columns, _image.Rows, _image.SamplesPerPixel, _image.BitsAllocated, _writer);
    }
}
