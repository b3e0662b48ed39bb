using System.Globalization;

namespace Pacs.Dicom;

/// <summary>How much of a time or date time is given. What is not given may be anything.</summary>
public enum DicomPrecision : byte
{
    /// <summary>The year only.</summary>
    Year,

    /// <summary>Down to the month.</summary>
    Month,

    /// <summary>Down to the day.</summary>
    Day,

    /// <summary>Down to the hour.</summary>
    Hour,

    /// <summary>Down to the minute.</summary>
    Minute,

    /// <summary>Down to the second.</summary>
    Second,

    /// <summary>With a fraction of a second.</summary>
    Fraction,
}

/// <summary>A time of day (TM, PS3.5 §6.2).</summary>
/// <param name="Time">The time; what is not given is zero.</param>
/// <param name="Precision">What is given: <see cref="DicomPrecision.Hour"/> or finer.</param>
public readonly record struct DicomTime(TimeOnly Time, DicomPrecision Precision = DicomPrecision.Second) : IDicomMoment<DicomTime>
{
    /// <inheritdoc/>
    public long FirstTick => Time.Ticks;

    /// <inheritdoc/>
    public long LastTick => Time.Ticks + Digits.TicksOf(Precision) - 1;

    /// <summary>
    /// Reads <c>HH</c>, <c>HHMM</c>, <c>HHMMSS</c>, <c>HHMMSS.F…</c> and the <c>HH:MM:SS.F…</c> of ACR-NEMA (PS3.5 §6.2). More than six digits of a
    /// fraction are cut; a leap second (60) counts as the end of second 59.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DicomTime time)
    {
        time = default;
        if (!Digits.TryReadTime(text.Trim(" \0"), out var ticks, out var precision))
        {
            return false;
        }
        time = new DicomTime(new TimeOnly(ticks), precision);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, or null.</summary>
    public static DicomTime? Parse(string? text) => TryParse(text, out var time) ? time : null;

    /// <summary>As much of <c>HHMMSS.FFFFFF</c> as is given.</summary>
    public override string ToString() => Time.ToString(Precision switch
    {
        DicomPrecision.Fraction => "HHmmss.ffffff",
        DicomPrecision.Second => "HHmmss",
        DicomPrecision.Minute => "HHmm",
        _ => "HH",
    }, CultureInfo.InvariantCulture);
}
