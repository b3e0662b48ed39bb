using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class DictionaryTests
{
    [Theory]
    [InlineData("PatientID", 0x00100020u, "LO")]
    [InlineData("OverlayData", 0x60003000u, "OW")]
    [InlineData("PixelData", 0x7FE00010u, "OW")]
    [InlineData("StudyInstanceUID", 0x0020000Du, "UI")]
    public void A_keyword_has_a_tag_and_the_tag_a_VR(string keyword, uint tag, string vr)
    {
        Assert.True(DicomTag.TryParse(keyword, out var parsed));
        Assert.Equal(tag, parsed.Value);
        Assert.Equal(vr, DicomDictionary.GetVr(parsed).ToString());
    }

    [Fact]
    public void Every_line_is_found_by_its_tag_and_by_its_keyword()
    {
        Assert.True(DicomDictionary.All.Count > 5300);
        foreach (var entry in DicomDictionary.All)
        {
            Assert.Equal(entry.Name, DicomDictionary.Find(entry.Tag)!.Name);
            if (entry.Keyword.Length > 0)
            {
                Assert.True(DicomTag.TryParse(entry.Keyword, out var tag));
                Assert.Equal(entry.Tag, tag);
            }
        }
    }

    [Fact]
    public void A_repeating_group_is_found_by_any_of_its_groups()
    {
        var entry = DicomDictionary.Find(new DicomTag(0x6002, 0x0010));
        Assert.Equal("OverlayRows", entry!.Keyword);
        Assert.Equal(new DicomTag(0x6002, 0x0010), entry.Tag);
    }

    [Fact]
    public void The_generated_tables_are_those_of_tools_dictionary()
    {
        // stale? dotnet run tools/gen-dictionary.cs
        var tags = Rows("tags.tsv");
        foreach (var row in tags)
        {
            // repeating groups are written with x for any digit; (0028,04x0) starts at 10 because (0028,0400) is another
            var first = row[0].Replace('x', '0');
            var tag = DicomTag.Parse(first != row[0] && tags.Any(r => r[0] == first) ? row[0].Replace('x', '1') : first);
            var entry = DicomDictionary.Find(tag);
            Assert.NotNull(entry);
            Assert.Equal([row[1], row[2], row[3], row[4], row[5]], [entry.Keyword, entry.Name, entry.VrText, entry.Vm, entry.IsRetired ? "Y" : "N"]);
        }
        Assert.Equal(tags.Count, DicomDictionary.All.Count);

        var uids = Rows("uids.tsv");
        foreach (var row in uids)
        {
            var entry = DicomUid.Find(row[0]);
            Assert.NotNull(entry);
            Assert.Equal([row[1], row[2], row[3], row[4]], [entry.Name, entry.Keyword, entry.Type, entry.IsRetired ? "Y" : "N"]);
        }
        Assert.Equal(uids.Count, DicomUid.All.Count());

        static List<string[]> Rows(string name) =>
            [.. File.ReadLines(Path.Join(Repository.Root, "tools", "dictionary", name)).Skip(1).Where(l => l.Length > 0).Select(l => l.Split('\t'))];
    }
}
