using System.Security.Authentication;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Configuration;

namespace Pacs.Web.Dimse;

/// <summary>Calls nodes: titles, time-outs and TLS as the node's entry says.</summary>
public sealed class ModalityConnections(PacsOptions options, DicomTls tls, TimeProvider time)
{
    /// <summary>By which AE title we call a node.</summary>
    public string LocalAeTitle(Modality node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.LocalAeTitle ?? options.DicomAet.Trim();
    }

    /// <summary>An association with a node.</summary>
    /// <param name="node">Whom to call.</param>
    /// <param name="propose">Adds the presentation contexts to the request.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="AssociationException">Not reachable, rejected or no answer in time.</exception>
    /// <exception cref="AuthenticationException">The TLS handshake failed.</exception>
    public Task<DimseClient> ConnectAsync(Modality node, Func<AssociationRequest, AssociationRequest> propose, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(propose);
        var patience = TimeSpan.FromSeconds(node.Timeout > 0 ? node.Timeout : options.DicomScuTimeout);
        var request = new AssociationRequest
        {
            CallingAe = LocalAeTitle(node),
            CalledAe = node.AeTitle,
            Limits = AssociationLimits.Default with { MaxPdu = (uint)options.MaximumPduLength, Artim = patience, Idle = patience, MidPdu = patience, Write = patience },
            TimeProvider = time,
        };
        return DimseClient.ConnectAsync(node.Host, node.Port, propose(request), node.UseTls ? tls.ClientOptions() : null, ct);
    }
}
