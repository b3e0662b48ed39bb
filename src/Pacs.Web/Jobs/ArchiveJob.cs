using System.Text.Json;
using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>A ZIP that somebody wants to fetch later: the JSON of <see cref="Job.Content"/>. It is made while it is fetched, so that nothing lies on the disk that nobody fetches.</summary>
public sealed record ArchiveJob
{
    /// <summary>The kind of jobs for an archive, as Orthanc calls it.</summary>
    public const string ArchiveKind = "Archive";

    /// <summary>The kind of jobs for a medium with a DICOMDIR.</summary>
    public const string MediaKind = "Media";

    /// <summary>What goes in: levels and ids.</summary>
    public IReadOnlyList<MadeResource> Resources { get; init; } = [];

    /// <summary>See <c>extended</c> of the routes.</summary>
    public bool IsExtended { get; init; }

    /// <summary>What the file is called.</summary>
    public string FileName { get; init; } = "";

    /// <summary>The transfer syntax that files shall have; null for the stored one.</summary>
    public string? Transcode { get; init; }

    /// <summary>How many instances there were when it was asked for.</summary>
    public int Instances { get; init; }

    /// <summary>Their bytes.</summary>
    public long Size { get; init; }

    /// <summary>Whether somebody has said that nobody fetches it any more.</summary>
    public bool IsDropped { get; init; }

    /// <summary>What the client wants to find again in the job, as JSON; null for nothing.</summary>
    public JsonElement? UserData { get; init; }

    /// <summary>Whether a job is one of these.</summary>
    public static bool Is(Job job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job.Kind is ArchiveKind or MediaKind;
    }

    /// <summary>The content of a job. One that cannot be read, of a later version perhaps, is empty.</summary>
    public static ArchiveJob Of(Job job) => JobContent.Read<ArchiveJob>(job);

    /// <summary>It as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this);
}

/// <summary>There is nothing to be done before somebody fetches the archive.</summary>
internal sealed class ArchiveWork : ILocalWork
{
    /// <inheritdoc/>
    public bool Does(Job job) => ArchiveJob.Is(job);

    /// <inheritdoc/>
    public bool MayFail(Job job) => false;

    /// <inheritdoc/>
    public Task RunAsync(JobTurn turn, CancellationToken halt) => Task.CompletedTask;
}
