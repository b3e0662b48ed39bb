using System.Text.Json;

namespace Pacs.Gdt;

/// <summary>
/// A file that a record names (6305) and that is written before it. <c>gdt_file.attachments</c> keeps of what it is made, not its bytes: a share that is gone for a week must not fill the index with
/// pictures that are in the archive anyway.
/// </summary>
/// <param name="Name">Its name, made of ids alone.</param>
/// <param name="Reports">The reports whose values are in it; a picture has none.</param>
/// <param name="Images">The instances that are shown in it.</param>
public sealed record PlannedAttachment(string Name, IReadOnlyList<string> Reports, IReadOnlyList<string> Images)
{
    /// <summary>What the names of sheets end in; everything else is a picture.</summary>
    public const string SheetEnd = ".pdf";

    /// <summary>What the names of pictures end in.</summary>
    public const string PictureEnd = ".jpg";

    /// <summary>How long the longest name is: 16 digits of a hash and the end.</summary>
    public const int MaxName = 20;

    /// <summary>Whether it is a report sheet.</summary>
    internal bool IsSheet => Name.EndsWith(SheetEnd, StringComparison.Ordinal);

    /// <summary>A list of them for the index; null for none.</summary>
    internal static string? ToJson(IReadOnlyList<PlannedAttachment> planned) => planned.Count == 0 ? null : JsonSerializer.Serialize(planned);

    /// <summary>What <see cref="ToJson"/> wrote.</summary>
    internal static IReadOnlyList<PlannedAttachment> Read(string? json) => json is null ? [] : JsonSerializer.Deserialize<List<PlannedAttachment>>(json)!;
}
