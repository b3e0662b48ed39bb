using System.Collections.Concurrent;
using System.Security.Authentication;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Dimse;

namespace Pacs.Web.Jobs;

/// <summary>
/// Works on the jobs: a lane for each node that has something to do, several lanes at once. A lane sends over one association, turn by turn, so that a large job does not hold up
/// a small one; a node that does not answer is left alone for a while, longer each time.
/// </summary>
public sealed partial class JobRunner(
    JobQueue queue, IndexReader index, Archive archive, Modalities modalities, ModalityConnections connections, PacsOptions options, TimeProvider time, ILogger<JobRunner> logger)
    : BackgroundService
{
    /// <summary>Orthanc's number for "Error in the network protocol".</summary>
    public const int NetworkProtocol = 9;

    /// <summary>Orthanc's number for "This job was canceled".</summary>
    public const int Cancelled = 37;

    // instances in a turn: others have theirs after it
    private const int Turn = 250;

    // outcomes are kept once in so many instances or so much time, whatever comes first: what a kill makes us send again
    private const int SaveCount = 100;
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(1);

    // how long an association is kept for what may come next
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);

    // a clock that was set back, or a change nobody signalled, must not stop everything
    private static readonly TimeSpan Patrol = TimeSpan.FromSeconds(30);

    // what an instance that is on its way may take when the server stops
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, Task> _lanes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _running = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (int Failures, DateTimeOffset RetryAt)> _silent = new(StringComparer.Ordinal);

    /// <summary>Pauses a job; one that runs stops after the instance that is on its way.</summary>
    /// <returns>Whether there is such a job.</returns>
    public async Task<bool> PauseAsync(string id, CancellationToken ct) => Stopped(await queue.PauseAsync(id, ct));

    /// <summary>Cancels a job; one that runs stops after the instance that is on its way.</summary>
    /// <returns>Whether there is such a job.</returns>
    public async Task<bool> CancelAsync(string id, CancellationToken ct) => Stopped(await queue.CancelAsync(id, Cancelled, "The job was cancelled", ct));

    /// <summary>Lets a paused job go on. A node that did not answer is tried at once.</summary>
    /// <returns>Whether it was paused.</returns>
    public async Task<bool> ResumeAsync(string id, CancellationToken ct) => Started(await queue.ResumeAsync(id, ct));

    /// <summary>Begins a failed job again, with what of it is not done. A node that did not answer is tried at once.</summary>
    /// <returns>Whether it had failed.</returns>
    public async Task<bool> ResubmitAsync(string id, CancellationToken ct) => Started(await queue.ResubmitAsync(id, ct));

    /// <summary>Waits for the end of a job, or until somebody pauses it.</summary>
    /// <returns>The job, or null when it was forgotten meanwhile.</returns>
    public async Task<Job?> WaitAsync(string id, CancellationToken ct)
    {
        while (true)
        {
            var change = queue.NextChange;
            var job = await queue.FindAsync(id, ct);
            if (job is null or { CompletedAt: not null } or { State: JobState.Paused })
            {
                return job;
            }
            await change.WaitAsync(ct);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
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
                await Task.WhenAny(Task.Delay(SaveInterval, time, stoppingToken));
            }
            await Task.WhenAll(_lanes.Values); // RecoverAsync must not find a job that still runs
        }
    }

    private async Task AssignAsync(CancellationToken ct)
    {
        while (true)
        {
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
        var content = StoreJob.Of(job);
        using var halt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _running[job.PublicId] = halt;
        var turn = new TurnLog(queue, job, time);
        var instances = new Dictionary<OutgoingInstance, JobItem>(ReferenceEqualityComparer.Instance);
        try
        {
            if (modalities.Find(job.Node) is not { } entry)
            {
                return await FailAsync(job, turn, $"There is no node {job.Node}");
            }
            var node = content.Apply(entry);
            await PrepareAsync(job, turn, instances, stop);
            using var abort = new CancellationTokenSource();
            await using var stopping = stop.Register(() => abort.CancelAfter(StopPatience));
            MoveOriginator? originator = content.MoveOriginatorAet is { } ae ? new MoveOriginator(ae, content.MoveOriginatorId) : null;
            await link.SendAsync(node, [.. instances.Keys], originator, async sent =>
            {
                await turn.AddAsync(Judge(instances[sent.Instance], sent, turn));
                return !halt.IsCancellationRequested;
            }, abort.Token);
            _silent.TryRemove(job.Node, out _);
            await turn.SaveAsync();
            if (stop.IsCancellationRequested)
            {
                await queue.InterruptAsync(job, CancellationToken.None);
                return false;
            }
            if (turn.Error is { } error)
            {
                await queue.NoteErrorAsync(job, NetworkProtocol, error, CancellationToken.None);
            }
            if (await queue.EndTurnAsync(job, content.Permissive, CancellationToken.None) is { CompletedAt: not null } done)
            {
                LogDone(done);
            }
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await turn.SaveAsync();
            await queue.InterruptAsync(job, CancellationToken.None);
            return false;
        }
        catch (AssociationException e)
        {
            if (link.Broken is { } broken)
            {
                // one that a node breaks off at each time goes behind the others, and is given up in the end
                await turn.AddAsync(new JobOutcome(instances[broken].Ordinal, JobItemState.Waiting, 0));
            }
            return await FailAsync(job, turn, e.Rejection is { } rejection
                ? $"{job.Node} rejects the association: {rejection.Result}, source {rejection.Source}, reason {rejection.Reason}"
                : $"{job.Node}: {e.Message}");
        }
        catch (AuthenticationException)
        {
            return await FailAsync(job, turn, $"{job.Node}: the TLS handshake failed");
        }
        catch (DicomException e)
        {
            return await FailAsync(job, turn, $"{job.Node}: {e.Message}"); // what it sent makes no sense; the text says where, not what
        }
        catch (Exception e)
        {
            // the index is unavailable, or we have made a mistake: the job must not stay with us
            LogLane(e, job.Node);
            Silence(job.Node);
            await GiveBackAsync(job, turn, stop);
            return false;
        }
        finally
        {
            _running.TryRemove(job.PublicId, out _);
        }
    }

    private async Task GiveBackAsync(Job job, TurnLog turn, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await turn.SaveAsync();
                await queue.FailTurnAsync(job, turn.HasSent, errorCode: -1, "The server failed; its log says how", CancellationToken.None);
                return;
            }
            catch (IndexUnavailableException)
            {
                await Task.WhenAny(Task.Delay(SaveInterval, time, stop));
            }
        }
    }

    private async Task<bool> FailAsync(Job job, TurnLog turn, string error)
    {
        await turn.SaveAsync();
        Silence(job.Node);
        if (!await queue.HasWaitingAsync(job, CancellationToken.None))
        {
            // it was the last instance, and its last attempt
            await queue.NoteErrorAsync(job, NetworkProtocol, error, CancellationToken.None);
            if (await queue.EndTurnAsync(job, StoreJob.Of(job).Permissive, CancellationToken.None) is { CompletedAt: not null } done)
            {
                LogDone(done);
            }
            return false;
        }
        if (await queue.FailTurnAsync(job, turn.HasSent, NetworkProtocol, error, CancellationToken.None) is { } now)
        {
            if (now.CompletedAt is not null)
            {
                LogDone(now);
            }
            else
            {
                LogRetry(now.PublicId, now.Node, now.Attempts, error);
            }
        }
        return false;
    }

    private async Task PrepareAsync(Job job, TurnLog turn, Dictionary<OutgoingInstance, JobItem> instances, CancellationToken ct)
    {
        foreach (var item in await queue.WaitingAsync(job, Turn, ct))
        {
            if (await index.LocateAsync(item.Instance, ct) is not { } location)
            {
                turn.Error = "An instance is not here any more";
                await turn.AddAsync(new JobOutcome(item.Ordinal, JobItemState.Failed, DimseStatus.NoSuchSopInstance.Code));
                continue;
            }
            var instance = new OutgoingInstance(
                location.SopClass, location.SopInstance, TransferSyntax.Get(location.SyntaxUid), _ => new(archive.OpenDataset(location)));
            instances.Add(instance, item);
        }
    }

    private static JobOutcome Judge(JobItem item, SentInstance sent, TurnLog turn)
    {
        if (sent.IsStored)
        {
            return new JobOutcome(item.Ordinal, JobItemState.Sent, 0);
        }
        // a peer's own comment may be about the patient: its code has to do
        turn.Error = sent.WasSent ? $"{turn.Job.Node} answers {sent.Status.Code:X4}H" : sent.Status.Comment ?? $"{sent.Status}";
        // what may pass: no room (A7xx, 0213H), a failure without a reason (0110H), a file that cannot be read at the moment; PS3.4 table B.2-1, PS3.7 annex C
        var mayPass = sent.Status.Code is >= 0xA700 and <= 0xA7FF or 0x0110 or 0x0213;
        return new JobOutcome(item.Ordinal, mayPass ? JobItemState.Waiting : JobItemState.Failed, sent.Status.Code);
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

    /// <summary>What a turn has found out, and when to keep it.</summary>
    private sealed class TurnLog(JobQueue queue, Job job, TimeProvider time)
    {
        private readonly List<JobOutcome> _outcomes = [];
        private long _since = time.GetTimestamp();

        public Job Job => job;

        /// <summary>Why the last instance that failed did.</summary>
        public string? Error { get; set; }

        public bool HasSent { get; private set; }

        public async ValueTask AddAsync(JobOutcome outcome)
        {
            _outcomes.Add(outcome);
            HasSent |= outcome.State == JobItemState.Sent;
            if (_outcomes.Count >= SaveCount || time.GetElapsedTime(_since) >= SaveInterval)
            {
                await SaveAsync();
            }
        }

        public async Task SaveAsync()
        {
            if (_outcomes.Count > 0)
            {
                await queue.SaveAsync(job, [.. _outcomes], time.GetElapsedTime(_since), CancellationToken.None);
                _outcomes.Clear();
            }
            _since = time.GetTimestamp();
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
