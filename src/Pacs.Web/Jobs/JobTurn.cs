using Pacs.Storage;

namespace Pacs.Web.Jobs;

/// <summary>What a turn of a job has found out, and when to keep it.</summary>
public sealed class JobTurn(JobQueue queue, Job job, TimeProvider time)
{
    // outcomes are kept once in so many instances or so much time, whatever comes first: what a kill makes us send again
    private const int SaveCount = 100;
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(1);

    private readonly List<JobOutcome> _outcomes = [];
    private long _since = time.GetTimestamp();

    /// <summary>The job as it was when it was taken.</summary>
    public Job Job => job;

    /// <summary>Why the last instance that failed did.</summary>
    public JobError? Error { get; set; }

    /// <summary>Whether anything has succeeded.</summary>
    public bool HasSent { get; private set; }

    /// <summary>Whether all is sent and the node is being asked for storage commitment.</summary>
    public bool IsAsking { get; set; }

    /// <summary>Notes what became of one instance.</summary>
    public async ValueTask AddAsync(JobOutcome outcome)
    {
        _outcomes.Add(outcome);
        HasSent |= outcome.State == JobItemState.Sent;
        if (_outcomes.Count >= SaveCount || time.GetElapsedTime(_since) >= SaveInterval)
        {
            await SaveAsync();
        }
    }

    /// <summary>Keeps what is noted.</summary>
    public async Task SaveAsync()
    {
        if (_outcomes.Count > 0)
        {
            await queue.SaveAsync(job, [.. _outcomes], time.GetElapsedTime(_since), CancellationToken.None);
            _outcomes.Clear();
        }
        _since = time.GetTimestamp();
    }
}
