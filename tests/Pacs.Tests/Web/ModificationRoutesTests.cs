using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Jobs;

namespace Pacs.Tests;

/// <summary>Modify, anonymise, split, merge; that Orthanc answers so is shown beside a real one (Pacs.Interop).</summary>
public sealed class ModificationRoutesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Study { get; } = ResourceId.ForStudy("4711", "1.2.3.1").ToString();

    [Fact]
    public async Task A_modified_study_is_a_new_one_that_knows_where_it_comes_from()
    {
        await using var server = await FilledAsync();
        await PutAsync(server, $"/studies/{Study}/labels/Wichtig");
        var answer = await PostAsync(server, $"/studies/{Study}/modify", """{"Replace":{"PatientID":"4712","PatientName":"Meier^Ute","StudyDescription":"Neu"},"Force":true,"KeepLabels":true}""");
        Assert.Equal((2, 0, false, "Study"), ((int)answer["InstancesCount"]!, (int)answer["FailedInstancesCount"]!, (bool)answer["IsAnonymization"]!, (string?)answer["Type"]));
        Assert.Equal(ResourceId.ForPatient("4712").ToString(), (string?)answer["PatientID"]);
        var made = await GetAsync(server, (string)answer["Path"]!);
        Assert.Equal((Study, "Neu", "Meier^Ute", "Wichtig"), ((string?)made["ModifiedFrom"], (string?)made["MainDicomTags"]!["StudyDescription"], (string?)made["PatientMainDicomTags"]!["PatientName"], (string?)made["Labels"]![0]));
        Assert.Equal(2, (await GetAsync(server, (string)answer["Path"]! + "/statistics"))["CountInstances"]!.GetValue<int>());
        // the original stays, and the change is in the list
        Assert.Equal("Müller^Jörg", (string?)(await GetAsync(server, $"/studies/{Study}"))["PatientMainDicomTags"]!["PatientName"]);
        var changes = (await GetAsync(server, "/changes"))["Changes"]!.AsArray();
        Assert.Contains(changes, c => (string?)c!["ChangeType"] == "ModifiedStudy" && (string?)c["ID"] == (string?)made["ID"]);
        // no file for the practice software: nobody has examined anybody
        Assert.Single(Directory.Exists(server.GdtFolder) ? Directory.GetFiles(server.GdtFolder) : [""]);
    }

    [Fact]
    public async Task An_anonymised_patient_has_no_name_and_one_set_of_uids()
    {
        await using var server = await FilledAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", study: "1.2.3.9", date: "20240101"));
        var answer = await PostAsync(server, $"/patients/{ResourceId.ForPatient("4711")}/anonymize", """{"Asynchronous":true,"KeepSource":false}""");
        var job = await WaitAsync(server, (string)answer["ID"]!);
        Assert.Equal(("Success", "ResourceModification", 100), ((string?)job["State"], (string?)job["Type"], (int)job["Progress"]!));
        Assert.Equal(3, (int)job["Content"]!["BurnedInInstancesCount"]!); // ultrasound
        var patient = await GetAsync(server, (string)job["Content"]!["Path"]!);
        Assert.StartsWith("Anonymized", (string?)patient["MainDicomTags"]!["PatientName"], StringComparison.Ordinal);
        Assert.Equal(2, patient["Studies"]!.AsArray().Count);
        Assert.Equal(ResourceId.ForPatient("4711").ToString(), (string?)patient["AnonymizedFrom"]);
        Assert.Single((await GetAsync<JsonArray>(server, "/patients"))); // the source is gone
    }

    [Fact]
    public async Task A_series_is_split_off_and_merged_back()
    {
        await using var server = await FilledAsync();
        var other = PagesKit.Image("Müller^Jörg", number: 3);
        other.Set(DicomTag.SeriesInstanceUID, "1.2.3.1.2");
        await PagesKit.StoreAsync(server, other);
        var series = ResourceId.ForSeries("4711", "1.2.3.1", "1.2.3.1.2").ToString();
        var split = await PostAsync(server, $"/studies/{Study}/split", $$$"""{"Series":["{{{series}}}"],"Replace":{"StudyDescription":"Abgetrennt"}}""");
        var target = (string)split["TargetStudy"]!;
        Assert.NotEqual(Study, target);
        Assert.Equal("Abgetrennt", (string?)(await GetAsync(server, $"/studies/{target}"))["MainDicomTags"]!["StudyDescription"]);
        Assert.Single((await GetAsync(server, $"/studies/{Study}"))["Series"]!.AsArray());

        var merged = await PostAsync(server, $"/studies/{Study}/merge", $$"""{"Resources":["{{target}}"],"KeepSource":true}""");
        Assert.Equal(Study, (string?)merged["TargetStudy"]);
        Assert.Equal(2, (await GetAsync(server, $"/studies/{Study}"))["Series"]!.AsArray().Count);
        Assert.Null((await GetAsync(server, $"/studies/{Study}"))["ModifiedFrom"]);
        Assert.Single((await GetAsync(server, $"/studies/{target}"))["Series"]!.AsArray());
    }

    [Fact]
    public async Task A_job_that_is_killed_makes_the_same_instances_again()
    {
        await using var server = await FilledAsync();
        var work = server.Services.GetRequiredService<ModificationWork>();
        var queue = server.Services.GetRequiredService<JobQueue>();
        var instances = new[] { 1, 2 }.Select(n => ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", $"1.2.3.1.1.{n}")).ToArray();
        var content = new ModificationJob { Seed = "fixed", Level = Level.Study, IsSingle = true };
        for (var round = 0; round < 2; round++)
        {
            var job = await queue.AddAsync(content.ToJob(ModificationJob.ModifyKind, 0), instances, Ct);
            await server.Services.GetRequiredService<JobRunner>().WaitAsync(job.PublicId, Ct);
        }
        Assert.Equal(2, (await GetAsync<JsonArray>(server, "/studies")).Count);
        Assert.Equal(4, (await GetAsync<JsonArray>(server, "/instances")).Count);
        Assert.Empty(await server.Services.GetRequiredService<IndexReader>().ConflictsAsync(10, Ct));
    }

    [Theory]
    [InlineData("studies", """{"Replace":{"PatientID":"X"}}""", 8)]
    [InlineData("studies", """{"Keep":["SOPInstanceUID"]}""", 8)]
    [InlineData("studies", """{"Replace":{"StudyInstanceUID":"no uid"},"Force":true}""", 8)]
    [InlineData("studies", """{"Replace":{"Nothing":"x"}}""", 8)]
    [InlineData("studies", """{"Replace":{"PatientName":{}}}""", 8)]
    [InlineData("studies", """{"Remove":"PatientName"}""", 8)]
    [InlineData("studies", "[]", 15)]
    [InlineData("studies", "x", 15)]
    [InlineData("patients", """{"Replace":{"PatientName":"X"}}""", 8)]
    public async Task What_orthanc_refuses_is_refused(string level, string body, int code)
    {
        await using var server = await FilledAsync();
        var id = level == "patients" ? ResourceId.ForPatient("4711").ToString() : Study;
        using var answer = await server.Http.PostAsync(new Uri($"/{level}/{id}/modify", UriKind.Relative), new StringContent(body), Ct);
        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!;
        Assert.Equal((HttpStatusCode.BadRequest, code), (answer.StatusCode, (int)error["OrthancStatus"]!));
    }

    [Fact]
    public async Task An_instance_is_changed_for_who_asks_and_not_stored()
    {
        await using var server = await FilledAsync();
        var id = ResourceId.ForInstance("4711", "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1");
        using var answer = await server.Http.PostAsync(new Uri($"/instances/{id}/modify", UriKind.Relative), new StringContent("""{"Replace":{"PatientName":"X"},"Keep":["SOPInstanceUID"],"Force":true}"""), Ct);
        Assert.Equal("application/dicom", answer.Content.Headers.ContentType!.ToString());
        var file = DicomFile.Parse(await answer.Content.ReadAsByteArrayAsync(Ct));
        Assert.Equal(("X", "1.2.3.1.1.1", "1.2.3.1"), (file.Dataset.GetString(DicomTag.PatientName), file.Dataset.GetString(DicomTag.SOPInstanceUID), file.Dataset.GetString(DicomTag.StudyInstanceUID)));
        Assert.Equal(2, (await GetAsync<JsonArray>(server, "/instances")).Count);
    }

    private static async Task<TestServer> FilledAsync()
    {
        var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", accession: "R1"));
        await PagesKit.StoreAsync(server, PagesKit.Image("Müller^Jörg", accession: "R1", number: 2));
        return server;
    }

    private static async Task<JsonNode> WaitAsync(TestServer server, string job)
    {
        await server.Services.GetRequiredService<JobRunner>().WaitAsync(job, Ct);
        return await GetAsync(server, $"/jobs/{job}");
    }

    private static async Task PutAsync(TestServer server, string path)
    {
        using var answer = await server.Http.PutAsync(new Uri(path, UriKind.Relative), null, Ct);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<JsonNode> PostAsync(TestServer server, string path, string body)
    {
        using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private static Task<JsonObject> GetAsync(TestServer server, string path) => GetAsync<JsonObject>(server, path);

    private static async Task<T> GetAsync<T>(TestServer server, string path)
        where T : JsonNode => (T)JsonNode.Parse(await server.Http.GetStringAsync(new Uri(path, UriKind.Relative), Ct))!;
}
