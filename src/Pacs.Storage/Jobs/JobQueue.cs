using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>What has become of one instance in this run.</summary>
/// <param name="Ordinal"><see cref="JobItem.Ordinal"/>.</param>
/// <param name="State">Its state now; <see cref="JobItemState.Waiting"/> when it failed and shall be tried again.</param>
/// <param name="Status">The DIMSE status it failed with, 0 when it did not.</param>
public readonly record struct JobOutcome(int Ordinal, JobItemState State, int Status);

/// <summary>
/// The jobs, in the index: what is to be done, how far it is, and what others want of it. Each change is a transaction, so that a killed server goes on where it
/// was, less what it had not yet <see cref="SaveAsync"/>d.
/// </summary>
public sealed partial class JobQueue(IndexReader reader, IndexWriter writer, StorageOptions options, TimeProvider time)
{
    /// <summary>How often one instance is tried that the node takes but cannot store at the moment.</summary>
    public const int MaxTries = 5;

    private volatile TaskCompletionSource _change = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes at the next change of any job. Take it before looking at the jobs.</summary>
    public Task NextChange => _change.Task;

    /// <summary>Adds a job about these instances, each once.</summary>
    public async Task<Job> AddAsync(Job job, IEnumerable<ResourceId> instances, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(job);
        var list = instances.Distinct().ToList();
        await writer.WriteAsync(async (db, token) =>
        {
            Open(job, list.Count);
            db.Jobs.Add(job);
            await db.SaveChangesAsync(token);
            for (var i = 0; i < list.Count; i++)
            {
                db.JobItems.Add(new JobItem { JobId = job.Id, Ordinal = i, Instance = list[i] });
            }
        }, ct);
        Signal();
        return job;
    }

    /// <summary>Adds an instance to the open job with the key of <paramref name="template"/>, or makes that job of it. An instance that the job has already is left alone.</summary>
    public async Task GatherAsync(Job template, ResourceId instance, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(template);
        await writer.WriteAsync(async (db, token) =>
        {
            var open = await db.Jobs.Where(j => j.Key == template.Key && j.CompletedAt == null).OrderBy(j => j.Id).FirstOrDefaultAsync(token);
            if (open is null)
            {
                Open(template, 0);
                db.Jobs.Add(open = template);
                await db.SaveChangesAsync(token);
            }
            else if (await db.JobItems.AnyAsync(i => i.JobId == open.Id && i.Instance == instance, token))
            {
                return;
            }
            db.JobItems.Add(new JobItem { JobId = open.Id, Ordinal = open.Total, Instance = instance });
            open.Total++;
            if (open.State == JobState.Unconfirmed)
            {
                // what comes late is sent first, then the node is asked about all of it
                (open.State, open.DueAt) = (JobState.Pending, template.DueAt > time.GetUtcNow() ? template.DueAt : time.GetUtcNow());
            }
        }, ct);
        Signal();
    }

    /// <summary>How many are neither done nor given up.</summary>
    public Task<int> CountOpenAsync(CancellationToken ct) => reader.ReadAsync((db, token) => db.Jobs.CountAsync(j => j.CompletedAt == null, token), ct);

    /// <summary>The jobs, newest first.</summary>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public Task<List<Job>> ListAsync(int limit, CancellationToken ct) =>
        reader.ReadAsync((db, token) => db.Jobs.OrderByDescending(j => j.Id).Take(limit).ToListAsync(token), ct);

    /// <summary>A job, or null.</summary>
    public Task<Job?> FindAsync(string publicId, CancellationToken ct) =>
        reader.ReadAsync((db, token) => db.Jobs.FirstOrDefaultAsync(j => j.PublicId == publicId, token), ct);

    /// <summary>After a start: what was being worked on when the last run ended waits again.</summary>
    public Task RecoverAsync(CancellationToken ct) => writer.WriteAsync(
        (db, token) => db.Jobs.Where(j => j.State == JobState.Running).ExecuteUpdateAsync(set => set.SetProperty(j => j.State, JobState.Pending), token), ct);

    /// <summary>The nodes that have something to do, and when.</summary>
    /// <returns>For each node when its first job is due, and whether one of those due is impatient: somebody waits for it.</returns>
    public async Task<IReadOnlyList<(string Node, DateTimeOffset DueAt, bool IsImpatient)>> NodesAsync(CancellationToken ct)
    {
        var nodes = await reader.ReadAsync((db, token) => db.Jobs.Where(j => j.State == JobState.Pending || j.State == JobState.Retry)
            .GroupBy(j => j.Node).Select(g => new { Node = g.Key, DueAt = g.Min(j => j.DueAt), Patience = g.Min(j => j.Patience) }).ToListAsync(token), ct);
        return [.. nodes.Select(n => (n.Node, n.DueAt, n.Patience == 0))];
    }

