using System.Text;

namespace Pacs.Gdt;

/// <summary>
/// A character set of GDT files: one byte for each character. What a set lacks is written with what it has (<see cref="Transliteration"/>), so
/// that a name from abroad never costs a file.
/// </summary>
public sealed class GdtCharacterSet
{
    private readonly Encoding _encoding;

    private GdtCharacterSet(string name, int codePage)
    {
        Name = name;
        // an empty replacement: what the set lacks gives no byte, instead of a "best fit" nobody chose
        _encoding = CodePagesEncodingProvider.Instance.GetEncoding(codePage, new EncoderReplacementFallback(""), new DecoderReplacementFallback("?"))!;
    }

    /// <summary>ISO 8859-15, Latin 9: what the old plugin wrote and GDT 3.5 demands.</summary>
    public static GdtCharacterSet Latin9 { get; } = new("ISO-8859-15", 28605);

    /// <summary>The name, as in HTTP.</summary>
    public string Name { get; }

    /// <summary>Whether the set has a character.</summary>
    public bool Has(Rune rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        return TryEncode(rune, bytes, out _);
    }

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
                    bytes.Add((byte)'?');
                }
            }
        }
        return [.. bytes];
    }

    private bool TryEncode(Rune rune, Span<byte> bytes, out int count)
    {
        Span<char> chars = stackalloc char[2];
        count = _encoding.GetBytes(chars[..rune.EncodeToUtf16(chars)], bytes);
        return count > 0;
    }
}
