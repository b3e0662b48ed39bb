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
}
