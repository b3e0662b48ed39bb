using System.Net;
using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Pacs.Tests;

/// <summary>The requests of Weasis 4.7 and OHIF 3.13, as they were seen, with their headers; and what a browser needs of us beside.</summary>
public sealed class ViewerRequestTests(RenderedTests.Archive archive) : IClassFixture<RenderedTests.Archive>
{
    private readonly TestServer _server = archive.Server;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ohif_lists_opens_and_shows_a_study()
    {
        const string Frames = "multipart/related; type=application/octet-stream; transfer-syntax=*";
        var studies = await JsonAsync("dicom-web/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060,00080090,00100030");
        var study = studies.Select(s => (string?)s!["0020000D"]!["Value"]![0]).Single(uid => uid == "1.2.1");
        Assert.Single(await JsonAsync($"dicom-web/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060,00080090,00100030&StudyInstanceUID={study}"));
        // as 3.13.2 was seen to ask: commas escaped, and for the earlier studies of the patient
        Assert.Single(await JsonAsync($"dicom-web/studies?limit=101&offset=0&fuzzymatching=true&includefield=00081030%2C00080060%2C00080090%2C00100030&StudyInstanceUID={study}"));
        Assert.Single(await JsonAsync("dicom-web/studies?00100020=P1&limit=101&offset=0&fuzzymatching=true&includefield=00081030%2C00080060%2C00080090%2C00100030"));
        Assert.Single(await JsonAsync("dicom-web/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030,00080060,00080090,00100030&00100020=P1"));
        var series = Assert.Single(await JsonAsync($"dicom-web/studies/{study}/series?includefield=00080021,00080031,0008103E,00200011"))!;
        Assert.Equal(["00080021", "00080031", "0008103E", "00200011"], series.AsObject().Select(m => m.Key).Intersect(["00080021", "00080031", "0008103E", "00200011"]));
        var instances = await JsonAsync($"dicom-web/studies/{study}/series/{(string?)series["0020000E"]!["Value"]![0]}/metadata");
        Assert.Equal(5, instances.Count);
        Assert.All(instances, i => Assert.NotNull(i!["00080016"]));
        using var frame = await SendAsync($"dicom-web/studies/{study}/series/1.2.1.1/instances/1.2.1.1.1/frames/1", Frames);
        Assert.Equal("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1", Assert.Single(await MultipartAnswer.ReadAsync(frame)).Headers["Content-Type"]);
        using var jpeg = await SendAsync($"dicom-web/studies/{study}/series/1.2.1.1/instances/1.2.1.1.2/frames/1", "multipart/related; type=\"application/octet-stream\"; transfer-syntax=\"*\"");
        var part = Assert.Single(await MultipartAnswer.ReadAsync(jpeg));
        Assert.Equal("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.50", part.Headers["Content-Type"]);
        Assert.Equal(archive.Jpeg, part.Body);
    }

    [Theory]
    [InlineData("studies?00100020=P1&includefield=00080020,00080030,00080050,00081030,00080090,00100010,00100030,00100040,0020000D,00200010")]
    [InlineData("studies?00100020=P1&00100021=&includefield=00080020")]
    [InlineData("studies?0020000D=1.2.1&includefield=00080020")]
    [InlineData("series?0020000E=1.2.1.1&includefield=0020000D,0020000E")]
    [InlineData("instances?00080018=1.2.1.1.1&includefield=0020000D,0020000E,00080018")]
    [InlineData("studies/1.2.1/series?includefield=0008103E,00080060,0020000E,00200011,00081190")]
    public async Task Weasis_finds_what_it_looks_for(string path)
    {
        var found = Assert.Single(await JsonAsync("dicom-web/" + path))!.AsObject();
        // what it asks for is there, empty where the archive has nothing
        Assert.All(path.Split("includefield=")[1].Split(','), tag => Assert.True(found.ContainsKey(tag), tag));
    }

