using Pacs.Web.Pages;

namespace Pacs.Tests;

public sealed class PagesDisplayTests
{
    private static Display In(string language)
    {
        PagesKit.Speak(language);
        return PagesKit.Display;
    }

    [Theory]
    [InlineData("Müller^Jörg", "Müller, Jörg")]
    [InlineData("Müller^Jörg^Peter^Dr.^jun.", "Müller, Jörg Peter Dr. jun.")]
    [InlineData("MUELLER", "MUELLER")]
    [InlineData("^Jörg", "Jörg")]
    [InlineData("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou (山田 太郎)")]
    [InlineData("=山田^太郎", "山田, 太郎")]
    [InlineData("", "Ohne Namen")]
    [InlineData("^^^^", "Ohne Namen")]
    [InlineData(null, "Ohne Namen")]
    public void A_name_reads_as_offices_write_it(string? value, string expected) => Assert.Equal(expected, In("de").Name(value));

    [Theory]
    [InlineData("de", "19580307", "07.03.1958")]
    [InlineData("en", "19580307", "07 Mar 1958")]
    [InlineData("de", "1958.03.07", "07.03.1958")]
    [InlineData("de", "19580231", "19580231")]
    [InlineData("de", "irgendwann", "irgendwann")]
    [InlineData("de", "", "")]
    [InlineData("de", null, "")]
    public void A_date_reads_as_the_language_writes_it_and_what_is_none_stays(string language, string? value, string expected) =>
        Assert.Equal(expected, In(language).Date(value));

    [Theory]
    [InlineData("de", "20240312", "Heute, Dienstag, 12. März 2024")]
    [InlineData("de", "20240311", "Gestern, Montag, 11. März 2024")]
    [InlineData("de", "20240301", "Freitag, 1. März 2024")]
    [InlineData("en", "20240312", "Today, Tuesday, 12 March 2024")]
    [InlineData("en", "20250101", "Wednesday, 1 January 2025")]
    [InlineData("de", "", "Ohne Datum")]
    public void A_day_heading_says_today_and_yesterday(string language, string value, string expected) =>
        Assert.Equal(expected, In(language).DayHeading(value));

    [Theory]
    [InlineData("::ffff:192.168.1.20", "192.168.1.20")]
    [InlineData("192.168.1.20", "192.168.1.20")]
    [InlineData("fe80::1", "fe80::1")]
    [InlineData(null, "")]
    public void An_address_of_ipv4_reads_as_one(string? value, string expected) => Assert.Equal(expected, In("de").Host(value));

    [Theory]
    [InlineData("0831", "08:31")]
    [InlineData("083145.123456", "08:31")]
    [InlineData("08:31:45", "08:31")]
    [InlineData("2460", "2460")]
    [InlineData("9", "9")]
    [InlineData("abcd", "abcd")]
    [InlineData(null, "")]
    public void A_time_reads_in_hours_and_minutes(string? value, string expected) => Assert.Equal(expected, In("de").Time(value));

    [Fact]
    public void A_moment_is_in_the_servers_time_zone() =>
        Assert.Equal("12.03.2024, 10:30:00", In("de").Moment(PagesKit.Now));

    [Theory]
    [InlineData("de", "19580307", "M", "*07.03.1958 · m")]
    [InlineData("de", "19580307", "F", "*07.03.1958 · w")]
    [InlineData("en", "19580307", "F", "*07 Mar 1958 · f")]
    [InlineData("de", "", "O", "d")]
    [InlineData("de", "19580307", "X", "*07.03.1958")]
    [InlineData("de", null, null, "")]
    public void Birth_and_sex_stand_behind_a_name(string language, string? born, string? sex, string expected) =>
        Assert.Equal(expected, In(language).BirthAndSex(born, sex));

    [Theory]
    [InlineData("de", 0, "0 Byte")]
    [InlineData("de", 1023, "1023 Byte")]
    [InlineData("de", 1024, "1 KB")]
    [InlineData("de", 1258291, "1,2 MB")]
    [InlineData("en", 1258291, "1.2 MB")]
    [InlineData("de", 1048575, "1 MB")]
    [InlineData("de", 52428800, "50 MB")]
    [InlineData("de", 1649267441664, "1,5 TB")]
    public void A_size_has_the_unit_people_say(string language, long bytes, string expected) => Assert.Equal(expected, In(language).Size(bytes));

    [Theory]
    [InlineData("de", 1, "1 Bild")]
    [InlineData("de", 0, "0 Bilder")]
    [InlineData("de", 12345, "12.345 Bilder")]
    [InlineData("en", 1, "1 image")]
    [InlineData("en", 12345, "12,345 images")]
    public void A_count_agrees_with_its_noun(string language, long value, string expected) => Assert.Equal(expected, In(language).Count("Images", value));

    [Fact]
    public void Control_characters_become_visible_and_broken_ones_replaced() =>
        Assert.Equal("a␀b␛c\uFFFDd\uFFFDe\nf", In("de").Text("a\0b\u001bc\u009bd\ud800e\r\nf"));

    [Fact]
    public void A_long_text_is_cut_and_says_so()
    {
        var shown = In("de").Text(new string('x', 65536));
        Assert.Equal(new string('x', Display.MaxText) + " … (65.536 Zeichen, gekürzt)", shown);
    }
}
