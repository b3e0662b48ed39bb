using Pacs.Dicom;
using static Pacs.Tests.SrBuilder;

namespace Pacs.Tests;

public sealed class SrMeasurementsTests
{
    [Fact]
    public void What_a_container_says_holds_for_all_below_and_what_is_nearer_replaces_it()
    {
        var found = Read(Report("5100", Container("121070", "Findings",
            Modifier("363698007", "SCT", "Kidney"), Modifier("272741003", "SCT", "Right"),
            Num("1", "Length", "1"),
            Container("9", "Part", Modifier("G-C171", "SRT", "Left"), Num("2", "Width", "2").Set(DicomTag.ContentSequence, Modifier("G-C0E3", "SRT", "Cortex"))),
            Num("3", "Depth", "3"))));
        Assert.Equal(
            [("Length", "Kidney", "Right"), ("Width", "Cortex", "Left"), ("Depth", "Kidney", "Right")],
            found.Values.Select(v => (v.Concept.Meaning, v.Context.Find(SrContext.FindingSiteKey)!.Text, v.Context.Find(SrContext.LateralityKey)!.Text)));
    }

    [Fact]
    public void The_side_may_be_stated_below_the_finding_site()
    {
        var site = Modifier("363698007", "SCT", "Kidney").Set(DicomTag.ContentSequence, Modifier("272741003", "SCT", "Left"));
        var value = Assert.Single(Read(Report("1500", Container("125007", "Measurement Group", site, Num("1", "Length", "1")))).Values);
        Assert.Equal("Left", value.Context.Find(SrContext.LateralityKey)!.Text);
    }

    [Fact]
    public void A_known_modifier_without_a_relationship_is_one_all_the_same()
    {
        var value = Assert.Single(Read(Report("5200", Group("2D mode", Num("1", "Length", "1")))).Values);
        Assert.Null(value.Context.Find(SrContext.ImageModeKey)); // the builder's scheme is none
        var mode = Code("G-0373", "Image Mode", "G-03A2", "2D mode");
        mode.GetSequence(DicomTag.ConceptNameCodeSequence)[0].Set(DicomTag.CodingSchemeDesignator, "99SDM");
        value = Assert.Single(Read(Report("5200", Container("125007", "Measurement Group", mode, Num("1", "Length", "1")))).Values);
        Assert.Equal("2D mode", value.Context.Find(SrContext.ImageModeKey)!.Text);
    }

    [Fact]
    public void Numbers_below_a_value_are_its_limits_unless_it_was_computed_from_them()
    {
        var value = Num("1", "Ratio", "22").Set(DicomTag.ContentSequence,
            Num("2", "Low", "20").Set(DicomTag.RelationshipType, "HAS PROPERTIES"),
            Num("3", "Femur", "5").Set(DicomTag.RelationshipType, "INFERRED FROM"),
            Num("4", "Angle", "60").Set(DicomTag.RelationshipType, "HAS ACQ CONTEXT"),
            Num("5", "None", "").Set(DicomTag.RelationshipType, "HAS PROPERTIES"));
        var found = Read(Report(null, value, Num("6", "Columns", "128").Set(DicomTag.RelationshipType, "HAS ACQ CONTEXT")));
        Assert.Equal("Low", Assert.Single(Assert.Single(found.Values).Limits).Concept.Meaning);
        Assert.Equal(
            [("1.1.2", "another value was computed from it"), ("1.1.3", "describes another value"), ("1.1.4", "no value"), ("1.2", "describes other values")],
            found.LeftOut.Select(i => (i.Path, i.Reason)).Order());
    }

    [Fact]
    public void Why_there_is_no_value_is_said_in_its_code()
    {
        var item = Num("1", "Length", "").Set(DicomTag.NumericValueQualifierCodeSequence, Concept("114007", "DCM", "Measurement not attempted"));
        Assert.Equal(new LeftOutItem("1.1", "no value (114007, DCM)"), Assert.Single(Read(Report(null, item)).LeftOut));
    }

