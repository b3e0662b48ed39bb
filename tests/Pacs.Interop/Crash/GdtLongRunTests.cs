using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Pacs.Dicom;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>
/// The GDT bridge on its worst day: studies come by C-STORE from devices that repeat what was not answered, three practice softwares read, delete and hold files open, their shares are away, read-only
/// and full for a while, and the server is killed with SIGKILL again and again. Every study and every report reaches each of them once, whole, with the pictures it names.
/// PACS_GDT_STUDIES=500 is the long run (docs/testing.md).
/// </summary>
public sealed class GdtLongRunTests
{
    private const int Devices = 3;

    private static readonly int StudyCount = int.Parse(Environment.GetEnvironmentVariable("PACS_GDT_STUDIES") ?? "9", CultureInfo.InvariantCulture);
    private static readonly int Kills = Math.Max(3, StudyCount / 20);

    [Fact]
    public async Task Whatever_happens_to_server_shares_and_files_every_record_is_delivered_once()
    {
        Tool.Require("storescu");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(120 + (6 * StudyCount)));
        var ct = limit.Token;
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        using var temporary = new TemporaryFolder();
        var folder = temporary.Path;
        await using var plain = await Share.CreateAsync(Path.Join(folder, "plain"), ct);
        await using var one = await Share.CreateAsync(Path.Join(folder, "one"), ct);
        await using var late = await Share.CreateAsync(Path.Join(folder, "late"), ct);
        Share[] shares = [plain, one, late];
        await using var server = ServerProcess.CreateIn(Directory.CreateDirectory(Path.Join(folder, "server")).FullName, ("StableAge", 1), ("GdtGenerator", new Dictionary<string, object?>
        {
            ["Receivers"] = new object[]
            {
                new { Name = "plain", Folder = plain.Folder, MarkerFile = Share.Marker },
                new { Name = "one", Folder = one.Folder, MarkerFile = Share.Marker, Profile = "gdt-2.1", Delivery = "HoldBack", StudyFile = "PACS.GDT", ReportFile = "PACS.GDT" },
                new { Name = "late", Folder = late.Folder, MarkerFile = Share.Marker, Profile = "gdt-3.1", Trigger = "StudyStable", AttachImages = 1, AttachmentFolder = Path.Join(late.Folder, "bilder") },
            },
        }));
        var readers = shares.Select((s, i) => new ImportingSoftware(s.Folder, seed + i).Start()).ToArray();
        try
        {
            await server.StartAsync(ct);
            var senders = Enumerable.Range(0, Devices).Select(d => Task.Run(() => SendAsync(Path.Join(folder, $"device{d}"), server.DicomPort, d, new Random(seed + 10 + d), ct), ct)).ToArray();
            var troubles = TroubleAsync(shares, Task.WhenAll(senders), new Random(seed + 20), ct);
            var kills = KillAsync(server, Task.WhenAll(senders), new Random(seed + 21), ct);
            await Task.WhenAll([troubles, kills, .. senders]);
            TestContext.Current.TestOutputHelper?.WriteLine($"{StudyCount} studies, {await kills} kills, {await troubles} troubles of shares ({(one.IsMounted ? "mounted" : "renamed")})");
            await CheckAsync(server, shares, readers, ct);
        }
        finally
        {
            foreach (var reader in readers)
            {
                await reader.DisposeAsync();
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{readers.Sum(r => r.Read.Count)} records");
    }

    private static bool HasReport(int study) => study % 3 == 0;

    // a device's studies: each in two associations, the second with another series and sometimes a report; what was not answered is sent again, all of it
    private static async Task SendAsync(string folder, int port, int device, Random random, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        for (var study = 1 + device; study <= StudyCount; study += Devices)
        {
            DicomDataset[] second = [Studies.Picture(study, 3).Set(DicomTag.SeriesInstanceUID, $"2.25.{study}.5"), .. HasReport(study) ? (DicomDataset[])[Studies.Report(study, $"R{study}")] : []];
            foreach (var batch in new[] { [Studies.Picture(study, 1), Studies.Picture(study, 2)], second })
            {
                var files = batch.Select((dataset, i) => (File: new DicomFile(dataset, TransferSyntax.ExplicitVRLittleEndian), Path: Path.Join(folder, $"{i}.dcm"))).ToList();
                files.ForEach(f => f.File.Save(f.Path));
                while ((await Tool.RunAsync("storescu", ct, ["-R", "-to", "5", "-ta", "10", "-td", "10", "127.0.0.1", port.ToString(CultureInfo.InvariantCulture), .. files.Select(f => f.Path)])).ExitCode != 0)
                {
                    await Task.Delay(random.Next(50, 500), ct);
                }
                await Task.Delay(random.Next(200), ct);
            }
        }
    }

    private static async Task<int> TroubleAsync(Share[] shares, Task senders, Random random, CancellationToken ct)
    {
        var round = 0;
        for (; !senders.IsCompleted || round < 2 * shares.Length; round++)
        {
            var share = shares[round % shares.Length];
            await share.SufferAsync(share.Possible[round / shares.Length % share.Possible.Count], TimeSpan.FromMilliseconds(random.Next(100, 1500)), ct);
            await Task.Delay(random.Next(500), ct);
        }
        return round;
    }

    private static async Task<int> KillAsync(ServerProcess server, Task senders, Random random, CancellationToken ct)
    {
        var kill = 0;
        for (; kill < Kills || !senders.IsCompleted; kill++)
        {
            // soon after the start, when what was begun is finished, and later
            await Task.Delay(random.Next(3) == 0 ? random.Next(200) : random.Next(3000), ct);
            await server.KillAsync(ct);
            await Task.Delay(random.Next(300), ct);
            await server.StartAsync(ct);
        }
        return kill;
    }

    private static async Task CheckAsync(ServerProcess server, Share[] shares, ImportingSoftware[] readers, CancellationToken ct)
    {
        var expected = Enumerable.Range(1, StudyCount).SelectMany(s => HasReport(s) ? new[] { $"P{s} study", $"P{s} report" } : [$"P{s} study"]).Order(StringComparer.Ordinal).ToList();
        var waited = Stopwatch.StartNew();
        var patience = TimeSpan.FromSeconds(60 + (4 * StudyCount));
        // fetched: a look at the folder that comes every five seconds
        while (waited.Elapsed < patience && (readers.Any(r => r.Read.Count < expected.Count) || shares.Any(s => Leftovers(s.Folder).Any()) || Rows(server).Any(r => r.State != "fetched")))
        {
            await Task.Delay(100, ct);
        }
        foreach (var (share, reader) in shares.Zip(readers))
        {
            var missing = expected.Except(reader.Read.Keys).ToList();
            Assert.True(missing.Count == 0, $"{Path.GetFileName(share.Folder)}: {missing.Count} of {expected.Count} records did not come: {string.Join(", ", missing.Take(5))}\n{Tail(server)}");
            Assert.Equal(expected, reader.Read.Keys.Order(StringComparer.Ordinal));
            Assert.DoesNotContain(reader.Read, r => r.Value != 1);
            Assert.Empty(reader.Torn);
            Assert.Empty(Leftovers(share.Folder));
            // one row for each, never a second try under another number
            Assert.Equal(Enumerable.Repeat("fetched 0", expected.Count), Rows(server).Where(r => r.Receiver == Path.GetFileName(share.Folder)).Select(r => $"{r.State} {r.Revision}"));
        }
        Assert.Equal(0, await server.StopAsync(ct));
    }

    private static IEnumerable<string> Leftovers(string folder) => Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)).Where(n => n != Share.Marker);

    private static string Tail(ServerProcess server) => string.Join('\n', server.Output.Split('\n').TakeLast(60));

    private static List<(string Receiver, string State, long Revision)> Rows(ServerProcess server)
    {
        using var connection = new SqliteConnection($"Data Source={Directory.GetFiles(server.StorageDirectory, "*.db").Single()};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT receiver, state, revision FROM gdt_file";
        using var reader = command.ExecuteReader();
        var rows = new List<(string, string, long)>();
        while (reader.Read())
        {
            rows.Add((reader.GetString(0), reader.GetString(1), reader.GetInt64(2)));
        }
        return rows;
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("pacs-gdt-long-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
