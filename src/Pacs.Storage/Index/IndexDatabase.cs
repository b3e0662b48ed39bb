using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>In which state the index was found.</summary>
internal enum IndexState
{
    /// <summary>Closed properly, or not there and no files either.</summary>
    Clean,

    /// <summary>The process or the machine died. What was committed is there; files may have been published without a commit.</summary>
    Crashed,

    /// <summary>Missing, damaged, without its log, older than what was closed last, or not yet made again as a whole: files are there that it has lost.</summary>
    Lost,
}

/// <summary>
/// The database file of the index: who may open it, whether it is sound, how connections are set up. SQLite before 3.51.3 can corrupt a database when two
/// connections write or checkpoint at the same time, so exactly one here can: <see cref="OpenWriter"/>.
/// </summary>
internal sealed partial class IndexDatabase : IDisposable
{
    private const string FileName = "index.db";
    private const string LockName = "pacs.lock";

    // what the lock file says besides "stopped 4711"; behind the second may stand the name of a damaged index
    private const string Running = "running";
    private const string Rebuilding = "rebuilding";

    // quick_check reads everything; up to here that takes less than a second
    private const long AlwaysCheckBelow = 256L << 20;

    private readonly string _folder;
    private readonly string _path;
    private readonly Reserve _reserve;
    private readonly TimeProvider _time;
    private readonly ILogger<IndexDatabase> _log;
    private readonly string _storage;
    private FileStream? _indexLock;
    private FileStream? _storageLock;
    private bool _isRebuilding;

    public IndexDatabase(StorageOptions options, Reserve reserve, TimeProvider time, ILogger<IndexDatabase> log)
    {
        _folder = Path.GetFullPath(options.ResolvedIndexDirectory);
        _storage = Path.GetFullPath(options.StorageDirectory);
        _path = Path.Join(_folder, FileName);
        _reserve = reserve;
        _time = time;
        _log = log;
    }

    /// <summary>In which state the index was found.</summary>
    public IndexState State { get; private set; }

    /// <summary>The damaged database from which this one is made again, besides the files; null when there is none.</summary>
    public DamagedIndex? Damaged { get; private set; }

    /// <summary>Takes the locks, checks what is there, moves it aside if it is damaged, and brings the tables to this version.</summary>
    /// <exception cref="IOException">Another server uses these folders, or they cannot be used.</exception>
    public void Open()
    {
        Directory.CreateDirectory(_folder);
        Directory.CreateDirectory(_storage);
        _storageLock = Lock(_storage);
        _indexLock = _storage == _folder ? _storageLock : Lock(_folder);
        SQLitePCL.Batteries_V2.Init();

        try
        {
            OpenChecked();
        }
        catch (SqliteException e) when (e.SqliteErrorCode is 8 or 10 or 13 or 14 && _reserve.Exists) // READONLY IOERR FULL CANTOPEN
        {
            // even reading needs a little room, for the memory shared with other connections
            LogReserve(_folder, e);
            _reserve.Give();
            OpenChecked();
        }
        _reserve.Keep();
    }

    private void OpenChecked()
    {
        var last = ReadMarker();
        Damaged = FindDamaged(last);
        State = File.Exists(_path) ? Judge(last) : File.Exists(_path + "-wal") || last is not null ? IndexState.Lost : IndexState.Clean;
        if (State == IndexState.Lost)
        {
            MarkRebuilding(); // before there is a new index, which would look like one that has lost nothing
        }
        Migrate();
        if (Damaged is not null)
        {
            using var connection = OpenWriter();
            Damaged.TakeOver(connection);
        }
    }

    /// <summary>Says that from now on a missing log is a loss. The writer must have written once: then there is a log, whose name is made durable here.</summary>
    public void MarkRunning()
    {
        SyncLog();
        DirectorySync.Flush(_folder);
        WriteMarker(Running);
        _isRebuilding = false;
    }

    /// <summary>
    /// Says that the index is being made again from the files, until <see cref="MarkRunning"/>: however the server ends before, the next start goes on with that, and takes no
    /// file without a row for a new one.
    /// </summary>
    public void MarkRebuilding()
    {
        WriteMarker(RebuildingMarker);
        _isRebuilding = true;
    }

    /// <summary>The one connection that writes and checkpoints.</summary>
    public SqliteConnection OpenWriter()
    {
        // NORMAL: checkpoints flush, commits do not. Those that promise something are followed by SyncLog, which is what FULL would do; received instances
        // are durable through the intake journal. A longer log checkpoints more rarely; 16 MiB are read in no time.
        return Connect(SqliteOpenMode.ReadWriteCreate, """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000; PRAGMA trusted_schema = OFF
            """);
    }

    /// <summary>Makes everything durable that has been committed so far. Blocks; from any thread.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void SyncLog()
    {
        try
        {
            // a handle of its own each time: the log may be a new file. SQLite's locks are not on this one, so closing it takes none of them away.
            using var log = File.OpenHandle(_path + "-wal", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            Libc.SyncData(log);
        }
        catch (FileNotFoundException)
        {
            // closed: everything is in the database, which was flushed
        }
    }

    /// <summary>A connection that can only read, and never checkpoints.</summary>
    public SqliteConnection OpenReader() => Connect(
        SqliteOpenMode.ReadOnly, "PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; PRAGMA trusted_schema = OFF");

    /// <summary>A context over an open connection.</summary>
    public static DbContextOptions<PacsDb> ContextOptions(SqliteConnection connection) => new DbContextOptionsBuilder<PacsDb>()
        .UseSqlite(connection).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options;

    /// <summary>Says that everything is on the disk and nothing was left in the log. The last connection must have been closed.</summary>
    /// <param name="lastSeq">The last event: an index that has less at the next start is an older one.</param>
    public void MarkClean(long lastSeq) => WriteMarker(_isRebuilding ? RebuildingMarker : string.Create(CultureInfo.InvariantCulture, $"stopped {lastSeq}"));

    public void Dispose()
    {
        _indexLock?.Dispose();
        _storageLock?.Dispose();
    }

    internal static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // constants of this floor
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    internal static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // constants of this floor
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }

