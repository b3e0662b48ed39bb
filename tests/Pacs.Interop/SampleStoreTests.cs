using System.Diagnostics;
using System.Text.Json;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>
/// Every file of ../shared/samples that dcmtk can read is sent by dcmtk's storescu in its own transfer syntax. What it stored is compared with what dcmtk's
/// bit-preserving storescp got from the same command, and with the original by pydicom; the index with the facts that two independent readers found.
/// </summary>
public sealed class SampleStoreTests
{
    private static readonly string[] Facts =
    [
        "patient_id", "patient_name", "patient_birth_date", "patient_sex", "accession", "study_date", "study_uid", "series_uid", "modality", "sop_class_uid", "ts_uid",
        "frames", "manufacturer",
    ];

    private static readonly string[] MediaDirectory = ["1.2.840.10008.1.3.10"];

    [Fact]
    public async Task Every_readable_sample_is_stored_byte_for_byte_and_indexed_with_its_facts()
    {
        var ct = TestContext.Current.CancellationToken;
        Tool.Require("storescu", "storescp");
        await Tool.RequirePythonAsync("pydicom", ct);
        var samples = Samples();
        await using var server = ServerProcess.Create(("StableAge", 3600));
        await server.StartAsync(ct);
        using var reference = await ReferenceScp.StartAsync(server.Folder, ct);

        var sent = new List<object>();
        var refused = new List<(string Sample, string Reason)>();
        var seen = new HashSet<string>();
        var compared = 0;
        foreach (var sample in samples)
        {
            var configuration = Path.Join(server.Folder, "storescu.cfg");
            await File.WriteAllTextAsync(configuration, $"""
                [[TransferSyntaxes]]
                [Own]
                TransferSyntax1 = {sample["ts_uid"]}
                [[PresentationContexts]]
                [Own]
                PresentationContext1 = {sample["sop_class_uid"]}\Own
                [[Profiles]]
                [Own]
                PresentationContexts = Own
                """, ct);
            var path = sample.FullPath;
            var ours = await Tool.RunAsync("storescu", ct, "-v", "-xf", configuration, "Own", "127.0.0.1", server.DicomPort.ToString(), path);
            if (!ours.All.Contains("Received Store Response (Success)", StringComparison.Ordinal))
            {
                refused.Add((sample["path"], Reason(ours.All)));
                continue;
            }
            Assert.True(0 == ours.ExitCode, ours.All);
            // several samples are variants of one object: only the first of a UID is kept, and the others are conflicts
            if (seen.Add(sample["sop_instance_uid"]))
            {
                var copy = await reference.ReceiveAsync(configuration, path, ct);
                compared += copy is null ? 0 : 1;
                sent.Add(new { sample = sample["path"], sop = sample["sop_instance_uid"], sent = copy, facts = Facts.ToDictionary(f => f, f => sample[f]) });
            }
        }
        Assert.Equal(0, await server.StopAsync(ct));

        var jobs = Path.Join(server.Folder, "jobs.json");
        var database = Directory.GetFiles(server.StorageDirectory, "*.db").Single();
        await File.WriteAllBytesAsync(jobs, JsonSerializer.SerializeToUtf8Bytes(new { root = SharedSamples.SharedFolder, database, storage = server.StorageDirectory, files = sent }), ct);
        var comparison = await Tool.RunAsync("/usr/bin/python3", ct, Path.Join(AppContext.BaseDirectory, "Scripts", "compare_stored.py"), jobs);
        Assert.True(comparison.ExitCode == 0, comparison.All);
        Assert.True(comparison.Output == "[]", comparison.Output);
        Assert.True(compared > 250, $"only {compared} samples were compared");
        TestContext.Current.TestOutputHelper?.WriteLine($"{samples.Count} sent, {compared} compared, {refused.Count} refused:");
        foreach (var (sample, reason) in refused)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{sample}: {reason}");
        }
        // dcmtk names its reason on stderr; a refusal by us must be a DICOM status with a comment, never a broken connection
        Assert.DoesNotContain(refused, r => r.Reason.Length == 0 || r.Reason.Contains("Peer aborted", StringComparison.OrdinalIgnoreCase));
    }

    private static string Reason(string output) => string.Join(" | ", output.Split('\n')
        .Where(l => l.StartsWith("E:", StringComparison.Ordinal) || l.StartsWith("F:", StringComparison.Ordinal) || l.Contains("Received Store Response", StringComparison.Ordinal)));

    private static List<SharedSamples.Sample> Samples() => [.. SharedSamples.Readable.Where(s =>
        s["parse_dcmdump"].StartsWith("rc0", StringComparison.Ordinal) && s["sop_class_uid"].Length > 0 && !MediaDirectory.Contains(s["sop_class_uid"]))];

    /// <summary>dcmtk's storescp, which writes the data set exactly as it came.</summary>
    private sealed class ReferenceScp : IDisposable
    {
        private readonly Process _process;
        private readonly string _folder;
        private readonly int _port;
        private int _count;

        private ReferenceScp(Process process, string folder, int port) => (_process, _folder, _port) = (process, folder, port);

        public static async Task<ReferenceScp> StartAsync(string folder, CancellationToken ct)
        {
            var output = Directory.CreateDirectory(Path.Join(folder, "storescp")).FullName;
            var port = Ports.Free();
            var process = Process.Start(new ProcessStartInfo("storescp", ["+B", "-pm", "+xa", "-od", output, port.ToString()]) { UseShellExecute = false })!;
            while (!ct.IsCancellationRequested)
            {
                using var probe = new System.Net.Sockets.TcpClient();
                try
                {
                    await probe.ConnectAsync(System.Net.IPAddress.Loopback, port, ct);
                    break;
                }
                catch (System.Net.Sockets.SocketException)
                {
                    await Task.Delay(20, ct);
                }
            }
            return new ReferenceScp(process, output, port);
        }

        /// <summary>Where the received object is, or null when dcmtk's own receiver refuses the syntax.</summary>
        public async Task<string?> ReceiveAsync(string configuration, string path, CancellationToken ct)
        {
            await Tool.RunAsync("storescu", ct, "-xf", configuration, "Own", "127.0.0.1", _port.ToString(), path);
            var file = Directory.GetFiles(_folder).SingleOrDefault();
            if (file is null)
            {
                return null;
            }
            var kept = Path.Join(Directory.CreateDirectory(Path.Join(_folder, "kept")).FullName, $"{_count++}.dcm");
            File.Move(file, kept);
            return kept;
        }

        public void Dispose()
        {
            _process.Kill();
            _process.Dispose();
        }
    }
}
