using System.Globalization;
using System.Text;
using Pacs.Dicom;

namespace Pacs.Gdt;

/// <summary>Units as people write them, and how many digits of a value mean anything in them.</summary>
public static class MeasuredUnit
{
    /// <summary>
    /// A UCUM unit as people write it: <c>mm[Hg]</c> is mmHg, <c>cm2</c> is cm², <c>{H.B.}/min</c> is /min; the unit <c>1</c> of ratios and counts, and
    /// annotations such as <c>{0:2}</c>, are none.
    /// </summary>
    /// <param name="unit">What the report says; null where it says nothing.</param>
    public static string Text(CodedConcept? unit)
    {
        if (unit is not { } given)
        {
            return "";
        }
        var code = given.Value.Length > 0 ? given.Value : given.Meaning;
        switch (code)
        {
            case "1" or "": return "";
            case "mm[Hg]": return "mmHg";
            case "mL": return "ml";
            case "[hnsf'U]": return "HU";
            case "Cel": return "°C";
            case "um": return "µm";
            case "[degF]": return "°F";
            case "deg": return "°";
            case "10*-2": return "%";
        }
        var text = new StringBuilder(code.Length);
        var depth = 0;
        for (var i = 0; i < code.Length; i++)
        {
            var c = code[i];
            depth += c == '{' ? 1 : 0;
            if (depth == 0)
            {
                // an exponent follows a letter and ends its component: cm2, s2, but not the 100 of 100/min
                text.Append(c switch
                {
                    '2' when IsExponent(code, i) => '²',
                    '3' when IsExponent(code, i) => '³',
                    '.' => '·',
                    '[' or ']' => '\0',
                    _ => c,
                });
            }
            depth -= c == '}' && depth > 0 ? 1 : 0;
        }
        return text.Replace("\0", "").ToString();
    }

    /// <summary>
    /// A value with the digits that mean something in its unit: 5.4349331410369 cm is 5.43. Of a value below that precision two digits are kept, so that a
    /// thin intima is not 0.0.
    /// </summary>
    /// <param name="value">The value.</param>
    /// <param name="unit">Its unit, which decides.</param>
    /// <param name="culture">How numbers are written: the invariant culture for GDT.</param>
    public static string Format(double value, CodedConcept? unit, CultureInfo culture)
    {
        var decimals = Decimals(Text(unit));
        if (Math.Abs(value) is >= 1e15 or (> 0 and < 1e-12))
        {
            return value.ToString("R", culture);
        }
        if (value != 0 && Math.Abs(value) < Math.Pow(10, 1 - decimals))
        {
            decimals = Math.Clamp(1 - (int)Math.Floor(Math.Log10(Math.Abs(value))), decimals, 15);
        }
        // a trailing zero would claim a precision that nobody measured
        var text = Math.Round((decimal)value, decimals, MidpointRounding.AwayFromZero).ToString("0.###############", culture);
        return text == "-0" ? "0" : text;
    }

    private static int Decimals(string unit) => unit switch
    {
        "cm" or "m/s" or "cm²" or "m²" or "s" or "" or "mm²" => 2,
        "ms" or "g" or "d" or "/min" or "HU" => 0,
        "mm" or "cm/s" or "%" or "ml" or "cm³" or "mmHg" or "kg" or "dB" or "kPa" or "ml/m²" or "g/m²" or "cm/s²" => 1,
        _ => 2,
    };

    private static bool IsExponent(string code, int i) => i > 0 && char.IsAsciiLetter(code[i - 1]) && (i + 1 == code.Length || code[i + 1] is '.' or '/' or '{');
}
