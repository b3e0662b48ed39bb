using System.IO.Compression;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Pacs.Interop;

/// <summary>The work of an office in a browser without JavaScript: all of it but the viewer and uploading. Orders, devices, settings and corrections are in <see cref="BrowserTests"/>.</summary>
public sealed class NoScriptTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Studies_are_sorted_ticked_loaded_deleted_and_restored()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        var page = await PageAsync(office);
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Patient", Exact = true }).ClickAsync();
        Assert.Equal("ascending", await page.Locator("th:has-text('Patient')[aria-sort]").First.GetAttributeAsync("aria-sort"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Mit Problem" }).ClickAsync();
        Assert.Equal(1, await page.Locator("tr[data-id]").CountAsync());
        await page.GetByRole(AriaRole.Link, new() { Name = "Alle", Exact = true }).ClickAsync();
        Assert.Equal(4, await page.Locator("tr[data-id]").CountAsync());

        await TickAsync(page, "Müller, Jörg");
        await TickAsync(page, "<b>Schmidt</b>, Hans");
        Assert.False(await page.GetByText("ausgewählt", new() { Exact = true }).IsVisibleAsync()); // nobody has counted
        var zip = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Als ZIP laden" }).ClickAsync());
        using (var archive = ZipFile.OpenRead((await zip.PathAsync())!))
        {
            Assert.Equal(3, archive.Entries.Count);
        }
        await page.GetByRole(AriaRole.Button, new() { Name = "Löschen …" }).ClickAsync();
        Assert.Equal(2, await page.Locator(".picked-studies li").CountAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "2 Studien in den Papierkorb" }).ClickAsync();
        await page.GotoAsync("/");
        Assert.Equal(2, await page.Locator("tr[data-id]").CountAsync());

        await page.GetByRole(AriaRole.Link, new() { Name = "Papierkorb" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Wiederherstellen Müller, Jörg" }).ClickAsync();
        await page.GotoAsync("/papierkorb");
        await page.Locator("summary", new() { HasText = "<b>Schmidt</b>, Hans" }).ClickAsync();
        await page.Locator(".sure[open] button").ClickAsync();
        Assert.True(await page.GetByRole(AriaRole.Heading, new() { Name = "Der Papierkorb ist leer" }).IsVisibleAsync());
        await page.GotoAsync("/");
        Assert.True(await page.GetByRole(AriaRole.Link, new() { Name = "Müller, Jörg", Exact = true }).IsVisibleAsync());
        Assert.Equal(3, await page.Locator("tr[data-id]").CountAsync());
    }

    [Fact]
    public async Task A_study_is_read_through_printed_and_sent_and_its_job_taken_off_the_list()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        var page = await PageAsync(office);
        await page.GotoAsync("/?q=4711");
        await page.GetByRole(AriaRole.Link, new() { Name = "Müller, Jörg", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Verlauf" }).ClickAsync();
        Assert.True(await page.Locator(".history li").CountAsync() > 0);
        await page.GetByRole(AriaRole.Link, new() { Name = "DICOM-Tags" }).ClickAsync();
        Assert.True(await page.GetByText("(0010,0010)").IsVisibleAsync());
        Assert.False(await page.GetByRole(AriaRole.Button, new() { Name = "Tasten" }).IsVisibleAsync()); // there are none
        await page.Locator(".actions").GetByRole(AriaRole.Link, new() { Name = "Drucken" }).ClickAsync();
        await page.WaitForURLAsync("**/drucken?studie=*");
        Assert.Equal(2, await page.Locator("figure img").CountAsync());
        Assert.Equal(0, await page.GetByRole(AriaRole.Button).CountAsync()); // the browser prints, no button that does nothing
        await page.GetByRole(AriaRole.Link, new() { NameRegex = new Regex("Zur Studie$") }).ClickAsync();
        await page.WaitForURLAsync("**/studien/*");

        await page.GetByRole(AriaRole.Link, new() { Name = "Senden …" }).ClickAsync();
        await page.GetByRole(AriaRole.Radio, new() { Name = "archive" }).CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Senden", Exact = true }).ClickAsync();
        await page.GotoAsync("/auftraege");
        // the rule of the office has jobs for the same place, too
        while (await page.Locator("[formaction='?handler=Cancel']").CountAsync() > 0)
        {
            await page.Locator("[formaction='?handler=Cancel']").First.ClickAsync();
        }
        Assert.True(await page.Locator(".sure > summary").CountAsync() > 0);
        while (await page.Locator(".sure > summary").CountAsync() > 0)
        {
            await page.Locator(".sure > summary").First.ClickAsync();
            await page.Locator(".sure[open] button").ClickAsync();
        }
        Assert.True(await page.GetByRole(AriaRole.Heading, new() { Name = "Keine Aufträge" }).IsVisibleAsync());
    }

    [Fact]
    public async Task Problems_are_settled_and_what_went_to_the_practice_software_is_read_and_sent_again()
    {
        await using var office = await BrowserOffice.OpenAsync(Ct);
        var page = await PageAsync(office);
        await page.GotoAsync("/");
        await page.GetByRole(AriaRole.Link, new() { Name = "Ansehen", Exact = true }).ClickAsync();
        await page.Locator("#conflicts ~ * .sure > summary").ClickAsync();
        await page.Locator(".sure[open] button").ClickAsync();
        Assert.Equal(0, await page.Locator("#conflicts").CountAsync());

        await page.Locator(".sections").GetByRole(AriaRole.Link, new() { Name = "GDT" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Prüfen" }).ClickAsync();
        Assert.True(await page.GetByText("Schreiben, Umbenennen und Löschen gehen").IsVisibleAsync());
        await page.GetByRole(AriaRole.Link, new() { Name = "Offen oder gescheitert" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Alle", Exact = true }).ClickAsync();
        var sent = page.Locator("a[href^='/gdt/aus/']");
        var before = await sent.CountAsync();
        await sent.First.ClickAsync();
        Assert.Contains("6310", await page.Locator(".lines").InnerTextAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^Noch einmal") }).ClickAsync();
        await page.GotoAsync("/gdt");
        Assert.Equal(before + 1, await sent.CountAsync());

        await page.GetByRole(AriaRole.Link, new() { Name = "Status" }).ClickAsync();
        Assert.True(await page.GetByRole(AriaRole.Heading, new() { Name = "Verbindungen" }).IsVisibleAsync());
    }

    private static Task TickAsync(IPage page, string name) => page.Locator("tr[data-id]", new() { HasText = name }).GetByRole(AriaRole.Checkbox).CheckAsync();

    private static async Task<IPage> PageAsync(BrowserOffice office) => await (await office.Browser.NewContextAsync(new BrowserNewContextOptions
    {
        BaseURL = office.Server.Address.ToString(),
        JavaScriptEnabled = false,
        Locale = "de-DE",
        AcceptDownloads = true,
    })).NewPageAsync();
}
