using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>An attribute that an answer must contain, known or not (PS3.4 §C.1.1).</summary>
/// <param name="Tag">The attribute.</param>
/// <param name="Vr">The VR of the empty element when the value is unknown.</param>
/// <param name="Items">For sequences: what each item contains. Empty means the whole item.</param>
public sealed record ReturnKey(DicomTag Tag, DicomVr Vr, IReadOnlyList<ReturnKey> Items)
{
    /// <summary>Whether the attribute is left out of the answer where the entity has none, or where it would take one file too many to know. Default false: it is empty then.</summary>
    public bool IsOptional { get; init; }
}

/// <summary>What a query asks: the conditions and the attributes of the answers.</summary>
/// <param name="Matches">All of them must hold; empty means everything matches.</param>
/// <param name="Return">In the order of their tags.</param>
/// <param name="CharacterSet">What the identifier's (0008,0005) said: the wish for the answers. Null when it said nothing.</param>
public sealed record QueryKeys(IReadOnlyList<TagMatch> Matches, IReadOnlyList<ReturnKey> Return, CharacterSet? CharacterSet);
