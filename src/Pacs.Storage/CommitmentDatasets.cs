using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>The data sets of storage commitment (PS3.4 tables J.3-1 and J.3-2), as they are sent and as the index keeps them.</summary>
internal static class CommitmentDatasets
{
    public static DicomDataset Item(InstanceReference reference) =>
        new DicomDataset().SetUnchecked(DicomTag.ReferencedSOPClassUID, reference.SopClass).SetUnchecked(DicomTag.ReferencedSOPInstanceUID, reference.SopInstance);

    public static InstanceReference Reference(DicomDataset item) =>
        new(item.GetString(DicomTag.ReferencedSOPClassUID) ?? "", item.GetString(DicomTag.ReferencedSOPInstanceUID) ?? "");

    public static byte[] Encode(DicomDataset dataset) => DicomWriter.ToBytes(dataset, TransferSyntax.ExplicitVRLittleEndian);

    public static DicomDataset Decode(byte[] bytes) => DicomReader.Read(bytes, TransferSyntax.ExplicitVRLittleEndian);

    /// <summary>The Event Information of a report; a sequence without items is left out.</summary>
    public static DicomDataset Report(string transactionUid, IEnumerable<InstanceReference> kept, IEnumerable<FailedReference> failed)
    {
        var information = new DicomDataset().Set(DicomTag.TransactionUID, transactionUid);
        var keptItems = kept.Select(Item).ToList();
        var failedItems = failed.Select(f => Item(f.Instance).Set(DicomTag.FailureReason, f.Reason)).ToList();
        if (keptItems.Count > 0)
        {
            information.Set(DicomTag.ReferencedSOPSequence, keptItems);
        }
        if (failedItems.Count > 0)
        {
            information.Set(DicomTag.FailedSOPSequence, failedItems);
        }
        return information;
    }
}

/// <summary>An instance that is not kept.</summary>
/// <param name="Instance">Which.</param>
/// <param name="Reason">Failure Reason (0008,1197), PS3.3 §C.14.1.1.</param>
public readonly record struct FailedReference(InstanceReference Instance, int Reason);
