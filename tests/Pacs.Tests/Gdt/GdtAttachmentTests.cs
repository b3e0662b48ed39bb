using System.Text;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Pictures and sheets beside GDT files (6302 to 6305): there before the record, named by it, and lost with no share.</summary>
public sealed class GdtAttachmentTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pictures_and_a_sheet_are_there_before_the_record_that_names_them()
    {
        string[]? before = null;
        var folder = "";
        await using var host = await GdtHost.StartAsync(
            o =>
            {
                folder = Path.Join(Path.GetDirectoryName(o.IncomingDir), "sono", "bilder");
                o.LinkAddress = new Uri("http://pacs:8042");
                o.Receivers = [Receiver(o) with { AttachLink = true, AttachImages = 2, AttachSheet = true, SheetImages = 1, AttachmentPath = @"\\srv\gdt" }];
                o.IncomingDir = null;
            },
            step =>
            {
                // the first step of the hand-over behind the attachments; the record of the study is the last
                if (step == "witness" && Directory.Exists(folder))
                {
                    before = [.. Directory.GetFiles(folder)];
                }
            });
        var study = await StoreStudyAsync(host, images: 5);
        await StableAsync(host, study);
        var record = Record(host, "R1");
        Assert.Equal(["URL", "JPG", "JPG", "PDF"], record.Where(f => f.Id == "6303").Select(f => f.Value));
        Assert.Equal(["000001", "000002", "000003", "000004"], record.Where(f => f.Id == "6302").Select(f => f.Value));
        var paths = record.Where(f => f.Id == "6305").Select(f => f.Value).ToList();
        Assert.Equal("http://pacs:8042/gdt/R1", paths[0]);
        Assert.All(paths.Skip(1), p => Assert.Matches(@"^\\\\srv\\gdt\\[0-9a-f]{16}\.(jpg|pdf)$", p));
        var names = paths.Skip(1).Select(p => p[@"\\srv\gdt\".Length..]).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(names, Directory.GetFiles(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.Equal(names, before!.Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        foreach (var picture in Directory.GetFiles(folder, "*.jpg"))
        {
            Assert.Equal([0xFF, 0xD8, 0xFF], (await File.ReadAllBytesAsync(picture, Ct))[..3]);
        }
        var sheet = await File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(folder, "*.pdf")), Ct);
        Assert.StartsWith("%PDF-1.4", Encoding.Latin1.GetString(sheet), StringComparison.Ordinal);
        Assert.EndsWith("%%EOF\n", Encoding.Latin1.GetString(sheet), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_record_of_a_report_brings_its_sheet()
    {
        await using var host = await GdtHost.StartAsync(o => o.Receivers = [Receiver(o) with { AttachImages = 3, AttachSheet = true }]);
        await host.StoreAsync(Studies.Report(1, "R1"));
        await host.SettleAsync();
        var record = Record(host, "R1-sr-2.25.1.2.1");
        Assert.Equal(["PDF"], record.Where(f => f.Id == "6303").Select(f => f.Value));
        Assert.True(File.Exists(record["6305"]));
    }

    [Fact]
    public async Task What_cannot_be_shown_is_not_named()
    {
        await using var host = await GdtHost.StartAsync(o => o.Receivers = [Receiver(o) with { AttachImages = 5, AttachSheet = true, SheetImages = 5 }]);
        var result = await host.StoreAsync(Studies.Image(1, "R1")); // no pixels
        await host.StoreAsync(Studies.Picture(1, 2).Set(DicomTag.BitsAllocated, 12)); // no picture that anybody can decode
        await StableAsync(host, result.Study);
        Assert.DoesNotContain(Record(host, "R1"), f => f.Id == "6305");
        Assert.False(Directory.Exists(Path.Join(host.Folder, "sono", "bilder")));
    }

    [Fact]
    public async Task A_folder_for_attachments_that_is_not_there_keeps_the_record_back_and_loses_nothing()
    {
        await using var host = await GdtHost.StartAsync(o => o.Receivers = [Receiver(o) with { AttachImages = 1, AttachmentFolder = Path.Join(Path.GetDirectoryName(o.IncomingDir), "share") }]);
        var study = await StoreStudyAsync(host, images: 1);
        await AnnounceStableAsync(host, study);
        await host.UntilAsync((_, _) => Task.FromResult(host.Files.StatusOf("sono") is { Problem: "attachments: the folder is not there", Waiting: 1 }));
        Assert.False(File.Exists(Path.Join(host.Folder, "sono", "R1.gdt")));
        var share = Directory.CreateDirectory(Path.Join(host.Folder, "share")).FullName;
        await host.SettleAsync();
        Assert.Equal(Path.GetFileName(Record(host, "R1")["6305"]!), Path.GetFileName(Assert.Single(Directory.GetFiles(share))));
    }

    [Fact]
    public async Task A_full_share_keeps_the_record_back_until_there_is_space()
    {
        var isFull = true;
        await using var host = await GdtHost.StartAsync(
            o => o.Receivers = [Receiver(o) with { AttachImages = 1 }],
            step =>
            {
                if (step == "attachments" && isFull)
                {
                    throw new IOException("full", 28);
                }
            });
        await AnnounceStableAsync(host, await StoreStudyAsync(host, images: 1));
        await host.UntilAsync((_, _) => Task.FromResult(host.Files.StatusOf("sono") is { Problem: "no space left" }));
        isFull = false;
        await host.SettleAsync();
        Assert.True(File.Exists(Record(host, "R1")["6305"]));
    }

    [Fact]
    public async Task An_update_names_the_new_pictures_and_the_old_ones_stay()
    {
        await using var host = await GdtHost.StartAsync(o => o.Receivers = [Receiver(o) with { AttachImages = 5, Updates = true }]);
        var study = await StoreStudyAsync(host, images: 1);
        await StableAsync(host, study);
        var first = Record(host, "R1")["6305"]!;
        await host.StoreAsync(Studies.Picture(1, 7));
        await StableAsync(host, study);
        await StableAsync(host, study); // says the same: no third file
        Assert.Equal(["R1-2.gdt", "R1.gdt"], Directory.GetFiles(Path.Join(host.Folder, "sono"), "*.gdt").Select(f => Path.GetFileName(f)).Where(f => !f.Contains("-sr-", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        var second = Record(host, "R1-2").Where(f => f.Id == "6305").Select(f => f.Value).ToList();
        Assert.Equal(2, second.Count);
        Assert.Equal(first, second[0]);
        Assert.All(second, f => Assert.True(File.Exists(f)));
    }

    [Fact]
    public async Task Sheets_of_the_same_examination_are_the_same_bytes()
    {
        byte[]? sheet = null;
        for (var i = 0; i < 2; i++)
        {
            await using var host = await GdtHost.StartAsync(o => o.Receivers = [Receiver(o) with { AttachSheet = true }]);
            await host.StoreAsync(Studies.Report(1, "R1"));
            await host.SettleAsync();
            var bytes = await File.ReadAllBytesAsync(Record(host, "R1-sr-2.25.1.2.1")["6305"]!, Ct);
            Assert.Equal(sheet ??= bytes, bytes);
        }
    }

    [Theory]
    [InlineData("AttachImages must be 0 to 20", 21, false, 0, "/tmp/x", null)]
    [InlineData("SheetImages needs AttachSheet", 0, false, 2, "/tmp/x", null)]
    [InlineData("AttachmentFolder must be an absolute path", 1, false, 0, null, null)]
    [InlineData("AttachmentFolder must be an absolute path", 0, true, 0, "bilder", null)]
    [InlineData("AttachmentPath is too long", 1, false, 0, "/tmp/x", @"\\ein-sehr-langer-name\freigabe\anlagen-fuer-die-praxis")]
    public void What_is_wrong_with_the_settings_is_said(string problem, int images, bool sheet, int sheetImages, string? folder, string? path)
    {
        var options = new GdtOptions
        {
            Receivers =
            [
                new GdtReceiverSettings
                {
                    Name = "a", Folder = "/tmp/a", Profile = "gdt-2.1", AttachImages = images, AttachSheet = sheet, SheetImages = sheetImages, AttachmentFolder = folder, AttachmentPath = path,
                },
            ],
        };
        Assert.StartsWith("Receivers[0]." + problem, Assert.Single(GdtReceivers.Problems(options)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_are_removed_days_after_the_record_was_fetched_unless_another_record_names_them()
    {
        await using var host = await GdtHost.StartAsync(o => o.Receivers = [Receiver(o) with { AttachImages = 2, AttachmentDays = 30 }]);
        var folder = Path.Join(host.Folder, "sono", "bilder");
        for (var study = 1; study <= 3; study++)
        {
            await StableAsync(host, (await host.StoreAsync(Studies.Picture(study, 1))).Study);
        }
        // a second record of the first study, which nobody fetches
        var first = (await host.RowsAsync()).Single(r => r.Receiver == "sono" && r.Path.EndsWith("R1.gdt", StringComparison.Ordinal));
        await host.Files.AddAgainAsync(host.Receivers.Find("sono")!, GdtKind.Study, first.Resource,
            await host.Contents.StudyAsync(host.Receivers.Find("sono")!, (await host.Contents.SpokesmanAsync(first.Resource, Ct))!, Ct), Ct);
        await host.SettleAsync();
        Assert.Equal(3, Directory.GetFiles(folder).Length);
        foreach (var record in (string[])["R1", "R2", "R3"])
        {
            File.Delete(Path.Join(host.Folder, "sono", record + ".gdt"));
        }
        await host.UntilAsync((db, ct) => Task.FromResult(db.GdtFiles.Count(g => g.Receiver == "sono" && g.State == GdtState.Fetched) == 3));
        await host.RestartAsync();
        await host.SettleAsync();
        Assert.Equal(3, Directory.GetFiles(folder).Length); // not yet
        var other = PlannedAttachment.Read((await host.RowsAsync()).Single(r => r.Receiver == "sono" && r.Path.EndsWith("R2.gdt", StringComparison.Ordinal)).Attachments).Single().Name;
        await host.Writer.WriteAsync(
            (db, _) =>
            {
                foreach (var row in db.GdtFiles.Where(g => g.Receiver == "sono" && g.State == GdtState.Fetched).AsEnumerable().Where(r => !r.Path.EndsWith("R3.gdt", StringComparison.Ordinal)))
                {
                    row.At = row.At.AddDays(-31);
                }
                return Task.CompletedTask;
            },
            Ct);
        await host.RestartAsync();
        await host.UntilAsync((db, ct) => Task.FromResult(!db.GdtFiles.Any(g => g.Path.EndsWith("R2.gdt") && g.Receiver == "sono" && g.Attachments != null)));
        var left = Directory.GetFiles(folder).Select(f => Path.GetFileName(f)).ToList();
        Assert.Equal(2, left.Count); // the first study's waits with its second record, the third study's is young
        Assert.DoesNotContain(other, left);
    }

    private static async Task<ResourceId> StoreStudyAsync(GdtHost host, int images)
    {
        for (var i = 1; i <= images; i++)
        {
            await host.StoreAsync(Studies.Picture(1, i));
        }
        return (await host.StoreAsync(Studies.Report(1, "R1"))).Study;
    }

    private static async Task StableAsync(GdtHost host, ResourceId study)
    {
        await AnnounceStableAsync(host, study);
        await host.SettleAsync();
    }

    private static Task AnnounceStableAsync(GdtHost host, ResourceId study) => host.Writer.WriteAsync(
        (db, _) =>
        {
            db.Announce(EventKind.StableStudy, Level.Study, study, DateTimeOffset.UtcNow);
            return Task.CompletedTask;
        },
        Ct);

    private static GdtReceiverSettings Receiver(GdtOptions options)
    {
        var folder = Path.Join(Path.GetDirectoryName(options.IncomingDir), "sono");
        return new GdtReceiverSettings
        {
            Name = "sono",
            Folder = folder,
            Profile = "gdt-3.0",
            Trigger = GdtTrigger.StudyStable,
            StudyFile = "{Accession}.gdt",
            ReportFile = "{Accession}-sr-{InstanceUid}.gdt",
            AttachmentFolder = Path.Join(folder, "bilder"),
        };
    }

    private static GdtRecord Record(GdtHost host, string name) => GdtReader.Read(File.ReadAllBytes(Path.Join(host.Folder, "sono", name + ".gdt"))).Records[0];
}
