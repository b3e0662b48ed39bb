using System.Globalization;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.DicomWeb;

namespace Pacs.Web.Orthanc;

/// <summary>
/// The elements of instances: <c>tags</c>, <c>simplified-tags</c>, <c>header</c>, <c>content</c>, <c>module</c>, and what the instances of a resource have in common. Of a
/// file only what is before the pixel data is read.
/// </summary>
internal static class TagRoutes
{
    // of a file meta group and what is before it; it has some hundred bytes
    private const int MaxMeta = 64 * 1024;

    // files are read for it: a CT study; and where their tags are kept until all are there
    private const int MaxRead = 10_000;
    private const int MaxKept = 1000;

    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the routes.</summary>
    public static void MapTags(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/instances/{id}/tags", Get, (string id, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct) =>
            TagsAsync(id, request, OrthancTags.FormatOf(request.Query), null, index, archive, ct));
        routes.MapMethods("/instances/{id}/simplified-tags", Get, (string id, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct) =>
            TagsAsync(id, request, TagFormat.Simplify, null, index, archive, ct));
        routes.MapMethods("/instances/{id}/module", Get, (string id, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct) =>
            TagsAsync(id, request, OrthancTags.FormatOf(request.Query), Level.Instance, index, archive, ct));
        routes.MapMethods("/instances/{id}/header", Get, HeaderAsync);
        routes.MapMethods("/instances/{id}/content/{**path}", Get, ContentAsync);
        foreach (var level in ResourcePath.Levels.Where(l => l < Level.Instance))
        {
            var one = $"/{ResourcePath.Collection(level)}/{{id}}";
            routes.MapMethods(one + "/module", Get, (string id, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct) =>
                FirstAsync(level, level, id, request, index, archive, ct));
            routes.MapMethods(one + "/shared-tags", Get, (string id, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct) =>
                AllAsync(level, id, request, shared: true, index, archive, ct));
            routes.MapMethods(one + "/instances-tags", Get, (string id, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct) =>
                AllAsync(level, id, request, shared: false, index, archive, ct));
        }
        routes.MapMethods("/studies/{id}/module-patient", Get, (string id, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct) =>
            FirstAsync(Level.Study, Level.Patient, id, request, index, archive, ct));
    }

    private static async Task<IResult> TagsAsync(string id, HttpRequest request, TagFormat format, Level? module, IndexReader index, Archive archive, CancellationToken ct) =>
        ResourceId.TryParse(id, out var resource) && await index.LocateAsync(resource, ct) is { } location ? Answer(request, format, module, location, archive)
            : OrthancError.UnknownResource.Answer(request);

    private static async Task<IResult> FirstAsync(Level level, Level module, string id, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct) =>
        ResourceId.TryParse(id, out var resource) && await index.LocateAsync(level, resource, int.MaxValue - 1, ct) is [var location, ..]
            ? Answer(request, OrthancTags.FormatOf(request.Query), module, location, archive) : OrthancError.UnknownResource.Answer(request);

    private static IResult Answer(HttpRequest request, TagFormat format, Level? module, InstanceLocation location, Archive archive)
    {
        try
        {
            return Write(location, archive, format, module, request.Query) is { } json ? new OrthancResult(json) : OrthancError.InexistentFile.Answer(request);
        }
        catch (DicomException e)
        {
            return OrthancError.CorruptedFile.Answer(request, e.Message);
        }
        catch (FormatException e)
        {
            return OrthancError.BadRequest.Answer(request, e.Message);
        }
    }

    // null when the file is missing
    private static JsonObject? Write(InstanceLocation location, Archive archive, TagFormat format, Level? module, IQueryCollection query)
    {
        var unlimited = ResourceForm.ParseTags(query["ignore-length"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries));
        using var header = InstanceHeader.Read(archive, location);
        if (header is null)
        {
            return null;
        }
        var wanted = module is { } level ? ModuleTags.Of(level) : null;
        // (0008,3002) is not of the file: viewers of DICOMweb need it
        return OrthancTags.Write(header.Dataset, format, t => t != DicomTag.AvailableTransferSyntaxUID && wanted?.Contains(t) != false, unlimited.Contains);
    }

    private static async Task<IResult> HeaderAsync(string id, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.LocateAsync(resource, ct) is not { } location)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        using var file = StoredFiles.TryOpen(archive, location);
        if (file is null)
        {
            return OrthancError.InexistentFile.Answer(request);
        }
        var start = new byte[Math.Min(MaxMeta, location.DataOffset)];
        var count = RandomAccess.Read(file, start, 0);
        try
        {
            return FileMetaInformation.TryRead(start.AsMemory(0, count), isWhole: true, out var meta, out _)
                ? new OrthancResult(OrthancTags.Write(meta, OrthancTags.FormatOf(request.Query))) : OrthancError.CorruptedFile.Answer(request);
        }
        catch (DicomException e)
        {
            return OrthancError.CorruptedFile.Answer(request, e.Message);
        }
    }

    // 0008-1140/0/0008-1150: tags, and the indices of items; a sequence is the list of its indices, a data set that of its tags
    private static async Task<IResult> ContentAsync(string id, string? path, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.LocateAsync(resource, ct) is not { } location)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        try
        {
            using var header = InstanceHeader.Read(archive, location);
            return header is null ? OrthancError.InexistentFile.Answer(request)
                : Content(header.Dataset, (path ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries)) ?? Results.NotFound();
        }
        catch (DicomException e)
        {
            return OrthancError.CorruptedFile.Answer(request, e.Message);
        }
    }

    private static IResult? Content(DicomDataset dataset, ReadOnlySpan<string> path)
    {
        if (path.IsEmpty)
        {
            return new OrthancResult(new JsonArray([.. dataset.Where(IsListed).Select(e => JsonValue.Create($"{e.Tag.Group:x4}-{e.Tag.Element:x4}"))]));
        }
        if (!DicomTag.TryParse(path[0].Replace('-', ','), out var tag) || dataset.Get(tag) is not { } element || !IsListed(element))
        {
            return null;
        }
        if (element.Items is not { } items)
        {
            return path.Length == 1 ? Results.Bytes(element.Value.ToArray(), "application/octet-stream") : null;
        }
        if (path.Length == 1)
        {
            return new OrthancResult(new JsonArray([.. Enumerable.Range(0, items.Count).Select(i => JsonValue.Create(i.ToString(CultureInfo.InvariantCulture)))]));
        }
        return int.TryParse(path[1], NumberStyles.None, CultureInfo.InvariantCulture, out var item) && item < items.Count ? Content(items[item], path[2..]) : null;
    }

    // pixels have routes of their own
    private static bool IsListed(DicomElement element) => element.Tag != DicomTag.AvailableTransferSyntaxUID && element.Tag != DicomTag.PixelData;

    private static async Task<IResult> AllAsync(Level level, string id, HttpRequest request, bool shared, IndexReader index, Archive archive, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.FindRowAsync(level, resource, ct) is null)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        var most = shared ? MaxRead : MaxKept;
        if (await index.LocateAsync(level, resource, most, ct) is not { } locations)
        {
            return OrthancError.BadRequest.Answer(request, $"The tags of at most {most} instances are read for one answer: ask for a part of them");
        }
        try
        {
            var format = OrthancTags.FormatOf(request.Query);
            return new OrthancResult(shared ? Shared(locations, archive, format, request.Query, ct)
                : new JsonObject(locations.Select(l => KeyValuePair.Create(l.Id.ToString(), (JsonNode?)Write(l, archive, format, null, request.Query)))));
        }
        catch (DicomException e)
        {
            return OrthancError.CorruptedFile.Answer(request, e.Message);
        }
        catch (FormatException e)
        {
            return OrthancError.BadRequest.Answer(request, e.Message);
        }
    }

    private static JsonObject Shared(IReadOnlyList<InstanceLocation> locations, Archive archive, TagFormat format, IQueryCollection query, CancellationToken ct)
    {
        JsonObject? shared = null;
        foreach (var location in locations)
        {
            ct.ThrowIfCancellationRequested();
            if (Write(location, archive, format, null, query) is not { } tags)
            {
                continue;
            }
            shared ??= tags;
            foreach (var (name, value) in shared.ToList())
            {
                // texts only: of what is not written, nobody knows whether it is the same
                if (!IsText(value) || !tags.TryGetPropertyValue(name, out var other) || !JsonNode.DeepEquals(value, other))
                {
                    shared.Remove(name);
                }
            }
        }
        return shared ?? [];
    }

    private static bool IsText(JsonNode? value) => value is JsonObject full ? (string?)full["Type"] == "String" : value is JsonValue;
}
