using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Pacs.Gdt;

/// <summary>
/// What to write for a character that a GDT character set lacks: the letter without its mark (Ş to S), what the table below says (ł to l, Ж to
/// Zh, ½ to 1/2), or <c>?</c>. People read it; it is never used to match.
/// </summary>
public static class Transliteration
{
    // letters that Unicode does not decompose, punctuation, and the eight characters Latin 9 gave up; then Cyrillic and Greek as passports write them
    private static readonly FrozenDictionary<string, string> Table = Parse("""
        ł l Ł L đ d Đ D ħ h Ħ H ŧ t Ŧ T ŋ n Ŋ N ı i ĸ k ſ s ø o Ø O æ ae Æ AE œ oe Œ OE þ th Þ Th ð d ß ss ẞ SS ə e Ə E ɵ o ƶ z Ƶ Z ʼ ' ʻ '
        ‘ ' ’ ' ‚ ' ‛ ' ′ ' “ " ” " „ " ″ " ‹ < › > « " » " ‐ - ‑ - ‒ - – - — - ― - − - … ... • * · . ⁄ / ∕ / ≤ <= ≥ >= ≠ <> ≈ ~ ± +/- × x ÷ :
        ∙ . → -> ← <- ™ (TM) ® (R) © (C) ℃ °C Ω Ohm µ u ° Grad € EUR ¤ ? ¦ | ¨ " ´ ' ¸ , ¼ 1/4 ½ 1/2 ¾ 3/4 ⌀ D ∅ D ∞ unendl.
        А A Б B В V Г G Д D Е E Ё E Ж Zh З Z И I Й I К K Л L М M Н N О O П P Р R С S Т T У U Ф F Х Kh Ц Ts Ч Ch Ш Sh Щ Shch Ъ Ie Ы Y Ь ' Э E Ю Iu Я Ia
        а a б b в v г g д d е e ё e ж zh з z и i й i к k л l м m н n о o п p р r с s т t у u ф f х kh ц ts ч ch ш sh щ shch ъ ie ы y ь ' э e ю iu я ia
        Є Ie є ie І I і i Ї I ї i Ґ G ґ g Ў U ў u Ђ Dj ђ dj Ј J ј j Љ Lj љ lj Њ Nj њ nj Ћ C ћ c Џ Dz џ dz Ѕ Dz ѕ dz
        Α A Β B Γ G Δ D Ε E Ζ Z Η I Θ Th Ι I Κ K Λ L Μ M Ν N Ξ X Ο O Π P Ρ R Σ S Τ T Υ Y Φ F Χ Ch Ψ Ps Ω O
        α a β b γ g δ d ε e ζ z η i θ th ι i κ k λ l μ u ν n ξ x ο o π p ρ r σ s ς s τ t υ y φ f χ ch ψ ps ω o
        """);

    /// <summary>What stands for a character; may be empty (invisible marks). Not itself a promise that a set has it.</summary>
    public static string Of(Rune rune)
    {
        var text = rune.ToString();
        if (Table.TryGetValue(text, out var known))
        {
            return known;
        }
        if (IsMark(rune))
        {
            return "";
        }
        if (rune.Value is > 0xFFFD and < 0x10000 || !IsAssigned(rune))
        {
            return "?";
        }
        // Ş is S and a cedilla, ﬁ is f and i, Ａ is A
        var parts = new StringBuilder();
        foreach (var part in text.Normalize(NormalizationForm.FormKD).EnumerateRunes())
        {
            if (!IsMark(part))
            {
                parts.Append(Table.GetValueOrDefault(part.ToString(), part.ToString()));
            }
        }
        return parts.Length > 0 ? parts.ToString() : "?";
    }

    /// <summary>
    /// Letters followed by combining marks put together where the set has the result: u and U+0308 is ü. Text that the set has as it is stays
    /// as it is.
    /// </summary>
    internal static string Compose(string text, GdtCharacterSet set)
    {
        var whole = true;
        foreach (var rune in text.EnumerateRunes())
        {
            whole &= set.Has(rune) || Rune.IsControl(rune);
        }
        if (whole)
        {
            return text;
        }
        var valid = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) // lone surrogates come out as U+FFFD here, which Normalize would throw at
        {
            valid.Append(IsAssigned(rune) ? rune.ToString() : "?");
        }
        return valid.ToString().Normalize(NormalizationForm.FormC);
    }

    private static bool IsMark(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.Format;

    // Normalize throws at noncharacters on some platforms
    private static bool IsAssigned(Rune rune) => rune.Value != 0xFFFD && Rune.GetUnicodeCategory(rune) is not UnicodeCategory.OtherNotAssigned;

    private static FrozenDictionary<string, string> Parse(string table)
    {
        var words = table.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        var pairs = new Dictionary<string, string>(words.Length / 2);
        for (var i = 0; i + 1 < words.Length; i += 2)
        {
            pairs[words[i]] = words[i + 1];
        }
        return pairs.ToFrozenDictionary();
    }
}
