using Microsoft.EntityFrameworkCore;
using Pacs.Gdt;
using Pacs.Storage;
using Pacs.Web.Dimse;

namespace Pacs.Web.Pages;

/// <summary>How many things somebody should look at.</summary>
/// <param name="Gdt">GDT files that should be delivered by now.</param>
/// <param name="Parked">Events a consumer failed on.</param>
/// <param name="Conflicts">Contradictions between senders.</param>
/// <param name="Transfers">Transfers that failed, or have got nowhere for a while.</param>
/// <param name="Commitments">Reports of storage commitment that a device does not take.</param>
/// <param name="Certificates">1 when our certificate for DICOM over TLS ends soon or has ended.</param>
public sealed record ProblemCounts(long Gdt, long Parked, long Conflicts, long Transfers, long Commitments, long Certificates)
{
    /// <summary>All together.</summary>
    public long Total => Gdt + Parked + Conflicts + Transfers + Commitments + Certificates;
}

/// <summary>A GDT file that should be delivered by now.</summary>
/// <param name="Kind"><see cref="GdtFile.Kind"/>.</param>
/// <param name="Resource">The study or instance it is about.</param>
/// <param name="Receiver">Who should get it.</param>
/// <param name="Revision">Which of the files about it.</param>
/// <param name="State">How far it is, <see cref="GdtState"/>.</param>
/// <param name="Path">The file it becomes.</param>
/// <param name="Attempts">How often its delivery was tried.</param>
/// <param name="Error">Why the last attempt failed, where one has.</param>
/// <param name="At">When its state last changed.</param>
public sealed record UndeliveredGdt(string Kind, ResourceId Resource, string Receiver, int Revision, string State, string Path, int Attempts, string? Error, DateTimeOffset At);

/// <summary>A report of storage commitment that a device does not take.</summary>
/// <param name="CallingAe">Who asked.</param>
/// <param name="RemoteHost">From where.</param>
/// <param name="Count">About how many instances.</param>
/// <param name="State">Whether it is tried still.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Error">Why the last attempt failed.</param>
/// <param name="At">When it was asked.</param>
public sealed record UntakenReport(string CallingAe, string RemoteHost, int Count, CommitmentState State, int Attempts, string? Error, DateTimeOffset At);

/// <summary>An event that waits for another attempt, and what it was about.</summary>
/// <param name="Parked">The parked event.</param>
/// <param name="Event">The event itself.</param>
public sealed record ParkedEntry(ParkedEvent Parked, PacsEvent Event);

/// <summary>What has gone wrong and waits for somebody, read from the index.</summary>
public sealed class OpenProblems(IndexReader index, DicomTls tls, TimeProvider clock)
{
    /// <summary>How long a GDT file may be on its way before somebody should know: as a rule it takes less than a second.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // problems of each kind whose studies a list shows
    private const int MaxStudies = 1000;

    /// <summary>How many there are.</summary>
    public Task<ProblemCounts> CountAsync(CancellationToken ct) => index.ReadAsync(async (db, token) =>
        new ProblemCounts(
            await Undelivered(db).LongCountAsync(token),
            await db.ParkedEvents.LongCountAsync(token),
            await db.Conflicts.LongCountAsync(token),
            await Stuck(db).LongCountAsync(token),
            await Untaken(db).LongCountAsync(token),
            tls.EndsSoon is null ? 0 : 1), ct);

    /// <summary>The GDT files that should be delivered by now, newest first.</summary>
    public Task<List<UndeliveredGdt>> GdtAsync(int limit, CancellationToken ct) => index.ReadAsync((db, token) =>
        Undelivered(db).OrderByDescending(g => g.At).Take(limit)
            .Select(g => new UndeliveredGdt(g.Kind, g.Resource, g.Receiver, g.Revision, g.State, g.Path, g.Attempts, g.Error, g.At)).ToListAsync(token), ct);

