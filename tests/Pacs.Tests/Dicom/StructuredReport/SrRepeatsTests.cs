using Pacs.Dicom;
using static Pacs.Tests.SrBuilder;
using static Pacs.Tests.SrMeasurementsTests;

namespace Pacs.Tests;

public sealed class SrRepeatsTests
{
    [Theory]
    [InlineData(RepeatedValue.Mean, 6.0, "Mean")]
    [InlineData(RepeatedValue.Min, 5.0, "Minimum")]
    [InlineData(RepeatedValue.Max, 8.0, "Maximum")]
    [InlineData(RepeatedValue.Last, 5.0, null)]
    public void Repeats_become_one_value(RepeatedValue choice, double value, string? derivation)
    {
        var folded = Fold(choice, Length("5"), Length("8"), Length("5"));
        var one = Assert.Single(folded.Values);
        Assert.Equal((value, 3, derivation), (one.Value, one.Count, one.Derivation?.Meaning));
        Assert.Equal(2, folded.LeftOut.Count);
    }

    [Theory]
    [InlineData(RepeatedValue.Mean, "6.5")]
    [InlineData(RepeatedValue.Max, "8")]
    public void The_mean_of_the_device_is_taken_where_it_has_one(RepeatedValue choice, string text)
    {
        var one = Assert.Single(Fold(choice, Length("5"), Length("8"), Derived("6.5", "373098007")).Values);
        Assert.Equal((text, 2), (one.Text, one.Count));
    }

    [Fact]
    public void What_the_device_chose_wins_over_the_option()
    {
        var chosen = Length("7").Set(DicomTag.ContentSequence, Stated("121404", "DCM", "121410", "DCM", "User chosen value"));
        foreach (var choice in Enum.GetValues<RepeatedValue>())
        {
            Assert.Equal("7", Assert.Single(Fold(choice, Length("5"), chosen, Length("9"), Derived("6.9", "373098007")).Values).Text);
        }
    }

    [Fact]
    public void A_value_beside_its_own_copy_is_dropped_where_the_copy_says_more()
    {
        var mode = Length("7.25").Set(DicomTag.ContentSequence, Stated("370129005", "SCT", "125209", "DCM", "Teichholz"));
        var folded = Fold(RepeatedValue.Mean, Length("7.25"), mode);
        Assert.Equal("Teichholz", Assert.Single(folded.Values).Context.Find(SrContext.MethodKey)!.Text);
        Assert.Equal("sent twice; the other says more", Assert.Single(folded.LeftOut).Reason);
    }

    [Fact]
    public void Different_methods_are_different_values()
    {
        var teichholz = Length("7").Set(DicomTag.ContentSequence, Stated("370129005", "SCT", "125209", "DCM", "Teichholz"));
        var biplane = Length("8").Set(DicomTag.ContentSequence, Stated("G-C036", "SRT", "125207", "DCM", "Biplane"));
        Assert.Equal(["7", "8"], Fold(RepeatedValue.Mean, teichholz, biplane).Values.Select(v => v.Text));
    }

    [Fact]
    public void Minimum_and_maximum_without_single_values_are_values_of_their_own()
    {
        var folded = Fold(RepeatedValue.Mean, Derived("1", "255605001"), Derived("3", "56851009"), Derived("2", "373098007"), Derived("0.5", "386136009"));
        Assert.Equal(["0.5", "1", "2", "3"], folded.Values.Select(v => v.Text).Order(StringComparer.Ordinal));
        Assert.Equal(4, folded.Values.Select(v => v.Identity).Distinct().Count());
    }

    [Fact]
    public void Groups_of_one_section_are_folded_and_other_sections_are_numbered()
    {
        var folded = SrRepeats.Fold(Read(Report("5200",
            Container("1", "First", Dcm("125007", Length("5")), Dcm("125007", Length("7"))), Container("1", "First", Length("9")), Container("1", "First", Length("9")))), RepeatedValue.Mean);
        Assert.Equal([(6.0, 1), (9.0, 2)], folded.Values.Select(v => (v.Value, v.Ordinal)));
        Assert.Contains("the same value is elsewhere in the report", folded.LeftOut.Select(i => i.Reason));
    }

    [Fact]
    public void Regions_that_are_tracked_are_never_folded()
    {
        static DicomDataset Lesion(string value) => Dcm("125007", Coded(Text("112039", "Tracking Identifier", "Lesion"), "DCM").Set(DicomTag.RelationshipType, "HAS OBS CONTEXT"), Length(value));
        Assert.Equal([1, 2], SrRepeats.Fold(Read(Report("1500", Container("126010", "Imaging Measurements", Lesion("5"), Lesion("7")))), RepeatedValue.Mean).Values.Select(v => v.Ordinal));
    }

    [Fact]
    public void The_same_measurement_has_the_same_identity_by_the_old_codes_and_the_new()
    {
        var old = Container("121070", "Findings", Stated("G-C0E3", "SRT", "T-32600", "SRT", "Left ventricle"), Length("5"));
        var current = Container("59776-5", "Findings", Stated("363698007", "SCT", "87878005", "SCT", "Left ventricular structure"), Length("6"));
        Assert.Equal(
            Assert.Single(SrRepeats.Fold(Read(Report("5200", Coded(old, "DCM"))), RepeatedValue.Mean).Values).Identity,
            Assert.Single(SrRepeats.Fold(Read(Report("5300", Coded(current, "LN"))), RepeatedValue.Last).Values).Identity);
    }

    private static DicomDataset Length(string value) => Coded(Num("410668003", "Length", value), "SCT");

    private static DicomDataset Derived(string value, string derivation) => Length(value).Set(DicomTag.ContentSequence, Stated("121401", "DCM", derivation, "SCT", "Derived"));

    private static DicomDataset Dcm(string code, params DicomDataset[] content) => Coded(Container(code, "Measurement Group", content), "DCM");

    private static DicomDataset Stated(string code, string scheme, string valueCode, string valueScheme, string value)
    {
        var item = Coded(Code(code, code, valueCode, value), scheme).Set(DicomTag.RelationshipType, "HAS CONCEPT MOD");
        item.GetSequence(DicomTag.ConceptCodeSequence)[0].Set(DicomTag.CodingSchemeDesignator, valueScheme);
        return item;
    }

    private static FoldedMeasurements Fold(RepeatedValue choice, params DicomDataset[] items) => SrRepeats.Fold(Read(Report(null, Container("1", "Section", items))), choice);

    private static SrMeasurements Read(DicomDataset report) => SrMeasurements.Read(SrReader.Read(report));
}
