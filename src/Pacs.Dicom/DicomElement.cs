using System.Diagnostics.CodeAnalysis;

namespace Pacs.Dicom;

/// <summary>
/// A data element (PS3.5 §7.1): tag, VR and either a value, the items of a sequence or the fragments of encapsulated pixel data.
/// Immutable but for its items. Values are kept as the bytes they were received in and decoded when somebody asks the data set.
/// </summary>
public sealed class DicomElement
{
    /// <summary>An element with a value.</summary>
    /// <param name="tag">Its tag.</param>
    /// <param name="vr">Its VR.</param>
    /// <param name="value">The value, numbers in little endian whatever the transfer syntax it came in. Padding may be there or not.</param>
    public DicomElement(DicomTag tag, DicomVr vr, ReadOnlyMemory<byte> value) => (Tag, Vr, Value) = (tag, vr, value);

    /// <summary>A sequence (PS3.5 §7.5).</summary>
    public DicomElement(DicomTag tag, IEnumerable<DicomDataset> items)
    {
        Tag = tag;
        Vr = DicomVr.SQ;
        Items = [.. items];
    }

    /// <summary>Encapsulated pixel data (PS3.5 §A.4).</summary>
    /// <param name="tag">(7FE0,0010) as a rule.</param>
    /// <param name="vr">OB, or OW in a few old files.</param>
    /// <param name="fragments">All items of the pixel sequence; the first is the basic offset table, which may be empty.</param>
    public DicomElement(DicomTag tag, DicomVr vr, IEnumerable<ReadOnlyMemory<byte>> fragments)
    {
        Tag = tag;
        Vr = vr;
        Fragments = [.. fragments];
    }

    /// <summary>The tag.</summary>
    public DicomTag Tag { get; }

    /// <summary>The VR as read, or from the dictionary in Implicit VR.</summary>
    public DicomVr Vr { get; }

    /// <summary>The value in little endian; empty for sequences and fragments.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>The items of a sequence, or null for anything else.</summary>
    public IReadOnlyList<DicomDataset>? Items { get; }

    /// <summary>The items of an encapsulated pixel data element, basic offset table first, or null for anything else.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? Fragments { get; }

    /// <summary>Whether this is a sequence of items.</summary>
    [MemberNotNullWhen(true, nameof(Items))]
    public bool IsSequence => Items is not null;

    /// <summary>Whether this is encapsulated pixel data.</summary>
    [MemberNotNullWhen(true, nameof(Fragments))]
    public bool IsEncapsulated => Fragments is not null;

    /// <summary>Whether there is no value, no item and no fragment.</summary>
    public bool IsEmpty => Value.IsEmpty && Items is not { Count: > 0 } && Fragments is null;

    /// <summary>Tag, VR and size; never the value, which may be about a patient.</summary>
    public override string ToString() => IsSequence ? $"{Tag} SQ {Items.Count} items"
        : IsEncapsulated ? $"{Tag} {Vr} {Fragments.Count} fragments" : $"{Tag} {Vr} {Value.Length} bytes";
}
