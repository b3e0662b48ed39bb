using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>What became of a receiver that was to be removed.</summary>
public enum GdtReceiverRemoval
{
    /// <summary>It is removed; what the configuration says of that name counts again.</summary>
    Done,

    /// <summary>None of that name was entered: it is unknown, or in the configuration only.</summary>
    Unknown,

    /// <summary>Records wait for it, and nobody said that they may be given up.</summary>
    Waiting,
}

/// <summary>
/// Keeps the receivers that are entered or changed while the server runs, in the index. They count from the next record on, without a restart, and instead of one of the same name in the configuration.
/// docs/adr/0033 says why this way round.
/// </summary>
public sealed partial class GdtReceiverStore(GdtReceivers receivers, IndexReader reader, IndexWriter writer, TimeProvider time, ILogger<GdtReceiverStore> logger) : IHostedService, IDisposable
{
    private static readonly JsonSerializerOptions Json = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly string[] WaitingStates = [GdtState.Queued, GdtState.Ready, GdtState.Held];

    private readonly SemaphoreSlim _changing = new(1, 1);
    private volatile bool _isRead;

    /// <summary>Reads what was entered, once; whoever announces something waits for it.</summary>
    public async Task ReadAsync(CancellationToken ct)
    {
        if (_isRead)
        {
            return;
        }
        await _changing.WaitAsync(ct);
        try
        {
            if (!_isRead)
            {
                var rows = await reader.ReadAsync((db, token) => db.GdtReceivers.OrderBy(r => r.Name).ToListAsync(token), ct);
                if (rows.Count > 0)
                {
                    receivers.Enter([.. rows.Select(Read).OfType<GdtReceiverSettings>()]);
                }
                foreach (var broken in receivers.Broken)
                {
                    LogBroken(broken.Settings.Name, string.Join("; ", broken.Problems));
                }
                foreach (var name in rows.Select(r => r.Name).Where(n => receivers.Configured(n) is not null))
                {
                    LogInstead(name);
                }
                _isRead = true;
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Keeps a receiver's settings; they count from the next record on.</summary>
    /// <param name="settings">What is said of it, by its name.</param>
    /// <param name="problems">Gets everything that is wrong; when there is something, nothing is kept.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Whether they were kept.</returns>
    public async Task<bool> SaveAsync(GdtReceiverSettings settings, ICollection<GdtProblem> problems, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(settings);
        await ReadAsync(ct);
        await _changing.WaitAsync(ct);
        try
        {
            if (receivers.Check(settings, problems) is null)
            {
                return false;
            }
            var name = settings.Name;
            var isOnDemand = settings.Delivery == GdtDelivery.OnDemand;
            var changes = receivers.Find(name) is { } before && (before.Settings.Delivery == GdtDelivery.OnDemand) != isOnDemand;
            var (from, to) = isOnDemand ? (GdtState.Queued, GdtState.Held) : (GdtState.Held, GdtState.Queued);
            var row = new GdtReceiverEntry { Name = name, Settings = JsonSerializer.Serialize(settings, Json), ChangedAt = time.GetUtcNow() };
            await writer.WriteAsync(
                async (db, token) =>
                {
                    await db.GdtReceivers.Where(r => r.Name == name).ExecuteDeleteAsync(token);
                    db.GdtReceivers.Add(row);
                    // what waits for a request that nobody will make any more goes into the folder, and the other way round
                    if (changes)
                    {
                        await db.GdtFiles.Where(g => g.Receiver == name && g.State == from).ExecuteUpdateAsync(g => g.SetProperty(x => x.State, to), token);
                    }
                },
                ct);
            receivers.Enter([.. receivers.AllEntered.Where(r => r.Name != name), settings]);
            LogSaved(name);
            return true;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Removes what was entered of a receiver. One of the configuration then counts as it is there; another is gone.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="giveUp">Whether records that wait for one that is then gone may be given up: they become failed, and stay in the log.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<GdtReceiverRemoval> RemoveAsync(string name, bool giveUp, CancellationToken ct)
    {
        await ReadAsync(ct);
        await _changing.WaitAsync(ct);
        try
        {
            if (receivers.Entered(name) is null)
            {
                return GdtReceiverRemoval.Unknown;
            }
            var stays = receivers.Configured(name) is not null;
            if (!stays && !giveUp && await WaitingAsync(name, ct) > 0)
            {
                return GdtReceiverRemoval.Waiting;
            }
            var now = time.GetUtcNow();
            await writer.WriteAsync(
                async (db, token) =>
                {
                    await db.GdtReceivers.Where(r => r.Name == name).ExecuteDeleteAsync(token);
                    if (!stays)
                    {
                        await db.GdtFiles.Where(g => g.Receiver == name && WaitingStates.Contains(g.State)).ExecuteUpdateAsync(
                            g => g.SetProperty(x => x.State, GdtState.Failed).SetProperty(x => x.Error, GdtReasons.NoReceiver).SetProperty(x => x.At, now), token);
                    }
                },
                ct);
            receivers.Enter([.. receivers.AllEntered.Where(r => r.Name != name)]);
            LogRemoved(name);
            return GdtReceiverRemoval.Done;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Keeps an event for later when there is a receiver who is not right at the moment: what he should get is not forgotten, and the page *Probleme* shows it.</summary>
    /// <exception cref="InvalidOperationException">There is one.</exception>
    internal void ThrowIfBroken()
    {
        if (receivers.IsEnabled && receivers.Broken is [var first, ..])
        {
            throw new InvalidOperationException($"GDT receiver {first.Settings.Name}: {string.Join("; ", first.Problems)}");
        }
    }

    /// <summary>How many records wait for a receiver.</summary>
    public Task<int> WaitingAsync(string name, CancellationToken ct) =>
        reader.ReadAsync((db, token) => db.GdtFiles.CountAsync(g => g.Receiver == name && WaitingStates.Contains(g.State), token), ct);

    /// <summary>Reads what was entered, after the index is open and before anything is handed over.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    /// <summary>Nothing to do.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _changing.Dispose();

    // a version that knew more may have written it: what this one does not know is not there for it
    private GdtReceiverSettings? Read(GdtReceiverEntry row)
    {
        try
        {
            return JsonSerializer.Deserialize<GdtReceiverSettings>(row.Settings, Json) is { } settings ? settings with { Name = row.Name } : null;
        }
        catch (JsonException)
        {
            LogUnreadable(row.Name);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "GDT receiver {Name}: new settings count from the next record on")]
    private partial void LogSaved(string name);

    [LoggerMessage(Level = LogLevel.Information, Message = "GDT receiver {Name}: what was entered of it is removed")]
    private partial void LogRemoved(string name);

    [LoggerMessage(Level = LogLevel.Information, Message = "GDT receiver {Name}: what was entered on the page counts, not what the configuration says")]
    private partial void LogInstead(string name);

    [LoggerMessage(Level = LogLevel.Error, Message = "GDT receiver {Name}, as it was entered, is not right any more: {Problems}. What it should get waits.")]
    private partial void LogBroken(string name, string problems);

    [LoggerMessage(Level = LogLevel.Error, Message = "GDT receiver {Name}: what was entered of it cannot be read")]
    private partial void LogUnreadable(string name);
}
