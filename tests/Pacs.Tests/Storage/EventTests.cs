using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class EventTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_consumer_gets_every_event_it_wants_once_and_in_order_across_restarts()
    {
        var consumer = new Recorder("test", EventKind.NewInstance);
        await using var box = await TestArchive.StartAsync(services: s => s.AddSingleton<IEventConsumer>(consumer));
        for (var i = 1; i <= 10; i++)
        {
            await box.StoreAsync(TestArchive.Image(instance: i));
        }
        await consumer.SeenAsync(10);
        await box.RestartAsync();
        for (var i = 11; i <= 20; i++)
        {
            await box.StoreAsync(TestArchive.Image(instance: i));
        }
        await consumer.SeenAsync(20);

        var expected = (await box.EventsAsync()).Where(e => e.Kind == EventKind.NewInstance).Select(e => e.Seq);
        Assert.Equal(expected, consumer.Seen.Select(e => e.Seq));
    }

    [Fact]
    public async Task A_consumer_registered_later_starts_with_the_first_event()
    {
        var consumer = new Recorder("new", EventKind.NewStudy);
        var registered = false;
        await using var box = await TestArchive.StartAsync(services: s =>
        {
            if (registered)
            {
                s.AddSingleton<IEventConsumer>(consumer);
            }
        });
        await box.StoreAsync(TestArchive.Image());
        registered = true;
        await box.RestartAsync();
        await consumer.SeenAsync(1);
    }

    [Fact]
    public async Task An_event_that_a_consumer_fails_on_is_parked_retried_and_holds_up_nothing()
    {
        var consumer = new Recorder("test", EventKind.NewInstance) { FailOn = (e, attempt) => e.Seq == 1 && attempt <= 4 };
        await using var box = await TestArchive.StartAsync(
            o => (o.EventAttempts, o.EventRetryDelay, o.EventRetryLimit) = (2, TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(40)),
            s => s.AddSingleton<IEventConsumer>(consumer));
        for (var i = 1; i <= 5; i++)
        {
            await box.StoreAsync(TestArchive.Image(instance: i));
        }
        await consumer.SeenAsync(5);

        Assert.Equal(5, consumer.Attempts[1]);
        Assert.Equal(5, consumer.Seen.Select(e => e.Seq).Distinct().Count());
        // the others kept their order, and did not wait for it
        var others = consumer.Seen.Select(e => e.Seq).Where(seq => seq != 1).ToList();
        Assert.Equal(others.Order(), others);
        Assert.NotEqual(1, consumer.Seen.First().Seq);
        await UntilAsync(async () => (await box.Get<EventPump>().ParkedAsync(10, Ct)).Count == 0);
    }

    [Fact]
    public async Task A_consumer_that_cannot_work_keeps_the_order_and_parks_nothing()
    {
        var consumer = new Recorder("test", EventKind.NewInstance) { UnavailableFor = 3 };
        await using var box = await TestArchive.StartAsync(
            o => (o.EventAttempts, o.EventRetryDelay) = (2, TimeSpan.FromMilliseconds(10)), s => s.AddSingleton<IEventConsumer>(consumer));
        for (var i = 1; i <= 5; i++)
        {
            await box.StoreAsync(TestArchive.Image(instance: i));
        }
        await consumer.SeenAsync(5);

        Assert.Equal(consumer.Seen.Select(e => e.Seq).Order(), consumer.Seen.Select(e => e.Seq));
        Assert.Empty(await box.Get<EventPump>().ParkedAsync(10, Ct));
        Assert.Single(box.Log, l => l.Contains("cannot go on", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_slow_consumer_does_not_hold_up_another()
    {
        var gate = new TaskCompletionSource();
        var slow = new Recorder("slow", EventKind.NewInstance) { Gate = gate.Task };
        var quick = new Recorder("quick", EventKind.NewInstance);
        await using var box = await TestArchive.StartAsync(services: s => s.AddSingleton<IEventConsumer>(slow).AddSingleton<IEventConsumer>(quick));
        for (var i = 1; i <= 5; i++)
        {
            await box.StoreAsync(TestArchive.Image(instance: i));
        }
        await quick.SeenAsync(5);
        Assert.Empty(slow.Seen);
        gate.SetResult();
        await slow.SeenAsync(5);
    }

    [Fact]
    public async Task An_event_is_there_when_and_only_when_what_it_tells_is()
    {
        await using var box = await TestArchive.StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => box.Writer.WriteAsync(
            (db, _) =>
            {
                db.Announce(EventKind.WorklistAdded, Level.Study, default, DateTimeOffset.UnixEpoch, "R1");
                db.SaveChanges();
                throw new InvalidOperationException("undone");
            }, Ct));
        Assert.Empty(await box.EventsAsync());

        await box.Writer.WriteAsync(
            (db, _) =>
            {
                db.Announce(EventKind.WorklistAdded, Level.Study, default, DateTimeOffset.UnixEpoch, "R2");
                return Task.CompletedTask;
            }, Ct);
        Assert.Equal("R2", Assert.Single(await box.EventsAsync()).Detail);
    }

    [Fact]
    public async Task A_failing_piece_of_work_does_not_take_others_of_its_batch_with_it()
    {
        await using var box = await TestArchive.StartAsync();
        var tasks = Enumerable.Range(0, 100).Select(i => box.Writer.WriteAsync<int>(
            async (db, ct) =>
            {
                db.Settings.Add(new Setting { Name = $"n{i}", Value = "1" });
                await db.SaveChangesAsync(ct);
                return i % 3 == 0 ? throw new InvalidOperationException("this one") : i;
            }, Ct)).ToList();
        await Task.WhenAll(tasks.Select(t => t.ContinueWith(_ => { }, Ct, TaskContinuationOptions.None, TaskScheduler.Default)));

        Assert.All(tasks.Index(), t => Assert.Equal(t.Index % 3 == 0, t.Item.IsFaulted));
        Assert.Equal(66, await box.Reader.ReadAsync((db, ct) => db.Settings.CountAsync(s => s.Name.StartsWith('n'), ct), Ct));
    }

    [Fact]
    public async Task Subscribers_see_what_was_and_what_comes()
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var seen = new ConcurrentQueue<PacsEvent>();
        var running = Task.Run(async () =>
        {
            await foreach (var e in box.Get<EventFeed>().SubscribeAsync(0, stop.Token))
            {
                seen.Enqueue(e);
            }
        }, Ct);
        await UntilAsync(() => Task.FromResult(seen.Count == 4));
        await box.StoreAsync(TestArchive.Image(instance: 2));
        await UntilAsync(() => Task.FromResult(seen.Count == 5));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(await box.EventsAsync(), seen);
    }

    [Fact]
    public async Task What_gets_nothing_new_becomes_stable_also_after_a_restart()
    {
        var clock = new FakeTimeProvider();
        await using var box = await TestArchive.StartAsync(services: s => s.AddSingleton<TimeProvider>(clock));
        var result = await box.StoreAsync(TestArchive.Image());
        await box.RestartAsync(() => clock.Advance(TimeSpan.FromSeconds(59)));
        await box.Get<StabilityWorker>().DeclareAsync(Ct);
        Assert.False((await box.Reader.StudyAsync(result.Study, Ct))!.Study.Stable);

        clock.Advance(TimeSpan.FromSeconds(2));
        await box.Get<StabilityWorker>().DeclareAsync(Ct);
        Assert.True((await box.Reader.StudyAsync(result.Study, Ct))!.Study.Stable);
        Assert.Equal(
            [EventKind.StableSeries, EventKind.StableStudy, EventKind.StablePatient], (await box.EventsAsync()).Select(e => e.Kind).Where(k => k is >= EventKind.StablePatient and <= EventKind.StableSeries));

        // one more image: unstable again, and stable again later
        await box.StoreAsync(TestArchive.Image(instance: 2));
        Assert.False((await box.Reader.StudyAsync(result.Study, Ct))!.Study.Stable);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_does_not_keep_a_study_unstable()
    {
        var clock = new FakeTimeProvider();
        await using var box = await TestArchive.StartAsync(services: s => s.AddSingleton<TimeProvider>(clock));
        var result = await box.StoreAsync(TestArchive.Image());
        await box.Writer.WriteAsync((db, ct) => db.Studies.ExecuteUpdateAsync(s => s.SetProperty(x => x.UpdatedAt, clock.GetUtcNow().AddYears(30)), ct), Ct);
        await box.Get<StabilityWorker>().DeclareAsync(Ct);
        Assert.True((await box.Reader.StudyAsync(result.Study, Ct))!.Study.Stable);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }

    private sealed class Recorder(string name, params EventKind[] kinds) : IEventConsumer
    {
        public string Name => name;

        public ConcurrentQueue<PacsEvent> Seen { get; } = new();

        public ConcurrentDictionary<long, int> Attempts { get; } = new();

        public Func<PacsEvent, int, bool> FailOn { get; init; } = (_, _) => false;

        public int UnavailableFor { get; set; }

        public Task Gate { get; init; } = Task.CompletedTask;

        public bool Wants(EventKind kind) => kinds.Contains(kind);

        public async ValueTask HandleAsync(PacsEvent e, CancellationToken ct)
        {
            await Gate.WaitAsync(ct);
            if (UnavailableFor > 0)
            {
                UnavailableFor--;
                throw new ConsumerUnavailableException("the share is offline");
            }
            var attempt = Attempts.AddOrUpdate(e.Seq, 1, (_, n) => n + 1);
            if (FailOn(e, attempt))
            {
                throw new InvalidDataException("odd");
            }
            Seen.Enqueue(e);
        }

        public Task SeenAsync(int count) => UntilAsync(() => Task.FromResult(Seen.Count >= count));
    }
}
