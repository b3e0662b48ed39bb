using System.Text;
using Pacs.Gdt;

namespace Pacs.Tests;

public sealed class GdtWriterTests
{
    [Theory]
    [InlineData("", "0098413\r\n")]
    [InlineData("1", "01084131\r\n")]
    [InlineData("Größe", "0148413Gr\u00F6\u00DFe\r\n")]
    [InlineData("€", "0108413\u00A4\r\n")]
    public void The_length_of_a_line_counts_bytes_and_everything_around_the_content(string value, string line) =>
        Assert.Equal(line, Line("8413", value));

    [Theory]
    [InlineData("a\r\n0098000b", "a 0098000b")]
    [InlineData("a\rb\nc\td\0e", "a b c d e")]
    [InlineData("a\u0085b\u2028c\u2029d\u001Be", "a b c d e")]
    [InlineData("\r\n\r\n", " ")]
    public void Control_characters_of_a_value_become_a_blank(string value, string content) => Assert.Equal(content, Content(value));

    [Theory]
    [InlineData("Łódź", "Lódz")]
    [InlineData("Şükrü Ğ İğde", "Sükrü G Igde")]
    [InlineData("Đorđe Žižek", "Dorde \u00B4i\u00B8ek")] // Ž and ž are in Latin 9, where Latin 1 has ´ and ¸
    [InlineData("Михаил Щербак", "Mikhail Shcherbak")]
    [InlineData("Ελένη", "Eleni")]
    [InlineData("検査", "??")]
    [InlineData("½ ¼ – „x“ ≥ …", "1/2 1/4 - \"x\" >= ...")]
    [InlineData("u\u0308ber", "über")]
    [InlineData("ﬁ Ａ", "fi A")]
    [InlineData("a\u200Bb", "ab")]
    [InlineData("😀", "?")]
    [InlineData("\uFFFF\uFFFD", "??")]
    [InlineData("ẞ", "SS")]
    public void What_the_character_set_lacks_is_transliterated(string value, string content) => Assert.Equal(content, Content(value));

    [Fact]
    public void Half_a_surrogate_pair_becomes_a_question_mark() => Assert.Equal("a?b", Content("a\uD800b"));

    [Fact]
    public void Every_character_of_latin_9_is_written_as_its_byte()
    {
        var latin9 = CodePagesEncodingProvider.Instance.GetEncoding(28605)!;
        for (var b = 0xA0; b <= 0xFF; b++)
        {
            Assert.Equal((byte)b, Assert.Single(GdtCharacterSet.Latin9.Encode(latin9.GetString([(byte)b]))));
        }
    }

    [Fact]
    public void No_text_makes_the_writer_fail_or_a_line_wrong()
    {
        var random = new Random(6310);
        for (var i = 0; i < 2000; i++)
        {
            var chars = new char[random.Next(0, 1500)];
            for (var c = 0; c < chars.Length; c++)
            {
                chars[c] = random.Next(4) switch { 0 => (char)random.Next(0x20), 1 => (char)random.Next(0x100), _ => (char)random.Next(0x10000) };
            }
            var value = new string(chars);
            var fields = GoldenFile.Fields(Profiles.Of("medical-office").Study(Profiles.Values(value)));
            Assert.True(fields.Count >= 19);
        }
    }

    [Fact]
    public void Content_beyond_990_bytes_is_split_at_a_blank_in_fields_that_may_be_repeated()
    {
        var words = string.Join(' ', Enumerable.Range(1000, 500));
        var fields = GoldenFile.Fields(GdtWriter.ToBytes(new GdtRecord { { "8000", "6310" }, { "6228", words }, { "8001", "6310" } }));
        Assert.Equal(5, fields.Count);
        Assert.Equal(words, string.Concat(fields.Where(f => f.Id == "6228").Select(f => f.Value)));
        Assert.All(fields.SkipLast(2).Skip(1), f => Assert.EndsWith(" ", f.Value));
    }

    [Fact]
    public void Content_without_blanks_is_split_where_the_line_is_full()
    {
        var fields = GoldenFile.Fields(GdtWriter.ToBytes(new GdtRecord { { "8000", "6310" }, { "6228", new string('x', 2000) }, { "8001", "6310" } }));
        Assert.Equal([990, 990, 20], fields.Where(f => f.Id == "6228").Select(f => f.Value.Length));
    }

    [Theory]
    [InlineData(990)]
    [InlineData(991)]
    [InlineData(5000)]
    public void Content_beyond_990_bytes_is_cut_in_every_other_field(int length)
    {
        var fields = GoldenFile.Fields(GdtWriter.ToBytes(new GdtRecord { { "8000", "6310" }, { "3000", new string('x', length) }, { "8001", "6310" } }));
        Assert.Equal(990, fields[1].Value.Length);
    }

