using System.Globalization;
using Pacs.Dicom;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>Names, units, rounding and identifiers of measured values.</summary>
public sealed class CodedMeasurementsTests
{
    private static readonly CultureInfo German = CultureInfo.GetCultureInfo("de-DE");
    private static readonly CultureInfo English = CultureInfo.GetCultureInfo("en-GB");

    [Theory]
    [InlineData("cm/s", "cm/s")]
    [InlineData("mm[Hg]", "mmHg")]
    [InlineData("1", "")]
    [InlineData("{0:10}", "")]
    [InlineData("{H.B.}/min", "/min")]
    [InlineData("cm2", "cm²")]
    [InlineData("ml/m2", "ml/m²")]
    [InlineData("cm/s2", "cm/s²")]
    [InlineData("mm3", "mm³")]
    [InlineData("Gy.m2", "Gy·m²")]
    [InlineData("{SUVbw}g/ml", "g/ml")]
    [InlineData("mL", "ml")]
    [InlineData("[degF]", "°F")]
    [InlineData("[iU]/ml", "iU/ml")]
    [InlineData("dyn.s/cm5/m2", "dyn·s/cm5/m²")]
    [InlineData("{", "")]
    [InlineData("}{}", "}")]
    public void Units_are_shown_as_people_write_them(string ucum, string shown) => Assert.Equal(shown, MeasuredUnit.Text(new CodedConcept(ucum, "UCUM", "x")));

    [Fact]
    public void A_unit_without_a_code_is_its_meaning_and_none_is_empty()
    {
        Assert.Equal("mm", MeasuredUnit.Text(new CodedConcept("", "UCUM", "mm")));
        Assert.Equal("", MeasuredUnit.Text(null));
    }

    [Theory]
    [InlineData(5.4349331410369, "cm", "5.43")]
    [InlineData(54.349, "mm", "54.3")]
    [InlineData(0.0321, "cm", "0.032")]
    [InlineData(0.65, "mm", "0.65")]
    [InlineData(64.66671, "%", "64.7")]
    [InlineData(-18.44, "%", "-18.4")]
    [InlineData(167.4, "ms", "167")]
    [InlineData(0.35, "ms", "0.35")]
    [InlineData(1.355, "1", "1.36")]
    [InlineData(2.0, "1", "2")]
    [InlineData(-0.0, "cm", "0")]
    [InlineData(9.99999, "cm", "10")]
    [InlineData(1e300, "mm", "1E+300")]
    [InlineData(1e-13, "cm", "1E-13")]
    [InlineData(-1e-11, "cm", "-0.00000000001")]
    public void Values_are_rounded_by_their_unit(double value, string unit, string shown) =>
        Assert.Equal(shown, MeasuredUnit.Format(value, new CodedConcept(unit, "UCUM", "x"), CultureInfo.InvariantCulture));

    [Fact]
    public void The_table_of_names_is_that_of_tools_dictionary_and_within_the_set_of_the_files()
    {
        // stale? dotnet run tools/gen-dictionary.cs
        var rows = File.ReadLines(Path.Join(Repository.Root, "tools", "dictionary", "ultrasound.tsv")).Skip(1).Select(l => l.Split('\t')).ToList();
        var named = rows.Where(r => r[4].Length > 0).ToList();
        Assert.Equal(named.Count, ConceptNames.Count);
        Assert.True(named.Count > 700, $"only {named.Count}");
        foreach (var row in named)
        {
            var concept = new CodedConcept(row[1], row[0], row[3]);
            Assert.Equal((row[4], row[5] == "Y"), (ConceptNames.Of(concept, German), ConceptNames.NamesSite(concept)));
            Assert.Equal(row[3], ConceptNames.Of(concept, English));
            Assert.All(row[4].EnumerateRunes(), r => Assert.True(GdtCharacterSet.Latin9.Has(r), row[4]));
            Assert.True(row[4].Length <= 60, row[4]);
        }
        foreach (var (old, current) in from r in rows from old in r[2].Split(' ', StringSplitOptions.RemoveEmptyEntries) select (old, r[1]))
        {
            Assert.Equal("SCT:" + current, new CodedConcept(old, "SRT", "x").Key);
        }
    }

    [Fact]
    public void A_concept_without_a_German_name_has_the_words_of_the_device() =>
        Assert.Equal("IMT Posterior Max", ConceptNames.Of(new CodedConcept("GEU-1005-27", "99GEMS", "IMT Posterior Max"), German));

