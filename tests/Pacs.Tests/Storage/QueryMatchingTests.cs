using System.Text;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests.Storage;

public sealed class QueryMatchingTests
{
    [Theory]
    // single value (PS3.4 §C.2.2.2.1)
    [InlineData("PatientID", "1723", "1723", true)]
    [InlineData("PatientID", "1723 ", "1723", true)]
    [InlineData("PatientID", "172", "1723", false)]
    [InlineData("PatientID", "001", "1", false)]
    [InlineData("StationName", "us01", "US01", false)]
    [InlineData("OtherPatientIDs", "B", "A\\B", true)]
    // person names, whatever case and accents
    [InlineData("PatientName", "müller^jürgen", "Müller^Jürgen", true)]
    [InlineData("PatientName", "MULLER^JURGEN", "Müller^Jürgen", true)]
    [InlineData("PatientName", "Müller^Jürgen^^^", "Müller^Jürgen", true)]
    [InlineData("PatientName", "Müller", "Müller^Jürgen", false)]
    [InlineData("PatientName", "Weiss", "Weiß", true)]
    [InlineData("PatientName", "Lodz", "Łódź", true)]
    [InlineData("PatientName", "Mu*", "Müller^Jürgen", true)]
    [InlineData("PatientName", "*jurgen", "Müller^Jürgen", true)]
    [InlineData("PatientName", "Müller^*", "Müller", true)]
    [InlineData("PatientName", "Müller^*^*", "Müller^Jürgen", true)]
    [InlineData("PatientName", "M?ller^*", "Müller^Jürgen", true)]
    [InlineData("PatientName", "Meier^*", "Müller", false)]
    // component groups (PS3.5 §6.2.1.1)
    [InlineData("PatientName", "Yamada^Tarou", "Yamada^Tarou=山田^太郎=やまだ^たろう", true)]
    [InlineData("PatientName", "山田^太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう", true)]
    [InlineData("PatientName", "=山田*", "Yamada^Tarou=山田^太郎=やまだ^たろう", true)]
    [InlineData("PatientName", "Yamada^Tarou=山田^太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう", true)]
    [InlineData("PatientName", "Yamada*=山*", "Yamada^Tarou=山田^太郎=やまだ^たろう", true)]
    [InlineData("PatientName", "Yamada^Tarou=川田^太郎", "Yamada^Tarou=山田^太郎=やまだ^たろう", false)]
    // lists (§C.2.2.2.2), also of texts and patterns
    [InlineData("StudyInstanceUID", "1.2.3\\1.2.4", "1.2.4", true)]
    [InlineData("StudyInstanceUID", "1.2.3\\1.2.4", "1.2.5", false)]
    [InlineData("StudyInstanceUID", "1.2.*", "1.2.4", false)]
    [InlineData("Modality", "US\\SR", "SR", true)]
    [InlineData("Modality", "U*\\SR", "US", true)]
    [InlineData("Modality", "US\\", "SR", false)]
    // wild cards (§C.2.2.2.4)
    [InlineData("StudyDescription", "*Sono*", "Abdomen Sono links", true)]
    [InlineData("StudyDescription", "*sono*", "Abdomen Sono links", false)]
    [InlineData("ScheduledStationAETitle", "US*", "US01", true)]
    // ranges (§C.2.2.2.5)
    [InlineData("StudyDate", "20240312", "20240312", true)]
    [InlineData("StudyDate", "20240312", "2024.03.12", true)]
    [InlineData("StudyDate", "20240301-20240331", "20240312", true)]
    [InlineData("StudyDate", "20240312-20240312", "20240312", true)]
    [InlineData("StudyDate", "20240313-", "20240312", false)]
    [InlineData("StudyDate", "-20240312", "20240312", true)]
    [InlineData("StudyDate", "-20240311", "20240312", false)]
    [InlineData("StudyDate", "20240399", "20240312", false)]
    [InlineData("StudyDate", "garbage", "20240312", false)]
    [InlineData("StudyTime", "120000-", "120000", true)]
    [InlineData("StudyTime", "120000-", "12", true)]
    [InlineData("StudyTime", "120000-", "115959.999999", false)]
    [InlineData("StudyTime", "-1030", "103059.5", true)]
    [InlineData("StudyTime", "-1030", "1031", false)]
    [InlineData("StudyTime", "1030", "103000", true)]
    [InlineData("StudyTime", "103000", "1030", true)]
    [InlineData("StudyTime", "10:30:00", "103000.000", true)]
    [InlineData("StudyTime", "072759-072760", "072759", true)]
    [InlineData("StudyTime", "000000-235959", "00", true)]
    [InlineData("AcquisitionDateTime", "20240312-20240313", "20240312233000.5", true)]
    [InlineData("AcquisitionDateTime", "20240312120000+0100", "20240312110000+0000", true)]
    [InlineData("AcquisitionDateTime", "20240312120000+0100-20240312130000+0100", "20240312123000+0100", true)]
    [InlineData("AcquisitionDateTime", "202403-", "20240229", false)]
    // numbers are equal when their values are
    [InlineData("SeriesNumber", "007", "7", true)]
    [InlineData("SeriesNumber", "7", "70", false)]
    [InlineData("PatientWeight", "70.50", "70.5", true)]
    [InlineData("Rows", "512", "512", true)]
    // empty value (§C.2.2.2.7)
    [InlineData("PatientID", "\"\"", "", true)]
    [InlineData("PatientID", "\"\"", "1", false)]
    public void A_key_matches_a_value(string keyword, string key, string value, bool expected)
    {
        var tag = DicomTag.Parse(keyword);
        var data = new DicomDataset().Set(DicomTag.SpecificCharacterSet, "ISO_IR 192");
        if (DicomDictionary.GetVr(tag).IsString)
        {
            data.SetUnchecked(tag, value);
        }
        else
        {
            data.Set(tag, double.Parse(value, System.Globalization.CultureInfo.InvariantCulture));
        }
        Assert.Equal(expected, DatasetMatcher.IsMatch(data, Parse(keyword, key)));
    }

