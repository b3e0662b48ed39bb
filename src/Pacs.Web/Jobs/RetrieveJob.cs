using System.Text.Json;
using System.Text.Json.Serialization;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Web.Jobs;

/// <summary>What a <c>DicomMoveScu</c> or <c>DicomGetScu</c> job has to know: the JSON of <see cref="Job.Content"/>.</summary>
public sealed record RetrieveJob
{
    /// <summary>The kind of jobs in which the node sends to somebody by C-MOVE, as Orthanc calls it.</summary>
    public const string MoveKind = "DicomMoveScu";

    /// <summary>The kind of jobs in which it sends to us by C-GET.</summary>
    public const string GetKind = "DicomGetScu";

    /// <summary>Who wanted it.</summary>
    public string Description { get; init; } = "REST API";

    /// <summary>What is to be retrieved: each a level and keys.</summary>
    public IReadOnlyList<RetrieveQuery> Queries { get; init; } = [];

    /// <summary>To which AE title the node sends; null for a C-GET.</summary>
    public string? TargetAet { get; init; }

    /// <summary>Our AE title and the node's for this job.</summary>
    public string LocalAet { get; init; } = "";

    /// <summary>See <see cref="LocalAet"/>.</summary>
    public string RemoteAet { get; init; } = "";

    /// <summary>Seconds the node may be silent, null for those of its entry.</summary>
    public int? Timeout { get; init; }

    /// <summary>Whether the job succeeds although something could not be retrieved.</summary>
    public bool Permissive { get; init; }

    /// <summary>How the client wants to see <see cref="Queries"/>: the form of tags, by Orthanc's name.</summary>
    public string Format { get; init; } = "Short";

    /// <summary>What the client wants to find again in the job, as JSON; null for nothing.</summary>
    public JsonElement? UserData { get; init; }

    /// <summary>Whether a job is one of these.</summary>
    public static bool Is(Job job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job.Kind is MoveKind or GetKind;
    }

    /// <summary>The content of a job. One that cannot be read, of a later version perhaps, is empty.</summary>
    public static RetrieveJob Of(Job job) => JobContent.Read<RetrieveJob>(job, Json);

    /// <summary>A job for the queue, and what its items are: one for each query.</summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="priority">Greater ones come first.</param>
    /// <param name="patience">Time without progress after which it is given up; zero: somebody waits for it, and it is tried once.</param>
    public (Job Job, IReadOnlyList<ResourceId> Items) ToJob(string node, int priority, TimeSpan patience)
    {
        // each once: the queue tells items apart by this digest
        var items = Queries.Select(q => (Query: q, Id: ResourceId.ForPatient(JsonSerializer.Serialize(q, Json)))).DistinctBy(i => i.Id).ToList();
        var job = new Job
        {
            Kind = TargetAet is null ? GetKind : MoveKind,
            Node = node,
            Priority = priority,
            Patience = (long)patience.TotalMilliseconds,
            Content = JsonSerializer.Serialize(this with { Queries = [.. items.Select(i => i.Query)] }, Json),
        };
        return (job, [.. items.Select(i => i.Id)]);
    }

    /// <summary>The node as this job calls it.</summary>
    public Modality Apply(Modality node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node with { LocalAeTitle = LocalAet.Length > 0 ? LocalAet : node.LocalAeTitle, Timeout = Timeout ?? node.Timeout };
    }

    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };
}

