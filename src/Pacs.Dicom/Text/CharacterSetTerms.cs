using System.Globalization;

namespace Pacs.Dicom;

/// <summary>The defined terms of (0008,0005), PS3.3 §C.12.1.1.2 tables C.12-2 to C.12-5, and what devices write instead of them.</summary>
internal static class CharacterSetTerms
{
    /// <summary>An empty value: the default repertoire.</summary>
    public const int Missing = 0;

    /// <summary>A term nobody knows.</summary>
    public const int Unknown = -1;

    /// <summary>ISO-IR 6.</summary>
    public const int Ascii = 6;

    /// <summary>ISO_IR 192.</summary>
    public const int Utf8 = 192;

    /// <summary>GB18030, which has no number in the ISO registry.</summary>
    public const int Gb18030 = 18030;

    /// <summary>GBK, which has none either.</summary>
    public const int Gbk = 936;

    /// <summary>The number in the ISO registry of coded character sets that a term means.</summary>
    public static int NumberOf(string term)
    {
        // nobody forgets letters and digits; case, blanks, underscores and hyphens get lost or change
        var plain = string.Concat(term.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();
        if (plain.Length == 0)
        {
            return Missing;
        }
        if (plain.StartsWith("ISO8859", StringComparison.Ordinal))
        {
            return OfIso8859(plain[7..]);
        }
        foreach (var prefix in (ReadOnlySpan<string>)["ISO2022IR", "ISOIR", "ISO2022", "IR"])
        {
            if (plain.StartsWith(prefix, StringComparison.Ordinal) && plain.Length > prefix.Length)
            {
                plain = plain[prefix.Length..];
                break;
            }
        }
        return plain switch
        {
            "ASCII" or "USASCII" or "ISO646" => Ascii,
            "UTF8" => Utf8,
            "GB18030" => Gb18030,
            "GBK" => Gbk,
            "GB2312" => 58,
            "EUCKR" => 149,
            "SHIFTJIS" or "SJIS" => 13,
            "LATIN1" => 100,
            _ => int.TryParse(plain, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && (number is Ascii or Utf8 or Gb18030 || CodedSet.Find(number) is not null)
                ? number : Unknown,
        };
    }

    /// <summary>Whether a term declares code extensions (table C.12-3).</summary>
    public static bool IsExtended(string term) => term.Contains("2022", StringComparison.Ordinal);

    /// <summary>The term as the standard spells it.</summary>
    public static string Spell(int number, bool extended) => number <= 0 ? "" : (extended ? "ISO 2022 IR " : "ISO_IR ") + number.ToString(CultureInfo.InvariantCulture);

    private static int OfIso8859(string part) => part switch
    {
        "1" => 100,
        "2" => 101,
        "3" => 109,
        "4" => 110,
        "5" => 144,
        "6" => 127,
        "7" => 126,
        "8" => 138,
        "9" => 148,
        "11" => 166,
        "15" => 203,
        _ => Unknown,
    };
}
