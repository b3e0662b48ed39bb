using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>libjpeg-turbo is the yardstick: with the same settings its files are the same, byte by byte.</summary>
public sealed class JpegEncoderInteropTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pacs-jpeg-").FullName;

    public static TheoryData<int, int, int, int, ChromaSubsampling> Pictures() => new()
    {
        { 64, 64, 1, 90, ChromaSubsampling.None },
        { 61, 43, 1, 75, ChromaSubsampling.None },
        { 1, 1, 1, 50, ChromaSubsampling.None },
        { 640, 480, 3, 90, ChromaSubsampling.None },
        { 640, 480, 3, 90, ChromaSubsampling.Horizontal },
        { 640, 480, 3, 90, ChromaSubsampling.Both },
        { 61, 43, 3, 100, ChromaSubsampling.None },
        { 61, 43, 3, 100, ChromaSubsampling.Horizontal },
        { 61, 43, 3, 100, ChromaSubsampling.Both },
        { 71, 33, 3, 20, ChromaSubsampling.Horizontal },
        { 71, 33, 3, 1, ChromaSubsampling.Both },
        { 9, 17, 3, 85, ChromaSubsampling.Both },
        { 1, 1, 3, 85, ChromaSubsampling.Both },
        { 17, 8, 3, 85, ChromaSubsampling.Both },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Pictures))]
    public async Task Writes_the_file_that_cjpeg_writes(int width, int height, int samples, int quality, ChromaSubsampling subsampling)
    {
        Tool.Require("cjpeg");
        var picture = TestPicture.Create(width, height, samples, 8, width + quality);
        var source = Path.Join(_folder, "picture.pnm");
        var target = Path.Join(_folder, "picture.jpg");
        await File.WriteAllBytesAsync(source, TestPicture.Pnm(picture, width, height, samples, 8), TestContext.Current.CancellationToken);
        var factors = subsampling switch { ChromaSubsampling.None => "1x1", ChromaSubsampling.Horizontal => "2x1", _ => "2x2" };
        var result = await Tool.RunAsync("cjpeg", TestContext.Current.CancellationToken,
            "-dct", "int", "-baseline", "-quality", quality.ToString(CultureInfo.InvariantCulture), "-sample", factors, "-outfile", target, source);
        Assert.True(result.ExitCode == 0, result.All);

        var ours = new ArrayBufferWriter<byte>();
        JpegEncoder.Encode(Array.ConvertAll(picture, s => (byte)s), width, height, samples, quality, ours, subsampling);
        Assert.Equal(await File.ReadAllBytesAsync(target, TestContext.Current.CancellationToken), ours.WrittenSpan.ToArray());
    }

    [Theory]
    [InlineData(61, 43, 1, 8)]
    [InlineData(61, 43, 1, 12)]
    [InlineData(317, 201, 1, 16)]
    [InlineData(317, 201, 3, 8)]
    [InlineData(1, 1, 1, 16)]
    [InlineData(1, 9, 3, 8)]
    public async Task Dcmtk_decodes_the_lossless_frames_we_wrote(int width, int height, int samples, int precision)
    {
        Tool.Require("dcmdjpeg");
        var picture = TestPicture.Create(width, height, samples, precision, width);
        var native = precision > 8 ? MemoryMarshal.AsBytes(picture.AsSpan()).ToArray() : Array.ConvertAll(picture, s => (byte)s);
        var ours = new ArrayBufferWriter<byte>();
        JpegLosslessEncoder.Encode(native, width, height, samples, precision, ours);
        byte[] fragment = [.. ours.WrittenSpan, .. new byte[ours.WrittenCount % 2]];

        var image = new DicomDataset();
        void Text(DicomTag tag, string value) => image.Set(new DicomElement(tag, DicomDictionary.GetVr(tag), Encoding.ASCII.GetBytes(value)));
        Text(DicomTag.SOPClassUID, DicomUid.SecondaryCaptureImageStorage);
        Text(DicomTag.SOPInstanceUID, "1.2.3");
        Text(DicomTag.PhotometricInterpretation, samples == 3 ? "RGB" : "MONOCHROME2");
        image.Set(DicomTag.SamplesPerPixel, samples).Set(DicomTag.Rows, height).Set(DicomTag.Columns, width).Set(DicomTag.BitsAllocated, precision > 8 ? 16 : 8)
            .Set(DicomTag.BitsStored, precision).Set(DicomTag.HighBit, precision - 1).Set(DicomTag.PixelRepresentation, 0);
        if (samples == 3)
        {
            image.Set(DicomTag.PlanarConfiguration, 0);
        }
        image.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [default, fragment]));
        var source = Path.Join(_folder, "lossless.dcm");
        var target = Path.Join(_folder, "native.dcm");
        new DicomFile(image, TransferSyntax.JpegLosslessSV1).Save(source);
        var result = await Tool.RunAsync("dcmdjpeg", TestContext.Current.CancellationToken, "+px", source, target);
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Equal(native, DicomFile.Open(target).Dataset.Get(DicomTag.PixelData)!.Value[..native.Length].ToArray());
    }
}
