using System.Text;

namespace Pacs.Dicom;

/// <summary>
/// A coded character set of the ISO registry: 94 or 96 characters with one byte each, or 94 × 94 with two (PS3.3 §C.12.1.1.2, tables C.12-3 and
/// C.12-4). Codes are in their 7-bit form here, 0x20 to 0x7F; where they stand in a text, G0 or G1, decides about the eighth bit.
/// </summary>
internal sealed class CodedSet
{
    /// <summary>Stands for a code without a character.</summary>
    public const char None = '\uFFFD';

    /// <summary>ISO 646, the G0 set of nearly every term.</summary>
    public static readonly CodedSet Ascii = new("(B", isDouble: false, () => Table((char)0x20));

    /// <summary>ISO-IR 14, JIS X 0201 Romaji: ASCII but for the glyphs of 0x5C and 0x7E, which DICOM uses as ASCII does (PS3.5 §6.1.2.5.3).</summary>
    public static readonly CodedSet Romaji = new("(J", isDouble: false, () => Table((char)0x20));

    /// <summary>ISO-IR 13, JIS X 0201 Katakana, half-width.</summary>
    public static readonly CodedSet Katakana = new(")I", isDouble: false, HalfWidthKatakana);

    /// <summary>ISO-IR 100, ISO 8859-1.</summary>
    public static readonly CodedSet Latin1 = new("-A", isDouble: false, () => Table((char)0xA0));

    private static readonly CodedSet Latin2 = new("-B", isDouble: false, () => SingleByte(28592));
    private static readonly CodedSet Latin3 = new("-C", isDouble: false, () => SingleByte(28593));
    private static readonly CodedSet Latin4 = new("-D", isDouble: false, () => SingleByte(28594));
    private static readonly CodedSet Greek = new("-F", isDouble: false, () => SingleByte(28597));
    private static readonly CodedSet Arabic = new("-G", isDouble: false, () => SingleByte(28596));
    private static readonly CodedSet Hebrew = new("-H", isDouble: false, () => SingleByte(28598));
    private static readonly CodedSet Cyrillic = new("-L", isDouble: false, () => SingleByte(28595));
    private static readonly CodedSet Latin5 = new("-M", isDouble: false, () => SingleByte(28599));
    private static readonly CodedSet Thai = new("-T", isDouble: false, () => SingleByte(874));
    private static readonly CodedSet Latin9 = new("-b", isDouble: false, () => SingleByte(28605));

    // two-byte sets. The code pages are those whose tables agree with the standards' own; what Microsoft's have beyond them is private use
    private static readonly CodedSet Kanji = new("$B", isDouble: true, () => DoubleByte(20932));
    private static readonly CodedSet SupplementaryKanji = new("$(D", isDouble: true, JisX0212);
    private static readonly CodedSet Korean = new("$)C", isDouble: true, () => DoubleByte(949));
    private static readonly CodedSet SimplifiedChinese = new("$)A", isDouble: true, Gb2312);

    private readonly Lazy<char[]> _characters;
    private readonly Lazy<Dictionary<char, ushort>> _codes;

    private CodedSet(string designation, bool isDouble, Func<char[]> characters)
    {
        Designation = [CodeExtensions.Escape, .. Encoding.ASCII.GetBytes(designation)];
        IsDouble = isDouble;
        IsG0 = designation[0] == '(' || (designation[0] == '$' && designation[1] != ')');
        _characters = new Lazy<char[]>(characters);
        _codes = new Lazy<Dictionary<char, ushort>>(Invert);
    }

    /// <summary>The escape sequence that DICOM designates the set with.</summary>
    public byte[] Designation { get; }

    /// <summary>Whether a character takes two bytes.</summary>
    public bool IsDouble { get; }

    /// <summary>Whether <see cref="Designation"/> puts the set into G0 (bytes below 0x80) and not into G1.</summary>
    public bool IsG0 { get; }

    /// <summary>The set that a defined term adds to ASCII, by its number in the ISO registry; null for ASCII itself and for unknown ones.</summary>
    public static CodedSet? Find(int number) => number switch
    {
        13 => Katakana,
        58 => SimplifiedChinese,
        87 => Kanji,
        100 => Latin1,
        101 => Latin2,
        109 => Latin3,
        110 => Latin4,
        126 => Greek,
        127 => Arabic,
        138 => Hebrew,
        144 => Cyrillic,
        148 => Latin5,
        149 => Korean,
        159 => SupplementaryKanji,
        166 => Thai,
        203 => Latin9,
        _ => null,
    };

