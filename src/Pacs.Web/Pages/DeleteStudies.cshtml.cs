using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Pages;

/// <summary><c>/studien/loeschen</c>: names the studies that were ticked before they go to the bin.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class DeleteStudiesModel(IndexReader index, Bin bin, PacsOptions options) : PageModel
{
    /// <summary>How long they stay in the bin.</summary>
    public int BinDays => options.BinDays;

    /// <summary>What is to be deleted.</summary>
    public IReadOnlyList<StudyEntry> Studies { get; private set; } = [];

    /// <summary>How many images these are.</summary>
    public long Images => Studies.Sum(s => (long)s.Study.InstanceCount);

    /// <summary>Asks.</summary>
    public async Task<IActionResult> OnGetAsync(string[] id, CancellationToken ct)
    {
        Studies = await Selection.ReadAsync(index, id, ct);
        return Studies.Count == 0 ? RedirectToPage("/Index") : Page();
    }

    /// <summary>Deletes.</summary>
    public async Task<IActionResult> OnPostAsync(string[] id, CancellationToken ct)
    {
        foreach (var study in await Selection.ReadAsync(index, id, ct))
        {
            await bin.PutAsync(study.Study.PublicId, ct);
        }
        return RedirectToPage("/BinPage", new { neu = 1 });
    }
}
