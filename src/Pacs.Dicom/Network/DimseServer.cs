using System.IO.Pipelines;

namespace Pacs.Dicom.Network;

/// <summary>
/// The acceptor side of DIMSE: on each connection accepts an association, receives requests, runs their handlers, responds. One instance
/// serves all connections. Message-level failures are answered with a status and the association lives; breaches of protocol abort it.
/// </summary>
public sealed class DimseServer
{
    private readonly AcceptorPolicy _policy;
    private readonly DimseHandlers _handlers;
    private readonly IAssociationObserver? _observer;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _perHost = new(StringComparer.Ordinal);
    private int _active;

    /// <summary>A server.</summary>
    /// <param name="policy">Who may call, and the limits. SOP classes and syntaxes are what the policy and the handlers agree on.</param>
    /// <param name="handlers">Who answers for which SOP class; not to be changed from now on.</param>
    /// <param name="observer">Is told what happens, or null.</param>
    public DimseServer(AcceptorPolicy policy, DimseHandlers handlers, IAssociationObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(handlers);
        var choose = policy.ChooseTransferSyntax ?? handlers.ChooseTransferSyntax;
        _policy = policy with
        {
            AcceptsRequestorAsScp = sopClass => handlers.AcceptsRequestorAsScp(sopClass) || policy.AcceptsRequestorAsScp(sopClass),
            ChooseRetrieveSyntax = handlers.ChooseRetrieveSyntax,
            ChooseTransferSyntax = (sopClass, proposed) => handlers.Find(sopClass) is null ? null : choose(sopClass, proposed),
        };
        _handlers = handlers;
        _observer = observer;
    }

    /// <summary>How many associations are established now.</summary>
    public int ActiveAssociations
    {
        get
        {
            lock (_lock)
            {
                return _active;
            }
        }
    }

    /// <summary>Serves one connection to its end. Throws nothing but what the observer throws: what happened goes to the observer.</summary>
    /// <param name="pipe">The connection; completed on return. Whatever is still unsent then may be cut off: the peer had its time.</param>
    /// <param name="remoteHost">Address of the peer without port, for limits, checks and logs.</param>
    /// <param name="ct">Graceful stop: the message that is being worked on is finished and answered, then the association is aborted.</param>
    public async Task RunAsync(IDuplexPipe pipe, string remoteHost, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(pipe);
        ArgumentNullException.ThrowIfNull(remoteHost);
        Association? association = null;
        AssociationInfo? info = null;
        var isAdmitted = false;
        Exception? cause = null;
        try
        {
            association = await Association.AcceptAsync(
                pipe,
                _policy,
                remoteHost,
                (_, _) => (isAdmitted = TryAdmit(remoteHost)) ? null : AssociateRejectPdu.LocalLimitExceeded,
                (request, rejection) => _observer?.Rejected(remoteHost, request.CallingAe, request.CalledAe, rejection),
                ct);
            if (association is not null)
            {
                info = association.Info;
                _observer?.Accepted(info);
                await new DimseSession(association, _handlers, _policy, _observer).RunAsync(ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // a stop is not a failure
        }
#pragma warning disable CA1031 // whatever a handler throws ends its association, not the process; the observer gets it
        catch (Exception e)
#pragma warning restore CA1031
        {
            cause = e;
        }
        if (isAdmitted)
        {
            // the slot is free before the peer has closed: it may be slow at that
            Leave(remoteHost);
        }
        if (association is not null)
        {
            association.Linger = ct.IsCancellationRequested ? StopLinger : association.Linger;
            await association.DisposeAsync();
        }
        _observer?.Ended(info, remoteHost, cause);
    }

    // a stopping server gives its peers this long to take notice of the A-ABORT
    private static readonly TimeSpan StopLinger = TimeSpan.FromSeconds(2);

    private bool TryAdmit(string remoteHost)
    {
        lock (_lock)
        {
            var ofHost = _perHost.GetValueOrDefault(remoteHost);
            if (_active >= _policy.MaxAssociations || ofHost >= _policy.MaxAssociationsPerHost)
            {
                return false;
            }
            _active++;
            _perHost[remoteHost] = ofHost + 1;
        }
        DicomTelemetry.ActiveAssociations.Add(1);
        return true;
    }

    private void Leave(string remoteHost)
    {
        lock (_lock)
        {
            _active--;
            if (_perHost[remoteHost] == 1)
            {
                _perHost.Remove(remoteHost);
            }
            else
            {
                _perHost[remoteHost]--;
            }
        }
        DicomTelemetry.ActiveAssociations.Add(-1);
    }
}
