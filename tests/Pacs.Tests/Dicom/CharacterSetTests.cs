using System.Globalization;
using System.Text;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class CharacterSetTests
{
    /// <summary>The byte tables of PS3.5 annexes H, I, J and K and of the examples between them.</summary>
    public static TheoryData<string, string, string> Annexes => new()
    {
        // H.3.1
        {
            @"\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう",
            "59616D6164615E5461726F753D 1B2442 3B33 4544 1B2842 5E 1B2442 4240 4F3A 1B2842 3D 1B2442 2464 245E 2440 1B2842 5E 1B2442 243F 246D 2426 1B2842"
        },
        // H.3.2
        {
            @"ISO 2022 IR 13\ISO 2022 IR 87", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
            "D4CFC0DE5EC0DBB33D 1B2442 3B33 4544 1B284A 5E 1B2442 4240 4F3A 1B284A 3D 1B2442 2464 245E 2440 1B284A 5E 1B2442 243F 246D 2426 1B284A"
        },
        // I.2
        {
            @"\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동",
            "486F6E675E47696C646F6E673D 1B242943 FBF3 5E 1B242943 D1CE D4D7 3D 1B242943 C8AB 5E 1B242943 B1E6 B5BF"
        },
        // J.1 and J.2
        { "ISO_IR 192", "Wang^XiaoDong=王^小東=", "57616E675E5869616F446F6E673D E78E8B 5E E5B08F E69DB1 3D" },
        { "GB18030", "Wang^XiaoDong=王^小东=", "57616E675E5869616F446F6E673D CDF5 5E D0A1 B6AB 3D" },
        { "GBK", "Wang^XiaoDong=王^小东=", "57616E675E5869616F446F6E673D CDF5 5E D0A1 B6AB 3D" },
        // K.2
        { @"\ISO 2022 IR 58", "Zhang^XiaoDong=张^小东=", "5A68616E675E5869616F446F6E673D 1B242941 D5C5 5E 1B242941 D0A1 B6AB 3D" },
    };

    [Theory]
    [MemberData(nameof(Annexes))]
    public void The_examples_of_the_standard_are_read_and_written_byte_for_byte(string terms, string name, string hex)
    {
        var set = CharacterSet.Parse(terms);
        var bytes = Hex(hex);
        Assert.Equal(terms, set.Value);
        Assert.Equal(name, set.Decode(bytes, DicomVr.PN));
        Assert.True(set.TryEncode(name, DicomVr.PN, out var encoded));
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(encoded));
    }

    [Fact]
    public void Every_line_of_a_text_begins_anew()
    {
        // PS3.5 §K.3 and §I.3: the set in G1 ends with the line
        var set = CharacterSet.Parse(@"\ISO 2022 IR 58");
        const string text = "1. 第一行文字。\r\n2. 第二行文字。\r\n3. 第三行文字。";
        var bytes = Hex("312E20 1B242941 B5DA D2BB D0D0 CEC4 D7D6 A1A3 0D0A 322E20 1B242941 B5DA B6FE D0D0 CEC4 D7D6 A1A3 0D0A 332E20 1B242941 B5DA C8FD D0D0 CEC4 D7D6 A1A3");
        Assert.True(set.TryEncode(text, DicomVr.LT, out var encoded));
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(encoded));
        Assert.Equal(text, set.Decode(bytes, DicomVr.LT));
    }

    [Fact]
    public void Kanji_go_back_to_ASCII_before_a_line_ends_and_before_the_next_value()
    {
        var set = CharacterSet.Parse(@"\ISO 2022 IR 87");
        Assert.True(set.TryEncode("山\r\n田\\太", DicomVr.LO, out var bytes));
        Assert.Equal(Convert.ToHexString(Hex("1B2442 3B33 1B2842 0D0A 1B2442 4544 1B2842 5C 1B2442 4240 1B2842")), Convert.ToHexString(bytes));
    }

    [Fact]
    public void A_set_in_G1_gives_way_to_that_of_the_first_value_before_a_delimiter()
    {
        // PS3.5 §6.1.2.5.3: Latin-1 must be active again before the caret, and is after it
        var set = CharacterSet.Parse(@"ISO 2022 IR 100\ISO 2022 IR 144");
        Assert.True(set.TryEncode("Ж^Ü", DicomVr.PN, out var bytes));
        Assert.Equal(Convert.ToHexString(Hex("1B2D4C B6 1B2D41 5E DC")), Convert.ToHexString(bytes));
        Assert.Equal("Ж^Ü", set.Decode(bytes, DicomVr.PN));
        // of a reader's own accord, if a device leaves the escape out
        Assert.Equal("Ж^Ü", set.Decode(Hex("1B2D4C B6 5E DC"), DicomVr.PN));
        // in a text a caret and a backslash are letters like others
        Assert.Equal("Ж^Ќ\\Ќ", set.Decode(Hex("1B2D4C B6 5E AC 5C AC"), DicomVr.LT));
    }

    [Fact]
    public void What_follows_an_escape_sequence_is_in_its_set_alone()
    {
        // ISO 2022 would let Katakana stay in G1 while Kanji are in G0; readers that decode piece by piece would stumble
        var set = CharacterSet.Parse(@"ISO 2022 IR 13\ISO 2022 IR 87");
        Assert.True(set.TryEncode("ｱ山ｲa", DicomVr.LO, out var bytes));
        Assert.Equal(Convert.ToHexString(Hex("B1 1B2442 3B33 1B284A 1B2949 B2 61")), Convert.ToHexString(bytes));
        Assert.Equal("ｱ山ｲa", set.Decode(bytes, DicomVr.LO));
        Assert.Equal("ｱ山ｲa", set.Decode(Hex("B1 1B2442 3B33 B2 1B284A 61"), DicomVr.LO));
    }

    [Theory]
    [InlineData("ISO_IR 101", 28592)]
    [InlineData("ISO_IR 109", 28593)]
    [InlineData("ISO_IR 110", 28594)]
    [InlineData("ISO_IR 144", 28595)]
    [InlineData("ISO_IR 127", 28596)]
    [InlineData("ISO_IR 126", 28597)]
    [InlineData("ISO_IR 138", 28598)]
    [InlineData("ISO_IR 148", 28599)]
    [InlineData("ISO_IR 203", 28605)]
    [InlineData("ISO_IR 166", 874)]
    [InlineData("ISO_IR 100", 28591)]
    [InlineData("ISO_IR 13", 932)]
    public void Every_byte_of_a_single_byte_set_is_the_character_of_its_code_page(string term, int codePage)
    {
        var set = CharacterSet.Parse(term);
        var table = CodePagesEncodingProvider.Instance.GetEncoding(codePage) ?? Encoding.GetEncoding(codePage);
        var characters = new List<string>();
        for (var code = 0xA0; code < 0x100; code++)
        {
            var bytes = new[] { (byte)'x', (byte)code };
            // private use stands for "no character" in Microsoft's tables, as do the lead bytes of Shift-JIS
            var expected = table.GetString(bytes);
            var none = expected.Length != 2 || expected[1] is (>= '\uE000' and <= '\uF8FF') or '\uFFFD' or '\u30FB'
                || (codePage == 932 && code is < 0xA1 or > 0xDF);
            Assert.Equal(none ? "x\uFFFD" : expected, set.Decode(bytes, DicomVr.LO));
            if (!none)
            {
                characters.Add(expected);
                Assert.True(set.TryEncode(expected, DicomVr.LO, out var encoded));
                Assert.Equal(bytes, encoded);
            }
        }
        Assert.True(characters.Count >= 48, $"{characters.Count} characters");
        Assert.False(set.TryEncode("山", DicomVr.LO, out _));
        var text = string.Join('\\', characters);
        var afterAscii = CharacterSet.Parse(@"\ISO 2022 IR " + term[7..]);
        Assert.True(afterAscii.TryEncode(text, DicomVr.LO, out var escaped));
        Assert.Equal(characters.Count, escaped.Count(b => b == 0x1B));
        Assert.Equal(text, afterAscii.Decode(escaped, DicomVr.LO));
    }

    [Theory]
    [InlineData("ISO-IR 100", "ISO_IR 100")]
    [InlineData("ISO_IR_100", "ISO_IR 100")]
    [InlineData("ISO IR 100", "ISO_IR 100")]
    [InlineData("iso_ir 100", "ISO_IR 100")]
    [InlineData("ISO_IR100", "ISO_IR 100")]
    [InlineData(" ISO_IR 100 ", "ISO_IR 100")]
    [InlineData("ISO 8859-1", "ISO_IR 100")]
    [InlineData("latin1", "ISO_IR 100")]
    [InlineData("ISO 8859-15", "ISO_IR 203")]
    [InlineData("ISO_IR_192", "ISO_IR 192")]
    [InlineData("UTF-8", "ISO_IR 192")]
    [InlineData("utf8", "ISO_IR 192")]
    [InlineData("ISO 2022 IR 192", "ISO_IR 192")]
    [InlineData(@"\ISO_IR 192", "ISO_IR 192")]
    [InlineData("gb18030", "GB18030")]
    [InlineData("ISO 2022 GBK", "GBK")]
    [InlineData("ISO_IR 6", "")]
    [InlineData("ISO 2022 IR 6", "")]
    [InlineData(" ", "")]
    [InlineData(@"ISO_IR 100\ISO_IR 144", @"ISO 2022 IR 100\ISO 2022 IR 144")]
    [InlineData(@"ISO 2022 IR 6\ISO 2022 IR 87\ISO 2022 IR 6", @"ISO 2022 IR 6\ISO 2022 IR 87")]
    [InlineData("ISO 2022 IR 100", "ISO 2022 IR 100")]
    [InlineData("ISO_IR 149", "ISO 2022 IR 149")]
    [InlineData(@"ISO-2022-IR-13\iso_2022_ir_87\iso 2022 ir 159", @"ISO 2022 IR 13\ISO 2022 IR 87\ISO 2022 IR 159")]
    [InlineData("ISO_IR 999", "ISO_IR 999")]
    [InlineData(@"KLINGON\ISO 2022 IR 100", @"\ISO 2022 IR 100")]
    public void Misspelt_terms_are_understood(string spelt, string meant) => Assert.Equal(meant, CharacterSet.Parse(spelt).Value);

    [Fact]
    public void Umlauts_without_a_declared_set_are_read_as_UTF_8_or_Latin_1()
    {
        Assert.Equal("Müller^Größ", CharacterSet.Default.Decode(Encoding.UTF8.GetBytes("Müller^Größ"), DicomVr.PN));
        Assert.Equal("Müller^Größ", CharacterSet.Default.Decode(Encoding.Latin1.GetBytes("Müller^Größ"), DicomVr.PN));
        Assert.Equal("Müller", CharacterSet.Parse("ISO_IR 999").Decode(Encoding.Latin1.GetBytes("Müller"), DicomVr.LO));
        Assert.False(CharacterSet.Default.TryEncode("Müller", DicomVr.PN, out var nothing));
        Assert.Empty(nothing);
    }

    [Fact]
    public void Latin_1_declared_as_UTF_8_keeps_its_umlauts()
    {
        Assert.Equal("Müller ä", CharacterSet.Utf8.Decode([.. "M"u8, 0xFC, .. "ller "u8, 0xC3, 0xA4], DicomVr.LO));
    }

    [Fact]
    public void Escape_sequences_that_nobody_declared_are_understood()
    {
        var kanji = Hex("1B2442 3B33 4544 1B2842");
        Assert.Equal("山田", CharacterSet.Default.Decode(kanji, DicomVr.PN));
        Assert.Equal("山田", CharacterSet.Parse("ISO_IR 13").Decode(kanji, DicomVr.PN));
        Assert.Equal("山田", CharacterSet.Default.Decode(Hex("1B2440 3B33 4544 1B284A"), DicomVr.PN)); // JIS C 6226
        Assert.Equal("ﾔﾏ", CharacterSet.Default.Decode(Hex("1B2849 544F 1B2842"), DicomVr.PN));      // Katakana in G0
        Assert.Equal("a\u001B$Xb", CharacterSet.Default.Decode("a\u001B$Xb"u8, DicomVr.LO));
    }

    [Fact]
    public void Escape_sequences_that_were_forgotten_are_made_up_for()
    {
        // no escape to the declared set
        Assert.Equal("홍^길동", CharacterSet.Parse(@"\ISO 2022 IR 149").Decode(Hex("C8AB 5E B1E6 B5BF"), DicomVr.PN));
        Assert.Equal("Müller", CharacterSet.Parse(@"ISO 2022 IR 6\ISO 2022 IR 100").Decode(Encoding.Latin1.GetBytes("Müller"), DicomVr.PN));
        // no escape back
        Assert.Equal("山田^太郎=a", CharacterSet.Parse(@"\ISO 2022 IR 87").Decode(Hex("1B2442 3B33 4544 5E 1B2442 4240 4F3A 1B2842 3D 61"), DicomVr.PN));
        // Shift-JIS under ISO_IR 13: the second byte of 表 is a backslash
        Assert.Equal(["表", "ﾔ"], CharacterSet.Parse("ISO_IR 13").Decode(Hex("955C 5C D4"), DicomVr.LO).Split('\\'));
    }

    [Fact]
    public void A_backslash_as_second_byte_separates_no_values()
    {
        foreach (var term in new[] { "GB18030", "GBK" })
        {
            var data = new DicomDataset().Set(DicomTag.SpecificCharacterSet, term);
            // 慭 is 91 5C in GBK
            Assert.True(CharacterSet.Parse(term).TryEncode("慭\\b", DicomVr.LO, out var bytes));
            Assert.Equal(2, bytes.Count(b => b == 0x5C));
            data.Set(new DicomElement(DicomTag.OtherPatientIDs, DicomVr.LO, bytes));
            Assert.Equal(["慭", "b"], data.GetStrings(DicomTag.OtherPatientIDs));
        }
    }

    [Fact]
    public void JIS_X_0212_is_used_for_what_JIS_X_0208_lacks()
    {
        var set = CharacterSet.Parse(@"\ISO 2022 IR 87\ISO 2022 IR 159");
        Assert.True(set.TryEncode("山丂№", DicomVr.LO, out var bytes));
        Assert.Equal(Convert.ToHexString(Hex("1B2442 3B33 1B242844 3021 2271 1B2842")), Convert.ToHexString(bytes));
        Assert.Equal("山丂№", set.Decode(bytes, DicomVr.LO));
    }

    [Theory]
    [InlineData("ISO_IR 100", "€")]
    [InlineData("ISO_IR 100", "Łódź")]
    [InlineData("ISO_IR 101", "Ç̌")]
    [InlineData("", "ü")]
    [InlineData("GBK", "😀")]
    [InlineData("ISO_IR 100", "a\u001B(Bü")]
    [InlineData(@"\ISO 2022 IR 87", "～")] // a Microsoft variant of U+301C
    public void What_a_set_lacks_is_refused_and_not_replaced(string term, string text)
    {
        Assert.False(CharacterSet.Parse(term).TryEncode(text, DicomVr.LO, out _));
        Assert.False(CharacterSet.Parse(term).CanEncode(text));
        Assert.Same(CharacterSet.Utf8, CharacterSet.Sufficient(CharacterSet.Parse(term), ["Meier", text]));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_no_character()
    {
        Assert.False(CharacterSet.Utf8.TryEncode("a\uD800", DicomVr.LO, out _));
        Assert.False(CharacterSet.Parse("GB18030").TryEncode("\uDC00a", DicomVr.LO, out _));
        Assert.False(CharacterSet.Latin1.TryEncode("\uDC00", DicomVr.LO, out _));
    }

    [Fact]
    public void An_answer_is_in_the_set_asked_for_if_that_is_enough()
    {
        Assert.Same(CharacterSet.Latin1, CharacterSet.Sufficient(CharacterSet.Latin1, ["Müller", "Weiß"]));
        Assert.Same(CharacterSet.Default, CharacterSet.Sufficient(CharacterSet.Default, []));
        Assert.Same(CharacterSet.Utf8, CharacterSet.Sufficient(CharacterSet.Latin1, ["Müller", "Wałęsa"]));
        Assert.Equal("GB18030", CharacterSet.Sufficient(CharacterSet.Parse("GB18030"), ["Müller", "😀", "王"]).Value);
    }

    [Fact]
    public void Codes_and_numbers_are_ASCII_whatever_the_set()
    {
        Assert.False(CharacterSet.Latin1.TryEncode("Ä", DicomVr.CS, out _));
        Assert.False(CharacterSet.Utf8.TryEncode("٣", DicomVr.IS, out _));
        Assert.True(CharacterSet.Utf8.TryEncode("ORIGINAL", DicomVr.CS, out _));
    }

    [Fact]
    public void Nothing_is_registered_for_the_process()
    {
        Assert.True(CharacterSet.Parse("ISO_IR 166").CanEncode("ก"));
        Assert.Throws<NotSupportedException>(() => Encoding.GetEncoding(874));
    }

    internal static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal).ToUpper(CultureInfo.InvariantCulture));
}
