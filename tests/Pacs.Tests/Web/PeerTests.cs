using System.Net;
using System.Text.Json.Nodes;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Sending to another server over Orthanc's REST API: the other is one of ours here, and Debian's Orthanc in <c>OrthancTierTests</c>.</summary>
public sealed class PeerTests
{
    private static readonly string Study = ResourceId.ForStudy("4711", "1.2.3.1").ToString();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_study_has_reaches_the_peer_and_its_password_nobody()
    {
        await using var other = await TestServer.StartAsync(new Dictionary<string, string> { ["AuthenticationEnabled"] = "true", ["RegisteredUsers"] = """{"praxis":"geheim-und-lang"}""" });
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", number: 2));
        var url = $"http://127.0.0.1:{other.HttpPort}/";
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, "PUT", "/peers/archiv", $$"""["{{url}}","praxis","geheim-und-lang"]""")).Status);

        Assert.Equal(["archiv"], (await SendAsync(server, "GET", "/peers")).Json!.AsArray().Select(p => (string?)p));
        foreach (var path in new[] { "/peers?expand", "/peers/archiv/configuration" })
        {
            var (_, json, text) = await SendAsync(server, "GET", path);
            Assert.DoesNotContain("geheim", text, StringComparison.Ordinal);
            Assert.Equal("praxis", (string?)(json!["archiv"] ?? json)["Username"]);
        }
        Assert.Equal("ORTHANC", (string?)(await SendAsync(server, "GET", "/peers/archiv/system")).Json!["DicomAet"]);

        var sent = await SendAsync(server, "POST", "/peers/archiv/store", Study);
        Assert.True(sent.Status == HttpStatusCode.OK, sent.Text);
        Assert.Equal(2, (int?)sent.Json!["InstancesCount"]);
        Assert.Equal(0, (int?)sent.Json["FailedInstancesCount"]);
        Assert.Equal([url, "praxis", ""], sent.Json["Peer"]!.AsArray().Select(p => (string?)p));
        var packed = await SendAsync(server, "POST", "/peers/archiv/store", $$"""{"Resources":["{{Study}}"],"Compress":true,"Transcode":"1.2.840.10008.1.2","Asynchronous":true}""");
        var job = await DoneAsync(server, (string)packed.Json!["ID"]!);
        Assert.Equal("Success", (string?)job["State"]);
        Assert.Equal("OrthancPeerStore", (string?)job["Type"]);
        Assert.DoesNotContain("geheim", job.ToJsonString(), StringComparison.Ordinal);

        // it is there, with the same id, and was asked for by name and password only
        using var asked = new HttpClient { BaseAddress = new Uri(url) };
        asked.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String("praxis:geheim-und-lang"u8));
        Assert.Equal(2, JsonNode.Parse(await asked.GetStringAsync(new Uri($"studies/{Study}/instances", UriKind.Relative), Ct))!.AsArray().Count);

        await server.RestartAsync();
        Assert.Equal(["archiv"], (await SendAsync(server, "GET", "/peers")).Json!.AsArray().Select(p => (string?)p));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, "DELETE", "/peers/archiv")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(server, "DELETE", "/peers/archiv")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(server, "POST", "/peers/archiv/store", Study)).Status);
    }

    [Fact]
    public async Task A_peer_that_is_not_there_is_an_error_of_the_network_and_a_configured_one_is_not_changed()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["OrthancPeers"] = """{"tot":{"Url":"http://127.0.0.1:1/","HttpHeaders":{"X-Key":"geheim"}}}""" });
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        var configuration = await SendAsync(server, "GET", "/peers/tot/configuration");
        Assert.Equal(["X-Key"], configuration.Json!["HttpHeaders"]!.AsArray().Select(p => (string?)p));
        foreach (var (method, path) in new[] { ("GET", "/peers/tot/system"), ("POST", "/peers/tot/store"), ("POST", "/peers/tot/store-straight") })
        {
            var (status, json, _) = await SendAsync(server, method, path, Study);
            Assert.Equal(HttpStatusCode.InternalServerError, status);
            Assert.Equal(9, (int?)json!["OrthancStatus"]);
        }
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(server, "PUT", "/peers/tot", """["http://127.0.0.1:2/"]""")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(server, "DELETE", "/peers/tot")).Status);
        foreach (var body in new[] { "{}", "[]", "x", """["ftp://host/"]""", """{"Url":"http://a:b@host/"}""", """{"Url":"http://host/","HttpHeaders":{"A B":"c"}}""", """{"Url":"http://host/","Timeout":-1}""" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(server, "PUT", "/peers/neu", body)).Status);
        }
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(server, "POST", "/peers/tot/store", $$"""{"Resources":["{{Study}}"],"Transcode":"nope"}""")).Status);
    }

    private static async Task<JsonNode> DoneAsync(TestServer server, string id)
    {
        for (var end = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(20, Ct))
        {
            var job = (await SendAsync(server, "GET", "/jobs/" + id)).Json!;
            if ((string?)job["State"] is "Success" or "Failure" || DateTime.UtcNow > end)
            {
                return job;
            }
        }
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Json, string Text)> SendAsync(TestServer server, string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Content = body is null ? null : new StringContent(body) };
        using var answer = await server.Http.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        return (answer.StatusCode, text.StartsWith('{') || text.StartsWith('[') ? JsonNode.Parse(text) : null, text);
    }
}
