using System.Buffers;
using System.IO.Pipelines;

namespace Pacs.Dicom.Network;

public sealed partial class Association
{
    // fewer flushes, fewer system calls: what is written waits for the end of the message or for this many bytes
    private const int FlushThreshold = 64 * 1024;

    // data that lie ready in memory go out in larger pieces
    private const int DataFlushThreshold = 256 * 1024;

    private readonly SemaphoreSlim _writeGate = new(1, 1);
    private PendingAbort? _pendingAbort;
    private Task _lastFlush = Task.CompletedTask;
    private int _unflushed;
    private bool _isAmidPdu;

    /// <summary>An A-ABORT that has to go out as soon as nobody else writes.</summary>
    private sealed class PendingAbort(AbortPdu pdu)
    {
        private int _isWritten;

        public AbortPdu Pdu { get; } = pdu;

        public bool TryTake() => Interlocked.Exchange(ref _isWritten, 1) == 0;
    }

    /// <summary>Sends a message, with a data set written in the context's transfer syntax, or without one.</summary>
    /// <param name="context">An accepted context.</param>
    /// <param name="command">The command; its data set type is set here.</param>
    /// <param name="dataset">The data set, or null.</param>
    /// <param name="ct">Gives up; aborts the association when a part of the message is out.</param>
    /// <exception cref="AssociationException">The association has ended.</exception>
    public ValueTask SendAsync(PresentationContext context, DimseCommand command, DicomDataset? dataset, CancellationToken ct) =>
        SendAsync(context, command, dataset, flush: true, ct);

    /// <summary>As above; without flush the message may wait in the pipe for the next one.</summary>
    internal async ValueTask SendAsync(PresentationContext context, DimseCommand command, DicomDataset? dataset, bool flush, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        // encoding may fail, and must do so before the first byte is out
        var data = dataset is null ? null : DicomWriter.ToBytes(dataset, context.TransferSyntax);
        await EnterGateAsync(ct);
        var isWhole = false;
        try
        {
            WriteCommand(context, command, hasDataset: data is not null);
            if (data is not null)
            {
                var max = MaxFragment;
                var sent = 0;
                do
                {
                    var count = Math.Min(max, data.Length - sent);
                    WriteFragment(context.Id, isCommand: false, sent + count == data.Length, data.AsSpan(sent, count));
                    sent += count;
                    if (_unflushed >= FlushThreshold)
                    {
                        await FlushAsync(ct);
                    }
                }
                while (sent < data.Length);
            }
            if (flush)
            {
                await FlushAsync(ct);
            }
            isWhole = true;
        }
        finally
        {
            LeaveGate(isWhole);
        }
    }

    /// <summary>Sends a message with a data set that is already in the context's transfer syntax, straight through.</summary>
    /// <param name="context">An accepted context.</param>
    /// <param name="command">The command; its data set type is set here.</param>
    /// <param name="data">The data set from its first byte; read to its end, not completed.</param>
    /// <param name="ct">Aborts the association when cancelled amid the data.</param>
    /// <exception cref="AssociationException">The association has ended.</exception>
    public async ValueTask SendAsync(PresentationContext context, DimseCommand command, PipeReader data, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(data);
        await EnterGateAsync(ct);
        var isWhole = false;
        try
        {
            WriteCommand(context, command, hasDataset: true);
            while (!isWhole)
            {
                // one byte more than a fragment tells whether the fragment is the last one
                var result = await data.ReadAtLeastAsync(MaxFragment + 1, ct);
                var buffer = result.Buffer;
                while (buffer.Length > MaxFragment || (result.IsCompleted && !isWhole))
                {
                    var fragment = buffer.Slice(0, Math.Min(buffer.Length, MaxFragment));
                    buffer = buffer.Slice(fragment.End);
                    isWhole = result.IsCompleted && buffer.IsEmpty;
                    WriteFragment(context.Id, isCommand: false, isWhole, fragment);
                    if (_unflushed >= FlushThreshold)
                    {
                        await FlushAsync(ct);
                    }
                }
                data.AdvanceTo(buffer.Start, isWhole ? buffer.Start : buffer.End);
            }
            isWhole = false;
            await FlushAsync(ct);
            isWhole = true;
        }
        finally
        {
            LeaveGate(isWhole);
        }
    }

