using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>What a power cut leaves: the journal, and of files, names and rows whatever the system had written by chance.</summary>
public sealed class IntakeJournalTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("empty")]
    [InlineData("zeros")]
    [InlineData("no name")]
    [InlineData("whole")]
    public async Task What_was_acknowledged_comes_back_after_a_power_cut_and_is_announced(string left)
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image());
        Assert.Equal(1, (await box.Reader.StatisticsAsync(Ct)).Instances); // the row is there
        var early = await CopyAsync(box.Options.ResolvedIndexDirectory);
        for (var i = 2; i <= 9; i++)
        {
            await box.StoreAsync(TestArchive.Image(study: i, size: i == 9 ? 1_500_000 : 5000 * i));
        }
        var contents = box.Files().ToDictionary(f => Path.GetRelativePath(box.Folder, f), File.ReadAllBytes);
        await using var after = await box.StartOnCopyAsync(copy =>
        {
            // the index as it was, with the log that it had then; small files as a power cut leaves them
            foreach (var name in new[] { "index.db", "index.db-wal", "index.db-shm" })
            {
                File.Delete(Path.Join(copy, "index", name));
                File.Copy(Path.Join(early, name), Path.Join(copy, "index", name));
            }
            foreach (var (path, content) in contents.Where(c => c.Value.Length < StagingBlock.Size))
            {
                Damage(Path.Join(copy, path), content.Length, left);
            }
        });

        Assert.Equal(9, (await after.Reader.StatisticsAsync(Ct)).Instances);
        Assert.Equal(left == "whole" ? 0 : 8, after.Recovered.Healed);
        Assert.All(contents, c => Assert.Equal(c.Value, File.ReadAllBytes(Path.Join(after.Folder, c.Key))));
        var events = await after.EventsAsync();
        Assert.Equal(9, events.Count(e => e is { Kind: EventKind.NewStudy, Rebuilt: false }));
        var entry = await after.Reader.InstanceAsync((await after.Reader.LocateAsync(TestArchive.Uid(5, 1, 1), Ct))[0].Id, Ct);
        Assert.Equal(("DEVICE", "192.0.2.7", OriginKind.Dimse), (entry!.Instance.CallingAe, entry.Instance.RemoteHost, entry.Instance.Origin));
        await after.AssertConsistentAsync();

        // and stays
        await after.RestartAsync();
        Assert.Equal(0, after.Recovered.Healed);
        Assert.Equal(9, (await after.Reader.StatisticsAsync(Ct)).Instances);
        Directory.Delete(early, recursive: true);
    }

    [Fact]
    public async Task What_was_not_acknowledged_and_is_torn_is_withdrawn_and_taken_when_it_comes_again()
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image());
        await box.StoreAsync(TestArchive.Image(study: 2, size: 9000));
        Assert.Equal(2, (await box.Reader.StatisticsAsync(Ct)).Instances); // the rows are there
        var torn = box.Files().MaxBy(f => new FileInfo(f).Length)!;
        await using var after = await box.StartOnCopyAsync(copy =>
        {
            // the row came to the disk by chance; the record, whose answer was not given, and the file did not
            CutLastRecord(copy);
            Damage(Path.Join(copy, Path.GetRelativePath(box.Folder, torn)), 0, "zeros");
        });

        Assert.Equal(1, (await after.Reader.StatisticsAsync(Ct)).Instances);
        Assert.Equal(1, after.Recovered.Swept);
        Assert.Equal(StoreOutcome.Stored, (await after.StoreAsync(TestArchive.Image(study: 2, size: 9000))).Outcome);
        await after.EmptyTrashAsync();
        await after.AssertConsistentAsync(trashEmptied: true);
    }

    [Fact]
    public async Task A_file_that_nobody_was_promised_is_set_aside_and_not_adopted()
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image());
        await using var other = await TestArchive.StartAsync();
        await other.StoreAsync(TestArchive.Image(study: 7));
        Assert.Equal(1, (await box.Reader.StatisticsAsync(Ct)).Instances); // the row is there
        var key = Path.GetRelativePath(other.Options.StorageDirectory, Assert.Single(other.Files()));
        await using var after = await box.StartOnCopyAsync(copy => File.Copy(other.Files()[0], Path.Join(copy, "dicom", key)));

        Assert.Equal((1, 0), (after.Recovered.Swept, after.Recovered.Adopted));
        Assert.True(File.Exists(Path.Join(after.Options.StorageDirectory, "unfinished", Path.GetFileName(key))));
        Assert.Equal(StoreOutcome.Stored, (await after.StoreAsync(TestArchive.Image(study: 7))).Outcome);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_deleted_does_not_come_back(bool emptied)
    {
        await using var box = await TestArchive.StartAsync();
        var result = await box.StoreAsync(TestArchive.Image());
        await box.StoreAsync(TestArchive.Image(study: 2));
        await box.Archive.DeleteAsync(Level.Study, result.Study, Ct);
        if (emptied)
        {
            await box.EmptyTrashAsync();
        }
        await using var after = await box.StartOnCopyAsync();

        Assert.Equal(1, (await after.Reader.StatisticsAsync(Ct)).Instances);
        Assert.Equal(0, after.Recovered.Adopted);
        await after.EmptyTrashAsync();
        await after.AssertConsistentAsync(trashEmptied: true);
    }

    [Fact]
    public async Task More_than_the_journal_holds_comes_from_many_devices_and_nothing_is_lost()
    {
        await using var box = await TestArchive.StartAsync(o => o.JournalSize = 1 << 20);
        await Task.WhenAll(Enumerable.Range(1, 8).Select(device => Task.Run(async () =>
        {
            for (var i = 1; i <= 25; i++)
            {
                Assert.Equal(StoreOutcome.Stored, (await box.StoreAsync(TestArchive.Image(study: device, instance: i, size: 30_000 + i))).Outcome);
            }
        }, Ct)));
        // 6 MB have gone through two files of 1 MB
        Assert.All(Directory.GetFiles(box.Options.ResolvedIndexDirectory, "*.journal"), f => Assert.InRange(new FileInfo(f).Length, 4096, 1 << 20));
        await using var after = await box.StartOnCopyAsync();

        Assert.Equal(200, (await after.Reader.StatisticsAsync(Ct)).Instances);
        await after.AssertConsistentAsync();
    }

    [Fact]
    public async Task What_waits_at_the_same_time_may_be_more_than_both_files_hold()
    {
        await using var box = await TestArchive.StartAsync(o => o.JournalSize = 1 << 20);
        for (var round = 0; round < 3; round++)
        {
            var first = round * 24;
            await Task.WhenAll(Enumerable.Range(first + 1, 24).Select(study => Task.Run(
                async () => Assert.Equal(StoreOutcome.Stored, (await box.StoreAsync(TestArchive.Image(study: study, size: 400_000))).Outcome), Ct)))
                .WaitAsync(TimeSpan.FromSeconds(60), Ct);
        }
        await using var after = await box.StartOnCopyAsync();

        Assert.Equal(72, (await after.Reader.StatisticsAsync(Ct)).Instances);
        await after.AssertConsistentAsync();
    }

    [Fact]
    public async Task A_stopped_server_needs_no_journal()
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image());
        await box.RestartAsync(() => Array.ForEach(Directory.GetFiles(box.Options.ResolvedIndexDirectory, "*.journal"), File.Delete));

        Assert.Equal(StoreOutcome.Stored, (await box.StoreAsync(TestArchive.Image(study: 2))).Outcome);
        Assert.Equal(2, (await box.Reader.StatisticsAsync(Ct)).Instances);
    }

    [Fact]
    public async Task A_journal_that_cannot_be_written_makes_nobody_wait_and_nothing_unsafe()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        await using var box = await TestArchive.StartAsync();
        await box.RestartAsync(() =>
        {
            foreach (var path in Directory.GetFiles(box.Options.ResolvedIndexDirectory, "*.journal"))
            {
                File.Delete(path);
                File.CreateSymbolicLink(path, "/dev/full");
            }
        });
        Assert.Equal(StoreOutcome.Stored, (await box.StoreAsync(TestArchive.Image())).Outcome);
        Assert.Contains(box.Log, l => l.Contains("journal cannot be written", StringComparison.Ordinal));
        Assert.Equal(1, (await box.Reader.StatisticsAsync(Ct)).Instances);
    }

    [Fact]
    public async Task A_sender_does_not_wait_for_the_row_and_readers_do()
    {
        await using var box = await TestArchive.StartAsync();
        using var busy = new ManualResetEventSlim();
        var holding = box.Writer.WriteAsync(
            (_, _) =>
            {
                busy.Wait(CancellationToken.None);
                return Task.CompletedTask;
            }, Ct);

        var result = await box.StoreAsync(TestArchive.Image());
        Assert.Equal(StoreOutcome.Stored, result.Outcome);
        var reading = Task.Run(() => box.Reader.StatisticsAsync(Ct), Ct);
        var same = box.StoreAsync(TestArchive.Image()); // it is on its way already: only the writer can say
        Assert.False(holding.IsCompleted || reading.IsCompleted || same.IsCompleted);

        busy.Set();
        await holding;
        Assert.Equal(1, (await reading).Instances);
        Assert.Equal(StoreOutcome.AlreadyStored, (await same).Outcome);
        await box.AssertConsistentAsync();
    }

    [Fact]
    public async Task A_promised_row_that_cannot_be_written_is_tried_again_and_meanwhile_nothing_is_taken()
    {
        await using var box = await TestArchive.StartAsync();
        await box.StoreAsync(TestArchive.Image(instance: 1000));
        // SQLITE_FULL as soon as the index needs a page more, on this connection: the writer opens another one after an error
        await box.Writer.WriteAsync((db, ct) => db.Database.ExecuteSqlRawAsync("PRAGMA max_page_count = 1", ct), Ct);
        var promised = new List<InstanceReference>();
        StoreOutcome outcome;
        do
        {
            var image = TestArchive.Image(study: promised.Count / 5, instance: promised.Count + 1);
            outcome = (await box.StoreAsync(image)).Outcome;
            if (outcome == StoreOutcome.Stored)
            {
                promised.Add(new InstanceReference(image.GetString(DicomTag.SOPClassUID)!, image.GetString(DicomTag.SOPInstanceUID)!));
            }
        }
        while (outcome == StoreOutcome.Stored);
        Assert.Equal(StoreOutcome.OutOfResources, outcome);
        await using (var killed = await box.StartOnCopyAsync())
        {
            Assert.All(await killed.Archive.IsDurableAsync(promised, readsFiles: true, Ct), d => Assert.Equal(Durability.Durable, d));
            await killed.AssertConsistentAsync();
        }

        await box.Get<IntakeJournal>().SettleAsync(); // after the rows
        Assert.Contains(box.Log, l => l.Contains("safe in the intake journal", StringComparison.Ordinal));
        Assert.All(await box.Archive.IsDurableAsync(promised, readsFiles: true, Ct), d => Assert.Equal(Durability.Durable, d));
        Assert.Equal(StoreOutcome.Stored, (await box.StoreAsync(TestArchive.Image(study: 90))).Outcome);
        await box.AssertConsistentAsync();
    }

    [Fact]
    public void A_record_with_any_bit_changed_is_none()
    {
        var content = new byte[5000];
        new Random(1).NextBytes(content);
        var file = new StoredFile("2026/11/22/0123.dcm", content.Length, 400, 800, "1.2", [1, 2, 3], null, DateTimeOffset.UnixEpoch, new Origin(OriginKind.Dimse, "DEVICE"));
        var record = new JournalRecord(file, content);
        var head = record.Begin();
        JournalRecord.Number(head, 7, 3);
        byte[] bytes = [.. head, .. content];

        var read = JournalRecord.TryRead(bytes, 7, 3, out var length);
        Assert.Equal(bytes.Length, length);
        Assert.Equal(content, read!.Content.ToArray());
        Assert.Equal(file with { Digest = null }, read.File with { Digest = null });
        Assert.Equal(file.Digest, read.File.Digest);
        Assert.Null(JournalRecord.TryRead(bytes, 8, 3, out _));
        Assert.Null(JournalRecord.TryRead(bytes, 7, 4, out _));
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= (byte)(1 << (i % 8));
            Assert.Null(JournalRecord.TryRead(bytes, 7, 3, out _));
            Assert.Null(JournalRecord.TryRead(bytes.AsMemory(0, i), 7, 3, out _));
            bytes[i] ^= (byte)(1 << (i % 8));
        }
    }

    private static void Damage(string path, int length, string how)
    {
        switch (how)
        {
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "zeros":
                File.WriteAllBytes(path, new byte[length == 0 ? new FileInfo(path).Length : length]);
                break;
            case "no name":
                File.Delete(path);
                break;
        }
    }

    private static void CutLastRecord(string copy)
    {
        var journal = Directory.GetFiles(Path.Join(copy, "index"), "*.journal").MaxBy(f => new FileInfo(f).Length)!;
        using var file = File.OpenWrite(journal);
        // 9 kB and what the index has to know: three pages
        file.SetLength(file.Length - 4096);
    }

    private static async Task<string> CopyAsync(string folder)
    {
        var copy = Directory.CreateTempSubdirectory("pacs-test-").FullName;
        using var cp = Process.Start("cp", ["-r", folder + "/.", copy]);
        await cp.WaitForExitAsync(Ct);
        return copy;
    }
}
