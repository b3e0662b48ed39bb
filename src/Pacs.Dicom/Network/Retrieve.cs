namespace Pacs.Dicom.Network;

/// <summary>A C-MOVE-RQ or C-GET-RQ (PS3.7 §9.1.3, §9.1.4).</summary>
/// <param name="Peer">Who asks.</param>
/// <param name="SopClass">Affected SOP Class UID: the information model.</param>
/// <param name="Identifier">The keys (PS3.4 §C.4.2.1.4, §C.4.3.1.3).</param>
/// <param name="Destination">AE title of whom the instances are for, without padding; null for a C-GET: the peer itself, over the same association.</param>
public sealed record RetrieveRequest(AssociationInfo Peer, string SopClass, DicomDataset Identifier, string? Destination);

/// <summary>What a retrieve amounts to.</summary>
/// <param name="Instances">What is to be sent, in this order. None is a success with nothing to do.</param>
public sealed record RetrievePlan(IReadOnlyList<OutgoingInstance> Instances)
{
    /// <summary>Sends to the destination of a C-MOVE; not used by a C-GET.</summary>
    public StoreScu? Destination { get; init; }

    /// <summary>Is called once with what became of it, also when it was cancelled or the peer went away: for logs, and to give back what was held.</summary>
    public Action<RetrieveResult>? Ended { get; init; }
}

/// <summary>How far a retrieve is, or how it ended.</summary>
/// <param name="Status">Pending (FF00H), or the final status (PS3.4 tables C.4-2 and C.4-3).</param>
/// <param name="Remaining">Instances that have not been tried; 0 where the peer does not say.</param>
/// <param name="Completed">Instances that arrived.</param>
/// <param name="Failed">Instances that did not.</param>
/// <param name="Warning">Instances that arrived, though not quite as they were sent.</param>
public sealed record RetrieveResult(DimseStatus Status, int Remaining, int Completed, int Failed, int Warning)
{
    /// <summary>SOP Instance UIDs that failed (0008,0058), as far as the peer names them.</summary>
    public IReadOnlyList<string> FailedInstances { get; init; } = [];

    /// <summary>Bytes of the data sets that went over the wire; 0 for a C-MOVE that we only asked for.</summary>
    public long Bytes { get; init; }
}

/// <summary>Answers C-MOVE and C-GET: says which instances are meant; the engine sends them, counts and responds.</summary>
public interface IRetrieveHandler
{
    /// <summary>
    /// Finds what a request means. <see cref="DimseStatusException"/> answers it: A900H for an identifier that does not fit its model, A801H for a destination that
    /// nobody knows, A701H and Cxxx for what goes wrong here.
    /// </summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="ct">Cancelled by C-CANCEL-RQ, when the association is gone, and when the server stops.</param>
    ValueTask<RetrievePlan> PlanAsync(RetrieveRequest request, CancellationToken ct);

    /// <summary>
    /// Which of several transfer syntaxes to take for the storage sub-operations of C-GETs on an association that is being established: nobody knows yet what will be
    /// retrieved, and what cannot be sent in the one that was taken fails.
    /// </summary>
    /// <param name="sopClass">A storage SOP class.</param>
    /// <param name="proposed">At least one, in the requestor's order, which means nothing (PS3.8 §7.1.1.13).</param>
    /// <returns>One of <paramref name="proposed"/>.</returns>
    string ChooseTransferSyntax(string sopClass, IReadOnlyList<string> proposed);
}
