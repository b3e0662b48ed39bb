using Microsoft.Net.Http.Headers;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary><c>/instances/{id}/file</c>: the DICOM file as it is stored.</summary>
internal static class InstanceRoutes
{
    private const string Dicom = "application/dicom"; // RFC 3240

    /// <summary>Maps the route.</summary>
    public static void MapInstances(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/instances/{id}/file", [HttpMethods.Get, HttpMethods.Head], SendFileAsync);

    private static async Task<IResult> SendFileAsync(string id, HttpRequest request, IndexReader index, Archive archive, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.LocateAsync(resource, ct) is not { } location)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        if (request.Query["transcode"].ToString() is { Length: > 0 } syntax && syntax != location.SyntaxUid)
        {
            // the stored syntax instead of the one asked for would be a wrong answer that looks right
            return OrthancError.NotImplemented.Answer(request, "This server does not transcode");
        }
        // a replaced file gets a new key; a stored one never changes
        var tag = new EntityTagHeaderValue($"\"{Path.GetFileNameWithoutExtension(location.Key)}\"");
        var name = FileName(request.Query["filename"].ToString()) ?? $"{location.Id}.dcm";
        request.HttpContext.Response.Headers.CacheControl = "private, no-cache";
        if (archive.TryGetPath(location.Key) is { } path)
        {
            return Results.File(path, Dicom, name, entityTag: tag, enableRangeProcessing: true);
        }
        return await archive.OpenAsync(resource, ct) is { } stream
            ? Results.File(stream, Dicom, name, entityTag: tag, enableRangeProcessing: stream.CanSeek)
            : OrthancError.UnknownResource.Answer(request);
    }

    // a wish of the caller about his own disk; only what can be a name there
    private static string? FileName(string wanted)
    {
        var name = string.Concat(wanted[(wanted.AsSpan().LastIndexOfAny('/', '\\') + 1)..].Where(c => !char.IsControl(c))).Trim(' ', '.');
        return name.Length is > 0 and <= 200 ? name : null;
    }
}
