using System.Globalization;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Storage;

namespace Pacs.Web.DicomWeb;

/// <summary>WADO-RS rendered instances, frames and thumbnails (PS3.18 §10.4.1.1.3, §10.4.1.1.4).</summary>
internal sealed class RenderedRoutes(WadoTarget target, Renderer renderer)
{
    // of a side; what the study lists of viewers show
    private const int ThumbnailSide = 200;

    private const int MaxFrames = 1000;

    /// <summary>Answers with an instance: its first frame, the video or the document that it is.</summary>
    public async Task<IResult> AnswerAsync(HttpContext context, string study, string series, string instance)
    {
        if (!RenderedRequest.TryParse(context.Request.Query, out var request, out var problem))
        {
            return DicomWebError.BadRequest(problem);
        }
        return await target.FindInstanceAsync(study, series, instance, context.RequestAborted) is { } location
            ? await renderer.AnswerAsync(context, location, 1, MediaRange.Of(context.Request), request) : DicomWebError.NotFound;
    }

    /// <summary>Answers with frames: one alone, several in parts.</summary>
    public async Task<IResult> FramesAsync(HttpContext context, string study, string series, string instance, string list)
    {
        if (!RenderedRequest.TryParse(context.Request.Query, out var request, out var problem))
        {
            return DicomWebError.BadRequest(problem);
        }
        var numbers = list.Split(',').Select(n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).ToList();
        if (numbers.Exists(n => n < 1) || numbers.Count > MaxFrames)
        {
            return DicomWebError.BadRequest("Frames are numbers from 1, separated by commas");
        }
        if (await target.FindInstanceAsync(study, series, instance, context.RequestAborted) is not { } location)
        {
            return DicomWebError.NotFound;
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
            return DicomWebError.BadRequest(problem);
        }
        if (!int.TryParse(frame, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1)
        {
            return DicomWebError.BadRequest("A frame is a number from 1");
        }
        var found = await target.FindAsync(study, series, instance, context.RequestAborted) ?? [];
        // the first that can be shown; a report has no picture, and a video none that we could take out
        var location = found.FirstOrDefault(l => InstanceHeader.MayHavePixels(l) && CodecTable.TryGet(TransferSyntax.Get(l.SyntaxUid), out _, out _));
        if (location is null)
        {
            return found.Count == 0 ? DicomWebError.NotFound : new DicomWebError(StatusCodes.Status404NotFound, "Nothing of this can be shown as a picture");
        }
        var small = request with { Options = request.Options with { Viewport = request.Options.Viewport ?? new Viewport(ThumbnailSide, ThumbnailSide) } };
        return await renderer.AnswerAsync(context, location, number, MediaRange.Of(context.Request), small);
    }

    private async Task<IResult> PartsAsync(HttpContext context, InstanceLocation location, List<int> numbers, IReadOnlyList<MediaRange> ranges, RenderedRequest request)
    {
        if (Renderer.ChoosePicture(ranges) is not { Type: var type, Range: var range } || (!range.IsMultipart && range.Type != "*/*"))
        {
            return DicomWebError.NotAcceptable("Several frames are multipart/related; type=\"image/jpeg\" or \"image/png\"");
        }
        if (target.PathOf(location) is not { } path)
        {
            return DicomWebError.NotFound;
        }
        if (!InstanceHeader.MayHavePixels(location))
        {
            return InstanceHeader.NoPixels;
        }
        if (!CodecTable.TryGet(TransferSyntax.Get(location.SyntaxUid), out _, out var reason))
        {
            return DicomWebError.NotAcceptable(reason);
        }
        var (response, ct) = (context.Response, context.RequestAborted);
        try
        {
            using var pixels = InstancePixels.Open(path);
            if (numbers.Exists(n => n > pixels.Count))
            {
                return DicomWebError.NotFound;
            }
            var boundary = MultipartWriter.NewBoundary();
            foreach (var number in numbers)
            {
                var picture = await renderer.RenderAsync(pixels, number, type, request, ct);
                if (!response.HasStarted)
                {
                    response.ContentType = MultipartWriter.ContentType(type, boundary);
                }
                await response.Body.WriteAsync(MultipartWriter.PartHead(boundary, type, picture.Length), ct);
                await response.Body.WriteAsync(picture, ct);
            }
            await response.Body.WriteAsync(MultipartWriter.End(boundary), ct);
            return Results.Empty;
        }
        catch (DicomException e) when (!response.HasStarted)
        {
            return new DicomWebError(StatusCodes.Status500InternalServerError, $"The frame cannot be shown: {e.Message}");
        }
    }
}
