using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Pacs.Interop;

/// <summary>What a real Orthanc has kept is taken over: from its folder after it was stopped, and from the running server. Ids, notes, times, senders and data sets are compared one by one.</summary>
public sealed class OrthancImportTests
{
    // the other ones are about Orthanc's own files and caches, or are written in another way
    private static readonly string[] Same = ["ReceptionDate", "RemoteAET", "Origin", "RemoteIP", "CalledAET", "HttpUsername", "TransferSyntax", "SopClassUid", "IndexInSeries", "ModifiedFrom", "AnonymizedFrom", "Befund", "1030"];

    private static readonly string[] Collections = ["patients", "studies", "series", "instances"];

    private static readonly (string Key, object Value)[] Names =
    [
        ("UserMetadata", new Dictionary<string, int> { ["Befund"] = 1024 }), ("UserContentType", new Dictionary<string, int> { ["bericht"] = 1025 }),
    ];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    // 2000 and more by hand: docs/testing.md
    private static int Instances => int.TryParse(Environment.GetEnvironmentVariable("PACS_IMPORT_INSTANCES"), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 60;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_folder_of_a_stopped_orthanc_is_taken_over_where_the_image_was_replaced(bool isCompressed)
    {
        await using var orthanc = await OrthancProcess.StartAsync(Ct, [.. Names, ("StorageCompression", isCompressed)]);
        using var files = await FillAsync(orthanc, Instances);
        var before = await LookAsync(orthanc.Http);
        await orthanc.StopAsync(Ct);

        // the same folder at the same place, and nothing set up but the names that the old configuration has, too
        await using var server = Create(("StorageDirectory", orthanc.Folder), ("IndexDirectory", orthanc.Folder));
        await server.StartAsync(Ct);
        using var ours = new HttpClient { BaseAddress = server.Address };
        var job = await DoneAsync(ours, server);
        Assert.Equal((before.Files.Count, 0, 0), ((int)job["Content"]!["ImportedInstancesCount"]!, (int)job["Content"]!["FailedInstancesCount"]!, job["Content"]!["Failures"]!.AsArray().Count));
        AssertSame(before, await LookAsync(ours));
        Assert.Empty(Directory.GetFiles(server.GdtDirectory)); // nobody was examined

        // a restart takes nothing over again, and what was deleted meanwhile stays away
        var study = (string)(await JsonAsync(ours, "studies")).AsArray()[0]!;
        using (var deleted = await ours.DeleteAsync(new Uri($"studies/{study}", UriKind.Relative), Ct))
        {
            deleted.EnsureSuccessStatusCode();
        }
        await server.StopAsync(Ct);
        await server.StartAsync(Ct);
        Assert.Single((await JsonAsync(ours, "jobs")).AsArray());
        Assert.DoesNotContain(study, (await JsonAsync(ours, "studies")).AsArray().Select(s => (string)s!));
    }

    [Fact]
    public async Task A_running_orthanc_is_taken_over_and_later_what_came_since()
    {
        await using var orthanc = await OrthancProcess.StartAsync(
            Ct, [.. Names, ("AuthenticationEnabled", true), ("RegisteredUsers", new Dictionary<string, string> { ["praxis"] = "geheim:1" })]);
        orthanc.Http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String("praxis:geheim:1"u8));
        using var files = await FillAsync(orthanc, 40);
        var before = await LookAsync(orthanc.Http);

        await using var server = Create(("OrthancImport", new Dictionary<string, object> { ["Url"] = $"http://praxis:geheim%3A1@127.0.0.1:{orthanc.HttpPort}" }));
        await server.StartAsync(Ct);
        using var ours = new HttpClient { BaseAddress = server.Address };
        var job = await DoneAsync(ours, server);
        Assert.DoesNotContain("geheim", job.ToJsonString());
        AssertSame(before, await LookAsync(ours));
        Assert.Empty(Directory.GetFiles(server.GdtDirectory));

        // until the devices send here, Orthanc gets more
        using var more = new SampleFiles().Add("Neu^Nina", "NEU-1", "1.2.276.0.77.9").Add("Neu^Nina", "NEU-1", "1.2.276.0.77.9", 2);
        await more.SendAsync(orthanc.DicomPort, Ct);
        using (var started = await ours.PostAsync(new Uri("tools/import-orthanc", UriKind.Relative), new StringContent("{}"), Ct))
        {
            started.EnsureSuccessStatusCode();
        }
        job = await DoneAsync(ours, server, 2);
        Assert.Equal(2, (int)job["Content"]!["ImportedInstancesCount"]!);
        AssertSame(await LookAsync(orthanc.Http), await LookAsync(ours));
    }

