using System.Globalization;
using System.IO.Compression;
using Microsoft.Data.Sqlite;
using Pacs.Storage;

namespace Pacs.Web.Import;

/// <summary>
/// The folder of an Orthanc that does not run, or a copy of it: the SQLite index (schema 5 or 6) and the files. Nothing in it is changed. An index that was not closed cleanly on a folder that cannot
/// be written is read from a copy.
/// </summary>
public sealed class OrthancFolder : IOrthancSource
{
    /// <summary>What the index is called.</summary>
    public const string IndexName = "index";

    // SQLite's primary result codes (sqlite3.h)
    private const int Busy = 5;
    private const int ReadOnly = 8;
    private const int CannotOpen = 14;

    // AttachedFiles.compressionType: 1 as it is; 2 zlib behind the length, 8 bytes
    private const int Zlib = 2;
    private const int LengthBytes = 8;

    // files of a disk may come over the network, but not slower than this
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly Level[] Levels = [Level.Patient, Level.Study, Level.Series, Level.Instance];

    private readonly string _storage;
    private readonly SqliteConnection _connection;
    private readonly string? _copy;
    private readonly bool _hasLabels;

    private OrthancFolder(string storage, SqliteConnection connection, string? copy) =>
        (_storage, _connection, _copy, _hasLabels) = (storage, connection, copy, Count(connection, "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'Labels'") > 0);

