using System.Collections.Concurrent;
using System.Text;

namespace Pacs.Dicom;

/// <summary>
/// The characters of a data set: what (0008,0005) Specific Character Set says (PS3.3 §C.12.1.1.2, PS3.5 §6.1). Immutable and shared.
/// </summary>
/// <remarks>
/// Reading is lenient: what devices declare wrongly or not at all is guessed as well as can be, and nothing fails. Writing is strict: what is
/// written can be read back, by us and by others, as the same text.
/// </remarks>
public sealed class CharacterSet
{
    // what real devices declare is far less; a peer that declares something new each time makes us parse, not keep
    private const int MostKnown = 256;
    private static readonly ConcurrentDictionary<string, CharacterSet> Known = new(StringComparer.Ordinal);

    // one of the two: Unicode-like encodings know no code extensions (PS3.5 §6.1.2.4), the others are sets of ISO 2022
    private readonly Encoding? _encoding;
    private readonly CodeExtensions? _extensions;

    private CharacterSet(string value, Encoding encoding) => (Value, _encoding) = (value, encoding);

    private CharacterSet(string value, params IReadOnlyList<CodedSet?> sets) => (Value, _extensions) = (value, new CodeExtensions(sets));

    /// <summary>
    /// No (0008,0005): ISO 646 (ASCII). Reading, bytes that are none are UTF-8 if they are valid as such, else ISO 8859-1: many German devices
    /// send umlauts without saying so.
    /// </summary>
    public static CharacterSet Default { get; } = new("", [null]);

    /// <summary>ISO_IR 192: Unicode as UTF-8. Reading, a byte that is not UTF-8 counts as ISO 8859-1.</summary>
    public static CharacterSet Utf8 { get; } = new("ISO_IR 192", Encoding.UTF8);

    /// <summary>ISO_IR 100: ISO 8859-1, Western Europe.</summary>
    public static CharacterSet Latin1 { get; } = new("ISO_IR 100", [CodedSet.Latin1]);

    /// <summary>
    /// The value of (0008,0005) that this stands for, e.g. <c>ISO 2022 IR 13\ISO 2022 IR 87</c>; empty for <see cref="Default"/>. Spelt as the standard
    /// does, whatever was parsed; what is not known at all stays as it was.
    /// </summary>
    public string Value { get; }

    /// <summary>
    /// The set for a value of (0008,0005). Never fails: misspelt terms (<c>ISO-IR 100</c>, <c>iso_ir_100</c>, <c>UTF-8</c>, <c>ISO 8859-1</c>) are
    /// understood, unknown ones count as <see cref="Default"/>.
    /// </summary>
    /// <param name="specificCharacterSet">All values, separated by <c>\</c>; null or empty for <see cref="Default"/>.</param>
    public static CharacterSet Parse(string? specificCharacterSet)
    {
        switch (specificCharacterSet)
        {
            case null or "":
                return Default;
            case "ISO_IR 100":
                return Latin1;
            case "ISO_IR 192":
                return Utf8;
        }
        if (!Known.TryGetValue(specificCharacterSet, out var set))
        {
            set = ParseTerms(specificCharacterSet);
            if (Known.Count >= MostKnown)
            {
                Known.Clear();
            }
            if (specificCharacterSet.Length <= 128)
            {
                Known.TryAdd(specificCharacterSet, set);
            }
        }
        return set;
    }

    /// <summary>
    /// Bytes to characters. Never fails, and gives at most as many characters as there are bytes: what has no character in the set becomes
    /// U+FFFD. Escape sequences of ISO 2022 are understood even if the set does not declare them.
    /// </summary>
    /// <param name="bytes">The value as it is in the data set, padding included; several values are split after decoding (PS3.5 §6.1.2.4).</param>
    /// <param name="vr">The VR, which says where delimiters reset ISO 2022 code extensions (PS3.5 §6.1.2.5.3).</param>
    public string Decode(ReadOnlySpan<byte> bytes, DicomVr vr)
    {
        if (Ascii.IsValid(bytes) && !bytes.Contains(CodeExtensions.Escape))
        {
            return Encoding.Latin1.GetString(bytes);
        }
        if (!vr.IsText)
        {
            return Default._extensions!.Decode(bytes, vr);
        }
        if (_extensions is not null)
        {
            return _extensions.Decode(bytes, vr);
        }
        return _encoding is UTF8Encoding ? DecodeUtf8(bytes) : _encoding!.GetString(bytes);
    }

