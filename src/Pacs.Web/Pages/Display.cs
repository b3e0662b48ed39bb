using System.Globalization;
using System.Text;
using Microsoft.Extensions.Localization;
using Pacs.Dicom;

namespace Pacs.Web.Pages;

/// <summary>
/// How values look to people: names, dates, sizes and counts in the language of the request. Nothing here is HTML; Razor encodes it.
/// What cannot be read as DICOM prescribes is shown as it came, never hidden.
/// </summary>
public sealed class Display(IStringLocalizer<Texts> texts, TimeProvider clock)
{
    /// <summary>More of one value is cut on a page: the file has it all.</summary>
    public const int MaxText = 1000;

    private static CultureInfo Culture => CultureInfo.CurrentCulture;

    private static bool IsGerman => Culture.TwoLetterISOLanguageName == "de";

    private static string DayFormat => IsGerman ? "dd.MM.yyyy" : "dd MMM yyyy";

    /// <summary>
    /// A person name (PS3.5 §6.2.1) as an office writes it: <c>Müller, Jörg Dr.</c> An ideographic group follows in brackets.
    /// </summary>
    public string Name(string? value)
    {
        var name = PersonName.Parse(value);
        var ideographic = string.Join(' ', new[] { name.Ideographic.FamilyName, name.Ideographic.GivenName }.Where(p => p.Length > 0));
        return name.IsEmpty ? texts["Patient.NoName"]
            : Text(name.Alphabetic.IsEmpty || ideographic.Length == 0 ? name.ToDisplayString() : $"{name.ToDisplayString()} ({ideographic})");
    }

    /// <summary>A DICOM date (PS3.5 §6.2 DA, also the old form with dots): <c>07.03.1958</c> or <c>07 Mar 1958</c>.</summary>
    public string Date(string? value) => TryDate(value, out var date) ? date.ToString(DayFormat, Culture) : Text(value);

    /// <summary>A day as a heading: <c>Heute, Dienstag, 12. März 2024</c>. Null for what is no date.</summary>
    public string DayHeading(string? value)
    {
        if (!TryDate(value, out var date))
        {
            return string.IsNullOrEmpty(value) ? texts["Day.None"] : Text(value);
        }
        var today = DateOnly.FromDateTime(clock.GetLocalNow().DateTime);
        var day = date.ToString(IsGerman ? "dddd, d. MMMM yyyy" : "dddd, d MMMM yyyy", Culture);
        return (today.DayNumber - date.DayNumber) switch
        {
            0 => $"{texts["Day.Today"].Value}, {day}",
            1 => $"{texts["Day.Yesterday"].Value}, {day}",
            _ => day,
        };
    }

    /// <summary>A DICOM time (PS3.5 §6.2 TM): <c>08:31</c>.</summary>
    public string Time(string? value)
    {
        var digits = (value ?? "").Trim().Replace(":", "", StringComparison.Ordinal);
        return digits.Length >= 4 && digits.AsSpan(0, 4).IndexOfAnyExceptInRange('0', '9') < 0 && string.CompareOrdinal(digits[..4], "2400") < 0 && digits[2] < '6'
            ? $"{digits[..2]}:{digits[2..4]}"
            : Text(value);
    }

    /// <summary>A moment of this server in its own time zone: <c>12.03.2024, 08:31:07</c>.</summary>
    public string Moment(DateTimeOffset value) =>
        TimeZoneInfo.ConvertTime(value, clock.LocalTimeZone).ToString(DayFormat + ", HH:mm:ss", Culture);

    /// <summary>The day of a moment in the server's time zone: <c>12.03.2024</c>.</summary>
    public string Day(DateTimeOffset value) => TimeZoneInfo.ConvertTime(value, clock.LocalTimeZone).ToString(DayFormat, Culture);

    /// <summary>The sex (PS3.3 §C.7.1.1, (0010,0040)) as one letter; empty when it is not known.</summary>
    public string Sex(string? value) => value?.Trim() switch
    {
        "M" => texts["Sex.M.Short"],
        "F" => texts["Sex.F.Short"],
        "O" => texts["Sex.O.Short"],
        _ => "",
    };

