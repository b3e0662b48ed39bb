using System.Globalization;
using System.Text.Json;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary>Who a patient is, as somebody typed it.</summary>
public sealed class PatientForm
{
    /// <summary>The family name.</summary>
    public string? FamilyName { get; set; }

    /// <summary>The given name.</summary>
    public string? GivenName { get; set; }

    /// <summary>The title.</summary>
    public string? Prefix { get; set; }

    /// <summary>The birth date, as browsers send it: <c>1958-03-07</c>.</summary>
    public string? BirthDate { get; set; }

    /// <summary>(0010,0040).</summary>
    public string? Sex { get; set; }

    /// <summary>(0010,0020).</summary>
    public string? PatientId { get; set; }

    /// <summary>The form for a patient.</summary>
    public static PatientForm Of(Patient patient)
    {
        ArgumentNullException.ThrowIfNull(patient);
        var name = PersonName.Parse(patient.Name);
        return new PatientForm
        {
            FamilyName = name.FamilyName,
            GivenName = string.Join(' ', new[] { name.GivenName, name.MiddleName }.Where(n => n.Length > 0)),
            Prefix = name.Prefix,
            BirthDate = Display.TryDate(patient.BirthDate, out var born) ? born.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : "",
            Sex = patient.Sex?.Trim() is ("M" or "F" or "O") and var sex ? sex : "",
            PatientId = patient.PatientId,
        };
    }

    /// <summary>What of a patient is to be replaced.</summary>
    /// <param name="patient">The patient as he is.</param>
    /// <param name="today">No birth date is later.</param>
    /// <param name="wrong">Gets what is wrong: a text's key for the name of each field. Nothing, and the values count.</param>
    /// <returns>New values by keyword; empty when nothing has changed.</returns>
    public IReadOnlyDictionary<string, JsonElement> Read(Patient patient, DateOnly today, Dictionary<string, string> wrong)
    {
        ArgumentNullException.ThrowIfNull(patient);
        ArgumentNullException.ThrowIfNull(wrong);
        var (family, given, prefix, id, sex) = (Clean(FamilyName), Clean(GivenName), Clean(Prefix), Clean(PatientId), Clean(Sex));
        var before = Of(patient);
        Check(family.Length is > 0 and <= 64 && IsName(family), nameof(FamilyName), "Correct.Wrong.Name");
        Check(given.Length <= 64 && IsName(given), nameof(GivenName), "Correct.Wrong.Name");
        Check(prefix.Length <= 20 && IsName(prefix), nameof(Prefix), "Correct.Wrong.Name");
        Check(id.Length is > 0 and <= 64 && !id.Any(c => char.IsControl(c) || c == '\\'), nameof(PatientId), "Correct.Wrong.Number");
        Check(sex is "" or "M" or "F" or "O", nameof(Sex), "Correct.Wrong.Sex");
        var born = DateOnly.MinValue;
        Check(Clean(BirthDate).Length == 0 || (DateOnly.TryParseExact(Clean(BirthDate), ["yyyy-MM-dd", "dd.MM.yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out born) && born <= today && born.Year >= 1850),
            nameof(BirthDate), "Correct.Wrong.Birth");
        var replace = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        void Put(bool isOther, string keyword, string value)
        {
            if (isOther)
            {
                replace[keyword] = JsonSerializer.SerializeToElement(value);
            }
        }

        // a name with ideographic or phonetic groups keeps them as long as nobody touches it
        Put((family, given, prefix) != (before.FamilyName, before.GivenName, before.Prefix), "PatientName", new PersonName(family, given, "", prefix).ToString());
        Put(id != (before.PatientId ?? ""), "PatientID", id);
        Put(sex != before.Sex, "PatientSex", sex);
        Put(Clean(BirthDate) != before.BirthDate, "PatientBirthDate", born == DateOnly.MinValue ? "" : born.ToString("yyyyMMdd", CultureInfo.InvariantCulture));
        return replace;

        void Check(bool isRight, string field, string text)
        {
            if (!isRight)
            {
                wrong[field] = text;
            }
        }
    }

    private static string Clean(string? text) => (text ?? "").Trim();

    private static bool IsName(string text) => !text.Any(c => char.IsControl(c) || c is '^' or '=' or '\\');
}
