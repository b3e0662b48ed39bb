using System.Net;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Compressed frames that are damaged, through every door of HTTP: an error of that frame, and a server that goes on.</summary>
public sealed class DamagedFrameTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("htj2k201_g8.dcm")]
    [InlineData("htj2k203_rgb.dcm")]
    [InlineData("j2k90_g8.dcm")]
    public async Task A_damaged_frame_is_an_error_of_that_frame_and_the_server_lives(string golden)
    {
        await using var server = await TestServer.StartAsync();
        var file = DicomFile.Open(CompressedFrames.Golden("jpeg-2000", golden));
        var whole = file.Dataset.Get(DicomTag.PixelData)!.Fragments![^1].ToArray();
        // cut off, bytes of its blocks turned round, and a word of its size
        byte[][] damaged = [whole[..(whole.Length / 2 & ~1)], Turned(whole, whole.Length / 3, 40), Turned(whole, 12, 4)];
        for (var number = 1; number <= damaged.Length; number++)
        {
            await StoreAsync(server, file, number, damaged[number - 1]);
        }
        await StoreAsync(server, file, 9, whole);
        for (var number = 1; number <= damaged.Length; number++)
        {
            var id = ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", $"1.2.3.1.1.{number}");
            var instance = $"dicom-web/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.{number}";
            foreach (var (path, accept) in new[]
            {
                (instance + "/rendered", "image/jpeg"), (instance + "/rendered", "image/png"), (instance + "/thumbnail", "image/jpeg"), ($"bilder/{id}/1", "image/jpeg"), ($"instances/{id}/preview", "image/png"),
                (instance + "/frames/1", "multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.1"), (instance, "multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.1"),
                (instance, "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80"),
            })
            {
                var answer = await AskAsync(server, path, accept);
                // bytes that are turned round may still be an image, though not this one; what is cut or has another size is none
                Assert.True(number == 2 || answer is not "200", $"{number} {path} {accept}: {answer}");
                // Orthanc's preview says it with the status alone
                Assert.True(answer is "200" || answer is ['4' or '5', ..] && (answer.Length > 20 || path.EndsWith("/preview", StringComparison.Ordinal)), $"{number} {path}: {answer}");
            }
        }
        var good = await AskAsync(server, "dicom-web/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.9/rendered", "image/jpeg");
        Assert.Equal("200", good);
    }

    /// <summary>A study of three, the second with a frame that cannot be decoded, asked for in another syntax: before, the answer broke off in the middle of it.</summary>
    [Theory]
    [InlineData("1.2.840.10008.1.2.1", 4)]
    [InlineData("1.2.840.10008.1.2.4.80", 4)]
    [InlineData(null, 4)]
    [InlineData("1.2.840.10008.1.2.1", 3000)] // more than is held in memory
    public async Task An_instance_that_cannot_be_converted_does_not_take_the_others_with_it(string? syntax, int side)
    {
        await using var server = await TestServer.StartAsync();
        for (var number = 1; number <= 3; number++)
        {
            await StoreRleAsync(server, number, side, isDamaged: number == 2);
        }
        var wanted = syntax is null ? "" : $"; transfer-syntax={syntax}";
        foreach (var path in new[] { "dicom-web/studies/1.2.3.1", "dicom-web/studies/1.2.3.1/series/1.2.3.1.1" })
        {
            using var answer = await GetAsync(server, path, "multipart/related; type=\"application/dicom\"" + wanted);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var parts = await MultipartAnswer.ReadAsync(answer);
            var expected = new[] { syntax ?? "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5", syntax ?? "1.2.840.10008.1.2.1" };
            Assert.Equal(expected.Select(s => $"application/dicom; transfer-syntax={s}"), parts.Select(p => p.Headers["Content-Type"]));
            Assert.Equal(expected, parts.Select(p => DicomFile.Parse(p.Body).Syntax.Uid));
        }
        using var archive = await server.Http.GetAsync(new Uri($"studies/{ResourceId.ForStudy("4711", "1.2.3.1")}/archive?transcode={syntax ?? "1.2.840.10008.1.2.1"}", UriKind.Relative), Ct);
        await using var zip = new System.IO.Compression.ZipArchive(await archive.Content.ReadAsStreamAsync(Ct));
        Assert.Equal(3, zip.Entries.Count);
        Assert.Single(zip.Entries, e => Parse(e).Syntax == TransferSyntax.RleLossless);
    }

    /// <summary>Alone it is refused to who has asked for a syntax, and comes as it is stored to who has not.</summary>
    [Theory]
    [InlineData("application/dicom", 200)]
    [InlineData("multipart/related; type=\"application/dicom\"", 200)]
    [InlineData("application/dicom; transfer-syntax=1.2.840.10008.1.2", 406)]
    [InlineData("multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2", 406)]
    public async Task The_second_frame_of_an_instance_is_looked_at_before_the_first_leaves(string accept, int status)
    {
        await using var server = await TestServer.StartAsync();
        await StoreRleAsync(server, 1, 4, isDamaged: true);
        using var answer = await GetAsync(server, "dicom-web/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1", accept);
        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 200)
        {
            var file = DicomFile.Parse(accept[0] == 'm' ? Assert.Single(await MultipartAnswer.ReadAsync(answer)).Body : await answer.Content.ReadAsByteArrayAsync(Ct));
            Assert.Equal((TransferSyntax.RleLossless, 3), (file.Syntax, file.Dataset.Get(DicomTag.PixelData)!.Fragments!.Count));
        }
    }

    private static DicomFile Parse(System.IO.Compression.ZipArchiveEntry entry)
    {
        using var stream = entry.Open();
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return DicomFile.Parse(bytes.ToArray());
    }

    /// <summary>Two frames in RLE Lossless, the second cut off when it is damaged.</summary>
    private static async Task StoreRleAsync(TestServer server, int number, int side, bool isDamaged)
    {
        // PS3.5 annex G: one segment, replicate runs
        var left = side * side;
        List<byte> frame = [1, 0, 0, 0, 64, 0, 0, 0, .. new byte[56]];
        for (; left > 0; left -= 128)
        {
            frame.AddRange([(byte)(257 - Math.Min(left, 128)), 7]);
        }
        var image = PagesKit.Image("Müller^Jörg", number: number).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
            .Set(DicomTag.NumberOfFrames, 2).Set(DicomTag.Rows, side).Set(DicomTag.Columns, side).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8)
            .Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0);
        ReadOnlyMemory<byte> whole = frame.ToArray();
        await PagesKit.StoreAsync(server, image.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, whole, isDamaged ? whole[..64] : whole])), TransferSyntax.RleLossless);
    }

    private static async Task<HttpResponseMessage> GetAsync(TestServer server, string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return await server.Http.SendAsync(request, Ct);
    }

    /// <returns>200, status and sentence of an error, or that the answer was broken off.</returns>
    private static async Task<string> AskAsync(TestServer server, string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        try
        {
            using var answer = await server.Http.SendAsync(request, Ct);
            var body = await answer.Content.ReadAsStringAsync(Ct);
            return answer.StatusCode == HttpStatusCode.OK ? "200" : $"{(int)answer.StatusCode} {body}";
        }
        catch (HttpRequestException)
        {
            return "broken off";
        }
    }

    private static byte[] Turned(byte[] bytes, int at, int count)
    {
        var turned = bytes.ToArray();
        for (var i = at; i < at + count; i++)
        {
            turned[i] ^= 0x5A;
        }
        return turned;
    }

    private static async Task StoreAsync(TestServer server, DicomFile file, int number, byte[] frame)
    {
        var image = PagesKit.Image("Müller^Jörg", number: number);
        foreach (var element in file.Dataset.Where(e => e.Tag.Group == 0x0028))
        {
            image.Set(element);
        }
        await PagesKit.StoreAsync(server, image.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, frame])), file.Syntax);
    }
}
