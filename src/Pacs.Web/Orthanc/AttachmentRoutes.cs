using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>
/// <c>/…/attachments</c>: the DICOM file of an instance, which can be read only, and files that users put beside resources. Nothing is compressed here: what is asked of compressed files is
/// answered for the files as they lie.
/// </summary>
internal sealed class AttachmentRoutes(IndexReader index, Archive archive, Attachments attachments, UserNames names)
{
    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    private static readonly string[] Operations =
        ["compress", "compressed-data", "compressed-md5", "compressed-size", "data", "info", "is-compressed", "md5", "size", "uncompress", "verify-md5", "uuid"];

    // Orthanc says no character set with it
    private static IResult Empty => Results.Text("{}", "application/json");

    /// <summary>Maps the routes of all four levels.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var level in ResourcePath.Levels)
        {
            var list = $"/{ResourcePath.Collection(level)}/{{id}}/attachments";
            var one = list + "/{name}";
            routes.MapMethods(list, Get, (string id, HttpRequest request, AttachmentRoutes files, CancellationToken ct) => files.ListAsync(level, id, request, ct));
            routes.MapMethods(one, Get, (string id, string name, HttpContext context, AttachmentRoutes files) => files.ReadAsync(level, id, name, "", context));
            foreach (var operation in new[] { "data", "compressed-data", "size", "compressed-size", "md5", "compressed-md5", "is-compressed", "info", "uuid" })
            {
                routes.MapMethods($"{one}/{operation}", Get, (string id, string name, HttpContext context, AttachmentRoutes files) => files.ReadAsync(level, id, name, operation, context));
            }
            foreach (var operation in new[] { "verify-md5", "compress", "uncompress" })
            {
                routes.MapPost($"{one}/{operation}", (string id, string name, HttpContext context, AttachmentRoutes files) => files.ReadAsync(level, id, name, operation, context));
            }
            // as large as it is; the archive looks at the free space
            routes.MapPut(one, (string id, string name, HttpContext context, AttachmentRoutes files) => files.WriteAsync(level, id, name, context)).WithMetadata(new DisableRequestSizeLimitAttribute());
            routes.MapDelete(one, (string id, string name, HttpRequest request, AttachmentRoutes files, CancellationToken ct) => files.DeleteAsync(level, id, name, request, ct));
        }
    }

    private async Task<IResult> ListAsync(Level level, string id, HttpRequest request, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.FindRowAsync(level, resource, ct) is null)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        var numbers = (await attachments.ListAsync(level, resource, ct)).Select(a => a.Number);
        numbers = level == Level.Instance ? numbers.Prepend(UserNames.Dicom) : numbers;
        return OrthancTags.IsOn(request.Query, "full") ? new OrthancResult(new JsonObject(numbers.Select(n => KeyValuePair.Create(names.Attachment(n), (JsonNode?)n))))
            : new OrthancResult(new JsonArray([.. numbers.Select(n => JsonValue.Create(names.Attachment(n)))]));
    }

    private async Task<IResult> ReadAsync(Level level, string id, string name, string operation, HttpContext context)
    {
        var (request, ct) = (context.Request, context.RequestAborted);
        if (names.Attachment(name) is not { } number)
        {
            return OrthancError.InexistentItem.Answer(request);
        }
        if (!ResourceId.TryParse(id, out var resource) || await FindAsync(level, resource, number, ct) is not { } file)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        if (operation == "compress")
        {
            return OrthancError.NotImplemented.Answer(request, "Files are stored as they came: images that are large are compressed already");
        }
        if (operation == "uncompress")
        {
            return Empty;
        }
        if (file.Open() is not { } stream)
        {
            return OrthancError.InexistentFile.Answer(request);
        }
        string md5;
        await using (stream)
        {
            md5 = await Attachments.Md5Async(stream, ct);
        }
        if (operation == "verify-md5")
        {
            return (file.Md5 ?? md5) == md5 && await IsIntactAsync(level, resource, number, ct) ? Empty : OrthancError.CorruptedFile.Answer(request);
        }
        if (MetadataRoutes.Tagged(context, new Revision(file.Revision, md5)) is { } unchanged)
        {
            return unchanged;
        }
        var size = file.Size.ToString(CultureInfo.InvariantCulture);
        var uuid = ResourceReader.Uuid(file.Key);
        return operation switch
        {
            "" => new OrthancResult(new JsonArray([.. Operations.Select(o => JsonValue.Create(o))])),
            "size" or "compressed-size" => Results.Text(size, "text/plain"),
            "md5" or "compressed-md5" => Results.Text(md5, "text/plain"),
            "is-compressed" => Results.Text("0", "text/plain"),
            "uuid" => Results.Text(uuid, "text/plain"),
            "info" => new OrthancResult(new JsonObject
            {
                ["CompressedMD5"] = md5,
                ["CompressedSize"] = file.Size,
                ["ContentType"] = number,
                ["UncompressedMD5"] = md5,
                ["UncompressedSize"] = file.Size,
                ["Uuid"] = uuid,
            }),
            _ => file.Open() is { } content ? Results.Stream(content, number == UserNames.Dicom && operation == "data" ? "application/dicom" : "application/octet-stream",
                InstanceRoutes.FileName(request.Query["filename"].ToString()) ?? (number == UserNames.Dicom ? uuid + ".dcm" : uuid), enableRangeProcessing: true)
                : OrthancError.InexistentFile.Answer(request),
        };
    }

    private async Task<IResult> WriteAsync(Level level, string id, string name, HttpContext context)
    {
        var (request, ct) = (context.Request, context.RequestAborted);
        if (Writable(request, name, out var number) is { } refusal)
        {
            return refusal;
        }
        if (!MetadataRoutes.TryExpected(request, out var expected))
        {
            return OrthancError.Revision.Answer(request);
        }
        if (!ResourceId.TryParse(id, out var resource))
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        try
        {
            var (outcome, revision) = await attachments.SetAsync(level, resource, number, request.Body, expected, ct);
            return MetadataRoutes.Failure(request, outcome) ?? MetadataRoutes.Done(context, revision, Empty);
        }
        catch (IOException e) when (e is not BadHttpRequestException && !ct.IsCancellationRequested)
        {
            return OrthancError.FullStorage.Answer(request);
        }
    }

    private async Task<IResult> DeleteAsync(Level level, string id, string name, HttpRequest request, CancellationToken ct)
    {
        if (Writable(request, name, out var number) is { } refusal)
        {
            return refusal;
        }
        if (!MetadataRoutes.TryExpected(request, out var expected))
        {
            return OrthancError.Revision.Answer(request);
        }
        return !ResourceId.TryParse(id, out var resource) ? OrthancError.UnknownResource.Answer(request)
            : MetadataRoutes.Failure(request, await attachments.RemoveAsync(level, resource, number, expected, ct)) ?? Results.Text("", "text/plain");
    }

    private IResult? Writable(HttpRequest request, string name, out int number)
    {
        number = names.Attachment(name) ?? -1;
        return number < 0 ? OrthancError.InexistentItem.Answer(request) : UserNames.IsOfUsers(number) ? null : Results.StatusCode(StatusCodes.Status403Forbidden);
    }

    // of an instance's file we know another digest than MD5
    private async Task<bool> IsIntactAsync(Level level, ResourceId resource, int number, CancellationToken ct) => level != Level.Instance || number != UserNames.Dicom
        || (await index.InstanceAsync(resource, ct))?.Instance is not { } instance
        || (await archive.IsDurableAsync([new InstanceReference(instance.SopClass, instance.Uid)], readsFiles: true, ct))[0] == Durability.Durable;

    private async Task<AttachedFile?> FindAsync(Level level, ResourceId resource, int number, CancellationToken ct)
    {
        if (number == UserNames.Dicom)
        {
            return level == Level.Instance && await index.LocateAsync(resource, ct) is { } location
                ? new AttachedFile(location.Key, location.Size, null, 0, () => StoredFiles(location)) : null;
        }
        return await attachments.FindAsync(level, resource, number, ct) is { } found ? new AttachedFile(found.Key, found.Size, found.Md5, found.Revision, () => attachments.Open(found)) : null;
    }

    private FileStream? StoredFiles(InstanceLocation location) => archive.TryGetPath(location.Key) is { } path
        ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 64 * 1024, FileOptions.Asynchronous | FileOptions.SequentialScan) : null;

    private sealed record AttachedFile(string Key, long Size, string? Md5, long Revision, Func<Stream?> Open);
}
