using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>Performed procedure steps and storage commitment with peers that we did not write: dcmjs-dimse (Node.js) and Orthanc, in both directions.</summary>
public sealed class NServiceTests
{
    private const string Study = "1.2.276.0.4711";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dcmjs_reports_a_step_and_the_worklist_entry_disappears()
    {
        var script = RequireScript();
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        var order = await http.GetStringAsync(new Uri("worklist/add?id=4711&lastname=Doe&firstname=John&birthdate=01.01.1900&sex=1", UriKind.Relative), Ct);
        var accession = order.Split("\r\n").Single(l => l.Length > 7 && l[3..7] == "8413")[7..];
        Assert.Equal(1, await EntriesAsync(server));
        var lines = Lines((await Tool.RunAsync("node", Ct, script, "mpps", Port(server), accession, Study)).Output);
        Assert.Equal([("create", 0), ("set", 0), ("again", 0x0110), ("get", 0)], lines.Select(l => (l.GetProperty("name").GetString(), l.GetProperty("status").GetInt32())));
        Assert.Equal("Performed Procedure Step Object may no longer be updated", lines[2].GetProperty("comment").GetString());
        Assert.Equal(("4711", "COMPLETED"), (lines[3].GetProperty("data").GetProperty("PatientID").GetString(), lines[3].GetProperty("data").GetProperty("PerformedProcedureStepStatus").GetString()));
        Assert.Equal(0, await EntriesAsync(server));
    }

    [Fact]
    public async Task Dcmjs_gets_its_report_on_the_association_it_keeps()
    {
        var script = RequireScript();
        Tool.Require("storescu");
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        using var images = new SampleFiles().Add("Doe^John", "1", Study, 1).Add("Doe^John", "1", Study, 2);
        await images.SendAsync(server.DicomPort, Ct);
        var lines = Lines((await Tool.RunAsync("node", Ct, script, "commit", Port(server), "1.2.3", "3000", $"{Study}.1.1", $"{Study}.1.2", $"{Study}.1.3")).Output);
        Assert.Equal(2, lines.Count);
        Assert.Equal(0, lines[0].GetProperty("status").GetInt32());
        Assert.Equal(2, lines[1].GetProperty("event").GetInt32());
        Assert.Equal([$"{Study}.1.1", $"{Study}.1.2"], lines[1].GetProperty("kept").EnumerateArray().Select(k => k[0].GetString()));
        Assert.Equal((1, $"{Study}.1.3", 0x0112), (lines[1].GetProperty("failed").GetArrayLength(), lines[1].GetProperty("failed")[0][0].GetString(), lines[1].GetProperty("failed")[0][1].GetInt32()));
    }

    [Fact]
    public async Task Killed_between_answer_and_report_the_report_comes_after_the_restart()
    {
        var script = RequireScript();
        Tool.Require("storescu");
        var listening = Ports.Free();
        await using var server = ServerProcess.Create(("DicomModalities", new Dictionary<string, object?> { ["node"] = new object[] { "NODE", "127.0.0.1", listening } }));
        await server.StartAsync(Ct);
        using var images = new SampleFiles().Add("Doe^John", "1", Study, 1);
        await images.SendAsync(server.DicomPort, Ct);

        // it keeps the association for a while, as if it waited there: the report is due in a second
        using (var asking = Start("node", script, "commit", Port(server), "1.2.3", "3000", $"{Study}.1.1"))
        {
            Assert.Equal(0, (await NextAsync(asking)).GetProperty("status").GetInt32());
            await server.KillAsync(Ct);
            asking.Kill();
            await asking.WaitForExitAsync(Ct);
        }

        using var device = Start("node", script, "listen", listening.ToString(CultureInfo.InvariantCulture));
        try
        {
            Assert.Equal("listening", (await NextAsync(device)).GetProperty("name").GetString());
            await server.StartAsync(Ct);
            Assert.Equal("ORTHANC", (await NextAsync(device)).GetProperty("by").GetString());
            var report = await NextAsync(device);
            Assert.Equal((1, "1.2.3", $"{Study}.1.1"), (report.GetProperty("event").GetInt32(), report.GetProperty("transaction").GetString(), report.GetProperty("kept")[0][0].GetString()));
        }
        finally
        {
            device.Kill();
            await device.WaitForExitAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task Orthanc_asks_us()
    {
        Tool.Require("storescu");
        await using var orthanc = await OrthancProcess.StartAsync(Ct, ("DicomAet", "PEER"));
        await using var server = ServerProcess.Create(("DicomModalities", new Dictionary<string, object?> { ["peer"] = new object[] { "PEER", "127.0.0.1", orthanc.DicomPort } }));
        await server.StartAsync(Ct);
        using var images = new SampleFiles().Add("Doe^John", "1", Study, 1);
        await images.SendAsync(server.DicomPort, Ct);
        using var node = Json(new object[] { "ORTHANC", "127.0.0.1", server.DicomPort });
        using var put = await orthanc.Http.PutAsync(new Uri("modalities/pacs", UriKind.Relative), node, Ct);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Ct));

        var kept = await AskAsync(orthanc, $"{Study}.1.1");
        Assert.Equal(("Success", $"{Study}.1.1"), (kept.GetProperty("Status").GetString(), kept.GetProperty("Success")[0].GetProperty("SOPInstanceUID").GetString()));
        var failed = await AskAsync(orthanc, $"{Study}.1.1", $"{Study}.1.2");
        Assert.Equal(("Failure", 0x0112), (failed.GetProperty("Status").GetString(), failed.GetProperty("Failures")[0].GetProperty("FailureReason").GetInt32()));
        Assert.Equal($"{Study}.1.1", failed.GetProperty("Success")[0].GetProperty("SOPInstanceUID").GetString());
    }

