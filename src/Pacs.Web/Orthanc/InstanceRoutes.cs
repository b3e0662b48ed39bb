using Pacs.Storage;
using Pacs.Web.Instances;

namespace Pacs.Web.Orthanc;

/// <summary><c>/instances/{id}/file</c>: the DICOM file as it is stored, or in another transfer syntax.</summary>
internal static class InstanceRoutes
{
    /// <summary>Maps the route.</summary>
    public static void MapInstances(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/instances/{id}/file", [HttpMethods.Get, HttpMethods.Head], SendFileAsync);

    private static async Task<IResult> SendFileAsync(string id, HttpRequest request, IndexReader index, Archive archive, DecodingSlots slots, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.LocateAsync(resource, ct) is not { } location)
        {
            return OrthancError.UnknownResource.Answer(request);
        }
        var syntax = request.Query["transcode"].ToString();
        if (OutgoingFile.For(location, syntax.Length > 0 ? syntax : "*", out var reason) is not { } part)
        {
            // the stored syntax instead of the one asked for would be a wrong answer that looks right
            return OrthancError.NotImplemented.Answer(request, reason!);
        }
        var name = FileName(request.Query["filename"].ToString()) ?? $"{location.Id}.dcm";
        return part.Answer(archive, slots, name) ?? OrthancError.UnknownResource.Answer(request);
    }

    /// <summary>A wish of the caller about his own disk: only what can be a name there, or null.</summary>
    public static string? FileName(string wanted)
    {
        var name = string.Concat(wanted[(wanted.AsSpan().LastIndexOfAny('/', '\\') + 1)..].Where(c => !char.IsControl(c))).Trim(' ', '.');
        return name.Length is > 0 and <= 200 ? name : null;
    }
}
