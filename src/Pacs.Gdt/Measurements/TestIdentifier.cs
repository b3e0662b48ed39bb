using System.Globalization;
using System.Text;

namespace Pacs.Gdt;

/// <summary>
/// Test identifiers (8410) and values (8420) exactly as the old plugin made them. Trend tables in practice software hang on these identifiers, so
/// they must not change, however they were meant: the rules are those of Python's <c>re</c>, <c>str.upper</c> and <c>repr</c>.
/// </summary>
public static class TestIdentifier
{
    /// <summary>
    /// The identifier of an echo measurement before <see cref="Compatible"/>: <c>EC</c>, two characters of the image mode, the first character
    /// of each word of the name. <c>2D mode</c> and <c>Left Ventricular Ejection Fraction</c> give <c>EC2DLVEF</c>.
    /// </summary>
    public static string Initials(string source, string name)
    {
        var id = new StringBuilder("EC");
        foreach (var rune in source.EnumerateRunes().Take(2))
        {
            id.Append(rune);
        }
        // the old plugin failed at two blanks in a row: an empty word has no first character
        foreach (var word in name.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            id.Append(word.EnumerateRunes().First());
        }
        return id.ToString();
    }

    /// <summary><c>SO</c> and the letters and digits of an id in upper case: <c>Rt-Thy-L</c> gives <c>SORTTHYL</c>.</summary>
    public static string Compatible(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        var result = new StringBuilder("SO");
        foreach (var rune in id.EnumerateRunes())
        {
            // Python's \w: letters and everything numeric ("²" too), but no combining marks; the underscore goes as well
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
                or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber)
            {
                result.Append(Upper(rune));
            }
        }
        return result.ToString();
    }

    /// <summary>
    /// A number as Python prints it: the shortest digits that read back as the same number, always with a decimal point or an exponent. Fixed
    /// notation from 1e-4 to below 1e16.
    /// </summary>
    public static string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), "no finite number");
        }
        if (value == 0)
        {
            return double.IsNegative(value) ? "-0.0" : "0.0";
        }
        // .NET's shortest round-trip digits are Python's; only where the exponent starts differs
        var shortest = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        var mantissa = shortest.Split('E')[0];
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        var exponent = ExponentOf(shortest);
        var sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            var fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }
        var whole = digits.Length > exponent + 1 ? digits[..(exponent + 1)] : digits.PadRight(exponent + 1, '0');
        var rest = digits.Length > exponent + 1 ? digits[(exponent + 1)..] : "0";
        return $"{sign}{whole}.{rest}";
    }

    // the decimal exponent of the first digit that is not zero
    private static int ExponentOf(string shortest)
    {
        var e = shortest.IndexOf('E', StringComparison.Ordinal);
        var exponent = e < 0 ? 0 : int.Parse(shortest.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = e < 0 ? shortest : shortest[..e];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        point = point < 0 ? mantissa.Length : point;
        var first = mantissa.AsSpan().IndexOfAnyInRange('1', '9');
        return exponent + (first < point ? point - 1 - first : point - first);
    }

    // Python's str.upper knows the mappings to several letters (Unicode's SpecialCasing), .NET does not; of these only the ones whose result
    // ISO 8859-15 has can ever have been in a file
    private static string Upper(Rune rune) => rune.Value switch
    {
        'ß' => "SS",
        'ı' => "I",
        'ſ' => "S",
        'ﬀ' => "FF",
        'ﬁ' => "FI",
        'ﬂ' => "FL",
        'ﬃ' => "FFI",
        'ﬄ' => "FFL",
        'ﬅ' or 'ﬆ' => "ST",
        _ => Rune.ToUpperInvariant(rune).ToString(),
    };
}
