namespace Pacs.Dicom.Network;

/// <summary>The response to a request of the N-services.</summary>
/// <param name="Status">The status.</param>
/// <param name="SopInstance">Affected SOP Instance UID, or null: of an N-CREATE the one that the peer has chosen.</param>
/// <param name="Dataset">Attribute List, Action Reply or Event Reply, or null.</param>
/// <param name="Attributes">Attribute Identifier List: what the status is about; empty as a rule.</param>
public sealed record NResponse(DimseStatus Status, string? SopInstance, DicomDataset? Dataset, IReadOnlyList<DicomTag> Attributes);

/// <summary>The N-services as invoker (PS3.7 §10), and event reports that the acceptor sends back.</summary>
public sealed partial class DimseClient
{
    /// <summary>
    /// Answers N-EVENT-REPORT-RQs of the peer, whenever one comes while this client waits for something. Null, the default: an N-EVENT-REPORT
    /// aborts the association, since nobody asked for it. <see cref="NRequest.Events"/> cannot be used from here.
    /// </summary>
    public Func<NRequest, CancellationToken, ValueTask<NResult>>? AnswerEvent { get; set; }

    /// <summary>N-CREATE (PS3.7 §10.1.5).</summary>
    /// <param name="sopClass">Affected SOP Class UID; a context of it must be accepted.</param>
    /// <param name="sopInstance">The UID of the new instance; null leaves it to the peer.</param>
    /// <param name="attributes">Attribute List, or null.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="DicomException">No accepted context fits.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public Task<NResponse> NCreateAsync(string sopClass, string? sopInstance, DicomDataset? attributes, CancellationToken ct) =>
        InvokeAsync(sopClass, DimseCommand.CreateRequest(NextMessageId(), sopClass, sopInstance), attributes, ct);

    /// <summary>N-SET (PS3.7 §10.1.3).</summary>
    /// <exception cref="DicomException">No accepted context fits.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public Task<NResponse> NSetAsync(string sopClass, string sopInstance, DicomDataset modifications, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(modifications);
        return InvokeAsync(sopClass, DimseCommand.SetRequest(NextMessageId(), sopClass, sopInstance), modifications, ct);
    }

    /// <summary>N-GET (PS3.7 §10.1.2).</summary>
    /// <param name="sopClass">Requested SOP Class UID.</param>
    /// <param name="sopInstance">Requested SOP Instance UID.</param>
    /// <param name="attributes">What to answer; empty for everything.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="DicomException">No accepted context fits.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public Task<NResponse> NGetAsync(string sopClass, string sopInstance, IReadOnlyList<DicomTag> attributes, CancellationToken ct) =>
        InvokeAsync(sopClass, DimseCommand.GetAttributesRequest(NextMessageId(), sopClass, sopInstance, attributes), dataset: null, ct);

    /// <summary>N-ACTION (PS3.7 §10.1.4).</summary>
    /// <exception cref="DicomException">No accepted context fits.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public Task<NResponse> NActionAsync(string sopClass, string sopInstance, ushort actionType, DicomDataset? information, CancellationToken ct) =>
        InvokeAsync(sopClass, DimseCommand.ActionRequest(NextMessageId(), sopClass, sopInstance, actionType), information, ct);

    /// <summary>
    /// N-EVENT-REPORT (PS3.7 §10.1.1). Whoever opens an association to send it is SCP of the class there, which
    /// <see cref="AssociationRequest.ProposeAsScp"/> asks for.
    /// </summary>
    /// <exception cref="DicomException">No accepted context fits.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public Task<NResponse> NEventReportAsync(string sopClass, string sopInstance, ushort eventType, DicomDataset? information, CancellationToken ct) =>
        InvokeAsync(sopClass, DimseCommand.EventReportRequest(NextMessageId(), sopClass, sopInstance, eventType), information, ct);

    /// <summary>N-DELETE (PS3.7 §10.1.6).</summary>
    /// <exception cref="DicomException">No accepted context fits.</exception>
    /// <exception cref="AssociationException">The association ended.</exception>
    public Task<NResponse> NDeleteAsync(string sopClass, string sopInstance, CancellationToken ct) =>
        InvokeAsync(sopClass, DimseCommand.DeleteRequest(NextMessageId(), sopClass, sopInstance), dataset: null, ct);

    /// <summary>Waits for one N-EVENT-REPORT-RQ and answers it through <see cref="AnswerEvent"/>.</summary>
    /// <returns>False when the peer released the association instead.</returns>
    /// <exception cref="InvalidOperationException"><see cref="AnswerEvent"/> is null.</exception>
    /// <exception cref="AssociationException">The association ended otherwise, or the peer sent something else.</exception>
    public async Task<bool> ReceiveEventAsync(CancellationToken ct)
    {
        if (AnswerEvent is null)
        {
            throw new InvalidOperationException("Nobody answers events");
        }
        if (await Association.ReceiveAsync(ct) is not { } message)
        {
            return false;
        }
        await AnswerEventAsync(message, ct);
        return true;
    }

    private async Task<NResponse> InvokeAsync(string sopClass, DimseCommand request, DicomDataset? dataset, CancellationToken ct)
    {
        await Association.SendAsync(Context(sopClass), request, dataset, ct);
        var response = await ReceiveResponseAsync(request, ct);
        var reply = response.Data is { } data ? await data.ReadDatasetAsync(DimseHandlers.MaxNDataset, ct) : null;
        return new NResponse(response.Command.Status, response.Command.AffectedSopInstance, reply, response.Command.AttributeIdentifiers);
    }

    /// <summary>Answers a request of the peer, which can be an event report only.</summary>
    private async ValueTask AnswerEventAsync(DimseMessage message, CancellationToken ct)
    {
        var command = message.Command;
        if (AnswerEvent is not { } answer || command.Field != DimseCommandField.NEventReportRequest)
        {
            Association.Abort();
            throw new AssociationException(AssociationFailure.ProtocolViolation, "The peer sent a request where a response was due", AbortSource.ServiceUser);
        }
        NResult result;
        if (command.AffectedSopInstance is not { } sopInstance || !DicomUid.IsTolerable(sopInstance))
        {
            (sopInstance, result) = ("", DimseStatus.InvalidSopInstance);
        }
        else if (command.EventTypeId is not { } eventType)
        {
            result = DimseStatus.NoSuchEventType;
        }
        else
        {
            try
            {
                result = await answer(
                    new NRequest(Association.Info, message.Context, command.Field, command.AffectedSopClass ?? message.Context.AbstractSyntax, sopInstance)
                    {
                        TypeId = eventType,
                        Dataset = message.Data is { } data ? await data.ReadDatasetAsync(DimseHandlers.MaxNDataset, ct) : null,
                        Events = EventChannel.None,
                    },
                    ct);
            }
            catch (DimseStatusException e)
            {
                result = e.Status;
            }
            catch (DicomException e) when (e is not AssociationException)
            {
                result = DimseStatus.ProcessingFailure.With(e.Message);
            }
        }
        if (message.Data is { } rest)
        {
            await rest.DrainAsync(ct);
        }
        await Association.SendAsync(message.Context, DimseCommand.NResponseTo(command, sopInstance, result), result.Dataset, ct);
    }
}
