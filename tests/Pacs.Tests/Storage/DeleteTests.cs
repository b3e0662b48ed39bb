using Pacs.Storage;

namespace Pacs.Tests;

public sealed class DeleteTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Deleting_an_instance_keeps_its_parents_until_the_last_one_goes()
    {
        await using var box = await TestArchive.StartAsync();
        var first = await box.StoreAsync(TestArchive.Image(instance: 1));
        var second = await box.StoreAsync(TestArchive.Image(instance: 2));

        Assert.Equal(new DeleteResult(1, Level.Series, first.Series), await box.Archive.DeleteAsync(Level.Instance, first.Instance, Ct));
        await box.AssertConsistentAsync();
        Assert.Equal(new DeleteResult(1, null, default), await box.Archive.DeleteAsync(Level.Instance, second.Instance, Ct));
        Assert.Null(await box.Archive.DeleteAsync(Level.Instance, second.Instance, Ct));
        Assert.Equal(new Statistics(0, 0, 0, 0, 0, 0), await box.Reader.StatisticsAsync(Ct));

        var deleted = (await box.EventsAsync()).Where(e => e.Kind == EventKind.Deleted).Select(e => (e.Level, e.Resource));
        Assert.Equal(
            [(Level.Instance, first.Instance), (Level.Instance, second.Instance), (Level.Series, first.Series), (Level.Study, first.Study), (Level.Patient, first.Patient)], deleted);
        await box.EmptyTrashAsync();
        Assert.Empty(box.Files());
    }

    [Fact]
    public async Task Deleting_a_study_takes_everything_below_it_and_second_copies_too()
    {
        await using var box = await TestArchive.StartAsync();
        var study = await box.StoreAsync(TestArchive.Image(study: 1));
        await box.StoreAsync(TestArchive.Image(study: 1, series: 2, modality: "SR"));
        await box.StoreAsync(TestArchive.Image(study: 1, size: 222));
        var other = await box.StoreAsync(TestArchive.Image(study: 2));

        var result = await box.Archive.DeleteAsync(Level.Study, study.Study, Ct);
        Assert.Equal(new DeleteResult(2, Level.Patient, other.Patient), result);
        Assert.Empty(await box.Reader.ConflictsAsync(10, Ct));
        await box.AssertConsistentAsync();
        await box.EmptyTrashAsync();
        Assert.Single(box.Files());
        await box.AssertConsistentAsync(trashEmptied: true);

        // the same study may come again
        Assert.Equal(StoreOutcome.Stored, (await box.StoreAsync(TestArchive.Image(study: 1))).Outcome);
    }

    [Fact]
    public async Task The_modalities_of_a_study_follow_its_series()
    {
        await using var box = await TestArchive.StartAsync();
        var us = await box.StoreAsync(TestArchive.Image(series: 1, modality: "US"));
        var sr = await box.StoreAsync(TestArchive.Image(series: 2, modality: "SR"));
        Assert.Equal("US\\SR", (await box.Reader.StudyAsync(us.Study, Ct))!.Study.Modalities);
        await box.Archive.DeleteAsync(Level.Series, us.Series, Ct);
        Assert.Equal("SR", (await box.Reader.StudyAsync(sr.Study, Ct))!.Study.Modalities);
        await box.AssertConsistentAsync();
    }

    [Fact]
    public async Task A_reader_that_has_opened_a_file_reads_it_to_the_end()
    {
        await using var box = await TestArchive.StartAsync();
        var result = await box.StoreAsync(TestArchive.Image(size: 500_000));
        await using var stream = await box.Archive.OpenAsync(result.Instance, Ct);
        await box.Archive.DeleteAsync(Level.Patient, result.Patient, Ct);
        await box.EmptyTrashAsync();

        Assert.Empty(box.Files());
        using var copy = new MemoryStream();
        await stream!.CopyToAsync(copy, Ct);
        Assert.True(copy.Length > 500_000);
        Assert.Null(await box.Archive.OpenAsync(result.Instance, Ct));
    }
}
