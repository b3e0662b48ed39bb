using System.Text.Json;
using Microsoft.Playwright;

namespace Pacs.Interop;

/// <summary>Every page before axe-core, which knows WCAG 2.2 A and AA better than <see cref="PageChecks"/>: no violation in any look, language or width.</summary>
public sealed class AxeTests
{
    // WCAG 2.0 to 2.2, A and AA, and what axe's authors call best practice
    private static readonly string[] Everything = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

    // what else depends on colours and width
    private static readonly string[] OfLooks = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"];

    private const string Run = """
        async runOnly => {
          const found = await axe.run(document, { runOnly, resultTypes: ['violations'] });
          return { rules: found.passes.length, violations: found.violations.map(v => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 120)).join(' | ')}`) };
        }
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Axe_finds_nothing()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using var axe = await Axe.OpenAsync(office, "de-DE");
        foreach (var path in await office.PathsAsync())
        {
            await axe.Page.GotoAsync(path);
            await axe.LookAsync(path);
        }
        axe.Check();
    }

    [Fact]
    public async Task Axe_finds_nothing_where_a_log_in_is_asked_for()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct, withLogin: true);
        // who does not know the password, or cancels the browser's question
        await using (var stranger = await Axe.OpenAsync(office, "de-DE", credentials: null))
        {
            // a browser that nobody sits at does not show what comes with the question for a password: the question goes
            await stranger.Page.RouteAsync("**/arbeitsliste", async route =>
            {
                var refused = await route.FetchAsync();
                await route.FulfillAsync(new RouteFulfillOptions { Response = refused, Headers = refused.Headers.Where(h => h.Key != "www-authenticate") });
            });
            var answer = await stranger.Page.GotoAsync("/arbeitsliste");
            Assert.Equal(401, answer!.Status);
            Assert.True(await stranger.Page.GetByRole(AriaRole.Link, new() { NameRegex = new("^(Anmelden|Log in)$") }).IsVisibleAsync());
            Assert.Equal("grid", await stranger.Page.EvaluateAsync<string>("getComputedStyle(document.querySelector('main')).display")); // the style needs no password
            await stranger.LookAsync("401");
            stranger.Check();
        }
        await using var axe = await Axe.OpenAsync(office, "de-DE");
        var paths = await office.PathsAsync();
        // what a log-in changes: who is known, what he may, and the links with tokens
        foreach (var path in paths.Where(p => p is "/" or "/status" or "/geraete" or "/einstellungen/konfiguration" || p.StartsWith("/studien/", StringComparison.Ordinal) || p.StartsWith("/einstellungen/anmeldung", StringComparison.Ordinal) || p.StartsWith("/einrichten", StringComparison.Ordinal)))
        {
            Assert.True((await axe.Page.GotoAsync(path))!.Ok, path);
            await axe.LookAsync(path);
        }
        // what does not work says so on pages like the others
        foreach (var (path, status) in new[] { ("/gibt/es/nicht", 404), ("/?vor=x", 400), ("/fehler/500", 500), ("/fehler/403", 403) })
        {
            Assert.Equal(status, (await axe.Page.GotoAsync(path))!.Status);
            await axe.LookAsync(path);
        }
        // a user is entered, and one with a password that is too short is not
        await axe.Page.GotoAsync("/einstellungen/anmeldung");
        var users = axe.Page.Locator("form[action='?handler=User']");
        await users.Locator("input").First.FillAsync("arzt");
        foreach (var box in await users.Locator("input[type=password]").AllAsync())
        {
            await box.FillAsync("kurz");
        }
        await users.EvaluateAsync("form => { form.noValidate = true; }"); // the server says it, too
        await users.Locator("button").ClickAsync();
        await axe.Page.GetByRole(AriaRole.Alert).WaitForAsync();
        await axe.Page.Locator(".users .sure > summary").First.ClickAsync();
        await axe.LookAsync("/einstellungen/anmeldung, refused, and asked before a user goes");
        axe.Check();
    }

    [Fact]
    public async Task Axe_finds_nothing_in_what_opens()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using var axe = await Axe.OpenAsync(office, "en-GB");
        var page = axe.Page;

        // a study with its series, and two of them chosen
        await page.GotoAsync("/");
        await page.Locator(".unfold").First.ClickAsync();
        await page.Locator("tr.inside img").First.WaitForAsync();
        await page.Locator("input[name=id]").First.CheckAsync();
        await page.Locator("input[name=id]").Nth(1).CheckAsync();
        await page.Locator(".picked").WaitForAsync();
        await axe.LookAsync("an open study and a selection");

        // the keys, one of which is being chosen, and all of them off
        await page.Keyboard.PressAsync("?");
        await page.Locator("[data-action=view]").ClickAsync();
        await page.Keyboard.PressAsync("s");
        await axe.LookAsync("choosing a key");
        await page.Locator("#help input[type=checkbox]").ClickAsync();
        await axe.LookAsync("keys that are off");
        await page.Locator("button[data-reset]").ClickAsync();
        await page.Keyboard.PressAsync("Escape");

        // files over a page
        await page.EvaluateAsync("() => { const files = new DataTransfer(); files.items.add(new File(['x'], 'a.dcm')); document.body.dispatchEvent(new DragEvent('dragover', { bubbles: true, cancelable: true, dataTransfer: files })); }");
        Assert.True(await page.EvaluateAsync<bool>("document.body.classList.contains('dropping')"));
        await axe.LookAsync("files over a page");

        // a CD: what is on it, whose it is, and how far it is
        await page.GotoAsync("/hochladen");
        using (var cd = new SampleFiles().Add("<i>Fremd</i>^Fritz", "KH-1", "1.2.276.0.8.1").Add("Fremd^Frieda", "KH-2", "1.2.276.0.8.2"))
        {
            await page.Locator("#files").SetInputFilesAsync(cd.Paths);
            await page.Locator(".find [value=assign]").First.CheckAsync();
            await page.Locator(".assign input").First.WaitForAsync();
            await axe.LookAsync("what is on a CD");
            await page.Locator(".find [type=radio]").First.CheckAsync();
            await page.Locator("#upload-found .button:not(.quiet)").Last.ClickAsync();
            await page.Locator(".upload-list a").First.WaitForAsync();
            await axe.LookAsync("uploaded");
        }

        // what is asked before something goes: a job, a contradiction, a study in the bin
        await page.GotoAsync("/auftraege");
        while (await page.Locator("[formaction='?handler=Cancel']").CountAsync() > 0)
        {
            await page.Locator("[formaction='?handler=Cancel']").First.ClickAsync();
        }
        await page.Locator(".sure > summary").First.ClickAsync();
        await axe.LookAsync("taking a job off the list");
        await page.GotoAsync("/probleme");
        await page.Locator(".sure > summary").First.ClickAsync();
        await axe.LookAsync("settling a contradiction");
        await page.GotoAsync("/?q=4714");
        await page.GotoAsync((await page.Locator("a[href^='/studien/']").First.GetAttributeAsync("href"))!.Replace("/studien/", "/studien/loeschen?id=", StringComparison.Ordinal));
        await page.Locator("button.danger").ClickAsync();
        await page.Locator(".sure > summary").First.ClickAsync();
        await axe.LookAsync("removing from the bin");

        // a form that is not right yet, and a message of GDT
        await page.GotoAsync("/arbeitsliste/neu");
        await page.Locator("form.form button[type=submit]").ClickAsync();
        await page.Locator("[aria-invalid=true]").First.WaitForAsync();
        await axe.LookAsync("a form with mistakes");
        await page.GotoAsync("/gdt");
        await page.Locator("a[href^='/gdt/aus/']").First.ClickAsync();
        await page.Locator(".lines").WaitForAsync();
        await axe.LookAsync("a GDT message");
        axe.Check();
    }

    /// <summary>A page of a browser in which axe looks, and what it has found.</summary>
    private sealed class Axe(IBrowserContext context, IPage page, string script) : IAsyncDisposable
    {
        private readonly List<string> _complaints = [];

        public IPage Page => page;

        public static async Task<Axe> OpenAsync(BrowserOffice office, string language) => await OpenAsync(office, language, office.Credentials);

        public static async Task<Axe> OpenAsync(BrowserOffice office, string language, HttpCredentials? credentials)
        {
            var script = await File.ReadAllTextAsync(Tool.NodeModule(Path.Join("axe-core", "axe.min.js")), Ct);
            var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions
            {
                BaseURL = office.Server.Address.ToString(),
                Locale = language,
                ReducedMotion = ReducedMotion.Reduce,
                HttpCredentials = credentials,
            });
            return new Axe(context, await context.NewPageAsync(), script);
        }

        /// <summary>In the light and on a screen by every rule, then in the dark on a phone by those for which that makes a difference.</summary>
        public async Task LookAsync(string what)
        {
            await page.EvaluateAsync(script); // not by a script element: the Content Security Policy has nothing against what the browser's owner does
            foreach (var (width, look, rules) in new[] { (1280, ColorScheme.Light, Everything), (360, ColorScheme.Dark, OfLooks) })
            {
                await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = look });
                await page.SetViewportSizeAsync(width, 900);
                var found = await page.EvaluateAsync<JsonElement>(Run, rules);
                Assert.True(found.GetProperty("rules").GetInt32() > (rules == Everything ? 10 : 0), $"axe has not looked at {what}");
                _complaints.AddRange(found.GetProperty("violations").EnumerateArray().Select(v => $"{what}, {look}, {width}: {v.GetString()}"));
                var (shown, room) = (await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), await page.EvaluateAsync<int>("document.documentElement.clientWidth"));
                if (shown > room)
                {
                    _complaints.Add($"{what}: {shown} px wide where there are {room}");
                }
            }
            await page.SetViewportSizeAsync(1280, 900);
        }

        public void Check() => Assert.True(_complaints.Count == 0, string.Join('\n', _complaints));

        public ValueTask DisposeAsync() => context.DisposeAsync();
    }
}
