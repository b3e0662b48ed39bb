using Pacs.Dicom;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.DicomWeb;
using Pacs.Web.Http;

namespace Pacs.Web.Viewer;

/// <summary>
/// <c>/bilder/{instance}/{frame}</c>: what the pages and the viewer show, by our own ids, so that they work where DICOMweb is switched off. The same renderer, the same
/// parameters (<c>window</c>, <c>viewport</c>, <c>quality</c>, <c>accept</c>) and the same limits as there. <c>state</c> is the id of a presentation state that the frame is seen through; with
/// <c>geometry=image</c> it neither turns nor cuts, so that a place in the picture is one in the image.
/// </summary>
internal sealed class PictureRoute(IndexReader index, Archive archive, Conflicts conflicts, Renderer renderer)
{
    // as long as somebody looks at an examination. Pictures are about patients: they do not stay on a computer for a year
    private const string Kept = "private, max-age=3600, immutable";

    /// <summary>Answers with a frame, a video or a document.</summary>
    /// <param name="context">The request; <c>v</c> is the version the page was made for (<see cref="Picture.VersionOf"/>).</param>
    /// <param name="instance">The instance's id.</param>
    /// <param name="frame">From 1.</param>
    public async Task<IResult> AnswerAsync(HttpContext context, string instance, int frame) =>
        ResourceId.TryParse(instance, out var id) && await index.LocateAsync(id, context.RequestAborted) is { } location ? await AnswerAsync(context, location, frame) : HttpProblem.NotFound;

    /// <summary>Answers with a frame of the second copy in a conflict, which is no instance.</summary>
    public async Task<IResult> SecondAsync(HttpContext context, long conflict, int frame) =>
        await conflicts.FindAsync(conflict, context.RequestAborted) is { } found && await conflicts.LocateAsync(found, context.RequestAborted) is { } location
            ? await AnswerAsync(context, location, frame) : HttpProblem.NotFound;

    private async Task<IResult> AnswerAsync(HttpContext context, InstanceLocation location, int frame)
    {
        if (!RenderedRequest.TryParse(context.Request.Query, out var request, out var problem))
        {
            return HttpProblem.BadRequest(problem);
        }
        if (frame < 1)
        {
            return HttpProblem.BadRequest("A frame is a number from 1");
        }
        // a thumbnail or a print, of which nobody measures; the viewer takes all pixels and stretches them itself
        request = request with { Options = request.Options with { Square = true } };
        var stateVersion = "";
        if (context.Request.Query["state"].ToString() is { Length: > 0 } wanted)
        {
            if (!ResourceId.TryParse(wanted, out var stateId) || await StateAsync(stateId, location, frame, context.RequestAborted) is not var (state, key))
            {
                return HttpProblem.BadRequest("state is the id of a softcopy presentation state that is about this image");
            }
            var isTurned = context.Request.Query["geometry"] != "image";
            request = request with { Options = request.Options with { PresentationState = state, StateGeometry = isTurned }, State = isTurned ? key : key + "|image" };
            stateVersion = Picture.VersionOf(key);
        }
        // the file of a version never changes; without one the browser has to ask whether it is still this one
        if (context.Request.Query["v"] == Picture.VersionOf(location.Key) && context.Request.Query["sv"].ToString() == stateVersion)
        {
            context.Response.OnStarting(static state =>
            {
                var response = (HttpResponse)state;
                if (response.StatusCode is StatusCodes.Status200OK or StatusCodes.Status206PartialContent or StatusCodes.Status304NotModified)
                {
                    response.Headers.CacheControl = Kept;
                }
                return Task.CompletedTask;
            }, context.Response);
        }
        return await renderer.AnswerAsync(context, location, frame, MediaRange.Of(context.Request), request);
    }

    private async ValueTask<(PresentationState State, string Key)?> StateAsync(ResourceId id, InstanceLocation image, int frame, CancellationToken ct)
    {
        try
        {
            return await index.LocateAsync(id, ct) is { } location && PresentationState.IsState(location.SopClass) && archive.TryGetPath(location.Key) is { } path
                && PresentationState.Of((await DicomFile.OpenAsync(path, null, ct)).Dataset) is var state && state.AppliesTo(image.SopInstance, frame) ? (state, location.Key) : null;
        }
        catch (Exception e) when (e is DicomException or FileNotFoundException)
        {
            return null;
        }
    }
}