    /// <summary>As above, from a stream's position to its end; files and other seekable streams go straight into the pipe.</summary>
    /// <param name="context">An accepted context.</param>
    /// <param name="command">The command; its data set type is set here.</param>
    /// <param name="data">The data set from its first byte; read to its end, not closed.</param>
    /// <param name="ct">Aborts the association when cancelled amid the data.</param>
    /// <exception cref="AssociationException">The association has ended.</exception>
    /// <exception cref="EndOfStreamException">The stream became shorter; the association is aborted.</exception>
    public async ValueTask SendAsync(PresentationContext context, DimseCommand command, Stream data, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(data);
        if (!data.CanSeek)
        {
            var reader = PipeReader.Create(data, new StreamPipeReaderOptions(bufferSize: FlushThreshold, leaveOpen: true));
            await SendAsync(context, command, reader, ct);
            await reader.CompleteAsync();
            return;
        }
        await EnterGateAsync(ct);
        var isWhole = false;
        try
        {
            WriteCommand(context, command, hasDataset: true);
            var left = data.Length - data.Position;
            do
            {
                var count = Math.Min(left, MaxFragment);
                left -= count;
                WriteDataHeader(new PdvHeader((uint)count, context.Id, IsCommand: false, IsLast: left == 0));
                // the header promises the whole fragment: until it is out, nothing else may be written
                _isAmidPdu = true;
                while (count > 0)
                {
                    var memory = _output.GetMemory((int)Math.Min(count, FlushThreshold));
                    var read = await data.ReadAsync(memory[..(int)Math.Min(count, memory.Length)], ct);
                    if (read == 0)
                    {
                        throw new EndOfStreamException("The data set became shorter while it was sent");
                    }
                    _output.Advance(read);
                    _unflushed += read;
                    count -= read;
                    _isAmidPdu = count > 0;
                    if (_unflushed >= FlushThreshold)
                    {
                        await FlushAsync(ct);
                    }
                }
                _isAmidPdu = false;
            }
            while (left > 0);
            await FlushAsync(ct);
            isWhole = true;
        }
        finally
        {
            LeaveGate(isWhole);
        }
    }

    /// <summary>Sends what waits in the pipe.</summary>
    internal async ValueTask FlushPendingAsync(CancellationToken ct)
    {
        await EnterGateAsync(ct);
        var isWhole = false;
        try
        {
            await FlushAsync(ct);
            isWhole = true;
        }
        finally
        {
            LeaveGate(isWhole);
        }
    }

    /// <summary>As above, from pieces that somebody reads ahead: nothing waits for the disk but the first byte of the first instance.</summary>
    /// <param name="context">An accepted context.</param>
    /// <param name="command">The command; its data set type is set here.</param>
    /// <param name="first">The first piece of the data set; goes back to its pool.</param>
    /// <param name="data">Where the following ones come from.</param>
    /// <param name="ct">Aborts the association when cancelled amid the data.</param>
    /// <returns>Bytes of the data set.</returns>
    /// <exception cref="AssociationException">The association has ended.</exception>
    /// <exception cref="DimseStatusException">A later piece cannot be had; the association is aborted.</exception>
    internal async ValueTask<long> SendAsync(PresentationContext context, DimseCommand command, ReadAhead.Piece first, ReadAhead data, CancellationToken ct)
    {
        await EnterGateAsync(ct);
        var isWhole = false;
        var sent = 0L;
        var piece = first;
        try
        {
            WriteCommand(context, command, hasDataset: true);
            while (true)
            {
                var at = 0;
                do
                {
                    var count = Math.Min(piece.Length - at, MaxFragment);
                    WriteFragment(context.Id, isCommand: false, piece.IsLast && at + count == piece.Length, piece.Bytes.Slice(at, count));
                    at += count;
                    if (_unflushed >= DataFlushThreshold)
                    {
                        await FlushAsync(ct);
                    }
                }
                while (at < piece.Length);
                sent += piece.Length;
                if (piece.IsLast)
                {
                    break;
                }
                piece.Return();
                piece = default;
                piece = await data.NextAsync(ct);
                if (piece.Failure is { } failure)
                {
                    throw new DimseStatusException(failure);
                }
            }
            await FlushAsync(ct);
            isWhole = true;
            return sent;
        }
        finally
        {
            piece.Return();
            LeaveGate(isWhole);
        }
    }

    // data sets have even lengths, and so have all fragments but the last (PS3.8 annex E.1)
    private int MaxFragment => (int)(Info.SendMaxPdu - PduReader.PdvHeaderLength) & ~1;

    private async ValueTask EnterGateAsync(CancellationToken ct)
    {
        await _writeGate.WaitAsync(ct);
        var failure = Volatile.Read(ref _failure);
        if (failure is null && Step(UpperLayerEvent.DataRequest) is UpperLayerAction.DT1 or UpperLayerAction.AR7)
        {
            return;
        }
        _writeGate.Release();
        throw failure ?? new AssociationException(AssociationFailure.ConnectionLost, "The association has been released");
    }

    /// <summary>Sends a PDU other than P-DATA-TF, when the table lets a local event do so.</summary>
    private async ValueTask SendControlAsync(UpperLayerEvent occurred, Action<IBufferWriter<byte>> write, CancellationToken ct)
    {
        await _writeGate.WaitAsync(ct);
        try
        {
            ThrowIfFailed();
            if (Step(occurred) == UpperLayerAction.None)
            {
                throw new InvalidOperationException($"The association is in {State}, which allows no {occurred}");
            }
            write(_output);
            await FlushAsync(ct);
        }
        finally
        {
            LeaveGate();
        }
    }

