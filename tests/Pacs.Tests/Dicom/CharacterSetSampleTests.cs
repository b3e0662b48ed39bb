using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>Files in many character sets, against what pydicom read from them.</summary>
public sealed class CharacterSetSampleTests
{
    [Fact]
    public void Names_are_those_of_the_manifest_and_survive_every_conversion()
    {
        var count = 0;
        foreach (var sample in SharedSamples.All.Where(s => s.IsDicom && s.Path.StartsWith("samples/C_charset/", StringComparison.Ordinal)))
        {
            count++;
            var data = DicomFile.Open(sample.FullPath).Dataset;
            // pydicom leaves an empty group at the end out
            Assert.Equal((sample.Path, sample["patient_name"]), (sample.Path, data.GetPersonName(DicomTag.PatientName)?.ToString() ?? ""));
            var texts = Texts(data);
            Assert.DoesNotContain(texts, t => t.Contains('\uFFFD', StringComparison.Ordinal));
            var declared = data.CharacterSet;

            data.ConvertCharacterSet(CharacterSet.Utf8);
            Assert.Equal(texts, Texts(data));
            Assert.All(Levels(data).Skip(1), item => Assert.False(item.Contains(DicomTag.SpecificCharacterSet)));

            // and back, to the set it was declared in if that has everything that was written
            data.ConvertCharacterSet(CharacterSet.Sufficient(declared, texts));
            Assert.Equal(texts, Texts(data));
        }
        Assert.True(count >= 20, $"{count} samples");
    }

    [Fact]
    public void Four_spellings_of_one_name_are_one_when_folded()
    {
        var umlauts = Name("de_latin1.dcm");
        Assert.Equal("Müßig-Öhlschläger^Jürgen^^Dr.", umlauts);
        Assert.Equal(umlauts, Name("de_utf8.dcm"));
        Assert.Equal(PersonName.FoldGerman(umlauts), PersonName.FoldGerman(Name("de_ascii_transliterated.dcm") + "^^Dr."));

        static string Name(string file) => DicomFile.Open(SharedSamples.Require("samples", "C_charset", "synthetic", file)).Dataset.GetString(DicomTag.PatientName)!;
    }

    private static string[] Texts(DicomDataset data) =>
        [.. Levels(data).SelectMany(level => level.Where(e => e.Vr.IsText).Select(e => level.GetString(e.Tag)!))];

    private static IEnumerable<DicomDataset> Levels(DicomDataset data) =>
        data.SelectMany(e => e.Items ?? []).SelectMany(Levels).Prepend(data);
}