    /// <summary>Characters to bytes, without padding; false when this set lacks one of the characters. What it writes it decodes to the same text.</summary>
    /// <param name="text">The value, or several with <c>\</c> between them.</param>
    /// <param name="vr">The VR: where ISO 2022 code extensions end (PS3.5 §6.1.2.5.3); all but LO, LT, PN, SH, ST, UC and UT take ASCII only.</param>
    /// <param name="bytes">The bytes; empty when the answer is false.</param>
    public bool TryEncode(string text, DicomVr vr, out byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Ascii.IsValid(text) && !text.Contains((char)CodeExtensions.Escape))
        {
            bytes = Encoding.ASCII.GetBytes(text);
            return true;
        }
        if (!vr.IsText)
        {
            bytes = [];
            return false;
        }
        if (_extensions is not null)
        {
            return _extensions.TryEncode(text, vr, out bytes);
        }
        bytes = _encoding!.GetBytes(text);
        // the encodings of .NET put a best fit where a character is missing
        if (_encoding.GetString(bytes) == text)
        {
            return true;
        }
        bytes = [];
        return false;
    }

    /// <summary>Whether the set has all characters of a text.</summary>
    public bool CanEncode(string text) => TryEncode(text, DicomVr.UT, out _);

    /// <summary>The set to answer in: the one asked for if it has all characters of the texts, else UTF-8.</summary>
    /// <param name="preferred">What the peer asked for.</param>
    /// <param name="texts">Everything that will be written.</param>
    public static CharacterSet Sufficient(CharacterSet preferred, IEnumerable<string> texts) => texts.All(preferred.CanEncode) ? preferred : Utf8;

    /// <summary><see cref="Value"/>.</summary>
    public override string ToString() => Value;

    private static CharacterSet ParseTerms(string value)
    {
        var terms = value.Split('\\', 32);
        var numbers = Array.ConvertAll(terms, CharacterSetTerms.NumberOf);
        // these are allowed alone only; a device that adds something to them means them anyway
        foreach (var number in numbers)
        {
            switch (number)
            {
                case CharacterSetTerms.Utf8:
                    return Utf8;
                case CharacterSetTerms.Gb18030:
                    return Chinese.Gb18030;
                case CharacterSetTerms.Gbk:
                    return Chinese.Gbk;
            }
        }
        var known = new List<int>();
        for (var i = 0; i < numbers.Length; i++)
        {
            if ((i == 0 || numbers[i] > CharacterSetTerms.Missing) && !known.Contains(numbers[i]))
            {
                known.Add(numbers[i]);
            }
        }
        var sets = known.ConvertAll(CodedSet.Find);
        if (known is [CharacterSetTerms.Unknown])
        {
            return new CharacterSet(value.Trim(), [null]);
        }
        if (known is [CharacterSetTerms.Missing or CharacterSetTerms.Ascii])
        {
            return Default;
        }
        if (known is [100] && !CharacterSetTerms.IsExtended(terms[0]))
        {
            return Latin1;
        }
        var extended = known.Count > 1 || CharacterSetTerms.IsExtended(terms[0]) || sets[0] is { IsDouble: true };
        return new CharacterSet(string.Join('\\', known.Select(n => CharacterSetTerms.Spell(n, extended))), sets);
    }

    // Sets of ASCII-compatible bytes with a trailing byte that may be 0x5C: decoding the whole value keeps it from being taken for a backslash
    private static class Chinese
    {
        public static readonly CharacterSet Gb18030 = new("GB18030", CodedSet.CodePage(54936));
        public static readonly CharacterSet Gbk = new("GBK", CodedSet.CodePage(936));
    }

    private static string DecodeUtf8(ReadOnlySpan<byte> bytes)
    {
        if (System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return Encoding.UTF8.GetString(bytes);
        }
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var length) == System.Buffers.OperationStatus.Done)
            {
                text.Append(rune.ToString());
            }
            else
            {
                text.Append(Encoding.Latin1.GetString(bytes[..length]));
            }
            bytes = bytes[length..];
        }
        return text.ToString();
    }
}
