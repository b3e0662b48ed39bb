using System.Security.Authentication;

namespace Pacs.Dicom.Network;

/// <summary>C-MOVE and C-GET of a session (PS3.7 §9.1.3, §9.1.4; PS3.4 §C.4.2, §C.4.3).</summary>
internal sealed partial class DimseSession
{
    // who asked sees progress and knows that we live; a response for each of 5,000 instances would only cost
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(500);

    // after a C-CANCEL the instance on its way may still arrive; a large one, or a destination that hangs, is cut off
    private static readonly TimeSpan CancelGrace = TimeSpan.FromSeconds(3);

    private CancellationToken _stop;

    private async ValueTask<Answer> MoveAsync(IRetrieveHandler handler, DimseMessage message)
    {
        if (message.Command.MoveDestination is not { } destination)
        {
            return DimseStatus.MoveDestinationUnknown.With("The request has no move destination", DicomTag.MoveDestination);
        }
        if (message.Data is not { } data)
        {
            return DimseStatus.CannotUnderstand.With("The request has no identifier", DicomTag.CommandDataSetType);
        }
        var request = await ReadRetrieveAsync(message, data, destination);
        using var cancel = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel.Token, _stop);
        var isCancelled = new Flag();
        association.IsWorking = true;
        _ahead = ListenAsync(message.Command.MessageId, cancel, isCancelled);
        try
        {
            var plan = await handler.PlanAsync(request, either.Token);
            var operations = new SubOperations(plan.Instances);
            DimseStatus? status = null;
            try
            {
                await SendToDestinationAsync(plan, operations, message, either.Token);
                status = either.IsCancellationRequested ? await InterruptedAsync(isCancelled, operations) : operations.FinalStatus();
            }
            finally
            {
                plan.Ended?.Invoke(operations.Result(status ?? DimseStatus.Cancel));
            }
            return new Answer(status.Value) { Response = operations.Response(message.Command, status.Value), Dataset = operations.FailedList() };
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // while the handler was still looking
            return !isCancelled.Value && _stop.IsCancellationRequested ? Stopping : await CancelledAsync(isCancelled);
        }
        finally
        {
            association.IsWorking = false;
        }
    }

    /// <summary>The sub-operations of a C-MOVE, with a pending response now and then (PS3.4 §C.4.2.3.1).</summary>
    private async Task SendToDestinationAsync(RetrievePlan plan, SubOperations operations, DimseMessage message, CancellationToken ct)
    {
        if (plan.Instances.Count == 0)
        {
            return;
        }
        var scu = plan.Destination ?? throw new InvalidOperationException("The plan of a C-MOVE has no destination");
        using var hard = new CancellationTokenSource();
        using var grace = ct.UnsafeRegister(static state => ((CancellationTokenSource)state!).CancelAfter(CancelGrace), hard);
        using var done = new CancellationTokenSource();
        var reporting = ReportAsync(message, operations, done.Token);
        try
        {
            await foreach (var sent in scu.SendAsync(plan.Instances, new MoveOriginator(Info.CallingAe, message.Command.MessageId), hard.Token))
            {
                operations.Count(sent);
                if (ct.IsCancellationRequested)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (hard.IsCancellationRequested)
        {
            // what was on its way is not counted: nobody knows
        }
        catch (Exception e) when (e is AssociationException or AuthenticationException)
        {
            operations.FailRest(DimseStatus.UnableToPerformSubOperations.With(Explain(e)));
        }
        finally
        {
            await done.CancelAsync();
            await reporting;
        }
    }

    private async Task ReportAsync(DimseMessage message, SubOperations operations, CancellationToken done)
    {
        using var timer = new PeriodicTimer(ReportInterval, policy.TimeProvider);
        try
        {
            do
            {
                await association.SendAsync(message.Context, operations.Response(message.Command, DimseStatus.Pending), dataset: null, CancellationToken.None);
            }
            while (await timer.WaitForNextTickAsync(done));
        }
        catch (OperationCanceledException) when (done.IsCancellationRequested)
        {
            // the final response follows
        }
        catch (AssociationException)
        {
            // whoever listens for C-CANCEL notices it, too
        }
    }

    private async ValueTask<Answer> GetAsync(IRetrieveHandler handler, DimseMessage message)
    {
        if (message.Data is not { } data)
        {
            return DimseStatus.CannotUnderstand.With("The request has no identifier", DicomTag.CommandDataSetType);
        }
        var command = message.Command;
        var plan = await handler.PlanAsync(await ReadRetrieveAsync(message, data, destination: null), _stop);
        var operations = new SubOperations(plan.Instances);
        DimseStatus? status = null;
        try
        {
            var isCancelled = new Flag();
            var messageId = command.MessageId;
            var reportedAt = policy.TimeProvider.GetTimestamp();
            await using var sender = new InstanceSender(association, plan.Instances, isRewriting: true, static context => context.RequestorIsScp);
            while (sender.Remaining > 0 && !isCancelled.Value && !_stop.IsCancellationRequested)
            {
                // our requests have ids of our own; another one than the C-GET's is easier to follow in a trace
                messageId = messageId == ushort.MaxValue ? (ushort)1 : (ushort)(messageId + 1);
                operations.Count(await sender.SendNextAsync(
                    messageId, originator: null, (request, ct) => ReceiveStoreResponseAsync(request, command.MessageId, isCancelled, ct), CancellationToken.None));
                if (association.State != UpperLayerState.Sta6)
                {
                    throw new AssociationException(AssociationFailure.AbortedLocally, "A file could not be read to its end", AbortSource.ServiceUser);
                }
                if (sender.Remaining > 0 && policy.TimeProvider.GetElapsedTime(reportedAt) >= ReportInterval)
                {
                    await association.SendAsync(message.Context, operations.Response(command, DimseStatus.Pending), dataset: null, CancellationToken.None);
                    reportedAt = policy.TimeProvider.GetTimestamp();
                }
            }
            status = isCancelled.Value ? DimseStatus.Cancel : Stopped(operations) ?? operations.FinalStatus();
        }
        finally
        {
            plan.Ended?.Invoke(operations.Result(status ?? DimseStatus.Cancel));
        }
        return new Answer(status.Value) { Response = operations.Response(command, status.Value), Dataset = operations.FailedList() };
    }

    /// <summary>The response to a C-STORE-RQ of ours amid a C-GET; a C-CANCEL-RQ may come before it.</summary>
    private async ValueTask<DimseStatus> ReceiveStoreResponseAsync(DimseCommand request, ushort getMessageId, Flag isCancelled, CancellationToken ct)
    {
        while (true)
        {
            var message = await association.ReceiveAsync(ct)
                ?? throw new AssociationException(AssociationFailure.ProtocolViolation, "The peer released the association amid an operation", AbortSource.ServiceUser);
            var command = message.Command;
            switch (command.Field)
            {
                case DimseCommandField.CStoreResponse when command.MessageIdBeingRespondedTo == request.MessageId:
                    return command.Status;
                case DimseCommandField.CCancelRequest:
                    isCancelled.Value |= command.MessageIdBeingRespondedTo == getMessageId;
                    break;
                case DimseCommandField.NEventReportResponse when TryTakeReportResponse(command):
                    break;
                default:
                    // asynchronous operations were not agreed on (PS3.7 §D.3.3.3)
                    association.Abort(AbortSource.ServiceUser);
                    throw new AssociationException(
                        AssociationFailure.ProtocolViolation, "The peer sent something else than the response to a C-STORE", AbortSource.ServiceUser);
            }
        }
    }

    private async ValueTask<RetrieveRequest> ReadRetrieveAsync(DimseMessage message, DimseData data, string? destination) => new(
        Info, message.Command.AffectedSopClass ?? message.Context.AbstractSyntax, await data.ReadDatasetAsync(MaxIdentifier, _share, DimseStatus.UnableToCalculateMatches, CancellationToken.None), destination);

    /// <summary>The status of an operation that did not come to its end.</summary>
    private async ValueTask<DimseStatus> InterruptedAsync(Flag isCancelled, SubOperations operations) =>
        !isCancelled.Value && Stopped(operations) is { } stopped ? stopped : await CancelledAsync(isCancelled);

    private static DimseStatus Stopping => DimseStatus.UnableToPerformSubOperations.With("This server is being stopped");

    private DimseStatus? Stopped(SubOperations operations)
    {
        if (!_stop.IsCancellationRequested)
        {
            return null;
        }
        operations.FailRest(Stopping);
        return operations.FinalStatus();
    }

    /// <summary>Why the destination got nothing: what its administrator has to know, and nothing of what it said itself.</summary>
    private static string Explain(Exception e) => e switch
    {
        AssociationException { Failure: AssociationFailure.Rejected, Rejection: { } rejection } => $"The destination rejects: source {rejection.Source}, reason {rejection.Reason}",
        AssociationException { Failure: AssociationFailure.TimedOut } => "The destination does not answer in time",
        AssociationException { Failure: AssociationFailure.ConnectionLost } => "The destination cannot be reached, or closed the connection",
        AssociationException { Failure: AssociationFailure.AbortedByPeer } => "The destination aborted the association",
        AuthenticationException => "The TLS handshake with the destination failed",
        _ => "The association with the destination failed",
    };
}
