namespace Pacs.Dicom.Network;

/// <summary>
/// A request of the N-services (PS3.7 §10.1): N-CREATE, N-SET, N-GET, N-ACTION, N-EVENT-REPORT or N-DELETE. The engine has checked what PS3.7
/// §10.3 requires of the command: both UIDs look like UIDs, the type of an event or action and the data set of an N-SET are there.
/// </summary>
/// <param name="Peer">Who asks.</param>
/// <param name="Context">The negotiated context; says in which role the requestor of the association may be.</param>
/// <param name="Operation">The command field, one of the six.</param>
/// <param name="SopClass">Affected or Requested SOP Class UID, or that of the context where the command has none.</param>
/// <param name="SopInstance">
/// Affected or Requested SOP Instance UID. Of an N-CREATE that leaves the choice to the performer a new one, which the response says
/// (PS3.7 §10.1.5.1.4).
/// </param>
public sealed record NRequest(AssociationInfo Peer, PresentationContext Context, DimseCommandField Operation, string SopClass, string SopInstance)
{
    /// <summary>Event Type ID of an N-EVENT-REPORT, Action Type ID of an N-ACTION, 0 otherwise.</summary>
    public ushort TypeId { get; init; }

    /// <summary>
    /// Attribute List (N-CREATE), Modification List (N-SET), Action Information or Event Information: in the order and transfer syntax of the
    /// peer, at most <see cref="DimseHandlers.MaxNDataset"/> bytes. Null when there is none.
    /// </summary>
    public DicomDataset? Dataset { get; init; }

    /// <summary>Attribute Identifier List of an N-GET (0000,1005); empty stands for all attributes (PS3.7 §10.1.2.1.5).</summary>
    public IReadOnlyList<DicomTag> Attributes { get; init; } = [];

    /// <summary>Sends N-EVENT-REPORTs to the peer on this association, later than the response: see <see cref="EventChannel"/>.</summary>
    public required EventChannel Events { get; init; }
}

/// <summary>The answer to an <see cref="NRequest"/>. A status converts to it.</summary>
/// <param name="Status">
/// The status. Its <see cref="DimseStatus.OffendingElements"/> are sent as Attribute Identifier List (0000,1005), which is where the N-services name
/// them (PS3.7 §C.4, §C.5).
/// </param>
public sealed record NResult(DimseStatus Status)
{
    /// <summary>Attribute List, Action Reply or Event Reply, or null.</summary>
    public DicomDataset? Dataset { get; init; }

    /// <summary>A result that is a status alone.</summary>
    public static implicit operator NResult(DimseStatus status) => new(status);
}

/// <summary>Answers the N-services of a SOP class.</summary>
public interface INHandler
{
    /// <summary>
    /// Performs one operation. Those that the SOP class does not have are to be answered <see cref="DimseStatus.UnrecognizedOperation"/>. Throwing
    /// <see cref="DimseStatusException"/> is the same as returning its status, any other <see cref="DicomException"/> is answered 0110H, anything
    /// else aborts the association.
    /// </summary>
    /// <param name="request">What is asked.</param>
    /// <param name="ct">Cancelled when the association is gone.</param>
    ValueTask<NResult> HandleAsync(NRequest request, CancellationToken ct);
}

/// <summary>
/// The way back to the requestor of an association: N-EVENT-REPORTs of the acceptor (PS3.7 §10.1.1), as storage commitment may send them. May be
/// kept longer than the association lives, and used from any thread.
/// </summary>
public sealed class EventChannel
{
    private readonly DimseSession? _session;
    private readonly PresentationContext? _context;

    internal EventChannel(DimseSession session, PresentationContext context) => (_session, _context) = (session, context);

    private EventChannel()
    {
    }

    /// <summary>A channel that leads nowhere: of requests on associations that this side has opened, and of tests.</summary>
    public static EventChannel None { get; } = new();

    /// <summary>Whether the association is established still.</summary>
    public bool IsOpen => _session?.IsOpen ?? false;

    /// <summary>Whether it is, and no message is being worked on.</summary>
    public bool IsAtRest => _session?.IsAtRest ?? false;

    /// <summary>Sends a report and waits for its response.</summary>
    /// <param name="sopClass">Affected SOP Class UID.</param>
    /// <param name="sopInstance">Affected SOP Instance UID.</param>
    /// <param name="eventType">Event Type ID.</param>
    /// <param name="information">Event Information, or null.</param>
    /// <param name="patience">How long the response may take.</param>
    /// <param name="ct">Gives up.</param>
    /// <returns>The status of the response; null when it could not be sent or was not answered, since the association is busy, over, or the peer silent.</returns>
    public Task<DimseStatus?> TryReportAsync(
        string sopClass, string sopInstance, ushort eventType, DicomDataset? information, TimeSpan patience, CancellationToken ct) =>
        _session is null ? Task.FromResult<DimseStatus?>(null) : _session.TryReportAsync(_context!, sopClass, sopInstance, eventType, information, patience, ct);
}
