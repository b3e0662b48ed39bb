using System.Globalization;
using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>Every numeric item of every sample report: read with all that holds for it, or listed as left out with a reason.</summary>
public sealed class SrMeasurementSampleTests
{
    private static readonly (string Column, string Key)[] Context =
    [
        ("finding_site", SrContext.FindingSiteKey), ("laterality", SrContext.LateralityKey), ("topographical", SrContext.TopographyKey),
        ("image_mode", SrContext.ImageModeKey), ("method", SrContext.MethodKey), ("cardiac_cycle", SrContext.CardiacPhaseKey),
        ("flow_direction", SrContext.FlowDirectionKey), ("derivation", SrContext.DerivationKey), ("selection", SrContext.SelectionKey), ("fetus_id", SrContext.FetusKey),
    ];

    public static IEnumerable<TheoryDataRow<string>> Reports =>
        Directory.GetFiles(GoldenReport.Folder, "*.dcm").Order(StringComparer.Ordinal).Select(f => new TheoryDataRow<string>(Path.GetFileNameWithoutExtension(f)));

    [Theory]
    [MemberData(nameof(Reports))]
    public void Each_numeric_item_of_a_synthetic_report_is_read_with_its_context_or_left_out_with_a_reason(string name) =>
        Compare(Path.Join(GoldenReport.Folder, name + ".dcm"), Path.Join(GoldenReport.Folder, name + ".tsv"));

    [Fact]
    public void And_of_every_report_of_the_shared_samples()
    {
        var tables = Directory.GetFiles(SharedSamples.Require("samples", "A_sr"), "*.expected-measurements.tsv", SearchOption.AllDirectories);
        foreach (var table in tables)
        {
            var file = table[..^".expected-measurements.tsv".Length];
            Compare(File.Exists(file) ? file : file + ".dcm", table);
        }
        Assert.True(tables.Length > 20, $"only {tables.Length} reports");
    }

    [Fact]
    public void The_side_of_a_kidney_is_read_where_it_is_stated_below_the_finding_site() =>
        Assert.Equal(["", "Right", "Right", "Right", "Left", "Left", "Left", "", "", ""],
            GoldenReport.Measurements(Path.Join(GoldenReport.Folder, "general_us_abdomen.dcm")).Values.Select(v => v.Context.Find(SrContext.LateralityKey)?.Text ?? ""));

    [Fact]
    public void Reports_without_a_table_are_read_without_an_exception()
    {
        foreach (var file in Directory.GetFiles(SharedSamples.Require("samples", "A_sr", "real")).Where(f => !f.EndsWith(".tsv", StringComparison.Ordinal) && !f.EndsWith(".json", StringComparison.Ordinal)))
        {
            SrRepeats.Fold(GoldenReport.Measurements(file), RepeatedValue.Mean);
        }
    }

    private static void Compare(string file, string table)
    {
        var found = GoldenReport.Measurements(file);
        var values = found.Values.ToDictionary(v => v.Path);
        var leftOut = found.LeftOut.Where(i => i.Reason.Length > 0).Select(i => i.Path).ToHashSet();
        var rows = GoldenReport.Rows(table);
        var order = new List<string>();
        foreach (var row in rows)
        {
            var path = row["item_path"];
            if (leftOut.Contains(path))
            {
                Assert.DoesNotContain(path, values.Keys);
                continue;
            }
            if (row["role"] == "property")
            {
                var limit = Assert.Single(values[path[..path.LastIndexOf('.')]].Limits, l => l.Path == path);
                Assert.Equal((row["code"], row["value"]), (limit.Concept.Value, limit.Text));
                continue;
            }
            Assert.Equal("measurement", row["role"]);
            var value = values[path];
            order.Add(path);
            Assert.Equal((row["value"], row["unit_code"]), (value.Text, row["code"] == "10041" ? value.Item.Unit?.Value : value.Unit?.Value ?? ""));
            Assert.Equal(double.Parse(row["value"], CultureInfo.InvariantCulture), value.Value);
            if (row["code"] != "10041") // Sonoscape says in texts what and how
            {
                Assert.Equal((row["code"], row["scheme"]), (value.Concept.Value, value.Concept.Scheme));
                Assert.All(
                    Context.Where(c => row[c.Column].Length > 0 || c.Column is not ("laterality" or "topographical")), // the tables do not know what is stated below the finding site
                    c => Assert.True(row[c.Column] == (value.Context.Find(c.Key)?.Text ?? ""), $"{Path.GetFileName(file)} {path} {c.Column}: {row[c.Column]}"));
            }
        }
        Assert.Equal(order, found.Values.Select(v => v.Path)); // in the order of the report, and no more than there are
    }
}
