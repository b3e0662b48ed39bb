using Microsoft.Playwright;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>What the viewer shows beside grey images: videos, reports, documents, palettes, marked images alone, several on paper. One browser for all of it.</summary>
public sealed class ViewerObjectsTests : IDisposable
{
    // what the server is told is ffmpeg: a red picture of 4 x 2 pixels
    private const string Stills = "#!/bin/sh\nprintf 'P6\\n4 2\\n255\\n'; for i in 1 2 3 4 5 6 7 8; do printf '\\377\\000\\000'; done\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("pacs-viewer-").FullName;
    private readonly List<string> _complaints = [];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Videos_reports_documents_palettes_marks_and_prints()
    {
        Tool.Require("storescu", BrowserOffice.Chromium);
        var ffmpeg = Path.Join(_folder, "ffmpeg");
        await File.WriteAllTextAsync(ffmpeg, Stills, Ct);
        if (OperatingSystem.IsWindows())
        {
            throw new InvalidOperationException("the program is a shell script");
        }
        File.SetUnixFileMode(ffmpeg, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await using var server = ServerProcess.Create(("DicomWeb", new Dictionary<string, object> { ["Ffmpeg"] = ffmpeg }));
        await server.StartAsync(Ct);
        await SendAsync(server);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await BrowserOffice.LaunchAsync(playwright);
        await using var context = await browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = server.Address.ToString(), Locale = "de-DE", ViewportSize = new ViewportSize { Width = 1280, Height = 800 } });
        var page = await context.NewPageAsync();
        page.PageError += (_, e) => _complaints.Add(e);

