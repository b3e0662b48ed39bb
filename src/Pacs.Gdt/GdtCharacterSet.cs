using System.Text;

namespace Pacs.Gdt;

/// <summary>
/// A character set of GDT files. What a set lacks is written with what it has (<see cref="Transliteration"/>), so that a name from abroad never costs a file.
/// </summary>
public sealed class GdtCharacterSet
{
    private readonly Encoding _encoding;

    private GdtCharacterSet(string name, int codePage, string? code)
    {
        (Name, Code) = (name, code);
        // an empty replacement: what the set lacks gives no byte, instead of a "best fit" nobody chose
        var (encoder, decoder) = (new EncoderReplacementFallback(""), new DecoderReplacementFallback("?"));
        _encoding = CodePagesEncodingProvider.Instance.GetEncoding(codePage, encoder, decoder) ?? Encoding.GetEncoding(codePage, encoder, decoder);
    }

    /// <summary>7 bit, the German variant of ISO 646 (DIN 66003): <c>{</c> is ä. 9206 is 1.</summary>
    public static GdtCharacterSet Din66003 { get; } = new("DIN_66003", 20106, "1");

    /// <summary>IBM code page 437, the set of a record that names none. 9206 is 2.</summary>
    public static GdtCharacterSet Cp437 { get; } = new("IBM437", 437, "2");

    /// <summary>ISO 8859-1. 9206 is 3.</summary>
    public static GdtCharacterSet Latin1 { get; } = new("ISO-8859-1", 28591, "3");

    /// <summary>Windows code page 1252, what practice software means by "ANSI". 9206 is 3, too: it holds ISO 8859-1.</summary>
    public static GdtCharacterSet Windows1252 { get; } = new("windows-1252", 1252, "3");

    /// <summary>ISO 8859-15, Latin 9: what the old plugin wrote and GDT 3.5 demands. 9206 has no number for it.</summary>
    public static GdtCharacterSet Latin9 { get; } = new("ISO-8859-15", 28605, null);

    /// <summary>UTF-8: not in the standard; some programs use it with 9206 as 4.</summary>
    public static GdtCharacterSet Utf8 { get; } = new("UTF-8", 65001, "4");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<GdtCharacterSet> All { get; } = [Din66003, Cp437, Latin1, Windows1252, Latin9, Utf8];

    /// <summary>The name, as in HTTP.</summary>
    public string Name { get; }

    /// <summary>What 9206 says for it, or null where there is no number.</summary>
    public string? Code { get; }

    /// <summary>The set with a name, also a usual other one (<c>CP437</c>, <c>7bit</c>, <c>ANSI</c>); null when there is none.</summary>
    public static GdtCharacterSet? Find(string? name) => name?.Trim().ToUpperInvariant() switch
    {
        "DIN_66003" or "DIN66003" or "7BIT" or "7-BIT" => Din66003,
        "IBM437" or "CP437" or "437" => Cp437,
        "ISO-8859-1" or "LATIN1" => Latin1,
        "WINDOWS-1252" or "CP1252" or "ANSI" => Windows1252,
        "ISO-8859-15" or "LATIN9" => Latin9,
        "UTF-8" or "UTF8" => Utf8,
        _ => null,
    };

    /// <summary>Whether the set has a character.</summary>
    public bool Has(Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        return TryEncode(rune, bytes, out _);
    }

    /// <summary>Bytes to text. Never fails: bytes that mean nothing in the set become <c>?</c>.</summary>
    public string Decode(ReadOnlySpan<byte> bytes) => _encoding.GetString(bytes);

    /// <summary>Text to bytes. Never fails: control characters become blanks, what the set lacks is transliterated or becomes <c>?</c>.</summary>
    public byte[] Encode(string text)
    {
        var bytes = new List<byte>(text.Length + 8);
        Span<byte> buffer = stackalloc byte[4];
        var blank = false;
        foreach (var rune in Transliteration.Compose(text, this).EnumerateRunes())
        {
            // a line break inside a value would begin a field of the sender's choosing
            if (Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029)
            {
                if (!blank)
                {
                    bytes.Add((byte)' ');
                }
                blank = true;
                continue;
            }
            blank = false;
            if (TryEncode(rune, buffer, out var count))
            {
                bytes.AddRange(buffer[..count]);
                continue;
            }
            foreach (var substitute in Transliteration.Of(rune).EnumerateRunes())
            {
                if (TryEncode(substitute, buffer, out count))
                {
                    bytes.AddRange(buffer[..count]);
                }
                else
                {
                    AddSimplest(bytes, substitute);
                }
            }
        }
        return [.. bytes];
    }

    /// <summary>The most bytes, not more than a number, that end between two characters.</summary>
    internal int Cut(ReadOnlySpan<byte> bytes, int most)
    {
        if (bytes.Length <= most)
        {
            return bytes.Length;
        }
        while (this == Utf8 && most > 0 && (bytes[most] & 0xC0) == 0x80)
        {
            most--;
        }
        return most;
    }

    // letters that the first substitute of another set has and this one lacks (é of CP437 in 7 bit), and ASCII that DIN 66003 gave up for umlauts
    private void AddSimplest(List<byte> bytes, Rune rune)
    {
        Span<byte> buffer = stackalloc byte[4];
        var simplest = rune.Value switch
        {
            '[' or '{' => "(",
            ']' or '}' => ")",
            '\\' or '|' => "/",
            '~' => "-",
            '@' => "(at)",
            _ => Transliteration.Of(rune),
        };
        foreach (var part in simplest.EnumerateRunes())
        {
            if (TryEncode(part, buffer, out var count))
            {
                bytes.AddRange(buffer[..count]);
            }
            else
            {
                bytes.Add((byte)'?');
            }
        }
    }

    private bool TryEncode(Rune rune, Span<byte> bytes, out int count)
    {
        Span<char> chars = stackalloc char[2];
        count = _encoding.GetBytes(chars[..rune.EncodeToUtf16(chars)], bytes);
        return count > 0;
    }
}
