using Microsoft.Win32.SafeHandles;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web.DicomWeb;

/// <summary>WADO-RS: whole instances (PS3.18 §10.4.1.1.1), as their files lie on the disk or in another transfer syntax.</summary>
internal sealed partial class RetrieveRoutes(WadoTarget target, Archive archive, DecodingSlots slots, ILogger<RetrieveRoutes> logger)
{
    /// <summary>Answers for a study, a series or an instance.</summary>
    public async Task<IResult> AnswerAsync(HttpContext context, string study, string? series, string? instance)
    {
        if (MediaRange.Choose(MediaRange.Of(context.Request), MediaTypes.Dicom) is not { Range: var range })
        {
            return HttpProblem.NotAcceptable("Instances are multipart/related; type=\"application/dicom\", a single one also application/dicom");
        }
        if (await target.FindAsync(study, series, instance, context.RequestAborted) is not { } found)
        {
            return HttpProblem.TooLarge("Too many instances for one answer: ask series by series");
        }
        var locations = found.Where(l => StoredFiles.IsWhole(archive, l)).ToList();
        if (locations.Count < found.Count)
        {
            LogMissing(found.Count - locations.Count, found.First(l => !locations.Contains(l)).Id);
            context.Response.Headers.Append("Warning", "299 Pacs \"The files of some instances are missing\"");
        }
        if (locations.Count == 0)
        {
            return HttpProblem.NotFound;
        }
        var parts = new List<OutgoingFile>(locations.Count);
        foreach (var location in locations)
        {
            if (OutgoingFile.For(location, range.TransferSyntax, out var reason) is not { } part)
            {
                return HttpProblem.NotAcceptable(reason!);
            }
            parts.Add(part);
        }
        if (range is { IsMultipart: false, Type: MediaTypes.Dicom })
        {
            return parts is [var single] ? single.Answer(archive, slots, single.Location.Id + ".dcm") ?? HttpProblem.NotFound
                : HttpProblem.NotAcceptable("Several instances are multipart/related; type=\"application/dicom\" only");
        }
        return await WriteAsync(context, parts, locations.Count < found.Count);
    }

    private async Task<IResult> WriteAsync(HttpContext context, List<OutgoingFile> parts, bool isPartial)
    {
        var (response, ct) = (context.Response, context.RequestAborted);
        var boundary = MultipartWriter.NewBoundary();
        response.StatusCode = isPartial ? StatusCodes.Status206PartialContent : StatusCodes.Status200OK;
        response.ContentType = MultipartWriter.ContentType(MediaTypes.Dicom, boundary);
        var end = MultipartWriter.End(boundary);
        if (parts.TrueForAll(p => p.IsAsStored))
        {
            // whoever waits for a gigabyte wants to see how far it is
            response.ContentLength = parts.Sum(p => Head(boundary, p, p.Location.Size).Length + p.Location.Size) + end.Length;
        }
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return Results.Empty;
        }
        foreach (var part in parts)
        {
            var outgoing = part;
            ConvertedFile? converted = null;
            try
            {
                converted = part.IsAsStored ? null : await ConvertedFile.MakeAsync(part, target.PathOf(part.Location) ?? throw Gone(part.Location), slots, ct);
            }
            catch (DicomException e) when (!response.HasStarted && parts.Count == 1 && !part.IsDefault)
            {
                response.ContentType = null;
                return HttpProblem.NotAcceptable($"The instance cannot be converted: {e.Message}. Ask with transfer-syntax=* for it as it is stored");
            }
            catch (DicomException e)
            {
                // of several the others are good, and so may be its other frames: as it is stored, which the head of its part says
                LogNotConverted(part.Location.Id, e.Message);
                if (!response.HasStarted)
                {
                    response.Headers.Append("Warning", "299 Pacs \"An instance that cannot be converted is sent as it is stored\"");
                }
                outgoing = part.AsStored;
            }
            using var made = converted;
            if (made is not null)
            {
                await response.Body.WriteAsync(Head(boundary, part, made.Length), ct);
                await made.WriteAsync(response.Body, ct);
                continue;
            }
            using var file = Open(part.Location);
            var head = Head(boundary, outgoing, part.Location.Size);
            head.CopyTo(response.BodyWriter.GetSpan(head.Length));
            response.BodyWriter.Advance(head.Length);
            await StoredFiles.AppendAsync(response, file, 0, part.Location.Size, ct);
        }
        await response.Body.WriteAsync(end, ct);
        return Results.Empty;
    }

    private static byte[] Head(string boundary, OutgoingFile part, long? length) =>
        MultipartWriter.PartHead(boundary, $"{MediaTypes.Dicom}; transfer-syntax={part.Syntax.Uid}", length);

    // it was there a moment ago: half an answer must not look like a whole one, so the connection breaks
    private SafeFileHandle Open(InstanceLocation location) =>
        StoredFiles.TryOpen(archive, location) ?? throw Gone(location);

    private static FileNotFoundException Gone(InstanceLocation location) => new($"The file of instance {location.Id} has gone");

    [LoggerMessage(Level = LogLevel.Error, Message = "The files of {Count} instances are missing or have another size than the index knows, the first is {Instance}: they are left out")]
    private partial void LogMissing(int count, ResourceId instance);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Instance {Instance} cannot be converted into the transfer syntax asked for and is sent as it is stored: {Reason}")]
    private partial void LogNotConverted(ResourceId instance, string reason);
}
