using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>The first start: offered while the server is empty, and over for ever when somebody has ended it; who comes second makes himself no user.</summary>
public sealed class SetupPagesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_offered_on_an_empty_server_and_never_again_when_it_is_over()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Contains("Jetzt einrichten", await GetAsync(server, "/"), StringComparison.Ordinal);
        foreach (var step in new[] { "", "?schritt=praxis", "?schritt=anmeldung", "?schritt=gdt", "?schritt=geraet", "?schritt=fertig" })
        {
            Assert.DoesNotContain("Setup.", await GetAsync(server, "/einrichten" + step), StringComparison.Ordinal);
        }
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync(new Uri("/einrichten?schritt=nichts", UriKind.Relative), Ct)).StatusCode);
        using (var wrong = await PostAsync(server, "/einrichten?handler=Practice", ("name", " ")))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
        }
        using (var named = await PostAsync(server, "/einrichten?handler=Practice", ("name", "Praxis <Dr.> Müller")))
        {
            Assert.Contains("schritt=anmeldung", named.RequestMessage!.RequestUri!.Query, StringComparison.Ordinal);
            Assert.Equal("Praxis <Dr.> Müller", server.Options.Name);
        }
        using (var over = await PostAsync(server, "/einrichten?handler=End"))
        {
            Assert.DoesNotContain("Jetzt einrichten", await over.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        await server.RestartAsync();
        Assert.DoesNotContain("Jetzt einrichten", await GetAsync(server, "/"), StringComparison.Ordinal);
        using var gone = await server.Http.GetAsync(new Uri("/einrichten?schritt=anmeldung", UriKind.Relative), Ct);
        Assert.Equal("/einstellungen", gone.RequestMessage!.RequestUri!.AbsolutePath);
        using (var late = await PostAsync(server, "/einrichten?handler=Login", ("name", "dieb"), ("password", "geheim-genug"), ("again", "geheim-genug")))
        {
            Assert.Empty(server.Options.RegisteredUsers);
            Assert.False(server.Options.AuthenticationEnabled);
        }
    }

    [Fact]
    public async Task The_first_user_is_made_once_and_is_asked_for_from_then_on()
    {
        await using var server = await TestServer.StartAsync();
        using (var wrong = await PostAsync(server, "/einrichten?handler=Login", ("name", "praxis"), ("password", "kurz"), ("again", "kurz")))
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
            Assert.Contains("value=\"praxis\"", await wrong.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }
        // two at the same moment: one of them is first
        var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(i => PostAsync(server, "/einrichten?handler=Login", ("name", $"praxis{i}"), ("password", $"geheim-genug{i}"), ("again", $"geheim-genug{i}"))));
        var user = Assert.Single(server.Options.RegisteredUsers);
        Assert.True(server.Options.AuthenticationEnabled);
        foreach (var answer in both)
        {
            answer.Dispose();
        }
        using (var second = await PostAsync(server, "/einrichten?handler=Login", ("name", "dieb"), ("password", "geheim-genug"), ("again", "geheim-genug")))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, second.StatusCode);
        }
        server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user.Name}:geheim-genug{user.Name[^1]}")));
        Assert.Contains("Es gibt schon Benutzer", await GetAsync(server, "/einrichten?schritt=anmeldung"), StringComparison.Ordinal);
        using var third = await PostAsync(server, "/einrichten?handler=Login", ("name", "dieb"), ("password", "geheim-genug"), ("again", "geheim-genug"));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, third.StatusCode);
        Assert.Same(user, Assert.Single(server.Options.RegisteredUsers));
    }

    [Fact]
    public async Task The_folder_of_the_practice_software_is_tried_and_kept()
    {
        var folder = Directory.CreateTempSubdirectory("pacs-test-").FullName;
        try
        {
            await using var server = await TestServer.StartAsync();
            (string, string)[] typed = [("Form.Name", "praxis"), ("Form.Profile", "medical-office"), ("Form.Folder", folder)];
            using (var wrong = await PostAsync(server, "/einrichten?handler=Gdt", ("Form.Name", "Ä"), ("Form.Profile", "medical-office"), ("Form.Folder", "not/absolute")))
            {
                Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);
                Assert.Contains("value=\"not/absolute\"", await wrong.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
            }
            using (var missing = await PostAsync(server, "/einrichten?handler=GdtCheck", ("Form.Name", "praxis"), ("Form.Profile", "medical-office"), ("Form.Folder", Path.Join(folder, "none"))))
            {
                Assert.Contains("Gespeichert ist nichts", await missing.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
            }
            using (var good = await PostAsync(server, "/einrichten?handler=GdtCheck", typed))
            {
                Assert.Contains("Löschen gehen", await good.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
            }
            var receivers = server.Services.GetRequiredService<GdtReceivers>();
            Assert.Empty(receivers.All);
            using (var kept = await PostAsync(server, "/einrichten?handler=Gdt", typed))
            {
                Assert.Contains(folder, await kept.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
            }
            var receiver = Assert.Single(receivers.All);
            Assert.Equal(("praxis", folder, "medical-office"), (receiver.Name, receiver.Folder, receiver.Settings.Profile));
            // the first one only: others have a page of their own
            using var second = await PostAsync(server, "/einrichten?handler=Gdt", ("Form.Name", "zweite"), ("Form.Profile", "medical-office"), ("Form.Folder", folder));
            Assert.Single(receivers.All);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_page_is_told_when_the_first_image_comes_and_who_sent_it()
    {
        await using var server = await TestServer.StartAsync();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        await using var stream = await server.Http.GetStreamAsync(new Uri("/einrichten/ereignisse", UriKind.Relative), limit.Token);
        using var lines = new StreamReader(stream);
        Assert.Equal("data: 0 0", await NextAsync());
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        Assert.Equal("data: 0 1", await NextAsync());
        Assert.Contains("Das erste Bild ist da", await GetAsync(server, "/einrichten?schritt=geraet"), StringComparison.Ordinal);

        async Task<string> NextAsync()
        {
            while (await lines.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.StartsWith("data:", StringComparison.Ordinal))
                {
                    return line;
                }
            }
            return "";
        }
    }

    private static async Task<string> GetAsync(TestServer server, string path) => await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct);

    private static async Task<HttpResponseMessage> PostAsync(TestServer server, string path, params (string Key, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Key, f.Value)));
        return await server.Http.PostAsync(new Uri(path, UriKind.Relative), form, Ct);
    }
}
