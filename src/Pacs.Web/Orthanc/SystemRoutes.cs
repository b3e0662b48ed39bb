using System.Globalization;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Orthanc;

/// <summary><c>/system</c> and <c>/statistics</c>: what the server is, and how much it has.</summary>
internal static class SystemRoutes
{
    /// <summary>
    /// The version of Orthanc whose REST API this is. Clients switch to better routes by it; what this server does not have yet is false in
    /// <c>Capabilities</c>, as it is for an Orthanc with an old database plugin.
    /// </summary>
    private const string Version = "1.12.10";

    // of Orthanc 1.12.10: counts changes of the REST API
    private const int ApiVersion = 30;

    // of Orthanc's own index since 0.9.5; importers look whether they know it
    private const int DatabaseVersion = 6;

    private const long Megabyte = 1024 * 1024;

    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes.</summary>
    public static void MapSystem(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/system", Get, (PacsOptions options, StorageOptions storage, Listener listener) =>
            new OrthancResult(Describe(options, storage, listener)));
        routes.MapMethods("/statistics", Get, async (IndexReader index, CancellationToken ct) => new OrthancResult(Count(await index.StatisticsAsync(ct))));
    }

    private static JsonObject Describe(PacsOptions options, StorageOptions storage, Listener listener) => new()
    {
        ["ApiVersion"] = ApiVersion,
        ["Capabilities"] = new JsonObject
        {
            ["HasExtendedChanges"] = false,
            ["HasExtendedFind"] = true,
            ["HasKeyValueStores"] = false,
            ["HasQueues"] = false,
        },
        ["CheckRevisions"] = false,
        ["DatabaseBackendPlugin"] = null,
        ["DatabaseServerIdentifier"] = "",
        ["DatabaseVersion"] = DatabaseVersion,
        ["DicomAet"] = options.DicomAet,
        ["DicomPort"] = listener.DicomPort,
        ["HasLabels"] = true,
        ["HttpPort"] = listener.HttpPort,
        ["IngestTranscoding"] = "",
        // Orthanc's word for "nobody from outside gets in without a password"
        ["IsHttpServerSecure"] = !options.RemoteAccessAllowed,
        ["MainDicomTags"] = new JsonObject
        {
            ["Patient"] = MainTags(Level.Patient),
            ["Study"] = MainTags(Level.Study),
            ["Series"] = MainTags(Level.Series),
            ["Instance"] = MainTags(Level.Instance),
        },
        ["MaximumPatientCount"] = 0,
        ["MaximumStorageMode"] = "Recycle",
        ["MaximumStorageSize"] = 0,
        ["Name"] = options.Name,
        ["OverwriteInstances"] = storage.OverwriteInstances,
        ["PluginsEnabled"] = false,
        ["ReadOnly"] = false,
        ["StorageAreaPlugin"] = null,
        ["StorageCompression"] = false,
        ["UserMetadata"] = new JsonObject(options.UserMetadata.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value))),
        ["Version"] = Version,
    };

    private static JsonObject Count(Statistics all) => new()
    {
        ["CountInstances"] = all.Instances,
        ["CountPatients"] = all.Patients,
        ["CountSeries"] = all.Series,
        ["CountStudies"] = all.Studies,
        // 64-bit numbers are texts: JavaScript has none
        ["TotalDiskSize"] = Text(all.Size),
        ["TotalDiskSizeMB"] = all.Size / Megabyte,
        ["TotalUncompressedSize"] = Text(all.Size),
        ["TotalUncompressedSizeMB"] = all.Size / Megabyte,
    };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    // "0010,0010;0010,0020": those with a column of their own and those in the tags JSON
    private static string MainTags(Level level)
    {
        DicomTag[] columns = level switch
        {
            Level.Patient => [DicomTag.PatientName, DicomTag.PatientID, DicomTag.PatientBirthDate, DicomTag.PatientSex],
            Level.Study =>
            [
                DicomTag.StudyDate, DicomTag.StudyTime, DicomTag.AccessionNumber, DicomTag.ReferringPhysicianName, DicomTag.StudyDescription,
                DicomTag.StudyInstanceUID, DicomTag.StudyID,
            ],
            Level.Series =>
            [
                DicomTag.Modality, DicomTag.StationName, DicomTag.SeriesDescription, DicomTag.BodyPartExamined, DicomTag.ProtocolName,
                DicomTag.SeriesInstanceUID, DicomTag.SeriesNumber,
            ],
            _ => [DicomTag.SOPInstanceUID, DicomTag.InstanceNumber, DicomTag.NumberOfFrames],
        };
        return string.Join(';', columns.Concat(IndexTags.Json(level)).Distinct().Order().Select(t => t.ToString().Trim('(', ')').ToLowerInvariant()));
    }
}
