using System.Text.Json.Nodes;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary><c>/…/metadata</c> for reading: what the index knows about a resource that is not in its tags. There is none that users could write.</summary>
internal static class MetadataRoutes
{
    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes of all four levels.</summary>
    public static void MapMetadata(this IEndpointRouteBuilder routes)
    {
        foreach (var level in ResourcePath.Levels)
        {
            var list = $"/{ResourcePath.Collection(level)}/{{id}}/metadata";
            routes.MapMethods(list, Get, async (string id, HttpRequest request, IndexReader index, CancellationToken ct) =>
            {
                if (await FindAsync(level, id, index, ct) is not { } metadata)
                {
                    return OrthancError.UnknownResource.Answer(request);
                }
                return OrthancTags.IsOn(request.Query, "expand") ? new OrthancResult(new JsonObject(metadata.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)m.Value))))
                    : new OrthancResult(new JsonArray([.. metadata.Select(m => JsonValue.Create(m.Name))]));
            });
            routes.MapMethods(list + "/{name}", Get, async (string id, string name, HttpRequest request, IndexReader index, CancellationToken ct) =>
                await FindAsync(level, id, index, ct) is not { } metadata ? OrthancError.UnknownResource.Answer(request)
                    : metadata.Find(m => m.Name == name) is { Name: not null } found ? Results.Text(found.Value, "text/plain") : Results.NotFound());
        }
    }

    private static async Task<List<(string Name, string Value)>?> FindAsync(Level level, string id, IndexReader index, CancellationToken ct) =>
        ResourceId.TryParse(id, out var resource) && await index.FindRowAsync(level, resource, ct) is { } row
            && (await index.ResourcesAsync(level, [row], ct)).TryGetValue(row, out var entry) ? [.. ResourceTags.Metadata(entry)] : null;
}