    /// <summary>
    /// Takes the next job of a node: of those that are due the one with the greatest priority, and of several the one that has waited longest, so that a large
    /// one does not hold up the others. It is running then.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="onlyImpatient">Only jobs somebody waits for: the node does not answer, the others wait.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>Null when there is none.</returns>
    public async Task<Job?> TakeAsync(string node, bool onlyImpatient, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var job = await reader.ReadAsync((db, token) => Due(db).FirstOrDefaultAsync(token), ct) is null ? null : await writer.WriteAsync(async (db, token) =>
        {
            var next = await Due(db).FirstOrDefaultAsync(token);
            if (next is not null)
            {
                next.State = JobState.Running;
            }
            return next;
        }, ct);
        if (job is not null)
        {
            Signal();
        }
        return job;

        IQueryable<Job> Due(PacsDb db) => db.Jobs
            .Where(j => j.Node == node && (j.State == JobState.Pending || j.State == JobState.Retry) && j.DueAt <= now && (!onlyImpatient || j.Patience == 0))
            .OrderByDescending(j => j.Priority).ThenBy(j => j.DueAt).ThenBy(j => j.Id);
    }

    /// <summary>What is to be done of a job now, in order, but what has failed before comes last: one instance that a node breaks off at must not keep the others from it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Cancels.</param>
    public Task<List<JobItem>> WaitingAsync(Job job, int limit, CancellationToken ct) => reader.ReadAsync(async (db, token) =>
    {
        // two queries that read the index ix_job_item_waiting in its own order
        var waiting = db.JobItems.Where(i => i.JobId == job.Id && i.State == JobItemState.Waiting).OrderBy(i => i.Ordinal);
        var items = await waiting.Where(i => i.Tries == 0).Take(limit).ToListAsync(token);
        if (items.Count < limit)
        {
            items.AddRange(await waiting.Where(i => i.Tries > 0 && i.Tries <= job.Attempts).Take(limit - items.Count).ToListAsync(token));
        }
        return items;
    }, ct);

    /// <summary>Whether anything of a job is still to be done, now or later.</summary>
    public Task<bool> HasWaitingAsync(Job job, CancellationToken ct) =>
        reader.ReadAsync((db, token) => db.JobItems.AnyAsync(i => i.JobId == job.Id && i.State == JobItemState.Waiting, token), ct);

    /// <summary>Keeps what has become of instances of a running job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="outcomes">What has been found out since the last time.</param>
    /// <param name="runtime">How long it took.</param>
    /// <param name="ct">Cancels.</param>
    public async Task SaveAsync(Job job, IReadOnlyCollection<JobOutcome> outcomes, TimeSpan runtime, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(job);
        var now = time.GetUtcNow();
        var sent = outcomes.Where(o => o.State == JobItemState.Sent).Select(o => o.Ordinal).ToList();
        await writer.WriteAsync(async (db, token) =>
        {
            var items = db.JobItems.Where(i => i.JobId == job.Id);
            if (sent.Count > 0)
            {
                await items.Where(i => sent.Contains(i.Ordinal)).ExecuteUpdateAsync(set => set.SetProperty(i => i.State, JobItemState.Sent).SetProperty(i => i.Status, 0), token);
            }
            var failed = 0;
            foreach (var o in outcomes.Where(o => o.State != JobItemState.Sent))
            {
                var item = await items.AsTracking().FirstAsync(i => i.Ordinal == o.Ordinal, token);
                item.Tries++;
                item.Status = o.Status;
                if (o.State == JobItemState.Failed || item.Tries >= MaxTries)
                {
                    item.State = JobItemState.Failed;
                    failed++;
                }
            }
            var row = await db.Jobs.AsTracking().FirstOrDefaultAsync(j => j.Id == job.Id, token);
            if (row is not null)
            {
                row.Sent += sent.Count;
                row.Failed += failed;
                row.Runtime += (long)runtime.TotalMilliseconds;
                row.ProgressedAt = sent.Count > 0 ? now : row.ProgressedAt;
            }
        }, ct);
        Signal();
    }

