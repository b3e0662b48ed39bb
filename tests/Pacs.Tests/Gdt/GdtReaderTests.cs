using System.Text;
using Pacs.Gdt;

namespace Pacs.Tests;

public sealed class GdtReaderTests
{
    // file, record type, version, character set, lines, patient, last name, what is forgiven; values as an editor shows them
    public static readonly TheoryData<string, string, GdtVersion, string, int, string?, string?, string> Vendors = new()
    {
        { "dcmtogdt_example-output.gdt", "6310", GdtVersion.Gdt21, "windows-1252", 34, "12345", "Muster", "LineEnd@1" },
        {
            "docCirrus_GDT3_untersuchungsdaten.gdt", "6310", GdtVersion.Gdt31, "IBM437", 53, "02345", "Mustermann",
            "LineEnd@1 LineLength@18(10/11) LineLength@27(59/60) LineLength@30(59/60) RecordLength@2(0001173/1191) LineCount@16(2/4) LineCount@17(8/11) LineCount@18(14/16) LineCount@53(52/53)"
        },
        { "docCirrus_KalthoffGdt.gdt", "6310", GdtVersion.Gdt21, "IBM437", 17, "52544", null, "LineEnd@1 LineBreakInValue@16 LineLength@18(35/33) RecordLength@2(00295/334)" },
        { "docCirrus_LAM-2004.gdt", "6310", GdtVersion.Gdt21, "windows-1252", 31, "53", "Test", "LineEnd@1 LineLength@5(16/11) CharacterSet@7(/windows-1252) RecordLength@2(01096/1091)" },
        {
            "docCirrus_MOJ-9009_FILE.gdt", "6310", GdtVersion.Gdt21, "windows-1252", 25, "0JM@DC", "Armbrust",
            "LineEnd@1 LineLength@5(10/15) LineLength@22(0/15) LineLength@23(0/12) LineLength@24(0/18) LineLength@25(0/49) RecordLength@2(00348/447)"
        },
        { "docCirrus_MOJ-9009_NOFILE.gdt", "6310", GdtVersion.Gdt21, "windows-1252", 21, "0JM@DC", "Armbrust", "LineEnd@1 LineLength@5(10/15) RecordLength@2(00348/353)" },
        { "docCirrus_additionalGdtFields.gdt", "6310", GdtVersion.Gdt21, "IBM437", 16, "1446", "Test1", "LineEnd@1 LineLength@5(20/14) LineLength@6(15/14) RecordLength@2(00393/386)" },
        { "gnumed_APW-cp850.gdt", "6301", GdtVersion.Gdt21, "IBM437", 13, "101071445", "Gültig", "LineEnd@1" },
        { "levinalex_gdt2_0-1.gdt", "6301", GdtVersion.Gdt21, "IBM437", 14, "98", "Sierra", "" },
        { "levinalex_gdt2_1-1.gdt", "6301", GdtVersion.Gdt21, "IBM437", 12, "02345", "Mustermann", "" },
        {
            "levinalex_gdt2_1-2.gdt", "6310", GdtVersion.Gdt21, "IBM437", 37, "02345", "Mustermann",
            "LineLength@3(19/17) LineLength@4(14/17) LineLength@13(15/14) LineLength@19(60/59) LineLength@20(60/59) LineLength@21(59/58) LineLength@22(60/59) LineLength@23(60/59) "
            + "LineLength@24(60/59) LineLength@25(17/16) LineLength@32(17/16) RecordLength@2(00962/954)"
        },
        { "medistar_6302_phoropter.xdt", "6302", GdtVersion.Gdt21, "windows-1252", 18, "4701-1", "Testfrau", "LineEnd@1 LineLength@18(12/14) TextAfterRecord@19 RecordLength@2(02660/2662)" },
        { "oscilla_6302_request.gdt", "6302", GdtVersion.Gdt21, "IBM437", 10, "Abc123", "Boll", "" },
        { "oscilla_6310_response2.gdt", "6310", GdtVersion.Gdt21, "windows-1252", 37, "Abc123", "Boll", "" },
        { "qms35_starter_AIS_SYS_6310.gdt", "6310", GdtVersion.Gdt35, "ISO-8859-15", 73, null, "Mustermann", "" },
        { "qms35_starter_EKG_AIS_6302.gdt", "6302", GdtVersion.Gdt35, "ISO-8859-15", 27, "02345", "Mustermann", "" },
        { "redmedical_6302.gdt", "6302", GdtVersion.Gdt21, "windows-1252", 28, "6060", "Fuerst", "LineLength@21(91/56) RecordLength@2(00530/495)" },
    };

