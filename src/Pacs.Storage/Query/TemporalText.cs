using System.Globalization;

namespace Pacs.Storage;

/// <summary>
/// DA, TM and DT as texts whose ordinal order is the order in time, whatever their precision. A value stays as it is but for the separators of
/// ACR-NEMA; a lower bound is shortened (<c>103000</c> becomes <c>1030</c>, which is not after the value <c>1030</c>), an upper bound is filled
/// up (<c>1030</c> becomes <c>103059.999999</c>).
/// </summary>
internal static class TemporalText
{
    /// <summary>A date as <c>YYYYMMDD</c>, also from <c>YYYY.MM.DD</c> (PS3.5 §6.2 DA, note 1). Null when it is none.</summary>
    public static string? Date(string text)
    {
        if (text.Length == 10 && text[4] == '.' && text[7] == '.')
        {
            text = string.Concat(text.AsSpan(0, 4), text.AsSpan(5, 2), text.AsSpan(8, 2));
        }
        return text.Length == 8 && IsDigits(text) ? text : null;
    }

    /// <summary>A time as <c>HH[MM[SS[.F…]]]</c>, also from <c>HH:MM:SS</c> (PS3.5 §6.2 TM, note 1). Null when it is none.</summary>
    public static string? Time(string text)
    {
        if (text.Length is 5 or >= 8 && text[2] == ':' && (text.Length == 5 || text[5] == ':'))
        {
            text = text.Replace(":", "", StringComparison.Ordinal);
        }
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var whole = dot < 0 ? text : text[..dot];
        var valid = whole.Length is 2 or 4 or 6 && IsDigits(whole)
            && (dot < 0 || (whole.Length == 6 && text.Length - dot - 1 is >= 1 and <= 6 && IsDigits(text.AsSpan(dot + 1))));
        return valid ? text : null;
    }

    /// <summary>
    /// A date time as <c>YYYY[MM[DD[HH[MM[SS[.F…]]]]]]</c>. One with an offset from UTC is moved to UTC when it has a day to move; ends without
    /// offset are compared as they are written. Null when it is none.
    /// </summary>
    public static string? DateTime(string text)
    {
        var sign = text.AsSpan().IndexOfAny('+', '-');
        var local = sign < 0 ? text : text[..sign];
        var dot = local.IndexOf('.', StringComparison.Ordinal);
        var whole = dot < 0 ? local : local[..dot];
        if (whole.Length is not (4 or 6 or 8 or 10 or 12 or 14) || !IsDigits(whole)
            || (dot >= 0 && (whole.Length != 14 || local.Length - dot - 1 is < 1 or > 6 || !IsDigits(local.AsSpan(dot + 1)))))
        {
            return null;
        }
        if (sign < 0)
        {
            return local;
        }
        // PS3.5 §6.2 DT: -1200 to +1400
        if (text.Length != sign + 5 || !IsDigits(text.AsSpan(sign + 1)))
        {
            return null;
        }
        var offset = new TimeSpan(int.Parse(text.AsSpan(sign + 1, 2), CultureInfo.InvariantCulture), int.Parse(text.AsSpan(sign + 3, 2), CultureInfo.InvariantCulture), 0);
        if (offset.TotalHours > 14)
        {
            return null;
        }
        const string Format = "yyyyMMddHHmmss";
        if (whole.Length < 10
            || !System.DateTime.TryParseExact(whole.PadRight(14, '0'), Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var moment)
            || moment.Year is < 2 or > 9998)
        {
            return local;
        }
        var utc = moment - (text[sign] == '-' ? -offset : offset);
        return utc.ToString(Format, CultureInfo.InvariantCulture)[..Math.Max(whole.Length, offset.Minutes != 0 ? 12 : 10)] + local[whole.Length..];
    }

    /// <summary>The lower end of a range for a time.</summary>
    public static string TimeFrom(string time) => Shorten(time, 2);

    /// <summary>The upper end of a range for a time.</summary>
    public static string TimeTo(string time) => Fill(time, "235959.999999");

    /// <summary>The lower end of a range for a date time.</summary>
    public static string DateTimeFrom(string moment) => Shorten(moment, 8);

    /// <summary>The upper end of a range for a date time. Its month may be longer than the calendar's: only the order counts.</summary>
    public static string DateTimeTo(string moment) => Fill(moment, "99991231235959.999999");

    private static string Shorten(string text, int least)
    {
        if (text.Contains('.', StringComparison.Ordinal))
        {
            text = text.TrimEnd('0').TrimEnd('.');
        }
        while (text.Length > least && text.Length % 2 == 0 && !text.Contains('.', StringComparison.Ordinal) && text.EndsWith("00", StringComparison.Ordinal))
        {
            text = text[..^2];
        }
        return text;
    }

    private static string Fill(string text, string last)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? text + last[text.Length..] : text.PadRight(dot + 7, '9');
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExceptInRange('0', '9');
}
