using System.Globalization;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web.DicomWeb;

/// <summary>WADO-RS rendered instances, frames and thumbnails (PS3.18 §10.4.1.1.3, §10.4.1.1.4).</summary>
internal sealed partial class RenderedRoutes(WadoTarget target, Renderer renderer, VideoFrames videos, PacsOptions options, ILogger<RenderedRoutes> logger)
{
    // of a side; what the study lists of viewers show
    private const int ThumbnailSide = 200;

    private const int MaxFrames = 1000;

    /// <summary>Answers with an instance: its first frame, the video or the document that it is.</summary>
    public async Task<IResult> AnswerAsync(HttpContext context, string study, string series, string instance)
    {
        if (!RenderedRequest.TryParse(context.Request.Query, out var request, out var problem))
        {
            return HttpProblem.BadRequest(problem);
        }
        return await target.FindInstanceAsync(study, series, instance, context.RequestAborted) is { } location
            ? await renderer.AnswerAsync(context, location, 1, MediaRange.Of(context.Request), request) : HttpProblem.NotFound;
    }

    /// <summary>
    /// Answers with a study or a series: every instance that can be shown as a part of its own, with its address. Who takes no parts, as Weasis does that looks for a thumbnail, gets the first picture.
    /// </summary>
    public async Task<IResult> AllAsync(HttpContext context, string study, string? series)
    {
        var ct = context.RequestAborted;
        if (!RenderedRequest.TryParse(context.Request.Query, out var request, out var problem))
        {
            return HttpProblem.BadRequest(problem);
        }
        if (await target.FindAsync(study, series, null, ct) is not { } found)
        {
            return HttpProblem.TooLarge("Too many instances for one answer: ask series by series");
        }
        if (found.Count == 0)
        {
            return HttpProblem.NotFound;
        }
        var ranges = MediaRange.Of(context.Request);
        if (!ranges.Any(r => r.IsMultipart) && ranges is [{ Type: not "*/*" }, ..])
        {
            if (found.Count > 1)
            {
                context.Response.Headers.Append("Warning", "299 Pacs \"This is the first picture: multipart/related has all\"");
            }
            return FirstWithPicture(found) is { } first ? await renderer.AnswerAsync(context, first, 1, ranges, request) : Nothing;
        }
        return await PartsAsync(context, found, [.. ranges.Where(r => r.IsMultipart || r.Type == "*/*")], request);
    }

    /// <summary>Answers with frames: one alone, several in parts.</summary>
    public async Task<IResult> FramesAsync(HttpContext context, string study, string series, string instance, string list)
    {
        if (!RenderedRequest.TryParse(context.Request.Query, out var request, out var problem))
        {
            return HttpProblem.BadRequest(problem);
        }
        var numbers = list.Split(',').Select(n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).ToList();
        if (numbers.Exists(n => n < 1) || numbers.Count > MaxFrames)
        {
            return HttpProblem.BadRequest("Frames are numbers from 1, separated by commas");
        }
        if (await target.FindInstanceAsync(study, series, instance, context.RequestAborted) is not { } location)
        {
            return HttpProblem.NotFound;
        }
        var ranges = MediaRange.Of(context.Request);
        return numbers is [var single] && !ranges[0].IsMultipart ? await renderer.AnswerAsync(context, location, single, ranges, request)
            : await PartsAsync(context, location, numbers, ranges, request);
    }

