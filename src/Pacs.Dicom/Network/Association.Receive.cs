using System.Buffers;
using System.IO.Pipelines;

namespace Pacs.Dicom.Network;

public sealed partial class Association
{
    private readonly FragmentChain _chain = new();
    private PduCursor _cursor;
    private PduCursor _chainEnd;
    private SequencePosition _chainEndPosition;
    private DimseData? _data;
    private bool _isDataOpen;
    private bool _isPartial;
    private volatile bool _isReading;
    private volatile bool _isWorking;

    /// <summary>How long a wait for the peer may take.</summary>
    private enum Patience
    {
        /// <summary>By where we are: amid a PDU or between two.</summary>
        Usual,

        /// <summary>The deadline was set before and does not move: ARTIM.</summary>
        Fixed,
    }

    /// <summary>
    /// Whether this side is at work on an operation: then the peer may be silent as long as it likes. The server sets it while it listens for
    /// C-CANCEL.
    /// </summary>
    internal bool IsWorking
    {
        get => _isWorking;
        set
        {
            _isWorking = value;
            if (!value && _isReading)
            {
                _readDeadline.Set(_limits.Idle);
            }
        }
    }

    /// <summary>The next message; what is left of the last one's data is drained first. Null: the peer released the association.</summary>
    /// <exception cref="AssociationException">The peer aborted, went away, was silent for too long or broke the protocol.</exception>
    public async ValueTask<DimseMessage?> ReceiveAsync(CancellationToken ct)
    {
        if (_data is { } previous)
        {
            AbandonData();
            await previous.DrainAsync(ct);
            _data = null;
        }
        ArrayBufferWriter<byte>? command = null;
        byte contextId = 0;
        while (true)
        {
            var (action, rest) = await NextAsync(Patience.Usual, ct);
            if (action == UpperLayerAction.AR2)
            {
                if (command is not null)
                {
                    throw Incomplete();
                }
                await SendControlAsync(UpperLayerEvent.ReleaseResponse, PduWriter.WriteReleaseResponse, ct); // AR-4
                return null;
            }
            // a fragment, which has to be the next one of a command set
            var pdv = _cursor.Pdv;
            if (!pdv.IsCommand || FindContext(pdv.ContextId) is not { } context || (command is not null && pdv.ContextId != contextId))
            {
                _input.AdvanceTo(rest.Start);
                throw Violated(AssociationException.Invalid("The fragment does not belong to a command set on an accepted presentation context", PduReader.HeaderLength));
            }
            contextId = pdv.ContextId;
            var count = (int)Math.Min(_cursor.PdvLeft, rest.Length);
            command ??= new ArrayBufferWriter<byte>(256);
            if (command.WrittenCount + (long)_cursor.PdvLeft > DimseCommand.MaxLength)
            {
                _input.AdvanceTo(rest.Start);
                throw Violated(AssociationException.Invalid($"The command set is longer than {DimseCommand.MaxLength} bytes", PduReader.HeaderLength));
            }
            var fragment = rest.Slice(0, count);
            foreach (var memory in fragment)
            {
                command.Write(memory.Span);
            }
            var isLast = _cursor.Take((uint)count);
            _isPartial = true;
            _input.AdvanceTo(fragment.End);
            if (isLast)
            {
                _isPartial = false;
                return Message(command.WrittenMemory, context);
            }
        }
    }

    private DimseMessage Message(ReadOnlyMemory<byte> bytes, PresentationContext context)
    {
        DimseCommand command;
        try
        {
            command = DimseCommand.Read(bytes);
        }
        catch (AssociationException e)
        {
            throw Violated(e);
        }
        if (command.HasDataset)
        {
            _data = new DimseData(this, context);
        }
        return new DimseMessage(command, context, _data);
    }

    /// <summary>What has arrived of the data set; completes at once when something has.</summary>
    internal ValueTask<ReadOnlySequence<byte>> ReadDataAsync(DimseData data, CancellationToken ct)
    {
        if (data.IsEnded)
        {
            return default;
        }
        if (data != _data)
        {
            throw new InvalidOperationException("The association has gone on to another message");
        }
        if (_isDataOpen)
        {
            throw new InvalidOperationException("Advance before reading again");
        }
        ThrowIfFailed();
        return _input.TryRead(out var result) && TryCollect(result, out var sequence) ? new(sequence) : ReadDataSlowAsync(data, ct);
    }

    private async ValueTask<ReadOnlySequence<byte>> ReadDataSlowAsync(DimseData data, CancellationToken ct)
    {
        while (!data.IsEnded)
        {
            ThrowIfFailed();
            if (!_input.TryRead(out var result))
            {
                result = await WaitAsync(Patience.Usual, ct);
            }
            if (TryCollect(result, out var sequence))
            {
                return sequence;
            }
        }
        return default;
    }

