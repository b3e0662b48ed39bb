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
    public async Task Values_of_several_days_are_curves_with_dates_values_and_their_unit()
    {
        await using var server = await TestServer.StartAsync();
        // five visits, the fourth in other words: another unit has no place on the same axis
        foreach (var (date, value, unit) in new[] { ("20260105", "30.5", "mm"), ("20260112", "33", "mm"), ("20260302", "50.25", "mm"), ("20260401", "6", "cm"), ("20260504", "71.5", "mm") })
        {
            var report = SrBuilder.Report("5000", SrBuilder.Num("11727-5", "Estimated Weight", "1", "g"), SrBuilder.Num("11820-8", "Biparietal Diameter", value, unit));
            await PagesKit.StoreAsync(server, Dated(Patient(report), "P1", "1.1." + date, date));
        }
        var study = Pacs.Storage.ResourceId.ForStudy("P1", "1.1.20260504");
        var page = System.Net.WebUtility.HtmlDecode(await GetAsync(server, $"/studien/{study}?tab=messwerte"));
        var plot = Regex.Match(page, "(?s)<figure class=\"plot\">(?:(?!</figure>).)*Biparietal.*?</figure>").Value;
        Assert.Contains(": 05.01.2026: 30,5\u00A0mm → 12.01.2026: 33\u00A0mm → 02.03.2026: 50,3\u00A0mm → 04.05.2026: 71,5\u00A0mm\"", plot, StringComparison.Ordinal);
        Assert.Equal(["20", "40", "60", "80"], Regex.Matches(plot, "class=\"of-values\"[^>]*>([^<]*)<").Select(m => m.Groups[1].Value));
        // a week after the first there is no room for a date; the ends and the middle have theirs
        Assert.Equal(["05.01.2026", "02.03.2026", "04.05.2026"], Regex.Matches(plot, "class=\"of-dates[^\"]*\"[^>]*>([^<]*)<").Select(m => m.Groups[1].Value));
        Assert.Contains("class=\"unit\" x=\"40\" y=\"10\">mm<", plot, StringComparison.Ordinal);
        // where a day is says its date: the second point is a week of seventeen from the first
        var x = Regex.Matches(plot, "<circle cx=\"([0-9.]+)\"").Select(m => double.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        Assert.Equal(7.0 / 119, (x[1] - x[0]) / (x[3] - x[0]), 2);
        Assert.Equal(3, Regex.Count(page, "<th scope=\"col\" class=\"number\">[0-9]{2}\\.")); // the table has room for three
        // one visit alone is no curve
        var first = await GetAsync(server, $"/studien/{Pacs.Storage.ResourceId.ForStudy("P1", "1.1.20260105")}?tab=messwerte");
        Assert.DoesNotContain("class=\"plot\"", first, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_that_do_not_change_or_are_huge_have_an_axis_nevertheless()
    {
        await using var server = await TestServer.StartAsync();
        foreach (var (date, same, large, tiny) in new[] { ("20260105", "5", "-1e300", "0.00002"), ("20260112", "5", "1e300", "0.00004") })
        {
            var report = SrBuilder.Report("5000", SrBuilder.Num("A1", "Same", same, "mm"), SrBuilder.Num("A2", "Large", large, "mm"), SrBuilder.Num("A3", "Zero", "0", "mm"), SrBuilder.Num("A4", "Tiny", tiny, "mm"));
            await PagesKit.StoreAsync(server, Dated(Patient(report), "P1", "1.1." + date, date));
        }
        var page = await GetAsync(server, $"/studien/{Pacs.Storage.ResourceId.ForStudy("P1", "1.1.20260112")}?tab=messwerte");
        Assert.InRange(Regex.Count(page, "class=\"plot\""), 2, 4);
        Assert.DoesNotMatch("NaN|∞|Infinity", page);
        foreach (Match plot in Regex.Matches(page, "(?s)<figure class=\"plot\">.*?</figure>"))
        {
            Assert.InRange(Regex.Count(plot.Value, "class=\"of-values\""), 2, 7);
            Assert.All(Regex.Matches(plot.Value, "cy=\"([0-9.]+)\"").Select(m => double.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)), y => Assert.InRange(y, 20, 140));
        }
    }

    private static DicomDataset Patient(DicomDataset report)
    {
        foreach (var element in PagesKit.Image("Muster^Erika"))
        {
            if (!report.Contains(element.Tag))
            {
                report.Set(element);
            }
        }
        return report.Set(DicomTag.SOPClassUID, DicomUid.ComprehensiveSRStorage).Set(DicomTag.Modality, "SR");
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
