using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Network;

/// <summary>What a C-STORE has to know about a Part 10 file before it sends it.</summary>
/// <param name="Path">The file.</param>
/// <param name="SopClass">(0008,0016).</param>
/// <param name="SopInstance">(0008,0018).</param>
/// <param name="Syntax">How the data set is written.</param>
/// <param name="DatasetOffset">Where it begins.</param>
internal sealed record StoredFile(string Path, string SopClass, string SopInstance, TransferSyntax Syntax, long DatasetOffset)
{
    // (0008,0016) and (0008,0018) lie at the beginning of every data set
    private static readonly DicomReadOptions Beginning = new() { StopBefore = DicomTag.StudyDate };

    /// <summary>Whether data sets in a syntax can be written in another, uncompressed one.</summary>
    public static bool IsRewritable(TransferSyntax from, TransferSyntax to) => IsUncompressed(to) && (IsUncompressed(from) || Transcoder.CanTranscode(from, to));

    /// <summary>Whether pixel data are native, so that only VRs and byte order differ (PS3.5 §A.1 to A.3, A.5).</summary>
    public static bool IsUncompressed(TransferSyntax syntax) =>
        syntax.Uid is DicomUid.ImplicitVRLittleEndian or DicomUid.ExplicitVRLittleEndian or DicomUid.ExplicitVRBigEndian or DicomUid.DeflatedExplicitVRLittleEndian;

    /// <summary>Reads the beginning of a file.</summary>
    /// <exception cref="DicomException">Not a DICOM file, or without SOP UIDs.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static StoredFile Open(string path)
    {
        var file = DicomFile.Open(path, Beginning);
        return new StoredFile(
            path,
            Uid(DicomTag.SOPClassUID, DicomTag.MediaStorageSOPClassUID),
            Uid(DicomTag.SOPInstanceUID, DicomTag.MediaStorageSOPInstanceUID),
            file.Syntax,
            file.DatasetOffset);

        string Uid(DicomTag tag, DicomTag metaTag)
        {
            var uid = file.Dataset.GetString(tag) is { Length: > 0 } own ? own : file.FileMeta.GetString(metaTag);
            return DicomUid.IsTolerable(uid) ? uid! : throw new DicomException("Missing, or not a UID", tag);
        }
    }
}
