using System.IO.Pipelines;

namespace Pacs.Dicom.Network;

/// <summary>
/// The acceptor side of DIMSE: on each connection accepts an association, receives requests, runs their handlers, responds. One instance
/// serves all connections. Message-level failures are answered with a status and the association lives; breaches of protocol abort it.
/// </summary>
/// <param name="policy">Who may call, and the limits.</param>
/// <param name="handlers">Who answers for which SOP class.</param>
/// <param name="observer">Is told what happens, or null.</param>
public sealed class DimseServer(AcceptorPolicy policy, DimseHandlers handlers, IAssociationObserver? observer = null)
{
    /// <summary>How many associations are established now.</summary>
    public int ActiveAssociations => throw new NotSupportedException();

    /// <summary>Serves one connection to its end. Never throws: what happened goes to the observer.</summary>
    /// <param name="pipe">The connection; completed on return.</param>
    /// <param name="remoteHost">Address of the peer without port, for limits, checks and logs.</param>
    /// <param name="ct">Graceful stop: the message that is being worked on is finished and answered, then the association is aborted.</param>
    public Task RunAsync(IDuplexPipe pipe, string remoteHost, CancellationToken ct) => throw new NotSupportedException((policy, handlers, observer) is { policy: null } ? "" : null);
}
