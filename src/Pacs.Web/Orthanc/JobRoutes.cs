using System.Globalization;
using System.Text.Json.Nodes;
using Pacs.Storage;
using Pacs.Web.Import;
using Pacs.Web.Jobs;
using Pacs.Web.Peers;

namespace Pacs.Web.Orthanc;

/// <summary><c>/jobs</c>: what the server does in the background, and stopping it.</summary>
internal static class JobRoutes
{
    // far above what is kept
    private const int MaxJobs = 10_000;

    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes.</summary>
    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/jobs", Get, async (HttpRequest request, JobQueue queue, TimeProvider time, CancellationToken ct) =>
        {
            var jobs = await queue.ListAsync(MaxJobs, ct);
            var expand = request.Query.ContainsKey("expand");
            return new OrthancResult(new JsonArray([.. jobs.Select(j => expand ? (JsonNode)Describe(j, time.GetUtcNow()) : j.PublicId)]));
        });
        routes.MapMethods("/jobs/{id}", Get, async (string id, HttpRequest request, JobQueue queue, TimeProvider time, CancellationToken ct) =>
            await queue.FindAsync(id, ct) is { } job ? new OrthancResult(Describe(job, time.GetUtcNow())) : Unknown(request));
        routes.MapDelete("/jobs/{id}", async (string id, HttpRequest request, JobQueue queue, CancellationToken ct) =>
            await queue.DeleteAsync(id, ct) is not null ? new OrthancResult(new JsonObject())
            : await queue.FindAsync(id, ct) is null ? Unknown(request)
            : OrthancError.BadRequest.Answer(request, "The job is not done: cancel it first"));
        Map(routes, "cancel", (runner, id, ct) => runner.CancelAsync(id, ct));
        Map(routes, "pause", (runner, id, ct) => runner.PauseAsync(id, ct));
        Map(routes, "resume", (runner, id, ct) => runner.ResumeAsync(id, ct));
        Map(routes, "resubmit", (runner, id, ct) => runner.ResubmitAsync(id, ct));
    }

    /// <summary>A job as Orthanc describes it.</summary>
    public static JsonObject Describe(Job job, DateTimeOffset now)
    {
        var json = new JsonObject
        {
            ["Content"] = Content(job),
            ["CreationTime"] = Time(job.CreatedAt),
            ["EffectiveRuntime"] = job.Runtime / 1000.0,
            ["ErrorCode"] = job.State == JobState.Success ? 0 : job.ErrorCode,
            ["ErrorDescription"] = job.State == JobState.Success ? "Success" : Description(job.ErrorCode),
            ["ErrorDetails"] = job.State == JobState.Success ? "" : job.Error,
            ["ID"] = job.PublicId,
            ["Priority"] = job.Priority,
            ["Progress"] = job.State == JobState.Success ? 100 : job.Total == 0 ? 0 : (int)(100L * (job.Sent + job.Failed) / job.Total),
            ["State"] = (job.State == JobState.Unconfirmed ? JobState.Running : job.State).ToString(),
            ["Timestamp"] = Time(now),
            ["Type"] = job.Kind,
        };
        if (job.CompletedAt is { } completed)
        {
            json["CompletionTime"] = Time(completed);
        }
        if ((ArchiveJob.Is(job) ? ArchiveJob.Of(job).UserData : PeerJob.Is(job) ? PeerJob.Of(job).UserData : ModificationJob.Is(job) ? ModificationJob.Of(job).UserData : RetrieveJob.Is(job) ? RetrieveJob.Of(job).UserData : StoreJob.Of(job).UserData) is { } data)
        {
            json["UserData"] = JsonNode.Parse(data.GetRawText());
        }
        return json;
    }

    /// <summary>What the job is about, and how far it is.</summary>
    public static JsonObject Content(Job job)
    {
        if (ModificationJob.Is(job))
        {
            return ModificationRoutes.Content(job);
        }
        if (PeerJob.Is(job))
        {
            return PeerRoutes.Content(job);
        }
        if (ImportJob.Is(job))
        {
            return Content(job, ImportJob.Of(job));
        }
        if (ArchiveJob.Is(job))
        {
            return Content(ArchiveJob.Of(job));
        }
        if (RetrieveJob.Is(job))
        {
            return Content(RetrieveJob.Of(job));
        }
        var content = StoreJob.Of(job);
        var json = new JsonObject
        {
            ["Description"] = content.Description,
            ["FailedInstancesCount"] = job.Failed,
            ["InstancesCount"] = job.Total,
            ["LocalAet"] = content.LocalAet ?? "",
            ["RemoteAet"] = content.CalledAet ?? job.Node,
        };
        if (job.CommitmentUid is { } transaction)
        {
            json["StorageCommitmentTransactionUID"] = transaction;
        }
        if (content.ParentResources.Count > 0)
        {
            json["ParentResources"] = new JsonArray([.. content.ParentResources.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(r => JsonValue.Create(r))]);
        }
        return json;
    }

    // Orthanc has nothing like it
    private static JsonObject Content(Job job, ImportJob content) => new()
    {
        ["AlreadyThereInstancesCount"] = content.AlreadyThere,
        ["ConflictingInstancesCount"] = content.Conflicting,
        ["Description"] = "Import from Orthanc",
        ["FailedInstancesCount"] = job.Failed,
        ["Failures"] = new JsonArray([.. content.Failures.Select(f => (JsonNode)new JsonObject { ["Detail"] = f.Detail, ["Reason"] = f.Reason.ToString(), ["Resource"] = f.Resource })]),
        ["ImportedInstancesCount"] = content.Imported,
        ["InstancesCount"] = job.Total,
        ["Source"] = content.Source,
    };

    // as large as its files: they are not compressed
    private static JsonObject Content(ArchiveJob content) => new()
    {
        ["ArchiveSize"] = content.Size.ToString(CultureInfo.InvariantCulture),
        ["ArchiveSizeMB"] = content.Size >> 20,
        ["Description"] = "REST API",
        ["InstancesCount"] = content.Instances,
        ["UncompressedSize"] = content.Size.ToString(CultureInfo.InvariantCulture),
        ["UncompressedSizeMB"] = content.Size >> 20,
    };

    private static JsonObject Content(RetrieveJob content)
    {
        var format = Enum.TryParse<TagFormat>(content.Format, out var known) ? known : TagFormat.Short;
        var json = new JsonObject
        {
            ["Description"] = content.Description,
            ["LocalAet"] = content.LocalAet,
            ["Query"] = new JsonArray([.. content.Queries.Select(q => OrthancTags.Write(q.ToDataset(), format))]),
            ["RemoteAet"] = content.RemoteAet,
        };
        if (content.TargetAet is { } target)
        {
            json["TargetAet"] = target;
        }
        return json;
    }

    private static void Map(IEndpointRouteBuilder routes, string verb, Func<JobRunner, string, CancellationToken, Task<bool>> change) =>
        routes.MapPost($"/jobs/{{id}}/{verb}", async (string id, HttpRequest request, JobRunner runner, JobQueue queue, CancellationToken ct) =>
            await queue.FindAsync(id, ct) is null ? Unknown(request)
            : await change(runner, id, ct) ? new OrthancResult(new JsonObject())
            : OrthancError.BadRequest.Answer(request, $"The job is in a state that allows no {verb}"));

    private static IResult Unknown(HttpRequest request) => OrthancError.InexistentItem.Answer(request, "No job with that ID");

    private static string Description(int code) => code switch
    {
        0 => "Success",
        JobErrors.NetworkProtocol => OrthancError.NetworkProtocol.Sentence,
        JobErrors.CannotStore => OrthancError.CannotStore.Sentence,
        JobErrors.Cancelled => "This job was canceled",
        _ => OrthancError.Internal.Sentence,
    };

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd'T'HHmmss.ffffff", CultureInfo.InvariantCulture);
}
