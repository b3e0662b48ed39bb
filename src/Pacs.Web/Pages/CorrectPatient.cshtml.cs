using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Http;
using Pacs.Web.Jobs;

namespace Pacs.Web.Pages;

/// <summary>
/// <c>/studien/{id}/korrigieren</c>: a study that was made under a wrong name, number or birth date is made again under the right one (ADR 0032); the original goes into the bin when all of it is there.
/// </summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class CorrectPatientModel(IndexReader index, JobQueue queue, JobRunner runner, PacsOptions options, TimeProvider clock) : PageModel
{
    // most are done by then; longer ones are followed on the page of jobs
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The study.</summary>
    public Study Study { get; private set; } = null!;

    /// <summary>Its patient, as he is.</summary>
    public Patient Patient { get; private set; } = null!;

    /// <summary>The patient's other studies.</summary>
    public IReadOnlyList<Study> Others { get; private set; } = [];

    /// <summary>How long the original stays in the bin.</summary>
    public int BinDays => options.BinDays;

    /// <summary>The fields.</summary>
    [BindProperty]
    public PatientForm Form { get; set; } = new();

    /// <summary>Whether all studies of the patient are meant.</summary>
    [BindProperty]
    public bool All { get; set; }

    /// <summary>What is wrong, a text's key by field.</summary>
    public Dictionary<string, string> Wrong { get; } = [];

    /// <summary>Shows the fields.</summary>
    public async Task<IActionResult> OnGetAsync(string id, CancellationToken ct)
    {
        if (!await FindAsync(id, ct))
        {
            return NotFound();
        }
        Form = PatientForm.Of(Patient);
        return Page();
    }

    /// <summary>Makes the job, and waits for it as long as people do.</summary>
    public async Task<IActionResult> OnPostAsync(string id, CancellationToken ct)
    {
        if (!await FindAsync(id, ct))
        {
            return NotFound();
        }
        var replace = Form.Read(Patient, DateOnly.FromDateTime(clock.GetLocalNow().DateTime), Wrong);
        if (Wrong.Count == 0 && replace.Count == 0)
        {
            Wrong[""] = "Correct.Wrong.Nothing";
        }
        if (Wrong.Count > 0)
        {
            Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
            return Page();
        }
        var studies = All ? Others.Prepend(Study).ToList() : [Study];
        var instances = new List<ResourceId>();
        foreach (var study in studies)
        {
            instances.AddRange(await JobInstances.BelowAsync(index, study.PublicId, ct) ?? []);
        }
        var content = new ModificationJob
        {
            Description = ModificationJob.Correction,
            By = HttpContext.Who(),
            Level = Level.Study,
            IsSingle = studies.Count == 1,
            ParentResources = [.. studies.Select(s => s.PublicId.ToString())],
            Replace = replace,
            // they say who gave the number that is replaced
            Remove = replace.ContainsKey("PatientID") ? ["IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence"] : [],
            KeepLabels = true,
            BinsSource = true,
            Seed = Guid.NewGuid().ToString("N"),
        };
        var job = await queue.AddAsync(content.ToJob(ModificationJob.ModifyKind, 10), instances, ct);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
        try
        {
            var done = await runner.WaitAsync(job.PublicId, patience.Token);
            var first = ModificationJob.Of(done ?? job).Results.FirstOrDefault(r => r.Level == Level.Study);
            if (done is { State: JobState.Success } && first is not null && studies.Count == 1)
            {
                return RedirectToPage("/Study", new { id = first.Id, tab = "verlauf" });
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // it goes on without us
        }
        return RedirectToPage("/Jobs");
    }

    private async Task<bool> FindAsync(string id, CancellationToken ct)
    {
        if (!ResourceId.TryParse(id, out var resource) || await index.StudyAsync(resource, ct) is not { } entry)
        {
            return false;
        }
        (Patient, Study) = entry;
        Others = [.. (await index.StudiesOfAsync(Patient.PublicId, ct)).Where(s => s.Id != Study.Id)];
        return true;
    }
}