/// <summary>Which patient, study, series or instance is to be retrieved.</summary>
/// <param name="Level">Its level.</param>
/// <param name="PatientId">(0010,0020), or null.</param>
/// <param name="Accession">(0008,0050), or null; for people only.</param>
/// <param name="Study">(0020,000D), or null.</param>
/// <param name="Series">(0020,000E), or null.</param>
/// <param name="Instance">(0008,0018), or null.</param>
public sealed record RetrieveQuery(Level Level, string? PatientId, string? Accession, string? Study, string? Series, string? Instance)
{
    /// <summary>The information model: by patient where a patient is meant, by study otherwise, which every node has.</summary>
    public string Model(bool isMove) => (Level == Level.Patient, isMove) switch
    {
        (true, true) => DicomUid.PatientRootQueryRetrieveInformationModelMove,
        (true, false) => DicomUid.PatientRootQueryRetrieveInformationModelGet,
        (false, true) => DicomUid.StudyRootQueryRetrieveInformationModelMove,
        _ => DicomUid.StudyRootQueryRetrieveInformationModelGet,
    };

    /// <summary>The identifier of the request: the unique keys of its level and of those above in its model (PS3.4 §C.4.2.1.4).</summary>
    public DicomDataset ToIdentifier()
    {
        var identifier = new DicomDataset();
        if (Level == Level.Patient)
        {
            if (PatientId is { } id && !id.All(char.IsAscii))
            {
                identifier.Set(DicomTag.SpecificCharacterSet, "ISO_IR 192");
            }
            Add(DicomTag.PatientID, PatientId);
        }
        else
        {
            Add(DicomTag.StudyInstanceUID, Study);
            Add(DicomTag.SeriesInstanceUID, Level >= Level.Series ? Series : null);
            Add(DicomTag.SOPInstanceUID, Level == Level.Instance ? Instance : null);
        }
        return identifier.Set(DicomTag.QueryRetrieveLevel, ModalityFinder.LevelText(Level));

        void Add(DicomTag tag, string? value)
        {
            if (value is not null)
            {
                identifier.SetUnchecked(tag, value);
            }
        }
    }

    /// <summary>All of it as a data set, for people.</summary>
    public DicomDataset ToDataset()
    {
        var dataset = new DicomDataset();
        foreach (var (tag, value) in new[]
        {
            (DicomTag.AccessionNumber, Accession), (DicomTag.QueryRetrieveLevel, ModalityFinder.LevelText(Level)), (DicomTag.PatientID, PatientId), (DicomTag.StudyInstanceUID, Study),
            (DicomTag.SeriesInstanceUID, Series), (DicomTag.SOPInstanceUID, Instance),
        })
        {
            if (value is { Length: > 0 } && value.All(char.IsAscii))
            {
                dataset.SetUnchecked(tag, value);
            }
        }
        return dataset;
    }

    /// <summary>What of a data set says which entity it is about.</summary>
    /// <exception cref="FormatException">The unique key of the level is missing (PS3.4 §C.4.2.1.4), or a UID is none.</exception>
    public static RetrieveQuery Of(Level level, DicomDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        var keys = new RetrieveQuery(
            level, Text(DicomTag.PatientID), Text(DicomTag.AccessionNumber), Uid(DicomTag.StudyInstanceUID, Level.Study), Uid(DicomTag.SeriesInstanceUID, Level.Series),
            Uid(DicomTag.SOPInstanceUID, Level.Instance));
        if ((level switch { Level.Patient => keys.PatientId, Level.Study => keys.Study, Level.Series => keys.Series, _ => keys.Instance }) is null)
        {
            var name = level switch { Level.Patient => "PatientID", Level.Study => "StudyInstanceUID", Level.Series => "SeriesInstanceUID", _ => "SOPInstanceUID" };
            throw new FormatException($"Each of the resources needs {name}");
        }
        return keys;

        string? Text(DicomTag tag) => dataset.GetString(tag) is { Length: > 0 and <= 64 } text && !text.Any(char.IsControl) ? text : null;

        // a list of UIDs is a list of entities (PS3.4 §C.2.2.2.2); keys of levels below say nothing
        string? Uid(DicomTag tag, Level from) => level < from || dataset.GetString(tag) is not { Length: > 0 } text ? null
            : text.Split('\\').All(u => DicomUid.IsTolerable(u)) ? text : throw new FormatException($"{DicomDictionary.Find(tag)!.Keyword} cannot be");
    }
}
