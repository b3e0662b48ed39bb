using Microsoft.Playwright;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>The viewer in a real browser, without WebGL: images of synthetic instances, by mouse and by key.</summary>
public sealed class ViewerTests
{
    private const string Attack = "<b>Müller</b>^<img src=x onerror=alert(1)>";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_ct_series_is_shown_scrolled_and_windowed_and_hostile_names_stay_text()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=CT");
        await ShownAsync(page, "Bild 1 von 3");
        var first = await PixelsAsync(page);
        Assert.True(first.Distinct > 20, $"only {first.Distinct} levels of grey on the canvas");

        await page.Keyboard.PressAsync("ArrowRight");
        await ShownAsync(page, "Bild 2 von 3");
        Assert.NotEqual(first.Sum, (await PixelsAsync(page)).Sum);
        await page.Keyboard.PressAsync("ArrowLeft");
        await ShownAsync(page, "Bild 1 von 3");
        Assert.Equal(first.Sum, (await PixelsAsync(page)).Sum);

        // the server renders another window
        await page.Locator("#presets").SelectOptionAsync(new SelectOptionValue { Label = "CT Knochen" });
        await ShownAsync(page, "Fenster 400 / 1800");
        await page.WaitForFunctionAsync("before => viewerSum() !== before", first.Sum);
        await page.Locator("#panes").ClickAsync();
        await page.Keyboard.PressAsync("r");
        await page.WaitForFunctionAsync("before => viewerSum() === before", first.Sum);
        await page.Keyboard.PressAsync("i");
        await page.WaitForFunctionAsync("before => viewerSum() !== before", first.Sum);

        Assert.Contains("<b>Müller</b>", await page.Locator(".corner.tl").TextContentAsync(), StringComparison.Ordinal);
        Assert.Contains("<b>Müller</b>", await page.Locator("h1").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await page.Locator("h1 img, h1 b, .corner img, .corner b").CountAsync());
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task A_cine_plays_every_frame_and_stops()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=US");
        await ShownAsync(page, "Einzelbild 1 von 10");
        await page.EvaluateAsync("""
            () => {
              window.seen = [];
              const text = document.querySelector('.corner.bl');
              new MutationObserver(() => { const frame = /Einzelbild (\d+)/.exec(text.textContent)?.[1]; if (frame && seen.at(-1) !== +frame) seen.push(+frame); })
                .observe(text, { childList: true, characterData: true, subtree: true });
            }
            """);
        await page.Keyboard.PressAsync("Space");
        await page.WaitForFunctionAsync("() => seen.length > 21"); // twice round
        await page.Keyboard.PressAsync("Space");
        Assert.Equal("false", await page.Locator("[data-do=cine]").GetAttributeAsync("aria-pressed"));
        var seen = await page.EvaluateAsync<int[]>("seen");
        Assert.All(seen.Zip(seen.Skip(1)), pair => Assert.Equal((pair.First % 10) + 1, pair.Second)); // none left out
        var (width, _) = await SizeAsync(page);
        Assert.True(width > 0);
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task Lengths_and_areas_are_those_of_the_ultrasound_region()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=US");
        await ShownAsync(page, "Einzelbild 1 von 10");
        await page.WaitForFunctionAsync("() => !document.querySelector('#presets').disabled || document.querySelector('#presets').options.length"); // the headers are here
        // 64 pixels of 0.0625 cm
        await page.Keyboard.PressAsync("l");
        await DragAsync(page, 100, 60, 164, 60);
        Assert.Equal("Länge 4,00 cm", await page.Locator("#status").TextContentAsync());
        // 32 by 32: an ellipse of 2 cm by 2 cm has 3.14 cm²
        await page.Keyboard.PressAsync("5");
        await DragAsync(page, 60, 60, 92, 92);
        // and what the server says of the pixels below it
        await page.WaitForFunctionAsync("() => document.querySelector('#status').textContent.startsWith('Fläche 3,14 cm² (2,00 cm × 2,00 cm) · ⌀ ')");
        // a right angle, whose second arm is set by a click
        await page.Keyboard.PressAsync("6");
        await DragAsync(page, 200, 60, 200, 120);
        var (x, y) = await PlaceAsync(page, 260, 120);
        await page.Mouse.ClickAsync(x, y);
        Assert.Equal("Winkel 90,0°", await page.Locator("#status").TextContentAsync());
        await page.Keyboard.PressAsync("Delete");
        // by keyboard alone: 40 pixels
        await page.Keyboard.PressAsync("4");
        await page.Keyboard.PressAsync("Enter");
        await page.Keyboard.PressAsync("Enter");
        for (var i = 0; i < 4; i++)
        {
            await page.Keyboard.PressAsync("Shift+ArrowRight");
        }
        await page.Keyboard.PressAsync("Enter");
        Assert.Equal("Länge 2,50 cm", await page.Locator("#status").TextContentAsync());
        await page.Keyboard.PressAsync("Delete");
        await page.Keyboard.PressAsync("Escape");
        Assert.Contains("4,00 cm", await page.Locator(".pane canvas").GetAttributeAsync("aria-label"), StringComparison.Ordinal);
        await page.Keyboard.PressAsync("Delete");
        await page.Keyboard.PressAsync("Delete");
        Assert.DoesNotContain("4,00 cm", await page.Locator(".pane canvas").GetAttributeAsync("aria-label"), StringComparison.Ordinal);
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task From_the_list_one_key_shows_the_images_and_marked_ones_are_printed_and_saved()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/?q=4711");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("v");
        await page.WaitForURLAsync("**/viewer?study=*");
        await page.Locator("[data-count='1'] .pane canvas[aria-label*='von']").WaitForAsync();
        await page.Keyboard.PressAsync("k");
        await page.WaitForFunctionAsync("() => document.querySelector('#status').textContent === 'Gemerkt: 1'");
        // the server keeps it: it is there after a new start of the page, and on the page of the study
        await page.ReloadAsync();
        await page.Locator("#series .star:has-text('Gemerkt')").WaitForAsync();
        await page.Locator(".pane canvas[aria-label*='von']").WaitForAsync();

