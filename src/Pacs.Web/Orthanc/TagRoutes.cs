using System.Globalization;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Instances;

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
            var unlimited = Unlimited(request.Query);
            using var header = InstanceHeader.Read(archive, location);
            if (header is null)
            {
                return OrthancError.InexistentFile.Answer(request);
            }
            var json = new OrthancJsonWriter();
            OrthancTags.Write(json, header.Dataset, format, Taking(module), unlimited);
            return new OrthancResult(json);
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

    private static Func<DicomTag, bool> Unlimited(IQueryCollection query) =>
        ResourceForm.ParseTags(query["ignore-length"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries)) is { Count: > 0 } tags ? tags.Contains : _ => false;

    // (0008,3002) is not of the file: viewers of DICOMweb need it
    private static Func<DicomTag, bool> Taking(Level? module) =>
        module is { } level ? tag => ModuleTags.Of(level).Contains(tag) : tag => tag != DicomTag.AvailableTransferSyntaxUID;

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
            var json = new OrthancJsonWriter();
            var (format, unlimited) = (OrthancTags.FormatOf(request.Query), Unlimited(request.Query));
            if (shared)
            {
                WriteShared(json, locations, archive, format, unlimited, ct);
            }
            else
            {
                WriteEach(json, locations, archive, format, unlimited, ct);
            }
            return new OrthancResult(json);
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

    private static void WriteEach(
        OrthancJsonWriter json, IReadOnlyList<InstanceLocation> locations, Archive archive, TagFormat format, Func<DicomTag, bool> unlimited, CancellationToken ct)
    {
        json.BeginObject();
        foreach (var (id, location) in locations.Select(l => (Id: l.Id.ToString(), Location: l)).OrderBy(l => l.Id, StringComparer.Ordinal))
        {
            ct.ThrowIfCancellationRequested();
            json.Key(id);
            using var header = InstanceHeader.Read(archive, location);
            if (header is null)
            {
                json.Null();
            }
            else
            {
                OrthancTags.Write(json, header.Dataset, format, Taking(null), unlimited);
            }
        }
        json.EndObject();
    }

    // texts only: of what is not written, nobody knows whether it is the same
    private static void WriteShared(
        OrthancJsonWriter json, IReadOnlyList<InstanceLocation> locations, Archive archive, TagFormat format, Func<DicomTag, bool> unlimited, CancellationToken ct)
    {
        InstanceHeader? first = null;
        try
        {
            var same = new HashSet<DicomTag>();
            foreach (var location in locations)
            {
                ct.ThrowIfCancellationRequested();
                var header = InstanceHeader.Read(archive, location);
                if (first is null)
                {
                    first = header;
                    same.UnionWith((header?.Dataset ?? []).Select(e => e.Tag).Where(t => t != DicomTag.AvailableTransferSyntaxUID));
                    continue;
                }
                if (header is not null)
                {
                    using (header)
                    {
                        same.RemoveWhere(tag => !IsSame(first.Dataset, header.Dataset, tag));
                    }
                }
            }
            same.RemoveWhere(tag => !IsWritten(first!.Dataset, tag, unlimited));
            OrthancTags.Write(json, first?.Dataset ?? [], format, same.Contains, unlimited);
        }
        finally
        {
            first?.Dispose();
        }
    }

    private static bool IsSame(DicomDataset one, DicomDataset other, DicomTag tag) => one.TryGet(tag, out var left) && other.TryGet(tag, out var right) && left.Items is null && right.Items is null
        && new ElementText(one, left).Is(new ElementText(other, right));

    private static bool IsWritten(DicomDataset dataset, DicomTag tag, Func<DicomTag, bool> unlimited) => dataset.Get(tag) is { Items: null } element
        && new ElementText(dataset, element) is var text && !text.IsNull && (text.Length <= OrthancTags.MaxText || unlimited(tag));
}
