using System.Security.Authentication;
using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>The errors of jobs: Orthanc's number, the kind, and a sentence. A peer's own comment may be about the patient: its status has to do.</summary>
internal static class JobErrors
{
    /// <summary>Orthanc's number for "Error in the network protocol".</summary>
    public const int NetworkProtocol = 9;

    /// <summary>Orthanc's number for "This job was canceled".</summary>
    public const int Cancelled = 37;

    /// <summary>Orthanc's number for "Internal error".</summary>
    public const int Internal = -1;

    /// <summary>Orthanc's number for "Cannot store an instance".</summary>
    public const int CannotStore = 2018;

    /// <summary>Somebody has cancelled the job.</summary>
    public static JobError ByHand { get; } = new(Cancelled, JobFault.Cancelled, "The job was cancelled");

    /// <summary>We have made a mistake, or the index is unavailable.</summary>
    public static JobError OwnFailure { get; } = new(Internal, JobFault.OwnFailure, "The server failed; its log says how");

    /// <summary>An instance was deleted meanwhile.</summary>
    public static JobError Gone { get; } = new(NetworkProtocol, JobFault.Gone, "An instance is not here any more");

    /// <summary>The node was removed meanwhile.</summary>
    public static JobError NoNode(string node) => new(NetworkProtocol, JobFault.NoNode, $"There is no node {node}");

    /// <summary>The node answered a request of ours with a status.</summary>
    public static JobError Refused(string node, JobFault fault, string request, DimseStatus status) =>
        new(NetworkProtocol, fault, $"{node} answers {request}{status.Code:X4}H", $"{status.Code:X4}H");

    /// <summary>The node has no storage commitment.</summary>
    public static JobError NoCommitment(string node) => new(NetworkProtocol, JobFault.NoCommitment, $"{node} does not offer storage commitment");

    /// <summary>What became of an instance that was not stored.</summary>
    public static JobError Of(string node, SentInstance sent)
    {
        if (sent.WasSent)
        {
            return Refused(node, JobFault.Refused, "", sent.Status);
        }
        var sentence = sent.Status.Comment ?? $"{sent.Status}";
        return sent.Status.Code switch
        {
            0x0122 => new(NetworkProtocol, JobFault.NotTaken, sentence, sentence.Contains(sent.Instance.Syntax.Uid, StringComparison.Ordinal) ? sent.Instance.Syntax.Uid : sent.Instance.SopClass),
            0x0112 => new(NetworkProtocol, JobFault.Gone, sentence),
            _ => new(NetworkProtocol, JobFault.Unreadable, sentence),
        };
    }

    /// <summary>Why a turn with a node was broken off; null for what is no matter of the network.</summary>
    public static JobError? Of(string node, Exception e) => e switch
    {
        AssociationException { Rejection: { } r } => new(
            NetworkProtocol, JobFault.Rejected, $"{node} rejects the association: {r.Result}, source {r.Source}, reason {r.Reason}", $"{(int)r.Result}/{r.Source}/{r.Reason}"),
        AssociationException a => new(NetworkProtocol, FaultOf(a.Failure), $"{node}: {a.Message}"),
        AuthenticationException => new(NetworkProtocol, JobFault.Tls, $"{node}: the TLS handshake failed"),
        DicomException d => new(NetworkProtocol, JobFault.Unintelligible, $"{node}: {d.Message}"), // what it sent makes no sense; the text says where, not what
        _ => null,
    };

    private static JobFault FaultOf(AssociationFailure failure) => failure switch
    {
        AssociationFailure.TimedOut => JobFault.Silent,
        AssociationFailure.ConnectionLost => JobFault.Unreachable,
        AssociationFailure.AbortedByPeer => JobFault.BrokenOff,
        _ => JobFault.Unintelligible,
    };
}
