using System.Collections.Concurrent;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web.Jobs;

/// <summary>
/// Works on the jobs: a lane for each node that has something to do, several lanes at once. A lane sends over one association, turn by turn, so that a large job does not hold up
/// a small one; a node that does not answer is left alone for a while, longer each time.
/// </summary>
public sealed partial class JobRunner(
    JobQueue queue, IndexReader index, Archive archive, CommitmentRequests requests, CommitmentScu scu, StoreScp storeScp, Modalities modalities, ModalityConnections connections, IEnumerable<ILocalWork> works, PacsOptions options,
    IHostApplicationLifetime lifetime, TimeProvider time, ILogger<JobRunner> logger) : BackgroundService
{
    // between two attempts to read or change jobs while the index is unavailable
    private static readonly TimeSpan Breath = TimeSpan.FromSeconds(1);

    // how long an association is kept for what may come next
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);

    // a clock that was set back, or a change nobody signalled, must not stop everything
    private static readonly TimeSpan Patrol = TimeSpan.FromSeconds(30);

    // what an instance that is on its way may take when the server stops
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(3);

    private readonly StoreWork _store = new(queue, index, archive, requests, scu);
    private readonly RetrieveWork _retrieve = new(queue, connections, storeScp);
    private readonly ILocalWork[] _works = [.. works];
    private readonly ConcurrentDictionary<string, Task> _lanes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _running = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (int Failures, DateTimeOffset RetryAt)> _silent = new(StringComparer.Ordinal);

    /// <summary>Pauses a job; one that runs stops after the instance that is on its way.</summary>
    /// <returns>Whether there is such a job.</returns>
    public async Task<bool> PauseAsync(string id, CancellationToken ct) => Stopped(await queue.PauseAsync(id, ct));

    /// <summary>Cancels a job; one that runs stops after the instance that is on its way.</summary>
    /// <returns>Whether there is such a job.</returns>
    public async Task<bool> CancelAsync(string id, CancellationToken ct) => Stopped(await queue.CancelAsync(id, JobErrors.ByHand, ct));

    /// <summary>Lets a paused job go on. A node that did not answer is tried at once.</summary>
    /// <returns>Whether it was paused.</returns>
    public async Task<bool> ResumeAsync(string id, CancellationToken ct) => Started(await queue.ResumeAsync(id, ct));

    /// <summary>Begins a failed job again, with what of it is not done. A node that did not answer is tried at once.</summary>
    /// <returns>Whether it had failed.</returns>
    public async Task<bool> ResubmitAsync(string id, CancellationToken ct) => Started(await queue.ResubmitAsync(id, ct));

    /// <summary>Waits for the end of a job, or until somebody pauses it, or nothing is left to do but to wait for a report.</summary>
    /// <returns>The job, or null when it was forgotten meanwhile.</returns>
    public async Task<Job?> WaitAsync(string id, CancellationToken ct)
    {
        while (true)
        {
            var change = queue.NextChange;
            var job = await queue.FindAsync(id, ct);
            if (job is null or { CompletedAt: not null } or { State: JobState.Paused or JobState.Unconfirmed })
            {
                return job;
            }
            await change.WaitAsync(ct);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // a node that is asked to send to us must find our port open
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (lifetime.ApplicationStarted.Register(open.SetResult))
        {
            await open.Task.WaitAsync(stoppingToken);
        }
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await queue.RecoverAsync(stoppingToken);
                await AssignAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                LogBroken(e); // the index may be unavailable for a while; what is to be done stays so
                await Task.WhenAny(Task.Delay(Breath, time, stoppingToken));
            }
            await Task.WhenAll(_lanes.Values); // RecoverAsync must not find a job that still runs
        }
    }

    private async Task AssignAsync(CancellationToken ct)
    {
        while (true)
        {
            foreach (var late in await queue.GiveUpReportsAsync(ct))
            {
                LogDone(late);
            }
            var change = queue.NextChange;
            var now = time.GetUtcNow();
            var wake = now + Patrol;
            foreach (var (node, dueAt, isImpatient) in await queue.NodesAsync(ct))
            {
                var retryAt = !isImpatient && _silent.TryGetValue(node, out var silence) ? silence.RetryAt : DateTimeOffset.MinValue;
                var at = dueAt > retryAt ? dueAt : retryAt;
                if (at > now)
                {
                    wake = at < wake ? at : wake;
                }
                else if (_lanes.Count < options.ConcurrentJobs && !_lanes.ContainsKey(node))
                {
                    // it removes itself, which must not come before it is there
                    var start = new TaskCompletionSource();
                    _lanes[node] = RunLaneAsync(node, start.Task, ct);
                    start.SetResult();
                }
            }
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
            await Task.WhenAny(change, Task.Delay(wake - now, time, stop.Token));
            await stop.CancelAsync();
            ct.ThrowIfCancellationRequested();
        }
    }

    private async Task RunLaneAsync(string node, Task start, CancellationToken stop)
    {
        await start;
        await Task.Yield();
        try
        {
            await using var link = new StoreLink(connections);
            while (!stop.IsCancellationRequested)
            {
                var change = queue.NextChange;
                var isSilent = _silent.TryGetValue(node, out var silence) && silence.RetryAt > time.GetUtcNow();
                if (await queue.TakeAsync(node, onlyImpatient: isSilent, stop) is { } job)
                {
                    if (!await RunTurnAsync(job, link, stop))
                    {
                        break;
                    }
                }
                else if (!link.IsOpen || await Task.WhenAny(change, Task.Delay(Linger, time, stop)) != change)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // the next start goes on
        }
        catch (Exception e)
        {
            LogLane(e, node);
            Silence(node);
        }
        finally
        {
            _lanes.TryRemove(node, out _);
            queue.Signal();
        }
    }

    /// <returns>Whether the node answered.</returns>
    private async Task<bool> RunTurnAsync(Job job, StoreLink link, CancellationToken stop)
    {
        if (_works.FirstOrDefault(w => w.Does(job)) is { } work)
        {
            return await RunLocalAsync(job, work, stop);
        }
        var isRetrieve = RetrieveJob.Is(job);
        var content = isRetrieve ? new StoreJob { Permissive = RetrieveJob.Of(job).Permissive } : StoreJob.Of(job);
        using var halt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _running[job.PublicId] = halt;
        var turn = new JobTurn(queue, job, time);
        try
        {
            if (modalities.Find(job.Node) is not { } entry)
            {
                return await FailAsync(turn, JobErrors.NoNode(job.Node));
            }
            var node = content.Apply(entry);
            using var abort = new CancellationTokenSource();
            await using var stopping = stop.Register(() => abort.CancelAfter(StopPatience));
            if (isRetrieve)
            {
                var retrieve = RetrieveJob.Of(job);
                await _retrieve.RunAsync(turn, retrieve, retrieve.Apply(entry), halt.Token, abort.Token);
            }
            else
            {
                await _store.SendAsync(turn, content, node, link, halt.Token, abort.Token);
            }
            if (!await KeepAsync(turn, stop))
            {
                return false;
            }
            if (content.StorageCommitment && await IsSentAsync(job, content))
            {
                turn.IsAsking = true;
                await AskAsync(job, node, abort.Token);
            }
            else
            {
                await EndAsync(job, content.Permissive);
            }
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await turn.SaveAsync();
            await queue.InterruptAsync(job, CancellationToken.None);
            return false;
        }
        catch (Exception e) when (JobErrors.Of(job.Node, e) is { } error)
        {
            return await FailAsync(turn, error);
        }
        catch (Exception e)
        {
            return await GiveBackAsync(turn, e, stop);
        }
        finally
        {
            _running.TryRemove(job.PublicId, out _);
        }
    }

    /// <returns>Whether the lane can go on.</returns>
    private async Task<bool> RunLocalAsync(Job job, ILocalWork work, CancellationToken stop)
    {
        using var halt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _running[job.PublicId] = halt;
        var turn = new JobTurn(queue, job, time);
        try
        {
            await work.RunAsync(turn, halt.Token);
            if (!await KeepAsync(turn, stop))
            {
                return false;
            }
            await EndAsync(job, work.MayFail(job));
            return true;
        }
        catch (OperationCanceledException) when (halt.IsCancellationRequested)
        {
            await turn.SaveAsync();
            await queue.InterruptAsync(job, CancellationToken.None); // one that was cancelled or paused stays so
            return !stop.IsCancellationRequested;
        }
        catch (JobBrokenOffException e)
        {
            // its list may not even be made: it is not done because nothing waits
            await turn.SaveAsync();
            Silence(job.Node);
            await FailTurnAsync(turn, e.Error);
            return false;
        }
        catch (Exception e)
        {
            return await GiveBackAsync(turn, e, stop);
        }
        finally
        {
            _running.TryRemove(job.PublicId, out _);
        }
    }

    /// <summary>Whether nothing is left to be sent, and something was that the node can be asked about.</summary>
    private async Task<bool> IsSentAsync(Job job, StoreJob content) =>
        !await queue.HasWaitingAsync(job, CancellationToken.None)
        && await queue.FindAsync(job.PublicId, CancellationToken.None) is { State: JobState.Running, Sent: > 0 } now && (now.Failed == 0 || content.Permissive);

    private async Task AskAsync(Job job, Modality node, CancellationToken ct)
    {
        var done = await _store.AskAsync(job, node, ct) is { } error
            ? await queue.CancelAsync(job.PublicId, error, CancellationToken.None)
            : await queue.AwaitReportAsync(job, TimeSpan.FromHours(options.StorageCommitmentPatience), CancellationToken.None);
        if (done is { CompletedAt: not null })
        {
            LogDone(done);
        }
    }

    // what the work has done is kept; the rest of it is for the next start when the server stops
    private async Task<bool> KeepAsync(JobTurn turn, CancellationToken stop)
    {
        _silent.TryRemove(turn.Job.Node, out _);
        await turn.SaveAsync();
        if (stop.IsCancellationRequested)
        {
            await queue.InterruptAsync(turn.Job, CancellationToken.None);
            return false;
        }
        if (turn.Error is { } error)
        {
            await queue.NoteErrorAsync(turn.Job, error, CancellationToken.None);
        }
        return true;
    }

    private async Task EndAsync(Job job, bool mayFail)
    {
        if (await queue.EndTurnAsync(job, mayFail, CancellationToken.None) is { CompletedAt: not null } done)
        {
            LogDone(done);
        }
    }

    // the index is unavailable, or we have made a mistake: the job must not stay with us
    private async Task<bool> GiveBackAsync(JobTurn turn, Exception e, CancellationToken stop)
    {
        LogLane(e, turn.Job.Node);
        Silence(turn.Job.Node);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await turn.SaveAsync();
                await queue.FailTurnAsync(turn.Job, turn.HasSent, JobErrors.OwnFailure, CancellationToken.None);
                return false;
            }
            catch (IndexUnavailableException)
            {
                await Task.WhenAny(Task.Delay(Breath, time, stop));
            }
        }
        return false;
    }

    private async Task<bool> FailAsync(JobTurn turn, JobError error)
    {
        var job = turn.Job;
        await turn.SaveAsync();
        Silence(job.Node);
        if (!turn.IsAsking && !await queue.HasWaitingAsync(job, CancellationToken.None))
        {
            // it was the last instance, and its last attempt
            await queue.NoteErrorAsync(job, error, CancellationToken.None);
            if (await queue.EndTurnAsync(job, StoreJob.Of(job).Permissive, CancellationToken.None) is { CompletedAt: not null } done)
            {
                LogDone(done);
            }
            return false;
        }
        await FailTurnAsync(turn, error);
        return false;
    }

    private async Task FailTurnAsync(JobTurn turn, JobError error)
    {
        if (await queue.FailTurnAsync(turn.Job, turn.HasSent, error, CancellationToken.None) is { } now)
        {
            if (now.CompletedAt is not null)
            {
                LogDone(now);
            }
            else
            {
                LogRetry(now.PublicId, now.Node, now.Attempts, error.Sentence);
            }
        }
    }

    private void Silence(string node)
    {
        var failures = _silent.TryGetValue(node, out var before) ? before.Failures + 1 : 1;
        _silent[node] = (failures, time.GetUtcNow() + JobQueue.Delay(failures));
    }

    private bool Stopped(Job? job)
    {
        if (job is not null && job.State is JobState.Paused or JobState.Failure && _running.TryGetValue(job.PublicId, out var halt))
        {
            try
            {
                halt.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // its turn has just ended
            }
        }
        return job is not null;
    }

    private bool Started(Job? job)
    {
        if (job is not null)
        {
            _silent.TryRemove(job.Node, out _);
            queue.Signal();
        }
        return job is not null;
    }

    private void LogDone(Job job)
    {
        if (job.State == JobState.Success)
        {
            LogSent(job.PublicId, job.Sent, job.Node, job.Runtime / 1000.0);
        }
        else
        {
            LogFailed(job.PublicId, job.Node, job.Sent, job.Total, job.Error);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Id}: {Sent} instances sent to {Node} in {Seconds:0.0} s")]
    private partial void LogSent(string id, int sent, string node, double seconds);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Id} for {Node} has failed, {Sent} of {Total} instances are sent: {Error}")]
    private partial void LogFailed(string id, string node, int sent, int total, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Id} for {Node} is tried again, attempt {Attempt} has failed: {Error}")]
    private partial void LogRetry(string id, string node, int attempt, string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "Sending to {Node} failed on our side; it is tried again")]
    private partial void LogLane(Exception cause, string node);

    [LoggerMessage(Level = LogLevel.Error, Message = "The jobs cannot be read or changed at the moment")]
    private partial void LogBroken(Exception cause);
}
