using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;
using Pacs.Web.Jobs;

namespace Pacs.Web.Pages;

/// <summary><c>/studien/senden</c>: sends the studies that were ticked to a node, each as a job of its own.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class SendStudiesModel(IndexReader index, Modalities modalities, ModalityConnections connections, JobQueue queue, PacsOptions options) : PageModel
{
    /// <summary>What is to be sent.</summary>
    public IReadOnlyList<StudyEntry> Studies { get; private set; } = [];

    /// <summary>Where it can go.</summary>
    public IReadOnlyList<Modality> Nodes => modalities.All;

    /// <summary>Whether nobody said where to.</summary>
    public bool IsNodeMissing { get; private set; }

    /// <summary>Asks where to.</summary>
    public async Task<IActionResult> OnGetAsync(string[] id, CancellationToken ct)
    {
        Studies = await Selection.ReadAsync(index, id, ct);
        return Studies.Count == 0 ? RedirectToPage("/Index") : Page();
    }

    /// <summary>Makes the jobs.</summary>
    public async Task<IActionResult> OnPostAsync(string[] id, string? node, CancellationToken ct)
    {
        Studies = await Selection.ReadAsync(index, id, ct);
        if (Studies.Count == 0)
        {
            return RedirectToPage("/Index");
        }
        if (node is null || modalities.Find(node) is not { } destination)
        {
            IsNodeMissing = true;
            Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
            return Page();
        }
        foreach (var study in Studies)
        {
            if (await JobInstances.BelowAsync(index, study.Study.PublicId, ct) is { } instances)
            {
                var content = new StoreJob
                {
                    ParentResources = [study.Study.PublicId.ToString()],
                    LocalAet = connections.LocalAeTitle(destination),
                    CalledAet = destination.AeTitle,
                };
                await queue.AddAsync(content.ToJob(destination.Name, 0, TimeSpan.FromSeconds(options.JobPatience)), instances, ct);
            }
        }
        return RedirectToPage("/Jobs");
    }
}
