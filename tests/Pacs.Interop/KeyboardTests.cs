using Microsoft.Playwright;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>The work of an office without a mouse, and the keys that somebody chooses himself.</summary>
public sealed class KeyboardTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_patient_is_searched_looked_at_measured_and_marked()
    {
        await using var office = await ViewerOffice.OpenAsync(Slices(), Ct);
        var page = await office.PageAsync("/");
        var keys = new Keyboardist(page);
        await keys.PressAsync("s");
        Assert.True(await keys.HasAsync("#q"));
        await keys.TypeAsync("sabine"); // the letters are text now
        await page.WaitForURLAsync("**/?q=sabine");
        await page.Locator("#list-news:not(:empty)").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
        var list = page.Url;
        await keys.PressAsync("ArrowDown");
        await keys.SeenAsync();
        await keys.PressAsync("Enter");
        await page.WaitForURLAsync("**/studien/*-*");
        var study = page.Url;
        await keys.PressAsync("v");
        await page.WaitForURLAsync("**/viewer?study=*");
        await page.Locator(".corner.bl:has-text('Bild 1 von 3')").WaitForAsync();
        await page.Locator("#presets:not([disabled])").WaitForAsync();
        Assert.True(await keys.HasAsync("canvas"));
        await keys.SeenAsync();

        // a window, by arrows and by name
        await keys.PressAsync("1", "Shift+ArrowRight");
        await page.WaitForFunctionAsync("() => { const text = document.querySelector('.corner.bl').textContent; return text.includes('Fenster 300 / ') && !text.includes('/ 700'); }");
        await keys.PressAsync("w");
        await page.Locator(".corner.bl:has-text('Fenster 300 / 700')").WaitForAsync();

        // 20 pixels of 2 mm
        await keys.PressAsync("l", "Enter", "Enter", "Shift+ArrowRight", "Shift+ArrowRight", "Enter");
        await page.Locator("#status:has-text('Länge 40,0 mm')").WaitForAsync();
        await keys.PressAsync("m");
        await page.Locator("#measured[open]").WaitForAsync();
        Assert.True(await page.EvaluateAsync<bool>("document.querySelector('#measured').contains(document.activeElement)"));
        await keys.SeenAsync();
        await keys.PressAsync("Escape");
        Assert.True(await keys.HasAsync("canvas"), "the focus is where it was");
        await keys.PressAsync("k");
        await page.Locator("#status:has-text('Gemerkt: 1')").WaitForAsync();

        await keys.PressAsync("Escape"); // away with the cross
        Assert.Contains("/viewer?", page.Url, StringComparison.Ordinal);
        await keys.PressAsync("Escape");
        await page.WaitForURLAsync(study);
        Assert.True(await page.GetByText("★ Gemerkt").IsVisibleAsync());
        await keys.PressAsync("p");
        await page.WaitForURLAsync("**/drucken?studie=*");
        await keys.PressAsync("Escape");
        await page.WaitForURLAsync(study);
        await keys.FollowAsync("a[href^='/serien/']", "**/serien/*");
        await keys.PressAsync("p");
        await page.WaitForURLAsync("**/drucken?serie=*");
        await keys.PressAsync("Escape");
        await page.WaitForURLAsync(study);
        // whatever was looked at in between, back is the list as it was left, and the row
        await keys.FollowAsync("a[href$='tab=tags']", "**?tab=tags");
        await keys.PressAsync("Escape");
        await page.WaitForURLAsync(list);
        Assert.True(await keys.HasAsync("tr[data-id] .patient a"));
        await keys.SeenAsync();
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task A_row_of_the_list_is_ticked_unfolded_downloaded_printed_and_opened_in_Weasis()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        var page = await PageAsync(office);
        await page.GotoAsync("/");
        var keys = new Keyboardist(page);
        await keys.PressAsync("d", "p", "x", "w"); // no row has the focus: nothing to do
        Assert.True(await page.EvaluateAsync<bool>("location.pathname === '/' && !document.querySelector('#liste input:checked')"));
        await keys.PressAsync("j", "J", "k");
        await keys.SeenAsync();
        var id = await page.EvaluateAsync<string>("document.activeElement.closest('tr').dataset.id");
        Assert.Equal(id, await page.Locator("tr[data-id]").First.GetAttributeAsync("data-id"));
        await keys.PressAsync("x");
        Assert.True(await page.Locator($"tr[data-id='{id}'] input").IsCheckedAsync());

        await keys.PressAsync("ArrowRight");
        await page.Locator("tr.inside a").First.WaitForAsync();
        await keys.TabToAsync("tr.inside a");
        await keys.PressAsync("Escape"); // closes what is open; the list stays
        Assert.Equal(0, await page.Locator("tr.inside").CountAsync());
        Assert.True(await keys.HasAsync($"tr[data-id='{id}'] .patient a"));

        var zip = await page.RunAndWaitForDownloadAsync(() => keys.PressAsync("d"));
        Assert.Equal("Studie.zip", zip.SuggestedFilename);
        Assert.True(await keys.HasAsync($"tr[data-id='{id}'] .patient a"));
        var weasis = new TaskCompletionSource<(int Status, string Location)>();
        await page.RouteAsync("**/studien/weasis?id=*", async route =>
        {
            // not to the browser, which would ask whether it may start a program
            var answer = await route.FetchAsync(new RouteFetchOptions { MaxRedirects = 0 });
            await route.FulfillAsync(new RouteFulfillOptions { Status = 204 });
            weasis.SetResult((answer.Status, answer.Headers["location"]));
        });
        await keys.PressAsync("w");
        var (status, location) = await weasis.Task.WaitAsync(Ct);
        Assert.Equal(302, status);
        Assert.StartsWith("weasis://?%24dicom%3Ars", location, StringComparison.Ordinal);
        await keys.PressAsync("p");
        await page.WaitForURLAsync($"**/drucken?studie={id}");

        // Ctrl+K searches, also out of a field; the browser does not get it
        await page.GotoAsync("/arbeitsliste/neu");
        await keys.TabToAsync("#LastName");
        await keys.TypeAsync("svwdpk?");
        Assert.Equal("svwdpk?", await page.Locator("#LastName").InputValueAsync());
        await keys.PressAsync("Control+k");
        Assert.True(await keys.HasAsync("#q"));
        // what is typed is not left by a slip
        await keys.PressAsync("Tab", "Escape");
        Assert.EndsWith("/arbeitsliste/neu", page.Url, StringComparison.Ordinal);
        await page.Locator("#LastName").FillAsync("");
        await keys.PressAsync("Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab"); // out of the text fields
        await keys.TabToAsync("button[type=submit]");
        await keys.PressAsync("Escape");
        await page.WaitForURLAsync("**/arbeitsliste");
    }

    [Fact]
    public async Task Settings_orders_problems_and_studies_are_dealt_with()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        var page = await PageAsync(office);
        var keys = new Keyboardist(page);
        await page.GotoAsync("/");
        await keys.FollowAsync(".sections a[href='/einstellungen']", "**/einstellungen");
        await keys.TabToAsync("main input[type=text]");
        await keys.PressAsync("Control+a");
        await keys.TypeAsync("Praxis ohne Maus");
        await keys.TabToAsync("main .actions button");
        await keys.PressAsync("Enter");
        await page.GetByRole(AriaRole.Status).Filter(new() { HasText = "Gespeichert" }).WaitForAsync();
        Assert.Equal("Praxis ohne Maus", await page.Locator("a.brand").InnerTextAsync());

        await keys.FollowAsync(".sections a[href='/arbeitsliste']", "**/arbeitsliste");
        await keys.FollowAsync("a[href='/arbeitsliste/neu']", "**/arbeitsliste/neu");
        await keys.TabToAsync("#LastName");
        await keys.TypeAsync("Tast");
        await keys.TabToAsync("#FirstName");
        await keys.TypeAsync("Tabea");
        await keys.TabToAsync("#BirthDate");
        await keys.TypeAsync("07071958"); // the browser asks for day and month in the order of its own language
        await keys.TabToAsync("#Sex");
        await keys.TypeAsync("w"); // weiblich
        await keys.TabToAsync("#PatientId");
        await keys.TypeAsync("4799");
        await keys.TabToAsync("#Station");
        if ((await page.Locator("#Station").InputValueAsync()).Length == 0)
        {
            await keys.TypeAsync("SONO");
        }
        await keys.PressAsync("Enter");
        await page.GetByRole(AriaRole.Status).Filter(new() { HasText = "Tast, Tabea" }).WaitForAsync();
        Assert.Contains("07.07.1958", await page.Locator("tr:has-text('Tast, Tabea')").InnerTextAsync(), StringComparison.Ordinal);

        await keys.FollowAsync(".sections a[href='/probleme']", "**/probleme");
        await keys.TabToAsync(".sure > summary");
        await keys.PressAsync("Enter");
        await keys.TabToAsync(".sure[open] button");
        await keys.PressAsync("Escape"); // changed his mind
        Assert.True(await keys.HasAsync(".sure:not([open]) > summary"));
        await keys.PressAsync("Enter");
        await keys.TabToAsync(".sure[open] button");
        await keys.PressAsync("Enter");
        await page.WaitForFunctionAsync("() => !document.querySelector('#conflicts')");

        await keys.FollowAsync(".sections a[href='/']", office.Server.Address.ToString());
        await keys.PressAsync("j", "Enter");
        await page.WaitForURLAsync("**/studien/*-*");
        var study = page.Url.Split('/')[^1];
        await keys.FollowAsync("a.danger", "**/studien/loeschen?id=*");
        await keys.PressAsync("Escape"); // changed his mind
        await page.WaitForURLAsync(office.Server.Address.ToString());
        Assert.True(await keys.HasAsync($"tr[data-id='{study}'] .patient a"));
        await keys.PressAsync("Enter");
        await page.WaitForURLAsync("**/studien/*-*");
        await keys.FollowAsync("a.danger", "**/studien/loeschen?id=*");
        await keys.TabToAsync("button.danger");
        await keys.PressAsync("Enter");
        await page.WaitForURLAsync(url => !url.Contains("loeschen", StringComparison.Ordinal));
        await page.GotoAsync("/");
        Assert.Equal(0, await page.Locator($"tr[data-id='{study}']").CountAsync());
    }

    [Theory]
    [InlineData("de-DE", 1280)]
    [InlineData("en-GB", 360)]
    public async Task The_tabulator_gets_everywhere_shows_where_it_is_and_gets_out_again(string language, int width)
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        var page = await PageAsync(office, language, width);
        var wrong = new List<string>();
        // one of each kind, and on a phone list, tabs, form and viewer
        var paths = (await office.PathsAsync()).Where(p => !p.Contains('?', StringComparison.Ordinal) || p.StartsWith("/viewer", StringComparison.Ordinal));
        foreach (var path in width > 1000 ? paths : paths.Where((p, i) => i < 2 || p is "/arbeitsliste/neu" || p.StartsWith("/viewer", StringComparison.Ordinal)))
        {
            await page.GotoAsync(path);
            if (path.StartsWith("/viewer", StringComparison.Ordinal))
            {
                await page.Locator("[data-do=key]:not([disabled])").WaitForAsync(); // the tools know what they can do
                await page.Locator("#slider:not([disabled])").WaitForAsync();
            }
            wrong.AddRange((await new Keyboardist(page).WalkAsync()).Select(w => $"{path}: {w}"));
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(60)));
    }

    [Fact]
    public async Task The_tools_can_be_reached_where_the_first_of_them_can_do_nothing()
    {
        // a report is no image: nothing of it is marked or saved
        var report = SampleFiles.Header("Schicht^Sabine", "4720", "1.2.276.0.12.1", "SR", "SR", DicomUid.ComprehensiveSRStorage, 1)
            .Set(DicomTag.ValueType, "CONTAINER").Set(DicomTag.ContinuityOfContent, "SEPARATE").Set(DicomTag.CompletionFlag, "COMPLETE").Set(DicomTag.VerificationFlag, "UNVERIFIED");
        await using var office = await ViewerOffice.OpenAsync([report], Ct);
        var page = await office.PageAsync("/viewer?accession=SR");
        await page.Locator(".pane iframe").WaitForAsync();
        Assert.True(await page.Locator("[data-do=key]").IsDisabledAsync());
        var keys = new Keyboardist(page);
        await page.Locator(".back").FocusAsync();
        await keys.TabToAsync("[role=toolbar] button");
        for (var i = 0; i < 8 && !await keys.HasAsync("[data-do=help]"); i++)
        {
            await keys.PressAsync("ArrowRight");
        }
        await keys.PressAsync("Enter");
        await page.Locator("#help[open]").WaitForAsync();
    }

    [Fact]
    public async Task Keys_are_chosen_switched_off_and_set_back()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using var context = await ContextAsync(office, "de-DE", 1280);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        var keys = new Keyboardist(page);
        await keys.PressAsync("?");
        var help = page.Locator("#help");
        await page.Locator("#help[open]").WaitForAsync();
        Assert.True(await page.EvaluateAsync<bool>("document.querySelector('#help').contains(document.activeElement)"));
        Assert.Empty(await keys.WalkAsync());

        // taken, not to be given, and then B
        await keys.TabToAsync("[data-action=view]");
        await keys.PressAsync("Enter");
        Assert.Contains("Neue Taste für „Bilder ansehen“", await help.GetByRole(AriaRole.Status).InnerTextAsync(), StringComparison.Ordinal);
        await keys.PressAsync("s");
        Assert.Equal("„S“ gehört schon zu „Suchen“. Bitte eine andere Taste drücken.", await help.GetByRole(AriaRole.Status).InnerTextAsync());
        foreach (var fixedKey in new[] { "ArrowDown", "Enter", "Space", "F5", "Home", "Alt+x" })
        {
            await keys.PressAsync(fixedKey);
            Assert.Contains("lässt sich nicht vergeben", await help.GetByRole(AriaRole.Status).InnerTextAsync(), StringComparison.Ordinal);
        }
        await keys.PressAsync("b");
        Assert.Equal("„Bilder ansehen“ hat jetzt die Taste „B“.", await help.GetByRole(AriaRole.Status).InnerTextAsync());
        Assert.Equal("B", await page.Locator("[data-action=view] kbd").InnerTextAsync());
        // Esc leaves a key as it is, and the dialog open; then it closes the dialog
        await keys.PressAsync("Enter", "Escape");
        Assert.Equal("B", await page.Locator("[data-action=view] kbd").InnerTextAsync());
        // Tab does, too: no trap
        await keys.PressAsync("Enter", "Tab");
        Assert.Equal("B", await page.Locator("[data-action=view] kbd").InnerTextAsync());
        Assert.Equal(0, await page.Locator(".waiting").CountAsync());
        // an F key, and none
        await keys.TabToAsync("[data-action=zip]");
        await keys.PressAsync("Enter", "F2");
        await keys.TabToAsync("[data-action=print]");
        await keys.PressAsync("Enter", "Delete");
        Assert.Equal("–", await page.Locator("[data-action=print] kbd").InnerTextAsync());
        await keys.PressAsync("Escape");
        Assert.False(await help.IsVisibleAsync());

        // it holds on other pages, and buttons say so
        await keys.PressAsync("j", "Enter");
        await page.WaitForURLAsync("**/studien/*-*");
        Assert.Equal((string?[])["b", null, "w", "F2"], new[]
        {
            await page.Locator("[data-do=view]").GetAttributeAsync("aria-keyshortcuts"), await page.Locator("[data-do=print]").GetAttributeAsync("aria-keyshortcuts"),
            await page.Locator("[data-do=weasis]").GetAttributeAsync("aria-keyshortcuts"), await page.Locator("[data-do=zip]").GetAttributeAsync("aria-keyshortcuts"),
        });
        await keys.PressAsync("v", "p");
        await page.RunAndWaitForDownloadAsync(() => keys.PressAsync("F2")); // on the same page: neither V nor P has led away

        // the viewer has its own; a tool's digit is nobody else's
        await keys.PressAsync("b");
        await page.WaitForURLAsync("**/viewer?study=*");
        await page.Locator(".pane canvas[aria-label*='von']").WaitForAsync();
        var invert = page.Locator("[data-do=invert]");
        Assert.Equal("Invertieren (I)", await invert.GetAttributeAsync("title"));
        await keys.PressAsync("?");
        await keys.TabToAsync("[data-action=invert]");
        await keys.PressAsync("Enter", "4");
        Assert.Equal("„4“ gehört schon zu „Länge“. Bitte eine andere Taste drücken.", await help.GetByRole(AriaRole.Status).InnerTextAsync());
        await keys.PressAsync("n", "Escape");
        Assert.True(await keys.HasAsync("canvas"), "the focus is where it was");
        Assert.Equal("Invertieren (N)", await invert.GetAttributeAsync("title"));
        await keys.PressAsync("i");
        Assert.Equal("false", await invert.GetAttributeAsync("aria-pressed"));
        await keys.PressAsync("n");
        Assert.Equal("true", await invert.GetAttributeAsync("aria-pressed"));

        // off: neither letter nor digit nor sign does anything, in no tab; what is no character still does
        var other = await context.NewPageAsync();
        await other.GotoAsync("/");
        await keys.PressAsync("?");
        await keys.TabToAsync("#help input[type=checkbox]");
        await keys.PressAsync("Space", "Escape");
        Assert.Equal((string?[])["Invertieren", "Länge", "Abspielen (Leertaste)"], new[]
        {
            await invert.GetAttributeAsync("title"), await page.Locator("[data-tool=length]").GetAttributeAsync("title"), await page.Locator("[data-do=cine]").GetAttributeAsync("title"),
        });
        await keys.PressAsync("n", "4", "+", "?");
        Assert.Equal("true", await invert.GetAttributeAsync("aria-pressed"));
        Assert.Equal("false", await page.Locator("[data-tool=length]").GetAttributeAsync("aria-pressed"));
        Assert.False(await help.IsVisibleAsync());
        await other.WaitForFunctionAsync("() => document.querySelector('#q').getAttribute('aria-keyshortcuts') === 'Control+K'"); // it has heard of it
        await other.Keyboard.PressAsync("s");
        Assert.False(await new Keyboardist(other).HasAsync("#q"));
        await other.Keyboard.PressAsync("Control+k");
        Assert.True(await new Keyboardist(other).HasAsync("#q"));

        // back to what it was: the button is there without keys
        await keys.PressAsync("Escape");
        await page.WaitForURLAsync("**/studien/*-*");
        await keys.TabToAsync(".foot [data-do=help]");
        await keys.PressAsync("Enter");
        await keys.TabToAsync("[data-reset]");
        await keys.PressAsync("Enter");
        Assert.True(await page.Locator("#help input[type=checkbox]").IsCheckedAsync());
        Assert.Equal("V", await page.Locator("[data-action=view] kbd").InnerTextAsync());
        await keys.PressAsync("Escape");
        Assert.True(await keys.HasAsync(".foot [data-do=help]"), "the focus is where it was");
        await keys.PressAsync("v");
        await page.WaitForURLAsync("**/viewer?study=*");
    }

    [Fact]
    public async Task Keys_work_where_the_browser_keeps_nothing_or_rubbish()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using (var context = await ContextAsync(office, "de-DE", 1280))
        {
            var page = await context.NewPageAsync();
            var complaints = new List<string>();
            page.PageError += (_, e) => complaints.Add(e);
            await page.AddInitScriptAsync("for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });");
            await page.GotoAsync("/");
            var keys = new Keyboardist(page);
            await keys.PressAsync("?");
            await keys.TabToAsync("[data-action=search]");
            await keys.PressAsync("Enter", "z", "Escape", "z");
            Assert.True(await keys.HasAsync("#q"), "it holds until the page goes");
            await keys.PressAsync("ArrowDown", "Enter");
            await page.WaitForURLAsync("**/studien/*-*");
            await keys.PressAsync("Escape");
            await page.WaitForURLAsync(office.Server.Address.ToString());
            Assert.Empty(complaints);
        }
        foreach (var rubbish in new[] { "{", "null", "7", """{"off":"yes","pages":null}""", """{"pages":{"search":5,"view":"Enter","zip":"s","gone":"x"}}""" })
        {
            await using var context = await ContextAsync(office, "de-DE", 1280);
            var page = await context.NewPageAsync();
            var complaints = new List<string>();
            page.PageError += (_, e) => complaints.Add(e);
            await page.GotoAsync("/status");
            await page.EvaluateAsync("kept => localStorage.setItem('pacs.keys', kept)", rubbish);
            await page.GotoAsync("/");
            await page.Keyboard.PressAsync("s");
            // in the last somebody has given S to something else
            Assert.Equal(!rubbish.Contains("zip", StringComparison.Ordinal), await new Keyboardist(page).HasAsync("#q"));
            Assert.Empty(complaints);
        }
    }

    private static async Task<IPage> PageAsync(BrowserOffice office, string language = "de-DE", int width = 1280) => await (await ContextAsync(office, language, width)).NewPageAsync();

    private static Task<IBrowserContext> ContextAsync(BrowserOffice office, string language, int width) => office.Browser.NewContextAsync(new BrowserNewContextOptions
    {
        BaseURL = office.Server.Address.ToString(),
        Locale = language,
        ReducedMotion = ReducedMotion.Reduce,
        ViewportSize = new ViewportSize { Width = width, Height = 800 },
    });

    private static IEnumerable<DicomDataset> Slices() =>
        Enumerable.Range(1, 3).Select(number => ViewerOffice.Slice(number, "1.2.276.0.12.2", "CT", 1, ["0", "0", $"{number * 5}"], ["1", "0", "0", "0", "1", "0"], "1.2.276.0.12.3"));
}
