using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>
/// A database that was moved aside because it is damaged. What the stored files cannot tell is taken over from it, as far as it can be read; that may be done again, after
/// a rebuild that was broken off.
/// </summary>
internal sealed partial class DamagedIndex(string path, ILogger<IndexDatabase> log)
{
    // part by part, for some of it may be unreadable
    private static readonly string[] Whole =
    [
        "setting", "worklist", "step", "commitment", "commitment_request", "modality", "caller", "job", "job_item", "label", "metadata", "attachment", "bin", "bin_file", "trash",
        "gdt_file", "gdt_receiver", "gdt_incoming", "consumer", "parked_event",
    ];

    private static readonly string[] Suffixes = ["", "-wal", "-shm"];

    /// <summary>The database file, whose log may lie beside it.</summary>
    public string Path => path;

    /// <summary>The name under which a damaged database is kept.</summary>
    public static string NameOf(string database, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{System.IO.Path.GetFileName(database)}.damaged-{now.UtcDateTime:yyyyMMdd'T'HHmmssfff}");

    /// <summary>Moves a database here, the log after it. Never deleted: somebody may want to get more out of it than we do. Goes on where it was broken off.</summary>
    public void MoveFrom(string database)
    {
        foreach (var suffix in Suffixes)
        {
            if (File.Exists(database + suffix) && !File.Exists(path + suffix))
            {
                File.Move(database + suffix, path + suffix);
            }
        }
    }

    /// <summary>Copies orders, counters, nodes, jobs, which GDT files were written, and the events that a consumer had not yet seen into a new index.</summary>
    public void TakeOver(SqliteConnection index)
    {
        using var attach = index.CreateCommand();
        attach.CommandText = "ATTACH DATABASE @path AS old";
        attach.Parameters.AddWithValue("@path", path);
        if (!Try(index, "all", _ => attach.ExecuteNonQuery()))
        {
            return;
        }
        // numbers go on where the old ones ended: whoever lists changes never sees one twice
        var saved = Try(index, "numbers of events", c => IndexDatabase.Execute(c, """
            INSERT INTO main.sqlite_sequence (name, seq) SELECT 'event', max(seq) FROM old.event WHERE NOT EXISTS (SELECT 1 FROM main.sqlite_sequence WHERE name = 'event')
            """)) ? 1 : 0;
        saved += Try(index, "event", c => Copy(c, "event", "WHERE seq > (SELECT min(seq) FROM old.consumer) OR seq IN (SELECT seq FROM old.parked_event)")) ? 1 : 0;
        saved += Whole.Count(table => Try(index, table, c => Copy(c, table)));
        LogSalvaged(path, saved, Whole.Length + 2);
    }

    /// <summary>The frames that were marked. Their instances are there when the files have been read again.</summary>
    public IReadOnlyList<(ResourceId Instance, int Frame)> KeyImages()
    {
        var marked = new List<(ResourceId, int)>();
        var source = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString();
        using var old = new SqliteConnection(source);
        Try(old, "key_image", c =>
        {
            c.Open();
            using var command = c.CreateCommand();
            command.CommandText = "SELECT i.public_id, k.frame FROM key_image k JOIN instance i ON i.id = k.instance";
            using var rows = command.ExecuteReader();
            while (rows.Read())
            {
                marked.Add((ResourceId.FromBytes(rows.GetFieldValue<byte[]>(0)), rows.GetInt32(1)));
            }
        });
        return marked;
    }

    // an index of an older version has fewer columns
    private static void Copy(SqliteConnection index, string table, string where = "")
    {
        var columns = (string?)IndexDatabase.Scalar(index, $"""
            SELECT group_concat('"' || name || '"', ', ') FROM (SELECT name FROM pragma_table_info('{table}', 'main') INTERSECT SELECT name FROM pragma_table_info('{table}', 'old'))
            """);
        IndexDatabase.Execute(index, $"INSERT OR IGNORE INTO main.{table} ({columns}) SELECT {columns} FROM old.{table} {where}");
    }

    private bool Try(SqliteConnection connection, string what, Action<SqliteConnection> action)
    {
        try
        {
            action(connection);
            return true;
        }
        catch (SqliteException e)
        {
            LogNotSalvaged(what, e);
            return false;
        }
    }

    [LoggerMessage(4, LogLevel.Warning, "Of the damaged index {Path} {Saved} of {All} parts could be taken over.")]
    private partial void LogSalvaged(string path, int saved, int all);

    [LoggerMessage(5, LogLevel.Warning, "A part of the damaged index could not be taken over: {Part}")]
    private partial void LogNotSalvaged(string part, Exception e);
}
