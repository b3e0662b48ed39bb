using Pacs.Dicom;
using Pacs.Gdt;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>The sheet beside a GDT record (6305), read by poppler: a PDF that we wrote is worth what others make of it.</summary>
public sealed class ReportSheetTests
{
    [Fact]
    public async Task Poppler_reads_the_text_and_the_pictures_of_a_sheet()
    {
        Tool.Require("pdftotext", "pdfimages", "pdfinfo");
        var ct = TestContext.Current.CancellationToken;
        await using var host = await GdtHost.StartAsync(o => o.Receivers =
        [
            new GdtReceiverSettings
            {
                Name = "sono", Folder = o.IncomingDir + "-sono", Trigger = GdtTrigger.StudyStable, AttachSheet = true, SheetImages = 3, AttachmentFolder = Path.Join(o.IncomingDir + "-sono", "bilder"), ReportFile = "R.gdt",
            },
        ]);
        for (var i = 1; i <= 3; i++)
        {
            await host.StoreAsync(Studies.Picture(1, i));
        }
        // 60 values are more than a page has
        var values = Enumerable.Range(1, 60).Select(i => SrBuilder.Num($"{10230 + i}-1", $"Measurement (number {i}) of Öhmchen – Łódź", $"{i}.5")).ToArray();
        var report = Studies.Report(1, "R1").Set(DicomTag.PatientName, "Müller-Groß^Jörg").Set(DicomTag.PatientBirthDate, "19801231").Set(DicomTag.StudyDescription, "Schilddrüse");
        report.Set(DicomTag.ContentSequence, SrBuilder.Group("2D mode", values));
        await host.StoreAsync(report);
        await host.SettleAsync();
        var sheet = Assert.Single(Directory.GetFiles(Path.Join(host.Incoming + "-sono", "bilder"), "*.pdf"));

        var text = await Tool.RunAsync("pdftotext", ct, "-layout", "-enc", "UTF-8", sheet, "-");
        Assert.Equal("", text.Error);
        foreach (var expected in (string[])["Müller-Groß, Jörg", "31.12.1980", "Patientennummer", "P1", "Schilddrüse", "22.11.2026, 08:04", "R1", "(number 7) of Öhmchen – Lódz", "60,5 mm"])
        {
            Assert.Contains(expected, text.Output);
        }
        // nobody knows whose a page is that fell out of the file
        var pages = text.Output.TrimEnd('\f', '\n').Split('\f');
        Assert.True(pages.Length >= 2);
        Assert.All(pages.Index(), p => Assert.Contains($"Seite {p.Index + 1} von {pages.Length}", p.Item));
        Assert.All(pages, p => Assert.Contains("Müller-Groß, Jörg, * 31.12.1980, P1, 22.11.2026", p));

        var images = await Tool.RunAsync("pdfimages", ct, "-list", sheet);
        Assert.Equal("", images.Error);
        var lines = images.Output.Split('\n').Skip(2).Where(l => l.Length > 0).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.Equal(3, lines.Count);
        Assert.All(lines, l => Assert.Equal(["image", "64", "48", "gray", "1", "8", "jpeg"], l[2..9]));

        var info = await Tool.RunAsync("pdfinfo", ct, sheet);
        Assert.Equal("", info.Error);
        Assert.Contains("Page size:       595 x 842 pts (A4)", info.Output);
        Assert.DoesNotContain("Müller", info.Output); // no patient in the properties
    }
}
