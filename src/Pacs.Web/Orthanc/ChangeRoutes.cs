using System.Globalization;
using System.Text.Json.Nodes;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary>
/// <c>/changes</c>: the event feed as Orthanc's clients poll it. Its numbers are those of the feed; events Orthanc does not know are left
/// out, so numbers may be missing, which clients bear because they only pass <c>Last</c> back as <c>since</c>.
/// </summary>
internal static class ChangeRoutes
{
    private const int DefaultLimit = 100;

    // who asks for more gets Done = false and comes back
    private const int MaxLimit = 10_000;

    /// <summary>Maps the route.</summary>
    public static void MapChanges(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/changes", [HttpMethods.Get, HttpMethods.Head], async (HttpRequest request, IndexReader index, CancellationToken ct) =>
            new OrthancResult(await ListAsync(request.Query, index, ct)));

    private static async Task<JsonObject> ListAsync(IQueryCollection query, IndexReader index, CancellationToken ct)
    {
        if (query.ContainsKey("last"))
        {
            return Answer(await LastAsync(index, ct), done: true, lastOfAll: 0);
        }
        // as Orthanc: with one of the two not a number, both are as if absent
        var (since, limit) = TryNumber(query["since"], 0, out var s) && TryNumber(query["limit"], DefaultLimit, out var l) ? (s, l) : (0, DefaultLimit);
        var wanted = (int)Math.Min(limit, MaxLimit);
        var (changes, done) = await AfterAsync(index, since, wanted, ct);
        return Answer(changes, done, changes.Count > 0 ? changes[^1].Seq : (await LastAsync(index, ct)).LastOrDefault()?.Seq ?? 0);
    }

    // one more than wanted says whether that was all
    private static async Task<(List<PacsEvent> Changes, bool Done)> AfterAsync(IndexReader index, long since, int wanted, CancellationToken ct)
    {
        const int Block = 500;
        var changes = new List<PacsEvent>();
        while (true)
        {
            var block = await index.ChangesAsync(since, Block, ct);
            foreach (var change in block.Where(IsChange))
            {
                if (changes.Count == wanted)
                {
                    return (changes, false);
                }
                changes.Add(change);
            }
            if (block.Count < Block)
            {
                return (changes, true);
            }
            since = block[^1].Seq;
        }
    }

    private static async Task<List<PacsEvent>> LastAsync(IndexReader index, CancellationToken ct)
    {
        // few events are not changes; a window that has none at all is widened to the left
        var end = await index.LastSeqAsync(ct);
        for (var window = 64L; ; window *= 8)
        {
            var from = Math.Max(0, end - window);
            var (changes, _) = await AfterAsync(index, from, int.MaxValue, ct);
            if (changes.Count > 0 || from == 0)
            {
                return changes.Count > 0 ? [changes[^1]] : [];
            }
        }
    }

    private static JsonObject Answer(List<PacsEvent> changes, bool done, long lastOfAll) => new()
    {
        ["Changes"] = new JsonArray([.. changes.Select(c => new JsonObject
        {
            ["ChangeType"] = c.Kind.ToString(),
            ["Date"] = c.At.UtcDateTime.ToString("yyyyMMdd'T'HHmmss", CultureInfo.InvariantCulture),
            ["ID"] = c.Resource.ToString(),
            ["Path"] = ResourcePath.Of(c.Level, c.Resource),
            ["ResourceType"] = c.Level.ToString(),
            ["Seq"] = c.Seq,
        })]),
        ["Done"] = done,
        ["Last"] = changes.Count > 0 ? changes[^1].Seq : lastOfAll,
    };

    // what the worklist, GDT and conflicts add to the feed has no place in Orthanc's list of change types
    private static bool IsChange(PacsEvent e) => e.Kind is >= EventKind.NewInstance and <= EventKind.Deleted;

    private static bool TryNumber(string? text, long absent, out long number)
    {
        number = absent;
        return text is null || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
