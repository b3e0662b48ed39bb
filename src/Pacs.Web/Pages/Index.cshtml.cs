using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;
using Pacs.Storage;

namespace Pacs.Web.Pages;

/// <summary><c>/</c>: the newest studies or those a search finds; for somebody who has none yet, how to get the first. The address holds everything that is chosen.</summary>
public sealed class IndexModel(IndexReader index, Chrome chrome, OpenProblems problems, StudyMarks marks, TimeProvider clock, FirstStart start) : PageModel
{
    /// <summary>Studies on one page: a day of a busy office, and still a page that is there at once.</summary>
    public const int PageSize = 50;

    /// <summary>The longest search.</summary>
    public const int MaxSearch = 64;

    /// <summary>What can be shown: the words of the address and the keys of their texts.</summary>
    public static readonly IReadOnlyList<(string Word, string Text)> Choices =
        [("", "Choice.All"), ("heute", "Day.Today"), ("gestern", "Day.Yesterday"), ("woche", "Choice.Week"), ("ohne-auftrag", "Choice.NoOrder"), ("problem", "Choice.Problem")];

    private static readonly Dictionary<string, StudyOrder> Orders = new(StringComparer.Ordinal)
    {
        ["zeit"] = StudyOrder.Time,
        ["name"] = StudyOrder.Name,
        ["nummer"] = StudyOrder.PatientId,
        ["untersuchung"] = StudyOrder.Description,
        ["auftrag"] = StudyOrder.Accession,
        ["bilder"] = StudyOrder.Images,
    };

    private const string Newest = "-zeit";

    /// <summary>What was searched for; empty for all studies.</summary>
    public string Search { get; private set; } = "";

    /// <summary>Which of <see cref="Choices"/> is shown.</summary>
    public string Choice { get; private set; } = "";

    /// <summary>The order, a word of the address; with a hyphen the greatest first.</summary>
    public string Sort { get; private set; } = Newest;

    /// <summary>The studies of this page.</summary>
    public IReadOnlyList<StudyEntry> Studies { get; private set; } = [];

    /// <summary>What else their rows show.</summary>
    public IReadOnlyDictionary<long, StudyMark> Marks { get; private set; } = new Dictionary<long, StudyMark>();

    /// <summary>Number of all studies.</summary>
    public long Total { get; private set; }

    /// <summary>Number of all instances.</summary>
    public long TotalInstances { get; private set; }

    /// <summary>Bytes of all files.</summary>
    public long TotalSize { get; private set; }

    /// <summary>Number of open problems.</summary>
    public long Problems { get; private set; }

    /// <summary>Only studies with this label; empty for all.</summary>
    public string Label { get; private set; } = "";

    /// <summary>Whether the list is a part of all studies.</summary>
    public bool IsFiltered => Search.Length > 0 || Choice.Length > 0 || Label.Length > 0;

    /// <summary>Whether new studies come on top of this page: the page is then kept up to date.</summary>
    public bool IsLive { get; private set; }

    /// <summary>Whether setting this server up is offered.</summary>
    public bool IsFirstStart { get; private set; }

    /// <summary>The address of the page before this one, or null.</summary>
    public string? Previous { get; private set; }

    /// <summary>The address of the next page, or null.</summary>
    public string? Next { get; private set; }

    /// <summary>The studies by days: the day they are listed under (DA), null where the list is not ordered by time.</summary>
    public IEnumerable<(string? Day, IEnumerable<StudyEntry> Studies)> Days => Sort is Newest or "zeit"
        ? Studies.GroupBy(s => s.Study.SortKey.Length >= 8 ? s.Study.SortKey[..8] : "").Select(day => ((string?)day.Key, day.AsEnumerable()))
        : Studies.Count > 0 ? [(null, Studies)] : [];

    /// <summary>The AE title that devices have to use.</summary>
    public string AeTitle => chrome.AeTitle;

    /// <summary>The DICOM port that devices have to use.</summary>
    public int DicomPort => chrome.DicomPort;

    /// <summary>The addresses at which devices may reach this machine.</summary>
    public IReadOnlyList<string> Addresses => Chrome.AddressesFor(Request);

