using Pacs.Dicom;
using Pacs.Gdt;
using static Pacs.Tests.SrBuilder;

namespace Pacs.Tests;

public sealed class CompatibleMeasurementsTests
{
    [Fact]
    public void A_value_of_a_measurement_group_has_name_value_unit_and_image_mode()
    {
        var found = Read(Report("5200", Container("121070", "Findings", Group("2D mode", Num("1", "Left Ventricular Ejection Fraction", "61.47", "%")))));
        Assert.Equal(
            new Measurement("SOEC2DLVEF", "Left Ventricular Ejection Fraction (2D mode)", "61.47", "%", null, "2D mode", "1.1.1.2"),
            Assert.Single(found.Values));
        Assert.Empty(found.LeftOut);
    }

    // each of these killed the whole report in the old plugin
    public static TheoryData<string, DicomDataset> OddItems => new()
    {
        { "a second code in the group", Code("G-C036", "Measurement Method", "1", "Simpson") },
        { "a text in the group", Text("1", "Comment", "x") },
        { "a measured value sequence without an item", Num("9", "Odd Value", "1").Set(DicomTag.MeasuredValueSequence, Array.Empty<DicomDataset>()) },
        { "no measured value sequence", Num("9", "Odd Value", null) },
        { "an empty value", Num("9", "Odd Value", "") },
        { "text for a value", Num("9", "Odd Value", "abc") },
        { "two values in one", Num("9", "Odd Value", @"1\2") },
        { "infinity", Num("9", "Odd Value", "1e999") },
        { "a value without a name", Num(null, null, "1") },
        { "a value without a meaning", Num("9", null, "1") },
        { "a text without a name", Text(null, null, "x") },
        { "an item without a value type", new DicomDataset() },
        { "a container without content", Container("9", "Odd") },
        { "a container without a name", Container(null, null, Text("1", "x", "y")) },
        { "a measurement without anything", Container("10020", "Measurement") },
        { "an empty group", Container("125007", "Measurement Group") },
        { "a reference", new DicomDataset().Set(DicomTag.RelationshipType, "INFERRED FROM") },
    };

    [Theory]
    [MemberData(nameof(OddItems))]
    public void One_odd_item_never_costs_the_others(string what, DicomDataset odd)
    {
        var found = Read(Report("5200", Group("2D mode", Num("1", "Stroke Volume", "70", "ml"), odd, Num("2", "Ejection Fraction", "60", "%"))));
        Assert.True(found.Values.Select(v => v.Identifier).SequenceEqual(["SOEC2DSV", "SOEC2DEF"]), what);
        Assert.Equal(odd.GetString(DicomTag.ValueType) == "NUM" || what == "a measurement without anything", found.LeftOut.Count == 1);
    }

    [Fact]
    public void Two_blanks_in_a_name_are_as_one_for_the_identifier()
    {
        var value = Assert.Single(Read(Report("5200", Group("2D mode", Num("1", "Stroke  Volume", "70")))).Values);
        Assert.Equal(("SOEC2DSV", "Stroke  Volume (2D mode)"), (value.Identifier, value.Name));
    }

    [Fact]
    public void A_group_without_an_image_mode_has_the_source_X()
    {
        var value = Assert.Single(Read(Report("5200", Group(null, Num("1", "Stroke Volume", "70")))).Values);
        Assert.Equal(("SOECXSV", "Stroke Volume (X)", "X"), (value.Identifier, value.Name, value.Source));
    }

    [Fact]
    public void The_last_value_of_an_identifier_wins_at_the_place_of_the_first()
    {
        var found = Read(Report("5200", Group("2D mode", Num("1", "Stroke Volume", "1"), Num("2", "Ejection Fraction", "2")), Group("2D mode", Num("1", "Stroke Volume", "3"))));
        Assert.Equal([("SOEC2DSV", "3.0"), ("SOEC2DEF", "2.0")], found.Values.Select(v => (v.Identifier, v.Value)));
        Assert.Equal(new LeftOutItem("1.1.2", "a later value has this identifier"), Assert.Single(found.LeftOut));
    }

    [Fact]
    public void Values_of_one_code_come_together()
    {
        var found = Read(Report("5200", Group("2D mode", Num("1", "Alpha", "1"), Num("2", "Beta", "2"), Num("1", "Gamma", "3"))));
        Assert.Equal(["SOEC2DA", "SOEC2DG", "SOEC2DB"], found.Values.Select(v => v.Identifier));
    }

    [Fact]
    public void Negative_values_are_kept_unless_switched_off()
    {
        var report = Report("5200", Group("2D mode", Num("1", "Global Strain", "-18.4", "%"), Num("2", "Minus Half", "-0.5"), Num("3", "Minus One", "-1")));
        Assert.Equal(["-18.4", "-0.5", "-1.0"], Read(report).Values.Select(v => v.Value));
        var old = CompatibleMeasurements.Read(SrReader.Read(report), keepNegative: false);
        Assert.Equal(["-0.5"], old.Values.Select(v => v.Value));
        Assert.Equal(["1.1.2", "1.1.4"], old.LeftOut.Select(i => i.Path));
    }