        await VideoAsync(page);
        await ReportAndDocumentAsync(page);
        await PaletteAsync(page);
        await MarksAndPrintAsync(page);
        await WithoutScriptAsync(browser, server);
        Assert.Empty(_complaints);
    }

    /// <summary>One that the browser plays, with the space bar too, and one whose frames the server shows.</summary>
    private static async Task VideoAsync(IPage page)
    {
        await page.GotoAsync("/viewer?accession=MP4");
        await page.WaitForFunctionAsync("() => document.querySelector('video')?.readyState >= 1");
        var size = await page.EvaluateAsync<int[]>("() => { const v = document.querySelector('video'); return [v.videoWidth, v.videoHeight]; }");
        Assert.Equal("64 x 48", $"{size[0]} x {size[1]}");
        await page.Locator("#panes").FocusAsync();
        await page.Keyboard.PressAsync("Space");
        await page.WaitForFunctionAsync("() => document.querySelector('video').currentTime > 0");

        await page.GotoAsync("/viewer?accession=MPEG2");
        await page.Locator(".pane .note:has-text('Einzelbilder')").WaitForAsync();
        Assert.Equal("254,0,0", string.Join(',', await MiddleAsync(page))); // red, through a JPEG
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Locator(".corner.bl:has-text('Einzelbild 2 von 25')").WaitForAsync();
        var download = page.Locator(".pane .note a");
        using var stored = await new HttpClient { BaseAddress = new Uri(page.Url) }.GetAsync(new Uri((await download.GetAttributeAsync("href"))!, UriKind.Relative), Ct);
        Assert.Equal("video/mpeg", stored.Content.Headers.ContentType?.MediaType);
    }

    private static async Task ReportAndDocumentAsync(IPage page)
    {
        await page.GotoAsync("/viewer?accession=SR");
        var report = page.FrameLocator(".pane iframe");
        await report.Locator("table:has-text('12,5')").First.WaitForAsync();
        Assert.Equal(0, await report.Locator("nav.crumbs").CountAsync()); // framed: without the head of the pages

        var pdf = page.WaitForResponseAsync(r => r.Url.Contains("/bilder/", StringComparison.Ordinal));
        await page.GotoAsync("/viewer?accession=PDF");
        Assert.Equal("application/pdf", (await pdf).Headers["content-type"]);
        Assert.Equal(1, await page.Locator(".pane iframe").CountAsync());
        Assert.Equal("Dokument in eigenem Fenster öffnen", await page.Locator(".pane .body-head a").TextContentAsync());
    }

    private static async Task PaletteAsync(IPage page)
    {
        await page.GotoAsync("/viewer?accession=PAL");
        await page.Locator(".pane canvas[aria-label*='Bild 1 von 1']").WaitForAsync();
        var color = await MiddleAsync(page);
        // index 1 of the palette, through a JPEG
        Assert.True(Math.Abs(color[0] - 20) < 6 && Math.Abs(color[1] - 200) < 6 && Math.Abs(color[2] - 120) < 6, string.Join(',', color));
        await page.Keyboard.PressAsync("i");
        await page.WaitForFunctionAsync("() => { const c = document.querySelector('.pane canvas'); return c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[0] > 200; }");
    }

    private static async Task MarksAndPrintAsync(IPage page)
    {
        await page.GotoAsync("/viewer?accession=SERIES");
        await page.Locator(".corner.bl:has-text('Bild 1 von 3')").WaitForAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Locator(".corner.bl:has-text('Bild 2 von 3')").WaitForAsync();
        await page.Keyboard.PressAsync("k");
        await page.Locator("#status:has-text('Gemerkt: 1')").WaitForAsync();
        var study = await page.EvaluateAsync<string>("document.body.dataset.study");
        // practice software that wants marked images only, without loss
        await page.GotoAsync("/IHEInvokeImageDisplay?requestType=STUDY&accessionNumber=SERIES&keyImagesOnly=true&diagnosticQuality=true");
        await page.Locator(".corner.bl:has-text('Bild 1 von 1')").WaitForAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => performance.getEntriesByType('resource').some(e => e.name.includes('/bilder/') && e.name.includes('accept=image/png'))"));

        // unmarked, all three are printed beside each other
        await page.Keyboard.PressAsync("k");
        await page.Locator("#status:has-text('Gemerkt: 0')").WaitForAsync();
        await page.GotoAsync($"/drucken?studie={study}&spalten=2");
        await page.WaitForFunctionAsync("() => document.images.length === 3 && [...document.images].every(i => i.naturalWidth > 0)");
        Assert.Equal(2, await page.EvaluateAsync<int>("() => new Set([...document.querySelectorAll('figure')].map(f => Math.round(f.getBoundingClientRect().left))).size"));
        var paper = await page.PdfAsync(new PagePdfOptions { Format = "A4" });
        Assert.StartsWith("%PDF", System.Text.Encoding.ASCII.GetString(paper[..4]), StringComparison.Ordinal);
        Assert.Contains("Serie^Sara".Split('^')[0], await page.Locator("main, body").First.TextContentAsync(), StringComparison.Ordinal);
    }

    /// <summary>The bundle is missing or forbidden: plain links to pictures.</summary>
    private static async Task WithoutScriptAsync(IBrowser browser, ServerProcess server)
    {
        await using var context = await browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = server.Address.ToString(), Locale = "de-DE", JavaScriptEnabled = false });
        var page = await context.NewPageAsync();
        await page.GotoAsync("/viewer?accession=SERIES");
        var links = page.Locator(".plain li a");
        Assert.Equal(3, await links.CountAsync());
        var answer = await page.RunAndWaitForResponseAsync(() => links.First.ClickAsync(), r => r.Url.Contains("/bilder/", StringComparison.Ordinal));
        Assert.Equal("image/jpeg", answer.Headers["content-type"]);
    }

    /// <summary>The colour in the middle of the field.</summary>
    private static Task<int[]> MiddleAsync(IPage page) =>
        page.EvaluateAsync<int[]>("() => { const c = document.querySelector('.pane canvas'); return [...c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data.slice(0, 3)]; }");

    private async Task SendAsync(ServerProcess server)
    {
        using var samples = new SampleFiles();
        for (var number = 1; number <= 3; number++)
        {
            samples.Add(Grey("Serie^Sara", "5001", "1.2.276.0.8.1", "SERIES", number));
        }
        samples.Add(Palette());
        samples.Add(SampleFiles.Header("Brief^Berta", "5003", "1.2.276.0.8.3", "PDF", "DOC", DicomUid.EncapsulatedPDFStorage, 1)
            .Set(DicomTag.MIMETypeOfEncapsulatedDocument, "application/pdf").Set(new DicomElement(DicomTag.EncapsulatedDocument, DicomVr.OB, "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj trailer<</Root 1 0 R>>\n"u8.ToArray())));
        samples.Add(Report());
        await samples.SendAsync(server.DicomPort, Ct);
        // compressed: in their own transfer syntaxes, as a file
        using var http = new HttpClient { BaseAddress = server.Address };
        await UploadAsync(http, "5005", "1.2.276.0.8.5", "MP4", "1.2.840.10008.1.2.4.102", await File.ReadAllBytesAsync(Path.Join(AppContext.BaseDirectory, "Kit", "video.mp4"), Ct));
        await UploadAsync(http, "5006", "1.2.276.0.8.6", "MPEG2", "1.2.840.10008.1.2.4.100", [0, 0, 1, 0xB3, .. new byte[200]]);
    }

    private async Task UploadAsync(HttpClient http, string patient, string study, string accession, string syntax, byte[] video)
    {
        var header = SampleFiles.Header("Video^Vera", patient, study, accession, "ES", DicomUid.VideoEndoscopicImageStorage, 1).Set(DicomTag.SamplesPerPixel, 3).Set(DicomTag.PhotometricInterpretation, "YBR_PARTIAL_420")
            .Set(DicomTag.NumberOfFrames, 25).Set(DicomTag.Rows, 48).Set(DicomTag.Columns, 64).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, (byte[])[.. video, .. new byte[video.Length & 1]]]));
        var path = Path.Join(_folder, accession + ".dcm");
        new DicomFile(header, TransferSyntax.Get(syntax)).Save(path);
        using var body = new ByteArrayContent(await File.ReadAllBytesAsync(path, Ct));
        using var answer = await http.PostAsync(new Uri("instances", UriKind.Relative), body, Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
    }

    private static DicomDataset Grey(string name, string patient, string study, string accession, int number)
    {
        var pixels = Enumerable.Range(0, 64 * 64).Select(i => (byte)((i + (number * 40)) % 256)).ToArray();
        return SampleFiles.Header(name, patient, study, accession, "US", DicomUid.UltrasoundImageStorage, number).Set(DicomTag.Rows, 64).Set(DicomTag.Columns, 64).Set(DicomTag.BitsAllocated, 8)
            .Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels));
    }

    /// <summary>All pixels have index 1, whose colour is 20, 200, 120.</summary>
    private static DicomDataset Palette()
    {
        var image = Grey("Palette^Paul", "5002", "1.2.276.0.8.2", "PAL", 1).Set(DicomTag.PhotometricInterpretation, "PALETTE COLOR")
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, Enumerable.Repeat((byte)1, 64 * 64).ToArray()));
        foreach (var (descriptor, data, level) in new[]
        {
            (DicomTag.RedPaletteColorLookupTableDescriptor, DicomTag.RedPaletteColorLookupTableData, 20), (DicomTag.GreenPaletteColorLookupTableDescriptor, DicomTag.GreenPaletteColorLookupTableData, 200),
            (DicomTag.BluePaletteColorLookupTableDescriptor, DicomTag.BluePaletteColorLookupTableData, 120),
        })
        {
            // 256 entries of 16 bits from 0 on; the level in the upper byte
            var table = new byte[512];
            table[2] = table[3] = (byte)level;
            image.Set(new DicomElement(descriptor, DicomVr.US, new byte[] { 0, 1, 0, 0, 16, 0 })).Set(new DicomElement(data, DicomVr.OW, table));
        }
        return image;
    }

    /// <summary>A report with one length of 12.5 mm.</summary>
    private static DicomDataset Report()
    {
        static DicomDataset Code(string value, string scheme, string meaning) => new DicomDataset().Set(DicomTag.CodeValue, value).Set(DicomTag.CodingSchemeDesignator, scheme).Set(DicomTag.CodeMeaning, meaning);
        var number = new DicomDataset().Set(DicomTag.RelationshipType, "CONTAINS").Set(DicomTag.ValueType, "NUM").Set(DicomTag.ConceptNameCodeSequence, Code("410668003", "SCT", "Length"))
            .Set(DicomTag.MeasuredValueSequence, new DicomDataset().Set(DicomTag.NumericValue, "12.5").Set(DicomTag.MeasurementUnitsCodeSequence, Code("mm", "UCUM", "mm")));
        return SampleFiles.Header("Befund^Bruno", "5004", "1.2.276.0.8.4", "SR", "SR", DicomUid.ComprehensiveSRStorage, 1)
            .Set(DicomTag.ValueType, "CONTAINER").Set(DicomTag.ContinuityOfContent, "SEPARATE").Set(DicomTag.CompletionFlag, "COMPLETE").Set(DicomTag.VerificationFlag, "UNVERIFIED")
            .Set(DicomTag.ConceptNameCodeSequence, Code("125000", "DCM", "OB-GYN Ultrasound Procedure Report")).Set(DicomTag.ContentSequence, number);
    }
}
