using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary><c>/arbeitsliste/{Auftragsnummer}/loeschen</c>: names the patient before an entry is deleted.</summary>
[IgnoreAntiforgeryToken] // RequestGuard refuses what other sites cause; without a log-in a token would prove nothing more
public sealed class WorklistDeleteModel(IServiceProvider services) : PageModel
{
    /// <summary>The entry.</summary>
    public WorklistItem Item { get; private set; } = new();

    /// <summary>What it says.</summary>
    public WorklistOrder Order => WorklistOrder.Of(Item);

    /// <summary>Asks.</summary>
    public async Task<IActionResult> OnGetAsync(string accession, CancellationToken ct)
    {
        if (services.GetService<Storage.Worklist>() is not { } worklist || await worklist.FindAsync(accession, ct) is not { } item)
        {
            return NotFound();
        }
        Item = item;
        return Page();
    }

    /// <summary>Deletes the entry.</summary>
    public async Task<IActionResult> OnPostAsync(string accession, CancellationToken ct)
    {
        if (services.GetService<Storage.Worklist>() is not { } worklist || !await worklist.DeleteAsync(accession, ct))
        {
            return NotFound();
        }
        return RedirectToPage("Worklist");
    }
}
