using System.IO.Pipelines;
using System.Net.Security;

namespace Pacs.Dicom.Network;

/// <summary>
/// The requestor side of DIMSE over one association: echo, store, find. One operation at a time (asynchronous operations window 1).
/// </summary>
public sealed class DimseClient : IAsyncDisposable
{
    /// <summary>The association below, for what has no method here.</summary>
    public Association Association => throw new NotSupportedException();

    /// <summary>Connects over TCP, or TLS when <paramref name="tls"/> is given, and requests an association.</summary>
    /// <param name="host">Name or address.</param>
    /// <param name="port">104 or 11112, as a rule.</param>
    /// <param name="request">Titles and contexts.</param>
    /// <param name="tls">For TLS (PS3.15 annex B); <see cref="SslClientAuthenticationOptions.TargetHost"/> defaults to the host.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="AssociationException">Not reachable, rejected or no answer in time.</exception>
    public static Task<DimseClient> ConnectAsync(string host, int port, AssociationRequest request, SslClientAuthenticationOptions? tls, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Requests an association over a transport that is connected already.</summary>
    public static Task<DimseClient> ConnectAsync(IDuplexPipe pipe, AssociationRequest request, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>C-ECHO (PS3.4 annex A).</summary>
    public Task<DimseStatus> EchoAsync(CancellationToken ct) => throw new NotSupportedException();

    /// <summary>C-STORE of a Part 10 file; its data set goes over the wire as it is, when the peer accepted its transfer syntax.</summary>
    /// <exception cref="DicomException">Not a Part 10 file, or no accepted context fits it.</exception>
    public Task<DimseStatus> StoreAsync(string path, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>C-STORE of a data set (PS3.4 annex B), written in the transfer syntax of an accepted context.</summary>
    /// <exception cref="DicomException">No SOP UIDs, or no accepted context for an unencapsulated data set of that class.</exception>
    public Task<DimseStatus> StoreAsync(DicomDataset dataset, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>C-FIND. Leaving the enumeration early, or cancelling it, sends C-CANCEL-RQ and waits for the final response.</summary>
    /// <exception cref="DimseStatusException">The peer's final status is a failure.</exception>
    public IAsyncEnumerable<DicomDataset> FindAsync(string sopClass, DicomDataset identifier, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Releases the association.</summary>
    public Task ReleaseAsync(CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Aborts if nobody released.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
