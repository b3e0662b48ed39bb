using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;
using Pacs.Web.Pages;

namespace Pacs.Tests;

/// <summary>The pages of settings: what is set there is in force at once and after a restart, and what wins over what.</summary>
public sealed class SettingsPagesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>For each option of the automatic parts another value than its default, as a form sends it, and as <c>config print</c> writes it.</summary>
    public static TheoryData<string, string, string> Values => new()
    {
        { "Name", "Praxis Dr. Müller", "\"Praxis Dr. Müller\"" }, { "Language", "en", "\"en\"" }, { "HostNames", "pacs.example.org\nb.example.org", "[\"pacs.example.org\",\"b.example.org\"]" },
        { "DicomAet", "PRAXIS", "\"PRAXIS\"" }, { "DicomCheckCalledAet", "true", "true" }, { "DicomCheckModalityHost", "true", "true" }, { "DicomAlwaysAllowEcho", "", "false" },
        { "DicomAlwaysAllowStore", "", "false" }, { "DicomAlwaysAllowFindWorklist", "", "false" }, { "DicomAlwaysAllowMpps", "", "false" }, { "DicomAlwaysAllowStorageCommitment", "", "false" },
        { "DicomAlwaysAllowFind", "true", "true" }, { "DicomAlwaysAllowGet", "true", "true" }, { "DicomAlwaysAllowMove", "true", "true" }, { "DicomCalledAets", "OLD", "[\"OLD\"]" },
        { "DicomAllowedNetworks", "192.168.1.0/24, 10.0.0.1", "[\"192.168.1.0/24\",\"10.0.0.1\"]" }, { "MinimumFreeDiskSpace", "7", "7" }, { "BinDays", "9", "9" }, { "BackupFile", "/backup/index.db", "\"/backup/index.db\"" }, { "StableAge", "61", "61" },
        { "OverwriteInstances", "true", "true" }, { "StorageCommitmentReadsFiles", "", "false" }, { "StorageCommitmentPatience", "5", "5" }, { "DicomScuTimeout", "5", "5" }, { "ConcurrentJobs", "2", "2" },
        { "JobsHistorySize", "3", "3" }, { "JobPatience", "0", "0" }, { "ForwardingPatience", "12", "12" }, { "Worklists:FilterIssuerAet", "true", "true" }, { "Worklists:HideCompleted", "", "false" },
        { "Worklists:LimitAnswers", "4", "4" }, { "GdtGenerator:LinkAddress", "http://pacs:8042", "\"http://pacs:8042\"" }, { "GdtGenerator:KeepNegativeValues", "", "false" }, { "Measurements:Reports", "all", "\"all\"" },
        { "Measurements:Identifiers", "code", "\"code\"" }, { "Measurements:Repeats", "last", "\"last\"" }, { "Measurements:Language", "en", "\"en\"" }, { "Measurements:TextField", "6228", "\"6228\"" },
    };

    [Fact]
    public async Task Every_option_is_set_on_its_page_in_force_at_once_and_after_a_restart()
    {
        await using var server = await TestServer.StartAsync();
        var all = Values.Select(v => v.Data).ToDictionary(v => v.Item1, v => (Typed: v.Item2, Json: v.Item3));
        Assert.Equal(SavedSettings.Keys.Select(k => k.Path).Except(["AuthenticationEnabled", "RegisteredUsers", "TokenLifetime", "Forwarding"]).Order(StringComparer.Ordinal), all.Keys.Order(StringComparer.Ordinal));
        foreach (var (address, section) in SettingsWords.Sections)
        {
            var page = await GetAsync(server, "/einstellungen/" + address);
            var keys = SavedSettings.KeysOf(section).Select(k => k.Path).ToList();
            Assert.All(keys, k => Assert.Contains($"name=\"{k}\"", page, StringComparison.Ordinal));
            Assert.DoesNotContain("Setting.", page, StringComparison.Ordinal); // no text is missing
            using var answer = await PostAsync(server, "/einstellungen/" + address, [.. keys.Where(k => all[k].Typed.Length > 0).Select(k => (k, all[k].Typed))]);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var shown = await answer.Content.ReadAsStringAsync(Ct);
            Assert.Contains("class=\"notice good changes\"", shown, StringComparison.Ordinal);
        }
        Check();
        var storage = server.Services.GetRequiredService<StorageOptions>();
        Assert.Equal((7L << 20, TimeSpan.FromDays(9), TimeSpan.FromSeconds(61), true, 3), (storage.MinimumFreeSpace, storage.BinAge, storage.StableAge, storage.OverwriteInstances, storage.JobsHistorySize));
        Assert.False(server.Services.GetRequiredService<WorklistOptions>().HideCompleted);
        var gdt = server.Services.GetRequiredService<Pacs.Gdt.GdtOptions>();
        Assert.Equal(("6228", true, false), (gdt.Measurements.TextField, gdt.Measurements.AllReports, gdt.KeepNegativeValues));
        await server.RestartAsync();
        Check();
        Assert.Equal(TimeSpan.FromDays(9), server.Services.GetRequiredService<StorageOptions>().BinAge);

        void Check()
        {
            foreach (var (path, (_, json)) in all)
            {
                var key = SavedSettings.KeyOf(path);
                Assert.Equal((path, json), (path, System.Text.Json.JsonSerializer.Serialize(key.ValueIn(server.Options), key.Property.PropertyType, StructuredSettings.Json)));
            }
        }
    }

    [Fact]
    public void Every_option_can_be_changed_while_the_server_runs() =>
        // with an init accessor somebody might have copied it at the start
        Assert.All(SavedSettings.Keys, k => Assert.DoesNotContain(typeof(System.Runtime.CompilerServices.IsExternalInit), k.Property.SetMethod!.ReturnParameter.GetRequiredCustomModifiers()));

    [Fact]
    public async Task Only_what_differs_from_the_configuration_is_kept_and_can_be_set_back()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["Name"] = "Aus der Datei" });
        using (await PostAsync(server, "/einstellungen/praxis", ("Name", "Praxis"), ("Language", "auto")))
        {
            Assert.Equal(["option:Name"], await NamesAsync(server));
        }
        var page = await GetAsync(server, "/einstellungen");
        Assert.Contains("ohne diese Seite gilt: Aus der Datei", page, StringComparison.Ordinal);
        Assert.Contains("<bdi>Praxis</bdi></a>", page, StringComparison.Ordinal);
        Assert.Equal("Praxis", JsonNode.Parse(await GetAsync(server, "/system"))!["Name"]!.GetValue<string>());
        using (await PostAsync(server, "/einstellungen/praxis?handler=Reset", ("reset", "Name")))
        {
            Assert.Equal("Aus der Datei", server.Options.Name);
            Assert.Empty(await NamesAsync(server));
        }
        using var unknown = await PostAsync(server, "/einstellungen/praxis?handler=Reset", ("reset", "DicomAet"));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync(new Uri("/einstellungen/nichts", UriKind.Relative), Ct)).StatusCode);
    }

    [Fact]
    public async Task The_environment_and_the_command_line_win_over_the_pages_and_the_pages_over_the_files()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-test-").FullName;
        try
        {
            var file = Path.Join(folder, "pacs.json");
            await File.WriteAllTextAsync(file, $$"""{ "Name": "Datei", "DicomAet": "DATEI", "BinDays": 5, "BindAddress": "127.0.0.1", "DicomPort": 0, "HttpPort": 0, "DataDirectory": "." }""", Ct);
            PacsConfiguration Load(params string[] more) => PacsConfiguration.Load(CommandLine.Parse(["--config", file, .. more]), new System.Collections.Hashtable { ["PACS__Name"] = "Umgebung" }, folder);
            await using (var first = Pacs.Web.PacsServer.Build(Load()))
            {
                await first.StartAsync(Ct);
                var settings = first.Services.GetRequiredService<SavedSettings>();
                await settings.SaveAsync(new Dictionary<SettingBinder.Key, object?>
                {
                    [SavedSettings.KeyOf("Name")] = "Seite",
                    [SavedSettings.KeyOf("DicomAet")] = "SEITE",
                    [SavedSettings.KeyOf("BinDays")] = 7,
                }, Ct);
                var now = first.Services.GetRequiredService<PacsOptions>();
                Assert.Equal(("Umgebung", "SEITE", 7), (now.Name, now.DicomAet, now.BinDays));
                Assert.Equal("environment variable PACS__Name", settings.FixedBy(SavedSettings.KeyOf("Name")));
                using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{first.Services.GetRequiredService<Pacs.Web.Listener>().HttpPort}/") };
                Assert.Matches("id=\"Name\"[^>]*readonly", await http.GetStringAsync(new Uri("einstellungen", UriKind.Relative), Ct));
                Assert.Contains("environment variable PACS__Name", await http.GetStringAsync(new Uri("einstellungen", UriKind.Relative), Ct), StringComparison.Ordinal);
                Assert.Contains("DicomPort", await http.GetStringAsync(new Uri("einstellungen/konfiguration", UriKind.Relative), Ct), StringComparison.Ordinal);
                await first.StopAsync(Ct);
            }
            await using var second = Pacs.Web.PacsServer.Build(Load("--DicomAet", "ZEILE"));
            await second.StartAsync(Ct);
            var options = second.Services.GetRequiredService<PacsOptions>();
            Assert.Equal(("Umgebung", "ZEILE", 7), (options.Name, options.DicomAet, options.BinDays));
            await second.StopAsync(Ct);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("praxis", "Name", "", "1 bis 60 Zeichen")]
    [InlineData("praxis", "Language", "fr", "eines der Angebotenen")]
    [InlineData("praxis", "HostNames", "http://x/", "Je Zeile ein Rechnername")]
    [InlineData("geraete", "DicomAet", "MÜLLER", "Ein AE-Titel hat")]
    [InlineData("geraete", "DicomAllowedNetworks", "überall", "Je Zeile eine IP-Adresse")]
    [InlineData("archiv", "BinDays", "0", "von 1 bis 3650")]
    [InlineData("archiv", "MinimumFreeDiskSpace", "<b>", "oder nichts")]
    [InlineData("gdt", "GdtGenerator:LinkAddress", "ftp://x", "beginnt mit http://")]
    public async Task What_is_wrong_is_said_at_its_field_and_nothing_is_saved(string part, string field, string value, string message)
    {
        await using var server = await TestServer.StartAsync();
        var section = SettingsWords.Sections.Single(s => s.Address == part).Section;
        var fields = SavedSettings.KeysOf(section).ToDictionary(k => k.Path, k => SettingsWords.Typed(k.ValueIn(server.Options)));
        fields[field] = value;
        using var answer = await PostAsync(server, "/einstellungen/" + part, [.. fields.Select(f => (f.Key, f.Value))]);
        var page = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains(message, page, StringComparison.Ordinal);
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(page, "class=\"wrong\""));
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.Empty(await NamesAsync(server));
    }

    [Fact]
    public async Task What_strangers_may_holds_for_the_next_request()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(DimseStatus.Success, await EchoAsync(server, "ORTHANC"));
        using (await PostAsync(server, "/einstellungen/geraete", ("DicomAet", "PRAXIS"), ("DicomCheckCalledAet", "true"), ("DicomAlwaysAllowStore", "true")))
        {
        }
        await Assert.ThrowsAsync<AssociationException>(() => EchoAsync(server, "ORTHANC"));
        Assert.NotEqual(DimseStatus.Success.Code, (await EchoAsync(server, "PRAXIS")).Code);
        using (await PostAsync(server, "/einstellungen/geraete", ("DicomAet", "PRAXIS"), ("DicomCheckCalledAet", "true"), ("DicomAlwaysAllowEcho", "true")))
        {
        }
        Assert.Equal(DimseStatus.Success, await EchoAsync(server, "PRAXIS"));
    }

    [Fact]
    public async Task The_log_in_is_turned_on_by_who_can_log_in_and_holds_at_once()
    {
        await using var server = await TestServer.StartAsync();
        const string Page = "/einstellungen/anmeldung";
        Assert.Contains("zuerst einen Benutzer", await GetAsync(server, Page), StringComparison.Ordinal);
        await RefusedAsync(Page + "?handler=User", "mindestens 8 Zeichen", ("name", "praxis"), ("password", "kurz"), ("again", "kurz"));
        await RefusedAsync(Page + "?handler=User", "verschieden", ("name", "praxis"), ("password", "geheim-genug"), ("again", "geheim-genuk"));
        await RefusedAsync(Page + "?handler=User", "keinen Doppelpunkt", ("name", "a:b"), ("password", "geheim-genug"), ("again", "geheim-genug"));
        await RefusedAsync(Page + "?handler=Switch", "gehören nicht zusammen", ("on", "true"), ("name", "praxis"), ("password", "geheim-genug"));
        using (await PostAsync(server, Page + "?handler=User", ("name", "praxis"), ("password", "geheim-genug"), ("again", "geheim-genug")))
        {
            Assert.False(server.Options.AuthenticationEnabled);
        }
        await RefusedAsync(Page + "?handler=Switch", "gehören nicht zusammen", ("on", "true"), ("name", "praxis"), ("password", "falsch-falsch"));
        using (var on = await PostAsync(server, Page + "?handler=Switch", ("on", "true"), ("name", "praxis"), ("password", "geheim-genug")))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, on.StatusCode); // the page after it asks already
        }
        foreach (var path in new[] { "/", "/system", "/dicom-web/studies", Page })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.Http.GetAsync(new Uri(path, UriKind.Relative), Ct)).StatusCode);
        }
        Assert.DoesNotContain("geheim", string.Join('\n', await ValuesAsync(server)), StringComparison.Ordinal);
        await server.RestartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Http.GetAsync(new Uri("/", UriKind.Relative), Ct)).StatusCode);
        Log("praxis", "geheim-genug");
        Assert.Contains("Anmeldung ausschalten", await GetAsync(server, Page), StringComparison.Ordinal);
        await RefusedAsync(Page + "?handler=Remove", "letzte Benutzer", ("name", "praxis"));
        // another password counts at once, and the old one no longer
        using (await PostAsync(server, Page + "?handler=User", ("name", "praxis"), ("password", "neu-und-länger"), ("again", "neu-und-länger")))
        {
        }
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Http.GetAsync(new Uri("/", UriKind.Relative), Ct)).StatusCode);
        Log("praxis", "neu-und-länger");
        using (var off = await PostAsync(server, Page + "?handler=Switch", ("on", "false"), ("name", "praxis"), ("password", "neu-und-länger")))
        {
            Assert.Contains("ist ausgeschaltet", await off.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        server.Http.DefaultRequestHeaders.Authorization = null;
        await GetAsync(server, "/");

        void Log(string name, string password) =>
            server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}")));

        async Task RefusedAsync(string path, string message, params (string, string)[] fields)
        {
            using var answer = await PostAsync(server, path, fields);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
            Assert.Contains(message, await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_forwarding_rule_is_made_tried_and_holds_for_what_comes_then()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomModalities"] = """{"archiv":["ARCHIV","127.0.0.1",1]}""" });
        const string Page = "/einstellungen/weiterleitung";
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        (string, string)[] rule = [("regel", ""), ("Form.Name", "Ins <Archiv>"), ("Form.To", "archiv"), ("Form.Modality", "US, CR"), ("Form.Delay", "0")];
        using (var wrong = await PostAsync(server, Page, ("regel", ""), ("Form.Name", ""), ("Form.Delay", "x")))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
            Assert.Equal(3, System.Text.RegularExpressions.Regex.Count(await wrong.Content.ReadAsStringAsync(Ct), "class=\"wrong\""));
        }
        using (var tried = await PostAsync(server, Page + "?handler=Try", rule))
        {
            Assert.Contains("passt auf 1 der letzten 1 Bilder", await tried.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
            Assert.Empty(server.Options.Forwarding);
        }
        using (var saved = await PostAsync(server, Page, rule))
        {
            Assert.Contains("Ins &lt;Archiv&gt;", await saved.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        var queue = server.Services.GetRequiredService<JobQueue>();
        await PagesKit.StoreAsync(server, PagesKit.Image("Meier^Anna", "4712", "1.2.3.2"));
        var limit = DateTime.UtcNow.AddSeconds(20);
        while (await queue.CountOpenAsync(Ct) == 0)
        {
            Assert.True(DateTime.UtcNow < limit, "the new image is not forwarded");
            await Task.Delay(50, Ct);
        }
        Assert.Equal(1, await queue.CountOpenAsync(Ct)); // the older one stays
        using (var taken = await PostAsync(server, Page, rule))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, taken.StatusCode);
        }
        using (await PostAsync(server, Page, ("regel", "Ins <Archiv>"), ("Form.Name", "Anders"), ("Form.To", "archiv"), ("Form.To", "fort"), ("Form.Delay", "5"), ("Form.StorageCommitment", "true")))
        {
            var changed = Assert.Single(server.Options.Forwarding);
            Assert.Equal(("Anders", 2, 5, true, 0), (changed.Name, changed.To.Count, changed.Delay, changed.StorageCommitment, changed.Modality.Count));
        }
        Assert.Contains("gibt es nicht", await GetAsync(server, Page), StringComparison.Ordinal);
        using (await PostAsync(server, Page + "?handler=Remove", ("regel", "Anders")))
        {
            Assert.Empty(server.Options.Forwarding);
        }
        Assert.DoesNotContain("option:Forwarding", await NamesAsync(server));
    }

    private static async Task<DimseStatus> EchoAsync(TestServer server, string called)
    {
        await using var client = await DimseClient.ConnectAsync("127.0.0.1", server.DicomPort,
            new AssociationRequest { CallingAe = "SONO", CalledAe = called }.Propose(DicomUid.Verification, TransferSyntax.ImplicitVRLittleEndian.Uid), null, Ct);
        var status = await client.EchoAsync(Ct);
        await client.ReleaseAsync(Ct);
        return status;
    }

    private static Task<List<string>> NamesAsync(TestServer server) =>
        server.Services.GetRequiredService<IndexReader>().ReadAsync((db, ct) => db.Settings.Where(s => s.Name.StartsWith("option:")).Select(s => s.Name).ToListAsync(ct), Ct);

    private static Task<List<string>> ValuesAsync(TestServer server) =>
        server.Services.GetRequiredService<IndexReader>().ReadAsync((db, ct) => db.Settings.Select(s => s.Value).ToListAsync(ct), Ct);

    private static async Task<string> GetAsync(TestServer server, string path) => await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct);

    private static async Task<HttpResponseMessage> PostAsync(TestServer server, string path, params (string Key, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Key, f.Value)));
        return await server.Http.PostAsync(new Uri(path, UriKind.Relative), form, Ct);
    }
}
