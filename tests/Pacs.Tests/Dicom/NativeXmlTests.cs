using System.Text;
using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>The native DICOM model (PS3.19), there and back.</summary>
public sealed class NativeXmlTests
{
    [Fact]
    public void What_is_written_is_read_back()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            // in JSON and in XML the same is lost: paddings, and character sets other than UTF-8
            var dataset = new DicomJsonReader().Read(Json(RandomDataset.Create(new Random(seed), TransferSyntax.ExplicitVRLittleEndian)))[0];
            using var xml = new MemoryStream();
            NativeXmlWriter.Write(xml, dataset);
            var back = NativeXmlReader.Read(xml.ToArray());
            Assert.True(Datasets.Difference(dataset, back) is null, $"{seed}: {Datasets.Difference(dataset, back)}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("<NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='0010' vr='PN'/></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00100010' vr='XX'/></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00100020'/><DicomAttribute tag='00100020'/></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00280010' vr='US'><Value>x</Value></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00280010' vr='US'><Value><b/></Value></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='00280010' vr='US'><Other/></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='7FE00010' vr='OB'><BulkData uri='x'/></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='7FE00010' vr='OB'><BulkData uuid='x'/></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='7FE00010' vr='OB'><InlineBinary>AA==</InlineBinary><InlineBinary>AA==</InlineBinary></DicomAttribute></NativeDicomModel>")]
    [InlineData("<NativeDicomModel><DicomAttribute tag='7FE00010' vr='OB'><InlineBinary>AA==</InlineBinary><Value>1</Value></DicomAttribute></NativeDicomModel>")]
    [InlineData("<!DOCTYPE a [<!ENTITY b 'c'>]><NativeDicomModel>&b;</NativeDicomModel>")]
    public void Malformed_documents_are_refused(string xml) => Assert.Throws<DicomException>(() => NativeXmlReader.Read(Encoding.UTF8.GetBytes(xml)));

    [Fact]
    public void Endless_nesting_is_refused()
    {
        var xml = new StringBuilder("<NativeDicomModel>");
        for (var i = 0; i < 10_000; i++)
        {
            xml.Append("<DicomAttribute tag='00081140' vr='SQ'><Item number='1'>");
        }
        Assert.Throws<DicomException>(() => NativeXmlReader.Read(Encoding.UTF8.GetBytes(xml.ToString())));
    }

    [Fact]
    public void Values_that_are_left_out_are_empty() => Assert.Equal(
        ["", "", "a"], NativeXmlReader.Read("<NativeDicomModel><DicomAttribute tag='00080008' vr='CS'><Value number='3'>a</Value></DicomAttribute></NativeDicomModel>"u8.ToArray()).GetStrings(DicomTag.ImageType));

    private static byte[] Json(DicomDataset dataset)
    {
        using var buffer = new MemoryStream();
        using (var json = new System.Text.Json.Utf8JsonWriter(buffer, DicomJsonWriter.Options))
        {
            new DicomJsonWriter(json).Write(dataset);
        }
        return buffer.ToArray();
    }
}
