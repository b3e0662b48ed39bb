namespace Pacs.Dicom.Network;

/// <summary>Who aborts (PS3.8 table 9-26, source).</summary>
public enum AbortSource : byte
{
    /// <summary>The application entity itself.</summary>
    ServiceUser = 0,

    /// <summary>The upper layer.</summary>
    ServiceProvider = 2,
}

/// <summary>Why the upper layer aborts (PS3.8 table 9-26, reason); 0 when a service user does.</summary>
public enum AbortReason : byte
{
    /// <summary>No reason given.</summary>
    NotSpecified = 0,

    /// <summary>A PDU of an unknown type.</summary>
    UnrecognizedPdu = 1,

    /// <summary>A PDU that the present state does not allow.</summary>
    UnexpectedPdu = 2,

    /// <summary>A PDU parameter of an unknown type.</summary>
    UnrecognizedPduParameter = 4,

    /// <summary>A PDU parameter that the present state does not allow.</summary>
    UnexpectedPduParameter = 5,

    /// <summary>A value that is not allowed, a length first of all.</summary>
    InvalidPduParameterValue = 6,
}

/// <summary>How an association came to its end when nobody released it.</summary>
public enum AssociationFailure
{
    /// <summary>The peer broke PS3.8 or PS3.7; it was sent an A-ABORT.</summary>
    ProtocolViolation,

    /// <summary>The peer sent an A-ABORT.</summary>
    AbortedByPeer,

    /// <summary>This side aborted.</summary>
    AbortedLocally,

    /// <summary>The peer was silent, or did not read, for longer than <see cref="AssociationLimits"/> allow.</summary>
    TimedOut,

    /// <summary>The transport connection broke.</summary>
    ConnectionLost,

    /// <summary>The peer refused the association (requestor only), see <see cref="AssociationException.Rejection"/>.</summary>
    Rejected,
}

/// <summary>
/// The association is over, and not by a release. Malformed PDUs are one cause: then <see cref="DicomException.Offset"/> is the offset
/// in the PDU, and source and reason are those of the A-ABORT that the peer is sent.
/// </summary>
public sealed class AssociationException : DicomException
{
    /// <summary>An association that failed.</summary>
    /// <param name="failure">How.</param>
    /// <param name="message">What happened, without patient data.</param>
    /// <param name="source">Source of the A-ABORT.</param>
    /// <param name="reason">Reason of the A-ABORT.</param>
    /// <param name="offset">Bytes from the start of the PDU, or -1.</param>
    /// <param name="inner">What caused it, if anything did.</param>
    public AssociationException(
        AssociationFailure failure,
        string message,
        AbortSource source = AbortSource.ServiceProvider,
        AbortReason reason = AbortReason.NotSpecified,
        long offset = -1,
        Exception? inner = null)
        : base(message, offset: offset, inner: inner)
    {
        Failure = failure;
        AbortSource = source;
        AbortReason = reason;
    }

    /// <summary>How the association ended.</summary>
    public AssociationFailure Failure { get; }

    /// <summary>Source in the A-ABORT sent or received.</summary>
    public AbortSource AbortSource { get; }

    /// <summary>Reason in the A-ABORT sent or received.</summary>
    public AbortReason AbortReason { get; }

    /// <summary>The peer's A-ASSOCIATE-RJ, when it sent one.</summary>
    public AssociateRejectPdu? Rejection { get; init; }

    internal static AssociationException Invalid(string message, long offset) =>
        new(AssociationFailure.ProtocolViolation, message, reason: AbortReason.InvalidPduParameterValue, offset: offset);
}
