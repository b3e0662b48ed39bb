using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Pacs.Dicom;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>The tags of every sample in the three forms, from a real Orthanc and from us, element by element; its stored values, and the order of the slices of its series. What differs is listed with its reason.</summary>
public sealed partial class OrthancTagTests
{
    // a series whose elements are all of VR UN: Orthanc takes them for binary, and so sees one frame of fifteen
    private const string Wrapped = "99794c11-37484c66-d9da6705-d5f56258-12ef0656";

    private const string Retired = "RETIRED_";

    // a larger file takes long, and its elements are those of smaller ones
    private const long MaxSize = 20_000_000;

    /// <summary>Files and elements that differ, and why.</summary>
    private static readonly Dictionary<string, string> Different = new()
    {
        ["deep_60_levels.dcm"] = "Orthanc 1.10.1 ends with a stack overflow",
        ["pydicom__chrH32.dcm"] = "Orthanc takes 5CH of ISO IR 13 for a yen sign where it parts values, and does not know ISO 2022 IR 87 behind it (PS3.5 §6.1.2.5)",
        ["cs_typo_iso_ir_space.dcm"] = "Orthanc drops what a misspelt character set does not say; here it is read as Latin-1",
        ["dicom-fuzzing-corpus__TC0411_utf8_continuation_no_start.dcm"] = "Orthanc drops bytes that are no UTF-8; here they are read as Latin-1",
        ["sonoscape_like_photometric_mismatch_1.dcm"] = "repaired here (ADR 0014)",
        ["sonoscape_like_photometric_mismatch_2.dcm"] = "repaired here (ADR 0014)",
        ["pydicom__J2K_pixelrep_mismatch.dcm"] = "as chrH32: yen signs where values are parted",
        ["deflate_bomb_256mb.dcm"] = "kept as it came, but what expands like that is not expanded here",
        ["0028,0009"] = "of several attribute tags Orthanc writes the first only",
        ["FrameIncrementPointer"] = "the same",
    };

