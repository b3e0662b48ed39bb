using System.Collections.Frozen;

namespace Pacs.Dicom;

/// <summary>A coded entry (PS3.3 §8): a code, the scheme that defines it and what it means in words.</summary>
/// <param name="Value">Code Value, or Long Code Value, or URN Code Value: the one that is there (PS3.3 §8.1). May be empty in what devices send.</param>
/// <param name="Scheme">Coding Scheme Designator, e.g. <c>DCM</c>, <c>SCT</c>, <c>LN</c>, <c>99GEMS</c>. May be empty.</param>
/// <param name="Meaning">Code Meaning. May be empty.</param>
public readonly record struct CodedConcept(string Value, string Scheme, string Meaning)
{
    // PS3.16 Annex O: what ultrasound reports need of it
    private static readonly FrozenDictionary<string, string> SnomedCt = SnomedTable.Codes.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(l => l.Split('\t')).ToFrozenDictionary(l => l[0], l => l[1], StringComparer.Ordinal);

    /// <summary>
    /// What says whether two codes mean the same, whatever words stand beside them: <c>SCT:363698007</c>. Codes of SNOMED-RT, under whichever of its
    /// designators (<c>SRT</c>, <c>SNM3</c>, <c>99SDM</c>; PS3.16 §8), are those of SNOMED CT that have replaced them. Without a code it is the meaning.
    /// </summary>
    public string Key => Value.Length == 0 ? $"{Scheme}:\"{Meaning}\""
        : Scheme is "SRT" or "SNM3" or "99SDM" ? SnomedCt.TryGetValue(Value, out var current) ? "SCT:" + current : "SRT:" + Value
        : $"{Scheme}:{Value}";

    /// <summary>Reads the first item of a code sequence.</summary>
    /// <param name="dataset">The data set that has the sequence.</param>
    /// <param name="tag">The sequence, e.g. (0040,A043) Concept Name Code Sequence.</param>
    /// <returns>Null when the sequence is absent or empty, or its item has neither a code nor a meaning.</returns>
    public static CodedConcept? Read(DicomDataset dataset, DicomTag tag)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (dataset.GetSequence(tag) is not [var item, ..])
        {
            return null;
        }
        var value = First(item, DicomTag.CodeValue) ?? First(item, DicomTag.LongCodeValue) ?? First(item, DicomTag.URNCodeValue) ?? "";
        var meaning = item.GetString(DicomTag.CodeMeaning) ?? "";
        return value.Length == 0 && meaning.Length == 0 ? null : new CodedConcept(value, item.GetString(DicomTag.CodingSchemeDesignator) ?? "", meaning);
    }

    /// <summary>Code and scheme, never the meaning, which in free reports may be about a patient.</summary>
    public override string ToString() => $"({Value}, {Scheme})";

    private static string? First(DicomDataset item, DicomTag tag) => item.GetString(tag) is { Length: > 0 } text ? text : null;
}
