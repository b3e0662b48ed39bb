using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pacs.Storage;

/// <summary>What this floor measures. No tag ever says anything about a patient.</summary>
public static class StorageTelemetry
{
    /// <summary>The name of source and meter.</summary>
    public const string Name = "Pacs.Storage";

    private static readonly Meter Meter = new(Name);
    private static readonly Histogram<int> BatchSize = Meter.CreateHistogram<int>("pacs.index.batch.size", "{item}", "Items of one transaction");
    private static readonly Histogram<double> CommitDuration = Meter.CreateHistogram<double>("pacs.index.commit.duration", "s", "One transaction, its items included");
    private static readonly Counter<long> StoredInstances = Meter.CreateCounter<long>("pacs.stored", "{instance}", "Instances by outcome");
    private static readonly Counter<long> StoredBytes = Meter.CreateCounter<long>("pacs.stored.bytes", "By", "Bytes of published files");
    private static readonly Counter<long> Parked = Meter.CreateCounter<long>("pacs.parked", "{event}", "Events set aside after failing");

    internal static ActivitySource Source { get; } = new(Name);

    internal static void Committed(int items, TimeSpan duration)
    {
        BatchSize.Record(items);
        CommitDuration.Record(duration.TotalSeconds);
    }

    internal static void Stored(StoreOutcome outcome, long bytes)
    {
        StoredInstances.Add(1, new KeyValuePair<string, object?>("outcome", outcome.ToString()));
        if (outcome is StoreOutcome.Stored or StoreOutcome.Replaced or StoreOutcome.Conflicting)
        {
            StoredBytes.Add(bytes);
        }
    }

    internal static void Park(string consumer) => Parked.Add(1, new KeyValuePair<string, object?>("consumer", consumer));
}
