using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Web.Worklist;

/// <summary>
/// The parameters of <c>GET /worklist/add</c>, those of the old plugin: <c>id</c>, <c>lastname</c>, <c>firstname</c> (or <c>name</c>, <c>surname</c>), <c>birthdate</c>,
/// <c>sex</c>, <c>modality</c>, <c>scheduledStation</c>, <c>procedure</c>, <c>physician</c>. What the old plugin took although no device could use it is refused with a sentence.
/// </summary>
public sealed class WorklistParameters
{
    // others are ignored, as by the old plugin
    private static readonly FrozenSet<string> Names = FrozenSet.Create(StringComparer.Ordinal,
        "id", "lastname", "firstname", "name", "surname", "birthdate", "sex", "modality", "scheduledStation", "procedure", "physician");

    private static readonly SearchValues<char> CodeCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _");

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private string? _problem;

    private WorklistParameters()
    {
    }

    /// <summary>Reads the parameters.</summary>
    /// <param name="query">The query of the URL as sent.</param>
    /// <param name="today">Today, for birth dates that have not come yet.</param>
    /// <param name="order">The order; null when there is a problem.</param>
    /// <param name="problem">One sentence about the first thing that is wrong: it names the parameter and never its value, which is about a patient.</param>
    public static bool TryRead(string? query, DateOnly today, out WorklistOrder? order, out string? problem)
    {
        var parameters = new WorklistParameters();
        order = parameters.Take(query) ? parameters.Read(today) : null;
        problem = parameters._problem;
        return order is not null;
    }

    private bool Take(string? query)
    {
        foreach (var (name, raw) in QueryText.Parse(query).Where(p => Names.Contains(p.Key)))
        {
            // one spelling for one letter, whatever the caller's system prefers
            var value = raw.Trim().Normalize(NormalizationForm.FormC);
            if (value.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029'))
            {
                return Fail($"The parameter '{name}' contains a control character.");
            }
            if (!_values.TryAdd(name, value))
            {
                return Fail($"The parameter '{name}' is given twice.");
            }
        }
        return true;
    }

    private WorklistOrder? Read(DateOnly today)
    {
        var id = Required("id", DicomVr.LO);
        // the legacy pair counts only as a whole, as it did in the old plugin: "name" is the LAST name there
        var legacy = !(_values.ContainsKey("lastname") && _values.ContainsKey("firstname")) && _values.ContainsKey("name") && _values.ContainsKey("surname");
        var lastName = Required(legacy ? "name" : "lastname", DicomVr.PN);
        // present but empty is right: not everybody has one
        var firstName = Text(legacy ? "surname" : "firstname", DicomVr.PN);
        if (firstName is null)
        {
            Fail("The parameter 'firstname' is missing.");
        }
        var name = $"{lastName}^{firstName}".TrimEnd('^');
        if (name.Count(c => c == '^') > 4)
        {
            Fail("The parameters 'lastname' and 'firstname' have more than five name components.");
        }
        if (Length(name) > DicomVr.PN.MaxLength)
        {
            Fail("The parameters 'lastname' and 'firstname' are too long together: 63 characters at most.");
        }
        var born = BirthDate(today);
        var sex = Required("sex", DicomVr.CS) switch
        {
            "1" => "M",
            "2" => "F",
            "0" or "3" => "O",
            _ => null,
        };
        if (sex is null)
        {
            Fail("The parameter 'sex' must be 0, 1 (male), 2 (female) or 3.");
        }
        var modality = Text("modality", DicomVr.CS)?.ToUpperInvariant();
        if (modality?.AsSpan().ContainsAnyExcept(CodeCharacters) == true)
        {
            Fail("The parameter 'modality' must be letters, digits, blanks and underscores.");
        }
        var station = Text("scheduledStation", DicomVr.AE);
        if (station is not null && !Ascii.IsValid(station))
        {
            Fail("The parameter 'scheduledStation' must be an AE title: characters of ASCII only.");
        }
        var procedure = Text("procedure", DicomVr.LO);
        var physician = Text("physician", DicomVr.PN);
        if (physician?.Count(c => c == '^') > 4)
        {
            Fail("The parameter 'physician' has more than five name components.");
        }
        // GDT field 3000 is how the practice software finds the patient again: nearly right would be wrong
        if (id is not null && !id.EnumerateRunes().All(GdtCharacterSet.Latin9.Has))
        {
            Fail("The parameter 'id' has a character that GDT cannot carry: only those of ISO 8859-15 are allowed.");
        }
        return _problem is not null ? null : new WorklistOrder
        {
            PatientId = id!,
            PatientName = name,
            BirthDate = born,
            Sex = sex!,
            Modality = modality is { Length: > 0 } ? modality : "US",
            StationAe = station is { Length: > 0 } ? station : "US01",
            Procedure = procedure is { Length: > 0 } ? procedure : null,
            PerformingPhysician = physician is { Length: > 0 } ? physician : null,
            Source = "http",
        };
    }

    private DateOnly? BirthDate(DateOnly today)
    {
        if (Required("birthdate", DicomVr.LO) is not { } text)
        {
            return null;
        }
        if (!DateOnly.TryParseExact(text, ["d.M.yyyy", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) || date.Year < 1850 || date > today)
        {
            Fail("The parameter 'birthdate' must be a day in the past such as 31.12.1980.");
            return null;
        }
        return date;
    }

    private string? Required(string name, DicomVr vr)
    {
        var text = Text(name, vr);
        if (text is null)
        {
            Fail($"The parameter '{name}' is missing.");
        }
        else if (text.Length == 0)
        {
            Fail($"The parameter '{name}' is empty.");
        }
        return text;
    }

    private string? Text(string name, DicomVr vr)
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return null;
        }
        if (Length(text) > vr.MaxLength)
        {
            Fail($"The parameter '{name}' is too long: {vr.MaxLength} characters at most.");
        }
        // PS3.5 §6.2: the backslash separates values, and "=" the groups of a name
        if (text.Contains('\\', StringComparison.Ordinal))
        {
            Fail($"The parameter '{name}' must not contain a backslash.");
        }
        if (vr == DicomVr.PN && text.Contains('=', StringComparison.Ordinal))
        {
            Fail($"The parameter '{name}' must not contain an equals sign.");
        }
        return text;
    }

    // the first problem is the one to tell
    private bool Fail(string sentence)
    {
        _problem ??= sentence;
        return false;
    }

    private static int Length(string text) => text.EnumerateRunes().Count();
}
