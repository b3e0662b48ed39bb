using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>WADO-RS without decoding: instances, metadata, bulk data, stored frames.</summary>
public sealed class WadoTests(WadoTests.Archive archive) : IClassFixture<WadoTests.Archive>
{
    private const string Multipart = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";

    private readonly TestServer _server = archive.Server;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("studies/1.2.1", 3)]
    [InlineData("studies/1.2.1/series/1.2.1.1", 3)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2", 1)]
    public async Task Instances_leave_as_their_files(string path, int count)
    {
        using var answer = await GetAsync(path, Multipart);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.NotNull(answer.Content.Headers.ContentLength);
        var parts = await MultipartAnswer.ReadAsync(answer);
        Assert.Equal(count, parts.Count);
        Assert.All(parts, part =>
        {
            var file = DicomFile.Parse(part.Body);
            Assert.Equal($"application/dicom; transfer-syntax={file.Syntax.Uid}", part.Headers["Content-Type"]);
            Assert.Equal(archive.Sent[file.Dataset.GetString(DicomTag.SOPInstanceUID)!], part.Body[^archive.Sent[file.Dataset.GetString(DicomTag.SOPInstanceUID)!].Length..]);
        });
    }

    [Fact]
    public async Task One_instance_comes_alone_when_asked_with_ranges_tag_and_head()
    {
        const string Path = "studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1";
        using var whole = await GetAsync(Path, "application/dicom");
        Assert.Equal(("application/dicom", "bytes"), (whole.Content.Headers.ContentType!.MediaType, whole.Headers.AcceptRanges.Single()));
        var bytes = await whole.Content.ReadAsByteArrayAsync(Ct);
        Assert.Equal("1.2.1.1.1", DicomFile.Parse(bytes).Dataset.GetString(DicomTag.SOPInstanceUID));

        foreach (var (from, to, expected) in new (long?, long?, Range)[] { (100, 131, 100..132), (130, null, 130..), (null, 10, ^10..), (0, 10_000_000, ..) })
        {
            using var part = await SendAsync(HttpMethod.Get, Path, "application/dicom", r => r.Headers.Range = new RangeHeaderValue(from, to));
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(bytes[expected], await part.Content.ReadAsByteArrayAsync(Ct));
            var (start, length) = expected.GetOffsetAndLength(bytes.Length);
            Assert.Equal(new ContentRangeHeaderValue(start, start + length - 1, bytes.Length), part.Content.Headers.ContentRange);
        }
        using var beyond = await SendAsync(HttpMethod.Get, Path, "application/dicom", r => r.Headers.Range = new RangeHeaderValue(bytes.Length, null));
        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, bytes.Length), (beyond.StatusCode, (int)beyond.Content.Headers.ContentRange!.Length!));

        using var same = await SendAsync(HttpMethod.Get, Path, "application/dicom", r => r.Headers.IfNoneMatch.Add(whole.Headers.ETag!));
        Assert.Equal((HttpStatusCode.NotModified, 0), (same.StatusCode, (await same.Content.ReadAsByteArrayAsync(Ct)).Length));
        using var changed = await SendAsync(HttpMethod.Get, Path, "application/dicom", r =>
        {
            r.Headers.Range = new RangeHeaderValue(0, 1);
            r.Headers.IfRange = new RangeConditionHeaderValue(new EntityTagHeaderValue("\"other\""));
        });
        Assert.Equal((HttpStatusCode.OK, bytes.Length), (changed.StatusCode, (await changed.Content.ReadAsByteArrayAsync(Ct)).Length));
        using var head = await SendAsync(HttpMethod.Head, Path, "application/dicom");
        Assert.Equal((HttpStatusCode.OK, bytes.Length), (head.StatusCode, (int)head.Content.Headers.ContentLength!));
        using var parts = await SendAsync(HttpMethod.Head, "studies/1.2.1", Multipart);
        Assert.Equal(HttpStatusCode.OK, parts.StatusCode);
    }

    [Theory]
    [InlineData(255_000)]
    [InlineData(262_144)]
    [InlineData(600_001)]
    public async Task Files_of_any_length_arrive_to_their_last_byte(int length)
    {
        // answers are flushed at 256 KiB; behind a flush comes all, a part, or nothing
        await using var server = await TestServer.StartAsync();
        var document = new byte[(length + 1) & ~1];
        new Random(length).NextBytes(document);
        var sent = await PagesKit.StoreAsync(server, PagesKit.Image("A^B", "P1", "1.2.7").Set(new DicomElement(DicomTag.EncapsulatedDocument, DicomVr.OB, document)));
        const string Path = "dicom-web/studies/1.2.7/series/1.2.7.1/instances/1.2.7.1.1";
        foreach (var (path, accept) in new[] { (Path, "application/dicom; transfer-syntax=*"), (Path, Multipart), ("dicom-web/studies/1.2.7", Multipart),
            (Path + "/bulkdata/00420011", "application/octet-stream"), (Path + "/bulkdata/00420011", "multipart/related; type=application/octet-stream") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Accept", accept);
            using var answer = await server.Http.SendAsync(request, Ct);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var body = accept[0] == 'm' ? Assert.Single(await MultipartAnswer.ReadAsync(answer)).Body : await answer.Content.ReadAsByteArrayAsync(Ct);
            var expected = path.Contains("bulkdata", StringComparison.Ordinal) ? document : sent;
            Assert.Equal(expected, body[^expected.Length..]);
        }
    }

    [Theory]
    [InlineData(null, "1.2.840.10008.1.2.1")]
    [InlineData("*", "1.2.840.10008.1.2")]
    [InlineData("1.2.840.10008.1.2", "1.2.840.10008.1.2")]
    [InlineData("1.2.840.10008.1.2.2", "1.2.840.10008.1.2.2")]
    public async Task The_transfer_syntax_is_the_one_asked_for(string? wanted, string expected)
    {
        foreach (var accept in new[] { "multipart/related; type=application/dicom", "application/dicom" })
        {
            using var answer = await GetAsync("studies/1.2.2/series/1.2.2.1/instances/1.2.2.1.1", wanted is null ? accept : $"{accept}; transfer-syntax={wanted}");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var file = DicomFile.Parse(accept[0] == 'm' ? Assert.Single(await MultipartAnswer.ReadAsync(answer)).Body : await answer.Content.ReadAsByteArrayAsync(Ct));
            Assert.Equal(expected, file.Syntax.Uid);
            Assert.Equal(new byte[] { 1, 2, 3, 4 }, file.Dataset.Get(DicomTag.PixelData)!.Value.ToArray());
        }
    }

    [Theory]
    [InlineData("application/dicom", "1.2.840.10008.1.2.1")]
    [InlineData("multipart/related; type=application/dicom", "1.2.840.10008.1.2.1")]
    [InlineData("multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2", "1.2.840.10008.1.2")]
    [InlineData("application/dicom; transfer-syntax=*", "1.2.840.10008.1.2.5")]
    public async Task Compressed_instances_are_decoded_unless_the_client_takes_them(string accept, string expected)
    {
        using var answer = await GetAsync("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.3", accept);
        var file = DicomFile.Parse(accept[0] == 'm' ? Assert.Single(await MultipartAnswer.ReadAsync(answer)).Body : await answer.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal(expected, file.Syntax.Uid);
        if (expected != "1.2.840.10008.1.2.5")
        {
            Assert.Equal([10, 10, 10, 10, 20, 20, 20, 20], file.Dataset.Get(DicomTag.PixelData)!.Value.ToArray());
        }
    }

    [Theory]
    [InlineData("studies/1.2.9", Multipart, 404)]
    [InlineData("studies/1.2.1/series/1.2.2.1", Multipart, 404)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.2.1.1", Multipart, 404)]
    [InlineData("studies/1.2.1", "application/dicom", 406)]
    [InlineData("studies/1.2.1", "image/jpeg", 406)]
    [InlineData("studies/1.2.2", "multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.4.100", 406)]
    [InlineData("studies/1.2.9/metadata", "application/dicom+json", 404)]
    [InlineData("studies/1.2.1/metadata", "application/dicom", 406)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/bulkdata/00100010/1", "*/*", 404)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/bulkdata/00420011", "*/*", 404)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/bulkdata/..%2F..%2Fetc", "*/*", 404)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/bulkdata/7FE00010", "image/png", 406)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/frames/0", "*/*", 400)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/frames/1,", "*/*", 400)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/frames/99999999999", "*/*", 400)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/frames/4", "*/*", 404)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/frames/1,2", "application/octet-stream", 406)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/frames/1", "image/jp2", 406)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/bulkdata/7FE00010", "*/*", 404)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/bulkdata/7FE00010", "multipart/related; type=\"application/octet-stream\"", 404)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/frames/1", "*/*", 404)]
    public async Task What_is_not_there_or_not_to_be_had_so_is_said(string path, string accept, int status)
    {
        using var answer = await GetAsync(path, accept);
        Assert.Equal((status, "application/problem+json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!;
        Assert.NotEqual((string?)problem["title"], (string?)problem["detail"]);
    }

    [Fact]
    public async Task Metadata_are_every_attribute_and_the_addresses_of_the_large_ones()
    {
        using var answer = await GetAsync("studies/1.2.1/series/1.2.1.1/metadata", "application/dicom+json");
        Assert.Equal("application/dicom+json", answer.Content.Headers.ContentType!.MediaType);
        var list = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!.AsArray();
        Assert.Equal([1, 2, 3], list.Select(i => (int)i!["00200013"]!["Value"]![0]!));
        var image = list[1]!;
        Assert.Equal("Müller^Jörg", (string?)image["00100010"]!["Value"]![0]!["Alphabetic"]);
        Assert.Equal("1.2.840.10008.1.2.1", (string?)image["00083002"]!["Value"]![0]);
        Assert.Equal("1.2.840.10008.1.2.5", (string?)list[2]!["00083002"]!["Value"]![0]);
        Assert.Equal([0, 255, 7], image["00281201"]!["Value"]!.AsArray().Select(n => (int)n!));
        var root = $"{_server.Http.BaseAddress}dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/bulkdata/";
        Assert.Equal(("OB", root + "7FE00010"), ((string?)image["7FE00010"]!["vr"], (string?)image["7FE00010"]!["BulkDataURI"]));
        var nested = (string?)image["00081140"]!["Value"]![0]!["00420011"]!["BulkDataURI"];
        Assert.Equal(root + "00081140/1/00420011", nested);
        Assert.Null(list[0]!["7FE00010"]);

        using var same = await SendAsync(HttpMethod.Get, "studies/1.2.1/series/1.2.1.1/metadata", "application/dicom+json", r => r.Headers.IfNoneMatch.Add(answer.Headers.ETag!));
        Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
        using var other = await SendAsync(HttpMethod.Get, "studies/1.2.1/metadata", "multipart/related; type=\"application/dicom+xml\"", r => r.Headers.IfNoneMatch.Add(answer.Headers.ETag!));
        var xml = await MultipartAnswer.ReadAsync(other);
        Assert.Equal(3, xml.Count);
        var document = XDocument.Parse(Encoding.UTF8.GetString(xml[1].Body));
        Assert.Contains(document.Descendants(), e => e.Attribute("uri")?.Value == root + "7FE00010");
    }

    [Theory]
    [InlineData("7FE00010", 12)]
    [InlineData("00081140/1/00420011", 3000)]
    [InlineData("00281201", 6)]
    public async Task Bulk_data_are_had_at_their_addresses_in_parts_alone_and_in_ranges(string path, int length)
    {
        var address = "studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/bulkdata/" + path;
        using var alone = await GetAsync(address, "application/octet-stream");
        var bytes = await alone.Content.ReadAsByteArrayAsync(Ct);
        Assert.Equal((length, "application/octet-stream"), (bytes.Length, alone.Content.Headers.ContentType!.MediaType));
        using var parts = await GetAsync(address, "multipart/related; type=\"application/octet-stream\"");
        Assert.Equal(bytes, Assert.Single(await MultipartAnswer.ReadAsync(parts)).Body);
        using var range = await SendAsync(HttpMethod.Get, address, "application/octet-stream", r => r.Headers.Range = new RangeHeaderValue(2, 4));
        Assert.Equal(bytes[2..5], await range.Content.ReadAsByteArrayAsync(Ct));
    }

    /// <summary>Items of pixel data, none at that, in an uncompressed transfer syntax, as devices do not write them: an error that says so.</summary>
    [Fact]
    public async Task Pixels_that_contradict_their_transfer_syntax_are_damaged()
    {
        await using var server = await TestServer.StartAsync();
        var image = PagesKit.Image("Müller^Jörg", "P1", "1.2.1").Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.Rows, 2).Set(DicomTag.Columns, 2)
            .Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0);
        using var file = new MemoryStream();
        new DicomFile(image, TransferSyntax.ExplicitVRLittleEndian).Save(file);
        // (7FE0,0010) OB of undefined length, an empty item, the end; our writer refuses it
        file.Write([0xE0, 0x7F, 0x10, 0, (byte)'O', (byte)'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        using var content = new ByteArrayContent(file.ToArray());
        using var stored = await server.Http.PostAsync(new Uri("instances", UriKind.Relative), content, Ct);
        Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        foreach (var path in new[] { "bulkdata/7FE00010", "frames/1", "rendered" })
        {
            using var answer = await server.Http.GetAsync(new Uri("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/" + path, UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
            var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!;
            Assert.NotEqual((string?)problem["title"], (string?)problem["detail"]);
        }
    }

    [Fact]
    public async Task Compressed_pixels_are_a_part_for_each_frame()
    {
        using var answer = await GetAsync("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.3/bulkdata/7FE00010", "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*");
        var parts = await MultipartAnswer.ReadAsync(answer);
        Assert.Equal(2, parts.Count);
        Assert.All(parts, p => Assert.Equal("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.5", p.Headers["Content-Type"]));
    }

    [Theory]
    [InlineData("multipart/related; type=application/octet-stream; transfer-syntax=*", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")]
    [InlineData("multipart/related; type=\"application/octet-stream\"", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")]
    [InlineData("*/*", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")]
    public async Task Frames_of_native_pixels_are_their_bytes(string accept, string type)
    {
        using var answer = await GetAsync("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/frames/3,1", accept);
        var parts = await MultipartAnswer.ReadAsync(answer);
        Assert.Equal([[9, 10, 11, 12], [1, 2, 3, 4]], parts.Select(p => p.Body));
        Assert.All(parts, p => Assert.Equal(type, p.Headers["Content-Type"]));
    }

    [Theory]
    [InlineData("multipart/related; type=application/octet-stream; transfer-syntax=*", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.5", true)]
    [InlineData("multipart/related; type=image/dicom-rle", "image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5", true)]
    [InlineData("multipart/related; type=image/*", "image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5", true)]
    [InlineData("multipart/related; type=application/octet-stream", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", false)]
    [InlineData("*/*", "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", false)]
    public async Task Frames_of_compressed_pixels_are_stored_bytes_or_samples(string accept, string type, bool isStored)
    {
        using var answer = await GetAsync("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.3/frames/2", accept);
        var part = Assert.Single(await MultipartAnswer.ReadAsync(answer));
        Assert.Equal(type, part.Headers["Content-Type"]);
        Assert.Equal(isStored ? Archive.Rle(20) : [20, 20, 20, 20], part.Body);
    }

    /// <summary>The types of PS3.18 table 8.7.3-4 that we can write, with the transfer syntaxes that they stand for.</summary>
    [Theory]
    [InlineData("image/jls", "1.2.840.10008.1.2.4.80", 2)]
    [InlineData("image/jpeg", "1.2.840.10008.1.2.4.70", 2)]
    [InlineData("image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.70", 2)]
    [InlineData("image/dicom-rle", "1.2.840.10008.1.2.5", 2)]
    [InlineData("image/jls", "1.2.840.10008.1.2.4.80", 3)]
    [InlineData("image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50", null, 2)]
    [InlineData("image/jp2", null, 2)]
    public async Task Frames_are_compressed_for_who_asks_for_that(string type, string? syntax, int instance)
    {
        var accept = type.Contains(';', StringComparison.Ordinal) ? $"multipart/related; type=\"{type.Replace(";", "\";", StringComparison.Ordinal)}" : $"multipart/related; type=\"{type}\"";
        using var answer = await GetAsync($"studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.{instance}/frames/2,1", accept);
        if (syntax is null)
        {
            Assert.Equal(HttpStatusCode.NotAcceptable, answer.StatusCode);
            return;
        }
        var parts = await MultipartAnswer.ReadAsync(answer);
        Assert.Equal(2, parts.Count);
        Assert.All(parts, p => Assert.Equal($"{type.Split(';')[0]}; transfer-syntax={syntax}", p.Headers["Content-Type"]));
        var image = DicomFile.Parse(await (await GetAsync($"studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.{instance}", "application/dicom; transfer-syntax=*")).Content.ReadAsByteArrayAsync(Ct)).Dataset;
        using var decoded = Pacs.Dicom.Imaging.FrameDecoder.Decode(parts[0].Body, TransferSyntax.Get(syntax), Pacs.Dicom.Imaging.PixelDescription.Of(image));
        Assert.Equal(instance == 2 ? [5, 6, 7, 8] : new byte[] { 20, 20, 20, 20 }, decoded.Data.ToArray());
    }

    /// <summary>A report that came deflated: only its file tells that it has no pixels.</summary>
    [Theory]
    [InlineData("frames/1", "*/*")]
    [InlineData("rendered", "image/jpeg")]
    [InlineData("frames/1,2/rendered", "multipart/related; type=\"image/jpeg\"")]
    [InlineData("thumbnail", "*/*")]
    [InlineData("bulkdata/7FE00010", "application/octet-stream")]
    public async Task A_deflated_report_has_no_pixels(string path, string accept)
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", "P1", "1.2.1"), TransferSyntax.Get(DicomUid.DeflatedExplicitVRLittleEndian));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/" + path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var answer = await server.Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    /// <summary>A segmentation of single bits, whose frames begin amid bytes, in another uncompressed syntax: before, the answer was a 500.</summary>
    [Theory]
    [InlineData("1.2.840.10008.1.2", null, "1.2.840.10008.1.2.1")]
    [InlineData("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2")]
    [InlineData("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.2")]
    [InlineData("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80", null)]
    public async Task Single_bits_stay_what_they_are(string stored, string? wanted, string? expected)
    {
        await using var server = await TestServer.StartAsync();
        var bits = new byte[] { 0x35, 0xA1, 0x7C, 0x03, 0xFF };
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", "P1", "1.2.1").Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(DicomTag.NumberOfFrames, 3)
            .Set(DicomTag.Rows, 3).Set(DicomTag.Columns, 4).Set(DicomTag.BitsAllocated, 1).Set(DicomTag.BitsStored, 1).Set(DicomTag.HighBit, 0).Set(DicomTag.PixelRepresentation, 0)
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, bits)), TransferSyntax.Get(stored));
        using var jls = await server.Http.GetAsync(new Uri("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/frames/1?accept=image/jls", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotAcceptable, jls.StatusCode); // no encoder has them
        foreach (var type in new[] { "application/dicom", "multipart/related; type=\"application/dicom\"" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1", UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Accept", wanted is null ? type : $"{type}; transfer-syntax={wanted}");
            using var answer = await server.Http.SendAsync(request, Ct);
            Assert.Equal(expected is null ? HttpStatusCode.NotAcceptable : HttpStatusCode.OK, answer.StatusCode);
            if (expected is not null)
            {
                var file = DicomFile.Parse(type[0] == 'm' ? Assert.Single(await MultipartAnswer.ReadAsync(answer)).Body : await answer.Content.ReadAsByteArrayAsync(Ct));
                Assert.Equal(expected, file.Syntax.Uid);
                Assert.Equal([.. bits, 0], file.Dataset.Get(DicomTag.PixelData)!.Value.ToArray());
            }
        }
    }

    [Fact]
    public async Task One_frame_comes_alone_when_asked()
    {
        using var answer = await GetAsync("studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2/frames/2", "application/octet-stream");
        Assert.Equal([5, 6, 7, 8], await answer.Content.ReadAsByteArrayAsync(Ct));
    }

    [Fact]
    public async Task A_missing_file_is_left_out_and_said()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("A^B", "P1", "1.2.7"));
        await PagesKit.StoreAsync(server, PagesKit.Image("A^B", "P1", "1.2.7", number: 2));
        File.Delete(Directory.EnumerateFiles(server.Options.StorageDirectory, "*.dcm", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First());
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("dicom-web/studies/1.2.7", UriKind.Relative));
        using var answer = await server.Http.SendAsync(request, Ct);
        Assert.Equal((HttpStatusCode.PartialContent, 299), (answer.StatusCode, answer.Headers.Warning.Single().Code));
        Assert.Single(await MultipartAnswer.ReadAsync(answer));
        var metadata = await server.Http.GetStringAsync(new Uri("dicom-web/studies/1.2.7/metadata", UriKind.Relative), Ct);
        Assert.Single(JsonNode.Parse(metadata)!.AsArray());
    }

    private Task<HttpResponseMessage> GetAsync(string path, string accept) => SendAsync(HttpMethod.Get, path, accept);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string accept, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, new Uri("dicom-web/" + path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        change?.Invoke(request);
        return await _server.Http.SendAsync(request, Ct);
    }

    /// <summary>A server with a study of three instances (no pixels, native frames, compressed frames) and one in Implicit VR.</summary>
    public sealed class Archive : IAsyncLifetime
    {
        public TestServer Server { get; private set; } = null!;

        /// <summary>The data sets as they were sent, by SOP Instance UID.</summary>
        public Dictionary<string, byte[]> Sent { get; } = [];

        // PS3.5 §G.4: one segment, a replicate run of four; padded to an even length
        public static byte[] Rle(byte value) => [1, 0, 0, 0, 64, 0, 0, 0, .. new byte[56], 0xFD, value];

        public async ValueTask InitializeAsync()
        {
            Server = await TestServer.StartAsync();
            await StoreAsync(PagesKit.Image("Müller^Jörg", "P1", "1.2.1"));
            var inner = new DicomDataset().Set(new DicomElement(DicomTag.EncapsulatedDocument, DicomVr.OB, new byte[3000]));
            await StoreAsync(Pixels(PagesKit.Image("Müller^Jörg", "P1", "1.2.1", number: 2), 3)
                .Set(new DicomElement(DicomTag.ReferencedImageSequence, [inner]))
                .Set(new DicomElement(DicomTag.RedPaletteColorLookupTableDescriptor, DicomVr.US, new byte[] { 3, 0, 0, 0, 16, 0 }))
                .Set(new DicomElement(DicomTag.RedPaletteColorLookupTableData, DicomVr.OW, new byte[] { 0, 0, 255, 0, 7, 0 }))
                .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 })));
            await StoreAsync(Pixels(PagesKit.Image("Müller^Jörg", "P1", "1.2.1", number: 3), 2)
                .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, [ReadOnlyMemory<byte>.Empty, Rle(10), Rle(20)])), TransferSyntax.RleLossless);
            await StoreAsync(Pixels(PagesKit.Image("Schmidt^Hans", "P2", "1.2.2"), 1)
                .Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[] { 1, 2, 3, 4 })), TransferSyntax.ImplicitVRLittleEndian);
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        private async Task StoreAsync(DicomDataset dataset, TransferSyntax? syntax = null) =>
            Sent[dataset.GetString(DicomTag.SOPInstanceUID)!] = await PagesKit.StoreAsync(Server, dataset, syntax);

        private static DicomDataset Pixels(DicomDataset image, int frames) => image.Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
            .Set(DicomTag.NumberOfFrames, frames).Set(DicomTag.Rows, 2).Set(DicomTag.Columns, 2).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8)
            .Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0);
    }
}
