using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class DicomJsonTests
{
    private static readonly XNamespace Native = "http://dicom.nema.org/PS3.19/models/NativeDICOM";

    private static DicomElement Text(DicomTag tag, DicomVr vr, string value) => new(tag, vr, Encoding.UTF8.GetBytes(value));

    private static DicomElement Descriptor(int entries, int bits) => new(DicomTag.RedPaletteColorLookupTableDescriptor, DicomVr.US, new byte[] { (byte)entries, 0, 0, 0, (byte)bits, 0 });

    private static string Json(DicomDataset dataset, BulkDataUri? bulkData = null, bool numericPalettes = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, DicomJsonWriter.Options))
        {
            new DicomJsonWriter(json, bulkData, numericPalettes).Write(dataset);
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static DicomDataset Read(string json) => Assert.Single(new DicomJsonReader().Read(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Every_kind_of_value_has_the_form_of_annex_F()
    {
        var dataset = new DicomDataset()
            .Set(Text(DicomTag.SpecificCharacterSet, DicomVr.CS, "ISO_IR 100"))
            .Set(Text(DicomTag.ImageType, DicomVr.CS, @"ORIGINAL\\PRIMARY "))
            .Set(Text(DicomTag.AccessionNumber, DicomVr.SH, ""))
            .Set(new DicomElement(DicomTag.PatientName, DicomVr.PN, Encoding.Latin1.GetBytes("Müller^Jörg==Mu")))
            .Set(Text(DicomTag.SliceThickness, DicomVr.DS, @"1.50\+2\-.5\x"))
            .Set(Text(DicomTag.InstanceNumber, DicomVr.IS, " 007 "))
            .Set(new DicomElement(DicomTag.FrameIncrementPointer, DicomVr.AT, new byte[] { 0x18, 0x00, 0x63, 0x10 }))
            .Set(new DicomElement(DicomTag.Rows, DicomVr.US, new byte[] { 0, 2 }))
            .Set(new DicomElement(DicomTag.RecommendedDisplayFrameRateInFloat, DicomVr.FL, BitConverter.GetBytes(0.1f)))
            .Set(new DicomElement(DicomTag.ReferencePixelPhysicalValueX, DicomVr.FD, BitConverter.GetBytes(double.NaN)))
            .Set(new DicomElement(DicomTag.ExtendedOffsetTable, DicomVr.UV, BitConverter.GetBytes(ulong.MaxValue)))
            .Set(new DicomElement(DicomTag.ReferencedImageSequence, Array.Empty<DicomDataset>()))
            .Set(new DicomElement(DicomTag.RequestAttributesSequence, [new DicomDataset().Set(Text(DicomTag.RequestedProcedureID, DicomVr.SH, "R1")), []]))
            .Set(new DicomElement(new DicomTag(0x00091001), DicomVr.UN, new byte[] { 1, 2, 3, 4 }))
            .Set(new DicomElement(new DicomTag(0x00080000), DicomVr.UL, new byte[4]));
        Assert.Equal("""
            {"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00080008":{"vr":"CS","Value":["ORIGINAL",null,"PRIMARY"]},"00080050":{"vr":"SH"},
            "00081140":{"vr":"SQ"},"00089459":{"vr":"FL","Value":[0.1]},"00091001":{"vr":"UN","InlineBinary":"AQIDBA=="},
            "00100010":{"vr":"PN","Value":[{"Alphabetic":"Müller^Jörg","Phonetic":"Mu"}]},"00180050":{"vr":"DS","Value":[1.50,2,-0.5,"x"]},
            "00186028":{"vr":"FD","Value":["NaN"]},"00200013":{"vr":"IS","Value":[7]},"00280009":{"vr":"AT","Value":["00181063"]},"00280010":{"vr":"US","Value":[512]},
            "00400275":{"vr":"SQ","Value":[{"00401001":{"vr":"SH","Value":["R1"]}},{}]},"7FE00001":{"vr":"UV","Value":["18446744073709551615"]}}
            """.ReplaceLineEndings(""), Json(dataset));
    }

    [Fact]
    public void Binary_values_become_the_uris_that_the_caller_wants()
    {
        var inner = new DicomDataset().Set(new DicomElement(DicomTag.EncapsulatedDocument, DicomVr.OB, new byte[8]));
        var dataset = new DicomDataset()
            .Set(new DicomElement(DicomTag.ReferencedImageSequence, [[], inner]))
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, new byte[4]]));
        Assert.Equal("""{"00081140":{"vr":"SQ","Value":[{},{"00420011":{"vr":"OB","BulkDataURI":"b/00081140/2/00420011"}}]},"7FE00010":{"vr":"OB","BulkDataURI":"b/7FE00010"}}""",
            Json(dataset, (_, path) => "b/" + path));
        Assert.Equal("""{"00081140":{"vr":"SQ","Value":[{},{"00420011":{"vr":"OB","InlineBinary":"AAAAAAAAAAA="}}]},"7FE00010":{"vr":"OB"}}""", Json(dataset));
        Assert.Same(inner[0], BulkDataPath.Find(dataset, "00081140/2/00420011"));
        Assert.All(new[] { "", "0", "00081140/", "00081140/2", "00081140/3/00420011", "00081140/0/00420011", "00081140/-1/00420011", "PixelData", "00081140/2/00420011/", "7FE00010/1/7FE00010" },
            path => Assert.Null(BulkDataPath.Find(dataset, path)));
    }

    [Theory]
    [InlineData(4, 16, "01000200FF000001", "[1,2,255,256]")]
    [InlineData(4, 8, "010203FF", "[1,2,3,255]")]
    [InlineData(3, 8, "01020300", "[1,2,3]")]
    [InlineData(4, 8, "01000200FF000000", "[1,2,255,0]")]
    public void Palettes_are_numbers_where_a_viewer_wants_them(int entries, int bits, string hex, string expected)
    {
        var dataset = new DicomDataset().Set(Descriptor(entries, bits))
            .Set(new DicomElement(DicomTag.RedPaletteColorLookupTableData, DicomVr.OW, Convert.FromHexString(hex)));
        Assert.Contains($$""""00281201":{"vr":"US","Value":{{expected}}}"""", Json(dataset, numericPalettes: true), StringComparison.Ordinal);
        Assert.Contains(""""00281201":{"vr":"OW","InlineBinary":"""", Json(dataset), StringComparison.Ordinal);
        // a table that does not fit its descriptor is no palette: the bytes speak for themselves
        dataset.Set(Descriptor(entries + 10, bits));
        Assert.Contains(""""00281201":{"vr":"OW","InlineBinary":"""", Json(dataset, numericPalettes: true), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_written_is_read_back()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var dataset = RandomDataset.Create(new Random(seed), TransferSyntax.ExplicitVRLittleEndian);
            var back = Read(Json(dataset));
            Assert.Equal(Json(dataset), Json(back));
            Assert.Equal(dataset.Count, back.Count);
        }
    }

    [Fact]
    public void Texts_are_read_as_utf8_and_said_to_be()
    {
        var dataset = Read("""{"00100010":{"Value":[{"Alphabetic":"Müller^Jörg","Ideographic":"山田"},null,{"Phonetic":"x"}],"vr":"PN"},"00281050":{"vr":"DS","Value":[1e2,"40"]}}""");
        Assert.Equal("ISO_IR 192", dataset.GetString(DicomTag.SpecificCharacterSet));
        Assert.Equal(@"Müller^Jörg=山田\\==x", dataset.GetString(DicomTag.PatientName));
        Assert.Equal([100, 40], dataset.GetDoubles(DicomTag.WindowCenter));
        Assert.False(Read("""{"00100020":{"vr":"LO","Value":["P1"]}}""").Contains(DicomTag.SpecificCharacterSet));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("[1]")]
    [InlineData("{}{}")]
    [InlineData("""{"0010001":{"vr":"PN"}}""")]
    [InlineData("""{"PatientName":{"vr":"PN"}}""")]
    [InlineData("""{"00100010":{"vr":"ZZ"}}""")]
    [InlineData("""{"00100010":{"vr":7}}""")]
    [InlineData("""{"00100010":[]}""")]
    [InlineData("""{"00100020":{"vr":"LO","Value":"P1"}}""")]
    [InlineData("""{"00100020":{"vr":"LO","Value":[["P1"]]}}""")]
    [InlineData("""{"00100020":{"vr":"LO","Value":["a\\b"]}}""")]
    [InlineData("""{"00100020":{"vr":"LO","Value":["\ud800"]}}""")]
    [InlineData("""{"00204000":{"vr":"LT","Value":["a","b"]}}""")]
    [InlineData("""{"00280010":{"vr":"US","Value":[65536]}}""")]
    [InlineData("""{"00280010":{"vr":"US","Value":[-1]}}""")]
    [InlineData("""{"00280010":{"vr":"US","Value":[1.5]}}""")]
    [InlineData("""{"00280010":{"vr":"US","Value":[null]}}""")]
    [InlineData("""{"00280009":{"vr":"AT","Value":["7"]}}""")]
    [InlineData("""{"00420011":{"vr":"OB","Value":[1]}}""")]
    [InlineData("""{"00420011":{"vr":"OB","InlineBinary":"A"}}""")]
    [InlineData("""{"00420011":{"vr":"OB","InlineBinary":"AAAA","BulkDataURI":"x"}}""")]
    [InlineData("""{"00420011":{"vr":"OB","BulkDataURI":"unknown"}}""")]
    [InlineData("""{"00081140":{"vr":"SQ","Value":[7]}}""")]
    public void What_is_not_in_the_model_is_refused_with_its_place(string json)
    {
        var error = Assert.Throws<DicomException>(() => new DicomJsonReader(uri => uri == "known" ? new byte[2] : null).Read(Encoding.UTF8.GetBytes(json)));
        Assert.True(error.Offset >= 0, error.Message);
    }

    [Fact]
    public void Depth_and_damage_end_in_an_exception()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"00081140":{"vr":"SQ","Value":[""", 100_000));
        Assert.Throws<DicomException>(() => Read(deep));
        var bytes = Encoding.UTF8.GetBytes(Json(RandomDataset.Create(new Random(5), TransferSyntax.ExplicitVRLittleEndian)));
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var damaged = bytes.AsSpan().ToArray();
            for (var i = random.Next(1, 5); i > 0; i--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }
            try
            {
                new DicomJsonReader().Read(damaged.AsSpan(0, random.Next(damaged.Length)));
            }
            catch (DicomException)
            {
                // the only exception that bytes may cause
            }
        }
    }

    [Fact]
    public void Xml_has_the_form_of_the_native_model()
    {
        var dataset = new DicomDataset()
            .Set(Text(DicomTag.SpecificCharacterSet, DicomVr.CS, "ISO_IR 192"))
            .Set(Text(DicomTag.ImageType, DicomVr.CS, @"ORIGINAL\PRIMARY"))
            .Set(Text(new DicomTag(0x00090010), DicomVr.LO, "ACME"))
            .Set(new DicomElement(new DicomTag(0x00091001), DicomVr.UN, new byte[] { 1, 2 }))
            .Set(Text(DicomTag.PatientName, DicomVr.PN, "Müller^Jörg^^Dr."))
            .Set(Text(DicomTag.PatientComments, DicomVr.LT, "a\u0001<b>"))
            .Set(new DicomElement(DicomTag.Rows, DicomVr.US, new byte[] { 0, 2 }))
            .Set(new DicomElement(DicomTag.RequestAttributesSequence, [new DicomDataset().Set(Text(DicomTag.RequestedProcedureID, DicomVr.SH, "R1"))]))
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[4]));
        using var stream = new MemoryStream();
        NativeXmlWriter.Write(stream, dataset, (element, path) => element.Tag == DicomTag.PixelData ? "b/" + path : null);
        var root = XDocument.Parse(Encoding.UTF8.GetString(stream.ToArray())).Root!;
        Assert.Equal(Native + "NativeDicomModel", root.Name);
        XElement Attribute(string tag) => root.Elements(Native + "DicomAttribute").Single(a => a.Attribute("tag")!.Value == tag);
        Assert.Equal(["1:ORIGINAL", "2:PRIMARY"], Attribute("00080008").Elements(Native + "Value").Select(v => $"{v.Attribute("number")!.Value}:{v.Value}"));
        Assert.Equal("ISO_IR 192", Attribute("00080005").Value);
        Assert.Equal(("ACME", "AQI="), (Attribute("00091001").Attribute("privateCreator")!.Value, Attribute("00091001").Element(Native + "InlineBinary")!.Value));
        Assert.Equal(["FamilyName=Müller", "GivenName=Jörg", "NamePrefix=Dr."],
            Attribute("00100010").Element(Native + "PersonName")!.Element(Native + "Alphabetic")!.Elements().Select(e => $"{e.Name.LocalName}={e.Value}"));
        Assert.Equal("a\uFFFD<b>", Attribute("00104000").Value);
        Assert.Equal(("512", "Rows", "US"), (Attribute("00280010").Value, Attribute("00280010").Attribute("keyword")!.Value, Attribute("00280010").Attribute("vr")!.Value));
        Assert.Equal("R1", Attribute("00400275").Element(Native + "Item")!.Element(Native + "DicomAttribute")!.Value);
        Assert.Equal("b/7FE00010", Attribute("7FE00010").Element(Native + "BulkData")!.Attribute("uri")!.Value);
    }
}
