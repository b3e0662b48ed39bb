using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Localization;
using Pacs.Dicom;
using Pacs.Dicom.Modification;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Jobs;

namespace Pacs.Web.Pages;

/// <summary>A line of a study's history.</summary>
/// <param name="At">When.</param>
/// <param name="Text">The key of a text.</param>
/// <param name="Values">What is put into it; names and words from outside, not yet encoded.</param>
/// <param name="State">The key of the text that says how far it is, or null.</param>
/// <param name="Link">Where there is more, starting with <c>~/</c>; null for nowhere.</param>
/// <param name="Changes">What was changed, or null.</param>
public sealed record HistoryLine(DateTimeOffset At, string Text, IReadOnlyList<string> Values, string? State = null, string? Link = null, IReadOnlyList<ShownChange>? Changes = null);

/// <summary>A changed value, for people.</summary>
/// <param name="Name">What the attribute is called.</param>
/// <param name="Old">What it said before; empty for nothing.</param>
/// <param name="New">What it says now; empty for nothing.</param>
public sealed record ShownChange(string Name, string Old, string New);

/// <summary>What has happened to a study: who sent it, what became of it at the practice software and other systems, what the device reported, what contradicted it.</summary>
public sealed class StudyHistory(IndexReader index, Conflicts conflicts, Archive archive, JobQueue queue, IStringLocalizer<Texts> texts)
{
    // of each kind; jobs are looked through from the newest one
    private const int MaxLines = 50;
    private const int MaxJobs = 1000;
    private const int MaxSteps = 10;
    private const int MaxChanges = 20;

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
                var who = sender.Key.Origin == OriginKind.Recovered ? "" : sender.Key.CallingAe is { } ae ? show.Text(ae, 64) : show.Host(sender.Key.RemoteHost);
                // the moment beside it says it already, where all came in the same second
                var since = show.Moment(sender.First) == show.Moment(sender.Last) ? "" : show.Moment(sender.First);
                lines.Add(new HistoryLine(sender.Last, since.Length > 0 ? $"History.{sender.Key.Origin}.Since" : $"History.{sender.Key.Origin}", [show.Count("Images", sender.Count), who, since]));
            }
            foreach (var file in await db.GdtFiles.Where(g => g.Resource == study.PublicId).OrderByDescending(g => g.At).Take(MaxLines).Select(g => new { g.At, g.Receiver, g.Kind, g.Revision, g.State }).ToListAsync(token))
            {
                // what the old plugin handed over is known by no more than that
                var link = file.State == GdtState.Imported ? null : $"~/gdt/aus/{file.Receiver}/{file.Kind}/{study.PublicId}/{file.Revision}";
                lines.Add(new HistoryLine(file.At, "History.Gdt", [file.Receiver], "GdtState." + file.State, link));
            }
            foreach (var step in await db.Steps.Where(s => s.StudyUid == study.Uid).Take(MaxLines).ToListAsync(token))
            {
                lines.Add(new HistoryLine(step.UpdatedAt, "History.Step", [show.Text(step.CallingAe, 64)], step.State switch { StepState.Completed => "Worklist.Completed", StepState.Discontinued => "Worklist.Discontinued", _ => "Worklist.Started" }));
            }
            foreach (var conflict in await db.Conflicts.Where(c => c.Resource == study.PublicId || db.Instances.Any(
                i => i.PublicId == c.Resource && db.Series.Any(s => s.Id == i.ParentId && s.ParentId == study.Id))).OrderByDescending(c => c.Id).Take(MaxLines).ToListAsync(token))
            {
                lines.Add(new HistoryLine(conflict.At, "History.Conflict", [conflict.CallingAe is { } ae ? show.Text(ae, 64) : show.Host(conflict.RemoteHost)], Link: "~/probleme"));
            }
            return lines;
        }, ct);
        foreach (var decision in await conflicts.DecisionsAsync(study.PublicId, ct))
        {
            var isAbout = decision.Instance != study.PublicId.ToString();
            lines.Add(new HistoryLine(decision.At, isAbout ? "History." + decision.What : "History.SettledStudy", [show.Text(decision.By, 100)], Link: isAbout ? "~/instanzen/" + decision.Instance : null));
        }
        lines.AddRange(await OriginAsync(study, show, ct));
        var id = study.PublicId.ToString();
        foreach (var job in (await queue.ListAsync(MaxJobs, ct)).Where(j => !ModificationJob.Is(j) && j.Content.Contains(id, StringComparison.Ordinal)).Take(MaxLines))
        {
            lines.Add(new HistoryLine(job.CompletedAt ?? job.CreatedAt, "History.Job", [show.Text(job.Node, 64)], "JobState." + job.State, "~/auftraege"));
        }
        return [.. lines.OrderByDescending(l => l.At)];
    }

    // of what the study was made, by whom (the event has it, ADR 0032), and what was changed: the instances have that, or the study that it was made of
    private async Task<IReadOnlyList<HistoryLine>> OriginAsync(Study study, Display show, CancellationToken ct)
    {
        var header = await HeaderAsync(study.PublicId, ct);
        var items = header is null ? [] : OriginalAttributes.Read(header);
        var lines = items.Where(i => i.Reason != OriginalAttributes.Corrected && i.Changes.Count > 0 && i.At is not null)
            .Select(i => new HistoryLine(i.At!.Value, "History.Coerced", [show.Text(i.System, 64)], Changes: Shown(i.Changes, show))).Take(MaxLines).ToList();
        var corrections = new Stack<OriginalAttributesItem>(items.Where(i => i.Reason == OriginalAttributes.Corrected));
        // a study that was made of no other has no event, and the feed is not looked through
        var isMade = await index.ReadAsync((db, token) => db.Metadata.AnyAsync(
            m => m.Level == Level.Study && m.Resource == study.PublicId && (m.Number == ResourceMetadata.ModifiedFrom || m.Number == ResourceMetadata.AnonymizedFrom), token), ct);
        // a study may have been corrected several times: each time it was made of the one before
        var seen = new HashSet<ResourceId>();
        for (ResourceId? made = isMade ? study.PublicId : null; made is { } id && seen.Add(id) && seen.Count <= MaxSteps;)
        {
            var events = await index.ReadAsync((db, token) => db.Events.Where(
                e => e.Level == Level.Study && e.Resource == id && (e.Kind == EventKind.ModifiedStudy || e.Kind == EventKind.AnonymizedStudy)).OrderByDescending(e => e.Seq).Take(MaxLines).ToListAsync(token), ct);
            made = null;
            foreach (var e in events)
            {
                var (who, from, replaced) = Detail(e);
                var isAnonymous = e.Kind == EventKind.AnonymizedStudy;
                var changes = isAnonymous ? [] : corrections.TryPop(out var item) ? item.Changes : await CompareAsync(header, from, replaced, ct);
                // where values are not known, names of what was changed
                var what = changes.Count > 0 ? "" : $" ({string.Join(", ", replaced.Select(r => NameOf(r, show)))})";
                lines.Add(new HistoryLine(e.At, isAnonymous ? "History.Anonymized" : "History.Modified", [replaced.Count > 0 ? what : "", show.Text(who, 100)], Link: isAnonymous ? null : "~/papierkorb", Changes: Shown(changes, show)));
                made = isAnonymous || corrections.Count == 0 ? null : from;
            }
        }
        return lines;
    }

    private static (string Who, ResourceId? From, IReadOnlyList<string> Replaced) Detail(PacsEvent e)
    {
        try
        {
            using var detail = JsonDocument.Parse(e.Detail ?? "{}");
            return (
                detail.RootElement.TryGetProperty("By", out var by) ? by.GetString() ?? "" : "",
                detail.RootElement.TryGetProperty("From", out var from) && ResourceId.TryParse(from.GetString(), out var id) ? id : null,
                detail.RootElement.TryGetProperty("Replaced", out var replaced) && replaced.ValueKind == JsonValueKind.Array ? [.. replaced.EnumerateArray().Select(t => t.GetString()).OfType<string>()] : []);
        }
        catch (JsonException)
        {
            return ("", null, []); // of another version: when is known
        }
    }

    // over REST nothing is noted in the instances, as Orthanc's clients expect it; as a rule the study they were made of is still here
    private async Task<IReadOnlyList<AttributeChange>> CompareAsync(DicomDataset? header, ResourceId? from, IReadOnlyList<string> replaced, CancellationToken ct)
    {
        if (header is null || from is null || await HeaderAsync(from.Value, ct) is not { } before)
        {
            return [];
        }
        return [.. replaced.Select(name => DicomTag.TryParse(name, out var tag) && DicomDictionary.GetVr(tag).IsString ? new AttributeChange(tag, before.GetString(tag) ?? "", header.GetString(tag) ?? "") : null)
            .OfType<AttributeChange>().Where(c => c.Old != c.New)];
    }

    private async Task<DicomDataset?> HeaderAsync(ResourceId study, CancellationToken ct)
    {
        if (await index.SeriesOfAsync(study, ct) is not [var series, ..] || await index.InstancesOfAsync(series.PublicId, 0, 1, ct) is not [var instance]
            || await index.LocateAsync(instance.PublicId, ct) is not { } location || archive.TryGetPath(location.Key) is not { } path)
        {
            return null;
        }
        try
        {
            return (await DicomFile.OpenAsync(path, DicomReadOptions.HeaderOnly, ct)).Dataset;
        }
        catch (Exception e) when (e is DicomException or IOException or UnauthorizedAccessException)
        {
            return null; // a damaged file is a matter of other pages
        }
    }

    private IReadOnlyList<ShownChange>? Shown(IReadOnlyList<AttributeChange> changes, Display show) =>
        changes.Count == 0 ? null : [.. changes.Take(MaxChanges).Select(c => new ShownChange(NameOf(DicomDictionary.Find(c.Tag)?.Keyword ?? c.Tag.ToString(), show), Value(c.Tag, c.Old, show), Value(c.Tag, c.New, show)))];

    private string NameOf(string keyword, Display show) => texts["History.Tag." + keyword] is { ResourceNotFound: false } word ? word.Value : show.Text(keyword, 64);

    private static string Value(DicomTag tag, string value, Display show) => value.Length == 0 ? ""
        : tag == DicomTag.PatientSex ? show.SexWord(value)
        : DicomDictionary.GetVr(tag) == DicomVr.PN ? show.Name(value)
        : DicomDictionary.GetVr(tag) == DicomVr.DA ? show.Date(value) : show.Text(value, 100);
}
