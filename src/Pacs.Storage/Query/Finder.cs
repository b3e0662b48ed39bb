using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Data.Sqlite;
using Pacs.Dicom;
using SQLitePCL;

namespace Pacs.Storage;

/// <summary>
/// Runs queries over the archive. Keys are listed first, then rows are read in blocks: nothing is held while whoever asked reads slowly, and what is stored or
/// deleted meanwhile does no harm. Any number at a time.
/// </summary>
public sealed class Finder
{
    // listing a million keys takes a moment; a first thousand is there at once where an index or the order of the table leads to it
    private const int FirstKeys = 1024;
    private const int MostKeys = 65536;

    // the first answers come soon, later blocks cost little
    private const int FirstBlock = 100;
    private const int Block = 500;

    // what is longer is nothing that somebody wants in a list
    private const int MaxHeaderValue = 64 * 1024;

    private const int Interrupted = 9; // SQLITE_INTERRUPT

    private static readonly DicomElement Unicode = new(DicomTag.SpecificCharacterSet, DicomVr.CS, Encoding.ASCII.GetBytes(CharacterSet.Utf8.Value));
    private static readonly DicomElement Online = new(DicomTag.InstanceAvailability, DicomVr.CS, "ONLINE"u8.ToArray());

    private readonly IndexReader _reader;
    private readonly FileInstanceStore _store;

    internal Finder(IndexReader reader, FileInstanceStore store) => (_reader, _store) = (reader, store);

    /// <summary>The entities that satisfy a query, in order of arrival. Work is done as the answers are taken.</summary>
    /// <exception cref="QueryTooBroadException">A condition on an attribute that the index lacks needs more files than the query may open.</exception>
    /// <exception cref="InvalidOperationException"><see cref="DicomQuery.Under"/> is not above what is looked for.</exception>
    public async IAsyncEnumerable<QueryRow> FindAsync(DicomQuery query, [EnumeratorCancellation] CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(query);
        var sql = new QuerySql(query);
        var files = new Files(query.MaxHeaders);
        var (after, skip, left) = (query.After, query.Offset, query.Limit ?? int.MaxValue);
        var most = sql.HasQuickStart ? FirstKeys : MostKeys;
        while (left > 0)
        {
            var keys = ListKeys(sql, null, after, most, ct);
            for (int from = 0, count; from < keys.Count; from += count)
            {
                count = Math.Min(from == 0 ? FirstBlock : Block, keys.Count - from);
                if (from > 0)
                {
                    await Task.Yield(); // whoever sends the answers sends those of the last block before the next one is read
                }
                foreach (var row in ReadRows(sql, keys, from, count, ct))
                {
                    if (!DatasetMatcher.IsMatch(row.Dataset, sql.Matches) || (sql.Below is { } below && !HasBelow(below, row.RowId, ct))
                        || (sql.HeaderMatches.Count > 0 && !await IsMatchAsync(sql, row, files, ct)))
                    {
                        continue;
                    }
                    if (skip > 0)
                    {
                        skip--;
                        continue;
                    }
                    if (sql.ReturnedFromHeader.Count > 0)
                    {
                        await FillAsync(sql, row, files, ct);
                    }
                    yield return row;
                    if (--left == 0)
                    {
                        yield break;
                    }
                }
            }
            if (keys.Count < most)
            {
                yield break;
            }
            (after, most) = (keys[^1], Math.Min(most * 8, MostKeys));
        }
    }

    /// <summary>The keys after one, ascending.</summary>
    private List<long> ListKeys(QuerySql sql, long? parent, long after, int most, CancellationToken ct)
    {
        object[] values = [.. sql.KeyValues, after, most];
        if (parent is { } key)
        {
            values[0] = key;
        }
        return Read(sql.Keys, values, row => row.GetInt64(0), ct);
    }

    private List<QueryRow> ReadRows(QuerySql sql, List<long> keys, int from, int count, CancellationToken ct)
    {
        var list = new StringBuilder("[").Append(keys[from].ToString(CultureInfo.InvariantCulture));
        for (var i = from + 1; i < from + count; i++)
        {
            list.Append(CultureInfo.InvariantCulture, $",{keys[i]}");
        }
        var retrieveAe = new DicomElement(DicomTag.RetrieveAETitle, DicomVr.AE, Encoding.ASCII.GetBytes(sql.Query.RetrieveAe));
        return Read(sql.Rows, [list.Append(']').ToString()], row => ReadRow(sql, row, retrieveAe), ct);
    }

