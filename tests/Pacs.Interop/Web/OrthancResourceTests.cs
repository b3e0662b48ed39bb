using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Pacs.Interop;

/// <summary>Resources, tags, finds and uploads: the same requests to a real Orthanc and to us with the same data, compared field by field.</summary>
public sealed partial class OrthancResourceTests
{
    /// <summary>Where our answers differ, as the last member of a path, and why.</summary>
    private static readonly Dictionary<string, string> Differences = new()
    {
        ["LastUpdate"] = "the time of the upload",
        ["ReceptionDate"] = "the time of the upload",
        ["HttpUsername"] = "there are no users of the REST API here",
        ["FileUuid"] = "a name made up by each server",
        ["Uuid"] = "as FileUuid",
        ["Details"] = "a sentence of each server's own",
        ["Labels"] = "since Orthanc 1.12.0; Debian's is 1.10.1",
        ["TimezoneOffsetFromUTC"] = "a main tag since Orthanc 1.12.5",
        ["FileSize"] = "the file meta group is written anew, and names the writer",
        ["DiskSize"] = "as FileSize",
        ["DicomDiskSize"] = "as FileSize",
        ["UncompressedSize"] = "as FileSize",
        ["DicomUncompressedSize"] = "as FileSize",
        ["PixelDataOffset"] = "as FileSize",
        ["FileMetaInformationGroupLength"] = "as FileSize",
        ["FileMetaInformationVersion"] = "a binary element, which Orthanc leaves out here",
        ["ImplementationClassUID"] = "names the writer",
        ["ImplementationVersionName"] = "names the writer",
        ["SourceApplicationEntityTitle"] = "Orthanc writes blanks where there is none",
    };

