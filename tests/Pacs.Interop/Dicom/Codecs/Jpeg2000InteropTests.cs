using System.Globalization;
using System.Text;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>JPEG 2000 as OpenJPEG and GDCM write it.</summary>
public sealed class Jpeg2000InteropTests : IDisposable
{
    private const int Width = 173, Height = 118;

    private static readonly Jpeg2000Codec Codec = new();

    private readonly string _folder = Directory.CreateTempSubdirectory("pacs-jpeg2000-").FullName;

    public static TheoryData<string> Variants()
    {
        var variants = new TheoryData<string>();
        foreach (var order in new[] { "LRCP", "RLCP", "RPCL", "PCRL", "CPRL" })
        {
            variants.Add($"-p {order}");
            variants.Add($"-p {order} -t 64,48 -n 4");
            variants.Add($"-p {order} -c [64,64],[32,32],[16,16] -r 20,5,1");
            variants.Add($"-p {order} -t 50,70 -T 3,5 -d 7,9 -c [32,32] -b 16,16 -SOP -EPH");
            variants.Add($"-p {order} -I -r 12,4");
            variants.Add($"-p {order} -t 64,64 -TP R");
        }
        // bypass 1, reset 2, terminate all 4, vertically causal 8, predictable termination 16, segmentation symbols 32
        foreach (var mode in new[] { 1, 2, 4, 5, 8, 16, 32, 63, 9, 36 })
        {
            variants.Add($"-M {mode}");
            variants.Add($"-M {mode} -r 30,10,1 -b 32,32");
        }
        foreach (var blocks in new[] { "4,4", "4,256", "1024,4", "64,4", "8,512" })
        {
            variants.Add($"-b {blocks}");
        }
        foreach (var levels in new[] { 1, 2, 3, 7 })
        {
            variants.Add($"-n {levels}");
            variants.Add($"-n {levels} -I");
        }
        variants.Add("-d 101,53");
        variants.Add("-d 1,1 -n 3 -I");
        variants.Add("-EPH");
        variants.Add("-SOP -r 40,20,10,1");
        variants.Add("-ROI c=0,U=12");
        variants.Add("-n 3 -r 9,1 -POC T1=0,0,1,3,3,CPRL/T1=0,0,2,3,3,LRCP");
        return variants;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Every_variant_of_opj_compress_is_decoded_as_opj_decompress_does(string options)
    {
        Tool.Require("opj_compress", "opj_decompress");
        foreach (var (samples, bits) in new[] { (1, 8), (1, 12), (1, 16), (3, 8) })
        {
            var image = CompressedFrames.Description(Width, Height, samples, bits);
            var native = Path.Join(_folder, samples == 1 ? "native.pgm" : "native.ppm");
            var compressed = Path.Join(_folder, "compressed.j2k");
            var back = Path.Join(_folder, samples == 1 ? "back.pgm" : "back.ppm");
            WriteNetpbm(native, image, ImageFile.Pixels(image));
            await RunAsync("opj_compress", ["-i", native, "-o", compressed, .. options.Split(' ')]);
            await RunAsync("opj_decompress", ["-i", compressed, "-o", back]);
            using var decoded = Codec.Decode(await File.ReadAllBytesAsync(compressed, TestContext.Current.CancellationToken), image);
            var expected = ReadNetpbm(back, image);
            Assert.Equal((Width, Height, samples, bits), (decoded.Width, decoded.Height, decoded.Samples, decoded.BitsStored));
            Assert.Equal(samples == 3 ? SampleColor.Rgb : SampleColor.AsDescribed, decoded.Color);
            // floating point arithmetic in another order may round otherwise; and OpenJPEG has 2/K as 1.625732 instead of 1.625786, which shows in 16 bits
            var tolerance = !options.Contains("-I", StringComparison.Ordinal) ? 0 : bits == 16 ? 4 : 1;
            var difference = Values(decoded.Data, image).Zip(Values(expected, image), (a, b) => Math.Abs(a - b)).Max();
            Assert.True(difference <= tolerance, $"{samples} samples of {bits} bits: off by {difference}");
        }
    }

    [Theory]
    [InlineData(1, 8, false)]
    [InlineData(1, 12, true)]
    [InlineData(1, 16, true)]
    [InlineData(3, 8, false)]
    public async Task What_gdcm_compresses_losslessly_comes_back(int samples, int bits, bool signed)
    {
        Tool.Require("gdcmconv");
        var image = CompressedFrames.Description(Width, Height, samples, bits, signed);
        var pixels = ImageFile.Pixels(image);
        string native = Path.Join(_folder, "native.dcm"), compressed = Path.Join(_folder, "compressed.dcm");
        ImageFile.Write(native, image, pixels);
        await RunAsync("gdcmconv", ["--j2k", native, compressed]);
        Assert.Equal(pixels, ImageFile.Decode(Codec, compressed));
    }

    [Fact]
    public async Task Files_of_others_decode_as_gdcm_decodes_them()
    {
        Tool.Require("gdcmconv");
        var folder = SharedSamples.Require("golden-images", "fetched");
        var compared = 0;
        var wrong = new List<string>();
        foreach (var path in Directory.EnumerateFiles(folder).Concat(SharedSamples.Readable.Where(s => !s.Path.Contains("E_hostile", StringComparison.Ordinal)).Select(s => s.FullPath)))
        {
            if (Syntax(path) is not { } syntax || (syntax != TransferSyntax.Jpeg2000Lossless && syntax != TransferSyntax.Jpeg2000))
            {
                continue;
            }
            if (PixelDescription.Of(DicomFile.Open(path).Dataset).BitsAllocated == 1)
            {
                // GDCM packs eight samples into a byte, a codec does not
                continue;
            }
            var back = Path.Join(_folder, "back.dcm");
            var result = await Tool.RunAsync("gdcmconv", TestContext.Current.CancellationToken, "--raw", path, back);
            if (result.ExitCode != 0)
            {
                continue;
            }
            try
            {
                var image = PixelDescription.Of(DicomFile.Open(back).Dataset);
                var (expected, decoded) = (ImageFile.Read(back), ImageFile.Decode(Codec, path));
                var difference = Values(decoded, image).Zip(Values(expected, image), (a, b) => Math.Abs(a - b)).Max();
                if (decoded.Length != expected.Length || difference > (syntax == TransferSyntax.Jpeg2000 ? 1 : 0))
                {
                    wrong.Add($"{path}: off by {difference}");
                }
                compared++;
            }
            catch (DicomException e)
            {
                wrong.Add($"{path}: {e.Message}");
            }
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.True(compared >= 10, $"only {compared} files");
    }

    private static TransferSyntax? Syntax(string path)
    {
        try
        {
            return DicomFile.Open(path, DicomReadOptions.HeaderOnly).Syntax;
        }
        catch (DicomException)
        {
            return null;
        }
    }

    private static IEnumerable<int> Values(ReadOnlySpan<byte> bytes, PixelDescription image)
    {
        var values = new int[bytes.Length / (image.BitsAllocated / 8)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = image.BitsAllocated == 8 ? bytes[i] : image.IsSigned ? (short)(bytes[2 * i] | (bytes[(2 * i) + 1] << 8)) : bytes[2 * i] | (bytes[(2 * i) + 1] << 8);
        }
        return values;
    }

    private static void WriteNetpbm(string path, PixelDescription image, byte[] pixels)
    {
        var header = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"P{(image.SamplesPerPixel == 1 ? 5 : 6)}\n{image.Columns} {image.Rows}\n{(1 << image.BitsStored) - 1}\n"));
        File.WriteAllBytes(path, [.. header, .. Swapped(pixels, image)]);
    }

    private static byte[] ReadNetpbm(string path, PixelDescription image)
    {
        var bytes = File.ReadAllBytes(path);
        return Swapped(bytes[^(image.Columns * image.Rows * image.SamplesPerPixel * (image.BitsAllocated / 8))..], image);
    }

    /// <summary>Netpbm is big endian.</summary>
    private static byte[] Swapped(byte[] pixels, PixelDescription image) =>
        image.BitsAllocated == 8 ? pixels : [.. pixels.Chunk(2).SelectMany(pair => new[] { pair[1], pair[0] })];

    private static async Task RunAsync(string tool, string[] arguments)
    {
        var result = await Tool.RunAsync(tool, TestContext.Current.CancellationToken, arguments);
        Assert.True(result.ExitCode == 0, result.All);
    }
}
