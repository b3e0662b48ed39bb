using System.Globalization;
using System.Text.Json;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>The main tags and the metadata of resources as the index has them.</summary>
internal static class ResourceTags
{
    /// <summary>The main tags of one level of a resource. Absent tags are left out; those without a value are empty.</summary>
    public static IEnumerable<(DicomTag Tag, string Value)> OfLevel(ResourceEntry entry, Level level)
    {
        var columns = level switch
        {
            Level.Patient => Patient(entry.Patient),
            Level.Study => Study(entry.Study!),
            Level.Series => Series(entry.Series!),
            _ => Instance(entry.Instance!),
        };
        foreach (var (tag, value) in columns)
        {
            if (value is not null)
            {
                yield return (tag, value);
            }
        }
        foreach (var tag in InJson(Json(entry, level)))
        {
            yield return tag;
        }
    }

    /// <summary>Orthanc's system metadata and what users have noted, by name. What nobody said is left out.</summary>
    public static IEnumerable<(string Name, string Value, long Revision)> Metadata(ResourceEntry entry, UserNames names) =>
        SystemMetadata(entry).Select(m => (m.Name, m.Value, 0L)).Concat(entry.Metadata.Where(m => m.Number != ResourceMetadata.Decisions).Select(m => (names.Metadata(m.Number), m.Value, m.Revision)));

    private static IEnumerable<(string Name, string Value)> SystemMetadata(ResourceEntry entry)
    {
        if (entry.Instance is not { } instance)
        {
            yield return ("LastUpdate", Date(UpdatedAt(entry)));
            if (entry.Series is not null && Expected(entry) is { } expected)
            {
                yield return ("ExpectedNumberOfInstances", expected.ToString(CultureInfo.InvariantCulture));
            }
            yield break;
        }
        if (instance.Number is { } number)
        {
            yield return ("IndexInSeries", number.ToString(CultureInfo.InvariantCulture));
        }
        yield return ("ReceptionDate", Date(instance.ReceivedAt));
        yield return ("RemoteAET", instance.CallingAe ?? "");
        // Orthanc has no word for a file that was found on the disk
        yield return ("Origin", instance.Origin switch { OriginKind.Dimse or OriginKind.ImportedDimse => "DicomProtocol", OriginKind.Http or OriginKind.Modification or OriginKind.ImportedHttp => "RestApi", _ => "Unknown" });
        yield return ("TransferSyntax", instance.Syntax);
        yield return ("SopClassUid", instance.SopClass);
        if (instance.HeaderLength < instance.Size)
        {
            yield return ("PixelDataOffset", instance.HeaderLength.ToString(CultureInfo.InvariantCulture));
        }
        if (instance.RemoteHost is { } host)
        {
            yield return ("RemoteIP", host);
        }
        if (instance.CalledAe is { } called)
        {
            yield return ("CalledAET", called);
        }
    }

    /// <summary>How many instances the series says it has, or null (Orthanc's reading of PS3.3 §C.7.3 and §C.8 attributes).</summary>
    public static int? Expected(ResourceEntry series)
    {
        var tags = InJson(series.Series!.Tags).ToDictionary(t => t.Tag, t => t.Value);
        int? Number(DicomTag tag) => tags.TryGetValue(tag, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
        var product = (long?)Number(DicomTag.ImagesInAcquisition) * Number(DicomTag.NumberOfTemporalPositions)
            ?? (long?)Number(DicomTag.NumberOfSlices) * Number(DicomTag.NumberOfTimeSlices) ?? Number(DicomTag.CardiacNumberOfImages);
        return product is <= int.MaxValue ? (int)product : null;
    }

    /// <summary>When the last instance came.</summary>
    public static DateTimeOffset UpdatedAt(ResourceEntry entry) =>
        entry.Instance?.ReceivedAt ?? entry.Series?.UpdatedAt ?? entry.Study?.UpdatedAt ?? entry.Patient.UpdatedAt;

    /// <summary>A time as Orthanc writes it.</summary>
    public static string Date(DateTimeOffset time) => time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture);

    private static (DicomTag Tag, string? Value)[] Patient(Patient patient) =>
    [
        (DicomTag.PatientID, patient.PatientId), (DicomTag.PatientName, patient.Name), (DicomTag.PatientBirthDate, patient.BirthDate), (DicomTag.PatientSex, patient.Sex),
    ];

    private static (DicomTag Tag, string? Value)[] Study(Study study) =>
    [
        (DicomTag.StudyInstanceUID, study.Uid), (DicomTag.StudyDate, study.Date), (DicomTag.StudyTime, study.Time), (DicomTag.AccessionNumber, study.Accession),
        (DicomTag.StudyDescription, study.Description), (DicomTag.StudyID, study.StudyId), (DicomTag.ReferringPhysicianName, study.Referring),
    ];

    private static (DicomTag Tag, string? Value)[] Series(Series series) =>
    [
        (DicomTag.SeriesInstanceUID, series.Uid), (DicomTag.Modality, series.Modality), (DicomTag.SeriesNumber, Text(series.Number)), (DicomTag.SeriesDescription, series.Description),
        (DicomTag.BodyPartExamined, series.BodyPart), (DicomTag.StationName, series.Station), (DicomTag.ProtocolName, series.Protocol),
    ];

    // the index has 1 where the instance does not say
    private static (DicomTag Tag, string? Value)[] Instance(Instance instance) =>
    [
        (DicomTag.SOPInstanceUID, instance.Uid), (DicomTag.InstanceNumber, Text(instance.Number)), (DicomTag.NumberOfFrames, instance.Frames > 1 ? Text(instance.Frames) : null),
    ];

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string Json(ResourceEntry entry, Level level) => level switch
    {
        Level.Patient => entry.Patient.Tags,
        Level.Study => entry.Study!.Tags,
        Level.Series => entry.Series!.Tags,
        _ => entry.Instance!.Tags,
    };

    private static IEnumerable<(DicomTag Tag, string Value)> InJson(string json)
    {
        if (json == "{}")
        {
            yield break;
        }
        using var document = JsonDocument.Parse(json);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            yield return (DicomTag.Parse(member.Name), member.Value.GetString() ?? "");
        }
    }
}
