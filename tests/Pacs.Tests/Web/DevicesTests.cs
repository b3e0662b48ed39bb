using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Tests;

/// <summary>The pages of the devices, and who has called.</summary>
public sealed class DevicesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_has_called_is_known_after_a_restart_with_what_it_did()
    {
        await using var server = await TestServer.StartAsync();
        await using (var client = await ConnectAsync(server, "SONO1", DicomUid.Verification, DicomUid.UltrasoundImageStorage, DicomUid.StudyRootQueryRetrieveInformationModelFind))
        {
            Assert.Equal(DimseStatus.Success, await client.EchoAsync(Ct));
            Assert.Equal(DimseStatus.Success, await client.StoreAsync(PagesKit.Image("Müller^Jörg"), Ct));
            await Assert.ThrowsAsync<DimseStatusException>(async () =>
            {
                await foreach (var _ in client.FindAsync(DicomUid.StudyRootQueryRetrieveInformationModelFind, new DicomDataset().Set(DicomTag.QueryRetrieveLevel, "STUDY"), Ct))
                {
                    Assert.Fail("a stranger gets no answers");
                }
            });
            await client.ReleaseAsync(Ct);
        }
        await using (await ConnectAsync(server, server.Options.DicomAet, DicomUid.Verification))
        {
            // as our own health check does: nobody is found by that
        }

        await server.RestartAsync();

        var caller = Assert.Single(server.Services.GetRequiredService<Callers>().All);
        Assert.Equal(("SONO1", "127.0.0.1"), (caller.AeTitle, caller.Host));
        Assert.Equal(ModalityPermissions.Echo | ModalityPermissions.Store | ModalityPermissions.Find, caller.Asked);
        Assert.Equal(ModalityPermissions.Find, caller.Refused);
        Assert.Equal("1.2.3.1.1.1", caller.LastInstance);
        var page = await GetAsync(server, "/geraete");
        Assert.Contains("Unbekannte Geräte", page, StringComparison.Ordinal);
        Assert.Contains("<bdi class=\"uid\">SONO1</bdi>", page, StringComparison.Ordinal);
        Assert.Contains("Verbindung prüfen, Bilder senden, Studien suchen", page, StringComparison.Ordinal);
        Assert.Contains("Studie: <bdi>Müller, Jörg</bdi>", page, StringComparison.Ordinal);

        // one click, and it may what it has asked for
        using var adopted = await PostAsync(server, "/geraete?handler=Adopt", ("aeTitle", "SONO1"), ("host", "127.0.0.1"));
        Assert.Contains("Der Port ist angenommen", await adopted.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        var device = Assert.Single(server.Services.GetRequiredService<Modalities>().All);
        Assert.Equal(("SONO1", "SONO1", "127.0.0.1", 104), (device.Name, device.AeTitle, device.Host, device.Port));
        Assert.True(device.Permissions.HasFlag(ModalityPermissions.Find));
        Assert.False(device.Permissions.HasFlag(ModalityPermissions.Move));
        page = await GetAsync(server, "/geraete");
        Assert.DoesNotContain("Unbekannte Geräte", page, StringComparison.Ordinal);
        Assert.Contains("Studie: <bdi>Müller, Jörg</bdi>", page, StringComparison.Ordinal);
        using var nobody = await PostAsync(server, "/geraete?handler=Adopt", ("aeTitle", "NOBODY"), ("host", "127.0.0.1"));
        Assert.Equal(HttpStatusCode.NotFound, nobody.StatusCode);
    }

    [Fact]
    public async Task A_caller_that_nobody_wants_to_enter_is_hidden_and_stays_hidden_when_it_calls_again()
    {
        await using var server = await TestServer.StartAsync();
        var callers = server.Services.GetRequiredService<Callers>();
        callers.Note("SCAN", "192.0.2.1", ModalityPermissions.Echo);
        callers.Note("SCAN", "192.0.2.2", ModalityPermissions.Echo);
        callers.Note("O'\"N<i>", "192.0.2.3", ModalityPermissions.Echo);
        const string First = "<bdi class=\"uid\">192.0.2.1</bdi>", Second = "<bdi class=\"uid\">192.0.2.2</bdi>";
        using (var hidden = await PostAsync(server, "/geraete?handler=Hide", ("aeTitle", "SCAN"), ("host", "192.0.2.1")))
        {
            var answer = await hidden.Content.ReadAsStringAsync(Ct);
            Assert.Contains("SCAN ist ausgeblendet", answer, StringComparison.Ordinal);
            Assert.Contains("Rückgängig", answer, StringComparison.Ordinal);
        }
        using (await PostAsync(server, "/geraete?handler=Hide", ("aeTitle", "O'\"N<i>"), ("host", "192.0.2.3")))
        {
        }
        callers.Note("SCAN", "192.0.2.1", ModalityPermissions.Store);
        await server.RestartAsync();
        var page = await GetAsync(server, "/geraete");
        Assert.DoesNotContain(First, page, StringComparison.Ordinal);
        Assert.Contains(Second, page, StringComparison.Ordinal); // the same title from elsewhere is somebody else
        Assert.Contains("Unbekannte Geräte <span class=\"badge\">1</span>", page, StringComparison.Ordinal);
        Assert.Contains("2 ausgeblendete Geräte zeigen", page, StringComparison.Ordinal);
        page = await GetAsync(server, "/geraete?ausgeblendet=ja");
        Assert.Contains("Ausgeblendete Geräte", page, StringComparison.Ordinal);
        Assert.Contains(First, page, StringComparison.Ordinal);
        Assert.Contains("Bilder senden", page, StringComparison.Ordinal); // what it has done since is noted
        Assert.Contains("O&#x27;&quot;N&lt;i&gt;", page, StringComparison.Ordinal);
        using (await PostAsync(server, "/geraete?handler=Unhide", ("aeTitle", "SCAN"), ("host", "192.0.2.1")))
        {
        }
        // who is entered is not hidden any more
        using (await PostAsync(server, "/geraete?handler=Adopt", ("aeTitle", "O'\"N<i>"), ("host", "192.0.2.3")))
        {
        }
        page = await GetAsync(server, "/geraete");
        Assert.Contains(First, page, StringComparison.Ordinal);
        Assert.DoesNotContain("ausgeblendet", page, StringComparison.Ordinal);
        Assert.Empty(await server.Services.GetRequiredService<HiddenCallers>().AllAsync(Ct));
        using var nobody = await PostAsync(server, "/geraete?handler=Hide", ("aeTitle", "NOBODY"), ("host", "192.0.2.1"));
        Assert.Equal(HttpStatusCode.NotFound, nobody.StatusCode);
    }

    [Fact]
    public async Task Invented_callers_do_not_fill_the_memory_nor_drive_devices_out()
    {
        await using var server = await TestServer.StartAsync();
        var callers = server.Services.GetRequiredService<Callers>();
        callers.Note("DEVICE", "192.0.2.1", ModalityPermissions.Store);
        for (var i = 0; i < 2 * Callers.Most; i++)
        {
            callers.NoteRejected($"X{i}", "192.0.2.66");
        }
        Assert.Equal(Callers.Most, callers.All.Count);

        await server.RestartAsync();

        callers = server.Services.GetRequiredService<Callers>();
        Assert.Equal(Callers.Most, callers.All.Count);
        Assert.Equal(ModalityPermissions.Store, callers.All.Single(c => c.AeTitle == "DEVICE").Asked);
        Assert.True(callers.All.Single(c => c.AeTitle == $"X{(2 * Callers.Most) - 1}").IsRejected);
        var page = await GetAsync(server, "/geraete");
        Assert.Contains("Verbindung abgelehnt", page, StringComparison.Ordinal);
        Assert.Contains("höchstens 50 Zeilen", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_is_entered_changed_and_removed()
    {
        await using var server = await TestServer.StartAsync();
        var modalities = server.Services.GetRequiredService<Modalities>();
        using var added = await PostAsync(server, "/geraete/bearbeiten", ("Form.Name", "Sono Raum 2"), ("Form.AeTitle", " SONO2 "), ("Form.Host", "192.0.2.7"), ("Form.Port", "11112"),
            ("Form.Manufacturer", "GE"), ("Form.Allowed", "Store"), ("Form.Allowed", "Find"), ("Form.UseTls", "true"), ("Form.Timeout", "7"));
        Assert.Equal("/geraete", added.RequestMessage!.RequestUri!.AbsolutePath);
        var expected = new Modality
        {
            Name = "Sono Raum 2",
            AeTitle = "SONO2",
            Host = "192.0.2.7",
            Port = 11112,
            Manufacturer = ModalityManufacturer.GE,
            Permissions = ModalityPermissions.Store | ModalityPermissions.Find,
            AllowTranscoding = false,
            UseTls = true,
            Timeout = 7,
        };
        Assert.Equal(expected, Assert.Single(modalities.All));
        var list = await added.Content.ReadAsStringAsync(Ct);
        Assert.Contains("192.0.2.7:11112", list, StringComparison.Ordinal);
        Assert.Contains("Bilder senden, Studien suchen", list, StringComparison.Ordinal);
        Assert.Contains("Noch nie", list, StringComparison.Ordinal);

        var form = await GetAsync(server, "/geraete/bearbeiten/Sono%20Raum%202");
        Assert.Matches("id=\"Name\"[^>]*readonly", form);
        Assert.Matches("value=\"Find\" checked", form);
        Assert.DoesNotMatch("value=\"Move\" checked", form);
        using var changed = await PostAsync(server, "/geraete/bearbeiten/Sono%20Raum%202", ("Form.Name", "other"), ("Form.AeTitle", "SONO2"), ("Form.Host", "sono2"), ("Form.Port", "104"),
            ("Form.Manufacturer", "Generic"), ("Form.AllowTranscoding", "true"));
        Assert.Equal(expected with { Host = "sono2", Port = 104, Manufacturer = ModalityManufacturer.Generic, Permissions = ModalityPermissions.None, AllowTranscoding = true, UseTls = false, Timeout = 0 }, Assert.Single(modalities.All));

        const string Removal = "/geraete/entfernen/Sono%20Raum%202";
        Assert.Contains("Zur Bestätigung den Namen eintippen", await GetAsync(server, Removal), StringComparison.Ordinal);
        using var kept = await PostAsync(server, Removal, ("Form.Typed", "Sono Raum 3"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, kept.StatusCode);
        Assert.Contains("Das ist nicht der Name dieses Geräts", await kept.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.Single(modalities.All);
        using var removed = await PostAsync(server, Removal, ("Form.Typed", "Sono Raum 2"));
        Assert.Equal("/geraete", removed.RequestMessage!.RequestUri!.AbsolutePath);
        Assert.Empty(modalities.All);
        using var gone = await server.Http.GetAsync(new Uri(Removal, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Theory]
    [InlineData("Name", "a/b", "Ein Name hat")]
    [InlineData("Name", "fixed", "So heißt schon")]
    [InlineData("AeTitle", "", "Ein AE-Titel hat")]
    [InlineData("AeTitle", "MÜLLER", "Ein AE-Titel hat")]
    [InlineData("Host", "http://x/", "weder eine Adresse")]
    [InlineData("Port", "65536", "Zahl von 1 bis 65535")]
    [InlineData("Port", "<b>", "Zahl von 1 bis 65535")]
    [InlineData("Manufacturer", "Acme", "Diese Besonderheit")]
    [InlineData("LocalAeTitle", "12345678901234567", "Ein AE-Titel hat")]
    [InlineData("Timeout", "-1", "Eine Zahl von 0 bis 3600")]
    public async Task What_is_wrong_is_said_at_its_field_and_nothing_that_was_typed_is_lost(string field, string value, string message)
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomModalities"] = """{"fixed":["FILE","h",104]}""" });
        var fields = new Dictionary<string, string> { ["Name"] = "n", ["AeTitle"] = "KEPT", ["Host"] = "h", ["Port"] = "104", ["Manufacturer"] = "Generic", [field] = value };
        using var answer = await PostAsync(server, "/geraete/bearbeiten", [.. fields.Select(f => ("Form." + f.Key, f.Value)), ("Form.Allowed", "Move")]);
        var page = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains(message, page, StringComparison.Ordinal);
        Assert.Single(System.Text.RegularExpressions.Regex.Matches(page, "class=\"wrong\""));
        Assert.Matches("value=\"Move\" checked", page);
        Assert.Contains(field == "Manufacturer" ? "KEPT" : value.Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal), page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.Equal("fixed", Assert.Single(server.Services.GetRequiredService<Modalities>().All).Name);
    }

    [Fact]
    public async Task Devices_of_the_configuration_are_changed_there_and_other_sites_change_nothing()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomModalities"] = """{"fixed":["FILE","h",104]}""" });
        var modalities = server.Services.GetRequiredService<Modalities>();
        foreach (var (path, field) in new[] { ("/geraete/bearbeiten/fixed", ("Form.AeTitle", "OTHER")), ("/geraete/entfernen/fixed", ("Form.Typed", "fixed")) })
        {
            Assert.Contains("DicomModalities", await GetAsync(server, path), StringComparison.Ordinal);
            using var answer = await PostAsync(server, path, field);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            Assert.Contains("Dort wird es geändert", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        Assert.Equal("FILE", Assert.Single(modalities.All).AeTitle);
        var list = await GetAsync(server, "/geraete");
        Assert.Contains("aus der Konfigurationsdatei", list, StringComparison.Ordinal);
        Assert.DoesNotContain("/geraete/entfernen", list, StringComparison.Ordinal);

        using var foreign = new HttpRequestMessage(HttpMethod.Post, "/geraete/bearbeiten")
        {
            Content = new FormUrlEncodedContent([new("Form.Name", "evil"), new("Form.AeTitle", "E"), new("Form.Host", "h"), new("Form.Port", "1"), new("Form.Manufacturer", "Generic")]),
        };
        foreign.Headers.Add("Origin", "http://evil.example");
        using var blocked = await server.Http.SendAsync(foreign, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, blocked.StatusCode);
        Assert.Single(modalities.All);
    }

    [Fact]
    public async Task A_test_says_in_words_what_came_of_it()
    {
        await using var device = await TestServer.StartAsync(new Dictionary<string, string>
        {
            ["DicomAet"] = "DEVICE",
            ["DicomCheckCalledAet"] = "true",
            ["DicomAlwaysAllowEcho"] = "false",
            ["DicomAlwaysAllowStore"] = "false",
            ["DicomAlwaysAllowFindWorklist"] = "false",
            ["DicomAlwaysAllowMpps"] = "false",
            ["DicomAlwaysAllowStorageCommitment"] = "false",
            ["DicomModalities"] = """{"a":{"AET":"FRIEND","Host":"h","Port":1},"b":{"AET":"MUTE","Host":"h","Port":1,"AllowEcho":false}}""",
        });
        await using var server = await TestServer.StartAsync();
        var modalities = server.Services.GetRequiredService<Modalities>();
        var node = new Modality { Name = "d", AeTitle = "DEVICE", Host = "127.0.0.1", Port = device.DicomPort, LocalAeTitle = "FRIEND", Timeout = 5 };
        foreach (var (change, sentence) in new (Modality, string)[]
        {
            (node, "erreichbar, antwortet nach"),
            (node with { LocalAeTitle = "MUTE" }, "lehnt die Prüfung aber ab (Status 0124H)"),
            (node with { LocalAeTitle = null }, $"kennt unseren AE-Titel {server.Options.DicomAet} nicht"),
            (node with { AeTitle = "WRONG" }, "WRONG ist nicht sein AE-Titel"),
            (node with { Port = device.HttpPort }, "<strong><bdi>d</bdi>:</strong>"),
            (node with { Port = Ports.Free() }, "nicht erreichbar: unter 127.0.0.1"),
        })
        {
            await modalities.PutAsync(change, Ct);
            using var answer = await PostAsync(server, "/geraete?handler=Echo", ("id", "d"));
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains(sentence, await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        using var unknown = await PostAsync(server, "/geraete?handler=Echo", ("id", "x"));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task The_sheet_has_what_is_entered_at_a_device()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomAet"] = "PRAXIS", ["Worklists:Enable"] = "false" });
        var page = await GetAsync(server, "/geraete/blatt");
        Assert.Contains("<dd>PRAXIS</dd>", page, StringComparison.Ordinal);
        Assert.Contains($"<dd>{server.DicomPort}</dd>", page, StringComparison.Ordinal);
        Assert.Contains("Storage Commitment", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Modality Worklist", page, StringComparison.Ordinal); // it is off
    }

    private static Task<DimseClient> ConnectAsync(TestServer server, string callingAe, params string[] sopClasses) => DimseClient.ConnectAsync(
        "127.0.0.1", server.DicomPort, sopClasses.Aggregate(new AssociationRequest { CallingAe = callingAe, CalledAe = "ORTHANC" }, (r, c) => r.Propose(c)), null, Ct);

    private static async Task<string> GetAsync(TestServer server, string path)
    {
        using var answer = await server.Http.GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private static async Task<HttpResponseMessage> PostAsync(TestServer server, string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        return await server.Http.PostAsync(new Uri(path, UriKind.Relative), form, Ct);
    }
}