    [Theory]
    [MemberData(nameof(Vendors))]
    public void Files_of_other_vendors_are_read_and_what_was_forgiven_is_said(
        string file, string type, GdtVersion version, string set, int lines, string? patient, string? lastName, string forgiven)
    {
        var message = Sample(file);
        var record = Assert.Single(message.Records);
        Assert.Equal((type, version, lines, patient, lastName), (record["8000"], GdtVersions.Of(record), record.Count, record["3000"], record["3101"]));
        Assert.Equal(set, message.CharacterSet.Name);
        Assert.Equal(forgiven, string.Join(' ', message.Remarks.Select(Show)));
    }

    [Fact]
    public void Every_sample_of_another_vendor_has_a_line_above() =>
        Assert.Equal(Directory.GetFiles(SharedSamples.Require("gdt", "samples")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal),
            Vendors.Select(v => v.Data.Item1).Order(StringComparer.Ordinal));

    [Fact]
    public void A_line_break_inside_a_value_is_seen_by_the_length_of_its_line() =>
        Assert.Equal("Rheumalabor Praxen\n38001622", Sample("docCirrus_KalthoffGdt.gdt").Records[0]["9901"]);

    [Fact]
    public void A_card_history_behind_the_record_is_text_and_no_field()
    {
        var message = Sample("medistar_6302_phoropter.xdt");
        Assert.Equal("Phoro", message.Records[0]["8402"]);
        Assert.Equal("Geräteanbindung GA_XDT", message.Records[0]["0103"]);
        Assert.StartsWith("PHOROPTER\n22.04.2026 V cc: R = 0,7 L = 0,8\n", message.Text);
        Assert.Equal(49, message.Text.Split('\n').Length);
    }

    [Fact]
    public void Umlauts_are_right_with_and_without_9206()
    {
        Assert.Equal("Lützowplatz 6", Sample("redmedical_6302.gdt").Records[0]["3107"]); // 9206 is 3
        Assert.Equal("Lazöß", Sample("docCirrus_LAM-2004.gdt").Records[0]["3102"]); // none, and Windows' letters
        Assert.Equal("Köln", Sample("gnumed_APW-cp850.gdt").Records[0]["3106"]?.Split(' ')[1]); // 9206 is 2
        Assert.Equal("Düsseldorf", Sample("levinalex_gdt2_0-1.gdt").Records[0]["3106"]?.Split(' ')[1]); // none, and the standard's set
    }

    [Fact]
    public void Objects_of_3_5_keep_their_order_numbers_and_tests()
    {
        var order = Sample("qms35_starter_EKG_AIS_6302.gdt").Records[0];
        Assert.Equal(("EKG", "47114712", "XRAY01", "EKG_TYP1", "19451001", "M"), (order["8310"], order["8314"], order["8402"], order["8315"], order["3103"], order["3110"]));
        Assert.Equal(["Dies ist ein zweizeiliger", "Befund zur 24h-Blutdruckmessung."],
            Sample("qms35_starter_AIS_SYS_6310.gdt").Records[0].Where(f => f.Id == "3564" && f.Value.StartsWith("6220", StringComparison.Ordinal)).Select(f => f.Value[4..]));
    }

    [Theory]
    [InlineData("01380006301\r\n0133101M\u00E4x\r\n", "windows-1252", "Mäx", true)]
    [InlineData("01380006301\r\n0123101M\u0084x\r\n", "IBM437", "Mäx", false)]
    [InlineData("01380006301\r\n01092061\r\n0123101M{x\r\n", "DIN_66003", "Mäx", false)]
    [InlineData("01380006301\r\n01092062\r\n0123101M\u0084x\r\n", "IBM437", "Mäx", false)]
    [InlineData("01380006301\r\n01092063\r\n0123101M\u00E4x\r\n", "windows-1252", "Mäx", false)]
    [InlineData("01380006301\r\n01092063\r\n0133101M\u00C3\u00A4x\r\n", "UTF-8", "Mäx", true)]
    [InlineData("01380006301\r\n01092064\r\n0133101M\u00C3\u00A4x\r\n", "UTF-8", "Mäx", false)]
    [InlineData("01380006301\r\n01092064\r\n0123101M\u00E4x\r\n", "windows-1252", "Mäx", true)]
    [InlineData("01380006301\r\n01092061\r\n0123101M\u00E4x\r\n", "windows-1252", "Mäx", true)]
    public void The_character_set_is_the_named_one_unless_the_bytes_contradict(string latin1, string set, string name, bool forgiven)
    {
        var message = GdtReader.Read(Encoding.Latin1.GetBytes(latin1));
        Assert.Equal((set, name), (message.CharacterSet.Name, message.Records[0]["3101"]));
        Assert.Equal(forgiven, message.Remarks.Any(r => r.Fault == GdtFault.CharacterSet));
    }