    private static QueryRow ReadRow(QuerySql sql, SqliteDataReader row, DicomElement retrieveAe)
    {
        var dataset = new DicomDataset().Set(Unicode);
        // SQLite has UTF-8 already, numbers included when they are asked for as text
        var statement = row.Handle;
        var column = 3;
        foreach (var attribute in sql.Attributes)
        {
            if (attribute.Sql is null)
            {
                dataset.Set(attribute.Tag == DicomTag.RetrieveAETitle ? retrieveAe : Online);
                continue;
            }
            if (!row.IsDBNull(column))
            {
                Set(dataset, attribute, raw.sqlite3_column_blob(statement, column));
            }
            column++;
        }
        return new QueryRow(sql.Query.Level, row.GetInt64(0), ResourceId.FromBytes(raw.sqlite3_column_blob(statement, 1)), dataset)
        {
            Key = row.IsDBNull(2) ? null : row.GetString(2),
            HasUnsupportedKeys = sql.HasUnsupportedKeys,
        };
    }

    private static void Set(DicomDataset dataset, QueryAttribute attribute, ReadOnlySpan<byte> text)
    {
        if (attribute.Vr.IsString)
        {
            dataset.Set(new DicomElement(attribute.Tag, attribute.Vr, text.ToArray()));
        }
        else if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= ushort.MaxValue && Math.Floor(number) == number)
        {
            // the binary numbers among the index's tags are all US
            dataset.Set(attribute.Tag, number);
        }
    }

    private bool HasBelow(QuerySql below, long parent, CancellationToken ct)
    {
        var after = 0L;
        while (true)
        {
            var keys = ListKeys(below, parent, after, Block, ct);
            if (keys.Count > 0 && ReadRows(below, keys, 0, keys.Count, ct).Exists(row => DatasetMatcher.IsMatch(row.Dataset, below.Matches)))
            {
                return true;
            }
            if (keys.Count < Block)
            {
                return false;
            }
            after = keys[^1];
        }
    }

    private async ValueTask<bool> IsMatchAsync(QuerySql sql, QueryRow row, Files files, CancellationToken ct)
    {
        if (!files.Take())
        {
            throw new QueryTooBroadException(sql.HeaderMatches[0].Tag);
        }
        var header = await ReadHeaderAsync(row, ct);
        Keep(sql, row, header);
        // what cannot be read cannot be like anything
        return header is not null && DatasetMatcher.IsMatch(header, sql.HeaderMatches);
    }

    private async ValueTask FillAsync(QuerySql sql, QueryRow row, Files files, CancellationToken ct)
    {
        if (row.Header is null && (sql.MustReadHeader || files.Opened < sql.Query.MaxOptionalHeaders))
        {
            Keep(sql, row, files.Take() ? await ReadHeaderAsync(row, ct) : null);
        }
    }

    private static void Keep(QuerySql sql, QueryRow row, DicomDataset? header)
    {
        row.HasUnsupportedKeys |= header is null && sql.MustReadHeader;
        if (header is null || sql.ReturnedFromHeader.Count == 0)
        {
            return;
        }
        var kept = new DicomDataset();
        if (header.TryGet(DicomTag.SpecificCharacterSet, out var set))
        {
            kept.Set(set);
        }
        foreach (var tag in sql.ReturnedFromHeader)
        {
            if (header.TryGet(tag, out var element) && element.Value.Length <= MaxHeaderValue)
            {
                kept.Set(element);
            }
        }
        row.Header = kept;
    }

    private async ValueTask<DicomDataset?> ReadHeaderAsync(QueryRow row, CancellationToken ct)
    {
        var key = row.Key;
        if (key is null)
        {
            using var lease = _reader.Rent();
            key = lease.Connection.Command(QuerySql.FirstFile(row.Level), row.RowId).ExecuteScalar() as string;
        }
        try
        {
            await using var file = key is null ? null : _store.Open(key);
            return file is null ? null : (await DicomFile.ReadAsync(file, DicomReadOptions.HeaderOnly, ct)).Dataset;
        }
        catch (Exception e) when (e is DicomException or IOException or UnauthorizedAccessException)
        {
            return null; // the other answers are good
        }
    }

    private List<T> Read<T>(string sql, object[] values, Func<SqliteDataReader, T> read, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        using var lease = _reader.Rent();
        var connection = lease.Connection;
        // a C-CANCEL must not wait for a look at a million rows
        using var cancel = ct.UnsafeRegister(static c => ((ReaderPool.ReaderConnection)c!).Interrupt(), connection);
        try
        {
            using var row = connection.Query(sql, values).ExecuteReader();
            var rows = new List<T>();
            while (row.Read())
            {
                rows.Add(read(row));
            }
            return rows;
        }
        catch (SqliteException e) when (e.SqliteErrorCode == Interrupted && ct.IsCancellationRequested)
        {
            throw new OperationCanceledException("The query was cancelled", e, ct);
        }
    }

    /// <summary>How many files may still be opened.</summary>
    private sealed class Files(int most)
    {
        public int Opened { get; private set; }

        public bool Take() => Opened < most && Opened++ < most;
    }
}
