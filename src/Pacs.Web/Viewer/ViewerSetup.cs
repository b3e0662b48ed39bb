using Pacs.Web.Viewer;

namespace Pacs.Web;

/// <summary>Pictures for the pages, and the viewer (ADR 0028).</summary>
public static class ViewerSetup
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Adds what they need. The renderer is that of DICOMweb.</summary>
    public static void AddViewer(this IServiceCollection services) => services.AddSingleton<PictureRoute>().AddSingleton<ViewerRoutes>().AddSingleton<ValueRoute>().AddSingleton<StateRoute>();

    /// <summary>Maps them.</summary>
    public static void MapViewer(this WebApplication app)
    {
        app.MapMethods(Picture.Root + "/{instance}/{frame:int}", Reading,
            (HttpContext context, PictureRoute pictures, string instance, int frame) => pictures.AnswerAsync(context, instance, frame));
        app.MapMethods(Picture.Root + "/konflikt/{id:long}/{frame:int}", Reading, (HttpContext context, PictureRoute pictures, long id, int frame) => pictures.SecondAsync(context, id, frame));
        app.MapMethods("/viewer/studien/{id}.json", Reading, (HttpContext context, ViewerRoutes viewer, string id, string? nur) => viewer.StudyAsync(context, id, nur == "gemerkt"));
        app.MapMethods("/viewer/serien/{id}.json", Reading, (HttpContext context, ViewerRoutes viewer, string id, string? nur, int nach = 0) => viewer.SeriesAsync(context, id, nach, nur == "gemerkt"));
        app.MapMethods("/viewer/ansichten/{id}.json", Reading, (HttpContext context, StateRoute states, string id) => states.AnswerAsync(context, id));
        app.MapMethods("/viewer/werte/{instance}/{frame:int}.json", Reading,
            (HttpContext context, ValueRoute values, string instance, int frame) => values.AnswerAsync(context, instance, frame));
        app.MapPut("/viewer/gemerkt/{instance}/{frame:int}", (HttpContext context, ViewerRoutes viewer, string instance, int frame) => viewer.MarkAsync(context, instance, frame, isMarked: true));
        app.MapDelete("/viewer/gemerkt/{instance}/{frame:int}", (HttpContext context, ViewerRoutes viewer, string instance, int frame) => viewer.MarkAsync(context, instance, frame, isMarked: false));
    }
}
