using Pacs.Web.Orthanc;

namespace Pacs.Web;

/// <summary>Orthanc's REST API, as far as it is built.</summary>
public static class OrthancSetup
{
    /// <summary>Registers what the routes share. Needs DIMSE and jobs to be registered before.</summary>
    public static IServiceCollection AddOrthanc(this IServiceCollection services) => services.AddSingleton<RemoteQueries>().AddSingleton<RetrieveStarter>()
        .AddSingleton<UserNames>().AddSingleton<AttachmentRoutes>()
        .AddSingleton<ResourceReader>().AddSingleton<FindRoutes>().AddSingleton<UploadRoutes>()
        .AddSingleton<PictureRoutes>().AddSingleton<NumericImages>().AddSingleton<OrderedSlices>().AddSingleton<PeerRoutes>().AddSingleton<ZipRoutes>().AddSingleton<ModificationRoutes>().AddSingleton<CreationRoutes>();

    /// <summary>Maps the routes; an address nobody has answers with Orthanc's error object, to browsers with the page for it.</summary>
    public static void MapOrthanc(this WebApplication app)
    {
        app.MapSystem();
        app.MapChanges();
        app.MapResources();
        app.MapPost("/tools/find", (HttpRequest request, FindRoutes find, CancellationToken ct) => find.FindAsync(request, ct));
        app.MapPost("/tools/count-resources", (HttpRequest request, FindRoutes find, CancellationToken ct) => find.CountAsync(request, ct));
        UploadRoutes.Map(app);
        app.MapTags();
        app.MapMetadata();
        app.MapLabels();
        AttachmentRoutes.Map(app);
        app.MapTools();
        app.MapServerTools();
        PictureRoutes.Map(app);
        NumericImages.Map(app);
        OrderedSlices.Map(app);
        ZipRoutes.Map(app);
        app.MapInstances();
        app.MapModalities();
        app.MapRetrieve();
        app.MapQueries();
        app.MapCommitments();
        app.MapJobs();
        ModificationRoutes.Map(app);
        CreationRoutes.Map(app);
        Import.ImportStarter.Map(app);
        PeerRoutes.Map(app);
        app.MapServer();
    }
}
