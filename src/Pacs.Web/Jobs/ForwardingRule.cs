using System.Text.Json.Serialization;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>
/// A rule of the section <c>Forwarding</c>: what of that which comes in is sent on, and where to. Conditions are lists of patterns with <c>*</c> and <c>?</c>, compared without regard to case and
/// accents; one of a list has to fit, all lists have to. No condition fits everything.
/// </summary>
public sealed record ForwardingRule
{
    /// <summary>Its name: shown with its jobs.</summary>
    public string Name { get; init; } = "";

    /// <summary>The nodes it sends to, by name.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    /// <summary>The AE title that sent the instance.</summary>
    public IReadOnlyList<string> CallingAet { get; init; } = [];

    /// <summary>(0008,0060).</summary>
    public IReadOnlyList<string> Modality { get; init; } = [];

    /// <summary>(0008,1030).</summary>
    public IReadOnlyList<string> StudyDescription { get; init; } = [];

    /// <summary>(0008,103E).</summary>
    public IReadOnlyList<string> SeriesDescription { get; init; } = [];

    /// <summary>(0008,0080).</summary>
    public IReadOnlyList<string> InstitutionName { get; init; } = [];

    /// <summary>(0008,1010).</summary>
    public IReadOnlyList<string> StationName { get; init; } = [];

    /// <summary>
    /// Seconds for which instances of a study are gathered before they are sent. Default 10: a study goes in few associations, and still soon.
    /// </summary>
    public int Delay { get; init; } = 10;

    /// <summary>
    /// Whether the node is asked by storage commitment whether it keeps what it got. Default false: not every node can answer, and those that cannot would make every transfer a failure.
    /// </summary>
    public bool StorageCommitment { get; init; }

    /// <summary>Whether an instance is one that the rule sends on.</summary>
    public bool Fits(InstanceEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return Fits(CallingAet, entry.Instance.CallingAe)
            && Fits(Modality, entry.Series.Modality)
            && Fits(StudyDescription, entry.Study.Description)
            && Fits(SeriesDescription, entry.Series.Description)
            && (InstitutionName.Count == 0 || Fits(InstitutionName, Tag(entry.Study.Tags, DicomTag.InstitutionName) ?? Tag(entry.Series.Tags, DicomTag.InstitutionName)))
            && Fits(StationName, entry.Series.Station);
    }

    /// <summary>What is wrong with it, in a sentence, or null.</summary>
    [JsonIgnore]
    public string? Problem =>
        Name.Length is 0 or > 64 || Name.Any(char.IsControl) ? "Name must have 1 to 64 characters"
        : To.Count == 0 ? "To must list at least one node"
        : Delay is < 0 or > 86400 ? "Delay must be a whole number of seconds from 0 to 86400"
        : All.Any(p => !WildcardPattern.TryCreate(p, out _)) ? $"a pattern is longer than {WildcardPattern.MaxLength} characters"
        : null;

    private IEnumerable<string> All => CallingAet.Concat(Modality).Concat(StudyDescription).Concat(SeriesDescription).Concat(InstitutionName).Concat(StationName);

    private static bool Fits(IReadOnlyList<string> patterns, string? value)
    {
        if (patterns.Count == 0)
        {
            return true;
        }
        var folded = TextFolding.Fold(value?.Trim() ?? "");
        return patterns.Any(p => WildcardPattern.TryCreate(TextFolding.Fold(p.Trim()), out var pattern) && pattern!.IsMatch(folded));
    }

    private static string? Tag(string tags, DicomTag tag)
    {
        using var json = System.Text.Json.JsonDocument.Parse(tags);
        return json.RootElement.TryGetProperty($"{tag.Group:X4}{tag.Element:X4}", out var value) ? value.GetString() : null;
    }
}