    [Theory]
    [InlineData("PatientName", "")]
    [InlineData("PatientName", "*")]
    [InlineData("PatientName", "**")]
    [InlineData("PatientName", "*^*")]
    [InlineData("PatientName", "=")]
    [InlineData("StudyDate", "*")]
    [InlineData("StudyDate", "-")]
    [InlineData("StudyTime", "")]
    [InlineData("Modality", "\\")]
    [InlineData("Modality", "US\\*")]
    public void Universal_keys_are_no_condition(string keyword, string key) => Assert.Empty(Parse(keyword, key));

    [Fact]
    public void What_is_absent_matches_universal_keys_only()
    {
        var nothing = new DicomDataset();
        Assert.True(DatasetMatcher.IsMatch(nothing, Parse("PatientName", "*")));
        Assert.True(DatasetMatcher.IsMatch(nothing, Parse("PatientName", "\"\"")));
        Assert.False(DatasetMatcher.IsMatch(nothing, Parse("PatientName", "?*")));
        Assert.False(DatasetMatcher.IsMatch(nothing, Parse("StudyDate", "-20240101")));
        Assert.False(DatasetMatcher.IsMatch(nothing, Parse("StudyDate", "20240101")));
    }

    [Theory]
    [InlineData("20240705-20240707", "1000-1800", "20240705", "095959", false)]
    [InlineData("20240705-20240707", "1000-1800", "20240705", "100000", true)]
    [InlineData("20240705-20240707", "1000-1800", "20240706", "030000", true)]
    [InlineData("20240705-20240707", "1000-1800", "20240707", "180030", true)]
    [InlineData("20240705-20240707", "1000-1800", "20240707", "180100", false)]
    [InlineData("20240705-", "1000-", "20240801", "080000", true)]
    [InlineData("-20240707", "-1000", "20240707", "103000", false)]
    [InlineData("-20240707", "-1000", "20240101", "230000", true)]
    // the time has a bound where the date has none: every day from the 5th on, 10 to 18 o'clock
    [InlineData("20240705-", "1000-1800", "20240801", "080000", false)]
    [InlineData("20240705-", "1000-1800", "20240801", "120000", true)]
    // one day, and a range of times in it
    [InlineData("20240705", "1000-1800", "20240705", "090000", false)]
    [InlineData("20240705", "1000-1800", "20240706", "120000", false)]
    public void Date_and_time_ranges_of_a_worklist_query_are_one_range_of_moments(string dates, string times, string date, string time, bool expected)
    {
        var item = new DicomDataset().Set(DicomTag.ScheduledProcedureStepStartDate, date).Set(DicomTag.ScheduledProcedureStepStartTime, time);
        var entry = new DicomDataset().Set(DicomTag.ScheduledProcedureStepSequence, item);
        var key = new DicomDataset().Set(DicomTag.ScheduledProcedureStepSequence,
            new DicomDataset().SetUnchecked(DicomTag.ScheduledProcedureStepStartDate, dates).SetUnchecked(DicomTag.ScheduledProcedureStepStartTime, times));
        Assert.Equal(expected, DatasetMatcher.IsMatch(entry, MatchParser.Parse(key, combineDateTime: true).Matches));
    }

