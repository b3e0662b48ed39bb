using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Upload;

/// <summary>
/// Gives what comes from another hospital's medium to one of our patients (ADR 0031): the patient's attributes are replaced, those the medium had are kept in Original Attributes
/// Sequence (PS3.3 §C.12.1.1.9). UIDs stay, so that what refers to an image still finds it and the same medium twice is one study.
/// </summary>
/// <param name="PatientId">(0010,0020).</param>
/// <param name="PatientName">(0010,0010).</param>
/// <param name="BirthDate">(0010,0030), DA; empty when it is not known.</param>
/// <param name="Sex">(0010,0040); empty when it is not known.</param>
internal sealed record AssignedPatient(string PatientId, string PatientName, string BirthDate, string Sex) : ICoercion
{
    public string Name => "assigned-patient";

    public bool Applies(DicomDataset header, TransferSyntax syntax) =>
        header.GetString(DicomTag.PatientID) != PatientId || header.GetString(DicomTag.PatientName) != PatientName || (header.GetString(DicomTag.PatientBirthDate) ?? "") != BirthDate
        || (header.GetString(DicomTag.PatientSex) ?? "") != Sex;

    /// <exception cref="DicomException">The name has characters that neither the data set's character set nor a conversion of its texts can have.</exception>
    public void Apply(DicomDataset header, ReadOnlySpan<byte> pixelData)
    {
        if (!header.CharacterSet.CanEncode(PatientName + PatientId))
        {
            header.ConvertCharacterSet(CharacterSet.Utf8);
        }
        header.Set(DicomTag.PatientID, PatientId).Set(DicomTag.PatientName, PatientName).Set(DicomTag.PatientBirthDate, BirthDate).Set(DicomTag.PatientSex, Sex);
        // they say who gave the number that has been replaced, and which others he gave
        header.Remove(DicomTag.IssuerOfPatientID);
        header.Remove(DicomTag.IssuerOfPatientIDQualifiersSequence);
    }
}