    /// <summary>The parked events, newest first.</summary>
    public Task<List<ParkedEntry>> ParkedAsync(int limit, CancellationToken ct) => index.ReadAsync((db, token) =>
        db.ParkedEvents.Join(db.Events, p => p.Seq, e => e.Seq, (p, e) => new { Parked = p, Event = e })
            .OrderByDescending(r => r.Parked.Seq).Take(limit)
            .Select(r => new ParkedEntry(r.Parked, r.Event)).ToListAsync(token), ct);

    /// <summary>The reports of storage commitment that a device does not take, newest first; without their data sets.</summary>
    public Task<List<UntakenReport>> CommitmentsAsync(int limit, CancellationToken ct) => index.ReadAsync((db, token) =>
        Untaken(db).OrderByDescending(c => c.Id).Take(limit)
            .Select(c => new UntakenReport(c.CallingAe, c.RemoteHost, c.Count, c.State, c.Attempts, c.Error, c.RequestedAt)).ToListAsync(token), ct);

    /// <summary>The rows of the studies that a conflict, a GDT file or a transfer is about: there are few.</summary>
    public Task<IReadOnlyCollection<long>> StudiesAsync(CancellationToken ct) => index.ReadAsync<IReadOnlyCollection<long>>(async (db, token) =>
    {
        var resources = await db.Conflicts.OrderByDescending(c => c.Id).Select(c => c.Resource).Take(MaxStudies)
            .Concat(Undelivered(db).OrderByDescending(g => g.At).Select(g => g.Resource).Take(MaxStudies))
            // all instances of a job are of one study as a rule
            .Concat(Stuck(db).OrderByDescending(j => j.Id).Take(MaxStudies).Join(db.JobItems.Where(i => i.Ordinal == 0), j => j.Id, i => i.JobId, (j, i) => i.Instance))
            .Distinct().ToArrayAsync(token);
        var studies = await db.Studies.Where(s => EF.Parameter(resources).Contains(s.PublicId)).Select(s => s.Id).ToListAsync(token);
        studies.AddRange(await db.Instances.Where(i => EF.Parameter(resources).Contains(i.PublicId))
            .Join(db.Series, i => i.ParentId, s => s.Id, (i, s) => s.ParentId).Distinct().ToListAsync(token));
        return studies.ToHashSet();
    }, ct);

    // two equalities, for ix_commitment_due
    private static IQueryable<Commitment> Untaken(PacsDb db) =>
        db.Commitments.Where(c => (c.State == CommitmentState.Requested || c.State == CommitmentState.Failed) && c.Attempts > 0);

    /// <summary>The conflicts, newest first.</summary>
    public Task<List<Conflict>> ConflictsAsync(int limit, CancellationToken ct) => index.ReadAsync((db, token) =>
        db.Conflicts.OrderByDescending(c => c.Id).Take(limit).ToListAsync(token), ct);

    private IQueryable<Job> Stuck(PacsDb db)
    {
        var due = clock.GetUtcNow() - Patience;
        // what somebody has cancelled waits for nobody
        return db.Jobs.Where(j => (j.State == JobState.Failure && j.Fault != JobFault.Cancelled) || (j.State == JobState.Retry && j.ProgressedAt < due));
    }

    private IQueryable<GdtFile> Undelivered(PacsDb db)
    {
        var due = clock.GetUtcNow() - Patience;
        // equalities, so that ix_gdt_file_state finds the few among the many that are written
        // one that is held back waits without a failure; one that failed is over when it was sent again
        return db.GdtFiles.Where(g => ((g.State == GdtState.Queued || g.State == GdtState.Ready) && ((g.Error != null && g.Attempts > 0) || g.At < due))
            || (g.State == GdtState.Failed && !db.GdtFiles.Any(l => l.Kind == g.Kind && l.Resource == g.Resource && l.Receiver == g.Receiver && l.Revision > g.Revision)));
    }
}
