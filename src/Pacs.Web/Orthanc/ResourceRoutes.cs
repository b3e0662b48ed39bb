using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary><c>/patients</c>, <c>/studies</c>, <c>/series</c> and <c>/instances</c>: lists, single resources, their relatives, their size, and deleting them.</summary>
internal static class ResourceRoutes
{
    private const long Megabyte = 1024 * 1024;

    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes of all four levels.</summary>
    public static void MapResources(this IEndpointRouteBuilder routes)
    {
        foreach (var level in ResourcePath.Levels)
        {
            var list = "/" + ResourcePath.Collection(level);
            var one = list + "/{id}";
            routes.MapMethods(list, Get, (HttpRequest request, ResourceReader reader, IndexReader index, CancellationToken ct) => ListAsync(level, request, reader, index, ct));
            routes.MapMethods(one, Get, (string id, HttpRequest request, ResourceReader reader, CancellationToken ct) => OneAsync(level, id, request, reader, ct));
            routes.MapDelete(one, (string id, Archive archive, CancellationToken ct) => DeleteAsync(level, id, archive, ct));
            routes.MapMethods(one + "/statistics", Get, (string id, HttpRequest request, IndexReader index, CancellationToken ct) => StatisticsAsync(level, id, request, index, ct));
            foreach (var below in ResourcePath.Levels.Where(l => l > level))
            {
                routes.MapMethods($"{one}/{ResourcePath.Collection(below)}", Get,
                    (string id, HttpRequest request, ResourceReader reader, IndexReader index, CancellationToken ct) => BelowAsync(level, below, id, request, reader, index, ct));
            }
            foreach (var above in ResourcePath.Levels.Where(l => l < level))
            {
                routes.MapMethods($"{one}/{above.ToString().ToLowerInvariant()}", Get,
                    (string id, HttpRequest request, ResourceReader reader, IndexReader index, CancellationToken ct) => AboveAsync(level, above, id, request, reader, index, ct));
            }
        }
        routes.MapPost("/tools/bulk-content", BulkContentAsync);
        routes.MapPost("/tools/bulk-delete", BulkDeleteAsync);
        routes.MapPost("/tools/lookup", LookupAsync);
    }

