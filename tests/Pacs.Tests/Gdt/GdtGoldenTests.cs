using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests;

/// <summary>
/// Every case that the old plugin was run with, through archive, index and feed into the import folder: the same bytes under the same name where it
/// worked, and what the documentation promises instead where it did not.
/// </summary>
public sealed class GdtGoldenTests
{
    // it wrote the right thing
    public static readonly TheoryData<string> Identical =
    [
        "study_basic", "study_umlaut", "study_time_empty", "study_time_fraction", "study_time_hhmm",
        "sr5200_basic", "sr5200_num_modifiers_ignored", "sr5200_num_outside_group", "sr5200_repeat_last_wins_first_position",
        "sr_empty_no_values", "sr_sono1000_basic",
    ];

    // it wrote nothing, and rightly so: templates nobody asked for
    public static readonly TheoryData<string> Nothing = ["sr_5000_not_supported", "sr_no_template"];

    // tests of their own below
    private static readonly string[] Better =
    [
        "study_second_instance_no_file", "study_empty_accession", "study_accession_slash", "study_no_description", "study_no_description_retry",
        "study_not_encodable", "ct_no_manufacturer_via_dicom", "sr5200_negative_and_special", "sr5200_double_space_name", "sr5200_empty_measured_value",
        "sr5200_group_with_other_code", "sr5200_no_image_mode", "sr_sono10000_not_supported", "sr_sonoscape_via_dicom_rewritten",
    ];

