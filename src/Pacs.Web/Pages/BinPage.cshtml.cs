using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Pages;

/// <summary><c>/papierkorb</c>: what was deleted on the pages, to be restored or removed for good.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class BinPageModel(Bin bin, PacsOptions options) : PageModel
{
    /// <summary>How long studies stay.</summary>
    public int BinDays => options.BinDays;

    /// <summary>Lines of the page.</summary>
    public const int MaxRows = 200;

    /// <summary>The studies in the bin.</summary>
    public IReadOnlyList<BinStudy> Studies { get; private set; } = [];

    /// <summary>Whether there are more than the page shows.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Whether something was put here just now.</summary>
    public bool IsNew { get; private set; }

    /// <summary>How many images were missing when a study was restored.</summary>
    public int Missing { get; private set; }

    /// <summary>Shows the bin.</summary>
    public async Task OnGetAsync(int? neu, CancellationToken ct)
    {
        await ReadAsync(ct);
        IsNew = neu is not null && Studies.Count > 0;
    }

    /// <summary>Restores a study and shows it.</summary>
    public async Task<IActionResult> OnPostRestoreAsync(long id, CancellationToken ct)
    {
        switch (await bin.RestoreAsync(id, ct))
        {
            case null:
                return RedirectToPage();
            case { Missing: > 0 } result:
                Missing = result.Missing;
                await ReadAsync(ct);
                return Page();
            case { } result:
                return Redirect(Url.Content($"~/studien/{result.Study}"));
        }
    }

    /// <summary>Removes a study for good.</summary>
    public async Task<IActionResult> OnPostRemoveAsync(long id, CancellationToken ct)
    {
        await bin.EmptyAsync(id, ct);
        return RedirectToPage();
    }

    private async Task ReadAsync(CancellationToken ct)
    {
        var studies = await bin.ListAsync(MaxRows + 1, ct);
        Studies = [.. studies.Take(MaxRows)];
        IsCut = studies.Count > MaxRows;
    }
}
