using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary><c>/gdt/profile</c>: profiles listed, copied, changed, tried and removed, on the pages and over REST.</summary>
public sealed class GdtProfilePagesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_profile_is_copied_changed_tried_and_removed()
    {
        await using var server = await StartAsync();
        Assert.Contains("medistar", await server.Http.GetStringAsync("/gdt/profile", Ct), StringComparison.Ordinal);
        Assert.Contains("readonly", await server.Http.GetStringAsync("/gdt/profile/medistar", Ct), StringComparison.Ordinal);

        var form = await FormAsync(server, "medistar");
        (form["Form.Name"], form["Form.SenderId"], form["Form.Description"]) = ("praxis", "SONO", "Für uns <b>");
        using (var saved = await PostAsync(server, "/gdt/profile/neu", form))
        {
            Assert.Equal("/gdt/profile/praxis", saved.RequestMessage!.RequestUri!.AbsolutePath);
            Assert.Contains("Gespeichert", await saved.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        // only what differs: a later version may know better about the rest
        var file = await File.ReadAllTextAsync(Path.Join(server.Folder, "gdt-profiles", "praxis.json"), Ct);
        Assert.Contains("\"SenderId\": \"SONO\"", file, StringComparison.Ordinal);
        Assert.DoesNotContain("ReceiverId", file, StringComparison.Ordinal);
        Assert.DoesNotContain("\"Study\"", file, StringComparison.Ordinal);

        form = await FormAsync(server, null, "praxis");
        form["Form.Study"] = form["Form.Study"].Replace("6228 {Text}", "6228 Neu: {Text}", StringComparison.Ordinal);
        await PagesKit.StoreAsync(server, PagesKit.Image("Doe^Jane", accession: "R1"));
        using (var preview = await PostAsync(server, "/gdt/profile/praxis?handler=Preview", form))
        {
            var page = await preview.Content.ReadAsStringAsync(Ct);
            Assert.Contains("Neu: R1 / US", page, StringComparison.Ordinal);
            Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("Neu:", await File.ReadAllTextAsync(Path.Join(server.Folder, "gdt-profiles", "praxis.json"), Ct), StringComparison.Ordinal);

        form["Form.Study"] = "8000 6310\n8402 {TestTyp}";
        using (var wrong = await PostAsync(server, "/gdt/profile/praxis?lang=en", form))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
            var page = await wrong.Content.ReadAsStringAsync(Ct);
            Assert.Contains("Line 2: There is no variable {TestTyp}.", page, StringComparison.Ordinal);
            Assert.Contains("href=\"#Study\"", page, StringComparison.Ordinal);
        }
        using (var removed = await PostAsync(server, "/gdt/profile/praxis?handler=Delete", []))
        {
            Assert.Equal("/gdt/profile", removed.RequestMessage!.RequestUri!.AbsolutePath);
        }
        Assert.False(File.Exists(Path.Join(server.Folder, "gdt-profiles", "praxis.json")));
    }

    [Fact]
    public async Task A_built_in_profile_and_a_name_that_is_taken_are_refused()
    {
        await using var server = await StartAsync();
        var form = await FormAsync(server, "medistar");
        foreach (var (path, name) in new[] { ("/gdt/profile/medistar", "medistar"), ("/gdt/profile/neu", "turbomed"), ("/gdt/profile/neu", "../x") })
        {
            form["Form.Name"] = name;
            using var answer = await PostAsync(server, path, form);
            Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.UnprocessableEntity, $"{path} {name}: {answer.StatusCode}");
        }
        form["Form.Name"] = "a";
        using var first = await PostAsync(server, "/gdt/profile/neu", form);
        using var second = await PostAsync(server, "/gdt/profile/neu", form);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, second.StatusCode);
        Assert.Contains("gibt es schon", await second.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_REST_a_profile_is_kept_refused_and_removed()
    {
        await using var server = await StartAsync();
        using var put = await server.Http.PutAsJsonAsync("/gdt/profiles/praxis", new { Profile = "gdt-3.1", SenderId = "SONO" }, Ct);
        Assert.Equal(HttpStatusCode.NoContent, put.StatusCode);
        Assert.Equal("SONO", server.Services.GetRequiredService<GdtReceivers>().Profiles.Find("praxis")!.SenderId);
        Assert.Contains("\"senderId\":\"SONO\"", await server.Http.GetStringAsync("/gdt/profiles/praxis", Ct), StringComparison.Ordinal);
        using var wrong = await server.Http.PutAsJsonAsync("/gdt/profiles/praxis", new { Profile = "gdt-3.1", CharacterSet = "EBCDIC" }, Ct);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
        Assert.Contains("\"field\":\"CharacterSet\"", await wrong.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        using var unknown = await server.Http.PutAsJsonAsync("/gdt/profiles/praxis", new { Colour = "red" }, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
        using var removed = await server.Http.DeleteAsync("/gdt/profiles/praxis", Ct);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        using var builtIn = await server.Http.DeleteAsync("/gdt/profiles/gdt-2.1", Ct);
        Assert.Equal(HttpStatusCode.NotFound, builtIn.StatusCode);
    }

    [Fact]
    public async Task Reasons_are_said_in_the_language_of_the_page()
    {
        await using var server = await StartAsync(new() { ["GdtGenerator:Receivers"] = """[ { "Name": "weg", "Folder": "/proc/nirgends", "MarkerFile": "da" } ]""" });
        Assert.Contains("Das Verzeichnis ist nicht da.", await server.Http.GetStringAsync("/gdt?pruefen=weg", Ct), StringComparison.Ordinal);
        Assert.Contains("The folder is not there.", await server.Http.GetStringAsync("/gdt?pruefen=weg&lang=en", Ct), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_reason_and_problem_has_words()
    {
        foreach (var language in (string[])["de", "en"])
        {
            PagesKit.Speak(language);
            Assert.All(GdtReasons.Names.Values.Append("Attachments").Append("TooLong"), n => Assert.False(PagesKit.Texts["GdtReason." + n].ResourceNotFound, n));
            Assert.All(Enum.GetNames<GdtProblemKind>(), n => Assert.False(PagesKit.Texts["GdtProblem." + n].ResourceNotFound, n));
        }
    }

    private static Task<TestServer> StartAsync(Dictionary<string, string>? more = null)
    {
        more ??= [];
        more["GdtGenerator:IncomingDir"] = "gdt";
        return TestServer.StartAsync(more);
    }

    private static async Task<HttpResponseMessage> PostAsync(TestServer server, string path, Dictionary<string, string> form)
    {
        using var content = new FormUrlEncodedContent(form);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        return await server.Http.SendAsync(request, Ct);
    }

    // what a browser would send for a profile as it is shown
    private static async Task<Dictionary<string, string>> FormAsync(TestServer server, string? copyOf, string? name = null)
    {
        var receivers = server.Services.GetRequiredService<GdtReceivers>();
        var whole = GdtProfile.TryCreate(new GdtProfileData { Profile = copyOf ?? name }, receivers.Profiles, [])!.Data;
        var form = Pacs.Web.Pages.GdtProfileForm.Of(name ?? "", copyOf ?? receivers.Profiles.Find(name!)!.Profile!, whole);
        var page = WebUtility.HtmlDecode(await server.Http.GetStringAsync(name is null ? $"/gdt/profile/neu?von={copyOf}" : $"/gdt/profile/{name}", Ct));
        var fields = new Dictionary<string, string>();
        foreach (var property in typeof(Pacs.Web.Pages.GdtProfileForm).GetProperties())
        {
            var value = property.GetValue(form) is bool flag ? (flag ? "true" : "") : (string?)property.GetValue(form) ?? "";
            if (value.Length > 0)
            {
                Assert.Contains(value.Split('\n')[0], page, StringComparison.Ordinal);
                fields["Form." + property.Name] = value.Replace("\n", "\r\n", StringComparison.Ordinal);
            }
        }
        return fields;
    }
}
