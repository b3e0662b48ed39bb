using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Pages;

namespace Pacs.Tests;

public sealed partial class PagesTests
{
    // our own modules are the only scripts
    internal const string ForeignScript = @"(?i)<script(?! type=""module"" src=""/[a-z]+\.[a-z0-9]+\.js""></script>)";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_empty_start_page_says_what_to_do_next()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomAet"] = "PRAXIS" });
        var page = await GetAsync(server, "/");
        Assert.Contains("Noch keine Studien", page, StringComparison.Ordinal);
        Assert.Contains("<dd>PRAXIS</dd>", page, StringComparison.Ordinal);
        Assert.Contains($"<dd>{server.DicomPort}</dd>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_way_from_the_list_to_the_tags_is_three_links()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", patientId: "4711"));

        var list = await GetAsync(server, "/");
        Assert.Contains("Müller, Jörg", list, StringComparison.Ordinal);
        Assert.Contains("*07.03.1958 · m", list, StringComparison.Ordinal);
        Assert.Contains("Dienstag, 12. März 2024", list, StringComparison.Ordinal);
        Assert.Contains("1 Studie · 1 Bild", list, StringComparison.Ordinal);

        var study = await GetAsync(server, Link(list, "/studien/"));
        Assert.Contains("Serie 1", study, StringComparison.Ordinal);
        Assert.Contains("Ultraschallbild", study, StringComparison.Ordinal);

        var instance = await GetAsync(server, Link(study, "/instanzen/"));
        Assert.Contains("(0010,0010)", instance, StringComparison.Ordinal);
        Assert.Contains("Müller^Jörg", instance, StringComparison.Ordinal);
        Assert.Contains("Explicit VR Little Endian", instance, StringComparison.Ordinal);

        var series = await GetAsync(server, Link(instance, "/serien/"));
        Assert.Contains("Ultraschallbild", series, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hostile_values_stay_text()
    {
        await using var server = await TestServer.StartAsync();
        const string Attack = "<script>alert(1)</script>\"'&^<img src=x onerror=alert(2)>";
        var image = PagesKit.Image(Attack, patientId: "<b>\"'")
            .Set(new DicomElement(DicomTag.StudyDescription, DicomVr.LO, Encoding.UTF8.GetBytes("\u202Egnp.\u0007<i>")))
            .Set(new DicomElement(DicomTag.ImageComments, DicomVr.LT, Encoding.UTF8.GetBytes("</td></table><script>" + new string('x', 65536))));
        await PagesKit.StoreAsync(server, image);

        var list = await GetAsync(server, "/");
        var study = await GetAsync(server, Link(list, "/studien/"));
        var instance = await GetAsync(server, Link(study, "/instanzen/"));
        var found = await GetAsync(server, "/?q=" + Uri.EscapeDataString("\"><script>alert(3)</script>"));
        foreach (var page in new[] { list, study, instance, found })
        {
            Assert.DoesNotMatch(ForeignScript, page);
            Assert.DoesNotContain("<img src=x", page, StringComparison.OrdinalIgnoreCase);
        }
        Assert.Contains("<bdi class=\"name\">&lt;script&gt;alert(1)&lt;/script&gt;", list, StringComparison.Ordinal);
        // the direction of a value ends with it, and its control characters can be seen
        Assert.Contains("<bdi>\u202Egnp.\u2407&lt;i&gt;</bdi>", list, StringComparison.Ordinal);
        Assert.Contains("Zeichen, gekürzt)", instance, StringComparison.Ordinal);
        Assert.InRange(instance.Length, 1, 40_000);
    }

    [Theory]
    [InlineData("/studien/nix")]
    [InlineData("/studien/ffffffff-ffffffff-ffffffff-ffffffff-ffffffff")]
    [InlineData("/serien/ffffffff-ffffffff-ffffffff-ffffffff-ffffffff")]
    [InlineData("/instanzen/ffffffff-ffffffff-ffffffff-ffffffff-ffffffff")]
    [InlineData("/gibt/es/nicht")]
    public async Task What_is_not_there_is_a_page_with_status_404(string path)
    {
        await using var server = await TestServer.StartAsync();
        using var answer = await AskAsync(server, path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("Diese Seite gibt es nicht", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_shows_an_id_and_nothing_else()
    {
        await using var server = await TestServer.StartAsync(replace: s => s.AddSingleton<TagRows>(_ => throw new InvalidOperationException("secret of the server")));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        using var answer = await AskAsync(server, $"/instanzen/{ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1")}");
        var page = await answer.Content.ReadAsStringAsync(Ct);
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Contains("Da ist etwas schiefgegangen", page, StringComparison.Ordinal);
        Assert.Matches("<code>[0-9a-zA-Z:]{8,}</code>", page);
        Assert.DoesNotContain("secret", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/?vor=x")]
    [InlineData("/?nach=20240101")]
    [InlineData("/?vor=20240101000000-x")]
    public async Task A_broken_place_in_the_list_is_status_400(string path)
    {
        await using var server = await TestServer.StartAsync();
        using var answer = await AskAsync(server, path);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Paging_shows_each_of_250_studies_once_in_both_directions()
    {
        await using var server = await TestServer.StartAsync();
        for (var i = 0; i < 250; i++)
        {
            // some share date and time: the place in the list is still one
            var time = new DateTime(2024, 3, 12, 8, 0, 0).AddMinutes(-(i / 3) * 100);
            await PagesKit.StoreAsync(server, PagesKit.Image($"Nummer^{i:D3}", patientId: $"P{i:D3}", study: $"1.2.3.{i + 1}", date: time.ToString("yyyyMMdd"), time: time.ToString("HHmmss")));
        }

        var pages = new List<string> { await GetAsync(server, "/") };
        while (Follow(pages[^1], "next") is { } next)
        {
            pages.Add(await GetAsync(server, next));
        }
        var names = pages.SelectMany(Names).ToArray();
        Assert.Equal(250, names.Length);
        Assert.Equal(250, names.Distinct().Count());
        Assert.Equal(5, pages.Count);
        Assert.Equal("Nummer, 002", names[0]);
        Assert.Equal("Nummer, 249", names[^1]);

        var back = new List<string> { pages[^1] };
        while (Follow(back[^1], "prev") is { } previous)
        {
            back.Add(await GetAsync(server, previous));
        }
        back.Reverse();
        Assert.Equal(pages.Select(p => string.Join(';', Names(p))), back.Select(p => string.Join(';', Names(p))));
    }

    [Fact]
    public async Task A_long_series_has_pages_of_its_own()
    {
        await using var server = await TestServer.StartAsync();
        for (var i = 1; i <= SeriesModel.PageSize + 5; i++)
        {
            await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", number: i));
        }
        var study = await GetAsync(server, Link(await GetAsync(server, "/"), "/studien/"));
        Assert.Equal(StudyModel.InstancesPerSeries, InstanceLink().Count(study));
        Assert.Contains("Alle anzeigen (105 Bilder)", study, StringComparison.Ordinal);
        var first = await GetAsync(server, Link(study, "/serien/"));
        Assert.Equal(SeriesModel.PageSize, InstanceLink().Count(first));
        var second = await GetAsync(server, Follow(first, "next")!);
        Assert.Equal(5, InstanceLink().Count(second));
        Assert.Null(Follow(second, "next"));
    }

    [Theory]
    [InlineData("müller", "Müller, Jörg|MUELLER, JOERG|Müllerin, Eva")]
    [InlineData("mueller", "Müller, Jörg|MUELLER, JOERG|Müllerin, Eva")]
    [InlineData("MULLER J", "Müller, Jörg|MUELLER, JOERG")]
    [InlineData("müller, jörg", "Müller, Jörg|MUELLER, JOERG")]
    [InlineData("4711", "Müller, Jörg")]
    [InlineData("471", "Müller, Jörg|Müllerin, Eva")]
    [InlineData("7", "Schmidt, Hans")]
    [InlineData("r0000000007", "Schmidt, Hans")]
    [InlineData("1.2.1970", "Schmidt, Hans")]
    [InlineData("von der Leyen", "von der Leyen, Max")]
    [InlineData("chmidt", "")]
    [InlineData("%", "")]
    [InlineData("*", "")]
    public async Task The_search_finds_beginnings_of_names_and_numbers(string search, string expected)
    {
        await using var server = await TestServer.StartAsync();
        (string Name, string Id, string Accession, string Born)[] people =
        [
            ("Müller^Jörg", "4711", "", "19580307"), ("MUELLER^JOERG", "P1", "", "19580307"), ("Müllerin^Eva", "4712", "", "19580307"),
            ("Schmidt^Hans", "P2", "R0000000007", "19700201"), ("von der Leyen^Max", "P3", "", ""),
        ];
        for (var i = 0; i < people.Length; i++)
        {
            var (name, id, accession, born) = people[i];
            await PagesKit.StoreAsync(server, PagesKit.Image(name, id, study: $"1.2.3.{i + 1}", time: $"10{30 - i}00", accession: accession, born: born));
        }
        var page = await GetAsync(server, "/?q=" + Uri.EscapeDataString(search));
        Assert.Equal(expected.Split('|', StringSplitOptions.RemoveEmptyEntries), Names(page));
    }

    [Fact]
    public async Task The_language_is_german_then_what_the_browser_prefers_then_what_somebody_chose()
    {
        await using var server = await TestServer.StartAsync();
        using var handler = new HttpClientHandler { UseCookies = false };
        using var browser = new HttpClient(handler) { BaseAddress = server.Http.BaseAddress };
        async Task<string> LanguageAsync(string path, string? accept = null, string? cookie = null)
        {
            using var answer = await AskAsync(browser, path, accept, cookie);
            return HtmlLanguage().Match(await answer.Content.ReadAsStringAsync(Ct)).Groups[1].Value;
        }
        Assert.Equal("de", await LanguageAsync("/"));
        Assert.Equal("en", await LanguageAsync("/", "en-US,en;q=0.9"));
        Assert.Equal("de", await LanguageAsync("/", "fr,de;q=0.8,en;q=0.7"));
        Assert.Equal("de", await LanguageAsync("/", "fr"));
        Assert.Equal("de", await LanguageAsync("/", "en;q=0"));
        Assert.Equal("en", await LanguageAsync("/?lang=en", "de"));
        Assert.Equal("en", await LanguageAsync("/", "de", "lang=en"));
        Assert.Equal("de", await LanguageAsync("/?lang=xx", "de"));

        using var chosen = await AskAsync(browser, "/?lang=en");
        Assert.StartsWith("lang=en; ", Assert.Single(chosen.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
        using var plain = await AskAsync(browser, "/");
        Assert.False(plain.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Pages_need_no_script_nothing_inline_and_nobody_else()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        var list = await GetAsync(server, "/");
        var study = await GetAsync(server, Link(list, "/studien/"));
        var instance = await GetAsync(server, Link(study, "/instanzen/"));
        foreach (var path in new[] { "/", "/?q=zzz", Link(list, "/studien/"), Link(study, "/instanzen/"), Link(instance, "/serien/"), "/probleme", "/nichts" })
        {
            using var answer = await AskAsync(server, path);
            var page = await answer.Content.ReadAsStringAsync(Ct);
            Assert.Contains("default-src 'self'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
            Assert.DoesNotMatch(ForeignScript + @"|<style|\sstyle=|\son[a-z]+=|javascript:", page);
            // a program of this machine may be started; nothing is fetched from elsewhere
            Assert.DoesNotMatch(@"(?:href|src)=""(?!weasis:)(?:[a-z]+:|//)", page);
            Assert.Single(Heading().Matches(page));
        }
    }

    [Fact]
    public async Task The_style_sheet_has_its_fingerprint_in_its_name()
    {
        await using var server = await TestServer.StartAsync();
        var style = StyleLink().Match(await GetAsync(server, "/")).Groups[1].Value;
        using var answer = await server.Http.GetAsync(new Uri(style, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/css", answer.Content.Headers.ContentType?.MediaType);
        Assert.Matches(@"^/pacs\.[a-z0-9]+\.css$", style);
    }

    [Fact]
    public async Task A_second_image_under_the_same_uid_is_a_problem_to_look_at()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Contains("Alles in Ordnung", await GetAsync(server, "/probleme"), StringComparison.Ordinal);
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg").Set(DicomTag.StudyDescription, "anders"));
        Assert.Contains("1 Problem braucht Aufmerksamkeit.", await GetAsync(server, "/"), StringComparison.Ordinal);
        var problems = await GetAsync(server, "/probleme");
        Assert.Contains("Dasselbe Bild kam noch einmal mit anderem Inhalt", problems, StringComparison.Ordinal);
        Assert.Contains("Ultraschallbild", await GetAsync(server, Link(problems, "/instanzen/")), StringComparison.Ordinal);

        // somebody has looked: the first copy stays, the second goes, and nobody is asked any more
        Assert.Contains("Die andere Fassung wird endgültig entfernt.", problems, StringComparison.Ordinal);
        var index = server.Services.GetRequiredService<IndexReader>();
        var conflict = Assert.Single(await index.ConflictsAsync(10, Ct));
        await PostAsync(server, "/probleme?handler=Settle", ("id", $"{conflict.Id}"));
        Assert.Contains("Alles in Ordnung", await GetAsync(server, "/probleme"), StringComparison.Ordinal);
        Assert.Equal(conflict.Key, Assert.Single(await index.ReadAsync((db, ct) => db.Trash.Select(t => t.Key).ToListAsync(ct), Ct)));
        Assert.Contains("Müller, Jörg", await GetAsync(server, "/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gdt_file_that_failed_is_given_up_once_and_for_good()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["GdtGenerator:Enable"] = "false" });
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        var study = ResourceId.ForStudy("4711", "1.2.3.1");
        await server.Services.GetRequiredService<IndexWriter>().WriteAsync(async (db, ct) =>
        {
            db.GdtFiles.Add(new GdtFile { Receiver = "desk", Kind = GdtKind.Study, Resource = study, Path = "/gdt/R1.gdt", State = GdtState.Failed, Error = "<b>no</b>", At = DateTimeOffset.UnixEpoch });
            await Task.CompletedTask;
        }, Ct);
        var page = await GetAsync(server, "/probleme");
        Assert.Contains("desk erfährt dann nichts von dieser Untersuchung (Müller, Jörg)", page, StringComparison.Ordinal);
        Assert.Contains("GDT gescheitert", await GetAsync(server, "/"), StringComparison.Ordinal);
        await PostAsync(server, "/probleme?handler=Drop", ("receiver", "desk"), ("kind", GdtKind.Study), ("resource", study.ToString()), ("revision", "0"));
        Assert.Contains("Alles in Ordnung", await GetAsync(server, "/probleme"), StringComparison.Ordinal);
        Assert.DoesNotContain("GDT gescheitert", await GetAsync(server, "/"), StringComparison.Ordinal);
        Assert.Contains("verworfen", await GetAsync(server, $"/studien/{study}?tab=verlauf"), StringComparison.Ordinal);
        // what was handed over stays handed over
        var files = server.Services.GetRequiredService<GdtFiles>();
        Assert.False(await files.DropAsync(new GdtKey("desk", GdtKind.Study, study, 0), Ct));
    }

    [Fact]
    public async Task Parked_events_and_gdt_files_that_fail_are_problems_to_look_at()
    {
        // nobody else delivers the file meanwhile
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["GdtGenerator:Enable"] = "false" });
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        var study = ResourceId.ForStudy("4711", "1.2.3.1");
        var writer = server.Services.GetRequiredService<IndexWriter>();
        await writer.WriteAsync(async (db, ct) =>
        {
            db.GdtFiles.Add(new GdtFile { Kind = "test", Resource = study, Path = "/gdt/R0000000001.gdt", State = "ready", Attempts = 2, Error = "no such share <x>", At = DateTimeOffset.UnixEpoch });
            db.ParkedEvents.Add(new ParkedEvent { Consumer = "test", Seq = 1, Attempts = 3, DueAt = DateTimeOffset.MaxValue.AddYears(-1), Error = "DicomException" });
            await Task.CompletedTask;
        }, Ct);
        var page = await GetAsync(server, "/probleme");
        Assert.Contains("R0000000001.gdt", page, StringComparison.Ordinal);
        Assert.Contains("no such share &lt;x&gt;", page, StringComparison.Ordinal);
        Assert.Contains("DicomException", page, StringComparison.Ordinal);
        Assert.Contains($"/studien/{study}", page, StringComparison.Ordinal);
        Assert.Contains("2 Probleme brauchen Aufmerksamkeit.", await GetAsync(server, "/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_said_and_the_rest_of_the_page_stays()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        foreach (var file in Directory.EnumerateFiles(server.Options.StorageDirectory, "*.dcm", SearchOption.AllDirectories))
        {
            File.Delete(file);
        }
        var page = await GetAsync(server, $"/instanzen/{ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1")}");
        Assert.Contains("Die Datei lässt sich nicht lesen", page, StringComparison.Ordinal);
        Assert.Contains("Müller, Jörg", page, StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> AskAsync(TestServer server, string path) => AskAsync(server.Http, path);

    private static async Task<HttpResponseMessage> AskAsync(HttpClient http, string path, string? acceptLanguage = null, string? cookie = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/html,application/xhtml+xml;q=0.9");
        if (acceptLanguage is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept-Language", acceptLanguage);
        }
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }
        return await http.SendAsync(request, Ct);
    }

    private static async Task PostAsync(TestServer server, string path, params (string Name, string Value)[] fields)
    {
        using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), new FormUrlEncodedContent(fields.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))), Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task<string> GetAsync(TestServer server, string path)
    {
        using var answer = await AskAsync(server, path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private static string Link(string page, string start) =>
        Regex.Match(page, $"href=\"({start}[0-9a-f-]+)\"") is { Success: true } link ? link.Groups[1].Value : throw new InvalidOperationException($"No link to {start}");

    private static string? Follow(string page, string rel) =>
        Regex.Match(page, $"<a rel=\"{rel}\"[^>]*href=\"([^\"]+)\"") is { Success: true } link ? WebUtility.HtmlDecode(link.Groups[1].Value) : null;

    private static string[] Names(string page) => [.. Name().Matches(page).Select(m => WebUtility.HtmlDecode(m.Groups[1].Value))];

    [GeneratedRegex("<bdi class=\"name\">([^<]*)</bdi>")]
    private static partial Regex Name();

    [GeneratedRegex("class=\"thumb\" href=\"/instanzen/")]
    private static partial Regex InstanceLink();

    [GeneratedRegex("<html lang=\"([a-z]+)\"")]
    private static partial Regex HtmlLanguage();

    [GeneratedRegex("<h1[ >]")]
    private static partial Regex Heading();

    [GeneratedRegex("rel=\"stylesheet\" href=\"([^\"]+)\"")]
    private static partial Regex StyleLink();
}
