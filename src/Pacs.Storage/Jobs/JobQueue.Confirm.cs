using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>Jobs whose node has to confirm by storage commitment that it keeps what was sent.</summary>
public sealed partial class JobQueue
{
    // "Error in the network protocol"; -1, "Internal error", would be ours
    private const int NetworkProtocol = 9;

    // as many as a statement takes at once
    private const int Batch = 500;

    /// <summary>What of a job has been sent, in order.</summary>
    public Task<List<ResourceId>> SentAsync(Job job, CancellationToken ct) => reader.ReadAsync((db, token) =>
        db.JobItems.Where(i => i.JobId == job.Id && i.State == JobItemState.Sent).OrderBy(i => i.Ordinal).Select(i => i.Instance).ToListAsync(token), ct);

    /// <summary>A running job whose node has taken the question: it waits for the report, which may have come already.</summary>
    /// <param name="job">The job.</param>
    /// <param name="patience">How long.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The job as it is now.</returns>
    public async Task<Job?> AwaitReportAsync(Job job, TimeSpan patience, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(job);
        var now = time.GetUtcNow();
        var row = await writer.WriteAsync(async (db, token) =>
        {
            var it = await db.Jobs.AsTracking().FirstOrDefaultAsync(j => j.Id == job.Id, token);
            if (it is { State: JobState.Running })
            {
                if (await db.JobItems.AnyAsync(i => i.JobId == it.Id && i.State == JobItemState.Waiting, token))
                {
                    // added while the node was asked
                    (it.State, it.DueAt) = (JobState.Pending, now);
                }
                else
                {
                    (it.State, it.DueAt, it.Attempts) = (JobState.Unconfirmed, now + patience, 0);
                    it.SetError(null);
                    if (await db.CommitmentRequests.Where(c => c.JobId == it.Id).OrderByDescending(c => c.Id).FirstOrDefaultAsync(token) is { Answer: not CommitmentAnswer.Pending } answered)
                    {
                        await ConfirmAsync(db, it.Id, CommitmentRequests.FailedOf(answered), token);
                    }
                }
            }
            return it;
        }, ct);
        Signal();
        return row;
    }

    /// <summary>Gives up the jobs whose node has not reported in time.</summary>
    /// <returns>Those.</returns>
    public async Task<IReadOnlyList<Job>> GiveUpReportsAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        if (!await reader.ReadAsync((db, token) => Late(db).AnyAsync(token), ct))
        {
            return []; // as a rule nobody needs the writer
        }
        var late = await writer.WriteAsync(async (db, token) =>
        {
            var jobs = await Late(db).AsTracking().ToListAsync(token);
            foreach (var job in jobs)
            {
                job.SetError(new JobError(NetworkProtocol, JobFault.NoReport, $"{job.Node} has not reported whether it keeps the instances"));
                await CompleteAsync(db, job, isSuccess: false, now, token);
            }
            return jobs;
        }, ct);
        Signal();
        return late;

        IQueryable<Job> Late(PacsDb db) => db.Jobs.Where(j => j.State == JobState.Unconfirmed && j.DueAt <= now);
    }

    /// <summary>In the transaction of a report: ends the job that waits for it. What the node does not keep has failed, whatever the job forgives otherwise: somebody may rely on it.</summary>
    internal async Task ConfirmAsync(PacsDb db, long jobId, IReadOnlyList<FailedReference> failed, CancellationToken ct)
    {
        var job = db.Jobs.Local.FirstOrDefault(j => j.Id == jobId) ?? await db.Jobs.AsTracking().FirstOrDefaultAsync(j => j.Id == jobId, ct);
        if (job is not { State: JobState.Unconfirmed })
        {
            return; // paused or cancelled meanwhile, or not yet at rest: then AwaitReportAsync finds the report
        }
        var marked = 0;
        foreach (var batch in failed.Chunk(Batch))
        {
            var uids = batch.Select(f => f.Instance.SopInstance).ToArray();
            var ids = await db.Instances.Where(i => uids.Contains(i.Uid)).Select(i => i.PublicId).ToArrayAsync(ct);
            marked += await db.JobItems.Where(i => i.JobId == job.Id && i.State == JobItemState.Sent && ids.Contains(i.Instance))
                .ExecuteUpdateAsync(set => set.SetProperty(i => i.State, JobItemState.Failed).SetProperty(i => i.Status, batch[0].Reason), ct);
        }
        (job.Sent, job.Failed) = (job.Sent - marked, job.Failed + marked);
        if (failed.Count > 0)
        {
            job.SetError(new JobError(NetworkProtocol, JobFault.Unconfirmed, $"{job.Node} does not keep {failed.Count} of the instances, the first for the reason {failed[0].Reason:X4}H", $"{failed.Count}"));
        }
        await CompleteAsync(db, job, isSuccess: failed.Count == 0, time.GetUtcNow(), ct);
    }
}
