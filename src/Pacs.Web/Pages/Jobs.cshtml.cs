using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Storage;
using Pacs.Web.Dimse;
using Pacs.Web.Import;
using Pacs.Web.Jobs;

namespace Pacs.Web.Pages;

/// <summary><c>/auftraege</c>: what is sent to other systems, how far it is, and stopping it or trying it again.</summary>
[IgnoreAntiforgeryToken] // RequestGuard refuses what other sites cause; without a log-in a token would prove nothing more
public sealed class JobsModel(JobQueue queue, JobRunner runner, Modalities modalities, IndexReader index) : PageModel
{
    /// <summary>Lines of the page.</summary>
    public const int MaxRows = 100;

    /// <summary>A job, and whose images it sends.</summary>
    /// <param name="Job">The job.</param>
    /// <param name="Content">What it is about.</param>
    /// <param name="AeTitle">The node's AE title, or null when there is no such node any more.</param>
    /// <param name="About">The study, as a link, when it is about one that is there.</param>
    public sealed record Row(Job Job, StoreJob Content, string? AeTitle, ProblemsModel.Subject? About)
    {
        /// <summary>What is taken over from an Orthanc; null for other jobs.</summary>
        public ImportJob? Import { get; } = ImportJob.Is(Job) ? ImportJob.Of(Job) : null;

        /// <summary>Percent that are done.</summary>
        public int Progress => Job.State == JobState.Success ? 100 : Job.Total == 0 ? 0 : (int)(100L * Job.Sent / Job.Total);
    }

    /// <summary>Those that are not done, newest first.</summary>
    public IReadOnlyList<Row> Open { get; private set; } = [];

    /// <summary>Those that failed, newest first.</summary>
    public IReadOnlyList<Row> Failed { get; private set; } = [];

    /// <summary>Those that are done, newest first.</summary>
    public IReadOnlyList<Row> Done { get; private set; } = [];

    /// <summary>Whether there are more than the page shows.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Shows the transfers.</summary>
    /// <param name="teil"><c>liste</c> for the list alone, as the script wants it.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string? teil, CancellationToken ct)
    {
        var rows = new List<Row>();
        var jobs = await queue.ListAsync(10 * MaxRows, ct);
        foreach (var group in jobs.GroupBy(Section))
        {
            foreach (var job in group.Take(MaxRows))
            {
                var content = StoreJob.Of(job);
                rows.Add(new Row(job, content, modalities.Find(job.Node)?.AeTitle, await AboutAsync(content, ct)));
            }
            IsCut |= group.Count() > MaxRows;
        }
        Open = [.. rows.Where(r => Section(r.Job) == 0)];
        Failed = [.. rows.Where(r => Section(r.Job) == 1)];
        Done = [.. rows.Where(r => Section(r.Job) == 2)];
        return teil == "liste" ? Partial("_Jobs", this) : Page();
    }

    /// <summary>Begins a failed transfer again.</summary>
    public Task<IActionResult> OnPostResubmitAsync(string id, CancellationToken ct) => DoAsync(runner.ResubmitAsync(id, ct));

    /// <summary>Stops a transfer until it is resumed.</summary>
    public Task<IActionResult> OnPostPauseAsync(string id, CancellationToken ct) => DoAsync(runner.PauseAsync(id, ct));

    /// <summary>Lets a paused transfer go on.</summary>
    public Task<IActionResult> OnPostResumeAsync(string id, CancellationToken ct) => DoAsync(runner.ResumeAsync(id, ct));

    /// <summary>Ends a transfer.</summary>
    public Task<IActionResult> OnPostCancelAsync(string id, CancellationToken ct) => DoAsync(runner.CancelAsync(id, ct));

    /// <summary>Takes a failed job off the list.</summary>
    public async Task<IActionResult> OnPostForgetAsync(string id, CancellationToken ct)
    {
        if (await queue.FindAsync(id, ct) is { State: JobState.Failure })
        {
            await queue.DeleteAsync(id, ct);
        }
        return RedirectToPage();
    }

    // back to the list, whatever came of it: it shows the state
    private async Task<IActionResult> DoAsync(Task<bool> change)
    {
        await change;
        return RedirectToPage();
    }

    private static int Section(Job job) => job.State switch { JobState.Success => 2, JobState.Failure => 1, _ => 0 };

    private async Task<ProblemsModel.Subject?> AboutAsync(StoreJob content, CancellationToken ct) =>
        content.ParentResources.Count == 1 && ResourceId.TryParse(content.ParentResources[0], out var id) && await index.StudyAsync(id, ct) is { } study
            ? new ProblemsModel.Subject($"~/studien/{id}", Level.Study, study.Patient)
            : null;
}