    /// <summary>Whether a folder has an index of Orthanc's.</summary>
    public static bool Has(string folder)
    {
        try
        {
            using var file = File.OpenRead(Path.Join(folder, IndexName));
            Span<byte> start = stackalloc byte[16];
            return file.ReadAtLeast(start, 16, throwOnEndOfStream: false) == 16 && start.SequenceEqual("SQLite format 3\0"u8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Opens a folder.</summary>
    /// <param name="storage">Where the files are.</param>
    /// <param name="index">The folder of the index.</param>
    /// <exception cref="SourceException">It is none of Orthanc's, Orthanc runs, or it cannot be read.</exception>
    public static OrthancFolder Open(string storage, string index)
    {
        var file = Path.Join(index, IndexName);
        string? copy = null;
        SqliteConnection? connection = null;
        try
        {
            if (!Has(index))
            {
                throw new SourceException($"{index} has no index of Orthanc's that can be read");
            }
            try
            {
                connection = Connect(file, SqliteOpenMode.ReadOnly);
            }
            catch (SqliteException e) when (e.SqliteErrorCode is ReadOnly or CannotOpen)
            {
                // a write-ahead log needs a file beside it, which is not ours to make there, or cannot be made
                copy = Copy(file);
                connection = Connect(Path.Join(copy, IndexName), SqliteOpenMode.ReadWrite);
            }
            var version = Text(connection, "SELECT value FROM GlobalProperties WHERE property = 1");
            return version is "5" or "6" ? new OrthancFolder(storage, connection, copy) : throw new SourceException($"The index in {index} has version {version ?? "none"}; 5 and 6 can be read");
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException or SourceException)
        {
            connection?.Dispose();
            Remove(copy);
            throw e switch
            {
                SourceException => e,
                SqliteException { SqliteErrorCode: Busy } => new SourceException($"Orthanc is running on {index}: it must be stopped, or be asked over HTTP", e) { Fault = JobFault.SourceRuns },
                _ => new SourceException($"The index in {index} cannot be read", e),
            };
        }
    }

    /// <inheritdoc/>
    public Task<SourceList> ListAsync(long since, CancellationToken ct) => Read(() =>
    {
        // in the order of arrival: parents get their tags from the first
        using var command = Command("SELECT publicId, internalId FROM Resources WHERE resourceType = 4 AND internalId > @1 ORDER BY internalId", since);
        using var rows = command.ExecuteReader();
        var instances = new List<ResourceId>();
        var mark = since;
        while (rows.Read())
        {
            ct.ThrowIfCancellationRequested();
            mark = rows.GetInt64(1);
            if (ResourceId.TryParse(rows.GetString(0), out var id))
            {
                instances.Add(id);
            }
        }
        return new SourceList(instances, mark);
    });

    /// <inheritdoc/>
    public Task<SourceResource?> FindAsync(Level level, ResourceId id, CancellationToken ct) => Read(() =>
    {
        long row;
        ResourceId? parent = null;
        using (var command = Command(
            "SELECT r.internalId, p.publicId FROM Resources r LEFT JOIN Resources p ON p.internalId = r.parentId WHERE r.publicId = @1 AND r.resourceType = @2", id.ToString(), Array.IndexOf(Levels, level) + 1))
        using (var rows = command.ExecuteReader())
        {
            if (!rows.Read())
            {
                return null;
            }
            row = rows.GetInt64(0);
            parent = !rows.IsDBNull(1) && ResourceId.TryParse(rows.GetString(1), out var above) ? above : null;
        }
        var metadata = new Dictionary<int, string>();
        using (var command = Command("SELECT type, value FROM Metadata WHERE id = @1", row))
        using (var rows = command.ExecuteReader())
        {
            while (rows.Read())
            {
                metadata[rows.GetInt32(0)] = rows.IsDBNull(1) ? "" : rows.GetString(1);
            }
        }
        var files = new List<SourceFile>();
        using (var command = Command("SELECT fileType, uuid, uncompressedSize, uncompressedMD5, compressionType FROM AttachedFiles WHERE id = @1", row))
        using (var rows = command.ExecuteReader())
        {
            while (rows.Read())
            {
                files.Add(new SourceFile(rows.GetInt32(0), rows.GetString(1), rows.GetInt64(2), rows.IsDBNull(3) ? "" : rows.GetString(3), rows.GetInt32(4) == Zlib));
            }
        }
        var labels = new List<string>();
        if (_hasLabels)
        {
            using var command = Command("SELECT label FROM Labels WHERE id = @1", row);
            using var rows = command.ExecuteReader();
            while (rows.Read())
            {
                labels.Add(rows.GetString(0));
            }
        }
        return new SourceResource(level, id, parent, metadata, labels, files, []);
    });

    /// <inheritdoc/>
    public Task<Stream?> OpenAsync(SourceResource resource, SourceFile file, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(file);
        // the name becomes a path: it is a UUID or nothing
        if (!Guid.TryParseExact(file.Name, "D", out _))
        {
            return Task.FromResult<Stream?>(null);
        }
        FileStream? stream = null;
        try
        {
            stream = new FileStream(Path.Join(_storage, file.Name[..2], file.Name[2..4], file.Name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 64 * 1024, useAsync: true);
            if (file.IsCompressed)
            {
                stream.Position = LengthBytes;
            }
            // nothing is an empty file, of which Orthanc writes no zlib
            return Task.FromResult<Stream?>(new CheckedStream(file.IsCompressed && stream.Length > LengthBytes ? new ZLibStream(stream, CompressionMode.Decompress) : stream, file, Patience));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Task.FromResult<Stream?>(null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw new SourceException("A file of the old storage cannot be opened: are its rights right?", e);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _connection.Dispose();
        Remove(_copy);
        return ValueTask.CompletedTask;
    }

    // it is all local, and short
    private static Task<T> Read<T>(Func<T> read)
    {
        try
        {
            return Task.FromResult(read());
        }
        catch (Exception e) when (e is SqliteException or InvalidCastException)
        {
            throw new SourceException("The index of the old storage cannot be read any more", e);
        }
    }

    private static SqliteConnection Connect(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false, DefaultTimeout = 1 }.ConnectionString);
        try
        {
            connection.Open();
            Count(connection, "SELECT count(*) FROM sqlite_master"); // only a query reads, and meets a lock
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static string Copy(string file)
    {
        var folder = Directory.CreateTempSubdirectory("pacs-import-").FullName;
        try
        {
            foreach (var suffix in new[] { "", "-wal", "-journal" })
            {
                if (File.Exists(file + suffix))
                {
                    File.Copy(file + suffix, Path.Join(folder, IndexName + suffix));
                }
            }
            return folder;
        }
        catch
        {
            Remove(folder);
            throw;
        }
    }

    private static void Remove(string? folder)
    {
        if (folder is not null)
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static long Count(SqliteConnection connection, string sql) => long.Parse(Text(connection, sql) ?? "0", CultureInfo.InvariantCulture);

    private static string? Text(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : null;
    }

    private SqliteCommand Command(string sql, params object[] values)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (i, value) in values.Index())
        {
            command.Parameters.AddWithValue($"@{i + 1}", value);
        }
        return command;
    }
}
