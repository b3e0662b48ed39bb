using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>Routes that make something: instances of tags and documents, archives to be fetched later, worklist entries, the mark of a protected patient.</summary>
public sealed class CreationRoutesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Study { get; } = ResourceId.ForStudy("P1", TestArchive.Uid(1)).ToString();

    [Fact]
    public async Task A_document_goes_into_a_study_with_what_the_study_says()
    {
        await using var server = await FilledAsync();
        var (status, made) = await AskAsync(server, HttpMethod.Post, "/tools/create-dicom",
            $$$"""{"Parent":"{{{Study}}}","Tags":{"SeriesDescription":"Bericht, größer","Modality":"DOC"},"Content":"data:application/pdf;base64,{{{Convert.ToBase64String("%PDF-1.4 x"u8)}}}"}""");
        Assert.Equal((HttpStatusCode.OK, Study, "Success"), (status, (string?)made["ParentStudy"], (string?)made["Status"]));
        var tags = (await AskAsync(server, HttpMethod.Get, $"/instances/{made["ID"]}/simplified-tags", null)).Json;
        Assert.Equal(("P1", TestArchive.Uid(1), "Bericht, größer", DicomUid.EncapsulatedPDFStorage),
            ((string?)tags["PatientID"], (string?)tags["StudyInstanceUID"], (string?)tags["SeriesDescription"], (string?)tags["SOPClassUID"]));
        // the name stands in the parent's character set
        var parents = (await AskAsync(server, HttpMethod.Get, $"/studies/{Study}", null)).Json["PatientMainDicomTags"]!;
        Assert.Equal((string?)parents["PatientName"], (string?)tags["PatientName"]);
        Assert.Equal("%PDF-1.4 x", await server.Http.GetStringAsync(new Uri($"/instances/{made["ID"]}/pdf", UriKind.Relative), Ct));
        // into the new series, where it is
        (status, var second) = await AskAsync(server, HttpMethod.Post, "/tools/create-dicom", $$$"""{"Parent":"{{{made["ParentSeries"]}}}","Tags":{"InstanceNumber":"2"}}""");
        Assert.Equal((HttpStatusCode.OK, (string?)made["ParentSeries"]), (status, (string?)second["ParentSeries"]));
    }

    [Fact]
    public async Task A_picture_alone_is_a_patient_of_its_own_whose_pixels_are_shown()
    {
        await using var server = await FilledAsync();
        var png = await server.Http.GetByteArrayAsync(new Uri($"/instances/{ResourceId.ForInstance("P1", TestArchive.Uid(1), TestArchive.Uid(1, 1), TestArchive.Uid(1, 1, 1))}/preview", UriKind.Relative), Ct);
        var (status, made) = await AskAsync(server, HttpMethod.Post, "/tools/create-dicom", $$$"""{"Tags":{"PatientID":"N1","PatientName":"Neu^Nina"},"Content":"data:image/png;base64,{{{Convert.ToBase64String(png)}}}"}""");
        Assert.Equal((HttpStatusCode.OK, ResourceId.ForPatient("N1").ToString()), (status, (string?)made["ParentPatient"]));
        Assert.Equal(png, await server.Http.GetByteArrayAsync(new Uri($"/instances/{made["ID"]}/preview", UriKind.Relative), Ct));
    }

    [Theory]
    [InlineData("""{"Parent":"xx","Tags":{}}""", 2024)]
    [InlineData("""{"Parent":"STUDY","Tags":{"PatientID":"X"}}""", 8)]
    [InlineData("""{"Parent":"STUDY","Tags":{"StudyInstanceUID":"1.2.3"}}""", 8)]
    [InlineData("""{"Tags":{},"Content":"abc"}""", 15)]
    [InlineData("""{"Tags":{},"Content":"data:image/png;base64,AAAA"}""", 15)]
    [InlineData("""{"Tags":{"Nonsense":"1"}}""", 15)]
    [InlineData("""{"Tags":{},"Content":["a"]}""", 8)]
    [InlineData("[]", 15)]
    public async Task What_cannot_be_made_is_refused(string body, int code)
    {
        await using var server = await FilledAsync();
        var (status, json) = await AskAsync(server, HttpMethod.Post, "/tools/create-dicom", body.Replace("STUDY", Study, StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.BadRequest, code), (status, (int)json["OrthancStatus"]!));
    }

    [Theory]
    [InlineData("archive", "Archive", ".dcm")]
    [InlineData("media", "Media", "DICOMDIR")]
    public async Task An_archive_that_was_asked_for_as_a_job_is_fetched_until_it_is_dropped(string verb, string kind, string name)
    {
        await using var server = await FilledAsync();
        var (_, started) = await AskAsync(server, HttpMethod.Post, $"/studies/{Study}/{verb}", """{"Asynchronous":true,"UserData":"u","Filename":"a.zip"}""");
        var runner = server.Services.GetRequiredService<Pacs.Web.Jobs.JobRunner>();
        Assert.Equal(JobState.Success, (await runner.WaitAsync((string)started["ID"]!, Ct))!.State);
        var job = (await AskAsync(server, HttpMethod.Get, (string)started["Path"]!, null)).Json;
        Assert.Equal((kind, 1, "u"), ((string?)job["Type"], (int)job["Content"]!["InstancesCount"]!, (string?)job["UserData"]));
        for (var i = 0; i < 2; i++)
        {
            using var answer = await server.Http.GetAsync(new Uri(started["Path"] + "/archive", UriKind.Relative), Ct);
            Assert.Equal(("application/zip", "a.zip"), (answer.Content.Headers.ContentType!.MediaType, answer.Content.Headers.ContentDisposition!.FileName));
            await using var zip = new ZipArchive(await answer.Content.ReadAsStreamAsync(Ct));
            Assert.Contains(zip.Entries, e => e.FullName.EndsWith(name, StringComparison.Ordinal));
        }
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(server, HttpMethod.Delete, started["Path"] + "/archive", null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(server, HttpMethod.Get, started["Path"] + "/archive", null)).Status);
    }

    [Fact]
    public async Task A_worklist_entry_of_the_plugins_api_is_offered_to_the_devices()
    {
        await using var server = await FilledAsync();
        const string Tags = """{"PatientID":"4711","PatientName":"Müller^Jörg","ScheduledProcedureStepSequence":[{"Modality":"US","ScheduledStationAETitle":"US01","ScheduledProcedureStepDescription":"Abdomen"}]}""";
        var (_, made) = await AskAsync(server, HttpMethod.Post, "/worklists/create", $$"""{"Tags":{{Tags}}}""");
        var offered = Assert.Single(await server.Services.GetRequiredService<Worklist>().FindAsync([], Ct));
        Assert.Equal(("Müller^Jörg", (string?)made["ID"]), (offered.GetString(DicomTag.PatientName), offered.GetString(DicomTag.AccessionNumber)));
        var listed = (await AskAsync(server, HttpMethod.Get, "/worklists", null)).Json[0]!;
        Assert.Equal(("4711", "US01"), ((string?)listed["Tags"]!["PatientID"], (string?)listed["Tags"]!["ScheduledProcedureStepSequence"]![0]!["ScheduledStationAETitle"]));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(server, HttpMethod.Put, (string)made["Path"]!, $$"""{"Tags":{{Tags.Replace("Abdomen", "Schilddrüse", StringComparison.Ordinal)}}}""")).Status);
        var changed = (await AskAsync(server, HttpMethod.Get, made["Path"] + "?format=Short", null)).Json;
        Assert.Equal("Schilddrüse", (string?)changed["Tags"]!["0040,0100"]![0]!["0040,0007"]);
        Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync(server, HttpMethod.Post, "/worklists/create", """{"Tags":{"PatientID":"1"}}""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(server, HttpMethod.Delete, (string)made["Path"]!, null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(server, HttpMethod.Delete, (string)made["Path"]!, null)).Status);
    }

    [Fact]
    public async Task A_patient_that_somebody_protects_says_so()
    {
        await using var server = await FilledAsync();
        var patient = $"/patients/{ResourceId.ForPatient("P1")}";
        Assert.Equal("0", await server.Http.GetStringAsync(new Uri(patient + "/protected", UriKind.Relative), Ct));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(server, HttpMethod.Put, patient + "/protected", "1")).Status);
        Assert.Equal("1", await server.Http.GetStringAsync(new Uri(patient + "/protected", UriKind.Relative), Ct));
        Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync(server, HttpMethod.Put, patient + "/protected", "maybe")).Status);
        Assert.Equal("""["7","18"]""", (await AskAsync(server, HttpMethod.Get, patient + "/metadata?numeric", null)).Json.ToJsonString());
    }

    private static async Task<TestServer> FilledAsync()
    {
        var server = await TestServer.StartAsync();
        using var stream = new MemoryStream();
        new DicomFile(TestArchive.Image(change: d => d.Set(DicomTag.Rows, 2).Set(DicomTag.Columns, 2).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7)
            .Set(DicomTag.PixelRepresentation, 0).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[] { 0, 80, 160, 255 }))), TransferSyntax.ExplicitVRLittleEndian).Save(stream);
        using var answer = await server.Http.PostAsync(new Uri("/instances", UriKind.Relative), new ByteArrayContent(stream.ToArray()), Ct);
        answer.EnsureSuccessStatusCode();
        return server;
    }

    private static async Task<(HttpStatusCode Status, JsonNode Json)> AskAsync(TestServer server, HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = body is null ? null : new StringContent(body) };
        using var answer = await server.Http.SendAsync(request, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        return (answer.StatusCode, text.Length > 0 ? JsonNode.Parse(text)! : new JsonObject());
    }
}
