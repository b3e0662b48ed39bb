using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class DateTimeTests
{
    [Theory]
    [InlineData("20240229", "20240229")]
    [InlineData("2024.02.29", "20240229")]
    [InlineData("2024-02-29", "20240229")]
    [InlineData(" 19600101 ", "19600101")]
    [InlineData("19600101\0", "19600101")]
    [InlineData("00010101", "00010101")]
    [InlineData("20230229", null)]
    [InlineData("20241301", null)]
    [InlineData("00000000", null)]
    [InlineData("2024", null)]
    [InlineData("2024.02-29", null)]
    [InlineData("+2024101", null)]
    [InlineData("２０２４０１０１", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Dates_are_read_leniently_and_written_strictly(string? text, string? written) => Assert.Equal(written, DicomDate.Parse(text)?.ToString());

    [Theory]
    [InlineData("10", "10", DicomPrecision.Hour)]
    [InlineData("1030", "1030", DicomPrecision.Minute)]
    [InlineData("103059", "103059", DicomPrecision.Second)]
    [InlineData("103059.5", "103059.500000", DicomPrecision.Fraction)]
    [InlineData("103059.1234567", "103059.123456", DicomPrecision.Fraction)]
    [InlineData("10:30:59", "103059", DicomPrecision.Second)]
    [InlineData("10:30", "1030", DicomPrecision.Minute)]
    [InlineData("10:30:59.25", "103059.250000", DicomPrecision.Fraction)]
    [InlineData("235960", "235959.999999", DicomPrecision.Fraction)]
    [InlineData("235960.5", "235959.999999", DicomPrecision.Fraction)]
    [InlineData("000000 ", "000000", DicomPrecision.Second)]
    public void Times_are_read_leniently_and_written_strictly(string text, string written, DicomPrecision precision)
    {
        var time = Assert.NotNull(DicomTime.Parse(text));
        Assert.Equal(written, time.ToString());
        Assert.Equal(precision, time.Precision);
    }

    [Theory]
    [InlineData("24")]
    [InlineData("1060")]
    [InlineData("103061")]
    [InlineData("1")]
    [InlineData("103")]
    [InlineData("10305")]
    [InlineData("103059.")]
    [InlineData("103059,5")]
    [InlineData("10:3059")]
    [InlineData("10-30")]
    [InlineData("")]
    [InlineData("1030.5")]
    public void What_is_no_time_is_none(string text) => Assert.Null(DicomTime.Parse(text));

    [Theory]
    [InlineData("2024", "2024", DicomPrecision.Year, null)]
    [InlineData("202402", "202402", DicomPrecision.Month, null)]
    [InlineData("20240229", "20240229", DicomPrecision.Day, null)]
    [InlineData("2024022910", "2024022910", DicomPrecision.Hour, null)]
    [InlineData("20240229103059.123", "20240229103059.123000", DicomPrecision.Fraction, null)]
    [InlineData("20240229103059+0100", "20240229103059+0100", DicomPrecision.Second, 60)]
    [InlineData("20240229-0330", "20240229-0330", DicomPrecision.Day, -210)]
    [InlineData("2024-0500", "2024-0500", DicomPrecision.Year, -300)]
    [InlineData("2024+1400", "2024+1400", DicomPrecision.Year, 840)]
    [InlineData("2024-02-29T10:30:59+01:00", "20240229103059+0100", DicomPrecision.Second, 60)]
    [InlineData("2024-02-29 10:30", "202402291030", DicomPrecision.Minute, null)]
    [InlineData("2024-02-29T10:30:59Z", "20240229103059+0000", DicomPrecision.Second, 0)]
    [InlineData("2024-02-29", "20240229", DicomPrecision.Day, null)]
    public void Date_times_may_end_after_any_part(string text, string written, DicomPrecision precision, int? offsetMinutes)
    {
        var value = Assert.NotNull(DicomDateTime.Parse(text));
        Assert.Equal(written, value.ToString());
        Assert.Equal(precision, value.Precision);
        Assert.Equal(offsetMinutes, (int?)value.Offset?.TotalMinutes);
    }

    [Theory]
    [InlineData("2024-1300")]
    [InlineData("2024+1401")]
    [InlineData("2024+0160")]
    [InlineData("20241")]
    [InlineData("20241301")]
    [InlineData("2024022925")]
    [InlineData("0000")]
    [InlineData("2024-")]
    [InlineData("-")]
    [InlineData("Z")]
    [InlineData("+0100")]
    [InlineData("")]
    public void What_is_no_date_time_is_none(string text) => Assert.Null(DicomDateTime.Parse(text));

    [Fact]
    public void A_date_time_is_a_point_in_time_once_the_offset_is_known()
    {
        Assert.Equal(new DateTimeOffset(2024, 2, 29, 10, 0, 0, TimeSpan.FromHours(1)), DicomDateTime.Parse("2024022910+0100")!.Value.ToDateTimeOffset(TimeSpan.Zero));
        Assert.Equal(new DateTimeOffset(2024, 2, 29, 10, 0, 0, TimeSpan.FromHours(2)), DicomDateTime.Parse("2024022910")!.Value.ToDateTimeOffset(TimeSpan.FromHours(2)));
        Assert.Equal(1, DicomDateTime.Parse("0001+1400")!.Value.ToDateTimeOffset(TimeSpan.Zero).Year);
        var now = new DateTimeOffset(2026, 11, 22, 8, 30, 1, 500, TimeSpan.FromHours(1));
        Assert.Equal("20261122083001.500000+0100", DicomDateTime.From(now).ToString());
        Assert.Equal(now, DicomDateTime.Parse(DicomDateTime.From(now).ToString())!.Value.ToDateTimeOffset(TimeSpan.Zero));
    }

    [Theory]
    [InlineData("20200101", "20200101", "20200101")]
    [InlineData("20200101-", "20200101", "")]
    [InlineData("-20200101", "", "20200101")]
    [InlineData("20200101-20201231", "20200101", "20201231")]
    [InlineData("20200101 - 20201231 ", "20200101", "20201231")]
    [InlineData("2020.01.01-2020.12.31", "20200101", "20201231")]
    [InlineData("2020-01-01", "20200101", "20200101")]
    [InlineData("2020-01-01-2020-12-31", "20200101", "20201231")]
    public void Ranges_of_dates_have_one_or_two_ends(string text, string from, string to)
    {
        var range = Assert.NotNull(DicomRange.Parse<DicomDate>(text));
        Assert.Equal(from, range.From?.ToString() ?? "");
        Assert.Equal(to, range.To?.ToString() ?? "");
    }

    [Theory]
    [InlineData("-")]
    [InlineData("")]
    [InlineData("20200101-2020")]
    [InlineData("20200101-20200102-20200103")]
    [InlineData("*")]
    public void What_is_no_range_of_dates_is_none(string text) => Assert.Null(DicomRange.Parse<DicomDate>(text));

    [Theory]
    [InlineData("20200101-20210101", "20200101", "20210101")]
    [InlineData("2020-2021", "2020", "2021")]
    // four digits that may be an offset are one (PS3.4 §C.2.2.2.5.3)
    [InlineData("2020-1100", "2020-1100", "2020-1100")]
    [InlineData("2020-0500-", "2020-0500", "")]
    [InlineData("-2020-0500", "", "2020-0500")]
    [InlineData("2020-0500-2021-0500", "2020-0500", "2021-0500")]
    [InlineData("2020-0500-2021", "2020-0500", "2021")]
    [InlineData("2020+0100-2021-0500", "2020+0100", "2021-0500")]
    [InlineData("20200101-0500-20200102", "20200101-0500", "20200102")]
    [InlineData("20200101-20200102-0500", "20200101", "20200102-0500")]
    public void A_hyphen_in_a_date_time_is_an_offset_if_it_can_be_one(string text, string from, string to)
    {
        var range = Assert.NotNull(DicomRange.Parse<DicomDateTime>(text));
        Assert.Equal(from, range.From?.ToString() ?? "");
        Assert.Equal(to, range.To?.ToString() ?? "");
    }

    [Theory]
    [InlineData("10-11", "115959.999999", true)]
    [InlineData("10-11", "12", false)]
    [InlineData("10-11", "095959.999999", false)]
    [InlineData("1030-", "10", true)]
    [InlineData("-1030", "103059", true)]
    [InlineData("-1030", "1031", false)]
    [InlineData("103000", "1030", true)]
    public void A_time_matches_as_far_as_it_is_given(string range, string time, bool matches) =>
        Assert.Equal(matches, DicomRange.Parse<DicomTime>(range)!.Value.Contains(DicomTime.Parse(time)!.Value));

    [Theory]
    [InlineData("20200101-20200131", "20200101", true)]
    [InlineData("20200101-20200131", "20200131", true)]
    [InlineData("20200101-20200131", "20200201", false)]
    [InlineData("20200101-", "20191231", false)]
    [InlineData("-20200101", "00010101", true)]
    public void A_date_matches_with_both_ends_included(string range, string date, bool matches) =>
        Assert.Equal(matches, DicomRange.Parse<DicomDate>(range)!.Value.Contains(DicomDate.Parse(date)!.Value));

    [Theory]
    [InlineData("202003-202004", "20200430235959.999999", true)]
    [InlineData("202003-202004", "202005", false)]
    [InlineData("202003-202004", "2020", true)]
    [InlineData("2020010112+0100-2020010113+0100", "2020010111+0000", true)]
    [InlineData("2020010112+0100-2020010113+0100", "2020010113+0000", false)]
    public void A_date_time_matches_with_offsets_counted(string range, string value, bool matches) =>
        Assert.Equal(matches, DicomRange.Parse<DicomDateTime>(range)!.Value.Contains(DicomDateTime.Parse(value)!.Value));

    [Fact]
    public void Dates_have_an_order()
    {
        var (early, late) = (DicomDate.Parse("20200101")!.Value, DicomDate.Parse("20200102")!.Value);
        Assert.True(early < late && late > early && early <= late && late >= early && early.CompareTo(late) < 0);
    }
}
