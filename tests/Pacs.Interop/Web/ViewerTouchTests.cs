using Microsoft.Playwright;

namespace Pacs.Interop;

/// <summary>The viewer by fingers, as a phone and a tablet send them.</summary>
public sealed class ViewerTouchTests
{
    private const string Study = "1.2.276.0.9.1";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(390, 844)]
    [InlineData(820, 1180)]
    public async Task Fingers_scroll_enlarge_move_window_and_measure(int width, int height)
    {
        await using var office = await ViewerOffice.OpenAsync(
            Enumerable.Range(1, 12).Select(i => ViewerOffice.Slice(i, Study, "TOUCH", 1, ["0", "0", $"{i * 5}"], ["1", "0", "0", "0", "1", "0"], "1.2.276.0.9.9")), Ct);
        var page = await office.PageAsync("/viewer?accession=TOUCH", width, height, isTouched: true);
        await CornerAsync(page, "Bild 1 von 12");
        await CornerAsync(page, "Fenster 300 / 700");
        var fingers = await Fingers.OfAsync(page);
        var box = (await page.Locator(".pane canvas").BoundingBoxAsync())!;
        var (x, y) = (box.X + (box.Width / 2), box.Y + (box.Height / 2));

        // one finger goes through the images, downwards and back
        Assert.Equal("scroll", await page.Locator("#panes").GetAttributeAsync("data-tool"));
        await fingers.DragAsync((x, y - 60), (x, y + 60));
        await CornerAsync(page, "Bild 5 von 12");
        await fingers.DragAsync((x, y + 60), (x, y - 60));
        await CornerAsync(page, "Bild 1 von 12");

        // two take what lies between them along: three times as far apart, three times as large
        var size = await ZoomAsync(page);
        await fingers.PinchAsync((x - 30, y), (x - 90, y), (x + 30, y), (x + 90, y));
        Assert.InRange(await ZoomAsync(page), (size * 3) - 2, (size * 3) + 2);
        await CornerAsync(page, "Bild 1 von 12");
        var left = await EdgeAsync(page);
        await fingers.PinchAsync((x - 30, y), (x + 10, y), (x + 30, y), (x + 70, y));
        Assert.InRange(await EdgeAsync(page) - left, 38, 42);
        await page.Locator("[data-do=reset]").TapAsync();

        await ToolAsync(page, "window");
        await fingers.DragAsync((x, y), (x + 40, y + 20));
        await CornerAsync(page, "Fenster 335 / 770");

        // 32 of 64 pixels of 2 mm: half of the image
        await ToolAsync(page, "length");
        var half = Math.Min(box.Width, box.Height) / 4;
        await fingers.DragAsync((x - half, y), (x + half, y));
        await SaysAsync(page, "Länge 64,0 mm");
        // a finger meets an end that a mouse would miss
        await fingers.DragAsync((x + half, y + 18), (x, y));
        await SaysAsync(page, "Länge 32,0 mm");

        // the first of two fingers sets no point
        await ToolAsync(page, "probe");
        await fingers.PinchAsync((x - 30, y), (x - 40, y), (x + 30, y), (x + 40, y));
        Assert.DoesNotContain("Wert", await page.Locator(".pane canvas").GetAttributeAsync("aria-label"), StringComparison.Ordinal);
        await page.Locator("[data-do=reset]").TapAsync();
        await page.Touchscreen.TapAsync(x + 1, y + 80);
        await SaysAsync(page, "Wert 321");
        Assert.Empty(office.Complaints);
    }

    private static async Task ToolAsync(IPage page, string tool)
    {
        await page.Locator($"[data-tool={tool}]").TapAsync();
        await page.Locator($"#panes[data-tool={tool}]").WaitForAsync(); // a tap is a click a moment later
    }

    private static Task SaysAsync(IPage page, string text) => Assertions.Expect(page.Locator("#status")).ToHaveTextAsync(text, new LocatorAssertionsToHaveTextOptions { Timeout = 15_000 });

    private static Task CornerAsync(IPage page, string text) => Assertions.Expect(page.Locator(".corner.bl")).ToContainTextAsync(text, new LocatorAssertionsToContainTextOptions { Timeout = 15_000 });

    private static Task<int> ZoomAsync(IPage page) => page.EvaluateAsync<int>("() => +/\\d+/.exec(document.querySelector('.corner.br').textContent)[0]");

    /// <summary>Where the dark left edge of the image lies on the canvas: the first column of its middle row that is not black.</summary>
    private static Task<int> EdgeAsync(IPage page) => page.EvaluateAsync<int>("""
        () => { const c = document.querySelector('.pane canvas'), d = c.getContext('2d').getImageData(0, c.height / 2, c.width, 1).data;
          for (let x = 0; x < c.width; x++) if (d[4 * x] > 100) return x; return -1; }
        """);

    /// <summary>Touches as the browser gets them from the screen (Chrome DevTools Protocol, Input.dispatchTouchEvent).</summary>
    private sealed class Fingers(ICDPSession session)
    {
        private const int Steps = 10;

        public static async Task<Fingers> OfAsync(IPage page) => new(await page.Context.NewCDPSessionAsync(page));

        public async Task DragAsync((double X, double Y) from, (double X, double Y) to)
        {
            await SendAsync("touchStart", from);
            for (var i = 1; i <= Steps; i++)
            {
                await SendAsync("touchMove", Between(from, to, i));
            }
            await RestAsync(to);
        }

        public async Task PinchAsync((double X, double Y) from, (double X, double Y) to, (double X, double Y) otherFrom, (double X, double Y) otherTo)
        {
            await SendAsync("touchStart", from);
            await SendAsync("touchStart", from, otherFrom);
            for (var i = 1; i <= Steps; i++)
            {
                await SendAsync("touchMove", Between(from, to, i), Between(otherFrom, otherTo, i));
            }
            await RestAsync(to, otherTo);
        }

        // one that leaves while it moves throws what is below it: the browser takes the next tap for stopping that
        private async Task RestAsync(params (double X, double Y)[] points)
        {
            await Task.Delay(150, Ct);
            await SendAsync("touchMove", points);
            await SendAsync("touchEnd");
        }

        private static (double X, double Y) Between((double X, double Y) from, (double X, double Y) to, int step) =>
            (from.X + ((to.X - from.X) * step / Steps), from.Y + ((to.Y - from.Y) * step / Steps));

        private Task SendAsync(string type, params (double X, double Y)[] points) => session.SendAsync("Input.dispatchTouchEvent", new Dictionary<string, object>
        {
            ["type"] = type,
            ["touchPoints"] = points.Select((p, i) => new { x = p.X, y = p.Y, id = i }).ToArray(),
        });
    }
}