    /// <summary>Answers with a small picture of a study, a series, an instance or a frame.</summary>
    public async Task<IResult> ThumbnailAsync(HttpContext context, string study, string? series, string? instance, string frame = "1")
    {
        if (!RenderedRequest.TryParse(context.Request.Query, out var request, out var problem))
        {
            return HttpProblem.BadRequest(problem);
        }
        if (!int.TryParse(frame, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1)
        {
            return HttpProblem.BadRequest("A frame is a number from 1");
        }
        var found = await target.FindAsync(study, series, instance, context.RequestAborted) ?? [];
        if (FirstWithPicture(found) is not { } location)
        {
            return found.Count == 0 ? HttpProblem.NotFound : found.Any(l => TransferSyntax.Get(l.SyntaxUid).IsVideo) ? HttpProblem.NotAcceptable(VideoFrames.Missing) : Nothing;
        }
        var small = request with { Options = request.Options with { Viewport = request.Options.Viewport ?? new Viewport(ThumbnailSide, ThumbnailSide) } };
        // of a video a picture, even for who takes anything
        return await renderer.AnswerAsync(context, location, number, [.. MediaRange.Of(context.Request).Select(r => r.Type == "*/*" ? r with { Type = "image/*" } : r)], small);
    }

    private static HttpProblem Nothing { get; } = new(StatusCodes.Status404NotFound, "Nothing of this can be shown as a picture");

    /// <summary>The first that can be shown; a report has no picture, and a video one where there is ffmpeg.</summary>
    private InstanceLocation? FirstWithPicture(IEnumerable<InstanceLocation> found) => found.FirstOrDefault(l => TransferSyntax.Get(l.SyntaxUid) is var syntax
        && (syntax.IsVideo ? videos.IsPresent : InstanceHeader.MayHavePixels(l) && CodecTable.TryGet(syntax, out _, out _)));

    private async Task<IResult> PartsAsync(HttpContext context, IReadOnlyList<InstanceLocation> found, IReadOnlyList<MediaRange> ranges, RenderedRequest request)
    {
        var (response, ct) = (context.Response, context.RequestAborted);
        var address = new DicomWebAddress(context.Request, options);
        var boundary = MultipartWriter.NewBoundary();
        foreach (var location in found)
        {
            using var part = await PartAsync(location, ranges, request, ct);
            if (part is null)
            {
                continue;
            }
            if (!response.HasStarted)
            {
                response.ContentType = MultipartWriter.ContentType(part.Type, boundary);
                if (HttpMethods.IsHead(context.Request.Method))
                {
                    return Results.Empty;
                }
            }
            await response.Body.WriteAsync(MultipartWriter.PartHead(boundary, part.Type, part.Length, await target.AddressAsync(address, location, ct) + "/rendered"), ct);
            await part.WriteAsync(response, ct);
        }
        if (!response.HasStarted)
        {
            return HttpProblem.NotAcceptable("Nothing of this can be shown as one of these types: images are image/jpeg and image/png, documents application/pdf, videos video/mp4 and video/mpeg, each in multipart/related");
        }
        await response.Body.WriteAsync(MultipartWriter.End(boundary), ct);
        return Results.Empty;
    }

    // a damaged instance does not take the others with it
    private async ValueTask<RenderedPart?> PartAsync(InstanceLocation location, IReadOnlyList<MediaRange> ranges, RenderedRequest request, CancellationToken ct)
    {
        try
        {
            return await renderer.PartAsync(location, ranges, request, ct);
        }
        catch (Exception e) when (e is DicomException or FileNotFoundException)
        {
            LogLeftOut(e, location.Id);
            return null;
        }
    }

    private async Task<IResult> PartsAsync(HttpContext context, InstanceLocation location, List<int> numbers, IReadOnlyList<MediaRange> ranges, RenderedRequest request)
    {
        if (Renderer.ChoosePicture(ranges) is not { Type: var type, Range: var range } || (!range.IsMultipart && range.Type != "*/*"))
        {
            return HttpProblem.NotAcceptable("Several frames are multipart/related; type=\"image/jpeg\" or \"image/png\"");
        }
        if (target.PathOf(location) is not { } path)
        {
            return HttpProblem.NotFound;
        }
        if (!InstanceHeader.MayHavePixels(location))
        {
            return InstanceHeader.NoPixels;
        }
        if (!CodecTable.TryGet(TransferSyntax.Get(location.SyntaxUid), out _, out var reason))
        {
            return HttpProblem.NotAcceptable(reason);
        }
        var (response, ct) = (context.Response, context.RequestAborted);
        try
        {
            using var pixels = InstancePixels.Open(path);
            if (numbers.Exists(n => n > pixels.Count))
            {
                return HttpProblem.NotFound;
            }
            var boundary = MultipartWriter.NewBoundary();
            foreach (var number in numbers)
            {
                using var picture = await renderer.RenderAsync(pixels, number, type, request, ct);
                if (!response.HasStarted)
                {
                    response.ContentType = MultipartWriter.ContentType(type, boundary);
                }
                await response.Body.WriteAsync(MultipartWriter.PartHead(boundary, type, picture.Length), ct);
                await response.Body.WriteAsync(picture.Memory, ct);
            }
            await response.Body.WriteAsync(MultipartWriter.End(boundary), ct);
            return Results.Empty;
        }
        catch (NoPixelDataException)
        {
            return InstanceHeader.NoPixels;
        }
        catch (DicomException e) when (!response.HasStarted)
        {
            return new HttpProblem(StatusCodes.Status500InternalServerError, $"The frame cannot be shown: {e.Message}");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Instance {Instance} cannot be shown and is left out of the pictures of its series")]
    private partial void LogLeftOut(Exception e, ResourceId instance);
}
