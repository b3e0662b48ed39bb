using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Pictures, frames, documents and archives by Orthanc's addresses.</summary>
public sealed class PictureRoutesTests
{
    private static readonly byte[] PngStart = [0x89, (byte)'P', (byte)'N', (byte)'G'];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Instance { get; } = $"/instances/{ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1")}";

    [Fact]
    public async Task A_frame_is_a_png_unless_a_jpeg_is_wanted()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Picture(frames: 2));
        foreach (var path in new[] { "/preview", "/rendered", "/frames/0/preview", "/frames/1/rendered", "/rendered?window-center=10&window-width=20&width=4" })
        {
            using var answer = await server.Http.GetAsync(new Uri(Instance + path, UriKind.Relative), Ct);
            Assert.Equal((path, HttpStatusCode.OK, "image/png"), (path, answer.StatusCode, answer.Content.Headers.ContentType?.ToString()));
            var png = await answer.Content.ReadAsByteArrayAsync(Ct);
            Assert.Equal(PngStart, png[..4]);
            Assert.Equal(path.EndsWith("width=4", StringComparison.Ordinal) ? 4 : 8, png[19]); // the width in IHDR
            using var again = new HttpRequestMessage(HttpMethod.Get, Instance + path);
            again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
            using var unchanged = await server.Http.SendAsync(again, Ct);
            Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        }
        using var request = new HttpRequestMessage(HttpMethod.Get, Instance + "/preview?quality=50");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("image/jpeg"));
        using var jpeg = await server.Http.SendAsync(request, Ct);
        Assert.Equal([0xFF, 0xD8], (await jpeg.Content.ReadAsByteArrayAsync(Ct))[..2]);
    }

    [Fact]
    public async Task Frames_are_counted_from_0_and_given_as_they_are_stored()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Picture(frames: 2));
        Assert.Equal("[0,1]", JsonNode.Parse(await server.Http.GetStringAsync(new Uri(Instance + "/frames", UriKind.Relative), Ct))!.ToJsonString());
        Assert.Equal(Enumerable.Range(64, 64).Select(i => (byte)i), await server.Http.GetByteArrayAsync(new Uri(Instance + "/frames/1/raw", UriKind.Relative), Ct));
        await using var packed = new GZipStream(await server.Http.GetStreamAsync(new Uri(Instance + "/frames/1/raw.gz", UriKind.Relative), Ct), CompressionMode.Decompress);
        using var unpacked = new MemoryStream();
        await packed.CopyToAsync(unpacked, Ct);
        Assert.Equal(Enumerable.Range(64, 64).Select(i => (byte)i), unpacked.ToArray());
    }

    [Theory]
    [InlineData("/frames/2/preview", 404)]
    [InlineData("/frames/x/preview", 404)]
    [InlineData("/frames/2147483647/preview", 404)]
    [InlineData("/frames/2/raw", 400)]
    [InlineData("/preview?quality=101", 400)]
    [InlineData("/rendered?width=0", 400)]
    [InlineData("/rendered?window-center=x", 400)]
    [InlineData("/pdf", 404)]
    public async Task What_cannot_be_shown_is_said(string path, int status)
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Picture(frames: 2));
        using var answer = await server.Http.GetAsync(new Uri(Instance + path, UriKind.Relative), Ct);
        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task An_instance_without_pixels_has_no_picture()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        using var answer = await server.Http.GetAsync(new Uri(Instance + "/preview", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
    }

    [Fact]
    public async Task A_document_is_given_without_its_padding()
    {
        await using var server = await TestServer.StartAsync();
        var document = PagesKit.Image("Müller^Jörg");
        document.Set(DicomTag.SOPClassUID, DicomUid.EncapsulatedPDFStorage).Set(DicomTag.EncapsulatedDocumentLength, 5)
            .Set(new DicomElement(DicomTag.EncapsulatedDocument, DicomVr.OB, "%PDF-\0"u8.ToArray()));
        await PagesKit.StoreAsync(server, document);
        using var answer = await server.Http.GetAsync(new Uri(Instance + "/pdf", UriKind.Relative), Ct);
        Assert.Equal("application/pdf", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal("%PDF-"u8.ToArray(), await answer.Content.ReadAsByteArrayAsync(Ct));
    }

    [Fact]
    public async Task An_archive_has_every_file_under_names_that_lead_nowhere()
    {
        await using var server = await TestServer.StartAsync();
        for (var number = 1; number <= 3; number++)
        {
            await PagesKit.StoreAsync(server, PagesKit.Image("..^/etc\\x", number: number));
        }
        await PagesKit.StoreAsync(server, PagesKit.Image("Schmidt^Hans", "4712", "1.2.3.2"));
        var (study, other) = (ResourceId.ForStudy("4711", "1.2.3.1"), ResourceId.ForPatient("4712"));
        using var answer = await server.Http.GetAsync(new Uri($"/studies/{study}/archive", UriKind.Relative), Ct);
        Assert.Equal("application/zip", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal($"{study}.zip", answer.Content.Headers.ContentDisposition?.FileName?.Trim('"'));
        await using (var zip = new ZipArchive(await answer.Content.ReadAsStreamAsync(Ct)))
        {
            Assert.Equal(["US000000.dcm", "US000001.dcm", "US000002.dcm"], zip.Entries.Select(e => e.Name));
            Assert.All(zip.Entries, e => Assert.DoesNotContain("..", e.FullName.Split('/')));
            Assert.All(zip.Entries, e => Assert.Equal(4, e.FullName.Split('/').Length));
            Assert.DoesNotContain(zip.Entries, e => e.FullName.Contains('\\', StringComparison.Ordinal));
            await using var first = await zip.Entries[1].OpenAsync(Ct);
            using var bytes = new MemoryStream();
            await first.CopyToAsync(bytes, Ct);
            Assert.Equal(await server.Http.GetByteArrayAsync(new Uri($"/instances/{ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.2")}/file", UriKind.Relative), Ct), bytes.ToArray());
        }
        await using var several = new ZipArchive(await server.Http.GetStreamAsync(new Uri($"/tools/create-archive?resources={study},{other}&filename=a.zip", UriKind.Relative), Ct));
        Assert.Equal(4, several.Entries.Count);
        using var unknown = await server.Http.GetAsync(new Uri($"/tools/create-archive?resources={study},x", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task Tools_answer_and_dangerous_ones_are_refused()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Matches("^[0-9]{8}T[0-9]{6}$", await server.Http.GetStringAsync(new Uri("/tools/now", UriKind.Relative), Ct));
        Assert.True(DicomUid.IsValid(await server.Http.GetStringAsync(new Uri("/tools/generate-uid?level=study", UriKind.Relative), Ct)));
        Assert.Contains("orthanc_count_instances 0 ", await server.Http.GetStringAsync(new Uri("/tools/metrics-prometheus", UriKind.Relative), Ct), StringComparison.Ordinal);
        foreach (var path in new[] { "/tools/execute-script", "/tools/shutdown", "/tools/reset", Instance + "/export" })
        {
            using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(""), Ct);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
    }

    // 8 × 8, each pixel another value
    private static DicomDataset Picture(int frames) => PagesKit.Image("Müller^Jörg").Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.NumberOfFrames, frames)
        .Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.Rows, 8).Set(DicomTag.Columns, 8).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7)
        .Set(DicomTag.PixelRepresentation, 0).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, Enumerable.Range(0, 64 * frames).Select(i => (byte)i).ToArray()));
}
