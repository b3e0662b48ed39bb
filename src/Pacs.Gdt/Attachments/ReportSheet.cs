using System.Globalization;

namespace Pacs.Gdt;

/// <summary>
/// The sheet that practice software files beside the values: who was examined and when, the measured values as a table, pictures. A4, with the patient on every page: sheets get separated.
/// </summary>
internal sealed class ReportSheet
{
    private const double Margin = 50;
    private const double Width = PdfWriter.PageWidth - (2 * Margin);
    private const double Bottom = 60;
    private const double Size = 9.5;
    private const double Step = 13;

    // where value and limits begin; the name has what is left of it
    private const double ValueAt = Margin + 285;
    private const double LimitsAt = Margin + 375;

    private readonly PdfWriter _pdf = new();
    private readonly bool _isGerman;
    private readonly CultureInfo _language;
    private double _y;

    private ReportSheet(CultureInfo language) => (_language, _isGerman) = (language, language.TwoLetterISOLanguageName == "de");

    /// <summary>Makes a sheet.</summary>
    /// <param name="examination">The head.</param>
    /// <param name="tables">The values of each report.</param>
    /// <param name="pictures">Pictures, in their order.</param>
    /// <param name="language">German, or any other for English labels.</param>
    public static byte[] Create(Examination examination, IReadOnlyList<ReportTable> tables, IReadOnlyList<JpegPicture> pictures, CultureInfo language)
    {
        ArgumentNullException.ThrowIfNull(examination);
        ArgumentNullException.ThrowIfNull(tables);
        ArgumentNullException.ThrowIfNull(pictures);
        ArgumentNullException.ThrowIfNull(language);
        var sheet = new ReportSheet(language);
        sheet.NewPage();
        sheet.Head(examination);
        foreach (var table in tables)
        {
            sheet.Table(table);
        }
        sheet.Pictures(pictures);
        sheet.Foot(examination);
        return sheet._pdf.ToBytes(sheet.Word("Untersuchung", "Examination"));
    }

    private int Page => _pdf.PageCount - 1;

    private string Word(string german, string english) => _isGerman ? german : english;

    private void NewPage()
    {
        _pdf.AddPage();
        _y = PdfWriter.PageHeight - Margin;
    }

    // a new page when so much does not fit any more
    private void Need(double height)
    {
        if (_y - height < Bottom)
        {
            NewPage();
        }
    }

    private void Head(Examination examination)
    {
        _y -= 14;
        _pdf.Text(Page, PdfFont.Bold, 15, Margin, _y, PdfFont.Encode(Word("Untersuchung", "Examination")));
        _y -= 24;
        Pair(Word("Patient", "Patient"), NameOf(examination));
        Pair(Word("Geboren", "Born"), examination.BirthDate is { } born ? Day(born) : "");
        Pair(Word("Patientennummer", "Patient ID"), examination.PatientId);
        Pair(Word("Untersucht am", "Examined on"), $"{Day(examination.Date)}, {examination.Time.ToString("HH:mm", CultureInfo.InvariantCulture)}");
        Pair(Word("Untersuchung", "Examination"), string.Join(": ", new[] { examination.Modality == "SR" ? null : examination.Modality, examination.Description }.Where(t => !string.IsNullOrWhiteSpace(t))));
        Pair(Word("Auftragsnummer", "Accession number"), examination.Accession);
        _y -= 4;
        _pdf.Line(Page, Margin, _y, Width);
    }

    private void Pair(string label, string value)
    {
        if (value.Length == 0)
        {
            return;
        }
        _pdf.Text(Page, PdfFont.Regular, Size, Margin, _y, PdfFont.Encode(label));
        foreach (var line in PdfFont.Bold.Wrap(value, Size, Width - 110))
        {
            _pdf.Text(Page, PdfFont.Bold, Size, Margin + 110, _y, line);
            _y -= Step;
        }
    }

