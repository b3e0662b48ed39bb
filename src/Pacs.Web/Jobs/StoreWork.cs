using Pacs.Dicom;
using Pacs.Dicom.Network;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Web.Jobs;

/// <summary>What a <c>DicomModalityStore</c> job does in its turn: sends instances, and asks at the end whether the node keeps them.</summary>
internal sealed class StoreWork(JobQueue queue, IndexReader index, Archive archive, CommitmentRequests requests, CommitmentScu scu)
{
    // instances in a turn: others have theirs after it
    private const int Turn = 250;

    /// <summary>Sends what is to be done now.</summary>
    /// <param name="turn">Gets the outcomes.</param>
    /// <param name="content">The job.</param>
    /// <param name="node">Where to.</param>
    /// <param name="link">The association of the lane.</param>
    /// <param name="halt">Stops after the instance that is on its way.</param>
    /// <param name="abort">Stops at once.</param>
    /// <exception cref="AssociationException">The node cannot be reached, rejects, or its association ended.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed.</exception>
    public async Task SendAsync(JobTurn turn, StoreJob content, Modality node, StoreLink link, CancellationToken halt, CancellationToken abort)
    {
        var instances = await PrepareAsync(turn, halt);
        MoveOriginator? originator = content.MoveOriginatorAet is { } ae ? new MoveOriginator(ae, content.MoveOriginatorId) : null;
        try
        {
            await link.SendAsync(node, [.. instances.Keys], originator, async sent =>
            {
                await turn.AddAsync(Judge(instances[sent.Instance], sent, turn));
                return !halt.IsCancellationRequested;
            }, abort);
        }
        catch (AssociationException) when (link.Broken is not null)
        {
            // one that a node breaks off at each time goes behind the others, and is given up in the end
            await turn.AddAsync(new JobOutcome(instances[link.Broken].Ordinal, JobItemState.Waiting, 0));
            throw;
        }
    }

    /// <summary>Asks the node whether it keeps what was sent. Instances that have been deleted here meanwhile are not asked for.</summary>
    /// <returns>Why there will be no report, or null when there will.</returns>
    /// <exception cref="AssociationException">The node cannot be reached, rejects, or its association ended.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The TLS handshake failed.</exception>
    public async Task<JobError?> AskAsync(Job job, Modality node, CancellationToken ct)
    {
        var references = new List<InstanceReference>();
        foreach (var id in await queue.SentAsync(job, ct))
        {
            if (await index.LocateAsync(id, ct) is { } location)
            {
                references.Add(new InstanceReference(location.SopClass, location.SopInstance));
            }
        }
        if (references.Count == 0)
        {
            return JobErrors.Gone;
        }
        if (references.Count > Commitments.MaxReferences)
        {
            return new JobError(JobErrors.Internal, JobFault.NoCommitment, $"A node can be asked about {Commitments.MaxReferences} instances at once, and these are {references.Count}");
        }
        var request = await requests.AddAsync(job.Node, node.AeTitle, references, job, ct);
        return await scu.AskAsync(node, request, ct) switch
        {
            null => JobErrors.NoCommitment(job.Node),
            { Kind: DimseStatusKind.Success or DimseStatusKind.Warning } => null,
            { } status => JobErrors.Refused(job.Node, JobFault.NoCommitment, "the question for storage commitment with ", status),
        };
    }

    private async Task<Dictionary<OutgoingInstance, JobItem>> PrepareAsync(JobTurn turn, CancellationToken ct)
    {
        var instances = new Dictionary<OutgoingInstance, JobItem>(ReferenceEqualityComparer.Instance);
        foreach (var item in await queue.WaitingAsync(turn.Job, Turn, ct))
        {
            if (await index.LocateAsync(item.Instance, ct) is not { } location)
            {
                turn.Error = JobErrors.Gone;
                await turn.AddAsync(new JobOutcome(item.Ordinal, JobItemState.Failed, DimseStatus.NoSuchSopInstance.Code));
                continue;
            }
            var instance = new OutgoingInstance(
                location.SopClass, location.SopInstance, TransferSyntax.Get(location.SyntaxUid), _ => new(archive.OpenDataset(location)));
            instances.Add(instance, item);
        }
        return instances;
    }

    private static JobOutcome Judge(JobItem item, SentInstance sent, JobTurn turn)
    {
        if (sent.IsStored)
        {
            return new JobOutcome(item.Ordinal, JobItemState.Sent, 0);
        }
        turn.Error = JobErrors.Of(turn.Job.Node, sent);
        // what may pass: no room (A7xx, 0213H), a failure without a reason (0110H), a file that cannot be read at the moment; PS3.4 table B.2-1, PS3.7 annex C
        var mayPass = sent.Status.Code is >= 0xA700 and <= 0xA7FF or 0x0110 or 0x0213;
        return new JobOutcome(item.Ordinal, mayPass ? JobItemState.Waiting : JobItemState.Failed, sent.Status.Code);
    }
}
