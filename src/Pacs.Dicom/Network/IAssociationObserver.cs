namespace Pacs.Dicom.Network;

/// <summary>
/// Is told what happens on the associations of a <see cref="DimseServer"/>, for logs and audit. Called on the association's own flow, so it
/// must be quick; what it throws aborts the association. Metrics and traces need no observer: see <see cref="DicomTelemetry"/>.
/// </summary>
public interface IAssociationObserver
{
    /// <summary>An association was accepted.</summary>
    void Accepted(AssociationInfo association);

    /// <summary>An association was rejected. The titles come from the peer and hold no control characters.</summary>
    void Rejected(string remoteHost, string callingAe, string calledAe, AssociateRejectPdu rejection);

    /// <summary>A request was answered for good.</summary>
    /// <param name="association">On which association.</param>
    /// <param name="request">What was asked; holds UIDs but no patient data.</param>
    /// <param name="status">The final status.</param>
    /// <param name="dataBytes">How long the request's data set was.</param>
    /// <param name="duration">From the last byte of the command set to the response.</param>
    void Answered(AssociationInfo association, DimseCommand request, DimseStatus status, long dataBytes, TimeSpan duration);

    /// <summary>A connection has ended.</summary>
    /// <param name="association">What was agreed on, or null when it never came to that.</param>
    /// <param name="remoteHost">The peer.</param>
    /// <param name="cause">
    /// Null after a release, or when the server stops; <see cref="AssociationException"/> when the peer or the network is the cause; anything
    /// else is a defect or a failure on this side.
    /// </param>
    void Ended(AssociationInfo? association, string remoteHost, Exception? cause);
}