    [Fact]
    public void A_carotid_report_has_a_heading_for_each_vessel_side_and_part()
    {
        var table = Table("vascular_tid5100_carotid");
        Assert.Equal("Gefäßultraschall", table.Title);
        Assert.Equal(
            ["A. carotis communis rechts, proximal", "A. carotis communis rechts, Mitte", "A. carotis communis rechts, distal", "Karotisbifurkation rechts"],
            table.Sections.Select(s => s.Heading).Take(4));
        Assert.Equal(("Systolische Maximalgeschwindigkeit (PSV)", "83,9", "cm/s"), First(table.Sections[0]));
        Assert.Contains(Table("vascular_tid5100_carotid", English).Sections, s => s.Heading.Equals("Internal Carotid Artery Left, Distal", StringComparison.OrdinalIgnoreCase));
        Assert.All(table.Sections, s => Assert.DoesNotContain(s.Rows, r => r.Name.Contains('['))); // no two of one name
    }

    [Fact]
    public void Twins_are_told_apart()
    {
        var table = Table("ob_tid5000_twins");
        Assert.Contains("Fetus A – Fetale Biometrie", table.Sections.Select(s => s.Heading));
        Assert.Contains("Fetus B – Fetale Biometrie", table.Sections.Select(s => s.Heading));
        var values = CodedMeasurements.Read(GoldenReport.Folded("ob_tid5000_twins"), German).Values;
        Assert.Equal(2, values.Count(v => v.Name.EndsWith(": Femurlänge (FL)", StringComparison.Ordinal)));
    }

    [Fact]
    public void Limits_stand_beside_their_value_and_a_gestational_age_is_in_weeks()
    {
        var table = Table("ob_ps3.17_annexI_examples");
        var rows = table.Sections.SelectMany(s => s.Rows).ToList();
        Assert.Equal("20 – 24 %", rows.Single(r => r.Name == "FL/AU").Limits);
        Assert.Equal("± 200 g", rows.Single(r => r.Name == "Schätzgewicht").Limits);
        var age = rows.Single(r => r.Name == "Gestationsalter (BPD)");
        Assert.Equal(("27+1", "SSW", "5. Perzentile 18+5 SSW; 95. Perzentile 24+5 SSW"), (age.Value, age.Unit, age.Limits));
        var ratio = CodedMeasurements.Read(GoldenReport.Folded("ob_ps3.17_annexI_examples"), German).Values.Single(v => v.Name == "FL/AU");
        Assert.Equal(("20", "24"), (ratio.Lower, ratio.Upper));
    }

    [Fact]
    public void What_belongs_to_no_section_stands_before_them()
    {
        var headings = Table("ob_tid5000_twins").Sections.Select(s => s.Heading).ToList();
        Assert.Equal(["", "Patientendaten", "Fetus A", "Fetus B"], headings.Take(4));
        Assert.Equal(headings.Count, headings.Distinct().Count());
    }

    [Fact]
    public void A_device_that_sends_each_value_twice_is_exported_once()
    {
        var folded = GoldenReport.Folded("echo_tid5200_vivid_style");
        Assert.Equal((59, 59), (folded.Values.Count, folded.LeftOut.Count));
        Assert.Equal(57, folded.Values.Count(v => v.IsSelected)); // two stand there once, without a word about them
        Assert.Equal(["-15.1", "-21", "-20.3", "-22.7"], CodedMeasurements.Read(folded, German).Values.Where(v => v.Name.StartsWith("Peak Long", StringComparison.Ordinal)).Select(v => v.Value));
    }

    [Fact]
    public void The_reported_result_of_Sonoscape_stands_for_the_single_ones()
    {
        var path = SharedSamples.Require("samples", "A_sr", "synthetic", "sono1000_abdomen_individual_and_mean.dcm");
        var values = CodedMeasurements.Read(SrRepeats.Fold(GoldenReport.Measurements(path), RepeatedValue.Mean), German).Values;
        Assert.Equal(11, values.Count);
        Assert.Equal(("Liver-L (2D)", "144.3", "mm", "2001", "2D"), (values[0].Name, values[0].Value, values[0].Unit, values[0].RealId, values[0].Source));
    }

