using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;
using Pacs.Web.Jobs;

namespace Pacs.Web.Orthanc;

/// <summary>
/// <c>/modalities/{id}/move</c> and <c>/modalities/{id}/get</c>: has a node send studies to us, or to somebody it knows (C-MOVE and C-GET as SCU, PS3.4 §C.4.2, §C.4.3). Both are jobs; by default the answer
/// waits for the end.
/// </summary>
internal static class RetrieveRoutes
{
    // each is a request to the node
    private const int MaxResources = 10_000;

    /// <summary>Maps the routes.</summary>
    public static void MapRetrieve(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/modalities/{id}/move", (string id, HttpRequest request, Modalities modalities, RetrieveStarter starter, CancellationToken ct) =>
            RetrieveAsync(id, isMove: true, request, modalities, starter, ct));
        routes.MapPost("/modalities/{id}/get", (string id, HttpRequest request, Modalities modalities, RetrieveStarter starter, CancellationToken ct) =>
            RetrieveAsync(id, isMove: false, request, modalities, starter, ct));
    }

    private static async Task<IResult> RetrieveAsync(string id, bool isMove, HttpRequest request, Modalities modalities, RetrieveStarter starter, CancellationToken ct)
    {
        if (modalities.Find(id) is not { } node)
        {
            return ModalityRoutes.Unknown(request);
        }
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            var wish = body.RootElement;
            var level = LevelOf(OrthancBody.Text(wish, "Level")) ?? throw new FormatException("Level must be Patient, Study, Series or Instance");
            if (wish.ValueKind != JsonValueKind.Object || !wish.TryGetProperty("Resources", out var resources) || resources.ValueKind != JsonValueKind.Array
                || resources.GetArrayLength() is 0 or > MaxResources)
            {
                throw new FormatException($"Resources must be an array of 1 to {MaxResources} objects");
            }
            var keys = resources.EnumerateArray().Select(r => RetrieveQuery.Of(level, OrthancTags.ReadQuery(r))).ToList();
            return await starter.StartAsync(request, node, keys, isMove, OrthancBody.AeTitle(wish, "LocalAet"), OrthancBody.Number(wish, "Timeout", 0, 3600), wish, ct);
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    /// <summary>A level by Orthanc's or DICOM's name, or null.</summary>
    public static Level? LevelOf(string? text) => text?.ToUpperInvariant() switch
    {
        "PATIENT" => Level.Patient,
        "STUDY" => Level.Study,
        "SERIES" => Level.Series,
        "INSTANCE" or "IMAGE" => Level.Instance,
        _ => null,
    };
}

/// <summary>Makes the jobs of all routes that retrieve, and waits for them when that is wanted.</summary>
internal sealed class RetrieveStarter(ModalityConnections connections, JobQueue queue, JobRunner runner, PacsOptions options)
{
    /// <summary>Starts a job.</summary>
    /// <param name="request">What came.</param>
    /// <param name="node">Who has what is wanted.</param>
    /// <param name="keys">What is wanted.</param>
    /// <param name="isMove">Whether by C-MOVE, otherwise by C-GET.</param>
    /// <param name="localAet">By which AE title we call, or null for the usual one.</param>
    /// <param name="timeout">Seconds the node may be silent, or null for the usual ones.</param>
    /// <param name="wish">Orthanc's members for all jobs, and <c>TargetAet</c>.</param>
    /// <param name="ct">Stops waiting; the job goes on.</param>
    /// <exception cref="FormatException">A member is wrong.</exception>
    public async Task<IResult> StartAsync(
        HttpRequest request, Modality node, IReadOnlyList<RetrieveQuery> keys, bool isMove, string? localAet, int? timeout, JsonElement wish, CancellationToken ct)
    {
        var local = localAet ?? connections.LocalAeTitle(node);
        var content = new RetrieveJob
        {
            Queries = keys,
            LocalAet = local,
            RemoteAet = node.AeTitle,
            TargetAet = isMove ? OrthancBody.AeTitle(wish, "TargetAet") ?? local : null,
            Timeout = timeout,
            Permissive = OrthancBody.Flag(wish, "Permissive") ?? false,
            Format = (OrthancBody.Flag(wish, "Full") == true ? TagFormat.Full : OrthancBody.Flag(wish, "Simplify") == true ? TagFormat.Simplify : TagFormat.Short).ToString(),
            UserData = wish.ValueKind == JsonValueKind.Object && wish.TryGetProperty("UserData", out var data) ? data.Clone() : null,
        };
        var isSynchronous = OrthancBody.Flag(wish, "Synchronous") ?? !(OrthancBody.Flag(wish, "Asynchronous") ?? false);
        var (job, items) = content.ToJob(
            node.Name, OrthancBody.Number(wish, "Priority", int.MinValue, int.MaxValue) ?? 0, isSynchronous ? TimeSpan.Zero : TimeSpan.FromSeconds(options.JobPatience));
        await queue.AddAsync(job, items, ct);
        if (!isSynchronous)
        {
            return new OrthancResult(new JsonObject { ["ID"] = job.PublicId, ["Path"] = $"/jobs/{job.PublicId}" });
        }
        return await runner.WaitAsync(job.PublicId, ct) switch
        {
            { State: JobState.Success } done => new OrthancResult(JobRoutes.Content(done)),
            { } failed => OrthancError.NetworkProtocol.Answer(request, failed.Error),
            null => OrthancError.Internal.Answer(request),
        };
    }
}
