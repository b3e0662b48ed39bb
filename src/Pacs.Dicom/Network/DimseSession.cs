using System.Diagnostics;

namespace Pacs.Dicom.Network;

/// <summary>The requests of one association, one after the other (asynchronous operations window 1).</summary>
internal sealed partial class DimseSession(Association association, DimseHandlers handlers, AcceptorPolicy policy, IAssociationObserver? observer)
{
    // identifiers are a few hundred bytes; a UID list of thousands of instances still fits
    private const int MaxIdentifier = 1024 * 1024;

    // the next message, when we have begun to listen for it during an operation
    private Task<DimseMessage?>? _ahead;

    private AssociationInfo Info => association.Info;

    private readonly DatasetShare _share = new(policy.Datasets);

    /// <summary>Runs until the peer releases (then it returns), the association fails (then it throws) or a stop is asked for (then it aborts).</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        _stop = stop;
        try
        {
            IsAtRest = true;
            while (await NextAsync(stop) is { } message)
            {
                IsAtRest = false;
                try
                {
                    await AnswerAsync(message);
                }
                finally
                {
                    _share.Release();
                }
                IsAtRest = true;
                if (stop.IsCancellationRequested)
                {
                    return;
                }
            }
        }
        finally
        {
            EndReports();
            await EndAheadAsync();
        }
    }

    /// <summary>What is sent back: a status, and what goes with it.</summary>
    private sealed record Answer(DimseStatus Status)
    {
        /// <summary>The response, where it has more than a status.</summary>
        public DimseCommand? Response { get; init; }

        /// <summary>Its data set.</summary>
        public DicomDataset? Dataset { get; init; }

        public static implicit operator Answer(DimseStatus status) => new(status);
    }

    private async ValueTask<DimseMessage?> NextAsync(CancellationToken stop)
    {
        if (_ahead is null)
        {
            return await association.ReceiveAsync(stop);
        }
        var message = await _ahead.WaitAsync(stop);
        _ahead = null;
        return message;
    }

    /// <summary>Nobody reads the pipe any more when this returns.</summary>
    private async Task EndAheadAsync()
    {
        if (_ahead is { } ahead)
        {
            association.Abort();
            await Task.WhenAny(ahead);
            // it failed with the abort, which is no news
            _ = ahead.Exception;
        }
    }

    private async Task AnswerAsync(DimseMessage message)
    {
        var command = message.Command;
        if (command.IsResponse)
        {
            if (TryTakeReportResponse(command))
            {
                return;
            }
            // we have asked nothing (PS3.7 §8.1)
            association.Abort(AbortSource.ServiceUser);
            throw new AssociationException(AssociationFailure.ProtocolViolation, "The peer sent a response without a request", AbortSource.ServiceUser);
        }
        if (command.Field == DimseCommandField.CCancelRequest)
        {
            // too late: the operation has been answered (PS3.7 §9.3.2.3)
            return;
        }
        var begin = policy.TimeProvider.GetTimestamp();
        using var activity = DicomTelemetry.Source.StartActivity(Name(command.Field), ActivityKind.Server);
        activity?.SetTag("dicom.calling_ae", Info.CallingAe);
        activity?.SetTag("dicom.sop_class", DicomUid.IsTolerable(command.SopClass) ? command.SopClass : null);
        Answer answer;
        try
        {
            answer = await HandleAsync(message);
        }
        catch (DimseStatusException e)
        {
            answer = e.Status;
        }
        catch (DicomException e) when (e is not AssociationException)
        {
            // what the peer sent in the message is wrong, the association is not; the text says where, not what
            answer = DimseStatus.CannotUnderstand.With(e.Message);
        }
        if (message.Data is { } data)
        {
            // a handler may answer early; the association goes on behind the last byte
            await data.DrainAsync(CancellationToken.None);
            DicomTelemetry.ReceivedBytes.Add(data.BytesRead);
        }
        var status = answer.Status;
        await association.SendAsync(message.Context, answer.Response ?? DimseCommand.ResponseTo(command, status), answer.Dataset, CancellationToken.None);
        var duration = policy.TimeProvider.GetElapsedTime(begin);
        activity?.SetTag("dicom.status", status.Code);
        DicomTelemetry.MessageDuration.Record(
            duration.TotalSeconds, new("dicom.operation", Name(command.Field)), new("dicom.status", status.Kind.ToString()));
        observer?.Answered(Info, command, status, message.Data?.BytesRead ?? 0, duration);
    }

    private async ValueTask<Answer> HandleAsync(DimseMessage message)
    {
        var command = message.Command;
        var handler = handlers.Find(message.Context.AbstractSyntax);
        // some devices send a class of the same service on another one's context: what matters is that the same handler is meant
        if (handler is null || (command.SopClass is { } sopClass && !ReferenceEquals(handlers.Find(sopClass), handler)))
        {
            return DimseStatus.SopClassNotSupported;
        }
        if (policy.Authorize?.Invoke(Info, command.Field, command.SopClass ?? message.Context.AbstractSyntax) is { } refusal)
        {
            return refusal;
        }
        return (command.Field, handler) switch
        {
            (DimseCommandField.CEchoRequest, DimseHandlers) => DimseStatus.Success,
            (DimseCommandField.CStoreRequest, IStoreHandler store) => await StoreAsync(store, message),
            (DimseCommandField.CFindRequest, IFindHandler find) => await FindAsync(find, message),
            (DimseCommandField.CMoveRequest, DimseHandlers.MoveService move) => await MoveAsync(move.Handler, message),
            (DimseCommandField.CGetRequest, DimseHandlers.GetService get) => await GetAsync(get.Handler, message),
            (var field, INHandler n) when IsNRequest(field) => await AnswerNAsync(n, message),
            _ => (Answer)DimseStatus.UnrecognizedOperation,
        };
    }

    private async ValueTask<DimseStatus> StoreAsync(IStoreHandler handler, DimseMessage message)
    {
        var command = message.Command;
        // both are type 1 (PS3.7 table 9.3-1)
        if (command.AffectedSopClass is not { } sopClass || !DicomUid.IsTolerable(sopClass))
        {
            return DimseStatus.CannotUnderstand.With($"Affected SOP Class UID is {Fault(command.AffectedSopClass)}", DicomTag.AffectedSOPClassUID);
        }
        if (command.AffectedSopInstance is not { } sopInstance || !DicomUid.IsTolerable(sopInstance))
        {
            return DimseStatus.CannotUnderstand.With($"Affected SOP Instance UID is {Fault(command.AffectedSopInstance)}", DicomTag.AffectedSOPInstanceUID);
        }
        if (message.Data is not { } data)
        {
            return DimseStatus.CannotUnderstand.With("The request has no data set", DicomTag.CommandDataSetType);
        }
        return await handler.StoreAsync(
            new StoreRequest(Info, message.Context, sopClass, sopInstance, command.MoveOriginatorAe), data, CancellationToken.None);
    }

    private async ValueTask<DimseStatus> FindAsync(IFindHandler handler, DimseMessage message)
    {
        if (message.Data is not { } data)
        {
            return DimseStatus.CannotUnderstand.With("The request has no identifier", DicomTag.CommandDataSetType);
        }
        var identifier = await data.ReadDatasetAsync(MaxIdentifier, _share, DimseStatus.OutOfResources, CancellationToken.None);
        var request = new FindRequest(Info, message.Command.AffectedSopClass ?? message.Context.AbstractSyntax, identifier);
        using var cancel = new CancellationTokenSource();
        var isCancelled = new Flag();
        association.IsWorking = true;
        _ahead = ListenAsync(message.Command.MessageId, cancel, isCancelled);
        try
        {
            await using var matches = handler.FindAsync(request, cancel.Token).GetAsyncEnumerator(cancel.Token);
            while (true)
            {
                var next = matches.MoveNextAsync();
                if (!next.IsCompleted)
                {
                    // responses share a write as long as matches come at once, and never wait for a slow one
                    await association.FlushPendingAsync(CancellationToken.None);
                }
                if (!await next)
                {
                    return DimseStatus.Success;
                }
                if (cancel.IsCancellationRequested)
                {
                    return await CancelledAsync(isCancelled);
                }
                var match = matches.Current;
                var response = DimseCommand.ResponseTo(message.Command, match.HasUnsupportedKeys ? DimseStatus.PendingWithUnsupportedKeys : DimseStatus.Pending);
                await association.SendAsync(message.Context, response, match.Identifier, flush: false, CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return await CancelledAsync(isCancelled);
        }
        finally
        {
            association.IsWorking = false;
        }
    }

    /// <summary>FE00H after a C-CANCEL; otherwise the association is gone, and why is what listening ended with.</summary>
    private async ValueTask<DimseStatus> CancelledAsync(Flag isCancelled)
    {
        if (isCancelled.Value)
        {
            return DimseStatus.Cancel;
        }
        _ = await _ahead!;
        throw new AssociationException(AssociationFailure.ProtocolViolation, "The peer released the association amid an operation", AbortSource.ServiceUser);
    }

    /// <summary>Receives during an operation: a C-CANCEL for it cancels, the end of the association too; any other message waits for its turn.</summary>
    private async Task<DimseMessage?> ListenAsync(ushort messageId, CancellationTokenSource cancel, Flag isCancelled)
    {
        try
        {
            while (true)
            {
                var message = await association.ReceiveAsync(CancellationToken.None);
                if (message is null)
                {
                    await CancelAsync(cancel);
                    return null;
                }
                if (message.Command.Field != DimseCommandField.CCancelRequest)
                {
                    return message;
                }
                if (message.Command.MessageIdBeingRespondedTo == messageId)
                {
                    isCancelled.Value = true;
                    await CancelAsync(cancel);
                }
            }
        }
        catch (AssociationException)
        {
            await CancelAsync(cancel);
            throw;
        }
    }

    private static async Task CancelAsync(CancellationTokenSource cancel)
    {
        try
        {
            await cancel.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // the operation was answered in the same moment
        }
    }

    // such UIDs are sent, and who looks at one does not see that it is too long
    private static string Fault(string? uid) => uid is null ? "missing" : uid.Length > DicomUid.MaxLength ? "longer than 64 characters" : "no UID";

    private static string Name(DimseCommandField field) => field switch
    {
        DimseCommandField.CEchoRequest => "C-ECHO",
        DimseCommandField.CStoreRequest => "C-STORE",
        DimseCommandField.CFindRequest => "C-FIND",
        DimseCommandField.CMoveRequest => "C-MOVE",
        DimseCommandField.CGetRequest => "C-GET",
        DimseCommandField.NEventReportRequest => "N-EVENT-REPORT",
        DimseCommandField.NGetRequest => "N-GET",
        DimseCommandField.NSetRequest => "N-SET",
        DimseCommandField.NActionRequest => "N-ACTION",
        DimseCommandField.NCreateRequest => "N-CREATE",
        DimseCommandField.NDeleteRequest => "N-DELETE",
        _ => "unknown",
    };

    private sealed class Flag
    {
        public volatile bool Value;
    }
}
