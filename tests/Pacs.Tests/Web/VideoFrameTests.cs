using System.Net;
using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>Pictures of videos, with an ffmpeg that behaves and others that do not.</summary>
public sealed class VideoFrameTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("printf 'P6\\n4 2\\n255\\n'; printf 'abcdefghijklmnopqrstuvwx'", 200)]
    // more than was asked for
    [InlineData("printf 'P6\\n4 2\\n255\\n'; yes | head -c 100000000", 200)]
    [InlineData("printf 'P6\\n4 2\\n255\\n'; printf 'abc'", 500)]
    [InlineData("printf 'P6\\n100000 100000\\n255\\n'", 500)]
    [InlineData("printf 'GIF89a'", 500)]
    [InlineData("yes", 500)]
    [InlineData("head -c 10000000 /dev/zero >&2; exit 1", 500)]
    [InlineData("exit 1", 500)]
    public async Task What_the_program_prints_is_a_picture_or_an_error(string script, int status)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the program is a shell script");
        await using var office = await StartAsync(script);
        using var answer = await office.Server.Http.GetAsync(new Uri("dicom-web/studies/1.2.1/thumbnail?viewport=2,2", UriKind.Relative), Ct);
        Assert.Equal((status, status == 200 ? "image/jpeg" : "application/problem+json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        // the video itself is there for those who want that
        Assert.Equal("video/mp4", (await office.Server.Http.GetAsync(new Uri("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/rendered", UriKind.Relative), Ct)).Content.Headers.ContentType!.MediaType);
    }

    /// <summary>MP4, MPEG-2 transport, program and bare streams, H.264 and H.265 with start codes, and what says nothing.</summary>
    [Theory]
    [InlineData("0000001866747970", "1.2.840.10008.1.2.4.102", "video/mp4")]
    [InlineData("0000001866747970", "1.2.840.10008.1.2.4.100", "video/mp4")]
    [InlineData("47", "1.2.840.10008.1.2.4.102", "video/mp2t")]
    [InlineData("47", "1.2.840.10008.1.2.4.100", "video/mp2t")]
    [InlineData("000001BA", "1.2.840.10008.1.2.4.100", "video/mpeg")]
    [InlineData("000001B3", "1.2.840.10008.1.2.4.101", "video/mpeg")]
    [InlineData("0000000167", "1.2.840.10008.1.2.4.102", "video/h264")]
    [InlineData("00000167", "1.2.840.10008.1.2.4.103", "video/h264")]
    [InlineData("0000000140", "1.2.840.10008.1.2.4.107", "video/h265")]
    [InlineData("01", "1.2.840.10008.1.2.4.100", "video/mpeg")]
    [InlineData("01", "1.2.840.10008.1.2.4.102", "video/mp4")]
    public async Task A_video_is_called_what_its_bytes_are(string start, string syntax, string type)
    {
        await using var server = await TestServer.StartAsync();
        var first = Convert.FromHexString(start);
        var video = new byte[600];
        // a transport stream begins each of its packets so; of the others it is the beginning
        for (var at = 0; at < (first is [0x47] ? video.Length : 1); at += 188)
        {
            first.CopyTo(video, at);
        }
        await PagesKit.StoreAsync(server, Video(1).Set(Pixels(video)), TransferSyntax.Get(syntax));
        var address = new Uri("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/rendered", UriKind.Relative);
        using var answer = await server.Http.GetAsync(address, Ct);
        Assert.Equal((200, type), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Equal(video, await answer.Content.ReadAsByteArrayAsync(Ct));
        // whoever takes another one only is told which it is
        var bulk = address.OriginalString.Replace("/rendered", "/bulkdata/7FE00010", StringComparison.Ordinal);
        foreach (var (accept, expected) in new[] { ("*/*", type), (type, type), ("application/octet-stream; transfer-syntax=*", "application/octet-stream"), ("multipart/related; type=\"video/*\"", "multipart/related"), ("application/octet-stream", null), ("image/jpeg", null) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(bulk, UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Accept", accept);
            using var stream = await server.Http.SendAsync(request, Ct);
            Assert.Equal((expected is null ? HttpStatusCode.NotAcceptable : HttpStatusCode.OK, expected ?? "application/problem+json"), (stream.StatusCode, stream.Content.Headers.ContentType!.MediaType));
            if (expected is not null)
            {
                Assert.Equal(video, expected == "multipart/related" ? Assert.Single(await MultipartAnswer.ReadAsync(stream)).Body : await stream.Content.ReadAsByteArrayAsync(Ct));
            }
        }
        using var other = await server.Http.GetAsync(new Uri(address + (type == "video/mp4" ? "?accept=video/mpeg" : "?accept=video/mp4"), UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotAcceptable, other.StatusCode);
        Assert.Contains(type, await other.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ffmpeg_reads_the_video_within_the_file_and_nothing_else()
    {
        const string Ffmpeg = "/usr/bin/ffmpeg";
        Assert.SkipUnless(File.Exists(Ffmpeg), "ffmpeg is not installed");
        var folder = Directory.CreateTempSubdirectory("pacs-video-");
        try
        {
            var path = Path.Join(folder.FullName, "video.mp4");
            using (var made = System.Diagnostics.Process.Start(Ffmpeg, ["-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=1", "-c:v", "mpeg2video", "-f", "mpegts", path]))
            {
                await made.WaitForExitAsync(Ct);
                Assert.SkipUnless(made.ExitCode == 0, "this ffmpeg makes no MPEG-2");
            }
            await using var server = await TestServer.StartAsync();
            var video = await File.ReadAllBytesAsync(path, Ct);
            await PagesKit.StoreAsync(server, Video(1).Set(Pixels(video)), Mpeg2);
            // in several fragments, as the fragmentable syntaxes have it
            await PagesKit.StoreAsync(server, Video(2).Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, video.AsMemory(0, 1880), video.AsMemory(1880, video.Length - 1880 & ~1)])), Mpeg2);
            // a playlist that names a file of the server
            await PagesKit.StoreAsync(server, Video(3).Set(Pixels(System.Text.Encoding.ASCII.GetBytes($"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n"))), Mpeg2);
            foreach (var (number, status) in new[] { (1, HttpStatusCode.OK), (2, HttpStatusCode.OK), (3, HttpStatusCode.InternalServerError) })
            {
                using var answer = await server.Http.GetAsync(new Uri($"dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.{number}/frames/3/rendered?accept=image/png", UriKind.Relative), Ct);
                Assert.Equal((number, status), (number, answer.StatusCode));
                if (status == HttpStatusCode.OK)
                {
                    var png = Png.Parse(await answer.Content.ReadAsByteArrayAsync(Ct));
                    Assert.Equal((64, 48), (png.Width, png.Height));
                    Assert.True(png.Data.Distinct().Count() > 20);
                }
            }
            using var beyond = await server.Http.GetAsync(new Uri("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/frames/26/rendered?accept=image/png", UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.InternalServerError, beyond.StatusCode);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static TransferSyntax Mpeg2 => TransferSyntax.Get("1.2.840.10008.1.2.4.100");

    private static DicomElement Pixels(byte[] video) => new(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, (byte[])[.. video, .. new byte[video.Length & 1]]]);

    private static DicomDataset Video(int number) => PagesKit.Image("Müller^Jörg", "P1", "1.2.1", number: number).Set(DicomTag.SamplesPerPixel, 3).Set(DicomTag.PhotometricInterpretation, "YBR_PARTIAL_420")
        .Set(DicomTag.NumberOfFrames, 25).Set(DicomTag.Rows, 48).Set(DicomTag.Columns, 64).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0);

    private static async Task<Office> StartAsync(string script)
    {
        var folder = Directory.CreateTempSubdirectory("pacs-ffmpeg-").FullName;
        var program = Path.Join(folder, "ffmpeg");
        await File.WriteAllTextAsync(program, "#!/bin/sh\n" + script + "\n", Ct);
        if (OperatingSystem.IsWindows())
        {
            throw new InvalidOperationException("the program is a shell script");
        }
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomWeb:Ffmpeg"] = program });
        await PagesKit.StoreAsync(server, Video(1).Set(Pixels([0, 1, 2, 3])), TransferSyntax.Get("1.2.840.10008.1.2.4.102"));
        return new Office(server, folder);
    }

    private sealed record Office(TestServer Server, string Folder) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            Directory.Delete(Folder, recursive: true);
        }
    }
}
