using System.Security.Cryptography;
using System.Text.Json;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>DICOMweb with what we did not write: dicomweb-client, pydicom, Orthanc's plugin.</summary>
public sealed class DicomWebTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dicomweb_client_stores_searches_and_retrieves()
    {
        var script = RequireScript();
        using var samples = new SampleFiles().Add("Müller^Jörg", "4711", "1.2.3.1").Add("Müller^Jörg", "4711", "1.2.3.1", number: 2);
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        var result = await Tool.RunAsync("node", Ct, [script, $"{server.Address}dicom-web", .. samples.Paths]);
        Assert.True(result.ExitCode == 0, result.All);
        using var json = JsonDocument.Parse(result.Output);
        var got = json.RootElement;
        string Text(string name) => got.GetProperty(name).ToString();
        var pixels = Convert.ToHexStringLower(SHA256.HashData(new byte[64]));

        Assert.Equal("""["1.2.3.1.1.1","1.2.3.1.1.2"]""", Text("stored"));
        Assert.Equal("""{"name":"Müller^Jörg","series":"1.2.3.1.1","instances":2}""", Text("found"));
        Assert.Equal("0", Text("nobody"));
        Assert.Equal("""{"name":"Müller^Jörg","rows":8}""", Text("metadata"));
        Assert.Equal(("2", "2", "2"), (Text("seriesMetadata"), Text("studyMetadata"), Text("seriesFiles")));
        Assert.Equal((pixels, pixels, pixels), (Text("frame"), Text("frameByDefault"), Text("bulkdata")));
        Assert.Equal(("ffd8ffe0", "89504e47", "ffd8ffe0"), (Text("jpeg"), Text("png"), Text("thumbnail")));
        Assert.Equal("""["DICM","DICM"]""", Text("studyFiles"));
        var first = Directory.EnumerateFiles(server.StorageDirectory, "*.dcm", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(first, Ct))), Text("instance"));
    }

    [Fact]
    public async Task Pydicom_finds_in_the_metadata_what_is_in_the_files()
    {
        await Tool.RequirePythonAsync("pydicom", Ct);
        await using var server = ServerProcess.Create(("StableAge", 3600));
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        using var folder = new TemporaryFolder();
        var jobs = new List<object>();
        var seen = new HashSet<string>();
        foreach (var sample in SharedSamples.Readable.Where(s => !s.Path.Contains("/E_hostile/", StringComparison.Ordinal) && !s.Path.Contains("/C_nonconf/", StringComparison.Ordinal)))
        {
            // several samples are variants of one object; a repaired one differs from its file
            var bytes = await File.ReadAllBytesAsync(sample.FullPath, Ct);
            if (!seen.Add(sample["sop_instance_uid"]) || bytes.AsSpan(128).StartsWith("DICM"u8) is false || sample["manufacturer"].Contains("SonoScape", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }
            using var content = new ByteArrayContent(bytes);
            content.Headers.ContentType = new("application/dicom");
            using var answer = await http.PostAsync(new Uri("dicom-web/studies", UriKind.Relative), content, Ct);
            if (!answer.IsSuccessStatusCode)
            {
                continue; // a media directory, for example, is no instance
            }
            using var report = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
            var url = report.RootElement.GetProperty("00081199").GetProperty("Value")[0].GetProperty("00081190").GetProperty("Value")[0].GetString()!;
            var json = Path.Join(folder.Path, $"{jobs.Count}.json");
            await File.WriteAllBytesAsync(json, await http.GetByteArrayAsync(new Uri(url + "/metadata"), Ct), Ct);
            jobs.Add(new { file = sample.FullPath, json });
        }
        var list = Path.Join(folder.Path, "jobs.json");
        await File.WriteAllBytesAsync(list, JsonSerializer.SerializeToUtf8Bytes(jobs), Ct);
        var result = await Tool.RunAsync("/usr/bin/python3", Ct, Path.Join(AppContext.BaseDirectory, "Scripts", "compare_json.py"), list, "metadata");
        Assert.True(result.ExitCode == 0, result.All);
        Assert.True(result.Output.Trim() == "[]", result.Output);
        Assert.True(jobs.Count > 150, $"only {jobs.Count} samples were compared");
    }

    [Theory]
    [InlineData("studies?PatientName=M*")]
    [InlineData("studies?StudyDate=20240301-20240331&limit=5")]
    [InlineData("studies?00100020=4711")]
    [InlineData("series?PatientID=4711&Modality=US")]
    [InlineData("studies/1.2.3.1/series")]
    [InlineData("studies/1.2.3.1/instances?InstanceNumber=2")]
    [InlineData("studies/1.2.3.1/series/1.2.3.1.1/instances")]
    public async Task Orthancs_plugin_finds_the_same(string path)
    {
        Tool.Require("Orthanc", "storescu");
        const string Plugin = "/usr/lib/orthanc/plugins";
        Assert.SkipUnless(Directory.Exists(Plugin) || Directory.Exists("/usr/share/orthanc/plugins"), "orthanc-dicomweb is not installed");
        using var samples = new SampleFiles().Add("Müller^Jörg", "4711", "1.2.3.1").Add("Müller^Jörg", "4711", "1.2.3.1", number: 2).Add("Meier^Eva", "4712", "1.2.3.2");
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        await using var orthanc = await OrthancProcess.StartAsync(Ct, ("Plugins", new[] { Directory.Exists("/usr/share/orthanc/plugins") ? "/usr/share/orthanc/plugins" : Plugin }));
        await samples.SendAsync(server.DicomPort, Ct);
        await samples.SendAsync(orthanc.DicomPort, Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        async Task<SortedSet<string>> FindAsync(HttpClient client)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("dicom-web/" + path, UriKind.Relative));
            request.Headers.Add("Accept", "application/dicom+json");
            using var answer = await client.SendAsync(request, Ct);
            Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode} {path}");
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct));
            // values that both give; URLs are each server's own
            string[] tags = ["00080018", "0020000D", "0020000E", "00200013", "00080060"];
            return [.. json.RootElement.EnumerateArray().Select(row => string.Join('|', tags.Select(t =>
                row.TryGetProperty(t, out var element) && element.TryGetProperty("Value", out var value) ? value[0].ToString() : "")))];
        }
        var ours = await FindAsync(http);
        Assert.NotEmpty(ours);
        Assert.Equal(await FindAsync(orthanc.Http), ours);
    }

    /// <summary>tests/node/dicomweb.js; skips where Node.js or the package is missing (<c>npm ci --prefix tests/node</c>).</summary>
    private static string RequireScript()
    {
        Tool.Require("node");
        var path = Path.Join(Repository.Root, "tests", "node");
        Assert.SkipUnless(Directory.Exists(Path.Join(path, "node_modules", "dicomweb-client")), "dicomweb-client is not installed: npm ci --prefix tests/node");
        return Path.Join(path, "dicomweb.js");
    }
}
