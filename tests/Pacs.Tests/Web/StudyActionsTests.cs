using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>What people do with a study on its page and in the list: correct the patient, send GDT again, labels, a medium.</summary>
public sealed class StudyActionsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_corrected_patient_has_the_study_and_the_original_is_in_the_bin()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["AuthenticationEnabled"] = "true", ["RegisteredUsers"] = """{"frau.meier":"geheim-genug"}""" });
        server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("frau.meier:geheim-genug")));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", number: 2));
        var index = server.Services.GetRequiredService<IndexReader>();
        var before = ResourceId.ForStudy("4711", "1.2.3.1");
        using (await PostAsync(server, "/studien/kennzeichen", ("id", before.ToString()), ("name", "Kontrolle")))
        {
        }
        var page = $"/studien/{before}/korrigieren";
        Assert.Contains("value=\"1958-03-07\"", await GetAsync(server, page), StringComparison.Ordinal);
        (string, string)[] same = [("Form.FamilyName", "Müller"), ("Form.GivenName", "Jörg"), ("Form.BirthDate", "1958-03-07"), ("Form.Sex", "M"), ("Form.PatientId", "4711")];
        using (var nothing = await PostAsync(server, page, same))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, nothing.StatusCode);
            Assert.Contains("nichts zu korrigieren", await nothing.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        using (var wrong = await PostAsync(server, page, ("Form.FamilyName", "a^b"), ("Form.BirthDate", "2999-01-01"), ("Form.Sex", "X"), ("Form.PatientId", "")))
        {
            Assert.Equal(4, System.Text.RegularExpressions.Regex.Count(await wrong.Content.ReadAsStringAsync(Ct), "class=\"wrong\""));
            Assert.NotNull(await index.StudyAsync(before, Ct));
        }
        using var corrected = await PostAsync(server, page, ("Form.FamilyName", "Möller"), ("Form.GivenName", "Jörg"), ("Form.Prefix", "Dr."), ("Form.BirthDate", "1958-07-03"), ("Form.Sex", "M"), ("Form.PatientId", "4712"));
        // the client sends no password to where it is redirected
        var history = await GetAsync(server, corrected.RequestMessage!.RequestUri!.PathAndQuery);
        Assert.Contains("Geändert von frau.meier (127.0.0.1)", history, StringComparison.Ordinal);
        Assert.Equal(["Name: Müller, Jörg → Möller, Jörg Dr.", "Patientennummer: 4711 → 4712", "Geburtsdatum: 07.03.1958 → 03.07.1958"], Changes(history));
        Assert.Contains("Möller, Jörg Dr.", history, StringComparison.Ordinal);
        Assert.Contains("Kontrolle", history, StringComparison.Ordinal);
        Assert.Null(await index.StudyAsync(before, Ct));
        var entry = Assert.Single(await index.StudiesAsync(new StudyQuery(null), Ct));
        Assert.Equal(("Möller^Jörg^^Dr.", "4712", "19580703", 2), (entry.Patient.Name, entry.Patient.PatientId, entry.Patient.BirthDate, entry.Study.InstanceCount));
        var bin = server.Services.GetRequiredService<Bin>();
        var kept = Assert.Single(await bin.ListAsync(10, Ct));
        Assert.Equal((before, 2), (kept.Study, kept.InstanceCount));
        Assert.Equal(2, (await bin.RestoreAsync(kept.Id, Ct))!.Restored);
        Assert.Equal("Müller^Jörg", (await index.StudyAsync(before, Ct))!.Patient.Name);

        // corrected once more: both are told, each with its values; what the file said is in it, for whoever gets it (PS3.3 §C.12.1.1.9)
        using var again = await PostAsync(server, $"/studien/{entry.Study.PublicId}/korrigieren", ("Form.FamilyName", "Moeller"), ("Form.GivenName", "Jörg"), ("Form.BirthDate", "1958-07-03"), ("Form.Sex", "F"), ("Form.PatientId", "4712"));
        Assert.Equal(
            ["Name: Möller, Jörg Dr. → Moeller, Jörg", "Geschlecht: männlich → weiblich", "Name: Müller, Jörg → Möller, Jörg Dr.", "Patientennummer: 4711 → 4712", "Geburtsdatum: 07.03.1958 → 03.07.1958"],
            Changes(await GetAsync(server, again.RequestMessage!.RequestUri!.PathAndQuery)));
    }

    [Fact]
    public async Task What_was_changed_over_REST_is_told_as_long_as_the_original_is_there()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        using var body = new StringContent("""{"Replace":{"PatientName":"<b>Möller</b>","StudyDescription":"Abdomen"}}""", System.Text.Encoding.UTF8, "application/json");
        using var modified = await server.Http.PostAsync(new Uri($"/studies/{ResourceId.ForStudy("4711", "1.2.3.1")}/modify", UriKind.Relative), body, Ct);
        using var json = System.Text.Json.JsonDocument.Parse(await modified.Content.ReadAsStringAsync(Ct));
        var history = await GetAsync(server, $"/studien/{json.RootElement.GetProperty("ID").GetString()}?tab=verlauf");
        Assert.Equal(["Name: Müller, Jörg → <b>Möller</b>", "Untersuchung: nichts → Abdomen"], Changes(history).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Changes(string page) => System.Text.RegularExpressions.Regex.Matches(page, "<li>([^<]*): <del><bdi>(.*?)</bdi></del>.*?<ins><bdi>(.*?)</bdi></ins>")
        .Select(m => $"{m.Groups[1].Value}: {m.Groups[2].Value} → {m.Groups[3].Value}");

    [Fact]
    public async Task All_studies_of_a_patient_are_corrected_together()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", study: "1.2.3.2"));
        var one = ResourceId.ForStudy("4711", "1.2.3.1");
        using var corrected = await PostAsync(server, $"/studien/{one}/korrigieren",
            ("Form.FamilyName", "Möller"), ("Form.GivenName", "Jörg"), ("Form.BirthDate", "1958-03-07"), ("Form.Sex", "M"), ("Form.PatientId", "4711"), ("All", "true"));
        Assert.Equal("/auftraege", corrected.RequestMessage!.RequestUri!.AbsolutePath);
        var studies = await server.Services.GetRequiredService<IndexReader>().StudiesAsync(new StudyQuery(null), Ct);
        Assert.Equal(2, studies.Count);
        Assert.All(studies, s => Assert.Equal("Möller^Jörg", s.Patient.Name));
        Assert.DoesNotContain("andere Person", await GetAsync(server, "/probleme"), StringComparison.Ordinal);
        Assert.Equal(2, await server.Services.GetRequiredService<Bin>().CountAsync(Ct));
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync(new Uri($"/studien/{one}/korrigieren", UriKind.Relative), Ct)).StatusCode);
    }

    [Fact]
    public async Task The_practice_software_gets_its_file_once_more()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-test-").FullName;
        try
        {
            await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["GdtGenerator:IncomingDir"] = folder, ["StableAge"] = "1" });
            await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", accession: "R0000000001"));
            await UntilAsync(1);
            var study = ResourceId.ForStudy("4711", "1.2.3.1");
            Assert.Contains("GDT erneut senden", await GetAsync(server, $"/studien/{study}"), StringComparison.Ordinal);
            foreach (var file in Directory.GetFiles(folder))
            {
                File.Delete(file);
            }
            using var sent = await PostAsync(server, $"/studien/{study}?handler=Gdt", ("receiver", "default"));
            Assert.Contains("geht noch einmal", await sent.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
            await UntilAsync(1);
            using var nobody = await PostAsync(server, $"/studien/{study}?handler=Gdt", ("receiver", "niemand"));
            Assert.Contains("Es ging nicht", await nobody.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        async Task UntilAsync(int count)
        {
            var limit = DateTime.UtcNow.AddSeconds(30);
            while (Directory.GetFiles(folder, "*.gdt").Length < count)
            {
                Assert.True(DateTime.UtcNow < limit, "no GDT file comes");
                await Task.Delay(50, Ct);
            }
        }
    }

    [Fact]
    public async Task Labels_are_put_on_filter_the_list_and_go()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Meier^Anna", "4712", "1.2.3.2"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Huber^Max", "4713", "1.2.3.3"));
        var (first, second) = (ResourceId.ForStudy("4711", "1.2.3.1").ToString(), ResourceId.ForStudy("4712", "1.2.3.2").ToString());
        using (var wrong = await PostAsync(server, "/studien/kennzeichen", ("id", first), ("name", "<b>ä</b>")))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
            Assert.DoesNotContain("<b>", await wrong.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        using (var put = await PostAsync(server, "/studien/kennzeichen", ("id", first), ("id", second), ("name", "Lehre")))
        {
            Assert.Contains("an 2 von 2", await put.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        using (var alone = await PostAsync(server, "/studien/kennzeichen", ("id", first), ("zurueck", "studie"), ("name", "Kontrolle")))
        {
            Assert.Equal($"/studien/{first}", alone.RequestMessage!.RequestUri!.AbsolutePath);
        }
        var list = await GetAsync(server, "/");
        Assert.Equal(2, System.Text.RegularExpressions.Regex.Count(list, "href=\"/\\?kennzeichen=Lehre\">Lehre</a>"));
        var filtered = await GetAsync(server, "/?kennzeichen=Lehre");
        Assert.Contains("Müller, Jörg", filtered, StringComparison.Ordinal);
        Assert.Contains("Meier, Anna", filtered, StringComparison.Ordinal);
        Assert.DoesNotContain("Huber, Max", filtered, StringComparison.Ordinal);
        Assert.Contains("Keine Untersuchung hat dieses Kennzeichen", await GetAsync(server, "/?kennzeichen=Niemand"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.Http.GetAsync(new Uri("/?kennzeichen=%3Cb%3E", UriKind.Relative), Ct)).StatusCode);
        using (await PostAsync(server, "/studien/kennzeichen?handler=Remove", ("id", first), ("id", second), ("name", "Lehre")))
        {
        }
        Assert.DoesNotContain("Meier, Anna", await GetAsync(server, "/?kennzeichen=Lehre"), StringComparison.Ordinal);
        Assert.Contains("Müller, Jörg", await GetAsync(server, "/?kennzeichen=Kontrolle"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_medium_and_previews_are_offered()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        var study = ResourceId.ForStudy("4711", "1.2.3.1");
        var page = await GetAsync(server, $"/studien/{study}");
        Assert.Contains($"href=\"/studies/{study}/media\"", page, StringComparison.Ordinal);
        await using var zip = await server.Http.GetStreamAsync(new Uri($"/studies/{study}/media", UriKind.Relative), Ct);
        using var copy = new MemoryStream();
        await zip.CopyToAsync(copy, Ct);
        using var medium = new ZipArchive(copy);
        Assert.Contains(medium.Entries, e => e.FullName == "DICOMDIR");
        Assert.Matches("<td class=\"preview\">\\s*<a href=\"/", await GetAsync(server, $"/studien/{study}?teil=serien"));
    }

    private static async Task<string> GetAsync(TestServer server, string path) => WebUtility.HtmlDecode(await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct));

    private static async Task<HttpResponseMessage> PostAsync(TestServer server, string path, params (string Key, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Key, f.Value)));
        return await server.Http.PostAsync(new Uri(path, UriKind.Relative), form, Ct);
    }
}