    private void Table(ReportTable table)
    {
        Need(4 * Step);
        _y -= 2 * Step;
        _pdf.Text(Page, PdfFont.Bold, 12, Margin, _y, PdfFont.Encode(table.Title.Length > 0 ? table.Title : Word("Messwerte", "Measurements")));
        foreach (var section in table.Sections)
        {
            if (section.Heading.Length > 0)
            {
                Need(4 * Step); // a heading never stands alone at the end of a page
                _y -= 1.6 * Step;
                _pdf.Text(Page, PdfFont.Bold, Size + 0.5, Margin, _y, PdfFont.Encode(section.Heading));
            }
            foreach (var row in section.Rows)
            {
                Row(row);
            }
        }
    }

    private void Row(ReportRow row)
    {
        var name = PdfFont.Regular.Wrap(row.Details.Length > 0 ? $"{row.Name} ({row.Details})" : row.Name, Size, ValueAt - Margin - 10);
        var value = PdfFont.Bold.Wrap($"{row.Value} {row.Unit}".TrimEnd(), Size, LimitsAt - ValueAt - 8);
        var limits = PdfFont.Regular.Wrap(row.Limits, Size, PdfWriter.PageWidth - Margin - LimitsAt);
        var lines = Math.Max(name.Count, Math.Max(value.Count, limits.Count));
        // texts come from devices: one that is longer than a page goes on on the next
        for (var i = 0; i < lines; i++)
        {
            Need(i == 0 ? Math.Min(lines, 4) * Step : Step);
            _y -= i == 0 ? Step + 1 : Step - 2;
            Cell(name, i, PdfFont.Regular, Margin);
            Cell(value, i, PdfFont.Bold, ValueAt);
            Cell(limits, i, PdfFont.Regular, LimitsAt);
        }
    }

    private void Cell(IReadOnlyList<byte[]> lines, int line, PdfFont font, double x)
    {
        if (line < lines.Count && lines[line].Length > 0)
        {
            _pdf.Text(Page, font, Size, x, _y, lines[line]);
        }
    }

    // two beside each other
    private void Pictures(IReadOnlyList<JpegPicture> pictures)
    {
        const double gap = 10, most = 240;
        var side = (Width - gap) / 2;
        foreach (var pair in pictures.Chunk(2))
        {
            var boxes = pair.Select(p => Math.Min(side / p.Width, most / p.Height)).ToArray();
            var height = pair.Zip(boxes, (p, scale) => p.Height * scale).Max();
            Need(height + Step);
            _y -= Step + height;
            for (var i = 0; i < pair.Length; i++)
            {
                var (w, h) = (pair[i].Width * boxes[i], pair[i].Height * boxes[i]);
                _pdf.Image(Page, pair[i], Margin + (i * (side + gap)), _y + height - h, w, h);
            }
        }
    }

    private void Foot(Examination examination)
    {
        var who = string.Join(", ", new[] { NameOf(examination), examination.BirthDate is { } born ? $"* {Day(born)}" : "", examination.PatientId, Day(examination.Date) }.Where(t => t.Length > 0));
        for (var page = 0; page < _pdf.PageCount; page++)
        {
            _pdf.Line(page, Margin, 42, Width);
            _pdf.Text(page, PdfFont.Regular, 8, Margin, 30, PdfFont.Regular.Wrap(who, 8, Width - 90)[0]);
            var number = PdfFont.Encode($"{Word("Seite", "Page")} {page + 1} {Word("von", "of")} {_pdf.PageCount}");
            _pdf.Text(page, PdfFont.Regular, 8, PdfWriter.PageWidth - Margin - PdfFont.Regular.WidthOf(number, 8), 30, number);
        }
    }

    private static string NameOf(Examination examination)
    {
        var name = examination.PatientName.Alphabetic;
        var given = string.Join(' ', new[] { name.Prefix, name.GivenName, name.MiddleName }.Where(n => n.Length > 0));
        return string.Join(", ", new[] { name.FamilyName, given }.Where(n => n.Length > 0));
    }

    private string Day(DateOnly date) => date.ToString(_isGerman ? "dd.MM.yyyy" : "d", _isGerman ? CultureInfo.InvariantCulture : _language);
}
