using Pacs.Dicom;
using Pacs.Gdt;

namespace Pacs.Tests;

public sealed class ExaminationTests
{
    private static readonly DateTimeOffset Received = new(2026, 11, 22, 8, 4, 41, TimeSpan.FromHours(1));

    [Theory]
    [InlineData("20200716", "16072020")]
    [InlineData("2020.07.16", "16072020")]
    [InlineData("20200716123000", "16072020")]
    [InlineData("", "22112026")]
    [InlineData(null, "22112026")]
    [InlineData("202007", "22112026")]
    [InlineData("20201345", "22112026")]
    [InlineData("00000000", "22112026")]
    [InlineData("abcdefgh", "22112026")]
    public void A_date_that_is_missing_or_none_is_the_day_of_reception(string? value, string expected) =>
        Assert.Equal(expected, Read(DicomTag.StudyDate, value).Date.ToString("ddMMyyyy", null));

    [Theory]
    [InlineData("093331", "093331")]
    [InlineData("0930", "093000")]
    [InlineData("09", "090000")]
    [InlineData("235959.123456", "235959")]
    [InlineData("09:33:31", "093331")]
    [InlineData("235960", "235959")]
    [InlineData("", "000000")] // as the old plugin
    [InlineData(null, "080441")]
    [InlineData("2460", "080441")]
    [InlineData("999999", "080441")]
    [InlineData("abc", "080441")]
    public void A_time_that_is_missing_or_none_is_the_time_of_reception(string? value, string expected) =>
        Assert.Equal(expected, Read(DicomTag.StudyTime, value).Time.ToString("HHmmss", null));

    [Theory]
    [InlineData("R1", "US", "Abdomen", "R1 / US: Abdomen")]
    [InlineData("", "US", "Abdomen", " / US: Abdomen")]
    [InlineData("R1", "US", "", "R1 / US: ")]
    [InlineData("R1", "US", null, "R1 / US")]
    [InlineData("R1", null, "Abdomen", "R1 / Abdomen")]
    [InlineData("R1", null, null, "R1 / ")]
    [InlineData(null, null, null, " / ")]
    public void The_text_says_what_there_is(string? accession, string? modality, string? description, string text)
    {
        var header = new DicomDataset();
        foreach (var (tag, value) in ((DicomTag, string?)[])[(DicomTag.AccessionNumber, accession), (DicomTag.Modality, modality), (DicomTag.StudyDescription, description)])
        {
            if (value is not null)
            {
                header.Set(tag, value);
            }
        }
        Assert.Equal(text, Examination.Read(header, Received).Text);
    }

    private static Examination Read(DicomTag tag, string? value)
    {
        var header = new DicomDataset();
        if (value is not null)
        {
            header.Set(new DicomElement(tag, DicomDictionary.GetVr(tag), System.Text.Encoding.ASCII.GetBytes(value)));
        }
        return Examination.Read(header, Received);
    }
}
