using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Sending to nodes over the REST API, from one server of ours to another: answers in Orthanc's shapes, and jobs that end as they should.</summary>
public sealed class SendingTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_study_is_sent_by_each_form_of_body_and_the_answer_is_Orthancs()
    {
        await using var peer = await TestServer.StartAsync();
        await using var server = await StartAsync(peer.DicomPort, images: 3);
        var study = ResourceId.ForStudy("P1", TestArchive.Uid(1)).ToString();
        var instance = ResourceId.ForInstance("P1", TestArchive.Uid(1), TestArchive.Uid(1, 1), TestArchive.Uid(1, 1, 2)).ToString();
        foreach (var (body, count) in new[] { (study, 3), ($"\"{study}\"", 3), ($"[\"{instance}\",\"{study}\"]", 3), ($$"""{"Resources":["{{instance}}"],"Synchronous":true}""", 1) })
        {
            using var answer = await PostAsync(server, "/modalities/peer/store", body);
            var text = await answer.Content.ReadAsStringAsync(Ct);
            Assert.True(answer.IsSuccessStatusCode, text);
            var json = JsonDocument.Parse(text).RootElement;
            Assert.Equal(count, json.GetProperty("InstancesCount").GetInt32());
            Assert.Equal(0, json.GetProperty("FailedInstancesCount").GetInt32());
            Assert.Equal(("ORTHANC", "PEER", "REST API"), (Text(json, "LocalAet"), Text(json, "RemoteAet"), Text(json, "Description")));
            Assert.Contains(body.Contains(study, StringComparison.Ordinal) ? study : instance, json.GetProperty("ParentResources").EnumerateArray().Select(r => r.GetString()));
        }
        Assert.Equal(3, await CountAsync(peer));
        // the bytes of the data set are the same
        Assert.Equal(Datasets(server), Datasets(peer));
    }

    [Fact]
    public async Task An_asynchronous_store_is_a_job_that_tells_how_far_it_is()
    {
        await using var peer = await TestServer.StartAsync();
        await using var server = await StartAsync(peer.DicomPort, images: 2);
        var study = ResourceId.ForStudy("P1", TestArchive.Uid(1)).ToString();
        var started = await PostJsonAsync(server, "/modalities/peer/store", $$"""{"Resources":["{{study}}"],"Asynchronous":true,"Priority":3,"UserData":{"a":[1]},"LocalAet":"SENDER"}""");
        var id = Text(started, "ID");
        Assert.Equal($"/jobs/{id}", Text(started, "Path"));
        var job = await EndAsync(server, id);
        Assert.Equal(("Success", "DicomModalityStore", 100, 3), (Text(job, "State"), Text(job, "Type"), job.GetProperty("Progress").GetInt32(), job.GetProperty("Priority").GetInt32()));
        Assert.Equal("{\"a\":[1]}", job.GetProperty("UserData").GetRawText().Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings("").Replace("\n", "", StringComparison.Ordinal));
        Assert.Equal("SENDER", Text(job.GetProperty("Content"), "LocalAet"));
        Assert.Matches(@"^\d{8}T\d{6}\.\d{6}$", Text(job, "CompletionTime"));
        Assert.Equal([id], (await server.Http.GetFromJsonAsync<string[]>("/jobs", Ct))!);
        Assert.Equal("SENDER", await peer.Services.GetRequiredService<IndexReader>().ReadAsync((db, _) => Task.FromResult(db.Instances.First().CallingAe), Ct));
        using var gone = await server.Http.DeleteAsync(new Uri($"/jobs/{id}", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, gone.StatusCode);
        using var unknown = await server.Http.GetAsync(new Uri($"/jobs/{id}", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Somebody_who_waits_hears_at_once_that_a_node_is_down_and_a_job_goes_on_when_it_is_up()
    {
        var port = Ports.Free();
        await using var server = await StartAsync(port, images: 2);
        var study = ResourceId.ForStudy("P1", TestArchive.Uid(1)).ToString();
        var id = Text(await PostJsonAsync(server, "/modalities/peer/store", $$"""{"Resources":["{{study}}"],"Asynchronous":true}"""), "ID");
        var job = await UntilAsync(server, id, j => Text(j, "State") == "Retry");
        Assert.Equal(9, job.GetProperty("ErrorCode").GetInt32());
        Assert.Contains("No connection to", Text(job, "ErrorDetails"), StringComparison.Ordinal);

        using (var refused = await PostAsync(server, "/modalities/peer/store", study))
        {
            Assert.Equal(HttpStatusCode.InternalServerError, refused.StatusCode);
            var error = JsonDocument.Parse(await refused.Content.ReadAsStringAsync(Ct)).RootElement;
            Assert.Equal((9, "Error in the network protocol"), (error.GetProperty("OrthancStatus").GetInt32(), Text(error, "Message")));
        }

        await using var peer = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomPort"] = $"{port}" });
        Assert.Equal("Success", Text(await EndAsync(server, id), "State"));
        Assert.Equal(2, await CountAsync(peer));
    }

    [Fact]
    public async Task What_a_node_refuses_fails_alone_and_can_be_tried_again()
    {
        await using var peer = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomAlwaysAllowStore"] = "false" });
        await using var server = await StartAsync(peer.DicomPort, images: 2);
        var study = ResourceId.ForStudy("P1", TestArchive.Uid(1)).ToString();
        var id = Text(await PostJsonAsync(server, "/modalities/peer/store", $$"""{"Resources":["{{study}}"],"Asynchronous":true}"""), "ID");
        var job = await EndAsync(server, id);
        Assert.Equal(("Failure", 2), (Text(job, "State"), job.GetProperty("Content").GetProperty("FailedInstancesCount").GetInt32()));
        Assert.Equal("peer answers 0124H", Text(job, "ErrorDetails"));
        var permissive = Text(await PostJsonAsync(server, "/modalities/peer/store", $$"""{"Resources":["{{study}}"],"Asynchronous":true,"Permissive":true}"""), "ID");
        Assert.Equal("Success", Text(await EndAsync(server, permissive), "State"));

        // now it knows us
        using var put = await peer.Http.PutAsync(new Uri("/modalities/us", UriKind.Relative), new StringContent("""["ORTHANC","127.0.0.1",104]"""), Ct);
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        await PostJsonAsync(server, $"/jobs/{id}/resubmit", "");
        Assert.Equal("Success", Text(await EndAsync(server, id), "State"));
        Assert.Equal(2, await CountAsync(peer));
    }

    [Fact]
    public async Task Jobs_are_paused_resumed_and_cancelled()
    {
        var port = Ports.Free();
        await using var server = await StartAsync(port, images: 2);
        var study = ResourceId.ForStudy("P1", TestArchive.Uid(1)).ToString();
        var id = Text(await PostJsonAsync(server, "/modalities/peer/store", $$"""{"Resources":["{{study}}"],"Asynchronous":true}"""), "ID");
        await UntilAsync(server, id, j => Text(j, "State") == "Retry");
        await PostJsonAsync(server, $"/jobs/{id}/pause", "");
        Assert.Equal("Paused", Text(await server.Http.GetFromJsonAsync<JsonElement>($"/jobs/{id}", Ct), "State"));
        using (var wrong = await PostAsync(server, $"/jobs/{id}/resubmit", ""))
        {
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        }
        await using var peer = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomPort"] = $"{port}" });
        await PostJsonAsync(server, $"/jobs/{id}/resume", "");
        Assert.Equal("Success", Text(await EndAsync(server, id), "State"));

        using (var put = await server.Http.PutAsync(new Uri("/modalities/none", UriKind.Relative), new StringContent($"""["NONE","127.0.0.1",{Ports.Free()}]"""), Ct))
        {
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        }
        var other = Text(await PostJsonAsync(server, "/modalities/none/store", $$"""{"Resources":["{{study}}"],"Asynchronous":true}"""), "ID");
        await PostJsonAsync(server, $"/jobs/{other}/cancel", "");
        var cancelled = await EndAsync(server, other);
        Assert.Equal(("Failure", 37, "This job was canceled"), (Text(cancelled, "State"), cancelled.GetProperty("ErrorCode").GetInt32(), Text(cancelled, "ErrorDescription")));
    }

    [Fact]
    public async Task Nodes_are_listed_changed_and_called_as_in_Orthanc()
    {
        await using var peer = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomModalities"] = $$"""{"fixed":["FIXED","127.0.0.1",{{peer.DicomPort}}]}""" });
        using (var put = await server.Http.PutAsync(new Uri("/modalities/new", UriKind.Relative), new StringContent("""{"AET":"NEW","Host":"h","Port":1,"AllowStorageCommitment":false}"""), Ct))
        {
            Assert.Equal((HttpStatusCode.OK, ""), (put.StatusCode, await put.Content.ReadAsStringAsync(Ct)));
        }
        Assert.Equal(["fixed", "new"], (await server.Http.GetFromJsonAsync<string[]>("/modalities", Ct))!);
        var all = await server.Http.GetFromJsonAsync<JsonElement>("/modalities?expand", Ct);
        Assert.Equal("NEW", Text(all.GetProperty("new"), "AET"));
        var node = await server.Http.GetFromJsonAsync<JsonElement>("/modalities/new/configuration", Ct);
        Assert.False(node.GetProperty("AllowNAction").GetBoolean());
        Assert.True(node.GetProperty("AllowFind").GetBoolean());
        Assert.Equal(0, node.GetProperty("Timeout").GetInt32());

        Assert.Empty((await PostJsonAsync(server, "/modalities/fixed/echo", "")).EnumerateObject());
        await ExpectAsync(HttpStatusCode.NotFound, 7, await PostAsync(server, "/modalities/nobody/echo", "{}"));
        await ExpectAsync(HttpStatusCode.InternalServerError, 9, await PostAsync(server, "/modalities/fixed/echo", """{"Timeout":5,"CheckFind":true}""")); // a stranger there
        await ExpectAsync(HttpStatusCode.BadRequest, 15, await server.Http.PutAsync(new Uri("/modalities/x", UriKind.Relative), new StringContent("""["A","h"]"""), Ct));
        await ExpectAsync(HttpStatusCode.BadRequest, 15, await server.Http.PutAsync(new Uri("/modalities/x", UriKind.Relative), new StringContent("xx"), Ct));
        await ExpectAsync(HttpStatusCode.Forbidden, 22, await server.Http.PutAsync(new Uri("/modalities/fixed", UriKind.Relative), new StringContent("""["A","h",1]"""), Ct));
        await ExpectAsync(HttpStatusCode.BadRequest, 15, await PostAsync(server, "/modalities/fixed/store", "1234"));
        await ExpectAsync(HttpStatusCode.BadRequest, 15, await PostAsync(server, "/modalities/fixed/store", "{}"));
        await ExpectAsync(HttpStatusCode.BadRequest, 15, await PostAsync(server, "/modalities/fixed/store", """{"Resources":["xx"]}"""));
        await ExpectAsync(HttpStatusCode.NotFound, 17, await PostAsync(server, "/modalities/fixed/store", ResourceId.ForPatient("nobody").ToString()));
        using (var gone = await server.Http.DeleteAsync(new Uri("/modalities/new", UriKind.Relative), Ct))
        {
            Assert.Equal(HttpStatusCode.OK, gone.StatusCode);
        }
        await ExpectAsync(HttpStatusCode.NotFound, 7, await server.Http.DeleteAsync(new Uri("/modalities/new", UriKind.Relative), Ct));
        using var foreign = new HttpRequestMessage(HttpMethod.Put, "/modalities/evil") { Content = new StringContent("""["E","h",1]""") };
        foreign.Headers.Add("Origin", "http://evil.example");
        using var blocked = await server.Http.SendAsync(foreign, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, blocked.StatusCode);
        Assert.Equal(["fixed"], (await server.Http.GetFromJsonAsync<string[]>("/modalities", Ct))!);
    }

    [Fact]
    public async Task A_study_is_fetched_from_a_node_that_knows_us()
    {
        await using var server = await TestServer.StartAsync();
        await using var source = await StartAsync(server.DicomPort, images: 3);
        foreach (var (from, name, node) in new[]
        {
            (server, "source", $"""["SOURCE","127.0.0.1",{source.DicomPort}]"""), (source, "us", $$"""{"AET":"ORTHANC","Host":"127.0.0.1","Port":{{server.DicomPort}}}"""),
        })
        {
            using var put = await from.Http.PutAsync(new Uri($"/modalities/{name}", UriKind.Relative), new StringContent(node), Ct);
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        }
        var answer = await PostJsonAsync(server, "/modalities/source/move", $$"""{"Level":"Study","Resources":[{"StudyInstanceUID":"{{TestArchive.Uid(1)}}"}],"Timeout":20}""");
        Assert.Equal(("ORTHANC", "SOURCE", "ORTHANC"), (Text(answer, "LocalAet"), Text(answer, "RemoteAet"), Text(answer, "TargetAet")));
        Assert.Equal(TestArchive.Uid(1), Text(answer.GetProperty("Query")[0], "0020,000d"));
        Assert.Equal(3, await CountAsync(server));
        await ExpectAsync(HttpStatusCode.InternalServerError, 9, await PostAsync(server, "/modalities/source/move", $$"""{"Level":"Study","Resources":[{"0020,000d":"{{TestArchive.Uid(1)}}"}],"TargetAet":"NOBODY"}"""));
        await ExpectAsync(HttpStatusCode.BadRequest, 15, await PostAsync(server, "/modalities/source/move", """{"Level":"Study","Resources":[{"PatientID":"1"}]}"""));
        await ExpectAsync(HttpStatusCode.BadRequest, 15, await PostAsync(server, "/modalities/source/move", """{"Level":"Page","Resources":[]}"""));
        await ExpectAsync(HttpStatusCode.NotFound, 7, await PostAsync(server, "/modalities/nobody/move", "{}"));
    }

    private static async Task<TestServer> StartAsync(int peerPort, int images)
    {
        var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomModalities"] = $$"""{"peer":["PEER","127.0.0.1",{{peerPort}}]}""" });
        var request = new AssociationRequest { CallingAe = "DEVICE", CalledAe = "PACS" }.Propose(DicomUid.UltrasoundImageStorage);
        await using var device = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort, request, tls: null, Ct);
        for (var i = 1; i <= images; i++)
        {
            Assert.Equal(DimseStatus.Success, await device.StoreAsync(TestArchive.Image(instance: i), Ct));
        }
        await device.ReleaseAsync(Ct);
        return server;
    }

    private static async Task<long> CountAsync(TestServer server) => (await server.Services.GetRequiredService<IndexReader>().StatisticsAsync(Ct)).Instances;

    private static List<string> Datasets(TestServer server) =>
        [.. Directory.GetFiles(server.Options.StorageDirectory, "*.dcm", SearchOption.AllDirectories)
            .Select(f => Convert.ToHexString(DicomWriter.ToBytes(DicomFile.Open(f).Dataset, TransferSyntax.ExplicitVRLittleEndian))).Order(StringComparer.Ordinal)];

    private static Task<HttpResponseMessage> PostAsync(TestServer server, string path, string body) =>
        server.Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded"), Ct); // as curl does

    private static async Task<JsonElement> PostJsonAsync(TestServer server, string path, string body)
    {
        using var answer = await PostAsync(server, path, body);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task ExpectAsync(HttpStatusCode status, int code, HttpResponseMessage answer)
    {
        using (answer)
        {
            var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
            Assert.Equal((status, code), (answer.StatusCode, json.GetProperty("OrthancStatus").GetInt32()));
        }
    }

    private static Task<JsonElement> EndAsync(TestServer server, string id) => UntilAsync(server, id, j => Text(j, "State") is "Success" or "Failure");

    private static async Task<JsonElement> UntilAsync(TestServer server, string id, Func<JsonElement, bool> wanted)
    {
        while (true)
        {
            var job = await server.Http.GetFromJsonAsync<JsonElement>($"/jobs/{id}", Ct);
            if (wanted(job))
            {
                return job;
            }
            await Task.Delay(20, Ct);
        }
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