        var print = await page.RunAndWaitForPopupAsync(() => page.Keyboard.PressAsync("p"));
        Assert.True(await print.WaitForFunctionAsync("() => document.images.length === 1 && document.images[0].naturalWidth > 0") is not null);
        var saved = await page.RunAndWaitForDownloadAsync(() => page.Keyboard.PressAsync("s"));
        Assert.EndsWith(".jpg", saved.SuggestedFilename, StringComparison.Ordinal);
        Assert.DoesNotContain("ller", saved.SuggestedFilename, StringComparison.Ordinal);
        Assert.Equal([0xFF, 0xD8], (await File.ReadAllBytesAsync((await saved.PathAsync())!, Ct))[..2]);

        await page.Locator("#layout").SelectOptionAsync("3x3");
        Assert.Equal(9, await page.Locator(".pane").CountAsync());
        await page.Locator("#panes canvas").First.FocusAsync();
        await page.Keyboard.PressAsync("t");
        Assert.False(await page.Locator(".corner.tl").First.IsVisibleAsync());
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task A_value_is_read_and_a_dragged_window_is_drawn_before_the_server_has_answered()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=CT");
        await ShownAsync(page, "Bild 1 von 3");
        await page.Locator("#presets:not([disabled])").WaitForAsync();
        await page.Keyboard.PressAsync("7");
        var box = (await page.Locator(".pane canvas").BoundingBoxAsync())!;
        // pixel (32, 32) of 64 x 64: (32 * 30) - 1000 and 100 for the lower half
        await page.Mouse.ClickAsync(box.X + (box.Width / 2) + 2, box.Y + (box.Height / 2) + 2);
        await page.WaitForFunctionAsync("() => document.querySelector('#status').textContent === 'Wert 60'");
        await page.Keyboard.PressAsync("Delete");

