using System.Text.Json;
using System.Text.Json.Serialization;
using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>What a <c>DicomModalityStore</c> job has to know beside its instances: the JSON of <see cref="Job.Content"/>.</summary>
public sealed record StoreJob
{
    /// <summary>The kind of these jobs, as Orthanc calls it.</summary>
    public const string Kind = "DicomModalityStore";

    /// <summary>Who wanted it: <c>REST API</c> as in Orthanc, or the name of a forwarding rule.</summary>
    public string Description { get; init; } = "REST API";

    /// <summary>The ids that were asked for, as text: studies, series, whatever.</summary>
    public IReadOnlyList<string> ParentResources { get; init; } = [];

    /// <summary>Our AE title and the node's for this job, null for those of the node's entry. Of the host and the port the same.</summary>
    public string? LocalAet { get; init; }

    /// <summary>See <see cref="LocalAet"/>.</summary>
    public string? CalledAet { get; init; }

    /// <summary>See <see cref="LocalAet"/>.</summary>
    public string? Host { get; init; }

    /// <summary>See <see cref="LocalAet"/>.</summary>
    public int? Port { get; init; }

    /// <summary>Seconds the node may take to answer, null for those of its entry.</summary>
    public int? Timeout { get; init; }

    /// <summary>AE title of the C-MOVE that this is said to belong to, or null.</summary>
    public string? MoveOriginatorAet { get; init; }

    /// <summary>Message id of that C-MOVE.</summary>
    public ushort MoveOriginatorId { get; init; }

    /// <summary>Whether the job succeeds although instances have failed.</summary>
    public bool Permissive { get; init; }

    /// <summary>Whether the node is asked in the end, by storage commitment, whether it keeps the instances; what it does not keep has failed.</summary>
    public bool StorageCommitment { get; init; }

    /// <summary>What the client wants to find again in the job, as JSON; null for nothing.</summary>
    public JsonElement? UserData { get; init; }

    /// <summary>The node as this job calls it.</summary>
    public Modality Apply(Modality node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node with
        {
            LocalAeTitle = LocalAet ?? node.LocalAeTitle,
            AeTitle = CalledAet ?? node.AeTitle,
            Host = Host ?? node.Host,
            Port = Port ?? node.Port,
            Timeout = Timeout ?? node.Timeout,
        };
    }

    /// <summary>The content of a job. One that cannot be read, of a later version perhaps, is empty.</summary>
    public static StoreJob Of(Job job) => JobContent.Read<StoreJob>(job, Json);

    /// <summary>A job for the queue.</summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="priority">Greater ones come first.</param>
    /// <param name="patience">Time without progress after which it is given up; zero: somebody waits for it, and it is tried once.</param>
    public Job ToJob(string node, int priority, TimeSpan patience) => new()
    {
        Kind = Kind,
        Node = node,
        Priority = priority,
        Patience = (long)patience.TotalMilliseconds,
        Content = JsonSerializer.Serialize(this, Json),
    };

    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };
}
