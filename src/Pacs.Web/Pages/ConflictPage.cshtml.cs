using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Pacs.Dicom;
using Pacs.Storage;
using Pacs.Web.Http;

namespace Pacs.Web.Pages;

/// <summary><c>/probleme/vergleich/{id}</c>: an instance that came twice with other content, both copies side by side, and the choice which one is shown.</summary>
[IgnoreAntiforgeryToken] // as DevicesModel
public sealed class ConflictPageModel(IndexReader index, Archive archive, Conflicts conflicts, TagRows rows) : PageModel
{
    /// <summary>The longest side of the two pictures.</summary>
    public const int PictureSide = 640;

    /// <summary>Lines of the table.</summary>
    public const int MaxDifferences = 200;

    /// <summary>An attribute in which the two differ.</summary>
    /// <param name="Tag">Its tag, with those of the sequences it lies in.</param>
    /// <param name="Name">Its name.</param>
    /// <param name="First">What the copy says that is shown; empty for nothing.</param>
    /// <param name="Second">What the other says.</param>
    public sealed record Difference(string Tag, string Name, string First, string Second);

    /// <summary>The conflict.</summary>
    public Conflict Conflict { get; private set; } = null!;

    /// <summary>The copy that is shown.</summary>
    public InstanceEntry Shown { get; private set; } = null!;

    /// <summary>The other, as an instance; null when its file cannot be read.</summary>
    public Instance? Other { get; private set; }

    /// <summary>In what they differ, in the order of their tags.</summary>
    public IReadOnlyList<Difference> Differences { get; private set; } = [];

    /// <summary>Whether there are more.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Whether one of the two headers cannot be read.</summary>
    public bool IsUnreadable { get; private set; }

    /// <summary>What has just been done, a text's key.</summary>
    public string? Done { get; private set; }

    /// <summary>What could not be done, a text's key.</summary>
    public string? Failed { get; private set; }

    /// <summary>Shows both.</summary>
    public async Task<IActionResult> OnGetAsync(long id, int? getauscht, CancellationToken ct)
    {
        Done = getauscht is null ? null : "Conflict.Exchanged";
        return await FindAsync(id, ct) ? Page() : RedirectToPage("/Problems");
    }

    /// <summary>Shows the other one from now on.</summary>
    public async Task<IActionResult> OnPostExchangeAsync(long id, CancellationToken ct)
    {
        var outcome = await conflicts.ExchangeAsync(id, HttpContext.Who(), ct);
        if (outcome == ExchangeOutcome.Exchanged)
        {
            // of the first there may have been nothing to keep, then there is no conflict any more
            return await conflicts.FindAsync(id, ct) is null ? RedirectToPage("/Problems") : RedirectToPage(new { id, getauscht = 1 });
        }
        if (!await FindAsync(id, ct))
        {
            return RedirectToPage("/Problems");
        }
        Failed = outcome == ExchangeOutcome.Unreadable ? "Conflict.Unreadable" : "Conflict.Changed";
        Response.StatusCode = StatusCodes.Status409Conflict;
        return Page();
    }

    /// <summary>Settles it: what is shown stays.</summary>
    public async Task<IActionResult> OnPostSettleAsync(long id, CancellationToken ct)
    {
        await conflicts.SettleAsync(id, HttpContext.Who(), ct);
        return RedirectToPage("/Problems");
    }

    private async Task<bool> FindAsync(long id, CancellationToken ct)
    {
        if (await conflicts.FindAsync(id, ct) is not { Key: { } key } conflict || await index.InstanceAsync(conflict.Resource, ct) is not { } shown)
        {
            return false;
        }
        (Conflict, Shown) = (conflict, shown);
        if (await conflicts.LocateAsync(conflict, ct) is not { } other)
        {
            IsUnreadable = true;
            return true;
        }
        Other = new Instance
        {
            PublicId = other.Id,
            Key = key,
            Size = other.Size,
            HeaderLength = other.HeaderLength,
            Syntax = other.SyntaxUid,
            SopClass = other.SopClass,
            Frames = other.Frames,
            ReceivedAt = conflict.At,
            CallingAe = conflict.CallingAe,
            RemoteHost = conflict.RemoteHost,
        };
        if (await HeaderAsync(shown.Instance.Key, ct) is { } one && await HeaderAsync(key, ct) is { } two)
        {
            Compare(Lines(one), Lines(two));
        }
        else
        {
            IsUnreadable = true;
        }
        return true;
    }

    private void Compare(SortedDictionary<string, (string Name, string Value)> one, SortedDictionary<string, (string Name, string Value)> two)
    {
        var all = one.Keys.Union(two.Keys).Order(StringComparer.Ordinal)
            .Where(k => !(one.TryGetValue(k, out var a) && two.TryGetValue(k, out var b) && a.Value == b.Value))
            .Select(k => new Difference(k, (one.TryGetValue(k, out var a) ? a : two[k]).Name, one.GetValueOrDefault(k).Value ?? "", two.GetValueOrDefault(k).Value ?? ""));
        var some = all.Take(MaxDifferences + 1).ToList();
        IsCut = some.Count > MaxDifferences;
        Differences = [.. some.Take(MaxDifferences)];
    }

    // the lines of the table of tags by the way to them, which sorts as they do
    private SortedDictionary<string, (string Name, string Value)> Lines(DicomDataset dataset)
    {
        var lines = new SortedDictionary<string, (string, string)>(StringComparer.Ordinal);
        // by depth: the last element, and the item that is open; what is in an item is as deep as its own line
        var last = new Dictionary<int, (string Path, string Name)>();
        var open = new Dictionary<int, (string Path, string Name)>();
        var items = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var row in rows.Of(dataset))
        {
            if (row.IsItem)
            {
                var sequence = last[row.Depth - 1];
                var number = items[sequence.Path] = items.GetValueOrDefault(sequence.Path) + 1;
                open[row.Depth] = (string.Create(CultureInfo.InvariantCulture, $"{sequence.Path}[{number:000}]"), string.Create(CultureInfo.InvariantCulture, $"{sequence.Name} {number} › "));
                continue;
            }
            var (path, name) = row.Depth == 0 ? ("", "") : open[row.Depth];
            last[row.Depth] = (path + row.Tag, name + row.Name);
            lines[path + row.Tag] = (name + row.Name, row.Value);
        }
        return lines;
    }

    private async Task<DicomDataset?> HeaderAsync(string key, CancellationToken ct)
    {
        try
        {
            return archive.TryGetPath(key) is { } path ? (await DicomFile.OpenAsync(path, DicomReadOptions.HeaderOnly, ct)).Dataset : null;
        }
        catch (Exception e) when (e is DicomException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
