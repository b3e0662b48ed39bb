using System.IO.Pipelines;

namespace Pacs.Dicom.Network;

/// <summary>
/// One association of the upper layer (PS3.8), in either role: the only owner of its pipe, so TLS and transport are somebody else's matter.
/// Runs on the state table of PS3.8 §9.2 (<see cref="AssociationState"/>). One flow receives; sends are serialised inside.
/// </summary>
public sealed class Association : IAsyncDisposable
{
    /// <summary>What was agreed on.</summary>
    public AssociationInfo Info => throw new NotSupportedException();

    /// <summary>Waits for a request on a new connection and answers it.</summary>
    /// <returns>Null when it was rejected, or the peer went away before it asked.</returns>
    /// <exception cref="AssociationException">The peer sent something else than an association request, or nothing in time.</exception>
    public static ValueTask<Association?> AcceptAsync(IDuplexPipe pipe, AcceptorPolicy policy, string remoteHost, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Requests an association over a connected transport.</summary>
    /// <exception cref="AssociationException">The peer rejected or aborted, or did not answer in time.</exception>
    public static ValueTask<Association> RequestAsync(IDuplexPipe pipe, AssociationRequest request, string remoteHost, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The next message; what is left of the last one's data is drained first. Null: the peer released the association.</summary>
    /// <exception cref="AssociationException">The peer aborted, went away, was silent for too long or broke the protocol.</exception>
    public ValueTask<DimseMessage?> ReceiveAsync(CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Sends a message, with a data set in the context's transfer syntax, or without one.</summary>
    public ValueTask SendAsync(PresentationContext context, DimseCommand command, DicomDataset? dataset, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Sends a message with a data set that is already in the context's transfer syntax, straight through.</summary>
    /// <param name="context">An accepted context.</param>
    /// <param name="command">The command.</param>
    /// <param name="data">The data set from its first byte; read to its end.</param>
    /// <param name="ct">Aborts the association when cancelled amid the data.</param>
    public ValueTask SendAsync(PresentationContext context, DimseCommand command, PipeReader data, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>As above, from a stream's position to its end; files and other seekable streams are not buffered in between.</summary>
    public ValueTask SendAsync(PresentationContext context, DimseCommand command, Stream data, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Releases the association in an orderly way (PS3.8 §7.2): data that are still on their way are read and dropped.</summary>
    public ValueTask ReleaseAsync(CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Ends the association at once (PS3.8 §7.3). May be called from any thread, any number of times; a pending receive or send fails.</summary>
    public void Abort(AbortSource source = AbortSource.ServiceUser, AbortReason reason = AbortReason.NotSpecified) => throw new NotSupportedException();

    /// <summary>Aborts if nobody released, and gives the pipe back.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
