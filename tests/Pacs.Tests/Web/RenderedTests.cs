using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;

namespace Pacs.Tests;

/// <summary>Pictures, thumbnails, documents and videos, by WADO-RS and WADO-URI. What is right to the pixel is tested with the renderer.</summary>
public sealed class RenderedTests(RenderedTests.Archive archive) : IClassFixture<RenderedTests.Archive>
{
    private const string Grey = "dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1";
    private const string Color = "dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2";
    private const string Report = "dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.3";
    private const string Document = "dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.4";
    private const string State = "dicom-web/studies/1.2.8/series/1.2.8.1/instances/1.2.8.1.1";
    private const string Video = "dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.5";

    private readonly TestServer _server = archive.Server;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Grey + "/rendered", "image/png", "image/png", 40, 20)]
    [InlineData(Grey + "/rendered", "image/jpeg", "image/jpeg", 40, 20)]
    [InlineData(Grey + "/rendered", "*/*", "image/jpeg", 40, 20)]
    [InlineData(Grey + "/rendered", "text/html,image/avif,image/webp,image/png,*/*;q=0.8", "image/png", 40, 20)]
    [InlineData(Grey + "/frames/2/rendered?viewport=20,20", "image/png", "image/png", 20, 10)]
    [InlineData(Grey + "/rendered?viewport=10%2C10&quality=50&window=100,50,sigmoid", "image/jpeg", "image/jpeg", 10, 5)]
    [InlineData(Grey + "/thumbnail?viewport=8%2C8", "*/*", "image/jpeg", 8, 4)]
    [InlineData(Grey + "/frames/2/thumbnail", "image/png", "image/png", 200, 100)]
    [InlineData("dicom-web/studies/1.2.1/thumbnail?viewport=16,16", "image/png", "image/png", 16, 8)]
    [InlineData("dicom-web/studies/1.2.1/series/1.2.1.1/thumbnail?viewport=16,16", "image/jpeg", "image/jpeg", 16, 8)]
    [InlineData("wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.1&objectUID=1.2.1.1.1", "*/*", "image/jpeg", 40, 20)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.1.1.1&contentType=image%2Fpng&frameNumber=2&columns=20", "text/html", "image/png", 20, 10)]
    [InlineData(Grey + "/rendered?viewport=20,20,10,0,10,20", "image/png", "image/png", 10, 20)]
    [InlineData(Grey + "/rendered?viewport=40,40,,,-20,", "image/png", "image/png", 40, 40)]
    [InlineData("dicom-web/studies/1.2.1/rendered", "image/png", "image/png", 40, 20)]
    [InlineData("dicom-web/studies/1.2.1/series/1.2.1.1/rendered?viewport=20,20", "text/html,image/png,*/*;q=0.8", "image/png", 20, 10)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.1.1.1&contentType=image/png&region=0.25,0.5,0.75,1", "*/*", "image/png", 20, 10)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.1.1.1&rows=10&columns=100&windowCenter=10&windowWidth=4&imageQuality=70", "*/*", "image/jpeg", 20, 10)]
    public async Task Pictures_have_the_type_and_the_size_asked_for(string path, string accept, string type, int width, int height)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, accept);
        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Equal((width, height), SizeOf(await answer.Content.ReadAsByteArrayAsync(Ct)));
    }

    [Theory]
    [InlineData(Grey + "/rendered?window=1", "*/*", 400)]
    [InlineData(Grey + "/rendered?window=1,0", "*/*", 400)]
    [InlineData(Grey + "/rendered?window=1,2,cubic", "*/*", 400)]
    [InlineData(Grey + "/rendered?viewport=0,5", "*/*", 400)]
    [InlineData(Grey + "/rendered?viewport=100000,5", "*/*", 400)]
    [InlineData(Grey + "/rendered?viewport=5,5,1,1,0,2", "*/*", 400)]
    [InlineData(Grey + "/rendered?viewport=5,5,40,0,5,5", "*/*", 400)]
    [InlineData(Grey + "/rendered?viewport=5,5,1,1,2,2,2", "*/*", 400)]
    [InlineData("dicom-web/studies/1.2.77/rendered", "*/*", 404)]
    [InlineData("dicom-web/studies/1.2.1/series/1.2.9/rendered", "*/*", 404)]
    [InlineData("dicom-web/studies/1.2.1/rendered?quality=0", "*/*", 400)]
    [InlineData("dicom-web/studies/1.2.1/rendered", "multipart/related; type=\"text/plain\"", 406)]
    [InlineData("dicom-web/studies/1.2.1/rendered", "text/plain", 406)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.1.1.1&region=0,0,1", "*/*", 400)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.1.1.1&region=0.5,0,0.5,1", "*/*", 400)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.1.1.1&presentationUID=1.2.1.1.2", "*/*", 400)]
    [InlineData(Grey + "/rendered?quality=101", "*/*", 400)]
    [InlineData(Grey + "/rendered", "image/webp", 406)]
    [InlineData(Grey + "/frames/0/rendered", "*/*", 400)]
    [InlineData(Grey + "/frames/9/rendered", "*/*", 404)]
    [InlineData(Grey + "/frames/1,2/rendered", "image/jpeg", 406)]
    [InlineData(Report + "/rendered", "*/*", 404)]
    [InlineData(Report + "/thumbnail", "*/*", 404)]
    [InlineData(Document + "/rendered", "image/jpeg", 406)]
    [InlineData(Video + "/rendered", "image/jpeg", 406)]
    [InlineData(Video + "/thumbnail", "*/*", 406)]
    [InlineData("dicom-web/studies/1.2.77/thumbnail", "*/*", 404)]
    [InlineData("wado?requestType=WADO", "*/*", 400)]
    [InlineData("wado?objectUID=1.2.1.1.1", "*/*", 400)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.77", "*/*", 404)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.1.1.1&anonymize=yes", "*/*", 406)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.1.1.1&frameNumber=x", "*/*", 400)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.1.1.1&windowCenter=5", "*/*", 400)]
    [InlineData("wado?requestType=WADO&objectUID=1.2.1.1.1&contentType=text/plain", "*/*", 406)]
    public async Task What_cannot_be_shown_is_said(string path, string accept, int status)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, accept);
        Assert.Equal((status, "application/problem+json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task A_jpeg_that_browsers_show_as_we_would_leaves_as_it_is_stored()
    {
        using var stored = await SendAsync(HttpMethod.Get, Color + "/rendered", "image/jpeg");
        Assert.Equal(archive.Jpeg, await stored.Content.ReadAsByteArrayAsync(Ct));
        foreach (var path in new[] { Color + "/rendered?quality=20", Color + "/rendered?viewport=10,10" })
        {
            using var other = await SendAsync(HttpMethod.Get, path, "image/jpeg");
            Assert.NotEqual(archive.Jpeg, await other.Content.ReadAsByteArrayAsync(Ct));
        }
        using var part = await SendAsync(HttpMethod.Get, Color + "/frames/1", "multipart/related; type=\"image/jpeg\"; transfer-syntax=1.2.840.10008.1.2.4.50");
        Assert.Equal(archive.Jpeg, Assert.Single(await MultipartAnswer.ReadAsync(part)).Body);
    }

    [Fact]
    public async Task Several_frames_are_parts()
    {
        using var answer = await SendAsync(HttpMethod.Get, Grey + "/frames/2,1/rendered", "multipart/related; type=\"image/png\"");
        var parts = await MultipartAnswer.ReadAsync(answer);
        Assert.Equal(2, parts.Count);
        Assert.All(parts, p => Assert.Equal((40, 20), SizeOf(p.Body)));
        Assert.NotEqual(parts[0].Body, parts[1].Body);
    }

    [Fact]
    public async Task A_cine_is_a_gif_that_moves()
    {
        using var answer = await SendAsync(HttpMethod.Get, Grey + "/rendered", "image/gif");
        var gif = await answer.Content.ReadAsByteArrayAsync(Ct);
        Assert.Equal(("GIF89a", 40, 20), (Encoding.ASCII.GetString(gif.AsSpan(0, 6)), gif[6], gif[8]));
        // one graphic control extension for each frame, with its delay
        var delays = Enumerable.Range(0, gif.Length - 8).Where(i => gif.AsSpan(i).StartsWith(new byte[] { 0x21, 0xF9, 4, 0 })).Select(i => gif[i + 4]).ToList();
        Assert.Equal([50, 50], delays.Select(d => (int)d));
    }

    [Fact]
    public async Task Pictures_have_tags()
    {
        using var first = await SendAsync(HttpMethod.Get, Grey + "/rendered", "image/png");
        using var same = await SendAsync(HttpMethod.Get, Grey + "/rendered", "image/png", r => r.Headers.IfNoneMatch.Add(first.Headers.ETag!));
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        using var other = await SendAsync(HttpMethod.Get, Grey + "/rendered?window=1,1", "image/png", r => r.Headers.IfNoneMatch.Add(first.Headers.ETag!));
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task A_study_comes_in_parts_that_have_addresses()
    {
        using var answer = await SendAsync(HttpMethod.Get, "dicom-web/studies/1.2.1/rendered", "multipart/related; type=\"image/png\", multipart/related; type=\"application/pdf\", multipart/related; type=\"video/mp4\"");
        var parts = await MultipartAnswer.ReadAsync(answer);
        // the report cannot be shown
        Assert.Equal(["image/png", "image/png", "application/pdf", "video/mp4"], parts.Select(p => p.Headers["Content-Type"]));
        Assert.Equal([Grey, Color, Document, Video], parts.Select(p => p.Headers["Content-Location"][_server.Http.BaseAddress!.ToString().Length..^"/rendered".Length]));
        Assert.Equal((40, 20), SizeOf(parts[0].Body));
        Assert.Equal("%PDF-1.7x", Encoding.ASCII.GetString(parts[2].Body));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], parts[3].Body);
        using var pictures = await SendAsync(HttpMethod.Get, "dicom-web/studies/1.2.1/series/1.2.1.1/rendered?viewport=20,20", "multipart/related; type=\"image/jpeg\"");
        Assert.Equal([(20, 10), (20, 10)], (await MultipartAnswer.ReadAsync(pictures)).Select(p => SizeOf(p.Body)));
        using var single = await SendAsync(HttpMethod.Get, "dicom-web/studies/1.2.1/rendered", "image/jpeg");
        Assert.Equal(299, single.Headers.Warning.Single().Code);
    }

    [Fact]
    public async Task Regions_are_cut_out_and_mirrored()
    {
        var (whole, width, _) = await PixelsAsync(Grey + "/rendered");
        var (part, partWidth, partHeight) = await PixelsAsync(Grey + "/rendered?viewport=10,5,7,3,10,5");
        Assert.Equal((10, 5), (partWidth, partHeight));
        var (mirrored, _, _) = await PixelsAsync(Grey + "/rendered?viewport=10,5,7,3,-10,-5");
        for (var y = 0; y < 5; y++)
        {
            for (var x = 0; x < 10; x++)
            {
                Assert.Equal(whole[((y + 3) * width) + x + 7], part[(y * 10) + x]);
                Assert.Equal(part[(y * 10) + x], mirrored[((4 - y) * 10) + 9 - x]);
            }
        }
    }

    [Theory]
    [InlineData("patient", false)]
    [InlineData("technique", false)]
    [InlineData("patient,technique", false)]
    [InlineData("patient,weather", true)]
    public async Task Annotations_are_drawn_into_their_corner(string annotation, bool isWarned)
    {
        const string Size = "/rendered?viewport=800,400";
        var (plain, width, height) = await PixelsAsync(Grey + Size);
        using var answer = await SendAsync(HttpMethod.Get, $"{Grey}{Size}&annotation={annotation}", "image/png");
        Assert.Equal(isWarned, answer.Headers.Warning.Count > 0);
        var drawn = Png.Parse(await answer.Content.ReadAsByteArrayAsync(Ct)).Data;
        bool Differs(int from, int to) => Enumerable.Range(from * width, (to - from) * width).Any(i => plain[i] != drawn[i]);
        Assert.Equal(annotation.Contains("patient", StringComparison.Ordinal), Differs(0, height / 4));
        Assert.Equal(annotation.Contains("technique", StringComparison.Ordinal), Differs(height * 3 / 4, height));
        Assert.False(Differs(height * 4 / 10, height * 6 / 10));
        // one that leaves as it is stored otherwise
        using var jpeg = await SendAsync(HttpMethod.Get, $"{Color}/rendered?annotation={annotation}", "image/jpeg");
        Assert.NotEqual(archive.Jpeg, await jpeg.Content.ReadAsByteArrayAsync(Ct));
    }

    [Theory]
    [InlineData("iccprofile=yes", true)]
    [InlineData("iccprofile=srgb", true)]
    [InlineData("iccprofile=no", false)]
    public async Task Colour_profiles_are_not_written_and_that_is_said(string parameter, bool isWarned)
    {
        using var answer = await SendAsync(HttpMethod.Get, $"{Color}/rendered?{parameter}", "image/jpeg");
        Assert.Equal((HttpStatusCode.OK, isWarned), (answer.StatusCode, answer.Headers.Warning.Any(w => w.Code == 299)));
    }

    [Fact]
    public async Task A_presentation_state_shows_its_image_as_it_wants_it()
    {
        var (whole, width, height) = await PixelsAsync(Grey + "/frames/2/rendered");
        foreach (var path in new[] { State + "/rendered", "wado?requestType=WADO&objectUID=1.2.1.1.1&frameNumber=2&contentType=image/png&presentationUID=1.2.8.1.1" })
        {
            var (turned, turnedWidth, turnedHeight) = await PixelsAsync(path);
            Assert.Equal((height, width), (turnedWidth, turnedHeight));
            // clockwise
            Assert.Equal(whole[(height - 1) * width], turned[0]);
            Assert.Equal(whole[0], turned[height - 1]);
        }
    }

    [Fact]
    public async Task Floating_point_samples_are_shown()
    {
        foreach (var (instance, bits) in new[] { ("1.2.9.1.1", 32), ("1.2.9.1.2", 64) })
        {
            var path = $"dicom-web/studies/1.2.9/series/1.2.9.1/instances/{instance}";
            var (pixels, width, height) = await PixelsAsync(path + "/rendered");
            Assert.Equal((2, 2), (width, height));
            // what is no number is black, and the rest is spread
            Assert.Equal([0, 0, 128, 255], pixels);
            var (window, _, _) = await PixelsAsync(path + "/rendered?window=0.5,0.5,linear-exact");
            Assert.Equal([0, 0, 128, 255], window);
            using var frame = await SendAsync(HttpMethod.Get, path + "/frames/1", "application/octet-stream");
            Assert.Equal(bits / 8 * 4, (await frame.Content.ReadAsByteArrayAsync(Ct)).Length);
            foreach (var syntax in new[] { TransferSyntax.ImplicitVRLittleEndian.Uid, "1.2.840.10008.1.2.2" })
            {
                using var file = await SendAsync(HttpMethod.Get, path, $"application/dicom; transfer-syntax={syntax}");
                var back = DicomFile.Parse(await file.Content.ReadAsByteArrayAsync(Ct));
                Assert.Equal(syntax, back.Syntax.Uid);
                using var read = Pacs.Dicom.Imaging.InstancePixels.Of(back.Dataset, back.Syntax);
                Assert.Equal([0, 0, 128, 255], read.Render(new Pacs.Dicom.Imaging.RenderOptions()).Data.ToArray());
            }
            using var packed = await SendAsync(HttpMethod.Get, path, $"application/dicom; transfer-syntax={DicomUid.RLELossless}");
            Assert.Equal(HttpStatusCode.NotAcceptable, packed.StatusCode);
        }
    }

    [Fact]
    public async Task Documents_and_videos_are_what_they_are()
    {
        using var document = await SendAsync(HttpMethod.Get, Document + "/rendered", "text/html,*/*;q=0.8");
        Assert.Equal("application/pdf", document.Content.Headers.ContentType!.MediaType);
        Assert.Equal("%PDF-1.7x", await document.Content.ReadAsStringAsync(Ct));
        using var video = await SendAsync(HttpMethod.Get, Video + "/rendered", "video/*", r => r.Headers.Range = new RangeHeaderValue(2, 5));
        Assert.Equal((HttpStatusCode.PartialContent, "video/mp4"), (video.StatusCode, video.Content.Headers.ContentType!.MediaType));
        Assert.Equal([2, 3, 4, 5], await video.Content.ReadAsByteArrayAsync(Ct));
    }

    [Theory]
    [InlineData("", "1.2.840.10008.1.2.1")]
    [InlineData("&transferSyntax=1.2.840.10008.1.2", "1.2.840.10008.1.2")]
    public async Task Wado_uri_gives_files(string more, string syntax)
    {
        using var answer = await SendAsync(HttpMethod.Get, "wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.1&objectUID=1.2.1.1.1&contentType=application%2Fdicom" + more, "*/*");
        Assert.Equal("application/dicom", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(syntax, DicomFile.Parse(await answer.Content.ReadAsByteArrayAsync(Ct)).Syntax.Uid);
    }

    private async Task<(byte[] Pixels, int Width, int Height)> PixelsAsync(string path)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, "image/png");
        Assert.Equal((HttpStatusCode.OK, "image/png"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        var png = Png.Parse(await answer.Content.ReadAsByteArrayAsync(Ct));
        return (png.Data, png.Width, png.Height);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string accept, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        change?.Invoke(request);
        return await _server.Http.SendAsync(request, Ct);
    }

    /// <summary>Width and height of a PNG (IHDR) or a JPEG (SOF0).</summary>
    private static (int Width, int Height) SizeOf(byte[] picture)
    {
        static int Two(ReadOnlySpan<byte> at) => (at[0] << 8) | at[1];
        if (picture[0] == 0x89)
        {
            return (Two(picture.AsSpan(18)), Two(picture.AsSpan(22)));
        }
        var frame = picture.AsSpan().IndexOf(new byte[] { 0xFF, 0xC0 });
        return (Two(picture.AsSpan(frame + 7)), Two(picture.AsSpan(frame + 5)));
    }

    /// <summary>A server with a study of a grey cine, a JPEG, a report, a PDF and a video.</summary>
    public sealed class Archive : IAsyncLifetime
    {
        public TestServer Server { get; private set; } = null!;

        public byte[] Jpeg { get; private set; } = [];

        public async ValueTask InitializeAsync()
        {
            // no ffmpeg: the video here is none
            Server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomWeb:Ffmpeg"] = "/nowhere/ffmpeg" });
            var pixels = new byte[2 * 40 * 20];
            new Random(1).NextBytes(pixels);
            await PagesKit.StoreAsync(Server, Pixels(1, 1, "MONOCHROME2", 2).Set(DicomTag.FrameTime, 500).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, pixels)));

            var buffer = new System.Buffers.ArrayBufferWriter<byte>();
            JpegEncoder.Encode(new byte[40 * 20 * 3], 40, 20, 3, 90, buffer);
            Jpeg = [.. buffer.WrittenSpan, .. new byte[buffer.WrittenCount & 1]];
            await PagesKit.StoreAsync(Server, Pixels(2, 3, "YBR_FULL_422", 1).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, Jpeg])), TransferSyntax.JpegBaseline);

            await PagesKit.StoreAsync(Server, Image(3).Set(DicomTag.SOPClassUID, DicomUid.ComprehensiveSRStorage));
            await PagesKit.StoreAsync(Server, Image(4).Set(DicomTag.SOPClassUID, DicomUid.EncapsulatedPDFStorage)
                .Set(new DicomElement(DicomTag.EncapsulatedDocument, DicomVr.OB, Encoding.ASCII.GetBytes("%PDF-1.7x\0"))).Set(DicomTag.EncapsulatedDocumentLength, 9));
            await PagesKit.StoreAsync(Server, Pixels(5, 3, "YBR_PARTIAL_420", 10)
                .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, new byte[] { 0, 1, 2, 3, 4, 5, 6, 7 }])), TransferSyntax.Get("1.2.840.10008.1.2.4.102"));
            await PagesKit.StoreAsync(Server, Of("1.2.8", 1).Set(DicomTag.SOPClassUID, DicomUid.GrayscaleSoftcopyPresentationStateStorage).Set(DicomTag.ImageRotation, 90)
                .Set(DicomTag.PresentationLUTShape, "IDENTITY").Set(DicomTag.ReferencedSeriesSequence, new DicomDataset().Set(DicomTag.SeriesInstanceUID, "1.2.1.1").Set(
                    DicomTag.ReferencedImageSequence, new DicomDataset().Set(DicomTag.ReferencedSOPInstanceUID, "1.2.1.1.1").Set(DicomTag.ReferencedFrameNumber, "2"))));
            float[] floats = [float.NaN, 0.25f, 0.5f, 0.75f];
            await PagesKit.StoreAsync(Server, Floats(1, new DicomElement(DicomTag.FloatPixelData, DicomVr.OF, System.Runtime.InteropServices.MemoryMarshal.AsBytes(floats.AsSpan()).ToArray())));
            double[] doubles = [double.PositiveInfinity, 0.25, 0.5, 0.75];
            await PagesKit.StoreAsync(Server, Floats(2, new DicomElement(DicomTag.DoubleFloatPixelData, DicomVr.OD, System.Runtime.InteropServices.MemoryMarshal.AsBytes(doubles.AsSpan()).ToArray())));
        }

        private static DicomDataset Of(string study, int number) => PagesKit.Image("Müller^Jörg", "P2", study, number: number);

        /// <summary>Of 2 × 2 samples, the first of which is no number.</summary>
        private static DicomDataset Floats(int number, DicomElement samples) => Of("1.2.9", number).Set(DicomTag.SOPClassUID, DicomUid.ParametricMapStorage).Set(DicomTag.SamplesPerPixel, 1)
            .Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.Rows, 2).Set(DicomTag.Columns, 2).Set(DicomTag.BitsAllocated, samples.Vr == DicomVr.OF ? 32 : 64).Set(samples);

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        private static DicomDataset Image(int number) => PagesKit.Image("Müller^Jörg", "P1", "1.2.1", number: number);

        private static DicomDataset Pixels(int number, int samples, string photometric, int frames) => Image(number).Set(DicomTag.SamplesPerPixel, samples)
            .Set(DicomTag.PhotometricInterpretation, photometric).Set(DicomTag.NumberOfFrames, frames).Set(DicomTag.Rows, 20).Set(DicomTag.Columns, 40)
            .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0);
    }
}
