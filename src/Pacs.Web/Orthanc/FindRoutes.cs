using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Pacs.Dicom;
using Pacs.Storage;

namespace Pacs.Web.Orthanc;

/// <summary><c>/tools/find</c> and <c>/tools/count-resources</c>. Their bodies are JSON whatever their Content-Type says: PHP posts them as a form.</summary>
internal sealed class FindRoutes(Finder finder, ResourceReader reader, IndexReader index, UserNames names)
{
    private const int Block = 500;

    /// <summary>Answers a find.</summary>
    public async Task<IResult> FindAsync(HttpRequest request, CancellationToken ct)
    {
        var (find, error) = await ReadAsync(request, ct);
        return error ?? new OrthancList(reader.WriteAsync(find!.Query.Level, RowsAsync(find, ct), find.Form, ct));
    }

    /// <summary>Answers how many there are.</summary>
    public async Task<IResult> CountAsync(HttpRequest request, CancellationToken ct)
    {
        var (find, error) = await ReadAsync(request, ct);
        if (error is not null)
        {
            return error;
        }
        try
        {
            return new OrthancResult(new JsonObject { ["Count"] = await RowsAsync(find! with { Form = null, Since = 0, Limit = 0, Order = [] }, ct).CountAsync(ct) });
        }
        catch (QueryTooBroadException e)
        {
            return OrthancError.BadRequest.Answer(request, $"{e.Tag} is not in the index and would have to be read from too many files");
        }
    }

    private static async Task<(ResourceQuery? Find, IResult? Error)> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        try
        {
            using var body = await OrthancBody.ReadAsync(request, ct);
            return (ResourceQuery.Parse(body.RootElement), null);
        }
        catch (FormatException e)
        {
            return (null, OrthancError.BadRequest.Answer(request, e.Message));
        }
        catch (ArgumentOutOfRangeException e)
        {
            return (null, OrthancError.ParameterOutOfRange.Answer(request, e.Message));
        }
    }

    private IAsyncEnumerable<QueryRow> RowsAsync(ResourceQuery find, CancellationToken ct)
    {
        var query = ResourceReader.Asking(find.Query, find.Form);
        if (find.IsPlain)
        {
            return finder.FindAsync(query with { Offset = find.Since, Limit = find.Limit > 0 ? find.Limit : null }, ct);
        }
        // what only sorts is asked for, too
        query = query with { Return = [.. query.Return, .. find.Order.Where(o => o.Tag is not null).Select(o => new ReturnKey(o.Tag!.Value, DicomDictionary.GetVr(o.Tag.Value), []))] };
        var rows = FilterAsync(find, finder.FindAsync(query, ct), ct);
        rows = find.Order.Count > 0 ? SortAsync(find, rows, ct) : rows;
        rows = find.Since > 0 ? rows.Skip(find.Since) : rows;
        return find.Limit > 0 ? rows.Take(find.Limit) : rows;
    }

    private async IAsyncEnumerable<QueryRow> FilterAsync(ResourceQuery find, IAsyncEnumerable<QueryRow> rows, [EnumeratorCancellation] CancellationToken ct)
    {
        rows = rows.Where(r => find.Names.All(n => r.Dataset.GetStrings(n.Tag).Any(v => n.Pattern.IsMatch(v))));
        if (find.Metadata.Count == 0)
        {
            await foreach (var row in rows.WithCancellation(ct))
            {
                yield return row;
            }
            yield break;
        }
        await foreach (var block in rows.Chunk(Block).WithCancellation(ct))
        {
            var entries = await index.ResourcesAsync(find.Query.Level, [.. block.Select(r => r.RowId)], ct);
            foreach (var row in block)
            {
                if (entries.TryGetValue(row.RowId, out var entry) && find.Metadata.All(m => ResourceTags.Metadata(entry, names).Any(v => v.Name == m.Name && m.Pattern.IsMatch(v.Value))))
                {
                    yield return row;
                }
            }
        }
    }

    private async IAsyncEnumerable<QueryRow> SortAsync(ResourceQuery find, IAsyncEnumerable<QueryRow> rows, [EnumeratorCancellation] CancellationToken ct)
    {
        var all = new List<(QueryRow Row, SortValue[] Keys)>();
        await foreach (var block in rows.Chunk(Block).WithCancellation(ct))
        {
            var entries = find.Order.Any(o => o.Metadata is not null) ? await index.ResourcesAsync(find.Query.Level, [.. block.Select(r => r.RowId)], ct) : null;
            foreach (var row in block)
            {
                all.Add((row, [.. find.Order.Select(o => new SortValue(Key(o, row, entries?.GetValueOrDefault(row.RowId)), o))]));
            }
        }
        foreach (var (row, _) in all.OrderBy(a => a.Keys, Comparer<SortValue[]>.Create(SortValue.Compare)))
        {
            yield return row;
        }
    }

    private string? Key(ResourceOrder order, QueryRow row, ResourceEntry? entry)
    {
        if (order.Tag is { } tag)
        {
            return row.Dataset.GetString(tag) ?? row.Header?.GetString(tag);
        }
        return entry is null ? null : ResourceTags.Metadata(entry, names).Where(m => m.Name == order.Metadata).Select(m => m.Value).FirstOrDefault();
    }

    /// <summary>One key of a row; what has none comes last.</summary>
    private readonly struct SortValue(string? text, ResourceOrder order)
    {
        private readonly double? _number = order.IsNumber && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

        private bool IsMissing => order.IsNumber ? _number is null : text is null;

        private string? Text => text;

        public static int Compare(SortValue[] left, SortValue[] right)
        {
            for (var i = 0; i < left.Length; i++)
            {
                if (left[i].CompareTo(right[i]) is var result and not 0)
                {
                    return result;
                }
            }
            return 0;
        }

        private int CompareTo(SortValue other)
        {
            if (IsMissing || other.IsMissing)
            {
                return IsMissing.CompareTo(other.IsMissing);
            }
            var result = _number is { } number ? number.CompareTo(other._number!.Value) : string.CompareOrdinal(text, other.Text);
            return order.IsDescending ? -result : result;
        }
    }
}