    /// <summary>Gives back what a handler has consumed of the last sequence.</summary>
    internal long AdvanceData(DimseData data, SequencePosition consumed)
    {
        if (!_isDataOpen || data != _data)
        {
            throw new InvalidOperationException("There is nothing to give back");
        }
        var position = FragmentChain.Locate(consumed, out var cursor, out var count);
        if (count == _chain.Sequence.Length)
        {
            (position, cursor) = (_chainEndPosition, _chainEnd);
        }
        _isDataOpen = false;
        _cursor = cursor;
        data.IsEnded = !cursor.InPdv && cursor.Pdv.IsLast;
        _chain.Clear();
        _input.AdvanceTo(position);
        return count;
    }

    /// <summary>Gives back everything of a sequence that a handler has left open.</summary>
    internal void AbandonData()
    {
        if (_isDataOpen && _data is { } data)
        {
            data.Advance(_chain.Sequence.End);
        }
    }

    /// <summary>Links all fragments of the message that have arrived. False: none has, and the buffer was given back.</summary>
    private bool TryCollect(in ReadResult result, out ReadOnlySequence<byte> sequence)
    {
        sequence = default;
        var rest = result.Buffer;
        var cursor = _cursor;
        PduCursor.Kind kind;
        PduHeader control;
        try
        {
            kind = Link(ref cursor, ref rest, out control);
        }
        catch (AssociationException) when (!_chain.IsEmpty)
        {
            // what came before the violation is good; the next read meets it again
            (kind, control) = (PduCursor.Kind.Fragment, default);
        }
        catch (AssociationException e)
        {
            _input.AdvanceTo(result.Buffer.Start);
            throw Violated(e);
        }
        if (kind != PduCursor.Kind.Fragment && _chain.IsEmpty)
        {
            _cursor = cursor;
            return kind == PduCursor.Kind.Control ? EndedByControl(control, result, rest) : NeedsMore(result, rest);
        }
        Step(UpperLayerEvent.DataReceived); // DT-2
        _isPartial = false;
        if (_chain.IsEmpty)
        {
            // fragments without a byte
            _cursor = cursor;
            _data!.IsEnded = !cursor.InPdv && cursor.Pdv.IsLast;
            _input.AdvanceTo(rest.Start);
            return false;
        }
        sequence = _chain.Sequence;
        _isDataOpen = true;
        return true;
    }

    /// <summary>Appends fragments to the chain up to the end of the data set, or of what has arrived, or to what is no fragment.</summary>
    /// <returns>What stopped it; <see cref="PduCursor.Kind.Fragment"/> for the end of the data set or of the chain.</returns>
    private PduCursor.Kind Link(ref PduCursor cursor, ref ReadOnlySequence<byte> rest, out PduHeader control)
    {
        while (true)
        {
            var kind = cursor.Next(ref rest, _limits.MaxPdu, out control);
            if (kind != PduCursor.Kind.Fragment)
            {
                return kind;
            }
            Expect(cursor.Pdv);
            var count = (uint)Math.Min(cursor.PdvLeft, rest.Length);
            if (count == 0 && cursor.PdvLeft > 0)
            {
                return PduCursor.Kind.Incomplete;
            }
            var fragment = rest.Slice(0, count);
            _chain.Append(fragment, cursor);
            rest = rest.Slice(fragment.End);
            var isEnd = cursor.Take(count);
            _chainEnd = cursor;
            _chainEndPosition = fragment.End;
            if (isEnd || _chain.IsFull)
            {
                return PduCursor.Kind.Fragment;
            }
        }
    }

    private void Expect(PdvHeader pdv)
    {
        if (pdv.IsCommand || pdv.ContextId != _data!.Context.Id)
        {
            throw AssociationException.Invalid("The fragment does not belong to the data set that the command announced", PduReader.HeaderLength);
        }
    }

    private bool NeedsMore(in ReadResult result, in ReadOnlySequence<byte> rest)
    {
        _isPartial = !rest.IsEmpty;
        _input.AdvanceTo(rest.Start, result.Buffer.End);
        if (result.IsCompleted)
        {
            throw Lost(null);
        }
        return false;
    }

    private bool EndedByControl(PduHeader control, in ReadResult result, ReadOnlySequence<byte> rest)
    {
        if (!TryControl(control, ref rest, out var action))
        {
            return NeedsMore(result, rest);
        }
        _input.AdvanceTo(rest.Start);
        throw action == UpperLayerAction.AR2 ? Incomplete() : ControlFailure(control, action);
    }

    /// <summary>Waits for a fragment, or for a control PDU that ends nothing.</summary>
    /// <returns>
    /// DT-2 or AR-6 for a fragment: the buffer begins with it and the pipe has to be advanced. Any other action: the PDU is consumed.
    /// </returns>
    private async ValueTask<(UpperLayerAction Action, ReadOnlySequence<byte> Buffer)> NextAsync(Patience patience, CancellationToken ct)
    {
        while (true)
        {
            ThrowIfFailed();
            if (!_input.TryRead(out var result))
            {
                result = await WaitAsync(patience, ct);
            }
            var rest = result.Buffer;
            PduCursor.Kind kind;
            PduHeader control;
            try
            {
                kind = _cursor.Next(ref rest, _limits.MaxPdu, out control);
            }
            catch (AssociationException e)
            {
                _input.AdvanceTo(result.Buffer.Start);
                throw Violated(e);
            }
            if (kind == PduCursor.Kind.Fragment && (rest.Length > 0 || _cursor.PdvLeft == 0))
            {
                _isPartial = false;
                return (Step(UpperLayerEvent.DataReceived), rest);
            }
            if (kind == PduCursor.Kind.Control && TryControl(control, ref rest, out var action))
            {
                _isPartial = false;
                _input.AdvanceTo(rest.Start);
                return action is UpperLayerAction.AA1 or UpperLayerAction.AA3 or UpperLayerAction.AA8 ? throw ControlFailure(control, action) : (action, default);
            }
            NeedsMore(result, rest);
        }
    }

