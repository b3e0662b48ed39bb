using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Tests.Storage;

public sealed class QueryResultTests
{
    [Fact]
    public void Every_attribute_asked_for_is_there_and_no_other()
    {
        var entity = new DicomDataset()
            .Set(DicomTag.PatientID, "1")
            .Set(DicomTag.PatientName, "Doe^John")
            .Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().Set(DicomTag.Modality, "US").Set(DicomTag.ScheduledStationAETitle, "US01"));
        var answer = Build(entity, new DicomDataset()
            .SetUnchecked(DicomTag.PatientName, "D*")
            .Set(DicomTag.PatientSize, 1) // numbers as keys are odd and legal
            .SetUnchecked(DicomTag.PatientBirthDate, "")
            .Set(DicomTag.ReferencedStudySequence, Array.Empty<DicomDataset>())
            .Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().SetUnchecked(DicomTag.Modality, "").SetUnchecked(DicomTag.ScheduledProcedureStepLocation, "")));

        Assert.Equal(
            [DicomTag.PatientName, DicomTag.PatientBirthDate, DicomTag.PatientSize, DicomTag.ScheduledProcedureStepSequence, DicomTag.ReferencedStudySequence],
            answer.Select(e => e.Tag).OrderBy(t => t == DicomTag.ReferencedStudySequence ? uint.MaxValue : t.Value));
        Assert.Equal("Doe^John", answer.GetString(DicomTag.PatientName));
        Assert.True(answer.Get(DicomTag.PatientBirthDate)!.IsEmpty);
        Assert.Equal(DicomVr.DA, answer.Get(DicomTag.PatientBirthDate)!.Vr);
        Assert.True(answer.Get(DicomTag.ReferencedStudySequence) is { IsSequence: true, IsEmpty: true });
        var step = Assert.Single(answer.GetSequence(DicomTag.ScheduledProcedureStepSequence));
        Assert.Equal([DicomTag.Modality, DicomTag.ScheduledProcedureStepLocation], step.Select(e => e.Tag));
        Assert.Equal("US", step.GetString(DicomTag.Modality));
    }

    [Fact]
    public void A_sequence_asked_for_without_attributes_comes_whole()
    {
        var entity = new DicomDataset().Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().Set(DicomTag.Modality, "US").Set(DicomTag.ScheduledStationAETitle, "US01"));
        foreach (var items in new DicomDataset[][] { [], [new DicomDataset()] })
        {
            var answer = Build(entity, new DicomDataset().Set(DicomTag.ScheduledProcedureStepSequence, items));
            Assert.Equal(2, Assert.Single(answer.GetSequence(DicomTag.ScheduledProcedureStepSequence)).Count);
        }
    }

    [Theory]
    // stored in, name, wished for, answered in
    [InlineData("ISO_IR 192", "Doe^John", null, "")]
    [InlineData("ISO_IR 192", "Doe^John", "ISO_IR 100", "ISO_IR 100")]
    [InlineData("ISO_IR 192", "Müller^Jürgen", null, "ISO_IR 100")]
    [InlineData("ISO_IR 192", "Müller^Jürgen", "ISO_IR 100", "ISO_IR 100")]
    [InlineData("ISO_IR 192", "Müller^Jürgen", "ISO_IR 192", "ISO_IR 192")]
    [InlineData("ISO_IR 100", "Müller^Jürgen", "ISO_IR 192", "ISO_IR 192")]
    [InlineData("ISO_IR 192", "Yılmaz^Şehnaz", "ISO_IR 100", "ISO_IR 192")]
    [InlineData("ISO_IR 192", "Yılmaz^Şehnaz", "ISO_IR 148", "ISO_IR 148")]
    [InlineData("ISO_IR 192", "Łódź^Ewa", "ISO_IR 101", "ISO_IR 101")]
    [InlineData("ISO_IR 192", "Łódź^Ewa", null, "ISO_IR 192")]
    [InlineData("ISO_IR 144", "Иванов^Иван", "ISO_IR 100", "ISO_IR 192")]
    [InlineData("ISO_IR 192", "Yamada^Tarou=山田^太郎", "\\ISO 2022 IR 87", "\\ISO 2022 IR 87")]
    public void Texts_come_in_the_character_set_wished_for_or_one_that_has_them(string stored, string name, string? wished, string expected)
    {
        var entity = new DicomDataset().Set(DicomTag.SpecificCharacterSet, stored.Split('\\')).Set(DicomTag.PatientName, name)
            .Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset());
        entity.GetSequence(DicomTag.ScheduledProcedureStepSequence)[0].Set(DicomTag.ScheduledPerformingPhysicianName, name);
        var key = new DicomDataset().SetUnchecked(DicomTag.PatientName, "")
            .Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().SetUnchecked(DicomTag.ScheduledPerformingPhysicianName, ""));
        if (wished is not null)
        {
            key.SetUnchecked(DicomTag.SpecificCharacterSet, wished);
        }
        var answer = Build(entity, key);
        Assert.Equal(expected, answer.GetString(DicomTag.SpecificCharacterSet) ?? "");
        Assert.Equal(name, answer.GetString(DicomTag.PatientName));
        Assert.Equal(name, answer.GetSequence(DicomTag.ScheduledProcedureStepSequence)[0].GetString(DicomTag.ScheduledPerformingPhysicianName));
        Assert.DoesNotContain((byte)'?', answer.Get(DicomTag.PatientName)!.Value.ToArray());
    }

    private static DicomDataset Build(DicomDataset entity, DicomDataset identifier) => ResultBuilder.Build(entity, MatchParser.Parse(identifier, combineDateTime: true));
}
