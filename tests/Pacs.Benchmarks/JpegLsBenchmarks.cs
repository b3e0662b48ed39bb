using System.Buffers;
using BenchmarkDotNet.Attributes;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Benchmarks;

/// <summary>JPEG-LS beside CharLS.</summary>
[MemoryDiagnoser]
public class JpegLsBenchmarks
{
    private static readonly JpegLsCodec Codec = new();

    private readonly ArrayBufferWriter<byte> _writer = new();
    private PixelDescription _image = CodecImages.Slice;
    private byte[] _pixels = [];
    private byte[] _frame = [];
    private byte[] _target = [];

    /// <summary>What is decompressed: 12 bit CT, and RGB ultrasound in two interleavings.</summary>
    [Params("CT", "US line", "US sample")]
    public string Case { get; set; } = "CT";

    /// <summary>Compresses the image.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _image = Case == "CT" ? CodecImages.Slice : CodecImages.Ultrasound;
        _pixels = CodecImages.Pixels(_image);
        _frame = CharLs.Encode(_pixels, _image.Columns, _image.Rows, _image.BitsStored, _image.SamplesPerPixel, Interleave, 0);
        _target = new byte[_pixels.Length];
        using var decoded = Codec.Decode(_frame, _image);
        if (!decoded.Data.SequenceEqual(_pixels))
        {
            throw new InvalidOperationException("Decoded otherwise than encoded");
        }
    }

    private int Interleave => Case switch { "CT" => 0, "US line" => 1, _ => 2 };

    /// <summary>The C library.</summary>
    [Benchmark]
    public void CharLsEncode() => CharLs.Encode(_pixels, _image.Columns, _image.Rows, _image.BitsStored, _image.SamplesPerPixel, _image.SamplesPerPixel == 1 ? 0 : 2, 0);

    /// <summary>Ours, colours always interleaved by sample.</summary>
    [Benchmark]
    public void Encode()
    {
        _writer.ResetWrittenCount();
        JpegLsEncoder.Encode(_pixels, _image.Columns, _image.Rows, _image.SamplesPerPixel, _image.BitsStored, _writer);
    }

    /// <summary>The C library.</summary>
    [Benchmark(Baseline = true)]
    public void CharLsDecode() => CharLs.Decode(_frame, _target);

    /// <summary>Ours.</summary>
    [Benchmark]
    public void Decode() => Codec.Decode(_frame, _image).Dispose();
}