        // from now on no picture of another window arrives
        await page.RouteAsync("**/bilder/**window=**", async route => await route.AbortAsync());
        var before = (await PixelsAsync(page)).Sum;
        await page.Keyboard.PressAsync("1");
        await page.Mouse.MoveAsync(box.X + 200, box.Y + 200);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + 260, box.Y + 230);
        Assert.NotEqual(before, (await PixelsAsync(page)).Sum);
        await page.Mouse.UpAsync();
    }

    [Fact]
    public async Task Frames_that_cannot_be_decoded_say_so()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=BAD");
        var message = page.Locator(".pane .message");
        await message.GetByText("Dieses Bild lässt sich nicht anzeigen").WaitForAsync();
        Assert.Equal(1, await message.GetByRole(AriaRole.Link).CountAsync());
        await page.Locator("#series .sign-other").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached }); // no broken picture in the list
        Assert.Contains("lässt sich nicht anzeigen", await page.Locator(".pane canvas").GetAttributeAsync("aria-label"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_earlier_study_is_shown_beside_and_scrolled_with_it()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=CT");
        await ShownAsync(page, "Bild 1 von 3");
        await page.Keyboard.PressAsync("c");
        await page.Locator("[data-count='2'] .pane:nth-child(2) .corner.bl:has-text('Bild 1 von 2')").WaitForAsync();
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Locator(".pane:nth-child(1) .corner.bl:has-text('Bild 2 von 3')").WaitForAsync();
        await page.Locator(".pane:nth-child(2) .corner.bl:has-text('Bild 2 von 2')").WaitForAsync();
        Assert.Empty(office.Complaints);
    }

    [Theory]
    [InlineData(ColorScheme.Light, "de-DE")]
    [InlineData(ColorScheme.Dark, "en-GB")]
    public async Task Axe_finds_nothing_in_viewer_and_print(ColorScheme scheme, string language)
    {
        var axe = Tool.NodeModule("axe-core/axe.min.js");
        await using var office = await OpenAsync();
        foreach (var width in new[] { 1280, 390 })
        {
            var page = await office.PageAsync("/viewer?accession=CT", width, scheme: scheme, language: language);
            await page.Locator(".pane canvas[aria-label*='1']").WaitForAsync();
            await page.Locator("#presets:not([disabled])").WaitForAsync();
            await AxeAsync(page, axe);
            await page.EvaluateAsync("document.querySelector('[data-do=help]').click()");
            await AxeAsync(page, axe);
            await page.GotoAsync("/drucken?" + await page.EvaluateAsync<string>("'studie=' + document.body.dataset.study"));
            await AxeAsync(page, axe);
        }
    }

    private static async Task AxeAsync(IPage page, string axe)
    {
        // past the policy, which holds for the page's own scripts
        await page.EvaluateAsync(await File.ReadAllTextAsync(axe, Ct));
        var found = await page.EvaluateAsync<string[]>("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html}`))");
        Assert.Empty(found);
    }

    private static Task ShownAsync(IPage page, string text) =>
        page.WaitForFunctionAsync("text => document.querySelector('.corner.bl')?.textContent.includes(text) && document.querySelector('.corner.br').textContent.includes('Größe')", text);

    /// <summary>Drags between two points of the image of 320 × 240 pixels, which fills the field.</summary>
    private static async Task DragAsync(IPage page, double fromX, double fromY, double toX, double toY)
    {
        var (from, to) = (await PlaceAsync(page, fromX, fromY), await PlaceAsync(page, toX, toY));
        await page.Mouse.MoveAsync(from.X, from.Y);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(to.X, to.Y);
        await page.Mouse.UpAsync();
    }

    private static async Task<(float X, float Y)> PlaceAsync(IPage page, double x, double y)
    {
        var box = (await page.Locator(".pane canvas").BoundingBoxAsync())!;
        var scale = Math.Min(box.Width / 320, box.Height / 240);
        return ((float)(box.X + (box.Width / 2) + ((x - 160) * scale)), (float)(box.Y + (box.Height / 2) + ((y - 120) * scale)));
    }

    private static async Task<(int Sum, int Distinct)> PixelsAsync(IPage page)
    {
        var values = await page.EvaluateAsync<int[]>("() => [viewerSum(), new Set(viewerPixels()).size]");
        return (values[0], values[1]);
    }

    private static async Task<(int Width, int Height)> SizeAsync(IPage page)
    {
        var size = await page.EvaluateAsync<int[]>("() => { const c = document.querySelector('.pane canvas'); return [c.width, c.height]; }");
        return (size[0], size[1]);
    }

    /// <summary>A CT series, an earlier one of the same patient, an ultrasound cine, and what is no image: none has two samples per pixel.</summary>
    private static Task<ViewerOffice> OpenAsync() => ViewerOffice.OpenAsync(
        [
            Ct3(1), Ct3(2), Ct3(3), Ct3(1, "1.2.276.0.7.4", "CT-0"), Ct3(2, "1.2.276.0.7.4", "CT-0"), Cine(),
            SampleFiles.Header("Kaputt^Karl", "4713", "1.2.276.0.7.3", "BAD", "US", DicomUid.UltrasoundImageStorage, 1).Set(DicomTag.Rows, 64).Set(DicomTag.Columns, 64)
                .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
                .Set(DicomTag.SamplesPerPixel, 2).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[64 * 64 * 2])),
        ], Ct);

    private static DicomDataset Ct3(int number, string study = "1.2.276.0.7.1", string accession = "CT")
    {
        var pixels = new byte[64 * 64 * 2];
        for (var i = 0; i < 64 * 64; i++)
        {
            BitConverter.TryWriteBytes(pixels.AsSpan(i * 2), (short)(((i % 64) * 30) - 1000 + (number * 100 * (i / 64 / 32))));
        }
        return SampleFiles.Header(Attack, "4711", study, accession, "CT", DicomUid.CTImageStorage, number).Set(DicomTag.Rows, 64).Set(DicomTag.Columns, 64).Set(DicomTag.BitsAllocated, 16)
            .Set(DicomTag.BitsStored, 16).Set(DicomTag.HighBit, 15).Set(DicomTag.PixelRepresentation, 1).Set(DicomTag.WindowCenter, "0").Set(DicomTag.WindowWidth, "2000")
            .Set(DicomTag.PixelSpacing, "0.5", "0.5").Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, pixels));
    }

    private static DicomDataset Cine()
    {
        var pixels = new byte[10 * 320 * 240];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)((i / 76800 * 20) + (i % 50));
        }
        var region = new DicomDataset().Set(DicomTag.RegionLocationMinX0, 0).Set(DicomTag.RegionLocationMinY0, 0).Set(DicomTag.RegionLocationMaxX1, 319)
            .Set(DicomTag.RegionLocationMaxY1, 239).Set(DicomTag.PhysicalUnitsXDirection, 3).Set(DicomTag.PhysicalUnitsYDirection, 3)
            .Set(DicomTag.PhysicalDeltaX, 0.0625).Set(DicomTag.PhysicalDeltaY, 0.0625);
        return SampleFiles.Header("Schmidt^Eva", "4712", "1.2.276.0.7.2", "US", "US", DicomUid.UltrasoundMultiFrameImageStorage, 1).Set(DicomTag.Rows, 240).Set(DicomTag.Columns, 320)
            .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0).Set(DicomTag.NumberOfFrames, 10)
            .Set(DicomTag.FrameTime, "40").Set(new DicomElement(DicomTag.SequenceOfUltrasoundRegions, [region])).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels));
    }
}
