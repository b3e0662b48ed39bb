using System.Globalization;

namespace Pacs.Dicom;

/// <summary>A date (DA, PS3.5 §6.2).</summary>
/// <param name="Date">The day.</param>
public readonly record struct DicomDate(DateOnly Date) : IDicomMoment<DicomDate>, IComparable<DicomDate>
{
    /// <inheritdoc/>
    public long FirstTick => Date.ToDateTime(TimeOnly.MinValue).Ticks;

    /// <inheritdoc/>
    public long LastTick => FirstTick + TimeSpan.TicksPerDay - 1;

    /// <summary>
    /// Reads <c>YYYYMMDD</c>, the <c>YYYY.MM.DD</c> of ACR-NEMA (PS3.5 §6.2) and the <c>YYYY-MM-DD</c> that some devices write. Blanks and NULs
    /// around it do no harm.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DicomDate date)
    {
        date = default;
        text = text.Trim(" \0");
        if (text.Length == 10 && text[4] == text[7] && text[4] is '.' or '-')
        {
            return TryParse([text[0], text[1], text[2], text[3], text[5], text[6], text[8], text[9]], out date);
        }
        if (text.Length != 8 || !Digits.TryRead(text[..4], out var year) || !Digits.TryRead(text[4..6], out var month) || !Digits.TryRead(text[6..], out var day)
            || year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }
        date = new DicomDate(new DateOnly(year, month, day));
        return true;
    }

    /// <summary>As <see cref="TryParse"/>, or null.</summary>
    public static DicomDate? Parse(string? text) => TryParse(text, out var date) ? date : null;

    /// <summary><c>YYYYMMDD</c>.</summary>
    public override string ToString() => Date.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public int CompareTo(DicomDate other) => Date.CompareTo(other.Date);

    /// <summary>Whether <paramref name="left"/> is the earlier one.</summary>
    public static bool operator <(DicomDate left, DicomDate right) => left.Date < right.Date;

    /// <summary>Whether <paramref name="left"/> is the later one.</summary>
    public static bool operator >(DicomDate left, DicomDate right) => left.Date > right.Date;

    /// <summary>Whether <paramref name="left"/> is not the later one.</summary>
    public static bool operator <=(DicomDate left, DicomDate right) => left.Date <= right.Date;

    /// <summary>Whether <paramref name="left"/> is not the earlier one.</summary>
    public static bool operator >=(DicomDate left, DicomDate right) => left.Date >= right.Date;
}
