using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>We as the client of dcmtk's small archive: store, find at every level, retrieve by C-GET and by C-MOVE.</summary>
public sealed class DcmqrscpTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_we_send_is_found_there_and_comes_back()
    {
        Tool.Require("dcmqrscp");
        using var folder = new TemporaryFolder();
        var (port, ourPort) = (Ports.Free(), Ports.Free());
        await using var server = ServerProcess.Create(
            ("DicomAet", "PACS"), ("DicomPort", ourPort), ("DicomModalities", new Dictionary<string, object> { ["archive"] = new object[] { "ARCHIVE", "127.0.0.1", port } }));
        await using var archive = await StartAsync(folder.Path, port, ourPort);
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        using var images = new SampleFiles();
        foreach (var (study, number) in new[] { ("1.2.1", 1), ("1.2.1", 2), ("1.2.2", 1) })
        {
            images.Add("Müller^Jürgen", "P1", study, number);
        }
        foreach (var path in images.Paths)
        {
            using var body = new ByteArrayContent(await File.ReadAllBytesAsync(path, Ct));
            using var stored = await http.PostAsync(new Uri("instances", UriKind.Relative), body, Ct);
            Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        }
        var before = await FilesAsync(http);
        await PostAsync(http, "modalities/archive/echo", "{}");
        await PostAsync(http, "modalities/archive/store", JsonSerializer.Serialize(new { Resources = before.Keys, Synchronous = true }));
        foreach (var instance in before.Keys)
        {
            using var deleted = await http.DeleteAsync(new Uri($"instances/{instance}", UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        }

        var studies = await AnswersAsync(http, """{"Level":"Study","Query":{"PatientID":"P1","StudyInstanceUID":"","PatientName":""}}""");
        Assert.Equal(["1.2.1", "1.2.2"], studies.Select(a => a.GetProperty("StudyInstanceUID").GetString()!));
        Assert.All(studies, a => Assert.Equal("Müller^Jürgen", a.GetProperty("PatientName").GetString()));
        var series = await AnswersAsync(http, """{"Level":"Series","Query":{"StudyInstanceUID":"1.2.1","SeriesInstanceUID":"","Modality":""}}""");
        Assert.Single(series);
        var uid = series[0].GetProperty("SeriesInstanceUID").GetString();
        var instances = await AnswersAsync(http, JsonSerializer.Serialize(new { Level = "Instance", Query = new { StudyInstanceUID = "1.2.1", SeriesInstanceUID = uid, SOPInstanceUID = "" } }));
        Assert.Equal(2, instances.Count);

        await PostAsync(http, "modalities/archive/get", """{"Level":"Study","Resources":[{"StudyInstanceUID":"1.2.1"}]}""");
        await PostAsync(http, "modalities/archive/move", """{"Level":"Study","Resources":[{"StudyInstanceUID":"1.2.2"}],"TargetAet":"PACS"}""");
        var after = await FilesAsync(http);
        Assert.Equal(before.Keys.Order(StringComparer.Ordinal), after.Keys.Order(StringComparer.Ordinal));
        Assert.All(before, one => Assert.Equal(one.Value, after[one.Key]));
    }

    private static async Task<Daemon> StartAsync(string folder, int port, int ourPort)
    {
        var storage = Directory.CreateDirectory(Path.Join(folder, "archive")).FullName;
        var configuration = Path.Join(folder, "dcmqrscp.cfg");
        await File.WriteAllTextAsync(configuration, $"""
            NetworkTCPPort = {port}
            MaxPDUSize = 131072
            MaxAssociations = 4
            HostTable BEGIN
            pacs = (PACS, localhost, {ourPort})
            HostTable END
            VendorTable BEGIN
            VendorTable END
            AETable BEGIN
            ARCHIVE {storage} RW (100, 100mb) ANY
            AETable END

            """, Ct);
        var archive = Daemon.Start("dcmqrscp", "-c", configuration);
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50, Ct))
        {
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, port, Ct);
                return archive;
            }
            catch (SocketException) when (waited.Elapsed < TimeSpan.FromSeconds(20))
            {
            }
        }
    }

    private static async Task<List<JsonElement>> AnswersAsync(HttpClient http, string query)
    {
        var path = (await PostAsync(http, "modalities/archive/query", query)).GetProperty("Path").GetString()!.TrimStart('/');
        var answers = await http.GetFromJsonAsync<List<JsonElement>>($"{path}/answers?expand&simplify", Ct);
        return answers!.OrderBy(a => a.ToString(), StringComparer.Ordinal).ToList();
    }

    private static async Task<JsonElement> PostAsync(HttpClient http, string path, string body)
    {
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {text}");
        return text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default;
    }

    // what was stored, element by element, less the file meta group: who wrote the file is another one now
    private static async Task<Dictionary<string, string>> FilesAsync(HttpClient http)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var id in (await http.GetFromJsonAsync<string[]>("instances", Ct))!)
        {
            files[id] = await http.GetStringAsync(new Uri($"instances/{id}/tags", UriKind.Relative), Ct);
        }
        return files;
    }
}
