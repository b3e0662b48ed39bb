using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Pacs.Dicom;

/// <summary>
/// The tag of a data element: group number in the upper, element number in the lower 16 bits (PS3.5 §7.1).
/// Every tag of the dictionary is a static property here: <c>DicomTag.PatientID</c>.
/// </summary>
/// <param name="Value">Group and element as one number, e.g. <c>0x00100020</c>. Its order is the order of elements in a data set.</param>
public readonly partial record struct DicomTag(uint Value) : IComparable<DicomTag>
{
    /// <summary>A tag from its two halves.</summary>
    /// <param name="group">Group number, e.g. <c>0x0010</c>.</param>
    /// <param name="element">Element number, e.g. <c>0x0020</c>.</param>
    public DicomTag(ushort group, ushort element)
        : this(((uint)group << 16) | element)
    {
    }

    /// <summary>Group number.</summary>
    public ushort Group => (ushort)(Value >> 16);

    /// <summary>Element number.</summary>
    public ushort Element => (ushort)Value;

    /// <summary>Whether the group number is odd: the element belongs to a manufacturer (PS3.5 §7.8).</summary>
    public bool IsPrivate => (Value & 0x10000) != 0;

    /// <summary>Whether this is a group length (gggg,0000), retired outside groups 0000 and 0002 (PS3.5 §7.2).</summary>
    public bool IsGroupLength => (Value & 0xFFFF) == 0;

    /// <summary>Whether this is (gggg,0010-00FF) of a private group: the name of who owns a block of it (PS3.5 §7.8.1).</summary>
    public bool IsPrivateCreator => IsPrivate && Element is >= 0x10 and <= 0xFF;

    /// <inheritdoc/>
    public int CompareTo(DicomTag other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> comes before <paramref name="right"/> in a data set.</summary>
    public static bool operator <(DicomTag left, DicomTag right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> comes after <paramref name="right"/> in a data set.</summary>
    public static bool operator >(DicomTag left, DicomTag right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> does not come after <paramref name="right"/> in a data set.</summary>
    public static bool operator <=(DicomTag left, DicomTag right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> does not come before <paramref name="right"/> in a data set.</summary>
    public static bool operator >=(DicomTag left, DicomTag right) => left.Value >= right.Value;

    /// <summary>The way DICOM prints tags: <c>(0010,0020)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({Group:X4},{Element:X4})");

    /// <summary>The way DICOM JSON and DICOMweb print tags: <c>00100020</c> (PS3.18 §F.2.2).</summary>
    public string ToHexString() => Value.ToString("X8", CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads <c>00100020</c>, <c>0010,0020</c>, <c>(0010,0020)</c>, <c>0010-0020</c> or a keyword of the dictionary (<c>PatientID</c>).
    /// </summary>
    /// <exception cref="FormatException">None of these.</exception>
    public static DicomTag Parse(string text) =>
        TryParse(text, out var tag) ? tag : throw new FormatException($"'{text}' is neither a tag such as 0010,0020 nor a keyword of the DICOM dictionary");

    /// <summary>As <see cref="Parse"/>, without the exception.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out DicomTag tag)
    {
        tag = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }
        var span = text.AsSpan();
        if (span[0] == '(' && span[^1] == ')')
        {
            span = span[1..^1];
        }
        if (span.Length == 9 && span[4] is ',' or '-'
            && ushort.TryParse(span[..4], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var group)
            && ushort.TryParse(span[5..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var element))
        {
            tag = new DicomTag(group, element);
            return true;
        }
        if (span.Length == 8 && uint.TryParse(span, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            tag = new DicomTag(value);
            return true;
        }
        return DicomDictionary.TryFindKeyword(text, out tag);
    }
}
