using System.Buffers;
using System.IO.Pipelines;

namespace Pacs.Dicom.Network;

/// <summary>
/// One association of the upper layer (PS3.8), in either role: the only owner of its pipe, so TLS and transport are somebody else's matter.
/// Runs on the state table of PS3.8 §9.2 (<see cref="AssociationState"/>). One flow receives and one flow sends; <see cref="Abort"/> may come
/// from anywhere.
/// </summary>
public sealed partial class Association : IAsyncDisposable
{
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly bool _isRequestor;
    private readonly AssociationLimits _limits;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Deadline _readDeadline;
    private readonly Deadline _writeDeadline;
    private UpperLayerState _state = UpperLayerState.Sta1;
    private AssociationException? _failure;
    private AssociationInfo? _info;
    private bool _disposed;
    private bool _isCompleted;

    private Association(IDuplexPipe pipe, bool isRequestor, AssociationLimits limits, TimeProvider time)
    {
        _input = pipe.Input;
        _output = pipe.Output;
        _isRequestor = isRequestor;
        _limits = limits;
        _time = time;
        Linger = limits.Artim;
        _readDeadline = new Deadline(time, OnReadDeadline);
        _writeDeadline = new Deadline(time, OnWriteDeadline);
    }

    /// <summary>What was agreed on.</summary>
    public AssociationInfo Info => _info ?? throw new InvalidOperationException("The association is not established");

    /// <summary>The state of PS3.8 table 9-10.</summary>
    public UpperLayerState State
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    /// <summary>How long to wait for the peer's close at the end; a server that stops has less patience than ARTIM.</summary>
    internal TimeSpan Linger { get; set; }

    /// <summary>Waits for a request on a new connection and answers it. Owns the pipe from now on, whatever happens.</summary>
    /// <param name="pipe">The connection.</param>
    /// <param name="policy">What to agree to.</param>
    /// <param name="remoteHost">Address of the peer, or empty.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>Null when it was rejected, or the peer went away before it asked.</returns>
    /// <exception cref="AssociationException">The peer sent something else than an association request, or nothing in time.</exception>
    public static ValueTask<Association?> AcceptAsync(IDuplexPipe pipe, AcceptorPolicy policy, string remoteHost, CancellationToken ct) =>
        AcceptAsync(pipe, policy, remoteHost, static (_, _) => null, static (_, _) => { }, ct);

    /// <summary>As above, with the counters of a server.</summary>
    /// <param name="pipe">The connection.</param>
    /// <param name="policy">What to agree to.</param>
    /// <param name="remoteHost">Address of the peer, or empty.</param>
    /// <param name="admit">Asked when everything else but the user's identity is fine.</param>
    /// <param name="rejected">Told about a rejection.</param>
    /// <param name="ct">Gives up.</param>
    internal static async ValueTask<Association?> AcceptAsync(
        IDuplexPipe pipe,
        AcceptorPolicy policy,
        string remoteHost,
        Func<AssociateRequestPdu, Association, AssociateRejectPdu?> admit,
        Action<AssociateRequestPdu, AssociateRejectPdu> rejected,
        CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        ArgumentNullException.ThrowIfNull(policy);
        var association = new Association(pipe, isRequestor: false, policy.Limits, policy.TimeProvider);
        var isEstablished = false;
        try
        {
            association.Step(UpperLayerEvent.TransportIndication); // AE-5
            var request = await association.ReceiveAssociateAsync(ct) is { } body ? association.Parse(body, PduReader.ReadAssociateRequest) : null;
            if (request is null)
            {
                return null;
            }
            association.Step(UpperLayerEvent.RequestReceived); // AE-6
            // limits before users: so many passcodes are checked at a time, and no more
            if ((Negotiation.Reject(request, policy, remoteHost) ?? admit(request, association)
                ?? await Negotiation.RejectUserAsync(request, policy, remoteHost, ct)) is { } rejection)
            {
                rejected(request, rejection);
                await association.SendControlAsync(UpperLayerEvent.AssociateReject, output => PduWriter.Write(rejection, output), ct); // AE-8
                return null;
            }
            var (answer, info) = Negotiation.Accept(request, policy, remoteHost);
            association._info = info;
            await association.SendControlAsync(UpperLayerEvent.AssociateAccept, output => PduWriter.Write(answer, output), ct); // AE-7
            isEstablished = true;
            return association;
        }
        finally
        {
            if (!isEstablished)
            {
                await association.DisposeAsync();
            }
        }
    }

