using System.Globalization;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;

namespace Pacs.Web.DicomWeb;

/// <summary>What <c>annotation=patient,technique</c> writes into pictures (PS3.18 §8.3.5.1.1). Dates as DICOM has them, year first: they read the same in every language.</summary>
internal static class PictureTexts
{
    // a line of a picture; more is cut at its edge anyway
    private const int MaxLength = 80;

    private static readonly (DicomTag Tag, string Format)[] Techniques =
    [
        (DicomTag.KVP, "{0} kV"), (DicomTag.XRayTubeCurrent, "{0} mA"), (DicomTag.Exposure, "{0} mAs"), (DicomTag.SliceThickness, "{0} mm"), (DicomTag.RepetitionTime, "TR {0} ms"),
        (DicomTag.EchoTime, "TE {0} ms"), (DicomTag.MechanicalIndex, "MI {0}"), (DicomTag.BoneThermalIndex, "TIB {0}"), (DicomTag.SoftTissueThermalIndex, "TIS {0}"),
        (DicomTag.DepthOfScanField, "{0} mm"), (DicomTag.TransducerData, "{0}"),
    ];

    /// <summary>The options with the lines that are wanted.</summary>
    public static RenderOptions With(RenderOptions options, Annotation annotation, DicomDataset header) => options with
    {
        Heading = annotation.HasFlag(Annotation.Patient) ? Lines(Patient(header)) : [],
        Footing = annotation.HasFlag(Annotation.Technique) ? Lines(Technique(header, options)) : [],
    };

    private static IEnumerable<string> Patient(DicomDataset header)
    {
        yield return PersonName.Parse(header.GetString(DicomTag.PatientName)).ToDisplayString();
        yield return header.GetString(DicomTag.PatientID) ?? "";
        yield return $"{Date(header, DicomTag.PatientBirthDate)} {header.GetString(DicomTag.PatientSex)}";
    }

    private static IEnumerable<string> Technique(DicomDataset header, RenderOptions options)
    {
        yield return header.GetString(DicomTag.InstitutionName) ?? "";
        yield return $"{Date(header, DicomTag.AcquisitionDate, DicomTag.ContentDate, DicomTag.StudyDate)} {Time(header)}";
        yield return $"{header.GetString(DicomTag.Modality)} {header.GetString(DicomTag.ManufacturerModelName)}";
        yield return header.GetString(DicomTag.SeriesDescription) ?? header.GetString(DicomTag.StudyDescription) ?? "";
        yield return string.Join("  ", Techniques.Select(t => (t.Format, Value: header.GetString(t.Tag))).Where(t => !string.IsNullOrWhiteSpace(t.Value))
            .Select(t => string.Format(CultureInfo.InvariantCulture, t.Format, t.Value)));
        var frames = header.GetInt32(DicomTag.NumberOfFrames) ?? 1;
        var place = string.Join("  ", new[] { Numbered("Se", header.GetString(DicomTag.SeriesNumber)), Numbered("Im", header.GetString(DicomTag.InstanceNumber)),
            frames > 1 ? string.Create(CultureInfo.InvariantCulture, $"F {options.Frame}/{frames}") : "" }.Where(p => p.Length > 0));
        var window = options.Window is { } wanted ? (Width: wanted.Width, wanted.Center)
            : header.GetDouble(DicomTag.WindowWidth) is { } width && header.GetDouble(DicomTag.WindowCenter) is { } center ? (Width: width, Center: center) : ((double Width, double Center)?)null;
        yield return window is { } said ? string.Create(CultureInfo.InvariantCulture, $"{place}  W {said.Width} C {said.Center}") : place;
    }

    private static string Numbered(string what, string? number) => string.IsNullOrWhiteSpace(number) ? "" : $"{what} {number.Trim()}";

    // DA as 2024-03-12; what is none as it stands
    private static string Date(DicomDataset header, params ReadOnlySpan<DicomTag> tags)
    {
        foreach (var tag in tags)
        {
            if (header.GetString(tag) is { Length: > 0 } value)
            {
                return DateOnly.TryParseExact(value, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : value;
            }
        }
        return "";
    }

    private static string Time(DicomDataset header) =>
        (header.GetString(DicomTag.AcquisitionTime) ?? header.GetString(DicomTag.ContentTime) ?? header.GetString(DicomTag.StudyTime)) is { Length: >= 4 } time && time.AsSpan(0, 4).IndexOfAnyExceptInRange('0', '9') < 0
            ? $"{time[..2]}:{time[2..4]}" : "";

    private static string[] Lines(IEnumerable<string> lines) => [.. lines.Select(l => l.Trim()).Where(l => l.Length > 0).Select(l => l.Length > MaxLength ? l[..MaxLength] : l)];
}
