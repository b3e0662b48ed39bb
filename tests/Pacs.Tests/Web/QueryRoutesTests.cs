using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Dimse;
using Pacs.Web.Orthanc;

namespace Pacs.Tests.Web;

/// <summary>What nodes are really asked, by their peculiarities, and what is kept of their answers.</summary>
public sealed class QueryRoutesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A node that notes what it is asked, and answers as often as it is told.</summary>
    private sealed class Node : IFindHandler, IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _serving;

        public Node()
        {
            _listener.Start();
            _serving = ServeAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public ConcurrentQueue<DicomDataset> Asked { get; } = new();

        public int Answers { get; set; }

        public int Given { get; private set; }

        public async IAsyncEnumerable<FindMatch> FindAsync(FindRequest request, [EnumeratorCancellation] CancellationToken ct)
        {
            Asked.Enqueue(request.Identifier);
            for (var i = 0; i < Answers; i++)
            {
                await Task.Yield();
                ct.ThrowIfCancellationRequested();
                Given = i + 1;
                yield return new DicomDataset().Set(DicomTag.StudyInstanceUID, $"1.2.{i}");
            }
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
            var server = new DimseServer(
                new AcceptorPolicy(),
                new DimseHandlers().AddFind(
                    this, DicomUid.PatientRootQueryRetrieveInformationModelFind, DicomUid.StudyRootQueryRetrieveInformationModelFind, DicomUid.ModalityWorklistInformationModelFind));
            try
            {
                while (true)
                {
                    using var peer = await _listener.AcceptTcpClientAsync(_stop.Token);
                    var stream = peer.GetStream();
                    await server.RunAsync(new PipePair.End(PipeReader.Create(stream), PipeWriter.Create(stream)), "127.0.0.1", _stop.Token);
                }
            }
            catch (OperationCanceledException)
            {
                // the test is over
            }
        }
    }

    [Theory]
    [InlineData("Generic", "*", "*", "")]
    [InlineData("GenericNoWildcardInDates", "*", "", "")]
    [InlineData("GenericNoUniversalWildcard", "", "", "")]
    [InlineData("GE", "*", "*", "*")]
    public async Task Queries_of_all_routes_are_said_as_the_node_understands_them(string manufacturer, string name, string date, string uid)
    {
        await using var node = new Node { Answers = 1 };
        await using var server = await StartAsync(node, manufacturer);
        var query = await PostAsync(server, "/modalities/node/query", """{"Level":"Study","Query":{"PatientName":"*","StudyDate":"*","SeriesDescription":"x"}}""");
        await PostAsync(server, $"/queries/{query.GetProperty("ID").GetString()}/answers/0/query-series", """{"Query":{"PatientName":"*","SeriesDate":"*"}}""");
        await PostAsync(server, "/modalities/node/find-worklist", """{"PatientName":"*","ScheduledProcedureStepSequence":[{"ScheduledProcedureStepStartDate":"*"}]}""");
        var asked = node.Asked.ToArray();
        Assert.Equal([name, name, name], asked.Select(a => a.GetString(DicomTag.PatientName)));
        Assert.Equal((string?[])[date, date, date], (string?[])[asked[0].GetString(DicomTag.StudyDate), asked[1].GetString(DicomTag.SeriesDate), asked[2].GetSequence(DicomTag.ScheduledProcedureStepSequence)[0].GetString(DicomTag.ScheduledProcedureStepStartDate)]);
        Assert.Equal((string?[])[uid, uid], (string?[])[asked[0].GetString(DicomTag.StudyInstanceUID), asked[1].GetString(DicomTag.SeriesInstanceUID)]);
        Assert.Equal("1.2.0", asked[1].GetString(DicomTag.StudyInstanceUID));
        // of a level below: an error in a hierarchical query
        Assert.False(asked[0].Contains(DicomTag.SeriesDescription));
    }

    [Fact]
    public async Task A_key_below_the_level_is_asked_for_when_nothing_is_normalized_and_umlauts_arrive()
    {
        await using var node = new Node();
        await using var server = await StartAsync(node, "Generic");
        await PostAsync(server, "/modalities/node/query", """{"Level":"Patient","Query":{"0010,0010":"Łąka^Ü*","SeriesDescription":"x"},"Normalize":false,"LocalAet":"SELF","Timeout":5}""");
        var asked = Assert.Single(node.Asked);
        Assert.Equal(("PATIENT", "Łąka^Ü*", "x"), (asked.GetString(DicomTag.QueryRetrieveLevel), asked.GetString(DicomTag.PatientName), asked.GetString(DicomTag.SeriesDescription)));
        Assert.False(asked.Contains(DicomTag.StudyInstanceUID));
    }

    [Fact]
    public async Task A_node_without_end_is_cancelled()
    {
        await using var node = new Node { Answers = int.MaxValue };
        await using var server = await StartAsync(node, "Generic");
        var query = await PostAsync(server, "/modalities/node/query", """{"Level":"Study"}""");
        Assert.Equal(ModalityFinder.MaxAnswers, (await server.Http.GetFromJsonAsync<string[]>($"{query.GetProperty("Path").GetString()}/answers", Ct))!.Length);
        Assert.InRange(node.Given, ModalityFinder.MaxAnswers, 100 * ModalityFinder.MaxAnswers);
    }

    [Fact]
    public void The_oldest_queries_go_when_they_are_too_many_or_too_large()
    {
        var queries = new RemoteQueries();
        for (var i = 0; i < RemoteQueries.MaxQueries + 5; i++)
        {
            queries.Add(Query($"{i}", 10));
        }
        Assert.Equal(RemoteQueries.MaxQueries, queries.Ids.Count);
        Assert.Null(queries.Find("4"));
        Assert.NotNull(queries.Find("5"));
        queries.Add(Query("large", (int)RemoteQueries.MaxBytes - 15));
        Assert.Equal(["104", "large"], queries.Ids);
        queries.Remove("104");
        queries.Remove("104");
        Assert.Equal(["large"], queries.Ids);

        static RemoteQuery Query(string id, int size) => new(id, "node", Level.Study, new DicomDataset(), null, null) { Answers = [new byte[size]] };
    }

    [Fact]
    public async Task What_cannot_be_asked_says_why()
    {
        await using var node = new Node();
        await using var server = await StartAsync(node, "Generic");
        foreach (var (status, code, path, body) in new[]
        {
            (HttpStatusCode.BadRequest, 15, "/modalities/node/query", """{"Level":"Study","Query":{"PatientID":["1"]}}"""),
            (HttpStatusCode.BadRequest, 15, "/modalities/node/query", """{"Level":"Study","Query":{"0002,0010":"1"}}"""),
            (HttpStatusCode.BadRequest, 15, "/modalities/node/query", """["Level"]"""),
            (HttpStatusCode.BadRequest, 15, "/modalities/node/find-worklist", """{"ScheduledProcedureStepSequence":"x"}"""),
            (HttpStatusCode.NotFound, 7, "/modalities/nobody/find-worklist", "{}"),
            (HttpStatusCode.NotFound, 7, "/modalities/nobody/get", "{}"),
            (HttpStatusCode.InternalServerError, 9, "/modalities/node/get", """{"Level":"Study","Resources":[{"StudyInstanceUID":"1.2"}]}"""), // it has no C-GET
            (HttpStatusCode.NotFound, 17, "/queries/x/answers/0/query-series", "{}"),
            (HttpStatusCode.NotFound, 17, "/queries/x/retrieve", "PACS"),
        })
        {
            using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body), Ct);
            var error = await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
            Assert.Equal((path, body, status, code), (path, body, answer.StatusCode, error.GetProperty("OrthancStatus").GetInt32()));
        }
    }

    private static Task<TestServer> StartAsync(Node node, string manufacturer) =>
        TestServer.StartAsync(new Dictionary<string, string> { ["DicomModalities"] = $$"""{"node":["NODE","127.0.0.1",{{node.Port}},"{{manufacturer}}"]}""" });

    private static async Task<JsonElement> PostAsync(TestServer server, string path, string body)
    {
        using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }
}
