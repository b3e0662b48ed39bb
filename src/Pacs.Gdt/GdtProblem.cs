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

    /// <summary>It is no name for a receiver.</summary>
    ReceiverName,

    /// <summary>Another receiver has the name; the argument is the name.</summary>
    Taken,

    /// <summary>It is no absolute path.</summary>
    AbsolutePath,

    /// <summary>It is one of the server's own folders.</summary>
    OwnFolder,

    /// <summary>It is outside of the folder that the configuration allows; the argument is that folder.</summary>
    OutsideRoot,

    /// <summary>It is no plain name of a file.</summary>
    PlainName,

    /// <summary>The inbox is the import folder.</summary>
    SameFolder,

    /// <summary>Another receiver has the same inbox.</summary>
    InboxTaken,

    /// <summary>There is no worklist for orders.</summary>
    NoWorklist,

    /// <summary>Links need the server's address.</summary>
    NoLinkAddress,

    /// <summary>It is no number between the two arguments.</summary>
    Range,

    /// <summary>It needs another setting; the argument is that setting.</summary>
    Needs,

    /// <summary>It has control characters.</summary>
    ControlCharacters,

    /// <summary>With the name of a file it is too long for field 6305.</summary>
    PathLength,

    /// <summary>A rule for orders is wrong; the argument says what.</summary>
    Rule,
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
        GdtProblemKind.ReceiverName => "{0} must be 1 to 32 small letters, digits, - and _",
        GdtProblemKind.Taken => "{0}: there is another receiver {1}",
        GdtProblemKind.AbsolutePath => "{0} must be an absolute path",
        GdtProblemKind.OwnFolder => "{0} is one of the server's own folders",
        GdtProblemKind.OutsideRoot => "{0} must be inside of {1} (GdtGenerator.FolderRoot)",
        GdtProblemKind.PlainName => "{0} must be the name of a file without a folder",
        GdtProblemKind.SameFolder => "{0} must be another folder than the one for our files",
        GdtProblemKind.InboxTaken => "{0}: another receiver has the same",
        GdtProblemKind.NoWorklist => "{0} needs Worklists.Enable: orders would have nowhere to go",
        GdtProblemKind.NoLinkAddress => "{0} needs LinkAddress, the address of this server for the practice's browsers",
        GdtProblemKind.Range => "{0} must be {1} to {2}",
        GdtProblemKind.Needs => "{0} needs {1}",
        GdtProblemKind.ControlCharacters => "{0} must not have control characters",
        GdtProblemKind.PathLength => "{0} is too long: with the name of a file it does not fit field 6305 of this version of GDT",
        GdtProblemKind.Rule => "{0}.{1}",
        _ => "{0}: a receiver would be wrong: {1}",
    };
}
