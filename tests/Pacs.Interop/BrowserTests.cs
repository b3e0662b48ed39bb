using System.Text.Json;
using Microsoft.Playwright;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>The pages in a real browser: what it complains about, and what somebody could not read or reach.</summary>
public sealed class BrowserTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_page_can_be_read_in_every_look_and_language()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        var paths = await office.PathsAsync();
        var complaints = new List<string>();
        // each look in each language, each width in each language: the rest would be the same once more
        foreach (var (language, scheme, width) in new[] { ("de-DE", ColorScheme.Light, 1280), ("en-GB", ColorScheme.Dark, 1280), ("de-DE", ColorScheme.Dark, 320), ("en-GB", ColorScheme.Light, 390) })
        {
            await using var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions
            {
                BaseURL = office.Server.Address.ToString(),
                Locale = language,
                ColorScheme = scheme,
                ViewportSize = new ViewportSize { Width = width, Height = 800 },
            });
            var page = await context.NewPageAsync();
            var where = "";
            page.Console += (_, m) => { if (m.Type is "error" or "warning") { complaints.Add($"{where}: console: {m.Text}"); } };
            page.PageError += (_, e) => complaints.Add($"{where}: {e}");
            page.RequestFailed += (_, r) => complaints.Add($"{where}: {r.Url} failed");
            page.Request += (_, r) => { if (!r.Url.StartsWith(office.Server.Address.ToString(), StringComparison.Ordinal)) { complaints.Add($"{where}: asks {r.Url}"); } };
            foreach (var path in paths)
            {
                where = $"{path} {language} {scheme} {width}";
                await page.GotoAsync(path);
                var found = await page.EvaluateAsync<JsonElement>(PageChecks.Script);
                complaints.AddRange(found.EnumerateArray().Select(c => $"{where}: {c.GetString()}"));
                Assert.Equal(language[..2], await page.EvaluateAsync<string>("document.documentElement.lang"));
            }
        }
        var all = string.Join('\n', complaints.Distinct().Take(40));
        Assert.True(all.Length == 0, all);
    }

    [Fact]
    public async Task The_keyboard_alone_gets_to_an_image()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        var page = await office.Browser.NewPageAsync(new BrowserNewPageOptions { BaseURL = office.Server.Address.ToString() });
        await page.GotoAsync("/");
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("#inhalt", await page.EvaluateAsync<string>("document.activeElement.getAttribute('href')"));
        Assert.True(await page.EvaluateAsync<bool>("document.activeElement.getBoundingClientRect().top >= 0"), "the skip link shows when it has the focus");
        await page.Keyboard.PressAsync("Enter");
        await TabToAsync(page, "/studien/");
        Assert.NotEqual("none", await page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/studien/**");
        await TabToAsync(page, "/serien/");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/serien/**");
        await TabToAsync(page, "/instanzen/");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/instanzen/**");
        Assert.True(await page.GetByText("(0010,0010)").IsVisibleAsync());
    }

    [Fact]
    public async Task Search_and_download_work_without_javascript()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = office.Server.Address.ToString(),
            JavaScriptEnabled = false,
            Locale = "de-DE",
        });
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Searchbox).FillAsync("mueller");
        await page.GetByRole(AriaRole.Button, new() { Name = "Suchen" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Müller, Jörg", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Serie 1" }).ClickAsync();
        await page.Locator("table.instances").GetByRole(AriaRole.Link, new() { Name = "Ultraschallbild" }).First.ClickAsync();
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "Als DICOM-Datei laden" }).ClickAsync());
        Assert.Equal("Müller^Jörg", DicomFile.Open((await download.PathAsync())!).Dataset.GetString(DicomTag.PatientName));
    }

    [Fact]
    public async Task The_worklist_works_without_javascript()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = office.Server.Address.ToString(),
            JavaScriptEnabled = false,
            Locale = "de-DE",
        });
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Arbeitsliste" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Neuer Eintrag" }).ClickAsync();
        var form = page.Locator("form.form");
        await form.GetByLabel("Vorname").FillAsync("Jörg");
        await form.GetByLabel("Geburtsdatum").FillAsync("1958-03-07");
        await form.GetByLabel("Geschlecht").SelectOptionAsync("M");
        await form.GetByLabel("Patientennummer").FillAsync("4711");
        await form.GetByLabel("Was untersucht wird").FillAsync("Abdomen");
        await page.GetByRole(AriaRole.Button, new() { Name = "Eintrag anlegen" }).ClickAsync();
        // the family name is missing: it is said there, and what was typed is still there
        Assert.Equal("true", await form.GetByLabel("Nachname").GetAttributeAsync("aria-invalid"));
        Assert.Equal("Jörg", await form.GetByLabel("Vorname").InputValueAsync());
        await form.GetByLabel("Nachname").FillAsync("Müller");
        await page.GetByRole(AriaRole.Button, new() { Name = "Eintrag anlegen" }).ClickAsync();
        Assert.Contains("Müller, Jörg", await page.GetByRole(AriaRole.Status).InnerTextAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Row, new() { Name = "Müller, Jörg" }).GetByRole(AriaRole.Link, new() { Name = "Ändern" }).ClickAsync();
        await form.GetByLabel("Was untersucht wird").FillAsync("Schilddrüse");
        await page.GetByRole(AriaRole.Button, new() { Name = "Änderung speichern" }).ClickAsync();
        Assert.True(await page.GetByRole(AriaRole.Cell, new() { Name = "Schilddrüse" }).IsVisibleAsync());
        await page.GetByRole(AriaRole.Row, new() { Name = "Müller, Jörg" }).GetByRole(AriaRole.Link, new() { Name = "Löschen" }).ClickAsync();
        Assert.True(await page.GetByText("Müller, Jörg").IsVisibleAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Eintrag löschen" }).ClickAsync();
        await page.WaitForURLAsync("**/arbeitsliste");
        Assert.Equal(0, await page.GetByText("Müller, Jörg").CountAsync());
    }

    [Fact]
    public async Task A_device_that_called_is_taken_over_tested_and_removed_without_javascript()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = office.Server.Address.ToString(),
            JavaScriptEnabled = false,
            Locale = "de-DE",
        });
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Geräte" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Übernehmen STORESCU" }).ClickAsync(); // dcmtk has sent the studies of this office
        await page.GetByLabel("Port").FillAsync("99999");
        await page.GetByRole(AriaRole.Button, new() { Name = "Speichern" }).ClickAsync();
        Assert.True(await page.GetByText("Ein Port ist eine Zahl von 1 bis 65535").IsVisibleAsync());
        Assert.Equal("99999", await page.GetByLabel("Port").InputValueAsync());
        await page.GetByLabel("Port").FillAsync("1"); // nobody listens there
        await page.GetByRole(AriaRole.Button, new() { Name = "Speichern" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Prüfen STORESCU" }).ClickAsync();
        Assert.Contains("nicht erreichbar", await page.GetByRole(AriaRole.Status).TextContentAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Link, new() { Name = "Entfernen STORESCU" }).ClickAsync();
        await page.GetByLabel("Name des Geräts").FillAsync("STORESCU");
        await page.GetByRole(AriaRole.Button, new() { Name = "Entfernen" }).ClickAsync();
        Assert.True(await page.GetByRole(AriaRole.Heading, new() { Name = "Unbekannte Geräte" }).IsVisibleAsync());
    }

    [Fact]
    public async Task Settings_are_changed_and_set_back_without_javascript()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = office.Server.Address.ToString(),
            JavaScriptEnabled = false,
            Locale = "de-DE",
        });
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Einstellungen" }).ClickAsync();
        await page.GetByLabel("Name der Praxis").FillAsync("");
        await page.GetByRole(AriaRole.Button, new() { Name = "Speichern" }).ClickAsync();
        Assert.Equal("true", await page.GetByLabel("Name der Praxis").GetAttributeAsync("aria-invalid"));
        await page.GetByLabel("Name der Praxis").FillAsync("Praxis Dr. Beispiel");
        await page.GetByRole(AriaRole.Button, new() { Name = "Speichern" }).ClickAsync();
        Assert.Contains("Gespeichert", await page.GetByRole(AriaRole.Status).InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal("Praxis Dr. Beispiel", await page.Locator("a.brand").InnerTextAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Zurücksetzen Name der Praxis" }).ClickAsync();
        Assert.Equal("Pacs", await page.Locator("a.brand").InnerTextAsync());

        await page.GetByRole(AriaRole.Link, new() { Name = "Weiterleitung" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Neue Regel" }).ClickAsync();
        await page.GetByLabel("Name der Regel").FillAsync("Alles");
        await page.GetByLabel("archive").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Ausprobieren" }).ClickAsync();
        Assert.Contains("passt auf", await page.GetByRole(AriaRole.Status).InnerTextAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new() { Name = "Speichern" }).ClickAsync();
        await page.Locator("summary", new() { HasText = "Entfernen … Alles" }).ClickAsync();
        Assert.True(await page.GetByText("Nach der Regel „Alles“ wird dann nichts mehr weitergesandt.").IsVisibleAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Regel entfernen" }).ClickAsync();
        Assert.Equal(0, await page.GetByText("Alles", new() { Exact = true }).CountAsync());

        await page.GetByRole(AriaRole.Link, new() { Name = "Anmeldung" }).ClickAsync();
        var users = page.Locator("form[action='?handler=User']");
        await users.GetByLabel("Benutzername").FillAsync("praxis");
        await users.GetByLabel("Passwort", new() { Exact = true }).FillAsync("geheim-genug");
        await users.GetByLabel("Passwort noch einmal").FillAsync("geheim-genug");
        await users.GetByRole(AriaRole.Button, new() { Name = "Speichern" }).ClickAsync();
        await page.Locator("summary", new() { HasText = "Entfernen … praxis" }).ClickAsync();
        Assert.True(await page.GetByText("praxis kann sich dann nicht mehr anmelden.").IsVisibleAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Benutzer entfernen" }).ClickAsync();
        Assert.Contains("entfernt", await page.GetByRole(AriaRole.Status).InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_patient_is_corrected_and_studies_are_labelled_without_javascript()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = office.Server.Address.ToString(),
            JavaScriptEnabled = false,
            Locale = "de-DE",
        });
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Müller, Jörg", Exact = true }).ClickAsync();
        await page.GetByLabel("Neues Kennzeichen").FillAsync("Kontrolle");
        await page.GetByRole(AriaRole.Button, new() { Name = "Anbringen" }).ClickAsync();
        Assert.True(await page.GetByRole(AriaRole.Button, new() { Name = "Kontrolle entfernen" }).IsVisibleAsync());
        await page.GetByRole(AriaRole.Link, new() { Name = "Patient korrigieren" }).ClickAsync();
        await page.GetByLabel("Nachname").FillAsync("");
        await page.GetByRole(AriaRole.Button, new() { Name = "Korrigieren", Exact = true }).ClickAsync();
        Assert.Equal("true", await page.GetByLabel("Nachname").GetAttributeAsync("aria-invalid"));
        await page.GetByLabel("Nachname").FillAsync("Cohen");
        await page.GetByLabel("Vorname").FillAsync("David");
        await page.GetByRole(AriaRole.Button, new() { Name = "Korrigieren", Exact = true }).ClickAsync();
        Assert.True(await page.GetByRole(AriaRole.Heading, new() { Name = "Cohen, David" }).IsVisibleAsync());
        Assert.Contains("Geändert von 127.0.0.1", await page.Locator(".history").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal("Name: Müller, Jörg → Cohen, David", await page.Locator(".history .changes li").InnerTextAsync());
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Kontrolle" }).ClickAsync();
        Assert.Equal(1, await page.Locator("tr[data-id]").CountAsync());
        await page.GetByRole(AriaRole.Link, new() { Name = "Cohen, David", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Kontrolle entfernen" }).ClickAsync();
        Assert.Equal(0, await page.GetByText("Kontrolle", new() { Exact = true }).CountAsync());
        await page.GotoAsync("/papierkorb");
        Assert.True(await page.GetByText("Müller, Jörg").First.IsVisibleAsync());
    }

    [Fact]
    public async Task A_new_server_is_set_up_and_sees_its_first_device()
    {
        Tool.Require("storescu", BrowserOffice.Chromium);
        await using var server = ServerProcess.Create(("GdtGenerator", new Dictionary<string, object> { ["Enable"] = true })); // as yet without a folder
        await server.StartAsync(Ct);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await BrowserOffice.LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = server.Address.ToString(),
            Locale = "de-DE",
            HttpCredentials = new HttpCredentials { Username = "praxis", Password = "geheim-genug" },
        });
        var page = await context.NewPageAsync();
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Jetzt einrichten" }).ClickAsync();
        await page.GetByLabel("Name der Praxis").FillAsync("Praxis am Markt");
        await page.GetByRole(AriaRole.Button, new() { Name = "Weiter" }).ClickAsync();
        await page.GetByLabel("Benutzername").FillAsync("praxis");
        await page.GetByLabel("Passwort", new() { Exact = true }).FillAsync("geheim-genug");
        await page.GetByLabel("Passwort noch einmal").FillAsync("geheim-genug");
        await page.GetByRole(AriaRole.Button, new() { Name = "Benutzer anlegen" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Praxissoftware" }).WaitForAsync();
        // the folder of the practice software, tried with the eyes of the service before it is kept
        var folder = Directory.CreateDirectory(Path.Join(server.Folder, "praxissoftware")).FullName;
        await page.GetByLabel("Importverzeichnis").FillAsync(folder + "-nicht-da");
        await page.GetByRole(AriaRole.Button, new() { Name = "Verzeichnisse prüfen" }).ClickAsync();
        await page.GetByText("Gespeichert ist nichts").WaitForAsync();
        await page.GetByLabel("Importverzeichnis").FillAsync(folder);
        await page.GetByRole(AriaRole.Button, new() { Name = "Verzeichnisse prüfen" }).ClickAsync();
        await page.GetByText("Schreiben, Umbenennen und Löschen gehen").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Empfänger anlegen" }).ClickAsync();
        await page.Locator("ul.users").GetByText(folder).WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Weiter" }).ClickAsync();
        await page.GetByText("Noch ist kein Bild angekommen").WaitForAsync();
        using var samples = new SampleFiles().Add("Müller^Jörg", "4711", "1.2.276.0.1");
        await samples.SendAsync(server.DicomPort, Ct);
        await page.GetByText("Das erste Bild ist da").WaitForAsync(); // nobody touches the page
        await page.GetByText("Ein Gerät hat sich gemeldet: STORESCU").WaitForAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Weiter" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Einrichtung abschließen" }).ClickAsync();
        Assert.Equal("Praxis am Markt", await page.Locator("a.brand").InnerTextAsync());
        await page.GotoAsync("/einrichten");
        await page.WaitForURLAsync("**/einstellungen");
        using var stranger = new HttpClient { BaseAddress = server.Address };
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await stranger.GetAsync(new Uri("/", UriKind.Relative), Ct)).StatusCode);
    }

    [Fact]
    public async Task What_is_dropped_on_any_page_is_uploaded()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = office.Server.Address.ToString(), Locale = "de-DE" });
        var page = await context.NewPageAsync();
        using var samples = new SampleFiles().Add("Abgelegt^Anton", "4720", "1.2.276.0.20");
        await page.GotoAsync("/status");
        await DropAsync(page, "bild.dcm", "application/dicom", await File.ReadAllBytesAsync(samples.Paths[0], Ct));
        await page.WaitForURLAsync("**/hochladen?abgelegt=1");
        await page.GetByRole(AriaRole.Button, new() { Name = "Hochladen (Dateien: 1)" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Abgelegt, Anton" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Abgelegt, Anton" }).WaitForAsync();
        // a document dropped on a study goes to it
        await DropAsync(page, "befund.pdf", "application/pdf", System.Text.Encoding.ASCII.GetBytes("%PDF-1.4\n%%EOF\n"));
        await page.WaitForURLAsync("**/hochladen?studie=*abgelegt=1");
        await page.Locator(".upload-list a").WaitForAsync();
        // nothing stays in the browser
        await page.ReloadAsync();
        Assert.Equal(0, await page.EvaluateAsync<int>("async () => (await (await import('/dropped.js')).take()).length"));
    }

    private static Task DropAsync(IPage page, string name, string type, byte[] content) => page.EvaluateAsync("""
        ([name, type, content]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(content), c => c.charCodeAt(0))], name, { type }));
          const target = document.querySelector('main');
          target.dispatchEvent(new DragEvent('dragover', { dataTransfer: transfer, bubbles: true, cancelable: true }));
          if (!document.body.classList.contains('dropping')) throw new Error('the page does not say that it takes files');
          target.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }
        """, new[] { name, type, Convert.ToBase64String(content) });

    private static async Task TabToAsync(IPage page, string link)
    {
        for (var i = 0; i < 60; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<bool>("start => (document.activeElement.getAttribute('href') ?? '').startsWith(start)", link))
            {
                return;
            }
        }
        Assert.Fail($"no way to {link} with the tabulator");
    }
}
