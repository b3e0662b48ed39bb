using System.Net;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.DicomWeb;
using Pacs.Web.Http;

namespace Pacs.Tests;

public sealed class QidoTests(QidoTests.Archive archive) : IClassFixture<QidoTests.Archive>
{
    private readonly TestServer _server = archive.Server;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Level.Study, "")]
    [InlineData(Level.Series, "")]
    [InlineData(Level.Instance, "")]
    [InlineData(Level.Study, "all")]
    [InlineData(Level.Instance, "all")]
    public void What_is_returned_unasked_waits_for_no_file(Level level, string includefield)
    {
        var parameters = new QueryCollection(new Dictionary<string, StringValues> { ["includefield"] = includefield });
        Assert.True(QidoRequest.TryParse(level, null, null, parameters, out var request, out _));
        var sql = new QuerySql(request.Query);
        Assert.False(sql.MustReadHeader);
        Assert.Equal(level == Level.Study, sql.ReturnedFromHeader.Count == 0);
    }

    [Theory]
    [InlineData("studies", 3)]
    [InlineData("studies?limit=2", 2)]
    [InlineData("studies?limit=0", 3)]
    [InlineData("studies?limit=2&offset=2", 1)]
    [InlineData("studies?PatientID=P2", 2)]
    [InlineData("studies?00100020=P2", 2)]
    [InlineData("studies?PatientName=m%C3%BCller*", 1)]
    [InlineData("studies?PatientName=Mueller*", 0)]
    [InlineData("studies?PatientName=Mueller*&fuzzymatching=true", 1)]
    [InlineData("studies?StudyDate=20240313-20240401", 1)]
    [InlineData("studies?StudyInstanceUID=1.2.1,1.2.3", 2)]
    [InlineData(@"studies?StudyInstanceUID=1.2.1%5C1.2.3", 2)]
    [InlineData("studies?StudyInstanceUID=1.2.1&StudyInstanceUID=1.2.3", 2)]
    [InlineData("studies?PatientName=Mueller&fuzzymatching=true", 1)]
    [InlineData("studies?PatientName=Mueller%5EJoerg&fuzzymatching=true", 1)]
    [InlineData("studies?PatientName=Muell&fuzzymatching=true", 0)]
    [InlineData("studies?PatientName=M%C3%BCller", 0)]
    [InlineData("studies?StudyDate=2024.03.12", 1)]
    [InlineData("studies?StudyDate=*", 3)]
    [InlineData("studies?SpecificCharacterSet=ISO_IR%20100&TimezoneOffsetFromUTC=%2B0100", 3)]
    [InlineData("studies?ModalitiesInStudy=SR", 1)]
    [InlineData("studies?ModalitiesInStudy=SR,US", 3)]
    [InlineData("studies?PatientName=", 3)]
    [InlineData("studies?SOPInstanceUID=1.2.1.1.2", 1)]
    [InlineData("studies?RequestAttributesSequence.RequestedProcedureID=RP7", 1)]
    [InlineData("studies?00400275.00401001=RP8", 0)]
    [InlineData("series", 3)]
    [InlineData("series?PatientID=P1", 1)]
    [InlineData("instances", 4)]
    [InlineData("instances?StudyDate=20240312", 2)]
    [InlineData("studies/1.2.1/series", 1)]
    [InlineData("studies/1.2.1/instances", 2)]
    [InlineData("studies/1.2.1/instances?InstanceNumber=2", 1)]
    [InlineData("studies/1.2.1/series/1.2.1.1/instances", 2)]
    [InlineData("studies/1.2.1/series/1.2.2.1/instances", 0)]
    [InlineData("studies/1.2.9/series", 0)]
    public async Task Every_resource_is_searched_by_every_kind_of_match(string path, int expected)
    {
        using var answer = await GetAsync(path);
        var found = 0;
        if (answer.StatusCode == HttpStatusCode.NoContent)
        {
            Assert.Equal(0, answer.Content.Headers.ContentLength ?? 0);
        }
        else
        {
            Assert.Equal((HttpStatusCode.OK, "application/dicom+json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
            found = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!.AsArray().Count;
        }
        Assert.Equal(expected, found);
    }

    [Fact]
    public async Task A_study_has_the_attributes_of_table_10_6_3_3()
    {
        var study = Assert.Single(await ListAsync("studies?PatientID=P1"))!;
        Assert.Equal(["00080005", "00080020", "00080030", "00080050", "00080056", "00080061", "00080090", "00081030", "00081190", "00100010", "00100020", "00100030", "00100040", "0020000D", "00200010",
            "00201206", "00201208"], study.AsObject().Select(m => m.Key));
        Assert.Equal("""{"vr":"PN","Value":[{"Alphabetic":"Müller^Jörg"}]}""", study["00100010"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal("""{"vr":"IS","Value":[2]}""", study["00201208"]!.ToJsonString());
        Assert.Equal("""{"vr":"CS","Value":["ONLINE"]}""", study["00080056"]!.ToJsonString());
        Assert.Equal("""{"vr":"PN"}""", study["00080090"]!.ToJsonString());
        Assert.Equal($"{_server.Http.BaseAddress}dicom-web/studies/1.2.1", (string?)study["00081190"]!["Value"]![0]);
    }

    [Fact]
    public async Task Lower_levels_have_their_own_attributes_and_what_the_path_does_not_say()
    {
        var series = Assert.Single(await ListAsync("series?PatientID=P1"))!;
        Assert.Equal(("US", "P1", 2), ((string?)series["00080060"]!["Value"]![0], (string?)series["00100020"]!["Value"]![0], (int?)series["00201209"]!["Value"]![0]));
        Assert.Equal($"{_server.Http.BaseAddress}dicom-web/studies/1.2.1/series/1.2.1.1", (string?)series["00081190"]!["Value"]![0]);
        var nested = Assert.Single(await ListAsync("studies/1.2.1/series"))!;
        Assert.Null(nested["00100020"]);
        var instance = Assert.Single(await ListAsync("studies/1.2.1/series/1.2.1.1/instances?InstanceNumber=2"))!;
        Assert.Equal(("1.2.1.1.2", "1.2.1", "1.2.840.10008.1.2.1", 1),
            ((string?)instance["00080018"]!["Value"]![0], (string?)instance["0020000D"]!["Value"]![0], (string?)instance["00083002"]!["Value"]![0], (int?)instance["00280008"]!["Value"]![0]));
        Assert.Equal($"{_server.Http.BaseAddress}dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.2", (string?)instance["00081190"]!["Value"]![0]);
    }

    [Fact]
    public async Task Attributes_of_the_files_are_there_unasked_where_the_entity_has_them()
    {
        // PS3.18 tables 10.6.3-4 and 10.6.3-5
        var image = Assert.Single(await ListAsync("studies/1.2.1/series/1.2.1.1/instances?InstanceNumber=2"))!;
        Assert.Equal("""{"vr":"US","Value":[2]} {"vr":"US","Value":[2]} {"vr":"US","Value":[8]}""", $"{image["00280010"]!.ToJsonString()} {image["00280011"]!.ToJsonString()} {image["00280100"]!.ToJsonString()}");
        Assert.Null(image["00400275"]);
        var report = Assert.Single(await ListAsync("series?Modality=SR"))!;
        Assert.Equal("RP7", (string?)report["00400275"]!["Value"]![0]!["00401001"]!["Value"]![0]);
        Assert.Null(Assert.Single(await ListAsync("series?PatientID=P1"))!["00400275"]);
        // asked for, it is there, empty
        Assert.Equal("""{"vr":"SQ"}""", Assert.Single(await ListAsync("series?PatientID=P1&includefield=00400275"))!["00400275"]!.ToJsonString());
    }

    [Fact]
    public async Task Fields_are_included_by_tag_keyword_sequence_and_all_of_them()
    {
        var report = Assert.Single(await ListAsync("studies?ModalitiesInStudy=SR&includefield=00080060,PatientComments&includefield=RequestAttributesSequence.RequestedProcedureID"))!;
        Assert.Equal("SR", (string?)report["00080060"]!["Value"]![0]);
        Assert.Equal("""{"vr":"LT"}""", report["00104000"]!.ToJsonString());
        Assert.Equal("RP7", (string?)report["00400275"]!["Value"]![0]!["00401001"]!["Value"]![0]);
        var all = Assert.Single(await ListAsync("studies?PatientID=P1&includefield=all"))!.AsObject();
        Assert.Superset(new HashSet<string> { "00080080", "00080062", "00101000", "00201200" }, all.Select(m => m.Key).ToHashSet());
    }

    [Theory]
    [InlineData("studies?limit=many")]
    [InlineData("studies?limit=-1")]
    [InlineData("studies?limit=1&limit=2")]
    [InlineData("studies?offset=1.5")]
    [InlineData("studies?fuzzymatching=perhaps")]
    [InlineData("studies?StudyDate=yesterday")]
    [InlineData("studies?StudyTime=10h")]
    [InlineData("studies?includefield=Nonsense")]
    [InlineData("studies?includefield=PatientID.PatientName")]
    public async Task What_cannot_be_read_is_a_bad_request(string path)
    {
        using var answer = await GetAsync(path);
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task Patterns_and_parameters_have_limits()
    {
        using var pattern = await GetAsync("studies?PatientName=" + string.Concat(Enumerable.Repeat("a*", 1000)));
        Assert.Equal(HttpStatusCode.BadRequest, pattern.StatusCode);
        using var many = await GetAsync("studies?" + string.Join('&', Enumerable.Range(0, 101).Select(i => $"x{i}=1")));
        Assert.Equal(HttpStatusCode.BadRequest, many.StatusCode);
    }

    [Theory]
    [InlineData("studies?limit=1", "additional results")]
    [InlineData("studies?apitoken=x", "no attribute")]
    [InlineData("studies?includefield=SOPInstanceUID", "does not belong")]
    public async Task What_is_not_as_asked_is_said_in_a_warning(string path, string expected)
    {
        using var answer = await GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var warning = Assert.Single(answer.Headers.Warning);
        Assert.Equal(299, warning.Code);
        Assert.Contains(expected, warning.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_without_limit_has_no_warning()
    {
        using var answer = await GetAsync("studies?limit=3");
        Assert.Empty(answer.Headers.Warning);
    }

    [Fact]
    public async Task Xml_comes_in_parts()
    {
        using var answer = await GetAsync("studies?PatientID=P2", "multipart/related; type=\"application/dicom+xml\"");
        var type = answer.Content.Headers.ContentType!;
        Assert.Equal(("multipart/related", "\"application/dicom+xml\""), (type.MediaType, type.Parameters.Single(p => p.Name == "type").Value));
        var parts = (await answer.Content.ReadAsStringAsync(Ct)).Split("--" + type.Parameters.Single(p => p.Name == "boundary").Value);
        Assert.Equal(("\r\n", "--\r\n", 4), (parts[0], parts[^1], parts.Length));
        Assert.All(parts[1..^1], part =>
        {
            Assert.StartsWith("\r\nContent-Type: application/dicom+xml\r\n\r\n", part, StringComparison.Ordinal);
            Assert.Equal("NativeDicomModel", XDocument.Parse(part[part.IndexOf('<', StringComparison.Ordinal)..].Trim()).Root!.Name.LocalName);
        });
    }

    [Theory]
    [InlineData("text/html", 406)]
    [InlineData("image/jpeg", 406)]
    [InlineData("application/dicom+json;q=0", 406)]
    [InlineData("application/json", 200)]
    [InlineData("*/*", 200)]
    [InlineData("application/*", 200)]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", 200)]
    public async Task Media_types_are_negotiated(string accept, int expected)
    {
        using var answer = await GetAsync("studies", accept);
        Assert.Equal(expected, (int)answer.StatusCode);
        using var parameter = await GetAsync("studies?accept=" + Uri.EscapeDataString(accept), "application/dicom+json");
        Assert.Equal(expected, (int)parameter.StatusCode);
    }

    [Fact]
    public async Task A_long_answer_is_sent_in_pieces_and_is_whole()
    {
        await using var server = await TestServer.StartAsync();
        for (var i = 0; i < 40; i++)
        {
            var image = PagesKit.Image("Lang^Text", "P9", "1.2.9", number: i + 1);
            image.Set(new DicomElement(DicomTag.PatientComments, DicomVr.LT, Enumerable.Repeat((byte)'x', 60_000).ToArray()));
            await PagesKit.StoreAsync(server, image);
        }
        using var answer = await server.Http.GetAsync(
            new Uri("dicom-web/instances?PatientID=P9&includefield=PatientComments", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Null(answer.Content.Headers.ContentLength);
        var list = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!.AsArray();
        Assert.Equal(Enumerable.Range(1, 40), list.Select(i => (int)i!["00200013"]!["Value"]![0]!));
        Assert.All(list, i => Assert.Equal(60_000, ((string)i!["00104000"]!["Value"]![0]!).Length));
    }

    [Fact]
    public async Task The_root_is_what_the_configuration_says_and_can_be_none()
    {
        await using var moved = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomWeb:Root"] = "/pacs/rs/" });
        Assert.Equal(HttpStatusCode.NoContent, (await moved.Http.GetAsync(new Uri("pacs/rs/studies", UriKind.Relative), Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await moved.Http.GetAsync(new Uri("dicom-web/studies", UriKind.Relative), Ct)).StatusCode);
        await using var none = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomWeb:Enable"] = "false" });
        Assert.Equal(HttpStatusCode.NotFound, (await none.Http.GetAsync(new Uri("dicom-web/studies", UriKind.Relative), Ct)).StatusCode);
    }

    [Fact]
    public void Accept_headers_are_read_as_clients_write_them()
    {
        var ranges = MediaRange.Parse("""multipart/related; type=application/octet-stream; transfer-syntax=*, image/jpeg;q=0.5 ,multipart/related;type="image/jls";q=0.9,*/*;q=0.1, nonsense, ;, "a,b" """);
        Assert.Equal(
            [
                new MediaRange("application/octet-stream", true, "*", 1), new MediaRange("image/jls", true, null, 0.9), new MediaRange("image/jpeg", false, null, 0.5),
                new MediaRange("*/*", false, null, 0.1),
            ],
            ranges);
        Assert.True(MediaRange.Parse(string.Concat(Enumerable.Repeat("a/b,", 10_000))).Count <= 50);
    }

    private Task<HttpResponseMessage> GetAsync(string path, string accept = "application/dicom+json")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri("dicom-web/" + path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return _server.Http.SendAsync(request, Ct);
    }

    private async Task<JsonArray> ListAsync(string path)
    {
        using var answer = await GetAsync(path);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, answer.StatusCode.ToString());
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!.AsArray();
    }

    /// <summary>A server with two ultrasound studies and a report.</summary>
    public sealed class Archive : IAsyncLifetime
    {
        public TestServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await TestServer.StartAsync();
            await PagesKit.StoreAsync(Server, PagesKit.Image("Müller^Jörg", "P1", "1.2.1", accession: "A1"));
            await PagesKit.StoreAsync(Server, PagesKit.Image("Müller^Jörg", "P1", "1.2.1", accession: "A1", number: 2)
                .Set(DicomTag.Rows, 2).Set(DicomTag.Columns, 2).Set(DicomTag.BitsAllocated, 8));
            await PagesKit.StoreAsync(Server, PagesKit.Image("Schmidt^Hans", "P2", "1.2.2", date: "20240401", accession: "A2"));
            var report = PagesKit.Image("Schmidt^Hans", "P2", "1.2.3", date: "20240402");
            report.Set(DicomTag.Modality, "SR").Set(new DicomElement(DicomTag.RequestAttributesSequence, [new DicomDataset().Set(DicomTag.RequestedProcedureID, "RP7")]));
            await PagesKit.StoreAsync(Server, report);
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
