using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class PersonNameTests
{
    [Fact]
    public void Five_components_and_three_groups_are_found()
    {
        var name = PersonName.Parse("Müller^Jürgen^Karl^Dr.^jun.=山田^太郎=やまだ^たろう");
        Assert.Equal(new PersonName.Group("Müller", "Jürgen", "Karl", "Dr.", "jun."), name.Alphabetic);
        Assert.Equal(new PersonName.Group("山田", "太郎"), name.Ideographic);
        Assert.Equal(new PersonName.Group("やまだ", "たろう"), name.Phonetic);
        Assert.Equal(("Müller", "Jürgen", "Karl", "Dr.", "jun."), (name.FamilyName, name.GivenName, name.MiddleName, name.Prefix, name.Suffix));
        Assert.Equal("Müller^Jürgen^Karl^Dr.^jun.=山田^太郎=やまだ^たろう", name.ToString());
    }

    [Theory]
    [InlineData("Müller^Jürgen^^^", "Müller^Jürgen")]
    [InlineData(" Müller ^ Jürgen ", "Müller^Jürgen")]
    [InlineData("Müller^Jürgen^^Dr.", "Müller^Jürgen^^Dr.")]
    [InlineData("==やまだ", "==やまだ")]
    [InlineData("a^b==", "a^b")]
    [InlineData("a^b^^=^^=c", "a^b==c")]
    [InlineData("a^b^c^d^e^f^g", "a^b^c^d^e f g")]
    [InlineData("a=b=c=d", "a=b=c d")]
    [InlineData("", "")]
    [InlineData(null, "")]
    [InlineData("^^^^", "")]
    [InlineData("  ", "")]
    [InlineData("Müller, Jürgen", "Müller, Jürgen")]
    public void Any_text_is_read_and_written_without_empty_ends(string? text, string written)
    {
        Assert.Equal(written, PersonName.Parse(text).ToString());
        Assert.Equal(PersonName.Parse(text), PersonName.Parse(written));
        Assert.Equal(written.Length == 0, PersonName.Parse(text).IsEmpty);
    }

    [Theory]
    [InlineData("Müller^Jürgen^^Dr.", "Müller, Jürgen Dr.")]
    [InlineData("Müller^Jürgen^Karl^Prof. Dr.^jun.", "Müller, Jürgen Karl Prof. Dr. jun.")]
    [InlineData("Müller", "Müller")]
    [InlineData("^Jürgen", "Jürgen")]
    [InlineData("=山田^太郎", "山田, 太郎")]
    [InlineData("", "")]
    public void German_offices_show_the_family_name_first(string text, string shown) => Assert.Equal(shown, PersonName.Parse(text).ToDisplayString());

    [Theory]
    [InlineData("Müller^Jürgen", "MULLER^JURGEN")]
    [InlineData("Weiß", "WEISS")]
    [InlineData("WEIẞ", "WEISS")]
    [InlineData("Wałęsa^Łukasz", "WALESA^LUKASZ")]
    [InlineData("Yılmaz^Şükrü İ", "YILMAZ^SUKRU I")]
    [InlineData("Sørensen^Åse", "SORENSEN^ASE")]
    [InlineData("Đorđević", "DORDEVIC")]
    [InlineData("Æbelø^Þór", "AEBELO^THOR")]
    [InlineData("Шевченко^Оксана", "ШЕВЧЕНКО^ОКСАНА")]
    [InlineData("Άννα", "ΑΝΝΑ")]
    [InlineData("홍^길동", "홍^길동")]
    [InlineData("がぎぐ=ﾊﾟ", "がぎぐ=ﾊﾟ")]
    [InlineData("ｙａｍａｄａ１", "YAMADA1")]
    [InlineData("Mül*^J?rgen", "MUL*^J?RGEN")]
    [InlineData(" Müller  -  Huber ^ Anna ^^ ", "MULLER - HUBER^ANNA")]
    [InlineData("a^^b^=c^=", "A^^B=C")]
    [InlineData("a^=\\b^", "A\\B")]
    [InlineData("==x", "==X")]
    [InlineData("", "")]
    [InlineData("😀a\uFFFE", "😀A\uFFFD")]
    public void Names_fold_to_upper_case_without_accents_and_empty_ends(string name, string folded) => Assert.Equal(folded, PersonName.Fold(name));

    [Theory]
    [InlineData("Müller", "Mueller", "Muller", "MULLER")]
    [InlineData("Öhlschläger^Jörg", "Oehlschlaeger^Joerg", "Ohlschlager^Jorg", "OHLSCHLAGER^JORG")]
    [InlineData("Müe", "Muee", "MU", "MU")]
    [InlineData("Bäuerle", "Baeuerle", "Bauerle", "BAURLE")]
    public void The_three_spellings_of_an_umlaut_are_one(string umlaut, string written, string bare, string folded)
    {
        Assert.Equal(folded, PersonName.FoldGerman(umlaut));
        Assert.Equal(folded, PersonName.FoldGerman(written));
        Assert.Equal(folded, PersonName.FoldGerman(bare));
    }

    [Fact]
    public void Folding_is_of_use_for_other_texts_too()
    {
        Assert.Equal("SONO SCHILDDRUSE = LINKS^", TextFolding.Fold("Sono Schilddrüse = links^"));
        Assert.Equal("A\uFFFDB", TextFolding.Fold("a\uD800b"));
    }
}