    [Theory]
    [InlineData("123")]
    [InlineData("12345")]
    [InlineData("84a0")]
    [InlineData("８４１０")]
    public void A_field_id_is_four_digits(string id) => Assert.Throws<ArgumentException>(() => new GdtRecord().Add(id, ""));

    [Fact]
    public void The_length_of_a_2_1_record_is_counted_in_bytes()
    {
        // the example of the standard: 6301 of Franz Mustermann has 173 bytes
        var record = new GdtRecord
        {
            { "8000", "6301" }, { "8100", null }, { "8315", "EKG_TYP1" }, { "8316", "PRAX_EDV" }, { "9218", "02.10" }, { "3000", "02345" }, { "3101", "Mustermann" },
            { "3102", "Franz" }, { "3103", "01101945" }, { "3110", "1" }, { "3622", "178" }, { "3623", "079" },
        };
        var bytes = GdtWriter.ToBytes(record, GdtCharacterSet.Cp437, GdtVersion.Gdt21);
        Assert.Equal(173, bytes.Length);
        Assert.Contains("014810000173\r\n", Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Objects_and_lines_of_a_3_0_record_are_counted()
    {
        var record = new GdtRecord
        {
            { "8000", "6301" }, { "8100", null },
            { "8200", "Obj_Kopfdaten" }, { "8315", "EKG_TYP1" }, { "8316", "PRAX_EDV" }, { "9218", "03.00" }, { "8201", null },
            { "8200", "Obj_Patient" }, { "3000", "02345" }, { "3101", "M\u00FCller" }, { "3102", "Franz" }, { "3103", "01101945" }, { "3110", "1" }, { "8201", null },
            { "8200", "Obj_Basisdiagnostik" }, { "3622", "178.00" }, { "3623", "79.00" }, { "8201", null },
            { "8202", null },
        };
        var bytes = GdtWriter.ToBytes(record, GdtCharacterSet.Latin1, GdtVersion.Gdt30);
        var read = Assert.Single(GdtReader.Read(bytes).Records);
        Assert.Equal($"{bytes.Length:0000000}", read["8100"]);
        Assert.Equal(["5", "7", "4"], read.Where(f => f.Id == "8201").Select(f => f.Value)); // as in the standard's example
        Assert.Equal("19", read["8202"]);
    }

    [Fact]
    public void Text_beyond_the_limit_of_the_version_is_split_or_cut()
    {
        var words = string.Join(' ', Enumerable.Range(1000, 30));
        var record = new GdtRecord { { "8000", "6310" }, { "8100", null }, { "3101", new string('x', 40) }, { "6228", words } };
        var fields = GdtReader.Read(GdtWriter.ToBytes(record, GdtCharacterSet.Windows1252, GdtVersion.Gdt21)).Records[0];
        Assert.Equal(new string('x', 28), fields["3101"]);
        Assert.Equal(words, string.Concat(fields.Where(f => f.Id == "6228").Select(f => f.Value)));
        Assert.All(fields.Where(f => f.Id == "6228"), f => Assert.True(f.Value.Length <= 60));
    }

    [Fact]
    public void What_identifies_is_never_cut()
    {
        // a patient number of 2.1 has ten characters: the first ten of eleven are somebody else's
        var record = new GdtRecord { { "8000", "6310" }, { "3000", "12345678901" } };
        var error = Assert.Throws<GdtException>(() => GdtWriter.ToBytes(record, GdtCharacterSet.Windows1252, GdtVersion.Gdt21));
        Assert.Contains("3000", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("12345678901", error.Message, StringComparison.Ordinal);
        Assert.Equal("12345678901", GdtReader.Read(GdtWriter.ToBytes(record)).Records[0]["3000"]); // the old plugin's records have no limits
    }

    [Fact]
    public void A_cut_never_leaves_half_a_character_of_UTF_8()
    {
        var bytes = GdtWriter.ToBytes(new GdtRecord { { "8000", "6310" }, { "3101", new string('\u00E4', 600) } }, GdtCharacterSet.Utf8);
        Assert.Equal(new string('\u00E4', 495), GdtReader.Read(bytes).Records[0]["3101"]);
    }

    private static string Line(string id, string value) => Encoding.Latin1.GetString(GdtWriter.ToBytes(new GdtRecord { { id, value } }));

    private static string Content(string value) => Line("8413", value)[7..^2];
}
