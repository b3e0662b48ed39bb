using System.Text.Json.Nodes;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>The same modifications asked of a real Orthanc and of us: what is answered and refused, and what comes out.</summary>
public sealed class OrthancModificationTests
{
    private static readonly DicomTag[] Anew = [DicomTag.SOPInstanceUID, DicomTag.SeriesInstanceUID, DicomTag.StudyInstanceUID];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Modifications_are_orthancs()
    {
        await using var orthanc = await OrthancProcess.StartAsync(Ct);
        await using var server = ServerProcess.Create(("StableAge", 86400), ("GdtGenerator", new Dictionary<string, object?> { ["Enable"] = false }));
        await server.StartAsync(Ct);
        using var ours = new HttpClient { BaseAddress = server.Address };
        using var samples = new SampleFiles().Add("Müller^Jörg", "4711", "1.2.276.0.1").Add("Müller^Jörg", "4711", "1.2.276.0.1", 2).Add("Schmidt^Hans", "4712", "1.2.276.0.2");
        foreach (var path in samples.Paths)
        {
            foreach (var http in new[] { orthanc.Http, ours })
            {
                using var answer = await http.PostAsync(new Uri("instances", UriKind.Relative), new ByteArrayContent(await File.ReadAllBytesAsync(path, Ct)), Ct);
                answer.EnsureSuccessStatusCode();
            }
        }
        var (patient, study) = (await FirstAsync(ours, "Patient"), await FirstAsync(ours, "Study"));
        var (series, instance) = (await FirstAsync(ours, "Series"), await FirstAsync(ours, "Instance"));
        (string Path, string Body)[] requests =
        [
            ($"studies/{study}/modify", """{"Replace":{"StudyDescription":"New"}}"""), ($"studies/{study}/modify", """{"Replace":{"PatientID":"X"}}"""),
            ($"studies/{study}/modify", """{"Replace":{"StudyInstanceUID":"1.2.9"}}"""), ($"studies/{study}/modify", """{"Replace":{"StudyInstanceUID":"1.2.9"},"Force":true}"""),
            ($"studies/{study}/modify", """{"Keep":["StudyInstanceUID"]}"""), ($"studies/{study}/modify", """{"Keep":["SeriesInstanceUID","SOPInstanceUID"]}"""),
            ($"studies/{study}/modify", """{"Keep":["SeriesInstanceUID"],"Force":true}"""), ($"studies/{study}/modify", "{}"), ($"studies/{study}/modify", "x"), ("studies/nope/modify", "{}"),
            ($"studies/{study}/modify", """{"Asynchronous":true,"Remove":["StudyDescription"],"RemovePrivateTags":true}"""),
            ($"patients/{patient}/modify", """{"Replace":{"PatientName":"X"}}"""), ($"patients/{patient}/modify", """{"Replace":{"PatientName":"X","PatientID":"P2"}}"""),
            ($"series/{series}/modify", """{"Replace":{"SeriesDescription":"X"}}"""), ($"series/{series}/modify", """{"Replace":{"StudyInstanceUID":"1.7"},"Force":true}"""),
            ($"instances/{instance}/modify", """{"Replace":{"SOPInstanceUID":"1.7"}}"""), ($"instances/{instance}/modify", """{"Keep":["SOPInstanceUID"]}"""),
            ($"studies/{study}/anonymize", "{}"), ($"studies/{study}/anonymize", """{"Replace":{"PatientID":"ANON"}}"""), ($"studies/{study}/anonymize", """{"DicomVersion":"2030"}"""),
            ($"studies/{study}/anonymize", ""), ("studies/nope/anonymize", "{}"), ("instances/nope/anonymize", "{}"),
        ];
        var problems = new List<string>();
        foreach (var (path, body) in requests)
        {
            var (theirs, our) = (await DescribeAsync(orthanc.Http, path, body), await DescribeAsync(ours, path, body));
            if (theirs != our)
            {
                problems.Add($"{path} {body}: {theirs} there, {our} here");
            }
        }
        Assert.True(problems.Count == 0, string.Join('\n', problems));

        // element by element, but for what is made anew
        foreach (var body in new[] { """{"Replace":{"PatientName":"Weiß^Anna","StudyDescription":"Neu"},"Remove":["AccessionNumber"]}""", """{"Keep":["SOPInstanceUID"],"Force":true}""" })
        {
            var (theirs, our) = (await FileAsync(orthanc.Http, $"instances/{instance}/modify", body), await FileAsync(ours, $"instances/{instance}/modify", body));
            Assert.Equal(Text(theirs), Text(our));
        }
        // of de-identified files: nothing is left here that Orthanc takes away
        var (anonymous, own) = (await FileAsync(orthanc.Http, $"instances/{instance}/anonymize", "{}"), await FileAsync(ours, $"instances/{instance}/anonymize", "{}"));
        var left = own.Where(e => !e.IsEmpty && (!anonymous.TryGet(e.Tag, out var theirs) || theirs.IsEmpty)).Select(e => e.Tag).ToList();
        Assert.Equal([DicomTag.DeidentificationMethodCodeSequence, DicomTag.LongitudinalTemporalInformationModified], left);
    }

    private static string Text(DicomDataset dataset) =>
        string.Join('\n', dataset.Where(e => !Anew.Contains(e.Tag)).Select(e => $"{e.Tag} {e.Vr} {(e.Vr.IsString ? dataset.GetString(e.Tag) : Convert.ToHexString(e.Value.Span))}"));

    private static async Task<DicomDataset> FileAsync(HttpClient http, string path, string body)
    {
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body), Ct);
        return DicomFile.Parse(await answer.Content.ReadAsByteArrayAsync(Ct)).Dataset;
    }

    // ids are new on each server; the rest is compared
    private static async Task<string> DescribeAsync(HttpClient http, string path, string body)
    {
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body), Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        if (!text.StartsWith('{'))
        {
            return $"{(int)answer.StatusCode} {answer.Content.Headers.ContentType}";
        }
        var json = JsonNode.Parse(text)!.AsObject();
        string[] same = ["Description", "FailedInstancesCount", "IsAnonymization", "Type", "HttpStatus", "OrthancStatus", "Message", "Method", "Uri"];
        return $"{(int)answer.StatusCode} " + string.Join(' ', json.Where(m => m.Key is not ("Details" or "Warning" or "BurnedInInstancesCount" or "InstancesCount")).OrderBy(m => m.Key, StringComparer.Ordinal)
            .Select(m => same.Contains(m.Key) ? $"{m.Key}={m.Value}" : m.Key));
    }

    private static async Task<string> FirstAsync(HttpClient http, string level)
    {
        using var answer = await http.PostAsync(new Uri("tools/find", UriKind.Relative), new StringContent($$$"""{"Level":"{{{level}}}","Query":{"PatientID":"4711"}}"""), Ct);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!.AsArray()[0]!;
    }
}
