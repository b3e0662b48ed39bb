using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;

namespace Pacs.Web.Dimse;

/// <summary>
/// Takes questions for storage commitment (PS3.4 §J.3.2). The answer to the N-ACTION says only that the question is kept; whether the instances are is what
/// <see cref="CommitmentReports"/> report. Reports of others about our questions go to <see cref="CommitmentScu"/>.
/// </summary>
public sealed partial class CommitmentScp(Commitments commitments, CommitmentReports reports, CommitmentScu scu, ILogger<CommitmentScp> logger) : INHandler
{
    // PS3.4 §J.3.2.1.1
    private const ushort RequestCommitment = 1;

    /// <inheritdoc/>
    public async ValueTask<NResult> HandleAsync(NRequest request, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Operation == DimseCommandField.NEventReportRequest)
        {
            return await scu.TakeAsync(request, request.Peer.CallingAe, ct);
        }
        if (request.Operation != DimseCommandField.NActionRequest)
        {
            return DimseStatus.UnrecognizedOperation;
        }
        if (request.SopInstance != DicomUid.StorageCommitmentPushModelInstance)
        {
            return DimseStatus.NoSuchSopInstance;
        }
        if (request.TypeId != RequestCommitment)
        {
            return DimseStatus.NoSuchAction;
        }
        if (!TryRead(request.Dataset, out var transaction, out var references, out var refusal))
        {
            return refusal;
        }
        var peer = request.Peer;
        // first, so that a courier who is on his way already does not call while the device waits here
        reports.Expect(peer.CallingAe, transaction, request.Events);
        var isAccepted = false;
        try
        {
            // once begun it is finished: the device may be told otherwise already
            switch (await commitments.RequestAsync(transaction, references, new Origin(OriginKind.Dimse, peer.CallingAe, peer.CalledAe, peer.RemoteHost), CancellationToken.None))
            {
                case CommitmentOutcome.Duplicate:
                    return DimseStatus.InvalidArgumentValue.With("The transaction is about other instances", DicomTag.TransactionUID);
                case CommitmentOutcome.TooMany:
                    return DimseStatus.ResourceLimitation.With("Too many instances wait for their report");
                default:
                    isAccepted = true;
                    return DimseStatus.Success;
            }
        }
        catch (IndexUnavailableException e)
        {
            LogUnavailable(e);
            return DimseStatus.ResourceLimitation.With("The request could not be stored");
        }
        finally
        {
            reports.Begin(peer.CallingAe, transaction, isAccepted);
        }
    }

    // PS3.4 table J.3-1
    private static bool TryRead(DicomDataset? information, out string transaction, out List<InstanceReference> references, out DimseStatus refusal)
    {
        (transaction, references, refusal) = ("", [], DimseStatus.Success);
        if (information is null)
        {
            refusal = DimseStatus.NoSuchArgument.With("There is no action information");
            return false;
        }
        transaction = information.GetString(DicomTag.TransactionUID) ?? "";
        if (!DicomUid.IsTolerable(transaction))
        {
            refusal = DimseStatus.InvalidArgumentValue.With("The Transaction UID is missing or no UID", DicomTag.TransactionUID);
            return false;
        }
        var items = information.GetSequence(DicomTag.ReferencedSOPSequence);
        if (items.Count == 0)
        {
            refusal = DimseStatus.InvalidArgumentValue.With("No instance is referenced", DicomTag.ReferencedSOPSequence);
            return false;
        }
        if (items.Count > Commitments.MaxReferences)
        {
            refusal = DimseStatus.ResourceLimitation.With("Too many instances in one request", DicomTag.ReferencedSOPSequence);
            return false;
        }
        // the same few classes again and again
        var classes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            if (item.GetString(DicomTag.ReferencedSOPClassUID) is not { } sopClass || !DicomUid.IsTolerable(sopClass)
                || item.GetString(DicomTag.ReferencedSOPInstanceUID) is not { } sopInstance || !DicomUid.IsTolerable(sopInstance))
            {
                refusal = DimseStatus.InvalidArgumentValue.With("A reference lacks its UIDs", DicomTag.ReferencedSOPSequence);
                return false;
            }
            references.Add(new InstanceReference(classes.TryAdd(sopClass, sopClass) ? sopClass : classes[sopClass], sopInstance));
        }
        return true;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A request for storage commitment could not be stored")]
    private partial void LogUnavailable(Exception e);
}
