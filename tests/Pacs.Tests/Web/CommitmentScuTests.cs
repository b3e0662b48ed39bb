using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;

namespace Pacs.Tests.Web;

/// <summary>Asking nodes by storage commitment whether they keep what they got: by a job and by the REST API, with reports that come, come late, deny, and do not come.</summary>
public sealed class CommitmentScuTests
{
    private const string Push = DicomUid.StorageCommitmentPushModel;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A node that takes everything, and says about it what the test wants.</summary>
    private sealed class Node : IStoreHandler, INHandler, IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly DimseServer _server;
        private readonly Task _serving;

        public Node()
        {
            _server = new DimseServer(new AcceptorPolicy(), new DimseHandlers().AddStorage(this).AddN(this, Push));
            _listener.Start();
            _serving = ServeAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public ConcurrentQueue<string> Stored { get; } = new();

        public ConcurrentQueue<DicomDataset> Questions { get; } = new();

        public DimseStatus Answer { get; set; } = DimseStatus.Success;

        /// <summary>Called with each question before it is answered.</summary>
        public Func<NRequest, Task>? Asked { get; set; }

        public async ValueTask<DimseStatus> StoreAsync(StoreRequest request, DimseData data, CancellationToken ct)
        {
            await data.DrainAsync(ct);
            Stored.Enqueue(request.SopInstance);
            return DimseStatus.Success;
        }

        public async ValueTask<NResult> HandleAsync(NRequest request, CancellationToken ct)
        {
            Questions.Enqueue(request.Dataset!);
            await (Asked?.Invoke(request) ?? Task.CompletedTask);
            return Answer;
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving;
            _listener.Stop();
            _stop.Dispose();
        }

        private async Task ServeAsync()
        {
            var running = new List<Task>();
            try
            {
                while (true)
                {
                    running.Add(RunAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
                }
            }
            catch (OperationCanceledException)
            {
                await Task.WhenAll(running);
            }
        }

        private async Task RunAsync(TcpClient peer)
        {
            using (peer)
            {
                var stream = peer.GetStream();
                await _server.RunAsync(new PipePair.End(PipeReader.Create(stream), PipeWriter.Create(stream)), "127.0.0.1", _stop.Token);
            }
        }
    }

    [Fact]
    public async Task A_job_asks_our_own_kind_and_succeeds_with_its_report()
    {
        await using var peer = await TestServer.StartAsync();
        await using var server = await StartAsync(peer.DicomPort);
        var id = await SendAsync(server);
        var job = await UntilAsync(server, id, j => Text(j, "State") is "Success" or "Failure");
        Assert.Equal("Success", Text(job, "State"));
        var transaction = Text(job.GetProperty("Content"), "StorageCommitmentTransactionUID");
        var report = await server.Http.GetFromJsonAsync<JsonElement>($"/storage-commitment/{transaction}", Ct);
        Assert.Equal(("Success", "PEER", 2, 0), (Text(report, "Status"), Text(report, "RemoteAET"), report.GetProperty("Success").GetArrayLength(), report.GetProperty("Failures").GetArrayLength()));
    }

    [Fact]
    public async Task A_report_on_an_association_of_the_node_ends_the_job_also_after_a_restart()
    {
        await using var node = new Node();
        await using var server = await StartAsync(node.Port);
        var id = await SendAsync(server);
        var waiting = await UntilStateAsync(server, id, JobState.Unconfirmed);
        Assert.Equal("Running", Text(await JobAsync(server, id), "State")); // Orthanc's clients know no other word
        Assert.Equal("Pending", Text(await server.Http.GetFromJsonAsync<JsonElement>($"/storage-commitment/{waiting.CommitmentUid}", Ct), "Status"));
        await server.RestartAsync();
        var question = Assert.Single(node.Questions);
        Assert.Equal(2, question.GetSequence(DicomTag.ReferencedSOPSequence).Count);

        Assert.Equal(0x0115, (await ReportAsync(server, "1.2.3", question, denied: 0)).Code); // never asked
        Assert.Equal(0x0124, (await ReportAsync(server, waiting.CommitmentUid!, question, denied: 0, callingAe: "STRANGER")).Code);
        Assert.Equal(JobState.Unconfirmed, (await RowAsync(server, id)).State);
        Assert.Equal(DimseStatus.Success, await ReportAsync(server, waiting.CommitmentUid!, question, denied: 0));
        Assert.Equal("Success", Text(await JobAsync(server, id), "State"));
        Assert.Equal(DimseStatus.Success, await ReportAsync(server, waiting.CommitmentUid!, question, denied: 1)); // again: it stays as it is
        Assert.Equal("Success", Text(await server.Http.GetFromJsonAsync<JsonElement>($"/storage-commitment/{waiting.CommitmentUid}", Ct), "Status"));
    }

    [Fact]
    public async Task What_the_node_does_not_keep_has_failed_and_is_sent_and_asked_for_again()
    {
        await using var node = new Node();
        await using var server = await StartAsync(node.Port);
        // the report comes before the answer to the question
        node.Asked = async request => Assert.Equal(DimseStatus.Success, await ReportAsync(server, request.Dataset!.GetString(DicomTag.TransactionUID)!, request.Dataset, denied: node.Questions.Count == 1 ? 1 : 0));
        var id = await SendAsync(server, permissive: true);
        var job = await UntilAsync(server, id, j => Text(j, "State") is "Success" or "Failure");
        Assert.Equal(("Failure", 9, 1), (Text(job, "State"), job.GetProperty("ErrorCode").GetInt32(), job.GetProperty("Content").GetProperty("FailedInstancesCount").GetInt32()));
        Assert.Contains("does not keep 1 of the instances", Text(job, "ErrorDetails"), StringComparison.Ordinal);
        var row = await RowAsync(server, id);
        Assert.Equal((JobFault.Unconfirmed, "1", 1, 1), (row.Fault, row.FaultDetail, row.Sent, row.Failed));

        using (var again = await server.Http.PostAsync(new Uri($"/jobs/{id}/resubmit", UriKind.Relative), null, Ct))
        {
            Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        }
        Assert.Equal("Success", Text(await UntilAsync(server, id, j => Text(j, "State") is "Success" or "Failure"), "State"));
        Assert.Equal((3, 2), (node.Stored.Count, node.Questions.Count));
        Assert.Equal(2, node.Questions.Select(q => q.GetString(DicomTag.TransactionUID)).Distinct().Count());
    }

    [Fact]
    public async Task Instances_that_a_report_does_not_mention_are_not_kept()
    {
        await using var node = new Node();
        await using var server = await StartAsync(node.Port);
        node.Asked = async request =>
        {
            var half = new DicomDataset().Set(DicomTag.ReferencedSOPSequence, request.Dataset!.GetSequence(DicomTag.ReferencedSOPSequence).Take(1));
            await ReportAsync(server, request.Dataset.GetString(DicomTag.TransactionUID)!, half, denied: 0);
        };
        var job = await UntilAsync(server, await SendAsync(server), j => Text(j, "State") is "Success" or "Failure");
        Assert.Equal("Failure", Text(job, "State"));
        var report = await server.Http.GetFromJsonAsync<JsonElement>($"/storage-commitment/{Text(job.GetProperty("Content"), "StorageCommitmentTransactionUID")}", Ct);
        Assert.Equal(0x0110, Assert.Single(report.GetProperty("Failures").EnumerateArray()).GetProperty("FailureReason").GetInt32());
    }

    [Fact]
    public async Task A_node_that_cannot_be_asked_or_does_not_report_fails_the_job()
    {
        await using var node = new Node { Answer = DimseStatus.ProcessingFailure };
        var clock = new FakeTimeProvider();
        await using var server = await StartAsync(node.Port, clock);
        var refused = await SendAsync(server);
        Assert.Equal("Failure", Text(await UntilAsync(server, refused, j => Text(j, "State") is "Success" or "Failure"), "State"));
        Assert.Equal((JobFault.NoCommitment, "0110H"), ((await RowAsync(server, refused)).Fault, (await RowAsync(server, refused)).FaultDetail));

        node.Answer = DimseStatus.Success;
        var silent = await SendAsync(server);
        await UntilStateAsync(server, silent, JobState.Unconfirmed);
        clock.Advance(TimeSpan.FromHours(25));
        Assert.Equal(JobFault.NoReport, (await UntilStateAsync(server, silent, JobState.Failure)).Fault);
    }

    [Fact]
    public async Task The_routes_ask_tell_and_remove()
    {
        await using var node = new Node();
        await using var server = await StartAsync(node.Port);
        var study = ResourceId.ForStudy("P1", TestArchive.Uid(1)).ToString();
        using var asked = await server.Http.PostAsync(new Uri("/modalities/peer/storage-commitment", UriKind.Relative), new StringContent($$"""{"Resources":["{{study}}"]}"""), Ct);
        var transaction = Text(await asked.Content.ReadFromJsonAsync<JsonElement>(Ct), "ID");
        var question = Assert.Single(node.Questions);
        await ExpectAsync(HttpStatusCode.InternalServerError, 6, await server.Http.PostAsync(new Uri($"/storage-commitment/{transaction}/remove", UriKind.Relative), null, Ct));
        Assert.Equal(DimseStatus.Success, await ReportAsync(server, transaction, question, denied: 0));
        using (var removed = await server.Http.PostAsync(new Uri($"/storage-commitment/{transaction}/remove", UriKind.Relative), null, Ct))
        {
            Assert.Equal("{}", await removed.Content.ReadAsStringAsync(Ct));
        }
        Assert.Equal(0, (await server.Services.GetRequiredService<IndexReader>().StatisticsAsync(Ct)).Instances);

        foreach (var (status, code, body) in new[]
        {
            (HttpStatusCode.BadRequest, 15, "{}"), (HttpStatusCode.BadRequest, 15, "[]"), (HttpStatusCode.BadRequest, 15, """{"Resources":[]}"""), (HttpStatusCode.NotFound, 17, """{"Resources":["xx"]}"""),
            (HttpStatusCode.BadRequest, 15, """{"DicomInstances":[["1.2"]]}"""), (HttpStatusCode.BadRequest, 15, """{"DicomInstances":5}"""),
        })
        {
            await ExpectAsync(status, code, await server.Http.PostAsync(new Uri("/modalities/peer/storage-commitment", UriKind.Relative), new StringContent(body), Ct));
        }
        node.Answer = DimseStatus.ProcessingFailure;
        await ExpectAsync(
            HttpStatusCode.InternalServerError, 9,
            await server.Http.PostAsync(new Uri("/modalities/peer/storage-commitment", UriKind.Relative), new StringContent("""{"DicomInstances":[{"SOPClassUID":"1.2","SOPInstanceUID":"1.3"}]}"""), Ct));
        await ExpectAsync(HttpStatusCode.NotFound, 7, await server.Http.GetAsync(new Uri("/storage-commitment/1.2.3", UriKind.Relative), Ct));
        Assert.Equal(1, await server.Services.GetRequiredService<IndexReader>().ReadAsync((db, token) => db.CommitmentRequests.CountAsync(token), Ct)); // what was refused is forgotten
    }

    private static async Task<TestServer> StartAsync(int peerPort, TimeProvider? clock = null)
    {
        var server = await TestServer.StartAsync(
            new Dictionary<string, string> { ["DicomModalities"] = $$"""{"peer":["PEER","127.0.0.1",{{peerPort}}]}""" }, clock is null ? null : services => services.AddSingleton(clock));
        var request = new AssociationRequest { CallingAe = "DEVICE", CalledAe = "PACS" }.Propose(DicomUid.UltrasoundImageStorage);
        await using var device = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, tls: null, Ct);
        for (var i = 1; i <= 2; i++)
        {
            Assert.Equal(DimseStatus.Success, await device.StoreAsync(TestArchive.Image(instance: i), Ct));
        }
        await device.ReleaseAsync(Ct);
        return server;
    }

