using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.EntityFrameworkCore;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary><c>/studien/kennzeichen</c>: puts labels on the studies that were ticked, and takes them off.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class StudyLabelsModel(IndexReader index, Labels labels) : PageModel
{
    /// <summary>Labels that are offered.</summary>
    public const int MaxKnown = 200;

    /// <summary>The studies.</summary>
    public IReadOnlyList<StudyEntry> Studies { get; private set; } = [];

    /// <summary>The labels these studies have, with how many have each.</summary>
    public IReadOnlyList<(string Name, int Count)> There { get; private set; } = [];

    /// <summary>The labels there are.</summary>
    public IReadOnlyList<string> Known { get; private set; } = [];

    /// <summary>What was typed.</summary>
    public string Typed { get; private set; } = "";

    /// <summary>What is wrong, a text's key, or null.</summary>
    public string? Wrong { get; private set; }

    /// <summary>All labels that studies have.</summary>
    public static Task<List<string>> KnownAsync(IndexReader index, CancellationToken ct) =>
        index.ReadAsync((db, token) => db.Labels.Where(l => l.Level == Level.Study).Select(l => l.Name).Distinct().OrderBy(n => n).Take(MaxKnown).ToListAsync(token), ct);

    /// <summary>Asks which.</summary>
    public async Task<IActionResult> OnGetAsync(string[] id, CancellationToken ct) => await FindAsync(id, ct) ? Page() : RedirectToPage("/Index");

    /// <summary>Puts one on all of them.</summary>
    public async Task<IActionResult> OnPostAsync(string[] id, string? name, string? zurueck, CancellationToken ct)
    {
        if (!await FindAsync(id, ct))
        {
            return RedirectToPage("/Index");
        }
        Typed = (name ?? "").Trim();
        try
        {
            foreach (var study in Labels.IsLabel(Typed) ? Studies : throw new ArgumentException("no label", nameof(name)))
            {
                await labels.AddAsync(Level.Study, study.Study.PublicId, [Typed], ct);
            }
        }
        catch (ArgumentException)
        {
            Wrong = Labels.IsLabel(Typed) ? "Labels.TooMany" : "Labels.Wrong";
            Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
            return Page();
        }
        return Back(id, zurueck);
    }

    /// <summary>Takes one off all of them.</summary>
    public async Task<IActionResult> OnPostRemoveAsync(string[] id, string name, string? zurueck, CancellationToken ct)
    {
        if (!await FindAsync(id, ct))
        {
            return RedirectToPage("/Index");
        }
        foreach (var study in Studies)
        {
            await labels.RemoveAsync(Level.Study, study.Study.PublicId, name, ct);
        }
        return zurueck == "studie" ? RedirectToPage("/Study", new { id = id[0], ohne = name }) : Back(id, zurueck);
    }

    private RedirectToPageResult Back(string[] id, string? to) => to == "studie" ? RedirectToPage("/Study", new { id = id[0] }) : RedirectToPage(new { id });

    private async Task<bool> FindAsync(string[] id, CancellationToken ct)
    {
        Studies = await Selection.ReadAsync(index, id, ct);
        var resources = Studies.Select(s => s.Study.PublicId).ToArray();
        There = [.. (await index.ReadAsync((db, token) => db.Labels.Where(l => l.Level == Level.Study && resources.Contains(l.Resource)).Select(l => l.Name).ToListAsync(token), ct))
            .GroupBy(n => n, StringComparer.Ordinal).OrderBy(n => n.Key, StringComparer.Ordinal).Select(n => (n.Key, n.Count()))];
        Known = await KnownAsync(index, ct);
        return Studies.Count > 0;
    }
}
