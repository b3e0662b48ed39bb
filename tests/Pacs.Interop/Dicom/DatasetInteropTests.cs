using System.Text;
using System.Text.Json;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>What we write, others read with the same values; what others write, we do.</summary>
public sealed class DatasetInteropTests : IDisposable
{
    private const string PrintAsJson = """
        import json, sys, pydicom
        def plain(v):
            if isinstance(v, pydicom.sequence.Sequence): return [dump(i) for i in v]
            if isinstance(v, (bytes, bytearray)): return bytes(v).hex()
            if isinstance(v, pydicom.multival.MultiValue): return '\\'.join(str(x) for x in v)
            return '' if v is None else str(v)
        def dump(ds): return {'%04X%04X' % (e.tag.group, e.tag.elem): [e.VR, plain(e.value)] for e in ds}
        ds = pydicom.dcmread(sys.argv[1])
        print(json.dumps({'meta': dump(ds.file_meta), 'data': dump(ds)}))
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("pacs-dataset-").FullName;

    public static TheoryData<string, bool> Ways()
    {
        var ways = new TheoryData<string, bool>();
        foreach (var syntax in new[]
        {
            TransferSyntax.ImplicitVRLittleEndian, TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ExplicitVRBigEndian,
            TransferSyntax.DeflatedExplicitVRLittleEndian, TransferSyntax.JpegBaseline,
        })
        {
            ways.Add(syntax.Uid, false);
            ways.Add(syntax.Uid, true);
        }
        return ways;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Pydicom_reads_the_values_we_wrote(string uid, bool undefinedLengths)
    {
        await Tool.RequirePythonAsync("pydicom", TestContext.Current.CancellationToken);
        var syntax = TransferSyntax.Get(uid);
        var path = Write(syntax, undefinedLengths);
        var result = await Tool.RunAsync("/usr/bin/python3", TestContext.Current.CancellationToken, "-c", PrintAsJson, path);
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Empty(result.Error);
        using var json = JsonDocument.Parse(result.Output);
        Assert.Equal(uid, Value(json.RootElement.GetProperty("meta"), "00020010", "UI"));
        var data = json.RootElement.GetProperty("data");
        Assert.Equal("P1", Value(data, "00100020", "LO"));
        Assert.Equal("512", Value(data, "00280010", "US"));
        Assert.Equal("-7", Value(data, "00186020", "SL"));
        Assert.Equal("1.5", Value(data, "00186028", "FD"));
        Assert.Equal("(0018, 1063)", Value(data, "00280009", "AT"));
        Assert.Equal("1.2.3", Value(data.GetProperty("00081115")[1][0], "0020000E", "UI"));
        Assert.Equal("2.3.4", Value(data.GetProperty("00081115")[1][0].GetProperty("00081199")[1][1], "00081155", "UI"));
        // too long for a 16-bit length: UN, which pydicom leaves as bytes when they are many
        var contour = data.GetProperty("30060050");
        Assert.Equal(syntax.IsExplicitVr ? ("UN", 2 * 70_000) : ("DS", 8750), (contour[0].GetString(), syntax.IsExplicitVr ? contour[1].GetString()!.Length : contour[1].GetString()!.Split('\\').Length));
        if (!syntax.IsEncapsulated)
        {
            // pydicom hands out pixel data as they are stored
            Assert.Equal(syntax.IsBigEndian ? "01020304" : "02010403", Value(data, "7FE00010", "OW"));
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Dcmtk_reads_the_values_we_wrote_without_a_complaint(string uid, bool undefinedLengths)
    {
        Tool.Require("dcmdump");
        var path = Write(TransferSyntax.Get(uid), undefinedLengths);
        var dump = await Tool.RunAsync("dcmdump", TestContext.Current.CancellationToken, path);
        Assert.True(dump.ExitCode == 0, dump.All);
        Assert.Empty(dump.Error);
        Assert.Contains("(0010,0020) LO [P1]", dump.Output);
        Assert.Contains("(0028,0010) US 512", dump.Output);
        Assert.Contains("(0018,6020) SL -7", dump.Output);
        Assert.Contains("(0018,6028) FD 1.5", dump.Output);
        Assert.Contains("(0028,0009) AT (0018,1063)", dump.Output);
        Assert.Contains("(0008,1155) UI [2.3.4]", dump.Output);
        Assert.Contains(undefinedLengths ? "(Sequence with undefined length" : "(Sequence with explicit length", dump.Output);
    }

    [Theory]
    [InlineData("+ti", TransferSyntaxes.Implicit)]
    [InlineData("+te", TransferSyntaxes.Explicit)]
    [InlineData("+tb", TransferSyntaxes.BigEndian)]
    [InlineData("+td", TransferSyntaxes.Deflated)]
    public async Task What_dcmtk_converts_we_read_with_the_same_values(string option, string uid)
    {
        Tool.Require("dcmconv");
        var source = Write(TransferSyntax.ExplicitVRLittleEndian, undefinedLengths: false);
        foreach (var length in new[] { "-e", "+e" })
        {
            var target = Path.Join(_folder, "converted.dcm");
            var result = await Tool.RunAsync("dcmconv", TestContext.Current.CancellationToken, option, length, source, target);
            Assert.True(result.ExitCode == 0, result.All);
            var file = DicomFile.Open(target);
            Assert.Equal(uid, file.Syntax.Uid);
            Assert.Empty(file.Warnings);
            Assert.Equal(
                Convert.ToHexString(DicomWriter.ToBytes(Example(TransferSyntax.ExplicitVRLittleEndian), TransferSyntax.ImplicitVRLittleEndian)),
                Convert.ToHexString(DicomWriter.ToBytes(file.Dataset, TransferSyntax.ImplicitVRLittleEndian)));
        }
    }

    private static string Value(JsonElement dataset, string tag, string vr)
    {
        var element = dataset.GetProperty(tag);
        Assert.Equal(vr, element[0].GetString());
        return element[1].GetString()!;
    }

    private static DicomDataset Example(TransferSyntax syntax)
    {
        var dataset = new DicomDataset()
            .Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage)
            .Set(DicomTag.SOPInstanceUID, "2.25.7")
            .Set(new DicomElement(DicomTag.ReferencedSeriesSequence,
            [
                new DicomDataset().Set(DicomTag.SeriesInstanceUID, "1.2.3").Set(new DicomElement(DicomTag.ReferencedSOPSequence,
                [
                    new DicomDataset(), new DicomDataset().Set(DicomTag.ReferencedSOPInstanceUID, "2.3.4"),
                ])),
                new DicomDataset(),
            ]))
            .Set(DicomTag.PatientID, "P1")
            .Set(new DicomTag(0x0018, 0x6020), -7)
            .Set(new DicomTag(0x0018, 0x6028), 1.5)
            .Set(new DicomElement(DicomTag.FrameIncrementPointer, DicomVr.AT, new byte[] { 0x18, 0x00, 0x63, 0x10 }))
            .Set(DicomTag.Rows, 512)
            .Set(new DicomElement(DicomTag.ContourData, DicomVr.DS, Encoding.ASCII.GetBytes(string.Join('\\', Enumerable.Repeat("1.25000", 8750)) + " ")));
        return dataset.Set(syntax.IsEncapsulated
            ? new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, new byte[] { 0xFF, 0xD8, 0xFF, 0xD9 }])
            : new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[] { 2, 1, 4, 3 }));
    }

    private string Write(TransferSyntax syntax, bool undefinedLengths)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        FileMetaInformation.Write(buffer, DicomUid.UltrasoundImageStorage, "2.25.7", syntax);
        DicomWriter.Write(Example(syntax), syntax, buffer, new DicomWriteOptions { UndefinedLengths = undefinedLengths });
        var path = Path.Join(_folder, "written.dcm");
        File.WriteAllBytes(path, buffer.WrittenSpan);
        return path;
    }

    private static class TransferSyntaxes
    {
        public const string Implicit = "1.2.840.10008.1.2";
        public const string Explicit = "1.2.840.10008.1.2.1";
        public const string BigEndian = "1.2.840.10008.1.2.2";
        public const string Deflated = "1.2.840.10008.1.2.1.99";
    }
}
