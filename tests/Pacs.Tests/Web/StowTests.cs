using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Pacs.Dicom;

namespace Pacs.Tests;

public sealed class StowTests : IAsyncLifetime
{
    private const string Dicom = "application/dicom";

    private TestServer _server = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomWeb:AllowDelete"] = "true" });

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Instances_are_stored_byte_for_byte_and_can_be_had_at_their_addresses()
    {
        var files = new[] { FileOf("1.2.1", 1), FileOf("1.2.1", 2), FileOf("1.2.1", 3, TransferSyntax.ImplicitVRLittleEndian) };
        var (status, report) = await StoreAsync("studies", Body(files));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(Address("studies/1.2.1"), Value(report, "00081190"));
        Assert.Null(report["00081198"]);
        var stored = report["00081199"]!["Value"]!.AsArray();
        Assert.Equal(["1.2.1.1.1", "1.2.1.1.2", "1.2.1.1.3"], stored.Select(i => Value(i!, "00081155")));
        Assert.All(stored, i => Assert.Equal(DicomUid.UltrasoundImageStorage, Value(i!, "00081150")));
        for (var i = 0; i < files.Length; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Value(stored[i]!, "00081190"));
            request.Headers.TryAddWithoutValidation("Accept", "application/dicom; transfer-syntax=*");
            using var answer = await _server.Http.SendAsync(request, Ct);
            var back = DicomFile.Parse(await answer.Content.ReadAsByteArrayAsync(Ct));
            var sent = DicomFile.Parse(files[i]);
            Assert.Equal(sent.Syntax, back.Syntax);
            Assert.Null(Datasets.Difference(sent.Dataset, back.Dataset));
        }
        // again: the same answer, nothing new
        Assert.Equal(HttpStatusCode.OK, (await StoreAsync("studies/1.2.1", Body(files))).Status);
    }

    [Fact]
    public async Task A_bad_part_does_not_lose_the_others()
    {
        var other = FileOf("1.2.2", 9);
        var noUid = FileOf("1.2.1", 3, change: d => d.Remove(DicomTag.StudyInstanceUID));
        // (0020,4000) LT of more bytes than there are
        byte[] cut = [.. FileOf("1.2.1", 4, change: d => d.Remove(DicomTag.PixelData)), 0x20, 0, 0, 0x40, (byte)'L', (byte)'T', 0xFE, 0x7F, 1, 2];
        var (status, report) = await StoreAsync("studies/1.2.1", Body([FileOf("1.2.1", 1), "no DICOM at all"u8.ToArray(), other, noUid, cut, [], FileOf("1.2.1", 2)]));
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal(["1.2.1.1.1", "1.2.1.1.2"], report["00081199"]!["Value"]!.AsArray().Select(i => Value(i!, "00081155")));
        var failed = report["00081198"]!["Value"]!.AsArray().Select(i => (Value(i!, "00081155"), (int)i!["00081197"]!["Value"]![0]!)).ToList();
        Assert.Equal([("1.2.2.1.9", 0xA900), ("1.2.1.1.3", 0xA900), ("1.2.1.1.4", 0xC000)], failed);
        Assert.Equal([0xC000, 0xC000], report["0008119A"]!["Value"]!.AsArray().Select(i => (int)i!["00081197"]!["Value"]![0]!));
    }

    [Fact]
    public async Task Nothing_stored_is_a_conflict()
    {
        var (status, report) = await StoreAsync("studies", Body(["nothing"u8.ToArray()]));
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Null(report["00081199"]);
    }

    [Fact]
    public async Task A_request_that_breaks_off_keeps_what_came_whole()
    {
        var body = Body([FileOf("1.2.1", 1), FileOf("1.2.1", 2)]);
        var (status, report) = await StoreAsync("studies", body[..^400]);
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal("1.2.1.1.1", Value(Assert.Single(report["00081199"]!["Value"]!.AsArray())!, "00081155"));
    }

    [Fact]
    public async Task One_instance_needs_no_parts_and_the_outcome_may_be_xml()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("dicom-web/studies", UriKind.Relative)) { Content = new ByteArrayContent(FileOf("1.2.1", 1)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(Dicom);
        request.Headers.Accept.ParseAdd("application/dicom+xml");
        using var answer = await _server.Http.SendAsync(request, Ct);
        Assert.Equal((HttpStatusCode.OK, "application/dicom+xml"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.Contains("keyword=\"ReferencedSOPSequence\"", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", "{}", 415)]
    [InlineData("multipart/related; type=\"application/dicom\"", "", 415)]
    [InlineData("multipart/related; type=\"application/dicom+xml\"; boundary=x", "--x--", 400)]
    [InlineData("multipart/related; type=\"application/dicom+xml\"; boundary=x", "--x\r\nContent-Type: application/dicom+xml\r\n\r\n<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><NativeDicomModel>&b;</NativeDicomModel>\r\n--x--", 409)]
    [InlineData("multipart/related; type=\"application/dicom+xml\"; boundary=x", "--x\r\nContent-Type: application/dicom+xml\r\n\r\n<other/>\r\n--x--", 409)]
    [InlineData("multipart/related; type=\"application/dicom+xml\"; boundary=x", "--x\r\nContent-Type: application/dicom+xml\r\n\r\n<NativeDicomModel/>\r\n--x--", 409)]
    [InlineData("multipart/related; type=\"application/dicom\"; boundary=x", "--x--\r\n", 400)]
    [InlineData("multipart/related; type=\"application/dicom\"; boundary=x", "no boundary", 400)]
    [InlineData("multipart/related; type=\"application/dicom\"; boundary=x", "", 400)]
    [InlineData("multipart/related; type=\"application/dicom\"; boundary=x", "--x\r\nContent-Type: application/dicom\r\n\r\n", 400)]
    [InlineData("multipart/related; type=\"application/dicom\"; boundary=x", "--x\r\nno header\r\n\r\n\r\n--x--", 400)]
    [InlineData("multipart/related; type=\"application/dicom\"; boundary=x", "--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--", 409)]
    [InlineData("multipart/related; type=\"application/dicom+json\"; boundary=x", "--x\r\nContent-Type: application/dicom+json\r\n\r\n[{\"0010\":1}]\r\n--x--", 409)]
    [InlineData("multipart/related; type=\"application/dicom+json\"; boundary=x", "--x\r\nContent-Type: application/dicom+json\r\n\r\n[{\r\n--x--", 400)]
    [InlineData("multipart/related; type=\"application/dicom+json\"; boundary=x", "--x\r\nContent-Type: application/dicom+json\r\n\r\n[1,[],\"\\ud800\"]\r\n--x--", 409)]
    public async Task Hostile_requests_are_refused(string type, string body, int status)
    {
        using var answer = await PostAsync("studies", Encoding.ASCII.GetBytes(body), type);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await _server.Http.GetAsync(new Uri("dicom-web/studies", UriKind.Relative), Ct)).StatusCode);
    }

    /// <summary>(0002,0001) of 16 MB, of which nothing comes: the request was read for ever, by a thread that it kept busy.</summary>
    [Theory]
    [InlineData("dicom-web/studies", "application/dicom", HttpStatusCode.Conflict)]
    [InlineData("instances", "application/octet-stream", HttpStatusCode.BadRequest)]
    public async Task A_file_meta_group_longer_than_the_file_is_refused(string path, string type, HttpStatusCode status)
    {
        var file = FileOf("1.2.1", 1);
        Assert.Equal("OB"u8.ToArray(), file[148..150]);
        file[154] = 0xFF;
        using var content = new ByteArrayContent(file);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var answer = await _server.Http.PostAsync(new Uri(path, UriKind.Relative), content, Ct).WaitAsync(TimeSpan.FromSeconds(30), Ct);
        Assert.Equal(status, answer.StatusCode);
    }

    [Fact]
    public async Task Heads_and_boundaries_have_limits()
    {
        var head = "--x\r\n" + string.Concat(Enumerable.Range(0, 2000).Select(i => $"X-{i}: 1\r\n")) + "\r\n\r\n--x--";
        using var many = await PostAsync("studies", Encoding.ASCII.GetBytes(head), "multipart/related; type=\"application/dicom\"; boundary=x");
        Assert.Equal(HttpStatusCode.BadRequest, many.StatusCode);
        var line = "--x\r\nX: " + new string('a', 1_000_000) + "\r\n\r\n\r\n--x--";
        using var longLine = await PostAsync("studies", Encoding.ASCII.GetBytes(line), "multipart/related; type=\"application/dicom\"; boundary=x");
        Assert.Equal(HttpStatusCode.BadRequest, longLine.StatusCode);
        using var boundary = await PostAsync("studies", [], $"multipart/related; type=\"application/dicom\"; boundary={new string('b', 5000)}");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, boundary.StatusCode);
    }

    [Fact]
    public async Task Metadata_and_bulk_data_become_an_instance()
    {
        const string Json = """
            [{"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.6.1"]},"00080018":{"vr":"UI","Value":["1.2.5.1.1"]},"00080060":{"vr":"CS","Value":["US"]},
            "00100010":{"vr":"PN","Value":[{"Alphabetic":"Müller^Jörg"}]},"00100020":{"vr":"LO","Value":["P5"]},"0020000D":{"vr":"UI","Value":["1.2.5"]},
            "0020000E":{"vr":"UI","Value":["1.2.5.1"]},"00280010":{"vr":"US","Value":[2]},"00280011":{"vr":"US","Value":[2]},"00280002":{"vr":"US","Value":[1]},
            "00280100":{"vr":"US","Value":[8]},"7FE00010":{"vr":"OB","BulkDataURI":"pixels/1"}}]
            """;
        using var body = new MemoryStream();
        body.Write(Encoding.UTF8.GetBytes($"--x\r\nContent-Type: application/dicom+json\r\n\r\n{Json}\r\n--x\r\nContent-Type: application/octet-stream\r\nContent-Location: pixels/1\r\n\r\n"));
        body.Write([1, 2, 3, 4]);
        body.Write("\r\n--x--\r\n"u8);
        using var answer = await PostAsync("studies", body.ToArray(), "multipart/related; type=\"application/dicom+json\"; boundary=x");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var frame = await _server.Http.GetAsync(new Uri("dicom-web/studies/1.2.5/series/1.2.5.1/instances/1.2.5.1.1/frames/1?accept=application/octet-stream", UriKind.Relative), Ct);
        Assert.Equal([1, 2, 3, 4], await frame.Content.ReadAsByteArrayAsync(Ct));
        var found = await _server.Http.GetStringAsync(new Uri("dicom-web/studies?PatientName=M%C3%BCller*", UriKind.Relative), Ct);
        Assert.Contains("Müller^Jörg", found, StringComparison.Ordinal);

        // compressed: a fragment in its transfer syntax
        using var compressed = new MemoryStream();
        compressed.Write(Encoding.UTF8.GetBytes($"--x\r\nContent-Type: application/dicom+json\r\n\r\n{Json.Replace("1.2.5.1.1", "1.2.5.1.2", StringComparison.Ordinal)}\r\n--x\r\nContent-Type: image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5\r\nContent-Location: pixels/1\r\n\r\n"));
        compressed.Write(WadoTests.Archive.Rle(7));
        compressed.Write("\r\n--x--\r\n"u8);
        using var second = await PostAsync("studies", compressed.ToArray(), "multipart/related; type=\"application/dicom+json\"; boundary=x");
        Assert.Equal(HttpStatusCode.OK, second.StatusCode);
        var decoded = await _server.Http.GetAsync(new Uri("dicom-web/studies/1.2.5/series/1.2.5.1/instances/1.2.5.1.2/frames/1?accept=application/octet-stream", UriKind.Relative), Ct);
        Assert.Equal([7, 7, 7, 7], await decoded.Content.ReadAsByteArrayAsync(Ct));
    }

    /// <summary>What a part of compressed bulk data is, by its parameter or its own bytes. Before, <c>application/octet-stream</c> with a compressed syntax was stored as if it were native.</summary>
    [Theory]
    [InlineData("image/jpeg", "FFD8 FFC0000B0800020002010111 00 FFDA000801010000 3F00 00 FFD9", "1.2.840.10008.1.2.4.50")]
    [InlineData("image/jpeg", "FFD8 FFC3000B0800020002010111 00 FFDA000801010001 0000 00 FFD9", "1.2.840.10008.1.2.4.70")]
    [InlineData("image/jpeg", "FFD8 FFC3000B0800020002010111 00 FFDA000801010006 0000 00 FFD9", "1.2.840.10008.1.2.4.57")]
    [InlineData("image/jls", "FFD8 FFF7000B0800020002010111 00 FFDA000801010000 0000 00 FFD9", "1.2.840.10008.1.2.4.80")]
    [InlineData("image/jls", "FFD8 FFF7000B0800020002010111 00 FFDA000801010002 0000 00 FFD9", "1.2.840.10008.1.2.4.81")]
    [InlineData("image/jp2", "FF4F FF510004 0000 FF52000C 00 00000100 05040400 01 00", "1.2.840.10008.1.2.4.90")]
    [InlineData("image/jp2", "FF4F FF510004 0000 FF52000C 00 00000100 05040400 00 00", "1.2.840.10008.1.2.4.91")]
    [InlineData("image/jphc", "FF4F FF510004 0000 FF52000C 00 00000100 05040440 01 00", "1.2.840.10008.1.2.4.201")]
    [InlineData("image/dicom-rle", "0100", "1.2.840.10008.1.2.5")]
    [InlineData("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.50", "FFD8", "1.2.840.10008.1.2.4.50")]
    [InlineData("application/octet-stream; transfer-syntax=1.2.840.10008.1.2", "01020304", "1.2.840.10008.1.2.1")]
    [InlineData("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.2", "01020304", null)]
    [InlineData("image/jpeg", "FFD8FFFFFFFF", null)]
    [InlineData("image/jp2", "0000000C6A502020", null)]
    [InlineData("video/mp4", "00", null)]
    [InlineData("video/mp4; transfer-syntax=1.2.840.10008.1.2.4.102", "00", "1.2.840.10008.1.2.4.102")]
    public async Task Compressed_bulk_data_are_what_they_say_or_what_they_are(string type, string hex, string? expected)
    {
        var (status, _) = await StoreMetadataAsync([Metadata(1, """ "00280008":{"vr":"IS","Value":[1]},"7FE00010":{"vr":"OB","BulkDataURI":"pixels"} """)], [(type, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)))]);
        Assert.Equal(expected is null ? HttpStatusCode.Conflict : HttpStatusCode.OK, status);
        if (expected is not null)
        {
            var found = JsonNode.Parse(await _server.Http.GetStringAsync(new Uri("dicom-web/studies/1.2.5/instances", UriKind.Relative), Ct))!;
            Assert.Equal(expected, Value(Assert.Single(found.AsArray())!, "00083002"));
        }
    }

    [Fact]
    public async Task Parts_of_one_address_are_frames_and_a_video_is_one_part()
    {
        const string Two = """ "00280008":{"vr":"IS","Value":[2]},"7FE00010":{"vr":"OB","BulkDataURI":"pixels"} """;
        (string, byte[]) Frame(byte value) => ("image/dicom-rle", WadoTests.Archive.Rle(value));
        Assert.Equal(HttpStatusCode.OK, (await StoreMetadataAsync([Metadata(1, Two)], [Frame(3), Frame(4)])).Status);
        var frame = await _server.Http.GetAsync(new Uri("dicom-web/studies/1.2.5/series/1.2.5.1/instances/1.2.5.1.1/frames/2?accept=application/octet-stream", UriKind.Relative), Ct);
        Assert.Equal([4, 4, 4, 4], await frame.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal(HttpStatusCode.Conflict, (await StoreMetadataAsync([Metadata(2, Two)], [Frame(3)])).Status);
        Assert.Equal(HttpStatusCode.OK, (await StoreMetadataAsync([Metadata(3, Two)], [("video/mp4; transfer-syntax=1.2.840.10008.1.2.4.102", [1, 2, 3])])).Status);
    }

    [Fact]
    public async Task Metadata_that_are_no_instance_do_not_lose_the_others()
    {
        var (status, report) = await StoreMetadataAsync(
            [Metadata(1), Metadata(2, """ "00280011":{"vr":"US","Value":["wide"]} """), Metadata(3, """ "7FE00010":{"vr":"OB","BulkDataURI":"nowhere"} """), """{"0010":1}""", Metadata(5)], []);
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal(["1.2.5.1.1", "1.2.5.1.5"], report["00081199"]!["Value"]!.AsArray().Select(i => Value(i!, "00081155")));
        Assert.Equal([("1.2.5.1.2", 0xC000), ("1.2.5.1.3", 0xC000)], report["00081198"]!["Value"]!.AsArray().Select(i => (Value(i!, "00081155"), (int)i!["00081197"]!["Value"]![0]!)));
        Assert.Single(report["0008119A"]!["Value"]!.AsArray());
    }

    [Theory]
    [InlineData("gzip", 200)]
    [InlineData("identity", 200)]
    [InlineData("br", 415)]
    public async Task Requests_may_be_packed(string encoding, int status)
    {
        foreach (var type in new[] { "multipart/related; type=\"application/dicom\"; boundary=pacs-boundary", Dicom })
        {
            var body = type == Dicom ? FileOf("1.2.1", 1) : Body([FileOf("1.2.1", 1), FileOf("1.2.1", 2)]);
            using var packed = new MemoryStream();
            await using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
            {
                await gzip.WriteAsync(body, Ct);
            }
            Assert.Equal(status, await PostAsync(encoding == "gzip" ? packed.ToArray() : body));
            Assert.Equal(encoding == "gzip" ? 400 : status, await PostAsync(body)); // not what it says

            async Task<int> PostAsync(byte[] bytes)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("dicom-web/studies", UriKind.Relative)) { Content = new ByteArrayContent(bytes) };
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
                request.Content.Headers.ContentEncoding.Add(encoding);
                using var answer = await _server.Http.SendAsync(request, Ct);
                Assert.Equal(answer.StatusCode == HttpStatusCode.UnsupportedMediaType, answer.Headers.TryGetValues("Accept-Encoding", out _));
                return (int)answer.StatusCode;
            }
        }
    }

    /// <summary>An image of 2 by 2 pixels in the DICOM JSON model.</summary>
    private static string Metadata(int number, string more = "") => $$"""
        {"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.6.1"]},"00080018":{"vr":"UI","Value":["1.2.5.1.{{number}}"]},"00080060":{"vr":"CS","Value":["US"]},
        "00100010":{"vr":"PN","Value":[{"Alphabetic":"Müller^Jörg"}]},"00100020":{"vr":"LO","Value":["P5"]},"0020000D":{"vr":"UI","Value":["1.2.5"]},
        "0020000E":{"vr":"UI","Value":["1.2.5.1"]},"00280002":{"vr":"US","Value":[1]},"00280004":{"vr":"CS","Value":["MONOCHROME2"]},"00280010":{"vr":"US","Value":[2]},"00280011":{"vr":"US","Value":[2]},
        "00280100":{"vr":"US","Value":[8]},"00280101":{"vr":"US","Value":[8]},"00280102":{"vr":"US","Value":[7]},"00280103":{"vr":"US","Value":[0]}{{(more.Length == 0 ? "" : "," + more)}}}
        """;

    /// <summary>Stores instances whose bulk data have the address <c>pixels</c>.</summary>
    private async Task<(HttpStatusCode Status, JsonNode Report)> StoreMetadataAsync(IEnumerable<string> datasets, IEnumerable<(string Type, byte[] Bytes)> bulk)
    {
        using var body = new MemoryStream();
        body.Write(Encoding.UTF8.GetBytes($"--x\r\nContent-Type: application/dicom+json\r\n\r\n[{string.Join(',', datasets)}]\r\n"));
        foreach (var (type, bytes) in bulk)
        {
            body.Write(Encoding.UTF8.GetBytes($"--x\r\nContent-Type: {type}\r\nContent-Location: pixels\r\n\r\n"));
            body.Write(bytes);
            body.Write("\r\n"u8);
        }
        body.Write("--x--\r\n"u8);
        using var answer = await PostAsync("studies", body.ToArray(), "multipart/related; type=\"application/dicom+json\"; boundary=x");
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!);
    }

    [Fact]
    public async Task Metadata_in_xml_are_one_document_for_each_instance()
    {
        static string Document(int number) => $"""
            <?xml version="1.0" encoding="utf-8"?>
            <NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">
              <DicomAttribute tag="00080016" vr="UI" keyword="SOPClassUID"><Value number="1">1.2.840.10008.5.1.4.1.1.6.1</Value></DicomAttribute>
              <DicomAttribute tag="00080018" vr="UI"><Value number="1">1.2.6.1.{number}</Value></DicomAttribute>
              <DicomAttribute tag="00100010" vr="PN"><PersonName number="1"><Alphabetic><FamilyName>Müller</FamilyName><GivenName>Jörg</GivenName></Alphabetic></PersonName></DicomAttribute>
              <DicomAttribute tag="00100020" vr="LO"><Value number="1">P6</Value></DicomAttribute>
              <DicomAttribute tag="0020000D" vr="UI"><Value number="1">1.2.6</Value></DicomAttribute>
              <DicomAttribute tag="0020000E" vr="UI"><Value number="1">1.2.6.1</Value></DicomAttribute>
              <DicomAttribute tag="00280010" vr="US"><Value number="1">2</Value></DicomAttribute>
              <DicomAttribute tag="00280011" vr="US"><Value number="1">2</Value></DicomAttribute>
              <DicomAttribute tag="00280002" vr="US"><Value number="1">1</Value></DicomAttribute>
              <DicomAttribute tag="00280100" vr="US"><Value number="1">8</Value></DicomAttribute>
              <DicomAttribute tag="7FE00010" vr="OB"><BulkData uri="pixels/{number}"/></DicomAttribute>
            </NativeDicomModel>
            """;
        using var body = new MemoryStream();
        foreach (var number in (int[])[1, 2])
        {
            body.Write(Encoding.UTF8.GetBytes($"--x\r\nContent-Type: application/dicom+xml\r\n\r\n{Document(number)}\r\n"));
        }
        foreach (var number in (int[])[1, 2])
        {
            body.Write(Encoding.UTF8.GetBytes($"--x\r\nContent-Type: application/octet-stream\r\nContent-Location: pixels/{number}\r\n\r\n"));
            body.Write([(byte)number, 2, 3, 4]);
            body.Write("\r\n"u8);
        }
        body.Write("--x--\r\n"u8);
        using var answer = await PostAsync("studies/1.2.6", body.ToArray(), "multipart/related; type=\"application/dicom+xml\"; boundary=x");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        foreach (var number in (int[])[1, 2])
        {
            var frame = await _server.Http.GetAsync(new Uri($"dicom-web/studies/1.2.6/series/1.2.6.1/instances/1.2.6.1.{number}/frames/1?accept=application/octet-stream", UriKind.Relative), Ct);
            Assert.Equal([(byte)number, 2, 3, 4], await frame.Content.ReadAsByteArrayAsync(Ct));
        }
        var found = await _server.Http.GetStringAsync(new Uri("dicom-web/studies?PatientName=M%C3%BCller*", UriKind.Relative), Ct);
        Assert.Contains("Müller^Jörg", found, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_another_site_stores_nothing()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("dicom-web/studies", UriKind.Relative)) { Content = new ByteArrayContent(FileOf("1.2.1", 1)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(Dicom);
        request.Headers.Add("Origin", "http://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, (await _server.Http.SendAsync(request, Ct)).StatusCode);
    }

    [Fact]
    public async Task Deleting_is_an_option()
    {
        await StoreAsync("studies", Body([FileOf("1.2.1", 1), FileOf("1.2.1", 2)]));
        Assert.Equal(HttpStatusCode.NoContent, (await _server.Http.DeleteAsync(new Uri("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1", UriKind.Relative), Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Http.DeleteAsync(new Uri("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1", UriKind.Relative), Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await _server.Http.DeleteAsync(new Uri("dicom-web/studies/1.2.1", UriKind.Relative), Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await _server.Http.GetAsync(new Uri("dicom-web/studies", UriKind.Relative), Ct)).StatusCode);
        await using var without = await TestServer.StartAsync();
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await without.Http.DeleteAsync(new Uri("dicom-web/studies/1.2.1", UriKind.Relative), Ct)).StatusCode);
    }

    private static byte[] FileOf(string study, int number, TransferSyntax? syntax = null, Action<DicomDataset>? change = null)
    {
        var image = PagesKit.Image("Müller^Jörg", "P1", study, number: number).Set(new DicomElement(DicomTag.PixelData, DicomVr.OW, new byte[300]));
        change?.Invoke(image);
        using var stream = new MemoryStream();
        new DicomFile(image, syntax ?? TransferSyntax.ExplicitVRLittleEndian).Save(stream);
        return stream.ToArray();
    }

    private static byte[] Body(IEnumerable<byte[]> files)
    {
        using var body = new MemoryStream();
        foreach (var file in files)
        {
            body.Write("\r\n--pacs-boundary\r\nContent-Type: application/dicom\r\n\r\n"u8);
            body.Write(file);
        }
        body.Write("\r\n--pacs-boundary--\r\n"u8);
        return body.ToArray();
    }

    private async Task<HttpResponseMessage> PostAsync(string path, byte[] body, string type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("dicom-web/" + path, UriKind.Relative)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        return await _server.Http.SendAsync(request, Ct);
    }

    private async Task<(HttpStatusCode Status, JsonNode Report)> StoreAsync(string path, byte[] body)
    {
        using var answer = await PostAsync(path, body, "multipart/related; type=\"application/dicom\"; boundary=pacs-boundary");
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!);
    }

    private string Address(string path) => $"{_server.Http.BaseAddress}dicom-web/{path}";

    private static string? Value(JsonNode dataset, string tag) => (string?)dataset[tag]!["Value"]![0];
}
