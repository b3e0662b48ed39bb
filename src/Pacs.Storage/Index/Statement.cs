using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Pacs.Storage;

/// <summary>
/// A statement that is prepared once and run for every instance. Values are given in the order of its parameters. ADO.NET's command looks each parameter up by
/// name, and makes a reader and a new piece of SQL for each savepoint: measured, more than what SQLite itself does.
/// </summary>
/// <remarks>Runs inside whatever transaction its connection is in. For the writer's thread alone.</remarks>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private int _bound;

    /// <exception cref="SqliteException">SQLite does not take it.</exception>
    public Statement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v3(_database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
    }

    /// <summary>The next parameter's value.</summary>
    public Statement Add(long value) => Bound(raw.sqlite3_bind_int64(_statement, ++_bound, value));

    /// <summary>The next parameter's value; null is NULL.</summary>
    public Statement Add(long? value) => value is { } number ? Add(number) : AddNull();

    /// <summary>The next parameter's value; null is NULL.</summary>
    public Statement Add(string? value) => value is null ? AddNull() : Bound(raw.sqlite3_bind_text16(_statement, ++_bound, value));

    /// <summary>The next parameter's value; null is NULL.</summary>
    public Statement Add(byte[]? value) => value is null ? AddNull() : Bound(raw.sqlite3_bind_blob(_statement, ++_bound, value));

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="SqliteException">SQLite cannot do it.</exception>
    public void Execute() => Read(_ => true);

    /// <summary>Runs it to its first row.</summary>
    /// <param name="row">Makes the result of the row: the statement's columns are valid in it.</param>
    /// <returns>Default when there is no row.</returns>
    /// <exception cref="SqliteException">SQLite cannot do it.</exception>
    public T? Read<T>(Func<Statement, T> row)
    {
        try
        {
            var code = raw.sqlite3_step(_statement);
            if (code == raw.SQLITE_ROW)
            {
                return row(this);
            }
            if (code != raw.SQLITE_DONE)
            {
                Check(code);
            }
            return default;
        }
        finally
        {
            _bound = 0;
            _ = raw.sqlite3_reset(_statement); // tells of the same failure again
        }
    }

    /// <summary>A column of the row.</summary>
    public long Int64(int column) => raw.sqlite3_column_int64(_statement, column);

    /// <summary>A column of the row, or null.</summary>
    public string? Text(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL ? null : raw.sqlite3_column_text(_statement, column).utf8_to_string();

    /// <summary>A column of the row, or null.</summary>
    public byte[]? Blob(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL ? null : raw.sqlite3_column_blob(_statement, column).ToArray();

    /// <inheritdoc/>
    public void Dispose() => _statement.Dispose();

    private Statement AddNull() => Bound(raw.sqlite3_bind_null(_statement, ++_bound));

    private Statement Bound(int code)
    {
        Check(code);
        return this;
    }

    private void Check(int code) => SqliteException.ThrowExceptionForRC(code, _database);
}
