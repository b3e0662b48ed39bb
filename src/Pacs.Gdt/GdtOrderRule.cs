using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Gdt;

/// <summary>What an order of a practice software becomes at the device: the first rule that fits 8402 (or 8410) counts.</summary>
public sealed record GdtOrderRule
{
    /// <summary>A pattern with <c>*</c> and <c>?</c> for 8402, or 8410 where there is no 8402. Default <c>*</c>.</summary>
    public string TestType { get; init; } = "*";

    /// <summary>(0008,0060). Default <c>US</c>.</summary>
    public string Modality { get; init; } = "US";

    /// <summary>(0040,0001), the AE title of the device. Default <c>US01</c>, as <c>/worklist/add</c>.</summary>
    public string Station { get; init; } = "US01";

    /// <summary>(0032,1060), what to examine, in words; null: the order's 8411, else its 8402.</summary>
    public string? Procedure { get; init; }

    /// <summary>The rule of an order that fits none: a general ultrasound examination.</summary>
    public static GdtOrderRule Default { get; } = new();

    /// <summary>Whether it is the rule of a test.</summary>
    public bool Fits(string testType) =>
        WildcardPattern.TryCreate(TextFolding.Fold(TestType.Trim()), out var pattern) && pattern!.IsMatch(TextFolding.Fold(testType.Trim()));

    /// <summary>What is wrong with it, or null.</summary>
    internal string? Problem =>
        !WildcardPattern.TryCreate(TestType, out _) ? "TestType must be a pattern of at most " + WildcardPattern.MaxLength + " characters"
        : Modality is not { Length: >= 1 and <= 16 } || !Modality.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c is '_' or ' ') ? "Modality must be 1 to 16 capital letters and digits"
        : Station is not { Length: >= 1 and <= 16 } || !Station.All(c => c is > ' ' and <= '~' and not '\\') ? "Station must be an AE title"
        : Procedure is { Length: 0 or > 64 } || Procedure?.Any(c => char.IsControl(c) || c == '\\') == true ? "Procedure must have 1 to 64 characters"
        : null;
}
