namespace Pacs.Dicom.Network;

/// <summary>C-MOVE and C-GET as their user (PS3.4 §C.4.2, §C.4.3).</summary>
public sealed partial class DimseClient
{
    /// <summary>C-MOVE: asks the peer to send instances to an AE that it knows, ourselves for instance.</summary>
    /// <param name="sopClass">The information model, e.g. <see cref="DicomUid.StudyRootQueryRetrieveInformationModelMove"/>.</param>
    /// <param name="identifier">Query/Retrieve Level and unique keys; UIDs of the level may be a list (PS3.4 §C.4.2.1.4.1).</param>
    /// <param name="destination">AE title of the receiver, as the peer knows it.</param>
    /// <param name="progress">Is told each pending response, on the thread that receives; null for nobody.</param>
    /// <param name="ct">Cancels: C-CANCEL-RQ is sent, and the peer's final response, FE00H as a rule, is still the result.</param>
    /// <returns>The final response. A failure is a result too, not an exception.</returns>
    /// <exception cref="DicomException">The peer did not accept the model.</exception>
    /// <exception cref="AssociationException">The association ended, or the peer was silent for longer than the limits allow.</exception>
    public async Task<RetrieveResult> MoveAsync(string sopClass, DicomDataset identifier, string destination, IProgress<RetrieveResult>? progress, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(identifier);
        var request = new DimseCommand(DimseCommandField.CMoveRequest)
        {
            MessageId = NextMessageId(),
            AffectedSopClass = sopClass,
            Priority = DimsePriority.Medium,
            MoveDestination = destination,
        };
        return await RetrieveAsync(sopClass, request, identifier, store: null, progress, ct);
    }

    /// <summary>C-GET: asks the peer to send instances over this association.</summary>
    /// <param name="sopClass">The information model, e.g. <see cref="DicomUid.StudyRootQueryRetrieveInformationModelGet"/>.</param>
    /// <param name="identifier">Query/Retrieve Level and unique keys; UIDs of the level may be a list (PS3.4 §C.4.3.1.3.1).</param>
    /// <param name="store">Gets the instances; what it answers is the status of the sub-operation. Only those of classes that were proposed by
    /// <see cref="AssociationRequest.ProposeAsScp"/> and accepted come.</param>
    /// <param name="progress">Is told each pending response, on the thread that receives; null for nobody.</param>
    /// <param name="ct">Cancels: C-CANCEL-RQ is sent, and the peer's final response, FE00H as a rule, is still the result.</param>
    /// <returns>The final response, with the bytes that came. A failure is a result too, not an exception.</returns>
    /// <exception cref="DicomException">The peer did not accept the model.</exception>
    /// <exception cref="AssociationException">The association ended, or the peer was silent for longer than the limits allow.</exception>
    public Task<RetrieveResult> GetAsync(string sopClass, DicomDataset identifier, IStoreHandler store, IProgress<RetrieveResult>? progress, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(identifier);
        ArgumentNullException.ThrowIfNull(store);
        var request = new DimseCommand(DimseCommandField.CGetRequest) { MessageId = NextMessageId(), AffectedSopClass = sopClass, Priority = DimsePriority.Medium };
        return RetrieveAsync(sopClass, request, identifier, store, progress, ct);
    }

    private async Task<RetrieveResult> RetrieveAsync(
        string sopClass, DimseCommand request, DicomDataset identifier, IStoreHandler? store, IProgress<RetrieveResult>? progress, CancellationToken ct)
    {
        var context = Context(sopClass);
        ct.ThrowIfCancellationRequested();
        await Association.SendAsync(context, request, identifier, CancellationToken.None);
        var cancelling = Task.CompletedTask;
        var bytes = 0L;
        // a message is sent as a whole: the C-CANCEL comes between two, whatever this side is sending
        await using var registration = ct.UnsafeRegister(
            _ => cancelling = SendQuietlyAsync(context, DimseCommand.CancelRequest(request.MessageId)), null);
        while (true)
        {
            // what the peer owes us is not given up when the token is cancelled, but when it is silent for too long
            var message = await Association.ReceiveAsync(CancellationToken.None)
                ?? throw new AssociationException(AssociationFailure.ProtocolViolation, "The peer released the association instead of answering");
            var command = message.Command;
            if (command.Field == DimseCommandField.CStoreRequest && store is not null)
            {
                var status = await StoreAsync(store, message);
                bytes += message.Data?.BytesRead ?? 0;
                await Association.SendAsync(message.Context, DimseCommand.ResponseTo(command, status), dataset: null, CancellationToken.None);
            }
            else if (!command.IsResponse)
            {
                // a report of something else, or what nobody asked for: that aborts
                await AnswerEventAsync(message, CancellationToken.None);
            }
            else if (command.MessageIdBeingRespondedTo == request.MessageId)
            {
                var result = await ReadResultAsync(message) with { Bytes = bytes };
                if (result.Status.Kind != DimseStatusKind.Pending)
                {
                    await registration.DisposeAsync();
                    await cancelling;
                    return result;
                }
                progress?.Report(result);
            }
        }
    }

    private async ValueTask<DimseStatus> StoreAsync(IStoreHandler store, DimseMessage message)
    {
        var command = message.Command;
        if (message.Data is not { } data || command.AffectedSopClass is not { } sopClass || !DicomUid.IsTolerable(sopClass)
            || command.AffectedSopInstance is not { } sopInstance || !DicomUid.IsTolerable(sopInstance))
        {
            return DimseStatus.CannotUnderstand.With("The request has no data set or UIDs");
        }
        DimseStatus status;
        try
        {
            status = await store.StoreAsync(new StoreRequest(Association.Info, message.Context, sopClass, sopInstance, command.MoveOriginatorAe), data, CancellationToken.None);
        }
        catch (DimseStatusException e)
        {
            status = e.Status;
        }
        catch (DicomException e) when (e is not AssociationException)
        {
            status = DimseStatus.CannotUnderstand.With(e.Message);
        }
        await data.DrainAsync(CancellationToken.None);
        DicomTelemetry.ReceivedBytes.Add(data.BytesRead);
        return status;
    }

    private static async ValueTask<RetrieveResult> ReadResultAsync(DimseMessage message)
    {
        var command = message.Command;
        var failed = message.Data is { } data ? (await data.ReadDatasetAsync(MaxIdentifier, CancellationToken.None)).GetStrings(DicomTag.FailedSOPInstanceUIDList) : [];
        return new RetrieveResult(
            command.Status, command.RemainingSubOperations ?? 0, command.CompletedSubOperations ?? 0, command.FailedSubOperations ?? 0, command.WarningSubOperations ?? 0)
        {
            FailedInstances = failed,
        };
    }

    private async Task SendQuietlyAsync(PresentationContext context, DimseCommand command)
    {
        try
        {
            await Association.SendAsync(context, command, dataset: null, CancellationToken.None);
        }
        catch (AssociationException)
        {
            // whoever receives learns why
        }
    }
}
