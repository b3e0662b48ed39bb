using System.Text;

namespace Pacs.Dicom;

/// <summary>
/// A person name (PN, PS3.5 §6.2.1): up to three groups (alphabetic, ideographic, phonetic) of up to five components each, written
/// <c>Family^Given^Middle^Prefix^Suffix=…=…</c>.
/// </summary>
/// <param name="Alphabetic">The name in Latin letters, or whatever single-byte script is at hand.</param>
/// <param name="Ideographic">The name in ideographs (Kanji, Hanja, Hanzi), empty if there is none.</param>
/// <param name="Phonetic">The name in a phonetic script (Kana, Hangul), empty if there is none.</param>
public sealed record PersonName(PersonName.Group Alphabetic, PersonName.Group Ideographic, PersonName.Group Phonetic)
{
    /// <summary>No name at all.</summary>
    public static PersonName Empty { get; } = new(Group.Empty, Group.Empty, Group.Empty);

    /// <summary>A name with an alphabetic group only.</summary>
    public PersonName(string familyName, string givenName = "", string middleName = "", string prefix = "", string suffix = "")
        : this(new Group(familyName, givenName, middleName, prefix, suffix), Group.Empty, Group.Empty)
    {
    }

    /// <summary>One of the three spellings of a name. No component is null; absent ones are empty.</summary>
    /// <param name="FamilyName">Family name complex.</param>
    /// <param name="GivenName">Given name complex.</param>
    /// <param name="MiddleName">Middle name.</param>
    /// <param name="Prefix">Name prefix, such as <c>Dr.</c></param>
    /// <param name="Suffix">Name suffix, such as <c>jun.</c></param>
    public sealed record Group(string FamilyName, string GivenName = "", string MiddleName = "", string Prefix = "", string Suffix = "")
    {
        /// <summary>A group without a name.</summary>
        public static Group Empty { get; } = new("");

        /// <summary>Whether all components are empty.</summary>
        public bool IsEmpty => FamilyName.Length + GivenName.Length + MiddleName.Length + Prefix.Length + Suffix.Length == 0;

        /// <summary>The group as DICOM writes it; empty components at the end and their delimiters are left out.</summary>
        public override string ToString() => string.Join('^', FamilyName, GivenName, MiddleName, Prefix, Suffix).TrimEnd('^');

        /// <summary>As German offices write it: <c>Nachname, Vorname Titel</c>.</summary>
        public string ToDisplayString()
        {
            var rest = string.Join(' ', new[] { GivenName, MiddleName, Prefix, Suffix }.Where(c => c.Length > 0));
            return FamilyName.Length == 0 ? rest : rest.Length == 0 ? FamilyName : $"{FamilyName}, {rest}";
        }

        internal static Group Parse(ReadOnlySpan<char> text)
        {
            Span<Range> parts = stackalloc Range[5];
            var count = text.Split(parts, '^');
            if (count == 0)
            {
                return Empty;
            }
            // what is too much stays in the last component, so that no part of a name is lost
            var suffix = count == 5 ? text[parts[4]].ToString().Replace('^', ' ') : "";
            return new Group(Part(text, parts, 0, count), Part(text, parts, 1, count), Part(text, parts, 2, count), Part(text, parts, 3, count), suffix.Trim(' ', '\0'));
        }

        private static string Part(ReadOnlySpan<char> text, Span<Range> parts, int index, int count) =>
            index < count ? text[parts[index]].Trim(" \0").ToString() : "";
    }

    /// <summary>Whether no group has a name.</summary>
    public bool IsEmpty => Alphabetic.IsEmpty && Ideographic.IsEmpty && Phonetic.IsEmpty;

    /// <summary>The group to show: the alphabetic one, or the first that has a name.</summary>
    public Group Preferred => !Alphabetic.IsEmpty ? Alphabetic : !Ideographic.IsEmpty ? Ideographic : Phonetic;

    /// <summary>Family name of the <see cref="Preferred"/> group.</summary>
    public string FamilyName => Preferred.FamilyName;

    /// <summary>Given name of the <see cref="Preferred"/> group.</summary>
    public string GivenName => Preferred.GivenName;

    /// <summary>Middle name of the <see cref="Preferred"/> group.</summary>
    public string MiddleName => Preferred.MiddleName;

    /// <summary>Prefix (title) of the <see cref="Preferred"/> group.</summary>
    public string Prefix => Preferred.Prefix;

    /// <summary>Suffix of the <see cref="Preferred"/> group.</summary>
    public string Suffix => Preferred.Suffix;

    /// <summary>
    /// Reads one value. Never fails: blanks around components are dropped (PS3.5 §6.2.1.1), superfluous components become part of the
    /// suffix, superfluous groups of the last suffix.
    /// </summary>
    public static PersonName Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Empty;
        }
        Span<Range> groups = stackalloc Range[3];
        var span = text.AsSpan();
        var count = span.Split(groups, '=');
        return new PersonName(
            Group.Parse(span[groups[0]]),
            count > 1 ? Group.Parse(span[groups[1]]) : Group.Empty,
            count > 2 ? Group.Parse(span[groups[2]].ToString().Replace('=', ' ')) : Group.Empty);
    }

    /// <summary>The name as DICOM writes it; empty components and groups at the end and their delimiters are left out (PS3.5 §6.2.1.1).</summary>
    public override string ToString() => string.Join('=', Alphabetic, Ideographic, Phonetic).TrimEnd('=');

    /// <summary>As German offices write it: <c>Nachname, Vorname Titel</c>, of the <see cref="Preferred"/> group.</summary>
    public string ToDisplayString() => Preferred.ToDisplayString();

    /// <summary>
    /// A name, or a pattern for names, in the form names are compared in: <see cref="TextFolding.Fold"/>, no blanks around components, no
    /// empty components or groups at the end. Wildcards stay.
    /// </summary>
    public static string Fold(string name) => Tidy(TextFolding.Fold(name));

    /// <summary>As <see cref="Fold"/>, and <c>Mueller</c> = <c>Müller</c> = <c>Muller</c>, see <see cref="TextFolding.FoldGerman"/>.</summary>
    public static string FoldGerman(string name) => Tidy(TextFolding.FoldGerman(name));

    private static string Tidy(string folded)
    {
        var tidy = new StringBuilder(folded.Length);
        foreach (var letter in folded)
        {
            if (letter is '^' or '=' or '\\')
            {
                TrimEnd(tidy, letter);
                tidy.Append(letter);
            }
            else if (letter is not (' ' or '\0') || (tidy.Length > 0 && tidy[^1] is not (' ' or '^' or '=' or '\\')))
            {
                tidy.Append(letter == '\0' ? ' ' : letter);
            }
        }
        TrimEnd(tidy, '\\');
        return tidy.ToString();
    }

    // blanks at the end always, empty components at the end of a group, empty groups at the end of a name
    private static void TrimEnd(StringBuilder name, char before)
    {
        while (name.Length > 0 && (name[^1] == ' ' || (name[^1] == '^' && before != '^') || (name[^1] == '=' && before == '\\')))
        {
            name.Length--;
        }
    }
}
