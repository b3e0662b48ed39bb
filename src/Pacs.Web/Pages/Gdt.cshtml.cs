using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary><c>/gdt</c>: what went to practice software and came from it, newest first, and sending again.</summary>
[IgnoreAntiforgeryToken] // RequestGuard refuses what other sites cause; without a log-in a token would prove nothing more
public sealed class GdtModel(GdtReceivers receivers, GdtFiles files, GdtResend resend, IndexReader index, IServiceProvider services) : PageModel
{
    /// <summary>Lines of each table.</summary>
    public const int MaxRows = 50;

    // what is older is looked for in the study
    private const int MaxPages = 200;

    /// <summary>A receiver and how it is going with him.</summary>
    /// <param name="Receiver">The receiver.</param>
    /// <param name="Status">The hand-over.</param>
    /// <param name="InboxProblem">What stops his inbox, or null.</param>
    /// <param name="Checked">What a check of his folder has found, empty when all is well; null when nobody asked for one.</param>
    public sealed record Line(GdtReceiver Receiver, GdtStatus? Status, string? InboxProblem, string? Checked);

    /// <summary>The receivers.</summary>
    public IReadOnlyList<Line> Receivers { get; private set; } = [];

    /// <summary>Receivers that were entered and get nothing, because something of them is not right any more.</summary>
    public IReadOnlyList<BrokenGdtReceiver> Broken => receivers.Broken;

    /// <summary>What went out, and the patient it is about where he is still here; a file may name no more than his number.</summary>
    public IReadOnlyList<(GdtFile File, GdtRecord? Record, Patient? Patient)> Out { get; private set; } = [];

    /// <summary>Whether only what waits or has failed is shown.</summary>
    public bool IsOpenOnly { get; private set; }

    /// <summary>The page of the list, from 1.</summary>
    public int Number { get; private set; } = 1;

    /// <summary>Whether there is an older page of either list.</summary>
    public bool HasOlder { get; private set; }

    /// <summary>What came in.</summary>
    public IReadOnlyList<GdtIncoming> In { get; private set; } = [];

    /// <summary>Shows both.</summary>
    /// <param name="pruefen">A receiver whose folder is to be checked.</param>
    /// <param name="stand"><c>offen</c>: only what waits or has failed.</param>
    /// <param name="seite">The page, from 1, which is the newest.</param>
    /// <param name="ct">Cancels.</param>
    public async Task OnGetAsync(string? pruefen, string? stand, int? seite, CancellationToken ct)
    {
        (IsOpenOnly, Number) = (stand == "offen", Math.Clamp(seite ?? 1, 1, MaxPages));
        var skip = (Number - 1) * MaxRows;
        var inbox = services.GetService<GdtInbox>();
        var lines = new List<Line>();
        foreach (var receiver in receivers.All)
        {
            var found = receiver.Name == pruefen ? await receiver.CheckFolderAsync(ct) ?? "" : null;
            lines.Add(new Line(receiver, files.StatusOf(receiver.Name), inbox?.ProblemOf(receiver.Name), found));
        }
        Receivers = lines;
        var rows = await index.ReadAsync((db, token) => db.GdtFiles.Where(g => g.State != GdtState.Imported)
            .Where(g => !IsOpenOnly || g.State == GdtState.Queued || g.State == GdtState.Held || g.State == GdtState.Ready || g.State == GdtState.Failed)
            .OrderByDescending(g => g.At).ThenBy(g => g.Resource).ThenBy(g => g.Receiver).Skip(skip).Take(MaxRows + 1).ToListAsync(token), ct);
        In = await index.ReadAsync((db, token) => db.GdtIncoming.Where(g => !IsOpenOnly || g.State == GdtIncomingState.Refused).OrderByDescending(g => g.Id).Skip(skip).Take(MaxRows + 1).ToListAsync(token), ct);
        HasOlder = Math.Max(rows.Count, In.Count) > MaxRows && Number < MaxPages;
        In = [.. In.Take(MaxRows)];
        var shown = new List<(GdtFile, GdtRecord?, Patient?)>();
        foreach (var row in rows.Take(MaxRows))
        {
            var record = row.Body.Length == 0 ? null : GdtReader.Read(row.Body, receivers.Find(row.Receiver)?.Profile.CharacterSet).Records[0];
            shown.Add((row, record, row.Kind == GdtKind.Report ? (await index.InstanceAsync(row.Resource, ct))?.Patient : (await index.StudyAsync(row.Resource, ct))?.Patient));
        }
        Out = shown;
    }

    /// <summary>Sends a file again.</summary>
    public async Task<IActionResult> OnPostSendAsync(string receiver, string kind, string resource, int revision, CancellationToken ct)
    {
        if (ResourceId.TryParse(resource, out var id))
        {
            await resend.SendAsync(new GdtKey(receiver, kind, id, revision), ct);
        }
        return RedirectToPage(); // whatever came of it: the list shows the state
    }
}
