using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>The server sends: to dcmtk's storescp that dies and comes back, to Orthanc and from it, and through its own death.</summary>
public sealed class SendingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_server_goes_on_where_it_was_and_sends_little_twice()
    {
        const int Images = 600;
        await using var peer = new CountingScp(TimeSpan.FromMilliseconds(4));
        await using var server = ServerProcess.Create(("DicomModalities", Nodes("slow", "SLOW", peer.Port)));
        await server.StartAsync(Ct);
        var study = await FillAsync(server, Images);
        await SendAsync(server, "slow", study);
        for (var kill = 1; kill <= 2; kill++)
        {
            await UntilAsync(() => Task.FromResult(peer.Received.Count >= kill * 150), server);
            await server.KillAsync(Ct);
            await server.StartAsync(Ct);
        }
        var job = await EndAsync(server);

        Assert.Equal(("Success", Images), (job.GetProperty("State").GetString(), job.GetProperty("Content").GetProperty("InstancesCount").GetInt32()));
        Assert.Equal(Images, peer.Received.Count);
        // once in 100 instances or a second the server notes what is sent
        Assert.InRange(peer.Received.Values.Sum(), Images, Images + (2 * 260));
        Assert.InRange(peer.Associations, 3, 4);
    }

    [Fact]
    public async Task An_instance_that_a_node_breaks_off_at_does_not_keep_the_others_from_it()
    {
        await using var peer = new CountingScp(TimeSpan.Zero) { Poison = "1.2.3.1.1.5" };
        await using var server = ServerProcess.Create(("DicomModalities", Nodes("frail", "FRAIL", peer.Port)));
        await server.StartAsync(Ct);
        var study = await FillAsync(server, 20);
        await SendAsync(server, "frail", study);
        var job = await EndAsync(server);
        Assert.Equal(("Failure", 1), (job.GetProperty("State").GetString(), job.GetProperty("Content").GetProperty("FailedInstancesCount").GetInt32()));
        Assert.Equal(19, peer.Received.Count);
        Assert.All(peer.Received.Values, n => Assert.Equal(1, n));
    }

    [Fact]
    public async Task A_storescp_that_dies_and_comes_back_gets_everything()
    {
        Tool.Require("storescp");
        const int Images = 500;
        using var folder = new TemporaryFolder();
        var port = Ports.Free();
        await using var server = ServerProcess.Create(("DicomModalities", Nodes("dcmtk", "STORESCP", port)));
        await server.StartAsync(Ct);
        var study = await FillAsync(server, Images);
        await using (Daemon.Start("storescp", "--accept-all", "-od", folder.Path, $"{port}"))
        {
            await SendAsync(server, "dcmtk", study);
            await UntilAsync(() => Task.FromResult(Directory.GetFiles(folder.Path).Length > 50), server);
        }
        await UntilAsync(async () => (await JobAsync(server)).GetProperty("State").GetString() is "Retry" or "Success", server);
        await using var again = Daemon.Start("storescp", "--accept-all", "-od", folder.Path, $"{port}");
        var job = await EndAsync(server);

        Assert.Equal("Success", job.GetProperty("State").GetString());
        Assert.Equal(Images, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public async Task What_storescp_does_not_take_fails_alone_and_the_rest_arrives()
    {
        Tool.Require("storescp");
        using var folder = new TemporaryFolder();
        var port = Ports.Free();
        await using var server = ServerProcess.Create(("DicomModalities", Nodes("dcmtk", "STORESCP", port)));
        await server.StartAsync(Ct);
        // uncompressed ones only: Implicit VR Little Endian, into which ours have to be written anew
        await using var peer = Daemon.Start("storescp", "--implicit", "-od", folder.Path, $"{port}");
        var study = await FillAsync(server, 2);
        await StoreCompressedAsync(server, Image(3));
        await UntilListeningAsync(port);
        await SendAsync(server, "dcmtk", study);
        var job = await EndAsync(server);

        Assert.Equal(("Failure", 1), (job.GetProperty("State").GetString(), job.GetProperty("Content").GetProperty("FailedInstancesCount").GetInt32()));
        Assert.Contains("does not take the syntax 1.2.840.10008.1.2.4.100", job.GetProperty("ErrorDetails").GetString(), StringComparison.Ordinal);
        var files = Directory.GetFiles(folder.Path);
        Assert.Equal(2, files.Length);
        Assert.All(files, f => Assert.Equal(DicomUid.ImplicitVRLittleEndian, DicomFile.Open(f).Syntax.Uid));
    }

    [Fact]
    public async Task Orthanc_and_we_send_to_each_other_and_echo()
    {
        await using var orthanc = await OrthancProcess.StartAsync(Ct);
        await using var server = ServerProcess.Create(("DicomModalities", Nodes("orthanc", "ORTHANC", orthanc.DicomPort)));
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        var study = await FillAsync(server, 20);

        using (var echo = await http.PostAsync(new Uri("modalities/orthanc/echo", UriKind.Relative), new StringContent(""), Ct))
        {
            Assert.Equal("{}", await echo.Content.ReadAsStringAsync(Ct));
        }
        using (var sent = await http.PostAsync(new Uri("modalities/orthanc/store", UriKind.Relative), new StringContent(study), Ct))
        {
            Assert.Equal(20, (await sent.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("InstancesCount").GetInt32());
        }
        var there = await orthanc.Http.GetFromJsonAsync<JsonElement>("statistics", Ct);
        Assert.Equal(20, there.GetProperty("CountInstances").GetInt32());

        // and back, after we have forgotten it: into a second server of ours
        await using var second = ServerProcess.Create();
        await second.StartAsync(Ct);
        using (var put = await orthanc.Http.PutAsync(new Uri("modalities/pacs", UriKind.Relative), new StringContent($"""["PACS","127.0.0.1",{second.DicomPort}]"""), Ct))
        {
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        }
        using (var echo = await orthanc.Http.PostAsync(new Uri("modalities/pacs/echo", UriKind.Relative), new StringContent("{}"), Ct))
        {
            Assert.Equal(HttpStatusCode.OK, echo.StatusCode);
        }
        using (var sent = await orthanc.Http.PostAsync(new Uri("modalities/pacs/store", UriKind.Relative), new StringContent(study), Ct))
        {
            Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        }
        using var other = new HttpClient { BaseAddress = second.Address };
        Assert.Equal(20, (await other.GetFromJsonAsync<JsonElement>("statistics", Ct)).GetProperty("CountInstances").GetInt32());
    }

    [Fact]
    public async Task Routes_of_nodes_and_jobs_answer_as_Orthanc_does()
    {
        await using var orthanc = await OrthancProcess.StartAsync(Ct);
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        (HttpMethod Method, string Path, string? Body)[] calls =
        [
            (HttpMethod.Get, "modalities", null),
            (HttpMethod.Put, "modalities/a", """["AA","127.0.0.1",1]"""),
            (HttpMethod.Put, "modalities/b", """{"AET":"BB","Host":"127.0.0.1","Port":"2","Manufacturer":"GE","AllowStorageCommitment":false,"UseDicomTls":true,"LocalAet":"ME","Timeout":3}"""),
            (HttpMethod.Put, "modalities/c", """["CC"]"""),
            (HttpMethod.Put, "modalities/c", "xx"),
            (HttpMethod.Get, "modalities", null),
            (HttpMethod.Get, "modalities/b/configuration", null),
            (HttpMethod.Get, "modalities/zz/configuration", null),
            (HttpMethod.Post, "modalities/zz/echo", "{}"),
            (HttpMethod.Post, "modalities/a/echo", "{}"),
            (HttpMethod.Post, "modalities/a/store", "1234"),
            (HttpMethod.Post, "modalities/a/store", "{}"),
            (HttpMethod.Post, "modalities/a/store", """{"Resources":"x"}"""),
            (HttpMethod.Post, "modalities/a/store", "11111111-22222222-33333333-44444444-55555555"),
            (HttpMethod.Post, "modalities/a/store", "[]"),
            (HttpMethod.Delete, "modalities/a", null),
            (HttpMethod.Delete, "modalities/a", null),
            (HttpMethod.Get, "modalities", null),
        ];
        foreach (var (method, path, body) in calls)
        {
            var (expected, theirs) = await CallAsync(orthanc.Http, method, path, body);
            var (status, ours) = await CallAsync(http, method, path, body);
            Assert.Equal($"{method} {path} {body} {expected}\n{theirs}", $"{method} {path} {body} {status}\n{ours}");
        }
    }

    /// <summary>The status and what of the body must be the same: sentences about the case may differ, and what we know beyond Orthanc 1.10.</summary>
    private static async Task<(HttpStatusCode Status, string Body)> CallAsync(HttpClient http, HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body) };
        using var answer = await http.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        if (!text.StartsWith('{'))
        {
            return (answer.StatusCode, text);
        }
        var members = JsonDocument.Parse(text).RootElement.EnumerateObject().Where(m => m.Name is not ("Details" or "AllowMpps")).Select(m => $"{m.Name}={m.Value.GetRawText()}");
        return (answer.StatusCode, string.Join('\n', members.Order(StringComparer.Ordinal)));
    }

    private static Dictionary<string, object> Nodes(string name, string aeTitle, int port) => new() { [name] = new object[] { aeTitle, "127.0.0.1", port } };

    /// <summary>Stores images of one study on the server.</summary>
    /// <returns>The study's id.</returns>
    private static async Task<string> FillAsync(ServerProcess server, int images)
    {
        var request = new AssociationRequest { CallingAe = "DEVICE", CalledAe = "PACS" }.Propose(DicomUid.UltrasoundImageStorage);
        await using var device = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, tls: null, Ct);
        for (var i = 1; i <= images; i++)
        {
            var image = Image(i);
            image.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[2000 + i + (i & 1)]));
            Assert.Equal(DimseStatus.Success, await device.StoreAsync(image, Ct));
        }
        await device.ReleaseAsync(Ct);
        return Pacs.Storage.ResourceId.ForStudy("P1", "1.2.3.1").ToString();
    }

    private static async Task StoreCompressedAsync(ServerProcess server, DicomDataset image)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Join(folder.Path, "image.dcm");
        // a syntax that nobody decodes: others would be decoded for a node that takes no compression
        byte[] frame = [0, 0, 1, 0xB3];
        image.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, frame]));
        new DicomFile(image, TransferSyntax.Get(DicomUid.MPEG2MPML)).Save(path);
        var request = new AssociationRequest { CallingAe = "DEVICE", CalledAe = "PACS" }.ProposeFiles([path]);
        await using var device = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, tls: null, Ct);
        Assert.Equal(DimseStatus.Success, await device.StoreAsync(path, Ct));
        await device.ReleaseAsync(Ct);
    }

    private static DicomDataset Image(int number) => new DicomDataset()
        .Set(DicomTag.SOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.SOPInstanceUID, $"1.2.3.1.1.{number}")
        .Set(DicomTag.StudyDate, "20260105").Set(DicomTag.Modality, "US").Set(DicomTag.PatientName, "Test^Sending").Set(DicomTag.PatientID, "P1")
        .Set(DicomTag.StudyInstanceUID, "1.2.3.1").Set(DicomTag.SeriesInstanceUID, "1.2.3.1.1").Set(DicomTag.InstanceNumber, $"{number}");

    private static async Task SendAsync(ServerProcess server, string node, string study)
    {
        using var http = new HttpClient { BaseAddress = server.Address };
        using var answer = await http.PostAsync(
            new Uri($"modalities/{node}/store", UriKind.Relative), new StringContent($$"""{"Resources":["{{study}}"],"Asynchronous":true}"""), Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task<JsonElement> JobAsync(ServerProcess server)
    {
        using var http = new HttpClient { BaseAddress = server.Address };
        return Assert.Single((await http.GetFromJsonAsync<JsonElement[]>("jobs?expand", Ct))!);
    }

    private static async Task<JsonElement> EndAsync(ServerProcess server)
    {
        var job = default(JsonElement);
        await UntilAsync(async () => (job = await JobAsync(server)).GetProperty("State").GetString() is "Success" or "Failure", server);
        return job;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, ServerProcess server)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), server.Output);
            await Task.Delay(20, Ct);
        }
    }

    private static async Task UntilListeningAsync(int port)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(20, Ct))
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port, Ct);
                return;
            }
            catch (SocketException) when (waited.Elapsed < TimeSpan.FromSeconds(20))
            {
                // it is still starting
            }
        }
    }
}
