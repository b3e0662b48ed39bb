using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Tests;

/// <summary>What nodes with peculiarities are asked.</summary>
public sealed class ModalityQuirksTests
{
    [Theory]
    [InlineData(ModalityManufacturer.Generic, "*", "*", "", "*")]
    [InlineData(ModalityManufacturer.Vitrea, "*", "*", "", "*")]
    [InlineData(ModalityManufacturer.GenericNoWildcardInDates, "*", "", "", "*")]
    [InlineData(ModalityManufacturer.GenericNoUniversalWildcard, "", "", "", "")]
    [InlineData(ModalityManufacturer.GE, "*", "*", "*", "*")]
    public void Only_what_the_software_fails_on_is_said_differently(ModalityManufacturer manufacturer, string name, string date, string uid, string nested)
    {
        var query = new DicomDataset()
            .SetUnchecked(DicomTag.PatientName, "*").SetUnchecked(DicomTag.StudyDate, "*").SetUnchecked(DicomTag.PatientID, "4*").SetUnchecked(DicomTag.StudyInstanceUID, "")
            .SetUnchecked(DicomTag.AccessionNumber, "")
            .Set(DicomTag.ScheduledProcedureStepSequence, new DicomDataset().SetUnchecked(DicomTag.Modality, "*"));
        var asked = ModalityQuirks.Adapt(new Modality { Name = "n", AeTitle = "A", Host = "h", Port = 1, Manufacturer = manufacturer }, query);
        string?[] said =
        [
            asked.GetString(DicomTag.PatientName), asked.GetString(DicomTag.StudyDate), asked.GetString(DicomTag.PatientID), asked.GetString(DicomTag.StudyInstanceUID),
            asked.GetString(DicomTag.AccessionNumber), Assert.Single(asked.GetSequence(DicomTag.ScheduledProcedureStepSequence)).GetString(DicomTag.Modality),
        ];
        Assert.Equal((string?[])[name, date, "4*", uid, "", nested], said);
        Assert.Equal("*", query.GetString(DicomTag.StudyDate));
    }
}
