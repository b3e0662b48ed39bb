using System.Buffers;
using BenchmarkDotNet.Attributes;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;

namespace Pacs.Benchmarks;

/// <summary>A CT slice of 512 x 512 x 16 bits and an ultrasound frame of 1024 x 768 x RGB: to 8 bits, to PNG, to JPEG, smaller.</summary>
[MemoryDiagnoser]
public class RenderBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new(1 << 22);
    private readonly RenderOptions _thumbnail = new() { Viewport = new(200, 200) };
    private readonly RenderOptions _window = new() { Window = new(40, 400) };
    private InstancePixels _slice = null!;
    private InstancePixels _ultrasound = null!;
    private RenderedImage _sliceImage = null!;
    private RenderedImage _ultrasoundImage = null!;

    /// <summary>A smooth body with noise; a grey sector with a coloured box on black.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        var words = new byte[512 * 512 * 2];
        var slice = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, short>(words.AsSpan());
        for (var i = 0; i < slice.Length; i++)
        {
            var (x, y) = ((i % 512) - 256, (i / 512) - 256);
            slice[i] = (short)((x * x) + (y * y) > 200 * 200 ? -1000 : (Math.Sin(x / 30.0) * 300) + random.Next(-40, 40));
        }
        _slice = InstancePixels.Of(Described(512, 512, 1, 16, "MONOCHROME2").Set(DicomTag.PixelRepresentation, 1).Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, words)), TransferSyntax.ExplicitVRLittleEndian);
        var bytes = new byte[1024 * 768 * 3];
        for (var i = 0; i < 1024 * 768; i++)
        {
            var (x, y) = ((i % 1024) - 512, i / 1024);
            var grey = (x * x) + (y * y) < 700 * 700 && Math.Abs(x) < y ? (byte)(random.Next(60) + (y / 6)) : (byte)0;
            (bytes[3 * i], bytes[(3 * i) + 1], bytes[(3 * i) + 2]) = Math.Abs(x) < 90 && y is > 300 and < 420 ? ((byte)(2 * grey), grey, (byte)0) : (grey, grey, grey);
        }
        _ultrasound = InstancePixels.Of(Described(768, 1024, 3, 8, "RGB").Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, bytes)), TransferSyntax.ExplicitVRLittleEndian);
        _sliceImage = _slice.Render(_window);
        _ultrasoundImage = _ultrasound.Render(new RenderOptions());
    }

    /// <summary>Samples to 8 bits through a window.</summary>
    [Benchmark]
    public void CtTo8Bit() => _slice.Render(_window).Dispose();

    /// <summary>RGB is copied.</summary>
    [Benchmark]
    public void UltrasoundTo8Bit() => _ultrasound.Render(new RenderOptions()).Dispose();

    /// <summary>Decoded, rendered and averaged down.</summary>
    [Benchmark]
    public void UltrasoundThumbnail() => _ultrasound.Render(_thumbnail).Dispose();

    /// <summary>The rendered slice.</summary>
    [Benchmark]
    public int CtPng() => Encode(w => PngEncoder.Encode(_sliceImage, w));

    /// <summary>The rendered frame.</summary>
    [Benchmark]
    public int UltrasoundPng() => Encode(w => PngEncoder.Encode(_ultrasoundImage, w));

    /// <summary>The rendered slice.</summary>
    [Benchmark]
    public int CtJpeg() => Encode(w => JpegEncoder.Encode(_sliceImage.Data, 512, 512, 1, 90, w));

    /// <summary>The rendered frame.</summary>
    [Benchmark]
    public int UltrasoundJpeg() => Encode(w => JpegEncoder.Encode(_ultrasoundImage.Data, 1024, 768, 3, 90, w));

    /// <summary>One frame of a cine.</summary>
    [Benchmark]
    public int UltrasoundGif() => Encode(w =>
    {
        var gif = new GifEncoder(w, 1024, 768);
        gif.Add(_ultrasoundImage, TimeSpan.FromMilliseconds(40));
        gif.Complete();
    });

    private int Encode(Action<IBufferWriter<byte>> encode)
    {
        _output.ResetWrittenCount();
        encode(_output);
        return _output.WrittenCount;
    }

    private static DicomDataset Described(int rows, int columns, int samples, int bits, string photometric) => new DicomDataset()
        .Set(DicomTag.SamplesPerPixel, samples).Set(DicomTag.PhotometricInterpretation, photometric).Set(DicomTag.Rows, rows).Set(DicomTag.Columns, columns)
        .Set(DicomTag.BitsAllocated, bits).Set(DicomTag.BitsStored, bits).Set(DicomTag.HighBit, bits - 1).Set(DicomTag.PixelRepresentation, 0);
}
