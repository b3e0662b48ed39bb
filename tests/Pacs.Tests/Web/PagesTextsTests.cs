using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Pacs.Tests;

public sealed partial class PagesTextsTests
{
    private static readonly string Pages = Path.GetFullPath(Path.Join(Here(), "..", "..", "..", "src", "Pacs.Web", "Pages"));

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    private static Dictionary<string, string> Read(string file) => XDocument.Load(Path.Join(Pages, file)).Root!.Elements("data")
        .ToDictionary(d => d.Attribute("name")!.Value, d => d.Element("value")!.Value);

    [Fact]
    public void German_and_English_have_the_same_keys() =>
        Assert.Equal(Read("Texts.resx").Keys.Order(StringComparer.Ordinal), Read("Texts.en.resx").Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void German_and_English_have_the_same_placeholders()
    {
        var english = Read("Texts.en.resx");
        foreach (var (key, german) in Read("Texts.resx"))
        {
            Assert.Equal((key, Placeholders(german)), (key, Placeholders(english[key])));
        }

        static string Placeholders(string text) => string.Join(' ', Placeholder().Matches(text).Select(m => m.Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_text_is_empty()
    {
        Assert.DoesNotContain(Read("Texts.resx"), t => string.IsNullOrWhiteSpace(t.Value));
        Assert.DoesNotContain(Read("Texts.en.resx"), t => string.IsNullOrWhiteSpace(t.Value));
    }

    [Fact]
    public void Every_key_the_pages_use_is_there_and_every_key_there_is_used()
    {
        var sources = new[] { Pages, Path.Join(Pages, "..", "Viewer") }.SelectMany(f => Directory.EnumerateFiles(f, "*.cs*", SearchOption.AllDirectories)).Select(File.ReadAllText).ToArray();
        var used = sources.SelectMany(s => Literal().Matches(s)).Select(m => m.Groups[1].Value).ToHashSet();
        // the viewer's script names its texts without their beginning
        var scripts = Directory.EnumerateFiles(Path.Join(Pages, "..", "wwwroot", "viewer"), "*.js").Select(File.ReadAllText).ToArray();
        used.UnionWith(scripts.SelectMany(s => ScriptLiteral().Matches(s)).Select(m => "Viewer.Js." + m.Groups[1].Value));
        var keys = Read("Texts.resx").Keys.ToHashSet();
        Assert.DoesNotContain(scripts.SelectMany(s => ScriptLookup().Matches(s)).Select(m => "Viewer.Js." + m.Groups[1].Value), k => !keys.Contains(k));
        Assert.DoesNotContain(sources.SelectMany(s => Lookup().Matches(s)).Select(m => m.Groups[1].Value), k => !keys.Contains(k));

        // made at run time from their beginning: counts, levels, kinds, states, headings with their lead
        string[] families = ["Choice.None.", "Conflict.", "Count.", "Failure.", "Forwarding.", "GdtDelivery.", "GdtFault.", "GdtMark.", "GdtProblem.", "GdtProfile.", "GdtReason.", "GdtReceiver.", "GdtRefusal.", "GdtState.", "GdtTrigger.", "History.", "ImportReason.", "JobFault.", "JobState.", "Kind.", "Level.", "Login.", "Look.", "Manufacturer.", "Service.", "Setting.", "Settings.Check.", "Settings.Part.", "Setup.Step.", "Tab.None.", "Upload.", "Viewer.Tool."];
        Assert.DoesNotContain(keys, k => !used.Contains(k) && !families.Any(f => k.StartsWith(f, StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"\{\d\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"'([A-Z][A-Za-z]+)'")]
    private static partial Regex ScriptLiteral();

    [GeneratedRegex(@"\btext\('([A-Za-z]+)'")]
    private static partial Regex ScriptLookup();

    [GeneratedRegex(@"(?:\bT|texts)\[""([A-Za-z0-9.]+[A-Za-z0-9])""")]
    private static partial Regex Lookup();

    [GeneratedRegex(@"""([A-Z][A-Za-z0-9]*\.[A-Za-z0-9.]+)""")]
    private static partial Regex Literal();
}
