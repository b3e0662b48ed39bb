using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Dimse;
using Pacs.Web.Worklist;

namespace Pacs.Web.Pages;

/// <summary><c>/arbeitsliste/neu</c> and <c>/arbeitsliste/{Auftragsnummer}</c>: the form that makes or changes an entry.</summary>
[IgnoreAntiforgeryToken] // RequestGuard refuses what other sites cause; without a log-in a token would prove nothing more
public sealed class WorklistEntryModel(IServiceProvider services, GdtReceivers receivers, Modalities nodes, TimeProvider time) : PageModel
{
    /// <summary>The number that is none: a new entry.</summary>
    public const string New = "neu";

    /// <summary>The number of the entry, or null for a new one.</summary>
    public string? Accession { get; private set; }

    /// <summary>The form.</summary>
    public WorklistForm Form { get; private set; } = new();

    /// <summary>AE titles to choose from: those of earlier entries, of known nodes and of devices that asked.</summary>
    public IReadOnlyList<string> Stations { get; private set; } = [];

    /// <summary>Whether a device has begun meanwhile, so that nothing can be changed.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Whether the entry could not be stored now.</summary>
    public bool IsUnavailable { get; private set; }

    /// <summary>Shows the form.</summary>
    public async Task<IActionResult> OnGetAsync(string accession, CancellationToken ct)
    {
        if (services.GetService<Storage.Worklist>() is not { } worklist)
        {
            return NotFound(); // Worklists.Enable
        }
        var earlier = await PrepareAsync(worklist, accession, ct);
        if (accession == New)
        {
            Form = WorklistForm.Of(new WorklistOrder
            {
                PatientId = "",
                PatientName = "",
                Modality = earlier?.Modality ?? "US",
                StationAe = earlier?.StationAe ?? "US01",
                Start = time.GetLocalNow().DateTime,
                Source = "hand",
            });
            return Page();
        }
        if (await worklist.FindAsync(accession, ct) is not { } item)
        {
            return NotFound();
        }
        var order = WorklistOrder.Of(item);
        var now = time.GetLocalNow().DateTime;
        Form = WorklistForm.Of(order.Start >= now.Date ? order : order with { Start = now }); // what has expired is offered today
        HasBegun = item.State is WorklistState.Started or WorklistState.Completed;
        return Page();
    }

    /// <summary>Saves the form, and goes back to the list when it is good.</summary>
    public async Task<IActionResult> OnPostAsync(string accession, [FromForm(Name = "")] WorklistForm form, CancellationToken ct)
    {
        if (services.GetService<Storage.Worklist>() is not { } worklist)
        {
            return NotFound();
        }
        var item = accession == New ? null : await worklist.FindAsync(accession, ct);
        if (item is null && accession != New)
        {
            return NotFound();
        }
        Form = form;
        var now = time.GetLocalNow().DateTime;
        if (form.Read(item is null ? null : WorklistOrder.Of(item), receivers.DefaultProfile, now) is { } order)
        {
            try
            {
                // once begun it is finished: whoever closes the page must not have half an entry
                var saved = item is null ? (await worklist.AddAsync(order, CancellationToken.None)).Accession
                    : await worklist.ChangeAsync(item.Accession, order, CancellationToken.None) ? item.Accession : null;
                if (saved is not null)
                {
                    return RedirectToPage("Worklist", new { gespeichert = saved, tage = order.Start?.Date == now.Date ? null : "alle" });
                }
                HasBegun = true;
            }
            catch (IndexUnavailableException)
            {
                IsUnavailable = true;
                Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            }
        }
        else
        {
            Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        }
        await PrepareAsync(worklist, accession, ct);
        return Page();
    }

    // the last entry that was made by hand says which device the next is for
    private async Task<WorklistItem?> PrepareAsync(Storage.Worklist worklist, string accession, CancellationToken ct)
    {
        Accession = accession == New ? null : accession;
        var items = await worklist.ListAsync(null, WorklistModel.MaxRows, ct);
        Stations = [.. items.Select(i => i.StationAe).Concat(services.GetRequiredService<WorklistQueries>().Last.Select(q => q.CallingAe)).Concat(nodes.All.Select(n => n.AeTitle))
            .Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase).Take(50)];
        return items.Where(i => i.Source == "hand").MaxBy(i => i.Id) ?? items.MaxBy(i => i.Id);
    }
}
