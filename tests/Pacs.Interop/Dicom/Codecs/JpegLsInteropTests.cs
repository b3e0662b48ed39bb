using System.Buffers;
using System.Runtime.InteropServices;
using Pacs.Benchmarks;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>JPEG-LS between us and dcmtk (CharLS).</summary>
public sealed class JpegLsInteropTests : IDisposable
{
    private static readonly JpegLsCodec Codec = new();

    private readonly string _folder = Directory.CreateTempSubdirectory("pacs-jpegls-").FullName;

    public static TheoryData<int, int, int, string> Variants()
    {
        var variants = new TheoryData<int, int, int, string>();
        foreach (var bits in new[] { 8, 10, 12, 15, 16 })
        {
            foreach (var near in new[] { 0, 1, 3 })
            {
                variants.Add(bits, 1, near, "+il");
            }
        }
        foreach (var interleave in new[] { "+il", "+is", "+in" })
        {
            foreach (var near in new[] { 0, 2 })
            {
                variants.Add(8, 3, near, interleave);
                if (interleave != "+in")
                {
                    // what dcmtk 3.6.7 makes of separate planes of 16 bits it cannot read itself
                    variants.Add(12, 3, near, interleave);
                    variants.Add(16, 3, near, interleave);
                }
            }
        }
        return variants;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task What_dcmtk_compresses_we_decode_as_it_does(int bits, int samples, int near, string interleave)
    {
        Tool.Require("dcmcjpls", "dcmdjpls");
        var image = CompressedFrames.Description(147, 93, samples, bits);
        var pixels = ImageFile.Pixels(image);
        string native = Path.Join(_folder, "native.dcm"), compressed = Path.Join(_folder, "compressed.dcm"), back = Path.Join(_folder, "back.dcm");
        ImageFile.Write(native, image, pixels);
        string[] way = near == 0 ? ["+el"] : ["+en", "+md", near.ToString()];
        // the cooked encoder codes the bits stored, the raw one always 8 or 16
        await RunAsync("dcmcjpls", [.. way, "+pc", interleave, native, compressed]);
        var decoded = ImageFile.Decode(Codec, compressed);
        if (near == 0)
        {
            Assert.Equal(pixels, decoded);
        }
        await RunAsync("dcmdjpls", [compressed, back]);
        Assert.Equal(ImageFile.Read(back), decoded);
    }

    /// <summary>All depths, from the library itself: dcmtk 3.6.7 has other thresholds than the standard below 8 bits. It only compresses here, what we made.</summary>
    [Fact]
    public void What_CharLS_compresses_we_decode()
    {
        Assert.SkipUnless(NativeLibrary.TryLoad("libcharls.so.2", out _), "libcharls2 is not installed");
        for (var bits = 2; bits <= 16; bits++)
        {
            foreach (var samples in new[] { 1, 3 })
            {
                var image = CompressedFrames.Description(147, 93, samples, bits);
                var pixels = ImageFile.Pixels(image);
                foreach (var interleave in samples == 1 ? new[] { 0 } : [1, 2])
                {
                    using var lossless = Codec.Decode(CharLs.Encode(pixels, image.Columns, image.Rows, bits, samples, interleave, near: 0), image);
                    Assert.Equal((bits, image.BitsAllocated), (lossless.BitsStored, lossless.BitsAllocated));
                    Assert.True(lossless.Data.SequenceEqual(pixels), $"{bits} bits, {samples} samples, interleaving {interleave}");
                    if (bits >= 4)
                    {
                        using var near = Codec.Decode(CharLs.Encode(pixels, image.Columns, image.Rows, bits, samples, interleave, near: 2), image);
                        Assert.InRange(Samples(near.Data, image).Zip(Samples(pixels, image), (a, b) => Math.Abs(a - b)).Max(), 1, 2);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(8, 1, 0)]
    [InlineData(8, 3, 0)]
    [InlineData(10, 1, 0)]
    [InlineData(12, 1, 0)]
    [InlineData(16, 1, 0)]
    [InlineData(16, 3, 0)]
    [InlineData(8, 1, 3)]
    [InlineData(8, 3, 2)]
    [InlineData(12, 1, 5)]
    public async Task What_we_compress_dcmtk_reads_as_we_do(int bits, int samples, int near)
    {
        Tool.Require("dcmdjpls");
        var image = CompressedFrames.Description(147, 93, samples, bits);
        var pixels = ImageFile.Pixels(image);
        var frame = Encode(pixels, image, near);
        string compressed = Path.Join(_folder, "compressed.dcm"), back = Path.Join(_folder, "back.dcm");
        ImageFile.WriteFrame(compressed, image, frame, near == 0 ? TransferSyntax.JpegLSLossless : TransferSyntax.JpegLSNearLossless);
        await RunAsync("dcmdjpls", [compressed, back]);
        using var decoded = Codec.Decode(frame, image);
        Assert.Equal(ImageFile.Read(back), decoded.Data.ToArray());
        Assert.InRange(Samples(decoded.Data, image).Zip(Samples(pixels, image), (a, b) => Math.Abs(a - b)).Max(), 0, near);
    }

    [Fact]
    public void What_we_compress_CharLS_reads()
    {
        Assert.SkipUnless(NativeLibrary.TryLoad("libcharls.so.2", out _), "libcharls2 is not installed");
        for (var bits = 2; bits <= 16; bits++)
        {
            foreach (var samples in new[] { 1, 3 })
            {
                var image = CompressedFrames.Description(147, 93, samples, bits);
                var pixels = ImageFile.Pixels(image);
                var back = new byte[pixels.Length];
                CharLs.Decode(Encode(pixels, image, near: 0), back);
                Assert.True(back.AsSpan().SequenceEqual(pixels), $"{bits} bits, {samples} samples");
            }
        }
    }

    [Theory]
    [InlineData("+t1", "5", "+t2", "9", "+t3", "30")]
    [InlineData("+rs", "20")]
    public async Task Presets_of_thresholds_and_reset_are_followed(params string[] preset)
    {
        Tool.Require("dcmcjpls");
        var image = CompressedFrames.Description(147, 93, 1, 8);
        var pixels = ImageFile.Pixels(image);
        string native = Path.Join(_folder, "native.dcm"), compressed = Path.Join(_folder, "compressed.dcm");
        ImageFile.Write(native, image, pixels);
        await RunAsync("dcmcjpls", ["+el", .. preset, native, compressed]);
        Assert.Equal(pixels, ImageFile.Decode(Codec, compressed));
    }

    [Fact]
    public async Task Files_of_others_decode_as_dcmtk_decodes_them()
    {
        Tool.Require("dcmdjpls");
        var folder = SharedSamples.Require("golden-images", "fetched");
        var compared = 0;
        foreach (var path in Directory.EnumerateFiles(folder).Concat(SharedSamples.Readable.Where(s => !s.Path.Contains("E_hostile", StringComparison.Ordinal)).Select(s => s.FullPath)))
        {
            if (await SyntaxOfAsync(path) is not { } syntax || (syntax != TransferSyntax.JpegLSLossless && syntax != TransferSyntax.JpegLSNearLossless))
            {
                continue;
            }
            var back = Path.Join(_folder, "back.dcm");
            var result = await Tool.RunAsync("dcmdjpls", TestContext.Current.CancellationToken, path, back);
            if (result.ExitCode != 0)
            {
                // dcmtk 3.6.7 does not read 7 bits
                Assert.Contains("JLSL_08_07", path);
                continue;
            }
            byte[] decoded;
            try
            {
                decoded = ImageFile.Decode(Codec, path);
            }
            catch (DicomException e)
            {
                Assert.Fail($"{path}: {e.Message}");
                throw;
            }
            Assert.True(ImageFile.Read(back).AsSpan().SequenceEqual(decoded), path);
            compared++;
        }
        Assert.True(compared >= 10, $"only {compared} files");
    }

    private static byte[] Encode(byte[] pixels, PixelDescription image, int near)
    {
        var writer = new ArrayBufferWriter<byte>();
        JpegLsEncoder.Encode(pixels, image.Columns, image.Rows, image.SamplesPerPixel, image.BitsStored, writer, near);
        return writer.WrittenSpan.ToArray();
    }

    private static IEnumerable<int> Samples(ReadOnlySpan<byte> bytes, PixelDescription image) =>
        image.BitsAllocated == 8 ? bytes.ToArray().Select(b => (int)b) : MemoryMarshal.Cast<byte, ushort>(bytes).ToArray().Select(w => (int)w);

    private static async Task<TransferSyntax?> SyntaxOfAsync(string path)
    {
        try
        {
            return (await DicomFile.OpenAsync(path, DicomReadOptions.HeaderOnly, TestContext.Current.CancellationToken)).Syntax;
        }
        catch (DicomException)
        {
            return null;
        }
    }

    private static async Task RunAsync(string tool, string[] arguments)
    {
        var result = await Tool.RunAsync(tool, TestContext.Current.CancellationToken, arguments);
        Assert.True(result.ExitCode == 0, result.All);
    }
}
