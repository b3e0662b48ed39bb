using System.Globalization;

namespace Pacs.Dicom;

/// <summary>A date time (DT, PS3.5 §6.2): may end after any of its parts, and may or may not know its offset from UTC.</summary>
/// <param name="Local">Date and time at the place; what is not given is the first possible. Its <see cref="DateTime.Kind"/> means nothing.</param>
/// <param name="Precision">What is given.</param>
/// <param name="Offset">Offset from UTC, or null: then (0008,0201) Timezone Offset From UTC counts, or the local zone.</param>
public readonly record struct DicomDateTime(DateTime Local, DicomPrecision Precision = DicomPrecision.Second, TimeSpan? Offset = null) : IDicomMoment<DicomDateTime>
{
    /// <summary>In UTC if an offset is known, else as at the place: give both sides of a comparison an offset with <see cref="Assuming"/>.</summary>
    public long FirstTick => Local.Ticks - (Offset ?? TimeSpan.Zero).Ticks;

    /// <summary>In UTC if an offset is known, else as at the place.</summary>
    public long LastTick => FirstTick - 1 + Precision switch
    {
        DicomPrecision.Year => (DateTime.IsLeapYear(Local.Year) ? 366 : 365) * TimeSpan.TicksPerDay,
        DicomPrecision.Month => DateTime.DaysInMonth(Local.Year, Local.Month) * TimeSpan.TicksPerDay,
        DicomPrecision.Day => TimeSpan.TicksPerDay,
        _ => Digits.TicksOf(Precision),
    };

    /// <summary>The same, with an offset if it has none.</summary>
    public DicomDateTime Assuming(TimeSpan offset) => Offset is null ? this with { Offset = offset } : this;

    /// <summary>
    /// Reads <c>YYYY[MM[DD[HH[MM[SS[.F…]]]]]][±ZZXX]</c>, and the <c>YYYY-MM-DDTHH:MM:SS±ZZ:XX</c> of ISO 8601 that some devices write. A bare
    /// <c>YYYY-MMDD</c> such as <c>2020-0500</c> has an offset.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DicomDateTime dateTime)
    {
        dateTime = default;
        text = text.Trim(" \0");
        TimeSpan? offset = null;
        var body = text;
        // ISO 8601 dates have hyphens of their own in front
        var start = text.Length >= 10 && text[4] == '-' && text[7] == '-' ? 10 : Math.Min(4, text.Length);
        if (text.EndsWith("Z", StringComparison.Ordinal))
        {
            offset = TimeSpan.Zero;
            body = text[..^1];
        }
        else if (text[start..].IndexOfAny('+', '-') is >= 0 and var sign)
        {
            if (!TryReadOffset(text[(start + sign)..], out var read))
            {
                return false;
            }
            offset = read;
            body = text[..(start + sign)];
        }
        if (!TryReadBody(body, start == 10, out var local, out var precision))
        {
            return false;
        }
        dateTime = new DicomDateTime(local, precision, offset);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, or null.</summary>
    public static DicomDateTime? Parse(string? text) => TryParse(text, out var value) ? value : null;

    /// <summary>The moment of a point in time, with its offset and a fraction if there is one.</summary>
    public static DicomDateTime From(DateTimeOffset time) =>
        new(time.DateTime, time.Ticks % TimeSpan.TicksPerSecond == 0 ? DicomPrecision.Second : DicomPrecision.Fraction, time.Offset);

    /// <summary>The first moment it may mean.</summary>
    /// <param name="assumedOffset">Offset from UTC for a value that has none.</param>
    public DateTimeOffset ToDateTimeOffset(TimeSpan assumedOffset)
    {
        var local = DateTime.SpecifyKind(Local, DateTimeKind.Unspecified);
        var offset = Offset ?? assumedOffset;
        // years 1 and 9999 leave no room for an offset
        var utc = local.Ticks - offset.Ticks;
        return utc < DateTime.MinValue.Ticks || utc > DateTime.MaxValue.Ticks ? new DateTimeOffset(local, TimeSpan.Zero) : new DateTimeOffset(local, offset);
    }

    /// <summary>As much of <c>YYYYMMDDHHMMSS.FFFFFF±ZZXX</c> as is given.</summary>
    public override string ToString()
    {
        var text = Local.ToString("yyyyMMddHHmmss.ffffff", CultureInfo.InvariantCulture)[..(Precision switch
        {
            DicomPrecision.Year => 4,
            DicomPrecision.Month => 6,
            DicomPrecision.Day => 8,
            DicomPrecision.Hour => 10,
            DicomPrecision.Minute => 12,
            DicomPrecision.Second => 14,
            _ => 21,
        })];
        return Offset is { } offset
            ? string.Create(CultureInfo.InvariantCulture, $"{text}{(offset < TimeSpan.Zero ? '-' : '+')}{Math.Abs(offset.Hours):00}{Math.Abs(offset.Minutes):00}")
            : text;
    }

    // -1200 to +1400 (PS3.5 §6.2, DT)
    private static bool TryReadOffset(ReadOnlySpan<char> text, out TimeSpan offset)
    {
        offset = default;
        var colon = text.Length == 6 && text[3] == ':' ? 1 : 0;
        if (text.Length != 5 + colon || !Digits.TryRead(text[1..3], out var hours) || !Digits.TryRead(text[(3 + colon)..], out var minutes) || minutes > 59)
        {
            return false;
        }
        offset = new TimeSpan(hours, minutes, 0);
        if (text[0] == '-')
        {
            offset = -offset;
        }
        return offset >= TimeSpan.FromHours(-12) && offset <= TimeSpan.FromHours(14);
    }

    private static bool TryReadBody(ReadOnlySpan<char> text, bool iso, out DateTime local, out DicomPrecision precision)
    {
        (local, precision) = (default, DicomPrecision.Year);
        var time = ReadOnlySpan<char>.Empty;
        if (iso || text.Length >= 8)
        {
            var dateLength = iso ? 10 : 8;
            if (!DicomDate.TryParse(text[..dateLength], out var date))
            {
                return false;
            }
            (local, precision) = (date.Date.ToDateTime(TimeOnly.MinValue), DicomPrecision.Day);
            time = text[dateLength..];
        }
        else if (text.Length is 4 or 6 && Digits.TryRead(text[..4], out var year) && year > 0)
        {
            var month = 1;
            if (text.Length == 6 && (!Digits.TryRead(text[4..], out month) || month is < 1 or > 12))
            {
                return false;
            }
            (local, precision) = (new DateTime(year, month, 1), text.Length == 6 ? DicomPrecision.Month : DicomPrecision.Year);
        }
        else
        {
            return false;
        }
        if (time.IsEmpty)
        {
            return true;
        }
        if (iso && time[0] is 'T' or ' ')
        {
            time = time[1..];
        }
        if (!Digits.TryReadTime(time, out var ticks, out precision))
        {
            return false;
        }
        local = local.AddTicks(ticks);
        return true;
    }
}