    [Fact]
    public async Task We_ask_Orthanc()
    {
        Tool.Require("storescu");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var orthanc = await OrthancProcess.StartAsync(Ct, ("DicomModalities", new Dictionary<string, object?>
        {
            ["us"] = new object[] { "US1", "127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port },
        }));
        using var images = new SampleFiles().Add("Doe^John", "1", Study, 1);
        await images.SendAsync(orthanc.DicomPort, Ct);

        var reports = new Reports();
        var serving = Task.Run(
            async () =>
            {
                using var peer = await listener.AcceptTcpClientAsync(Ct);
                var stream = peer.GetStream();
                await new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddN(reports, DicomUid.StorageCommitmentPushModel))
                    .RunAsync(new StreamPipe(PipeReader.Create(stream), PipeWriter.Create(stream)), "127.0.0.1", Ct);
            }, Ct);
        var request = new AssociationRequest { CallingAe = "US1", CalledAe = "ORTHANC" }.Propose(DicomUid.StorageCommitmentPushModel);
        await using (var client = await DimseClient.ConnectAsync("127.0.0.1", orthanc.DicomPort, request, null, Ct))
        {
            DicomDataset Reference(string uid) =>
                new DicomDataset().Set(DicomTag.ReferencedSOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.ReferencedSOPInstanceUID, uid);
            var response = await client.NActionAsync(
                DicomUid.StorageCommitmentPushModel, DicomUid.StorageCommitmentPushModelInstance, 1,
                new DicomDataset().Set(DicomTag.TransactionUID, "1.2.3").Set(DicomTag.ReferencedSOPSequence, Reference($"{Study}.1.1"), Reference($"{Study}.1.2")), Ct);
            Assert.Equal(DimseStatus.Success, response.Status);
            await client.ReleaseAsync(Ct);
        }
        await serving;
        var report = Assert.Single(reports.Received);
        Assert.Equal((2, "1.2.3", true), (report.TypeId, report.Dataset!.GetString(DicomTag.TransactionUID), report.Context.RequestorIsScp));
        Assert.Equal($"{Study}.1.1", Assert.Single(report.Dataset.GetSequence(DicomTag.ReferencedSOPSequence)).GetString(DicomTag.ReferencedSOPInstanceUID));
        Assert.Equal($"{Study}.1.2", Assert.Single(report.Dataset.GetSequence(DicomTag.FailedSOPSequence)).GetString(DicomTag.ReferencedSOPInstanceUID));
    }

    private sealed class Reports : INHandler
    {
        public List<NRequest> Received { get; } = [];

        public ValueTask<NResult> HandleAsync(NRequest request, CancellationToken ct)
        {
            Received.Add(request);
            return new(DimseStatus.Success);
        }
    }

    private sealed record StreamPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private static async Task<JsonElement> AskAsync(OrthancProcess orthanc, params string[] uids)
    {
        using var body = Json(new { DicomInstances = uids.Select(u => new[] { DicomUid.UltrasoundImageStorage, u }) });
        using var asked = await orthanc.Http.PostAsync(new Uri("modalities/pacs/storage-commitment", UriKind.Relative), body, Ct);
        Assert.True(asked.IsSuccessStatusCode, await asked.Content.ReadAsStringAsync(Ct));
        var path = (await asked.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("Path").GetString()!.TrimStart('/');
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromSeconds(30);)
        {
            var report = await orthanc.Http.GetFromJsonAsync<JsonElement>(new Uri(path, UriKind.Relative), Ct);
            if (report.GetProperty("Status").GetString() != "Pending")
            {
                return report;
            }
            await Task.Delay(50, Ct);
        }
        throw new TimeoutException("Orthanc got no report");
    }

    // Orthanc reads no chunked bodies
    private static StringContent Json(object value) => new(JsonSerializer.Serialize(value));

    private static async Task<int> EntriesAsync(ServerProcess server)
    {
        var request = new AssociationRequest { CallingAe = "US1", CalledAe = "ORTHANC" }.Propose(DicomUid.ModalityWorklistInformationModelFind);
        await using var client = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, null, Ct);
        var count = 0;
        await foreach (var _ in client.FindAsync(DicomUid.ModalityWorklistInformationModelFind, new DicomDataset().SetUnchecked(DicomTag.PatientID, ""), Ct))
        {
            count++;
        }
        await client.ReleaseAsync(Ct);
        return count;
    }

    /// <summary>tests/node/dimse.js; skips where Node.js or the package is missing (<c>npm ci --prefix tests/node</c>).</summary>
    private static string RequireScript()
    {
        Tool.Require("node");
        var path = Path.Join(Repository.Root, "tests", "node");
        if (!Directory.Exists(Path.Join(path, "node_modules", "dcmjs-dimse")))
        {
            Assert.Skip("dcmjs-dimse is not installed: npm ci --prefix tests/node");
        }
        return Path.Join(path, "dimse.js");
    }

    private static Process Start(string name, params string[] arguments) => Process.Start(new ProcessStartInfo(Tool.Find(name)!, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;

    // the library prints about its associations, too
    private static List<JsonElement> Lines(string output) =>
        [.. output.Split('\n').Where(l => l.StartsWith('{')).Select(l => JsonSerializer.Deserialize<JsonElement>(l))];

    private static async Task<JsonElement> NextAsync(Process process)
    {
        while (await process.StandardOutput.ReadLineAsync(Ct) is { } line)
        {
            if (line.StartsWith('{'))
            {
                return JsonSerializer.Deserialize<JsonElement>(line);
            }
        }
        throw new InvalidOperationException("the script has ended");
    }

    private static string Port(ServerProcess server) => server.DicomPort.ToString(CultureInfo.InvariantCulture);
}
