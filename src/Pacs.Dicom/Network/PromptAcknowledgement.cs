using System.IO.Pipelines;
using System.Net.Sockets;

namespace Pacs.Dicom.Network;

/// <summary>
/// Acknowledges what a peer has sent as soon as we wait for more of it. Programs built on dcmtk, Orthanc among them, write a message in two pieces and hold the second back
/// until the first is acknowledged (Nagle's algorithm), while the kernel holds the acknowledgement back for 40 ms, hoping that we have something to say: 25 instances a second
/// instead of 2000. Linux has an option against it, which lasts until the next acknowledgement; elsewhere nothing happens.
/// </summary>
public sealed class PromptAcknowledgement : PipeReader
{
    // whoever has just sent this much is not waiting for us: his segments are full
    private const int Bulk = 16 * 1024;

    private const int TcpLevel = 6;
    private const int QuickAck = 12;

    private readonly PipeReader _inner;
    private readonly Socket _socket;
    private long _last;

    private PromptAcknowledgement(PipeReader inner, Socket socket) => (_inner, _socket) = (inner, socket);

    /// <summary>The same reader, which acknowledges before it waits; as it is where the system cannot do so.</summary>
    /// <param name="reader">Reads what comes from <paramref name="socket"/>, decrypted or not.</param>
    /// <param name="socket">The connection; null for none.</param>
    public static PipeReader Over(PipeReader reader, Socket? socket) =>
        OperatingSystem.IsLinux() && socket is { ProtocolType: ProtocolType.Tcp } ? new PromptAcknowledgement(reader, socket) : reader;

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        if (!_inner.TryRead(out result))
        {
            return false;
        }
        _last = result.Buffer.Length;
        return true;
    }

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (_last < Bulk)
        {
            Acknowledge();
        }
        var reading = _inner.ReadAsync(cancellationToken);
        if (!reading.IsCompletedSuccessfully)
        {
            return WaitAsync(reading);
        }
        var result = reading.Result;
        _last = result.Buffer.Length;
        return new(result);
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => _inner.AdvanceTo(consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _inner.AdvanceTo(consumed, examined);

    /// <inheritdoc/>
    public override void CancelPendingRead() => _inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    /// <inheritdoc/>
    public override ValueTask CompleteAsync(Exception? exception = null) => _inner.CompleteAsync(exception);

    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> reading)
    {
        var result = await reading;
        _last = result.Buffer.Length;
        return result;
    }

    private void Acknowledge()
    {
        try
        {
            _socket.SetRawSocketOption(TcpLevel, QuickAck, [1, 0, 0, 0]);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // the connection is gone, which the read says better
        }
    }
}
