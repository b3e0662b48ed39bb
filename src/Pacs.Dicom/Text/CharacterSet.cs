using System.Text;

namespace Pacs.Dicom;

/// <summary>
/// The characters of a data set: what (0008,0005) Specific Character Set says (PS3.3 §C.12.1.1.2, PS3.5 §6.1). Immutable and shared.
/// </summary>
public sealed class CharacterSet
{
    private readonly Encoding _encoding;

    private CharacterSet(string value, Encoding encoding) => (Value, _encoding) = (value, encoding);

    /// <summary>No (0008,0005): ISO 646 (ASCII).</summary>
    public static CharacterSet Default { get; } = new("", Encoding.Latin1);

    /// <summary>ISO_IR 192: Unicode as UTF-8.</summary>
    public static CharacterSet Utf8 { get; } = new("ISO_IR 192", new UTF8Encoding(false));

    /// <summary>The value of (0008,0005) that this stands for, e.g. <c>ISO 2022 IR 13\ISO 2022 IR 87</c>.</summary>
    public string Value { get; }

    /// <summary>The set for a value of (0008,0005).</summary>
    public static CharacterSet Parse(string? specificCharacterSet) => specificCharacterSet switch
    {
        null or "" => Default,
        "ISO_IR 192" => Utf8,
        _ => new CharacterSet(specificCharacterSet, Encoding.Latin1),
    };

    /// <summary>Bytes to characters. Never fails: what cannot be decoded becomes U+FFFD.</summary>
    /// <param name="bytes">The value as it is in the data set, padding included.</param>
    /// <param name="vr">The VR, which says where delimiters reset ISO 2022 code extensions (PS3.5 §6.1.2.5.3).</param>
    public string Decode(ReadOnlySpan<byte> bytes, DicomVr vr) => _encoding.GetString(bytes);

    /// <summary>Characters to bytes, without padding; false when this set lacks one of the characters.</summary>
    public bool TryEncode(string text, DicomVr vr, out byte[] bytes)
    {
        bytes = _encoding.GetBytes(text);
        return true;
    }

    /// <summary>The set that answers should be written in: the one asked for if it has all characters of the texts, else UTF-8.</summary>
    /// <param name="preferred">What the peer asked for.</param>
    /// <param name="texts">Everything that will be written.</param>
    public static CharacterSet Sufficient(CharacterSet preferred, IEnumerable<string> texts) =>
        texts.All(preferred.CanEncode) ? preferred : Utf8;

    /// <summary>Whether the set has all characters of a text.</summary>
    public bool CanEncode(string text) => TryEncode(text, DicomVr.UT, out _);
}
