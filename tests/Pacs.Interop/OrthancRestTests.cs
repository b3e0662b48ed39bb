using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>The same files to a real Orthanc and to us, the same questions to both.</summary>
public sealed class OrthancRestTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Our_answers_are_orthancs_answers()
    {
        Tool.Require("storescu");
        await using var orthanc = await OrthancProcess.StartAsync(Ct);
        await using var server = ServerProcess.Create(("StableAge", 86400), ("GdtGenerator", new Dictionary<string, object?> { ["Enable"] = false }));
        await server.StartAsync(Ct);
        using var ours = new HttpClient { BaseAddress = server.Address };
        using var samples = new SampleFiles()
            .Add("Müller^Jörg", "4711", "1.2.276.0.1").Add("Müller^Jörg", "4711", "1.2.276.0.1", 2).Add("Schmidt^Hans", "4712", "1.2.276.0.2");

        await SameChangesAsync(orthanc.Http, ours, "changes", "changes?last", "changes?since=5&limit=1");
        await samples.SendAsync(orthanc.DicomPort, Ct);
        await samples.SendAsync(server.DicomPort, Ct);
        await SameChangesAsync(
            orthanc.Http, ours, "changes", "changes?last", "changes?last=1&limit=3", "changes?limit=2", "changes?since=2&limit=1", "changes?since=2&limit=0", "changes?since=999&limit=5",
            "changes?since=abc", "changes?since=2&limit=abc");
        await SameStatisticsAsync(orthanc.Http, ours);
        await SameSystemAsync(orthanc, ours);
        await SameErrorsAsync(orthanc.Http, ours);
        await SameFilesAsync(orthanc.Http, ours);
    }

    private static async Task SameChangesAsync(HttpClient orthanc, HttpClient ours, params string[] paths)
    {
        foreach (var path in paths)
        {
            // to the byte, but for the time
            Assert.Equal((path, await UndatedAsync(orthanc, path)), (path, await UndatedAsync(ours, path)));
        }

        static async Task<string> UndatedAsync(HttpClient http, string path) =>
            Regex.Replace(await http.GetStringAsync(new Uri(path, UriKind.Relative), Ct), @"""\d{8}T\d{6}""", "\"time\"");
    }

    private static async Task SameStatisticsAsync(HttpClient orthanc, HttpClient ours)
    {
        var (theirs, our) = (await JsonAsync(orthanc, "statistics"), await JsonAsync(ours, "statistics"));
        Assert.Equal(theirs.Select(m => m.Key), our.Select(m => m.Key));
        foreach (var (key, value) in theirs)
        {
            // the headers of the files differ in length
            Assert.Equal(key.EndsWith("Size", StringComparison.Ordinal) ? value!.GetValueKind().ToString() : value!.ToJsonString(),
                key.EndsWith("Size", StringComparison.Ordinal) ? our[key]!.GetValueKind().ToString() : our[key]!.ToJsonString());
        }
    }

    private static async Task SameSystemAsync(OrthancProcess orthanc, HttpClient ours)
    {
        var (theirs, our) = (await JsonAsync(orthanc.Http, "system"), await JsonAsync(ours, "system"));
        string[] different = ["ApiVersion", "DicomPort", "HttpPort", "IsHttpServerSecure", "PluginsEnabled", "Version"];
        foreach (var (key, value) in theirs)
        {
            Assert.True(our.ContainsKey(key), $"/system lacks {key}");
            Assert.Equal(value?.GetValueKind() is { } kind && different.Contains(key) ? $"{key} {Plain(kind)}" : $"{key} {value?.ToJsonString()}",
                value is not null && different.Contains(key) ? $"{key} {Plain(our[key]!.GetValueKind())}" : $"{key} {our[key]?.ToJsonString()}");
        }

        static string Plain(System.Text.Json.JsonValueKind kind) => kind is System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False ? "Bool" : kind.ToString();
    }

    private static async Task SameErrorsAsync(HttpClient orthanc, HttpClient ours)
    {
        string[] paths = ["nothing", "system/x", "instances/abc/file", "instances/ffffffff-ffffffff-ffffffff-ffffffff-ffffffff/file"];
        foreach (var path in paths)
        {
            using var theirs = await orthanc.GetAsync(new Uri(path, UriKind.Relative), Ct);
            using var our = await ours.GetAsync(new Uri(path, UriKind.Relative), Ct);
            Assert.Equal((path, theirs.StatusCode), (path, our.StatusCode));
            Assert.Equal(JsonNode.Parse(await theirs.Content.ReadAsStringAsync(Ct))!.ToJsonString(), JsonNode.Parse(await our.Content.ReadAsStringAsync(Ct))!.ToJsonString());
        }
        foreach (var path in new[] { "system", "statistics", "instances/abc/file" })
        {
            using var theirs = await orthanc.PostAsync(new Uri(path, UriKind.Relative), new StringContent(""), Ct);
            using var our = await ours.PostAsync(new Uri(path, UriKind.Relative), new StringContent(""), Ct);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, theirs.StatusCode);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, our.StatusCode);
            Assert.Subset(our.Content.Headers.Allow.ToHashSet(), theirs.Content.Headers.Allow.ToHashSet());
            Assert.Equal(await theirs.Content.ReadAsStringAsync(Ct), await our.Content.ReadAsStringAsync(Ct));
        }
    }

    private static async Task SameFilesAsync(HttpClient orthanc, HttpClient ours)
    {
        var instances = JsonNode.Parse(await orthanc.GetStringAsync(new Uri("instances", UriKind.Relative), Ct))!.AsArray().Select(i => (string)i!).ToArray();
        Assert.Equal(3, instances.Length);
        foreach (var id in instances)
        {
            using var theirs = await orthanc.GetAsync(new Uri($"instances/{id}/file", UriKind.Relative), Ct);
            using var our = await ours.GetAsync(new Uri($"instances/{id}/file", UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.OK, our.StatusCode);
            Assert.Equal(theirs.Content.Headers.ContentType, our.Content.Headers.ContentType);
            Assert.EndsWith(".dcm", our.Content.Headers.ContentDisposition?.FileName?.Trim('"'), StringComparison.Ordinal);
            Assert.Equal(Dataset(await theirs.Content.ReadAsByteArrayAsync(Ct)), Dataset(await our.Content.ReadAsByteArrayAsync(Ct)));
        }

        static byte[] Dataset(byte[] file) => DicomWriter.ToBytes(DicomFile.Parse(file).Dataset, TransferSyntax.ExplicitVRLittleEndian);
    }

    private static async Task<JsonObject> JsonAsync(HttpClient http, string path) =>
        JsonNode.Parse(await http.GetStringAsync(new Uri(path, UriKind.Relative), Ct))!.AsObject();
}
