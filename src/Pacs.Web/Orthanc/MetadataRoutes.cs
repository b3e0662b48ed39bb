using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Net.Http.Headers;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>
/// <c>/…/metadata</c>: what the index knows about a resource that is not in its tags, which can be read only, and what users note under numbers from 1024 on. Revisions are entity tags of
/// Orthanc's form, <c>"revision-md5"</c>; one that comes as <c>If-Match</c> must be the one there.
/// </summary>
internal static class MetadataRoutes
{
    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes of all four levels.</summary>
    public static void MapMetadata(this IEndpointRouteBuilder routes)
    {
        foreach (var level in ResourcePath.Levels)
        {
            var list = $"/{ResourcePath.Collection(level)}/{{id}}/metadata";
            var one = list + "/{name}";
            routes.MapMethods(list, Get, async (string id, HttpRequest request, IndexReader index, UserNames names, CancellationToken ct) =>
            {
                if (await FindAsync(level, id, index, names, ct) is not { } metadata)
                {
                    return OrthancError.UnknownResource.Answer(request);
                }
                if (OrthancTags.IsOn(request.Query, "numeric"))
                {
                    metadata = [.. metadata.Select(m => (names.Metadata(m.Name)?.ToString(CultureInfo.InvariantCulture) ?? m.Name, m.Value, m.Revision))];
                }
                return OrthancTags.IsOn(request.Query, "expand") ? new OrthancResult(new JsonObject(metadata.Select(m => KeyValuePair.Create(m.Name, (JsonNode?)m.Value))))
                    : new OrthancResult(new JsonArray([.. metadata.Select(m => JsonValue.Create(m.Name))]));
            });
            routes.MapMethods(one, Get, (string id, string name, HttpContext context, IndexReader index, UserNames names) => ReadAsync(level, id, name, context, index, names));
            routes.MapPut(one, (string id, string name, HttpContext context, ResourceMetadata metadata, UserNames names) => WriteAsync(level, id, name, context, metadata, names));
            routes.MapDelete(one, (string id, string name, HttpRequest request, ResourceMetadata metadata, UserNames names, CancellationToken ct) =>
                DeleteAsync(level, id, name, request, metadata, names, ct));
        }
    }

    private static async Task<IResult> ReadAsync(Level level, string id, string name, HttpContext context, IndexReader index, UserNames names)
    {
        if (names.Metadata(name) is not { } number)
        {
            return OrthancError.InexistentItem.Answer(context.Request);
        }
        if (await FindAsync(level, id, index, names, context.RequestAborted) is not { } metadata)
        {
            return OrthancError.UnknownResource.Answer(context.Request);
        }
        var known = names.Metadata(number);
        var found = metadata.Find(m => m.Name == known);
        return found.Name is null ? Results.NotFound() : Tagged(context, Revision.Of(found.Revision, found.Value)) ?? Results.Text(found.Value, "text/plain");
    }

    private static async Task<IResult> WriteAsync(Level level, string id, string name, HttpContext context, ResourceMetadata metadata, UserNames names)
    {
        var (request, ct) = (context.Request, context.RequestAborted);
        if (names.Metadata(name) is not { } number)
        {
            return OrthancError.InexistentItem.Answer(request);
        }
        if (!UserNames.IsOfUsers(number))
        {
            return Results.StatusCode(StatusCodes.Status403Forbidden);
        }
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(await OrthancBody.ReadBytesAsync(request, ct));
            if (text.Length > ResourceMetadata.MaxLength || text.Contains('\0', StringComparison.Ordinal))
            {
                return OrthancError.BadRequest.Answer(request, $"A metadata is a text of at most {ResourceMetadata.MaxLength} characters; more is an attachment");
            }
            if (!TryExpected(request, out var expected))
            {
                return OrthancError.Revision.Answer(request);
            }
            if (!ResourceId.TryParse(id, out var resource))
            {
                return OrthancError.UnknownResource.Answer(request);
            }
            var (outcome, revision) = await metadata.SetAsync(level, resource, number, text, expected, ct);
            return Failure(request, outcome) ?? Done(context, revision, Results.Text("", "text/plain"));
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            return OrthancError.BadRequest.Answer(request, e is FormatException ? e.Message : "A metadata is a text in UTF-8");
        }
    }

    private static async Task<IResult> DeleteAsync(Level level, string id, string name, HttpRequest request, ResourceMetadata metadata, UserNames names, CancellationToken ct)
    {
        if (names.Metadata(name) is not { } number)
        {
            return OrthancError.InexistentItem.Answer(request);
        }
        if (!UserNames.IsOfUsers(number))
        {
            return Results.StatusCode(StatusCodes.Status403Forbidden);
        }
        if (!TryExpected(request, out var expected))
        {
            return OrthancError.Revision.Answer(request);
        }
        return !ResourceId.TryParse(id, out var resource) ? OrthancError.UnknownResource.Answer(request)
            : Failure(request, await metadata.RemoveAsync(level, resource, number, expected, ct)) ?? Results.Text("", "text/plain");
    }

    /// <summary>The revision that the client expects, from <c>If-Match</c>; null when it expects none.</summary>
    /// <returns>False when it cannot be any.</returns>
    public static bool TryExpected(HttpRequest request, out Revision? expected)
    {
        expected = null;
        var text = request.Headers.IfMatch.ToString().Trim().Trim('"');
        if (text.Length is 0 or 1 && text is "" or "*")
        {
            return true;
        }
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash < 1 || !long.TryParse(text.AsSpan(0, dash), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }
        expected = new Revision(number, text[(dash + 1)..]);
        return true;
    }

    /// <summary>The error of a change, or null when it is done.</summary>
    public static IResult? Failure(HttpRequest request, RevisionOutcome outcome) => outcome switch
    {
        RevisionOutcome.Done => null,
        RevisionOutcome.Conflict => OrthancError.Revision.Answer(request),
        _ => OrthancError.UnknownResource.Answer(request),
    };

    /// <summary>An answer with its revision.</summary>
    public static IResult Done(HttpContext context, Revision revision, IResult result)
    {
        context.Response.Headers.ETag = EntityTag(revision);
        return result;
    }

    /// <summary>Sets the entity tag of an answer.</summary>
    /// <returns>304 when the client has this revision already (RFC 9110 §13.1.2), else null.</returns>
    public static IResult? Tagged(HttpContext context, Revision revision)
    {
        var tag = EntityTag(revision);
        context.Response.Headers.ETag = tag;
        return EntityTagHeaderValue.TryParseList(context.Request.Headers.IfNoneMatch, out var tags) && tags.Any(t => t.Tag == "*" || t.Tag == tag)
            ? Results.StatusCode(StatusCodes.Status304NotModified) : null;
    }

    private static string EntityTag(Revision revision) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"\"{revision.Number}-{revision.Md5}\"");

    private static async Task<List<(string Name, string Value, long Revision)>?> FindAsync(Level level, string id, IndexReader index, UserNames names, CancellationToken ct) =>
        ResourceId.TryParse(id, out var resource) && await index.FindRowAsync(level, resource, ct) is { } row
            && (await index.ResourcesAsync(level, [row], ct)).TryGetValue(row, out var entry) ? [.. ResourceTags.Metadata(entry, names)] : null;
}
