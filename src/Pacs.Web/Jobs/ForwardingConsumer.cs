using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web.Jobs;

/// <summary>
/// Turns new instances into jobs by the rules of <c>Forwarding</c>. The instance is in its job before the cursor of the feed moves, so that a killed server forgets none; jobs of one study, rule and
/// node are one while they wait.
/// </summary>
public sealed partial class ForwardingConsumer(
    PacsOptions options, Modalities modalities, JobQueue queue, IndexReader index, IndexWriter writer, TimeProvider time, ILogger<ForwardingConsumer> logger) : IEventConsumer, IHostedService
{
    // below what people send by hand
    private const int Priority = -1;

    private const string Since = "forwarding-since";

    private long _since = -1;

    /// <inheritdoc/>
    public string Name => "forwarding";

    /// <inheritdoc/>
    public bool Wants(EventKind kind) => kind == EventKind.NewInstance;

    /// <summary>Notes where the feed stood when there was a rule first: what is older is not sent anywhere. Before the doors open, so that nothing new is older.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => PrepareAsync(cancellationToken);

    /// <summary>As at the start: when the rules have changed.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (options.Forwarding.Count == 0)
        {
            // what comes without rules was there before the first one
            await writer.WriteAsync((db, token) => db.Settings.Where(s => s.Name == Since).ExecuteDeleteAsync(token), cancellationToken);
            Volatile.Write(ref _since, -1);
            return;
        }
        await SinceAsync(cancellationToken);
        foreach (var rule in options.Forwarding)
        {
            foreach (var node in rule.To.Where(n => modalities.Find(n) is null))
            {
                LogNoNode(rule.Name, node);
            }
        }
    }

    /// <summary>Nothing to do.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask HandleAsync(PacsEvent e, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(e);
        // without rules the events still pass, so that the first rule does not send the whole archive
        if (options.Forwarding.Count == 0 || e.Seq <= await SinceAsync(ct) || await index.InstanceAsync(e.Resource, ct) is not { } entry)
        {
            return; // or deleted meanwhile
        }
        var study = entry.Study.PublicId;
        foreach (var rule in options.Forwarding.Where(r => r.Fits(entry)))
        {
            foreach (var node in rule.To)
            {
                // not back to where it came from
                if (modalities.Find(node) is { } known && string.Equals(known.AeTitle, entry.Instance.CallingAe, StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }
                var content = new StoreJob { Description = rule.Name, ParentResources = [study.ToString()], StorageCommitment = rule.StorageCommitment };
                var job = content.ToJob(node, Priority, TimeSpan.FromHours(options.ForwardingPatience));
                job.Key = $"{rule.Name}\n{node}\n{study}";
                job.DueAt = time.GetUtcNow() + TimeSpan.FromSeconds(rule.Delay);
                await queue.GatherAsync(job, entry.Instance.PublicId, ct);
            }
        }
    }

    private async ValueTask<long> SinceAsync(CancellationToken ct)
    {
        if (Volatile.Read(ref _since) is var known and >= 0)
        {
            return known;
        }
        // whoever comes first writes it; the writer lets one in at a time
        var since = await writer.WriteAsync(async (db, token) =>
        {
            var setting = await db.Settings.FindAsync([Since], token);
            if (setting is null)
            {
                setting = new Storage.Setting { Name = Since, Value = (await index.LastSeqAsync(token)).ToString(CultureInfo.InvariantCulture) };
                db.Settings.Add(setting);
            }
            return long.Parse(setting.Value, CultureInfo.InvariantCulture);
        }, ct);
        Volatile.Write(ref _since, since);
        return since;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The forwarding rule {Rule} sends to the node {Node}, which there is not")]
    private partial void LogNoNode(string rule, string node);
}
