using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>
/// The promise when the power goes: a file system of our own on a loop device, which ext4's shutdown request stops at once, so that nothing gets to the disk
/// that was not flushed. Needs root. PACS_CRASH_ROUNDS as for the crash tests.
/// </summary>
public sealed class PowerCutTests
{
    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("PACS_CRASH_ROUNDS") ?? "3", CultureInfo.InvariantCulture);

    // EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH; says when, in seconds since 1970
    private const string Shutdown =
        "import fcntl, os, struct, sys, time; disk = os.open(sys.argv[1], os.O_RDONLY); at = time.time(); fcntl.ioctl(disk, 0x8004587D, struct.pack('I', 2)); print(at)";

    [Theory]
    [InlineData("has_journal")]
    [InlineData("^has_journal")]
    public async Task After_a_power_cut_under_load_nothing_acknowledged_is_lost(string feature)
    {
        var ct = TestContext.Current.CancellationToken;
        Tool.Require("mkfs.ext4", "mount", "umount", "e2fsck");
        Assert.SkipUnless(Environment.UserName == "root" && File.Exists("/dev/loop-control"), "needs root and loop devices");
        var folder = Directory.CreateTempSubdirectory("pacs-power-").FullName;
        var image = Path.Join(folder, "disk");
        var disk = Directory.CreateDirectory(Path.Join(folder, "mounted")).FullName;
        await using (var file = File.Create(image))
        {
            file.SetLength(1L << 30);
        }
        await MustAsync("mkfs.ext4", ct, "-q", "-F", "-O", feature, image);
        if ((await Tool.RunAsync("mount", ct, "-o", "loop", image, disk)).ExitCode != 0)
        {
            Directory.Delete(folder, recursive: true);
            Assert.Skip("loop devices cannot be mounted here");
        }
        try
        {
            await RunAsync(image, disk, ct);
        }
        finally
        {
            await Tool.RunAsync("umount", CancellationToken.None, "-l", disk);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task RunAsync(string image, string disk, CancellationToken ct)
    {
        // its folder goes with the disk, which may not be writable when a test fails
        var server = ServerProcess.CreateIn(Directory.CreateDirectory(Path.Join(disk, "pacs")).FullName, ("StableAge", 1), ("IntakeJournalSize", 2));
        await MustAsync("sync", ct);
        var device = new LoadDevice(server.DicomPort) { MayBeRefused = true };
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < Rounds; round++)
        {
            await server.StartAsync(ct);
            var senders = Enumerable.Range(0, 4).Select(_ => Task.Run(() => device.SendAsync(ct), ct)).ToArray();
            await Task.Delay(random.Next(100, 1500), ct);
            var cut = double.Parse(await MustAsync("/usr/bin/python3", ct, "-c", Shutdown, disk), CultureInfo.InvariantCulture);
            await Task.Delay(random.Next(0, 50), ct);
            await server.KillAsync(ct);
            await Task.WhenAll(senders);
            // No machine answers after its power is cut. Here one does, for some milliseconds: an fdatasync whose transaction the shutdown aborts succeeds
            // (jbd2_complete_transaction finds it neither running nor being committed). A writer of 4 KiB pages alone sees the same three times in 40 rounds.
            foreach (var (uid, _) in device.Acknowledged.Where(a => a.Value.At >= DateTimeOffset.UnixEpoch.AddSeconds(cut)))
            {
                device.Acknowledged.TryRemove(uid, out _);
            }
            await MustAsync("umount", ct, disk);
            // without a journal the file system itself has to be repaired, as at any start after a power cut
            await Tool.RunAsync("e2fsck", ct, "-y", "-f", image);
            await MustAsync("mount", ct, "-o", "loop", image, disk);
        }
        await server.StartAsync(ct);
        Assert.Equal(0, await server.StopAsync(ct));
        TestContext.Current.TestOutputHelper?.WriteLine($"{Rounds} power cuts, {device.Acknowledged.Count} acknowledged");
        Assert.True(device.Acknowledged.Count > Rounds, "the load was no load");

        using var connection = new SqliteConnection($"Data Source={Directory.GetFiles(server.StorageDirectory, "*.db").Single()};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT i.uid, i.key, EXISTS (SELECT 1 FROM event e WHERE e.resource = i.public_id AND e.rebuilt = 0) FROM instance i";
        using var reader = command.ExecuteReader();
        var rows = new Dictionary<string, (string Key, bool Announced)>();
        while (reader.Read())
        {
            rows.Add(reader.GetString(0), (reader.GetString(1), reader.GetBoolean(2)));
        }
        foreach (var (uid, (digest, _)) in device.Acknowledged)
        {
            Assert.True(rows.TryGetValue(uid, out var row), $"{uid} was acknowledged and is not in the index\n{server.Output}");
            Assert.True(row.Announced, $"{uid} was acknowledged and not announced\n{server.Output}");
            var dataset = DicomFile.Open(Path.Join(server.StorageDirectory, row.Key)).Dataset;
            Assert.Equal(digest, Convert.ToHexString(SHA256.HashData(DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian))));
        }
        // whoever has no row was promised to nobody; whoever has one has a whole file
        Assert.All(rows.Values, row => Assert.NotEmpty(DicomFile.Open(Path.Join(server.StorageDirectory, row.Key)).Dataset.Get(DicomTag.PixelData)!.Value.ToArray()));
    }

    private static async Task<string> MustAsync(string name, CancellationToken ct, params string[] arguments)
    {
        var result = await Tool.RunAsync(name, ct, arguments);
        Assert.True(result.ExitCode == 0, $"{name} {string.Join(' ', arguments)}: {result.All}");
        return result.Output;
    }
}
