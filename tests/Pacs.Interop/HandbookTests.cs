using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Pacs.Dicom;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>
/// Makes the pictures of the manual (docs/handbuch.md) from the pages themselves, into <c>artifacts/handbuch</c>; <c>PACS_HANDBUCH=1</c> puts them into docs. A page that the manual shows and that is gone fails here.
/// </summary>
public sealed partial class HandbookTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_picture_of_the_manual_is_made()
    {
        Tool.Require("storescu", BrowserOffice.Chromium);
        var root = Repository.Root;
        var folder = Directory.CreateDirectory(Path.Join(root, "artifacts", "handbuch")).FullName;
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await BrowserOffice.LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = server.Address.ToString(),
            Locale = "de-DE",
            ColorScheme = ColorScheme.Light,
            ViewportSize = new ViewportSize { Width = 1280, Height = 800 },
            ReducedMotion = ReducedMotion.Reduce,
        });
        var page = await context.NewPageAsync();
        var made = new List<string>();
        async Task TakeAsync(string name, string path)
        {
            await page.GotoAsync(path);
            await SaveAsync(name);
        }
        async Task SaveAsync(string name)
        {
            await page.WaitForFunctionAsync("() => [...document.images].every(i => i.getBoundingClientRect().top > innerHeight || (i.complete && i.naturalWidth > 0))");
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Join(folder, name + ".png"), Animations = ScreenshotAnimations.Disabled });
            made.Add(name + ".png");
        }

        await TakeAsync("willkommen", "/");
        await TakeAsync("einrichten", "/einrichten?schritt=geraet");
        using (var samples = new SampleFiles())
        {
            samples.Add(Ultrasound("Mustermann^Max", "4711", "1.2.276.0.9.1", 1)).Add(Ultrasound("Mustermann^Max", "4711", "1.2.276.0.9.1", 2)).Add(Ultrasound("Mustermann^Max", "4711", "1.2.276.0.9.1", 3))
                .Add(Ultrasound("Beispiel^Anna", "4712", "1.2.276.0.9.2", 1)).Add(Ultrasound("Özdemir^Ayşe", "4713", "1.2.276.0.9.3", 1)).Add(Ultrasound("Vorlage^Karl", "4714", "1.2.276.0.9.4", 1));
            await samples.SendAsync(server.DicomPort, Ct);
        }
        using (var http = new HttpClient { BaseAddress = server.Address })
        {
            await http.GetStringAsync("worklist/add?id=4711&lastname=Mustermann&firstname=Max&birthdate=07.03.1958&sex=1&procedure=Abdomen", Ct);
            await http.GetStringAsync("worklist/add?id=4712&lastname=Beispiel&firstname=Anna&birthdate=12.11.1984&sex=2&procedure=Schilddr%C3%BCse", Ct);
        }
        await page.GotoAsync("/?q=4711");
        var study = (await page.Locator("a[href^='/studien/']").First.GetAttributeAsync("href"))!;
        await page.GotoAsync("/");
        await page.Locator(".unfold").First.ClickAsync();
        await page.Locator("tr.inside img").First.WaitForAsync();
        await SaveAsync("studien");
        await page.SetViewportSizeAsync(1280, 1000);
        await TakeAsync("untersuchung", study);
        await page.SetViewportSizeAsync(1280, 800);
        await TakeAsync("korrigieren", study + "/korrigieren");
        await page.GotoAsync(study.Replace("/studien/", "/viewer?study=", StringComparison.Ordinal));
        await page.Locator("canvas").First.WaitForAsync();
        await page.GetByText("Bild 1 von 3").First.WaitForAsync();
        await SaveAsync("viewer");
        await page.GotoAsync("/hochladen");
        using (var medium = new SampleFiles())
        {
            medium.Add(Ultrasound("Mustermann^Maximilian", "KH-20813", "1.2.276.0.9.8", 1)).Add(Ultrasound("Mustermann^Maximilian", "KH-20813", "1.2.276.0.9.8", 2)).Add(Ultrasound("Mustermann^Maximilian", "KH-20813", "1.2.276.0.9.9", 1));
            await page.Locator("#files").SetInputFilesAsync(medium.Paths);
            await page.GetByLabel("Einem Patienten der Praxis").CheckAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Nr. 4711" }).WaitForAsync();
            await page.SetViewportSizeAsync(1280, 1400);
            await SaveAsync("hochladen");
            await page.SetViewportSizeAsync(1280, 800);
        }
        await TakeAsync("arbeitsliste", "/arbeitsliste");
        await TakeAsync("einstellungen", "/einstellungen/geraete");
        await TakeAsync("anmeldung", "/einstellungen/anmeldung");
        await TakeAsync("status", "/status");
        await page.GotoAsync("/");
        await page.Keyboard.PressAsync("?");
        await SaveAsync("tasten");
        await page.GotoAsync("/?q=4714");
        await page.GotoAsync((await page.Locator("a[href^='/studien/']").First.GetAttributeAsync("href"))!.Replace("/studien/", "/studien/loeschen?id=", StringComparison.Ordinal));
        await page.Locator("button.danger").ClickAsync();
        await TakeAsync("papierkorb", "/papierkorb");

        if (Environment.GetEnvironmentVariable("PACS_HANDBUCH") == "1")
        {
            foreach (var name in made)
            {
                File.Copy(Path.Join(folder, name), Path.Join(root, "docs", "handbuch", name), overwrite: true);
            }
        }
        var shown = Picture().Matches(await File.ReadAllTextAsync(Path.Join(root, "docs", "handbuch.md"), Ct)).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal);
        Assert.Equal(made.Order(StringComparer.Ordinal), shown);
        Assert.All(made, name => Assert.True(File.Exists(Path.Join(root, "docs", "handbuch", name)), $"docs/handbuch/{name} is missing: run with PACS_HANDBUCH=1"));
    }

    // what an ultrasound device shows, as far as a formula can: a sector with speckle and two round shadows
    private static DicomDataset Ultrasound(string name, string patientId, string study, int number)
    {
        const int Width = 640, Height = 480;
        var random = new Random(number);
        var pixels = new byte[Width * Height];
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                var (dx, dy) = (x - (Width / 2.0), y + 60.0);
                var (radius, angle) = (Math.Sqrt((dx * dx) + (dy * dy)), Math.Atan2(dx, dy));
                if (radius is < 90 or > 500 || Math.Abs(angle) > 0.62)
                {
                    continue;
                }
                var tissue = 95 + (40 * Math.Sin((radius / 17) + (number * 0.7)) * Math.Cos(angle * 9)) - (radius / 9);
                foreach (var (cx, cy, r) in new[] { (290.0 + (12 * number), 200.0, 46.0), (380.0, 300.0, 30.0 + (4 * number)) })
                {
                    var away = Math.Sqrt(((x - cx) * (x - cx)) + ((y - cy) * (y - cy)));
                    tissue = away < r ? 12 : away < r + 5 ? tissue + 70 : tissue;
                }
                pixels[(y * Width) + x] = (byte)Math.Clamp(tissue * (0.55 + (0.75 * random.NextDouble())), 0, 255);
            }
        }
        return SampleFiles.Header(name, patientId, study, "R000000000" + patientId[^1], "US", DicomUid.UltrasoundImageStorage, number)
            .Set(DicomTag.Rows, Height).Set(DicomTag.Columns, Width).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels));
    }

    [GeneratedRegex(@"\(handbuch/([a-z]+\.png)\)")]
    private static partial Regex Picture();
}
