using Microsoft.Playwright;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>What a physician sees of images of every kind: how large they are, in their proportions, as their device plays them; and why something is not seen.</summary>
public sealed class ViewerSeenTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_ruler_says_how_large_things_are_and_goes_with_the_texts()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=NSQ");
        await page.Locator(".corner.br:has-text('Größe')").WaitForAsync();
        await page.WaitForFunctionAsync($"() => {Ruler} > 0");
        // 1 mm for a row: 5 cm are 50 of the 64 rows that fill the field's height, more than 40 % of it; 2 cm are seen
        var height = await page.EvaluateAsync<double>("() => document.querySelector('.pane canvas').clientHeight");
        Assert.Equal(height / 64 * 20, await page.EvaluateAsync<double>($"() => {Ruler}"), 3.0);
        await page.Keyboard.PressAsync("t");
        await page.WaitForFunctionAsync($"() => {Ruler} === 0");
        await page.Keyboard.PressAsync("t");
        await page.WaitForFunctionAsync($"() => {Ruler} > 0");
        // enlarged by 1.25 twice, 2 cm are too much of the field: 1 cm is seen
        await page.Keyboard.PressAsync("+");
        await page.Keyboard.PressAsync("+");
        await page.WaitForFunctionAsync($"height => Math.abs({Ruler} - height / 64 * 1.5625 * 10) < 3", height);
        var told = await page.EvaluateAsync<string[]>("""
            async () => {
              const { rulerOf } = await import('/viewer/ruler.js'), { rulerScale } = await import('/viewer/measure.js');
              const region = (minX, minY, maxX, maxY, unit, delta) => ({ minX, minY, maxX, maxY, unitX: unit, unitY: unit, deltaX: delta, deltaY: -delta });
              const scale = regions => JSON.stringify(rulerScale({ regions }));
              const say = r => r ? `${r.words} ${Math.round(r.pixels)} ${r.parts}` : 'none';
              return [
                say(rulerOf(0.5, 300)), say(rulerOf(1, 40)), say(rulerOf(0.01, 300)), say(rulerOf(0.001, 300)), say(rulerOf(0, 300)), say(rulerOf(NaN, 300)),
                scale([region(0, 0, 99, 99, 3, 0.02)]), scale([region(0, 0, 99, 99, 4, 1)]), scale([region(0, 0, 99, 9, 4, 1), region(0, 10, 99, 99, 3, 0.02)]),
                scale([region(0, 0, 49, 99, 3, 0.02), region(50, 0, 99, 99, 3, 0.04)]), scale([region(0, 0, 49, 99, 3, 0.02), region(50, 0, 99, 99, 3, 0.02)]), scale([region(0, 0, 99, 99, 3, 0.02), region(0, 0, 9, 9, 3, 0.5)]),
                JSON.stringify(rulerScale({ spacing: { row: 1, column: 0.5, plane: 'detector' } })), JSON.stringify(rulerScale({})),
              ];
            }
            """);
        Assert.Equal(
            [
                "10 cm 200 10", "2 cm 20 4", "2 mm 200 4", "0,20 mm 200 4", "none", "none",
                """{"x":0.2,"y":0.2}""", "null", """{"x":0.2,"y":0.2}""", "null", """{"x":0.2,"y":0.2}""", """{"x":0.2,"y":0.2}""",
                """{"x":0.5,"y":1,"note":"am Detektor"}""", "null",
            ], told);
        Assert.Empty(office.Complaints);
    }

    [Fact]
    public async Task Pixels_that_are_not_square_are_seen_in_the_patients_proportions()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=NSQ");
        foreach (var series in new[] { "Serie 1", "Serie 2" }) // by its distances, and by its ratio
        {
            await page.Locator($"#series button:has-text('{series}')").ClickAsync();
            await page.Locator($".corner.tr:has-text('{series}')").WaitForAsync();
            // 128 x 64 pixels twice as high as wide: a square that fills the height
            await page.WaitForFunctionAsync("() => { const [l, r] = imageEdges(); const c = document.querySelector('.pane canvas'); return Math.abs((r - l) - c.height) < 4; }");
            var picture = page.Locator($"#series button:has-text('{series}') img");
            await picture.ScrollIntoViewIfNeededAsync();
            await page.WaitForFunctionAsync("image => image.naturalWidth > 0", await picture.ElementHandleAsync());
            Assert.Equal("192 x 192", await picture.EvaluateAsync<string>("i => `${i.naturalWidth} x ${i.naturalHeight}`"));
        }
    }

    [Theory]
    [InlineData(360, 700, "2x2", "NSQ")]
    [InlineData(360, 700, "1x1", "NSQ")]
    [InlineData(1280, 800, "3x3", "CINE")]
    [InlineData(360, 700, "1x1", "BAD")]
    public async Task Texts_over_images_leave_each_other_room(int width, int height, string layout, string accession)
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=" + accession, width, height);
        await page.Locator("#layout").SelectOptionAsync(layout);
        await page.WaitForFunctionAsync("bad => bad ? document.querySelector('.message details') : [...document.querySelectorAll('.pane:has(.message[hidden]) .corner.bl')].filter(c => c.textContent.includes('1 von')).length > 0", accession == "BAD");
        await page.EvaluateAsync("() => new Promise(r => setTimeout(r, 300))"); // all fields
        var covered = await page.EvaluateAsync<string[]>("""
            () => [...document.querySelectorAll('.pane')].flatMap(pane => {
              const lines = [...pane.querySelectorAll('.corner > div, .message:not([hidden]) > *')].filter(e => e.checkVisibility()).map(e => ({ e, box: e.getBoundingClientRect() }));
              const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
              return lines.flatMap(({ e, box }, i) => lines.slice(i + 1).filter(o => meet(box, o.box)).map(o => `${e.textContent} / ${o.e.textContent}`));
            })
            """);
        Assert.Empty(covered);
        Assert.True(await page.Locator(".corner.tl > div:has-text('Seher')").First.IsVisibleAsync()); // whose image it is
    }

    [Fact]
    public async Task Cines_are_played_as_their_device_wants_it()
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=CINE");
        await page.Locator("#series button:has-text('Serie 3')").WaitForAsync();
        // a part; to and fro, each frame named once at the ends
        Assert.Equal("1 3 4 5 3 4 5 3", await PlayedAsync(page, "Serie 1", 8));
        Assert.Equal("1 2 3 4 5 6 5 4 3 2 1 2", await PlayedAsync(page, "Serie 2", 12));
        // a frame that is seen longer than the others
        Assert.Equal("1 2 3 4 5 6 1 2 3 4", await PlayedAsync(page, "Serie 3", 10));
        var times = await page.EvaluateAsync<double[]>("() => times");
        var second = times.Select((t, i) => i > 0 ? t - times[i - 1] : 0).Skip(7).Take(3).ToArray(); // 1 to 2, 2 to 3, 3 to 4: 40, 400, 40 ms
        Assert.True(second[1] > 300 && second[0] < second[1] && second[2] < second[1], string.Join(' ', times));
        Assert.Empty(office.Complaints);
    }

    [Theory]
    [InlineData("de-DE", "beschädigt oder unvollständig", "mit JPEG XL Lossless komprimiert", "Datei des Bildes fehlt", "ffmpeg", "Festplatte des Servers ist voll", "Technische Angaben")]
    [InlineData("en-GB", "damaged or incomplete", "compressed with JPEG XL Lossless", "file of the image is missing", "ffmpeg", "disk of the server is full", "Technical details")]
    public async Task What_cannot_be_seen_is_said_in_the_language_of_the_page(string language, string damaged, string codec, string file, string program, string full, string technical)
    {
        await using var office = await OpenAsync();
        var page = await office.PageAsync("/viewer?accession=BAD", language: language);
        var message = page.Locator(".pane .message");
        await message.GetByText(damaged).WaitForAsync();
        // what the server says is for who mends it
        await message.GetByText(technical).ClickAsync();
        await message.GetByText("The frame cannot be shown").WaitForAsync();
        await page.Locator("#series button:has-text('110')").ClickAsync();
        await message.GetByText(codec).WaitForAsync();
        Assert.Equal(2, await message.GetByRole(AriaRole.Link).CountAsync()); // the file, and its page

        // answers that a healthy server does not give
        foreach (var (status, reason, words) in new[] { (404, "file", file), (500, "unreadable", ""), (406, "ffmpeg", program) })
        {
            await page.RouteAsync("**/bilder/**", r => r.FulfillAsync(new RouteFulfillOptions { Status = status, ContentType = "application/problem+json", Body = $$"""{"detail":"The server's sentence","reason":"{{reason}}"}""" }));
            await page.GotoAsync("/viewer?accession=NSQ");
            await message.GetByText(words.Length > 0 ? words : language[..2] == "de" ? "Rechten des Ordners" : "rights of the folder").WaitForAsync();
            Assert.False(await message.GetByText("The server's sentence").IsVisibleAsync());
            await page.UnrouteAsync("**/bilder/**");
        }
        await page.RouteAsync("**/viewer/gemerkt/**", r => r.FulfillAsync(new RouteFulfillOptions { Status = 507 }));
        await page.GotoAsync("/viewer?accession=NSQ");
        await page.Locator("[data-do=key]:not([disabled])").ClickAsync();
        await page.Locator("#status").GetByText(full).WaitForAsync();
    }

    [Fact]
    public async Task Fast_scrolling_and_switching_leave_neither_errors_nor_more_and_more_memory()
    {
        const int Slices = 240;
        await using var office = await ViewerOffice.OpenAsync(
            Enumerable.Range(1, Slices).Select(n => ViewerOffice.Slice(n, "1.2.276.0.35", "MANY", 1 + (n % 3), ["0", "0", $"{n}"], ["1", "0", "0", "0", "1", "0"], "1.2.276.0.35.9")), Ct);
        var page = await office.PageAsync("/viewer?accession=MANY");
        await page.EvaluateAsync("() => { window.lost = []; addEventListener('unhandledrejection', e => lost.push(String(e.reason))); }");
        await page.Locator(".corner.bl:has-text('Bild 1 von 80')").WaitForAsync();
        var session = await page.Context.NewCDPSessionAsync(page);
        async Task<double> HeapAsync()
        {
            await session.SendAsync("HeapProfiler.collectGarbage");
            return (await session.SendAsync("Runtime.getHeapUsage"))!.Value.GetProperty("usedSize").GetDouble() / 1e6;
        }
        async Task RoundAsync()
        {
            // 3 series, each to its end and away before all its pictures have come, with other windows
            foreach (var key in new[] { "PageDown", "PageDown", "PageUp", "PageUp" })
            {
                await page.EvaluateAsync("""
                    async () => {
                      const canvas = document.querySelector('.pane canvas');
                      for (let i = 0; i < 100; i++) {
                        canvas.dispatchEvent(new KeyboardEvent('keydown', { key: i < 85 ? 'ArrowRight' : 'ArrowLeft', bubbles: true }));
                        if (i % 20 === 0) await new Promise(requestAnimationFrame);
                      }
                    }
                    """);
                await page.Keyboard.PressAsync("w");
                await page.Keyboard.PressAsync(key);
            }
            await page.Locator(".corner.bl:has-text('Bild 1 von 80')").WaitForAsync();
        }
        await page.Locator(".pane canvas").FocusAsync();
        await RoundAsync();
        await RoundAsync();
        var before = await HeapAsync();
        for (var round = 0; round < 6; round++)
        {
            await RoundAsync();
        }
        var after = await HeapAsync();
        Assert.True(after < before + 3, $"{before:0.0} MB, then {after:0.0} MB");
        Assert.Empty(await page.EvaluateAsync<string[]>("() => lost"));
        Assert.Empty(office.Complaints);
    }

    // the height of the ruler in pixels of CSS: the longest line of its colour 40 from the right edge; 0 without one
    private const string Ruler = "rulerLength()";

    private static async Task<string> PlayedAsync(IPage page, string series, int count)
    {
        await page.Locator($"#series button:has-text('{series}')").ClickAsync();
        await page.Locator($".corner.tr:has-text('{series}')").WaitForAsync();
        await page.Locator(".corner.bl:has-text('Einzelbild 1 von 6')").WaitForAsync();
        await page.EvaluateAsync("""
            () => {
              window.seen = [1];
              window.times = [performance.now()];
              window.watch?.disconnect();
              const text = document.querySelector('.corner.bl');
              window.watch = new MutationObserver(() => { const frame = +/Einzelbild (\d+)/.exec(text.textContent)?.[1]; if (frame && seen.at(-1) !== frame) { seen.push(frame); times.push(performance.now()); } });
              watch.observe(text, { childList: true, characterData: true, subtree: true });
            }
            """);
        await page.Locator("[data-do=cine]").ClickAsync();
        await page.WaitForFunctionAsync("count => seen.length >= count", count);
        await page.Locator("[data-do=cine]").ClickAsync();
        return string.Join(' ', (await page.EvaluateAsync<int[]>("() => seen")).Take(count));
    }

    private static async Task<ViewerOffice> OpenAsync()
    {
        var office = await ViewerOffice.OpenAsync(
            [
                Image("NSQ", 1, 1).Set(DicomTag.PixelSpacing, "1", "0.5"), Image("NSQ", 2, 1).Set(DicomTag.PixelAspectRatio, "2", "1"),
                Image("CINE", 1, 6).Set(DicomTag.FrameTime, "40").Set(DicomTag.StartTrim, "3").Set(DicomTag.StopTrim, "5"),
                Image("CINE", 2, 6).Set(DicomTag.FrameTime, "40").Set(DicomTag.PreferredPlaybackSequencing, 1),
                Image("CINE", 3, 6).Set(DicomTag.FrameTimeVector, "0", "40", "400", "40", "40", "40"),
            ], Ct);
        await UploadAsync(office, Image("BAD", 1, 1), TransferSyntax.JpegBaseline);
        await UploadAsync(office, Image("BAD", 110, 1), TransferSyntax.Get("1.2.840.10008.1.2.4.110"));
        return office;
    }

    private static async Task UploadAsync(ViewerOffice office, DicomDataset image, TransferSyntax syntax)
    {
        var path = Path.GetTempFileName();
        try
        {
            new DicomFile(image.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, new byte[64]])), syntax).Save(path);
            using var http = new HttpClient { BaseAddress = office.Server.Address };
            using var body = new ByteArrayContent(await File.ReadAllBytesAsync(path, Ct));
            (await http.PostAsync(new Uri("instances", UriKind.Relative), body, Ct)).EnsureSuccessStatusCode();
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>128 × 64 pixels of grey.</summary>
    private static DicomDataset Image(string accession, int series, int frames)
    {
        var study = $"1.2.276.0.34.{accession.Sum(c => c)}";
        var pixels = new byte[128 * 64 * frames];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(100 + (i / 8192 * 10));
        }
        return SampleFiles.Header("Seher^Sigrid", "4730", study, accession, "OT", frames > 1 ? DicomUid.UltrasoundMultiFrameImageStorage : DicomUid.SecondaryCaptureImageStorage, 1)
            .Set(DicomTag.SeriesInstanceUID, $"{study}.{series}").Set(DicomTag.SOPInstanceUID, $"{study}.{series}.1").Set(DicomTag.SeriesNumber, series)
            .Set(DicomTag.Rows, 64).Set(DicomTag.Columns, 128).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
            .Set(DicomTag.NumberOfFrames, frames).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels));
    }
}
