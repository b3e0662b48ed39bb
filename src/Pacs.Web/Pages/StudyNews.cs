using System.Globalization;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary>
/// Tells open pages that their list is not the newest any more, by server-sent events (HTML §9.2). One reader of the feed serves all of them, and only while there are any; what comes in
/// quick succession is told once. A page that hears of it asks for its own list.
/// </summary>
public sealed partial class StudyNews(EventFeed feed, TimeProvider clock, IHostApplicationLifetime lifetime, ILogger<StudyNews> logger)
{
    /// <summary>The address of the events.</summary>
    public const string Path = "/ereignisse";

    /// <summary>How long changes gather.</summary>
    public static readonly TimeSpan Gather = TimeSpan.FromSeconds(1);

    /// <summary>After how long a comment is sent, so that nothing between us and the browser takes the connection for dead.</summary>
    public static readonly TimeSpan Pulse = TimeSpan.FromSeconds(20);

    // one connection each; a practice has some dozens of tabs
    private const int MaxListeners = 500;

    private readonly Lock _lock = new();
    private CancellationTokenSource? _reading;
    private int _listeners;
    private TaskCompletionSource<long> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal static void Map(IEndpointRouteBuilder routes) => routes.MapGet(Path, (HttpContext context, StudyNews news) => news.ServeAsync(context));

    private async Task ServeAsync(HttpContext context)
    {
        if (!Enter())
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable; // EventSource gives up; the page works without
            return;
        }
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            await response.WriteAsync("retry: 5000\n\n", ended.Token);
            while (true)
            {
                var next = Volatile.Read(ref _next).Task;
                await response.Body.FlushAsync(ended.Token);
                string line;
                try
                {
                    var seq = await next.WaitAsync(Pulse, clock, ended.Token);
                    line = string.Create(CultureInfo.InvariantCulture, $"event: studien\ndata: {seq}\n\n");
                }
                catch (TimeoutException)
                {
                    line = ": \n\n";
                }
                await response.WriteAsync(line, ended.Token);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // the page was closed, or we are
        }
        finally
        {
            Leave();
        }
    }

    private bool Enter()
    {
        lock (_lock)
        {
            if (_listeners >= MaxListeners)
            {
                return false;
            }
            if (_listeners++ == 0)
            {
                _reading = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
                _ = ReadAsync(_reading.Token);
            }
            return true;
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            if (--_listeners == 0)
            {
                _reading!.Cancel();
                _reading.Dispose();
                _reading = null;
            }
        }
    }

    private async Task ReadAsync(CancellationToken ct)
    {
        long seen = 0, told = 0;
        try
        {
            await Task.Yield(); // out of the lock
            var reading = Task.Run(async () =>
            {
                await foreach (var e in feed.SubscribeAsync(-1, ct))
                {
                    if (Changes(e.Kind))
                    {
                        Volatile.Write(ref seen, e.Seq);
                    }
                }
            }, ct);
            using var timer = new PeriodicTimer(Gather, clock);
            while (!reading.IsCompleted && await timer.WaitForNextTickAsync(ct))
            {
                if (Volatile.Read(ref seen) is var seq && seq != told)
                {
                    told = seq;
                    Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult(seq);
                }
            }
            await reading;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // nobody listens any more
        }
        catch (Exception e)
        {
            LogEnded(e); // pages are not live until all of them are closed; nothing else is wrong
        }
    }

    private static bool Changes(EventKind kind) => kind is EventKind.NewInstance or EventKind.NewStudy or EventKind.StableStudy or EventKind.UpdatedAttachment or EventKind.Deleted
        or EventKind.GdtWritten or EventKind.ConflictFound;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Open pages are not told of new studies any more")]
    private partial void LogEnded(Exception exception);
}
