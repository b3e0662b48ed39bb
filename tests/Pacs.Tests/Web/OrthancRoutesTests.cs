using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

public sealed class OrthancRoutesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string FileOf(int number = 1) => $"/instances/{ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", $"1.2.3.1.1.{number}")}/file";

    [Fact]
    public async Task System_says_what_there_is_and_promises_nothing_more()
    {
        await using var server = await TestServer.StartAsync();
        var system = await GetAsync(server, "/system");
        Assert.StartsWith("1.12.", (string?)system["Version"], StringComparison.Ordinal);
        Assert.Equal(30, (int?)system["ApiVersion"]);
        Assert.Equal("ORTHANC", (string?)system["DicomAet"]);
        Assert.Equal(server.DicomPort, (int?)system["DicomPort"]);
        Assert.Equal(server.HttpPort, (int?)system["HttpPort"]);
        Assert.All(system["Capabilities"]!.AsObject(), c => Assert.Equal(c.Key == "HasExtendedFind", (bool)c.Value!));
        Assert.Equal("0010,0010;0010,0020;0010,0030;0010,0040;0010,1000", (string?)system["MainDicomTags"]!["Patient"]);
    }

    [Fact]
    public async Task Statistics_count_and_give_sizes_as_texts()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", number: 2));
        await PagesKit.StoreAsync(server, PagesKit.Image("Schmidt^Hans", "P2", "1.2.3.2"));
        var statistics = await GetAsync(server, "/statistics");
        var bytes = Directory.EnumerateFiles(server.Options.StorageDirectory, "*.dcm", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
        Assert.Equal(
            $$"""{"CountInstances":3,"CountPatients":2,"CountSeries":2,"CountStudies":2,"TotalDiskSize":"{{bytes}}","TotalDiskSizeMB":0,"TotalUncompressedSize":"{{bytes}}","TotalUncompressedSizeMB":0}""",
            statistics.ToJsonString());
    }

    [Fact]
    public async Task Changes_come_in_order_and_in_pages()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal("""{"Changes":[],"Done":true,"Last":0}""", (await GetAsync(server, "/changes")).ToJsonString());
        Assert.Equal("""{"Changes":[],"Done":true,"Last":0}""", (await GetAsync(server, "/changes?last")).ToJsonString());
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", number: 2));

        var all = await GetAsync(server, "/changes");
        var changes = all["Changes"]!.AsArray();
        string[] kinds = [.. changes.Select(c => (string)c!["ChangeType"]!).Where(k => k.StartsWith("New", StringComparison.Ordinal))];
        Assert.Equal(["NewInstance", "NewSeries", "NewStudy", "NewPatient", "NewInstance"], kinds);
        Assert.True((bool)all["Done"]!);
        var first = changes[0]!.AsObject();
        Assert.Equal(["ChangeType", "Date", "ID", "Path", "ResourceType", "Seq"], first.Select(m => m.Key));
        Assert.Matches(@"^\d{8}T\d{6}$", (string?)first["Date"]);
        Assert.Equal($"/instances/{first["ID"]}", (string?)first["Path"]);
        Assert.Equal("Instance", (string?)first["ResourceType"]);

        var seen = new List<long>();
        var since = 0L;
        bool done;
        do
        {
            var page = await GetAsync(server, $"/changes?since={since}&limit=2");
            seen.AddRange(page["Changes"]!.AsArray().Select(c => (long)c!["Seq"]!));
            (since, done) = ((long)page["Last"]!, (bool)page["Done"]!);
        }
        while (!done);
        Assert.Equal(changes.Select(c => (long)c!["Seq"]!), seen);

        var last = await GetAsync(server, "/changes?last");
        Assert.Equal((long)all["Last"]!, (long)last["Last"]!);
        Assert.Equal((long)all["Last"]!, (long)Assert.Single(last["Changes"]!.AsArray())!["Seq"]!);
        Assert.Equal($$"""{"Changes":[],"Done":true,"Last":{{all["Last"]}}}""", (await GetAsync(server, "/changes?since=99999&limit=5")).ToJsonString());
        Assert.Equal($$"""{"Changes":[],"Done":false,"Last":{{all["Last"]}}}""", (await GetAsync(server, "/changes?since=1&limit=0")).ToJsonString());
        // Orthanc takes what is no number as if it were absent
        Assert.Equal(all.ToJsonString(), (await GetAsync(server, "/changes?since=abc")).ToJsonString());
        Assert.Equal(all.ToJsonString(), (await GetAsync(server, "/changes?since=2&limit=abc")).ToJsonString());
    }

    [Fact]
    public async Task Events_orthanc_does_not_know_are_left_out_of_the_changes()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        var expected = (await GetAsync(server, "/changes?last"))["Changes"]!.ToJsonString();
        await server.Services.GetRequiredService<IndexWriter>().WriteAsync((db, _) =>
        {
            for (var i = 0; i < 600; i++)
            {
                db.Announce(EventKind.GdtWritten, Level.Study, default, DateTimeOffset.UnixEpoch);
            }
            return Task.CompletedTask;
        }, Ct);
        Assert.DoesNotContain("Gdt", (await GetAsync(server, "/changes?limit=10000")).ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(expected, (await GetAsync(server, "/changes?last"))["Changes"]!.ToJsonString());
    }

    [Fact]
    public async Task A_file_is_what_was_stored()
    {
        await using var server = await TestServer.StartAsync();
        var stored = await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        using var answer = await server.Http.GetAsync(new Uri(FileOf(), UriKind.Relative), Ct);
        Assert.Equal("application/dicom", answer.Content.Headers.ContentType?.ToString());
        Assert.Matches("^attachment; filename=[0-9a-f-]{44}.dcm;", answer.Content.Headers.ContentDisposition?.ToString());
        var bytes = await answer.Content.ReadAsByteArrayAsync(Ct);
        Assert.Equal("DICM", System.Text.Encoding.ASCII.GetString(bytes, 128, 4));
        Assert.Equal(stored, bytes[^stored.Length..]);
        Assert.Equal("Müller^Jörg", DicomFile.Parse(bytes).Dataset.GetString(DicomTag.PatientName));
    }

    [Fact]
    public async Task A_file_can_be_asked_for_in_part_and_not_twice()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        using var whole = await server.Http.GetAsync(new Uri(FileOf(), UriKind.Relative), Ct);

        using var again = new HttpRequestMessage(HttpMethod.Get, FileOf());
        again.Headers.IfNoneMatch.Add(whole.Headers.ETag!);
        using var unchanged = await server.Http.SendAsync(again, Ct);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);

        using var part = new HttpRequestMessage(HttpMethod.Get, FileOf());
        part.Headers.Range = new RangeHeaderValue(128, 131);
        using var partial = await server.Http.SendAsync(part, Ct);
        Assert.Equal(HttpStatusCode.PartialContent, partial.StatusCode);
        Assert.Equal("DICM"u8.ToArray(), await partial.Content.ReadAsByteArrayAsync(Ct));

        using var head = new HttpRequestMessage(HttpMethod.Head, FileOf());
        using var headers = await server.Http.SendAsync(head, Ct);
        Assert.Equal(whole.Content.Headers.ContentLength, headers.Content.Headers.ContentLength);
        Assert.Empty(await headers.Content.ReadAsByteArrayAsync(Ct));
    }

    [Theory]
    [InlineData("bild.dcm", "bild.dcm")]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("C:\\a\\b.dcm", "b.dcm")]
    [InlineData("a\r\nSet-Cookie: x=1", "aSet-Cookie: x=1")]
    public async Task A_wished_file_name_is_only_a_name(string wish, string expected)
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg"));
        using var answer = await server.Http.GetAsync(new Uri($"{FileOf()}?filename={Uri.EscapeDataString(wish)}", UriKind.Relative), Ct);
        Assert.Equal(expected, answer.Content.Headers.ContentDisposition?.FileName?.Trim('"'));
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task A_file_comes_in_the_syntax_that_is_asked_for_or_not_at_all()
    {
        await using var server = await TestServer.StartAsync();
        var image = PagesKit.Image("Müller^Jörg").Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.Rows, 2).Set(DicomTag.Columns, 2)
            .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0);
        image.Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[] { 1, 2, 3, 4 }));
        await PagesKit.StoreAsync(server, image);
        using var same = await server.Http.GetAsync(new Uri(FileOf() + "?transcode=" + TransferSyntax.ExplicitVRLittleEndian.Uid, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, same.StatusCode);
        var rle = await server.Http.GetByteArrayAsync(new Uri(FileOf() + "?transcode=" + TransferSyntax.RleLossless.Uid, UriKind.Relative), Ct);
        Assert.Equal(TransferSyntax.RleLossless, DicomFile.Parse(rle).Syntax);
        using var other = await server.Http.GetAsync(new Uri(FileOf() + "?transcode=" + TransferSyntax.JpegBaseline.Uid, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotImplemented, other.StatusCode);
    }

    [Theory]
    [InlineData("/instances/abc/file")]
    [InlineData("/instances/ffffffff-ffffffff-ffffffff-ffffffff-ffffffff/file")]
    [InlineData("/nothing")]
    public async Task What_is_not_there_is_orthancs_error_object(string path)
    {
        await using var server = await TestServer.StartAsync();
        using var answer = await server.Http.GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!;
        Assert.Equal(
            $$"""{"HttpError":"Not Found","HttpStatus":404,"Message":"Unknown resource","Method":"GET","OrthancError":"Unknown resource","OrthancStatus":17,"Uri":"{{path}}"}""",
            error.ToJsonString());
    }

    [Theory]
    [InlineData("/system", "GET", "HEAD")]
    [InlineData("/statistics", "GET", "HEAD")]
    [InlineData("/changes", "DELETE", "GET", "HEAD")]
    [InlineData("/instances/abc/file", "GET", "HEAD")]
    public async Task A_wrong_verb_is_405_with_the_right_ones_and_nothing_else(string path, params string[] right)
    {
        await using var server = await TestServer.StartAsync();
        using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent("{}"), Ct);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(right, answer.Content.Headers.Allow.Order());
        Assert.Empty(await answer.Content.ReadAsStringAsync(Ct));
    }

    [Fact]
    public async Task Head_has_the_length_and_no_body()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var path in new[] { "/system", "/statistics", "/changes" })
        {
            var body = await server.Http.GetByteArrayAsync(new Uri(path, UriKind.Relative), Ct);
            using var request = new HttpRequestMessage(HttpMethod.Head, path);
            using var answer = await server.Http.SendAsync(request, Ct);
            Assert.Equal((path, (long?)body.Length), (path, answer.Content.Headers.ContentLength));
            Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Ct));
        }
    }

    [Fact]
    public async Task Answers_are_laid_out_as_orthanc_does()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal("{\n   \"Changes\" : [],\n   \"Done\" : true,\n   \"Last\" : 0\n}", await server.Http.GetStringAsync(new Uri("/changes", UriKind.Relative), Ct));
        Assert.Matches(new Regex("^   \"DicomAet\" : \"ORTHANC\",$", RegexOptions.Multiline), await server.Http.GetStringAsync(new Uri("/system", UriKind.Relative), Ct));
    }

    private static async Task<JsonObject> GetAsync(TestServer server, string path)
    {
        using var answer = await server.Http.GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/json; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!.AsObject();
    }
}