    [Fact]
    public async Task Weasis_finds_by_accession_number_and_nothing_is_no_content()
    {
        await using var other = await TestServer.StartAsync();
        await PagesKit.StoreAsync(other, PagesKit.Image("Müller^Jörg", accession: "R5"));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("dicom-web/studies?00080050=R5&includefield=00080020,00080030,00080050", UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", "application/dicom+json");
        using var found = await other.Http.SendAsync(request, Ct);
        Assert.Equal("1.2.3.1", (string?)Assert.Single(JsonNode.Parse(await found.Content.ReadAsStringAsync(Ct))!.AsArray())!["0020000D"]!["Value"]![0]);
        using var answer = await SendAsync("dicom-web/studies?00080050=R77&includefield=00080020", "application/dicom+json");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    [Fact]
    public async Task Weasis_loads_a_series_and_its_thumbnails()
    {
        using var series = await SendAsync("dicom-web/studies/1.2.1/series/1.2.1.1", "multipart/related;type=\"application/dicom\";transfer-syntax=*");
        var parts = await MultipartAnswer.ReadAsync(series);
        Assert.Equal(5, parts.Count);
        // transfer-syntax=*: each as it is stored
        Assert.Contains(parts, p => Pacs.Dicom.DicomFile.Parse(p.Body).Syntax.Uid == Pacs.Dicom.DicomUid.JPEGBaseline8Bit);
        using var thumbnail = await SendAsync("dicom-web/studies/1.2.1/series/1.2.1.1/thumbnail?viewport=96%2C96", "image/jpeg");
        Assert.Equal(HttpStatusCode.OK, thumbnail.StatusCode);
        // what it asks for when there is no thumbnail
        using var ofSeries = await SendAsync("dicom-web/studies/1.2.1/series/1.2.1.1/rendered?viewport=96%2C96", "image/jpeg");
        Assert.Equal((HttpStatusCode.OK, "image/jpeg"), (ofSeries.StatusCode, ofSeries.Content.Headers.ContentType!.MediaType));
        using var ofInstance = await SendAsync("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/thumbnail?viewport=96%2C96", "image/jpeg");
        Assert.Equal(HttpStatusCode.OK, ofInstance.StatusCode);
        using var rendered = await SendAsync("dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/rendered?viewport=96%2C96", "image/jpeg");
        Assert.Equal(HttpStatusCode.OK, rendered.StatusCode);
    }

    [Fact]
    public async Task The_page_of_a_study_has_a_link_that_starts_weasis()
    {
        var study = (await _server.Http.GetStringAsync(new Uri("studien/" + Pacs.Storage.ResourceId.ForStudy("P1", "1.2.1"), UriKind.Relative), Ct));
        var link = "weasis://?" + Uri.EscapeDataString($"$dicom:rs --url \"{_server.Http.BaseAddress}dicom-web\" -r \"studyUID=1.2.1\"");
        Assert.Contains($"href=\"{link}\"", study, StringComparison.Ordinal);
        Assert.Contains("In Weasis öffnen", WebUtility.HtmlDecode(study), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("studyUID=1.2.1", 200)]
    [InlineData("patientID=P1", 200)]
    [InlineData("studyUID=1.2.77", 404)]
    [InlineData("accessionNumber=R77", 404)]
    [InlineData("", 400)]
    public async Task The_manifest_lists_what_to_load(string parameters, int status)
    {
        using var answer = await SendAsync("weasis/manifest?" + parameters, "*/*");
        Assert.Equal(status, (int)answer.StatusCode);
        if (status == 200)
        {
            XNamespace weasis = "http://www.weasis.org/xsd/2.5";
            var query = XDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).Root!.Element(weasis + "arcQuery")!;
            Assert.Equal($"{_server.Http.BaseAddress}wado", query.Attribute("baseUrl")!.Value);
            Assert.Equal("Müller^Jörg", query.Element(weasis + "Patient")!.Attribute("PatientName")!.Value);
            Assert.Equal(["1.2.1.1.1", "1.2.1.1.2", "1.2.1.1.3", "1.2.1.1.4", "1.2.1.1.5"], query.Descendants(weasis + "Instance").Select(i => i.Attribute("SOPInstanceUID")!.Value));
            // as it loads each of them: WadoTransferSyntaxUID is what it puts behind transferSyntax
            var syntax = query.Descendants(weasis + "Series").Single().Attribute("WadoTransferSyntaxUID")!.Value;
            using var instance = await SendAsync($"wado?requestType=WADO&studyUID=1.2.1&seriesUID=1.2.1.1&objectUID=1.2.1.1.2&contentType=application%2Fdicom&transferSyntax={syntax}", "*/*");
            Assert.Equal(Pacs.Dicom.DicomUid.JPEGBaseline8Bit, Pacs.Dicom.DicomFile.Parse(await instance.Content.ReadAsByteArrayAsync(Ct)).Syntax.Uid);
        }
    }

    [Theory]
    [InlineData("application/vnd.sun.wadl+xml", "application/vnd.sun.wadl+xml")]
    [InlineData("application/json", "application/json")]
    [InlineData("*/*", "application/vnd.sun.wadl+xml")]
    public async Task Capabilities_name_the_resources(string accept, string type)
    {
        using var answer = await SendAsync("dicom-web/", accept);
        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.Contains("studies/{study}/series/{series}/instances/{instance}/frames/{list}", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_of_other_origins_read_when_they_may_and_never_store()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomWeb:AllowedOrigins"] = "http://viewer.lan:3000" });
        async Task<HttpResponseMessage> From(string origin, HttpMethod method, Action<HttpRequestMessage>? change = null)
        {
            using var request = new HttpRequestMessage(method, new Uri("dicom-web/studies", UriKind.Relative));
            request.Headers.Add("Origin", origin);
            change?.Invoke(request);
            return await server.Http.SendAsync(request, Ct);
        }
        using var ours = await From("http://viewer.lan:3000", HttpMethod.Get);
        Assert.Equal("http://viewer.lan:3000", ours.Headers.GetValues("Access-Control-Allow-Origin").Single());
        using var preflight = await From("http://viewer.lan:3000", HttpMethod.Options, r =>
        {
            r.Headers.Add("Access-Control-Request-Method", "GET");
            r.Headers.Add("Access-Control-Request-Headers", "accept");
        });
        Assert.Equal((HttpStatusCode.NoContent, "accept"), (preflight.StatusCode, preflight.Headers.GetValues("Access-Control-Allow-Headers").Single()));
        using var other = await From("http://evil.example", HttpMethod.Get);
        Assert.False(other.Headers.Contains("Access-Control-Allow-Origin"));
        using var store = await From("http://viewer.lan:3000", HttpMethod.Post);
        Assert.Equal(HttpStatusCode.Forbidden, store.StatusCode);
        using var without = await SendAsync("dicom-web/studies", "*/*");
        Assert.False(without.Headers.Contains("Access-Control-Allow-Origin"));
    }

    private async Task<HttpResponseMessage> SendAsync(string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return await _server.Http.SendAsync(request, Ct);
    }

    private async Task<JsonArray> JsonAsync(string path)
    {
        using var answer = await SendAsync(path, "application/dicom+json");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!.AsArray();
    }
}