    /// <summary>Requests an association over a connected transport. Owns the pipe from now on, whatever happens.</summary>
    /// <param name="pipe">The connection.</param>
    /// <param name="request">What to ask for.</param>
    /// <param name="remoteHost">Name or address of the peer, or empty.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="AssociationException">The peer rejected or aborted, or did not answer in time.</exception>
    /// <exception cref="DicomException">The request is not one that PS3.8 allows.</exception>
    public static async ValueTask<Association> RequestAsync(IDuplexPipe pipe, AssociationRequest request, string remoteHost, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        ArgumentNullException.ThrowIfNull(request);
        var association = new Association(pipe, isRequestor: true, request.Limits, request.TimeProvider);
        try
        {
            association.Step(UpperLayerEvent.AssociateRequest); // AE-1: the transport is there already
            var proposal = Negotiation.Request(request);
            await association.SendControlAsync(UpperLayerEvent.TransportConnected, output => PduWriter.Write(proposal, output), ct); // AE-2
            var body = await association.ReceiveAssociateAsync(ct) ?? throw association.Lost(null);
            association._info = association.Parse(body, (in ReadOnlySequence<byte> bytes) =>
                Negotiation.Establish(request, PduReader.ReadAssociateAccept(bytes), remoteHost));
            association.Step(UpperLayerEvent.AcceptReceived); // AE-3
            return association;
        }
        catch
        {
            await association.DisposeAsync();
            throw;
        }
    }

    /// <summary>Releases the association in an orderly way (PS3.8 §7.2): data that are still on their way are read and dropped.</summary>
    /// <exception cref="AssociationException">The peer aborted, or did not answer in time (ARTIM).</exception>
    public async ValueTask ReleaseAsync(CancellationToken ct)
    {
        ThrowIfFailed();
        CloseData();
        await SendControlAsync(UpperLayerEvent.ReleaseRequest, PduWriter.WriteReleaseRequest, ct); // AR-1
        _readDeadline.Set(_limits.Artim);
        while (true)
        {
            switch (await ReceiveControlAsync(Patience.Fixed, ct))
            {
                case UpperLayerAction.AR3: // Sta7 or Sta11: released
                    _readDeadline.Clear();
                    return;
                case UpperLayerAction.AR6: // data after our request
                    break;
                case UpperLayerAction.AR8: // release collision (PS3.8 §7.2.2.7): the requestor answers first
                    if (_isRequestor)
                    {
                        await SendControlAsync(UpperLayerEvent.ReleaseResponse, PduWriter.WriteReleaseResponse, ct); // AR-9
                    }
                    break;
                case UpperLayerAction.AR10: // Sta10, acceptor: the requestor has answered
                    _readDeadline.Clear();
                    await SendControlAsync(UpperLayerEvent.ReleaseResponse, PduWriter.WriteReleaseResponse, ct); // AR-4
                    return;
            }
        }
    }

    /// <summary>Ends the association at once (PS3.8 §7.3). May be called from any thread, any number of times; a pending receive or send fails.</summary>
    public void Abort(AbortSource source = AbortSource.ServiceUser, AbortReason reason = AbortReason.NotSpecified) =>
        AbortWith(new AssociationException(AssociationFailure.AbortedLocally, "The association was aborted by this side", source, reason));