    private static async Task<string> SendAsync(TestServer server, bool permissive = false)
    {
        var study = ResourceId.ForStudy("P1", TestArchive.Uid(1)).ToString();
        using var answer = await server.Http.PostAsync(
            new Uri("/modalities/peer/store", UriKind.Relative),
            new StringContent($$"""{"Resources":["{{study}}"],"Asynchronous":true,"StorageCommitment":true,"Permissive":{{(permissive ? "true" : "false")}}}"""), Ct);
        return Text(await answer.Content.ReadFromJsonAsync<JsonElement>(Ct), "ID");
    }

    /// <summary>The node calls our port and reports; the first <paramref name="denied"/> of the instances it does not keep.</summary>
    private static async Task<DimseStatus> ReportAsync(TestServer server, string transaction, DicomDataset question, int denied, string callingAe = "PEER")
    {
        var items = question.GetSequence(DicomTag.ReferencedSOPSequence).Select(i => new DicomDataset()
            .Set(DicomTag.ReferencedSOPClassUID, i.GetString(DicomTag.ReferencedSOPClassUID)!).Set(DicomTag.ReferencedSOPInstanceUID, i.GetString(DicomTag.ReferencedSOPInstanceUID)!)).ToList();
        var information = new DicomDataset().Set(DicomTag.TransactionUID, transaction);
        if (items.Count > denied)
        {
            information.Set(DicomTag.ReferencedSOPSequence, items.Skip(denied));
        }
        if (denied > 0)
        {
            information.Set(DicomTag.FailedSOPSequence, items.Take(denied).Select(i => i.Set(DicomTag.FailureReason, 0x0112)));
        }
        var request = new AssociationRequest { CallingAe = callingAe, CalledAe = "ORTHANC" }.ProposeAsScp(Push);
        await using var client = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, tls: null, Ct);
        var response = await client.NEventReportAsync(Push, DicomUid.StorageCommitmentPushModelInstance, (ushort)(denied > 0 ? 2 : 1), information, Ct);
        await client.ReleaseAsync(Ct);
        return response.Status;
    }

    private static Task<JsonElement> JobAsync(TestServer server, string id) => server.Http.GetFromJsonAsync<JsonElement>($"/jobs/{id}", Ct);

    private static async Task<JsonElement> UntilAsync(TestServer server, string id, Func<JsonElement, bool> wanted)
    {
        while (true)
        {
            var job = await JobAsync(server, id);
            if (wanted(job))
            {
                return job;
            }
            await Task.Delay(20, Ct);
        }
    }

    private static async Task<Job> RowAsync(TestServer server, string id) => (await server.Services.GetRequiredService<JobQueue>().FindAsync(id, Ct))!;

    private static async Task<Job> UntilStateAsync(TestServer server, string id, JobState state)
    {
        while (true)
        {
            var job = await RowAsync(server, id);
            if (job.State == state)
            {
                return job;
            }
            Assert.Null(job.CompletedAt);
            await Task.Delay(20, Ct);
        }
    }

    private static async Task ExpectAsync(HttpStatusCode status, int code, HttpResponseMessage answer)
    {
        using (answer)
        {
            var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
            Assert.Equal((status, code), (answer.StatusCode, json.GetProperty("OrthancStatus").GetInt32()));
        }
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
