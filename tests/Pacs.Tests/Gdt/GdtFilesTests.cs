using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class GdtFilesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Twelve_instances_at_once_give_one_file()
    {
        await using var host = await GdtHost.StartAsync();
        await Task.WhenAll(Enumerable.Range(1, 12).Select(i => host.StoreAsync(Studies.Image(1, "R1", i))));
        await host.SettleAsync();
        Assert.Equal(["R1.gdt"], host.Names);
        Assert.Single(await host.RowsAsync());
        Assert.Equal(1, await AnnouncementsAsync(host));
    }

    [Fact]
    public async Task Files_of_one_accession_number_never_overwrite_each_other()
    {
        await using var host = await GdtHost.StartAsync();
        for (var study = 1; study <= 3; study++)
        {
            await host.StoreAsync(Studies.Image(study, "R1"));
            await host.SettleAsync();
        }
        Assert.Equal(["R1-2.gdt", "R1-3.gdt", "R1.gdt"], host.Names);
        Assert.Equal(["P2", "P3", "P1"], host.Names.Select(n => Patient(host.Read(n))));
    }

    [Fact]
    public async Task A_file_of_somebody_else_is_not_overwritten()
    {
        await using var host = await GdtHost.StartAsync();
        Directory.CreateDirectory(host.Incoming);
        await File.WriteAllBytesAsync(Path.Join(host.Incoming, "R1.gdt"), [1, 2, 3], Ct);
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        Assert.Equal([1, 2, 3], host.Read("R1.gdt"));
        Assert.Equal("P1", Patient(host.Read("R1-2.gdt")));
    }

    [Fact]
    public async Task A_name_that_is_taken_at_the_last_moment_is_not_overwritten()
    {
        GdtHost? host = null;
        await using var started = host = await GdtHost.StartAsync(beforeStep: step =>
        {
            if (step == "rename" && host!.Names.Length == 0)
            {
                File.WriteAllBytes(Path.Join(host.Incoming, "R1.gdt"), [1, 2, 3]);
            }
        });
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        Assert.Equal([1, 2, 3], host.Read("R1.gdt"));
        Assert.Equal("P1", Patient(host.Read("R1-2.gdt")));
        Assert.EndsWith("R1-2.gdt", (await host.RowsAsync())[0].Path);
    }

    [Fact]
    public async Task Every_report_has_a_file_and_the_study_one_whatever_comes_first()
    {
        await using var host = await GdtHost.StartAsync();
        await host.StoreAsync(Studies.Report(1, "R1", 1));
        await host.SettleAsync();
        Assert.Equal(["R1-sr-2.25.1.2.1.gdt"], host.Names); // a report is no reason for a study file
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.StoreAsync(Studies.Report(1, "R1", 2));
        await host.StoreAsync(Studies.Report(1, "R1", 2));
        await host.SettleAsync();
        Assert.Equal(["R1-sr-2.25.1.2.1.gdt", "R1-sr-2.25.1.2.2.gdt", "R1.gdt"], host.Names);
        Assert.Equal(3, await AnnouncementsAsync(host));
    }

    [Fact]
    public async Task A_study_that_was_fetched_is_not_announced_again_after_a_restart_or_when_it_goes_on_or_comes_again()
    {
        await using var host = await GdtHost.StartAsync();
        var stored = await host.StoreAsync(Studies.Image(1, "R1", 1));
        await host.SettleAsync();
        File.Delete(Path.Join(host.Incoming, "R1.gdt"));
        await host.RestartAsync();
        await host.StoreAsync(Studies.Image(1, "R1", 2));
        await host.SettleAsync();
        Assert.Empty(host.Names);
        await host.Archive.DeleteAsync(Level.Study, stored.Study, Ct);
        await host.StoreAsync(Studies.Image(1, "R1", 3));
        await host.SettleAsync();
        Assert.Empty(host.Names); // as the old plugin: deleting a study does not make it new
    }

    [Fact]
    public async Task An_instance_that_is_deleted_before_anybody_looks_is_passed_over()
    {
        await using var host = await GdtHost.StartAsync();
        var gone = new PacsEvent(1, EventKind.NewInstance, Level.Instance, ResourceId.ForInstance("P", "1", "2", "3"), DateTimeOffset.UnixEpoch);
        await new StudyConsumer(host.Receivers, host.Store, host.Files, host.Contents, host.Reader).HandleAsync(gone, Ct);
        Assert.Empty(await host.RowsAsync());
    }

    [Theory]
    [InlineData("witness", "never")] // away while its tokens are written
    [InlineData("witness", "confirm")] // back before anybody looks again
    [InlineData("temporary", "sync")]
    [InlineData("confirm", "never")]
    [InlineData("rename", "never")]
    public async Task A_share_that_is_unmounted_in_the_middle_of_a_delivery_gets_the_file_when_it_is_back(string gone, string back)
    {
        GdtHost? host = null;
        var share = "";
        var isAway = false;
        var wasAway = false;
        await using var started = host = await GdtHost.StartAsync(
            o => o.MarkerFile = "mounted",
            step =>
            {
                if (step == gone && !wasAway)
                {
                    (isAway, wasAway) = (true, true);
                    Directory.Move(host!.Incoming, share);
                    Directory.CreateDirectory(host.Incoming); // the mount point
                }
                else if (step == back && isAway)
                {
                    Mount(host!, share);
                    isAway = false;
                }
            });
        share = host.Incoming + "-away";
        await File.WriteAllTextAsync(Path.Join(Directory.CreateDirectory(host.Incoming).FullName, "mounted"), "", Ct);
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.UntilAsync((_, _) => Task.FromResult(wasAway && (!isAway || host.Files.Status is { Problem: not null } or { Undecided: > 0 })));
        if (isAway)
        {
            Assert.Empty(host.Names);
            Mount(host, share);
            isAway = false;
        }
        await host.SettleAsync();
        Assert.Equal(["R1.gdt"], host.Names);
        Assert.Equal(GdtState.Written, Assert.Single(await host.RowsAsync()).State);
    }

    [Fact]
    public async Task A_share_that_is_unmounted_while_somebody_looks_has_fetched_nothing()
    {
        GdtHost? host = null;
        var looked = 0;
        await using var started = host = await GdtHost.StartAsync(
            o => o.MarkerFile = "mounted",
            step =>
            {
                if (step == "list" && host!.Names.Length == 1 && Interlocked.Increment(ref looked) == 1)
                {
                    Directory.Move(host.Incoming, host.Incoming + "-away");
                    Directory.CreateDirectory(host.Incoming);
                }
            });
        await File.WriteAllTextAsync(Path.Join(Directory.CreateDirectory(host.Incoming).FullName, "mounted"), "", Ct);
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.UntilAsync((_, _) => Task.FromResult(Volatile.Read(ref looked) == 1 && !File.Exists(Path.Join(host.Incoming, "mounted"))));
        await host.StoreAsync(Studies.Image(2, "R2")); // wakes it: it has looked when it says what is wrong
        await host.UntilAsync((_, _) => Task.FromResult(host.Files.Status.Problem is not null));
        Mount(host, host.Incoming + "-away");
        await host.SettleAsync();
        Assert.Equal(["R1.gdt", "R2.gdt"], host.Names);
        Assert.All(await host.RowsAsync(), r => Assert.Equal(GdtState.Written, r.State));
    }

    [Fact]
    public async Task A_share_that_is_gone_loses_nothing_and_delays_nobody_over_restarts()
    {
        await using var host = await GdtHost.StartAsync();
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        Directory.Delete(host.Incoming, recursive: true);

        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var study = 2; study <= 6; study++)
        {
            await host.StoreAsync(Studies.Image(study, $"R{study}"));
        }
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), "storing waited for the share");
        await host.WaitForWaitingAsync(5);
        Assert.Equal("the folder is not there", host.Files.Status.Problem);
        Assert.False(Directory.Exists(host.Incoming), "the folder was made where the share was mounted");

        await host.RestartAsync();
        await host.StoreAsync(Studies.Image(7, "R7"));
        await host.WaitForWaitingAsync(6);
        Directory.CreateDirectory(host.Incoming);
        await host.SettleAsync();
        Assert.Equal(["R2.gdt", "R3.gdt", "R4.gdt", "R5.gdt", "R6.gdt", "R7.gdt"], host.Names);
        await host.UntilAsync((_, _) => Task.FromResult(host.Files.Status is { Waiting: 0, Problem: null }));
        Assert.Equal(7, await AnnouncementsAsync(host));
    }

    // what disks and shares throw, at every step that touches them
    public static readonly TheoryData<string, int, string> Faults = new()
    {
        { "check", 5, "IOException 0x00000005" }, // EIO
        { "witness", 28, "no space left" },
        { "temporary", 28, "no space left" },
        { "temporary", 30, "read-only" },
        { "temporary", 13, "access denied" },
        { "sync", 5, "IOException 0x00000005" },
        { "rename", 112, "no space left" }, // ERROR_DISK_FULL, also EHOSTDOWN
        { "rename", 116, "IOException 0x00000074" }, // ESTALE
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_at_any_step_loses_nothing_and_doubles_nothing(string step, int error, string problem)
    {
        var broken = true;
        var hits = 0;
        await using var host = await GdtHost.StartAsync(beforeStep: s =>
        {
            if (Volatile.Read(ref broken) && s == step)
            {
                Interlocked.Increment(ref hits);
                throw error == 13 ? new UnauthorizedAccessException("/incoming/R1.gdt") : new IOException("/incoming/R1.gdt", error);
            }
        });
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.StoreAsync(Studies.Image(2, "R1"));
        await host.WaitForWaitingAsync(2);
        Assert.Empty(host.Names);
        Assert.Equal(problem, host.Files.Status.Problem);
        Assert.NotNull(host.Files.Status.Since);
        Assert.DoesNotContain(host.Log, l => l.Contains("R1", StringComparison.Ordinal)); // accession numbers are not for logs
        Volatile.Write(ref broken, false);
        await host.SettleAsync();
        Assert.True(hits > 0);
        Assert.Equal(["R1-2.gdt", "R1.gdt"], host.Names);
        Assert.Equal(["R1-2.gdt", "R1.gdt"], Directory.GetFileSystemEntries(host.Incoming).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)); // no rests
        Assert.Equal(2, await AnnouncementsAsync(host));
    }

    [Fact]
    public async Task A_fault_after_the_rename_does_not_publish_twice_even_if_the_file_is_fetched_meanwhile()
    {
        var syncs = 0;
        GdtHost? host = null;
        await using var started = host = await GdtHost.StartAsync(beforeStep: s =>
        {
            if (s == "sync" && Interlocked.Increment(ref syncs) == 2)
            {
                File.Delete(Path.Join(host!.Incoming, "R1.gdt")); // the practice software is quick
                throw new IOException("the share went away", 112);
            }
        });
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        Assert.Empty(host.Names);
        Assert.Contains(Assert.Single(await host.RowsAsync()).State, new[] { GdtState.Written, GdtState.Fetched });
        Assert.Equal(1, await AnnouncementsAsync(host));
    }

    [Fact]
    public async Task An_empty_mount_point_is_not_taken_for_a_folder_whose_file_was_fetched()
    {
        GdtHost? host = null;
        var share = "";
        await using var started = host = await GdtHost.StartAsync(beforeStep: s =>
        {
            if (s == "rename" && share.Length == 0)
            {
                // between the two steps the share goes, and its mount point is an empty folder
                share = host!.Incoming + "-share";
                Directory.Move(host.Incoming, share);
                Directory.CreateDirectory(host.Incoming);
            }
        });
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.UntilAsync((db, ct) => db.GdtFiles.AnyAsync(g => g.State == GdtState.Ready && g.Attempts > 0, ct));
        await host.UntilAsync((_, _) => Task.FromResult(host.Files.Status.Undecided == 1));
        Assert.Empty(host.Names);
        Assert.Equal(0, await AnnouncementsAsync(host));

        Directory.Delete(host.Incoming);
        Directory.Move(share, host.Incoming);
        await host.RestartAsync();
        await host.SettleAsync();
        Assert.Equal(["R1.gdt"], host.Names);
        Assert.Equal(1, await AnnouncementsAsync(host));
    }

    [Fact]
    public async Task Without_its_marker_file_a_folder_is_not_written_to()
    {
        await using var host = await GdtHost.StartAsync(o => o.MarkerFile = "share.txt");
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.WaitForWaitingAsync(1);
        Assert.False(Directory.Exists(host.Incoming));
        Directory.CreateDirectory(host.Incoming);
        await host.RestartAsync();
        await host.WaitForWaitingAsync(1);
        Assert.Empty(Directory.GetFileSystemEntries(host.Incoming));
        Assert.Contains("marker", host.Files.Status.Problem);
        await File.WriteAllTextAsync(Path.Join(host.Incoming, "share.txt"), "", Ct);
        await host.SettleAsync();
        Assert.Equal(["R1.gdt"], host.Names);
    }

    [Fact]
    public async Task What_a_crash_left_half_written_is_written_again()
    {
        await using var host = await GdtHost.StartAsync(o => o.MarkerFile = "share.txt");
        var stored = await host.StoreAsync(Studies.Image(1, "R1"));
        await host.WaitForWaitingAsync(1);
        Directory.CreateDirectory(host.Incoming);
        await File.WriteAllTextAsync(Path.Join(host.Incoming, $".study-{stored.Study}.tmp"), "01380006", Ct);
        await File.WriteAllTextAsync(Path.Join(host.Incoming, "share.txt"), "", Ct);
        await host.SettleAsync();
        Assert.Equal("P1", Patient(host.Read("R1.gdt")));
    }

    [Fact]
    public async Task Witnesses_of_finished_deliveries_are_swept_and_those_of_others_are_not()
    {
        await using var host = await GdtHost.StartAsync();
        var stored = await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        var mine = Path.Join(host.Incoming, $".study-{stored.Study}.witness");
        var foreign = Path.Join(host.Incoming, $".study-{ResourceId.ForStudy("other", "1.2")}.tmp");
        await File.WriteAllTextAsync(mine, "", Ct);
        await File.WriteAllTextAsync(foreign, "", Ct);
        await host.RestartAsync();
        await host.StoreAsync(Studies.Image(2, "R2"));
        await host.SettleAsync();
        Assert.False(File.Exists(mine));
        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public async Task Studies_that_the_old_image_announced_are_not_announced_again()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-gdt-old-").FullName;
        try
        {
            var file = Path.Join(folder, "gdt-transmitted.db");
            using (var old = new SqliteConnection($"Data Source={file};Pooling=False"))
            {
                await old.OpenAsync(Ct);
                using var command = old.CreateCommand();
                command.CommandText = "create table transmitted_studies(uuid TEXT PRIMARY KEY NOT NULL); insert into transmitted_studies values (@a), (@b), ('nonsense')";
                command.Parameters.AddWithValue("@a", ResourceId.ForStudy("P1", "2.25.1").ToString());
                command.Parameters.AddWithValue("@b", ResourceId.ForStudy("P9", "2.25.9").ToString());
                await command.ExecuteNonQueryAsync(Ct);
            }
            await using var host = await GdtHost.StartAsync(o => o.TransmittedStudiesDatabase = file);
            await host.StoreAsync(Studies.Image(1, "R1"));
            await host.StoreAsync(Studies.Image(2, "R2"));
            await host.SettleAsync();
            Assert.Equal(["R2.gdt"], host.Names);

            File.Delete(file); // read once: it is not needed again
            await host.RestartAsync();
            await host.StoreAsync(Studies.Image(1, "R1", 2));
            await host.StoreAsync(Studies.Image(9, "R9"));
            await host.SettleAsync();
            Assert.Equal(["R2.gdt"], host.Names);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_list_of_the_old_image_that_is_absent_or_broken_stops_nothing(bool broken)
    {
        var file = Path.Join(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        if (broken)
        {
            await File.WriteAllTextAsync(file, "this is no database, but it is long enough to be taken for one", Ct);
        }
        await using var host = await GdtHost.StartAsync(o => o.TransmittedStudiesDatabase = file);
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        Assert.Equal(["R1.gdt"], host.Names);
        Assert.Equal(broken, host.Log.Any(l => l.StartsWith("Error TransmittedStudiesDatabase", StringComparison.Ordinal)));
        File.Delete(file);
    }

    [Fact]
    public async Task Switched_off_nothing_is_written_and_switched_on_only_what_is_new()
    {
        var enable = false;
        await using var host = await GdtHost.StartAsync(o => o.Enable = enable);
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.StoreAsync(Studies.Report(1, "R1"));
        await host.SettleAsync();
        Assert.False(Directory.Exists(host.Incoming));
        enable = true;
        await host.RestartAsync();
        await host.StoreAsync(Studies.Image(2, "R2"));
        await host.SettleAsync();
        Assert.Equal(["R2.gdt"], host.Names);
    }

    [Fact]
    public async Task Test_id_and_description_are_taken_each_on_its_own()
    {
        await using var host = await GdtHost.StartAsync(o => o.TestDescription = "Sono");
        await host.StoreAsync(Studies.Image(1, "R1"));
        await host.SettleAsync();
        var fields = GoldenFile.Fields(host.Read("R1.gdt"));
        Assert.Contains(("8410", "EXTPACS"), fields);
        Assert.Contains(("8411", "Sono"), fields);
    }

    private static string Patient(byte[] file) => GoldenFile.Fields(file).Single(f => f.Id == "3000").Value;

    private static Task<int> AnnouncementsAsync(GdtHost host) =>
        host.Reader.ReadAsync((db, ct) => db.Events.CountAsync(e => e.Kind == EventKind.GdtWritten, ct), Ct);

    private static void Mount(GdtHost host, string share)
    {
        Directory.Delete(host.Incoming, recursive: true); // what is in a mount point is not seen any more
        Directory.Move(share, host.Incoming);
    }
}
