using Pacs.Dicom;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>The reports of <c>shared/samples/A_sr</c> against what is known about them; skipped where the samples are absent.</summary>
public sealed class CompatibleMeasurementSampleTests
{
    [Theory]
    [InlineData("sono10000_thyroid")]
    [InlineData("sono1000_abdomen_individual_and_mean")]
    public void The_reported_results_of_Sonoscape_templates_are_exported(string name)
    {
        var report = Read(SharedSamples.Require("samples", "A_sr", "synthetic", name + ".dcm"));
        Assert.Contains(report.Template!, CompatibleMeasurements.Templates);
        var found = CompatibleMeasurements.Read(report);
        var rows = Rows(SharedSamples.Require("samples", "A_sr", "synthetic", name + ".expected-sono.tsv"));
        var reported = rows.Where(r => r["result_number"] == "-1").ToList();
        Assert.NotEmpty(reported);
        Assert.Equal(
            reported.Select(r => ("US " + r["id"], r["real_id"], r["value_source"], double.Parse(r["value"]), r["display_unit"])),
            found.Values.Select(v => (v.Name, v.RealId!, v.Source!, double.Parse(v.Value), v.Unit)));
        Assert.Equal(rows.Count - reported.Count, found.LeftOut.Count);
    }

    [Fact]
    public void The_placeholders_of_a_Sonoscape_echo_report_are_not_exported()
    {
        var found = CompatibleMeasurements.Read(Read(SharedSamples.Require("samples", "A_sr", "synthetic", "sonoscape_like_echo_5200.dcm")));
        Assert.NotEmpty(found.Values);
        Assert.DoesNotContain("-1.0", found.Values.Select(v => v.Value));
        Assert.Contains("SOEC2DLVEF", found.Values.Select(v => v.Identifier));
        Assert.Equal(3, found.LeftOut.Count(i => i.Reason == "-1 of this device means not measured"));
    }

    [Fact]
    public void Of_every_report_each_numeric_item_is_exported_or_listed()
    {
        var checkedFiles = 0;
        foreach (var table in Directory.GetFiles(SharedSamples.Require("samples", "A_sr"), "*.expected-measurements.tsv", SearchOption.AllDirectories))
        {
            var file = table[..^".expected-measurements.tsv".Length];
            file = File.Exists(file) ? file : file + ".dcm";
            var found = CompatibleMeasurements.Read(Read(file));
            var known = found.Values.Select(v => v.Path).Concat(found.LeftOut.Select(i => i.Path)).ToHashSet();
            foreach (var row in Rows(table))
            {
                var path = row["item_path"];
                // a Sonoscape measurement is a container around its number
                Assert.True(known.Contains(path) || known.Contains(path[..path.LastIndexOf('.')]), $"{Path.GetFileName(file)} {path}");
            }
            GoldenFile.Fields(Profiles.Of("medical-office").Report(Profiles.Values("1"), found.Values));
            checkedFiles++;
        }
        Assert.True(checkedFiles > 20, $"only {checkedFiles} reports");
    }

    private static SrDocument Read(string path) => SrReader.Read(DicomFile.Open(path).Dataset);

    private static List<Dictionary<string, string>> Rows(string table)
    {
        var lines = File.ReadAllLines(table);
        var columns = lines[0].Split('\t');
        return [.. lines.Skip(1).Where(l => l.Length > 0).Select(l => columns.Zip(l.Split('\t')).ToDictionary(c => c.First, c => c.Second))];
    }
}
