using System.Globalization;
using System.Text;

namespace Pacs.Storage;

/// <summary>
/// Person names as they are compared: PS3.4 §C.2.2.2.1 lets an SCP ignore case and accents, and people at a device expect it, so
/// <c>Müller^Jürgen</c>, <c>MULLER^JURGEN</c> and <c>Muller^Jurgen^^^</c> are one name.
/// </summary>
public static class NameText
{
    /// <summary>
    /// Upper case without accents; blanks around components and empty components at the end dropped in each component group (PS3.5 §6.2.1).
    /// <c>=</c>, <c>^</c>, <c>*</c> and <c>?</c> stay.
    /// </summary>
    public static string Normalize(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var groups = Fold(name).Split('=');
        for (var i = 0; i < groups.Length; i++)
        {
            groups[i] = string.Join('^', groups[i].Split('^', StringSplitOptions.TrimEntries)).TrimEnd('^');
        }
        return string.Join('=', groups).TrimEnd('=');
    }

    /// <summary>Upper case without accents. Letters that Unicode does not decompose are written as German passports do (ß SS, Ł L, Ø O).</summary>
    public static string Fold(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Ascii.IsValid(text))
        {
            return text.ToUpperInvariant();
        }
        var folded = new StringBuilder(text.Length + 8);
        foreach (var rune in Valid(text).Normalize(NormalizationForm.FormKD).EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark)
            {
                continue;
            }
            switch (rune.Value)
            {
                case 'ß' or 'ẞ': folded.Append("SS"); break;
                case 'æ' or 'Æ': folded.Append("AE"); break;
                case 'œ' or 'Œ': folded.Append("OE"); break;
                case 'þ' or 'Þ': folded.Append("TH"); break;
                case 'ø' or 'Ø': folded.Append('O'); break;
                case 'ł' or 'Ł': folded.Append('L'); break;
                case 'đ' or 'Đ' or 'ð' or 'Ð': folded.Append('D'); break;
                case 'ħ' or 'Ħ': folded.Append('H'); break;
                case 'ŧ' or 'Ŧ': folded.Append('T'); break;
                case 'ı': folded.Append('I'); break;
                default: folded.Append(Rune.ToUpperInvariant(rune)); break;
            }
        }
        return folded.ToString();
    }

    // Normalize throws on lone surrogates, which a hostile query may contain
    private static string Valid(string text) => text.IsNormalized(NormalizationForm.FormC) ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
