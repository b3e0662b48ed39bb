using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Labels as Orthanc 1.12.0 has them; Debian's Orthanc is older, so nothing can be compared.</summary>
public sealed class LabelRoutesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Müller { get; } = ResourceId.ForStudy("4711", "1.2.3.1").ToString();

    private static string Schmidt { get; } = ResourceId.ForStudy("4712", "1.2.3.2").ToString();

    private static string Weiß { get; } = ResourceId.ForStudy("AB-1", "1.2.3.3").ToString();

    [Fact]
    public async Task Labels_are_put_on_read_and_taken_off_at_each_level()
    {
        await using var server = await FilledAsync();
        var instance = ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1");
        string[] paths = [$"/patients/{ResourceId.ForPatient("4711")}", $"/studies/{Müller}", $"/series/{ResourceId.ForSeries("4711", "1.2.3.1", "1.2.3.1.1")}", $"/instances/{instance}"];
        foreach (var path in paths)
        {
            Assert.Equal("[]", await GetAsync(server, path + "/labels"));
            Assert.Equal((HttpStatusCode.NotFound, ""), await SendAsync(server, HttpMethod.Get, path + "/labels/To_Do-1"));
            Assert.Equal((HttpStatusCode.OK, ""), await SendAsync(server, HttpMethod.Put, path + "/labels/To_Do-1"));
            Assert.Equal((HttpStatusCode.OK, ""), await SendAsync(server, HttpMethod.Put, path + "/labels/To_Do-1"));
            Assert.Equal((HttpStatusCode.OK, ""), await SendAsync(server, HttpMethod.Put, path + "/labels/Again"));
            Assert.Equal("""["Again","To_Do-1"]""", await GetAsync(server, path + "/labels"));
            Assert.Equal("""["Again","To_Do-1"]""", JsonNode.Parse(await GetAsync(server, path))!["Labels"]!.ToJsonString());
            Assert.Equal((HttpStatusCode.OK, ""), await SendAsync(server, HttpMethod.Get, path + "/labels/Again"));
            Assert.Equal((HttpStatusCode.OK, ""), await SendAsync(server, HttpMethod.Delete, path + "/labels/Again"));
            Assert.Equal((HttpStatusCode.OK, ""), await SendAsync(server, HttpMethod.Delete, path + "/labels/Again"));
            Assert.Equal("""["To_Do-1"]""", await GetAsync(server, path + "/labels"));
        }
        Assert.Equal("""["To_Do-1"]""", await GetAsync(server, "/tools/labels"));
        Assert.Equal((HttpStatusCode.BadRequest, "Parameter out of range"), await RefusedAsync(server, $"/studies/{Müller}/labels/a.b"));
        Assert.Equal((HttpStatusCode.BadRequest, "Parameter out of range"), await RefusedAsync(server, $"/studies/{Müller}/labels/{new string('x', 65)}"));
        Assert.Equal((HttpStatusCode.NotFound, "Unknown resource"), await RefusedAsync(server, $"/studies/{instance}/labels/a"));
        Assert.Equal((HttpStatusCode.NotFound, "Unknown resource"), await RefusedAsync(server, "/studies/nope/labels/a"));
    }

    [Fact]
    public async Task A_find_asks_for_labels()
    {
        await using var server = await FilledAsync();
        foreach (var (study, label) in new[] { (Müller, "A"), (Müller, "B"), (Schmidt, "B") })
        {
            await SendAsync(server, HttpMethod.Put, $"/studies/{study}/labels/{label}");
        }
        // of another level: not meant
        await SendAsync(server, HttpMethod.Put, $"/patients/{ResourceId.ForPatient("AB-1")}/labels/A");

        await FoundAsync(server, [Müller], """ "Labels":["A"] """);
        await FoundAsync(server, [Müller], """ "Labels":["A","B"] """);
        await FoundAsync(server, [Müller, Schmidt], """ "Labels":["A","B"],"LabelsConstraint":"Any" """);
        await FoundAsync(server, [Schmidt, Weiß], """ "Labels":["A"],"LabelsConstraint":"None" """);
        await FoundAsync(server, [Weiß], """ "Labels":[],"LabelsConstraint":"None" """);
        await FoundAsync(server, [Müller, Schmidt, Weiß], """ "Labels":[],"LabelsConstraint":"Any" """);
        await FoundAsync(server, [], """ "Labels":["C"] """);
        // with another condition, and in any order
        await FoundAsync(server, [Schmidt], """ "Labels":["B"] """, """ "PatientName":"schmidt*" """);
        await FoundAsync(server, [Schmidt, Müller], """ "Labels":["B"],"OrderBy":[{"Type":"DicomTag","Key":"StudyDate","Direction":"DESC"}] """);
        await FoundAsync(server, [Müller], """ "Labels":["B"],"Limit":1 """);
        Assert.Equal("""{"Count":2}""", (await PostAsync(server, "/tools/count-resources", """{"Level":"Study","Query":{},"Labels":["B"]}""")).ToJsonString());
        foreach (var wrong in new[] { """ "Labels":["a b"] """, """ "Labels":"A" """, """ "Labels":["A"],"LabelsConstraint":"Some" """ })
        {
            using var answer = await server.Http.PostAsync(new Uri("/tools/find", UriKind.Relative), new StringContent($$"""{"Level":"Study","Query":{},{{wrong}}}"""), Ct);
            Assert.Equal((wrong, HttpStatusCode.BadRequest), (wrong, answer.StatusCode));
        }
    }

    [Fact]
    public async Task Labels_go_with_their_resource_and_survive_a_restart()
    {
        await using var server = await FilledAsync();
        await SendAsync(server, HttpMethod.Put, $"/studies/{Müller}/labels/A");
        await SendAsync(server, HttpMethod.Put, $"/patients/{ResourceId.ForPatient("4711")}/labels/P");
        await SendAsync(server, HttpMethod.Put, $"/studies/{Schmidt}/labels/B");
        await server.RestartAsync();
        Assert.Equal("""["A","B","P"]""", await GetAsync(server, "/tools/labels"));
        // the only study: its patient goes, too
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(server, HttpMethod.Delete, $"/studies/{Müller}")).Status);
        Assert.Equal("""["B"]""", await GetAsync(server, "/tools/labels"));
        Assert.True((bool)JsonNode.Parse(await GetAsync(server, "/system"))!["HasLabels"]!);
    }

    [Fact]
    public async Task A_change_of_labels_is_an_event_and_a_repetition_is_none()
    {
        await using var archive = await TestArchive.StartAsync();
        var result = await archive.StoreAsync(TestArchive.Image());
        var labels = archive.Get<Labels>();
        Assert.True(await labels.AddAsync(Level.Study, result.Study, ["A"], Ct));
        Assert.True(await labels.AddAsync(Level.Study, result.Study, ["A"], Ct));
        Assert.True(await labels.RemoveAsync(Level.Study, result.Study, "A", Ct));
        Assert.True(await labels.RemoveAsync(Level.Study, result.Study, "A", Ct));
        Assert.False(await labels.AddAsync(Level.Series, result.Study, ["A"], Ct));
        var changes = (await archive.EventsAsync()).Where(e => e.Kind == EventKind.LabelsChanged).ToList();
        Assert.Equal(2, changes.Count);
        Assert.All(changes, c => Assert.Equal((Level.Study, result.Study), (c.Level, c.Resource)));
        await Assert.ThrowsAsync<ArgumentException>(() => labels.AddAsync(Level.Study, result.Study, ["ä"], Ct));
        await labels.AddAsync(Level.Study, result.Study, ["A", "B"], Ct);
        Assert.Equal([new LabelCount("A", 1), new LabelCount("B", 1)], await archive.Reader.LabelCountsAsync(Level.Study, Ct));
    }

    private static async Task<TestServer> FilledAsync()
    {
        var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", date: "20240101"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Schmidt^Hans", "4712", "1.2.3.2", date: "20240202"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Weiß^Anna", "AB-1", "1.2.3.3", date: "20240303"));
        return server;
    }

    private static async Task FoundAsync(TestServer server, string[] expected, string labels, string query = "") =>
        Assert.Equal(expected, (await PostAsync(server, "/tools/find", $$"""{"Level":"Study","Query":{ {{query}} },{{labels}}}""")).AsArray().Select(i => (string)i!));

    private static async Task<JsonNode> PostAsync(TestServer server, string path, string body)
    {
        using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded"), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private static async Task<string> GetAsync(TestServer server, string path) =>
        JsonNode.Parse(await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct))!.ToJsonString();

    private static async Task<(HttpStatusCode Status, string Body)> SendAsync(TestServer server, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        using var answer = await server.Http.SendAsync(request, Ct);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct));
    }

    private static async Task<(HttpStatusCode, string?)> RefusedAsync(TestServer server, string path)
    {
        var (status, body) = await SendAsync(server, HttpMethod.Put, path);
        return (status, (string?)JsonNode.Parse(body)!["Message"]);
    }
}
