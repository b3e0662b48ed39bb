using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Pacs.Storage;

/// <summary>What deleting a resource writes. All in one transaction: rows away, files to the trash, one <see cref="EventKind.Deleted"/> for each resource.</summary>
internal static class DeleteSql
{
    private static readonly string[] Tables = ["patient", "study", "series", "instance"];

    /// <summary>Deletes a resource, what is below it, and ancestors that have nothing left.</summary>
    /// <returns>Null when there is no such resource.</returns>
    public static DeleteResult? Delete(SqliteConnection connection, SqliteTransaction transaction, Level level, ResourceId id, DateTimeOffset now, TimeSpan trashAge)
    {
        var sql = new Script(connection, transaction);
        sql.Set("@id", id.ToBytes());
        sql.Set("@at", now.ToUnixTimeMilliseconds());
        sql.Set("@due_at", (now + trashAge).ToUnixTimeMilliseconds());

        var row = sql.Number($"SELECT id FROM {Tables[(int)level]} WHERE public_id = @id");
        if (row is null)
        {
            return null;
        }
        sql.Set("@row", row);

        // the rows of each level that go, as conditions over that level's table
        var going = new string?[4];
        going[(int)level] = "id = @row";
        for (var below = (int)level + 1; below < 4; below++)
        {
            going[below] = $"{Tables[below - 1]} IN (SELECT id FROM {Tables[below - 1]} WHERE {going[below - 1]})";
        }

        sql.Set("@gone", sql.Number($"SELECT count(*) FROM instance WHERE {going[3]}"));
        sql.Set("@size", sql.Number($"SELECT coalesce(sum(size), 0) FROM instance WHERE {going[3]}"));
        var parents = Parents(sql, level);

        sql.Run($"INSERT INTO trash (key, due_at, attempts) SELECT key, @due_at, 0 FROM instance WHERE {going[3]} ON CONFLICT DO NOTHING");
        // second copies kept aside are about the same patient: they go, too
        sql.Run($"""
            INSERT INTO trash (key, due_at, attempts) SELECT key, @due_at, 0 FROM conflict
            WHERE key IS NOT NULL AND resource IN (SELECT public_id FROM instance WHERE {going[3]}) ON CONFLICT DO NOTHING
            """);
        for (var gone = 3; gone >= (int)level; gone--)
        {
            sql.Run($"DELETE FROM conflict WHERE resource IN (SELECT public_id FROM {Tables[gone]} WHERE {going[gone]})");
            DeleteBeside(sql, gone, $"IN (SELECT public_id FROM {Tables[gone]} WHERE {going[gone]})");
            sql.Run($"""
                INSERT INTO event (kind, level, resource, at, rebuilt)
                SELECT {(int)EventKind.Deleted}, {gone.ToString(CultureInfo.InvariantCulture)}, public_id, @at, 0 FROM {Tables[gone]} WHERE {going[gone]} ORDER BY id
                """);
        }
        for (var gone = 3; gone >= (int)level; gone--)
        {
            sql.Run($"DELETE FROM {Tables[gone]} WHERE {going[gone]}");
        }

        Level? remaining = null;
        ResourceId remainingId = default;
        for (var above = (int)level - 1; above >= 0; above--)
        {
            sql.Set("@parent", parents[above]);
            sql.Run($"UPDATE {Tables[above]} SET instance_count = instance_count - @gone, size = size - @size, updated_at = @at, stable = 0 WHERE id = @parent");
            var left = sql.Number($"SELECT instance_count FROM {Tables[above]} WHERE id = @parent");
            if (left > 0)
            {
                Recount(sql, (Level)above);
                if (remaining is null)
                {
                    remaining = (Level)above;
                    remainingId = ResourceId.FromBytes(sql.Blob($"SELECT public_id FROM {Tables[above]} WHERE id = @parent"));
                }
                continue;
            }
            sql.Run($"DELETE FROM conflict WHERE resource = (SELECT public_id FROM {Tables[above]} WHERE id = @parent)");
            DeleteBeside(sql, above, $"= (SELECT public_id FROM {Tables[above]} WHERE id = @parent)");
            sql.Run($"""
                INSERT INTO event (kind, level, resource, at, rebuilt)
                SELECT {(int)EventKind.Deleted}, {above.ToString(CultureInfo.InvariantCulture)}, public_id, @at, 0 FROM {Tables[above]} WHERE id = @parent
                """);
            sql.Run($"DELETE FROM {Tables[above]} WHERE id = @parent");
        }
        return new DeleteResult((int)sql.Number("SELECT @gone")!.Value, remaining, remainingId);
    }

    // labels, metadata and attachments of resources that go
    private static void DeleteBeside(Script sql, int level, string resources)
    {
        var these = $"level = {level.ToString(CultureInfo.InvariantCulture)} AND resource {resources}";
        sql.Run($"INSERT INTO trash (key, due_at, attempts) SELECT key, @due_at, 0 FROM attachment WHERE {these} ON CONFLICT DO NOTHING");
        foreach (var table in new[] { "label", "metadata", "attachment" })
        {
            sql.Run($"DELETE FROM {table} WHERE {these}");
        }
    }

    private static long?[] Parents(Script sql, Level level)
    {
        var parents = new long?[4];
        var row = "@row";
        for (var at = (int)level; at > 0; at--)
        {
            row = $"(SELECT {Tables[at - 1]} FROM {Tables[at]} WHERE id = {row})";
            parents[at - 1] = sql.Number($"SELECT {row}");
        }
        return parents;
    }

    // a deletion is rare: counting again is simpler than knowing what went
    private static void Recount(Script sql, Level level)
    {
        if (level == Level.Study)
        {
            sql.Run("""
                UPDATE study SET series_count = (SELECT count(*) FROM series WHERE study = @parent),
                    modalities = coalesce((SELECT group_concat(modality, '\') FROM
                        (SELECT modality, min(id) AS first FROM series WHERE study = @parent AND modality <> '' GROUP BY modality ORDER BY first)), '')
                WHERE id = @parent
                """);
        }
        else if (level == Level.Patient)
        {
            sql.Run("UPDATE patient SET study_count = (SELECT count(*) FROM study WHERE patient = @parent) WHERE id = @parent");
        }
    }

    /// <summary>Statements that share their parameters.</summary>
    private sealed class Script(SqliteConnection connection, SqliteTransaction transaction)
    {
        private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);

        public void Set(string name, object? value) => _values[name] = value ?? DBNull.Value;

        public void Run(string sql)
        {
            using var command = Command(sql);
            command.ExecuteNonQuery();
        }

        public long? Number(string sql)
        {
            using var command = Command(sql);
            return command.ExecuteScalar() is { } value and not DBNull ? Convert.ToInt64(value, CultureInfo.InvariantCulture) : null;
        }

        public byte[] Blob(string sql)
        {
            using var command = Command(sql);
            return (byte[])command.ExecuteScalar()!;
        }

        // the texts are made of the table names above, values are parameters
        private SqliteCommand Command(string sql)
        {
            var command = connection.CreateCommand();
            command.Transaction = transaction;
#pragma warning disable CA2100
            command.CommandText = sql;
#pragma warning restore CA2100
            foreach (var (name, value) in _values)
            {
                if (sql.Contains(name, StringComparison.Ordinal))
                {
                    command.Parameters.AddWithValue(name, value);
                }
            }
            return command;
        }
    }
}
