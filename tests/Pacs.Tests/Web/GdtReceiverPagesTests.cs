using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary><c>/gdt/empfaenger</c> and <c>/gdt/receivers</c>: receivers entered, changed, tried and removed, on the pages and over REST.</summary>
public sealed class GdtReceiverPagesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_receiver_is_entered_tried_used_changed_and_removed()
    {
        await using var server = await StartAsync();
        var folder = Directory.CreateDirectory(Path.Join(server.Folder, "praxis")).FullName;
        Assert.Contains("aus der Konfiguration", await server.Http.GetStringAsync("/gdt/empfaenger", Ct), StringComparison.Ordinal);
        var form = new Dictionary<string, string>
        {
            ["Form.Name"] = "praxis",
            ["Form.Folder"] = folder,
            ["Form.Profile"] = "medistar",
            ["Form.Trigger"] = "FirstInstance",
            ["Form.Delivery"] = "AtOnce",
            ["Form.SenderId"] = "SONO",
            ["Form.AttachImages"] = "0",
            ["Form.SheetImages"] = "",
            ["Form.Orders"] = "ECHO* US VIVID Herz und Gefäße\r\nEKG ECG EKG1",
        };
        using (var tried = await PostAsync(server, "/gdt/empfaenger/bearbeiten?handler=Check", form))
        {
            Assert.Contains("Schreiben, Umbenennen und Löschen gehen", await tried.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        Assert.Null(Receivers(server).Find("praxis"));
        using (var saved = await PostAsync(server, "/gdt/empfaenger/bearbeiten", form))
        {
            Assert.Equal("/gdt/empfaenger/bearbeiten/praxis", saved.RequestMessage!.RequestUri!.AbsolutePath);
            var page = await saved.Content.ReadAsStringAsync(Ct);
            Assert.Contains("Gespeichert", page, StringComparison.Ordinal);
            Assert.Contains("ECHO* US VIVID Herz und Gef", page, StringComparison.Ordinal);
        }
        Assert.Equal("Herz und Gefäße", Receivers(server).Find("praxis")!.Settings.Orders![0].Procedure);
        await PagesKit.StoreAsync(server, PagesKit.Image("Doe^Jane", accession: "R1"));
        await UntilAsync(() => Directory.GetFiles(folder).Any(f => Path.GetFileName(f) == "MEDISONO.001"));

        (form["Form.Delivery"], form["Form.SenderId"]) = ("HoldBack", "");
        using (var changed = await PostAsync(server, "/gdt/empfaenger/bearbeiten/praxis", form))
        {
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        }
        var receiver = Receivers(server).Find("praxis")!;
        Assert.Equal((GdtDelivery.HoldBack, "PACS"), (receiver.Settings.Delivery, receiver.Profile.Data.SenderId));
        await PagesKit.StoreAsync(server, PagesKit.Image("Roe^Jim", "4712", "1.2.3.2", accession: "R2"));
        await UntilAsync(() => server.Services.GetRequiredService<GdtFiles>().StatusOf("praxis") is { Waiting: 1 });
        using (var waiting = await PostAsync(server, "/gdt/empfaenger/bearbeiten/praxis?handler=Remove", []))
        {
            Assert.Equal(HttpStatusCode.Conflict, waiting.StatusCode);
            Assert.Contains("warten noch 1", await waiting.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        using (var removed = await PostAsync(server, "/gdt/empfaenger/bearbeiten/praxis?handler=Remove", new() { ["giveUp"] = "true" }))
        {
            Assert.Equal("/gdt/empfaenger", removed.RequestMessage!.RequestUri!.AbsolutePath);
        }
        Assert.Contains("Der Empfänger wurde entfernt.", WebUtility.HtmlDecode(await server.Http.GetStringAsync("/gdt", Ct)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_stands_by_its_field_in_both_languages()
    {
        await using var server = await StartAsync();
        var form = new Dictionary<string, string>
        {
            ["Form.Name"] = "default",
            ["Form.Folder"] = "<gdt>",
            ["Form.Profile"] = "nowhere",
            ["Form.Trigger"] = "9",
            ["Form.Delivery"] = "AtOnce",
            ["Form.AttachLink"] = "true",
        };
        using (var first = await PostAsync(server, "/gdt/empfaenger/bearbeiten?lang=en", form))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, first.StatusCode);
            var page = await first.Content.ReadAsStringAsync(Ct);
            Assert.Contains("There is a receiver default already.", page, StringComparison.Ordinal);
            Assert.Contains("href=\"#Trigger\"", page, StringComparison.Ordinal);
        }
        (form["Form.Name"], form["Form.Trigger"]) = ("neu", "StudyStable");
        foreach (var (language, words) in new[] { ("de", new[] { "absoluter Pfad", "LinkAddress", "Erlaubt sind" }), ("en", ["absolute path", "LinkAddress", "There are"]) })
        {
            using var answer = await PostAsync(server, "/gdt/empfaenger/bearbeiten?lang=" + language, form);
            var page = await answer.Content.ReadAsStringAsync(Ct);
            Assert.All(words, w => Assert.Contains(w, page, StringComparison.Ordinal));
            Assert.All(["Folder", "Profile", "AttachLink"], f => Assert.Contains($"href=\"#{f}\"", page, StringComparison.Ordinal));
            Assert.DoesNotContain("<gdt>", page, StringComparison.Ordinal);
        }
        Assert.Null(Receivers(server).Entered("neu"));
        using var unknown = await server.Http.GetAsync("/gdt/empfaenger/bearbeiten/neu", Ct);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task The_receiver_of_the_configuration_is_changed_and_comes_back()
    {
        await using var server = await StartAsync();
        var shown = WebUtility.HtmlDecode(await server.Http.GetStringAsync("/gdt/empfaenger/bearbeiten/default", Ct));
        Assert.Contains("steht in der Konfigurationsdatei", shown, StringComparison.Ordinal);
        Assert.Contains(server.GdtFolder, shown, StringComparison.Ordinal);
        var form = new Dictionary<string, string> { ["Form.Folder"] = server.GdtFolder, ["Form.Profile"] = "gdt-2.1", ["Form.Trigger"] = "FirstInstance", ["Form.Delivery"] = "AtOnce" };
        using (var saved = await PostAsync(server, "/gdt/empfaenger/bearbeiten/default", form))
        {
            Assert.Contains("auch in der Konfigurationsdatei", WebUtility.HtmlDecode(await saved.Content.ReadAsStringAsync(Ct)), StringComparison.Ordinal);
        }
        Assert.Equal("EXTPACS", Receivers(server).Find("default")!.Profile.Data.TestId);
        Assert.Equal(GdtVersion.Gdt21, Receivers(server).Find("default")!.Profile.Version);
        using (var back = await PostAsync(server, "/gdt/empfaenger/bearbeiten/default?handler=Remove", []))
        {
            Assert.Equal(HttpStatusCode.OK, back.StatusCode);
        }
        Assert.Equal(GdtVersion.Plugin, Receivers(server).Find("default")!.Profile.Version);
    }

    [Fact]
    public async Task Over_REST_a_receiver_is_kept_read_tried_and_removed()
    {
        await using var server = await StartAsync();
        var folder = Directory.CreateDirectory(Path.Join(server.Folder, "ais")).FullName;
        using (var put = await server.Http.PutAsJsonAsync("/gdt/receivers/ais", new { Folder = folder, Profile = "gdt-3.1", Delivery = "onDemand", Trigger = "StudyStable", TestTypes = new { US = "SONO01" } }, Ct))
        {
            Assert.Equal(HttpStatusCode.NoContent, put.StatusCode);
        }
        var settings = await server.Http.GetStringAsync("/gdt/receivers/ais", Ct);
        Assert.Contains("\"delivery\":\"onDemand\"", settings, StringComparison.Ordinal);
        using (var again = await server.Http.PutAsync("/gdt/receivers/ais", new StringContent(settings), Ct)) // what it gives it takes
        {
            Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
        }
        Assert.Contains("\"name\":\"ais\",\"source\":\"entered\"", await server.Http.GetStringAsync("/gdt/receivers", Ct), StringComparison.Ordinal);
        using (var check = await server.Http.PostAsync("/gdt/receivers/ais/check", null, Ct))
        {
            Assert.Equal("{\"problem\":null}", await check.Content.ReadAsStringAsync(Ct));
        }
        using (var check = await server.Http.PostAsJsonAsync("/gdt/receivers/ais/check", new { Folder = folder + "x" }, Ct))
        {
            Assert.Equal($"{{\"problem\":\"{GdtReasons.NoFolder}\"}}", await check.Content.ReadAsStringAsync(Ct));
        }
        foreach (var (body, status, word) in new (object, HttpStatusCode, string)[]
        {
            (new { Folder = folder, Profile = "x" }, HttpStatusCode.UnprocessableEntity, "\"field\":\"Profile\""),
            (new { Folder = Path.Join(server.Folder, "index", "x") }, HttpStatusCode.UnprocessableEntity, "the server\\u0027s own folders"),
            (new { Folder = folder, Colour = "red" }, HttpStatusCode.BadRequest, "colour"),
            (new { Folder = folder, Delivery = "sometimes" }, HttpStatusCode.BadRequest, "delivery"),
        })
        {
            using var wrong = await server.Http.PutAsJsonAsync("/gdt/receivers/ais", body, Ct);
            Assert.Equal(status, wrong.StatusCode);
            Assert.Contains(word, await wrong.Content.ReadAsStringAsync(Ct), StringComparison.OrdinalIgnoreCase);
        }
        foreach (var expected in new[] { HttpStatusCode.NoContent, HttpStatusCode.NotFound })
        {
            using var removed = await server.Http.DeleteAsync("/gdt/receivers/ais", Ct);
            Assert.Equal(expected, removed.StatusCode);
        }
    }

    private static GdtReceivers Receivers(TestServer server) => server.Services.GetRequiredService<GdtReceivers>();

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(new Dictionary<string, string> { ["GdtGenerator:IncomingDir"] = "gdt" });

    private static async Task<HttpResponseMessage> PostAsync(TestServer server, string path, Dictionary<string, string> form)
    {
        using var content = new FormUrlEncodedContent(form);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        return await server.Http.SendAsync(request, Ct);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
