using System.Globalization;
using System.Text;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary>The form of a worklist entry as somebody has filled it in, field by field, and what is wrong with each.</summary>
public sealed class WorklistForm
{
    /// <summary>The kinds of devices to choose from: (0008,0060) and the text that names it. PS3.3 §C.7.3.1.1.1 has more; an entry that came with another keeps it.</summary>
    public static readonly (string Modality, string Text)[] Modalities =
    [
        ("US", "Worklist.US"), ("DX", "Worklist.DX"), ("CR", "Worklist.CR"), ("PX", "Worklist.PX"), ("CT", "Worklist.CT"), ("MR", "Worklist.MR"), ("MG", "Worklist.MG"),
        ("ES", "Worklist.ES"), ("XC", "Worklist.XC"), ("ECG", "Worklist.ECG"), ("OP", "Worklist.OP"), ("OT", "Worklist.OT"),
    ];

    private readonly Dictionary<string, (string Text, object[] Values)> _problems = new(StringComparer.Ordinal);

    /// <summary>Family name.</summary>
    public string? LastName { get; set; }

    /// <summary>Given name.</summary>
    public string? FirstName { get; set; }

    /// <summary>Birth date, <c>yyyy-MM-dd</c> as browsers send it, or <c>d.M.yyyy</c>.</summary>
    public string? BirthDate { get; set; }

    /// <summary>(0010,0040).</summary>
    public string? Sex { get; set; }

    /// <summary>Patient number.</summary>
    public string? PatientId { get; set; }

    /// <summary>What to examine.</summary>
    public string? Procedure { get; set; }

    /// <summary>(0008,0060).</summary>
    public string? Modality { get; set; }

    /// <summary>(0040,0001).</summary>
    public string? Station { get; set; }

    /// <summary>The day, as the birth date.</summary>
    public string? Day { get; set; }

    /// <summary>The time, <c>HH:mm</c>.</summary>
    public string? Time { get; set; }

    /// <summary>What is wrong, by the name of the field: a text and its values.</summary>
    public IReadOnlyDictionary<string, (string Text, object[] Values)> Problems => _problems;

