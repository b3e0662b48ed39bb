using Pacs.Storage;
using Pacs.Web.Viewer;

namespace Pacs.Web;

/// <summary>
/// Asks for what a physician asks for first, once after the start and of nobody's request: the list, the newest study, its viewer and its first image. The code of these pages is made ready by that, and what they read is in
/// memory, so that the first who looks does not wait for it. The answers go nowhere. An archive without studies is left alone.
/// </summary>
public sealed partial class WarmUp(IndexReader index, IServiceScopeFactory scopes, IHostApplicationLifetime lifetime, ILogger<WarmUp> logger) : BackgroundService
{
    /// <summary>The routes without log-in and counters: the request comes from nobody. Set before the start.</summary>
    public RequestDelegate? Routes { get; set; }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var whenStarted = lifetime.ApplicationStarted.Register(started.SetResult);
        try
        {
            var paths = await PathsAsync(stoppingToken);
            await started.Task.WaitAsync(stoppingToken); // nobody waits for this
            foreach (var path in paths)
            {
                if (await AskAsync(path, stoppingToken) is var status && status >= StatusCodes.Status400BadRequest)
                {
                    LogRefused(status);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the server stops before it was warm
        }
        catch (Exception e)
        {
            LogFailed(e); // who comes first waits a little, and is told what is wrong
        }
    }

    /// <summary>What it asks for.</summary>
    internal async Task<List<string>> PathsAsync(CancellationToken ct)
    {
        if (await index.NewestStudiesAsync(null, 1, ct) is not [var newest])
        {
            return [];
        }
        var study = newest.Study.PublicId;
        var paths = new List<string> { $"/viewer?study={study}", $"/viewer/studien/{study}.json", $"/studien/{study}", "/", "/viewer/viewer.js", "/viewer/viewer.css" };
        if (await index.SeriesOfAsync(study, ct) is [var series, ..])
        {
            paths.Add($"/viewer/serien/{series.PublicId}.json?nach=0");
            if (await index.InstancesOfAsync(series.PublicId, 0, 1, ct) is [var first] && Picture.KindOf(first) == PictureKind.Image)
            {
                paths.Add(Picture.Address(first));
                paths.Add(Picture.Address(first, 1, Picture.ThumbnailSide));
            }
        }
        return paths;
    }

    /// <summary>Asks for a path.</summary>
    /// <returns>The status of the answer.</returns>
    internal async Task<int> AskAsync(string path, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider, RequestAborted = ct };
        var query = path.IndexOf('?', StringComparison.Ordinal);
        context.Request.Method = HttpMethods.Get;
        context.Request.Scheme = Uri.UriSchemeHttp;
        context.Request.Headers.AcceptEncoding = "gzip, br"; // as browsers
        context.Request.Host = new HostString("localhost");
        context.Request.Path = query < 0 ? path : path[..query];
        context.Request.QueryString = new QueryString(query < 0 ? "" : path[query..]);
        await Routes!(context);
        return context.Response.StatusCode;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The pages could not be made ready after the start")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A page that is made ready after the start answers {Status}")]
    private partial void LogRefused(int status);
}
