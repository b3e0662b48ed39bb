using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>OHIF as a practice would put it beside us: on a web server of its own, and that at its root, because its scripts load from there.</summary>
public sealed class OhifSite : IAsyncDisposable
{
    // what test.sh unpacks; nothing of it is in the repository
    private const string Folder = "artifacts/ohif-3.13.2";

    private readonly WebApplication _app;

    private OhifSite(WebApplication app, Uri address) => (_app, Address) = (app, address);

    public Uri Address { get; }

    /// <summary>Starts the site. Skips the test where OHIF is not there.</summary>
    /// <param name="dicomWeb">Where the viewer finds studies.</param>
    /// <param name="port">Where it is to be had.</param>
    /// <param name="ct">Gives up.</param>
    public static async Task<OhifSite> StartAsync(string dicomWeb, int port, CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        app.MapGet("/app-config.js", () => Results.Text(Configuration(dicomWeb), "text/javascript"));
        var files = new PhysicalFileProvider(RequireFolder());
        var types = new FileExtensionContentTypeProvider();
        app.UseStaticFiles(new StaticFileOptions { FileProvider = files, ContentTypeProvider = types, ServeUnknownFileTypes = true });
        // its own addresses, such as /viewer, are answered by the one page
        app.MapFallback((HttpContext context) => context.Response.SendFileAsync(files.GetFileInfo("index.html"), context.RequestAborted));
        await app.StartAsync(ct);
        return new OhifSite(app, new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()));
    }

    /// <summary>Where OHIF is, after <c>test.sh</c>.</summary>
    public static string RequireFolder()
    {
        var ohif = Path.Join(Repository.Root, Folder, "package", "dist");
        Assert.SkipUnless(File.Exists(Path.Join(ohif, "index.html")), $"OHIF is not in {Folder}: test.sh puts it there");
        return ohif;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static string Configuration(string dicomWeb) => $$"""
        window.config = {
          routerBasename: null, extensions: [], modes: [], showStudyList: true, maxNumberOfWebWorkers: 1, investigationalUseDialog: { option: 'never' },
          defaultDataSourceName: 'pacs',
          dataSources: [{
            namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'pacs',
            configuration: {
              friendlyName: 'Pacs', name: 'pacs', qidoRoot: '{{dicomWeb}}', wadoRoot: '{{dicomWeb}}', wadoUriRoot: '{{dicomWeb}}', qidoSupportsIncludeField: true,
              imageRendering: 'wadors', thumbnailRendering: 'wadors', enableStudyLazyLoad: true, supportsFuzzyMatching: true, supportsWildcard: true,
              singlepart: 'bulkdata,video,pdf', bulkDataURI: { enabled: true },
            },
          }],
        };
        """;
}
