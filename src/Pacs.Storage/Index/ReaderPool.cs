using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Pacs.Storage;

/// <summary>Read-only connections, with the statements prepared on them. As many as are used at the same time; kept for the next reader.</summary>
internal sealed class ReaderPool(IndexDatabase database) : IDisposable
{
    // what is kept when many came at once
    private const int Kept = 16;

    private readonly ConcurrentBag<ReaderConnection> _idle = [];
    private volatile bool _disposed;

    public Lease Rent() => new(this, _idle.TryTake(out var connection) ? connection : new ReaderConnection(database.OpenReader()));

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var connection))
        {
            connection.Dispose();
        }
    }

    private void Return(ReaderConnection connection)
    {
        if (_disposed || _idle.Count >= Kept)
        {
            connection.Dispose();
        }
        else
        {
            _idle.Add(connection);
        }
    }

    internal sealed class ReaderConnection(SqliteConnection connection) : IDisposable
    {
        private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);

        public DbContextOptions<PacsDb> ContextOptions { get; } = IndexDatabase.ContextOptions(connection);

        /// <summary>A statement with the parameters @1, @2 …; prepared when it is first used.</summary>
        public SqliteCommand Command(string sql, params ReadOnlySpan<object> values)
        {
            if (!_commands.TryGetValue(sql, out var command))
            {
                command = connection.CreateCommand();
#pragma warning disable CA2100 // constants of this floor
                command.CommandText = sql;
#pragma warning restore CA2100
                for (var i = 0; i < values.Length; i++)
                {
                    command.Parameters.Add(new SqliteParameter($"@{i + 1}", values[i]));
                }
                command.Prepare();
                _commands.Add(sql, command);
            }
            for (var i = 0; i < values.Length; i++)
            {
                command.Parameters[i].Value = values[i];
            }
            return command;
        }

        public void Dispose()
        {
            foreach (var command in _commands.Values)
            {
                command.Dispose();
            }
            connection.Dispose();
        }
    }

    internal readonly struct Lease(ReaderPool pool, ReaderConnection connection) : IDisposable
    {
        public ReaderConnection Connection => connection;

        public void Dispose() => pool.Return(connection);
    }
}
