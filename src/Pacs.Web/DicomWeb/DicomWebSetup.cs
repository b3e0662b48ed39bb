using Microsoft.AspNetCore.Mvc;
using Pacs.Web.Configuration;
using Pacs.Web.DicomWeb;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web;

/// <summary>DICOMweb (PS3.18): searching, retrieving and storing over HTTP.</summary>
public static class DicomWebSetup
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Adds what the services need.</summary>
    public static void AddDicomWeb(this IServiceCollection services) => services.AddSingleton<WadoTarget>().AddSingleton<DecodingSlots>()
        .AddSingleton<RetrieveRoutes>().AddSingleton<MetadataRoutes>().AddSingleton<FrameRoutes>().AddSingleton<BulkDataRoutes>()
        .AddSingleton<Renderer>().AddSingleton<VideoFrames>().AddSingleton<RenderedRoutes>().AddSingleton<WadoUriRoute>().AddSingleton<StowMetadata>().AddSingleton<StowRoutes>().AddSingleton<DeleteRoutes>().AddSingleton<WeasisRoutes>()
        .AddCors();

    /// <summary>Maps the services below <see cref="DicomWebSettings.Root"/>.</summary>
    public static void MapDicomWeb(this WebApplication app, PacsOptions options)
    {
        if (options.DicomWeb.Enable)
        {
            var routes = app.MapGroup(options.DicomWeb.Root.TrimEnd('/'));
            routes.ReadableByToken();
            if (options.DicomWeb.AllowedOrigins.Count > 0)
            {
                // reading only: what changes something is refused to other sites before it gets here
                routes.RequireCors(policy => policy.WithOrigins([.. options.DicomWeb.AllowedOrigins]).WithMethods(Reading).AllowAnyHeader()
                    .WithExposedHeaders("ETag", "Warning", "Content-Range", "Accept-Ranges"));
            }
            routes.MapMethods("/", [HttpMethods.Get, HttpMethods.Options], (HttpContext context) => Capabilities.Answer(context, options));
            // the DICOMweb client of Orthanc's plugin, which is not here: its user interfaces ask whom it knows
            routes.MapMethods("/servers", Reading, (HttpRequest request) => Results.Text(Orthanc.OrthancTags.IsOn(request.Query, "expand") ? "{}" : "[]", "application/json"));
            routes.MapQido();
            routes.MapWado();
            // an upload is as large as it is; the archive looks at the free space
            var noLimit = new DisableRequestSizeLimitAttribute();
            routes.MapPost("/studies", (HttpContext context, StowRoutes stow) => stow.AnswerAsync(context, null)).WithMetadata(noLimit);
            routes.MapPost("/studies/{study}", (HttpContext context, StowRoutes stow, string study) => stow.AnswerAsync(context, study)).WithMetadata(noLimit);
            if (options.DicomWeb.AllowDelete)
            {
                routes.MapDeletion();
            }
        }
        if (options.DicomWeb is { Enable: true, EnableWado: true })
        {
            app.MapMethods(options.DicomWeb.WadoRoot, Reading, (HttpContext context, WadoUriRoute wado) => wado.AnswerAsync(context)).ReadableByToken();
            app.MapMethods("/weasis/manifest", Reading, (HttpContext context, WeasisRoutes weasis) => weasis.ManifestAsync(context)).ReadableByToken();
        }
    }

    // not in PS3.18, but what archives with DICOMweb have; files go to the trash
    private static void MapDeletion(this IEndpointRouteBuilder routes)
    {
        routes.MapDelete("/studies/{study}", (HttpContext context, DeleteRoutes delete, string study) => delete.AnswerAsync(context, study, null, null));
        routes.MapDelete("/studies/{study}/series/{series}", (HttpContext context, DeleteRoutes delete, string study, string series) => delete.AnswerAsync(context, study, series, null));
        routes.MapDelete("/studies/{study}/series/{series}/instances/{instance}",
            (HttpContext context, DeleteRoutes delete, string study, string series, string instance) => delete.AnswerAsync(context, study, series, instance));
    }

    // PS3.18 tables 10.4.1-1 to 10.4.1-5
    private static void MapWado(this IEndpointRouteBuilder routes)
    {
        const string Study = "/studies/{study}", Series = Study + "/series/{series}", Instance = Series + "/instances/{instance}";
        routes.MapMethods(Study, Reading, (HttpContext context, RetrieveRoutes retrieve, string study) => retrieve.AnswerAsync(context, study, null, null));
        routes.MapMethods(Series, Reading, (HttpContext context, RetrieveRoutes retrieve, string study, string series) => retrieve.AnswerAsync(context, study, series, null));
        routes.MapMethods(Instance, Reading,
            (HttpContext context, RetrieveRoutes retrieve, string study, string series, string instance) => retrieve.AnswerAsync(context, study, series, instance));
        routes.MapMethods(Study + "/metadata", Reading, (HttpContext context, MetadataRoutes metadata, string study) => metadata.AnswerAsync(context, study, null, null));
        routes.MapMethods(Series + "/metadata", Reading,
            (HttpContext context, MetadataRoutes metadata, string study, string series) => metadata.AnswerAsync(context, study, series, null));
        routes.MapMethods(Instance + "/metadata", Reading,
            (HttpContext context, MetadataRoutes metadata, string study, string series, string instance) => metadata.AnswerAsync(context, study, series, instance));
        routes.MapMethods(Instance + "/bulkdata/{**path}", Reading,
            (HttpContext context, BulkDataRoutes bulk, string study, string series, string instance, string path) => bulk.AnswerAsync(context, study, series, instance, path));
        routes.MapMethods(Instance + "/frames/{list}", Reading,
            (HttpContext context, FrameRoutes frames, string study, string series, string instance, string list) => frames.AnswerAsync(context, study, series, instance, list));
        routes.MapMethods(Study + "/rendered", Reading, (HttpContext context, RenderedRoutes rendered, string study) => rendered.AllAsync(context, study, null));
        routes.MapMethods(Series + "/rendered", Reading, (HttpContext context, RenderedRoutes rendered, string study, string series) => rendered.AllAsync(context, study, series));
        routes.MapMethods(Instance + "/rendered", Reading,
            (HttpContext context, RenderedRoutes rendered, string study, string series, string instance) => rendered.AnswerAsync(context, study, series, instance));
        routes.MapMethods(Instance + "/frames/{list}/rendered", Reading,
            (HttpContext context, RenderedRoutes rendered, string study, string series, string instance, string list) => rendered.FramesAsync(context, study, series, instance, list));
        routes.MapMethods(Study + "/thumbnail", Reading, (HttpContext context, RenderedRoutes rendered, string study) => rendered.ThumbnailAsync(context, study, null, null));
        routes.MapMethods(Series + "/thumbnail", Reading,
            (HttpContext context, RenderedRoutes rendered, string study, string series) => rendered.ThumbnailAsync(context, study, series, null));
        routes.MapMethods(Instance + "/thumbnail", Reading,
            (HttpContext context, RenderedRoutes rendered, string study, string series, string instance) => rendered.ThumbnailAsync(context, study, series, instance));
        routes.MapMethods(Instance + "/frames/{frame}/thumbnail", Reading,
            (HttpContext context, RenderedRoutes rendered, string study, string series, string instance, string frame) => rendered.ThumbnailAsync(context, study, series, instance, frame));
    }
}
