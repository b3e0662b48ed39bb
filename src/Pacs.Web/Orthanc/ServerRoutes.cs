using System.Text;
using System.Text.Json.Nodes;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>What clients look for in an Orthanc and what there is nothing of here: plugins, a log of exports; and the mark of patients that are kept from being recycled.</summary>
internal static class ServerRoutes
{
    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes.</summary>
    public static void MapServer(this IEndpointRouteBuilder routes)
    {
        // as an Orthanc whose LogExportedResources is off, which is the default: transfers are at /jobs
        routes.MapMethods("/exports", Get, () => new OrthancResult(new JsonObject { ["Done"] = true, ["Exports"] = new JsonArray(), ["Last"] = 0 }));
        routes.MapDelete("/exports", () => Results.Text("", "text/plain"));
        routes.MapMethods("/plugins", Get, () => new OrthancResult(new JsonArray("explorer.js")));
        routes.MapMethods("/plugins/{id}", Get, () => Results.NotFound());
        routes.MapMethods("/plugins/explorer.js", Get, () => Results.Text("// There are no plugins here\n", "application/javascript"));
        // nothing is recycled here: the mark is kept for those who set it
        routes.MapMethods("/patients/{id}/protected", Get, async (string id, HttpRequest request, IndexReader index, CancellationToken ct) =>
            await FindAsync(id, index, ct) is { } patient ? Results.Text(patient.Metadata.Any(m => m.Number == ResourceMetadata.IsProtected && m.Value == "1") ? "1" : "0", "text/plain")
            : OrthancError.ParameterOutOfRange.Answer(request));
        routes.MapPut("/patients/{id}/protected", async (string id, HttpRequest request, IndexReader index, ResourceMetadata metadata, CancellationToken ct) =>
        {
            if (await FindAsync(id, index, ct) is not { } patient)
            {
                return OrthancError.ParameterOutOfRange.Answer(request);
            }
            var text = Encoding.ASCII.GetString(await OrthancBody.ReadBytesAsync(request, ct)).Trim().ToUpperInvariant();
            if (text is not ("0" or "1" or "TRUE" or "FALSE"))
            {
                return OrthancError.BadRequest.Answer(request, "0 or 1");
            }
            await metadata.SetAsync(Level.Patient, patient.Id, ResourceMetadata.IsProtected, text is "1" or "TRUE" ? "1" : "0", null, ct);
            return Results.Text("", "text/plain");
        });
        routes.MapMethods("/tools", Get, (EndpointDataSource endpoints) => new OrthancResult(new JsonArray([.. endpoints.Endpoints.OfType<RouteEndpoint>()
            .Select(e => e.RoutePattern.RawText!.TrimStart('/').Split('/')).Where(p => p is ["tools", ..] && p.Length > 1).Select(p => p[1]).Distinct().Order(StringComparer.Ordinal).Select(n => JsonValue.Create(n))])));
    }

    private static async Task<ResourceEntry?> FindAsync(string id, IndexReader index, CancellationToken ct) =>
        ResourceId.TryParse(id, out var patient) && await index.FindRowAsync(Level.Patient, patient, ct) is { } row && (await index.ResourcesAsync(Level.Patient, [row], ct)).TryGetValue(row, out var entry) ? entry : null;
}
