using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using Pacs.Dicom;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>
/// What people do on the pages, in a real browser: cines in thumbnails, images chosen for paper, two versions of an image, measured values as curves, devices, settings. Each page is kept as a picture in
/// <c>artifacts/seiten</c>, light and dark, wide and as narrow as a telephone, German and English.
/// </summary>
public sealed class PagesInUseTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Folder { get; } = Directory.CreateDirectory(Path.Join(Repository.Root, "artifacts", "seiten")).FullName;

    [Fact]
    public async Task A_cine_moves_for_who_points_at_it_and_images_are_chosen_for_paper()
    {
        Tool.Require("storescu", BrowserOffice.Chromium);
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        using (var samples = new SampleFiles().Add(Picture(1, frames: 40)).Add(Picture(2)).Add(Picture(3)))
        {
            await samples.SendAsync(server.DicomPort, Ct);
        }
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await BrowserOffice.LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(Wide(server));
        var page = await context.NewPageAsync();
        var frames = new HashSet<string>(StringComparer.Ordinal);
        page.Request += (_, r) => { if (r.Url.Contains("/bilder/", StringComparison.Ordinal)) { frames.Add(new Uri(r.Url).AbsolutePath); } };
        var series = await SeriesAsync(page);
        await page.GotoAsync(series);
        var cine = page.Locator("a.cine");
        var still = await cine.Locator("img").GetAttributeAsync("src");
        Assert.Equal(3, frames.Count); // one small picture each, nothing else
        await cine.HoverAsync();
        await page.WaitForFunctionAsync("was => document.querySelector('a.cine img').getAttribute('src') !== was", still);
        await page.WaitForFunctionAsync("() => document.querySelector('a.cine.moving')");
        Assert.InRange(frames.Count, 3, 3 + 12);
        await page.Mouse.MoveAsync(5, 5);
        await page.WaitForFunctionAsync("was => document.querySelector('a.cine img').getAttribute('src') === was", still);
        Assert.Equal(0, await page.Locator("a.cine.moving").CountAsync());
        // by keyboard, and it ends by itself
        await cine.FocusAsync();
        await page.Keyboard.PressAsync("Shift+Tab");
        await page.Keyboard.PressAsync("Tab");
        await page.WaitForFunctionAsync("() => document.querySelector('a.cine.moving')");
        await page.WaitForFunctionAsync("was => !document.querySelector('a.cine.moving') && document.querySelector('a.cine img').getAttribute('src') === was", still);
        Assert.True(await cine.EvaluateAsync<bool>("e => e === document.activeElement"));

        await page.GetByLabel("drucken: Bild 2").CheckAsync();
        await page.GetByLabel("drucken: Bild 3").CheckAsync();
        await KeepAsync(page, "serie");
        await page.GetByRole(AriaRole.Button, new() { Name = "Drucken" }).ClickAsync();
        Assert.Equal(2, await page.Locator("figure img").CountAsync());
        Assert.Empty(await WrongAsync(page));

        await using var calm = await browser.NewContextAsync(new BrowserNewContextOptions(Wide(server)) { ReducedMotion = ReducedMotion.Reduce });
        var quiet = await calm.NewPageAsync();
        await quiet.GotoAsync(series);
        await quiet.EvaluateAsync("() => { window.changes = 0; new MutationObserver(() => window.changes++).observe(document.querySelector('a.cine img'), { attributes: true }); }");
        await quiet.Locator("a.cine").HoverAsync();
        await quiet.WaitForTimeoutAsync(1000);
        Assert.Equal(0, await quiet.EvaluateAsync<int>("window.changes"));
    }

    [Fact]
    public async Task Every_page_of_decisions_can_be_read_and_does_what_it_says()
    {
        Tool.Require("storescu", BrowserOffice.Chromium);
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        using (var samples = new SampleFiles().Add(Picture(1)).Add(Picture(1, dark: true).Set(DicomTag.StudyDescription, "Schilddrüse").Set(DicomTag.PatientName, "Mustermann^Maximilian")))
        {
            foreach (var (date, weeks) in new[] { ("20260105", 14), ("20260216", 20), ("20260330", 26), ("20260427", 30), ("20260525", 34) })
            {
                samples.Add(Fetus(date, weeks));
            }
            await samples.SendAsync(server.DicomPort, Ct);
        }
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await BrowserOffice.LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(Wide(server));
        var page = await context.NewPageAsync();
        await page.GotoAsync("/?q=4713");
        var measured = (await page.Locator("a[href^='/studien/']").First.GetAttributeAsync("href"))! + "?tab=messwerte";
        await page.GotoAsync(measured);
        Assert.Equal(4, await page.Locator("figure.plot svg").CountAsync());
        await page.GotoAsync("/probleme");
        await page.GetByRole(AriaRole.Link, new() { Name = "Vergleichen" }).ClickAsync();
        var compare = new Uri(page.Url).AbsolutePath;
        await LookAsync(browser, server, ("messwerte", measured), ("vergleich", compare), ("probleme", "/probleme"), ("status", "/status"), ("geraete", "/geraete"), ("konfiguration", "/einstellungen/konfiguration"));

        var before = await page.Locator(".versions section img").First.EvaluateAsync<string>(Pixels);
        await page.GetByRole(AriaRole.Button, new() { Name = "Diese Fassung übernehmen" }).ClickAsync();
        await page.GetByText("Die andere Fassung gilt jetzt.").WaitForAsync();
        Assert.Equal(before, await page.Locator(".versions section img").Last.EvaluateAsync<string>(Pixels));
        await page.GotoAsync("/geraete");
        await page.GetByRole(AriaRole.Button, new() { Name = "Ausblenden" }).ClickAsync();
        await page.GetByText("ist ausgeblendet").WaitForAsync();
        await KeepAsync(page, "geraete-ausgeblendet");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rückgängig" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Ausblenden" }).WaitForAsync();
        await page.GotoAsync("/einstellungen/archiv");
        await page.Locator("[name=BinDays]").FillAsync("14");
        await page.GetByRole(AriaRole.Button, new() { Name = "Speichern" }).ClickAsync();
        await page.GetByText("Das gilt ab jetzt").WaitForAsync();
        Assert.Empty(await WrongAsync(page));
        await KeepAsync(page, "einstellungen-gespeichert");
        await page.GetByRole(AriaRole.Button, new() { Name = "Rückgängig" }).ClickAsync();
        await page.GetByText("Rückgängig gemacht").WaitForAsync();
        Assert.Equal("30", await page.Locator("[name=BinDays]").InputValueAsync());
        await page.GotoAsync("/einstellungen/konfiguration");
        await page.GetByRole(AriaRole.Button, new() { Name = "Jetzt prüfen" }).ClickAsync();
        await page.GetByText("DICOM-Anschluss").WaitForAsync();
        Assert.Empty(await WrongAsync(page));
        await KeepAsync(page, "konfiguration-geprueft");
        await page.GotoAsync("/status");
        var waiting = page.WaitForDownloadAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Diagnosepaket laden" }).ClickAsync();
        Assert.EndsWith(".zip", (await waiting).SuggestedFilename, StringComparison.Ordinal);
    }

    private const string Pixels = """
        async image => {
          await image.decode();
          const canvas = document.createElement('canvas');
          [canvas.width, canvas.height] = [8, 8];
          const context = canvas.getContext('2d');
          context.drawImage(image, 0, 0, 8, 8);
          return [...context.getImageData(0, 0, 8, 8).data].join();
        }
        """;

    private static BrowserNewContextOptions Wide(ServerProcess server) => new()
    {
        BaseURL = server.Address.ToString(),
        Locale = "de-DE",
        ColorScheme = ColorScheme.Light,
        ViewportSize = new ViewportSize { Width = 1280, Height = 900 },
    };

    private static async Task LookAsync(IBrowser browser, ServerProcess server, params (string Name, string Path)[] pages)
    {
        var wrong = new List<string>();
        foreach (var (language, scheme, width) in new[] { ("de-DE", ColorScheme.Light, 1280), ("en-GB", ColorScheme.Dark, 1280), ("de-DE", ColorScheme.Dark, 360), ("en-GB", ColorScheme.Light, 360) })
        {
            await using var context = await browser.NewContextAsync(new BrowserNewContextOptions(Wide(server)) { Locale = language, ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = 900 } });
            var page = await context.NewPageAsync();
            page.Console += (_, m) => { if (m.Type is "error" or "warning") { wrong.Add($"console: {m.Text}"); } };
            foreach (var (name, path) in pages)
            {
                await page.GotoAsync(path);
                wrong.AddRange((await WrongAsync(page)).Select(w => $"{path} {language} {scheme} {width}: {w}"));
                await KeepAsync(page, string.Create(CultureInfo.InvariantCulture, $"{name}-{language[..2]}-{scheme.ToString().ToLowerInvariant()}-{width}"));
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Distinct()));
    }

    private static async Task<string[]> WrongAsync(IPage page)
    {
        await page.WaitForLoadStateAsync(); // a click does not wait for the style of the page it leads to
        return [.. (await page.EvaluateAsync<JsonElement>(PageChecks.Script)).EnumerateArray().Select(w => w.GetString()!)];
    }

    private static async Task KeepAsync(IPage page, string name)
    {
        await page.WaitForFunctionAsync("() => [...document.images].every(i => i.loading === 'lazy' || (i.complete && i.naturalWidth > 0))");
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Join(Folder, name + ".png"), FullPage = true, Animations = ScreenshotAnimations.Disabled });
    }

    private static async Task<string> SeriesAsync(IPage page)
    {
        await page.GotoAsync("/?q=4711");
        await page.GotoAsync((await page.Locator("a[href^='/studien/']").First.GetAttributeAsync("href"))!);
        return (await page.Locator("a[href^='/serien/']").First.GetAttributeAsync("href"))!;
    }

    private static DicomDataset Picture(int number, int frames = 1, bool dark = false)
    {
        const int Side = 96;
        var pixels = new byte[Side * Side * frames];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (x, y, frame) = (i % Side, i / Side % Side, i / Side / Side);
            var distance = Math.Sqrt(Math.Pow(x - 30 - frame, 2) + Math.Pow(y - 48, 2));
            pixels[i] = (byte)(distance < 20 + (number * 4) ? (dark ? 60 : 200) : 40 + (y / 2));
        }
        var image = SampleFiles.Header("Mustermann^Max", "4711", "1.2.276.0.9.41", "R0000000041", "US", frames > 1 ? DicomUid.UltrasoundMultiFrameImageStorage : DicomUid.UltrasoundImageStorage, number)
            .Set(DicomTag.Rows, Side).Set(DicomTag.Columns, Side).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels));
        return frames > 1 ? image.Set(DicomTag.NumberOfFrames, frames).Set(DicomTag.FrameTime, "50") : image;
    }

    // fetal biometry as a device reports it, growing as a child does
    private static DicomDataset Fetus(string date, int weeks)
    {
        string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
        var report = SrBuilder.Report("5000", SrBuilder.Group(null,
            SrBuilder.Num("11820-8", "Biparietal Diameter", Number((weeks * 2.9) - 12)), SrBuilder.Num("11984-2", "Head Circumference", Number((weeks * 10.2) - 40)),
            SrBuilder.Num("11979-2", "Abdominal Circumference", Number((weeks * 10.6) - 60)), SrBuilder.Num("11963-6", "Femur Length", Number((weeks * 2.5) - 21))));
        foreach (var element in SampleFiles.Header("Beispiel^Anna", "4713", "1.2.276.0.9.43." + date, "", "SR", DicomUid.ComprehensiveSRStorage, 1, "Fetometrie").Set(DicomTag.StudyDate, date))
        {
            if (element.Tag != DicomTag.PhotometricInterpretation && element.Tag != DicomTag.SamplesPerPixel)
            {
                report.Set(element);
            }
        }
        return report;
    }
}
