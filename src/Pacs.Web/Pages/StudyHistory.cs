using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Localization;
using Pacs.Storage;
using Pacs.Web.Jobs;

namespace Pacs.Web.Pages;

/// <summary>A line of a study's history.</summary>
/// <param name="At">When.</param>
/// <param name="Text">The key of a text.</param>
/// <param name="Values">What is put into it; names and words from outside, not yet encoded.</param>
/// <param name="State">The key of the text that says how far it is, or null.</param>
/// <param name="Link">Where there is more, starting with <c>~/</c>; null for nowhere.</param>
public sealed record HistoryLine(DateTimeOffset At, string Text, IReadOnlyList<string> Values, string? State = null, string? Link = null);

/// <summary>What has happened to a study: who sent it, what became of it at the practice software and other systems, what the device reported, what contradicted it.</summary>
public sealed class StudyHistory(IndexReader index, JobQueue queue, IStringLocalizer<Texts> texts)
{
    // of each kind; jobs are looked through from the newest one
    private const int MaxLines = 50;
    private const int MaxJobs = 1000;

    /// <summary>The lines, newest first.</summary>
    public async Task<IReadOnlyList<HistoryLine>> OfAsync(Study study, Display show, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(show);
        var lines = await index.ReadAsync(async (db, token) =>
        {
            var lines = new List<HistoryLine>();
            var received = await (
                from i in db.Instances
                join s in db.Series on i.ParentId equals s.Id
                where s.ParentId == study.Id
                group i by new { i.Origin, i.CallingAe, i.RemoteHost } into sender
                orderby sender.Count() descending
                select new { sender.Key, Count = sender.Count(), First = sender.Min(i => i.ReceivedAt), Last = sender.Max(i => i.ReceivedAt) }).Take(MaxLines).ToListAsync(token);
            foreach (var sender in received)
            {
                var who = sender.Key.Origin == OriginKind.Recovered ? "" : sender.Key.CallingAe ?? sender.Key.RemoteHost ?? "";
                lines.Add(new HistoryLine(sender.Last, $"History.{sender.Key.Origin}", [show.Count("Images", sender.Count), show.Text(who, 64), show.Moment(sender.First)]));
            }
            foreach (var file in await db.GdtFiles.Where(g => g.Resource == study.PublicId).OrderByDescending(g => g.At).Take(MaxLines).Select(g => new { g.At, g.Receiver, g.State }).ToListAsync(token))
            {
                lines.Add(new HistoryLine(file.At, "History.Gdt", [file.Receiver], "GdtState." + file.State, "~/gdt"));
            }
            foreach (var step in await db.Steps.Where(s => s.StudyUid == study.Uid).Take(MaxLines).ToListAsync(token))
            {
                lines.Add(new HistoryLine(step.UpdatedAt, "History.Step", [show.Text(step.CallingAe, 64)], step.State switch { StepState.Completed => "Worklist.Completed", StepState.Discontinued => "Worklist.Discontinued", _ => "Worklist.Started" }));
            }
            foreach (var conflict in await db.Conflicts.Where(c => c.Resource == study.PublicId).OrderByDescending(c => c.Id).Take(MaxLines).ToListAsync(token))
            {
                lines.Add(new HistoryLine(conflict.At, "History.Conflict", [show.Text(conflict.CallingAe ?? conflict.RemoteHost ?? "", 64)], Link: "~/probleme"));
            }
            return lines;
        }, ct);
        lines.AddRange(await OriginAsync(study, show, ct));
        var id = study.PublicId.ToString();
        foreach (var job in (await queue.ListAsync(MaxJobs, ct)).Where(j => !ModificationJob.Is(j) && j.Content.Contains(id, StringComparison.Ordinal)).Take(MaxLines))
        {
            lines.Add(new HistoryLine(job.CompletedAt ?? job.CreatedAt, "History.Job", [show.Text(job.Node, 64)], "JobState." + job.State, "~/auftraege"));
        }
        return [.. lines.OrderByDescending(l => l.At)];
    }

    // of what the study was made, by whom, and what was changed: the event has it (ADR 0032)
    private async Task<IReadOnlyList<HistoryLine>> OriginAsync(Study study, Display show, CancellationToken ct)
    {
        var events = await index.ReadAsync(async (db, token) =>
            // a study that was made of no other has none, and the feed is not looked through
            await db.Metadata.AnyAsync(m => m.Level == Level.Study && m.Resource == study.PublicId && (m.Number == ResourceMetadata.ModifiedFrom || m.Number == ResourceMetadata.AnonymizedFrom), token)
                ? await db.Events.Where(e => e.Level == Level.Study && e.Resource == study.PublicId && (e.Kind == EventKind.ModifiedStudy || e.Kind == EventKind.AnonymizedStudy)).ToListAsync(token)
                : [], ct);
        return [.. events.Select(e => Origin(e, show))];
    }

    private HistoryLine Origin(PacsEvent e, Display show)
    {
        var (who, what) = ("", "");
        try
        {
            using var detail = JsonDocument.Parse(e.Detail ?? "{}");
            who = detail.RootElement.TryGetProperty("By", out var by) ? by.GetString() ?? "" : "";
            what = detail.RootElement.TryGetProperty("Replaced", out var replaced) && replaced.ValueKind == JsonValueKind.Array
                ? string.Join(", ", replaced.EnumerateArray().Select(t => t.GetString()).OfType<string>().Select(t => texts["History.Tag." + t] is { ResourceNotFound: false } word ? word.Value : show.Text(t, 64)))
                : "";
        }
        catch (JsonException)
        {
            // of another version: when is known
        }
        return new HistoryLine(e.At, e.Kind == EventKind.AnonymizedStudy ? "History.Anonymized" : "History.Modified", [what, show.Text(who, 100)], Link: "~/papierkorb");
    }
}
