using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Tests.Web;

/// <summary>What takes something away is asked for by its name first, or can be undone by one click.</summary>
public sealed partial class DestructivePagesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_receiver_and_a_profile_are_removed_after_a_question_with_their_name()
    {
        await using var server = await TestServer.StartAsync();
        var profiles = Directory.CreateDirectory(server.Services.GetRequiredService<GdtOptions>().ProfileDirectory!).FullName;
        await File.WriteAllTextAsync(Path.Join(profiles, "eigen.json"), """{"Profile":"medistar"}""", Ct);
        await server.RestartAsync();
        using (var made = await server.Http.PostAsync("/gdt/empfaenger/bearbeiten", new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["Form.Name"] = "tresen",
            ["Form.Folder"] = server.Folder,
            ["Form.Profile"] = "medistar",
            ["Form.Trigger"] = "FirstInstance",
            ["Form.Delivery"] = "AtOnce",
            ["Form.AttachImages"] = "0",
            ["Form.SheetImages"] = "0",
        }), Ct))
        {
            Assert.True(made.IsSuccessStatusCode, await made.Content.ReadAsStringAsync(Ct));
        }
        AssertAsks(await GetAsync(server, "/gdt/empfaenger/bearbeiten/tresen"), "handler=Remove", "„tresen“");
        AssertAsks(await GetAsync(server, "/gdt/profile/eigen"), "handler=Delete", "„eigen“");
    }

    [Fact]
    public async Task A_label_that_slipped_off_is_back_by_one_click_and_many_are_asked_for()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        var study = ResourceId.ForStudy("4711", "1.2.3.1");
        var labels = server.Services.GetRequiredService<Labels>();
        await labels.AddAsync(Level.Study, study, ["Befunden"], Ct);
        AssertAsks(await GetAsync(server, $"/studien/kennzeichen?id={study}"), "handler=Remove", "„Befunden“ von 1 Studie");
        string page;
        using (var removed = await PostAsync(server, "/studien/kennzeichen?handler=Remove", ("id", $"{study}"), ("zurueck", "studie"), ("name", "Befunden")))
        {
            page = await removed.Content.ReadAsStringAsync(Ct);
        }
        Assert.Contains("Kennzeichen „Befunden“ entfernt.", page, StringComparison.Ordinal);
        var undo = Regex.Match(page, "<form method=\"post\" class=\"notice good undo\".*?</form>", RegexOptions.Singleline).Value;
        var fields = Field().Matches(undo).Select(m => (m.Groups["name"].Value, m.Groups["value"].Value)).ToArray();
        using (var back = await PostAsync(server, Regex.Match(undo, "action=\"([^\"]+)\"").Groups[1].Value, fields))
        {
            page = await back.Content.ReadAsStringAsync(Ct);
        }
        Assert.Contains("kennzeichen=Befunden", page, StringComparison.Ordinal);
        Assert.DoesNotContain("entfernt.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("notice good undo", await GetAsync(server, $"/studien/{study}?ohne=Befunden"), StringComparison.Ordinal); // it is there
    }

    // the form's own button is behind a summary, with a sentence that says whom it is about
    private static void AssertAsks(string page, string handler, string named)
    {
        var form = Regex.Match(page, $"<form[^>]*{Regex.Escape(handler)}[^>]*>.*?</form>", RegexOptions.Singleline).Value;
        Assert.Contains("<details class=\"sure\">", form, StringComparison.Ordinal);
        Assert.Contains(named, WebUtility.HtmlDecode(form[..form.IndexOf("<button", StringComparison.Ordinal)]), StringComparison.Ordinal);
        Assert.True(form.IndexOf("<button", StringComparison.Ordinal) > form.IndexOf("<details", StringComparison.Ordinal));
        Assert.Matches("<button[^>]* danger\"", form);
    }

    private static async Task<string> GetAsync(TestServer server, string path)
    {
        using var answer = await server.Http.GetAsync(path, Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    private static Task<HttpResponseMessage> PostAsync(TestServer server, string path, params (string Name, string Value)[] fields) =>
        server.Http.PostAsync(path, new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value))), Ct);

    [GeneratedRegex("<input type=\"hidden\" name=\"(?<name>[^\"]+)\" value=\"(?<value>[^\"]*)\"")]
    private static partial Regex Field();
}
