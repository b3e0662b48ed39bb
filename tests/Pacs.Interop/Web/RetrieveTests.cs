using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>dcmtk retrieves from us: movescu with its own port, movescu for a storescp, getscu.</summary>
public sealed partial class RetrieveTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_sample_comes_back_byte_for_byte()
    {
        Tool.Require("movescu", "storescp");
        await Tool.RequirePythonAsync("pydicom", Ct);
        // what dcmtk's storescp does not take at all is not for it
        var samples = Usable().Where(s => IsTakenByDcmtk(s["ts_uid"])).ToList();
        using var destination = await Destination.StartAsync("+B", "+xa", "-pm", "-pdu", "131072");
        await using var server = await StartAsync(destination.Port);
        var stored = await StoreAsync(server, samples.Select(s => s.FullPath));
        Assert.True(stored.Count > 200, $"only {stored.Count} samples were stored");
        var studies = samples.Where(s => stored.Contains(s.FullPath)).Select(s => s["study_uid"]).Distinct().ToList();

        var moved = await MoveAsync(server, "-S", "DEST", "QueryRetrieveLevel=STUDY", $"StudyInstanceUID={string.Join('\\', studies)}");

        Assert.True(FinalStatus(moved.All) == "Success", $"{moved.All}\n{server.Output}");
        await AssertSameAsync(destination.Folder, stored);
    }

    [Fact]
    public async Task Every_level_and_model_finds_what_is_meant()
    {
        Tool.Require("movescu", "storescu");
        await using var server = await StartAsync(1);
        using var files = new SampleFiles();
        foreach (var (patient, study, number) in new[] { ("P1", "1.2.1", 1), ("P1", "1.2.1", 2), ("P1", "1.2.1", 3), ("P1", "1.2.2", 1), ("P2", "1.2.3", 1) })
        {
            files.Add("Müller^Jürgen", patient, study, number);
        }
        await files.SendAsync(server.DicomPort, Ct);

        (string Model, string[] Keys, int Expected)[] cases =
        [
            ("-P", ["QueryRetrieveLevel=PATIENT", "PatientID=P1"], 4),
            ("-P", ["QueryRetrieveLevel=STUDY", "PatientID=P1", "StudyInstanceUID=1.2.1"], 3),
            ("-P", ["QueryRetrieveLevel=STUDY", "PatientID=P2", "StudyInstanceUID=1.2.1"], 0),
            ("-S", ["QueryRetrieveLevel=STUDY", @"StudyInstanceUID=1.2.1\1.2.3"], 4),
            ("-S", ["QueryRetrieveLevel=SERIES", "StudyInstanceUID=1.2.1", "SeriesInstanceUID=1.2.1.1"], 3),
            ("-S", ["QueryRetrieveLevel=IMAGE", "StudyInstanceUID=1.2.1", "SeriesInstanceUID=1.2.1.1", @"SOPInstanceUID=1.2.1.1.1\1.2.1.1.3"], 2),
            ("-S", ["QueryRetrieveLevel=IMAGE", "StudyInstanceUID=1.2.2", "SeriesInstanceUID=1.2.1.1", @"SOPInstanceUID=1.2.1.1.1"], 0),
            ("-S", ["QueryRetrieveLevel=IMAGE", "SOPInstanceUID=1.2.3.1.1"], 1),
            ("-O", ["QueryRetrieveLevel=PATIENT", "PatientID=P1"], 4),
            ("-O", ["QueryRetrieveLevel=STUDY", "PatientID=P1", "StudyInstanceUID=1.2.2"], 1),
        ];
        foreach (var (model, keys, expected) in cases)
        {
            using var folder = new TemporaryFolder();
            var moved = await MoveToSelfAsync(server, model, folder.Path, keys);
            Assert.True((0, "Success", expected) == (moved.ExitCode, FinalStatus(moved.All), Directory.GetFiles(folder.Path).Length), $"{model} {string.Join(' ', keys)}\n{moved.All}");
        }
        foreach (var (model, keys) in new[]
        {
            ("-S", new[] { "QueryRetrieveLevel=PATIENT", "PatientID=P1" }), // no level of the study root
            ("-O", ["QueryRetrieveLevel=SERIES", "SeriesInstanceUID=1.2.1.1"]),
            ("-S", ["QueryRetrieveLevel=STUDY", "StudyInstanceUID="]), // would be everything
            ("-S", ["QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.2.*"]),
        })
        {
            var refused = await MoveAsync(server, model, "DEST", keys);
            Assert.Contains("DataSetDoesNotMatchSOPClass", FinalStatus(refused.All), StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task An_uncompressed_image_is_written_anew_for_a_destination_that_wants_it_so()
    {
        Tool.Require("movescu", "storescp", "storescu");
        await Tool.RequirePythonAsync("pydicom", Ct);
        string[] classes = [DicomUid.CTImageStorage, DicomUid.MRImageStorage, DicomUid.UltrasoundImageStorage, DicomUid.ComprehensiveSRStorage];
        var samples = classes.SelectMany(c => Usable().Where(s => s["sop_class_uid"] == c && s["ts_uid"] == DicomUid.ExplicitVRLittleEndian).Take(12)).ToList();
        using var destination = await Destination.StartAsync("+xi", "+B");
        await using var server = await StartAsync(destination.Port);
        var stored = await StoreAsync(server, samples.Select(s => s.FullPath));
        Assert.True(stored.Count >= 30, $"only {stored.Count} samples were stored");

        var moved = await MoveAsync(server, "-S", "DEST", "QueryRetrieveLevel=STUDY", $"StudyInstanceUID={string.Join('\\', samples.Select(s => s["study_uid"]).Distinct())}");

        Assert.Equal("Success", FinalStatus(moved.All));
        await AssertSameAsync(destination.Folder, stored, isRewritten: true);
    }

    [Fact]
    public async Task Getscu_gets_decoded_what_its_contexts_cannot_carry()
    {
        Tool.Require("getscu", "dcmdump");
        await Tool.RequirePythonAsync("pydicom", Ct);
        await using var server = await StartAsync(1);
        var captures = Usable().Where(s => s["sop_class_uid"] == DicomUid.SecondaryCaptureImageStorage).ToList();
        var plain = captures.Where(s => s["ts_uid"] == DicomUid.ExplicitVRLittleEndian).Take(3).Select(s => s.FullPath).ToList();
        var jpeg = captures.Where(s => s["ts_uid"] == DicomUid.JPEGBaseline8Bit).Take(2).Select(s => s.FullPath).ToList();
        Assert.Equal(5, (await StoreAsync(server, plain.Concat(jpeg))).Count);
        using var folder = new TemporaryFolder();
        var instances = plain.Concat(jpeg).Select(p => OutgoingInstance.OfFile(p).SopInstance);
        string[] keys = ["-k", "QueryRetrieveLevel=IMAGE", "-k", $"SOPInstanceUID={string.Join('\\', instances)}"];

        var got = await Tool.RunAsync("getscu", Ct, ["-v", "-S", "-aet", "SELF", "+B", "-od", folder.Path, "127.0.0.1", $"{server.DicomPort}", .. keys]);

        Assert.Matches(@"Number of Completed Suboperations : 5\b", got.All);
        var decoded = Directory.GetFiles(folder.Path).Where(f => jpeg.Exists(j => OutgoingInstance.OfFile(j).SopInstance == OutgoingInstance.OfFile(f).SopInstance)).ToList();
        Assert.Equal(2, decoded.Count);
        Assert.All(decoded, f => Assert.False(DicomFile.Open(f).Syntax.IsEncapsulated));
        decoded.ForEach(File.Delete);
        await AssertSameAsync(folder.Path, plain);
    }

    [Fact]
    public async Task Cancelling_stops_the_sending()
    {
        Tool.Require("movescu", "storescp");
        // a destination that takes its time, so that there is something to cancel
        using var destination = await Destination.StartAsync("--ignore", "--sleep-after", "1");
        await using var server = await StartAsync(destination.Port);
        await StoreManyAsync(server, 50);

        var moved = await Tool.RunAsync("movescu", Ct, [.. MoveArguments(server, "-S", "DEST", "QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.2.1"), "--cancel", "1"]);

        Assert.Contains("Cancel", FinalStatus(moved.All), StringComparison.OrdinalIgnoreCase);
        await UntilSaidAsync(server, "status FE00H");
        Assert.DoesNotContain(": 50 instances sent", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_moves_at_once_to_several_destinations()
    {
        Tool.Require("movescu", "storescp");
        using var one = await Destination.StartAsync("+B");
        using var two = await Destination.StartAsync("+B");
        await using var server = await StartAsync(one.Port, two.Port);
        await StoreManyAsync(server, 60);

        var moves = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => MoveAsync(server, "-S", i % 2 == 0 ? "DEST" : "DEST2", "QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.2.1")));

        Assert.All(moves, m => Assert.Equal("Success", FinalStatus(m.All)));
        Assert.Equal((60, 60), (Directory.GetFiles(one.Folder).Length, Directory.GetFiles(two.Folder).Length));
    }

    [Fact]
    public async Task A_file_that_is_gone_is_a_failed_sub_operation_and_named()
    {
        Tool.Require("movescu", "storescp");
        using var destination = await Destination.StartAsync("+B");
        await using var server = await StartAsync(destination.Port);
        await StoreManyAsync(server, 3);
        var files = Directory.GetFiles(server.StorageDirectory, "*.dcm", SearchOption.AllDirectories).Order().ToArray();
        File.Delete(files[0]);
        await File.AppendAllTextAsync(files[1], "longer than the index says", Ct);

        var moved = await Tool.RunAsync("movescu", Ct, [.. MoveArguments(server, "-S", "DEST", "QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.2.1"), "-pr", "-d"]);

        Assert.Contains("Warning", FinalStatus(moved.All), StringComparison.OrdinalIgnoreCase);
        Assert.Single(Directory.GetFiles(destination.Folder));
        Assert.Matches(@"Completed Suboperations\s+: 1\b", moved.All);
        Assert.Matches(@"Failed Suboperations\s+: 2\b", moved.All);
        await UntilSaidAsync(server, "is missing or has another size");
    }

    [Fact]
    public async Task A_destination_that_is_unknown_away_or_unwilling_is_said_so()
    {
        Tool.Require("movescu", "storescp");
        using var destination = await Destination.StartAsync("--refuse");
        await using var server = await StartAsync(destination.Port, 9); // nobody listens on 9
        await StoreManyAsync(server, 2);
        string[] keys = ["QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.2.1"];

        Assert.Contains("MoveDestinationUnknown", FinalStatus((await MoveAsync(server, "-S", "ELSEWHERE", keys)).All), StringComparison.Ordinal);
        Assert.Contains("OutOfResourcesSubOperations", FinalStatus((await MoveAsync(server, "-S", "DEST", keys)).All), StringComparison.Ordinal);
        await UntilSaidAsync(server, "The destination rejects");
        Assert.Contains("OutOfResourcesSubOperations", FinalStatus((await MoveAsync(server, "-S", "DEST2", keys)).All), StringComparison.Ordinal);
        await UntilSaidAsync(server, "The destination cannot be reached");
    }

    /// <summary>Files with all UIDs; of several variants of an object the first, since that one is kept; none of the maker whose files are repaired on reception.</summary>
    private static IEnumerable<SharedSamples.Sample> Usable() => SharedSamples.Readable
        .Where(s => s["parse_dcmdump"].StartsWith("rc0", StringComparison.Ordinal) && s["study_uid"].Length > 0 && s["series_uid"].Length > 0 && s["sop_class_uid"].Length > 0
            && !s["manufacturer"].Equals("sonoscape", StringComparison.OrdinalIgnoreCase))
        .DistinctBy(s => s["sop_instance_uid"]);

    private static async Task<ServerProcess> StartAsync(int port, int second = 1)
    {
        var self = Ports.Free();
        var server = ServerProcess.Create(("DicomModalities", new Dictionary<string, object>
        {
            ["dest"] = new object[] { "DEST", "127.0.0.1", port },
            ["dest2"] = new object[] { "DEST2", "127.0.0.1", second },
            ["self"] = new object[] { "SELF", "127.0.0.1", self },
        }));
        SelfPorts[server.DicomPort] = self;
        await server.StartAsync(Ct);
        return server;
    }

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<int, int> SelfPorts = new();

    private static string[] MoveArguments(ServerProcess server, string model, string destination, params string[] keys) =>
        ["-v", model, "-aet", "SELF", "-aem", destination, "127.0.0.1", $"{server.DicomPort}", .. keys.SelectMany(k => new[] { "-k", k })];

    private static Task<Tool.Result> MoveAsync(ServerProcess server, string model, string destination, params string[] keys) =>
        Tool.RunAsync("movescu", Ct, MoveArguments(server, model, destination, keys));

    private static Task<Tool.Result> MoveToSelfAsync(ServerProcess server, string model, string folder, params string[] keys) =>
        Tool.RunAsync("movescu", Ct, [.. MoveArguments(server, model, "SELF", keys), "+P", $"{SelfPorts[server.DicomPort]}", "-od", folder]);

    private static string FinalStatus(string output) => FinalResponse().Match(output) is { Success: true } match ? match.Groups[1].Value : output;

    /// <summary>Sends files in their own syntax; gives those that the server stored.</summary>
    internal static async Task<List<string>> StoreAsync(ServerProcess server, IEnumerable<string> paths)
    {
        var pathOf = new Dictionary<OutgoingInstance, string>(ReferenceEqualityComparer.Instance);
        foreach (var path in paths)
        {
            try
            {
                pathOf[OutgoingInstance.OfFile(path)] = path;
            }
            catch (DicomException)
            {
                // what has no UID cannot be sent
            }
        }
        var scu = new StoreScu(
            new AssociationRequest { CallingAe = "INTEROP", CalledAe = "PACS" }, (request, ct) => DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, tls: null, ct));
        var stored = new List<string>();
        await foreach (var sent in scu.SendAsync([.. pathOf.Keys], originator: null, Ct))
        {
            if (sent.IsStored)
            {
                stored.Add(pathOf[sent.Instance]);
            }
        }
        return stored;
    }

    private static async Task StoreManyAsync(ServerProcess server, int count)
    {
        using var files = new SampleFiles();
        for (var i = 1; i <= count; i++)
        {
            files.Add("Müller^Jürgen", "P1", "1.2.1", i);
        }
        Assert.Equal(count, (await StoreAsync(server, files.Paths)).Count);
    }

    internal static async Task AssertSameAsync(string received, IReadOnlyList<string> originals, bool isRewritten = false)
    {
        using var folder = new TemporaryFolder();
        var jobs = Path.Join(folder.Path, "jobs.json");
        await File.WriteAllBytesAsync(jobs, JsonSerializer.SerializeToUtf8Bytes(new { received, originals, rewritten = isRewritten }), Ct);
        var compared = await Tool.RunAsync("/usr/bin/python3", Ct, Path.Join(AppContext.BaseDirectory, "Scripts", "compare_retrieved.py"), jobs);
        Assert.True((0, "[]") == (compared.ExitCode, compared.Output.Trim()), compared.All);
    }

    /// <summary>What the server prints comes through a pipe, a moment later.</summary>
    private static async Task UntilSaidAsync(ServerProcess server, string text)
    {
        for (var i = 0; i < 200 && !server.Output.Contains(text, StringComparison.Ordinal); i++)
        {
            await Task.Delay(25, Ct);
        }
        Assert.Contains(text, server.Output, StringComparison.Ordinal);
    }

    // dcmtk 3.6.7's storescp takes all but these with +xa: retired kinds of JPEG, and what is newer than it
    private static bool IsTakenByDcmtk(string syntax) => TransferSyntax.Get(syntax).IsKnown
        && !syntax.StartsWith("1.2.840.10008.1.2.4.2", StringComparison.Ordinal)
        && syntax is not ("1.2.840.10008.1.2.4.53" or "1.2.840.10008.1.2.4.55" or "1.2.840.10008.1.2.8.1" or "1.2.840.10008.1.2.7.1");

    [GeneratedRegex(@"Received Final Move Response \((.*)\)")]
    private static partial Regex FinalResponse();

    /// <summary>dcmtk's storescp.</summary>
    private sealed class Destination : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private Daemon? _daemon;

        public string Folder => _folder.Path;

        public int Port { get; } = Ports.Free();

        public static async Task<Destination> StartAsync(params string[] options)
        {
            Tool.Require("storescp");
            var destination = new Destination();
            destination._daemon = Daemon.Start("storescp", ["--fork", "-od", destination.Folder, .. options, destination.Port.ToString(CultureInfo.InvariantCulture)]);
            while (!Ct.IsCancellationRequested)
            {
                using var probe = new TcpClient();
                try
                {
                    await probe.ConnectAsync(IPAddress.Loopback, destination.Port, Ct);
                    break;
                }
                catch (SocketException)
                {
                    await Task.Delay(20, Ct); // not listening yet
                }
            }
            return destination;
        }

        public void Dispose()
        {
            _daemon?.DisposeAsync().AsTask().Wait(Ct);
            _folder.Dispose();
        }
    }
}
