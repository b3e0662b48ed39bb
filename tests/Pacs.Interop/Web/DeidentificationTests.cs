using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Pacs.Dicom;

namespace Pacs.Interop;

/// <summary>De-identified studies, looked at by pydicom: no trace of the patient anywhere in the bytes, and UIDs that hang together (PS3.15 annex E).</summary>
public sealed class DeidentificationTests
{
    private static readonly string[] Traces = ["Müller", "Jörg", "4711-99", "19580307", "R0000000001", "Hoffmann", "Hauptstraße", "Praxis", "SN-815"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_of_the_patient_is_left_and_references_lead_to_the_new_instances()
    {
        await Tool.RequirePythonAsync("pydicom", Ct);
        await using var server = ServerProcess.Create(("GdtGenerator", new Dictionary<string, object?> { ["Enable"] = false }));
        await server.StartAsync(Ct);
        using var http = new HttpClient { BaseAddress = server.Address };
        using var samples = new SampleFiles().Add(Image(1)).Add(Image(2)).Add(Report());
        var study = "";
        foreach (var path in samples.Paths)
        {
            study = (string)(await PostAsync(http, "instances", new ByteArrayContent(await File.ReadAllBytesAsync(path, Ct))))["ParentStudy"]!;
        }
        foreach (var (number, body) in new[] { "{}", """{"Transcode":"1.2.840.10008.1.2"}""" }.Index())
        {
            var made = await PostAsync(http, $"studies/{study}/anonymize", new StringContent(body));
            Assert.Equal("Pixel data are not changed: these images may show the patient's name", (string?)made["Warning"]);
            Assert.Equal(2, (int?)made["BurnedInInstancesCount"]);
            var folder = Path.Join(server.Folder, $"anonymous{number}");
            await using (var zip = await http.GetStreamAsync(new Uri($"studies/{made["ID"]}/archive", UriKind.Relative), Ct))
            {
                await ZipFile.ExtractToDirectoryAsync(zip, folder, Ct);
            }
            var result = await Tool.RunAsync("/usr/bin/python3", Ct, [Path.Join(AppContext.BaseDirectory, "Scripts", "find_traces.py"), Path.GetDirectoryName(samples.Paths[0])!, folder, .. Traces]);
            Assert.True(result.ExitCode == 0, result.All);
            Assert.Equal("[]", result.Output.Trim());
        }
        // the original is as it was
        Assert.Equal(3, JsonNode.Parse(await http.GetStringAsync(new Uri($"studies/{study}/instances", UriKind.Relative), Ct))!.AsArray().Count);
    }

    private static DicomDataset Image(int number)
    {
        var image = SampleFiles.Header("Müller^Jörg", "4711-99", "1.2.276.0.77", "R0000000001", "US", DicomUid.UltrasoundImageStorage, number, "Sono Müller")
            .Set(DicomTag.Rows, 8).Set(DicomTag.Columns, 8).Set(DicomTag.BitsAllocated, 8).Set(DicomTag.BitsStored, 8).Set(DicomTag.HighBit, 7).Set(DicomTag.PixelRepresentation, 0)
            .Set(DicomTag.SamplesPerPixel, 1).Set(DicomTag.PhotometricInterpretation, "MONOCHROME2").Set(new DicomElement(DicomTag.PixelData, DicomVr.OB, new byte[64]))
            .Set(DicomTag.PatientAddress, "Hauptstraße 1").Set(DicomTag.InstitutionName, "Praxis Müller").Set(DicomTag.DeviceSerialNumber, "SN-815").Set(DicomTag.ImageComments, "Herr Müller, Jörg")
            .Set(DicomTag.FrameOfReferenceUID, "1.2.276.0.77.8").Set(DicomTag.OtherPatientIDs, "4711-99");
        // wherever somebody may have put him
        image.Set(new DicomElement(new DicomTag(0x00290010), DicomVr.LO, "PRAXIS"u8.ToArray())).Set(new DicomElement(new DicomTag(0x00291001), DicomVr.UN, Encoding.Latin1.GetBytes("Müller")));
        image.Set(new DicomElement(new DicomTag(0x60000010), DicomVr.US, new byte[] { 8, 0 })).Set(new DicomElement(new DicomTag(0x60000022), DicomVr.LO, Encoding.UTF8.GetBytes("Müller")));
        image.Set(DicomTag.RequestAttributesSequence, new DicomDataset().Set(DicomTag.ScheduledProcedureStepDescription, "Sono Hoffmann").Set(DicomTag.RequestedProcedureDescription, "R0000000001"));
        return image.Set(DicomTag.ReferencedImageSequence, new DicomDataset().Set(DicomTag.ReferencedSOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.ReferencedSOPInstanceUID, $"1.2.276.0.77.1.{3 - number}"));
    }

    private static DicomDataset Report()
    {
        var report = SampleFiles.Header("Müller^Jörg", "4711-99", "1.2.276.0.77", "R0000000001", "SR", DicomUid.BasicTextSRStorage, 3, "Befund");
        report.Set(DicomTag.SeriesInstanceUID, "1.2.276.0.77.2").Set(DicomTag.ValueType, "CONTAINER");
        report.Set(DicomTag.ContentSequence,
            new DicomDataset().Set(DicomTag.RelationshipType, "CONTAINS").Set(DicomTag.ValueType, "TEXT").Set(new DicomElement(DicomTag.TextValue, DicomVr.UT, Encoding.UTF8.GetBytes("Herr Jörg Müller, Hauptstraße 1, berichtet"))),
            new DicomDataset().Set(DicomTag.RelationshipType, "HAS OBS CONTEXT").Set(DicomTag.ValueType, "PNAME").Set(DicomTag.PersonName, "Hoffmann^Eva"),
            new DicomDataset().Set(DicomTag.RelationshipType, "CONTAINS").Set(DicomTag.ValueType, "IMAGE").Set(
                DicomTag.ReferencedSOPSequence, new DicomDataset().Set(DicomTag.ReferencedSOPClassUID, DicomUid.UltrasoundImageStorage).Set(DicomTag.ReferencedSOPInstanceUID, "1.2.276.0.77.1.1")));
        return report;
    }

    private static async Task<JsonNode> PostAsync(HttpClient http, string path, HttpContent content)
    {
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), content, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }
}
