using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Tests.Web;

public sealed partial class DiagnosticPackageTests
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_tells_how_the_server_is()
    {
        await using var server = await StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Geheimrat^Gerda", patientId: "PAT-90210", study: "1.2.276.0.77.4242.1", accession: "ACC-31337"));
        server.Services.GetRequiredService<Callers>().Note("SONO1", "192.0.2.7", ModalityPermissions.Store, lastInstance: "1.2.276.0.77.4242.1.1.1");
        using var page = await server.Http.GetAsync("/status", Ct);
        Assert.Contains("href=\"/status/diagnosepaket\"", await page.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        var parts = await LoadAsync(server);
        Assert.Equal(["LIESMICH.txt", "system.json", "checks.json", "options.json", "disks.json", "index.json", "queues.json", "devices.json", "log.txt"], parts.Keys);
        Assert.Contains(".NET", Of(parts, "system.json").GetProperty("dotnet").GetString()!, StringComparison.Ordinal);
        Assert.True(Of(parts, "checks.json").GetProperty("dicom").GetBoolean());
        Assert.Equal(("\"PRAXIS\"", "the test"), (Of(parts, "options.json").GetProperty("DicomAet").GetProperty("value").GetRawText(), Of(parts, "options.json").GetProperty("DicomAet").GetProperty("from").GetString()));
        Assert.Equal("default", Of(parts, "options.json").GetProperty("MaximumAssociations").GetProperty("from").GetString());
        Assert.True(Of(parts, "disks.json").GetProperty("storage").GetProperty("free").GetInt64() > 0);
        var index = Of(parts, "index.json");
        Assert.Equal(("ok", 1), (index.GetProperty("quickCheck").GetString(), index.GetProperty("rows").GetProperty("instance").GetInt32()));
        Assert.True(index.GetProperty("files").GetProperty("index.db").GetInt64() > 0);
        Assert.Equal("default", Of(parts, "queues.json").GetProperty("gdtReceivers")[0].GetProperty("name").GetString());
        var seen = Of(parts, "devices.json").GetProperty("seen")[0];
        Assert.Equal(("SONO1", "192.0.2.7", true), (seen.GetProperty("aeTitle").GetString(), seen.GetProperty("address").GetString(), seen.GetProperty("hasStored").GetBoolean()));
    }

    [Fact]
    public async Task There_is_no_patient_and_no_secret_in_it()
    {
        await using var server = await StartAsync();
        // twice with other content: a conflict, whose warning names the instance; and a study that is deleted
        await PagesKit.StoreAsync(server, PagesKit.Image("Geheimrat^Gerda", patientId: "PAT-90210", study: "1.2.276.0.77.4242.1", accession: "ACC-31337", born: "19410327"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Geheimrat^Gerlinde", patientId: "PAT-90210", study: "1.2.276.0.77.4242.1", accession: "ACC-31337", born: "19410327"));
        var study = ResourceId.ForStudy("PAT-90210", "1.2.276.0.77.4242.1");
        await server.Services.GetRequiredService<Archive>().DeleteAsync(Level.Patient, ResourceId.ForPatient("PAT-90210"), Ct);
        LogMuch(server.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Pacs.Web.Test"), "chefarzt", "1.2.276.0.77.4242.1.1.1", study, "/gdt/ACC-31337.gdt is locked");
        var parts = await LoadAsync(server);
        var log = parts["log.txt"];
        Assert.Contains("shows user …, instance …, resource …: /gdt/… is locked", log, StringComparison.Ordinal);
        Assert.Contains("was deleted with 1 instances", log, StringComparison.Ordinal);
        foreach (var (name, text) in parts)
        {
            foreach (var secret in new[]
            {
                "Geheimrat", "Gerda", "Gerlinde", "PAT-90210", "19410327", "ACC-31337", "1.2.276.0.77", study.ToString(), ResourceId.ForPatient("PAT-90210").ToString(),
                "chefarzt", "hunter2", "geraetebenutzer", "peeruser", "peerpass", "X-Api-Key-Value", "hooktoken", "linkpath", "pbkdf2", "$",
            })
            {
                Assert.False(text.Contains(secret, StringComparison.OrdinalIgnoreCase), $"{name} contains {secret}:\n{text}");
            }
        }
        var options = Of(parts, "options.json");
        Assert.Equal("[\"***\"]", Compact(options.GetProperty("RegisteredUsers").GetProperty("value")));
        Assert.Equal("\"https://hook.example:8443/…\"", Compact(options.GetProperty("GdtGenerator.UrlOnGdtWritten").GetProperty("value")));
        Assert.Contains("\"Url\":\"http://peer.example/…\"", Compact(options.GetProperty("OrthancPeers").GetProperty("value")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_of_the_configuration_shows_no_password_of_a_peer()
    {
        await using var server = await StartAsync();
        var page = await GetAsync(server, "/einstellungen/konfiguration");
        Assert.Contains("http://peer.example/…", WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        foreach (var secret in new[] { "peerpass", "X-Api-Key-Value", "hooktoken" })
        {
            Assert.DoesNotContain(secret, page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_may_not_see_the_settings_does_not_get_it()
    {
        await using var server = await StartAsync(new Dictionary<string, string> { ["AuthenticationEnabled"] = "true" });
        foreach (var path in new[] { "/einstellungen", "/status/diagnosepaket" })
        {
            using var answer = await server.Http.GetAsync(path, Ct);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
        using var request = new HttpRequestMessage(HttpMethod.Get, "/status/diagnosepaket");
        request.Headers.Authorization = new("Basic", Convert.ToBase64String("chefarzt:hunter2"u8));
        using var good = await server.Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.OK, good.StatusCode);
    }

    [Fact]
    public async Task An_index_that_is_not_read_in_time_is_left_where_it_is()
    {
        await using var server = await StartAsync();
        var index = server.Services.GetRequiredService<IndexReader>();
        var examined = index.Examine(server.Services.GetRequiredService<StorageOptions>().ResolvedIndexDirectory, TimeSpan.Zero, Ct);
        Assert.Null(examined.Check);
        Assert.All(examined.Rows, r => Assert.Null(r.Rows));
        Assert.Contains(examined.Rows, r => r.Table == "instance");
        Assert.Equal(0, (await index.StatisticsAsync(Ct)).Instances); // the connection is as good as before
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "shows user {User}, instance {Instance}, resource {Resource}: {Reason}")]
    private static partial void LogMuch(ILogger logger, string user, string instance, ResourceId resource, string reason);

    private static Task<TestServer> StartAsync(Dictionary<string, string>? settings = null) => TestServer.StartAsync(new Dictionary<string, string>(settings ?? [])
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["DicomAet"] = "PRAXIS",
        ["RegisteredUsers"] = """{"chefarzt":"hunter2"}""",
        ["DicomUsers"] = $"geraetebenutzer:{Passcode.Of("hunter2"u8.ToArray())}",
        ["OrthancPeers"] = """{"there":{"Url":"http://peer.example/secretpath/","Username":"peeruser","Password":"peerpass","HttpHeaders":{"X-Api-Key":"X-Api-Key-Value"}}}""",
        ["GdtGenerator:UrlOnGdtWritten"] = "https://hook.example:8443/call?token=hooktoken",
        ["GdtGenerator:LinkAddress"] = "https://pacs.example/linkpath/",
        ["GdtGenerator:IncomingDir"] = "gdt",
    });

    private static async Task<Dictionary<string, string>> LoadAsync(TestServer server)
    {
        using var answer = await server.Http.GetAsync("/status/diagnosepaket", Ct);
        Assert.Equal(("application/zip", "no-store"), (answer.Content.Headers.ContentType?.MediaType, answer.Headers.CacheControl?.ToString()));
        Assert.Matches(@"^Pacs-Diagnose-\d{4}-\d\d-\d\d-\d{4}\.zip$", answer.Content.Headers.ContentDisposition?.FileName);
        await using var zip = await ZipArchive.CreateAsync(await answer.Content.ReadAsStreamAsync(Ct), ZipArchiveMode.Read, leaveOpen: false, Encoding.UTF8, Ct);
        var parts = new Dictionary<string, string>();
        foreach (var entry in zip.Entries)
        {
            using var reader = new StreamReader(await entry.OpenAsync(Ct));
            parts[entry.Name] = await reader.ReadToEndAsync(Ct);
        }
        return parts;
    }

    private static async Task<string> GetAsync(TestServer server, string path)
    {
        using var answer = await server.Http.GetAsync(path, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private static JsonElement Of(Dictionary<string, string> parts, string name) => JsonDocument.Parse(parts[name]).RootElement;

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element, Readable);
}
