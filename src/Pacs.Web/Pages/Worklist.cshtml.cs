using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Worklist;

namespace Pacs.Web.Pages;

/// <summary><c>/arbeitsliste</c>: what is to be examined, by device, how far it is, and which device asked when.</summary>
[IgnoreAntiforgeryToken] // RequestGuard refuses what other sites cause; without a log-in a token would prove nothing more
public sealed class WorklistModel(IServiceProvider services, TimeProvider time) : PageModel
{
    /// <summary>Lines of the page.</summary>
    public const int MaxRows = 500;

    /// <summary>An entry.</summary>
    /// <param name="Accession">Its number.</param>
    /// <param name="Order">What it says.</param>
    /// <param name="State">How far it is.</param>
    /// <param name="IsOurs">Whether it can be changed here; false for a file of another program.</param>
    public sealed record Row(string Accession, WorklistOrder Order, WorklistState State, bool IsOurs)
    {
        /// <summary>Whether its values can be changed: no device works with them.</summary>
        public bool CanChange => IsOurs && State is not (WorklistState.Started or WorklistState.Completed);

        /// <summary>Whether it can be offered again.</summary>
        public bool CanOffer => IsOurs && State != WorklistState.Scheduled;
    }

    /// <summary>The entries by device.</summary>
    public IReadOnlyList<IGrouping<(string Modality, string Station), Row>> Devices { get; private set; } = [];

    /// <summary>The last query of each device.</summary>
    public IReadOnlyList<WorklistQuery> Queries { get; private set; } = [];

    /// <summary>Whether the page shows all days, or today only.</summary>
    public bool AllDays { get; private set; }

    /// <summary>Whether there are more than the page shows.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The entry that was just saved, or null.</summary>
    public Row? Saved { get; private set; }

    /// <summary>Shows the list.</summary>
    /// <param name="tage"><c>alle</c> for all days.</param>
    /// <param name="gespeichert">The number of the entry that was just saved.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string? tage, string? gespeichert, CancellationToken ct)
    {
        if (services.GetService<Storage.Worklist>() is not { } worklist)
        {
            return NotFound(); // Worklists.Enable
        }
        AllDays = tage == "alle";
        var today = DateOnly.FromDateTime(time.GetLocalNow().DateTime);
        var items = await worklist.ListAsync(AllDays ? null : today, MaxRows + 1, ct);
        IsCut = items.Count > MaxRows;
        var rows = items.TakeLast(MaxRows).Select(i => new Row(i.Accession, WorklistOrder.Of(i), i.State, IsOurs: true)).ToList();
        foreach (var file in await worklist.FilesAsync(ct))
        {
            var order = WorklistOrder.Of(file, "file");
            if (AllDays || order.Start?.Date == time.GetLocalNow().Date)
            {
                rows.Add(new Row(file.GetString(DicomTag.AccessionNumber) ?? "", order, WorklistState.Scheduled, IsOurs: false));
            }
        }
        Devices = [.. rows.OrderBy(r => r.Order.Start).GroupBy(r => (r.Order.Modality, r.Order.StationAe)).OrderBy(g => g.Key.StationAe, StringComparer.OrdinalIgnoreCase)];
        Queries = services.GetRequiredService<WorklistQueries>().Last;
        Saved = rows.Find(r => r.Accession == gespeichert);
        return Page();
    }

    /// <summary>Offers an entry again.</summary>
    public async Task<IActionResult> OnPostOfferAsync(string accession, CancellationToken ct)
    {
        if (services.GetService<Storage.Worklist>() is not { } worklist)
        {
            return NotFound();
        }
        // whatever came of it: the list shows the state
        await worklist.OfferAgainAsync(accession, ct);
        return RedirectToPage(new { gespeichert = accession });
    }

    /// <summary>The last query of a device, when its entries are made for the AE title it calls with.</summary>
    public WorklistQuery? LastQuery(string station) => Queries.FirstOrDefault(q => string.Equals(q.CallingAe, station, StringComparison.OrdinalIgnoreCase));

    /// <summary>The text that names a kind of device, or null.</summary>
    public static string? TextOf(string modality) => WorklistForm.Modalities.FirstOrDefault(m => m.Modality == modality).Text;

    /// <summary>The day as the page takes it.</summary>
    public static string Day(DateTime? start) => start?.ToString("yyyyMMdd", CultureInfo.InvariantCulture) ?? "";
}
