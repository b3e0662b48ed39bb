using System.Text.Json.Nodes;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary><c>/…/labels</c> and <c>/tools/labels</c> (Orthanc 1.12.0).</summary>
internal static class LabelRoutes
{
    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes of all four levels.</summary>
    public static void MapLabels(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/tools/labels", Get, async (IndexReader index, CancellationToken ct) => List(await index.LabelsAsync(ct)));
        foreach (var level in ResourcePath.Levels)
        {
            var list = $"/{ResourcePath.Collection(level)}/{{id}}/labels";
            var one = list + "/{label}";
            routes.MapMethods(list, Get, async (string id, HttpRequest request, IndexReader index, CancellationToken ct) =>
                await FindAsync(level, id, index, ct) is { } labels ? List(labels) : OrthancError.UnknownResource.Answer(request));
            routes.MapMethods(one, Get, async (string id, string label, HttpRequest request, IndexReader index, CancellationToken ct) =>
                await FindAsync(level, id, index, ct) is not { } labels ? OrthancError.UnknownResource.Answer(request)
                    : labels.Contains(label) ? Results.Text("", "text/plain") : Results.NotFound());
            routes.MapPut(one, (string id, string label, HttpRequest request, Labels labels, CancellationToken ct) =>
                ChangeAsync(request, id, resource => labels.AddAsync(level, resource, [label], ct)));
            routes.MapDelete(one, (string id, string label, HttpRequest request, Labels labels, CancellationToken ct) =>
                ChangeAsync(request, id, resource => labels.RemoveAsync(level, resource, label, ct)));
        }
    }

    private static async Task<IReadOnlyList<string>?> FindAsync(Level level, string id, IndexReader index, CancellationToken ct) =>
        ResourceId.TryParse(id, out var resource) ? await index.LabelsAsync(level, resource, ct) : null;

    private static async Task<IResult> ChangeAsync(HttpRequest request, string id, Func<ResourceId, Task<bool>> change)
    {
        try
        {
            return ResourceId.TryParse(id, out var resource) && await change(resource) ? Results.Text("", "text/plain") : OrthancError.UnknownResource.Answer(request);
        }
        catch (ArgumentException e)
        {
            return OrthancError.ParameterOutOfRange.Answer(request, e.Message.Split(" (Parameter", 2)[0]);
        }
    }

    private static OrthancResult List(IReadOnlyList<string> labels) => new(new JsonArray([.. labels.Select(l => JsonValue.Create(l))]));
}
