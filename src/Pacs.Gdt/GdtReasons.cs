using System.Globalization;
using System.Text.RegularExpressions;

namespace Pacs.Gdt;

/// <summary>
/// Why something does not go on, as it is in the index and in the log: English sentences without patient data. The pages say them in their language (<c>GdtReason.…</c> in their texts).
/// </summary>
public static partial class GdtReasons
{
    /// <summary>The folder is not there.</summary>
    public const string NoFolder = "the folder is not there";

    /// <summary>The marker file is not there.</summary>
    public const string NoMarker = "the marker file is not there: is the share mounted?";

    /// <summary>The system refuses.</summary>
    public const string Denied = "access denied";

    /// <summary>The disk or the quota is full.</summary>
    public const string Full = "no space left";

    /// <summary>The share is mounted read-only.</summary>
    public const string ReadOnly = "read-only";

    /// <summary>The folder went away in the middle of a delivery.</summary>
    public const string FolderGone = "the folder it was put into has gone";

    /// <summary>The receiver takes one file at a time.</summary>
    public const string Unread = "waits until the file before it is fetched";

    /// <summary>Nothing that came in can be noted.</summary>
    public const string NoIndex = "the index cannot be written";

    /// <summary>The receiver was removed while the record waited for it.</summary>
    public const string NoReceiver = "the receiver was removed";

    /// <summary>What comes before a reason that is about the folder for attachments.</summary>
    public const string Attachments = "attachments: ";

    /// <summary>The sentences by the names that the texts of the pages have for them.</summary>
    public static IReadOnlyDictionary<string, string> Names { get; } = new Dictionary<string, string>
    {
        [NoFolder] = nameof(NoFolder),
        [NoMarker] = nameof(NoMarker),
        [Denied] = nameof(Denied),
        [Full] = nameof(Full),
        [ReadOnly] = nameof(ReadOnly),
        [FolderGone] = nameof(FolderGone),
        [Unread] = nameof(Unread),
        [NoIndex] = nameof(NoIndex),
        [NoReceiver] = nameof(NoReceiver),
    };

    /// <summary>Why a record cannot be one of its version.</summary>
    internal static string TooLong(string field, int bytes, int limit) =>
        string.Create(CultureInfo.InvariantCulture, $"Field {field} ({GdtFieldTable.NameOf(field)}) has {bytes} bytes; this version of GDT allows {limit}");

    /// <summary>Why a record cannot be one of its version: 8100 has no digits for its length.</summary>
    internal static string TooLarge(int bytes, int limit) => string.Create(CultureInfo.InvariantCulture, $"The record has {bytes} bytes; this version of GDT allows {limit}");

    /// <summary>What is left out of a record: the report in words.</summary>
    internal static string TooManyLines(int lines) => string.Create(CultureInfo.InvariantCulture, $"{lines} lines of text: with them the record would be larger than this version of GDT allows");

    /// <summary>What is left out of a record: lines of the report in words.</summary>
    internal static string LinesCut(int lines) => string.Create(CultureInfo.InvariantCulture, $"{lines} lines of text: there are more than a record may have");

    /// <summary>What is left out of a record: values whose identifiers do not fit.</summary>
    internal static string LongIdentifiers(int values, string places) =>
        string.Create(CultureInfo.InvariantCulture, $"{values} × the identifier is longer than field 8410 allows ({places})");

    /// <summary>Takes <see cref="TooManyLines"/> and <see cref="LinesCut"/> apart: the number of lines; null when it is another sentence.</summary>
    public static string? ReadLines(string leftOut) => LinesPattern().Match(leftOut) is { Success: true } match ? match.Groups["lines"].Value : null;

    /// <summary>Takes <see cref="TooLarge"/> apart: bytes, limit; null when it is another sentence.</summary>
    public static IReadOnlyList<string>? ReadTooLarge(string reason) =>
        TooLargePattern().Match(reason) is { Success: true } match ? [.. match.Groups.Values.Skip(1).Select(g => g.Value)] : null;

    /// <summary>Takes <see cref="TooLong"/> apart: field, name, bytes, limit; null when it is another sentence.</summary>
    public static IReadOnlyList<string>? ReadTooLong(string reason) =>
        TooLongPattern().Match(reason) is { Success: true } match ? [.. match.Groups.Values.Skip(1).Select(g => g.Value)] : null;

    /// <summary>The reason of an exception. Messages of the base class library have paths in them, and paths have accession numbers.</summary>
    internal static string Of(Exception e) => e switch
    {
        ImportFolderException => e.Message,
        UnauthorizedAccessException => Denied,
        DirectoryNotFoundException => NoFolder,
        IOException when (e.HResult & 0xFFFF) is 28 or 112 or 39 => Full,
        IOException when (e.HResult & 0xFFFF) is 30 or 19 => ReadOnly,
        _ => $"{e.GetType().Name} 0x{e.HResult:X8}",
    };

    [GeneratedRegex(@"^(?<lines>\d+) lines of text: ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LinesPattern();

    [GeneratedRegex(@"^The record has (?<bytes>\d+) bytes; this version of GDT allows (?<limit>\d+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TooLargePattern();

    [GeneratedRegex(@"^Field (?<field>\d{4}) \((?<name>.*)\) has (?<bytes>\d+) bytes; this version of GDT allows (?<limit>\d+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TooLongPattern();
}