    [Fact]
    public void Every_identifier_is_short_unique_and_the_same_by_the_old_codes_and_the_new()
    {
        foreach (var file in Directory.GetFiles(GoldenReport.Folder, "*.dcm"))
        {
            var values = CodedMeasurements.Read(GoldenReport.Folded(Path.GetFileNameWithoutExtension(file)), German).Values;
            Assert.All(values, v => Assert.Matches("^[0-9A-Z-]{1,13}(\\.[0-9A-Z]{6})?$", v.Identifier));
            Assert.All(values, v => Assert.InRange(v.Identifier.Length, 1, 20));
            Assert.All(values, v => Assert.InRange(v.Name.Length, 1, 60));
            Assert.Equal(values.Count, values.Select(v => v.Identifier).Distinct().Count());
        }
        var old = CodedMeasurements.Read(GoldenReport.Folded("echo_tid5200_vivid_style"), German).Values.Select(v => v.Identifier).ToHashSet();
        var current = CodedMeasurements.Read(GoldenReport.Folded("echo_tid5200_sct"), German).Values;
        Assert.True(current.Count(v => old.Contains(v.Identifier)) > 40, $"{current.Count(v => old.Contains(v.Identifier))} of {current.Count}");
    }

    [Fact]
    public void A_long_name_is_shortened_where_it_says_what_not_where_it_says_where()
    {
        var values = CodedMeasurements.Read(GoldenReport.Folded("vascular_tid5100_carotid"), German).Values;
        Assert.Equal("PSV, A. carotis communis rechts, proximal", values[0].Name);
        Assert.Contains("A. carotis communis rechts, proximal", values[0].Notes);
    }

    [Fact]
    public void Earlier_values_stand_beside()
    {
        var report = GoldenReport.Read(Path.Join(GoldenReport.Folder, "echo_tid5200_sct.dcm"));
        var now = GoldenReport.Folded("echo_tid5200_sct");
        var table = ReportTable.Create(report, now, German, GoldenReport.Folded("echo_tid5200_vivid_style"), GoldenReport.Folded("vascular_tid5100_leg"));
        var row = table.Sections.SelectMany(s => s.Rows).First(r => r.Name.Contains("LVIDd", StringComparison.Ordinal));
        Assert.Equal(["5,43 cm", ""], row.Previous);
    }

    [Fact]
    public void Lines_are_no_longer_than_asked_and_lose_nothing()
    {
        foreach (var file in Directory.GetFiles(GoldenReport.Folder, "*.dcm"))
        {
            var table = Table(Path.GetFileNameWithoutExtension(file));
            var lines = table.Lines(60);
            Assert.All(lines, l => Assert.InRange(l.Length, 1, 60));
            var text = Squeeze(string.Concat(lines));
            foreach (var row in table.Sections.SelectMany(s => s.Rows))
            {
                Assert.Contains(Squeeze($"{row.Name}{(row.Details.Length > 0 ? $"({row.Details})" : "")}:{row.Value}{row.Unit}"), text, StringComparison.Ordinal);
            }
        }

        static string Squeeze(string text) => text.Replace(" ", "", StringComparison.Ordinal);
    }

    [Fact]
    public void Values_beyond_the_limit_are_left_out()
    {
        var report = SrBuilder.Report(null, [.. Enumerable.Range(0, CodedMeasurements.MaxValues + 1).Select(i => SrBuilder.Num($"C{i}", $"Name {i}", "1"))]);
        var values = CodedMeasurements.Read(SrRepeats.Fold(SrMeasurements.Read(SrReader.Read(report)), RepeatedValue.Mean), German);
        Assert.Equal((CodedMeasurements.MaxValues, "too many values"), (values.Values.Count, Assert.Single(values.LeftOut).Reason));
    }

    [Fact]
    public void What_is_left_out_is_described_by_reason_and_place_only()
    {
        var values = CodedMeasurements.Read(GoldenReport.Folded("num_odd_values"), German);
        Assert.Equal(
            "1 × no value (114007, DCM) (1.1.2.1); 1 × not a number (1.1.2.6); 2 × no value (1.1.2.2, …)", string.Join("; ", values.DescribeLeftOut(1)));
    }

    private static ReportTable Table(string name, CultureInfo? language = null) =>
        ReportTable.Create(GoldenReport.Read(Path.Join(GoldenReport.Folder, name + ".dcm")), GoldenReport.Folded(name), language ?? German);

    private static (string, string, string) First(ReportSection section) => (section.Rows[0].Name, section.Rows[0].Value, section.Rows[0].Unit);
}
