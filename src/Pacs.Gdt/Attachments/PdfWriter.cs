using System.Buffers;
using System.Globalization;
using System.Text;

namespace Pacs.Gdt;

/// <summary>
/// Writes a PDF (ISO 32000-1, version 1.4) of text, lines and JPEG images: as much of the format as a report sheet needs. The same content gives the same bytes: no dates, no random
/// identifiers. Lengths are points (1/72 inch); y grows upwards, as in the format.
/// </summary>
internal sealed class PdfWriter
{
    /// <summary>A4, which is what practices print on.</summary>
    public const double PageWidth = 595;

    /// <summary>A4.</summary>
    public const double PageHeight = 842;

    private readonly List<byte[]> _images = [];
    private readonly List<(ArrayBufferWriter<byte> Content, List<int> Images)> _pages = [];

    /// <summary>How many pages there are.</summary>
    public int PageCount => _pages.Count;

    /// <summary>Begins a page.</summary>
    public void AddPage() => _pages.Add((new ArrayBufferWriter<byte>(4096), []));

    /// <summary>Writes a line of text on a page, from 0; its base line is at y.</summary>
    public void Text(int page, PdfFont font, double size, double x, double y, ReadOnlySpan<byte> encoded)
    {
        var content = _pages[page].Content;
        content.Write(Ascii($"BT /{font.Resource} {Number(size)} Tf {Number(x)} {Number(y)} Td ("));
        foreach (var code in encoded)
        {
            // §7.3.4.2: the three that mean something in a literal string
            if (code is (byte)'(' or (byte)')' or (byte)'\\')
            {
                content.Write("\\"u8);
            }
            content.Write([code]);
        }
        content.Write(") Tj ET\n"u8);
    }

    /// <summary>Draws a thin horizontal line.</summary>
    public void Line(int page, double x, double y, double width) =>
        _pages[page].Content.Write(Ascii($"0.5 w 0.6 G {Number(x)} {Number(y)} m {Number(x + width)} {Number(y)} l S\n"));

    /// <summary>Draws a JPEG image (§8.9.5, DCTDecode), its lower left corner at x and y.</summary>
    public void Image(int page, JpegPicture picture, double x, double y, double width, double height)
    {
        var space = picture.Samples == 1 ? "DeviceGray" : "DeviceRGB";
        byte[] head = Ascii($"<< /Type /XObject /Subtype /Image /Width {picture.Width} /Height {picture.Height} /ColorSpace /{space} /BitsPerComponent 8 /Filter /DCTDecode /Length {picture.Bytes.Length} >>\nstream\n");
        _images.Add([.. head, .. picture.Bytes.Span, .. "\nendstream"u8]);
        var (content, used) = _pages[page];
        used.Add(_images.Count - 1);
        content.Write(Ascii($"q {Number(width)} 0 0 {Number(height)} {Number(x)} {Number(y)} cm /I{_images.Count - 1} Do Q\n"));
    }

    /// <summary>The file.</summary>
    /// <param name="title">What readers show in their window; no patient's name.</param>
    public byte[] ToBytes(string title)
    {
        // 1 catalog, 2 pages, 3 and 4 fonts, 5 information, then images, then a content and a page each
        var firstPage = 6 + _images.Count;
        var kids = string.Join(' ', Enumerable.Range(0, _pages.Count).Select(i => $"{firstPage + (2 * i) + 1} 0 R"));
        var objects = new List<byte[]>
        {
            Ascii("<< /Type /Catalog /Pages 2 0 R /Lang (de-DE) >>"),
            Ascii($"<< /Type /Pages /Count {_pages.Count} /Kids [{kids}] >>"),
            FontObject(PdfFont.Regular),
            FontObject(PdfFont.Bold),
            Ascii($"<< /Title <FEFF{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(title))}> /Producer (Pacs) >>"),
        };
        objects.AddRange(_images);
        foreach (var (i, (content, images)) in _pages.Index())
        {
            objects.Add([.. Ascii($"<< /Length {content.WrittenCount} >>\nstream\n"), .. content.WrittenSpan, .. "endstream"u8]);
            var pictures = string.Concat(images.Select(n => $" /I{n} {6 + n} 0 R"));
            objects.Add(Ascii(
                $"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {Number(PageWidth)} {Number(PageHeight)}] /Contents {firstPage + (2 * i)} 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> /XObject <<{pictures} >> >> >>"));
        }
        return Assemble(objects);
    }

    // §7.5: header, objects, where each begins, trailer
    private static byte[] Assemble(List<byte[]> objects)
    {
        var file = new ArrayBufferWriter<byte>(64 * 1024);
        file.Write("%PDF-1.4\n%\u00E2\u00E3\u00CF\u00D3\n"u8);
        var offsets = new List<int>(objects.Count);
        foreach (var (i, body) in objects.Index())
        {
            offsets.Add(file.WrittenCount);
            file.Write(Ascii($"{i + 1} 0 obj\n"));
            file.Write(body);
            file.Write("\nendobj\n"u8);
        }
        var table = file.WrittenCount;
        file.Write(Ascii($"xref\n0 {objects.Count + 1}\n0000000000 65535 f \n"));
        foreach (var offset in offsets)
        {
            file.Write(Ascii($"{offset:D10} 00000 n \n"));
        }
        file.Write(Ascii($"trailer\n<< /Size {objects.Count + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{table}\n%%EOF\n"));
        return file.WrittenSpan.ToArray();
    }

    private static byte[] FontObject(PdfFont font) => Ascii($"<< /Type /Font /Subtype /Type1 /BaseFont /{font.Name} /Encoding /WinAnsiEncoding >>");

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}

/// <summary>A JPEG image with its measures.</summary>
/// <param name="Bytes">The file.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Samples">1 grey, 3 colour.</param>
internal sealed record JpegPicture(ReadOnlyMemory<byte> Bytes, int Width, int Height, int Samples);
