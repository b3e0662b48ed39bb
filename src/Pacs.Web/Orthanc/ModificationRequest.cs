using System.Text.Json;
using Pacs.Dicom;
using Pacs.Dicom.Modification;
using Pacs.Storage;
using Pacs.Web.Jobs;

namespace Pacs.Web.Orthanc;

/// <summary>What clients ask for at <c>/…/modify</c> and <c>/…/anonymize</c>, with Orthanc's rules about identifiers.</summary>
internal static class ModificationRequest
{
    // the versions of table E.1-1 that Orthanc's clients know; here it is always the newest
    private static readonly string[] Versions = ["2008", "2017c", "2021b", "2023b"];

    private static readonly (DicomTag Tag, string Name)[] Identifiers =
    [
        (DicomTag.PatientID, "PatientID"), (DicomTag.StudyInstanceUID, "StudyInstanceUID"), (DicomTag.SeriesInstanceUID, "SeriesInstanceUID"), (DicomTag.SOPInstanceUID, "SOPInstanceUID"),
    ];

    /// <summary>Reads a request.</summary>
    /// <param name="json">The body.</param>
    /// <param name="level">What is modified.</param>
    /// <param name="isAnonymization">Whether it is de-identified.</param>
    /// <param name="isSingle">Whether it is one resource.</param>
    /// <exception cref="FormatException">It makes no sense.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A version that there is not.</exception>
    public static ModificationJob Read(JsonElement json, Level level, bool isAnonymization, bool isSingle)
    {
        var isForced = OrthancBody.Flag(json, "Force") == true;
        var replace = json.TryGetProperty("Replace", out var values) && values.ValueKind == JsonValueKind.Object
            ? values.EnumerateObject().ToDictionary(m => m.Name, m => m.Value.Clone(), StringComparer.Ordinal) : [];
        var job = new ModificationJob
        {
            Level = level,
            IsSingle = isSingle,
            IsAnonymization = isAnonymization,
            Replace = replace,
            Remove = Texts(json, "Remove"),
            Keep = Texts(json, "Keep"),
            // who is de-identified has no study any more
            NewFrom = isAnonymization ? 0 : level switch { Level.Patient or Level.Study => 0, Level.Series => 1, _ => 2 },
            RemovePrivateTags = isAnonymization ? OrthancBody.Flag(json, "KeepPrivateTags") != true : OrthancBody.Flag(json, "RemovePrivateTags") == true,
            PrivateCreator = OrthancBody.Text(json, "PrivateCreator"),
            Transcode = OrthancBody.Text(json, "Transcode"),
            Options = Texts(json, "Options").Aggregate(DeidentificationOptions.None, (all, name) => all
                | (Enum.TryParse<DeidentificationOptions>(name, out var option) ? option : throw new FormatException($"Options are {string.Join(", ", Enum.GetNames<DeidentificationOptions>().Skip(1))}"))),
            KeepSource = OrthancBody.Flag(json, "KeepSource") != false,
            KeepLabels = OrthancBody.Flag(json, "KeepLabels") == true,
            Permissive = OrthancBody.Flag(json, "Permissive") == true,
            Seed = Guid.NewGuid().ToString("N"),
            UserData = json.TryGetProperty("UserData", out var data) ? data.Clone() : null,
        };
        if (OrthancBody.Text(json, "DicomVersion") is { } version && !Versions.Contains(version))
        {
            throw new ArgumentOutOfRangeException(nameof(json), $"Unknown specific version of the DICOM standard: {version}");
        }
        if (job.Transcode is { } syntax && !TransferSyntax.Get(syntax).IsKnown)
        {
            throw new FormatException($"Unknown transfer syntax UID: {syntax}");
        }
        Check(job.ToModification(), level, isAnonymization, isForced);
        return job;
    }

    /// <summary>A member that is a list of texts; empty when it is absent.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static List<string> Texts(JsonElement json, string name) => !json.TryGetProperty(name, out var list) ? []
        : list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(i => i.ValueKind == JsonValueKind.String) ? [.. list.EnumerateArray().Select(i => i.GetString()!)]
        : throw new FormatException($"{name} must be an array of texts");

    private static void Check(DatasetModification modification, Level level, bool isAnonymization, bool isForced)
    {
        foreach (var (tag, name) in Identifiers)
        {
            if (!isForced && (modification.Replace.ContainsKey(tag) || modification.Keep.Contains(tag)))
            {
                throw new FormatException($"Marking tag \"{name}\" as to be {(modification.Replace.ContainsKey(tag) ? "replaced" : "kept")} requires the \"Force\" option to be set to true");
            }
        }
        if (modification.Replace.Any(r => Identifiers.Any(i => i.Tag == r.Key) && !IsIdentifier(r.Key, r.Value)))
        {
            throw new FormatException("An identifier must be a UID, the PatientID a text");
        }
        if (isAnonymization)
        {
            return;
        }
        if (level == Level.Patient && !modification.Replace.ContainsKey(DicomTag.PatientID))
        {
            throw new FormatException("When modifying a patient, her PatientID is required to be modified");
        }
        var mayReplace = level switch
        {
            Level.Patient => new[] { DicomTag.PatientID },
            // since Orthanc 1.11.3
            Level.Study => [DicomTag.PatientID, DicomTag.StudyInstanceUID],
            Level.Series => [DicomTag.SeriesInstanceUID],
            _ => [DicomTag.PatientID, DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID, DicomTag.SOPInstanceUID],
        };
        foreach (var (tag, name) in Identifiers.Where(i => modification.Replace.ContainsKey(i.Tag) && !mayReplace.Contains(i.Tag)))
        {
            var isParent = (level, name) is (Level.Series, "PatientID" or "StudyInstanceUID");
            throw new FormatException($"When modifying a {level.ToString().ToLowerInvariant()}, the {(isParent ? "parent " : "")}{name} cannot be manually modified");
        }
    }

    private static bool IsIdentifier(DicomTag tag, Replacement value) => value.Text is { } text && (tag == DicomTag.PatientID ? text.Length <= 64 : DicomUid.IsTolerable(text));
}
