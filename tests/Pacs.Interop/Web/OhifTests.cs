using System.Buffers;
using System.Text.Json;
using Microsoft.Playwright;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>OHIF in Chromium opens studies from us: searching, metadata and frames from another origin, by the requests that it makes itself.</summary>
public sealed class OhifTests
{
    private const string Chromium = "/usr/bin/chromium";
    private const int Side = 256;

    /// <summary>The viewport's canvas as numbers: its brightness at five places from left to right of the middle row, and how many values there are.</summary>
    private const string Look = """
        () => [...document.querySelectorAll('canvas.cornerstone-canvas')].filter(c => c.width > 500).map(c => {
          const copy = document.createElement('canvas');
          copy.width = c.width; copy.height = c.height;
          const context = copy.getContext('2d');
          context.drawImage(c, 0, 0);
          const data = context.getImageData(0, 0, c.width, c.height).data;
          const seen = new Set();
          for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
          const side = Math.min(c.width, c.height);
          const at = f => { const x = Math.round(c.width / 2 + (f - 0.5) * side), i = 4 * (Math.round(c.height / 2) * c.width + x); return data[i] + data[i + 1] + data[i + 2]; };
          return { colors: seen.size, row: [0.1, 0.3, 0.5, 0.7, 0.9].map(at) };
        })[0] ?? null
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ohif_paints_an_image_of_ours(bool isJpeg)
    {
        Tool.Require(Chromium);
        OhifSite.RequireFolder();
        var port = Ports.Free();
        await using var server = ServerProcess.Create(("DicomWeb", new Dictionary<string, object> { ["AllowedOrigins"] = new[] { $"http://127.0.0.1:{port}" } }));
        await server.StartAsync(Ct);
        await using var site = await OhifSite.StartAsync($"{server.Address}dicom-web", port, Ct);
        await StoreAsync(server, isJpeg);

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            // no graphics card: WebGL is computed
            Args = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 800 } });
        var trouble = new List<string>();
        page.PageError += (_, e) => trouble.Add(e);
        page.Response += (_, r) => { if (r.Url.StartsWith(server.Address.ToString(), StringComparison.Ordinal) && r.Status >= 400) { trouble.Add($"{r.Status} {r.Url}"); } };
        page.RequestFailed += (_, r) => { if (r.Url.StartsWith(server.Address.ToString(), StringComparison.Ordinal) && r.Failure != "net::ERR_ABORTED") { trouble.Add($"{r.Failure} {r.Url}"); } };
        await page.GotoAsync($"{site.Address}viewer?StudyInstanceUIDs=1.2.276.0.9");
        string? instead = null;
        try
        {
            // the picture comes when its scripts, the metadata and the frame have come, and grows finer
            await page.WaitForFunctionAsync($"() => (({Look})()?.colors ?? 0) > 100", null, new PageWaitForFunctionOptions { Timeout = 60_000, PollingInterval = 250 });
        }
        catch (TimeoutException)
        {
            instead = await page.EvaluateAsync<JsonElement?>(Look) is { } last ? last.ToString() : "no canvas";
        }
        if (Environment.GetEnvironmentVariable("PACS_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Join(folder, isJpeg ? "ohif-jpeg.png" : "ohif-grey.png") });
        }
        Assert.Empty(trouble);
        Assert.Null(instead);
        var picture = await page.EvaluateAsync<JsonElement>(Look);
        // a ramp from black to white, the right way round
        var row = picture.GetProperty("row").EnumerateArray().Select(v => v.GetInt32()).ToList();
        Assert.True(row.Zip(row.Skip(1)).All(p => p.Second > p.First + 40), $"from left to right: {string.Join(' ', row)}");
    }

    private static async Task StoreAsync(ServerProcess server, bool isJpeg)
    {
        var image = new DicomDataset().Set(DicomTag.SOPClassUID, isJpeg ? DicomUid.UltrasoundImageStorage : DicomUid.CTImageStorage).Set(DicomTag.SOPInstanceUID, "1.2.276.0.9.1.1")
            .Set(DicomTag.StudyInstanceUID, "1.2.276.0.9").Set(DicomTag.SeriesInstanceUID, "1.2.276.0.9.1").Set(DicomTag.Modality, isJpeg ? "US" : "CT")
            .Set(DicomTag.PatientID, "4711").Set(DicomTag.PatientName, "Muster^Eva").Set(DicomTag.StudyDate, "20240312").Set(DicomTag.SeriesNumber, "1").Set(DicomTag.InstanceNumber, "1")
            .Set(DicomTag.Rows, Side).Set(DicomTag.Columns, Side).Set(DicomTag.PixelRepresentation, 0);
        if (isJpeg)
        {
            var samples = new byte[Side * Side * 3];
            for (var i = 0; i < samples.Length; i++)
            {
                samples[i] = (byte)(i / 3 % Side);
            }
            var jpeg = new ArrayBufferWriter<byte>();
            JpegEncoder.Encode(samples, Side, Side, 3, 95, jpeg);
            image.Set(DicomTag.SamplesPerPixel, 3).Set(DicomTag.PhotometricInterpretation, "YBR_FULL_422").Set(DicomTag.PlanarConfiguration, 0)
                .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7)
                .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, (byte[])[.. jpeg.WrittenSpan, .. new byte[jpeg.WrittenCount & 1]]]));
        }
        else
        {
            var samples = new byte[Side * Side * 2];
            for (var i = 0; i < Side * Side; i++)
            {
                BitConverter.TryWriteBytes(samples.AsSpan(2 * i), (ushort)(i % Side * 16));
            }
            image.Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.WindowCenter, "2048").Set(DicomTag.WindowWidth, "4096")
                .Set(DicomTag.RescaleSlope, "1").Set(DicomTag.RescaleIntercept, "0").Set(DicomTag.PixelSpacing, "1", "1").Set(DicomTag.ImageOrientationPatient, "1", "0", "0", "0", "1", "0")
                .Set(DicomTag.ImagePositionPatient, "0", "0", "0").Set(DicomTag.BitsAllocated, 16).Set(DicomTag.BitsStored, 12).Set(DicomTag.HighBit, 11)
                .Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, samples));
        }
        using var file = new MemoryStream();
        new DicomFile(image, isJpeg ? TransferSyntax.JpegBaseline : TransferSyntax.ExplicitVRLittleEndian).Save(file);
        using var http = new HttpClient { BaseAddress = server.Address };
        using var content = new ByteArrayContent(file.ToArray());
        content.Headers.ContentType = new("application/dicom");
        using var answer = await http.PostAsync(new Uri("dicom-web/studies", UriKind.Relative), content, Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
    }
}
