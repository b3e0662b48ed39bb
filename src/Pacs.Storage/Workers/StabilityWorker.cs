using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>
/// Declares patients, studies and series stable that got nothing new for <see cref="StorageOptions.StableAge"/>: flag and event in one
/// transaction. What is unstable is in the index, so a restart forgets nothing.
/// </summary>
public sealed partial class StabilityWorker(
    IndexReader reader, IndexWriter writer, StorageOptions options, TimeProvider time, ILogger<StabilityWorker> log) : BackgroundService
{
    private static readonly (string Table, Level Level, EventKind Kind)[] Levels =
    [
        ("series", Level.Series, EventKind.StableSeries), ("study", Level.Study, EventKind.StableStudy), ("patient", Level.Patient, EventKind.StablePatient),
    ];

    // a look costs three steps in partial indexes that are empty most of the time
    private readonly TimeSpan _interval = options.StableAge < TimeSpan.FromSeconds(4) ? options.StableAge / 4 : TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_interval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await DeclareAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogFailed(e); // the index may be unavailable for a while; what is due stays due
            }
        }
    }

    /// <summary>Declares what is due now.</summary>
    internal async Task DeclareAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var due = (now - options.StableAge).ToUnixTimeMilliseconds();
        // what seems to come from the future was written before the clock was set back: it would wait for years
        var future = now.AddMinutes(1).ToUnixTimeMilliseconds();
        var any = await reader.ReadAsync(async (db, token) => await db.Database.SqlQuery<long>($"""
            SELECT EXISTS (SELECT 1 FROM series WHERE stable = 0 AND updated_at <= {due}) OR EXISTS (SELECT 1 FROM study WHERE stable = 0 AND updated_at <= {due})
                OR EXISTS (SELECT 1 FROM patient WHERE stable = 0 AND updated_at <= {due}) OR EXISTS (SELECT 1 FROM series WHERE stable = 0 AND updated_at > {future})
                OR EXISTS (SELECT 1 FROM study WHERE stable = 0 AND updated_at > {future}) OR EXISTS (SELECT 1 FROM patient WHERE stable = 0 AND updated_at > {future})
                AS "Value"
            """).SingleAsync(token), ct);
        if (any == 0)
        {
            return;
        }
        await writer.WriteAsync(async (db, token) =>
        {
            foreach (var (table, level, kind) in Levels)
            {
#pragma warning disable EF1002 // the table is one of three constants
                await db.Database.ExecuteSqlRawAsync(string.Create(CultureInfo.InvariantCulture, $$"""
                    INSERT INTO event (kind, level, resource, at, rebuilt)
                        SELECT {{(int)kind}}, {{(int)level}}, public_id, {0}, 0 FROM {{table}} WHERE stable = 0 AND (updated_at <= {1} OR updated_at > {2}) ORDER BY updated_at;
                    UPDATE {{table}} SET stable = 1 WHERE stable = 0 AND (updated_at <= {1} OR updated_at > {2})
                    """), [now.ToUnixTimeMilliseconds(), due, future], token);
#pragma warning restore EF1002
            }
        }, ct);
    }

    [LoggerMessage(30, LogLevel.Warning, "What is stable could not be declared so.")]
    private partial void LogFailed(Exception e);
}
