using System.Text;

namespace Pacs.Gdt;

/// <summary>
/// Helvetica or Helvetica-Bold, two of the 14 fonts that every PDF reader has (ISO 32000-1 §9.6.2.2), in WinAnsiEncoding. Nothing is embedded; characters beyond the encoding are transliterated,
/// as in GDT.
/// </summary>
internal sealed class PdfFont
{
    // widths of the characters 32 to 126 in thousandths of the size, from Adobe's font metrics; letters with accents are as wide as without
    private static readonly ushort[] RegularWidths =
    [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
        1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
        333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
    ];

    private static readonly ushort[] BoldWidths =
    [
        278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
        975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
        333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
    ];

    private readonly ushort[] _widths;

    private PdfFont(string resource, string name, ushort[] ascii)
    {
        (Resource, Name) = (resource, name);
        _widths = new ushort[256];
        for (var code = 0; code < 256; code++)
        {
            var letter = GdtCharacterSet.Windows1252.Decode([(byte)code]).Normalize(NormalizationForm.FormD)[0];
            _widths[code] = letter is >= ' ' and <= '~' ? ascii[letter - ' '] : code is 0x97 or 0x85 or 0x89 ? (ushort)1000 : (ushort)556;
        }
    }

    /// <summary>For text.</summary>
    public static PdfFont Regular { get; } = new("F1", "Helvetica", RegularWidths);

    /// <summary>For headings.</summary>
    public static PdfFont Bold { get; } = new("F2", "Helvetica-Bold", BoldWidths);

    /// <summary>What pages call it.</summary>
    public string Resource { get; }

    /// <summary>What PDF readers call it.</summary>
    public string Name { get; }

    /// <summary>The text in the font's encoding, without control characters.</summary>
    public static byte[] Encode(string text) => GdtCharacterSet.Windows1252.Encode(text);

    /// <summary>How wide a text is.</summary>
    public double WidthOf(ReadOnlySpan<byte> encoded, double size)
    {
        var sum = 0;
        foreach (var code in encoded)
        {
            sum += _widths[code];
        }
        return sum * size / 1000;
    }

    /// <summary>Breaks a text into lines no wider than so much; a word that is wider is broken anywhere.</summary>
    public IReadOnlyList<byte[]> Wrap(string text, double size, double width)
    {
        var lines = new List<byte[]>();
        ReadOnlySpan<byte> rest = Encode(text);
        while (WidthOf(rest, size) > width)
        {
            var fits = 1;
            while (fits < rest.Length && WidthOf(rest[..(fits + 1)], size) <= width)
            {
                fits++;
            }
            var blank = rest[..Math.Min(fits + 1, rest.Length)].LastIndexOf((byte)' ');
            var end = blank > 0 ? blank : fits;
            lines.Add(rest[..end].ToArray());
            rest = rest[end..].TrimStart((byte)' ');
        }
        lines.Add(rest.ToArray());
        return lines;
    }
}