    /// <summary>Files whose stored values differ, and why; those of single bits are 255 there, and 1 here.</summary>
    private static readonly Dictionary<string, string> Clipped = new()
    {
        ["pydicom__badVR.dcm"] = "an element with a wrong VR keeps Orthanc from showing values",
        ["pydicom__MR_small.dcm"] = "a truncated variant of it is stored here first, which Orthanc refuses",
        ["weasis-dicom-tools__overlay.dcm"] = "Orthanc takes the overlay in the unused bits for a part of the value",
        ["dicom-fuzzing-corpus__TC0285_buf_half.dcm"] = "what there is of the pixels is shown here",
        ["dicom-fuzzing-corpus__TC0297_cols_zero.dcm"] = "an image without columns is none here",
        ["dicom-fuzzing-corpus__TC0923_minmax_bs1_hb15.dcm"] = "one bit of sixteen is a value here",
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tags_of_samples_are_orthancs()
    {
        var samples = SharedSamples.Readable.Where(s => new FileInfo(s.FullPath).Length <= MaxSize && !Different.ContainsKey(Path.GetFileName(s["path"]))).ToList();
        await using var orthanc = await OrthancProcess.StartAsync(Ct);
        await using var server = ServerProcess.Create(("StableAge", 86400), ("GdtGenerator", new Dictionary<string, object?> { ["Enable"] = false }));
        await server.StartAsync(Ct);
        using var ours = new HttpClient { BaseAddress = server.Address };
        var (problems, seen, compared) = (new List<string>(), new HashSet<string>(), 0);
        foreach (var sample in samples)
        {
            var bytes = await File.ReadAllBytesAsync(sample.FullPath, Ct);
            var (theirs, own) = (await StoreAsync(orthanc.Http, bytes), await StoreAsync(ours, bytes));
            // one that either does not take, or that a repair has moved (ADR 0014), is for other tests
            if (theirs is null || theirs != own)
            {
                continue;
            }
            // several samples are variants of one object: of these the first is what there is
            if (seen.Add(theirs))
            {
                problems.AddRange(await CompareValuesAsync(orthanc.Http, ours, theirs, sample));
            }
            var privateNames = new HashSet<string>();
            foreach (var route in new[] { "tags", "tags?short", "simplified-tags" })
            {
                var (there, here) = (await ReadAsync(orthanc.Http, theirs, route), await ReadAsync(ours, theirs, route));
                CollectPrivateNames(there, privateNames);
                problems.AddRange(Differences(there, here, Path.GetFileName(sample["path"]), privateNames).Select(d => $"{route} {d}"));
                compared++;
            }
        }
        foreach (var series in JsonNode.Parse(await ours.GetStringAsync(new Uri("series", UriKind.Relative), Ct))!.AsArray())
        {
            var (path, list) = ($"series/{series}/ordered-slices", $"series/{series}/instances?expand=false");
            if ((string?)series == Wrapped || await IdsAsync(orthanc.Http, list) != await IdsAsync(ours, list))
            {
                continue; // one of the two has refused some of them
            }
            using var there = await orthanc.Http.GetAsync(new Uri(path, UriKind.Relative), Ct);
            if (there.IsSuccessStatusCode && await there.Content.ReadAsStringAsync(Ct) is var expected && await ours.GetStringAsync(new Uri(path, UriKind.Relative), Ct) is var got && expected != got)
            {
                problems.Add($"{path}: {expected.ReplaceLineEndings("")} there, {got.ReplaceLineEndings("")} here");
            }
        }
        Assert.True(problems.Count == 0, string.Join('\n', problems.Take(50)));
        Assert.True(compared > 400, $"only {compared} answers were compared");
    }

    private static async Task<string> IdsAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), Ct);
        return answer.IsSuccessStatusCode ? string.Join(',', JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!.AsArray().Select(i => i is JsonObject instance ? (string?)instance["ID"] : (string?)i).Order(StringComparer.Ordinal)) : "";
    }

    // of uncompressed images: decoders may differ by one
    private static async Task<List<string>> CompareValuesAsync(HttpClient orthanc, HttpClient ours, string id, SharedSamples.Sample sample)
    {
        var problems = new List<string>();
        foreach (var name in sample["bits_allocated"] is not "1" && !Clipped.ContainsKey(Path.GetFileName(sample["path"])) && sample["ts_uid"] is "1.2.840.10008.1.2" or "1.2.840.10008.1.2.1" ? new[] { "image-uint8", "image-uint16", "image-int16" } : [])
        {
            var (there, here) = (await ReadPamAsync(orthanc, $"instances/{id}/{name}"), await ReadPamAsync(ours, $"instances/{id}/{name}"));
            if (there.Status != here.Status || !there.Bytes.AsSpan().SequenceEqual(here.Bytes))
            {
                problems.Add($"{Path.GetFileName(sample["path"])} {name}: {there.Status} and {there.Bytes.Length} bytes there, {here.Status} and {here.Bytes.Length} bytes here");
            }
        }
        return problems;
    }

    private static async Task<(int Status, byte[] Bytes)> ReadPamAsync(HttpClient http, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("image/x-portable-arbitrarymap");
        using var answer = await http.SendAsync(request, Ct);
        return ((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(Ct));
    }

    private static async Task<string?> StoreAsync(HttpClient http, byte[] bytes)
    {
        using var answer = await http.PostAsync(new Uri("instances", UriKind.Relative), new ByteArrayContent(bytes), Ct);
        return answer.IsSuccessStatusCode ? (string?)JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(Ct))!["ID"] : null;
    }

    private static async Task<JsonObject> ReadAsync(HttpClient http, string id, string route)
    {
        using var answer = await http.GetAsync(new Uri($"instances/{id}/{route}", UriKind.Relative), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, $"{http.BaseAddress}instances/{id}/{route}: {(int)answer.StatusCode} {text}");
        return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = 1000 })!.AsObject();
    }

    private static IEnumerable<string> Differences(JsonObject there, JsonObject here, string where, HashSet<string> privateNames)
    {
        // retired attributes have no prefix here
        if (there.Any(m => m.Key.StartsWith(Retired, StringComparison.Ordinal)))
        {
            there = new JsonObject(there.Select(m => KeyValuePair.Create(m.Key.Replace(Retired, "", StringComparison.Ordinal), m.Value?.DeepClone())));
        }
        foreach (var name in there.Select(m => m.Key).Union(here.Select(m => m.Key)))
        {
            var at = $"{where}/{name}";
            if (Different.ContainsKey(name) || IsMeant(name, there.ContainsKey(name), here.ContainsKey(name), privateNames))
            {
                continue;
            }
            if (!there.TryGetPropertyValue(name, out var left) || !here.TryGetPropertyValue(name, out var right))
            {
                yield return $"{at}: {(there.ContainsKey(name) ? "not here" : "not there")}";
                continue;
            }
            foreach (var difference in Values(left, right, at, PrivateNumber().IsMatch(name), privateNames))
            {
                yield return difference;
            }
        }
    }

    // simplified, private elements and group lengths have the names of dcmtk's dictionary there and their numbers here
    private static bool IsMeant(string name, bool isThere, bool isHere, HashSet<string> privateNames) =>
        (isThere && !isHere && (privateNames.Contains(name) || !DicomDictionary.TryFindKeyword(name, out _))) || (isHere && !isThere && DicomTag.TryParse(name, out var tag) && (tag.IsPrivate || tag.IsGroupLength));

    private static IEnumerable<string> Values(JsonNode? there, JsonNode? here, string at, bool isPrivate, HashSet<string> privateNames)
    {
        switch (there, here)
        {
            case (JsonObject left, JsonObject right) when left.ContainsKey("Type"):
                // of private elements Orthanc has names and VRs of dcmtk's dictionary
                if (!isPrivate && ((string?)left["Name"])?.Replace(Retired, "", StringComparison.Ordinal) != (string?)right["Name"])
                {
                    yield return $"{at}: {left["Name"]} there, {right["Name"]} here";
                }
                foreach (var difference in Values(left["Value"], right["Value"], at, isPrivate, privateNames))
                {
                    yield return difference;
                }
                break;
            case (JsonObject left, JsonObject right):
                foreach (var difference in Differences(left, right, at, privateNames))
                {
                    yield return difference;
                }
                break;
            case (JsonArray left, JsonArray right) when left.Count == right.Count:
                for (var i = 0; i < left.Count; i++)
                {
                    foreach (var difference in Values(left[i], right[i], at, isPrivate, privateNames))
                    {
                        yield return difference;
                    }
                }
                break;
            default:
                if (!JsonNode.DeepEquals(there, here) && !(isPrivate && there is null != here is null) && !AreNumbers((string?)there, (string?)here))
                {
                    yield return $"{at}: {there?.ToJsonString() ?? "null"} there, {here?.ToJsonString() ?? "null"} here";
                }
                break;
        }
    }

    // Orthanc writes floating point numbers with 17 digits
    private static bool AreNumbers(string? there, string? here) => there is not null && here is not null && there.Split('\\') is var left && here.Split('\\') is var right && left.Length == right.Length
        && left.Zip(right).All(p => double.TryParse(p.First, CultureInfo.InvariantCulture, out var one) && double.TryParse(p.Second, CultureInfo.InvariantCulture, out var other) && one.Equals(other)
            && (p.First.Length > 15 || p.First == p.Second));

    private static void CollectPrivateNames(JsonNode? json, HashSet<string> names)
    {
        foreach (var (name, value) in json as JsonObject ?? [])
        {
            if (PrivateNumber().IsMatch(name) && value is JsonObject element)
            {
                names.Add((string)element["Name"]!);
            }
            CollectPrivateNames(value, names);
        }
        foreach (var item in json as JsonArray ?? [])
        {
            CollectPrivateNames(item, names);
        }
    }

    [GeneratedRegex("^[0-9a-f]{3}[13579bdf],")]
    private static partial Regex PrivateNumber();
}
