namespace Pacs.Dicom.Network;

/// <summary>
/// The memory that data sets of requests take together, on all associations of a server: identifiers of queries and retrieves, and those of the N-services, from their first byte until the request
/// is answered. Each may be up to 16 MB, which is nothing for one, and too much for a hundred at once. Instances do not count: they are never in memory as a whole.
/// </summary>
/// <param name="bytes">How many bytes, as they are on the line. Read, they take up to five times as much.</param>
public sealed class DatasetBudget(long bytes)
{
    /// <summary>Room for two of the largest at once.</summary>
    public const long Default = 32 * 1024 * 1024;

    /// <summary>What of each data set does not count: whatever somebody else does, ordinary requests, of some hundred bytes, are answered.</summary>
    public const int Free = 64 * 1024;

    private long _left = bytes;

    internal bool TryTake(long count)
    {
        if (Interlocked.Add(ref _left, -count) >= 0)
        {
            return true;
        }
        Give(count);
        return false;
    }

    internal void Give(long count) => Interlocked.Add(ref _left, count);
}

/// <summary>What one association has of a <see cref="DatasetBudget"/>. Of its own flow only.</summary>
internal sealed class DatasetShare(DatasetBudget budget)
{
    private long _taken;

    /// <summary>Takes what a data set of so many bytes needs.</summary>
    /// <param name="length">Its length so far.</param>
    /// <param name="refusal">The answer to the request when there is no room.</param>
    /// <exception cref="DimseStatusException">There is none.</exception>
    public void Reach(long length, DimseStatus refusal)
    {
        var more = length - DatasetBudget.Free - _taken;
        if (more <= 0)
        {
            return;
        }
        if (!budget.TryTake(more))
        {
            throw new DimseStatusException(refusal.With("Too many large requests at once; try again later"));
        }
        _taken += more;
    }

    /// <summary>The request is answered.</summary>
    public void Release()
    {
        budget.Give(_taken);
        _taken = 0;
    }
}
