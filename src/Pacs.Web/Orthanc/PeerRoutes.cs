using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Dimse;
using Pacs.Web.Jobs;
using Pacs.Web.Peers;

namespace Pacs.Web.Orthanc;

/// <summary><c>/peers</c>: other servers with Orthanc's REST API, and sending to them over HTTP.</summary>
internal sealed class PeerRoutes(PeerList peers, IndexReader index, JobQueue queue, JobRunner runner)
{
    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/peers", Get, (HttpRequest request, PeerRoutes all, CancellationToken ct) => all.ListAsync(request, ct));
        routes.MapMethods("/peers/{id}", Get, async (string id, PeerRoutes all, CancellationToken ct) =>
            await all.FindAsync(id, ct) is null ? Results.NotFound() : new OrthancResult(new JsonArray("configuration", "store", "store-straight", "system")));
        routes.MapPut("/peers/{id}", (string id, HttpRequest request, PeerRoutes all, CancellationToken ct) => all.PutAsync(id, request, ct));
        routes.MapDelete("/peers/{id}", (string id, HttpRequest request, PeerRoutes all, CancellationToken ct) => all.DeleteAsync(id, request, ct));
        routes.MapMethods("/peers/{id}/configuration", Get, async (string id, HttpRequest request, PeerRoutes all, CancellationToken ct) =>
            await all.FindAsync(id, ct) is { } peer ? new OrthancResult(peer.Write(isPublic: true)) : Unknown(request, id));
        routes.MapMethods("/peers/{id}/system", Get, (string id, HttpRequest request, PeerRoutes all, CancellationToken ct) => all.SystemAsync(id, request, ct));
        routes.MapPost("/peers/{id}/store", (string id, HttpRequest request, PeerRoutes all, CancellationToken ct) => all.StoreAsync(id, request, ct));
        routes.MapPost("/peers/{id}/store-straight", (string id, HttpRequest request, PeerRoutes all, CancellationToken ct) => all.StoreStraightAsync(id, request, ct))
            .WithMetadata(new DisableRequestSizeLimitAttribute());
    }

    /// <summary>What a job that sends to a peer is about, and how far it is.</summary>
    public static JsonObject Content(Job job)
    {
        var content = PeerJob.Of(job);
        var json = new JsonObject
        {
            ["Compress"] = content.Compress,
            ["Description"] = "REST API",
            ["FailedInstancesCount"] = job.Failed,
            ["InstancesCount"] = job.Total,
            ["ParentResources"] = new JsonArray([.. content.ParentResources.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(r => JsonValue.Create(r))]),
            // the third is the password in Orthanc, and is always empty
            ["Peer"] = new JsonArray(content.Url, content.Username, ""),
            ["Size"] = content.Size.ToString(CultureInfo.InvariantCulture),
            ["SizeMB"] = content.Size >> 20,
        };
        if (content.Transcode is not null)
        {
            json["Transcode"] = content.Transcode;
        }
        return json;
    }

    private Task<Peer?> FindAsync(string id, CancellationToken ct) => peers.FindAsync(id, ct);

    private async Task<IResult> ListAsync(HttpRequest request, CancellationToken ct)
    {
        var all = await peers.AllAsync(ct);
        return OrthancTags.IsOn(request.Query, "expand") ? new OrthancResult(new JsonObject(all.Select(p => KeyValuePair.Create(p.Name, (JsonNode?)p.Write(isPublic: true)))))
            : new OrthancResult(new JsonArray([.. all.Select(p => JsonValue.Create(p.Name))]));
    }

    private async Task<IResult> PutAsync(string id, HttpRequest request, CancellationToken ct)
    {
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            return Answer(request, id, await peers.PutAsync(Peer.Read(id, body.RootElement), ct));
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    private async Task<IResult> DeleteAsync(string id, HttpRequest request, CancellationToken ct) => Answer(request, id, await peers.DeleteAsync(id, ct));

    private async Task<IResult> SystemAsync(string id, HttpRequest request, CancellationToken ct)
    {
        if (await FindAsync(id, ct) is not { } peer)
        {
            return Unknown(request, id);
        }
        using var client = new PeerClient(peer);
        try
        {
            var bytes = await client.GetAsync("system", ct);
            using (JsonDocument.Parse(bytes))
            {
                return Results.Bytes(bytes, "application/json");
            }
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            return Unreachable(request, id, e);
        }
    }

    private async Task<IResult> StoreAsync(string id, HttpRequest request, CancellationToken ct)
    {
        if (await FindAsync(id, ct) is not { } peer)
        {
            return Unknown(request, id);
        }
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            var wish = body.RootElement;
            var resources = ModalityRoutes.Resources(wish);
            var instances = new List<ResourceId>();
            foreach (var resource in resources)
            {
                if (await JobInstances.BelowAsync(index, resource, ct) is not { } below)
                {
                    return OrthancError.UnknownResource.Answer(request);
                }
                instances.AddRange(below);
            }
            var content = new PeerJob
            {
                Peer = id,
                Url = peer.Url.AbsoluteUri,
                Username = peer.Username ?? "",
                ParentResources = [.. resources.Select(r => r.ToString())],
                Compress = OrthancBody.Flag(wish, "Compress") == true,
                Transcode = OrthancBody.Text(wish, "Transcode"),
                Permissive = OrthancBody.Flag(wish, "Permissive") == true,
                UserData = wish.ValueKind == JsonValueKind.Object && wish.TryGetProperty("UserData", out var data) ? data.Clone() : null,
            };
            if (content.Transcode is { } syntax && !TransferSyntax.Get(syntax).IsKnown)
            {
                throw new FormatException($"Unknown transfer syntax UID: {syntax}");
            }
            var isAsynchronous = OrthancBody.Flag(wish, "Asynchronous") ?? OrthancBody.Flag(wish, "Synchronous") == false;
            var job = new Job { Kind = PeerJob.Kind, Node = PeerJob.Kind, Priority = OrthancBody.Number(wish, "Priority", int.MinValue, int.MaxValue) ?? 0, Content = content.ToJson() };
            job = await queue.AddAsync(job, instances, ct);
            if (isAsynchronous)
            {
                return new OrthancResult(new JsonObject { ["ID"] = job.PublicId, ["Path"] = $"/jobs/{job.PublicId}" });
            }
            return await runner.WaitAsync(job.PublicId, ct) is { State: JobState.Success } done ? new OrthancResult(Content(done))
                : OrthancError.NetworkProtocol.Answer(request, (await queue.FindAsync(job.PublicId, ct))?.Error);
        }
        catch (FormatException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
    }

    private async Task<IResult> StoreStraightAsync(string id, HttpRequest request, CancellationToken ct)
    {
        if (await FindAsync(id, ct) is not { } peer)
        {
            return Unknown(request, id);
        }
        using var client = new PeerClient(peer);
        try
        {
            using var answer = await client.StoreAsync(request.Body, isPacked: false, ct);
            answer.EnsureSuccessStatusCode();
            return new OrthancResult(JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(ct)) ?? new JsonObject());
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            return Unreachable(request, id, e);
        }
    }

    private static IResult Answer(HttpRequest request, string id, ModalityChange change) => change switch
    {
        ModalityChange.Done => Results.Text(""),
        ModalityChange.Configured => OrthancError.ReadOnly.Answer(request, "This peer is in the configuration file and is changed there"),
        _ => OrthancError.InexistentItem.Answer(request, $"Unknown Orthanc peer: {id}"),
    };

    private static IResult Unknown(HttpRequest request, string id) => OrthancError.UnknownResource.Answer(request, $"No peer with symbolic name: {id}");

    private static IResult Unreachable(HttpRequest request, string id, Exception e) => OrthancError.NetworkProtocol.Answer(request,
        e is HttpRequestException { StatusCode: { } status } ? $"{id} answers {(int)status}" : e is HttpRequestException http ? $"{id} cannot be reached: {http.HttpRequestError}" : $"{id} answers something else than JSON");
}
