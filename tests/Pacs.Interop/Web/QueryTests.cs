using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>The routes about queries and retrieves, ours beside those of Debian's Orthanc, both asking a third Orthanc.</summary>
public sealed class QueryTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Routes_about_queries_answer_as_Orthanc_does()
    {
        await using var source = await OrthancProcess.StartAsync(Ct, ("DicomAet", "SOURCE"));
        await using var orthanc = await OrthancProcess.StartAsync(Ct, ("DicomAet", "ASKER"));
        await using var server = ServerProcess.Create(("DicomAet", "PACS"));
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        using var images = new SampleFiles();
        foreach (var (study, number) in new[] { ("1.2.1", 1), ("1.2.1", 2), ("1.2.2", 1) })
        {
            images.Add("Müller^Jürgen", "P1", study, number);
        }
        await UploadAsync(source, images);
        foreach (var (asker, aeTitle, port) in new[] { (orthanc.Http, "ASKER", orthanc.DicomPort), (http, "PACS", server.DicomPort) })
        {
            await KnowAsync(asker, "source", "SOURCE", source.DicomPort);
            await KnowAsync(source.Http, aeTitle.ToLowerInvariant(), aeTitle, port);
        }

        var theirs = await WalkAsync(orthanc.Http, "ASKER");
        var ours = await WalkAsync(http, "PACS");
        Assert.Equal(theirs.Count, ours.Count);
        foreach (var (expected, actual) in theirs.Zip(ours))
        {
            Assert.Equal(expected, actual);
        }
        Assert.Equal(3, (await http.GetFromJsonAsync<JsonElement>("statistics", Ct)).GetProperty("CountInstances").GetInt32());
        Assert.Equal(3, (await orthanc.Http.GetFromJsonAsync<JsonElement>("statistics", Ct)).GetProperty("CountInstances").GetInt32());
    }

    [Fact]
    public async Task We_get_from_Orthanc_over_one_association_and_it_need_not_know_us()
    {
        await using var source = await OrthancProcess.StartAsync(Ct, ("DicomAet", "SOURCE"), ("DicomAlwaysAllowGet", true));
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        using var images = new SampleFiles().Add("Doe^John", "P1", "1.2.1", 1).Add("Doe^John", "P1", "1.2.1", 2);
        await UploadAsync(source, images);
        await KnowAsync(http, "source", "SOURCE", source.DicomPort);

        using var got = await http.PostAsync(new Uri("modalities/source/get", UriKind.Relative), new StringContent("""{"Level":"Study","Resources":[{"StudyInstanceUID":"1.2.1"}]}"""), Ct);
        var content = await got.Content.ReadAsStringAsync(Ct);
        Assert.True(got.IsSuccessStatusCode, content + server.Output);
        Assert.Equal(2, (await http.GetFromJsonAsync<JsonElement>("statistics", Ct)).GetProperty("CountInstances").GetInt32());
        var job = Assert.Single((await http.GetFromJsonAsync<JsonElement[]>("jobs?expand", Ct))!);
        Assert.Equal(("DicomGetScu", "Success", 100), (job.GetProperty("Type").GetString(), job.GetProperty("State").GetString(), job.GetProperty("Progress").GetInt32()));

        using var asked = await http.PostAsync(new Uri("modalities/source/query", UriKind.Relative), new StringContent("""{"Level":"Series","Query":{"StudyInstanceUID":"1.2.1"}}"""), Ct);
        var path = (await asked.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("Path").GetString()!.TrimStart('/');
        using var again = await http.PostAsync(new Uri($"{path}/retrieve", UriKind.Relative), new StringContent("""{"RetrieveMethod":"C-GET","Synchronous":true}"""), Ct);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Fact]
    public async Task An_asynchronous_move_is_a_job_that_waits_for_a_node_that_is_off()
    {
        var port = Ports.Free();
        await using var server = ServerProcess.Create(("DicomAet", "PACS"), ("DicomModalities", new Dictionary<string, object> { ["source"] = new object[] { "SOURCE", "127.0.0.1", port } }));
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        using var started = await http.PostAsync(
            new Uri("modalities/source/move", UriKind.Relative), new StringContent("""{"Level":"Study","Resources":[{"StudyInstanceUID":"1.2.1"}],"Asynchronous":true,"Priority":2}"""), Ct);
        var path = (await started.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("Path").GetString()!.TrimStart('/');
        await UntilAsync(http, path, "Retry");
        await server.KillAsync(Ct);
        await using var source = await OrthancProcess.StartAsync(Ct, ("DicomAet", "SOURCE"), ("DicomPort", port));
        using var images = new SampleFiles().Add("Doe^John", "P1", "1.2.1", 1);
        await UploadAsync(source, images);
        await KnowAsync(source.Http, "pacs", "PACS", server.DicomPort);
        await server.StartAsync(Ct);
        var job = await UntilAsync(http, path, "Success");
        Assert.Equal(("DicomMoveScu", 2), (job.GetProperty("Type").GetString(), job.GetProperty("Priority").GetInt32()));
        Assert.Equal(1, (await http.GetFromJsonAsync<JsonElement>("statistics", Ct)).GetProperty("CountInstances").GetInt32());
    }

    [Fact]
    public async Task The_worklist_of_another_server_is_asked()
    {
        await using var other = ServerProcess.Create(("DicomAet", "OTHER"));
        await other.StartAsync(Ct);
        await using var server = ServerProcess.Create(("DicomModalities", new Dictionary<string, object> { ["other"] = new object[] { "OTHER", "127.0.0.1", other.DicomPort } }));
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        using (var added = await http.GetAsync(new Uri(other.Address, "worklist/add?id=4711&lastname=M%C3%BCller&firstname=Eva&birthdate=01.02.1960&sex=2&procedure=Abdomen&modality=US"), Ct))
        {
            Assert.Equal(HttpStatusCode.OK, added.StatusCode);
        }
        using var found = await http.PostAsync(
            new Uri("modalities/other/find-worklist?simplify", UriKind.Relative),
            new StringContent("""{"PatientName":"Müller*","PatientID":"","ScheduledProcedureStepSequence":[{"Modality":"US"}]}"""), Ct);
        var entry = Assert.Single((await found.Content.ReadFromJsonAsync<JsonElement[]>(Ct))!);
        Assert.Equal(("Müller^Eva", "4711", "US"), (
            entry.GetProperty("PatientName").GetString(), entry.GetProperty("PatientID").GetString(), entry.GetProperty("ScheduledProcedureStepSequence")[0].GetProperty("Modality").GetString()));
    }

    /// <summary>Every route about queries; the answers, less what names the asker or the moment.</summary>
    private static async Task<List<string>> WalkAsync(HttpClient http, string self)
    {
        var said = new List<string>();
        async Task<JsonElement> CallAsync(HttpMethod method, string path, string? body = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body) };
            using var answer = await http.SendAsync(request, Ct);
            var text = await answer.Content.ReadAsStringAsync(Ct);
            var json = text.StartsWith('{') || text.StartsWith('[') ? JsonDocument.Parse(text).RootElement : JsonSerializer.SerializeToElement(text);
            said.Add($"{method} {Anonymous(path)} {body} {(int)answer.StatusCode}\n{Anonymous(Sorted(json))}");
            return json;
        }
        string Anonymous(string text) => System.Text.RegularExpressions.Regex.Replace(text.Replace(self, "SELF", StringComparison.Ordinal), "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "UUID");

        var study = await CallAsync(HttpMethod.Post, "modalities/source/query", """{"Level":"Study","Query":{"PatientID":"P1","StudyDescription":"","PatientName":"Mü*","InstanceNumber":"9"}}""");
        var path = study.GetProperty("Path").GetString()!.TrimStart('/');
        await CallAsync(HttpMethod.Get, "queries");
        foreach (var suffix in new[]
        {
            "", "/level", "/modality", "/query", "/query?simplify", "/query?short", "/answers", "/answers/0", "/answers/9", "/answers/x", "/answers/9/content",
        })
        {
            await CallAsync(HttpMethod.Get, path + suffix);
        }
        // in the order of their UIDs, since nobody promises one
        var answers = await CallAsync(HttpMethod.Get, $"{path}/answers?expand&simplify");
        said[^1] = string.Join('\n', answers.EnumerateArray().Select(Sorted).Order(StringComparer.Ordinal));
        var index = answers.EnumerateArray().ToList().FindIndex(a => a.GetProperty("StudyInstanceUID").GetString() == "1.2.1");
        Mask(await CallAsync(HttpMethod.Get, $"{path}/answers/{index}/content"));
        Mask(await CallAsync(HttpMethod.Get, $"{path}/answers/{index}/content?short"));

        var series = await CallAsync(HttpMethod.Post, $"{path}/answers/{index}/query-series", """{"Query":{"Modality":""}}""");
        said.RemoveAt(said.Count - 1);
        var below = series.GetProperty("Path").GetString()!.TrimStart('/');
        await CallAsync(HttpMethod.Get, $"{below}/level");
        await CallAsync(HttpMethod.Get, $"{below}/answers/0");
        await CallAsync(HttpMethod.Get, $"{below}/answers?expand&simplify");
        var instances = await CallAsync(HttpMethod.Post, $"{below}/answers/0/query-instances", "{}");
        await CallAsync(HttpMethod.Get, instances.GetProperty("Path").GetString()!.TrimStart('/') + "/answers");
        await CallAsync(HttpMethod.Get, instances.GetProperty("Path").GetString()!.TrimStart('/') + "/answers/0");

        foreach (var body in new[] { self, $$"""{"TargetAet":"{{self}}","Full":true}""", $$"""{"TargetAet":"{{self}}","Simplify":true}""" })
        {
            await CallAsync(HttpMethod.Post, $"{path}/answers/{index}/retrieve", body);
            said[^1] = said[^1][said[^1].IndexOf('\n', StringComparison.Ordinal)..];
        }
        await CallAsync(HttpMethod.Post, $"{path}/retrieve", """{"TargetAet":"NOBODY"}""");
        var started = await CallAsync(HttpMethod.Post, $"{path}/retrieve", $$"""{"TargetAet":"{{self}}","Synchronous":false,"Priority":4}""");
        said.RemoveAt(said.Count - 1);
        var job = await UntilAsync(http, started.GetProperty("Path").GetString()!.TrimStart('/'), "Success");
        said.Add(string.Join('\n', job.EnumerateObject().Where(m => m.Name is not ("CompletionTime" or "CreationTime" or "EffectiveRuntime" or "ID" or "Timestamp" or "Content")).Select(m => $"{m.Name}={m.Value}").Order(StringComparer.Ordinal)));
        said.Add(string.Join(' ', job.GetProperty("Content").EnumerateObject().Select(m => m.Name).Where(n => n != "TargetAet")));
        foreach (var (method, route, body) in new (HttpMethod, string, string?)[]
        {
            (HttpMethod.Post, "modalities/source/query", "{}"), (HttpMethod.Post, "modalities/source/query", """{"Level":"Stud"}"""), (HttpMethod.Post, "modalities/source/query", "xx"),
            (HttpMethod.Post, "modalities/nobody/query", """{"Level":"Study"}"""), (HttpMethod.Post, "modalities/source/query", """{"Level":"Study","Query":{"Nonsense":"1"}}"""),
            (HttpMethod.Post, "modalities/source/query", """{"Level":"Study","Query":{"PatientID":5}}"""), (HttpMethod.Delete, path, null), (HttpMethod.Delete, path, null), (HttpMethod.Get, path, null),
            (HttpMethod.Get, $"{path}/answers", null), (HttpMethod.Post, $"{path}/retrieve", self),
        })
        {
            await CallAsync(method, route, body);
            said[^1] = body == self ? said[^1][said[^1].IndexOf('\n', StringComparison.Ordinal)..] : said[^1];
        }
        return said;

        void Mask(JsonElement json) => said[^1] = Anonymous(Sorted(json));
    }

    private static string Sorted(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(",\n", json.EnumerateObject().Where(m => m.Name is not ("Details" or "TargetAet" or "Uri")).OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => $"{m.Name}:{Sorted(m.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(",", json.EnumerateArray().Select(Sorted)) + "]",
        _ => json.ToString(),
    };

    private static async Task<JsonElement> UntilAsync(HttpClient http, string path, string state)
    {
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            var job = await http.GetFromJsonAsync<JsonElement>(path, Ct);
            if (job.GetProperty("State").GetString() == state)
            {
                return job;
            }
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), job.ToString());
        }
    }

    private static async Task KnowAsync(HttpClient http, string name, string aeTitle, int port)
    {
        using var put = await http.PutAsync(new Uri($"modalities/{name}", UriKind.Relative), new StringContent($"""["{aeTitle}","127.0.0.1",{port}]"""), Ct);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Ct));
    }

    private static async Task UploadAsync(OrthancProcess orthanc, SampleFiles images)
    {
        foreach (var path in images.Paths)
        {
            using var body = new ByteArrayContent(await File.ReadAllBytesAsync(path, Ct));
            using var stored = await orthanc.Http.PostAsync(new Uri("instances", UriKind.Relative), body, Ct);
            Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        }
    }
}
