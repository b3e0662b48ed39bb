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
    public const int MaxRows = 100;

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

    /// <summary>What went out.</summary>
    public IReadOnlyList<(GdtFile File, GdtRecord? Record)> Out { get; private set; } = [];

    /// <summary>What came in.</summary>
    public IReadOnlyList<GdtIncoming> In { get; private set; } = [];

    /// <summary>Shows both.</summary>
    /// <param name="pruefen">A receiver whose folder is to be checked.</param>
    /// <param name="ct">Cancels.</param>
    public async Task OnGetAsync(string? pruefen, CancellationToken ct)
    {
        var inbox = services.GetService<GdtInbox>();
        var lines = new List<Line>();
        foreach (var receiver in receivers.All)
        {
            var found = receiver.Name == pruefen ? await receiver.CheckFolderAsync(ct) ?? "" : null;
            lines.Add(new Line(receiver, files.StatusOf(receiver.Name), inbox?.ProblemOf(receiver.Name), found));
        }
        Receivers = lines;
        var rows = await index.ReadAsync((db, token) => db.GdtFiles.Where(g => g.State != GdtState.Imported).OrderByDescending(g => g.At).Take(MaxRows).ToListAsync(token), ct);
        Out = [.. rows.Select(r => (r, r.Body.Length == 0 ? null : GdtReader.Read(r.Body, receivers.Find(r.Receiver)?.Profile.CharacterSet).Records[0]))];
        In = await index.ReadAsync((db, token) => db.GdtIncoming.OrderByDescending(g => g.Id).Take(MaxRows).ToListAsync(token), ct);
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
