using System.Globalization;
using Pacs.Dicom;

namespace Pacs.Gdt;

/// <summary>What people call a measurement: its name, where and how it was taken, and what it is compared with.</summary>
public static class MeasurementText
{
    private const string LowerLimit = "SCT:385524004";
    private const string UpperLimit = "SCT:371933006";
    private const string Uncertainty = "SCT:371884006";
    private const string TrackingIdentifier = "DCM:112039";

    // gestational age: from the measurements, composite, from ovulation, from the last period
    private static readonly HashSet<string> GestationalAges = new(StringComparer.Ordinal) { "LN:18185-9", "LN:11888-5", "LN:11886-9", "LN:11885-1" };

    /// <summary>What was measured: <c>Gestationsalter (BPD)</c>.</summary>
    public static string Name(SrMeasurement value, CultureInfo language)
    {
        ArgumentNullException.ThrowIfNull(value);
        var name = ConceptNames.Of(value.Concept, language);
        name = value.About is { } about ? $"{name} ({Short(ConceptNames.Of(about, language))})" : name;
        return value.Ordinal == 1 ? name : $"{name} [{value.Ordinal}]";
    }

    /// <summary>Where: <c>A. carotis interna rechts, proximal</c>. Empty where the report does not say.</summary>
    public static string Site(SrMeasurement value, CultureInfo language)
    {
        ArgumentNullException.ThrowIfNull(value);
        var place = value.Location is { } location ? ConceptNames.Of(location, language) : Word(value, SrContext.FindingSiteKey, language);
        var side = Word(value, SrContext.LateralityKey, language);
        var part = Word(value, SrContext.TopographyKey, language);
        var site = place.Length > 0 && side.Length > 0 ? $"{place} {side}" : place + side;
        return site.Length > 0 && part.Length > 0 ? $"{site}, {part}" : site + part;
    }

    /// <summary>Which fetus: <c>Fetus A</c>. Empty where there is but one patient.</summary>
    public static string Fetus(SrMeasurement value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Context.Find(SrContext.FetusKey)?.Text is { Length: > 0 } id ? $"Fetus {id}" : "";
    }

    /// <summary>How, in a few words each: image mode, method, phase, flow direction, what else tells it from others, and what it stands for.</summary>
    public static IReadOnlyList<string> Details(SrMeasurement value, CultureInfo language)
    {
        ArgumentNullException.ThrowIfNull(value);
        var words = value.Context.Modifiers
            .Where(m => m.IsDistinguishing && m.Key is not (SrContext.FindingSiteKey or SrContext.LateralityKey or SrContext.TopographyKey or SrContext.FetusKey))
            .Where(m => m.Key != TrackingIdentifier || !SaysOnlyTheSite(value, m.Text))
            .Select(m => ConceptNames.Of(m, language)).Where(w => w.Length > 0).Distinct(StringComparer.Ordinal).ToList();
        if (value.Derivation is { } derivation)
        {
            var kind = ConceptNames.Of(derivation, language);
            words.Add(value.Count == 1 ? kind : string.Create(language, $"{kind} {(language.TwoLetterISOLanguageName == "de" ? "aus" : "of")} {value.Count}"));
        }
        return words;
    }

