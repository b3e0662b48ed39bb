using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>
/// Every row of tests/Pacs.Tests/Web/orthanc-rest.tsv, asked of a real Orthanc and of us with the same data: status, content type, and the members that the answer has. Values are compared by
/// <see cref="OrthancResourceTests"/> and its like.
/// </summary>
public sealed partial class OrthancTierTests
{
    /// <summary>Routes, or beginnings of them, that are newer than Debian's Orthanc 1.10.1, or of plugins that it does not have.</summary>
    private static readonly string[] Newer =
    [
        "/tools/labels", "/tools/count-resources", "/modalities/self/get", "GET /tools/create-", "DELETE /jobs/", "/worklist", "/dicom-web", "/wado",
    ];

    /// <summary>Members that one of the two has, and why.</summary>
    private static readonly Dictionary<string, string> Differences = new()
    {
        ["Labels"] = "since 1.12.0",
        ["Capabilities"] = "of /system, since 1.12.4",
        ["DatabaseServerIdentifier"] = "of /system, since 1.11.1",
        ["HasLabels"] = "of /system, since 1.12.0",
        ["IngestTranscoding"] = "of /system, since 1.11.0",
        ["MainDicomTags"] = "of /system, since 1.11.0; of resources compared by OrthancResourceTests",
        ["MaximumPatientCount"] = "of /system, since 1.12.4",
        ["MaximumStorageMode"] = "of /system, since 1.11.3",
        ["MaximumStorageSize"] = "of /system, since 1.11.3",
        ["OverwriteInstances"] = "of /system, since 1.11.0",
        ["ReadOnly"] = "of /system, since 1.12.5",
        ["StorageCompression"] = "of /system, since 1.11.0",
        ["UserMetadata"] = "of /system, since 1.12.0",
        ["0002,0001"] = "a binary element, which Orthanc leaves out here",
        ["0008,0005"] = "Orthanc says a character set in answers to queries that are ASCII, too",
        ["0020,0011"] = "a document that is made here has a series number",
        ["0020,0013"] = "a document that is made here has an instance number",
        ["IndexInSeries"] = "as 0020,0013",
        ["AllowMpps"] = "a permission of ours",
        ["BurnedInInstancesCount"] = "more than Orthanc says: text that is burned in",
        ["Warning"] = "as BurnedInInstancesCount",
        ["TargetAet"] = "of retrievals, since 1.12.6",
    };