    /// <summary>
    /// Ends a turn of a running job in which the node answered: it is done, has its next turn later, or what failed is tried again later. One that was paused or
    /// cancelled meanwhile stays so.
    /// </summary>
    /// <param name="job">The job.</param>
    /// <param name="mayFail">Whether failed instances do not make the job a failure.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The job as it is now.</returns>
    public async Task<Job?> EndTurnAsync(Job job, bool mayFail, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(job);
        var now = time.GetUtcNow();
        var row = await writer.WriteAsync(async (db, token) =>
        {
            var it = await db.Jobs.AsTracking().FirstOrDefaultAsync(j => j.Id == job.Id, token);
            if (it is not { State: JobState.Running })
            {
                return it;
            }
            // in this transaction, so that nothing is added between the look and the end
            var waiting = db.JobItems.Where(i => i.JobId == it.Id && i.State == JobItemState.Waiting);
            if (!await waiting.AnyAsync(token))
            {
                await CompleteAsync(db, it, it.Failed == 0 || mayFail, now, token);
            }
            else if (await waiting.AnyAsync(i => i.Tries <= it.Attempts, token))
            {
                (it.State, it.DueAt) = (JobState.Pending, now);
            }
            else
            {
                it.Attempts++;
                (it.State, it.DueAt) = (JobState.Retry, now + Delay(it.Attempts));
            }
            return it;
        }, ct);
        Signal();
        return row;
    }

    /// <summary>Ends a turn of a running job in which the node did not answer, or broke off: it is tried again after a while, or given up when its patience has ended.</summary>
    /// <param name="job">The job.</param>
    /// <param name="progressed">Whether something of it succeeded before.</param>
    /// <param name="error">Why.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The job as it is now.</returns>
    public async Task<Job?> FailTurnAsync(Job job, bool progressed, JobError error, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(job);
        var now = time.GetUtcNow();
        var row = await writer.WriteAsync(async (db, token) =>
        {
            // those of the same node that have waited too long end with it, though they had no turn of their own
            var all = await db.Jobs.AsTracking().Where(j => j.Node == job.Node && j.CompletedAt == null).ToListAsync(token);
            var it = all.Find(j => j.Id == job.Id);
            if (it is { State: JobState.Running })
            {
                it.Attempts = progressed ? 1 : it.Attempts + 1;
                (it.State, it.DueAt) = (JobState.Retry, now + Delay(it.Attempts));
                it.SetError(error);
            }
            foreach (var late in all.Where(j => j.State is JobState.Pending or JobState.Retry && (now - j.ProgressedAt).TotalMilliseconds >= j.Patience))
            {
                late.SetError(error);
                await CompleteAsync(db, late, isSuccess: false, now, token);
            }
            return it;
        }, ct);
        Signal();
        return row;
    }

    /// <summary>A running job whose turn was broken off by the stop of the server: it waits for the next start.</summary>
    public Task InterruptAsync(Job job, CancellationToken ct) => writer.WriteAsync((db, token) => db.Jobs.Where(j => j.Id == job.Id && j.State == JobState.Running)
        .ExecuteUpdateAsync(set => set.SetProperty(j => j.State, JobState.Pending), token), ct);

    /// <summary>Keeps what a job has found out beside its instances: its <see cref="Job.Content"/>.</summary>
    public Task NoteContentAsync(Job job, string content, CancellationToken ct) => writer.WriteAsync(
        (db, token) => db.Jobs.Where(j => j.Id == job.Id).ExecuteUpdateAsync(set => set.SetProperty(j => j.Content, content), token), ct);