    /// <summary>A limit of the normal range, or null.</summary>
    public static SrMeasurement? Normal(SrMeasurement value, bool upper)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Limits.FirstOrDefault(l => l.Concept.Key == (upper ? UpperLimit : LowerLimit));
    }

    /// <summary>What the value is compared with: <c>20 – 24 %</c>, <c>± 200 g</c>, <c>5. Perzentile 18+5 SSW</c>.</summary>
    public static IReadOnlyList<string> Limits(SrMeasurement value, CultureInfo language)
    {
        ArgumentNullException.ThrowIfNull(value);
        var texts = new List<string>();
        var (lower, upper) = (Normal(value, upper: false), Normal(value, upper: true));
        if (lower is not null && upper is not null)
        {
            texts.Add($"{Quantity(lower with { Concept = value.Concept }, language).Number} – {Limit(upper)}");
        }
        foreach (var limit in value.Limits.Where(l => lower is null || upper is null || (l != lower && l != upper)))
        {
            texts.Add(limit.Concept.Key == Uncertainty ? $"± {Number(limit, language)} {MeasuredUnit.Text(limit.Unit)}".TrimEnd() : $"{ConceptNames.Of(limit.Concept, language)} {Limit(limit)}");
        }
        return texts;

        // as the value itself is written: weeks beside weeks
        string Limit(SrMeasurement limit)
        {
            var (number, unit) = Quantity(limit with { Concept = value.Concept }, language);
            return $"{number} {unit}".TrimEnd();
        }
    }

    /// <summary>The number, rounded by its unit.</summary>
    public static string Number(SrMeasurement value, CultureInfo culture)
    {
        ArgumentNullException.ThrowIfNull(value);
        return MeasuredUnit.Format(value.Value, value.Unit, culture);
    }

    /// <summary>
    /// Number and unit for people: rounded; a gestational age in whole weeks and days, <c>27+1 SSW</c>, as the maternity record has it; years in words.
    /// </summary>
    public static (string Number, string Unit) Quantity(SrMeasurement value, CultureInfo language)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(language);
        var isGerman = language.TwoLetterISOLanguageName == "de";
        var unit = MeasuredUnit.Text(value.Unit);
        if (unit == "d" && GestationalAges.Contains(value.Concept.Key) && value.Value is >= 0 and < 400)
        {
            var days = (int)Math.Round(value.Value, MidpointRounding.AwayFromZero);
            return (string.Create(CultureInfo.InvariantCulture, $"{days / 7}+{days % 7}"), isGerman ? "SSW" : "weeks");
        }
        return (Number(value, language), unit == "a" ? isGerman ? "Jahre" : "years" : unit);
    }

    /// <summary>All in one line, for a list that knows no columns: <c>Fetus A: Abdomenumfang (AU) (2D)</c>.</summary>
    /// <param name="value">The measurement.</param>
    /// <param name="language">The language.</param>
    /// <param name="length">How long it may be. What says how is left out first, then the long form of the name; what says where stays.</param>
    public static string Line(SrMeasurement value, CultureInfo language, int length)
    {
        var name = Name(value, language);
        var site = ConceptNames.NamesSite(value.Concept) ? "" : Site(value, language);
        var fetus = Fetus(value);
        var details = string.Join(", ", Details(value, language));
        string[] forms = [details.Length == 0 ? Join(name) : $"{Join(name)} ({details})", Join(name), Join(Short(name))];
        var fitting = forms.FirstOrDefault(f => f.Length <= length) ?? forms[^1][..length];
        return fitting.TrimEnd();

        string Join(string text) => (fetus.Length > 0 ? fetus + ": " : "") + text + (site.Length > 0 ? ", " + site : "");
    }

    // devices often track "Kidney Right" at the finding site kidney, right
    private static bool SaysOnlyTheSite(SrMeasurement value, string text)
    {
        var said = $"{value.Location?.Meaning} {value.Context.Find(SrContext.FindingSiteKey)?.Text} {value.Context.Find(SrContext.LateralityKey)?.Text}"
            .Split(' ').ToHashSet(StringComparer.OrdinalIgnoreCase);
        return text.Split(' ').All(said.Contains);
    }

    // "Biparietaler Durchmesser (BPD)" has its short form with it
    private static string Short(string name)
    {
        var open = name.LastIndexOf('(');
        return open > 0 && name.EndsWith(')') ? name[(open + 1)..^1] : name;
    }

    private static string Word(SrMeasurement value, string key, CultureInfo language) => value.Context.Find(key) is { } found ? ConceptNames.Of(found, language) : "";
}
