using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class CharacterSetPropertyTests
{
    public static TheoryData<string> Terms =>
    [
        "", "ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110", "ISO_IR 144", "ISO_IR 127", "ISO_IR 126", "ISO_IR 138", "ISO_IR 148", "ISO_IR 203",
        "ISO_IR 166", "ISO_IR 13", "ISO_IR 192", "GB18030", "GBK",
        @"\ISO 2022 IR 87", @"\ISO 2022 IR 87\ISO 2022 IR 159", @"ISO 2022 IR 13\ISO 2022 IR 87\ISO 2022 IR 159", @"\ISO 2022 IR 149", @"\ISO 2022 IR 58",
        @"ISO 2022 IR 6\ISO 2022 IR 100\ISO 2022 IR 144\ISO 2022 IR 126", @"ISO 2022 IR 100\ISO 2022 IR 101\ISO 2022 IR 148\ISO 2022 IR 203",
        @"ISO 2022 IR 127\ISO 2022 IR 138\ISO 2022 IR 166\ISO 2022 IR 109\ISO 2022 IR 110",
        @"ISO 2022 IR 149\ISO 2022 IR 87", @"ISO 2022 IR 100\ISO 2022 IR 87\ISO 2022 IR 149\ISO 2022 IR 58\ISO 2022 IR 13",
    ];

    [Theory]
    [MemberData(nameof(Terms))]
    public void Every_character_that_can_be_written_is_read_again(string term)
    {
        var set = CharacterSet.Parse(term);
        var written = 0;
        for (var code = 0; code < 0x10000; code++)
        {
            var text = "a" + (char)code + "^b";
            foreach (var vr in new[] { DicomVr.PN, DicomVr.LT })
            {
                if (set.TryEncode(text, vr, out var bytes))
                {
                    written++;
                    Assert.Equal(text, set.Decode(bytes, vr));
                }
            }
        }
        Assert.True(written >= 2 * 127, $"{written} characters");
    }

    [Theory]
    [MemberData(nameof(Terms))]
    public void Every_text_of_a_sets_characters_is_read_as_it_was_written(string term)
    {
        var set = CharacterSet.Parse(term);
        var characters = Enumerable.Range(1, 0xFFFF).Select(c => ((char)c).ToString()).Where(c => c != "\u001B" && set.CanEncode(c)).ToArray();
        // ESC is no text (PS3.5 §6.1.3); delimiters and line ends often: that is where code extensions end
        var letters = Gen.Frequency((1, Gen.Elements("\\", "^", "=", " ", "\r\n", "\t", "\f")), (2, Gen.Elements("a", "Z", "5", "~")), (5, Gen.Elements(characters)));
        var texts = letters.ListOf().Select(string.Concat).ToArbitrary();
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(300),
            Prop.ForAll(texts, text =>
                new[] { DicomVr.PN, DicomVr.LO, DicomVr.UT }.All(vr => set.TryEncode(text, vr, out var bytes)
                    && set.Decode(bytes, vr) == text
                    // what is read value by value, as others do it, is the same: each value begins with the sets of the first term
                    && (vr == DicomVr.UT || bytes.Length == 0 || set.Value is "GBK" or "GB18030" || SplitFirst(set, bytes, vr) == text))));
    }

    [Fact]
    public void Whatever_can_be_written_is_read_again()
    {
        var sets = Terms.Select(t => CharacterSet.Parse(t.Data)).ToArray();
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1000),
            Prop.ForAll<string?>(text => Array.TrueForAll(sets, set => !set.TryEncode(text ?? "", DicomVr.LO, out var bytes) || set.Decode(bytes, DicomVr.LO) == (text ?? ""))));
    }

    [Fact]
    public void Folding_twice_changes_nothing_more()
    {
        for (var code = 0; code < 0x10000; code++)
        {
            var text = "e" + (char)code + "U";
            var folded = TextFolding.Fold(text);
            Assert.True(TextFolding.Fold(folded) == folded, code.ToString("X4", CultureInfo.InvariantCulture));
        }
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll<string?>(text =>
            TextFolding.FoldGerman(TextFolding.FoldGerman(text ?? "")) == TextFolding.FoldGerman(text ?? "") && PersonName.Fold(PersonName.Fold(text ?? "")) == PersonName.Fold(text ?? "")));
    }

    [Fact]
    public void Composed_and_decomposed_letters_fold_alike()
    {
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(Gen.Elements("äöüÄéñşłžőèåи가がﾊﾟ".Select(c => c.ToString()).ToArray()).ListOf().Select(string.Concat).ToArbitrary(), text =>
            TextFolding.Fold(text.Normalize(NormalizationForm.FormD)) == TextFolding.Fold(text)));
    }

    private static string SplitFirst(CharacterSet set, byte[] bytes, DicomVr vr)
    {
        var values = new List<string>();
        for (var start = 0; start <= bytes.Length;)
        {
            var end = Delimiter(bytes, start);
            values.Add(set.Decode(bytes.AsSpan(start, end - start), vr));
            start = end + 1;
        }
        return string.Join('\\', values);
    }

    // the next backslash outside two-byte sets in G0
    private static int Delimiter(byte[] bytes, int start)
    {
        var isDouble = false;
        for (var i = start; i < bytes.Length; i++)
        {
            if (bytes[i] == 0x1B)
            {
                isDouble = bytes[i + 1] == '$' && bytes[i + 2] != ')' || (isDouble && bytes[i + 1] != '(');
                i += bytes[i + 1] == '$' && bytes[i + 2] is (byte)'(' or (byte)')' ? 3 : 2;
            }
            else if (bytes[i] == '\\' && !isDouble)
            {
                return i;
            }
        }
        return bytes.Length;
    }
}