    private static readonly string[] Levels = ["patients", "studies", "series", "instances"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Resources_finds_and_uploads_are_orthancs()
    {
        await using var orthanc = await OrthancProcess.StartAsync(Ct);
        await using var server = ServerProcess.Create(("StableAge", 86400), ("GdtGenerator", new Dictionary<string, object?> { ["Enable"] = false }));
        await server.StartAsync(Ct);
        using var ours = new HttpClient { BaseAddress = server.Address };
        var both = new Both(orthanc.Http, ours);
        foreach (var path in new[] { "tools/generate-uid", "exports", "exports?since=0&limit=5", "plugins", "plugins/nope", "peers", "peers?expand", "peers/nope", "patients/nope/protected" })
        {
            await both.SameAsync("GET", path);
        }
        using var samples = new SampleFiles()
            .Add("Müller^Jörg", "4711", "1.2.276.0.1").Add("Müller^Jörg", "4711", "1.2.276.0.1", 2).Add("Schmidt^Hans", "4712", "1.2.276.0.2")
            .Add("Schmidt^Eva", "AB-12", "1.2.276.0.3", description: "Echokardiographie").Add("Weiß^Anna", "4713", "1.2.276.0.4");

        await UploadAsync(both, samples);
        var ids = await ReadAsync(both);
        await FindAsync(both, ids);
        await NoteAsync(both, ids);
        await RefuseAsync(both, ids);
        await DeleteAsync(both, ids);
        Assert.True(both.Problems.Count == 0, string.Join('\n', both.Problems));
        Assert.True(both.Compared > 400, $"only {both.Compared} answers were compared");
    }

    private static async Task UploadAsync(Both both, SampleFiles samples)
    {
        var files = samples.Paths.Select(File.ReadAllBytes).ToArray();
        await both.SameAsync("POST", "instances", files[0]);
        await both.SameAsync("POST", "instances", files[0]); // AlreadyStored
        await both.SameAsync("POST", "instances", files[1], "text/plain");
        await both.SameAsync("POST", "instances", Packed(files[2]), "application/dicom", "gzip");
        using var zip = new MemoryStream();
        await using (var archive = new ZipArchive(zip, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in new[] { ("a/1.dcm", files[3]), ("readme.txt", "Not DICOM"u8.ToArray()), ("b/2.dcm", files[4]) })
            {
                await using var entry = await archive.CreateEntry(name).OpenAsync(Ct);
                await entry.WriteAsync(bytes, Ct);
            }
        }
        await both.SameAsync("POST", "instances", zip.ToArray(), "application/zip");
        await both.SameAsync("POST", "instances", "no DICOM"u8.ToArray());
        await both.SameAsync("POST", "instances", []);

        static byte[] Packed(byte[] bytes)
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write(bytes);
            }
            return packed.ToArray();
        }
    }

    private static async Task<Dictionary<string, string[]>> ReadAsync(Both both)
    {
        var ids = new Dictionary<string, string[]>();
        foreach (var level in Levels)
        {
            ids[level] = [.. JsonNode.Parse(await both.Orthanc.GetStringAsync(new Uri(level, UriKind.Relative), Ct))!.AsArray().Select(i => (string)i!)];
            foreach (var query in new[] { "", "?expand", "?since=0&limit=100", "?since=0&limit=100&expand", "?since=100&limit=1", "?limit=1", "?since=1", "?since=x&limit=1" })
            {
                await both.SameAsync("GET", level + query);
            }
            foreach (var id in ids[level])
            {
                string[] routes = ["", "/statistics", "/module", "/module?simplify", "/module?short", "/patient", "/study", "/series", "/studies", "/instances"];
                foreach (var route in level == "instances" ? routes : [.. routes, "/shared-tags", "/shared-tags?simplify", "/instances-tags?short"])
                {
                    await both.SameAsync("GET", $"{level}/{id}{route}");
                }
            }
        }
        foreach (var id in ids["studies"])
        {
            await both.SameAsync("GET", $"studies/{id}/module-patient?simplify");
        }
        foreach (var id in ids["instances"])
        {
            foreach (var route in new[] { "tags", "tags?short", "tags?simplify", "simplified-tags", "header?simplify", "content/PatientName", "content/0010-0020", "content/0008-9999", "content/0008-1140",
                "frames", "frames/0/raw", "frames/1/raw", "frames/1/preview", "frames/x/preview", "pdf" })
            {
                await both.SameAsync("GET", $"instances/{id}/{route}");
            }
        }
        return ids;
    }

    private static async Task FindAsync(Both both, Dictionary<string, string[]> ids)
    {
        string[] bodies =
        [
            """{"Level":"Study","Query":{}}""", """{"Level":"Study","Query":{},"Expand":true}""", """{"Level":"Patient","Query":{"PatientID":"47*"},"Expand":true,"Full":true}""",
            """{"Level":"Series","Query":{"Modality":"US\\SR"},"Expand":true,"Short":true}""", """{"Level":"Instance","Query":{"PatientID":"4711"},"Expand":true}""",
            """{"Level":"Study","Query":{"PatientID":"ab-12"}}""", """{"Level":"Study","Query":{"PatientID":"ab-12"},"CaseSensitive":true}""",
            """{"Level":"Study","Query":{"StudyDescription":"sono*"}}""", """{"Level":"Study","Query":{"StudyDescription":"sono*"},"CaseSensitive":true}""",
            """{"Level":"Study","Query":{"PatientName":"schmidt*"}}""", """{"Level":"Study","Query":{"PatientName":"schmidt*"},"CaseSensitive":true}""",
            """{"Level":"Study","Query":{"PatientName":"Schmidt*"},"CaseSensitive":true}""", """{"Level":"Study","Query":{"PatientName":"müller^jörg"}}""",
            """{"Level":"Study","Query":{"StudyTime":"083106-083160"}}""", """{"Level":"Study","Query":{"StudyTime":"0831-0832"}}""", """{"Level":"Study","Query":{"StudyTime":"083108-"}}""",
            """{"Level":"Study","Query":{"StudyTime":"0831"}}""", """{"Level":"Study","Query":{"StudyDate":"20240101-20241231"}}""", """{"Level":"Study","Query":{"StudyDate":"-20231231"}}""",
            """{"Level":"Study","Query":{"StudyDate":"2024*"}}""", """{"Level":"Study","Query":{"StudyInstanceUID":"1.2*"}}""", """{"Level":"Study","Query":{"ModalitiesInStudy":"US"}}""",
            """{"Level":"Study","Query":{"0010,0020":"4712"}}""", """{"Level":"Study","Query":{"AccessionNumber":"","StudyID":"1"}}""",
            """{"Level":"Nothing","Query":{}}""", """{"Query":{}}""", """{"Level":"Study"}""", """{"Level":"Study","Query":{"PatientID":1}}""", """{"Level":"Study","Query":{},"Limit":-1}""",
            """{"Level":"Study","Query":{},"Limit":"1"}""", "[]", "no JSON",
        ];
        foreach (var body in bodies)
        {
            // the old PHP of the practices posts as a form
            await both.SameAsync("POST", "tools/find", Encoding.UTF8.GetBytes(body), "application/x-www-form-urlencoded");
        }
        foreach (var text in new[] { "4711", "ab-12", "1.2.276.0.2", "1.2.276.0.2.1", "1.2.276.0.2.1.1", "R0000000001", "nothing" })
        {
            await both.SameAsync("POST", "tools/lookup", Encoding.UTF8.GetBytes(text));
        }
        await both.SameAsync("POST", "tools/bulk-content", Encoding.UTF8.GetBytes($$"""{"Resources":["{{ids["studies"][0]}}","{{ids["instances"][0]}}"]}"""));
    }

    private static async Task NoteAsync(Both both, Dictionary<string, string[]> ids)
    {
        foreach (var level in Levels)
        {
            var metadata = $"{level}/{ids[level][0]}/metadata";
            (string Method, string Path, string? Body)[] notes =
            [
                ("GET", "/1024", null), ("PUT", "/1024", "hello"), ("GET", "/1024", null), ("PUT", "/1024", "Müller"), ("GET", "/1024", null), ("PUT", "/65535", ""), ("GET", "/65535", null),
                ("PUT", "/LastUpdate", "x"), ("PUT", "/1023", "x"), ("PUT", "/65536", "x"), ("PUT", "/Nothing", "x"), ("DELETE", "/Nothing", null), ("DELETE", "/LastUpdate", null),
                ("DELETE", "/1024", null), ("DELETE", "/1024", null), ("GET", "/1024", null), ("DELETE", "/65535", null), ("GET", "/Nothing", null),
            ];
            foreach (var (method, path, body) in notes)
            {
                await both.SameAsync(method, metadata + path, body is null ? null : Encoding.UTF8.GetBytes(body));
            }
            var attachments = $"{level}/{ids[level][0]}/attachments";
            (string Method, string Path, string? Body)[] files =
            [
                ("GET", "", null), ("PUT", "/1024", "first"), ("PUT", "/1024", "second"), ("GET", "", null), ("GET", "?full", null), ("GET", "/1024/size", null), ("GET", "/1024/md5", null),
                ("GET", "/1024/data", null), ("GET", "/1024/compressed-data", null), ("GET", "/1024/compressed-md5", null), ("GET", "/1024/compressed-size", null),
                ("GET", "/1024/is-compressed", null), ("GET", "/1024/info", null), ("POST", "/1024/verify-md5", ""), ("POST", "/1024/uncompress", ""), ("PUT", "/dicom", "x"),
                ("PUT", "/Nothing", "x"), ("GET", "/1025", null), ("GET", "/1025/data", null), ("GET", "/Nothing", null), ("DELETE", "/dicom", null), ("DELETE", "/1024", null),
                ("DELETE", "/1024", null), ("GET", "/1024/md5", null),
            ];
            foreach (var (method, path, body) in files)
            {
                await both.SameAsync(method, attachments + path, body is null ? null : Encoding.UTF8.GetBytes(body));
            }
            await both.SameAsync("PUT", $"{level}/nope/metadata/1024", "x"u8.ToArray());
            await both.SameAsync("GET", $"{level}/nope/attachments");
        }
        var dicom = $"instances/{ids["instances"][0]}/attachments/dicom";
        foreach (var route in new[] { "", "/is-compressed" })
        {
            await both.SameAsync("GET", dicom + route);
        }
    }

    private static async Task RefuseAsync(Both both, Dictionary<string, string[]> ids)
    {
        foreach (var level in Levels)
        {
            foreach (var id in new[] { "nope", "ffffffff-ffffffff-ffffffff-ffffffff-ffffffff" })
            {
                foreach (var route in new[] { "", "/statistics", "/patient", "/series", "/instances", "/module", "/shared-tags", "/archive" })
                {
                    await both.SameAsync("GET", $"{level}/{id}{route}");
                }
                await both.SameAsync("DELETE", $"{level}/{id}");
            }
            await both.SameAsync("PUT", $"{level}/{ids[level][0]}", []);
            await both.SameAsync("DELETE", level);
        }
        foreach (var route in new[] { "tags", "simplified-tags", "header", "file", "frames", "preview", "pdf", "frames/0/raw" })
        {
            await both.SameAsync("GET", $"instances/nope/{route}");
        }
    }

    private static async Task DeleteAsync(Both both, Dictionary<string, string[]> ids)
    {
        var one = JsonNode.Parse(await both.Orthanc.GetStringAsync(new Uri($"studies/{ids["studies"][0]}/instances", UriKind.Relative), Ct))!.AsArray();
        await both.SameAsync("DELETE", $"instances/{(string)one[0]!["ID"]!}");
        await both.SameAsync("DELETE", $"studies/{ids["studies"][1]}");
        await both.SameAsync("POST", "tools/bulk-delete", Encoding.UTF8.GetBytes($$"""{"Resources":["{{ids["patients"][2]}}","nope"]}"""));
        foreach (var level in Levels)
        {
            await both.SameAsync("GET", level);
        }
    }

    /// <summary>Two servers that get the same requests.</summary>
    private sealed partial class Both(HttpClient orthanc, HttpClient ours)
    {
        public HttpClient Orthanc => orthanc;

        public List<string> Problems { get; } = [];

        public int Compared { get; private set; }

        public async Task SameAsync(string method, string path, byte[]? body = null, string type = "application/octet-stream", string? encoding = null)
        {
            using var theirs = await SendAsync(orthanc);
            using var our = await SendAsync(ours);
            Compared++;
            var what = $"{method} {path} {(body is { Length: < 200 } ? Encoding.UTF8.GetString(body) : "")}";
            if (theirs.StatusCode != our.StatusCode)
            {
                Problems.Add($"{what}: {(int)theirs.StatusCode} there, {(int)our.StatusCode} here {await our.Content.ReadAsStringAsync(Ct)}");
                return;
            }
            var (there, here) = (await theirs.Content.ReadAsByteArrayAsync(Ct), await our.Content.ReadAsByteArrayAsync(Ct));
            // Orthanc's errors say no type
            if (theirs.IsSuccessStatusCode && there.Length > 0 && theirs.Content.Headers.ContentType?.ToString() != our.Content.Headers.ContentType?.ToString())
            {
                Problems.Add($"{what}: {theirs.Content.Headers.ContentType} there, {our.Content.Headers.ContentType} here");
            }
            if (theirs.StatusCode == HttpStatusCode.MethodNotAllowed)
            {
                // HEAD is more than Orthanc has
                Check(what, string.Join(',', theirs.Content.Headers.Allow.Order()), string.Join(',', our.Content.Headers.Allow.Where(m => m != "HEAD").Order()));
            }
            if (there.Length > 0 && here.Length > 0 && there[0] is (byte)'{' or (byte)'[')
            {
                Compare(what, JsonNode.Parse(there), JsonNode.Parse(here));
            }
            else
            {
                Check(what, Encoding.Latin1.GetString(there), Encoding.Latin1.GetString(here));
            }

            async Task<HttpResponseMessage> SendAsync(HttpClient http)
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                if (body is not null)
                {
                    request.Content = new ByteArrayContent(body);
                    request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
                    if (encoding is not null)
                    {
                        request.Content.Headers.ContentEncoding.Add(encoding);
                    }
                }
                return await http.SendAsync(request, Ct);
            }
        }

        private void Compare(string what, JsonNode? there, JsonNode? here)
        {
            switch (there, here)
            {
                case (JsonObject a, JsonObject b):
                    foreach (var name in a.Select(m => m.Key).Union(b.Select(m => m.Key)).Where(n => !Differences.ContainsKey(n)))
                    {
                        if (!a.ContainsKey(name) || !b.ContainsKey(name))
                        {
                            Problems.Add($"{what}: {name} is {(a.ContainsKey(name) ? "there and not here" : "here and not there")}");
                            continue;
                        }
                        Compare($"{what}/{name}", a[name], b[name]);
                    }
                    break;
                case (JsonArray a, JsonArray b) when a.Count == b.Count:
                    // lists of resources have no order in Orthanc
                    foreach (var (x, y) in a.OrderBy(Id, StringComparer.Ordinal).Zip(b.OrderBy(Id, StringComparer.Ordinal)))
                    {
                        Compare(what, x, y);
                    }
                    break;
                default:
                    Check(what, there?.ToJsonString() ?? "null", here?.ToJsonString() ?? "null");
                    break;
            }

            static string Id(JsonNode? node) => node is JsonObject resource ? (string?)resource["ID"] ?? "" : node?.ToJsonString() ?? "";
        }

        private void Check(string what, string there, string here)
        {
            if (there != here)
            {
                Problems.Add($"{what}: {Short(there)} there, {Short(here)} here");
            }

            static string Short(string text) => Line().Replace(text.Length > 120 ? text[..120] : text, " ");
        }

        [GeneratedRegex(@"\s+")]
        private static partial Regex Line();
    }
}