    [Fact]
    public async Task It_waits_until_orthanc_is_stopped_and_goes_on_after_a_kill_while_devices_send()
    {
        await using var orthanc = await OrthancProcess.StartAsync(Ct, Names);
        using var files = await FillAsync(orthanc, 400);
        var before = await LookAsync(orthanc.Http);

        await using var server = Create(("OrthancImport", new Dictionary<string, object> { ["StorageDirectory"] = orthanc.Folder }));
        await server.StartAsync(Ct);
        using var ours = new HttpClient { BaseAddress = server.Address };
        await JobAsync(ours, server, j => (string)j["State"]! == "Retry" && ((string)j["ErrorDetails"]!).Contains("running", StringComparison.Ordinal));
        await orthanc.StopAsync(Ct);
        await JobAsync(ours, server, j => (int)j["Progress"]! > 0);
        using var today = new SampleFiles().Add("Heute^Hans", "HEUTE", "1.2.276.0.77.8");
        await today.SendAsync(server.DicomPort, Ct);
        await server.KillAsync(Ct);
        await server.StartAsync(Ct);

        var job = await DoneAsync(ours, server);
        Assert.Equal((before.Files.Count, 0), ((int)job["Content"]!["InstancesCount"]!, (int)job["Content"]!["FailedInstancesCount"]!));
        var after = await LookAsync(ours);
        Assert.Equal(before.Files.Count + 1, after.Files.Count);
        Assert.All(before.Files, f => Assert.Equal(f.Value, after.Files[f.Key]));
        // of the one that was sent here, and of no other
        Assert.True(await UntilAsync(() => Task.FromResult(Directory.GetFiles(server.GdtDirectory, "*.gdt").Length == 1)), server.Output);
    }

    private static ServerProcess Create(params (string Key, object? Value)[] more) => ServerProcess.Create(
        [.. Names.Select(n => (n.Key, (object?)n.Value)), ("StableAge", 1), .. more]);

    // C-STORE and HTTP, umlauts, user metadata, attachments, and a study that was made of another
    private static async Task<SampleFiles> FillAsync(OrthancProcess orthanc, int count)
    {
        Tool.Require("storescu");
        var samples = new SampleFiles();
        for (var i = 0; i < count; i++)
        {
            var study = i / 20;
            samples.Add(study % 2 == 0 ? "Müller^Jörg" : "Schmidt^Hans", study % 3 == 0 ? $"Nr {study} ä" : $"{study}", $"1.2.276.0.77.1.{study}", (i % 20) + 1);
        }
        await samples.SendAsync(orthanc.DicomPort, Ct);
        using var uploaded = new SampleFiles().Add("Hochgeladen^Paul", "HTTP", "1.2.276.0.77.2");
        var id = (string)JsonNode.Parse(await SendAsync(orthanc.Http, HttpMethod.Post, "instances", await File.ReadAllBytesAsync(uploaded.Paths[0], Ct)))!["ID"]!;
        var study0 = (string)(await JsonAsync(orthanc.Http, "studies")).AsArray()[0]!;
        await SendAsync(orthanc.Http, HttpMethod.Put, $"studies/{study0}/metadata/Befund", "unauffällig"u8.ToArray());
        await SendAsync(orthanc.Http, HttpMethod.Put, $"instances/{id}/metadata/1030", "eins"u8.ToArray());
        await SendAsync(orthanc.Http, HttpMethod.Put, $"studies/{study0}/attachments/bericht", Encoding.UTF8.GetBytes(new string('x', 100_000)));
        await SendAsync(orthanc.Http, HttpMethod.Post, $"studies/{study0}/modify", """{"Replace":{"StudyDescription":"Neu"},"KeepSource":true}"""u8.ToArray());
        return samples;
    }

