using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>What became of a request for storage commitment.</summary>
public enum CommitmentOutcome
{
    /// <summary>Accepted, and durable: the device will get its report, whatever happens to this process.</summary>
    Accepted,

    /// <summary>The device has another transaction of that UID, about other instances.</summary>
    Duplicate,

    /// <summary>There are too many that wait for their report.</summary>
    TooMany,
}

/// <summary>
/// Storage commitment (PS3.4 annex J) as far as it has to outlive the process: which questions devices have asked, what the answer is, and who does not have it yet. How it is
/// sent is the network's matter.
/// </summary>
public sealed partial class Commitments(Archive archive, IndexWriter writer, IndexReader reader, TimeProvider time, ILogger<Commitments> logger)
{
    /// <summary>Instances in one request. Ten times the largest study one meets; about as many as fit into what is read of a message.</summary>
    public const int MaxReferences = 100_000;

    /// <summary>Instances in all requests whose report is still due: what a device gone wild may put into the index.</summary>
    public const long MaxDueReferences = 1_000_000;

    /// <summary>How long a report is tried. A device that is switched off for a long weekend gets it when it is back.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(5);

    /// <summary>How long a transaction is remembered after its end, so that a device that asks again is answered the same way.</summary>
    public static readonly TimeSpan Age = TimeSpan.FromDays(30);

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(15);

