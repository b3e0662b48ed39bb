using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Pacs.Dicom;
using Pacs.Tests;

namespace Pacs.Interop;

/// <summary>What practice software gets of a study that goes on: more series, a second report, everything once more. Sent by dcmtk to the running server, which finds by itself that the study is stable.</summary>
public sealed class GdtUpdateTests
{
    [Fact]
    public async Task More_series_and_a_second_report_come_as_updates_and_repetitions_do_not()
    {
        Tool.Require("storescu");
        var ct = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("pacs-ais-").FullName;
        try
        {
            await using var server = ServerProcess.Create(("StableAge", 1), ("GdtGenerator", new Dictionary<string, object?>
            {
                ["Receivers"] = new object[] { new { Name = "ais", Folder = folder, Profile = "gdt-2.1", Trigger = "StudyStable", Updates = true } },
            }));
            await server.StartAsync(ct);
            using var images = new SampleFiles().Add(Studies.Picture(1, 1)).Add(Studies.Picture(1, 2));
            using var report = new SampleFiles().Add(Studies.Report(1, "R1", 1));
            using var second = new SampleFiles().Add(Studies.Report(1, "R1", 2));
            using var more = new SampleFiles().Add(Studies.Picture(1, 3).Set(DicomTag.SeriesInstanceUID, "2.25.1.7"));
            using var last = new SampleFiles().Add(Studies.Picture(1, 4).Set(DicomTag.SeriesInstanceUID, "2.25.1.8"));

            await images.SendAsync(server.DicomPort, ct);
            await ExpectAsync(server, folder, studies: 1, reports: 0, ct);
            await report.SendAsync(server.DicomPort, ct); // a series of its own: the study has news, and the values come
            await ExpectAsync(server, folder, studies: 2, reports: 1, ct);
            await second.SendAsync(server.DicomPort, ct); // of the same series: its own record says it all
            await ExpectAsync(server, folder, studies: 2, reports: 2, ct);
            await more.SendAsync(server.DicomPort, ct);
            await ExpectAsync(server, folder, studies: 3, reports: 2, ct);
            foreach (var again in new[] { images, report, second, more })
            {
                await again.SendAsync(server.DicomPort, ct);
            }
            await last.SendAsync(server.DicomPort, ct); // when its update is there, the repetitions have had their time
            await ExpectAsync(server, folder, studies: 4, reports: 2, ct);
            Assert.Equal(0, await server.StopAsync(ct));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // all studies are stable, all records are written, and there are so many of each
    private static async Task ExpectAsync(ServerProcess server, string folder, int studies, int reports, CancellationToken ct)
    {
        using var http = new HttpClient { BaseAddress = server.Address };
        var waited = Stopwatch.StartNew();
        while (true)
        {
            using var study = JsonDocument.Parse(await http.GetStringAsync(new Uri("studies?expand", UriKind.Relative), ct));
            using var listed = JsonDocument.Parse(await http.GetStringAsync(new Uri("gdt/files?receiver=ais", UriKind.Relative), ct));
            var isStable = study.RootElement.GetArrayLength() == 1 && study.RootElement[0].GetProperty("IsStable").GetBoolean();
            var isWritten = listed.RootElement.EnumerateArray().All(f => f.GetProperty("state").GetString() == "written");
            var kinds = Directory.GetFiles(folder).Where(f => !Path.GetFileName(f).StartsWith('.')).Select(f => File.ReadAllText(f, Encoding.Latin1).Contains("8420", StringComparison.Ordinal)).ToList();
            if (isStable && isWritten && kinds.Count == listed.RootElement.GetArrayLength() && kinds.Count(k => !k) >= studies && kinds.Count(k => k) >= reports)
            {
                Assert.Equal((studies, reports), (kinds.Count(k => !k), kinds.Count(k => k)));
                return;
            }
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), $"stable {isStable}, written {isWritten}, {kinds.Count(k => !k)} of {studies} studies, {kinds.Count(k => k)} of {reports} reports\n{server.Output}");
            await Task.Delay(100, ct);
        }
    }
}