    private sealed record Look(ConcurrentDictionary<string, string> Resources, ConcurrentDictionary<string, string> Files);

    private static async Task<Look> LookAsync(HttpClient http)
    {
        var (resources, files) = (new ConcurrentDictionary<string, string>(), new ConcurrentDictionary<string, string>());
        foreach (var collection in Collections)
        {
            var ids = (await JsonAsync(http, collection)).AsArray().Select(i => (string)i!).ToList();
            await Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct }, async (id, _) =>
            {
                var metadata = (await JsonAsync(http, $"{collection}/{id}/metadata?expand")).AsObject().Where(m => Same.Contains(m.Key)).OrderBy(m => m.Key, StringComparer.Ordinal);
                var attachments = new List<string>();
                foreach (var name in (await JsonAsync(http, $"{collection}/{id}/attachments")).AsArray().Select(a => (string)a!).Where(a => a is not "dicom" && !a.StartsWith("dicom-", StringComparison.Ordinal)))
                {
                    attachments.Add(name + " " + await http.GetStringAsync(new Uri($"{collection}/{id}/attachments/{name}/md5", UriKind.Relative), Ct));
                }
                resources[$"{collection}/{id}"] = string.Join('\n', metadata.Select(m => $"{m.Key}={m.Value}").Concat(attachments));
                if (collection == "instances")
                {
                    var file = await http.GetByteArrayAsync(new Uri($"instances/{id}/file", UriKind.Relative), Ct);
                    // behind preamble, DICM and file meta group (PS3.10 §7.1), which each server writes for itself
                    files[id] = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file.AsSpan((int)BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(140)) + 144)));
                }
            });
        }
        return new Look(resources, files);
    }

    private static void AssertSame(Look orthanc, Look ours)
    {
        Assert.NotEmpty(orthanc.Files);
        Assert.Equal(orthanc.Resources.Keys.Order(StringComparer.Ordinal), ours.Resources.Keys.Order(StringComparer.Ordinal));
        Assert.All(orthanc.Resources, r => Assert.Equal($"{r.Key}\n{r.Value}", $"{r.Key}\n{ours.Resources[r.Key]}"));
        Assert.All(orthanc.Files, f => Assert.Equal(f.Value, ours.Files[f.Key]));
        Assert.Contains(ours.Resources.Values, v => v.Contains("ModifiedFrom", StringComparison.Ordinal));
        Assert.Contains(ours.Resources.Values, v => v.Contains("bericht", StringComparison.Ordinal) && v.Contains("Befund=unauffällig", StringComparison.Ordinal));
    }

    private static Task<JsonNode> DoneAsync(HttpClient ours, ServerProcess server, int jobs = 1) => JobAsync(ours, server, j => (string)j["State"]! is "Success" or "Failure", jobs);

    private static async Task<JsonNode> JobAsync(HttpClient ours, ServerProcess server, Func<JsonNode, bool> isIt, int jobs = 1)
    {
        JsonNode? job = null;
        var found = await UntilAsync(async () =>
        {
            var all = (await JsonAsync(ours, "jobs?expand")).AsArray();
            job = all.Count == jobs && (string)all[0]!["Type"]! == "OrthancImport" ? all[0] : null;
            return job is not null && isIt(job);
        });
        Assert.True(found, $"{job?.ToJsonString()}\n{server.Output}");
        return job!;
    }

    private static async Task<bool> UntilAsync(Func<Task<bool>> condition)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < TimeSpan.FromMinutes(2);)
        {
            if (await condition())
            {
                return true;
            }
            await Task.Delay(50, Ct);
        }
        return false;
    }

    private static async Task<JsonNode> JsonAsync(HttpClient http, string path) => JsonNode.Parse(await http.GetStringAsync(new Uri(path, UriKind.Relative), Ct))!;

    private static async Task<string> SendAsync(HttpClient http, HttpMethod method, string path, byte[] body)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = new ByteArrayContent(body) };
        using var answer = await http.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}");
        return text;
    }
}
