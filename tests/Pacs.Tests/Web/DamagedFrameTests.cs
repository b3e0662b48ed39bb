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
            })
            {
                var answer = await AskAsync(server, path, accept);
                // bytes that are turned round may still be an image, though not this one; what is cut or has another size is none
                Assert.True(number == 2 || answer is not "200", $"{number} {path} {accept}: {answer}");
                // Orthanc's preview says it with the status alone
                Assert.True(answer is "200" or "broken off" || answer is ['4' or '5', ..] && (answer.Length > 20 || path.EndsWith("/preview", StringComparison.Ordinal)), $"{number} {path}: {answer}");
            }
        }
        var good = await AskAsync(server, "dicom-web/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.9/rendered", "image/jpeg");
        Assert.Equal("200", good);
    }

    /// <returns>200, status and sentence of an error, or that the answer was broken off: it had begun when the frame turned out to be damaged.</returns>
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