    /// <summary>Aborts if nobody released; then waits for the peer to close, at most as long as ARTIM, and gives the pipe back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        Abort();
        await CloseAsync();
        _readDeadline.Dispose();
        _writeDeadline.Dispose();
        // the writer may be in use no longer: sends have failed with the abort, and hold the gate until then
        await _writeGate.WaitAsync();
        _isCompleted = true;
        _writeGate.Release();
        await _output.CompleteAsync();
        await _input.CompleteAsync();
    }

    private void AbortWith(AssociationException cause)
    {
        lock (_lock)
        {
            // Sta1, Sta2 and Sta13 have nothing to abort (table 9-10, Evt15)
            if (AssociationState.Next(_state, UpperLayerEvent.AbortRequest, _isRequestor).Action == UpperLayerAction.None)
            {
                return;
            }
        }
        if (Step(UpperLayerEvent.AbortRequest) == UpperLayerAction.AA1)
        {
            Fail(cause, new AbortPdu(cause.AbortSource, cause.AbortReason));
        }
    }

    /// <summary>Looks an event up in the table and takes the new state.</summary>
    private UpperLayerAction Step(UpperLayerEvent occurred)
    {
        lock (_lock)
        {
            var (action, next) = AssociationState.Next(_state, occurred, _isRequestor);
            _state = next;
            return action;
        }
    }

    /// <summary>Remembers why the association ends, sends the A-ABORT if there is one, and wakes who waits.</summary>
    private AssociationException Fail(AssociationException cause, AbortPdu? abort)
    {
        cause = Interlocked.CompareExchange(ref _failure, cause, null) ?? cause;
        if (abort is { } pdu)
        {
            Interlocked.CompareExchange(ref _pendingAbort, new PendingAbort(pdu), null);
        }
        _input.CancelPendingRead();
        _output.CancelPendingFlush();
        TryWriteAbort();
        return cause;
    }

    private void ThrowIfFailed()
    {
        if (Volatile.Read(ref _failure) is { } failure)
        {
            throw failure;
        }
    }

    /// <summary>The transport is gone (Evt17).</summary>
    private AssociationException Lost(Exception? inner)
    {
        Step(UpperLayerEvent.TransportClosed); // AA-4
        return Fail(new AssociationException(AssociationFailure.ConnectionLost, "The connection was closed before the association was released", inner: inner), null);
    }

    /// <summary>What the peer sent cannot be (Evt19).</summary>
    private AssociationException Violated(AssociationException cause) => Violated(cause, Step(UpperLayerEvent.InvalidPduReceived));

    private AssociationException Violated(AssociationException cause, UpperLayerAction action) => Fail(cause, action switch
    {
        UpperLayerAction.AA1 => new AbortPdu(AbortSource.ServiceUser, AbortReason.NotSpecified),
        UpperLayerAction.AA7 or UpperLayerAction.AA8 => new AbortPdu(AbortSource.ServiceProvider, cause.AbortReason),
        _ => null,
    });

    private delegate T BodyReader<T>(in ReadOnlySequence<byte> body);

    private T Parse<T>(in ReadOnlySequence<byte> body, BodyReader<T> read)
    {
        try
        {
            return read(body);
        }
        catch (AssociationException e)
        {
            throw Violated(e);
        }
        finally
        {
            _input.AdvanceTo(body.End);
        }
    }

    /// <summary>Before establishment: the body of the A-ASSOCIATE PDU that the state waits for. Null: the peer closed or aborted before it asked.</summary>
    private async ValueTask<ReadOnlySequence<byte>?> ReceiveAssociateAsync(CancellationToken ct)
    {
        // ARTIM counts from the connection, so that a byte now and then does not keep it open (AE-5)
        _readDeadline.Set(_limits.Artim);
        var expected = _isRequestor ? PduType.AssociateAccept : PduType.AssociateRequest;
        while (true)
        {
            var result = await WaitAsync(Patience.Fixed, ct);
            var rest = result.Buffer;
            PduHeader header;
            bool isThere;
            try
            {
                isThere = PduReader.TryReadHeader(rest, _limits.MaxPdu, out header);
            }
            catch (AssociationException e)
            {
                _input.AdvanceTo(result.Buffer.Start);
                throw Violated(e);
            }
            if (isThere && header.Type != expected && header.Type is not (PduType.AssociateReject or PduType.Abort))
            {
                _input.AdvanceTo(result.Buffer.Start);
                throw Violated(Unexpected(header.Type), Step(AssociationState.Received(header.Type)));
            }
            if (isThere && rest.Length >= PduReader.HeaderLength + header.Length)
            {
                var body = rest.Slice(PduReader.HeaderLength, header.Length);
                if (header.Type == expected)
                {
                    _readDeadline.Clear();
                    return body;
                }
                var failure = AnswerBeforeEstablishment(header, body);
                _input.AdvanceTo(body.End);
                return failure is null ? null : throw failure;
            }
            _input.AdvanceTo(rest.Start, rest.End);
            if (result.IsCompleted)
            {
                if (!_isRequestor)
                {
                    Step(UpperLayerEvent.TransportClosed); // AA-5
                    return null;
                }
                throw Lost(null);
            }
        }
    }

    private AssociationException? AnswerBeforeEstablishment(PduHeader header, in ReadOnlySequence<byte> body)
    {
        var action = Step(AssociationState.Received(header.Type));
        switch (action)
        {
            case UpperLayerAction.AE4:
                var rejection = PduReader.ReadAssociateReject(body);
                return Fail(
                    new AssociationException(AssociationFailure.Rejected, $"The peer rejected the association: {rejection}") { Rejection = rejection }, null);
            case UpperLayerAction.AA3:
                _receivedAbort = PduReader.ReadAbort(body);
                return ControlFailure(header, action);
            case UpperLayerAction.AA2: // an acceptor whose peer aborts before it asks
                return null;
            default:
                return Violated(Unexpected(header.Type), action);
        }
    }

    /// <summary>Sta13: waits until the peer closes, so that what we sent last is not lost in a reset. Ends at once where there is nothing to wait for.</summary>
    private async ValueTask CloseAsync()
    {
        // a silent peer will not close either, and one that waits for the rest of a PDU cannot know
        if (State != UpperLayerState.Sta13 || _failure?.Failure == AssociationFailure.TimedOut || _isAmidPdu)
        {
            return;
        }
        CloseData();
        using var artim = new CancellationTokenSource(Linger, _time);
        var cursor = _cursor;
        var isReadable = _failure?.Failure != AssociationFailure.ProtocolViolation;
        try
        {
            await _lastFlush.WaitAsync(artim.Token);
            while (State == UpperLayerState.Sta13)
            {
                var result = await _input.ReadAsync(artim.Token);
                var rest = result.Buffer;
                if (isReadable)
                {
                    isReadable = TryIgnore(ref cursor, ref rest);
                }
                _input.AdvanceTo(isReadable ? rest.Start : result.Buffer.End, result.Buffer.End);
                if (result.IsCompleted)
                {
                    Step(UpperLayerEvent.TransportClosed); // AR-5
                }
            }
        }
        catch (OperationCanceledException) when (artim.IsCancellationRequested)
        {
            Step(UpperLayerEvent.ArtimExpired); // AA-2
        }
        catch (Exception e) when (IsTransportFailure(e, artim.Token))
        {
            // a reset is a close too
            Step(UpperLayerEvent.TransportClosed); // AR-5
        }
    }

    /// <summary>Ignores PDUs in Sta13 (AA-6). False: what follows is no PDU, and was answered by an A-ABORT (AA-7).</summary>
    private bool TryIgnore(ref PduCursor cursor, ref ReadOnlySequence<byte> rest)
    {
        try
        {
            while (true)
            {
                switch (cursor.Next(ref rest, _limits.MaxPdu, out var control))
                {
                    case PduCursor.Kind.Incomplete:
                        return true;
                    case PduCursor.Kind.Fragment:
                        Step(UpperLayerEvent.DataReceived); // AA-6
                        var count = (uint)Math.Min(cursor.PdvLeft, rest.Length);
                        rest = rest.Slice(count);
                        _ = cursor.Take(count);
                        if (cursor.InPdv)
                        {
                            return true;
                        }
                        break;
                    default:
                        if (rest.Length < PduReader.HeaderLength + control.Length)
                        {
                            return true;
                        }
                        rest = rest.Slice(PduReader.HeaderLength + control.Length);
                        if (Step(AssociationState.Received(control.Type)) == UpperLayerAction.AA7)
                        {
                            WriteAbortAgain();
                            return false;
                        }
                        if (State == UpperLayerState.Sta1) // AA-2: the peer aborted
                        {
                            return true;
                        }
                        break;
                }
            }
        }
        catch (AssociationException)
        {
            Step(UpperLayerEvent.InvalidPduReceived); // AA-7
            WriteAbortAgain();
            return false;
        }
    }
}
