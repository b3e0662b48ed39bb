using Microsoft.EntityFrameworkCore;
using Pacs.Storage;

namespace Pacs.Web.Dimse;

/// <summary>
/// Who has called us, in memory and, once a minute, in the index: what an association did is noted at its end, so that no instance waits for it. A crash costs the notes of a minute.
/// </summary>
public sealed partial class Callers(IndexReader reader, IndexWriter writer, TimeProvider time, ILogger<Callers> logger) : BackgroundService
{
    /// <summary>As many are remembered. An AE title is whatever a caller says: somebody may invent any number of them.</summary>
    public const int Most = 500;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string AeTitle, string Host), Caller> _all = [];
    private readonly HashSet<(string AeTitle, string Host)> _changed = [];

    /// <summary>All of them, the last one first.</summary>
    public IReadOnlyList<Caller> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _all.Values.OrderByDescending(c => c.SeenAt)];
            }
        }
    }

    /// <summary>Somebody has called.</summary>
    /// <param name="aeTitle">By which title.</param>
    /// <param name="host">From which address.</param>
    /// <param name="asked">What for.</param>
    /// <param name="refused">What of that was refused for want of permission.</param>
    /// <param name="lastInstance">The last instance that was stored, if any was.</param>
    public void Note(string aeTitle, string host, ModalityPermissions asked = ModalityPermissions.None, ModalityPermissions refused = ModalityPermissions.None, string? lastInstance = null) =>
        Note(aeTitle, host, known => known with
        {
            Asked = known.Asked | asked,
            Refused = (known.Refused & ~asked) | refused,
            IsRejected = false,
            LastInstance = lastInstance ?? known.LastInstance,
        });

    /// <summary>Somebody has called, and the association was rejected.</summary>
    public void NoteRejected(string aeTitle, string host) => Note(aeTitle, host, known => known with { IsRejected = true });

    /// <inheritdoc/>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        var stored = await reader.ReadAsync((db, token) => db.Callers.ToListAsync(token), cancellationToken);
        lock (_lock)
        {
            foreach (var caller in stored)
            {
                _all[(caller.AeTitle, caller.Host)] = caller;
            }
        }
        await base.StartAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await WriteAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // StopAsync writes what is left
        }
    }

    private void Note(string aeTitle, string host, Func<Caller, Caller> change)
    {
        var (key, now) = ((aeTitle, host), time.GetUtcNow());
        if (aeTitle.Length == 0)
        {
            return;
        }
        lock (_lock)
        {
            var known = _all.GetValueOrDefault(key) ?? new Caller { AeTitle = aeTitle, Host = host, FirstSeenAt = now };
            _all[key] = change(known) with { SeenAt = now };
            _changed.Add(key);
            if (_all.Count > Most)
            {
                // who did nothing yet goes before a device that is silent for a month
                var least = _all.Where(c => c.Key != key).MinBy(c => (c.Value.Asked != ModalityPermissions.None, c.Value.SeenAt)).Key;
                _all.Remove(least);
                _changed.Add(least);
            }
        }
    }

    private async Task WriteAsync(CancellationToken ct)
    {
        List<((string AeTitle, string Host) Key, Caller? Caller)> changed;
        lock (_lock)
        {
            changed = [.. _changed.Select(k => (k, _all.GetValueOrDefault(k)))];
            _changed.Clear();
        }
        if (changed.Count == 0)
        {
            return;
        }
        try
        {
            await writer.WriteAsync(async (db, token) =>
            {
                foreach (var ((aeTitle, host), caller) in changed)
                {
                    await db.Callers.Where(c => c.AeTitle == aeTitle && c.Host == host).ExecuteDeleteAsync(token);
                    if (caller is not null)
                    {
                        db.Callers.Add(caller);
                    }
                }
            }, ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogNotWritten(e); // the index may be unavailable for a while
            lock (_lock)
            {
                _changed.UnionWith(changed.Select(c => c.Key));
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Who has called could not be kept; it is tried again")]
    private partial void LogNotWritten(Exception cause);
}
