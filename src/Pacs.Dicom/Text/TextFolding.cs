using System.Text;

namespace Pacs.Dicom;

/// <summary>
/// Makes texts that people take for the same the same: upper case, without accents. What is stored for searching and what is searched for
/// both go through it (PS3.4 §C.2.2.2.1.2 lets person names match without regard to case and accents).
/// </summary>
public static class TextFolding
{
    /// <summary>
    /// Upper case, without accents: <c>Müller</c> gives <c>MULLER</c>, ß <c>SS</c>, ł <c>L</c>, Ş <c>S</c>, ø <c>O</c>, æ <c>AE</c>; full-width Latin letters become plain
    /// ones. Delimiters, wildcards and other scripts stay as they are. Folding twice changes nothing more.
    /// </summary>
    public static string Fold(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Ascii.IsValid(text))
        {
            return text.ToUpperInvariant();
        }
        var folded = new StringBuilder(text.Length + 4);
        foreach (var letter in Decompose(text))
        {
            // only the accents of Latin, Greek and Cyrillic: the voicing marks of Kana (U+3099) and Hangul are letters, not decoration
            if (letter is < '\u0300' or > '\u036F')
            {
                AppendUpper(folded, letter);
            }
        }
        // an upper-case letter may be decomposable where its lower-case one is not; what is left composed (Hangul, Kana) is put together again
        var upper = folded.ToString();
        return Recompose(Decompose(upper));
    }

    /// <summary>
    /// As <see cref="Fold"/>, and <c>AE</c>, <c>OE</c>, <c>UE</c> count as the umlauts they stand for: <c>Mueller</c>, <c>Müller</c> and
    /// <c>Muller</c> all give <c>MULLER</c>. Both sides of a comparison must go through it: <c>Bauer</c> becomes <c>BAUR</c>.
    /// </summary>
    public static string FoldGerman(string text)
    {
        var folded = Fold(text);
        if (!folded.Contains("AE", StringComparison.Ordinal) && !folded.Contains("OE", StringComparison.Ordinal) && !folded.Contains("UE", StringComparison.Ordinal))
        {
            return folded;
        }
        var german = new StringBuilder(folded.Length);
        foreach (var letter in folded)
        {
            // every E of a run: "Müe" may be spelt "Muee"
            if (letter != 'E' || german.Length == 0 || german[^1] is not ('A' or 'O' or 'U'))
            {
                german.Append(letter);
            }
        }
        return german.ToString();
    }

    private static void AppendUpper(StringBuilder folded, char letter)
    {
        // letters that Unicode does not decompose, but that people without such a key on their keyboard replace like this
        var replacement = letter switch
        {
            'ß' or 'ẞ' => "SS",
            'æ' or 'Æ' => "AE",
            'œ' or 'Œ' => "OE",
            'ø' or 'Ø' => "O",
            'ł' or 'Ł' => "L",
            'đ' or 'Đ' or 'ð' or 'Ð' => "D",
            'þ' or 'Þ' => "TH",
            'ħ' or 'Ħ' => "H",
            'ŧ' or 'Ŧ' => "T",
            'ŋ' or 'Ŋ' => "N",
            'ı' => "I",
            'ſ' => "S",
            'ĳ' or 'Ĳ' => "IJ",
            _ => null,
        };
        if (replacement is not null)
        {
            folded.Append(replacement);
            return;
        }
        letter = letter switch
        {
            >= '０' and <= '９' or >= 'Ａ' and <= 'Ｚ' => (char)(letter - 0xFEE0),
            >= 'ａ' and <= 'ｚ' => (char)(letter - 0xFEE0 - 0x20),
            _ => char.ToUpperInvariant(letter),
        };
        folded.Append(letter);
    }

    // what is left of the accents goes, the rest is put together again
    private static string Recompose(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (letter is < '\u0300' or > '\u036F')
            {
                plain.Append(letter);
            }
        }
        return plain.ToString().Normalize(NormalizationForm.FormC);
    }

    // Normalize throws on lone surrogates and on U+FFFE; texts from devices may hold anything
    private static string Decompose(string text)
    {
        StringBuilder? clean = null;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]) || text[i] == '\uFFFE')
            {
                clean ??= new StringBuilder(text);
                clean[i] = '\uFFFD';
            }
        }
        return (clean?.ToString() ?? text).Normalize(NormalizationForm.FormD);
    }
}
