using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Pacs.Storage;

/// <summary>What the index looks like from outside, without anything that is in it.</summary>
/// <param name="Check">What SQLite says of its structure: <c>ok</c>, or what is wrong; null when there was no time to read all of it.</param>
/// <param name="Rows">How many rows each table has; null for those that were not counted in time.</param>
/// <param name="Files">Its files, and their sizes in bytes.</param>
public sealed record IndexExamination(string? Check, IReadOnlyList<(string Table, long? Rows)> Rows, IReadOnlyList<(string Name, long Size)> Files);

public sealed partial class IndexReader
{
    private const int Interrupted = 9; // SQLITE_INTERRUPT

    /// <summary>Counts and checks the index, so that somebody who does not see it can tell how it is. Blocks for <paramref name="patience"/> at most; nobody else waits for it.</summary>
    /// <param name="folder">Where its files are.</param>
    /// <param name="patience">How long it may take; what is not read by then is left out.</param>
    /// <param name="ct">Cancels.</param>
    public IndexExamination Examine(string folder, TimeSpan patience, CancellationToken ct)
    {
        using var lease = _pool.Rent();
        var connection = lease.Connection;
        var started = Stopwatch.GetTimestamp();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        end.CancelAfter(patience);
        using var interrupt = end.Token.Register(connection.Interrupt);
        T? InTime<T>(string sql, Func<SqliteDataReader, T> read)
        {
            try
            {
                // an interrupt ends what runs, not what begins after it
                if (ct.IsCancellationRequested || Stopwatch.GetElapsedTime(started) >= patience)
                {
                    return default;
                }
                using var row = connection.Query(sql).ExecuteReader();
                return row.Read() ? read(row) : default;
            }
            catch (SqliteException e) when (e.SqliteErrorCode == Interrupted)
            {
                return default;
            }
        }

        var tables = new List<string>();
        using (var row = connection.Query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").ExecuteReader())
        {
            while (row.Read())
            {
                tables.Add(row.GetString(0));
            }
        }
        var rows = tables.Select(t => (t, InTime(string.Create(CultureInfo.InvariantCulture, $"SELECT count(*) FROM \"{t}\""), r => (long?)r.GetInt64(0)))).ToList();
        var check = InTime("PRAGMA quick_check(1)", r => r.GetString(0));
        ct.ThrowIfCancellationRequested();
        var files = new DirectoryInfo(folder).EnumerateFiles("index*").OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => (f.Name, f.Length)).ToList();
        return new IndexExamination(check, rows, files);
    }
}
