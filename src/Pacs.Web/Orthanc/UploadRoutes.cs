using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Upload;

namespace Pacs.Web.Orthanc;

/// <summary><c>POST /instances</c>: a DICOM file, or a ZIP of them, perhaps packed with gzip on the way; whatever its Content-Type says.</summary>
internal sealed partial class UploadRoutes(Archive archive, ILogger<UploadRoutes> logger)
{
    /// <summary>Maps the route.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        // an upload is as large as it is; the archive looks at the free space
        routes.MapPost("/instances", (HttpContext context, UploadRoutes upload) => upload.AnswerAsync(context)).WithMetadata(new DisableRequestSizeLimitAttribute());

    private async Task<IResult> AnswerAsync(HttpContext context)
    {
        var (request, ct) = (context.Request, context.RequestAborted);
        var origin = new Origin(OriginKind.Http, RemoteHost: context.Address());
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding is not ("" or "identity" or "gzip"))
        {
            return OrthancError.BadRequest.Answer(request, "Content-Encoding is gzip, or nothing");
        }
        try
        {
            await using var plain = encoding == "gzip" ? new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true) : request.Body;
            await using var body = await UploadBody.OpenAsync(plain, ct);
            if (body.IsEmpty)
            {
                return OrthancError.BadFileFormat.Answer(request, "The body is empty");
            }
            if (body.IsZip)
            {
                return await UnpackAsync(request, body, origin, ct);
            }
            var result = await StoreAsync(body.Content, origin, ct);
            return result.IsSafe ? new OrthancResult(Describe(result)) : Error(result).Answer(request, result.Reason);
        }
        catch (DicomException e)
        {
            return OrthancError.BadFileFormat.Answer(request, e.Message);
        }
        catch (InvalidDataException)
        {
            return OrthancError.BadFileFormat.Answer(request, "The ZIP or gzip is damaged");
        }
    }

    private async Task<IResult> UnpackAsync(HttpRequest request, UploadBody body, Origin origin, CancellationToken ct)
    {
        var answers = new JsonArray();
        await foreach (var file in body.FilesAsync(ct))
        {
            try
            {
                var result = await StoreAsync(file, origin, ct);
                if (result.Outcome == StoreOutcome.OutOfResources)
                {
                    return Error(result).Answer(request, result.Reason);
                }
                if (result.IsSafe)
                {
                    answers.Add((JsonNode)Describe(result));
                    continue;
                }
            }
            catch (DicomException)
            {
                // a readme, a viewer, a DICOMDIR: not for the archive
            }
            LogSkipped();
        }
        return new OrthancResult(answers);
    }

    private async Task<StoreResult> StoreAsync(Stream file, Origin origin, CancellationToken ct)
    {
        await using var staged = await archive.StageFileAsync(file, ct);
        return await archive.CommitAsync(staged, origin, ct);
    }

    /// <summary>What was stored, as Orthanc says it.</summary>
    public static JsonObject Describe(StoreResult result) => new()
    {
        ["ID"] = result.Instance.ToString(),
        ["ParentPatient"] = result.Patient.ToString(),
        ["ParentSeries"] = result.Series.ToString(),
        ["ParentStudy"] = result.Study.ToString(),
        ["Path"] = ResourcePath.Of(Level.Instance, result.Instance),
        // what contradicts a stored one is kept aside and shown on the page of problems
        ["Status"] = result.Outcome is StoreOutcome.AlreadyStored or StoreOutcome.Conflicting ? "AlreadyStored" : "Success",
    };

    /// <summary>Why something was not stored.</summary>
    public static OrthancError Error(StoreResult result) => result.Outcome == StoreOutcome.OutOfResources ? OrthancError.FullStorage : OrthancError.BadFileFormat;

    [LoggerMessage(Level = LogLevel.Debug, Message = "A file of an uploaded ZIP is no DICOM file that can be stored; it was left out")]
    private partial void LogSkipped();
}
