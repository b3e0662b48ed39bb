using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>Storage commitment between us and Debian's Orthanc, each asking the other over the same routes.</summary>
public sealed class CommitmentTests
{
    private const string Study = "1.2.3.7";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Orthanc_and_we_ask_each_other_with_the_same_answers()
    {
        Tool.Require("storescu");
        await using var orthanc = await OrthancProcess.StartAsync(Ct);
        await using var server = ServerProcess.Create(("DicomAet", "PRAXIS"), ("DicomModalities", Node("peer", "ORTHANC", orthanc.DicomPort)));
        await server.StartAsync(Ct);
        using (var put = await orthanc.Http.PutAsync(new Uri("modalities/peer", UriKind.Relative), new StringContent($"""["PRAXIS","127.0.0.1",{server.DicomPort}]"""), Ct))
        {
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        }
        using var http = new HttpClient { BaseAddress = server.Address };
        using var images = new SampleFiles().Add("Doe^John", "1", Study, 1).Add("Doe^John", "1", Study, 2);
        await images.SendAsync(server.DicomPort, Ct);
        await images.SendAsync(orthanc.DicomPort, Ct);

        var kept = Instances($"{Study}.1.1", $"{Study}.1.2");
        var lost = Instances($"{Study}.1.1", $"{Study}.1.9");
        foreach (var body in new[] { kept, lost, """{"DicomInstances":"x"}""", """{"Resources":["xx"]}""", "{}", "[]" })
        {
            Assert.Equal(await AskAsync(orthanc.Http, body), await AskAsync(http, body));
        }
        foreach (var path in new[] { "storage-commitment/1.2.3", "storage-commitment/1.2.3/remove" })
        {
            var method = path.EndsWith("remove", StringComparison.Ordinal) ? HttpMethod.Post : HttpMethod.Get;
            Assert.Equal(await CallAsync(orthanc.Http, method, path), await CallAsync(http, method, path));
        }
    }

    [Fact]
    public async Task A_job_sends_to_Orthanc_and_asks_it_and_what_it_has_lost_fails()
    {
        Tool.Require("storescu");
        await using var orthanc = await OrthancProcess.StartAsync(Ct);
        await using var server = ServerProcess.Create(("DicomModalities", Node("peer", "ORTHANC", orthanc.DicomPort)), ("DicomAet", "PRAXIS"));
        await server.StartAsync(Ct);
        using (var put = await orthanc.Http.PutAsync(new Uri("modalities/us", UriKind.Relative), new StringContent($"""["PRAXIS","127.0.0.1",{server.DicomPort}]"""), Ct))
        {
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        }
        using var http = new HttpClient { BaseAddress = server.Address };
        using var images = new SampleFiles().Add("Doe^John", "1", Study, 1).Add("Doe^John", "1", Study, 2);
        await images.SendAsync(server.DicomPort, Ct);
        var study = Pacs.Storage.ResourceId.ForStudy("1", Study).ToString();

        using var sent = await http.PostAsync(new Uri("modalities/peer/store", UriKind.Relative), new StringContent($$"""{"Resources":["{{study}}"],"StorageCommitment":true}"""), Ct);
        var content = await sent.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.True(sent.IsSuccessStatusCode, content.ToString());
        Assert.Equal(["Description", "FailedInstancesCount", "InstancesCount", "LocalAet", "ParentResources", "RemoteAet", "StorageCommitmentTransactionUID"], content.EnumerateObject().Select(m => m.Name));
        var report = await ReportAsync(http, content.GetProperty("StorageCommitmentTransactionUID").GetString()!);
        Assert.Equal(("Success", 2), (report.GetProperty("Status").GetString(), report.GetProperty("Success").GetArrayLength()));
        var job = Assert.Single((await http.GetFromJsonAsync<JsonElement[]>("jobs?expand", Ct))!);
        Assert.Equal("Success", job.GetProperty("State").GetString());
    }

    private static Dictionary<string, object> Node(string name, string aeTitle, int port) => new() { [name] = new object[] { aeTitle, "127.0.0.1", port } };

    private static string Instances(params string[] uids) =>
        JsonSerializer.Serialize(new { DicomInstances = uids.Select(u => new[] { DicomUid.UltrasoundImageStorage, u }) });

    /// <summary>What asking comes to: an error, or the report, less the names of the two and of the transaction.</summary>
    private static async Task<string> AskAsync(HttpClient http, string body)
    {
        using var asked = await http.PostAsync(new Uri("modalities/peer/storage-commitment", UriKind.Relative), new StringContent(body), Ct);
        var json = JsonDocument.Parse(await asked.Content.ReadAsStringAsync(Ct)).RootElement;
        if (!asked.IsSuccessStatusCode)
        {
            return Without(json, "Details");
        }
        Assert.Equal($"/storage-commitment/{json.GetProperty("ID").GetString()}", json.GetProperty("Path").GetString());
        var report = await ReportAsync(http, json.GetProperty("ID").GetString()!);
        Assert.Contains(report.GetProperty("RemoteAET").GetString(), new[] { "PRAXIS", "ORTHANC" });
        return Without(report, "RemoteAET");
    }

    private static async Task<JsonElement> ReportAsync(HttpClient http, string transaction)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromSeconds(30); await Task.Delay(50, Ct))
        {
            var report = await http.GetFromJsonAsync<JsonElement>($"storage-commitment/{transaction}", Ct);
            if (report.GetProperty("Status").GetString() != "Pending")
            {
                return report;
            }
        }
        throw new TimeoutException("no report came");
    }

    private static async Task<string> CallAsync(HttpClient http, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path) { Content = method == HttpMethod.Post ? new StringContent("{}") : null };
        using var answer = await http.SendAsync(request, Ct);
        return $"{answer.StatusCode} {Without(JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement, "Details")}";
    }

    private static string Without(JsonElement json, string name) =>
        string.Join('\n', json.EnumerateObject().Where(m => m.Name != name).Select(m => $"{m.Name}={JsonSerializer.Serialize(m.Value)}").Order(StringComparer.Ordinal));
}
