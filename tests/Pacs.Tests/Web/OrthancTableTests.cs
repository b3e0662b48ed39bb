using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>
/// Goes through the routes that Orthanc's clients call (tiers 1 and 2: all of them; tier 3: those that there are) and those that are refused for ever (tier 4). Not in the table, because there is none
/// of it here: the DICOMweb client, and the routes of other plugins (docs/rest-api.md). <c>OrthancTierTests</c> compares the answers with a real Orthanc's.
/// </summary>
public sealed partial class OrthancTableTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_route_that_clients_call_answers_and_what_is_refused_says_so_in_orthancs_words()
    {
        await using var server = await TestServer.StartAsync(new Dictionary<string, string> { ["DicomAlwaysAllowFind"] = "true", ["DicomAlwaysAllowGet"] = "true", ["DicomAlwaysAllowMove"] = "true" });
        var image = TestPictureFile();
        var ids = Ids(await UploadAsync(server, image));
        var study = ids["studies"];
        await AskAsync(server, "PUT", "/modalities/self", Self(server));
        var names = new Dictionary<string, string>
        {
            ["{study}"] = study,
            ["{pdf}"] = (string)(await AskAsync(server, "POST", "/tools/create-dicom", $$"""{"Parent":"{{study}}","Tags":{},"Content":"data:application/pdf;base64,{{Convert.ToBase64String("%PDF-1.4"u8)}}"}""")).Json!["ID"]!,
            ["{job}"] = (string)(await AskAsync(server, "POST", $"/studies/{study}/archive", """{"Asynchronous":true}""")).Json!["ID"]!,
            ["{query}"] = (string)(await AskAsync(server, "POST", "/modalities/self/query", """{"Level":"Study","Query":{"PatientID":"P1"}}""")).Json!["ID"]!,
            ["{worklist}"] = (string)(await AskAsync(server, "POST", "/worklists/create", Entry)).Json!["ID"]!,
        };
        var failures = new List<string>();
        foreach (var (tier, method, path) in OrthancTable.Rows())
        {
            if (method == "DELETE" || path.Contains("modify", StringComparison.Ordinal) || path.Contains("merge", StringComparison.Ordinal))
            {
                await UploadAsync(server, image); // what was deleted before is there again
            }
            var address = names.Aggregate(path, (all, name) => all.Replace(name.Key, name.Value, StringComparison.Ordinal));
            address = address.Replace("{id}", ids.GetValueOrDefault(path.Split('/')[1]) ?? "", StringComparison.Ordinal);
            var (status, json, text) = await AskAsync(server, method, address, method is "POST" or "PUT" ? path == "/instances" ? null : Body(path, study, ids["series"], server) : "", path == "/instances" ? image : null);
            var isOrthancs = json is JsonObject answer && answer.ContainsKey("HttpStatus");
            if (tier == 4 ? (int)status is not (403 or 404) || !isOrthancs : (int)status >= 400)
            {
                failures.Add($"{method} {path}: {(int)status} {text[..Math.Min(text.Length, 300)]}");
            }
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    private const string Entry = """{"Tags":{"PatientID":"4711","PatientName":"Müller^Jörg","PatientBirthDate":"19580307","ScheduledProcedureStepSequence":[{"Modality":"US","ScheduledStationAETitle":"US01","ScheduledProcedureStepStartDate":"20260105"}]}}""";

    private static string Self(TestServer server) => $$"""{"AET":"{{server.Options.DicomAet}}","Host":"127.0.0.1","Port":{{server.DicomPort.ToString(CultureInfo.InvariantCulture)}} }""";

    private static string Body(string path, string study, string series, TestServer server) => path switch
    {
        "/modalities/self" or "/tools/dicom-echo" => Self(server),
        "/modalities/self/store" or "/peers/other/store" => study,
        "/peers/other" => $$"""["{{server.Http.BaseAddress}}","",""]""",
        _ when path.StartsWith("/tools/log-level", StringComparison.Ordinal) => "default",
        "/modalities/self/query" => """{"Level":"Study","Query":{"PatientID":"P1"}}""",
        "/modalities/self/move" or "/modalities/self/get" => $$"""{"Level":"Study","Resources":[{"StudyInstanceUID":"{{TestArchive.Uid(1)}}"}],"TargetAet":"{{server.Options.DicomAet}}"}""",
        "/modalities/self/find-worklist" => "{}",
        "/tools/find" or "/tools/count-resources" => """{"Level":"Study","Query":{}}""",
        "/tools/lookup" => "P1",
        "/tools/bulk-content" or "/tools/bulk-anonymize" => $$"""{"Resources":["{{study}}"],"Level":"Study"}""",
        "/tools/bulk-modify" => $$$"""{"Resources":["{{{study}}}"],"Level":"Study","Replace":{"StudyDescription":"x"}}""",
        "/tools/bulk-delete" => $$"""{"Resources":["{{series}}"]}""",
        "/tools/create-dicom" => """{"Tags":{"PatientID":"N1"}}""",
        "/studies/{id}/split" => $$"""{"Series":["{{series}}"],"KeepSource":true}""",
        "/studies/{id}/merge" => $$"""{"Resources":["{{Other}}"],"KeepSource":true}""",
        "/worklists/create" or "/worklists/{worklist}" => Entry,
        _ when path.EndsWith("/protected", StringComparison.Ordinal) => "1",
        _ when path.EndsWith("/patients/{id}/modify", StringComparison.Ordinal) => """{"Replace":{"PatientID":"P2"},"Force":true}""",
        _ when path.EndsWith("/modify", StringComparison.Ordinal) => """{"Replace":{"StudyDescription":"x"}}""",
        _ when path.StartsWith("/tools/create-", StringComparison.Ordinal) => $$"""["{{study}}"]""",
        _ when path.EndsWith("/retrieve", StringComparison.Ordinal) => server.Options.DicomAet,
        _ => "{}",
    };

    // a series of another study, which the test uploads as well
    private static string Other { get; } = ResourceId.ForSeries("P1", TestArchive.Uid(9), TestArchive.Uid(9, 1)).ToString();

    private static byte[] TestPictureFile() => File(TestArchive.Image(change: d => d.Set(DicomTag.Rows, 2).Set(DicomTag.Columns, 2).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8)
        .Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
        .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[4]))));

    private static byte[] File(DicomDataset dataset)
    {
        using var stream = new MemoryStream();
        new DicomFile(dataset, TransferSyntax.ExplicitVRLittleEndian).Save(stream);
        return stream.ToArray();
    }

    private static async Task<JsonNode> UploadAsync(TestServer server, byte[] image)
    {
        await AskAsync(server, "POST", "/instances", null, File(TestArchive.Image(study: 9)));
        return (await AskAsync(server, "POST", "/instances", null, image)).Json!;
    }

    private static Dictionary<string, string> Ids(JsonNode stored) => new()
    {
        ["instances"] = (string)stored["ID"]!,
        ["series"] = (string)stored["ParentSeries"]!,
        ["studies"] = (string)stored["ParentStudy"]!,
        ["patients"] = (string)stored["ParentPatient"]!,
    };

    private static async Task<(HttpStatusCode Status, JsonNode? Json, string Text)> AskAsync(TestServer server, string method, string path, string? body, byte[]? bytes = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Content = bytes is not null ? new ByteArrayContent(bytes) : method is "GET" or "DELETE" ? null : new StringContent(body!) };
        using var answer = await server.Http.SendAsync(request, Ct);
        var content = await answer.Content.ReadAsByteArrayAsync(Ct);
        return (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType == "application/json" && content.Length > 0 ? JsonNode.Parse(content) : null, Encoding.UTF8.GetString(content));
    }
}