    /// <summary>Takes a request; when it returns <see cref="CommitmentOutcome.Accepted"/>, it is durable.</summary>
    /// <param name="transactionUid">(0008,1195). One that the device has used for the same instances already is reported once more: the report may be lost.</param>
    /// <param name="references">What it is about, at most <see cref="MaxReferences"/>.</param>
    /// <param name="origin">Who asks.</param>
    /// <param name="ct">Gives up before the transaction.</param>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public async Task<CommitmentOutcome> RequestAsync(string transactionUid, IReadOnlyList<InstanceReference> references, Origin origin, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(references);
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(references.Count, MaxReferences, nameof(references));
        var dataset = CommitmentDatasets.Encode(new DicomDataset().Set(DicomTag.ReferencedSOPSequence, references.Select(CommitmentDatasets.Item)));
        var now = time.GetUtcNow();
        var callingAe = origin.CallingAe ?? "";
        var outcome = await writer.WriteAsync(
            async (db, token) =>
            {
                var known = await db.Commitments.FirstOrDefaultAsync(c => c.TransactionUid == transactionUid && c.CallingAe == callingAe, token);
                if (known is not null && !References(known).ToHashSet().SetEquals(references))
                {
                    return CommitmentOutcome.Duplicate;
                }
                // counted in the transaction, so that many at once do not pass together
                if (await db.Commitments.Where(c => c.State == CommitmentState.Requested).SumAsync(c => (long)c.Count, token) + references.Count > MaxDueReferences)
                {
                    return CommitmentOutcome.TooMany;
                }
                if (known is null)
                {
                    db.Commitments.Add(known = new Commitment { TransactionUid = transactionUid, CallingAe = callingAe });
                }
                (known.CalledAe, known.RemoteHost) = (origin.CalledAe ?? "", origin.RemoteHost ?? "");
                (known.State, known.Count, known.FailedCount, known.RequestedAt, known.DueAt, known.Attempts, known.Error, known.Dataset) =
                    (CommitmentState.Requested, references.Count, null, now, now, 0, null, dataset);
                return CommitmentOutcome.Accepted;
            },
            ct);
        if (outcome == CommitmentOutcome.Accepted)
        {
            LogRequested(transactionUid, callingAe, references.Count);
        }
        return outcome;
    }

    /// <summary>The AE titles that a report is due for.</summary>
    public Task<List<string>> DueAsync(CancellationToken ct)
    {
        var now = time.GetUtcNow();
        return reader.ReadAsync(
            (db, token) => db.Commitments.Where(c => c.State == CommitmentState.Requested && c.DueAt <= now).Select(c => c.CallingAe).Distinct().ToListAsync(token), ct);
    }

    /// <summary>The reports that are due for an AE title, in the order they were asked for; without their data sets.</summary>
    public Task<List<Commitment>> DueAsync(string callingAe, int limit, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        return reader.ReadAsync(
            (db, token) => db.Commitments.Where(c => c.State == CommitmentState.Requested && c.DueAt <= now && c.CallingAe == callingAe).OrderBy(c => c.Id).Take(limit)
                .Select(c => new Commitment
                {
                    Id = c.Id,
                    TransactionUid = c.TransactionUid,
                    CallingAe = c.CallingAe,
                    CalledAe = c.CalledAe,
                    RemoteHost = c.RemoteHost,
                    RequestedAt = c.RequestedAt,
                    Attempts = c.Attempts,
                }).ToListAsync(token), ct);
    }

    /// <summary>The Event Information of a report (PS3.4 table J.3-2). The instances are looked at once; what was found then stays.</summary>
    /// <param name="id"><see cref="Commitment.Id"/>.</param>
    /// <param name="readsFiles">See <see cref="Archive.IsDurableAsync"/>.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The data set and how many instances failed; null when there is no such request any more.</returns>
    public async Task<(DicomDataset Information, int Failed)?> ReportAsync(long id, bool readsFiles, CancellationToken ct)
    {
        var commitment = await reader.ReadAsync((db, token) => db.Commitments.FirstOrDefaultAsync(c => c.Id == id, token), ct);
        if (commitment is null)
        {
            return null;
        }
        if (commitment.FailedCount is { } known)
        {
            return (CommitmentDatasets.Decode(commitment.Dataset), known);
        }
        var references = References(commitment);
        var answers = await archive.IsDurableAsync(references, readsFiles, ct);
        var kept = references.Where((_, i) => answers[i] == Durability.Durable).ToList();
        var failed = references.Index().Where(r => answers[r.Index] != Durability.Durable).Select(r => new FailedReference(r.Item, ReasonOf(answers[r.Index]))).ToList();
        var information = CommitmentDatasets.Report(commitment.TransactionUid, kept, failed);
        var dataset = CommitmentDatasets.Encode(information);
        // unless it was asked anew meanwhile
        await writer.WriteAsync((db, token) => db.Commitments.Where(c => c.Id == id && c.FailedCount == null && c.RequestedAt == commitment.RequestedAt)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.FailedCount, failed.Count).SetProperty(c => c.Dataset, dataset), token), ct);
        LogChecked(commitment.TransactionUid, kept.Count, failed.Count);
        return (information, failed.Count);
    }

    /// <summary>The device has its report.</summary>
    public Task ReportedAsync(Commitment commitment, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(commitment);
        var now = time.GetUtcNow();
        LogReported(commitment.TransactionUid, commitment.CallingAe);
        return writer.WriteAsync((db, token) => db.Commitments.Where(c => c.Id == commitment.Id && c.RequestedAt == commitment.RequestedAt)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.State, CommitmentState.Reported).SetProperty(c => c.DueAt, now).SetProperty(c => c.Error, (string?)null), token), ct);
    }

    /// <summary>The report did not get through: it is tried again later, unless that is useless or has been tried for long enough.</summary>
    /// <param name="commitment">Which.</param>
    /// <param name="error">Why, without patient data.</param>
    /// <param name="isFinal">Whether it is useless to try again.</param>
    /// <param name="ct">Cancels.</param>
    public Task FailedAsync(Commitment commitment, string error, bool isFinal, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(commitment);
        var now = time.GetUtcNow();
        var state = isFinal || now - commitment.RequestedAt > Patience ? CommitmentState.Failed : CommitmentState.Requested;
        var wait = Backoff.After(commitment.Attempts + 1, FirstWait, LongestWait);
        var due = state == CommitmentState.Failed ? now : now + wait;
        if (state == CommitmentState.Failed)
        {
            LogGivenUp(commitment.TransactionUid, commitment.CallingAe, error);
        }
        else
        {
            LogDelayed(commitment.TransactionUid, commitment.CallingAe, error, wait);
        }
        return writer.WriteAsync((db, token) => db.Commitments.Where(c => c.Id == commitment.Id && c.RequestedAt == commitment.RequestedAt)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.State, state).SetProperty(c => c.DueAt, due).SetProperty(c => c.Attempts, c => c.Attempts + 1)
                .SetProperty(c => c.Error, error), token), ct);
    }

    /// <summary>Forgets what has come to its end <see cref="Age"/> ago.</summary>
    /// <returns>How many.</returns>
    public async Task<int> CleanUpAsync(CancellationToken ct)
    {
        var before = time.GetUtcNow() - Age;
        // looked up first: as a rule nobody needs the writer
        return await reader.ReadAsync((db, token) => db.Commitments.AnyAsync(c => c.State != CommitmentState.Requested && c.DueAt < before, token), ct)
            ? await writer.WriteAsync((db, token) => db.Commitments.Where(c => c.State != CommitmentState.Requested && c.DueAt < before).ExecuteDeleteAsync(token), ct)
            : 0;
    }

    private static List<InstanceReference> References(Commitment commitment)
    {
        var dataset = CommitmentDatasets.Decode(commitment.Dataset);
        return [.. dataset.GetSequence(DicomTag.ReferencedSOPSequence).Concat(dataset.GetSequence(DicomTag.FailedSOPSequence))
            .Select(CommitmentDatasets.Reference)];
    }

    // PS3.4 table J.3-2, PS3.3 §C.14.1.1
    private static int ReasonOf(Durability durability) => durability switch
    {
        Durability.Unknown => 0x0112,
        Durability.OtherClass => 0x0119,
        _ => 0x0110,
    };

    [LoggerMessage(70, LogLevel.Information, "Storage commitment {Transaction} of {CallingAe} for {Count} instances is accepted.")]
    private partial void LogRequested(string transaction, string callingAe, int count);

    [LoggerMessage(71, LogLevel.Information, "Storage commitment {Transaction}: {Kept} instances are kept, {Failed} are not.")]
    private partial void LogChecked(string transaction, int kept, int failed);

    [LoggerMessage(72, LogLevel.Information, "Storage commitment {Transaction} is reported to {CallingAe}.")]
    private partial void LogReported(string transaction, string callingAe);

    [LoggerMessage(73, LogLevel.Warning, "Storage commitment {Transaction} cannot be reported to {CallingAe}: {Error}. The next attempt is in {Wait}.")]
    private partial void LogDelayed(string transaction, string callingAe, string error, TimeSpan wait);

    [LoggerMessage(74, LogLevel.Error, "Storage commitment {Transaction} is not reported to {CallingAe} any more: {Error}.")]
    private partial void LogGivenUp(string transaction, string callingAe, string error);
}
