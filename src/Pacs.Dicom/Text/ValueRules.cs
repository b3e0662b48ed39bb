using System.Buffers;
using System.Globalization;

namespace Pacs.Dicom;

/// <summary>What PS3.5 §6.2 (table 6.2-1) allows in a value of each text VR: length, characters, form.</summary>
public static class ValueRules
{
    private static readonly SearchValues<char> CodeCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _");
    private static readonly SearchValues<char> DecimalCharacters = SearchValues.Create("0123456789+-.eE");
    private static readonly SearchValues<char> DateTimeCharacters = SearchValues.Create("0123456789+-.");
    private static readonly SearchValues<char> TimeCharacters = SearchValues.Create("0123456789.");

    // RFC 3986 §2
    private static readonly SearchValues<char> UriCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%");

    /// <summary>The rule that a value breaks, as a sentence without the value in it, or null when it breaks none. An empty value breaks none.</summary>
    /// <param name="vr">A text VR.</param>
    /// <param name="value">One value, without padding.</param>
    public static string? Violation(DicomVr vr, ReadOnlySpan<char> value)
    {
        if (value.IsEmpty)
        {
            return null;
        }
        if (vr != DicomVr.PN && vr.MaxLength > 0 && value.Length > vr.MaxLength && Characters(value) is var length && length > vr.MaxLength)
        {
            return $"{vr} allows {vr.MaxLength} characters, not {length}";
        }
        return vr.Code switch
        {
            0x4145 => ApplicationEntity(value),
            0x4153 => IsAge(value) ? null : "AS must be three digits and D, W, M or Y",
            0x4353 => value.ContainsAnyExcept(CodeCharacters) ? "CS allows upper case letters, digits, blank and underscore only" : null,
            0x4441 => value.Length == 8 && DicomDate.TryParse(value, out _) ? null : "DA must be a day as YYYYMMDD",
            0x4453 => Decimal(value.Trim(' ')) ? null : "DS must be a decimal number",
            0x4454 => IsDateTime(value.TrimEnd(' ')) ? null : "DT must be YYYYMMDDHHMMSS.FFFFFF&ZZXX, complete or cut after one of its parts",
            0x4953 => Integer(value.Trim(' ')) ? null : "IS must be a whole number of 32 bits",
            0x544D => IsTime(value.TrimEnd(' ')) ? null : "TM must be HHMMSS.FFFFFF, complete or cut after one of its parts",
            0x5549 => DicomUid.IsValid(value) ? null : "UI must be numbers without leading zeros, separated by dots",
            0x504E => PersonNameRule(value),
            0x5552 => value.TrimEnd(' ').ContainsAnyExcept(UriCharacters) ? "UR allows the characters of RFC 3986 only" : null,
            // layout characters are part of text blocks (PS3.5 §6.1.3)
            0x4C54 or 0x5354 or 0x5554 => HasControl(value, "\t\n\f\r") ? $"{vr} allows no control characters but TAB, LF, FF and CR" : null,
            0x4C4F or 0x5348 or 0x5543 => LineRule(vr, value),
            _ => null,
        };
    }

    /// <summary>
    /// The rule that a tag's number of values breaks (value multiplicity, PS3.6 chapter 6), or null. Private and unknown tags have no rule.
    /// </summary>
    internal static string? CountViolation(DicomTag tag, int count)
    {
        if (DicomDictionary.Find(tag) is not { } entry || entry.Vm.Split(" or ").Any(vm => Allows(vm, count)))
        {
            return null;
        }
        return $"{count} values where {entry.Vm} are allowed";
    }

    // "3", "1-8", "1-n", "2-2n" (an even number)
    private static bool Allows(string multiplicity, int count)
    {
        var dash = multiplicity.IndexOf('-', StringComparison.Ordinal);
        var least = dash < 0 ? multiplicity : multiplicity[..dash];
        var most = dash < 0 ? multiplicity : multiplicity[(dash + 1)..];
        if (!int.TryParse(least, NumberStyles.None, CultureInfo.InvariantCulture, out var minimum))
        {
            return true;
        }
        if (!most.EndsWith('n'))
        {
            return count >= minimum && int.TryParse(most, NumberStyles.None, CultureInfo.InvariantCulture, out var maximum) && count <= maximum;
        }
        var step = int.TryParse(most[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var multiple) ? multiple : 1;
        return count >= minimum && count % step == 0;
    }

    private static string? ApplicationEntity(ReadOnlySpan<char> value) =>
        HasControl(value, "") || value.Contains('\\') ? "AE allows no control characters and no backslash"
        : value.Trim(' ').IsEmpty ? "AE must not be blanks only" : null;

    private static string? LineRule(DicomVr vr, ReadOnlySpan<char> value) =>
        HasControl(value, "") || value.Contains('\\') ? $"{vr} allows no control characters and no backslash" : null;

    // PS3.5 §6.2.1: three groups of five components; 64 characters per group
    private static string? PersonNameRule(ReadOnlySpan<char> value)
    {
        var groups = 0;
        foreach (var range in value.Split('='))
        {
            var group = value[range];
            if (++groups > 3)
            {
                return "PN allows three component groups";
            }
            if (group.Count('^') > 4)
            {
                return "PN allows five components in a group";
            }
            if (group.Length > 64 && Characters(group) is var length && length > 64)
            {
                return $"PN allows 64 characters in a component group, not {length}";
            }
        }
        return LineRule(DicomVr.PN, value);
    }

    private static bool IsAge(ReadOnlySpan<char> value) => value.Length == 4 && Digits.TryRead(value[..3], out _) && value[3] is 'D' or 'W' or 'M' or 'Y';

    private static bool Decimal(ReadOnlySpan<char> value) => !value.ContainsAnyExcept(DecimalCharacters)
        && double.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number);

    private static bool Integer(ReadOnlySpan<char> value) => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static bool IsTime(ReadOnlySpan<char> value) => !value.ContainsAnyExcept(TimeCharacters) && value.Length is 2 or 4 or 6 or (>= 8 and <= 13)
        && DicomTime.TryParse(value, out _);

    private static bool IsDateTime(ReadOnlySpan<char> value)
    {
        var sign = value.IndexOfAny('+', '-');
        var body = sign < 0 ? value : value[..sign];
        // body: at most six digits of a fraction; -0000 is reserved (PS3.5 §6.2)
        return !value.ContainsAnyExcept(DateTimeCharacters) && body.Length is 4 or 6 or 8 or 10 or 12 or 14 or (>= 16 and <= 21)
            && (sign < 0 || value.Length - sign == 5) && !value.EndsWith("-0000") && DicomDateTime.TryParse(value, out _);
    }

    private static bool HasControl(ReadOnlySpan<char> value, ReadOnlySpan<char> allowed)
    {
        foreach (var character in value)
        {
            if (char.IsControl(character) && !allowed.Contains(character))
            {
                return true;
            }
        }
        return false;
    }

    // characters, not UTF-16 code units
    private static int Characters(ReadOnlySpan<char> value)
    {
        var count = 0;
        foreach (var _ in value.EnumerateRunes())
        {
            count++;
        }
        return count;
    }
}
