using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>Cleans the worklist up at the start and then in intervals; a pass that fails does not stop the next.</summary>
public sealed partial class WorklistCleanup(Worklist worklist, ProcedureSteps steps, WorklistOptions options, TimeProvider time, ILogger<WorklistCleanup> logger) : BackgroundService
{
    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // awaited by the host: no door is open before the numbers are known
        await worklist.ContinueNumbersAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.CleanupInterval is not { } interval)
        {
            return;
        }
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            try
            {
                await worklist.CleanUpAsync(stoppingToken);
                await steps.CleanUpAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // the next pass tries again: entries that stay too long harm nobody
                LogFailed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cleaning up the worklist failed; tried again in {Interval}")]
    private static partial void LogFailed(ILogger logger, TimeSpan interval, Exception e);

    private void LogFailed(Exception e) => LogFailed(logger, options.CleanupInterval!.Value, e);
}
