using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class RecoveryTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_server_finds_everything_that_it_acknowledged()
    {
        await using var box = await TestArchive.StartAsync();
        await FillAsync(box, 12);
        await using var after = await box.StartOnCopyAsync();

        Assert.Equal(12, (await after.Reader.StatisticsAsync(Ct)).Instances);
        Assert.Equal(await box.EventsAsync(), await after.EventsAsync());
        Assert.Equal(0, after.Recovered.Adopted);
        await after.AssertConsistentAsync();
    }

    [Theory]
    [InlineData(3)]
    [InlineData(0)] // the first instance ever: the index is empty, and still not lost
    public async Task Unfinished_files_are_swept_and_published_ones_without_a_row_adopted_and_announced(int before)
    {
        var consumer = new Counter();
        await using var box = await TestArchive.StartAsync(services: s => s.AddSingleton<IEventConsumer>(consumer));
        await FillAsync(box, before);
        Assert.Equal(before, (await box.Reader.StatisticsAsync(Ct)).Instances); // their rows are there, too
        await using var other = await TestArchive.StartAsync();
        await other.StoreAsync(TestArchive.Image(study: 7));
        // received before the journal began: nothing tells that nobody was promised it
        var key = $"2026/01/02/{Guid.CreateVersion7(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)):N}.dcm";
        await using var after = await box.StartOnCopyAsync(copy =>
        {
            // a file that has no row, and another that was half-way
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Join(copy, "dicom", key))!);
            File.Copy(other.Files()[0], Path.Join(copy, "dicom", key));
            File.WriteAllBytes(Path.Join(copy, "dicom", "incoming", "half"), [1, 2, 3]);
        });

        Assert.Equal((1, 1), (after.Recovered.Swept, after.Recovered.Adopted));
        var study = Assert.Single(await after.Reader.StudiesByUidAsync(TestArchive.Uid(7), Ct));
        var adopted = (await after.EventsAsync()).Where(e => e.Resource == study.Study.PublicId).ToList();
        Assert.False(Assert.Single(adopted, e => e.Kind == EventKind.NewStudy).Rebuilt);
        Assert.Equal(key, (await after.Reader.LocateAsync(TestArchive.Uid(7, 1, 1), Ct))[0].Key);
        await consumer.SeenAsync(before + 1);
        await after.AssertConsistentAsync();
    }

    [Fact]
    public async Task A_file_that_is_gone_is_reported_and_nothing_else_suffers()
    {
        await using var box = await TestArchive.StartAsync();
        await FillAsync(box, 3);
        await box.RestartAsync(() => File.Delete(box.Files()[0]));
        Assert.Single(box.Recovered.Missing);
        Assert.Equal(3, (await box.Reader.StatisticsAsync(Ct)).Instances);
    }

    [Theory]
    [InlineData("index deleted")]
    [InlineData("index folder deleted")]
    [InlineData("page damaged")]
    [InlineData("file cut")]
    [InlineData("no database at all")]
    public async Task A_lost_index_is_made_again_from_the_files_and_announces_nothing_again(string fault)
    {
        var consumer = new Counter();
        await using var box = await TestArchive.StartAsync(services: s => s.AddSingleton<IEventConsumer>(consumer));
        await FillAsync(box, 10);
        await box.StoreAsync(TestArchive.Image(instance: 1, size: 999)); // a conflict
        await consumer.SeenAsync(10);
        var before = await SnapshotAsync(box);
        await box.RestartAsync(() => Break(box.IndexPath, fault));

        Assert.Equal(before, await SnapshotAsync(box));
        Assert.Equal(11, box.Recovered.Adopted);
        Assert.All((await box.EventsAsync()).Where(e => e.Kind == EventKind.NewInstance), e => Assert.True(e.Rebuilt));
        Assert.Equal(10, consumer.Count);
        Assert.Single(await box.Reader.ConflictsAsync(10, Ct));
        await box.AssertConsistentAsync();
        if (fault is "page damaged" or "file cut" or "no database at all")
        {
            Assert.NotEmpty(Directory.GetFiles(box.Options.ResolvedIndexDirectory, "*.damaged-*"));
            Assert.Contains(box.Log, l => l.Contains("is damaged", StringComparison.Ordinal));
        }

        // life goes on: what is there is known (its digest is made now), what is new is announced
        Assert.Equal(StoreOutcome.AlreadyStored, (await box.StoreAsync(TestArchive.Image(instance: 1))).Outcome);
        await box.StoreAsync(TestArchive.Image(study: 50));
        await consumer.SeenAsync(11);
        await box.RestartAsync();
        Assert.Equal(0, box.Recovered.Adopted);
    }

    [Fact]
    public async Task A_rebuild_that_was_broken_off_is_gone_on_with_and_announces_nothing()
    {
        const int Count = 130;
        var consumer = new Counter();
        void Consume(IServiceCollection services) => services.AddSingleton<IEventConsumer>(consumer);
        await using var box = await TestArchive.StartAsync(services: Consume);
        await FillAsync(box, Count);
        await consumer.SeenAsync(Count);
        await box.StopAsync();
        File.Delete(box.IndexPath);

        // each row asks for the time. In the middle of the first 64 the server is told to stop; a copy of that moment is what a killed one leaves.
        using var told = new CancellationTokenSource();
        var killed = "";
        var clock = new CountingClock(40, () =>
        {
            killed = TestArchive.Copy(box.Folder);
            told.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => TestArchive.StartAsync(services: s => Consume(s.AddSingleton<TimeProvider>(clock)), folder: box.Folder, stop: told.Token));

        await box.RestartAsync();
        await using var other = await TestArchive.StartAsync(services: Consume, folder: killed);
        Assert.InRange(box.Recovered.Adopted, 1, Count - 1); // or nothing was broken off
        foreach (var after in new[] { box, other })
        {
            Assert.Equal(Count, (await after.EventsAsync()).Count(e => e is { Kind: EventKind.NewInstance, Rebuilt: true }));
            Assert.DoesNotContain(await after.EventsAsync(), e => e is { Kind: EventKind.NewInstance, Rebuilt: false });
            await after.AssertConsistentAsync();
            // it is over: what is stored now is new
            await after.StoreAsync(TestArchive.Image(study: 50));
            await after.RestartAsync();
            Assert.Equal(0, after.Recovered.Adopted);
        }
        await consumer.SeenAsync(Count + 2);
        Assert.Equal(Count + 2, consumer.Count);
    }

    [Fact]
    public async Task A_lost_log_is_noticed_and_what_it_held_read_again()
    {
        var consumer = new Counter();
        await using var box = await TestArchive.StartAsync(services: s => s.AddSingleton<IEventConsumer>(consumer));
        await FillAsync(box, 10);
        await consumer.SeenAsync(10);
        await using var after = await box.StartOnCopyAsync(copy => File.Delete(Path.Join(copy, "index", "index.db-wal")));

        Assert.Equal(10, (await after.Reader.StatisticsAsync(Ct)).Instances);
        Assert.Contains(after.Log, l => l.Contains("write-ahead log", StringComparison.Ordinal));
        Assert.All((await after.EventsAsync()).Where(e => e.Kind == EventKind.NewInstance), e => Assert.True(e.Rebuilt));
        await after.AssertConsistentAsync();
    }

    [Fact]
    public async Task An_older_index_is_noticed_and_completed_without_announcing()
    {
        await using var box = await TestArchive.StartAsync();
        await FillAsync(box, 2);
        await box.RestartAsync(() => File.Copy(box.IndexPath, box.IndexPath + ".backup"));
        await FillAsync(box, 6);
        await box.RestartAsync(() => File.Move(box.IndexPath + ".backup", box.IndexPath, overwrite: true));

        Assert.Equal((6, 4), ((await box.Reader.StatisticsAsync(Ct)).Instances, box.Recovered.Adopted));
        Assert.Equal(4, (await box.EventsAsync()).Count(e => e is { Kind: EventKind.NewInstance, Rebuilt: true }));
        await box.AssertConsistentAsync();
    }

    [Theory]
    [InlineData("not broken off")]
    [InlineData("before it is moved")]
    [InlineData("before its log is moved")]
    [InlineData("before there is a new one")]
    [InlineData("before the new one is filled")]
    public async Task What_files_cannot_tell_is_taken_over_from_a_damaged_index(string end)
    {
        await using var box = await TestArchive.StartAsync();
        await FillAsync(box, 40);
        await box.Writer.WriteAsync(
            (db, _) =>
            {
                db.Settings.Add(new Setting { Name = Setting.Accession, Value = "4711" });
                db.Worklist.Add(new WorklistItem { Accession = "R0000004711", StudyUid = "1.2.9" });
                db.Steps.Add(new ProcedureStep { Uid = "1.2.10" });
                db.Commitments.Add(new Commitment { TransactionUid = "1.2.11" });
                db.GdtFiles.Add(new GdtFile { Kind = "study", Resource = ResourceId.ForStudy("P1", "1.2.3.1"), State = "written", Path = "x.gdt" });
                db.Consumers.Add(new ConsumerCursor { Name = "gdt", Seq = 40 });
                return Task.CompletedTask;
            }, Ct);
        var marked = await box.Reader.ReadAsync((db, ct) => db.Instances.Select(i => i.PublicId).FirstAsync(ct), Ct);
        Assert.True(await box.Get<KeyImages>().MarkAsync(marked, 1, Ct));
        var seq = await box.Reader.LastSeqAsync(Ct);
        await box.RestartAsync(() =>
        {
            Break(box.IndexPath, "index of instances damaged");
            // what a server leaves that is killed while it sets the damaged index aside
            var aside = box.IndexPath + ".damaged-20261123T101500000";
            if (end != "not broken off")
            {
                File.WriteAllText(Path.Join(box.Options.ResolvedIndexDirectory, "pacs.lock"), "rebuilding " + Path.GetFileName(aside));
                File.WriteAllText(box.IndexPath + "-wal", "");
            }
            if (end.StartsWith("before its log", StringComparison.Ordinal) || end.StartsWith("before the", StringComparison.Ordinal))
            {
                File.Move(box.IndexPath, aside);
            }
            if (end.StartsWith("before the", StringComparison.Ordinal))
            {
                File.Delete(box.IndexPath + "-wal");
            }
            if (end == "before the new one is filled")
            {
                File.WriteAllText(box.IndexPath, "");
            }
        });

        var (setting, worked, gdt, unseen, last) = await box.Reader.ReadAsync(
            async (db, ct) => (await db.Settings.SingleAsync(s => s.Name == Setting.Accession, ct), await db.Worklist.CountAsync(ct) + await db.Steps.CountAsync(ct) + await db.Commitments.CountAsync(ct), await db.GdtFiles.CountAsync(ct),
                await db.Events.CountAsync(e => e.Seq > 40 && e.Seq <= seq && !e.Rebuilt, ct), await db.Events.MaxAsync(e => e.Seq, ct)), Ct);
        Assert.Equal(("4711", 3, 1), (setting.Value, worked, gdt));
        Assert.Equal(seq - 40, unseen);
        Assert.True(last > seq);
        Assert.Equal(40, (await box.Reader.StatisticsAsync(Ct)).Instances);
        Assert.Equal(1, await box.Reader.ReadAsync((db, ct) => db.KeyImages.CountAsync(k => db.Instances.Any(i => i.Id == k.InstanceId && i.PublicId == marked), ct), Ct));
        Assert.DoesNotContain(box.Log, l => l.Contains("could not be taken over", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_deleted_before_its_index_was_damaged_stays_deleted()
    {
        await using var box = await TestArchive.StartAsync();
        await FillAsync(box, 3);
        var deleted = await box.Reader.ReadAsync((db, ct) => db.Instances.Select(i => i.PublicId).FirstAsync(ct), Ct);
        await box.Archive.DeleteAsync(Level.Instance, deleted, Ct);
        Assert.Equal(3, box.Files().Length);
        await box.RestartAsync(() => Break(box.IndexPath, "index of instances damaged"));
        Assert.Equal(2, (await box.Reader.StatisticsAsync(Ct)).Instances);
    }

    [Fact]
    public async Task A_lost_counter_never_gives_an_accession_number_again()
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image(study: 23));
        await box.RestartAsync(() => Break(box.IndexPath, "index folder deleted"));
        var value = await box.Reader.ReadAsync((db, ct) => db.Settings.Where(s => s.Name == Setting.Accession).Select(s => s.Value).SingleAsync(ct), Ct);
        Assert.True(int.Parse(value) > 23);
    }

    [Fact]
    public async Task Two_servers_never_use_the_same_folders()
    {
        await using var box = await TestArchive.StartAsync();
        await Assert.ThrowsAsync<IOException>(() => TestArchive.StartAsync(folder: box.Folder));
        await box.StoreAsync(TestArchive.Image());
    }

    [Fact]
    public async Task A_lock_that_a_killed_migration_left_does_not_stop_the_start()
    {
        await using var box = await TestArchive.StartAsync();
        await box.RestartAsync(() => Execute(box.IndexPath, """
            CREATE TABLE IF NOT EXISTS __EFMigrationsLock (Id INTEGER NOT NULL PRIMARY KEY, Timestamp TEXT NOT NULL);
            INSERT INTO __EFMigrationsLock VALUES (1, '2026-01-01')
            """));
        Assert.Equal(StoreOutcome.Stored, (await box.StoreAsync(TestArchive.Image())).Outcome);
    }

    [Fact]
    public async Task Files_that_are_not_ours_are_left_alone()
    {
        await using var box = await TestArchive.StartAsync();
        await FillAsync(box, 2);
        var day = Path.GetDirectoryName(box.Files()[0])!;
        string[] foreign = [Path.Join(day, "note.txt"), Path.Join(box.Options.StorageDirectory, "lost+found"), Path.Join(day, new string('0', 32) + ".dcm")];
        await box.RestartAsync(() => Array.ForEach(foreign, f => File.WriteAllText(f, "x")));

        Assert.All(foreign, f => Assert.True(File.Exists(f)));
        Assert.Equal((0, 1), (box.Recovered.Adopted, box.Recovered.Unreadable));
    }

    private static async Task FillAsync(TestArchive box, int count)
    {
        for (var i = 1; i <= count; i++)
        {
            await box.StoreAsync(TestArchive.Image(patient: i % 2, study: i % 2, series: i % 3, instance: i));
        }
        // an answer comes before its row, a reading after it
        Assert.Equal(count, (await box.Reader.StatisticsAsync(Ct)).Instances);
    }

    private static async Task<string> SnapshotAsync(TestArchive box) => await box.Reader.ReadAsync(
        async (db, ct) => string.Join('\n', (await db.Instances.OrderBy(i => i.PublicId).Select(i => new { i.PublicId, i.Uid, i.Key, i.Size, i.DataOffset, i.HeaderLength, i.Tags, i.ReceivedAt }).ToListAsync(ct))
            .Select(i => i.ToString())
            .Concat((await db.Studies.OrderBy(s => s.PublicId).ToListAsync(ct)).Select(s => $"{s.PublicId} {s.Date} {s.Description} {s.SeriesCount} {s.InstanceCount} {s.Size} {s.Modalities} {s.SortKey}"))
            .Concat((await db.Patients.OrderBy(p => p.PublicId).ToListAsync(ct)).Select(p => $"{p.PublicId} {p.NameFold} {p.StudyCount} {p.InstanceCount}"))),
        Ct);

    private static void Break(string index, string fault)
    {
        switch (fault)
        {
            case "index deleted":
                File.Delete(index);
                break;
            case "index folder deleted":
                Directory.Delete(Path.GetDirectoryName(index)!, recursive: true);
                break;
            case "file cut":
                using (var file = File.OpenWrite(index))
                {
                    file.SetLength(file.Length / 2 / 4096 * 4096);
                }
                break;
            case "no database at all":
                File.WriteAllText(index, "this is not a database, and long enough not to be taken for an empty one");
                break;
            case "page damaged":
                Overwrite(index, "SELECT rootpage FROM sqlite_schema WHERE name = 'study'");
                break;
            case "index of instances damaged":
                Overwrite(index, "SELECT rootpage FROM sqlite_schema WHERE name = 'ix_instance_uid'");
                break;
            default:
                throw new ArgumentException("Unknown fault", nameof(fault));
        }
    }

    private static void Overwrite(string index, string rootPage)
    {
        long page;
        using (var connection = new SqliteConnection($"Data Source={index};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = rootPage;
            page = (long)command.ExecuteScalar()!;
        }
        using var file = File.OpenWrite(index);
        file.Position = (page - 1) * 4096;
        file.Write(new byte[4096]);
    }

    private static void Execute(string index, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={index};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private sealed class Counter : IEventConsumer
    {
        private int _count;

        public string Name => "counter";

        public int Count => Volatile.Read(ref _count);

        public bool Wants(EventKind kind) => kind == EventKind.NewInstance;

        public ValueTask HandleAsync(PacsEvent e, CancellationToken ct)
        {
            Interlocked.Increment(ref _count);
            return ValueTask.CompletedTask;
        }

        public async Task SeenAsync(int count)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            limit.CancelAfter(TimeSpan.FromSeconds(30));
            while (Count < count)
            {
                await Task.Delay(10, limit.Token);
            }
        }
    }

    /// <summary>Does something when it is asked for the time so many times.</summary>
    private sealed class CountingClock(int calls, Action then) : TimeProvider
    {
        private int _calls;

        public override DateTimeOffset GetUtcNow()
        {
            if (Interlocked.Increment(ref _calls) == calls)
            {
                then();
            }
            return base.GetUtcNow();
        }
    }
}