    // 10 s: as long as somebody else, such as a backup program, may hold the file before devices are told to come again
    private SqliteConnection Connect(SqliteOpenMode mode, string? pragmas = null)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = 10,
        }.ToString());
        try
        {
            connection.Open();
            if (pragmas is not null)
            {
                Execute(connection, pragmas);
            }
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static FileStream Lock(string folder)
    {
        try
        {
            return new FileStream(Path.Join(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException e)
        {
            throw new IOException($"The folder {folder} is in use by another server, or cannot be written", e);
        }
    }

    private string RebuildingMarker => Damaged is null ? Rebuilding : $"{Rebuilding} {Path.GetFileName(Damaged.Path)}";

    // "running", "rebuilding", "rebuilding index.db.damaged-20261123T101500000", "stopped 4711", or null when there never was an index here
    private string? ReadMarker()
    {
        var bytes = new byte[128];
        _indexLock!.Position = 0;
        var length = _indexLock.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length == 0 ? null : Encoding.ASCII.GetString(bytes, 0, length).Trim();
    }

    private void WriteMarker(string text)
    {
        _indexLock!.Position = 0;
        _indexLock.Write(Encoding.ASCII.GetBytes(text));
        _indexLock.SetLength(text.Length);
        _indexLock.Flush(flushToDisk: true);
    }

    private IndexState Judge(string? marker)
    {
        var isRebuilt = marker?.Split(' ')[0] == Rebuilding;
        var crashed = isRebuilt || marker == Running;
        var size = new FileInfo(_path).Length;
        // a server that runs always has a log; deleting it takes commits away that were promised
        if (crashed && size > 0 && !File.Exists(_path + "-wal"))
        {
            LogWithoutLog(_path);
            return Check(full: true) is { } damage ? SetAside(damage) : IndexState.Lost;
        }
        if (Check(full: crashed || size < AlwaysCheckBelow) is { } problem)
        {
            return SetAside(problem);
        }
        if (marker?.Split(' ') is ["stopped", var number] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var seq) && LastSeq() < seq)
        {
            LogOlder(_path);
            return IndexState.Lost;
        }
        return isRebuilt ? IndexState.Lost : crashed ? IndexState.Crashed : IndexState.Clean;
    }

    private string? Check(bool full)
    {
        try
        {
            using var connection = Connect(SqliteOpenMode.ReadWrite);
            if (Scalar(connection, "SELECT count(*) FROM sqlite_schema") is 0L)
            {
                return null; // a file without tables: a crash at the first start
            }
            if (full && Scalar(connection, "PRAGMA quick_check(1)") is string answer and not "ok")
            {
                return answer;
            }
            _ = Scalar(connection, "SELECT count(*) FROM __EFMigrationsHistory");
            return null;
        }
        catch (SqliteException e) when (e.SqliteErrorCode is not (5 or 6 or 10 or 14)) // BUSY, LOCKED, IOERR, CANTOPEN say nothing about the content
        {
            return e.Message;
        }
    }

    private long LastSeq()
    {
        using var connection = Connect(SqliteOpenMode.ReadWrite);
        return Scalar(connection, "SELECT coalesce(max(seq), 0) FROM event") is long seq ? seq : 0;
    }

    private IndexState SetAside(string problem)
    {
        var damaged = new DamagedIndex(Path.Join(_folder, DamagedIndex.NameOf(_path, _time.GetUtcNow())), _log);
        LogDamaged(_path, damaged.Path, problem);
        Damaged = damaged;
        MarkRebuilding(); // with its name, so that nothing of it is forgotten by whoever ends us now
        damaged.MoveFrom(_path);
        return IndexState.Lost;
    }

    // the damaged database that a rebuild was made from when it was broken off
    private DamagedIndex? FindDamaged(string? marker)
    {
        if (marker?.Split(' ') is not [Rebuilding, var name] || name != Path.GetFileName(name) || !File.Exists(Path.Join(_folder, name)))
        {
            return null;
        }
        var damaged = new DamagedIndex(Path.Join(_folder, name), _log);
        if (!File.Exists(_path))
        {
            damaged.MoveFrom(_path); // what is left of it
        }
        return damaged;
    }

    private void Migrate()
    {
        using var connection = OpenWriter();
        using var db = new PacsDb(ContextOptions(connection));
        // EF waits for ever for a lock that a killed process has left; ours is the file lock. Nothing is written when nothing has to be done.
        if (db.Database.GetPendingMigrations().Any())
        {
            Execute(connection, "DROP TABLE IF EXISTS __EFMigrationsLock");
            db.Database.Migrate();
        }
    }

    [LoggerMessage(1, LogLevel.Error, "The index {Path} is damaged ({Problem}). It was moved to {Damaged}; a new one is made from the stored files.")]
    private partial void LogDamaged(string path, string damaged, string problem);

    [LoggerMessage(2, LogLevel.Error, "The index {Path} has lost its write-ahead log. What it has forgotten is read again from the stored files.")]
    private partial void LogWithoutLog(string path);

    [LoggerMessage(3, LogLevel.Warning, "The index {Path} is older than the one that was closed here, a backup perhaps. What it lacks is read from the stored files.")]
    private partial void LogOlder(string path);

    [LoggerMessage(6, LogLevel.Warning, "The volume of {Folder} is so full that the index cannot even be read. The room kept for that is used now.")]
    private partial void LogReserve(string folder, Exception e);
}
