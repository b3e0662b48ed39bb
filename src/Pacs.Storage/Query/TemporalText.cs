using System.Globalization;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// DA, TM and DT as texts whose ordinal order is the order in time, so that memory and SQL compare them alike. A value is itself; the lower end of a range
/// is as short as it can be (<c>103000</c> becomes <c>1030</c>, which is not after the value <c>1030</c>), the upper end is the last moment it
/// includes (<c>1030</c> becomes <c>103059.999999</c>).
/// </summary>
internal static class TemporalText
{
    private const string TimeFormat = "HHmmss.ffffff";
    private const string DateTimeFormat = "yyyyMMdd" + TimeFormat;

    /// <summary>A value for comparison, or null when it is none of this VR.</summary>
    public static string? Value(DicomVr vr, string text)
    {
        if (vr == DicomVr.DA)
        {
            return DicomDate.Parse(text)?.ToString();
        }
        if (vr == DicomVr.TM)
        {
            return DicomTime.Parse(text)?.ToString();
        }
        // with an offset in UTC, else as written: the two are rarely mixed, and then nobody knows better
        return DicomDateTime.Parse(text) is { } moment ? Text(moment.FirstTick, DateTimeFormat) : null;
    }

    /// <summary>Reads a single value or a range; false when it is neither, or open at both ends.</summary>
    public static bool TryParseRange(DicomVr vr, string text, out string? from, out string? to)
    {
        if (vr == DicomVr.DA)
        {
            // days need no ticks, and every day has the same width
            var read = DicomRange.TryParse<DicomDate>(text, out var dates);
            (from, to) = (dates.From?.ToString(), dates.To?.ToString());
            return read;
        }
        return vr == DicomVr.TM ? TryParseRange<DicomTime>(text, TimeFormat, 2, out from, out to) : TryParseRange<DicomDateTime>(text, DateTimeFormat, 4, out from, out to);
    }

    private static bool TryParseRange<T>(string text, string format, int shortest, out string? from, out string? to)
        where T : struct, IDicomMoment<T>
    {
        var read = DicomRange.TryParse<T>(text, out var range);
        from = range.From is { } first ? Shorten(Text(first.FirstTick, format), shortest) : null;
        to = range.To is { } last ? Text(last.LastTick, format) : null;
        return read;
    }

    private static string Text(long ticks, string format) =>
        new DateTime(Math.Clamp(ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks)).ToString(format, CultureInfo.InvariantCulture);

    private static string Shorten(string text, int shortest)
    {
        text = text.TrimEnd('0');
        if (text[^1] != '.')
        {
            return text; // there is a fraction left
        }
        text = text.TrimEnd('.').TrimEnd('0');
        // "1" has lost a zero of its own: a pair is either whole or gone
        var whole = Math.Max(shortest, text.Length + (text.Length & 1));
        return text.PadRight(whole, '0');
    }
}