    [Fact]
    public void Elsewhere_date_and_time_are_matched_each_for_itself()
    {
        var key = new DicomDataset().SetUnchecked(DicomTag.StudyDate, "20240705-20240707").SetUnchecked(DicomTag.StudyTime, "1000-1800");
        var night = new DicomDataset().Set(DicomTag.StudyDate, "20240706").Set(DicomTag.StudyTime, "030000");
        Assert.False(DatasetMatcher.IsMatch(night, MatchParser.Parse(key, combineDateTime: false).Matches));
        Assert.True(DatasetMatcher.IsMatch(night, MatchParser.Parse(key, combineDateTime: true).Matches));
    }

    [Fact]
    public void A_sequence_matches_when_one_item_has_everything()
    {
        var key = new DicomDataset().Set(DicomTag.ScheduledProcedureStepSequence,
            new DicomDataset().Set(DicomTag.Modality, "US").Set(DicomTag.ScheduledStationAETitle, "US01"));
        var matches = MatchParser.Parse(key, combineDateTime: true).Matches;
        DicomDataset Step(string modality, string station) => new DicomDataset().Set(DicomTag.Modality, modality).Set(DicomTag.ScheduledStationAETitle, station);
        DicomDataset Entry(params DicomDataset[] steps) => new DicomDataset().Set(DicomTag.ScheduledProcedureStepSequence, steps);

        Assert.True(DatasetMatcher.IsMatch(Entry(Step("CT", "CT01"), Step("US", "US01")), matches));
        Assert.False(DatasetMatcher.IsMatch(Entry(Step("CT", "US01"), Step("US", "US02")), matches)); // not across items
        Assert.False(DatasetMatcher.IsMatch(Entry(), matches));
        Assert.False(DatasetMatcher.IsMatch(new DicomDataset(), matches));
    }

    [Fact]
    public void Sequences_without_a_condition_are_return_keys_only()
    {
        var key = new DicomDataset()
            .Set(DicomTag.ReferencedStudySequence, Array.Empty<DicomDataset>())
            .Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().SetUnchecked(DicomTag.Modality, ""));
        var keys = MatchParser.Parse(key, combineDateTime: true);
        Assert.Empty(keys.Matches);
        Assert.Equal([DicomTag.ReferencedStudySequence, DicomTag.ScheduledProcedureStepSequence], keys.Return.Select(k => k.Tag));
        Assert.Equal(DicomTag.Modality, Assert.Single(keys.Return[1].Items).Tag);
    }

    [Fact]
    public void The_level_the_character_set_and_group_lengths_are_no_keys()
    {
        var key = new DicomDataset()
            .Set(DicomTag.SpecificCharacterSet, "ISO_IR 100").Set(DicomTag.QueryRetrieveLevel, "STUDY")
            .Set(new DicomElement(new DicomTag(0x0010, 0x0000), DicomVr.UL, new byte[4]))
            .Set(DicomTag.PatientID, "1");
        var keys = MatchParser.Parse(key, combineDateTime: false);
        Assert.Equal(DicomTag.PatientID, Assert.Single(keys.Return).Tag);
        Assert.Equal(DicomTag.PatientID, Assert.Single(keys.Matches).Tag);
        Assert.Equal("ISO_IR 100", keys.CharacterSet!.Value);
    }

    [Fact]
    public void A_key_that_comes_as_UN_is_read_by_the_dictionary()
    {
        var key = new DicomDataset().Set(new DicomElement(DicomTag.StudyDate, DicomVr.UN, Encoding.ASCII.GetBytes("20240101-20241231")));
        Assert.IsType<TagMatch.Range>(Assert.Single(MatchParser.Parse(key, combineDateTime: false).Matches));
    }

    [Fact]
    public void A_pattern_too_long_is_refused_with_its_tag()
    {
        var key = new DicomDataset().SetUnchecked(DicomTag.PatientComments, new string('?', 200));
        var refused = Assert.Throws<DicomException>(() => MatchParser.Parse(key, combineDateTime: false));
        Assert.Equal(DicomTag.PatientComments, refused.Tag);
    }

    [Fact]
    public void Nesting_has_a_limit()
    {
        var nested = new DicomDataset().Set(DicomTag.Modality, "US");
        for (var i = 0; i <= MatchParser.MaxDepth; i++)
        {
            nested = new DicomDataset().Set(DicomTag.ScheduledProcedureStepSequence, nested);
        }
        Assert.Throws<DicomException>(() => MatchParser.Parse(nested, combineDateTime: false));
    }

    private static IReadOnlyList<TagMatch> Parse(string keyword, string key)
    {
        var tag = DicomTag.Parse(keyword);
        return MatchParser.ParseValue(tag, DicomDictionary.GetVr(tag), key) is { } match ? [match] : [];
    }
}
