using System.Globalization;
using Pacs.Gdt;

namespace Pacs.Web.Pages;

/// <summary>
/// A measurement over the patient's studies as a curve with its axes, drawn by the server as an SVG: values by date with their unit, so that it can be read without the table. All texts are of the page's
/// language already.
/// </summary>
/// <param name="Name">What was measured.</param>
/// <param name="Heading">Where.</param>
/// <param name="Unit">In what; may be empty.</param>
/// <param name="Points">The values, oldest first.</param>
/// <param name="Values">The lines of the axis of values, from below.</param>
/// <param name="Dates">The marks of the axis of dates, from the left.</param>
public sealed record TrendPlot(
    string Name, string Heading, string Unit, IReadOnlyList<TrendPoint> Points, IReadOnlyList<TrendMark> Values, IReadOnlyList<TrendMark> Dates)
{
    /// <summary>The width of the picture; it is scaled to the room there is.</summary>
    public const int Width = 320;

    /// <summary>Its height.</summary>
    public const int Height = 170;

    /// <summary>Where the axis of values is.</summary>
    public const int Left = 46;

    /// <summary>Where the axis of dates is.</summary>
    public const int Bottom = 138;

    /// <summary>Plots of one report, at most.</summary>
    public const int Most = 60;

    private const double Largest = 1e7;
    private const double Smallest = 1e-4;

    private const int Right = 306;
    private const int Top = 22;

    // the text of a date is no wider than this; two that are nearer than a gap would be read as one
    private const int DateWidth = 80;
    private const int Gap = 8;

    /// <summary>The points of the line, for its element.</summary>
    public string Line => string.Join(' ', Points.Select(p => $"{Place(p.X)},{Place(p.Y)}"));

    /// <summary>The plots of a report: of each measurement that has a value of another day in the same unit.</summary>
    /// <param name="table">The report, with all earlier values.</param>
    /// <param name="date">Its study date, DA.</param>
    /// <param name="earlier">The study dates of the earlier values, DA, in the order of the rows.</param>
    /// <param name="show">How dates are written.</param>
    public static IReadOnlyList<TrendPlot> Of(ReportTable table, string? date, IReadOnlyList<string?> earlier, Display show)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(earlier);
        ArgumentNullException.ThrowIfNull(show);
        return [.. table.Sections.SelectMany(s => s.Rows.Select(r => Of(r, s.Heading, date, earlier, show))).OfType<TrendPlot>().Take(Most)];
    }

    /// <summary>A coordinate as SVG has it.</summary>
    public static string Place(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static TrendPlot? Of(ReportRow row, string heading, string? date, IReadOnlyList<string?> earlier, Display show)
    {
        var values = new List<(DateOnly Day, double Number, string Text)>();
        var texts = row.Previous.Zip(earlier).Reverse().Append((row.Unit.Length > 0 ? $"{row.Value}\u00A0{row.Unit}" : row.Value, date));
        foreach (var (text, day) in texts)
        {
            // a value without a day has no place on the axis
            if (Trend.TryRead(text, row.Unit, out var number) && DateOnly.TryParseExact(day, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at))
            {
                values.Add((at, number, text.Replace(' ', '\u00A0')));
            }
        }
        // no device measures that much; the numbers of its axis would not fit beside it
        if (values.Select(v => v.Day).Distinct().Count() < 2 || values.Exists(v => Math.Abs(v.Number) >= Largest))
        {
            return null;
        }
        var (first, last) = (values.Min(v => v.Day).DayNumber, values.Max(v => v.Day).DayNumber);
        var (ticks, digits) = Ticks(values.Min(v => v.Number), values.Max(v => v.Number));
        double X(DateOnly day) => Left + 12 + ((double)(day.DayNumber - first) / (last - first) * (Right - Left - 24));
        double Y(double number) => Bottom - ((number - ticks[0]) / (ticks[^1] - ticks[0]) * (Bottom - Top));
        var points = values.OrderBy(v => v.Day).Select(v => new TrendPoint(X(v.Day), Y(v.Number), show.Date(v.Day.ToString("yyyyMMdd", CultureInfo.InvariantCulture)), v.Text)).ToArray();
        return new TrendPlot(
            row.Name, heading, row.Unit, points, [.. ticks.Select(t => new TrendMark(Y(t), t.ToString("N" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.CurrentCulture)))], Marks(points));
    }

    // the first and the last day have their dates; those between where there is room
    private static List<TrendMark> Marks(TrendPoint[] points)
    {
        var marks = new List<TrendMark> { new(points[0].X, points[0].Date) };
        // the first begins at the axis, the last ends with the picture, the others stand over their marks
        var end = Left - 6 + DateWidth;
        foreach (var point in points.Skip(1).SkipLast(1))
        {
            if (point.X - (DateWidth / 2) >= end + Gap && point.X + (DateWidth / 2) + Gap <= Width - DateWidth)
            {
                marks.Add(new TrendMark(point.X, point.Date));
                end = (int)point.X + (DateWidth / 2);
            }
        }
        marks.Add(new TrendMark(points[^1].X, points[^1].Date));
        return marks;
    }

    // round numbers around the values: steps of 1, 2 or 5 times a power of ten, three to six lines
    private static (double[] Ticks, int Digits) Ticks(double low, double high)
    {
        var isFlat = high - low < Smallest;
        var room = isFlat ? Math.Max(Math.Abs(high), 1) * 0.1 : high - low;
        var power = Math.Pow(10, Math.Floor(Math.Log10(room / 3)));
        var step = power * ((room / 3 / power) switch { > 5 => 10, > 2 => 5, > 1 => 2, _ => 1 });
        var from = Math.Floor((low - (isFlat ? room / 2 : 0)) / step);
        var to = Math.Ceiling((high + (isFlat ? room / 2 : 0)) / step);
        var ticks = Enumerable.Range(0, (int)(to - from) + 1).Select(i => (from + i) * step).ToArray();
        return (ticks, Math.Clamp(-(int)Math.Floor(Math.Log10(step)), 0, 6));
    }
}

/// <summary>A value of a <see cref="TrendPlot"/>.</summary>
/// <param name="X">Where it is.</param>
/// <param name="Y">Where it is.</param>
/// <param name="Date">When it was measured.</param>
/// <param name="Text">The number with its unit.</param>
public sealed record TrendPoint(double X, double Y, string Date, string Text);

/// <summary>A mark of an axis.</summary>
/// <param name="At">Where on its axis.</param>
/// <param name="Text">What it says.</param>
public sealed record TrendMark(double At, string Text);
