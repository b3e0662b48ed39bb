using System.Globalization;

namespace Pacs.Web.Upload;

/// <summary>One of our patients as the page sends him along with each file.</summary>
public sealed class PatientFields
{
    /// <summary>(0010,0020); empty when the files keep their patient.</summary>
    public string? Nr { get; set; }

    /// <summary>Family name.</summary>
    public string? LastName { get; set; }

    /// <summary>Given name.</summary>
    public string? FirstName { get; set; }

    /// <summary>Birth date, <c>yyyy-MM-dd</c>; empty when it is not known.</summary>
    public string? Born { get; set; }

    /// <summary>(0010,0040); empty when it is not known.</summary>
    public string? Sex { get; set; }

    /// <summary>Reads it.</summary>
    /// <returns>False with the key of a text when something is wrong.</returns>
    internal bool TryRead(out AssignedPatient? patient, out string wrong)
    {
        (patient, wrong) = (null, "");
        var (number, last, first) = ((Nr ?? "").Trim(), (LastName ?? "").Trim(), (FirstName ?? "").Trim());
        if (number.Length == 0)
        {
            return true;
        }
        var born = "";
        if (!string.IsNullOrEmpty(Born))
        {
            if (!DateOnly.TryParseExact(Born, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) || date.Year < 1850)
            {
                wrong = "Upload.BadBirthDate";
                return false;
            }
            born = date.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        }
        // LO and PN (PS3.5 §6.2): 64 characters, no backslash, no control characters; ^ and = are delimiters of names
        if (number.Length > 64 || last.Length == 0 || last.Length + first.Length > 63 || (number + last + first).Any(c => char.IsControl(c) || c == '\\') || (last + first).AsSpan().IndexOfAny('^', '=') >= 0)
        {
            wrong = "Upload.BadPatient";
            return false;
        }
        patient = new AssignedPatient(number, first.Length > 0 ? $"{last}^{first}" : last, born, Sex is "M" or "F" or "O" ? Sex : "");
        return true;
    }
}
