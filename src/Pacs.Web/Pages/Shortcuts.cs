namespace Pacs.Web.Pages;

/// <summary>What a key does.</summary>
/// <param name="Action">What the scripts call it; null where the key stays what it is: arrows, Enter, Esc and others that nobody types.</param>
/// <param name="Key">The key it comes with, as the browser names it; of one that stays, what people call it: a text, or itself.</param>
/// <param name="Text">The text that says what it does.</param>
public sealed record Shortcut(string? Action, string Key, string Text);

/// <summary>
/// The keys of the pages or of the viewer as their dialog shows them (<c>_Shortcuts.cshtml</c>) and <c>shortcuts.js</c> knows them. None is <c>[</c>, <c>]</c> or <c>/</c>, which a German keyboard has behind AltGr and Shift only.
/// </summary>
/// <param name="Scope">Under which name the browser keeps what was chosen.</param>
/// <param name="Groups">Their headings and keys.</param>
/// <param name="Notes">What else there is to say: texts.</param>
public sealed record ShortcutTable(string Scope, IReadOnlyList<(string Title, IReadOnlyList<Shortcut> Keys)> Groups, IReadOnlyList<string> Notes)
{
    /// <summary>Of the pages.</summary>
    public static readonly ShortcutTable Pages = new(
        "pages",
        [
            ("Keys.Everywhere",
            [
                new("search", "s", "Keys.Search"), new(null, "Keys.ControlK", "Keys.Search"), new("help", "?", "Keys.Help"), new(null, "Esc", "Keys.Back"),
            ]),
            ("Keys.List",
            [
                new("down", "j", "Keys.Down"), new("up", "k", "Keys.Up"), new(null, "↑ ↓", "Keys.Rows"), new(null, "Viewer.KeyEnter", "Keys.Open"), new(null, "→ ←", "Keys.Unfold"), new("pick", "x", "Keys.Pick"),
            ]),
            ("Keys.Study",
            [
                new("view", "v", "View.Images"), new("weasis", "w", "Study.Weasis"), new("zip", "d", "Pick.Zip"), new("print", "p", "Study.Print"),
            ]),
        ],
        ["Keys.StudyNote"]);

    /// <summary>Of the viewer.</summary>
    public static readonly ShortcutTable Viewer = new(
        "viewer",
        [
            ("Keys.Scrolling",
            [
                new(null, "← →", "Viewer.KeyImage"), new(null, "↑ ↓", "Viewer.KeyInstance"), new(null, "Viewer.KeysPage", "Viewer.KeySeries"), new(null, "Keys.HomeEnd", "Keys.FirstLast"), new(null, "Viewer.Space", "Viewer.Cine"),
            ]),
            ("Viewer.Tools",
            [
                new(null, "1 – 9", "Viewer.KeyTools"), new("scroll", "b", "Viewer.Tool.scroll"), new("length", "l", "Viewer.Tool.length"), new(null, "Viewer.KeysShift", "Viewer.KeyShift"), new(null, "Viewer.KeyEnter", "Viewer.KeyMeasure"),
                new(null, "Viewer.KeyDelete", "Viewer.RemoveLast"), new("measured", "m", "Viewer.MeasuredHint"),
            ]),
            ("Keys.Picture",
            [
                new("window", "w", "Viewer.Presets"), new("larger", "+", "Keys.Larger"), new("smaller", "-", "Keys.Smaller"), new("invert", "i", "Viewer.Invert"), new("rotate", "d", "Viewer.Rotate"), new("flip", "h", "Viewer.Flip"),
                new("reset", "r", "Viewer.Reset"), new("texts", "t", "Viewer.TextsHint"),
            ]),
            ("Keys.Fields",
            [
                new("layout", "a", "Viewer.Layout"), new(null, "Tab", "Viewer.KeyPane"), new("compare", "c", "Viewer.CompareHint"), new("link", "g", "Viewer.LinkHint"),
            ]),
            ("Viewer.Output",
            [
                new("key", "k", "Viewer.Key"), new("jpeg", "s", "Viewer.Jpeg"), new("print", "p", "Viewer.PrintHint"), new("help", "?", "Keys.Help"), new(null, "Esc", "Viewer.Back"),
            ]),
        ],
        ["Viewer.Mouse", "Viewer.Touch"]);
}
