using System.Text;
using Pacs.Dicom;
using Pacs.Web.Pages;

namespace Pacs.Tests;

public sealed class PagesTagRowsTests
{
    private static IReadOnlyList<TagRow> Rows(DicomDataset dataset)
    {
        PagesKit.Speak("de");
        return PagesKit.TagRows.Of(dataset);
    }

    private static DicomElement Element(DicomTag tag, DicomVr vr, string ascii) => new(tag, vr, Encoding.ASCII.GetBytes(ascii));

    [Fact]
    public void Elements_come_in_order_with_name_and_value()
    {
        var rows = Rows(new DicomDataset()
            .Set(Element(DicomTag.PatientName, DicomVr.PN, "Mueller^Joerg"))
            .Set(Element(DicomTag.Modality, DicomVr.CS, "US"))
            .Set(Element(DicomTag.ImageType, DicomVr.CS, "ORIGINAL\\PRIMARY")));
        Assert.Equal(
            [
                new TagRow(0, "(0008,0008)", "CS", "Image Type", "ORIGINAL \\ PRIMARY"),
                new TagRow(0, "(0008,0060)", "CS", "Modality", "US"),
                new TagRow(0, "(0010,0010)", "PN", "Patient's Name", "Mueller^Joerg"),
            ],
            rows);
    }

    [Fact]
    public void Sequences_show_their_items_below_them()
    {
        DicomDataset Item(string code) => new DicomDataset().Set(Element(DicomTag.CodeValue, DicomVr.SH, code));
        var inner = new DicomDataset().Set(new DicomElement(DicomTag.ConceptNameCodeSequence, [Item("A"), Item("B")]));
        var rows = Rows(new DicomDataset()
            .Set(new DicomElement(DicomTag.ContentSequence, [inner, new DicomDataset()]))
            .Set(Element(new DicomTag(0x0054, 0x0081), DicomVr.US, "")));
        Assert.Equal(
            ["0 (0040,A730) 2 Einträge", "1  ", "1 (0040,A043) 2 Einträge", "2  ", "2 (0008,0100) A", "2  ", "2 (0008,0100) B", "1  ", "0 (0054,0081) "],
            rows.Select(r => $"{r.Depth} {r.Tag} {r.Value}"));
        Assert.Equal(["Eintrag 1", "Eintrag 1", "Eintrag 2", "Eintrag 2"], rows.Where(r => r.IsItem).Select(r => r.Name));
    }

    [Fact]
    public void Private_elements_name_their_owner()
    {
        var rows = Rows(new DicomDataset()
            .Set(Element(new DicomTag(0x0009, 0x0010), DicomVr.LO, "SONOSCAPE"))
            .Set(Element(new DicomTag(0x0009, 0x1001), DicomVr.UN, "plain text"))
            .Set(new DicomElement(new DicomTag(0x0009, 0x1102), DicomVr.UN, new byte[] { 1, 2, 3 })));
        Assert.Equal(["Private Creator", "Privat (SONOSCAPE)", "Privat"], rows.Select(r => r.Name));
        Assert.Equal(["SONOSCAPE", "“plain text”", "Binär, 3 Byte: 01 02 03"], rows.Select(r => r.Value));
    }

    [Fact]
    public void Binary_and_long_values_are_summarised()
    {
        var rows = Rows(new DicomDataset()
            .Set(new DicomElement(DicomTag.RedPaletteColorLookupTableData, DicomVr.OW, new byte[131072]))
            .Set(new DicomElement(DicomTag.Rows, DicomVr.US, new byte[] { 0x00, 0x02 }))
            .Set(new DicomElement(DicomTag.SmallestImagePixelValue, DicomVr.US, new byte[512]))
            .Set(Element(DicomTag.ImageComments, DicomVr.LT, new string('x', 65536)))
            .Set(Element(DicomTag.SOPClassUID, DicomVr.UI, DicomUid.UltrasoundImageStorage + "\0"))
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, new byte[2048]])));
        Assert.Equal($"{DicomUid.UltrasoundImageStorage} (Ultrasound Image Storage)", rows[0].Value);
        Assert.EndsWith("(65.536 Zeichen, gekürzt)", rows[1].Value, StringComparison.Ordinal);
        Assert.Equal("512", rows[2].Value);
        Assert.EndsWith("\\ … (256 Werte, gekürzt)", rows[3].Value, StringComparison.Ordinal);
        Assert.Equal("Binär, 128 KB: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 …", rows[4].Value);
        Assert.Equal("Komprimiert: 1 Fragment, 2 KB", rows[5].Value);
    }

    [Fact]
    public void The_table_ends_where_a_page_becomes_too_long()
    {
        var items = Enumerable.Range(0, TagRows.MaxRows * 2).Select(_ => new DicomDataset());
        var rows = Rows(new DicomDataset().Set(new DicomElement(DicomTag.ContentSequence, items)));
        Assert.Equal(TagRows.MaxRows + 1, rows.Count);
    }

    [Fact]
    public void Depth_does_not_grow_the_stack()
    {
        var dataset = new DicomDataset();
        for (var i = 0; i < 4000; i++)
        {
            dataset = new DicomDataset().Set(new DicomElement(DicomTag.ContentSequence, [dataset]));
        }
        Assert.Equal(TagRows.MaxRows + 1, Rows(dataset).Count);
    }
}
