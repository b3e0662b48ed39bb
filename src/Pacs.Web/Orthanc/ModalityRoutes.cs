using System.Security.Authentication;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;
using Pacs.Web.Jobs;

namespace Pacs.Web.Orthanc;

/// <summary><c>/modalities</c>: the nodes, whether they answer, and sending to them.</summary>
internal static class ModalityRoutes
{
    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes.</summary>
    public static void MapModalities(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/modalities", Get, (HttpRequest request, Modalities modalities) => new OrthancResult(request.Query.ContainsKey("expand")
            ? new JsonObject(modalities.All.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)ModalityJson.Write(m))))
            : new JsonArray([.. modalities.All.Select(m => JsonValue.Create(m.Name))])));
        routes.MapMethods("/modalities/{id}", Get, (string id, HttpRequest request, Modalities modalities) => modalities.Find(id) is null
            ? Unknown(request)
            : new OrthancResult(new JsonArray("configuration", "echo", "find-worklist", "get", "move", "query", "storage-commitment", "store")));
        routes.MapMethods("/modalities/{id}/configuration", Get, (string id, HttpRequest request, Modalities modalities) => modalities.Find(id) is { } node
            ? new OrthancResult(ModalityJson.Write(node))
            : Unknown(request));
        routes.MapPut("/modalities/{id}", PutAsync);
        routes.MapDelete("/modalities/{id}", async (string id, HttpRequest request, Modalities modalities, CancellationToken ct) =>
            Answer(request, await modalities.DeleteAsync(id, ct)));
        routes.MapPost("/modalities/{id}/echo", (string id, HttpRequest request, Modalities modalities, ModalityConnections connections, CancellationToken ct) => EchoAsync(id, request, modalities, connections, ct));
        routes.MapPost("/tools/dicom-echo", EchoToAsync);
        routes.MapPost("/modalities/{id}/store", StoreAsync);
    }

    private static async Task<IResult> PutAsync(string id, HttpRequest request, Modalities modalities, CancellationToken ct)
    {
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            return Answer(request, await modalities.PutAsync(ModalityJson.Read(id, body.RootElement), ct));
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    private static async Task<IResult> EchoAsync(string id, HttpRequest request, Modalities modalities, ModalityConnections connections, CancellationToken ct)
    {
        if (modalities.Find(id) is not { } node)
        {
            return Unknown(request);
        }
        try
        {
            // an empty body is what Orthanc's own pages send
            using var body = await OrthancBody.ReadOrEmptyAsync(request, ct);
            return await EchoAsync(id, node, body, request, connections, ct);
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    // a node that need not be one of ours
    private static async Task<IResult> EchoToAsync(HttpRequest request, ModalityConnections connections, CancellationToken ct)
    {
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            return await EchoAsync("The node", ModalityJson.Read("node", body.RootElement), body, request, connections, ct);
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    private static async Task<IResult> EchoAsync(string id, Modality node, JsonDocument body, HttpRequest request, ModalityConnections connections, CancellationToken ct)
    {
        try
        {
            var timeout = OrthancBody.Number(body.RootElement, "Timeout", 0, 3600) ?? node.Timeout;
            var checksFind = OrthancBody.Flag(body.RootElement, "CheckFind") ?? false;
            const string Find = DicomUid.StudyRootQueryRetrieveInformationModelFind;
            await using var client = await connections.ConnectAsync(
                node with { Timeout = timeout }, r => checksFind ? r.Propose(DicomUid.Verification).Propose(Find) : r.Propose(DicomUid.Verification), ct);
            var status = await client.EchoAsync(ct);
            if (checksFind && status.Kind == DimseStatusKind.Success)
            {
                // a study that nobody has: only whether the query is understood
                var nobody = new DicomDataset().Set(DicomTag.QueryRetrieveLevel, "STUDY").Set(DicomTag.StudyInstanceUID, DicomUid.New());
                await foreach (var _ in client.FindAsync(Find, ModalityQuirks.Adapt(node, nobody), ct))
                {
                    // not expected, and not wrong
                }
            }
            await client.ReleaseAsync(ct);
            return status.Kind == DimseStatusKind.Success
                ? new OrthancResult(new JsonObject())
                : OrthancError.NetworkProtocol.Answer(request, $"{id} answers {status.Code:X4}H");
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
        catch (DimseStatusException e)
        {
            return OrthancError.NetworkProtocol.Answer(request, $"{id} answers C-FIND with {e.Status.Code:X4}H");
        }
        catch (Exception e) when (e is DicomException or AuthenticationException)
        {
            return OrthancError.NetworkProtocol.Answer(request, $"{id}: {e.Message}");
        }
    }

    private static async Task<IResult> StoreAsync(
        string id, HttpRequest request, Modalities modalities, ModalityConnections connections, JobQueue queue, JobRunner runner, IndexReader index, PacsOptions options, CancellationToken ct)
    {
        if (modalities.Find(id) is not { } node)
        {
            return Unknown(request);
        }
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            var wish = body.RootElement;
            var resources = Resources(wish);
            var instances = new List<ResourceId>();
            foreach (var resource in resources)
            {
                if (await JobInstances.BelowAsync(index, resource, ct) is not { } below)
                {
                    return OrthancError.UnknownResource.Answer(request);
                }
                instances.AddRange(below);
            }
            var isObject = wish.ValueKind == JsonValueKind.Object;
            var content = !isObject ? new StoreJob() : new StoreJob
            {
                LocalAet = OrthancBody.AeTitle(wish, "LocalAet"),
                CalledAet = OrthancBody.AeTitle(wish, "CalledAet"),
                Host = OrthancBody.Host(wish, "Host"),
                Port = OrthancBody.Number(wish, "Port", 1, 65535),
                Timeout = OrthancBody.Number(wish, "Timeout", 0, 3600),
                MoveOriginatorAet = OrthancBody.AeTitle(wish, "MoveOriginatorAet"),
                MoveOriginatorId = (ushort)(OrthancBody.Number(wish, "MoveOriginatorID", 0, ushort.MaxValue) ?? 0),
                Permissive = OrthancBody.Flag(wish, "Permissive") ?? false,
                StorageCommitment = OrthancBody.Flag(wish, "StorageCommitment") ?? false,
                UserData = wish.TryGetProperty("UserData", out var data) ? data.Clone() : null,
            };
            content = content with
            {
                ParentResources = [.. resources.Select(r => r.ToString())],
                LocalAet = content.LocalAet ?? connections.LocalAeTitle(node),
                CalledAet = content.CalledAet ?? node.AeTitle,
            };
            var isSynchronous = !isObject || (OrthancBody.Flag(wish, "Synchronous") ?? !(OrthancBody.Flag(wish, "Asynchronous") ?? false));
            var priority = isObject ? OrthancBody.Number(wish, "Priority", int.MinValue, int.MaxValue) ?? 0 : 0;
            var job = await queue.AddAsync(content.ToJob(id, priority, isSynchronous ? TimeSpan.Zero : TimeSpan.FromSeconds(options.JobPatience)), instances, ct);
            if (!isSynchronous)
            {
                return new OrthancResult(new JsonObject { ["ID"] = job.PublicId, ["Path"] = $"/jobs/{job.PublicId}" });
            }
            return await runner.WaitAsync(job.PublicId, ct) switch
            {
                { State: JobState.Success or JobState.Unconfirmed } done => new OrthancResult(JobRoutes.Content(done)),
                { } failed => OrthancError.NetworkProtocol.Answer(request, failed.Error),
                null => OrthancError.Internal.Answer(request),
            };
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    /// <summary>What shall be sent: an id alone, a list of them, or an object with a list.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static List<ResourceId> Resources(JsonElement wish)
    {
        var list = wish.ValueKind switch
        {
            JsonValueKind.String or JsonValueKind.Array => wish,
            JsonValueKind.Object when !wish.TryGetProperty("Resources", out _) => throw new FormatException("Missing field in JSON: \"Resources\""),
            JsonValueKind.Object => wish.GetProperty("Resources"),
            _ => throw new FormatException("Must provide a JSON object, or a JSON array of strings"),
        };
        if (list.ValueKind == JsonValueKind.String && wish.ValueKind == JsonValueKind.String)
        {
            return [Id(list)];
        }
        return list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(Id)] : throw new FormatException("JSON field \"Resources\" must contain an array");
    }

    public static ResourceId Id(JsonElement json) =>
        json.ValueKind == JsonValueKind.String && ResourceId.TryParse(json.GetString(), out var id) ? id : throw new FormatException("One of the strings is no identifier of a resource");

    private static IResult Answer(HttpRequest request, ModalityChange change) => change switch
    {
        ModalityChange.Done => Results.Text(""),
        ModalityChange.Configured => OrthancError.ReadOnly.Answer(request, "This node is in the configuration file and is changed there"),
        _ => Unknown(request),
    };

    /// <summary>The answer for a name that is no node's.</summary>
    public static IResult Unknown(HttpRequest request) => OrthancError.InexistentItem.Answer(request, "No modality with that symbolic name");
}