    /// <summary>The sex as a word, for those who do not see the letter in its place.</summary>
    public string SexWord(string? value) => value?.Trim() switch
    {
        "M" => texts["Sex.M"],
        "F" => texts["Sex.F"],
        "O" => texts["Sex.O"],
        _ => texts["Sex.Unknown"],
    };

    /// <summary>Birth date and sex behind a name: <c>*07.03.1958 · m</c>; empty when both are unknown.</summary>
    public string BirthAndSex(string? birthDate, string? sex)
    {
        var born = Date(birthDate);
        var letter = Sex(sex);
        return (born.Length, letter.Length) switch
        {
            (0, _) => letter,
            (_, 0) => "*" + born,
            _ => $"*{born} · {letter}",
        };
    }

    /// <summary>Bytes in the unit people say: <c>1,2 MB</c>.</summary>
    public string Size(long bytes)
    {
        string[] units = ["KB", "MB", "GB", "TB"];
        if (bytes < 1024)
        {
            return string.Create(Culture, $"{bytes} {texts["Size.Bytes"].Value}");
        }
        var value = bytes / 1024.0;
        var unit = 0;
        while (value >= 1023.5 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        return value.ToString(value < 10 ? "0.#" : "0", Culture) + " " + units[unit];
    }

    /// <summary>What kind of object a SOP class is, in the office's words where there are some: <c>Ultraschallbild</c>; else its name in PS3.6.</summary>
    public string Kind(string sopClass)
    {
        if (texts["Kind." + sopClass] is { ResourceNotFound: false } known)
        {
            return known.Value;
        }
        var name = Text(DicomUid.NameOf(sopClass), 80);
        return name.EndsWith(" Storage", StringComparison.Ordinal) ? name[..^" Storage".Length] : name;
    }

    /// <summary>A number with its group separators: <c>12.345</c>.</summary>
    public string Number(long value) => value.ToString("N0", Culture);

    /// <summary>A number and its noun, <c>1 Bild</c>, <c>2 Bilder</c>: the texts <c>Count.{noun}.One</c> and <c>Count.{noun}.Many</c>.</summary>
    public string Count(string noun, long value) => texts[value == 1 ? $"Count.{noun}.One" : $"Count.{noun}.Many", Number(value)];

    /// <summary>An address: one of IPv4 as people write it, where an earlier version kept the form of IPv6 (<c>::ffff:</c>).</summary>
    public string Host(string? value) => Text(value?.StartsWith("::ffff:", StringComparison.OrdinalIgnoreCase) == true && value.Contains('.', StringComparison.Ordinal) ? value["::ffff:".Length..] : value, 64);

    /// <summary>
    /// A text from outside: control characters become visible, lone surrogates U+FFFD, and more than <see cref="MaxText"/> characters are cut with a
    /// note of how many there were.
    /// </summary>
    public string Text(string? value, int max = MaxText)
    {
        if (string.IsNullOrEmpty(value))
        {
            return "";
        }
        var cut = value.Length > max;
        var shown = new StringBuilder(Math.Min(value.Length, max) + 40);
        foreach (var rune in (cut ? value.AsSpan(0, max) : value).EnumerateRunes())
        {
            shown.Append(rune.Value switch
            {
                '\n' or '\t' => rune.ToString(),
                '\r' => "",
                < 0x20 => ((char)(0x2400 + rune.Value)).ToString(), // the control pictures of Unicode
                0x7F => "\u2421",
                >= 0x80 and < 0xA0 => "\uFFFD",
                _ => rune.ToString(),
            });
        }
        return cut ? shown.Append(" … ").Append(texts["Text.Cut", Number(value.Length)].Value).ToString() : shown.ToString();
    }

    /// <summary>Reads <c>YYYYMMDD</c>, and <c>YYYY.MM.DD</c> of ACR-NEMA (PS3.5 §6.2 note for DA).</summary>
    public static bool TryDate(string? value, out DateOnly date) =>
        DateOnly.TryParseExact(value?.Trim(), ["yyyyMMdd", "yyyy.MM.dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out date);
}
