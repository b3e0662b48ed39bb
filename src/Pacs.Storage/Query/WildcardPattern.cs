using System.Text;

namespace Pacs.Storage;

/// <summary>
/// A pattern of PS3.4 §C.2.2.2.4: <c>*</c> is any run of characters, also none, <c>?</c> exactly one. Matching takes one pass over the text
/// whatever the pattern, because all positions of the pattern that may be reached advance together as the bits of one number.
/// </summary>
public sealed class WildcardPattern : IEquatable<WildcardPattern>
{
    /// <summary>The most characters a pattern may have after runs of <c>*</c> became one: one bit each, and one for the end.</summary>
    public const int MaxLength = 127;

    private readonly Dictionary<Rune, UInt128> _literals = [];
    private readonly UInt128 _stars;
    private readonly UInt128 _anyOne;
    private readonly UInt128 _end;

    private WildcardPattern(string text, Rune[] runes)
    {
        Text = text;
        for (var i = 0; i < runes.Length; i++)
        {
            var bit = UInt128.One << i;
            switch (runes[i].Value)
            {
                case '*':
                    _stars |= bit;
                    break;
                case '?':
                    _anyOne |= bit;
                    break;
                default:
                    _literals[runes[i]] = _literals.GetValueOrDefault(runes[i]) | bit;
                    break;
            }
        }
        _end = UInt128.One << runes.Length;
    }

    /// <summary>The pattern, runs of <c>*</c> collapsed. The same characters mean the same in SQLite's GLOB, but for <c>[</c>.</summary>
    public string Text { get; }

    /// <summary>Makes a pattern; false when it is longer than <see cref="MaxLength"/>.</summary>
    public static bool TryCreate(string text, out WildcardPattern? pattern)
    {
        var collapsed = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (c != '*' || collapsed.Length == 0 || collapsed[^1] != '*')
            {
                collapsed.Append(c);
            }
        }
        var result = collapsed.ToString();
        // a pattern of more than 2 * MaxLength UTF-16 units cannot be short enough
        var runes = result.Length <= 2 * MaxLength ? result.EnumerateRunes().ToArray() : [];
        pattern = result.Length <= 2 * MaxLength && runes.Length <= MaxLength ? new WildcardPattern(result, runes) : null;
        return pattern is not null;
    }

    /// <summary>Whether the whole text is one that the pattern describes.</summary>
    public bool IsMatch(ReadOnlySpan<char> text)
    {
        var reached = Skip(UInt128.One);
        foreach (var rune in text.EnumerateRunes())
        {
            var takes = _anyOne | _literals.GetValueOrDefault(rune);
            reached = Skip(((reached & takes) << 1) | (reached & _stars));
            if (reached == 0)
            {
                return false;
            }
        }
        return (reached & _end) != 0;

        // a star may also stand for nothing; stars never follow each other, so one step is enough
        UInt128 Skip(UInt128 positions) => positions | ((positions & _stars) << 1);
    }

    /// <inheritdoc/>
    public bool Equals(WildcardPattern? other) => other is not null && Text == other.Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as WildcardPattern);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Text);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
