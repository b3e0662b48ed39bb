using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Pacs.Gdt;

/// <summary>What this floor measures: names of receivers, kinds and states. Neither a file's name nor anything else says anything about a patient.</summary>
internal static class GdtTelemetry
{
    private const string Name = "Pacs.Gdt";

    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> WrittenFiles = Meter.CreateCounter<long>("pacs.gdt.written", "{file}", "GDT files handed over");
    private static readonly Counter<long> FetchedFiles = Meter.CreateCounter<long>("pacs.gdt.fetched", "{file}", "GDT files that the practice software has taken");
    private static readonly Counter<long> FailedAttempts = Meter.CreateCounter<long>("pacs.gdt.failures", "{attempt}", "Attempts to hand a GDT file over that failed");
    private static readonly Counter<long> WrittenAttachments = Meter.CreateCounter<long>("pacs.gdt.attachments", "{file}", "Pictures and sheets written for GDT files");
    private static readonly Counter<long> ReceivedFiles = Meter.CreateCounter<long>("pacs.gdt.received", "{file}", "GDT files taken from inboxes");

    private static readonly ActivitySource Source = new(Name);

    /// <summary>One attempt to hand a file over.</summary>
    public static Activity? Delivery(string receiver, string kind, int revision) =>
        Source.StartActivity("gdt deliver")?.SetTag("pacs.gdt.receiver", receiver).SetTag("pacs.gdt.kind", kind).SetTag("pacs.gdt.revision", revision);

    /// <summary>One file of an inbox.</summary>
    public static Activity? Reception(string receiver) => Source.StartActivity("gdt receive")?.SetTag("pacs.gdt.receiver", receiver);

    /// <summary>Notes how an activity ended.</summary>
    /// <param name="activity">The activity.</param>
    /// <param name="outcome">A state or a reason, of the few there are.</param>
    /// <param name="isGood">Whether that is what was wanted.</param>
    public static void End(this Activity? activity, string outcome, bool isGood = true) =>
        activity?.SetTag("pacs.gdt.outcome", outcome).SetStatus(isGood ? ActivityStatusCode.Ok : ActivityStatusCode.Error);

    public static void Written(string receiver, string kind) => WrittenFiles.Add(1, new KeyValuePair<string, object?>("kind", kind), new KeyValuePair<string, object?>("receiver", receiver));

    public static void Fetched(string receiver, int files) => FetchedFiles.Add(files, new KeyValuePair<string, object?>("receiver", receiver));

    public static void Failed(string receiver) => FailedAttempts.Add(1, new KeyValuePair<string, object?>("receiver", receiver));

    public static void Attached(string receiver) => WrittenAttachments.Add(1, new KeyValuePair<string, object?>("receiver", receiver));

    public static void Received(string receiver, bool refused) => ReceivedFiles.Add(1, new KeyValuePair<string, object?>("receiver", receiver), new KeyValuePair<string, object?>("refused", refused));
}
