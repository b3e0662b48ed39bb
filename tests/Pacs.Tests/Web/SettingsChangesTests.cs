using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Pages;

namespace Pacs.Tests.Web;

/// <summary>What the pages of settings say after saving, how it is taken back, and what can be tried.</summary>
public sealed class SettingsChangesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_saved_is_said_with_what_it_was_before_and_taken_back_by_one_click()
    {
        await using var server = await TestServer.StartAsync();
        const string Page = "/einstellungen/archiv";
        var keys = SavedSettings.KeysOf(SettingsSection.Archive).ToDictionary(k => k.Path, k => SettingsWords.Typed(k.ValueIn(server.Options)));
        async Task<string> SaveAsync(params (string Key, string Value)[] changes)
        {
            var form = keys.Where(k => k.Value.Length > 0).ToDictionary();
            foreach (var (key, value) in changes)
            {
                form[key] = value;
            }
            using var answer = await PostAsync(server, Page, [.. form.Where(f => f.Value.Length > 0).Select(f => (f.Key, f.Value))]);
            return await answer.Content.ReadAsStringAsync(Ct);
        }
        static string Notice(string page) => Regex.Match(page, "<form method=\"post\" class=\"notice good changes\".*?</form>", RegexOptions.Singleline).Value;
        static string Number(string page) => Regex.Match(Notice(page), "name=\"number\" value=\"(\\d+)\"").Groups[1].Value;

        var nothing = Notice(await SaveAsync());
        Assert.Contains("Es war nichts zu ändern", nothing, StringComparison.Ordinal);
        Assert.DoesNotContain("<button", nothing, StringComparison.Ordinal);

        var saved = await SaveAsync(("BinDays", "9"), ("OverwriteInstances", "true"));
        var said = Notice(saved);
        Assert.Contains("ohne Neustart", said, StringComparison.Ordinal);
        Assert.Contains("<del><bdi>30</bdi></del> → <ins><bdi>9</bdi></ins>", said, StringComparison.Ordinal);
        Assert.Contains("<del><bdi>nein</bdi></del> → <ins><bdi>ja</bdi></ins>", said, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(2, said.Split("<li>").Length - 1);

        // taken back, and that can be taken back as well
        using (var back = await PostAsync(server, Page + "?handler=Undo", ("number", Number(saved))))
        {
            saved = await back.Content.ReadAsStringAsync(Ct);
        }
        Assert.Contains("Rückgängig gemacht", Notice(saved), StringComparison.Ordinal);
        Assert.Equal((30, false), (server.Options.BinDays, server.Options.OverwriteInstances));
        Assert.Empty(await ValuesAsync(server));
        using (await PostAsync(server, Page + "?handler=Undo", ("number", Number(saved))))
        {
        }
        Assert.Equal((9, true), (server.Options.BinDays, server.Options.OverwriteInstances));

        // what somebody has changed since stays as he wants it
        saved = await SaveAsync(("BinDays", "11"), ("OverwriteInstances", "true"));
        await SaveAsync(("BinDays", "12"), ("OverwriteInstances", "true"));
        using (var late = await PostAsync(server, Page + "?handler=Undo", ("number", Number(saved))))
        {
            Assert.Contains("nicht mehr rückgängig", await late.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        Assert.Equal(12, server.Options.BinDays);
        // a change of another part is not for this page to take back
        saved = await SaveAsync(("BinDays", "13"));
        using (await PostAsync(server, "/einstellungen/praxis?handler=Undo", ("number", Number(saved))))
        {
        }
        Assert.Equal(13, server.Options.BinDays);
    }

    [Fact]
    public async Task A_removed_rule_and_a_removed_user_come_back_by_one_click_and_the_log_in_does_not_change_by_it()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Forwarding"] = """[{"Name":"Archiv","To":"archiv"}]""", ["DicomModalities"] = """{"archiv":["ARCHIV","127.0.0.1",1]}""" });
        var settings = server.Services.GetRequiredService<SavedSettings>();
        foreach (var (page, remove, field) in new[] { ("/einstellungen/weiterleitung", "Archiv", "regel"), ("/einstellungen/anmeldung", "anna", "name") })
        {
            if (field == "name")
            {
                using var made = await PostAsync(server, page + "?handler=User", ("name", "anna"), ("password", "lang-genug"), ("again", "lang-genug"));
                Assert.Equal("anna", Assert.Single(server.Options.RegisteredUsers).Name);
            }
            using var removed = await PostAsync(server, page + "?handler=Remove", (field, remove));
            var number = Regex.Match(await removed.Content.ReadAsStringAsync(Ct), "name=\"number\" value=\"(\\d+)\"").Groups[1].Value;
            Assert.Equal(0, field == "name" ? server.Options.RegisteredUsers.Count : server.Options.Forwarding.Count);
            using var back = await PostAsync(server, page + "?handler=Undo", ("number", number));
            Assert.Equal(HttpStatusCode.OK, back.StatusCode);
            Assert.Equal(1, field == "name" ? server.Options.RegisteredUsers.Count : server.Options.Forwarding.Count);
        }
        SettingsChange? change = null;
        Assert.Empty(await settings.SaveAsync(new Dictionary<SettingBinder.Key, object?> { [SavedSettings.KeyOf("AuthenticationEnabled")] = true }, Ct, whenChanged: c => change = c));
        server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("anna:lang-genug"u8));
        using (await PostAsync(server, "/einstellungen/anmeldung?handler=Undo", ("number", $"{change!.Number}")))
        {
        }
        Assert.True(server.Options.AuthenticationEnabled);
    }

    [Fact]
    public async Task What_the_files_set_is_tried_without_calling_anybody()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using var server = await TestServer.StartAsync(new Dictionary<string, string>
        {
            ["GdtGenerator:UrlOnGdtWritten"] = $"http://127.0.0.1:{port}/hook?token=geheim",
            ["Worklists:UrlOnWorklistEntryAdded"] = "http://127.0.0.1:1/hook",
            ["GdtGenerator:IncomingDir"] = "gdt",
            ["BackupFile"] = "/nowhere/backup.db",
        });
        Directory.CreateDirectory(server.GdtFolder);
        var accepted = listener.AcceptTcpClientAsync(Ct).AsTask();
        using var answer = await PostAsync(server, "/einstellungen/konfiguration");
        var page = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Ct));
        Assert.Contains($"127.0.0.1:{port} nimmt Verbindungen an", page, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1 ist nicht erreichbar", page, StringComparison.Ordinal);
        Assert.Contains("GDT-Ordner von default", page, StringComparison.Ordinal);
        Assert.Contains($"Port {server.DicomPort}", page, StringComparison.Ordinal);
        Assert.Contains("Die Datei der Sicherung ist nicht da", page, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", page, StringComparison.Ordinal);
        using var called = await accepted;
        Assert.Equal(0, await called.GetStream().ReadAsync(new byte[1], Ct)); // connected, and gone without a word
    }

    private static Task<HttpResponseMessage> PostAsync(TestServer server, string path, params (string Name, string Value)[] fields) =>
        server.Http.PostAsync(path, new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value))), Ct);

    private static Task<List<string>> ValuesAsync(TestServer server) => server.Services.GetRequiredService<IndexReader>().ReadAsync(
        (db, ct) => db.Settings.Where(s => s.Name.StartsWith(SavedSettings.Prefix)).Select(s => s.Value).ToListAsync(ct), Ct);
}
