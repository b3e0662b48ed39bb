using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Pacs.Dicom;

namespace Pacs.Gdt;

/// <summary>
/// The measured values of a report of whatever template, filed under identifiers that are made of codes: the same for the same measurement at the same place in
/// the next report, also from another device, and different where only the vessel, the side or the fetus is another.
/// </summary>
public static class CodedMeasurements
{
    /// <summary>The most values of one report that are exported: more than any device measures.</summary>
    public const int MaxValues = 5000;

    // of 8410, 8411 and 8470 in GDT 2.1
    private const int IdentifierLength = 20;
    private const int TextLength = 60;

    // Crockford's base 32: no letter that looks like a digit
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>Takes the values of a report over into GDT.</summary>
    /// <param name="measurements">The folded values.</param>
    /// <param name="language">Of the names.</param>
    public static ReportValues Read(FoldedMeasurements measurements, CultureInfo language)
    {
        ArgumentNullException.ThrowIfNull(measurements);
        var leftOut = measurements.LeftOut.ToList();
        var values = new List<Measurement>();
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var value in measurements.Values)
        {
            var identifier = Identifier(value);
            if (values.Count >= MaxValues || !used.Add(identifier))
            {
                leftOut.Add(new LeftOutItem(value.Path, values.Count >= MaxValues ? "too many values" : "another value has this identifier"));
                continue;
            }
            values.Add(new Measurement(
                identifier, MeasurementText.Line(value, language, TextLength), MeasurementText.Number(value, CultureInfo.InvariantCulture), MeasuredUnit.Text(value.Unit),
                value.Concept.Scheme == "99SONOSCAPE" ? value.Concept.Value : null,
                value.Context.Find(SrContext.ImageModeKey) is { } mode ? ConceptNames.Of(mode, language) : null,
                value.Path)
            {
                Lower = MeasurementText.Normal(value, upper: false) is { } lower ? MeasurementText.Number(lower, CultureInfo.InvariantCulture) : null,
                Upper = MeasurementText.Normal(value, upper: true) is { } upper ? MeasurementText.Number(upper, CultureInfo.InvariantCulture) : null,
                Notes = Notes(value, language),
            });
        }
        return new ReportValues(values, leftOut);
    }

    /// <summary>
    /// 8410: the code of what was measured, R, L or B for the side, and, where there is more to the measurement than its code, six digits made of all of it:
    /// <c>29436-3</c>, <c>11726-7R.4X0K9P</c>. At most 20 characters.
    /// </summary>
    public static string Identifier(SrMeasurement value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var key = value.Concept.Key;
        var code = string.Concat(key[(key.IndexOf(':', StringComparison.Ordinal) + 1)..].Where(c => char.IsAsciiLetterOrDigit(c) || c == '-')).ToUpperInvariant();
        if (code.Length is 0 or > IdentifierLength - 8)
        {
            code = "X" + Hash(key, IdentifierLength - 9);
        }
        var side = value.Context.Find(SrContext.LateralityKey)?.Value switch
        {
            "SCT:24028007" => "R",
            "SCT:7771000" => "L",
            "SCT:51440002" => "B",
            _ => "",
        };
        // a code of a scheme of the device's own may be another device's too
        var isPlain = value.Ordinal == 1 && value.Identity == $"{key}|{value.Unit?.Key}" && key.Split(':')[0] is "LN" or "DCM" or "SCT";
        return isPlain ? code : $"{code}{side}.{Hash($"{value.Identity}#{value.Ordinal}", 6)}";
    }

    private static List<string> Notes(SrMeasurement value, CultureInfo language)
    {
        var mode = value.Context.Find(SrContext.ImageModeKey) is { } source ? ConceptNames.Of(source, language) : null; // has a line of its own
        var notes = MeasurementText.Details(value, language).Where(d => d != mode).Concat(MeasurementText.Limits(value, language)).ToList();
        if (MeasurementText.Site(value, language) is { Length: > 0 } site)
        {
            notes.Insert(0, site);
        }
        return [.. notes.Select(n => n.Length <= TextLength ? n : n[..TextLength].TrimEnd())];
    }

    private static string Hash(string text, int length)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        return string.Concat(hash.Take(length).Select(b => Digits[b % Digits.Length]));
    }
}
