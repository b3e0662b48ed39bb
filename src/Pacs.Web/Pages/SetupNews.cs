using System.Globalization;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Web.Pages;

/// <summary>What has come of devices so far.</summary>
/// <param name="Caller">The device that called last, or null.</param>
/// <param name="Images">How many images there are.</param>
public sealed record SetupState(string? Caller, long Images);

/// <summary>Tells the page of the first start that a device has called, and that its first image is there, by server-sent events (HTML §9.2).</summary>
public sealed class SetupNews(IndexReader index, Callers callers, TimeProvider clock, IHostApplicationLifetime lifetime)
{
    /// <summary>The address of the events.</summary>
    public const string Path = "/einrichten/ereignisse";

    // one or two people set a server up; more are something else
    private const int MaxListeners = 10;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // the browser asks again
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private int _listeners;

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet(Path, (HttpContext context, SetupNews news) => news.ServeAsync(context));

    /// <summary>What has come so far.</summary>
    public async Task<SetupState> ReadAsync(CancellationToken ct) => new(callers.All.FirstOrDefault(c => !c.IsRejected)?.AeTitle, (await index.StatisticsAsync(ct)).Instances);

    private async Task ServeAsync(HttpContext context)
    {
        var response = context.Response;
        if (Interlocked.Increment(ref _listeners) > MaxListeners)
        {
            Interlocked.Decrement(ref _listeners);
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            using var timer = new PeriodicTimer(Interval, clock);
            var until = clock.GetUtcNow() + Longest;
            string? told = null;
            do
            {
                var state = await ReadAsync(ended.Token);
                // no names here: the page asks for what it shows
                var line = string.Create(CultureInfo.InvariantCulture, $"event: stand\ndata: {(state.Caller is null ? 0 : 1)} {state.Images}\n\n");
                if (line != told)
                {
                    await response.WriteAsync(told is null ? "retry: 3000\n\n" + line : line, ended.Token);
                    await response.Body.FlushAsync(ended.Token);
                    told = line;
                }
            }
            while (clock.GetUtcNow() < until && await timer.WaitForNextTickAsync(ended.Token));
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // the page was closed, or we are
        }
        finally
        {
            Interlocked.Decrement(ref _listeners);
        }
    }
}