    [Fact]
    public void Several_records_of_a_file_are_several_records()
    {
        var message = Read("01380006302\r\n01030001\r\n01380006302\r\n01030002\r\n");
        Assert.Equal(["1", "2"], message.Records.Select(r => r["3000"]));
        Assert.Empty(message.Remarks);
    }

    [Theory]
    [InlineData("\uFEFF01380006302\r\n01030001\r\n\u001A", "Padding@1 ")]
    [InlineData("01380006302\r01030001\r", "LineEnd@1 ")]
    [InlineData("01380006302\r\n01030001", "NoLastLineEnd@2 ")]
    [InlineData("01030001\r\n", "NoRecordType@1 ")]
    [InlineData("01380006302\r\n01030001\r\nfree text\r\n0098402\r\n", "TextInRecord@3 ")]
    [InlineData("01380006302\r\n01030001\r\n\r\n\r\n", "")]
    public void Odd_files_are_read(string text, string forgiven)
    {
        var message = GdtReader.Read(Encoding.UTF8.GetBytes(text));
        Assert.StartsWith("1", message.Records[0]["3000"]);
        Assert.Equal(forgiven, string.Concat(message.Remarks.Select(r => Show(r) + " ")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\r\n\r\n")]
    [InlineData("<html>no GDT</html>")]
    [InlineData("ABC80006302\r\n")]
    public void What_is_no_GDT_is_an_error(string text) => Assert.Throws<GdtException>(() => Read(text));

    [Fact]
    public void A_file_too_large_is_not_read() => Assert.Throws<GdtException>(() => GdtReader.Read(new byte[GdtReader.MaxBytes + 1]));

    [Fact]
    public void No_bytes_make_the_reader_fail_otherwise_and_memory_stays_bounded()
    {
        const int seed = 6302;
        var random = new Random(seed);
        string[] fragments = ["\r\n", "\n", "\r", "0138000", "6302", "6310", "8100", "00014", "8200", "8201", "8202", "9206", "3000", "012", "999", "000", "text", "\u00E4", "\u0084", "\0", "\u001A", "8001", "0001", "8133"];
        for (var round = 0; round < 20_000; round++)
        {
            var text = new StringBuilder("01380006302\r\n");
            for (var i = random.Next(30); i > 0; i--)
            {
                text.Append(random.Next(4) == 0 ? ((char)random.Next(256)).ToString() : fragments[random.Next(fragments.Length)]);
            }
            var bytes = Encoding.Latin1.GetBytes(text.ToString());
            var message = GdtReader.Read(bytes);
            Assert.True(message.Records.Sum(r => r.Sum(f => f.Value.Length)) + message.Text.Length <= bytes.Length, $"seed {seed}, round {round}");
            Assert.True(message.Remarks.Count <= GdtReader.MaxRemarks);
            Assert.All(message.Remarks, r => Assert.InRange(r.Offset, 0, bytes.Length));
        }
    }

    [Fact]
    public void A_file_of_nothing_but_short_lines_takes_no_quadratic_time()
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var lines = string.Concat(Enumerable.Repeat("99980000\n", 100_000));
        var message = Read(lines + string.Concat(Enumerable.Repeat("x\n", 40_000)));
        Assert.Equal(GdtReader.MaxRemarks, message.Remarks.Count);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "some loop is quadratic");
    }

    private static GdtMessage Read(string text) => GdtReader.Read(Encoding.Latin1.GetBytes(text));

    private static GdtMessage Sample(string file) => GdtReader.Read(File.ReadAllBytes(SharedSamples.Require("gdt", "samples", file)));

    private static string Show(GdtRemark remark) =>
        $"{remark.Fault}@{remark.Line}{(remark.Said is null && remark.Found is null ? "" : $"({remark.Said}/{remark.Found})")}";
}
