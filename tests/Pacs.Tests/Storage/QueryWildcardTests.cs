using FsCheck;
using FsCheck.Fluent;
using Pacs.Storage;

namespace Pacs.Tests.Storage;

public sealed class QueryWildcardTests
{
    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "A", false)]
    [InlineData("*", "", true)]
    [InlineData("**", "anything", true)]
    [InlineData("?", "", false)]
    [InlineData("M*", "MULLER", true)]
    [InlineData("M*", "m", false)]
    [InlineData("*ER", "MULLER", true)]
    [InlineData("*ER", "MULLERS", false)]
    [InlineData("M?LLER", "MULLER", true)]
    [InlineData("M?LLER", "MUELLER", false)]
    [InlineData("M??LLER", "MUELLER", true)]
    [InlineData("*A*B*", "xxAyyBzz", true)]
    [InlineData("*A*B*", "xxByyAzz", false)]
    [InlineData("[A-Z]", "B", false)]
    [InlineData("[A-Z]", "[A-Z]", true)]
    [InlineData("?", "𝒳", true)] // one character, two UTF-16 units
    public void A_pattern_describes_whole_texts(string pattern, string text, bool expected)
    {
        Assert.True(WildcardPattern.TryCreate(pattern, out var compiled));
        Assert.Equal(expected, compiled!.IsMatch(text));
    }

    [Fact]
    public void Any_pattern_and_text_agree_with_the_naive_definition()
    {
        var letters = Gen.Elements('a', 'b', '*', '?', '*');
        var patterns = Gen.ArrayOf(letters).Select(c => new string(c[..Math.Min(c.Length, 12)]));
        var texts = Gen.ArrayOf(Gen.Elements('a', 'b', 'c')).Select(c => new string(c[..Math.Min(c.Length, 14)]));
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(patterns.Zip(texts).ToArbitrary(), pair =>
        {
            var (pattern, text) = pair;
            Assert.True(WildcardPattern.TryCreate(pattern, out var compiled));
            Assert.Equal(Naive(pattern, text), compiled!.IsMatch(text));
        }));
    }

    [Fact]
    public void A_pattern_that_ruins_backtracking_takes_one_pass()
    {
        var hostile = string.Concat(Enumerable.Repeat("*a", 60)) + "b";
        Assert.True(WildcardPattern.TryCreate(hostile, out var compiled));
        // a backtracking matcher would not come back from this within the life of the test run
        Assert.False(compiled!.IsMatch(new string('a', 1_000_000)));
    }

    [Fact]
    public void Runs_of_stars_are_one_star()
    {
        Assert.True(WildcardPattern.TryCreate(new string('*', 10_000) + "x" + new string('*', 10_000), out var compiled));
        Assert.Equal("*x*", compiled!.Text);
    }

    [Theory]
    [InlineData(WildcardPattern.MaxLength, true)]
    [InlineData(WildcardPattern.MaxLength + 1, false)]
    [InlineData(100_000, false)]
    public void Longer_patterns_than_one_number_has_bits_are_refused(int length, bool accepted)
    {
        Assert.Equal(accepted, WildcardPattern.TryCreate(new string('?', length), out var compiled));
        if (accepted)
        {
            Assert.True(compiled!.IsMatch(new string('x', length)));
            Assert.False(compiled.IsMatch(new string('x', length - 1)));
            Assert.False(compiled.IsMatch(new string('x', length + 1)));
        }
    }

    private static bool Naive(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        if (pattern.IsEmpty)
        {
            return text.IsEmpty;
        }
        if (pattern[0] == '*')
        {
            return Naive(pattern[1..], text) || (!text.IsEmpty && Naive(pattern, text[1..]));
        }
        return !text.IsEmpty && (pattern[0] == '?' || pattern[0] == text[0]) && Naive(pattern[1..], text[1..]);
    }
}
