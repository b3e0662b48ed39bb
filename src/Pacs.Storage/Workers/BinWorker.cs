using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>Removes what has been in the bin long enough.</summary>
public sealed partial class BinWorker(Bin bin, TimeProvider time, ILogger<BinWorker> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    if (await bin.ExpireAsync(stoppingToken) is var removed and > 0)
                    {
                        LogRemoved(removed);
                    }
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    LogFailed(e); // the index may be unavailable for a while; what is due stays due
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // the server stops
        }
    }

    [LoggerMessage(73, LogLevel.Information, "{Studies} studies were removed for good: they had been in the bin long enough.")]
    private partial void LogRemoved(int studies);

    [LoggerMessage(74, LogLevel.Warning, "The bin could not be emptied.")]
    private partial void LogFailed(Exception e);
}
