using System.Globalization;
using System.Runtime.InteropServices;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>What libjpeg-turbo and dcmtk encode we decode to the samples that they decode themselves, every bit the same.</summary>
public sealed class JpegDecoderInteropTests : IDisposable
{
    /// <summary>Data sets that say RGB though their JFIF streams are YCbCr with less colour. dcmtk believes them unless it is told to convert.</summary>
    private static readonly string[] CalledRgb = ["sonoscape_like_photometric_mismatch_1.dcm", "GH195.dcm"];

    private readonly string _folder = Directory.CreateTempSubdirectory("pacs-jpeg-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static TheoryData<int, int, string> Options()
    {
        var data = new TheoryData<int, int, string>();
        foreach (var (width, height) in new[] { (1, 1), (2, 3), (5, 4), (16, 16), (33, 17), (61, 47), (129, 70), (320, 240) })
        {
            foreach (var factors in new[] { "1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x1,1x1,2x1", "2x2,2x1,1x2", "1x1,2x2,1x1" })
            {
                data.Add(width, height, $"-sample {factors} -quality 90");
            }
            data.Add(width, height, "-sample 2x2 -quality 90 -progressive");
            data.Add(width, height, "-sample 2x1 -quality 30 -progressive -restart 1");
            data.Add(width, height, "-sample 1x1 -quality 100 -progressive");
            data.Add(width, height, "-sample 2x2 -quality 75 -restart 2B");
            data.Add(width, height, "-sample 2x1 -quality 75 -restart 1 -optimize");
            data.Add(width, height, "-sample 1x1 -quality 3");
            data.Add(width, height, "-sample 2x1 -quality 1 -qslots 0,1,1");
            data.Add(width, height, "-rgb -quality 95");
            data.Add(width, height, "-grayscale -quality 95");
            data.Add(width, height, "-grayscale -quality 60 -progressive");
            data.Add(width, height, "-grayscale -quality 100 -restart 3B -sample 2x2");
        }
        return data;
    }

    public static TheoryData<string, string> DcmtkOptions() => new()
    {
        { "rgb_planar0", "+eb +cy +s4 +q 90" },
        { "rgb_planar0", "+eb +cy +s2 +q 90" },
        { "rgb_planar0", "+eb +cy +np +q 60" },
        { "rgb_planar0", "+eb +cr +q 95" },
        { "rgb_planar0", "+ee +cy +s2 +q 80" },
        { "rgb_planar1", "+el +sv 7" },
        { "rgb_planar0", "+e1" },
        { "rgb_planar0", "+sp" },
        { "rgb_planar0", "+tl +el +sv 4" },
        { "m2_u8", "+eb" },
        { "m2_u8", "+ee" },
        { "m2_u8", "+e1 +pt 2" },
        { "m2_u8", "+sp" },
        { "m2_u12_nowin", "+ee +q 95" },
        { "m2_u12_nowin", "+ee +q 30" },
        { "m2_u12_nowin", "+el +sv 5 +pt 1 +pt 3" },
        { "ct_u12_rescale", "+tl +e1" },
        { "m2_u16_full", "+tl +e1" },
        { "m2_u16_full", "+tl +el +sv 2" },
        { "m2_u16_full", "+tl +el +sv 3" },
        { "m2_u16_full", "+tl +el +sv 4" },
        { "m2_u16_full", "+tl +el +sv 5" },
        { "m2_u16_full", "+tl +el +sv 6" },
        { "m2_u16_full", "+tl +el +sv 7" },
        { "ct_s16_win", "+tl +e1" },
        { "mf_rgb_3", "+eb +cy" },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Options))]
    public async Task Decodes_what_cjpeg_made_as_djpeg_does(int width, int height, string options)
    {
        Tool.Require("cjpeg", "djpeg");
        var source = Path.Join(_folder, "source.ppm");
        var stream = Path.Join(_folder, "stream.jpg");
        var decoded = Path.Join(_folder, "decoded.pnm");
        await File.WriteAllBytesAsync(source, TestPicture.Pnm(TestPicture.Create(width, height, 3, 8, width), width, height, 3, 8), Ct);
        var made = await Tool.RunAsync("cjpeg", Ct, [.. options.Split(' '), "-outfile", stream, source]);
        Assert.True(made.ExitCode == 0, made.All);
        var read = await Tool.RunAsync("djpeg", Ct, "-dct", "int", "-pnm", "-outfile", decoded, stream);
        Assert.True(read.ExitCode == 0, read.All);

        var bytes = await File.ReadAllBytesAsync(stream, Ct);
        var samples = options.Contains("gray", StringComparison.Ordinal) ? 1 : 3;
        var pnm = await File.ReadAllBytesAsync(decoded, Ct);
        using var frame = new JpegCodec().Decode(bytes, Describe(width, height, samples, 8));
        Assert.Equal((width, height, samples, 8), (frame.Width, frame.Height, frame.Samples, frame.BitsAllocated));
        AssertSame(pnm.AsSpan(pnm.Length - (width * height * samples)), frame.Data, 8);
    }

    [Theory]
    [MemberData(nameof(DcmtkOptions))]
    public async Task Decodes_what_dcmcjpeg_made_as_dcmdjpeg_does(string name, string options)
    {
        Tool.Require("dcmcjpeg", "dcmdjpeg");
        var source = SharedSamples.Require("golden-images", "synthetic", name + ".dcm");
        var stream = Path.Join(_folder, "stream.dcm");
        var made = await Tool.RunAsync("dcmcjpeg", Ct, [.. options.Split(' '), source, stream]);
        Assert.SkipUnless(made.ExitCode == 0, made.All);
        await AssertAsDcmtkAsync(stream);
    }

    [Fact]
    public async Task Decodes_the_samples_as_dcmdjpeg_does()
    {
        Tool.Require("dcmdjpeg");
        var golden = SharedSamples.Require("golden-images");
        var files = SharedSamples.Readable.Select(s => s.FullPath)
            .Concat(Directory.EnumerateFiles(Path.Join(golden, "synthetic"), "jpeg*.dcm"))
            .Concat(Directory.EnumerateFiles(Path.Join(golden, "fetched"), "*.dcm"));
        var count = 0;
        var failures = new List<string>();
        foreach (var file in files)
        {
            try
            {
                if (await AssertAsDcmtkAsync(file))
                {
                    count++;
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                failures.Add($"{Path.GetFileName(file)}: {e.Message}");
            }
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.True(count >= 40, $"only {count} files were compared");
    }

    private async Task<bool> AssertAsDcmtkAsync(string path)
    {
        InstancePixels ours;
        try
        {
            ours = InstancePixels.Open(path);
        }
        catch (DicomException)
        {
            return false;
        }
        using (ours)
        {
            if (ours.Syntax.Uid is not (DicomUid.JPEGBaseline8Bit or DicomUid.JPEGExtended12Bit or DicomUid.JPEGLossless or DicomUid.JPEGLosslessSV1))
            {
                return false;
            }
            var decoded = Path.Join(_folder, "decoded.dcm");
            File.Delete(decoded);
            var isCalledRgb = CalledRgb.Contains(Path.GetFileName(path));
            var result = await Tool.RunAsync("dcmdjpeg", Ct, "+px", isCalledRgb ? "+ca" : "+cp", path, decoded);
            if (!File.Exists(decoded))
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"{path}: dcmdjpeg cannot: {result.All}");
                return false;
            }
            using var theirs = InstancePixels.Open(decoded);
            for (var i = 1; i <= ours.Count; i++)
            {
                using var expected = theirs.Decode(i);
                using var actual = ours.Decode(i);
                AssertSame(expected.Data, actual.Data, actual.BitsAllocated);
            }
            return true;
        }
    }

    private static void AssertSame(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, int bits)
    {
        Assert.Equal(expected.Length, actual.Length);
        if (expected.SequenceEqual(actual))
        {
            return;
        }
        int different = 0, most = 0, first = -1;
        for (var i = 0; i < expected.Length; i += bits / 8)
        {
            var d = bits == 8 ? expected[i] - actual[i] : MemoryMarshal.Read<ushort>(expected[i..]) - MemoryMarshal.Read<ushort>(actual[i..]);
            if (d != 0)
            {
                different++;
                most = Math.Max(most, Math.Abs(d));
                first = first < 0 ? i : first;
            }
        }
        Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"{different} of {expected.Length * 8 / bits} samples differ, by up to {most}, the first at {first}"));
    }

    private static PixelDescription Describe(int width, int height, int samples, int bits) => new()
    {
        Rows = height,
        Columns = width,
        SamplesPerPixel = samples,
        BitsAllocated = bits > 8 ? 16 : 8,
        BitsStored = bits,
        HighBit = bits - 1,
        IsSigned = false,
        PhotometricInterpretation = samples == 3 ? "YBR_FULL_422" : "MONOCHROME2",
        IsPlanar = false,
        NumberOfFrames = 1,
    };
}
