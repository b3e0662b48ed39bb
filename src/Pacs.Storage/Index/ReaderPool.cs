using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Pacs.Storage;

/// <summary>Read-only connections, with the statements prepared on them. As many as are used at the same time; kept for the next reader.</summary>
internal sealed class ReaderPool(IndexDatabase database, IndexWriter writer) : IDisposable
{
    // what is kept when many came at once
    private const int Kept = 16;

    private readonly ConcurrentBag<ReaderConnection> _idle = [];
    private volatile bool _disposed;

    /// <summary>A connection that sees every instance whose storing has been answered.</summary>
    public Lease Rent()
    {
        writer.CatchUp();
        return RentAsIs();
    }

    /// <summary>A connection that sees the last commit, which may lack instances that have been answered a moment ago.</summary>
    public Lease RentAsIs() => new(this, _idle.TryTake(out var connection) ? connection : new ReaderConnection(database.OpenReader()));

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
        // peers ask the same few combinations of keys again and again
        private const int MaxQueries = 64;

        private readonly Dictionary<string, SqliteCommand> _commands = new(StringComparer.Ordinal);
        private readonly Dictionary<string, SqliteCommand> _queries = new(StringComparer.Ordinal);

        private PacsDb? _context;

        /// <summary>
        /// The context over this connection, for one reader at a time. It is kept: each new one would make EF register its functions with SQLite again, which took two thirds of the time
        /// of reading one instance.
        /// </summary>
        public PacsDb Context => _context ??= new PacsDb(IndexDatabase.ContextOptions(connection));

        /// <summary>A statement of ours with the parameters @1, @2 …; prepared when it is first used, and kept.</summary>
        public SqliteCommand Command(string sql, params ReadOnlySpan<object> values) => Command(_commands, sql, values);

        /// <summary>As <see cref="Command(string, ReadOnlySpan{object})"/>, for statements of which there is no end: only the last ones are kept.</summary>
        public SqliteCommand Query(string sql, params ReadOnlySpan<object> values)
        {
            if (_queries.Count >= MaxQueries && !_queries.ContainsKey(sql))
            {
                Clear(_queries);
            }
            return Command(_queries, sql, values);
        }

        /// <summary>Ends the statement that is running, if one is, with an error.</summary>
        public void Interrupt() => SQLitePCL.raw.sqlite3_interrupt(connection.Handle);

        private SqliteCommand Command(Dictionary<string, SqliteCommand> commands, string sql, ReadOnlySpan<object> values)
        {
            if (!commands.TryGetValue(sql, out var command))
            {
                command = connection.CreateCommand();
#pragma warning disable CA2100 // made by this floor; values are parameters
                command.CommandText = sql;
#pragma warning restore CA2100
                for (var i = 0; i < values.Length; i++)
                {
                    command.Parameters.Add(new SqliteParameter($"@{i + 1}", values[i]));
                }
                command.Prepare();
                commands.Add(sql, command);
            }
            for (var i = 0; i < values.Length; i++)
            {
                command.Parameters[i].Value = values[i];
            }
            return command;
        }

        public void Dispose()
        {
            Clear(_commands);
            Clear(_queries);
            _context?.Dispose();
            connection.Dispose();
        }

        private static void Clear(Dictionary<string, SqliteCommand> commands)
        {
            foreach (var command in commands.Values)
            {
                command.Dispose();
            }
            commands.Clear();
        }
    }

    internal readonly struct Lease(ReaderPool pool, ReaderConnection connection) : IDisposable
    {
        public ReaderConnection Connection => connection;

        public void Dispose() => pool.Return(connection);
    }
}
