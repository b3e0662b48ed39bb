using Microsoft.EntityFrameworkCore;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary>How far what the practice software gets about a study is.</summary>
public enum GdtMark
{
    /// <summary>Nothing was made for it.</summary>
    None,

    /// <summary>Everything was handed over.</summary>
    Written,

    /// <summary>Something waits.</summary>
    Waiting,

    /// <summary>Something could not be handed over.</summary>
    Failed,
}

/// <summary>What a list of studies shows beside the study.</summary>
/// <param name="Stations">The devices that made its series.</param>
/// <param name="Gdt">Its GDT files.</param>
/// <param name="Labels">Its labels.</param>
public sealed record StudyMark(IReadOnlyList<string> Stations, GdtMark Gdt, IReadOnlyList<string> Labels)
{
    /// <summary>Of a study about which nothing more is known.</summary>
    public static readonly StudyMark None = new([], GdtMark.None, []);
}

/// <summary>Reads what lists of studies show beside the studies: three statements for a whole page.</summary>
public sealed class StudyMarks(IndexReader index)
{
    // names of devices in one row
    private const int MaxStations = 3;
    private const int MaxLabels = 6;

    /// <summary>The marks of these studies, by <see cref="Study.Id"/>; those without any are missing.</summary>
    public Task<IReadOnlyDictionary<long, StudyMark>> OfAsync(IReadOnlyCollection<StudyEntry> studies, CancellationToken ct) => index.ReadAsync<IReadOnlyDictionary<long, StudyMark>>(async (db, token) =>
    {
        var rows = studies.Select(s => s.Study.Id).ToArray();
        var stations = await db.Series.Where(s => EF.Parameter(rows).Contains(s.ParentId) && s.Station != null && s.Station != "")
            .Select(s => new { s.ParentId, s.Station }).Distinct().ToListAsync(token);
        var ids = studies.Select(s => s.Study.PublicId).ToArray();
        var files = await db.GdtFiles.Where(g => g.Kind == GdtKind.Study && ids.Contains(g.Resource)).Select(g => new { g.Resource, g.Receiver, g.Revision, g.State }).ToListAsync(token);
        // the last file for each receiver counts
        var gdt = files.GroupBy(f => f.Resource).ToDictionary(f => f.Key, f => f.GroupBy(r => r.Receiver).Select(r => r.MaxBy(last => last.Revision)!.State).ToArray());
        var labels = await db.Labels.Where(l => l.Level == Level.Study && ids.Contains(l.Resource)).OrderBy(l => l.Name).Select(l => new { l.Resource, l.Name }).ToListAsync(token);
        return studies.ToDictionary(s => s.Study.Id, s => new StudyMark(
            [.. stations.Where(r => r.ParentId == s.Study.Id).Select(r => r.Station!).Take(MaxStations)],
            gdt.TryGetValue(s.Study.PublicId, out var states) ? Mark(states) : GdtMark.None,
            [.. labels.Where(l => l.Resource == s.Study.PublicId).Select(l => l.Name).Take(MaxLabels)]));
    }, ct);

    private static GdtMark Mark(IReadOnlyCollection<string> states) =>
        states.Contains(GdtState.Failed) ? GdtMark.Failed : states.All(s => s == GdtState.Dropped) ? GdtMark.None : states.Any(s => s is GdtState.Queued or GdtState.Ready or GdtState.Held) ? GdtMark.Waiting : GdtMark.Written;
}
