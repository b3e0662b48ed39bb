using System.Text.Json;
using System.Text.Json.Serialization;
using Pacs.Dicom;
using Pacs.Dicom.Modification;
using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>What a job has to know that makes instances of others: the JSON of <see cref="Job.Content"/>.</summary>
public sealed record ModificationJob
{
    /// <summary>The kind of jobs that modify or de-identify, as Orthanc calls it.</summary>
    public const string ModifyKind = "ResourceModification";

    /// <summary>The kind of jobs that bring series into another study.</summary>
    public const string MergeKind = "MergeStudy";

    /// <summary>The kind of jobs that bring series into a new study.</summary>
    public const string SplitKind = "SplitStudy";

    /// <summary>What the pages call a corrected patient (<see cref="Description"/>).</summary>
    public const string Correction = "Correction";

    /// <summary>Who wanted it.</summary>
    public string Description { get; init; } = "REST API";

    /// <summary>Which user, and from which address.</summary>
    public string? By { get; init; }

    /// <summary>The level of what is modified.</summary>
    public Level Level { get; init; }

    /// <summary>Whether one resource was named, or a list.</summary>
    public bool IsSingle { get; init; }

    /// <summary>What was asked for.</summary>
    public IReadOnlyList<string> ParentResources { get; init; } = [];

    /// <summary>Whether instances are de-identified.</summary>
    public bool IsAnonymization { get; init; }

    /// <summary>New values by tag, as Orthanc's clients write them.</summary>
    public IReadOnlyDictionary<string, JsonElement> Replace { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Tags that go.</summary>
    public IReadOnlyList<string> Remove { get; init; } = [];

    /// <summary>Tags that stay.</summary>
    public IReadOnlyList<string> Keep { get; init; } = [];

    /// <summary>See <see cref="DatasetModification.NewFrom"/>.</summary>
    public int NewFrom { get; init; }

    /// <summary>Whether private attributes go.</summary>
    public bool RemovePrivateTags { get; init; }

    /// <summary>See <see cref="DatasetModification.PrivateCreator"/>.</summary>
    public string? PrivateCreator { get; init; }

    /// <summary>The UID of the transfer syntax that what is made shall have; null for that of the source.</summary>
    public string? Transcode { get; init; }

    /// <summary>See <see cref="DatasetModification.Options"/>.</summary>
    public DeidentificationOptions Options { get; init; }

    /// <summary>Whether the instances that others are made of stay.</summary>
    public bool KeepSource { get; init; } = true;

    /// <summary>Whether the studies of <see cref="ParentResources"/> go into the bin when all of them have been made anew.</summary>
    public bool BinsSource { get; init; }

    /// <summary>Whether what is made gets the labels of what it is made of.</summary>
    public bool KeepLabels { get; init; }

    /// <summary>Whether the job succeeds although instances have failed.</summary>
    public bool Permissive { get; init; }

    /// <summary>See <see cref="DatasetModification.Seed"/>.</summary>
    public string Seed { get; init; } = "";

    /// <summary>Where a merge goes to.</summary>
    public string? TargetStudy { get; init; }

    /// <summary>The Study Instance UID of what a split has made.</summary>
    public string? TargetStudyUid { get; init; }

    /// <summary>What has been made: level and id.</summary>
    public IReadOnlyList<MadeResource> Results { get; init; } = [];

    /// <summary>How many instances say that they have text burned in (0028,0301), or are of a kind that often has.</summary>
    public int BurnedIn { get; init; }

    /// <summary>What the client wants to find again in the job, as JSON; null for nothing.</summary>
    public JsonElement? UserData { get; init; }

    /// <summary>Whether a job is one of these.</summary>
    public static bool Is(Job job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job.Kind is ModifyKind or MergeKind or SplitKind;
    }

    /// <summary>The content of a job. One that cannot be read, of a later version perhaps, is empty.</summary>
    public static ModificationJob Of(Job job) => JobContent.Read<ModificationJob>(job, Json);

    /// <summary>A job for the queue.</summary>
    /// <param name="kind">What kind of job.</param>
    /// <param name="priority">Greater ones come first.</param>
    public Job ToJob(string kind, int priority) => new() { Kind = kind, Node = kind, Priority = priority, Content = ToJson() };

    /// <summary>It as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>What is done to each instance.</summary>
    /// <exception cref="FormatException">A tag is unknown, or a value is none.</exception>
    public DatasetModification ToModification() => new()
    {
        Seed = Seed,
        Replace = Values(Replace.Select(r => KeyValuePair.Create(r.Key, r.Value))),
        Remove = Remove.Select(Tag).ToHashSet(),
        Keep = Keep.Select(Tag).ToHashSet(),
        NewFrom = NewFrom,
        RemovesPrivate = RemovePrivateTags,
        PrivateCreator = PrivateCreator,
        Deidentifies = IsAnonymization,
        Options = Options,
    };

    private static Dictionary<DicomTag, Replacement> Values(IEnumerable<KeyValuePair<string, JsonElement>> members) => members.ToDictionary(m => Tag(m.Key), m => m.Value.ValueKind switch
    {
        JsonValueKind.String => new Replacement(m.Value.GetString()),
        JsonValueKind.Number => new Replacement(m.Value.GetRawText()),
        JsonValueKind.Array when m.Value.EnumerateArray().All(i => i.ValueKind == JsonValueKind.Object) => new Replacement(
            null, [.. m.Value.EnumerateArray().Select(i => Values(i.EnumerateObject().Select(e => KeyValuePair.Create(e.Name, e.Value))))]),
        _ => throw new FormatException($"{m.Key} must be a text, or an array of objects"),
    });

    private static DicomTag Tag(string name) => DicomTag.TryParse(name, out var tag) && tag.Group > 0x0002 ? tag : throw new FormatException($"{name} is no DICOM tag");

    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
}

/// <summary>A resource that a job has made.</summary>
/// <param name="Level">Its level.</param>
/// <param name="Id">Its id.</param>
public sealed record MadeResource(Level Level, string Id);