    /// <summary>
    /// The set that an escape sequence designates (ISO 2022 §14.3), in whatever slot: also the combinations that DICOM does not use, but
    /// e-mail and some devices do.
    /// </summary>
    /// <param name="intermediate"><c>(</c> or <c>)</c> for 94, <c>-</c> for 96 characters, <c>$</c> for 94 × 94.</param>
    /// <param name="final">The last byte of the sequence.</param>
    public static CodedSet? Find(char intermediate, char final) => (intermediate, final) switch
    {
        ('(', 'B') => Ascii,
        ('(', 'J') => Romaji,
        ('(' or ')', 'I') => Katakana,
        ('-', 'A') => Latin1,
        ('-', 'B') => Latin2,
        ('-', 'C') => Latin3,
        ('-', 'D') => Latin4,
        ('-', 'F') => Greek,
        ('-', 'G') => Arabic,
        ('-', 'H') => Hebrew,
        ('-', 'L') => Cyrillic,
        ('-', 'M') => Latin5,
        ('-', 'T') => Thai,
        ('-', 'b') => Latin9,
        ('$', '@' or 'B') => Kanji,
        ('$', 'D') => SupplementaryKanji,
        ('$', 'C') => Korean,
        ('$', 'A') => SimplifiedChinese,
        _ => null,
    };

    /// <summary>The character with a one-byte code of 0x20 to 0x7F.</summary>
    public char this[int code] => _characters.Value[code - 0x20];

    /// <summary>The character with a two-byte code, each 0x21 to 0x7E.</summary>
    public char this[int row, int cell] => _characters.Value[(row - 0x21) * 94 + cell - 0x21];

    /// <summary>The code of a character, both bytes in one number for two-byte sets.</summary>
    public bool TryGetCode(char character, out ushort code) => _codes.Value.TryGetValue(character, out code);

    /// <summary>A code page of .NET, which decodes what it does not have as U+FFFD. Taken from the provider, nothing is registered for the process.</summary>
    public static Encoding CodePage(int number) =>
        CodePagesEncodingProvider.Instance.GetEncoding(number, EncoderFallback.ReplacementFallback, new DecoderReplacementFallback("\uFFFD"))
            ?? throw new InvalidOperationException($"Code page {number} is not part of this .NET runtime");

    private Dictionary<char, ushort> Invert()
    {
        var characters = _characters.Value;
        var codes = new Dictionary<char, ushort>(characters.Length);
        for (var i = 0; i < characters.Length; i++)
        {
            if (characters[i] != None)
            {
                codes.TryAdd(characters[i], (ushort)(IsDouble ? ((i / 94 + 0x21) << 8) | (i % 94 + 0x21) : i + 0x20));
            }
        }
        return codes;
    }

    private static char[] Table(char first) => [.. Enumerable.Range(first, 96).Select(c => (char)c)];

    // U+FF61 to U+FF9F in the order of JIS X 0201
    private static char[] HalfWidthKatakana() => [.. Enumerable.Range(0x20, 96).Select(c => c is >= 0x21 and <= 0x5F ? (char)(c - 0x21 + 0xFF61) : None)];

    private static char[] SingleByte(int codePage)
    {
        var encoding = CodePage(codePage);
        var characters = new char[96];
        for (var i = 0; i < characters.Length; i++)
        {
            characters[i] = Single(encoding, [(byte)(0xA0 + i)]);
        }
        return characters;
    }

    private static char[] DoubleByte(int codePage, byte cellBit = 0x80)
    {
        var encoding = CodePage(codePage);
        var characters = new char[94 * 94];
        for (var i = 0; i < characters.Length; i++)
        {
            characters[i] = Single(encoding, [(byte)((i / 94 + 0x21) | 0x80), (byte)((i % 94 + 0x21) | cellBit)]);
        }
        return characters;
    }

    private static char[] JisX0212()
    {
        // this code page tells the second plane by a clear bit in the second byte; two of its signs have moved elsewhere
        var characters = DoubleByte(20932, cellBit: 0);
        characters[(0x22 - 0x21) * 94 + 0x37 - 0x21] = '~';
        characters[(0x22 - 0x21) * 94 + 0x71 - 0x21] = '№';
        return characters;
    }

    private static char[] Gb2312()
    {
        var characters = DoubleByte(20936);
        characters[0x2C - 0x21] = '‖';
        return characters;
    }

    private static char Single(Encoding encoding, ReadOnlySpan<byte> code)
    {
        var text = encoding.GetString(code);
        // Microsoft maps codes without a character to the private use area
        return text.Length == 1 && text[0] is not (>= '\uE000' and <= '\uF8FF') ? text[0] : None;
    }
}