    /// <summary>Shows a page of studies.</summary>
    /// <param name="q">What to search for.</param>
    /// <param name="zeige">One of <see cref="Choices"/>.</param>
    /// <param name="kennzeichen">Only studies with this label.</param>
    /// <param name="sort">The order.</param>
    /// <param name="vor">What comes after this place of the list.</param>
    /// <param name="nach">What comes before it.</param>
    /// <param name="teil"><c>liste</c> for the list alone, as the script wants it.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<IActionResult> OnGetAsync(string? q, string? zeige, string? kennzeichen, string? sort, string? vor, string? nach, string? teil, CancellationToken ct)
    {
        Search = (q ?? "").Trim();
        Search = Search.Length > MaxSearch ? Search[..MaxSearch] : Search;
        Choice = zeige ?? "";
        Label = kennzeichen ?? "";
        Sort = string.IsNullOrEmpty(sort) ? Newest : sort;
        StudyCursor? older = null, newer = null;
        if ((Label.Length > 0 && !Labels.IsLabel(Label)) || (vor is not null && !TryCursor(vor, out older)) || (nach is not null && !TryCursor(nach, out newer))
            || Choices.All(c => c.Word != Choice) || !Orders.TryGetValue(Sort.TrimStart('-'), out var order))
        {
            return BadRequest();
        }
        var query = new StudyQuery(Search.Length > 0 ? StudySearch.Parse(Search) : null) { Order = order, IsDescending = Sort[0] == '-', Limit = PageSize + 1, Label = Label.Length > 0 ? Label : null };
        var today = DateOnly.FromDateTime(clock.GetLocalNow().DateTime);
        query = Choice switch
        {
            "heute" => query with { FirstDay = Day(today), LastDay = Day(today) },
            "gestern" => query with { FirstDay = Day(today.AddDays(-1)), LastDay = Day(today.AddDays(-1)) },
            "woche" => query with { FirstDay = Day(today.AddDays(-6)), LastDay = Day(today) },
            "ohne-auftrag" => query with { WithoutOrder = true },
            "problem" => query with { Rows = await problems.StudiesAsync(ct) },
            _ => query,
        };
        await ReadPageAsync(query, older, newer, ct);
        IsLive = Sort == Newest && older is null && newer is null;
        Marks = await marks.OfAsync(Studies, ct);
        if (teil == "liste")
        {
            Response.Headers.Vary = "Cookie, Accept-Language";
            return Partial("_StudyList", this);
        }
        var statistics = await index.StatisticsAsync(ct);
        (Total, TotalInstances, TotalSize) = (statistics.Studies, statistics.Instances, statistics.Size);
        IsFirstStart = Total == 0 && await start.IsOpenAsync(ct);
        Problems = await chrome.CountProblemsAsync(ct);
        return Page();
    }

    /// <summary>The address of the same list with another choice, from its beginning.</summary>
    public string ChoiceLink(string choice) => Link(("q", Search), ("zeige", choice), ("kennzeichen", Label), ("sort", Sort));

    /// <summary>The address of the same list with another label, or without, from its beginning.</summary>
    public string LabelLink(string label) => Link(("q", Search), ("zeige", Choice), ("kennzeichen", label), ("sort", Sort));

    /// <summary>The address of the same list in another order: the other way round when it is in this order already.</summary>
    public string SortLink(string column) =>
        Link(("q", Search), ("zeige", Choice), ("kennzeichen", Label), ("sort", Sort == column ? "-" + column : Sort == "-" + column ? column : column is "zeit" or "bilder" ? "-" + column : column));

    /// <summary>The value of <c>aria-sort</c> of a column; null when the list is not ordered by it.</summary>
    public string? SortState(string column) => Sort == column ? "ascending" : Sort == "-" + column ? "descending" : null;

    private async Task ReadPageAsync(StudyQuery query, StudyCursor? after, StudyCursor? before, CancellationToken ct)
    {
        // one more than is shown says whether there is another page
        var found = await index.StudiesAsync(query with { Place = before ?? after, IsBackwards = before is not null }, ct);
        var more = found.Count > PageSize;
        if (before is not null && !more)
        {
            // the first page is always full, wherever one comes from
            found = await index.StudiesAsync(query, ct);
            (more, before) = (found.Count > PageSize, null);
        }
        Studies = [.. before is not null ? found.TakeLast(PageSize) : found.Take(PageSize)];
        if (Studies.Count > 0)
        {
            Next = more || before is not null ? PageLink("vor", Place(Studies[^1])) : null;
            Previous = after is not null || (before is not null && more) ? PageLink("nach", Place(Studies[0])) : null;
        }
    }

    private string PageLink(string key, string place) => Link(("q", Search), ("zeige", Choice), ("kennzeichen", Label), ("sort", Sort), (key, place));

    private string Link(params IEnumerable<(string Key, string Value)> query) => QueryHelpers.AddQueryString(
        Url.Content("~/"), query.Where(p => p.Value.Length > 0 && p is not ("sort", Newest)).Select(p => KeyValuePair.Create(p.Key, (string?)p.Value)));

    private static string Day(DateOnly day) => day.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private static string Place(StudyEntry entry) => string.Create(CultureInfo.InvariantCulture, $"{entry.Study.SortKey}-{entry.Study.Id}");

    private static bool TryCursor(string text, out StudyCursor? cursor)
    {
        var dash = text.LastIndexOf('-');
        cursor = dash > 0 && dash <= 14 && long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? new StudyCursor(text[..dash], id)
            : null;
        return cursor is not null;
    }
}
