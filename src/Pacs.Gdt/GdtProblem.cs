using System.Globalization;

namespace Pacs.Gdt;

/// <summary>What can be wrong with a profile. The words of the pages are in their texts.</summary>
public enum GdtProblemKind
{
    /// <summary>There is no such value; the argument lists those there are.</summary>
    OneOf,

    /// <summary>GDT 3.5 is written in ISO 8859-15.</summary>
    CharacterSet35,

    /// <summary>It is no GDT id; the argument is the most characters.</summary>
    Id,

    /// <summary>9218 has 1 to 5 characters.</summary>
    VersionText,

    /// <summary>It is empty or too long; the arguments are the most characters and the field.</summary>
    Length,

    /// <summary>It is missing.</summary>
    Missing,

    /// <summary>A line does not begin with a field id; the argument is the line.</summary>
    FieldId,

    /// <summary>There is no such variable.</summary>
    Variable,

    /// <summary>A brace is not closed.</summary>
    Brace,

    /// <summary>The first field is not 8000.</summary>
    First,

    /// <summary>The second field of GDT 2.1 is not 8100.</summary>
    Second,

    /// <summary>The last field of GDT 3.0 and 3.1 is not 8202.</summary>
    Last,

    /// <summary>An object is closed that is not open.</summary>
    NoObject,

    /// <summary>An object is not closed; the argument is the field that opens it.</summary>
    OpenObject,

    /// <summary>3000 is missing.</summary>
    NoPatient,

    /// <summary>A file name is made of something else than is allowed.</summary>
    FileName,

    /// <summary>The number behind a colon in a file name.</summary>
    FileNameDigits,

    /// <summary>A file name begins with a dot or is too long.</summary>
    FileNameForm,

    /// <summary>It is no name for a profile of the practice.</summary>
    Name,

    /// <summary>A receiver that is based on the profile would not be right any more; the argument is what would be wrong.</summary>
    Receiver,
}

/// <summary>Something that is wrong with a profile.</summary>
/// <param name="Field">The property of <see cref="GdtProfileData"/> it is in.</param>
/// <param name="Kind">What.</param>
/// <param name="Place">Where in it, as people read it: <c>[7], field 8402</c>; empty for the whole.</param>
/// <param name="Arguments">What the sentence needs.</param>
public sealed record GdtProblem(string Field, GdtProblemKind Kind, string Place, params IReadOnlyList<string> Arguments)
{
    /// <summary>The line of a field list, from 1; null for the whole.</summary>
    public int? Line => Place.StartsWith('[') && int.TryParse(Place.AsSpan(1, Place.IndexOf(']', StringComparison.Ordinal) - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index + 1 : null;

    /// <summary>A sentence that begins with the field.</summary>
    public override string ToString() => string.Format(CultureInfo.InvariantCulture, Sentence, [Field + Place, .. Arguments]);

    private string Sentence => Kind switch
    {
        GdtProblemKind.OneOf => "{0} must be one of {1}",
        GdtProblemKind.CharacterSet35 => "{0} must be ISO-8859-15 in GDT 3.5",
        GdtProblemKind.Id => "{0} must be a GDT id: 1 to {1} printable characters of ASCII",
        GdtProblemKind.VersionText => "{0} must have 1 to 5 characters",
        GdtProblemKind.Length => "{0} must have 1 to {1} characters (field {2})",
        GdtProblemKind.Missing => "{0} is missing",
        GdtProblemKind.FieldId => "{0} \"{1}\" must begin with a field id of four digits, then a blank",
        GdtProblemKind.Variable => "{0}: there is no variable {{{1}}}",
        GdtProblemKind.Brace => "{0}: a brace is not closed",
        GdtProblemKind.First => "{0} must be field 8000",
        GdtProblemKind.Second => "{0} must be field 8100 in GDT 2.1",
        GdtProblemKind.Last => "{0} must be field 8202 in GDT 3.0 and 3.1",
        GdtProblemKind.NoObject => "{0}: no object is open",
        GdtProblemKind.OpenObject => "{0}: an object ({1}) is not closed",
        GdtProblemKind.NoPatient => "{0}: field 3000, the patient's number, is missing",
        GdtProblemKind.FileName => "{0} must be made of letters, digits, - _ . and {{Accession}}, {{InstanceUid}}, {{ReceiverId}}, {{SenderId}}, {{n}}",
        GdtProblemKind.FileNameDigits => "{0}: the number behind the colon must be 1 to 64, for {{n}} 1 to 9",
        GdtProblemKind.FileNameForm => "{0} must not begin with a dot and have at most 128 characters",
        GdtProblemKind.Name => "{0} must be 1 to 32 small letters, digits, - _ and ., and none of a built-in profile",
        _ => "{0}: a receiver would be wrong: {1}",
    };
}
