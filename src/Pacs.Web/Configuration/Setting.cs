using System.Text.Json;

namespace Pacs.Web.Configuration;

/// <summary>One value as a source gives it.</summary>
/// <param name="Path">The key with its sections, as written there: <c>Worklists:Enable</c>.</param>
/// <param name="Kind">What it is: a JSON kind, or <see cref="JsonValueKind.Undefined"/> for a text of the environment or the command line, which may stand for any kind.</param>
/// <param name="Text">The value of a scalar; empty for the others.</param>
/// <param name="Items">The items of a list of texts; null for everything else.</param>
/// <param name="Source">Where it is from, in words: it ends a sentence of the report.</param>
/// <param name="Folder">What relative paths in it are relative to.</param>
public sealed record Setting(string Path, JsonValueKind Kind, string Text, IReadOnlyList<string>? Items, string Source, string Folder)
{
    /// <summary>Whether an unknown key is an error: yes on the command line, where it is a slip of the person at the keyboard.</summary>
    public bool MustBeKnown { get; init; }

    /// <summary>Whether it wins over what the page of settings says: what comes from the environment and the command line, where the operator has the last word.</summary>
    public bool IsFixed { get; init; }

    /// <summary>The JSON of a list or section, for settings that are lists of objects; null for everything else.</summary>
    public string? Json { get; init; }

    /// <summary>The kind of the value for the report.</summary>
    public string KindName => Kind switch
    {
        JsonValueKind.Undefined => "text",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.Null => "null",
        JsonValueKind.Array => "a list",
        _ => "a section",
    };

    /// <summary>Whether the source says "no value": JSON's null, or the word <c>null</c> in the environment or on the command line.</summary>
    public bool IsNull => Kind == JsonValueKind.Null || (Kind == JsonValueKind.Undefined && Text.Trim() == "null");
}
