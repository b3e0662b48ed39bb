using Microsoft.EntityFrameworkCore;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests.Storage;

/// <summary>An instance that came twice with other content: which of the two is shown is somebody's choice.</summary>
public sealed class ConflictTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_second_copy_takes_the_place_of_the_first_and_back()
    {
        await using var box = await TestArchive.StartAsync();
        var first = await box.StoreAsync(TestArchive.Image(size: 100));
        await box.StoreAsync(Other());
        var conflict = Assert.Single(await box.Reader.ConflictsAsync(10, Ct));
        var before = (await box.Reader.InstanceAsync(first.Instance, Ct))!;
        var events = (await box.EventsAsync()).Count;

        Assert.Equal(ExchangeOutcome.Exchanged, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "anna", Ct));

        var shown = (await box.Reader.InstanceAsync(first.Instance, Ct))!;
        Assert.Equal((conflict.Key, 2, "MR", "Other^Name", "Andere", "Andere Serie", "19990909"), (shown.Instance.Key, shown.Instance.Frames, shown.Series.Modality, shown.Patient.Name, shown.Study.Description, shown.Series.Description, shown.Patient.BirthDate));
        Assert.Equal("MR", shown.Study.Modalities);
        Assert.Equal(before.Instance.Id, shown.Instance.Id);
        var aside = Assert.Single(await box.Reader.ConflictsAsync(10, Ct));
        Assert.Equal((conflict.Id, before.Instance.Key, before.Instance.Size, 1), (aside.Id, aside.Key, aside.Size, aside.Count));
        // nothing is new: neither instance nor study
        var announced = Assert.Single((await box.EventsAsync()).Skip(events));
        Assert.Equal((EventKind.UpdatedAttachment, Level.Instance, first.Instance), (announced.Kind, announced.Level, announced.Resource));
        await box.AssertConsistentAsync();
        // who is found by the name that is shown
        Assert.Single(await box.Reader.ReadAsync((db, ct) => db.Patients.Where(p => p.NameSearch!.Contains("OTHER")).ToListAsync(ct), Ct));

        // both are known by their content: neither makes a third
        Assert.Equal(StoreOutcome.AlreadyStored, (await box.StoreAsync(Other())).Outcome);
        Assert.Equal(StoreOutcome.Conflicting, (await box.StoreAsync(TestArchive.Image(size: 100))).Outcome);
        Assert.Equal(2, Assert.Single(await box.Reader.ConflictsAsync(10, Ct)).Count);

        Assert.Equal(ExchangeOutcome.Exchanged, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "bernd", Ct));
        var back = (await box.Reader.InstanceAsync(first.Instance, Ct))!;
        Assert.Equal((before.Instance.Key, before.Instance.Tags, before.Patient.Name, before.Study.Description, before.Study.Modalities), (back.Instance.Key, back.Instance.Tags, back.Patient.Name, back.Study.Description, back.Study.Modalities));
        Assert.Equal(Convert.ToHexString(before.Instance.Digest!), Convert.ToHexString(back.Instance.Digest!));
        await box.AssertConsistentAsync();
        var decisions = await box.Get<Conflicts>().DecisionsAsync(first.Study, Ct);
        Assert.Equal([("anna", Conflicts.Exchanged), ("bernd", Conflicts.Exchanged)], decisions.Select(d => (d.By, d.What)));

        Assert.True(await box.Get<Conflicts>().SettleAsync(conflict.Id, "carla", Ct));
        await box.EmptyTrashAsync();
        await box.AssertConsistentAsync(trashEmptied: true);
        Assert.Single(box.Files());
        Assert.Equal("carla", (await box.Get<Conflicts>().DecisionsAsync(first.Study, Ct))[^1].By);
        Assert.Equal(ExchangeOutcome.Gone, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "dora", Ct));
    }

    [Fact]
    public async Task Among_others_the_study_keeps_what_its_first_instance_said()
    {
        await using var box = await TestArchive.StartAsync();
        var first = await box.StoreAsync(TestArchive.Image(size: 100));
        await box.StoreAsync(TestArchive.Image(instance: 2));
        await box.StoreAsync(Other());
        var conflict = Assert.Single(await box.Reader.ConflictsAsync(10, Ct));
        await box.Get<KeyImages>().MarkAsync(first.Instance, 1, Ct);
        Assert.Equal(ExchangeOutcome.Exchanged, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "anna", Ct));
        await box.Get<KeyImages>().MarkAsync(first.Instance, 2, Ct);
        var shown = (await box.Reader.InstanceAsync(first.Instance, Ct))!;
        Assert.Equal(("Müller^Jörg", "Schilddrüse", "US"), (shown.Patient.Name, shown.Study.Description, shown.Series.Modality));
        await box.AssertConsistentAsync();
        // a frame that the shown copy has not cannot be marked
        Assert.Equal(ExchangeOutcome.Exchanged, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "anna", Ct));
        Assert.Equal([1], (await box.Get<KeyImages>().OfStudyAsync(first.Study, Ct)).Select(m => m.Frame));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_is_killed_has_the_one_or_the_other(bool exchanged)
    {
        await using var box = await TestArchive.StartAsync();
        var first = await box.StoreAsync(TestArchive.Image(size: 100));
        await box.StoreAsync(Other());
        var conflict = Assert.Single(await box.Reader.ConflictsAsync(10, Ct));
        if (exchanged)
        {
            Assert.Equal(ExchangeOutcome.Exchanged, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "anna", Ct));
        }
        await using var copy = await box.StartOnCopyAsync();
        var shown = (await copy.Reader.InstanceAsync(first.Instance, Ct))!;
        Assert.Equal(exchanged, shown.Instance.Key == conflict.Key);
        Assert.Equal(exchanged, Assert.Single(await copy.Reader.ConflictsAsync(10, Ct)).Key != conflict.Key);
        await copy.AssertConsistentAsync();
        Assert.Equal((0, 0), (copy.Recovered.Adopted, copy.Recovered.Missing.Count));
    }

    [Fact]
    public async Task A_second_copy_that_is_gone_or_damaged_leaves_everything_as_it_is()
    {
        await using var box = await TestArchive.StartAsync();
        var first = await box.StoreAsync(TestArchive.Image(size: 100));
        await box.StoreAsync(Other());
        var conflict = Assert.Single(await box.Reader.ConflictsAsync(10, Ct));
        var path = box.Archive.TryGetPath(conflict.Key!)!;
        var bytes = await File.ReadAllBytesAsync(path, Ct);
        await File.WriteAllBytesAsync(path, bytes[..^20], Ct);
        Assert.Equal(ExchangeOutcome.Unreadable, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "anna", Ct));
        await File.WriteAllBytesAsync(path, new byte[bytes.Length], Ct);
        Assert.Equal(ExchangeOutcome.Unreadable, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "anna", Ct));
        Assert.Null(await box.Get<Conflicts>().LocateAsync(conflict, Ct));
        File.Delete(path);
        Assert.Equal(ExchangeOutcome.Unreadable, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "anna", Ct));
        Assert.NotEqual(conflict.Key, (await box.Reader.LocateAsync(first.Instance, Ct))!.Key);
        Assert.Empty(await box.Get<Conflicts>().DecisionsAsync(first.Study, Ct));
    }

    [Fact]
    public async Task A_first_copy_whose_file_is_gone_is_healed_by_the_second()
    {
        await using var box = await TestArchive.StartAsync();
        var first = await box.StoreAsync(TestArchive.Image(size: 100));
        await box.StoreAsync(Other());
        var conflict = Assert.Single(await box.Reader.ConflictsAsync(10, Ct));
        File.Delete(box.Archive.TryGetPath((await box.Reader.LocateAsync(first.Instance, Ct))!.Key)!);
        Assert.Equal(ExchangeOutcome.Exchanged, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "anna", Ct));
        Assert.Empty(await box.Reader.ConflictsAsync(10, Ct));
        await box.AssertConsistentAsync();
    }

    [Fact]
    public async Task Where_both_are_stored_there_is_nothing_to_exchange()
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image(patient: 1));
        var second = await box.StoreAsync(TestArchive.Image(patient: 2));
        var conflict = Assert.Single(await box.Reader.ConflictsAsync(10, Ct));
        Assert.Null(conflict.Key);
        Assert.Equal(ExchangeOutcome.Gone, await box.Get<Conflicts>().ExchangeAsync(conflict.Id, "anna", Ct));
        Assert.Null(await box.Get<Conflicts>().LocateAsync(conflict, Ct));
        Assert.True(await box.Get<Conflicts>().SettleAsync(conflict.Id, "anna", Ct));
        Assert.Equal("anna", Assert.Single(await box.Get<Conflicts>().DecisionsAsync(second.Study, Ct)).By);
    }

    private static DicomDataset Other() => TestArchive.Image(size: 200, change: d => d.Set(DicomTag.Modality, "MR").Set(DicomTag.PatientName, "Other^Name").Set(DicomTag.PatientBirthDate, "19990909")
        .Set(DicomTag.StudyDescription, "Andere").Set(DicomTag.SeriesDescription, "Andere Serie").Set(DicomTag.NumberOfFrames, 2));
}
