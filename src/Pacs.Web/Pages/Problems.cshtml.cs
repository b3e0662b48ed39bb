using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Dimse;
using Pacs.Web.Http;

namespace Pacs.Web.Pages;

/// <summary><c>/probleme</c>: what the server could not solve alone, and what somebody can do about it.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class ProblemsModel(IndexReader index, OpenProblems problems, GdtFiles files, GdtResend resend, Conflicts settled, DicomTls tls, TimeProvider time) : PageModel
{
    /// <summary>Lines of each section.</summary>
    public const int MaxRows = 100;

    /// <summary>What a problem is about, as a link.</summary>
    /// <param name="Path">The page, starting with <c>~/</c>.</param>
    /// <param name="Level">What it shows.</param>
    /// <param name="Patient">Whose it is.</param>
    public sealed record Subject(string Path, Level Level, Patient Patient);

    /// <summary>How many there are of each.</summary>
    public ProblemCounts Counts { get; private set; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>When our certificate for DICOM over TLS ends, if that is soon or it has.</summary>
    public DateTimeOffset? CertificateEnds => tls.EndsSoon;

    /// <summary>Whether it has ended.</summary>
    public bool IsCertificateOver => CertificateEnds <= time.GetUtcNow();

    /// <summary>GDT files that could not be delivered yet.</summary>
    public IReadOnlyList<(UndeliveredGdt File, Subject? About)> Gdt { get; private set; } = [];

    /// <summary>Events that could not be handled yet.</summary>
    public IReadOnlyList<(ParkedEntry Entry, Subject? About)> Parked { get; private set; } = [];

    /// <summary>Contradictions between senders.</summary>
    public IReadOnlyList<(Conflict Conflict, Subject? About)> Conflicts { get; private set; } = [];

    /// <summary>Reports of storage commitment that a device does not take.</summary>
    public IReadOnlyList<UntakenReport> Commitments { get; private set; } = [];

    /// <summary>Whether a section has more than it shows.</summary>
    public bool IsCut => Math.Max(Math.Max(Counts.Gdt, Counts.Commitments), Math.Max(Counts.Parked, Counts.Conflicts)) > MaxRows;

    /// <summary>Shows the problems.</summary>
    public async Task OnGetAsync(CancellationToken ct)
    {
        Counts = await problems.CountAsync(ct);
        if (Counts.Total == 0)
        {
            return;
        }
        var gdt = new List<(UndeliveredGdt, Subject?)>();
        foreach (var file in await problems.GdtAsync(MaxRows, ct))
        {
            gdt.Add((file, await StudyOrInstanceAsync(file.Resource, ct)));
        }
        var parked = new List<(ParkedEntry, Subject?)>();
        foreach (var entry in await problems.ParkedAsync(MaxRows, ct))
        {
            parked.Add((entry, await SubjectAsync(entry.Event.Level, entry.Event.Resource, ct)));
        }
        var conflicts = new List<(Conflict, Subject?)>();
        foreach (var conflict in await problems.ConflictsAsync(MaxRows, ct))
        {
            conflicts.Add((conflict, await StudyOrInstanceAsync(conflict.Resource, ct)));
        }
        (Gdt, Parked, Conflicts, Commitments) = (gdt, parked, conflicts, await problems.CommitmentsAsync(MaxRows, ct));
    }

    /// <summary>Sends a GDT file again, with what the archive says now.</summary>
    public async Task<IActionResult> OnPostSendAsync(string receiver, string kind, string resource, int revision, CancellationToken ct)
    {
        if (ResourceId.TryParse(resource, out var id))
        {
            await resend.SendAsync(new GdtKey(receiver, kind, id, revision), ct);
        }
        return RedirectToPage(); // whatever came of it: the list shows the state
    }

    /// <summary>Notes that a GDT file that failed is not needed.</summary>
    public async Task<IActionResult> OnPostDropAsync(string receiver, string kind, string resource, int revision, CancellationToken ct)
    {
        if (ResourceId.TryParse(resource, out var id))
        {
            await files.DropAsync(new GdtKey(receiver, kind, id, revision), ct);
        }
        return RedirectToPage();
    }

    /// <summary>Settles a contradiction: what is shown stays.</summary>
    public async Task<IActionResult> OnPostSettleAsync(long id, CancellationToken ct)
    {
        await settled.SettleAsync(id, HttpContext.Who(), ct);
        return RedirectToPage();
    }

    private async Task<Subject?> StudyOrInstanceAsync(ResourceId id, CancellationToken ct) =>
        await SubjectAsync(Level.Study, id, ct) ?? await SubjectAsync(Level.Instance, id, ct);

    // null for what has been deleted meanwhile, and for events about no resource
    private async Task<Subject?> SubjectAsync(Level level, ResourceId id, CancellationToken ct) => level switch
    {
        Level.Study => await index.StudyAsync(id, ct) is { } study ? new Subject($"~/studien/{id}", level, study.Patient) : null,
        Level.Series => await index.SeriesAsync(id, ct) is { } series ? new Subject($"~/serien/{id}", level, series.Patient) : null,
        Level.Instance => await index.InstanceAsync(id, ct) is { } instance ? new Subject($"~/instanzen/{id}", level, instance.Patient) : null,
        _ => null,
    };
}