    [Fact]
    public void A_negative_value_never_takes_the_place_of_another_measurement_with_the_same_initials()
    {
        var found = Read(Report("5200", Group("2D mode", Num("1", "Mean Gradient", "3.1"), Num("2", "Minimal Gap", "-5"))));
        Assert.Equal(("Mean Gradient (2D mode)", "3.1"), found.Values.Select(v => (v.Name, v.Value)).Single());
        Assert.Equal("another value has this identifier", Assert.Single(found.LeftOut).Reason);
    }

    [Fact]
    public void A_later_negative_value_of_the_same_measurement_wins()
    {
        var found = Read(Report("5200", Group("2D mode", Num("1", "Global Strain", "2"), Num("1", "Global Strain", "-18"))));
        Assert.Equal("-18.0", Assert.Single(found.Values).Value);
    }

    [Fact]
    public void Minus_one_of_a_Sonoscape_device_means_not_measured()
    {
        var report = Report("5200", Group("2D mode", Num("1", "Left Ventricle Dimension", "-1.0"), Num("2", "Global Strain", "-18")));
        report.Set(DicomTag.Manufacturer, "SONOSCAPE");
        var found = Read(report);
        Assert.Equal("-18.0", Assert.Single(found.Values).Value);
        Assert.Equal(new LeftOutItem("1.1.2", "-1 of this device means not measured"), Assert.Single(found.LeftOut));
    }

    [Fact]
    public void Values_outside_a_group_and_below_other_values_are_listed()
    {
        var withRange = Num("1", "Stroke Volume", "70").Set(DicomTag.ContentSequence, Container("9", "Range", Num("2", "Low", "60"), Num("3", "High", "80")));
        var found = Read(Report("5200", Num("8", "Heart Rate", "60"), Group("2D mode", withRange)));
        Assert.Single(found.Values);
        Assert.Equal([("1.1", "not in a measurement group"), ("1.2.2.1.1", "below another value"), ("1.2.2.1.2", "below another value")],
            found.LeftOut.Select(i => (i.Path, i.Reason)).Order());
    }

    [Fact]
    public void Of_several_Sonoscape_results_the_reported_one_is_exported_at_the_place_of_the_first()
    {
        var found = Read(Report("SONO1000",
            Sono("A", "Rt-L", "B", "0", "1", "mm"),
            Sono("B", "Lt-L", "B", "-1", "2", "mm"),
            Sono("A", "Rt-L", "B", "-1", "-3.50", "mm")));
        Assert.Equal(
            [new Measurement("SORTL", "US Rt-L", "-3.5", "mm", "A", "B", "1.3"), new Measurement("SOLTL", "US Lt-L", "2.0", "mm", "B", "B", "1.2")],
            found.Values);
        Assert.Equal("1.1", Assert.Single(found.LeftOut).Path);
    }

    [Fact]
    public void A_Sonoscape_measurement_without_some_of_its_parts_is_exported_without_them()
    {
        var found = Read(Report("SONO10000",
            Sono("A", null, "B", "-1", "1", "mm"), Sono(null, "Rt-L", null, null, "2", null), Sono("C", "No value", "B", "-1", null, "mm"),
            Sono("D", "Odd number", "B", "first", "1", "mm")));
        Assert.Equal(
            [new Measurement("SOA", "US A", "1.0", "mm", "A", "B", "1.1"), new Measurement("SORTL", "US Rt-L", "2.0", "mm", null, null, "1.2")],
            found.Values);
        Assert.Equal([("1.3", "no value"), ("1.4", "its result number is none")], found.LeftOut.Select(i => (i.Path, i.Reason)));
    }

    [Fact]
    public void A_tree_deeper_than_the_limit_is_read_as_far_as_the_limit()
    {
        var content = Group("2D mode", Num("1", "Too Deep", "1"));
        for (var i = 0; i < 3000; i++)
        {
            content = Container("1", "Level", content);
        }
        var found = Read(Report("5200", Group("2D mode", Num("1", "Stroke Volume", "70")), content));
        Assert.Single(found.Values);
        Assert.Contains("too deep", Assert.Single(found.LeftOut).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_thousand_values_take_no_time()
    {
        var values = Enumerable.Range(0, 10_000).Select(i => Num($"C{i}", $"Name{i} Value", i.ToString())).ToArray();
        Assert.NotEmpty(Read(Report("5200", Group("2D mode", values))).LeftOut); // they share their initials
    }

    private static ReportValues Read(DicomDataset report) => CompatibleMeasurements.Read(SrReader.Read(report));
}
