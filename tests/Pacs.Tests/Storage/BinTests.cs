using Microsoft.EntityFrameworkCore;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class BinTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_study_in_the_bin_is_deleted_for_everybody_and_comes_back_as_it_was()
    {
        await using var box = await TestArchive.StartAsync();
        var first = await box.StoreAsync(TestArchive.Image(series: 1));
        await box.StoreAsync(TestArchive.Image(series: 2, size: 2_000_000));
        var other = await box.StoreAsync(TestArchive.Image(study: 2));
        var before = await SnapshotAsync(box);
        var bin = box.Get<Bin>();

        Assert.True(await bin.PutAsync(first.Study, Ct));
        Assert.Null(await box.Reader.StudyAsync(first.Study, Ct));
        Assert.Null(await box.Archive.OpenAsync(first.Instance, Ct));
        Assert.Equal(other.Study, Assert.Single(await box.Reader.StudiesAsync(new StudyQuery(null), Ct)).Study.PublicId);
        Assert.Contains(await box.EventsAsync(), e => e is { Kind: EventKind.Deleted, Level: Level.Study } && e.Resource == first.Study);
        await box.EmptyTrashAsync();
        Assert.Equal(3, box.Files().Length);
        await box.AssertConsistentAsync();
        var row = Assert.Single(await bin.ListAsync(10, Ct));
        Assert.Equal(("Müller^Jörg", "P1", 2, 2), (row.PatientName, row.PatientId, row.SeriesCount, row.InstanceCount));
        Assert.Equal(row.DeletedAt.AddDays(30), row.DueAt);

        var last = (await box.EventsAsync())[^1].Seq;
        Assert.Equal(new BinResult(first.Study, 2, 0), await bin.RestoreAsync(row.Id, Ct));
        // what is restored is announced to whoever lists changes, and to no consumer: nothing is sent twice
        Assert.All((await box.EventsAsync()).Where(e => e.Seq > last), e => Assert.True(e.Rebuilt));
        Assert.Equal(before, await SnapshotAsync(box));
        Assert.Empty(await bin.ListAsync(10, Ct));
        await box.EmptyTrashAsync();
        await box.AssertConsistentAsync(trashEmptied: true);
        Assert.Null(await bin.RestoreAsync(row.Id, Ct));
        Assert.False(await bin.PutAsync(ResourceId.ForStudy("nobody", "1.2"), Ct));
    }

    [Fact]
    public async Task A_restart_and_a_crash_leave_the_bin_as_it_is()
    {
        await using var box = await TestArchive.StartAsync();
        var stored = await box.StoreAsync(TestArchive.Image());
        await box.Get<Bin>().PutAsync(stored.Study, Ct);
        await box.RestartAsync();
        Assert.Null(await box.Reader.StudyAsync(stored.Study, Ct));
        await using var copy = await box.StartOnCopyAsync();
        Assert.Null(await copy.Reader.StudyAsync(stored.Study, Ct));
        var row = Assert.Single(await copy.Get<Bin>().ListAsync(10, Ct));
        Assert.Equal(1, (await copy.Get<Bin>().RestoreAsync(row.Id, Ct))!.Restored);
        Assert.NotNull(await copy.Reader.StudyAsync(stored.Study, Ct));
    }

    [Fact]
    public async Task What_came_again_meanwhile_is_not_there_twice()
    {
        await using var box = await TestArchive.StartAsync();
        var stored = await box.StoreAsync(TestArchive.Image());
        var bin = box.Get<Bin>();
        await bin.PutAsync(stored.Study, Ct);
        Assert.Equal(StoreOutcome.Stored, (await box.StoreAsync(TestArchive.Image())).Outcome);
        await bin.RestoreAsync((await bin.ListAsync(1, Ct))[0].Id, Ct);
        await box.EmptyTrashAsync();
        Assert.Single(box.Files());
        await box.AssertConsistentAsync(trashEmptied: true);
    }

    [Fact]
    public async Task After_30_days_files_are_removed_and_what_is_missing_is_counted()
    {
        await using var box = await TestArchive.StartAsync();
        var bin = box.Get<Bin>();
        var old = await box.StoreAsync(TestArchive.Image());
        await bin.PutAsync(old.Study, Ct);
        Assert.Equal(0, await bin.ExpireAsync(Ct));
        // as if it had been put here 30 days ago
        await box.Writer.WriteAsync((db, ct) => db.Bin.ExecuteUpdateAsync(set => set.SetProperty(b => b.DueAt, DateTimeOffset.UtcNow), ct), Ct);
        var young = await box.StoreAsync(TestArchive.Image(study: 2));
        await bin.PutAsync(young.Study, Ct);
        Assert.Equal(1, await bin.ExpireAsync(Ct));
        var row = Assert.Single(await bin.ListAsync(10, Ct));
        Assert.Equal(young.Study, row.Study);
        await box.EmptyTrashAsync();
        File.Delete(Assert.Single(box.Files()));
        Assert.Equal(new BinResult(young.Study, 0, 1), await bin.RestoreAsync(row.Id, Ct));
    }

    private static Task<string> SnapshotAsync(TestArchive box) => box.Reader.ReadAsync(async (db, ct) => string.Join('\n',
        (await db.Patients.OrderBy(p => p.PublicId).ToListAsync(ct)).Select(p => $"{p.PublicId} {p.PatientId} {p.Name} {p.StudyCount} {p.InstanceCount} {p.Size} {p.Tags}")
            .Concat((await db.Studies.OrderBy(s => s.PublicId).ToListAsync(ct)).Select(s => $"{s.PublicId} {s.Uid} {s.Accession} {s.SeriesCount} {s.InstanceCount} {s.Size} {s.SortKey} {s.Modalities} {s.Tags}"))
            .Concat((await db.Instances.OrderBy(i => i.PublicId).ToListAsync(ct)).Select(i =>
                $"{i.PublicId} {i.Uid} {i.Key} {i.Size} {i.DataOffset} {i.HeaderLength} {i.Syntax} {Convert.ToHexString(i.Digest!)} {i.ReceivedAt} {i.Origin} {i.CallingAe} {i.RemoteHost} {i.Tags}"))), Ct);
}
