using System.Text;
using System.Text.RegularExpressions;
using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>The measurements of reports on the pages of a study and of an instance.</summary>
public sealed partial class MeasurementPagesTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_report_is_a_table_in_German_and_English()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Report("vascular_tid5100_carotid"));
        var study = Link(await GetAsync(server, "/"), "/studien/") + "?tab=messwerte";
        var german = await GetAsync(server, study);
        Assert.Contains("Messwerte: <bdi>Gefäßultraschall</bdi>", german, StringComparison.Ordinal);
        Assert.Contains("<bdi>A. carotis communis rechts, proximal</bdi>", german, StringComparison.Ordinal);
        Assert.Matches("""(?s)<bdi>Systolische Maximalgeschwindigkeit \(PSV\)</bdi>.{0,80}<td class="number value">83,9</td>\s*<td class="unit">cm/s</td>""", german);
        Assert.Contains("70 Messwerte", german, StringComparison.Ordinal);

        var english = await GetAsync(server, study, "en");
        Assert.Contains("<bdi>Peak Systolic Velocity</bdi>", english, StringComparison.Ordinal);
        Assert.Contains("""<td class="number value">83.9</td>""", english, StringComparison.Ordinal);

        var instance = await GetAsync(server, Link(german, "/instanzen/"));
        Assert.Contains("<bdi>A. carotis communis rechts, proximal</bdi>", instance, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Earlier_values_of_the_patient_stand_beside_and_nobody_elses()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Dated(Report("echo_tid5200_sct"), "P1", "1.1", "20240101"));
        await PagesKit.StoreAsync(server, Dated(Report("echo_tid5200_vivid_style"), "P1", "1.2", "20250202"));
        await PagesKit.StoreAsync(server, Dated(Report("vascular_tid5100_leg"), "P1", "1.3", "20250303"));
        await PagesKit.StoreAsync(server, Dated(Report("echo_tid5200_vivid_style"), "P2", "1.4", "20240404"));
        var list = await GetAsync(server, "/");
        var links = StudyLinks().Matches(list).Select(m => m.Value + "?tab=messwerte").Distinct().ToList(); // newest first
        var echo = await GetAsync(server, links[1]);
        Assert.Contains("""<th scope="col" class="number">01.01.2024</th>""", echo, StringComparison.Ordinal);
        Assert.DoesNotContain("number\">04.04.2024", echo, StringComparison.Ordinal);
        Assert.DoesNotContain("number\">03.03.2025", echo, StringComparison.Ordinal); // later, and of another organ
        Assert.Matches("""<td class="number earlier" data-label="01.01.2024">[0-9,]+ cm</td>""", echo);
        Assert.DoesNotContain("number\">02.02.2025", await GetAsync(server, links[0]), StringComparison.Ordinal); // the leg has nothing in common with the heart
    }

    [Fact]
    public async Task Words_of_a_report_stay_text_and_long_ones_are_cut()
    {
        await using var server = await TestServer.StartAsync();
        var report = Report("general_us_abdomen");
        var longName = SrBuilder.Num("2", "x", "5");
        longName.GetSequence(DicomTag.ConceptNameCodeSequence)[0].Set(new DicomElement(DicomTag.CodeMeaning, DicomVr.LO, Encoding.ASCII.GetBytes(new string('x', 20_000))));
        report.Set(DicomTag.ContentSequence, SrBuilder.Num("1", "</table><script>alert(1)</script>", "5", "<i>mm</i>"), longName);
        await PagesKit.StoreAsync(server, report);
        var page = await GetAsync(server, Link(await GetAsync(server, "/"), "/studien/") + "?tab=messwerte");
        Assert.DoesNotMatch(PagesTests.ForeignScript, page);
        Assert.Contains("&lt;i&gt;mm&lt;/i&gt;", page, StringComparison.Ordinal);
        Assert.InRange(page.Length, 1, 30_000);
    }

    [Fact]
    public async Task Of_a_giant_report_the_first_are_shown()
    {
        await using var server = await TestServer.StartAsync();
        var report = Report("general_us_abdomen");
        report.Set(DicomTag.ContentSequence, [.. Enumerable.Range(0, 5000).Select(i => SrBuilder.Num($"C{i}", $"Measurement {i}", "1"))]);
        await PagesKit.StoreAsync(server, report);
        var page = await GetAsync(server, Link(await GetAsync(server, "/"), "/studien/") + "?tab=messwerte");
        Assert.Contains("Nur die ersten 200 Messwerte werden angezeigt", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Measurement 200<", page, StringComparison.Ordinal);
        Assert.InRange(page.Length, 1, 200_000);
    }

    [Fact]
    public async Task Reports_that_measure_nothing_have_no_table()
    {
        await using var server = await TestServer.StartAsync();
        await PagesKit.StoreAsync(server, Report("basic_text_de_latin1"));
        Assert.DoesNotContain("class=\"measured\"", await GetAsync(server, Link(await GetAsync(server, "/"), "/studien/") + "?tab=messwerte"), StringComparison.Ordinal);
    }

    private static DicomDataset Report(string name) => DicomFile.Open(Path.Join(GoldenReport.Folder, name + ".dcm")).Dataset;

    private static DicomDataset Dated(DicomDataset report, string patient, string uid, string date) => report
        .Set(DicomTag.PatientID, patient).Set(DicomTag.StudyInstanceUID, uid).Set(DicomTag.SeriesInstanceUID, uid + ".1").Set(DicomTag.SOPInstanceUID, uid + ".1.1")
        .Set(DicomTag.StudyDate, date).Set(DicomTag.StudyTime, "080000");

    private static async Task<string> GetAsync(TestServer server, string path, string language = "de")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.AcceptLanguage.ParseAdd(language);
        using var response = await server.Http.SendAsync(request, Ct);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync(Ct);
    }

    private static string Link(string page, string start) => Regex.Match(page, $"{start}[0-9a-f-]+").Value;

    [GeneratedRegex("/studien/[0-9a-f-]+")]
    private static partial Regex StudyLinks();
}
