using Microsoft.Playwright;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>A server with images of a test's choice, and a browser without WebGL.</summary>
public sealed class ViewerOffice : IAsyncDisposable
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public ServerProcess Server { get; } = ServerProcess.Create();

    /// <summary>What the browser has complained of.</summary>
    public List<string> Complaints { get; } = [];

    public static async Task<ViewerOffice> OpenAsync(IEnumerable<DicomDataset> images, CancellationToken ct)
    {
        Tool.Require("storescu", BrowserOffice.Chromium);
        var office = new ViewerOffice();
        await office.Server.StartAsync(ct);
        using var samples = new SampleFiles();
        foreach (var image in images)
        {
            samples.Add(image);
        }
        await samples.SendAsync(office.Server.DicomPort, ct);
        office._playwright = await Playwright.CreateAsync();
        office._browser = await BrowserOffice.LaunchAsync(office._playwright, "--disable-3d-apis");
        return office;
    }

    /// <summary>Opens a page, in which <c>viewerSum()</c> tells one picture from another.</summary>
    public async Task<IPage> PageAsync(
        string path, int width = 1280, int height = 800, bool isTouched = false, ColorScheme scheme = ColorScheme.Light, string language = "de-DE")
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = Server.Address.ToString(),
            Locale = language,
            ColorScheme = scheme,
            HasTouch = isTouched,
            IsMobile = isTouched,
            ViewportSize = new ViewportSize { Width = width, Height = height },
        });
        var page = await context.NewPageAsync();
        // of readback it warns because tests read the canvas
        page.Console += (_, m) => { if (m.Type is "error" or "warning" && !m.Text.Contains("readback", StringComparison.Ordinal)) { Complaints.Add(m.Text); } };
        page.PageError += (_, e) => Complaints.Add(e);
        await page.AddInitScriptAsync("""
            // the middle of the canvas, away from the texts over it, which are no part of it anyway
            window.viewerPixels = () => { const c = document.querySelector('.pane canvas'); const d = c.getContext('2d').getImageData(c.width / 4, c.height / 4, c.width / 2, c.height / 2).data; return d.filter((_, i) => i % 4 === 0); };
            // where the image begins and ends on a line a quarter down, away from ruler and letters
            window.imageEdges = () => { const c = document.querySelector('.pane canvas'); const d = c.getContext('2d').getImageData(0, Math.round(c.height / 4), c.width, 1).data; const at = [...Array(c.width).keys()].filter(x => d[4 * x] > 50); return [at[0], at.at(-1) + 1]; };
            // how long the longest light line is, where the ruler has its: 40 from the right; 0 without one
            window.rulerLength = () => {
              const c = document.querySelector('.pane canvas'), d = c.getContext('2d').getImageData(c.width - 40, 0, 1, c.height).data;
              let most = 0, run = 0;
              for (let y = 0; y < c.height; y++) most = Math.max(most, run = d[4 * y] > 180 ? run + 1 : 0);
              return most > 20 ? most - 1 : 0;
            };
            window.viewerSum = () => viewerPixels().reduce((a, b) => (a * 31 + b) | 0, 7);
            """);
        await page.GotoAsync(path);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }
        _playwright?.Dispose();
        await Server.DisposeAsync();
    }

    /// <summary>A slice of 64 × 64 pixels of 2 mm, grey from left to right.</summary>
    /// <param name="number">Of the instance.</param>
    /// <param name="study">Its Study Instance UID.</param>
    /// <param name="accession">What its study is found by.</param>
    /// <param name="series">What its Series Instance UID ends with.</param>
    /// <param name="position">The centre of its first pixel.</param>
    /// <param name="directions">Where rows and columns lead.</param>
    /// <param name="frameOfReference">What positions are compared with.</param>
    public static DicomDataset Slice(int number, string study, string accession, int series, string[] position, string[] directions, string frameOfReference)
    {
        var pixels = new byte[64 * 64 * 2];
        for (var i = 0; i < 64 * 64; i++)
        {
            BitConverter.TryWriteBytes(pixels.AsSpan(i * 2), (short)((i % 64 * 10) + number));
        }
        return SampleFiles.Header("Schicht^Sabine", "4720", study, accession, "CT", DicomUid.CTImageStorage, number)
            .Set(DicomTag.SeriesInstanceUID, $"{study}.{series}").Set(DicomTag.SOPInstanceUID, $"{study}.{series}.{number}").Set(DicomTag.SeriesNumber, series)
            .Set(DicomTag.Rows, 64).Set(DicomTag.Columns, 64).Set(DicomTag.BitsAllocated, 16).Set(DicomTag.BitsStored, 16).Set(DicomTag.HighBit, 15).Set(DicomTag.PixelRepresentation, 1)
            .Set(DicomTag.WindowCenter, "300").Set(DicomTag.WindowWidth, "700").Set(DicomTag.PixelSpacing, "2", "2").Set(DicomTag.SliceThickness, "5")
            .Set(DicomTag.ImagePositionPatient, position).Set(DicomTag.ImageOrientationPatient, directions).Set(DicomTag.FrameOfReferenceUID, frameOfReference)
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, pixels));
    }
}
