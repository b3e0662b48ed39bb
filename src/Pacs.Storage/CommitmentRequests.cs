using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// Storage commitment (PS3.4 annex J) in the other direction: what we have asked nodes, and what they have reported. A question is in the index before it is asked, since the report may be here
/// before its answer, or after a restart. How it is sent is the network's matter.
/// </summary>
public sealed partial class CommitmentRequests(IndexWriter writer, IndexReader reader, JobQueue jobs, TimeProvider time, ILogger<CommitmentRequests> logger)
{
    /// <summary>How long a question is remembered, whatever its answer; as for those that we are asked.</summary>
    public static TimeSpan Age => Commitments.Age;

    // PS3.3 §C.14.1.1, processing failure: for what a report does not mention at all
    private const int ProcessingFailure = 0x0110;

    /// <summary>Notes a question. The one that a job has open already about the same instances is asked again under its name; one about others is the job's no more.</summary>
    /// <param name="node">The name of the node.</param>
    /// <param name="remoteAe">The AE title that is asked.</param>
    /// <param name="references">About what, at most <see cref="Commitments.MaxReferences"/>.</param>
    /// <param name="job">The job that waits for the report, or null.</param>
    /// <param name="ct">Gives up before the transaction.</param>
    public Task<CommitmentRequest> AddAsync(string node, string remoteAe, IReadOnlyList<InstanceReference> references, Job? job, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(references);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(references.Count, Commitments.MaxReferences, nameof(references));
        var dataset = CommitmentDatasets.Encode(new DicomDataset().Set(DicomTag.ReferencedSOPSequence, references.Select(CommitmentDatasets.Item)));
        return writer.WriteAsync(
            async (db, token) =>
            {
                if (job is not null)
                {
                    foreach (var before in await db.CommitmentRequests.AsTracking().Where(c => c.JobId == job.Id).ToListAsync(token))
                    {
                        if (before.Answer == CommitmentAnswer.Pending && before.RemoteAe == remoteAe && References(before).ToHashSet().SetEquals(references))
                        {
                            return before;
                        }
                        before.JobId = null;
                    }
                }
                var request = new CommitmentRequest
                {
                    TransactionUid = DicomUid.New(),
                    Node = node,
                    RemoteAe = remoteAe,
                    JobId = job?.Id,
                    RequestedAt = time.GetUtcNow(),
                    Dataset = dataset,
                };
                db.CommitmentRequests.Add(request);
                if (job is not null && await db.Jobs.AsTracking().FirstOrDefaultAsync(j => j.Id == job.Id, token) is { } row)
                {
                    row.CommitmentUid = request.TransactionUid;
                }
                return request;
            },
            ct);
    }

    /// <summary>Forgets a question that the node has not taken.</summary>
    public Task RemoveAsync(CommitmentRequest request, CancellationToken ct) =>
        writer.WriteAsync((db, token) => db.CommitmentRequests.Where(c => c.Id == request.Id).ExecuteDeleteAsync(token), ct);

    /// <summary>A question by its Transaction UID, or null.</summary>
    public Task<CommitmentRequest?> FindAsync(string transactionUid, CancellationToken ct) =>
        reader.ReadAsync((db, token) => db.CommitmentRequests.FirstOrDefaultAsync(c => c.TransactionUid == transactionUid, token), ct);

    /// <summary>The last question of a job, or null.</summary>
    public Task<CommitmentRequest?> OfJobAsync(Job job, CancellationToken ct) =>
        reader.ReadAsync((db, token) => db.CommitmentRequests.Where(c => c.JobId == job.Id).OrderByDescending(c => c.Id).FirstOrDefaultAsync(token), ct);

    /// <summary>The Action Information of the question (PS3.4 table J.3-1).</summary>
    public static DicomDataset ActionOf(CommitmentRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return CommitmentDatasets.Decode(request.Dataset).Set(DicomTag.TransactionUID, request.TransactionUid);
    }

