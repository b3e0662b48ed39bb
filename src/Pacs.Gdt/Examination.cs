using System.Globalization;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>
/// What a GDT file says about an examination, read from what devices send: whatever is missing or wrong, there is something to write.
/// </summary>
/// <param name="PatientId">(0010,0020), as it is.</param>
/// <param name="Accession">(0008,0050), may be empty.</param>
/// <param name="Modality">(0008,0060), null where it is absent.</param>
/// <param name="Description">(0008,1030), null where it is absent.</param>
/// <param name="Date">(0008,0020), or the day of reception where it is missing or none.</param>
/// <param name="Time">(0008,0030), or the time of reception where it is missing or none; midnight where it is empty, as the old plugin.</param>
public sealed record Examination(string PatientId, string Accession, string? Modality, string? Description, DateOnly Date, TimeOnly Time)
{
    /// <summary>(0010,0010).</summary>
    public PersonName PatientName { get; init; } = PersonName.Empty;

    /// <summary>(0010,0030), null where it is missing or none.</summary>
    public DateOnly? BirthDate { get; init; }

    /// <summary>(0010,0040): <c>M</c>, <c>F</c>, <c>O</c> or empty.</summary>
    public string Sex { get; init; } = "";

    /// <summary>(0020,000D).</summary>
    public string StudyUid { get; init; } = "";

    /// <summary>6228: <c>R0000000007 / US: Abdomen</c>, unless something else is set.</summary>
    public string Text
    {
        get => field ?? $"{Accession} / " + (Modality, Description) switch
        {
            (null, null) => "",
            (null, { } description) => description,
            ({ } modality, null) => modality,
            ({ } modality, { } description) => $"{modality}: {description}",
        };
        init;
    }

    /// <summary>Reads a header.</summary>
    /// <param name="header">The elements before the pixel data.</param>
    /// <param name="received">When it came, in the zone of the practice.</param>
    public static Examination Read(DicomDataset header, DateTimeOffset received)
    {
        ArgumentNullException.ThrowIfNull(header);
        return new Examination(
            header.GetString(DicomTag.PatientID) ?? "",
            header.GetString(DicomTag.AccessionNumber) ?? "",
            header.GetString(DicomTag.Modality),
            header.GetString(DicomTag.StudyDescription),
            ParseDate(header.GetString(DicomTag.StudyDate)) ?? DateOnly.FromDateTime(received.DateTime),
            ParseTime(header.GetString(DicomTag.StudyTime)) ?? TimeOnly.FromDateTime(received.DateTime))
        {
            PatientName = PersonName.Parse(header.GetString(DicomTag.PatientName) ?? ""),
            BirthDate = ParseDate(header.GetString(DicomTag.PatientBirthDate)),
            Sex = header.GetString(DicomTag.PatientSex) ?? "",
            StudyUid = header.GetString(DicomTag.StudyInstanceUID) ?? "",
        };
    }

    /// <summary>Takes what the index knows, for an instance whose file cannot be read.</summary>
    /// <param name="entry">The instance with its parents.</param>
    /// <param name="received">When it came, in the zone of the practice.</param>
    public static Examination Read(InstanceEntry entry, DateTimeOffset received)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return new Examination(
            entry.Patient.PatientId,
            entry.Study.Accession ?? "",
            entry.Series.Modality,
            entry.Study.Description,
            ParseDate(entry.Study.Date) ?? DateOnly.FromDateTime(received.DateTime),
            ParseTime(entry.Study.Time) ?? TimeOnly.FromDateTime(received.DateTime))
        {
            PatientName = PersonName.Parse(entry.Patient.Name ?? ""),
            BirthDate = ParseDate(entry.Patient.BirthDate),
            Sex = entry.Patient.Sex ?? "",
            StudyUid = entry.Study.Uid,
        };
    }

    /// <summary>A DA, also with the dots of ACR-NEMA (PS3.5 §6.2 note); null when it is none.</summary>
    internal static DateOnly? ParseDate(string? text)
    {
        text = text?.Replace(".", "", StringComparison.Ordinal);
        return text is { Length: >= 8 } && DateOnly.TryParseExact(text.AsSpan(0, 8), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;
    }

    /// <summary>
    /// A TM, also with the colons of ACR-NEMA: as much of it as there is, the rest 0. Fractions are dropped, a leap second is the one before.
    /// Null when it is absent or none.
    /// </summary>
    internal static TimeOnly? ParseTime(string? text)
    {
        if (text is null)
        {
            return null;
        }
        text = text.Replace(":", "", StringComparison.Ordinal);
        return Part(text, 0) is { } hour and < 24 && Part(text, 2) is { } minute and < 60 && Part(text, 4) is { } second and <= 60
            ? new TimeOnly(hour, minute, Math.Min(second, 59))
            : null;

        static int? Part(string text, int start) => text.Length < start + 2 ? 0
            : char.IsAsciiDigit(text[start]) && char.IsAsciiDigit(text[start + 1]) ? (text[start] - '0') * 10 + text[start + 1] - '0' : null;
    }
}