    /// <summary>The UIDs of the studies (0), series (1) and instances (2) of a job.</summary>
    public Task<Dictionary<string, int>> UidsAsync(Job job, CancellationToken ct) => reader.ReadAsync(async (db, token) =>
    {
        var rows = await (
            from item in db.JobItems
            join instance in db.Instances on item.Instance equals instance.PublicId
            join series in db.Series on instance.ParentId equals series.Id
            join study in db.Studies on series.ParentId equals study.Id
            where item.JobId == job.Id
            select new { Study = study.Uid, Series = series.Uid, Instance = instance.Uid }).ToListAsync(token);
        var uids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var row in rows)
        {
            uids[row.Study] = 0;
            uids[row.Series] = 1;
            uids[row.Instance] = 2;
        }
        return uids;
    }, ct);

    /// <summary>Notes why instances of a job fail.</summary>
    public Task NoteErrorAsync(Job job, JobError error, CancellationToken ct) => writer.WriteAsync(
        async (db, token) => (await db.Jobs.AsTracking().FirstOrDefaultAsync(j => j.Id == job.Id, token))?.SetError(error), ct);

    /// <summary>Cancels a job that is not done: a failure with this error. Also for one that is running; who runs it has to be told.</summary>
    /// <returns>The job, or null when there is none.</returns>
    public Task<Job?> CancelAsync(string publicId, JobError error, CancellationToken ct) => ChangeAsync(publicId, async (db, job, token) =>
    {
        if (job.CompletedAt is null)
        {
            job.SetError(error);
            await CompleteAsync(db, job, isSuccess: false, time.GetUtcNow(), token);
        }
        return true;
    }, ct);

    /// <summary>Stops a job that is not done until it is resumed.</summary>
    /// <returns>The job, or null when there is none.</returns>
    public Task<Job?> PauseAsync(string publicId, CancellationToken ct) => ChangeAsync(publicId, (_, job, _) =>
    {
        job.State = job.CompletedAt is null ? JobState.Paused : job.State;
        return Task.FromResult(true);
    }, ct);

    /// <summary>Lets a paused job go on.</summary>
    /// <returns>The job, or null when it is not paused.</returns>
    public Task<Job?> ResumeAsync(string publicId, CancellationToken ct) => ChangeAsync(publicId, (_, job, _) =>
    {
        if (job.State != JobState.Paused)
        {
            return Task.FromResult(false);
        }
        (job.State, job.DueAt, job.ProgressedAt) = (JobState.Pending, time.GetUtcNow(), time.GetUtcNow());
        return Task.FromResult(true);
    }, ct);

    /// <summary>Begins a failed job again, with what of it is not done.</summary>
    /// <returns>The job, or null when it has not failed.</returns>
    public Task<Job?> ResubmitAsync(string publicId, CancellationToken ct) => ChangeAsync(publicId, async (db, job, token) =>
    {
        if (job.State != JobState.Failure)
        {
            return false;
        }
        await db.JobItems.Where(i => i.JobId == job.Id && i.State != JobItemState.Sent)
            .ExecuteUpdateAsync(set => set.SetProperty(i => i.State, JobItemState.Waiting).SetProperty(i => i.Tries, 0), token);
        var now = time.GetUtcNow();
        (job.State, job.DueAt, job.ProgressedAt, job.CompletedAt) = (JobState.Pending, now, now, null);
        (job.Attempts, job.Failed) = (0, 0);
        job.SetError(null);
        return true;
    }, ct);

    /// <summary>Forgets a job that is done.</summary>
    /// <returns>The job, or null when there is none or it is not done.</returns>
    public Task<Job?> DeleteAsync(string publicId, CancellationToken ct) => ChangeAsync(publicId, async (db, job, token) =>
    {
        if (job.CompletedAt is null)
        {
            return false;
        }
        await db.JobItems.Where(i => i.JobId == job.Id).ExecuteDeleteAsync(token);
        db.Jobs.Remove(job);
        return true;
    }, ct);

    /// <summary>How long to wait after a number of failures in a row: a second at first, five minutes at most.</summary>
    public static TimeSpan Delay(int attempts) => Backoff.After(attempts, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));

    /// <summary>Wakes who waits for <see cref="NextChange"/>.</summary>
    public void Signal()
    {
        var done = Interlocked.Exchange(ref _change!, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        done.TrySetResult();
    }

    private void Open(Job job, int total)
    {
        var now = time.GetUtcNow();
        job.PublicId = Guid.CreateVersion7(now).ToString("D");
        (job.State, job.CreatedAt, job.ProgressedAt, job.Total) = (JobState.Pending, now, now, total);
        job.DueAt = job.DueAt > now ? job.DueAt : now;
    }

    private async Task<Job?> ChangeAsync(string publicId, Func<PacsDb, Job, CancellationToken, Task<bool>> change, CancellationToken ct)
    {
        var changed = await writer.WriteAsync(async (db, token) =>
            await db.Jobs.AsTracking().FirstOrDefaultAsync(j => j.PublicId == publicId, token) is { } job && await change(db, job, token) ? job : null, ct);
        Signal();
        return changed;
    }

    private async Task CompleteAsync(PacsDb db, Job job, bool isSuccess, DateTimeOffset now, CancellationToken ct)
    {
        (job.State, job.CompletedAt) = (isSuccess ? JobState.Success : JobState.Failure, now);
        if (isSuccess)
        {
            // nothing of it can be tried again
            await db.JobItems.Where(i => i.JobId == job.Id).ExecuteDeleteAsync(ct);
        }
        // failures are kept longer: somebody should see them
        await PruneAsync(db, JobState.Success, options.JobsHistorySize, ct);
        await PruneAsync(db, JobState.Failure, 10 * options.JobsHistorySize, ct);
    }

    private static async Task PruneAsync(PacsDb db, JobState state, int keep, CancellationToken ct)
    {
        var old = await db.Jobs.Where(j => j.State == state).OrderByDescending(j => j.CompletedAt).Skip(keep).Select(j => j.Id).ToListAsync(ct);
        if (old.Count > 0)
        {
            await db.JobItems.Where(i => old.Contains(i.JobId)).ExecuteDeleteAsync(ct);
            await db.Jobs.Where(j => old.Contains(j.Id)).ExecuteDeleteAsync(ct);
        }
    }
}