    private static async Task<IResult> ListAsync(Level level, HttpRequest request, ResourceReader reader, IndexReader index, CancellationToken ct)
    {
        var (since, limit) = (request.Query["since"].ToString(), request.Query["limit"].ToString());
        if (since.Length > 0 != limit.Length > 0)
        {
            return OrthancError.BadRequest.Answer(request, "since and limit go together");
        }
        var (offset, most) = (0, 0);
        if (since.Length > 0 && (!int.TryParse(since, NumberStyles.None, CultureInfo.InvariantCulture, out offset) || !int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most)))
        {
            return OrthancError.BadParameterType.Answer(request, "since and limit are whole numbers");
        }
        return await AnsweringAsync(request, async () =>
        {
            var query = new DicomQuery(level, [], []) { Limit = most > 0 ? most : null };
            if (offset > 0)
            {
                if (await index.RowBeforeAsync(level, offset, ct) is not { } row)
                {
                    return new OrthancResult(new JsonArray());
                }
                query = query with { After = row };
            }
            return new OrthancList(reader.ListAsync(query, OrthancTags.IsOn(request.Query, "expand") ? ResourceForm.Of(request.Query) : null, ct));
        });
    }

    private static Task<IResult> OneAsync(Level level, string id, HttpRequest request, ResourceReader reader, CancellationToken ct) => AnsweringAsync(request, async () =>
        // unlike on all other routes, Orthanc's 404 has no body here
        ResourceId.TryParse(id, out var resource) && await reader.FindAsync(level, resource, ResourceForm.Of(request.Query), ct) is { } json ? new OrthancResult(json) : Results.NotFound());

    private static async Task<IResult> DeleteAsync(Level level, string id, Archive archive, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await archive.DeleteAsync(level, resource, ct) is not { } result)
        {
            return Results.NotFound();
        }
        return new OrthancResult(new JsonObject
        {
            ["RemainingAncestor"] = result.RemainingLevel is { } remaining ? Reference(remaining, result.Remaining) : null,
        });
    }

    private static async Task<IResult> StatisticsAsync(Level level, string id, HttpRequest request, IndexReader index, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.StatisticsAsync(level, resource, ct) is not { } all)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        var json = new JsonObject();
        foreach (var name in new[] { "DiskSize", "UncompressedSize", "DicomDiskSize", "DicomUncompressedSize" })
        {
            // 64-bit numbers are texts: JavaScript has none
            json[name] = all.Size.ToString(CultureInfo.InvariantCulture);
            json[name + "MB"] = all.Size / Megabyte;
        }
        foreach (var (below, count) in new[] { (Level.Study, all.Studies), (Level.Series, all.Series), (Level.Instance, all.Instances) })
        {
            if (below > level)
            {
                json[below switch { Level.Study => "CountStudies", Level.Series => "CountSeries", _ => "CountInstances" }] = count;
            }
        }
        return new OrthancResult(json);
    }

    private static Task<IResult> BelowAsync(Level level, Level below, string id, HttpRequest request, ResourceReader reader, IndexReader index, CancellationToken ct) => AnsweringAsync(request, async () =>
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.FindRowAsync(level, resource, ct) is null)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        // objects if nothing is said, unlike in the lists of all
        var form = !request.Query.ContainsKey("expand") || OrthancTags.IsOn(request.Query, "expand") ? ResourceForm.Of(request.Query) : null;
        return new OrthancList(reader.ListAsync(new DicomQuery(below, [], []) { Under = (level, resource) }, form, ct));
    });

    private static Task<IResult> AboveAsync(Level level, Level above, string id, HttpRequest request, ResourceReader reader, IndexReader index, CancellationToken ct) => AnsweringAsync(request, async () =>
    {
        if (ResourceId.TryParse(id, out var resource) && await index.FindRowAsync(level, resource, ct) is { } row
            && (await index.ResourcesAsync(level, [row], ct)).TryGetValue(row, out var entry)
            && await reader.FindAsync(above, above switch { Level.Patient => entry.Patient.PublicId, Level.Study => entry.Study!.PublicId, _ => entry.Series!.PublicId },
                ResourceForm.Of(request.Query), ct) is { } json)
        {
            return new OrthancResult(json);
        }
        return OrthancError.UnknownResource.Answer(request);
    });

    private static Task<IResult> BulkContentAsync(HttpRequest request, ResourceReader reader, IndexReader index, CancellationToken ct) => AnsweringAsync(request, async () =>
    {
        using var body = await OrthancBody.ReadAsync(request, ct);
        var json = body.RootElement;
        var only = OrthancBody.Text(json, "Level") is { } name ? ResourceQuery.ParseLevel(name) : (Level?)null;
        var format = OrthancBody.Flag(json, "Full") == true ? TagFormat.Full : OrthancBody.Flag(json, "Short") == true ? TagFormat.Short : TagFormat.Simplify;
        var form = new ResourceForm(format, ResourceParts.Expanded | (OrthancBody.Flag(json, "Metadata") == false ? ResourceParts.None : ResourceParts.Metadata), []);
        var answers = new JsonArray();
        foreach (var id in Resources(json))
        {
            foreach (var level in ResourcePath.Levels.Where(l => only is null || l == only))
            {
                if (await reader.FindAsync(level, id, form, ct) is { } found)
                {
                    answers.Add((JsonNode)found);
                    break;
                }
            }
        }
        return new OrthancResult(answers);
    });

    private static Task<IResult> BulkDeleteAsync(HttpRequest request, IndexReader index, Archive archive, CancellationToken ct) => AnsweringAsync(request, async () =>
    {
        using var body = await OrthancBody.ReadAsync(request, ct);
        foreach (var id in Resources(body.RootElement))
        {
            foreach (var level in ResourcePath.Levels)
            {
                // what has gone, perhaps with its parent a moment ago, is gone as wished
                if (await index.FindRowAsync(level, id, ct) is not null && await archive.DeleteAsync(level, id, ct) is not null)
                {
                    break;
                }
            }
        }
        return Results.Text("", "text/plain");
    });

    // a PatientID or a UID to the resources that have it
    private static Task<IResult> LookupAsync(HttpRequest request, Finder finder, CancellationToken ct) => AnsweringAsync(request, async () =>
    {
        var text = System.Text.Encoding.UTF8.GetString(await OrthancBody.ReadBytesAsync(request, ct)).Trim();
        var answers = new JsonArray();
        foreach (var tag in text.Length == 0 ? [] : new[] { DicomTag.PatientID, DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID, DicomTag.SOPInstanceUID })
        {
            var level = QueryAttributes.All.First(a => a.Tag == tag).Level;
            await foreach (var row in finder.FindAsync(new DicomQuery(level, [ResourceQuery.Exactly(tag, text)], []), ct))
            {
                answers.Add((JsonNode)Reference(level, row.Id));
            }
        }
        return new OrthancResult(answers);
    });

    private static IEnumerable<ResourceId> Resources(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("Resources", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException("Resources must be an array of ids");
        }
        return [.. list.EnumerateArray().Select(i => i.ValueKind == JsonValueKind.String && ResourceId.TryParse(i.GetString(), out var id) ? id : (ResourceId?)null).OfType<ResourceId>()];
    }

    private static JsonObject Reference(Level level, ResourceId id) => new() { ["ID"] = id.ToString(), ["Path"] = ResourcePath.Of(level, id), ["Type"] = level.ToString() };

    private static async Task<IResult> AnsweringAsync(HttpRequest request, Func<Task<IResult>> answer)
    {
        try
        {
            return await answer();
        }
        catch (FormatException e)
        {
            return OrthancError.BadRequest.Answer(request, e.Message);
        }
    }
}
