using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary><c>/gdt/…</c> and the page <c>/gdt</c>.</summary>
public sealed class GdtRoutesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_is_listed_read_and_sent_again()
    {
        await using var server = await StartAsync();
        await StoreAsync(server);
        var file = await SingleAsync(server, "/gdt/files?receiver=default&state=written");
        Assert.Equal(("default", "study", 0, "R1.gdt"), (file.GetProperty("receiver").GetString(), file.GetProperty("kind").GetString(), file.GetProperty("revision").GetInt32(), file.GetProperty("name").GetString()));

        var path = file.GetProperty("path").GetString()!;
        var detail = await JsonAsync(server, path);
        Assert.Contains(detail.GetProperty("fields").EnumerateArray(), f => f.GetProperty("id").GetString() == "3000" && f.GetProperty("value").GetString() == "P1");
        Assert.Equal(await File.ReadAllBytesAsync(Path.Join(server.GdtFolder, "R1.gdt"), Ct), await server.Http.GetByteArrayAsync(path + "/content", Ct));

        using var sent = await server.Http.PostAsync(path + "/send", null, Ct);
        Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
        await UntilAsync(() => Task.FromResult(File.Exists(Path.Join(server.GdtFolder, "R1-2.gdt"))));
    }

    [Fact]
    public async Task A_file_on_demand_is_asked_for_and_taken_once()
    {
        await using var server = await StartAsync();
        using (var nothing = await server.Http.GetAsync("/gdt/receivers/desk/next", Ct))
        {
            Assert.Equal(HttpStatusCode.NoContent, nothing.StatusCode);
        }
        await StoreAsync(server);
        await UntilAsync(async () => (await JsonAsync(server, "/gdt/files?receiver=desk&state=held")).GetArrayLength() == 1);
        using var next = await server.Http.GetAsync("/gdt/receivers/desk/next", Ct);
        Assert.Equal("P1", GdtReader.Read(await next.Content.ReadAsByteArrayAsync(Ct)).Records[0]["3000"]);
        using var taken = await server.Http.PostAsync(next.Headers.Location + "/taken", null, Ct);
        Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
        using var again = await server.Http.PostAsync(next.Headers.Location + "/taken", null, Ct);
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        Assert.Equal("fetched", (await SingleAsync(server, "/gdt/files?receiver=desk")).GetProperty("state").GetString());
    }

    [Fact]
    public async Task The_preview_is_what_would_be_written_and_writes_nothing()
    {
        await using var server = await StartAsync();
        var study = await StoreAsync(server);
        var preview = await JsonAsync(server, $"/gdt/studies/{study}/preview/desk");
        Assert.Equal(GdtVersion.Gdt21, GdtVersions.Of(GdtReader.Read(preview.GetProperty("content").GetBytesFromBase64()).Records[0]));
        Assert.Equal(2, (await JsonAsync(server, "/gdt/files")).GetArrayLength());
        var page = await server.Http.GetStringAsync($"/gdt/vorschau/desk/{study}", Ct);
        Assert.Contains("PACS-Datensatz", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Profiles_receivers_and_folders_are_told()
    {
        await using var server = await StartAsync();
        Assert.Contains((await JsonAsync(server, "/gdt/profiles")).EnumerateArray(), p => p.GetProperty("name").GetString() == "turbomed");
        var profile = await JsonAsync(server, "/gdt/profiles/medistar");
        Assert.Equal(("2.1", "MEDISTAR"), (profile.GetProperty("version").GetString(), profile.GetProperty("receiverId").GetString()));
        Assert.Equal(["default", "desk"], (await JsonAsync(server, "/gdt/receivers")).EnumerateArray().Select(r => r.GetProperty("name").GetString()));
        await StoreAsync(server);
        using (var good = await server.Http.PostAsync("/gdt/receivers/default/check", null, Ct))
        {
            Assert.Contains("null", await good.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        Assert.DoesNotContain(Directory.GetFiles(server.GdtFolder), f => f.Contains("probe", StringComparison.Ordinal));
        using var bad = await server.Http.PostAsync("/gdt/receivers/desk/check", null, Ct); // on demand: its folder was never made
        Assert.Contains("the folder is not there", await bad.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_of_a_record_leads_to_the_study()
    {
        await using var server = await StartAsync();
        var study = await StoreAsync(server);
        foreach (var key in new[] { "R1", study.ToString() })
        {
            using var answer = await server.Http.GetAsync("/gdt/" + key, Ct);
            Assert.Equal($"/studien/{study}", answer.RequestMessage!.RequestUri!.AbsolutePath); // it has no pictures
        }
        await PagesKit.StoreAsync(server, Studies.Picture(2, 1));
        using var viewer = await server.Http.GetAsync("/gdt/R2", Ct);
        Assert.Equal("/viewer", viewer.RequestMessage!.RequestUri!.AbsolutePath);
    }

    [Theory]
    [InlineData("/gdt/R99")]
    [InlineData("/gdt/profiles/x")]
    [InlineData("/gdt/files/default/study/x/0")]
    [InlineData("/gdt/studies/x/preview/default")]
    [InlineData("/gdt/aus/default/study/x/0")]
    [InlineData("/gdt/ein/99")]
    [InlineData("/gdt/ein/x")]
    public async Task What_is_not_there_is_404(string path)
    {
        await using var server = await StartAsync();
        using var answer = await server.Http.GetAsync(path, Ct);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task The_page_shows_both_directions_and_values_are_encoded()
    {
        await using var server = await StartAsync();
        await StoreAsync(server, "<script>alert(1)</script>", "Doe^<script>alert(2)</script>");
        await server.Services.GetRequiredService<GdtOrders>().TakeAsync(
            server.Services.GetRequiredService<GdtReceivers>().All[0], "order.gdt", "01380006302\n0123000x\n"u8.ToArray(), Ct);
        foreach (var (language, words) in new[] { ("de", new[] { "GDT-Protokoll", "abgelehnt", "Name fehlt" }), ("en", ["GDT log", "refused", "name is missing"]) })
        {
            var page = await server.Http.GetStringAsync($"/gdt?lang={language}&pruefen=default", Ct);
            Assert.All(words, w => Assert.Contains(w, page, StringComparison.Ordinal));
            Assert.DoesNotMatch(PagesTests.ForeignScript, page);
        }
        var message = await server.Http.GetStringAsync("/gdt/ein/1?lang=de", Ct);
        Assert.Contains("order.gdt", message, StringComparison.Ordinal);
        Assert.Contains("Name fehlt", message, StringComparison.Ordinal);
        // both tables are there, with the patient's name though the file has his number alone
        var all = await server.Http.GetStringAsync("/gdt", Ct);
        Assert.Contains("An die Praxissoftware", all, StringComparison.Ordinal);
        Assert.Contains("<bdi>Doe, &lt;script&gt;alert(2)&lt;/script&gt;</bdi>", all, StringComparison.Ordinal);
        var written = System.Text.RegularExpressions.Regex.Match(all, "/gdt/aus/default/[^\"]+").Value;
        Assert.Contains("/content\" download=", await server.Http.GetStringAsync(written, Ct), StringComparison.Ordinal);
        // only what waits, has failed or was refused
        var open = await server.Http.GetStringAsync("/gdt?stand=offen", Ct);
        Assert.DoesNotContain("/gdt/aus/default/", open, StringComparison.Ordinal);
        Assert.Contains("/gdt/aus/desk/", open, StringComparison.Ordinal);
        Assert.Contains("order.gdt", open, StringComparison.Ordinal);
        Assert.Contains("rel=\"prev\" href=\"/gdt?stand=offen&amp;seite=1\"", await server.Http.GetStringAsync("/gdt?stand=offen&seite=2", Ct), StringComparison.Ordinal);
        // what is no GDT at all is shown as it came
        await server.Services.GetRequiredService<GdtOrders>().TakeAsync(server.Services.GetRequiredService<GdtReceivers>().All[0], "no.gdt", "<b>no GDT</b>"u8.ToArray(), Ct);
        var foreign = await server.Http.GetStringAsync("/gdt/ein/2", Ct);
        Assert.Contains("keine GDT-Datei", foreign, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;no GDT&lt;/b&gt;", foreign, StringComparison.Ordinal);
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(new Dictionary<string, string>
    {
        ["GdtGenerator:IncomingDir"] = "gdt",
        ["GdtGenerator:Receivers"] = """[ { "Name": "desk", "Folder": "/tmp/pacs-no-such-folder/desk", "Profile": "gdt-2.1", "Delivery": "OnDemand" } ]""",
    });

    private static async Task<ResourceId> StoreAsync(TestServer server, string description = "Abdomen", string name = "")
    {
        var archive = server.Services.GetRequiredService<Archive>();
        var image = Studies.Image(1, "R1").Set(DicomTag.StudyDescription, description).Set(DicomTag.PatientName, name);
        await using var staged = archive.Stage(image.GetString(DicomTag.SOPClassUID)!, image.GetString(DicomTag.SOPInstanceUID)!, TransferSyntax.ExplicitVRLittleEndian, "VIVID");
        await staged.AppendAsync(new System.Buffers.ReadOnlySequence<byte>(DicomWriter.ToBytes(image, TransferSyntax.ExplicitVRLittleEndian)));
        var stored = await archive.CommitAsync(staged, new Origin(OriginKind.Dimse, "VIVID", "PACS", "127.0.0.1"), Ct);
        await UntilAsync(async () => (await JsonAsync(server, "/gdt/files?receiver=default&state=written")).GetArrayLength() == 1);
        return stored.Study;
    }

    private static async Task<JsonElement> JsonAsync(TestServer server, string path)
    {
        using var document = JsonDocument.Parse(await server.Http.GetStringAsync(path, Ct));
        return document.RootElement.Clone();
    }

    private static async Task<JsonElement> SingleAsync(TestServer server, string path) => Assert.Single((await JsonAsync(server, path)).EnumerateArray());

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
