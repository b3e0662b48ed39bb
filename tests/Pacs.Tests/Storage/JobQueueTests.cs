using Microsoft.Extensions.DependencyInjection;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>The jobs in the index: turns, failures, what people want of them, and what a crash leaves.</summary>
public sealed class JobQueueTests
{
    private readonly FakeTimeProvider _clock = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_goes_through_its_turns_and_its_list_goes_when_it_has_succeeded()
    {
        await using var box = await StartAsync();
        var queue = box.Get<JobQueue>();
        var added = await queue.AddAsync(Store("n"), [Id(1), Id(2), Id(2), Id(3)], Ct);
        Assert.Equal(3, added.Total);

        var job = await queue.TakeAsync("n", onlyImpatient: false, Ct);
        Assert.Equal(JobState.Running, job!.State);
        Assert.Null(await queue.TakeAsync("n", onlyImpatient: false, Ct));
        var items = await queue.WaitingAsync(job, 2, Ct);
        Assert.Equal([Id(1), Id(2)], items.Select(i => i.Instance));
        await queue.SaveAsync(job, [.. items.Select(Sent)], TimeSpan.FromSeconds(2), Ct);
        job = await queue.EndTurnAsync(job, mayFail: false, Ct);
        Assert.Equal((JobState.Pending, 2, 2000), (job!.State, job.Sent, job.Runtime));

        job = await queue.TakeAsync("n", onlyImpatient: false, Ct);
        await queue.SaveAsync(job!, [.. (await queue.WaitingAsync(job!, 2, Ct)).Select(Sent)], TimeSpan.Zero, Ct);
        job = await queue.EndTurnAsync(job!, mayFail: false, Ct);
        Assert.Equal((JobState.Success, 3, 0), (job!.State, job.Sent, job.Failed));
        Assert.NotNull(job.CompletedAt);
        Assert.Empty(await queue.WaitingAsync(job, 9, Ct));
    }