    [Fact]
    public void Every_case_has_a_test()
    {
        var cases = Directory.GetDirectories(GoldenFile.Path()).Select(d => Path.GetFileName(d)!).Where(n => !n.StartsWith("wl_", StringComparison.Ordinal));
        Assert.Equal(cases.Order(StringComparer.Ordinal), Identical.Select(r => r.Data).Concat(Nothing.Select(r => r.Data)).Concat(Better).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Identical))]
    public async Task Where_the_old_plugin_worked_name_and_bytes_are_the_same(string name)
    {
        var (file, bytes) = GoldenFile.Output(name);
        await using var host = await StoreAsync(name);
        Assert.Equal([file], host.Names);
        Assert.Equal(GoldenFile.Text(bytes), GoldenFile.Text(host.Read(file)));
    }

    [Theory]
    [MemberData(nameof(Nothing))]
    public async Task Reports_of_other_templates_give_no_file(string name)
    {
        await using var host = await StoreAsync(name);
        Assert.Empty(host.Names);
        Assert.Empty(await host.RowsAsync());
    }

    [Fact]
    public async Task The_second_instance_of_a_study_gives_no_second_file()
    {
        await using var host = await StoreAsync("study_basic", "study_second_instance_no_file");
        Assert.Equal(["R0000000007.gdt"], host.Names);
    }

    [Fact]
    public async Task Without_an_accession_number_the_bytes_are_the_same_and_the_name_is_a_name()
    {
        // the old name was ".gdt", for every such study: each overwrote the one before
        await using var host = await StoreAsync("study_empty_accession");
        var name = Assert.Single(host.Names);
        Assert.Matches("^study-[0-9a-f]{16}\\.gdt$", name);
        Assert.Equal(GoldenFile.Text(GoldenFile.Output("study_empty_accession").Bytes), GoldenFile.Text(host.Read(name)));
    }

    [Fact]
    public async Task A_slash_in_the_accession_number_stays_in_the_file_and_out_of_its_name()
    {
        // the old plugin failed, or left the folder
        await using var host = await StoreAsync("study_accession_slash");
        Assert.Equal(["X_1.gdt"], host.Names);
        Assert.Equal(BasicWith("X/1", "X/1 / US: Abdomen"), GoldenFile.Text(host.Read("X_1.gdt")));
    }

    [Fact]
    public async Task A_study_without_a_description_is_announced_at_once_and_once()
    {
        // the old plugin marked the study as done, then failed: it was lost, also when a description came later
        await using var host = await StoreAsync("study_no_description", "study_no_description_retry");
        var name = Assert.Single(host.Names);
        var accession = Path.GetFileNameWithoutExtension(name);
        Assert.Equal(BasicWith(accession, $"{accession} / US"), GoldenFile.Text(host.Read(name)));
    }

    [Fact]
    public async Task What_latin_9_lacks_is_transliterated()
    {
        // the old plugin left an empty file behind
        await using var host = await StoreAsync("study_not_encodable");
        Assert.Equal(["R0000000009.gdt"], host.Names);
        Assert.Equal(BasicWith("R0000000009", "R0000000009 / US: L\u00F3dz"), GoldenFile.Text(host.Read("R0000000009.gdt")));
    }

    [Fact]
    public async Task An_object_without_a_manufacturer_is_announced()
    {
        // the old plugin failed for every such object that came by DICOM
        await using var host = await StoreAsync("ct_no_manufacturer_via_dicom");
        var fields = GoldenFile.Fields(host.Read(Assert.Single(host.Names)));
        Assert.Contains(("8410", "EXTPACS"), fields);
        Assert.Contains(fields, f => f.Id == "6228" && f.Value.Contains(" / CT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Negative_values_are_exported()
    {
        // the old plugin dropped values of -1 and below
        await using var host = await StoreAsync("sr5200_negative_and_special");
        var (file, old) = GoldenFile.Output("sr5200_negative_and_special");
        Assert.Equal([file], host.Names);
        string[] strain = ["0198410SOEC2DGPLS", "0508411Global Peak Longitudinal Strain (2D mode)", "0148420-18.4", "0108421%", "017843216072020", "0158439093331", "0248470Quelle: 2D mode"];
        var lines = GoldenFile.Text(old).Split("\r\n").ToList();
        lines.InsertRange(6, strain);
        Assert.Equal(string.Join("\r\n", lines), GoldenFile.Text(host.Read(file)));
    }

    [Fact]
    public async Task With_negative_values_switched_off_the_bytes_are_the_old_ones()
    {
        var (file, old) = GoldenFile.Output("sr5200_negative_and_special");
        await using var host = await GdtHost.StartAsync(o => o.KeepNegativeValues = false);
        await host.StoreAsync(GoldenFile.Input("sr5200_negative_and_special"));
        await host.SettleAsync();
        Assert.Equal(GoldenFile.Text(old), GoldenFile.Text(host.Read(file)));
    }

    [Theory]
    [InlineData("sr5200_double_space_name", "SOEC2DSV", "Stroke  Volume (2D mode)", "70.0", "ml", "2D mode")]
    [InlineData("sr5200_empty_measured_value", null, null, null, null, null)]
    [InlineData("sr5200_group_with_other_code", "SOEC2DSV", "Stroke Volume (2D mode)", "70.0", "ml", "2D mode")]
    [InlineData("sr5200_no_image_mode", "SOECXHR", "Heart Rate (X)", "70.0", "/min", "X")]
    public async Task One_odd_item_no_longer_costs_the_report(string name, string? id, string? meaning, string? value, string? unit, string? source)
    {
        await using var host = await StoreAsync(name);
        var fields = GoldenFile.Fields(host.Read(Assert.Single(host.Names)));
        Assert.Equal([("8000", "6310"), ("8315", "MEDOFF"), ("8316", "ORTHANC"), ("9218", "01.0"), ("3000", "1723"), ("6200", "16072020")], fields.Take(6));
        (string, string)[] test = id is null
            ? []
            : [("8410", id), ("8411", meaning!), ("8420", value!), ("8421", unit!), ("8432", "16072020"), ("8439", "093331"), ("8470", $"Quelle: {source}")];
        Assert.Equal(test, fields.Skip(6).SkipLast(1));
    }

    [Fact]
    public async Task Reports_of_template_SONO10000_are_exported()
    {
        // the old plugin's manual promised it; its code looked for SONO1000
        await using var host = await StoreAsync("sr_sono10000_not_supported");
        var fields = GoldenFile.Fields(host.Read(Assert.Single(host.Names)));
        Assert.Contains(fields, f => f.Id == "8410");
        Assert.Contains(fields, f => f.Id == "8470" && f.Value.StartsWith("Id: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_Sonoscape_report_moves_to_a_series_of_its_own_and_keeps_its_instance_uid()
    {
        // the old plugin gave it a new SOP Instance UID, deleted the original, and wrote the file for the copy
        await using var host = await GdtHost.StartAsync();
        var stored = await host.StoreAsync(GoldenFile.Input("sr_sonoscape_via_dicom_rewritten"));
        await host.SettleAsync();
        Assert.Equal(["R24-sr-1.2.3.34.gdt"], host.Names);
        // its content is the one of sr5200_basic, which the old plugin exported in these bytes
        Assert.Equal(GoldenFile.Text(GoldenFile.Output("sr5200_basic").Bytes), GoldenFile.Text(host.Read("R24-sr-1.2.3.34.gdt")));

        var header = await host.Archive.ReadHeaderAsync(stored.Instance, TestContext.Current.CancellationToken);
        Assert.Equal("1.2.3.34", header!.GetString(DicomTag.SOPInstanceUID));
        // it came in the series the old plugin gave to reports, so here it goes to one derived from the study's UID
        Assert.StartsWith("2.25.", header.GetString(DicomTag.SeriesInstanceUID));
        Assert.Equal("2", header.GetString(DicomTag.SeriesNumber));
        Assert.Equal("Structured Reports", header.GetString(DicomTag.SeriesDescription));
        var original = Assert.Single(header.GetSequence(DicomTag.OriginalAttributesSequence)).GetSequence(DicomTag.ModifiedAttributesSequence)[0];
        Assert.Equal("1.2.826.0.1.3680043.9.9999.1.1", original.GetString(DicomTag.SeriesInstanceUID));
        Assert.Equal(ResourceId.ForStudy("1723", "1.2.826.0.1.3680043.9.9999.1"), stored.Study);
    }

    private static async Task<GdtHost> StoreAsync(params string[] names)
    {
        var host = await GdtHost.StartAsync();
        foreach (var name in names)
        {
            await host.StoreAsync(GoldenFile.Input(name));
        }
        await host.SettleAsync();
        return host;
    }

    // the bytes of study_basic with another accession number and text
    private static string BasicWith(string accession, string text)
    {
        var lines = GoldenFile.Text(GoldenFile.Output("study_basic").Bytes).Split("\r\n");
        lines[12] = $"{accession.Length + 9:000}8413{accession}";
        lines[13] = $"{accession.Length + 9:000}8428{accession}";
        lines[16] = $"{text.Length + 9:000}6228{text}";
        return string.Join("\r\n", lines);
    }
}
