using System.IO.Compression;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>Media with a DICOMDIR: read by dcmtk and pydicom, and beside those that Orthanc and dcmmkdir make of the same images.</summary>
public sealed class MediaTests
{
    private const string FileSetScript = """
        import sys
        from pydicom.fileset import FileSet
        files = FileSet(sys.argv[1])
        for instance in files:
            data = instance.load()
            assert data.SOPInstanceUID == instance.SOPInstanceUID and data.PatientID == instance.PatientID
            assert data.file_meta.TransferSyntaxUID == instance.ReferencedTransferSyntaxUIDInFile
            print(instance.SOPInstanceUID)
        """;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Media_are_read_by_others_and_say_what_orthancs_say()
    {
        Tool.Require("dcmdump", "dcmmkdir");
        await Tool.RequirePythonAsync("pydicom", Ct);
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
        var folder = Directory.CreateTempSubdirectory("pacs-media-").FullName;
        try
        {
            var patients = JsonNode.Parse(await ours.GetStringAsync(new Uri("patients", UriKind.Relative), Ct))!.AsArray().Select(p => (string)p!).ToList();
            var (our, theirs) = (Path.Join(folder, "ours"), Path.Join(folder, "theirs"));
            await UnpackAsync(ours, $"{{\"Resources\":[\"{patients[0]}\",\"{patients[1]}\"]}}", our);
            await UnpackAsync(orthanc.Http, $"[\"{patients[0]}\",\"{patients[1]}\"]", theirs);
            Assert.Equal(Names(theirs), Names(our));
            // the same records with the same values; the order of siblings is free, and Orthanc 1.10 leaves out what is not ASCII
            Assert.Contains(Records(our), r => r == "PATIENT 4711 Müller^Jörg");
            Assert.Equal(Records(theirs), Records(our).Select(r => string.Concat(r.Where(char.IsAscii))).Order(StringComparer.Ordinal));

            var dump = await Tool.RunAsync("dcmdump", Ct, "+E", Path.Join(our, "DICOMDIR"));
            Assert.True(dump.ExitCode == 0 && !dump.All.Contains("W:", StringComparison.Ordinal) && !dump.All.Contains("E:", StringComparison.Ordinal), dump.All);
            var read = await Tool.RunAsync("/usr/bin/python3", Ct, "-c", FileSetScript, Path.Join(our, "DICOMDIR"));
            Assert.True(read.ExitCode == 0, read.All);
            Assert.Equal(["1.2.276.0.1.1.1", "1.2.276.0.1.1.2", "1.2.276.0.2.1.1"], read.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());

            // dcmmkdir over our images
            var ownFile = Path.Join(our, "DICOMDIR");
            var before = Records(our);
            File.Delete(ownFile);
            var made = await Tool.RunAsync("dcmmkdir", Ct, "+id", our, "+D", ownFile, "+r", "-W", "--invent");
            Assert.True(made.ExitCode == 0, made.All);
            Assert.Equal(Records(our).Select(r => r.Split(' ')[0]), before.Select(r => r.Split(' ')[0]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_medium_of_each_kind_of_sample_is_read()
    {
        Tool.Require("dcmdump");
        await Tool.RequirePythonAsync("pydicom", Ct);
        // directories cannot stand in a directory
        var samples = SharedSamples.Readable.Where(s => s["parse_dcmdump"].StartsWith("rc0", StringComparison.Ordinal) && s["sop_class_uid"] is { Length: > 0 } and not DicomUid.MediaStorageDirectoryStorage).ToList();
        await using var server = ServerProcess.Create(("GdtGenerator", new Dictionary<string, object?> { ["Enable"] = false }));
        await server.StartAsync(Ct);
        using var ours = new HttpClient { BaseAddress = server.Address };
        foreach (var path in samples.Select(s => s.FullPath))
        {
            using var answer = await ours.PostAsync(new Uri("instances", UriKind.Relative), new ByteArrayContent(await File.ReadAllBytesAsync(path, Ct)), Ct);
        }
        var patients = await ours.GetStringAsync(new Uri("patients", UriKind.Relative), Ct);
        var folder = Directory.CreateTempSubdirectory("pacs-media-").FullName;
        try
        {
            await UnpackAsync(ours, patients, folder, "-extended");
            var dump = await Tool.RunAsync("dcmdump", Ct, "+E", Path.Join(folder, "DICOMDIR"));
            Assert.True(dump.ExitCode == 0 && !dump.All.Contains("E:", StringComparison.Ordinal), dump.Error);
            var read = await Tool.RunAsync("/usr/bin/python3", Ct, "-c", FileSetScript.Replace("and data.PatientID == instance.PatientID", "", StringComparison.Ordinal), Path.Join(folder, "DICOMDIR"));
            Assert.True(read.ExitCode == 0, read.All);
            Assert.Equal(Directory.GetFiles(Path.Join(folder, "IMAGES")).Length, read.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task UnpackAsync(HttpClient http, string body, string folder, string kind = "")
    {
        using var answer = await http.PostAsync(new Uri("tools/create-media" + kind, UriKind.Relative), new StringContent(body), Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        await using var zip = new ZipArchive(await answer.Content.ReadAsStreamAsync(Ct));
        await zip.ExtractToDirectoryAsync(folder, Ct);
    }

    private static IEnumerable<string> Names(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal);

    private static List<string> Records(string folder) =>
    [
        .. DicomFile.Open(Path.Join(folder, "DICOMDIR")).Dataset.GetSequence(DicomTag.DirectoryRecordSequence).Select(r => string.Join(' ', new[]
        {
            DicomTag.DirectoryRecordType, DicomTag.PatientID, DicomTag.PatientName, DicomTag.StudyInstanceUID, DicomTag.StudyDate, DicomTag.StudyTime, DicomTag.StudyID, DicomTag.StudyDescription,
            DicomTag.AccessionNumber, DicomTag.SeriesInstanceUID, DicomTag.SeriesNumber, DicomTag.Modality, DicomTag.InstanceNumber, DicomTag.ReferencedSOPClassUIDInFile,
            DicomTag.ReferencedSOPInstanceUIDInFile, DicomTag.ReferencedTransferSyntaxUIDInFile,
        }.Select(t => r.GetString(t)).OfType<string>())).Order(StringComparer.Ordinal),
    ];
}
