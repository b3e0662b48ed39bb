using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>
/// The promise: whatever was answered 0000H is on disk and in the index, and each study reaches the practice software once, whenever the process dies.
/// PACS_CRASH_ROUNDS=60 is the long run (docs/testing.md).
/// </summary>
public sealed class CrashTests
{
    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("PACS_CRASH_ROUNDS") ?? "4", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Killed_at_random_times_under_load_nothing_acknowledged_is_lost_and_no_GDT_file_is_doubled()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var server = ServerProcess.Create(("StableAge", 1), ("IntakeJournalSize", 1));
        await using var ais = new PracticeSoftware(server.GdtDirectory).Start();
        var device = new LoadDevice(server.DicomPort);
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < Rounds; round++)
        {
            await server.StartAsync(ct);
            var senders = Enumerable.Range(0, 4).Select(_ => Task.Run(() => device.SendAsync(ct), ct)).ToArray();
            await Task.Delay(random.Next(20, 1200), ct);
            await server.KillAsync(ct);
            await Task.WhenAll(senders);
        }
        await CheckAsync(server, device, ais, ct);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Rounds} kills, {device.Acknowledged.Count} acknowledged, {ais.Read.Count} GDT files");
        Assert.True(device.Acknowledged.Count > Rounds, "the load was no load");
    }

    public static TheoryData<string> Steps => [.. CrashSteps.All];

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Killed_at_a_step_nothing_acknowledged_is_lost_and_no_GDT_file_is_doubled(string step)
    {
        var ct = TestContext.Current.CancellationToken;
        await using var server = ServerProcess.Create(("StableAge", 1), ("IntakeJournalSize", 1));
        await using var ais = new PracticeSoftware(server.GdtDirectory).Start();
        var device = new LoadDevice(server.DicomPort);
        // the eighth time: the start has passed it too, and something has gone well
        await server.StartAsync(ct, ("PACS_CRASHPOINT", step + ":8"));
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var senders = Enumerable.Range(0, 2).Select(_ => Task.Run(() => device.SendAsync(giveUp.Token), ct)).ToArray();
        var died = server.WaitForExitAsync(ct);
        var first = await Task.WhenAny(died, Task.Delay(TimeSpan.FromSeconds(30), ct));
        await giveUp.CancelAsync();
        if (first != died)
        {
            // a server that takes nothing for want of room never gets to a step
            Assert.Fail(server.Output.Contains("Disk full", StringComparison.Ordinal)
                ? $"the disk is full: {new DriveInfo(server.Folder).AvailableFreeSpace >> 20} MB are free at {server.Folder}, too few for the server to take anything"
                : $"the step {step} was never reached:\n{server.Output}");
        }
        Assert.Equal(137, await died);
        await Task.WhenAll(senders);
        await CheckAsync(server, device, ais, ct);
    }

    private static async Task CheckAsync(ServerProcess server, LoadDevice device, PracticeSoftware ais, CancellationToken ct)
    {
        await server.StartAsync(ct);
        // every acknowledged study must arrive; one that was stored but not acknowledged may, and a delivery that has begun must end
        var waited = Stopwatch.StartNew();
        while ((device.Studies.Keys.Any(s => !ais.Read.ContainsKey(s)) || Directory.EnumerateFileSystemEntries(server.GdtDirectory).Any())
            && waited.Elapsed < TimeSpan.FromSeconds(30))
        {
            await Task.Delay(50, ct);
        }
        var missing = device.Studies.Keys.Where(s => !ais.Read.ContainsKey(s)).ToList();
        Assert.True(missing.Count == 0, $"no GDT file for {missing.Count} of {device.Studies.Count} studies, e.g. {missing.FirstOrDefault()}\n{server.Output}");
        Assert.Equal(0, await server.StopAsync(ct));

        Assert.Empty(ais.Torn);
        Assert.DoesNotContain(ais.Read, r => r.Value != 1);
        Assert.DoesNotContain(ais.Read.Keys, a => !device.Begun.ContainsKey(a));

        var stored = Rows(server);
        foreach (var (uid, (digest, _)) in device.Acknowledged)
        {
            Assert.True(stored.TryGetValue(uid, out var key), $"{uid} was acknowledged and is not in the index");
            var file = DicomFile.Open(Path.Join(server.StorageDirectory, key));
            Assert.Equal(digest, Convert.ToHexString(SHA256.HashData(DicomWriter.ToBytes(file.Dataset, TransferSyntax.ExplicitVRLittleEndian))));
        }
        Assert.All(stored.Values, key => Assert.True(File.Exists(Path.Join(server.StorageDirectory, key)), $"{key} is in the index and not on disk"));
        var incoming = Path.Join(server.StorageDirectory, "incoming");
        Assert.True(!Directory.Exists(incoming) || Directory.GetFiles(incoming).Length == 0, "staging was not swept");
        Assert.Empty(Directory.GetFileSystemEntries(server.GdtDirectory));
    }

    private static Dictionary<string, string> Rows(ServerProcess server)
    {
        using var connection = new SqliteConnection($"Data Source={Directory.GetFiles(server.StorageDirectory, "*.db").Single()};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT uid, key FROM instance";
        using var reader = command.ExecuteReader();
        var rows = new Dictionary<string, string>();
        while (reader.Read())
        {
            rows.Add(reader.GetString(0), reader.GetString(1));
        }
        return rows;
    }
}
