using System.Globalization;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>Reports through archive and feed into the import folder, by the options of <see cref="MeasurementOptions"/>.</summary>
public sealed class ReportConsumerTests
{
    [Fact]
    public async Task By_default_a_vascular_report_gives_no_file() => Assert.Empty((await ExportAsync("vascular_tid5100_leg", _ => { })).Fields);

    [Fact]
    public async Task With_all_reports_it_gives_its_values_under_codes()
    {
        var (fields, log) = await ExportAsync("vascular_tid5100_leg", m => m.AllReports = true);
        Assert.Equal(30, fields.Count(f => f.Id == "8410"));
        Assert.Contains(("8411", "PSV, A. femoralis superficialis rechts, proximal"), fields);
        Assert.Contains(("8421", "cm/s"), fields);
        Assert.DoesNotContain(fields, f => f.Id is "6220" or "6228");
        Assert.DoesNotContain(log, l => l.Contains("left out", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Other_classes_of_reports_are_exported_too_and_reports_without_values_are_not()
    {
        Assert.NotEmpty((await ExportAsync("rdsr_minimal", m => m.AllReports = true)).Fields);
        Assert.Empty((await ExportAsync("basic_text_de_latin1", m => m.AllReports = true)).Fields);
    }

    [Fact]
    public async Task An_echo_report_keeps_its_identifiers_unless_codes_are_chosen()
    {
        var (old, _) = await ExportAsync("echo_tid5200_vivid_style", m => m.AllReports = true);
        Assert.Contains(("8410", "SOEC2DLVIEDD"), old);
        var (codes, log) = await ExportAsync("echo_tid5200_vivid_style", m => (m.Identifiers, m.Language) = (MeasurementIdentifiers.Code, CultureInfo.GetCultureInfo("en-GB")));
        Assert.Contains(codes, f => f.Id == "8410" && f.Value.StartsWith("29436-3.", StringComparison.Ordinal));
        Assert.Contains(codes, f => f is { Id: "8411", Value: "Left Ventricle Internal End Diastolic Dimension (2D mode)" });
        Assert.Equal(59, codes.Count(f => f.Id == "8410"));
        var line = Assert.Single(log, l => l.Contains("left out", StringComparison.Ordinal));
        Assert.Contains("1 × a repeat; the device chose another (1.16.2.2); 58 × sent twice; the other says more (1.2.2.3, 1.2.2.5, ", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("6220")]
    [InlineData("6228")]
    public async Task The_report_becomes_lines_of_text_before_the_values(string field)
    {
        var (fields, _) = await ExportAsync("echo_tid5200_vivid_style", m => m.TextField = field);
        var lines = fields.Where(f => f.Id == field).Select(f => f.Value).ToList();
        Assert.Equal("Linker Ventrikel:", lines[0]);
        Assert.Equal("  LV-Innendurchmesser, enddiastolisch (LVIDd) (2D): 5,43 cm", lines[1]);
        Assert.All(lines, l => Assert.InRange(l.Length, 1, 60));
        Assert.True(fields.FindLastIndex(f => f.Id == field) < fields.FindIndex(f => f.Id == "8410"));
        Assert.Equal(field == "6228" ? [$"{lines.Count}"] : Array.Empty<string>(), fields.Where(f => f.Id == "6226").Select(f => f.Value));
        Assert.Contains(("8410", "SOEC2DLVIEDD"), fields); // the values are the old ones
    }

    private static async Task<(List<(string Id, string Value)> Fields, IReadOnlyList<string> Log)> ExportAsync(string name, Action<MeasurementOptions> configure)
    {
        await using var host = await GdtHost.StartAsync(o => configure(o.Measurements));
        await host.StoreAsync(Path.Join(GoldenReport.Folder, name + ".dcm"));
        await host.SettleAsync();
        var file = host.Names.SingleOrDefault(n => n.Contains("-sr-", StringComparison.Ordinal));
        return (file is null ? [] : GoldenFile.Fields(host.Read(file)), [.. host.Log]);
    }
}