    /// <summary>What the node keeps, by its report.</summary>
    public static IReadOnlyList<InstanceReference> KeptOf(CommitmentRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Answer == CommitmentAnswer.Pending
            ? []
            : [.. CommitmentDatasets.Decode(request.Dataset).GetSequence(DicomTag.ReferencedSOPSequence).Select(CommitmentDatasets.Reference)];
    }

    /// <summary>What it does not keep.</summary>
    public static IReadOnlyList<FailedReference> FailedOf(CommitmentRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return [.. Failed(CommitmentDatasets.Decode(request.Dataset))];
    }

    /// <summary>Takes a report; when it returns true, it is durable, and the job that waits for it is told.</summary>
    /// <param name="transactionUid">(0008,1195).</param>
    /// <param name="remoteAe">Who reports.</param>
    /// <param name="information">The Event Information (PS3.4 table J.3-2). Of the instances that were asked for, those it does not mention are not kept; others do not count.</param>
    /// <param name="ct">Gives up before the transaction.</param>
    /// <returns>Whether that AE title was asked such a question. A report that comes again changes nothing.</returns>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public async Task<bool> ReportAsync(string transactionUid, string remoteAe, DicomDataset information, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(information);
        var said = information.GetSequence(DicomTag.ReferencedSOPSequence).Select(CommitmentDatasets.Reference).ToHashSet();
        var denied = Failed(information).DistinctBy(f => f.Instance).ToDictionary(f => f.Instance, f => f.Reason);
        var (kept, failed) = (0, 0);
        var isKnown = await writer.WriteAsync(
            async (db, token) =>
            {
                var request = await db.CommitmentRequests.AsTracking().FirstOrDefaultAsync(c => c.TransactionUid == transactionUid, token);
                if (request is null || !string.Equals(request.RemoteAe, remoteAe, StringComparison.OrdinalIgnoreCase))
                {
                    return false;
                }
                if (request.Answer != CommitmentAnswer.Pending)
                {
                    return true;
                }
                var asked = References(request);
                var failures = asked.Where(r => denied.ContainsKey(r) || !said.Contains(r)).Select(r => new FailedReference(r, denied.GetValueOrDefault(r, ProcessingFailure))).ToList();
                var safe = asked.Where(r => !denied.ContainsKey(r) && said.Contains(r)).ToList();
                request.Answer = failures.Count == 0 ? CommitmentAnswer.Success : CommitmentAnswer.Failure;
                request.Dataset = CommitmentDatasets.Encode(CommitmentDatasets.Report(transactionUid, safe, failures));
                if (request.JobId is { } job)
                {
                    await jobs.ConfirmAsync(db, job, failures, token);
                }
                (kept, failed) = (safe.Count, failures.Count);
                return true;
            },
            ct);
        if (kept + failed > 0)
        {
            LogReported(remoteAe, transactionUid, kept, failed);
        }
        jobs.Signal();
        return isKnown;
    }

    /// <summary>Forgets what was asked <see cref="Age"/> ago.</summary>
    public async Task CleanUpAsync(CancellationToken ct)
    {
        var before = time.GetUtcNow() - Age;
        // looked up first: as a rule nobody needs the writer
        if (await reader.ReadAsync((db, token) => db.CommitmentRequests.AnyAsync(c => c.RequestedAt < before, token), ct))
        {
            await writer.WriteAsync((db, token) => db.CommitmentRequests.Where(c => c.RequestedAt < before).ExecuteDeleteAsync(token), ct);
        }
    }

    private static List<InstanceReference> References(CommitmentRequest request) =>
        [.. CommitmentDatasets.Decode(request.Dataset).GetSequence(DicomTag.ReferencedSOPSequence).Select(CommitmentDatasets.Reference)];

    private static IEnumerable<FailedReference> Failed(DicomDataset information) => information.GetSequence(DicomTag.FailedSOPSequence)
        .Select(i => new FailedReference(CommitmentDatasets.Reference(i), i.GetInt32(DicomTag.FailureReason) ?? ProcessingFailure));

    [LoggerMessage(75, LogLevel.Information, "{RemoteAe} reports on storage commitment {Transaction}: {Kept} instances are kept, {Failed} are not.")]
    private partial void LogReported(string remoteAe, string transaction, int kept, int failed);
}
