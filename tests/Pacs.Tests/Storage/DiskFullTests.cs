using System.Diagnostics;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class DiskFullTests
{
    // many at once: their rows are still to come when the disk is full
    private const int Senders = 8;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Below_the_free_space_that_is_kept_nothing_is_accepted_and_nothing_written()
    {
        await using var box = await TestArchive.StartAsync(o => o.MinimumFreeSpace = long.MaxValue / 2);
        await using var staged = box.Archive.Stage(DicomUid.UltrasoundImageStorage, TestArchive.Uid(1, 1, 1), TransferSyntax.ExplicitVRLittleEndian);

        Assert.Equal((StoreOutcome.OutOfResources, "Disk full"), (staged.Refusal!.Outcome, staged.Refusal.Reason));
        Assert.Equal(StoreOutcome.OutOfResources, (await box.StoreAsync(TestArchive.Image())).Outcome);
        Assert.Empty(box.Files());
        await box.AssertConsistentAsync();
    }

    // the limit is off: the disk itself says no, at whatever step it likes
    [Fact]
    public async Task On_a_full_disk_nothing_is_half_stored_and_everything_goes_on_when_there_is_room()
    {
        await using var volume = await SmallVolume.MountAsync(32);
        await using var box = await TestArchive.StartAsync(folder: Path.Join(volume.Path, "pacs"));
        var stored = new List<StoreResult>();
        var refused = 0;
        for (var i = 0; refused < 40; i += Senders)
        {
            var results = await Task.WhenAll(Enumerable.Range(i + 1, Senders)
                .Select(n => box.StoreAsync(TestArchive.Image(study: n % 5, instance: n, size: n % 3 == 0 ? 700_000 : 3000))));
            Assert.All(results, r => Assert.True(r.Outcome is StoreOutcome.Stored or StoreOutcome.OutOfResources));
            stored.AddRange(results.Where(r => r.IsSafe));
            refused += results.Count(r => !r.IsSafe);
        }
        Assert.NotEmpty(stored);
        // rows that find no room are made in what is kept for them
        await box.Get<IntakeJournal>().SettleAsync().WaitAsync(TimeSpan.FromSeconds(60), Ct);
        Assert.Equal(stored.Count, (await box.Reader.StatisticsAsync(Ct)).Instances);
        await box.AssertConsistentAsync();

        // also after a restart on the full disk every acknowledged one is there and whole
        await box.RestartAsync();
        foreach (var result in stored)
        {
            await using var stream = await box.Archive.OpenAsync(result.Instance, Ct);
            Assert.Equal((await box.Reader.LocateAsync(result.Instance, Ct))!.Size, stream!.Length);
        }

        // room again, without a restart; what had failed for want of room makes some itself
        Directory.GetFiles(volume.Path, "ballast*").ToList().ForEach(File.Delete);
        foreach (var result in stored.Take(stored.Count / 2))
        {
            try
            {
                await box.Archive.DeleteAsync(Level.Instance, result.Instance, Ct);
            }
            catch (IndexUnavailableException)
            {
                await box.Archive.DeleteAsync(Level.Instance, result.Instance, Ct);
            }
        }
        await box.EmptyTrashAsync();
        Assert.Equal(StoreOutcome.Stored, (await box.StoreAsync(TestArchive.Image(study: 90))).Outcome);
        await box.AssertConsistentAsync();
    }

    /// <summary>A file system in memory with room for some MiB. Needs the right to mount; without it the test skips.</summary>
    private sealed class SmallVolume : IAsyncDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("pacs-small-").FullName;

        public static async Task<SmallVolume> MountAsync(int mebibytes)
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "tmpfs is Linux's");
            var volume = new SmallVolume();
            // ballast that can be taken away: so a full volume can get room again even for the log
            Assert.SkipUnless(await RunAsync("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", volume.Path) == 0, "no right to mount a small volume");
            await File.WriteAllBytesAsync(System.IO.Path.Join(volume.Path, "ballast"), new byte[1 << 20], Ct);
            Directory.CreateDirectory(System.IO.Path.Join(volume.Path, "pacs"));
            return volume;
        }

        public async ValueTask DisposeAsync()
        {
            // lazy: a last reader may close its connection a moment after the server has stopped
            await RunAsync("umount", "--lazy", Path);
            Directory.Delete(Path, recursive: true);
        }

        private static async Task<int> RunAsync(string command, params string[] arguments)
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo(command, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
                await process.WaitForExitAsync(CancellationToken.None);
                return process.ExitCode;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return -1;
            }
        }
    }
}
