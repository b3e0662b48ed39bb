using System.Buffers;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;

namespace Pacs.Interop;

/// <summary>
/// How fast the viewer is (docs/performance.md): with <c>PACS_VIEWER_SPEED=1</c>, and <c>PACS_APP</c> naming the folder of a published server. It prints what it measures and decides nothing: machines differ.
/// </summary>
public sealed partial class ViewerSpeedTests(ITestOutputHelper output)
{
    private const int Slices = 300, Side = 512, Frames = 100, Starts = 5, Visits = 15;
    private const double FrameTime = 33.3;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task First_image_cine_and_memory()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("PACS_VIEWER_SPEED") == "1", "PACS_VIEWER_SPEED=1 measures");
        Tool.Require("storescu", BrowserOffice.Chromium);
        await using var server = ServerProcess.Create();
        await server.StartAsync(Ct);
        await FillAsync(server);
        using var playwright = await Playwright.CreateAsync();
        var (cold, warm) = (new List<double>(), new List<double>());
        for (var start = 0; start < Starts; start++)
        {
            await server.StopAsync(Ct);
            await server.StartAsync(Ct);
            await Task.Delay(2000, Ct); // a physician is not as quick as a test
            // a browser that has just been started, too
            await using var browser = await BrowserOffice.LaunchAsync(playwright);
            cold.Add(await FirstImageAsync(browser, server));
            for (var visit = 0; visit < Visits / Starts; visit++)
            {
                warm.Add(await FirstImageAsync(browser, server));
            }
        }
        Say("first image after a start of server and browser, ms", cold);
        Say("first image of further visits with an empty cache, ms", warm);
        await using var second = await BrowserOffice.LaunchAsync(playwright);
        await CineAsync(second, server);
        await MemoryAsync(second, server);
    }

    private void Say(string what, List<double> values)
    {
        var sorted = values.Order().ToList();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: median {sorted[sorted.Count / 2]:0}, worst {sorted[^1]:0} ({string.Join(' ', values.Select(v => v.ToString("0", CultureInfo.InvariantCulture)))})"));
    }

    private static async Task<IPage> PageAsync(IBrowser browser, ServerProcess server, string accession)
    {
        var context = await browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = server.Address.ToString(), Locale = "de-DE", ViewportSize = new ViewportSize { Width = 1280, Height = 800 } });
        var page = await context.NewPageAsync();
        await page.AddInitScriptAsync("""
            window.drawn = [];
            const draw = CanvasRenderingContext2D.prototype.drawImage;
            CanvasRenderingContext2D.prototype.drawImage = function (...all) { draw.apply(this, all); drawn.push(performance.now()); };
            """);
        await page.GotoAsync($"/viewer?accession={accession}", new PageGotoOptions { WaitUntil = WaitUntilState.Commit });
        return page;
    }

    private static async Task<double> FirstImageAsync(IBrowser browser, ServerProcess server)
    {
        var page = await PageAsync(browser, server, "SPEEDCT");
        await page.WaitForFunctionAsync("() => drawn.length > 0");
        var first = await page.EvaluateAsync<double>("() => drawn[0]");
        await page.Context.CloseAsync();
        return first;
    }

    /// <summary>Twice round, the first time while the frames come: each drawing is a frame.</summary>
    private async Task CineAsync(IBrowser browser, ServerProcess server)
    {
        var page = await PageAsync(browser, server, "SPEEDUS");
        await page.Locator(".corner.bl:has-text('Einzelbild 1 von 100')").WaitForAsync();
        await page.EvaluateAsync("""
            () => {
              drawn.length = 0;
              window.seen = [];
              const text = document.querySelector('.corner.bl');
              new MutationObserver(() => { const frame = +/Einzelbild (\d+)/.exec(text.textContent)?.[1]; if (frame && seen.at(-1) !== frame) seen.push(frame); }).observe(text, { childList: true, characterData: true, subtree: true });
            }
            """);
        await page.Keyboard.PressAsync("Space");
        await page.WaitForFunctionAsync($"() => seen.length >= {3 * Frames}", null, new PageWaitForFunctionOptions { Timeout = 60_000 });
        await page.Keyboard.PressAsync("Space");
        var times = await page.EvaluateAsync<double[]>("() => drawn");
        var seen = await page.EvaluateAsync<int[]>("() => seen");
        var gaps = times.Zip(times.Skip(1), (a, b) => b - a).ToList();
        var sorted = gaps.Order().ToList();
        var leftOut = seen.Zip(seen.Skip(1)).Count(p => (p.First % Frames) + 1 != p.Second);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"cine of {Frames} JPEG frames at {FrameTime} ms, three times round: {seen.Length} frames, {leftOut} left out, mean {gaps.Average():0.0} ms, p95 {sorted[sorted.Count * 95 / 100]:0.0}, later than 50 ms {gaps.Count(g => g > 50)}, worst {sorted[^1]:0}"));
        await page.Context.CloseAsync();
    }

    /// <summary>The page's process: with the first image, after all slices, and after as many back.</summary>
    private async Task MemoryAsync(IBrowser browser, ServerProcess server)
    {
        var page = await PageAsync(browser, server, "SPEEDCT");
        await page.WaitForFunctionAsync("() => drawn.length > 0");
        var sizes = new List<double> { await ProportionalSizeAsync(browser) };
        foreach (var key in new[] { "ArrowRight", "ArrowLeft" })
        {
            for (var slice = 1; slice < Slices; slice++)
            {
                await page.Keyboard.PressAsync(key);
            }
            await page.Locator($".corner.bl:has-text('Bild {(key == "ArrowRight" ? Slices : 1)} von {Slices}')").WaitForAsync();
            sizes.Add(await ProportionalSizeAsync(browser));
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"memory of the page's process (PSS), MB: first image {sizes[0]:0}, after {Slices} slices {sizes[1]:0}, after as many back {sizes[2]:0}"));
        await page.Context.CloseAsync();
    }

    /// <summary>Of the largest renderer, in MB.</summary>
    private static async Task<double> ProportionalSizeAsync(IBrowser browser)
    {
        var session = await browser.NewBrowserCDPSessionAsync();
        var told = await session.SendAsync("SystemInfo.getProcessInfo");
        var largest = 0.0;
        foreach (var process in told!.Value.GetProperty("processInfo").EnumerateArray().Where(p => p.GetProperty("type").GetString() == "renderer"))
        {
            var size = Pss().Match(await File.ReadAllTextAsync($"/proc/{process.GetProperty("id").GetInt32()}/smaps_rollup", Ct));
            largest = Math.Max(largest, size.Success ? double.Parse(size.Groups["kB"].Value, CultureInfo.InvariantCulture) / 1024 : 0);
        }
        return largest;
    }

    [GeneratedRegex(@"^Pss:\s+(?<kB>\d+) kB", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Pss();

    private static async Task FillAsync(ServerProcess server)
    {
        using var samples = new SampleFiles();
        var random = new Random(1);
        for (var number = 1; number <= Slices; number++)
        {
            var pixels = new byte[Side * Side * 2];
            for (var i = 0; i < Side * Side; i++)
            {
                var (x, y) = ((i % Side) - (Side / 2), (i / Side) - (Side / 2));
                var value = (x * x) + (y * y * 1.7) < 48400 ? 40 + random.Next(-20, 20) + (Math.Abs(x - number + 150) < 12 ? 200 : 0) : -1000;
                BitConverter.TryWriteBytes(pixels.AsSpan(i * 2), (short)value);
            }
            samples.Add(SampleFiles.Header("Schnell^Susi", "6001", "1.2.276.0.9.1", "SPEEDCT", "CT", DicomUid.CTImageStorage, number).Set(DicomTag.Rows, Side).Set(DicomTag.Columns, Side)
                .Set(DicomTag.BitsAllocated, 16).Set(DicomTag.BitsStored, 16).Set(DicomTag.HighBit, 15).Set(DicomTag.PixelRepresentation, 1).Set(DicomTag.WindowCenter, "40").Set(DicomTag.WindowWidth, "400")
                .Set(DicomTag.PixelSpacing, "0.7", "0.7").Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, pixels)));
        }
        await samples.SendAsync(server.DicomPort, Ct);
        await UploadAsync(server, Cine(random));
    }

    private static DicomFile Cine(Random random)
    {
        const int Width = 800, Height = 600;
        var fragments = new List<ReadOnlyMemory<byte>> { ReadOnlyMemory<byte>.Empty };
        var pixels = new byte[Width * Height * 3];
        for (var frame = 0; frame < Frames; frame++)
        {
            for (var i = 0; i < Width * Height; i++)
            {
                var (x, y) = ((i % Width) - (Width / 2), i / Width);
                pixels.AsSpan(i * 3, 3).Fill((byte)(Math.Abs(x) < y * 0.7 && (y - 330 - (frame % 50)) * (y - 330 - (frame % 50)) + (x * x) > 3600 ? random.Next(90) : 0));
            }
            var jpeg = new ArrayBufferWriter<byte>();
            JpegEncoder.Encode(pixels, Width, Height, 3, 85, jpeg);
            fragments.Add(jpeg.WrittenCount % 2 == 0 ? jpeg.WrittenMemory : (byte[])[.. jpeg.WrittenSpan, 0]);
        }
        return new DicomFile(SampleFiles.Header("Schnell^Sven", "6002", "1.2.276.0.9.2", "SPEEDUS", "US", DicomUid.UltrasoundMultiFrameImageStorage, 1).Set(DicomTag.SamplesPerPixel, 3)
            .Set(DicomTag.PhotometricInterpretation, "YBR_FULL_422").Set(DicomTag.Rows, Height).Set(DicomTag.Columns, Width).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7)
            .Set(DicomTag.PixelRepresentation, 0).Set(DicomTag.NumberOfFrames, Frames).Set(DicomTag.FrameTime, FrameTime.ToString(CultureInfo.InvariantCulture))
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, fragments)), TransferSyntax.Get(DicomUid.JPEGBaseline8Bit));
    }

    private static async Task UploadAsync(ServerProcess server, DicomFile file)
    {
        var path = Path.GetTempFileName();
        try
        {
            file.Save(path);
            using var http = new HttpClient { BaseAddress = server.Address };
            using var body = new ByteArrayContent(await File.ReadAllBytesAsync(path, Ct));
            using var answer = await http.PostAsync(new Uri("instances", UriKind.Relative), body, Ct);
            Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
        }
        finally
        {
            File.Delete(path);
        }
    }
}
