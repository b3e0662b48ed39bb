using System.Buffers;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>What Orthanc's clients do with resources; that the answers are Orthanc's is shown beside a real one (Pacs.Interop).</summary>
public sealed class ResourceRoutesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Müller { get; } = ResourceId.ForStudy("4711", "1.2.3.1").ToString();

    private static string Schmidt { get; } = ResourceId.ForStudy("4712", "1.2.3.2").ToString();

    private static string Weiß { get; } = ResourceId.ForStudy("AB-1", "1.2.3.3").ToString();

    [Fact]
    public async Task A_find_orders_and_pages()
    {
        await using var server = await FilledAsync();
        Assert.Equal([Weiß, Schmidt, Müller], await FindAsync(server, """{"Level":"Study","Query":{},"OrderBy":[{"Type":"DicomTag","Key":"StudyDate","Direction":"DESC"}]}"""));
        Assert.Equal([Schmidt], await FindAsync(server, """{"Level":"Study","Query":{},"OrderBy":[{"Type":"DicomTag","Key":"StudyDate","Direction":"DESC"}],"Since":1,"Limit":1}"""));
        Assert.Equal([Schmidt, Weiß], await FindAsync(server, """{"Level":"Study","Query":{},"Since":1,"Limit":0}"""));
        // the call of Orthanc Explorer 2
        Assert.Equal(3, (await FindAsync(server, """{"Level":"Study","Query":{},"Limit":50,"OrderBy":[{"Type":"Metadata","Key":"LastUpdate","Direction":"DESC"}]}""")).Length);
        var instances = await FindAsync(server, """{"Level":"Instance","Query":{},"OrderBy":[{"Type":"MetadataAsInt","Key":"IndexInSeries","Direction":"DESC"}]}""");
        Assert.Equal(ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.10").ToString(), instances[0]);
    }

    [Fact]
    public async Task A_find_narrows_by_parent_and_metadata()
    {
        await using var server = await FilledAsync();
        Assert.Equal(2, (await FindAsync(server, $$"""{"Level":"Instance","Query":{},"ParentStudy":"{{Müller}}"}""")).Length);
        Assert.Single(await FindAsync(server, $$$"""{"Level":"Instance","Query":{},"ParentStudy":"{{{Müller}}}","MetadataQuery":{"IndexInSeries":"10"}}"""));
        Assert.Equal(4, (await FindAsync(server, """{"Level":"Instance","Query":{},"MetadataQuery":{"RemoteAET":"TE*"}}""")).Length);
        Assert.Empty(await FindAsync(server, """{"Level":"Instance","Query":{},"MetadataQuery":{"RemoteAET":"OTHER"}}"""));
    }

    [Fact]
    public async Task Answers_have_what_is_asked_for()
    {
        await using var server = await FilledAsync();
        var answer = await PostAsync(server, "/tools/find", """{"Level":"Study","Query":{"PatientID":"4711"},"ResponseContent":["Children","Metadata"],"RequestedTags":["ModalitiesInStudy","PatientName","SOPClassUID"]}""");
        var study = Assert.Single(answer.AsArray())!.AsObject();
        Assert.Equal(["ID", "Metadata", "RequestedTags", "Series", "Type"], study.Select(m => m.Key).Order());
        Assert.Equal("""{"ModalitiesInStudy":"US","PatientName":"Müller^Jörg"}""", Sorted(study["RequestedTags"]!));
        var one = await GetAsync(server, $"/studies/{Müller}?requested-tags=NumberOfStudyRelatedInstances;0010,0020&short");
        Assert.Equal("""{"0010,0020":"4711","0020,1208":"2"}""", Sorted(one["RequestedTags"]!));
        Assert.Equal("1.2.3.1", (string?)one["MainDicomTags"]!["0020,000d"]);
        Assert.Equal("""{"Count":1}""", (await PostAsync(server, "/tools/count-resources", """{"Level":"Study","Query":{"PatientName":"MÜLLER*"}}""")).ToJsonString());
    }

    [Theory]
    [InlineData("""{"Level":"Study","Query":{},"OrderBy":[{"Type":"DicomTag","Key":"Nothing","Direction":"ASC"}]}""")]
    [InlineData("""{"Level":"Study","Query":{},"OrderBy":[{"Type":"DicomTag","Key":"StudyDate"}]}""")]
    [InlineData("""{"Level":"Study","Query":{"Nothing":"x"}}""")]
    [InlineData("""{"Level":"Study","Query":{"RequestAttributesSequence":"x"}}""")]
    [InlineData("""{"Level":"Study","Query":{},"ParentSeries":"x"}""")]
    [InlineData("""{"Level":"Study","Query":{},"ResponseContent":["Nothing"]}""")]
    [InlineData("""{"Level":"Study","Query":{},"RequestedTags":["Nothing"]}""")]
    [InlineData("""{"Level":"Study","Query":{},"MetadataQuery":[]}""")]
    [InlineData("""{"Level":"Study","Query":{},"Limit":-1}""")]
    [InlineData("[")]
    public async Task What_makes_no_sense_is_said(string body)
    {
        await using var server = await TestServer.StartAsync();
        using var answer = await server.Http.PostAsync(new Uri("/tools/find", UriKind.Relative), new StringContent(body), Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.NotEmpty((string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["Details"]!);
    }

    [Fact]
    public async Task Metadata_tells_how_an_instance_came()
    {
        await using var server = await FilledAsync();
        var id = ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.10");
        var metadata = await GetAsync(server, $"/instances/{id}/metadata?expand");
        Assert.Equal(("DicomProtocol", "TEST", "ORTHANC", "10"), ((string)metadata["Origin"]!, (string)metadata["RemoteAET"]!, (string)metadata["CalledAET"]!, (string)metadata["IndexInSeries"]!));
        Assert.Equal("TEST", await server.Http.GetStringAsync(new Uri($"/instances/{id}/metadata/RemoteAET", UriKind.Relative), Ct));
        using var unknown = await server.Http.GetAsync(new Uri($"/instances/{id}/metadata/Nothing", UriKind.Relative), Ct);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task A_long_list_is_whole_json()
    {
        await using var server = await TestServer.StartAsync();
        for (var i = 1; i <= 450; i++) // more than two blocks of objects
        {
            await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", number: i));
        }
        var all = (await GetAsync<JsonArray>(server, "/instances?expand")).Select(i => (string)i!["ID"]!).ToList();
        Assert.Equal(450, all.Distinct().Count());
        Assert.Equal(all.Skip(400).Take(20), (await GetAsync<JsonArray>(server, "/instances?since=400&limit=20")).Select(i => (string)i!));
        Assert.Empty(await GetAsync<JsonArray>(server, "/instances?since=450&limit=20"));
    }

    [Fact]
    public async Task Tags_longer_than_256_characters_come_when_they_are_asked_for()
    {
        await using var server = await TestServer.StartAsync();
        var image = PagesKit.Image("Müller^Jörg");
        image.Set(DicomTag.ImageComments, new string('x', 300));
        await PagesKit.StoreAsync(server, image);
        var id = ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1");
        Assert.Equal("TooLong", (string?)(await GetAsync(server, $"/instances/{id}/tags"))["0020,4000"]!["Type"]);
        Assert.Equal(300, ((string)(await GetAsync(server, $"/instances/{id}/tags?ignore-length=ImageComments"))["0020,4000"]!["Value"]!).Length);
        Assert.Equal(300, (await server.Http.GetStringAsync(new Uri($"/instances/{id}/content/ImageComments", UriKind.Relative), Ct)).Length);
    }

    [Fact]
    public async Task Content_is_walked_by_tags_and_indices()
    {
        await using var server = await TestServer.StartAsync();
        var image = PagesKit.Image("Müller^Jörg");
        image.Set(DicomTag.RequestAttributesSequence, new DicomDataset().Set(DicomTag.RequestedProcedureID, "P1"));
        await PagesKit.StoreAsync(server, image);
        var content = $"/instances/{ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1")}/content";
        Assert.Equal("""["0"]""", (await GetAsync<JsonArray>(server, content + "/0040-0275")).ToJsonString());
        Assert.Equal("""["0040-1001"]""", (await GetAsync<JsonArray>(server, content + "/0040-0275/0")).ToJsonString());
        Assert.Equal("P1", await server.Http.GetStringAsync(new Uri(content + "/RequestAttributesSequence/0/RequestedProcedureID", UriKind.Relative), Ct));
        foreach (var wrong in new[] { "/0040-0275/1", "/0040-0275/-1", "/0040-0275/0/0040-1001/0", "/x", "/0040-0275/99999999999" })
        {
            using var answer = await server.Http.GetAsync(new Uri(content + wrong, UriKind.Relative), Ct);
            Assert.Equal((wrong, HttpStatusCode.NotFound), (wrong, answer.StatusCode));
        }
    }

    [Theory]
    [InlineData("1.2.840.10008.1.2")]
    [InlineData("1.2.840.10008.1.2.1")]
    [InlineData("1.2.840.10008.1.2.2")]
    public async Task A_file_without_a_meta_group_is_stored_with_one(string syntax)
    {
        await using var server = await TestServer.StartAsync();
        var bytes = DicomWriter.ToBytes(PagesKit.Image("Müller^Jörg"), TransferSyntax.Get(syntax));
        var id = ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1");
        Assert.Equal((id.ToString(), "Success"), await UploadAsync(server, bytes));
        var stored = DicomFile.Parse(await server.Http.GetByteArrayAsync(new Uri($"/instances/{id}/file", UriKind.Relative), Ct));
        Assert.Equal((syntax, "1.2.3.1.1.1", "Müller^Jörg"), (stored.FileMeta.GetString(DicomTag.TransferSyntaxUID), stored.FileMeta.GetString(DicomTag.MediaStorageSOPInstanceUID), stored.Dataset.GetString(DicomTag.PatientName)));

        // the same data set behind a preamble or a meta group is the same instance
        using var whole = new MemoryStream();
        new DicomFile(PagesKit.Image("Müller^Jörg"), TransferSyntax.Get(syntax)).Save(whole);
        Assert.Equal((id.ToString(), "AlreadyStored"), await UploadAsync(server, whole.ToArray()));
        Assert.Equal((id.ToString(), "AlreadyStored"), await UploadAsync(server, whole.ToArray()[132..]));
    }

    [Fact]
    public async Task A_file_whose_meta_group_is_wrong_is_the_instance_that_its_data_set_says()
    {
        await using var server = await TestServer.StartAsync();
        var bytes = new ArrayBufferWriter<byte>();
        FileMetaInformation.Write(bytes, DicomUid.CTImageStorage, "1.2.3.4", TransferSyntax.ExplicitVRLittleEndian);
        bytes.Write(DicomWriter.ToBytes(PagesKit.Image("Müller^Jörg"), TransferSyntax.ExplicitVRLittleEndian));
        Assert.Equal((ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1").ToString(), "Success"), await UploadAsync(server, bytes.WrittenSpan.ToArray()));
    }

    private static async Task<(string Id, string Status)> UploadAsync(TestServer server, byte[] bytes)
    {
        using var answer = await server.Http.PostAsync(new Uri("/instances", UriKind.Relative), new ByteArrayContent(bytes), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        var stored = JsonNode.Parse(text)!;
        return ((string)stored["ID"]!, (string)stored["Status"]!);
    }

    [Fact]
    public async Task A_damaged_zip_is_refused_and_names_in_it_are_no_paths()
    {
        await using var server = await TestServer.StartAsync();
        using var damaged = await server.Http.PostAsync(new Uri("/instances", UriKind.Relative), new ByteArrayContent("PK\u0003\u0004 nothing"u8.ToArray()), Ct);
        Assert.Equal(HttpStatusCode.BadRequest, damaged.StatusCode);

        using var zip = new MemoryStream();
        await using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            await using var entry = await archive.CreateEntry("../../outside.dcm").OpenAsync(Ct);
            new DicomFile(PagesKit.Image("Müller^Jörg"), TransferSyntax.ExplicitVRLittleEndian).Save(entry);
        }
        using var answer = await server.Http.PostAsync(new Uri("/instances", UriKind.Relative), new ByteArrayContent(zip.ToArray()), Ct);
        var stored = Assert.Single(JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!.AsArray());
        Assert.Equal("Success", (string?)stored!["Status"]);
        Assert.False(File.Exists(Path.Join(server.Folder, "..", "outside.dcm")));
        Assert.Equal("RestApi", await server.Http.GetStringAsync(new Uri($"{(string)stored["Path"]!}/metadata/Origin", UriKind.Relative), Ct));
    }

    [Fact]
    public async Task What_contradicts_a_stored_instance_is_answered_as_already_stored()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var (name, status) in new[] { ("Müller^Jörg", "Success"), ("Müller^Jörg", "AlreadyStored"), ("Müller^Georg", "AlreadyStored") })
        {
            using var file = new MemoryStream();
            new DicomFile(PagesKit.Image(name), TransferSyntax.ExplicitVRLittleEndian).Save(file);
            using var answer = await server.Http.PostAsync(new Uri("/instances", UriKind.Relative), new ByteArrayContent(file.ToArray()), Ct);
            Assert.Equal(status, (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["Status"]);
        }
        using var packed = new HttpRequestMessage(HttpMethod.Post, "/instances") { Content = new ByteArrayContent([1, 2, 3]) };
        packed.Content.Headers.ContentEncoding.Add("br");
        using var refused = await server.Http.SendAsync(packed, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    private static async Task<TestServer> FilledAsync()
    {
        var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", date: "20240101"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", date: "20240101", number: 10));
        await PagesKit.StoreAsync(server, PagesKit.Image("Schmidt^Hans", "4712", "1.2.3.2", date: "20240202"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Weiß^Anna", "AB-1", "1.2.3.3", date: "20240303"));
        return server;
    }

    private static async Task<string[]> FindAsync(TestServer server, string body) =>
        [.. (await PostAsync(server, "/tools/find", body)).AsArray().Select(i => (string)i!)];

    private static async Task<JsonNode> PostAsync(TestServer server, string path, string body)
    {
        using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded"), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private static Task<JsonObject> GetAsync(TestServer server, string path) => GetAsync<JsonObject>(server, path);

    private static async Task<T> GetAsync<T>(TestServer server, string path)
        where T : JsonNode => (T)JsonNode.Parse(await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct))!;

    private static string Sorted(JsonNode json) =>
        new JsonObject(json.AsObject().OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))).ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
