using System.Globalization;
using Pacs.Gdt;

namespace Pacs.Web.Pages;

/// <summary>A small plot of a measurement over the patient's studies, drawn by the server as a line of an SVG.</summary>
/// <param name="Points">The line, oldest value first, in a field of <see cref="Width"/> by <see cref="Height"/>.</param>
/// <param name="X">Where the last value is.</param>
/// <param name="Y">Where the last value is.</param>
/// <param name="Words">The values in words, for those who do not see it.</param>
public sealed record Trend(string Points, string X, string Y, string Words)
{
    /// <summary>The width of the field.</summary>
    public const int Width = 96;

    /// <summary>The height of the field.</summary>
    public const int Height = 28;

    private const int Margin = 4;

    /// <summary>The plot of a row.</summary>
    /// <returns>Null where there are fewer than two values of the same unit.</returns>
    public static Trend? Of(ReportRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var values = new List<(double Number, string Text)>();
        foreach (var text in row.Previous.Reverse().Append(row.Unit.Length > 0 ? $"{row.Value}\u00A0{row.Unit}" : row.Value))
        {
            if (TryRead(text, row.Unit, out var value))
            {
                values.Add((value, text));
            }
        }
        if (values.Count < 2)
        {
            return null;
        }
        var (low, high) = (values.Min(v => v.Number), values.Max(v => v.Number));
        var points = values.Select((v, i) => (
            X: Margin + (i * (double)(Width - (2 * Margin)) / (values.Count - 1)),
            Y: high > low ? Height - Margin - ((v.Number - low) / (high - low) * (Height - (2 * Margin))) : Height / 2.0)).ToArray();
        static string Place(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
        return new Trend(string.Join(' ', points.Select(p => $"{Place(p.X)},{Place(p.Y)}")), Place(points[^1].X), Place(points[^1].Y), string.Join(" → ", values.Select(v => v.Text)));
    }

    /// <summary>Reads a number in a unit as the table writes it.</summary>
    /// <returns>False when it is none, or in another unit.</returns>
    internal static bool TryRead(string text, string unit, out double number)
    {
        number = 0;
        var blank = text.AsSpan().IndexOfAny(' ', '\u00A0');
        var (digits, of) = blank < 0 ? (text, "") : (text[..blank], text[(blank + 1)..]);
        return of == unit && double.TryParse(digits, NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.CurrentCulture, out number) && double.IsFinite(number);
    }
}
