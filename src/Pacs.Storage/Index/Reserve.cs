using Microsoft.Extensions.Logging;

namespace Pacs.Storage;

/// <summary>
/// Room beside the index that nobody uses while there is other room: given back when the disk is full, for the rows of instances that have been promised, for deleting and for
/// a start. While it is gone nothing new is taken, or that would take the room it has made.
/// </summary>
internal sealed partial class Reserve(StorageOptions options, ILogger<Reserve> log)
{
    // rows of some hundred instances, and the pages of the database that the log is folded into
    private const int Size = 4 << 20;

    // it must not itself be what fills the disk
    private const int KeptFrom = 2 * Size;

    private readonly string _path = Path.Join(Path.GetFullPath(options.ResolvedIndexDirectory), "reserve");
    private readonly Lock _lock = new();
    private volatile bool _isKept;

    /// <summary>Whether the room is kept.</summary>
    public bool IsKept => _isKept;

    /// <summary>Whether there is room to give back, maybe from an earlier run.</summary>
    public bool Exists => File.Exists(_path);

    /// <summary>Gives the room back.</summary>
    public void Give()
    {
        lock (_lock)
        {
            _isKept = false;
            File.Delete(_path);
        }
    }

    /// <summary>Keeps room, if it is not kept and there is some.</summary>
    /// <returns>Whether it is kept now.</returns>
    public bool Keep()
    {
        if (_isKept)
        {
            return true;
        }
        lock (_lock)
        {
            try
            {
                var file = new FileInfo(_path);
                // one that is shorter is an older version's
                if (!file.Exists || file.Length < Size)
                {
                    if (new DriveInfo(file.DirectoryName!).AvailableFreeSpace < KeptFrom)
                    {
                        return false;
                    }
                    Write();
                }
                return _isKept = true;
            }
            catch (Exception e) when (StagedInstance.IsStorageFailure(e))
            {
                LogNoReserve(_path, e);
                return false;
            }
        }
    }

    private void Write()
    {
        try
        {
            File.WriteAllBytes(_path, new byte[Size]);
        }
        catch
        {
            File.Delete(_path);
            throw;
        }
    }

    [LoggerMessage(7, LogLevel.Warning, "No room could be kept in {File} for times when the disk is full.")]
    private partial void LogNoReserve(string file, Exception e);
}
