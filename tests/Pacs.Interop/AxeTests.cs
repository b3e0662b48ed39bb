using System.Text.Json;
using Microsoft.Playwright;

namespace Pacs.Interop;

/// <summary>Every page before axe-core, which knows WCAG 2.2 A and AA better than <see cref="PageChecks"/>: no violation in any look, language or width.</summary>
public sealed class AxeTests
{
    // WCAG 2.0 to 2.2, A and AA, and what axe's authors call best practice
    private const string Run = """
        async () => {
          const found = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] });
          return { rules: found.passes.length, violations: found.violations.map(v => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 120)).join(' | ')}`) };
        }
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("de-DE", ColorScheme.Light, 1280)]
    [InlineData("en-GB", ColorScheme.Dark, 360)]
    public async Task Axe_finds_nothing(string language, ColorScheme look, int width)
    {
        var script = await File.ReadAllTextAsync(Tool.NodeModule(Path.Join("axe-core", "axe.min.js")), Ct);
        await using var office = await BrowserOffice.OpenAsync(Ct);
        await using var context = await office.Browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = office.Server.Address.ToString(),
            Locale = language,
            ColorScheme = look,
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            ReducedMotion = ReducedMotion.Reduce,
        });
        var page = await context.NewPageAsync();
        var complaints = new List<string>();
        foreach (var path in await office.PathsAsync())
        {
            await page.GotoAsync(path);
            await page.EvaluateAsync(script); // not by a script element: the Content Security Policy has nothing against what the browser's owner does
            var found = await page.EvaluateAsync<JsonElement>(Run);
            Assert.True(found.GetProperty("rules").GetInt32() > 10, $"axe has not looked at {path}");
            complaints.AddRange(found.GetProperty("violations").EnumerateArray().Select(v => $"{path}: {v.GetString()}"));
            var (shown, room) = (await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), await page.EvaluateAsync<int>("document.documentElement.clientWidth"));
            if (shown > room)
            {
                complaints.Add($"{path}: {shown} px wide where there are {room}");
            }
        }
        Assert.True(complaints.Count == 0, string.Join('\n', complaints));
    }
}
