using Microsoft.EntityFrameworkCore;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Several receivers, triggers and ways of delivery.</summary>
public sealed class GdtReceiverTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_receiver_gets_his_own_file_in_his_own_words()
    {
        await using var host = await StartAsync(new GdtReceiverSettings { Name = "sono", Profile = "gdt-2.1", SenderId = "SONO" });
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        Assert.Equal(["R1.gdt"], host.Names);
        var file = Assert.Single(Files(host, "sono"));
        Assert.Equal("PRAXSONO.001", Path.GetFileName(file));
        Assert.Equal(GdtVersion.Gdt21, GdtVersions.Of(GdtReader.Read(await File.ReadAllBytesAsync(file, Ct)).Records[0]));
        Assert.Equal(["default", "sono"], (await host.RowsAsync()).Select(r => r.Receiver).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_receiver_whose_share_is_gone_delays_nobody_else_and_gets_everything_later()
    {
        await using var host = await StartAsync(new GdtReceiverSettings { Name = "sono", Profile = "gdt-2.1", MarkerFile = "mounted" });
        for (var study = 1; study <= 3; study++)
        {
            await host.StoreAsync(Studies.Image(study, $"R{study}"));
        }
        await host.UntilAsync((_, _) => Task.FromResult(host.Names.Length == 3 && host.Files.StatusOf("sono") is { Problem: not null, Waiting: 3 }));
        Assert.Null(host.Files.StatusOf("default")!.Problem);
        Assert.Equal("the folder is not there", host.Files.Status.Problem);

        Directory.CreateDirectory(Folder(host, "sono"));
        await File.WriteAllTextAsync(Path.Join(Folder(host, "sono"), "mounted"), "", Ct);
        await host.SettleAsync();
        Assert.Equal(["PRAXPACS.001", "PRAXPACS.002", "PRAXPACS.003"], Files(host, "sono").Select(f => Path.GetFileName(f)).Where(n => n != "mounted"));
    }

    [Fact]
    public async Task What_the_practice_software_has_deleted_is_noted_as_fetched()
    {
        await using var host = await StartAsync();
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        Assert.Equal(GdtState.Written, Assert.Single(await host.RowsAsync()).State);
        File.Delete(Path.Join(host.Incoming, "R1.gdt"));
        await host.UntilAsync((db, ct) => db.GdtFiles.AllAsync(g => g.State == GdtState.Fetched, ct));
    }

    [Fact]
    public async Task Held_back_files_come_one_by_one_under_their_fixed_name()
    {
        await using var host = await StartAsync(new GdtReceiverSettings { Name = "one", Profile = "gdt-2.1", Delivery = GdtDelivery.HoldBack, StudyFile = "EXPORT.GDT", ReportFile = "EXPORT.GDT" });
        for (var study = 1; study <= 3; study++)
        {
            await host.StoreAsync(Studies.Image(study, $"R{study}"));
        }
        var path = Path.Join(Folder(host, "one"), "EXPORT.GDT");
        var read = new List<string?>();
        for (var study = 1; study <= 3; study++)
        {
            await host.UntilAsync((_, _) => Task.FromResult(File.Exists(path)));
            Assert.Single(Files(host, "one"), f => !Path.GetFileName(f).StartsWith('.'));
            read.Add(GdtReader.Read(await File.ReadAllBytesAsync(path, Ct)).Records[0]["3000"]);
            if (study < 3)
            {
                await host.UntilAsync((db, ct) => db.GdtFiles.AnyAsync(g => g.Receiver == "one" && g.State == GdtState.Queued && g.Error != null && g.Attempts == 0, ct));
            }
            File.Delete(path);
        }
        Assert.Equal(["P1", "P2", "P3"], read);
    }

    [Fact]
    public async Task On_demand_nothing_is_written_until_somebody_asks()
    {
        await using var host = await StartAsync(new GdtReceiverSettings { Name = "desk", Profile = "gdt-2.1", Delivery = GdtDelivery.OnDemand });
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.StoreAsync(Studies.Image(2, "R2"));
        await host.SettleAsync();
        Assert.Empty(Files(host, "desk"));
        var first = (await host.Files.NextHeldAsync("desk", Ct))!;
        Assert.True(await host.Files.TakeAsync(GdtKey.Of(first), Ct));
        Assert.False(await host.Files.TakeAsync(GdtKey.Of(first), Ct)); // somebody else has it
        var second = (await host.Files.NextHeldAsync("desk", Ct))!;
        Assert.NotEqual(first.Resource, second.Resource);
        Assert.True(await host.Files.ReleaseAsync(GdtKey.Of(second), Ct));
        await host.SettleAsync();
        Assert.Single(Files(host, "desk"));
        Assert.Null(await host.Files.NextHeldAsync("desk", Ct));
    }

    [Fact]
    public async Task A_study_is_announced_when_it_is_stable_and_again_when_the_record_says_something_else()
    {
        string[] study = ["8000 6310", "8100", "3000 {PatientId}", "6228 {Images} Bilder"];
        await using var host = await StartAsync(
            new GdtReceiverSettings { Name = "late", Profile = "gdt-2.1", Trigger = GdtTrigger.StudyStable },
            new GdtReceiverSettings { Name = "news", Profile = "gdt-2.1", Trigger = GdtTrigger.StudyStable, Updates = true, Study = study });
        var stored = await host.StoreAsync(Studies.Image(1, "R1", 1));
        await host.StoreAsync(Studies.Image(1, "R1", 2));
        await host.SettleAsync();
        Assert.Empty(Files(host, "late"));
        await AnnounceAsync(host, EventKind.StableStudy, stored.Study);
        await host.SettleAsync();
        Assert.Single(Files(host, "late"));
        Assert.Equal(["2 Bilder"], Texts(host, "news"));

        await host.StoreAsync(Studies.Image(1, "R1", 3));
        await AnnounceAsync(host, EventKind.StableStudy, stored.Study);
        await AnnounceAsync(host, EventKind.StableStudy, stored.Study); // the same once more changes nothing
        await host.SettleAsync();
        Assert.Single(Files(host, "late"));
        Assert.Equal(["2 Bilder", "3 Bilder"], Texts(host, "news"));
        Assert.Equal([0, 1], (await host.RowsAsync()).Where(r => r.Receiver == "news").Select(r => r.Revision));
    }

    [Fact]
    public async Task A_study_that_gets_more_series_is_sent_again_though_its_record_says_the_same()
    {
        await using var host = await StartAsync(
            new GdtReceiverSettings { Name = "first", Profile = "gdt-2.1", Updates = true }, new GdtReceiverSettings { Name = "stable", Profile = "gdt-2.1", Trigger = GdtTrigger.StudyStable, Updates = true });
        var stored = await host.StoreAsync(Studies.Image(1, "R1", 1));
        await host.StoreAsync(Studies.Image(1, "R1", 2).Set(DicomTag.SeriesInstanceUID, "2.25.1.7"));
        await StableAsync(files: 1); // what comes before a study is stable for the first time is no news
        await host.StoreAsync(Studies.Image(1, "R1", 3));
        await StableAsync(files: 1); // nor is another image of a series
        await host.StoreAsync(Studies.Image(1, "R1", 4).Set(DicomTag.SeriesInstanceUID, "2.25.1.8"));
        await StableAsync(files: 2);
        await StableAsync(files: 2);
        await host.RestartAsync();
        await host.StoreAsync(Studies.Image(1, "R1", 5).Set(DicomTag.SeriesInstanceUID, "2.25.1.9"));
        await StableAsync(files: 3);

        async Task StableAsync(int files)
        {
            await AnnounceAsync(host, EventKind.StableStudy, stored.Study);
            await host.SettleAsync();
            Assert.Equal((files, files), (Files(host, "first").Length, Files(host, "stable").Length));
        }
    }

    [Fact]
    public async Task What_could_not_be_in_a_record_is_kept_with_it()
    {
        await using var host = await GdtHost.StartAsync(o =>
        {
            o.Measurements.TextField = "6228";
            o.Measurements.Identifiers = MeasurementIdentifiers.Code;
            o.Receivers = [new GdtReceiverSettings { Name = "ais", Folder = Path.Join(Path.GetDirectoryName(o.IncomingDir), "ais"), Profile = "gdt-2.1" }];
        });
        // so many values that 99,999 bytes, all that 8100 has digits for, hold them or their text, and not both; one is no number
        var values = Enumerable.Range(1, 650).Select(i => SrBuilder.Num($"{10000 + i}", $"Messung {i} mit einem langen Namen", $"{i}")).Append(SrBuilder.Num("1", "Falsch", "x")).ToArray();
        var report = Studies.Report(1, "R1");
        report.Set(SrBuilder.Report("5200", SrBuilder.Group("2D mode", values)).Get(DicomTag.ContentSequence)!);
        await host.StoreAsync(report);
        await host.SettleAsync();
        var row = Assert.Single(await host.RowsAsync(), r => r.Receiver == "ais");
        Assert.Matches(@"^1 × not a number \(1\.[0-9.]+\)\n\d+ lines of text: with them the record would be larger", row.LeftOut!);
        var record = GdtReader.Read(row.Body).Records[0];
        Assert.Equal(650, record.Count(f => f.Id == "8420"));
        Assert.Matches(@"^Text fehlt: \d+ Zeilen sind zu viel, bitte im PACS ansehen$", Assert.Single(record, f => f.Id == "6228").Value);
        Assert.Equal("1", record["6226"]);
        Assert.Null(Assert.Single(await host.RowsAsync(), r => r.Receiver == "default").LeftOut?.Split('\n').FirstOrDefault(l => l.Contains("lines", StringComparison.Ordinal))); // no limit there
    }

    [Fact]
    public async Task A_study_is_announced_when_its_step_is_completed_or_stable_without_a_step()
    {
        await using var host = await StartAsync(new GdtReceiverSettings { Name = "mpps", Profile = "gdt-2.1", Trigger = GdtTrigger.StepCompleted });
        // 1: the step is reported after the images
        await AddStepAsync(host, "2.25.1", StepState.InProgress);
        var first = await host.StoreAsync(Studies.Image(1, "R1"));
        await AnnounceAsync(host, EventKind.StableStudy, first.Study);
        await host.SettleAsync();
        Assert.Empty(Files(host, "mpps"));
        await AnnounceAsync(host, EventKind.StepCompleted, first.Study);
        await host.SettleAsync();
        Assert.Equal(["P1"], Patients(host, "mpps"));
        // 2: the images come after the step
        await AddStepAsync(host, "2.25.2", StepState.Completed);
        await AnnounceAsync(host, EventKind.StepCompleted, ResourceId.ForStudy("P2", "2.25.2"));
        await host.StoreAsync(Studies.Image(2, "R2"));
        await host.SettleAsync();
        Assert.Equal(["P1", "P2"], Patients(host, "mpps"));
        // 3: the device knows no MPPS
        var third = await host.StoreAsync(Studies.Image(3, "R3"));
        await AnnounceAsync(host, EventKind.StableStudy, third.Study);
        await host.SettleAsync();
        Assert.Equal(["P1", "P2", "P3"], Patients(host, "mpps"));
        // 4 and 5: the step was ended, and nobody told; it was given up, and there are images all the same
        foreach (var (study, state) in new[] { (4, StepState.Completed), (5, StepState.Discontinued) })
        {
            var result = await host.StoreAsync(Studies.Image(study, $"R{study}"));
            await host.SettleAsync();
            Assert.DoesNotContain($"P{study}", Patients(host, "mpps"));
            await AddStepAsync(host, $"2.25.{study}", state);
            await AnnounceAsync(host, EventKind.StableStudy, result.Study);
            await host.SettleAsync();
            Assert.Contains($"P{study}", Patients(host, "mpps"));
        }
    }

    [Fact]
    public async Task A_record_that_cannot_be_written_in_the_version_fails_visibly_and_stops_nothing()
    {
        await using var host = await StartAsync(new GdtReceiverSettings { Name = "strict", Profile = "gdt-2.1" });
        await host.StoreAsync(Studies.Image(1, "R1").Set(DicomTag.PatientID, "12345678901"));
        await host.StoreAsync(Studies.Image(2, "R2"));
        await host.SettleAsync();
        Assert.Equal(["P2"], Patients(host, "strict"));
        var failed = Assert.Single(await host.RowsAsync(), r => r.State == GdtState.Failed);
        Assert.Contains("3000", failed.Error!, StringComparison.Ordinal);
        Assert.DoesNotContain("12345678901", failed.Error!, StringComparison.Ordinal);
        Assert.Equal(2, host.Names.Length); // the default receiver's record has no limits
    }

    [Fact]
    public async Task The_numbers_of_the_order_come_back_in_the_answer()
    {
        await using var host = await StartAsync(new GdtReceiverSettings { Name = "ais", Profile = "gdt-3.1" });
        await host.Writer.WriteAsync(
            (db, _) =>
            {
                db.GdtIncoming.Add(new GdtIncoming { Type = "6302", State = "done", PatientId = "P1", Accession = "R1", OrderId = "A17", OrderUid = "1.2.840.1", TestType = "SONO01" });
                return Task.CompletedTask;
            }, Ct);
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.StoreAsync(Studies.Image(2, "R1")); // another patient's: not his order
        await host.SettleAsync();
        var records = Files(host, "ais").Select(f => GdtReader.Read(File.ReadAllBytes(f)).Records[0]).OrderBy(r => r["3000"], StringComparer.Ordinal).ToList();
        Assert.Equal(("A17", "1.2.840.1", "SONO01"), (records[0]["8310"], records[0]["8314"], records[0]["8402"]));
        Assert.Equal(("R1", "2.25.2", "SONO00"), (records[1]["8310"], records[1]["8314"], records[1]["8402"]));
    }

    [Theory]
    [InlineData("default", "study", 0)]
    [InlineData("a-b_c", "report", 12)]
    public void Keys_come_back_from_names_of_temporary_files(string receiver, string kind, int revision)
    {
        var key = new GdtKey(receiver, kind, ResourceId.ForStudy("P", "1.2"), revision);
        Assert.Equal(key, GdtKey.Parse(key.ToString()));
        Assert.Null(GdtKey.Parse(key + "0"));
    }

    private static Task<GdtHost> StartAsync(params GdtReceiverSettings[] receivers) =>
        GdtHost.StartAsync(o => o.Receivers = [.. receivers.Select(r => r with { Folder = Path.Join(Path.GetDirectoryName(o.IncomingDir), r.Name) })]);

    private static string Folder(GdtHost host, string receiver) => Path.Join(host.Folder, receiver);

    private static string[] Files(GdtHost host, string receiver) =>
        Directory.Exists(Folder(host, receiver)) ? [.. Directory.GetFiles(Folder(host, receiver)).Where(f => !Path.GetFileName(f).StartsWith('.')).Order(StringComparer.Ordinal)] : [];

    private static IEnumerable<string?> Texts(GdtHost host, string receiver) => Files(host, receiver).Select(f => GdtReader.Read(File.ReadAllBytes(f)).Records[0]["6228"]);

    private static IEnumerable<string?> Patients(GdtHost host, string receiver) =>
        Files(host, receiver).Select(f => GdtReader.Read(File.ReadAllBytes(f)).Records[0]["3000"]).Order(StringComparer.Ordinal);

    private static Task AnnounceAsync(GdtHost host, EventKind kind, ResourceId study) => host.Writer.WriteAsync(
        (db, _) =>
        {
            db.Announce(kind, Level.Study, study, DateTimeOffset.UtcNow);
            return Task.CompletedTask;
        }, Ct);

    private static Task AddStepAsync(GdtHost host, string studyUid, StepState state) => host.Writer.WriteAsync(
        (db, _) =>
        {
            db.Steps.Add(new ProcedureStep { Uid = studyUid + ".9", StudyUid = studyUid, State = state, CreatedAt = DateTimeOffset.UtcNow, UpdatedAt = DateTimeOffset.UtcNow });
            return Task.CompletedTask;
        }, Ct);
}
