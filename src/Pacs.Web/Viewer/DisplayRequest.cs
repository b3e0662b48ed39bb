using System.Globalization;
using Pacs.Storage;

namespace Pacs.Web.Viewer;

/// <summary>
/// What an IHE Image Display Invoker asks for (IHE RAD TF-2, RAD-106, tables 4.106.4.1-1 and -2). <c>viewerType</c> and what else is not named here change nothing: there is one viewer.
/// </summary>
internal sealed record DisplayRequest
{
    // more than a practice software has on one page
    private const int MaxStudies = 50;

    // as XML Schema writes times, and as DICOM and HL7 do
    private static readonly string[] TimeForms = ["yyyyMMdd", "yyyyMMddHHmm", "yyyyMMddHHmmss", "yyyy-MM-dd", "yyyy-MM-ddTHH:mm", "yyyy-MM-ddTHH:mm:ss", "yyyy-MM-ddTHH:mm:ss.FFFFFFF"];
    private static readonly string[] ZonedForms = ["yyyy-MM-ddTHH:mmzzz", "yyyy-MM-ddTHH:mm:sszzz", "yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz", "yyyyMMddHHmmsszzz"];

    /// <summary>Study Instance UIDs, the first is opened.</summary>
    public IReadOnlyList<string> StudyUids { get; private init; } = [];

    /// <summary>Accession numbers, the first is opened.</summary>
    public IReadOnlyList<string> Accessions { get; private init; } = [];

    /// <summary>The patient's number without its issuer, or null where studies are asked for.</summary>
    public string? PatientId { get; private init; }

    /// <summary>The patient's birth date (DA), to be compared; or null.</summary>
    public string? BirthDate { get; private init; }

    /// <summary>Not before; or null.</summary>
    public DateTime? From { get; private init; }

    /// <summary>Not after; or null.</summary>
    public DateTime? To { get; private init; }

    /// <summary>Studies with one of these; empty for all.</summary>
    public IReadOnlyList<string> Modalities { get; private init; } = [];

    /// <summary>So many of the newest; or null.</summary>
    public int? MostRecent { get; private init; }

    /// <summary>Whether marked images are enough.</summary>
    public bool KeyImagesOnly { get; private init; }

    /// <summary>Whether no further loss is wanted.</summary>
    public bool IsDiagnostic { get; private init; }

    /// <summary>Whether some of a patient's studies are wanted.</summary>
    public bool IsSelective => From is not null || To is not null || Modalities.Count > 0 || MostRecent is not null;

    /// <summary>Reads the parameters.</summary>
    /// <param name="query">Of the address.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="problem">The key of the sentence that says what is wrong.</param>
    public static bool TryParse(IQueryCollection query, out DisplayRequest request, out string problem)
    {
        request = new DisplayRequest();
        problem = "";
        var type = query["requestType"].ToString();
        var (uids, accessions) = (List(query["studyUID"]), List(query["accessionNumber"]));
        // a CX: the number and its issuer, 4711^^^Praxis (HL7 v2.5 §2.A.14)
        var patient = query["patientID"].ToString().Split('^')[0].Trim();
        if (type is not ("STUDY" or "PATIENT"))
        {
            problem = "Display.NoType";
        }
        else if (type == "STUDY" && uids.Count == 0 && accessions.Count == 0)
        {
            problem = "Display.NoStudy";
        }
        else if (type == "PATIENT" && patient.Length == 0)
        {
            problem = "Display.NoPatient";
        }
        else if (!TryTime(query["lowerDateTime"].ToString(), out var from) || !TryTime(query["upperDateTime"].ToString(), out var to))
        {
            problem = "Display.BadTime";
        }
        else if (!TryCount(query["mostRecentResults"].ToString(), out var count))
        {
            problem = "Display.BadCount";
        }
        else
        {
            request = new DisplayRequest
            {
                StudyUids = type == "STUDY" ? uids : [],
                Accessions = type == "STUDY" ? accessions : [],
                PatientId = type == "PATIENT" ? patient : null,
                BirthDate = query["patientBirthDate"].ToString().Replace("-", "", StringComparison.Ordinal).Trim() is { Length: > 0 } birthDate ? birthDate : null,
                From = from,
                // a day without a time is meant to its end
                To = to is { } day && day.TimeOfDay == TimeSpan.Zero && !query["upperDateTime"].ToString().Contains(':', StringComparison.Ordinal) ? day.AddDays(1).AddTicks(-1) : to,
                Modalities = List(query["modalitiesInStudy"]),
                MostRecent = count,
                KeyImagesOnly = IsTrue(query["keyImagesOnly"]),
                IsDiagnostic = IsTrue(query["diagnosticQuality"]),
            };
        }
        return problem.Length == 0;
    }

    /// <summary>Whether a study is one of those that are wanted.</summary>
    public bool Wants(Study study)
    {
        if (Modalities.Count > 0 && !study.Modalities.Split('\\').Intersect(Modalities, StringComparer.OrdinalIgnoreCase).Any())
        {
            return false;
        }
        if (From is null && To is null)
        {
            return true;
        }
        // one without a date is in no span of time
        if (!DateTime.TryParseExact(study.Date, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var when))
        {
            return false;
        }
        var time = study.Time is { Length: >= 6 } text ? text[..6] : "";
        var isTimed = TimeSpan.TryParseExact(time, "hhmmss", CultureInfo.InvariantCulture, out var ofDay);
        // of one without a time the whole day
        return (From is null || (isTimed ? when + ofDay : when.AddDays(1).AddTicks(-1)) >= From) && (To is null || (isTimed ? when + ofDay : when) <= To);
    }

    private static List<string> List(string? text) => [.. (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Take(MaxStudies)];

    private static bool IsTrue(string? text) => string.Equals(text, "true", StringComparison.OrdinalIgnoreCase);

    private static bool TryCount(string text, out int? count)
    {
        count = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
        return text.Length == 0 || count is not null;
    }

    private static bool TryTime(string text, out DateTime? time)
    {
        time = null;
        // an unescaped + of a zone has become a blank
        text = text.Trim().Replace(' ', '+').Replace("Z", "+00:00", StringComparison.Ordinal);
        if (text.Length == 0)
        {
            return true;
        }
        if (DateTime.TryParseExact(text, TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local))
        {
            time = local;
        }
        else if (DateTimeOffset.TryParseExact(text, ZonedForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var zoned))
        {
            time = zoned.LocalDateTime; // devices write the practice's time
        }
        return time is not null;
    }
}
