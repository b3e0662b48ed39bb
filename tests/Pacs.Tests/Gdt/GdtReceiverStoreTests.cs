using Microsoft.EntityFrameworkCore;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>Receivers that are entered, changed and removed while the server runs.</summary>
public sealed class GdtReceiverStoreTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_entered_receiver_gets_records_at_once_and_after_a_restart()
    {
        await using var host = await GdtHost.StartAsync();
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        await SaveAsync(host, new GdtReceiverSettings { Name = "sono", Folder = Folder(host, "sono"), Profile = "gdt-2.1", SenderId = "SONO" });
        await host.StoreAsync(Studies.Image(2, "R2"));
        await host.SettleAsync();
        Assert.Equal(["PRAXSONO.001"], Names(host, "sono")); // not the study from before
        await host.RestartAsync();
        await host.StoreAsync(Studies.Image(3, "R3"));
        await host.SettleAsync();
        Assert.Equal(["PRAXSONO.001", "PRAXSONO.002"], Names(host, "sono"));
        Assert.Equal(3, host.Names.Length);
    }

    [Fact]
    public async Task What_is_entered_counts_instead_of_the_configuration_until_it_is_removed()
    {
        await using var host = await GdtHost.StartAsync();
        await SaveAsync(host, new GdtReceiverSettings { Name = "default", Folder = Folder(host, "other"), Profile = "gdt-3.1", ReceiverId = "AIS" });
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        Assert.Empty(host.Names);
        Assert.Equal(["AIS_PACS_1.gdt"], Names(host, "other"));
        Assert.Equal(host.Incoming, host.Receivers.Configured("default")!.Folder);
        Assert.Equal(GdtReceiverRemoval.Done, await host.Store.RemoveAsync("default", giveUp: false, Ct));
        await host.StoreAsync(Studies.Image(2, "R2"));
        await host.SettleAsync();
        Assert.Equal(["R2.gdt"], host.Names);
        Assert.Equal(GdtReceiverRemoval.Unknown, await host.Store.RemoveAsync("default", giveUp: false, Ct));
        // what lies in the folder from before is still watched
        File.Delete(Path.Join(Folder(host, "other"), "AIS_PACS_1.gdt"));
        await host.UntilAsync((db, ct) => db.GdtFiles.AnyAsync(g => g.State == GdtState.Fetched && g.Path.EndsWith("AIS_PACS_1.gdt"), ct));
    }

    [Fact]
    public async Task A_file_that_nobody_fetches_from_a_folder_of_before_holds_back_nothing()
    {
        await using var host = await GdtHost.StartAsync();
        var settings = new GdtReceiverSettings { Name = "one", Folder = Folder(host, "before"), Profile = "gdt-2.1", Delivery = GdtDelivery.HoldBack, StudyFile = "PACS.GDT", ReportFile = "PACS.GDT" };
        await SaveAsync(host, settings);
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.StoreAsync(Studies.Image(2, "R2"));
        await host.UntilAsync((db, ct) => db.GdtFiles.AnyAsync(g => g.Receiver == "one" && g.Error == GdtReasons.Unread, ct));
        await SaveAsync(host, settings with { Folder = Folder(host, "now") });
        await host.SettleAsync();
        Assert.Equal(["PACS.GDT"], Names(host, "before"));
        Assert.Equal(["PACS.GDT"], Names(host, "now"));
    }

    [Fact]
    public async Task What_waits_for_a_request_is_handed_over_when_nobody_needs_to_ask_any_more()
    {
        await using var host = await GdtHost.StartAsync();
        var settings = new GdtReceiverSettings { Name = "desk", Folder = Folder(host, "desk"), Profile = "gdt-2.1", Delivery = GdtDelivery.OnDemand };
        await SaveAsync(host, settings);
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.UntilAsync((db, ct) => db.GdtFiles.AnyAsync(g => g.State == GdtState.Held, ct));
        await SaveAsync(host, settings with { Delivery = GdtDelivery.AtOnce });
        await host.SettleAsync();
        Assert.Equal(["PRAXPACS.001"], Names(host, "desk"));
    }

    [Fact]
    public async Task A_receiver_for_whom_records_wait_is_removed_only_when_they_are_given_up()
    {
        await using var host = await GdtHost.StartAsync();
        await SaveAsync(host, new GdtReceiverSettings { Name = "gone", Folder = Folder(host, "gone"), MarkerFile = "mounted" });
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.UntilAsync((_, _) => Task.FromResult(host.Files.StatusOf("gone") is { Problem: not null }));
        Assert.Equal(GdtReceiverRemoval.Waiting, await host.Store.RemoveAsync("gone", giveUp: false, Ct));
        Assert.Equal(GdtReceiverRemoval.Done, await host.Store.RemoveAsync("gone", giveUp: true, Ct));
        Assert.Null(host.Receivers.Find("gone"));
        await host.UntilAsync((_, _) => Task.FromResult(host.Files.StatusOf("gone") is null));
        var row = Assert.Single(await host.RowsAsync(), r => r.Receiver == "gone");
        Assert.Equal((GdtState.Failed, GdtReasons.NoReceiver), (row.State, row.Error));
        await host.StoreAsync(Studies.Image(2, "R2"));
        await host.SettleAsync();
        Assert.Single(await host.RowsAsync(), r => r.Receiver == "gone");
    }

    [Fact]
    public async Task What_is_wrong_is_named_by_its_field_and_nothing_is_kept()
    {
        await using var host = await GdtHost.StartAsync(o =>
        {
            (o.OwnFolders, o.FolderRoot, o.HasWorklist) = ([Path.Join(Path.GetDirectoryName(o.IncomingDir), "dicom")], Path.GetDirectoryName(o.IncomingDir), false);
        });
        var good = new GdtReceiverSettings { Name = "a", Folder = Folder(host, "a"), Profile = "gdt-2.1" };
        foreach (var (settings, expected) in new (GdtReceiverSettings, string)[]
        {
            (good with { Name = "A b" }, "Name ReceiverName"),
            (good with { Folder = "incoming" }, "Folder AbsolutePath"),
            (good with { Folder = "" }, "Folder AbsolutePath"),
            (good with { Folder = Path.Join(host.Folder, "dicom", "x") }, "Folder OwnFolder"),
            (good with { Folder = Path.Join(host.Folder, "x", "..", "dicom") }, "Folder OwnFolder"),
            (good with { Folder = host.Folder + "-beside" }, "Folder OutsideRoot"),
            (good with { MarkerFile = "../x" }, "MarkerFile PlainName"),
            (good with { InboxDirectory = good.Folder }, "InboxDirectory NoWorklist, InboxDirectory SameFolder"),
            (good with { InboxCharacterSet = "EBCDIC" }, "InboxCharacterSet OneOf"),
            (good with { Profile = "gdt-9" }, "Profile OneOf"),
            (good with { ReceiverId = "TOO_LONG_ID" }, "ReceiverId Id"),
            (good with { Study = ["8000 6310", "8100", "3000 {Patient}"] }, "Study Variable"),
            (good with { AttachLink = true }, "AttachLink NoLinkAddress"),
            (good with { AttachImages = 21 }, "AttachImages Range, AttachmentFolder AbsolutePath"),
            (good with { AttachmentDays = -1 }, "AttachmentDays Range"),
            (good with { SheetImages = 1 }, "SheetImages Needs"),
            (good with { AttachSheet = true, AttachmentFolder = Folder(host, "b"), AttachmentPath = new string('x', 50) }, "AttachmentPath PathLength"),
            (good with { Orders = [new GdtOrderRule { Station = "" }] }, "Orders Rule"),
        })
        {
            var problems = new List<GdtProblem>();
            Assert.False(await host.Store.SaveAsync(settings, problems, Ct), expected);
            Assert.Equal(expected, string.Join(", ", problems.Select(p => $"{p.Field} {p.Kind}").Order(StringComparer.Ordinal)));
            Assert.All(problems, p => Assert.StartsWith(p.Field, p.ToString(), StringComparison.Ordinal));
        }
        Assert.Equal(["default"], host.Receivers.All.Select(r => r.Name));
        Assert.Empty(await host.Reader.ReadAsync((db, ct) => db.GdtReceivers.ToListAsync(ct), Ct));
    }

    [Fact]
    public async Task What_a_receiver_should_get_waits_while_something_of_it_is_not_right()
    {
        var address = new Uri("http://pacs/");
        await using var host = await GdtHost.StartAsync(o => o.LinkAddress = address);
        var settings = new GdtReceiverSettings { Name = "ais", Folder = Folder(host, "ais"), Profile = "gdt-2.1", AttachLink = true };
        await SaveAsync(host, settings);
        address = null;
        await host.RestartAsync();
        Assert.Equal("AttachLink", Assert.Single(Assert.Single(host.Receivers.Broken).Problems).Field);
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.UntilAsync((db, ct) => db.ParkedEvents.AnyAsync(ct));
        Assert.Equal(["R1.gdt"], host.Names); // the others get theirs
        Assert.Empty(Names(host, "ais"));
        await SaveAsync(host, settings with { AttachLink = false });
        await host.UntilAsync((_, _) => Task.FromResult(Names(host, "ais").Length == 1));
        await host.UntilAsync((db, ct) => db.GdtFiles.AllAsync(g => g.State == GdtState.Written, ct));
        Assert.Equal(["R1.gdt"], host.Names);
    }

    private static async Task SaveAsync(GdtHost host, GdtReceiverSettings settings)
    {
        var problems = new List<GdtProblem>();
        Assert.True(await host.Store.SaveAsync(settings, problems, Ct), string.Join("; ", problems));
    }

    private static string Folder(GdtHost host, string name) => Path.Join(host.Folder, name);

    private static string[] Names(GdtHost host, string name) => !Directory.Exists(Folder(host, name)) ? []
        : [.. Directory.GetFiles(Folder(host, name)).Select(f => Path.GetFileName(f)).Where(n => !n.StartsWith('.')).Order(StringComparer.Ordinal)];
}