    /// <summary>The form of an order.</summary>
    public static WorklistForm Of(WorklistOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        var name = PersonName.Parse(order.PatientName);
        return new WorklistForm
        {
            LastName = name.FamilyName,
            FirstName = name.GivenName,
            BirthDate = order.BirthDate?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            Sex = order.Sex,
            PatientId = order.PatientId,
            Procedure = order.Procedure,
            Modality = order.Modality,
            Station = order.StationAe,
            Day = order.Start?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            Time = order.Start?.ToString("HH:mm", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>Reads the form.</summary>
    /// <param name="before">What the entry says now: what the form does not show of it stays. Null for a new one.</param>
    /// <param name="profile">What the practice software takes.</param>
    /// <param name="now">Now, in local time.</param>
    /// <returns>The order, or null: then <see cref="Problems"/> says why.</returns>
    public WorklistOrder? Read(WorklistOrder? before, GdtProfile profile, DateTime now)
    {
        ArgumentNullException.ThrowIfNull(profile);
        var name = ReadName(before is null ? null : PersonName.Parse(before.PatientName));
        var patientId = Text(nameof(PatientId), PatientId, DicomVr.LO, isRequired: true);
        // GDT field 3000 is how the practice software finds the patient again: nearly right would be wrong
        if (!patientId.EnumerateRunes().All(GdtCharacterSet.Latin9.Has))
        {
            Say(nameof(PatientId), "Worklist.BadCharacters");
        }
        else if (!profile.Fits("3000", patientId))
        {
            Say(nameof(PatientId), "Worklist.TooLongForGdt");
        }
        var born = ReadDay(nameof(BirthDate), BirthDate);
        if (born is { } date && (date.Year < 1850 || date > DateOnly.FromDateTime(now)))
        {
            Say(nameof(BirthDate), "Worklist.BadBirthDate");
        }
        var procedure = Text(nameof(Procedure), Procedure, DicomVr.LO);
        var station = Text(nameof(Station), Station, DicomVr.AE, isRequired: true);
        if (!Ascii.IsValid(station))
        {
            Say(nameof(Station), "Worklist.BadAeTitle");
        }
        var modality = Modality is { } chosen && (chosen == before?.Modality || Modalities.Any(m => m.Modality == chosen)) ? chosen : Say(nameof(Modality), "Worklist.Choose");
        var sex = Sex is null or "M" or "F" or "O" ? Sex ?? "" : Say(nameof(Sex), "Worklist.Choose");
        var start = ReadStart(now);
        return _problems.Count > 0 ? null : new WorklistOrder
        {
            PatientId = patientId,
            PatientName = name,
            BirthDate = born,
            Sex = sex,
            Modality = modality,
            StationAe = station,
            Procedure = procedure.Length > 0 ? procedure : null,
            PerformingPhysician = before?.PerformingPhysician,
            Start = start,
            Source = before?.Source ?? "hand",
        };
    }

    private string ReadName(PersonName? before)
    {
        var last = Text(nameof(LastName), LastName, DicomVr.PN, isRequired: true);
        var first = Text(nameof(FirstName), FirstName, DicomVr.PN);
        var alphabetic = (before?.Alphabetic ?? PersonName.Group.Empty) with { FamilyName = last, GivenName = first };
        // the other ways to write a name (PS3.5 §6.2.1.1) belong to the name as it was
        var name = (before?.FamilyName, before?.GivenName) == (last, first) ? before!.ToString() : new PersonName(alphabetic, PersonName.Group.Empty, PersonName.Group.Empty).ToString();
        return alphabetic.ToString().EnumerateRunes().Count() > DicomVr.PN.MaxLength ? Say(nameof(LastName), "Worklist.TooLong", DicomVr.PN.MaxLength - 1) : name;
    }

    private DateTime? ReadStart(DateTime now)
    {
        var day = ReadDay(nameof(Day), Day);
        if (day < DateOnly.FromDateTime(now))
        {
            Say(nameof(Day), "Worklist.BadDay");
        }
        if (!TimeOnly.TryParseExact(Time?.Trim(), ["HH:mm", "H:mm", "HH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) && !string.IsNullOrWhiteSpace(Time))
        {
            Say(nameof(Time), "Worklist.BadTime");
        }
        return (day ?? DateOnly.FromDateTime(now)).ToDateTime(string.IsNullOrWhiteSpace(Time) ? TimeOnly.FromDateTime(now) : time);
    }

    private DateOnly? ReadDay(string field, string? value)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            return null;
        }
        if (DateOnly.TryParseExact(value.Trim(), ["yyyy-MM-dd", "d.M.yyyy"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return date;
        }
        Say(field, "Worklist.BadDate");
        return null;
    }

    private string Text(string field, string? value, DicomVr vr, bool isRequired = false)
    {
        // one spelling for one letter, whatever the browser's system prefers
        var text = (value ?? "").Trim().Normalize(NormalizationForm.FormC);
        if (text.Length == 0)
        {
            return isRequired ? Say(field, "Worklist.Missing") : "";
        }
        // PS3.5 §6.2: these part values, groups and components
        if (text.Any(c => char.IsControl(c) || c is '\\' or '\u2028' or '\u2029') || (vr == DicomVr.PN && text.AsSpan().ContainsAny('^', '=')))
        {
            return Say(field, vr == DicomVr.PN ? "Worklist.BadName" : "Worklist.BadText");
        }
        return text.EnumerateRunes().Count() > vr.MaxLength ? Say(field, "Worklist.TooLong", vr.MaxLength) : text;
    }

    // the first thing that is wrong with a field is the one to tell
    private string Say(string field, string text, params object[] values)
    {
        _problems.TryAdd(field, (text, values));
        return "";
    }
}
