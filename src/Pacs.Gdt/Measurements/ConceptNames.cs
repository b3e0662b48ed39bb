using System.Collections.Frozen;
using System.Globalization;
using Pacs.Dicom;

namespace Pacs.Gdt;

/// <summary>
/// What codes of ultrasound reports are called: German names from a table of ours (<c>tools/dictionary/ultrasound.tsv</c>), else the words the device sent.
/// </summary>
public static partial class ConceptNames
{
    private static readonly FrozenDictionary<string, (string German, bool NamesSite)> Names = Table.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(l => l.Split('\t')).ToFrozenDictionary(r => $"{r[0]}:{r[1]}", r => (r[2], r[3] == "s"), StringComparer.Ordinal);

    /// <summary>How many concepts have a German name.</summary>
    public static int Count => Names.Count;

    /// <summary>The name of a concept. May be empty in a broken report.</summary>
    /// <param name="concept">The concept, by whatever scheme.</param>
    /// <param name="language">German, or any other for the device's own words, which are English as a rule.</param>
    public static string Of(CodedConcept concept, CultureInfo language)
    {
        ArgumentNullException.ThrowIfNull(language);
        return language.TwoLetterISOLanguageName == "de" && Names.TryGetValue(concept.Key, out var name) ? name.German
            : concept.Meaning.Length > 0 ? concept.Meaning : concept.Value;
    }

    /// <summary>The value of a modifier in words: the name of its code, or its text.</summary>
    public static string Of(SrModifier modifier, CultureInfo language)
    {
        ArgumentNullException.ThrowIfNull(modifier);
        return modifier.Code is { } code ? Of(code, language) : modifier.Text;
    }

    /// <summary>Whether the name says which organ or vessel is meant, so that it need not be said again.</summary>
    public static bool NamesSite(CodedConcept concept) => Names.TryGetValue(concept.Key, out var name) && name.NamesSite;
}
