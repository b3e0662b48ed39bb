namespace Pacs.Dicom.Network;

/// <summary>The N-services of a session (PS3.7 §10), and event reports in the other direction.</summary>
internal sealed partial class DimseSession
{
    private readonly Lock _reportLock = new();
    private readonly Dictionary<ushort, TaskCompletionSource<DimseStatus?>> _reports = [];
    private ushort _lastReportId;
    private bool _isAtRest;

    /// <summary>See <see cref="EventChannel.IsOpen"/>.</summary>
    public bool IsOpen => association.State == UpperLayerState.Sta6;

    /// <summary>See <see cref="EventChannel.IsAtRest"/>.</summary>
    public bool IsAtRest
    {
        get
        {
            lock (_reportLock)
            {
                return _isAtRest && IsOpen;
            }
        }

        private set
        {
            lock (_reportLock)
            {
                _isAtRest = value;
            }
        }
    }

    /// <summary>See <see cref="EventChannel.TryReportAsync"/>.</summary>
    public async Task<DimseStatus?> TryReportAsync(
        PresentationContext context, string sopClass, string sopInstance, ushort eventType, DicomDataset? information, TimeSpan patience, CancellationToken ct)
    {
        var answered = new TaskCompletionSource<DimseStatus?>(TaskCreationOptions.RunContinuationsAsynchronously);
        DimseCommand command;
        lock (_reportLock)
        {
            if (!_isAtRest)
            {
                return null;
            }
            // our own requests are numbered by themselves: ids are unique among the outstanding ones of one side (PS3.7 §E.1)
            _lastReportId = _lastReportId == ushort.MaxValue ? (ushort)1 : (ushort)(_lastReportId + 1);
            command = DimseCommand.EventReportRequest(_lastReportId, sopClass, sopInstance, eventType);
            // stays there when it is given up: the response may come late, and must not look like one that nobody asked for
            _reports[_lastReportId] = answered;
        }
        try
        {
            await association.SendAsync(context, command, information, ct);
            return await answered.Task.WaitAsync(patience, policy.TimeProvider, ct);
        }
        catch (Exception e) when (e is AssociationException or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Whether a response is one to a report of ours; then whoever waits for it has it.</summary>
    private bool TryTakeReportResponse(DimseCommand response)
    {
        if (response.Field != DimseCommandField.NEventReportResponse)
        {
            return false;
        }
        lock (_reportLock)
        {
            return _reports.Remove(response.MessageIdBeingRespondedTo, out var answered) && (answered.TrySetResult(response.Status) || true);
        }
    }

    /// <summary>The association is over: nobody will answer any more.</summary>
    private void EndReports()
    {
        lock (_reportLock)
        {
            _isAtRest = false;
            foreach (var answered in _reports.Values)
            {
                answered.TrySetResult(null);
            }
            _reports.Clear();
        }
    }

    private async ValueTask<Answer> AnswerNAsync(INHandler handler, DimseMessage message)
    {
        var command = message.Command;
        if (Refuse(command) is { } refusal)
        {
            return refusal;
        }
        DicomDataset? dataset = null;
        if (message.Data is { } data)
        {
            try
            {
                dataset = await data.ReadDatasetAsync(DimseHandlers.MaxNDataset, _share, DimseStatus.ResourceLimitation, CancellationToken.None);
            }
            catch (DicomException e) when (e is not AssociationException)
            {
                return ProcessingFailure(e);
            }
        }
        else if (command.Field == DimseCommandField.NSetRequest)
        {
            // Modification List is mandatory (PS3.7 table 10.1-3)
            return DimseStatus.MistypedArgument.With("The request has no data set");
        }
        var sopInstance = (command.Field is DimseCommandField.NCreateRequest or DimseCommandField.NEventReportRequest ? command.AffectedSopInstance : command.RequestedSopInstance)
            ?? command.RequestedSopInstance ?? command.AffectedSopInstance ?? DicomUid.New();
        var request = new NRequest(Info, message.Context, command.Field, command.SopClass ?? message.Context.AbstractSyntax, sopInstance)
        {
            TypeId = command.EventTypeId ?? command.ActionTypeId ?? 0,
            Dataset = dataset,
            Attributes = command.AttributeIdentifiers,
            Events = new EventChannel(this, message.Context),
        };
        NResult result;
        try
        {
            result = await handler.HandleAsync(request, CancellationToken.None);
        }
        catch (DimseStatusException e)
        {
            result = e.Status;
        }
        catch (DicomException e) when (e is not AssociationException)
        {
            return ProcessingFailure(e);
        }
        return new Answer(result.Status) { Response = DimseCommand.NResponseTo(command, sopInstance, result), Dataset = result.Dataset };
    }

    // the text says where in the bytes, not what is there
    private static DimseStatus ProcessingFailure(DicomException e) => e.Tag is { } tag
        ? DimseStatus.ProcessingFailure.With(e.Message, tag)
        : DimseStatus.ProcessingFailure.With(e.Message);

    /// <summary>Why a command is not one that a handler may see, or null (PS3.7 tables 10.1-1 to 10.1-6).</summary>
    private static DimseStatus? Refuse(DimseCommand command)
    {
        var sopInstance = command.AffectedSopInstance ?? command.RequestedSopInstance;
        if (command.SopClass is { } sopClass && !DicomUid.IsTolerable(sopClass))
        {
            return DimseStatus.NoSuchSopClass;
        }
        if (sopInstance is null ? command.Field != DimseCommandField.NCreateRequest : !DicomUid.IsTolerable(sopInstance))
        {
            return DimseStatus.InvalidSopInstance;
        }
        return command.Field switch
        {
            DimseCommandField.NActionRequest when command.ActionTypeId is null => DimseStatus.NoSuchAction,
            DimseCommandField.NEventReportRequest when command.EventTypeId is null => DimseStatus.NoSuchEventType,
            _ => null,
        };
    }

    private static bool IsNRequest(DimseCommandField field) => field is DimseCommandField.NEventReportRequest or DimseCommandField.NGetRequest
        or DimseCommandField.NSetRequest or DimseCommandField.NActionRequest or DimseCommandField.NCreateRequest or DimseCommandField.NDeleteRequest;
}
