using FsCheck;
using FsCheck.Fluent;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>What the writer writes, the reader reads, without forgiving anything: all versions, all character sets, any text.</summary>
public sealed class GdtRoundTripTests
{
    public static readonly TheoryData<GdtVersion, string> Combinations = [.. from version in Enum.GetValues<GdtVersion>() from set in GdtCharacterSet.All select (version, set.Name)];

    [Theory]
    [MemberData(nameof(Combinations))]
    public void What_is_written_is_read_again(GdtVersion version, string name)
    {
        var set = GdtCharacterSet.Find(name)!;
        var texts = ArbMap.Default.ArbFor<string?[]>();
        Prop.ForAll(texts, values =>
        {
            var record = Record(version, set, values);
            var bytes = GdtWriter.ToBytes(record, set, version);
            var message = GdtReader.Read(bytes, set);
            Assert.DoesNotContain(message.Remarks, r => r.Fault != GdtFault.CharacterSet);
            var read = Assert.Single(message.Records);
            // the text is what the set makes of it; repeated lines are one text
            var decoder = message.CharacterSet;
            Assert.Equal(string.Concat(values.Select(v => decoder.Decode(set.Encode(v ?? "")))), string.Concat(read.Where(f => f.Id == "6228").Select(f => f.Value)));
            Assert.Equal("1723", read["3000"]);
            Assert.Equal(bytes, GdtWriter.ToBytes(Renumbered(read), decoder, version));
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Characters_that_a_set_has_come_back_and_others_leave_something_behind(string name)
    {
        var set = GdtCharacterSet.Find(name)!;
        for (var code = 0x20; code < 0x600; code++)
        {
            var rune = new System.Text.Rune(code);
            if (System.Text.Rune.IsControl(rune))
            {
                continue;
            }
            var text = set.Decode(set.Encode($"a {rune}b")); // behind a blank nothing is put together
            Assert.True(set.Has(rune) ? text == $"a {rune}b" : text.StartsWith("a ", StringComparison.Ordinal) && text.EndsWith('b'), $"U+{code:X4} in {name}: {text}");
        }
    }

    public static readonly TheoryData<string> Sets = [.. GdtCharacterSet.All.Select(s => s.Name)];

    [Theory]
    [InlineData("DIN_66003", "Müller-Lüdenscheid [ß] {x} a|b \\ ~ @ §", "M}ller-L}denscheid (~) (x) a/b / - (at) @")]
    [InlineData("DIN_66003", "Łukasz Şahin é", "Lukasz Sahin e")]
    [InlineData("IBM437", "Łukasz Şahin é €", "Lukasz Sahin \u0082 EUR")]
    [InlineData("ISO-8859-1", "Łukasz Š €", "Lukasz S EUR")]
    [InlineData("windows-1252", "Łukasz Š €", "Lukasz \u008A \u0080")]
    [InlineData("UTF-8", "Łé", "\u00C5\u0081\u00C3\u00A9")]
    public void What_a_set_lacks_is_transliterated(string name, string text, string bytes) =>
        Assert.Equal(bytes, System.Text.Encoding.Latin1.GetString(GdtCharacterSet.Find(name)!.Encode(text)));

    private static GdtRecord Record(GdtVersion version, GdtCharacterSet set, string?[] values)
    {
        var record = new GdtRecord { { "8000", "6310" } };
        var counted = version is GdtVersion.Gdt30 or GdtVersion.Gdt31;
        if (version is not (GdtVersion.Plugin or GdtVersion.Gdt35))
        {
            record.Add("8100", null);
        }
        if (counted)
        {
            record.Add("8200", "Obj_Kopfdaten");
        }
        if (set.Code is { } code && version != GdtVersion.Gdt35)
        {
            record.Add("9206", code);
        }
        record.Add("9218", version switch { GdtVersion.Gdt21 => "02.10", GdtVersion.Gdt30 => "03.00", GdtVersion.Gdt31 => "03.01", _ => "03.1" });
        if (counted)
        {
            record.Add("8201", null);
        }
        record.Add("3000", "1723");
        foreach (var value in values)
        {
            record.Add("6228", value);
        }
        record.Add(counted ? "8202" : "8001", "6310");
        return record;
    }

    private static GdtRecord Renumbered(GdtRecord read)
    {
        var record = new GdtRecord();
        foreach (var field in read)
        {
            record.Add(field.Id, field.Id is "8100" or "8201" or "8202" ? null : field.Value);
        }
        return record;
    }
}
