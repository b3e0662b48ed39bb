using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary><c>/</c>: the newest studies or those a search finds; for somebody who has none yet, how to get the first.</summary>
public sealed class IndexModel(IndexReader index, Chrome chrome) : PageModel
{
    /// <summary>Studies on one page: a day of a busy office, and still a page that is there at once.</summary>
    public const int PageSize = 50;

    private const int MaxSearch = 64;

    /// <summary>What was searched for; empty for all studies.</summary>
    public string Search { get; private set; } = "";

    /// <summary>The studies of this page, newest first.</summary>
    public IReadOnlyList<StudyEntry> Studies { get; private set; } = [];

    /// <summary>Number of all studies.</summary>
    public long Total { get; private set; }

    /// <summary>Number of all instances.</summary>
    public long TotalInstances { get; private set; }

    /// <summary>Bytes of all files.</summary>
    public long TotalSize { get; private set; }

    /// <summary>Number of open problems.</summary>
    public long Problems { get; private set; }

    /// <summary>Where the page before this one ends, or null when this is the first.</summary>
    public StudyCursor? Newer { get; private set; }

    /// <summary>Where the next page starts, or null when this is the last.</summary>
    public StudyCursor? Older { get; private set; }

    /// <summary>The studies by days: the day they are listed under (DA) and its studies.</summary>
    public IEnumerable<(string Day, IEnumerable<StudyEntry> Studies)> Days =>
        Studies.GroupBy(s => s.Study.SortKey.Length >= 8 ? s.Study.SortKey[..8] : "").Select(day => (day.Key, day.AsEnumerable()));

    /// <summary>Shows a page of studies.</summary>
    /// <param name="q">What to search for.</param>
    /// <param name="vor">Studies before this place of the list (older ones).</param>
    /// <param name="nach">Studies after this place (newer ones).</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string? q, string? vor, string? nach, CancellationToken ct)
    {
        Search = (q ?? "").Trim();
        Search = Search.Length > MaxSearch ? Search[..MaxSearch] : Search;
        StudyCursor? older = null, newer = null;
        if ((vor is not null && !TryCursor(vor, out older)) || (nach is not null && !TryCursor(nach, out newer)))
        {
            return BadRequest();
        }
        var statistics = await index.StatisticsAsync(ct);
        (Total, TotalInstances, TotalSize) = (statistics.Studies, statistics.Instances, statistics.Size);
        Problems = await chrome.CountProblemsAsync(ct);

        var search = Search.Length > 0 ? StudySearch.Parse(Search) : null;
        // one more than is shown says whether there is another page
        var found = newer is not null
            ? await index.StudiesAsync(search, newer, newerFirst: false, PageSize + 1, ct)
            : await index.StudiesAsync(search, older, newerFirst: true, PageSize + 1, ct);
        var more = found.Count > PageSize;
        Studies = newer is null ? [.. found.Take(PageSize)] : [.. found.Take(PageSize).Reverse()];
        if (newer is not null && !more)
        {
            // the first page is always full, wherever one comes from
            Studies = await index.StudiesAsync(search, null, newerFirst: true, PageSize + 1, ct);
            (more, newer) = (Studies.Count > PageSize, null);
            Studies = [.. Studies.Take(PageSize)];
        }
        if (Studies.Count > 0)
        {
            Older = more || newer is not null ? CursorOf(Studies[^1]) : null;
            Newer = (older is not null || (newer is not null && more)) ? CursorOf(Studies[0]) : null;
        }
        return Page();
    }

    /// <summary>The AE title that devices have to use.</summary>
    public string AeTitle => chrome.AeTitle;

    /// <summary>The DICOM port that devices have to use.</summary>
    public int DicomPort => chrome.DicomPort;

    /// <summary>The addresses at which devices may reach this machine.</summary>
    public IReadOnlyList<string> Addresses => Chrome.AddressesFor(Request);

    /// <summary>The link to another page of the same list.</summary>
    public string PageLink(string direction, StudyCursor cursor)
    {
        var place = string.Create(CultureInfo.InvariantCulture, $"{cursor.SortKey}-{cursor.Id}");
        return QueryHelpers.AddQueryString(Url.Content("~/"), new Dictionary<string, string?> { ["q"] = Search.Length > 0 ? Search : null, [direction] = place }
            .Where(p => p.Value is not null));
    }

    private static StudyCursor CursorOf(StudyEntry entry) => new(entry.Study.SortKey, entry.Study.Id);

    private static bool TryCursor(string text, out StudyCursor? cursor)
    {
        var dash = text.LastIndexOf('-');
        cursor = dash > 0 && dash <= 14 && long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? new StudyCursor(text[..dash], id)
            : null;
        return cursor is not null;
    }
}