    /// <summary>As <see cref="NextAsync"/>, but drops fragments: for Sta7 and after.</summary>
    private async ValueTask<UpperLayerAction> ReceiveControlAsync(Patience patience, CancellationToken ct)
    {
        var (action, rest) = await NextAsync(patience, ct);
        switch (action)
        {
            case UpperLayerAction.AR6 or UpperLayerAction.DT2:
                var count = (uint)Math.Min(_cursor.PdvLeft, rest.Length);
                _ = _cursor.Take(count);
                _input.AdvanceTo(rest.GetPosition(count));
                break;
            case UpperLayerAction.AA8: // data in Sta9 to Sta12
                _input.AdvanceTo(rest.End);
                throw Violated(Unexpected(PduType.Data), action);
        }
        return action;
    }

    private AbortPdu _receivedAbort;

    /// <summary>Consumes a control PDU when it is there as a whole, and steps the state.</summary>
    private bool TryControl(PduHeader control, ref ReadOnlySequence<byte> rest, out UpperLayerAction action)
    {
        action = UpperLayerAction.None;
        // the bodies of A-ASSOCIATE PDUs are of no interest here: they are a violation
        var length = control.Type is PduType.AssociateRequest or PduType.AssociateAccept ? 0 : control.Length;
        if (rest.Length < PduReader.HeaderLength + length)
        {
            return false;
        }
        if (control.Type == PduType.Abort)
        {
            _receivedAbort = PduReader.ReadAbort(rest.Slice(PduReader.HeaderLength, length));
        }
        rest = rest.Slice(PduReader.HeaderLength + length);
        action = Step(AssociationState.Received(control.Type));
        return true;
    }

    private AssociationException ControlFailure(PduHeader control, UpperLayerAction action) => action == UpperLayerAction.AA3
        ? Fail(new AssociationException(AssociationFailure.AbortedByPeer, "The peer aborted the association", _receivedAbort.Source, _receivedAbort.Reason), null)
        : Violated(Unexpected(control.Type), action);

    private static AssociationException Unexpected(PduType type) =>
        new(AssociationFailure.ProtocolViolation, $"The peer sent a {type} PDU where it may not", reason: AbortReason.UnexpectedPdu, offset: 0);

    /// <summary>The peer wants to release amid a message: nobody can agree to that (Evt15 in Sta8).</summary>
    private AssociationException Incomplete()
    {
        var cause = new AssociationException(
            AssociationFailure.ProtocolViolation, "The peer asked for release amid a message", AbortSource.ServiceUser, AbortReason.NotSpecified);
        AbortWith(cause);
        return Volatile.Read(ref _failure) ?? cause;
    }

    /// <summary>Waits for bytes within a time limit.</summary>
    private async ValueTask<ReadResult> WaitAsync(Patience patience, CancellationToken ct)
    {
        while (true)
        {
            if (patience == Patience.Usual)
            {
                var isAmidPdu = _isPartial || _cursor.PduLeft > 0;
                if (_isWorking && !isAmidPdu)
                {
                    _readDeadline.Clear();
                }
                else
                {
                    _readDeadline.Set(isAmidPdu ? _limits.MidPdu : _limits.Idle);
                }
            }
            ReadResult result;
            _isReading = true;
            try
            {
                result = await _input.ReadAsync(ct);
            }
            catch (Exception e) when (IsTransportFailure(e, ct))
            {
                throw Lost(e);
            }
            finally
            {
                _isReading = false;
                if (patience == Patience.Usual)
                {
                    _readDeadline.Clear();
                }
            }
            if (!result.IsCanceled)
            {
                return result;
            }
            _input.AdvanceTo(result.Buffer.Start);
            ThrowIfFailed();
        }
    }

    /// <summary>The peer was silent for too long.</summary>
    private void OnReadDeadline()
    {
        if (!_isReading)
        {
            return;
        }
        var cause = new AssociationException(AssociationFailure.TimedOut, "The peer was silent for too long", AbortSource.ServiceProvider);
        switch (State)
        {
            case UpperLayerState.Sta2: // AA-2: close without a word
                Step(UpperLayerEvent.ArtimExpired);
                Fail(cause, null);
                break;
            case UpperLayerState.Sta1 or UpperLayerState.Sta13:
                break;
            default:
                AbortWith(cause);
                break;
        }
    }

    private void CloseData()
    {
        AbandonData();
        _data = null;
    }

    private PresentationContext? FindContext(byte id)
    {
        foreach (var context in Info.Contexts)
        {
            if (context.Id == id)
            {
                return context;
            }
        }
        return null;
    }
}