    [Fact]
    public void One_odd_item_never_costs_the_others()
    {
        foreach (var odd in CompatibleMeasurementsTests.OddItems.Select(r => r.Data.Item2))
        {
            var found = Read(Report("5200", Container("125007", "Group", Num("1", "A", "1"), odd, Num("2", "B", "2"))));
            Assert.Equal(["A", "B"], found.Values.Select(v => v.Concept.Meaning).Where(m => m is "A" or "B"));
        }
    }

    [Fact]
    public void In_a_biometry_group_age_and_percentile_are_about_the_length()
    {
        var group = Coded(Container("125005", "Biometry Group", Coded(Num("18185-9", "Gestational Age", "190", "d"), "LN"), Coded(Num("11963-6", "Femur Length", "4.5"), "LN"), Coded(Num("125012", "Rank", "40"), "DCM")), "DCM");
        Assert.Equal([("190", "Femur Length"), ("4.5", null), ("40", "Femur Length")], Read(Report("5000", group)).Values.Select(v => (v.Text, v.About?.Meaning)));
    }

    [Fact]
    public void References_to_other_items_are_not_followed()
    {
        // a reference to the root would never end
        var reference = new DicomDataset().Set(DicomTag.RelationshipType, "CONTAINS").Set(DicomTag.ReferencedContentItemIdentifier, 1u);
        Assert.Single(Read(Report(null, reference, Container("1", "Section", reference, Num("2", "Length", "1")))).Values);
    }

    [Fact]
    public void Depth_modifiers_and_counts_have_limits()
    {
        var content = Num("1", "Deep", "1");
        for (var i = 0; i < 3000; i++)
        {
            content = Container("1", "Level", content);
        }
        var modifiers = Enumerable.Range(0, 20_000).Select(i => Modifier($"M{i}", "99X", "x")).ToArray();
        var values = Enumerable.Range(0, 20_000).Select(i => Num("1", "Length", "1").Set(DicomTag.ContentSequence, Modifier("OWN", "99X", $"{i}"))).ToArray();
        var found = Read(Report(null, content, Container("9", "Wide", [.. modifiers, .. values])));
        Assert.Equal(20_000, found.Values.Count);
        Assert.All(found.Values, v => Assert.InRange(v.Context.Modifiers.Count, 1, SrContext.MaxModifiers));
        Assert.Contains("too deep", Assert.Single(found.LeftOut).Reason, StringComparison.Ordinal);
        Assert.Equal(20_000, SrRepeats.Fold(found, RepeatedValue.Mean).Values.Count + SrRepeats.Fold(found, RepeatedValue.Mean).LeftOut.Count - 1);
    }

    [Theory]
    [InlineData("SRT", "G-C0E3", "SCT:363698007")]
    [InlineData("SNM3", "G-C0E3", "SCT:363698007")]
    [InlineData("99SDM", "T-32600", "SCT:87878005")]
    [InlineData("SRT", "X-12345", "SRT:X-12345")]
    [InlineData("LN", "18043-0", "LN:18043-0")]
    [InlineData("99GEMS", "G-C0E3", "99GEMS:G-C0E3")]
    public void Codes_of_SNOMED_RT_are_those_of_SNOMED_CT(string scheme, string code, string key) => Assert.Equal(key, new CodedConcept(code, scheme, "x").Key);

    internal static DicomDataset Modifier(string code, string scheme, string value)
    {
        var item = Coded(Code(code, code, value.ToUpperInvariant(), value), scheme).Set(DicomTag.RelationshipType, "HAS CONCEPT MOD");
        item.GetSequence(DicomTag.ConceptCodeSequence)[0].Set(DicomTag.CodingSchemeDesignator, "99X");
        return item;
    }

    internal static DicomDataset Coded(DicomDataset item, string scheme)
    {
        item.GetSequence(DicomTag.ConceptNameCodeSequence)[0].Set(DicomTag.CodingSchemeDesignator, scheme);
        return item;
    }

    private static DicomDataset Concept(string code, string scheme, string meaning) =>
        new DicomDataset().Set(DicomTag.CodeValue, code).Set(DicomTag.CodingSchemeDesignator, scheme).Set(DicomTag.CodeMeaning, meaning);

    private static SrMeasurements Read(DicomDataset report) => SrMeasurements.Read(SrReader.Read(report));
}
