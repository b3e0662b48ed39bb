namespace Pacs.Dicom;

/// <summary>A numeric value of a report and all that the report says about it.</summary>
/// <param name="Item">The NUM item.</param>
/// <param name="Concept">What was measured.</param>
/// <param name="Value">How much; finite.</param>
/// <param name="Text">The value as the device wrote it.</param>
/// <param name="Unit">The unit, UCUM as a rule; null where the device does not say.</param>
/// <param name="Context">Where, how and when.</param>
/// <param name="Limits">Values below this one that tell how to judge it: normal range, percentiles, uncertainty (PS3.16 TID 310, 311, 312).</param>
public sealed record SrMeasurement(
    SrNode Item, CodedConcept Concept, double Value, string Text, CodedConcept? Unit, SrContext Context, IReadOnlyList<SrMeasurement> Limits)
{
    // groups and sections that a value may be in or not without being another one: findings, summaries, measurement groups
    private static readonly HashSet<string> CommonSections = new(StringComparer.Ordinal)
    {
        "DCM:125007", "DCM:125005", "DCM:121070", "LN:59776-5", "DCM:121111", "LN:55112-7", "DCM:125008", "DCM:126010",
    };

    /// <summary>
    /// What it was computed for, where its own name does not tell: in a biometry group (TID 5008) the gestational age and the percentile belong to the
    /// length that was measured. Null where there is no such thing.
    /// </summary>
    public CodedConcept? About { get; init; }

    /// <summary>Whether the device or its user chose this one of several values (PS3.16 CID 224).</summary>
    public bool IsSelected { get; init; }

    /// <summary>The value stands for several: how many. 1 for a value that was measured once.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Mean, minimum and so on, where the value stands for several or was derived otherwise; the device's word for it, or ours.</summary>
    public CodedConcept? Derivation { get; init; }

    /// <summary>
    /// What tells it from other values, the same for the same measurement in another report: the concept and everything of the context that matters, as
    /// codes. Set by <see cref="SrRepeats"/>.
    /// </summary>
    public string Identity { get; init; } = "";

    /// <summary>1, or 2 and up for a value that nothing but its place in the report tells from an earlier one.</summary>
    public int Ordinal { get; init; } = 1;

    /// <summary>Where it is in the tree.</summary>
    public string Path => Item.Path;

    /// <summary>The named sections around it, the nearest first: not the root, and not those that say nothing, such as findings and measurement group.</summary>
    public IEnumerable<CodedConcept> Sections
    {
        get
        {
            for (var node = Item.Parent; node?.Parent is not null; node = node.Parent)
            {
                if (node.Concept is { } section && !CommonSections.Contains(section.Key) && section.Value != SonoscapeMeasurement.ContainerCode)
                {
                    yield return section;
                }
            }
        }
    }

    /// <summary>
    /// The vessel or structure a container stands for: TID 5104 names its groups by them. The nearest container below the root whose concept is one
    /// of SNOMED; sections and groups are of DCM and LOINC.
    /// </summary>
    public CodedConcept? Location => Sections.FirstOrDefault(
        s => s.Key.StartsWith("SCT:", StringComparison.Ordinal) || s.Key.StartsWith("SRT:", StringComparison.Ordinal)) is { Scheme: not null } found ? found : null;
}

/// <summary>A numeric item of a report that is not among its values, and why. Free of patient data: fit for logs.</summary>
/// <param name="Path">Where in the content tree it is.</param>
/// <param name="Reason">Why, in a few words.</param>
public sealed record LeftOutItem(string Path, string Reason);
