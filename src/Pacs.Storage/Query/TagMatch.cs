using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// One condition on one attribute, read from a C-FIND identifier, a QIDO parameter or a /tools/find key (PS3.4 §C.2.2.2). A query is a list of
/// them, all of which must hold. Universal keys make no condition. <see cref="DatasetMatcher"/> evaluates them in memory; the index turns the
/// same conditions into SQL, so the texts in here are already normalised for plain ordinal comparison.
/// </summary>
/// <param name="Tag">The attribute.</param>
/// <param name="Vr">How it is compared: the dictionary's VR, or the identifier's for tags the dictionary lacks.</param>
public abstract record TagMatch(DicomTag Tag, DicomVr Vr)
{
    /// <summary>
    /// Whether a person name is compared by <see cref="PersonName.FoldGerman"/>, so that <c>Mueller</c> finds <c>Müller</c>: what we do when fuzzy matching was
    /// negotiated (PS3.4 §C.2.2.2.1.1). The text of the condition is folded likewise.
    /// </summary>
    public bool IsFuzzy { get; init; }

    /// <summary>
    /// Whether a text other than a person name is compared without regard to case, as <c>/tools/find</c> does and DICOM does not (PS3.4 §C.2.2.2.1). The text of
    /// the condition is in upper case.
    /// </summary>
    public bool IgnoresCase { get; init; }

    /// <summary>Single value matching (PS3.4 §C.2.2.2.1): one of the attribute's values is this one.</summary>
    /// <param name="Tag">The attribute.</param>
    /// <param name="Vr">Its VR.</param>
    /// <param name="Value">Without padding; person names as <see cref="PersonName.Fold"/> makes them, dates as <c>YYYYMMDD</c>.</param>
    public sealed record Exact(DicomTag Tag, DicomVr Vr, string Value) : TagMatch(Tag, Vr);

    /// <summary>Wild card matching (PS3.4 §C.2.2.2.4).</summary>
    /// <param name="Tag">The attribute.</param>
    /// <param name="Vr">Its VR: a string that is no date, time, number, age or UID.</param>
    /// <param name="Pattern">The pattern; folded for person names.</param>
    public sealed record Wildcard(DicomTag Tag, DicomVr Vr, WildcardPattern Pattern) : TagMatch(Tag, Vr);

    /// <summary>Range matching of DA, TM and DT (PS3.4 §C.2.2.2.5), both ends included; also a single TM or DT, which is as wide as its precision.</summary>
    /// <param name="Tag">The attribute.</param>
    /// <param name="Vr">DA, TM or DT.</param>
    /// <param name="From">Lower end for ordinal comparison, null when open; <c>1030</c> for 10:30.</param>
    /// <param name="To">Upper end for ordinal comparison, null when open.</param>
    public sealed record Range(DicomTag Tag, DicomVr Vr, string? From, string? To) : TagMatch(Tag, Vr);

    /// <summary>Date and time matched as one moment (PS3.4 §C.2.2.2.5.1 and table K.6-1): from the 5th 10:00 to the 7th 18:00.</summary>
    /// <param name="Tag">The date attribute.</param>
    /// <param name="TimeTag">The time attribute.</param>
    /// <param name="From">Lower end as date followed by time, null when open.</param>
    /// <param name="To">Upper end as date followed by time, null when open.</param>
    public sealed record Moment(DicomTag Tag, DicomTag TimeTag, string? From, string? To) : TagMatch(Tag, DicomVr.DT);

    /// <summary>List matching: one of the choices holds (list of UID, PS3.4 §C.2.2.2.2, and what peers send alike for other VRs).</summary>
    /// <param name="Tag">The attribute.</param>
    /// <param name="Vr">Its VR.</param>
    /// <param name="Choices">Conditions on the same attribute, at least two.</param>
    public sealed record AnyOf(DicomTag Tag, DicomVr Vr, IReadOnlyList<TagMatch> Choices) : TagMatch(Tag, Vr);

    /// <summary>Empty value matching, written as two quotation marks (PS3.4 §C.2.2.2.7): the attribute is absent or has no value.</summary>
    /// <param name="Tag">The attribute.</param>
    /// <param name="Vr">Its VR.</param>
    public sealed record Empty(DicomTag Tag, DicomVr Vr) : TagMatch(Tag, Vr);

    /// <summary>Sequence matching (PS3.4 §C.2.2.2.6): one item satisfies every condition.</summary>
    /// <param name="Tag">The sequence.</param>
    /// <param name="Inner">The conditions, at least one.</param>
    public sealed record Item(DicomTag Tag, IReadOnlyList<TagMatch> Inner) : TagMatch(Tag, DicomVr.SQ);
}
