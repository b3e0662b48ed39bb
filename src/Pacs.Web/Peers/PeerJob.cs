using System.Text.Json;
using System.Text.Json.Serialization;
using Pacs.Storage;
using Pacs.Web.Jobs;

namespace Pacs.Web.Peers;

/// <summary>What a job has to know that sends instances to a peer: the JSON of <see cref="Job.Content"/>. Of the peer it knows the name only; its password stays where the peers are.</summary>
public sealed record PeerJob
{
    /// <summary>The kind of these jobs, as Orthanc calls it.</summary>
    public const string Kind = "OrthancPeerStore";

    /// <summary>To whom.</summary>
    public string Peer { get; init; } = "";

    /// <summary>Its address and user when the job was made, for those who look at it.</summary>
    public string Url { get; init; } = "";

    /// <inheritdoc cref="Url"/>
    public string Username { get; init; } = "";

    /// <summary>What was asked for.</summary>
    public IReadOnlyList<string> ParentResources { get; init; } = [];

    /// <summary>Whether files are packed by gzip on their way.</summary>
    public bool Compress { get; init; }

    /// <summary>The UID of the transfer syntax in which instances go; null for the stored one.</summary>
    public string? Transcode { get; init; }

    /// <summary>Whether the job succeeds although instances have failed.</summary>
    public bool Permissive { get; init; }

    /// <summary>Bytes that have been sent.</summary>
    public long Size { get; init; }

    /// <summary>What the client wants to find again in the job, as JSON; null for nothing.</summary>
    public JsonElement? UserData { get; init; }

    /// <summary>Whether a job is one of these.</summary>
    public static bool Is(Job job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job.Kind == Kind;
    }

    /// <summary>The content of a job. One that cannot be read, of a later version perhaps, is empty.</summary>
    public static PeerJob Of(Job job) => JobContent.Read<PeerJob>(job, Json);

    /// <summary>It as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
}
