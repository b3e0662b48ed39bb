using System.Text.Json;
using System.Text.Json.Serialization;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Pages;

namespace Pacs.Web.Viewer;

/// <summary><c>/viewer/ansichten/{study}.json</c>: the presentation states of a study, what they are called, and what they say of which image beside its picture, which <c>/bilder?state=</c> has.</summary>
internal sealed partial class StateRoute(IndexReader index, Archive archive, Display display, ILogger<StateRoute> logger)
{
    /// <summary>(0008,0060) of every series of them (PS3.3 §C.11.9).</summary>
    public const string Modality = "PR";

    // of one study: more than somebody chooses from
    private const int MaxStates = 200;

    // of one state: the slices of a long series
    private const int MaxImages = 5000;

    // for the first of its images that is here: where so many are not, none is
    private const int MaxLooked = 50;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Answers with the states, in the order of their series; those that cannot be read are left out.</summary>
    /// <param name="context">The request.</param>
    /// <param name="id">The study.</param>
    public async Task<IResult> AnswerAsync(HttpContext context, string id)
    {
        var ct = context.RequestAborted;
        if (!ResourceId.TryParse(id, out var study) || await index.StudyAsync(study, ct) is null)
        {
            return HttpProblem.NotFound;
        }
        LanguageFilter.Speak(context.Request);
        var states = new List<object>();
        foreach (var series in (await index.SeriesOfAsync(study, ct)).Where(s => s.Modality == Modality))
        {
            foreach (var instance in (await index.InstancesOfAsync(series.PublicId, 0, MaxStates - states.Count, ct)).Where(i => Picture.KindOf(i) == PictureKind.State))
            {
                if (await ReadAsync(instance, ct) is { } state)
                {
                    states.Add(await ShownAsync(study, instance, state, ct));
                }
            }
        }
        context.Response.Headers.CacheControl = "no-store"; // as the pages
        return Results.Json(new { States = states }, Json);
    }

    private async Task<PresentationState?> ReadAsync(Instance instance, CancellationToken ct)
    {
        try
        {
            return archive.TryGetPath(instance.Key) is { } path ? PresentationState.Of((await DicomFile.OpenAsync(path, null, ct)).Dataset) : null;
        }
        catch (Exception e) when (e is DicomException or IOException)
        {
            LogUnreadable(e, instance.PublicId);
            return null;
        }
    }

    private async Task<object> ShownAsync(ResourceId study, Instance instance, PresentationState state, CancellationToken ct)
    {
        var views = state.Views.Where(v => v.SopInstance.Length > 0).Take(MaxImages).ToList();
        return new
        {
            Id = instance.PublicId.ToString(),
            Version = Picture.VersionOf(instance.Key),
            Label = display.Text(state.Description is { Length: > 0 } words ? words : state.Label, 80),
            By = string.IsNullOrEmpty(state.Creator) ? "" : display.Name(state.Creator),
            Date = display.Date(state.CreationDate),
            Time = display.Time(state.CreationTime),
            state.Turns,
            state.IsFlipped,
            state.IsInverse,
            First = await FirstAsync(study, views, ct),
            Images = views.Select(v => new { Uid = v.SopInstance, Frames = v.Frames.Count > 0 ? v.Frames : null, v.Area, v.Stretch, Window = v.Window is { } window ? new ImageWindow(window.Center, window.Width, null) : null }),
        };
    }

    /// <summary>Where the first of its images is that is here; null where none is.</summary>
    private async Task<object?> FirstAsync(ResourceId study, List<PresentationView> views, CancellationToken ct)
    {
        foreach (var view in views.Take(MaxLooked))
        {
            foreach (var location in await index.LocateAsync(view.SopInstance, ct))
            {
                if (await index.InstanceAsync(location.Id, ct) is { } entry && entry.Study.PublicId == study)
                {
                    return new { Series = entry.Series.PublicId.ToString(), At = await index.PlaceOfAsync(entry.Instance, ct), Frame = view.Frames.Count > 0 ? view.Frames[0] : 1 };
                }
            }
        }
        return null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The presentation state {Instance} cannot be read for the viewer")]
    private partial void LogUnreadable(Exception exception, ResourceId instance);
}