    [Fact]
    public async Task What_was_saved_is_not_done_again_after_a_crash()
    {
        await using var box = await StartAsync();
        var queue = box.Get<JobQueue>();
        await queue.AddAsync(Store("n"), [Id(1), Id(2)], Ct);
        var job = await queue.TakeAsync("n", onlyImpatient: false, Ct);
        await queue.SaveAsync(job!, [new JobOutcome(0, JobItemState.Sent, 0)], TimeSpan.Zero, Ct);

        await box.RestartAsync();

        queue = box.Get<JobQueue>();
        await queue.RecoverAsync(Ct);
        job = await queue.TakeAsync("n", onlyImpatient: false, Ct);
        Assert.Equal(1, job!.Sent);
        Assert.Equal(Id(2), Assert.Single(await queue.WaitingAsync(job, 9, Ct)).Instance);
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_tried_again_later_and_later_until_patience_ends()
    {
        await using var box = await StartAsync();
        var queue = box.Get<JobQueue>();
        await queue.AddAsync(Store("n", patience: TimeSpan.FromMinutes(2)), [Id(1)], Ct);
        var waits = new List<double>();
        while (await queue.TakeAsync("n", onlyImpatient: false, Ct) is { } job)
        {
            job = (await queue.FailTurnAsync(job, progressed: false, new JobError(9, JobFault.Unreachable, "no answer"), Ct))!;
            if (job.State == JobState.Failure)
            {
                Assert.Equal((9, "no answer"), (job.ErrorCode, job.Error));
                break;
            }
            Assert.Equal(JobState.Retry, job.State);
            Assert.Null(await queue.TakeAsync("n", onlyImpatient: false, Ct));
            waits.Add((job.DueAt - _clock.GetUtcNow()).TotalSeconds);
            _clock.Advance(job.DueAt - _clock.GetUtcNow());
        }
        Assert.Equal([1, 2, 4, 8, 16, 32, 64], waits);
        Assert.Empty(await queue.NodesAsync(Ct));
    }

    [Fact]
    public async Task A_refused_instance_is_tried_five_times_and_then_counts_as_failed()
    {
        await using var box = await StartAsync();
        var queue = box.Get<JobQueue>();
        await queue.AddAsync(Store("n"), [Id(1), Id(2)], Ct);
        Job? job = null;
        for (var turn = 1; turn <= JobQueue.MaxTries; turn++)
        {
            job = await queue.TakeAsync("n", onlyImpatient: false, Ct);
            var outcomes = (await queue.WaitingAsync(job!, 9, Ct)).Select(i => i.Ordinal == 0 ? Sent(i) : new JobOutcome(i.Ordinal, JobItemState.Waiting, 0xA700));
            await queue.SaveAsync(job!, [.. outcomes], TimeSpan.Zero, Ct);
            job = await queue.EndTurnAsync(job!, mayFail: false, Ct);
            _clock.Advance(TimeSpan.FromMinutes(5));
        }
        Assert.Equal((JobState.Failure, 1, 1), (job!.State, job.Sent, job.Failed));

        // only what failed is done again
        Assert.NotNull(await queue.ResubmitAsync(job.PublicId, Ct));
        job = await queue.TakeAsync("n", onlyImpatient: false, Ct);
        Assert.Equal(Id(2), Assert.Single(await queue.WaitingAsync(job!, 9, Ct)).Instance);
        Assert.Equal((1, 0), (job!.Sent, job.Failed));
    }

    [Fact]
    public async Task Greater_priority_comes_first_and_equals_take_turns()
    {
        await using var box = await StartAsync();
        var queue = box.Get<JobQueue>();
        var large = await queue.AddAsync(Store("n"), [Id(1), Id(2)], Ct);
        _clock.Advance(TimeSpan.FromSeconds(1));
        var small = await queue.AddAsync(Store("n"), [Id(3)], Ct);
        var other = await queue.AddAsync(Store("other"), [Id(3)], Ct);
        _clock.Advance(TimeSpan.FromSeconds(1));
        var taken = new List<string>();
        var urgent = await queue.AddAsync(Store("n", priority: 5), [Id(4)], Ct);
        while (await queue.TakeAsync("n", onlyImpatient: false, Ct) is { } job)
        {
            taken.Add(job.PublicId);
            await queue.SaveAsync(job, [.. (await queue.WaitingAsync(job, 1, Ct)).Select(Sent)], TimeSpan.Zero, Ct);
            await queue.EndTurnAsync(job, mayFail: false, Ct);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal([urgent.PublicId, large.PublicId, small.PublicId, large.PublicId], taken);
        Assert.Equal(JobState.Pending, (await queue.FindAsync(other.PublicId, Ct))!.State);
    }

    [Fact]
    public async Task Instances_gather_in_one_job_until_it_is_done()
    {
        await using var box = await StartAsync();
        var queue = box.Get<JobQueue>();
        for (var i = 1; i <= 3; i++)
        {
            await queue.GatherAsync(Gathering(), Id(i), Ct);
        }
        await queue.GatherAsync(Gathering(), Id(2), Ct); // an event seen twice
        var job = Assert.Single(await queue.ListAsync(9, Ct));
        Assert.Equal(3, job.Total);
        Assert.Null(await queue.TakeAsync("n", onlyImpatient: false, Ct)); // gathers still
        _clock.Advance(TimeSpan.FromSeconds(10));
        job = await queue.TakeAsync("n", onlyImpatient: false, Ct);
        var items = await queue.WaitingAsync(job!, 9, Ct);
        await queue.GatherAsync(Gathering(), Id(4), Ct); // while it runs
        await queue.SaveAsync(job!, [.. items.Select(Sent)], TimeSpan.Zero, Ct);
        Assert.Equal(JobState.Pending, (await queue.EndTurnAsync(job!, mayFail: false, Ct))!.State);
        job = await queue.TakeAsync("n", onlyImpatient: false, Ct);
        await queue.SaveAsync(job!, [.. (await queue.WaitingAsync(job!, 9, Ct)).Select(Sent)], TimeSpan.Zero, Ct);
        Assert.Equal(JobState.Success, (await queue.EndTurnAsync(job!, mayFail: false, Ct))!.State);
        await queue.GatherAsync(Gathering(), Id(5), Ct);
        Assert.Equal([1, 4], (await queue.ListAsync(9, Ct)).Select(j => j.Total));

        Job Gathering()
        {
            var template = Store("n");
            (template.Key, template.DueAt) = ("k", _clock.GetUtcNow() + TimeSpan.FromSeconds(10));
            return template;
        }
    }

    [Fact]
    public async Task Pause_resume_cancel_and_resubmit_do_what_they_say_in_the_right_states_only()
    {
        await using var box = await StartAsync();
        var queue = box.Get<JobQueue>();
        var id = (await queue.AddAsync(Store("n"), [Id(1)], Ct)).PublicId;
        Assert.Null(await queue.ResumeAsync(id, Ct));
        Assert.Null(await queue.ResubmitAsync(id, Ct));
        Assert.Null(await queue.PauseAsync("none", Ct));
        var running = await queue.TakeAsync("n", onlyImpatient: false, Ct);
        Assert.Equal(JobState.Paused, (await queue.PauseAsync(id, Ct))!.State);
        // who runs it finds out at the end of its turn
        Assert.Equal(JobState.Paused, (await queue.EndTurnAsync(running!, mayFail: false, Ct))!.State);
        Assert.Null(await queue.TakeAsync("n", onlyImpatient: false, Ct));
        Assert.Equal(JobState.Pending, (await queue.ResumeAsync(id, Ct))!.State);
        Assert.Null(await queue.DeleteAsync(id, Ct));
        Assert.Equal(JobState.Failure, (await queue.CancelAsync(id, new JobError(37, JobFault.Cancelled, "cancelled"), Ct))!.State);
        Assert.Equal(JobState.Pending, (await queue.ResubmitAsync(id, Ct))!.State);
        await queue.CancelAsync(id, new JobError(37, JobFault.Cancelled, "cancelled"), Ct);
        Assert.NotNull(await queue.DeleteAsync(id, Ct));
        Assert.Null(await queue.FindAsync(id, Ct));
    }

    [Fact]
    public async Task Only_the_last_ones_that_are_done_are_kept()
    {
        await using var box = await StartAsync();
        box.Options.JobsHistorySize = 3;
        var queue = box.Get<JobQueue>();
        var open = await queue.AddAsync(Store("other"), [Id(1)], Ct);
        for (var i = 0; i < 6; i++)
        {
            await queue.AddAsync(Store("n"), [], Ct);
            await queue.EndTurnAsync((await queue.TakeAsync("n", onlyImpatient: false, Ct))!, mayFail: false, Ct);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
        var jobs = await queue.ListAsync(99, Ct);
        Assert.Equal(4 + 1, jobs.Count); // the one that is just done comes on top
        Assert.Contains(jobs, j => j.PublicId == open.PublicId);
    }

    private Task<TestArchive> StartAsync() => TestArchive.StartAsync(services: s => s.AddSingleton<TimeProvider>(_clock));

    private static Job Store(string node, int priority = 0, TimeSpan? patience = null) => new()
    {
        Kind = "DicomModalityStore",
        Node = node,
        Priority = priority,
        Patience = (long)(patience ?? TimeSpan.FromHours(1)).TotalMilliseconds,
    };

    private static JobOutcome Sent(JobItem item) => new(item.Ordinal, JobItemState.Sent, 0);

    private static ResourceId Id(int number) => ResourceId.ForPatient($"{number}");
}
