using System.Collections.Concurrent;

namespace Pacs.Web.Worklist;

/// <summary>The last time that a device asked for the worklist.</summary>
/// <param name="CallingAe">Its AE title.</param>
/// <param name="RemoteHost">Its address.</param>
/// <param name="At">When.</param>
/// <param name="Entries">How many entries it got.</param>
public sealed record WorklistQuery(string CallingAe, string RemoteHost, DateTimeOffset At, int Entries);

/// <summary>
/// Which device asked for the worklist when: the first thing to know when its list is empty. Kept in memory: devices ask every few seconds, and a write for each would be
/// most of what a quiet server writes.
/// </summary>
public sealed class WorklistQueries(TimeProvider time)
{
    /// <summary>AE titles that are kept. The title is what the peer says, so somebody could make up any number.</summary>
    public const int Most = 100;

    private readonly ConcurrentDictionary<string, WorklistQuery> _last = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The last query of each AE title since the start, the latest first.</summary>
    public IReadOnlyList<WorklistQuery> Last => [.. _last.Values.OrderByDescending(q => q.At)];

    /// <summary>The last query of an AE title, or null.</summary>
    public WorklistQuery? Of(string callingAe) => _last.GetValueOrDefault(callingAe);

    /// <summary>Notes a query. With <see cref="Most"/> titles, the one that was silent for longest goes.</summary>
    public void Note(string callingAe, string remoteHost, int entries)
    {
        if (!_last.ContainsKey(callingAe) && _last.Count >= Most && Last[^1] is var oldest)
        {
            _last.TryRemove(oldest.CallingAe, out _);
        }
        _last[callingAe] = new WorklistQuery(callingAe, remoteHost, time.GetUtcNow(), entries);
    }
}