    /// <summary>Routes whose answers are others, and why.</summary>
    private static readonly Dictionary<string, string> Others = new()
    {
        ["/modalities/self/move"] = "Orthanc 1.10.1 answers with an empty object; later ones describe the job",
        ["/modalities/self/find-worklist"] = "Orthanc asks itself, and has no worklist without its plugin",
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_route_of_the_table_answers_as_orthancs_does()
    {
        await using var orthanc = await OrthancProcess.StartAsync(Ct, ("DicomAlwaysAllowMove", true), ("JobsHistorySize", 1000));
        await using var server = ServerProcess.Create(("StableAge", 86400), ("GdtGenerator", new Dictionary<string, object?> { ["Enable"] = false }),
            ("DicomAlwaysAllowFind", true), ("DicomAlwaysAllowGet", true), ("DicomAlwaysAllowMove", true));
        await server.StartAsync(Ct);
        using var ours = new HttpClient { BaseAddress = server.Address };
        var (there, here) = (new Side(orthanc.Http, orthanc.DicomPort), new Side(ours, server.DicomPort));
        var files = new[] { Picture(1), Picture(9) };
        await there.PrepareAsync(files);
        await here.PrepareAsync(files);
        var (problems, compared) = (new List<string>(), 0);
        foreach (var (tier, method, path) in OrthancTable.Rows().Where(r => r.Tier < 4))
        {
            if (Newer.Any(n => path.StartsWith(n, StringComparison.Ordinal) || $"{method} {path}".StartsWith(n, StringComparison.Ordinal)) || path.Contains("/labels", StringComparison.Ordinal) || Others.ContainsKey(path))
            {
                continue;
            }
            var (theirs, our) = (await there.AskAsync(method, path, files), await here.AskAsync(method, path, files));
            compared++;
            problems.AddRange(theirs.Compare(our).Select(p => $"{tier} {method} {path}: {p}"));
        }
        Assert.True(problems.Count == 0, string.Join('\n', problems));
        Assert.True(compared > 120, $"only {compared} answers were compared");
    }

    private static string Uid(int study) => string.Create(CultureInfo.InvariantCulture, $"1.2.3.{study}");

    private static byte[] Picture(int study)
    {
        var dataset = new DicomDataset().Set(DicomTag.SOPClassUID, DicomUid.SecondaryCaptureImageStorage).Set(DicomTag.SOPInstanceUID, Uid(study) + ".1.1").Set(DicomTag.StudyInstanceUID, Uid(study))
            .Set(DicomTag.SeriesInstanceUID, Uid(study) + ".1").Set(DicomTag.PatientID, "P1").Set(DicomTag.PatientName, "Test^Patient").Set(DicomTag.PatientBirthDate, "19800102").Set(DicomTag.PatientSex, "F")
            .Set(DicomTag.StudyDate, "20260105").Set(DicomTag.StudyTime, "101500").Set(DicomTag.StudyID, "1").Set(DicomTag.AccessionNumber, "R0000000001").Set(DicomTag.ReferringPhysicianName, "Arzt")
            .Set(DicomTag.Modality, "US").Set(DicomTag.SeriesNumber, 1).Set(DicomTag.InstanceNumber, 1).Set(DicomTag.Rows, 2).Set(DicomTag.Columns, 2).Set(DicomTag.BitsAllocated, 8)
            .Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0).Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2")
            .Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[4]));
        using var stream = new MemoryStream();
        new DicomFile(dataset, TransferSyntax.ExplicitVRLittleEndian).Save(stream);
        return stream.ToArray();
    }

    private sealed record Answer(int Status, string? Type, JsonNode? Json, string Text)
    {
        public IEnumerable<string> Compare(Answer our)
        {
            if (Status != our.Status)
            {
                return [$"{Status} there, {our.Status} here: {our.Text[..Math.Min(our.Text.Length, 200)]}"];
            }
            // Orthanc's errors say no type, and empty answers may have any
            var problems = Status < 300 && Text.Length > 0 && Type != our.Type ? new List<string> { $"{Type} there, {our.Type} here" } : [];
            Shape(Json, our.Json, "", problems);
            return problems;
        }

        private static void Shape(JsonNode? there, JsonNode? here, string at, List<string> problems)
        {
            switch (there, here)
            {
                case (JsonObject left, JsonObject right):
                    foreach (var name in left.Select(m => m.Key).Union(right.Select(m => m.Key)).Where(n => !Differences.ContainsKey(n)))
                    {
                        if (left.ContainsKey(name) && right.ContainsKey(name))
                        {
                            Shape(left[name], right[name], $"{at}/{name}", problems);
                        }
                        else
                        {
                            problems.Add($"{at}/{name} {(left.ContainsKey(name) ? "not here" : "not there")}");
                        }
                    }
                    break;
                case (JsonArray left, JsonArray right) when left.Count > 0 && right.Count > 0:
                    Shape(left[0], right[0], at + "/0", problems);
                    break;
                case (JsonArray, JsonArray):
                    break;
                default:
                    if (Kind(there) != Kind(here))
                    {
                        problems.Add($"{at}: {there?.GetValueKind()} there, {here?.GetValueKind()} here");
                    }
                    break;
            }
        }
    }

    private static JsonValueKind? Kind(JsonNode? value) => value?.GetValueKind() is JsonValueKind.False ? JsonValueKind.True : value?.GetValueKind();

    /// <summary>One of the two servers, and what the things are called that it has made.</summary>
    private sealed class Side(HttpClient http, int dicomPort)
    {
        private readonly Dictionary<string, string> _names = [];
        private readonly Dictionary<string, string> _ids = [];

        public async Task PrepareAsync(byte[][] files)
        {
            var stored = (await UploadAsync(files)).Json!;
            (_ids["instances"], _ids["series"], _ids["studies"], _ids["patients"]) =
                ((string)stored["ID"]!, (string)stored["ParentSeries"]!, (string)stored["ParentStudy"]!, (string)stored["ParentPatient"]!);
            await SendAsync("PUT", "/modalities/self", Self);
            _names["{study}"] = _ids["studies"];
            _names["{pdf}"] = Id(await SendAsync("POST", "/tools/create-dicom", $$"""{"Parent":"{{_ids["studies"]}}","Tags":{},"Content":"data:application/pdf;base64,{{Convert.ToBase64String("%PDF-1.4"u8)}}"}"""));
            _names["{job}"] = Id(await SendAsync("POST", $"/studies/{_ids["studies"]}/archive", """{"Asynchronous":true}"""));
            _names["{query}"] = Id(await SendAsync("POST", "/modalities/self/query", """{"Level":"Study","Query":{"PatientID":"P1"}}"""));
        }

        public async Task<Answer> AskAsync(string method, string path, byte[][] files)
        {
            if (method == "DELETE" || path.Contains("modify", StringComparison.Ordinal) || path.Contains("merge", StringComparison.Ordinal))
            {
                await UploadAsync(files); // what was deleted before is there again
            }
            var address = _names.Aggregate(path, (all, name) => all.Replace(name.Key, name.Value, StringComparison.Ordinal));
            address = address.Replace("{id}", _ids.GetValueOrDefault(path.Split('/')[1]) ?? "", StringComparison.Ordinal);
            return path == "/instances" && method == "POST" ? await SendAsync(method, path, null, files[0]) : await SendAsync(method, address, method is "POST" or "PUT" ? Body(path) : null);
        }

        private async Task<Answer> UploadAsync(byte[][] files)
        {
            await SendAsync("POST", "/instances", null, files[1]);
            return await SendAsync("POST", "/instances", null, files[0]);
        }

        private static string Id(Answer answer) => (string?)answer.Json?["ID"] ?? throw new InvalidOperationException(answer.Text);

        private string Self => $$"""{"AET":"ORTHANC","Host":"127.0.0.1","Port":{{dicomPort.ToString(CultureInfo.InvariantCulture)}} }""";

        private string Body(string path) => path switch
        {
            "/modalities/self" or "/tools/dicom-echo" => Self,
            "/modalities/self/store" or "/peers/other/store" => _ids["studies"],
            "/peers/other" => $$"""["{{http.BaseAddress}}","",""]""",
            "/modalities/self/query" => """{"Level":"Study","Query":{"PatientID":"P1"}}""",
            "/modalities/self/move" => $$"""{"Level":"Study","Resources":[{"StudyInstanceUID":"{{Uid(1)}}"}],"TargetAet":"ORTHANC"}""",
            "/modalities/self/find-worklist" => "{}",
            "/tools/find" => """{"Level":"Study","Query":{}}""",
            "/tools/lookup" => "P1",
            "/tools/bulk-content" or "/tools/bulk-anonymize" => $$"""{"Resources":["{{_ids["studies"]}}"],"Level":"Study"}""",
            "/tools/bulk-modify" => $$$"""{"Resources":["{{{_ids["studies"]}}}"],"Level":"Study","Replace":{"StudyDescription":"x"}}""",
            "/tools/bulk-delete" => $$"""{"Resources":["{{_ids["series"]}}"]}""",
            "/tools/create-dicom" => """{"Tags":{"PatientID":"N1"}}""",
            "/studies/{id}/split" => $$"""{"Series":["{{_ids["series"]}}"],"KeepSource":true}""",
            "/studies/{id}/merge" => $$"""{"Resources":["{{Other}}"],"KeepSource":true}""",
            _ when path.StartsWith("/tools/log-level", StringComparison.Ordinal) => "default",
            _ when path.EndsWith("/protected", StringComparison.Ordinal) => "1",
            _ when path.EndsWith("/patients/{id}/modify", StringComparison.Ordinal) => """{"Replace":{"PatientID":"P2"},"Force":true}""",
            _ when path.EndsWith("/modify", StringComparison.Ordinal) => """{"Replace":{"StudyDescription":"x"}}""",
            _ when path.StartsWith("/tools/create-", StringComparison.Ordinal) => $$"""["{{_ids["studies"]}}"]""",
            _ when path.EndsWith("/retrieve", StringComparison.Ordinal) => "ORTHANC",
            _ => "{}",
        };

        // a series of another study
        private static string Other { get; } = Pacs.Storage.ResourceId.ForSeries("P1", Uid(9), Uid(9) + ".1").ToString();

        private async Task<Answer> SendAsync(string method, string path, string? body, byte[]? bytes = null)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative)) { Content = bytes is not null ? new ByteArrayContent(bytes) : body is null ? null : new StringContent(body) };
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("*/*"));
            using var answer = await http.SendAsync(request, Ct);
            var content = await answer.Content.ReadAsByteArrayAsync(Ct);
            var text = Encoding.UTF8.GetString(content);
            return new Answer((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, text.StartsWith('{') || text.StartsWith('[') ? JsonNode.Parse(content) : null, text);
        }
    }
}
