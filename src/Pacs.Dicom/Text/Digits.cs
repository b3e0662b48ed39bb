namespace Pacs.Dicom;

/// <summary>Reading of the fixed numbers that DA, TM and DT are made of.</summary>
internal static class Digits
{
    /// <summary>ASCII digits only: no sign, no blank.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out int number)
    {
        number = 0;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit(digit))
            {
                return false;
            }
            number = number * 10 + digit - '0';
        }
        return !text.IsEmpty;
    }

    /// <summary>HH[MM[SS[.F…]]], with or without colons.</summary>
    public static bool TryReadTime(ReadOnlySpan<char> text, out long ticks, out DicomPrecision precision)
    {
        (ticks, precision) = (0, DicomPrecision.Hour);
        var colon = text.Length > 2 && text[2] == ':' ? 1 : 0;
        if (text.Length < 2 || !TryRead(text[..2], out var hour) || hour > 23)
        {
            return false;
        }
        ticks = hour * TimeSpan.TicksPerHour;
        text = text[2..];
        if (text.IsEmpty)
        {
            return true;
        }
        if (!TryPair(ref text, colon, out var minute) || minute > 59)
        {
            return false;
        }
        ticks += minute * TimeSpan.TicksPerMinute;
        precision = DicomPrecision.Minute;
        if (text.IsEmpty)
        {
            return true;
        }
        if (!TryPair(ref text, colon, out var second) || second > 60)
        {
            return false;
        }
        ticks += Math.Min(second, 59) * TimeSpan.TicksPerSecond;
        precision = DicomPrecision.Second;
        if (!text.IsEmpty)
        {
            if (text[0] != '.' || !TryFraction(text[1..], out var fraction))
            {
                return false;
            }
            precision = DicomPrecision.Fraction;
            ticks += fraction;
        }
        if (second == 60)
        {
            // a leap second (PS3.5 §6.2) has no place in .NET's times: the last microsecond before it keeps the order
            (ticks, precision) = (ticks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond + 9_999_990, DicomPrecision.Fraction);
        }
        return true;
    }

    /// <summary>How long a moment of hour precision or finer is.</summary>
    public static long TicksOf(DicomPrecision precision) => precision switch
    {
        DicomPrecision.Hour => TimeSpan.TicksPerHour,
        DicomPrecision.Minute => TimeSpan.TicksPerMinute,
        DicomPrecision.Second => TimeSpan.TicksPerSecond,
        _ => TimeSpan.TicksPerMicrosecond,
    };

    private static bool TryPair(ref ReadOnlySpan<char> text, int colon, out int number)
    {
        number = 0;
        if (text.Length < 2 + colon || (colon == 1 && text[0] != ':') || !TryRead(text.Slice(colon, 2), out number))
        {
            return false;
        }
        text = text[(2 + colon)..];
        return true;
    }

    private static bool TryFraction(ReadOnlySpan<char> text, out long ticks)
    {
        ticks = 0;
        var unit = TimeSpan.TicksPerSecond;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit(digit))
            {
                return false;
            }
            unit /= 10;
            // microseconds are the finest that DICOM writes
            ticks += unit >= TimeSpan.TicksPerMicrosecond ? (digit - '0') * unit : 0;
        }
        return !text.IsEmpty;
    }
}