    // a broken connection shows as one of these; Kestrel's ConnectionAbortedException is an OperationCanceledException that nobody asked for
    private static bool IsTransportFailure(Exception e, CancellationToken ct) =>
        e is IOException or System.Net.Sockets.SocketException or ObjectDisposedException || (e is OperationCanceledException && !ct.IsCancellationRequested);

    /// <summary>Lets others write. A message that is out in part only makes the association useless.</summary>
    private void LeaveGate(bool isWhole = true)
    {
        _writeGate.Release();
        if (!isWhole)
        {
            Abort();
        }
        TryWriteAbort();
    }

    private void WriteCommand(PresentationContext context, DimseCommand command, bool hasDataset)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        command.Write(hasDataset, bytes);
        var rest = bytes.WrittenSpan;
        while (true)
        {
            var count = Math.Min(rest.Length, MaxFragment);
            WriteFragment(context.Id, isCommand: true, count == rest.Length, rest[..count]);
            if (count == rest.Length)
            {
                return;
            }
            rest = rest[count..];
        }
    }

    private void WriteFragment(byte contextId, bool isCommand, bool isLast, ReadOnlySpan<byte> fragment)
    {
        WriteDataHeader(new PdvHeader((uint)fragment.Length, contextId, isCommand, isLast));
        _output.Write(fragment);
        _unflushed += fragment.Length;
    }

    private void WriteFragment(byte contextId, bool isCommand, bool isLast, in ReadOnlySequence<byte> fragment)
    {
        WriteDataHeader(new PdvHeader((uint)fragment.Length, contextId, isCommand, isLast));
        foreach (var memory in fragment)
        {
            _output.Write(memory.Span);
        }
        _unflushed += (int)fragment.Length;
    }

    private void WriteDataHeader(PdvHeader pdv)
    {
        PduWriter.WriteDataHeader(pdv, _output.GetSpan(PduWriter.DataHeaderLength));
        _output.Advance(PduWriter.DataHeaderLength);
        _unflushed += PduWriter.DataHeaderLength;
    }

    /// <summary>Hands what was written to the transport, within the time limit for peers that do not read.</summary>
    private async ValueTask FlushAsync(CancellationToken ct)
    {
        _unflushed = 0;
        FlushResult result;
        try
        {
            var flush = _output.FlushAsync(ct);
            if (!flush.IsCompleted)
            {
                _writeDeadline.Set(_limits.Write);
            }
            result = await flush;
        }
        catch (Exception e) when (IsTransportFailure(e, ct))
        {
            throw Lost(e);
        }
        finally
        {
            _writeDeadline.Clear();
        }
        if (result.IsCanceled)
        {
            ThrowIfFailed();
        }
        if (result.IsCompleted)
        {
            throw Lost(null);
        }
    }

    private void OnWriteDeadline()
    {
        var cause = new AssociationException(AssociationFailure.TimedOut, "The peer did not read for too long", AbortSource.ServiceProvider);
        AbortWith(cause);
        // in Sta13 there is nothing to abort, but who waits for the last flush has to be woken all the same
        Fail(cause, null);
    }

    /// <summary>Writes the A-ABORT unless somebody else is writing, who then does it on leaving the gate.</summary>
    private void TryWriteAbort()
    {
        while (Volatile.Read(ref _pendingAbort) is { } abort && _writeGate.Wait(0))
        {
            try
            {
                // amid a PDU an A-ABORT would be taken for data: closing the connection has to do
                if (abort.TryTake() && !_isAmidPdu && !_isCompleted)
                {
                    PduWriter.Write(abort.Pdu, _output);
                    _lastFlush = FlushLastAsync();
                }
                return;
            }
            finally
            {
                _writeGate.Release();
            }
        }
    }

    /// <summary>AA-7: an A-ABORT for a PDU in Sta13.</summary>
    private void WriteAbortAgain()
    {
        if (_writeGate.Wait(0))
        {
            PduWriter.Write(new AbortPdu(AbortSource.ServiceProvider, AbortReason.UnexpectedPdu), _output);
            _lastFlush = FlushLastAsync();
            _writeGate.Release();
        }
    }

    private async Task FlushLastAsync()
    {
        try
        {
            // the first flush may only take note that an earlier one was cancelled
            if ((await _output.FlushAsync(CancellationToken.None)).IsCanceled)
            {
                await _output.FlushAsync(CancellationToken.None);
            }
        }
        catch (Exception e) when (IsTransportFailure(e, CancellationToken.None))
        {
            // the connection is gone, which is what the A-ABORT was for
        }
    }
}
