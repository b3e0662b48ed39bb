using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// The <c>*.wl</c> files of other programs: DICOM files with one worklist entry each. They belong to whoever wrote them and are only read,
/// except those that the old plugin left behind, which go when their day is over. A file is read again when its size or time changes; one that cannot be read is
/// logged and passed over.
/// </summary>
public sealed partial class WorklistFolder(string path, ILogger logger)
{
    /// <summary>A larger file is none: entries have a few kilobytes.</summary>
    public const int MaxFileSize = 1 << 20;

    private static readonly EnumerationOptions Files = new() { MatchCasing = MatchCasing.CaseInsensitive, IgnoreInaccessible = false };
    private volatile Dictionary<string, Cached> _cache = new(StringComparer.Ordinal);
    private volatile bool _missing;

    private sealed record Cached(DateTime WrittenAt, long Length, DicomDataset? Entry);

    /// <summary>The entries of all readable files, in the order of their names.</summary>
    public async Task<IReadOnlyList<DicomDataset>> ReadAsync(CancellationToken ct)
    {
        // queries at the same time may read a new file twice; that is cheaper than to wait for each other
        var known = _cache;
        var current = new Dictionary<string, Cached>(StringComparer.Ordinal);
        foreach (var file in List())
        {
            current[file.Name] = await ReadAsync(file, known, ct);
        }
        _cache = current;
        return [.. current.Where(c => c.Value.Entry is not null).OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Value.Entry!)];
    }

    /// <summary>
    /// The number after which to go on counting: what the old plugin would have given next, less one. Its counter file may be missing or cut off by a
    /// crash, so the entries it left count as well. 0 when there is nothing.
    /// </summary>
    /// <exception cref="IOException">The counter is there but cannot be read: going on would give numbers twice.</exception>
    public long LastAccessionNumber()
    {
        var last = List().Select(f => OldName().Match(f.Name)).Where(m => m.Success)
            .Select(m => long.Parse(m.Groups["number"].ValueSpan, CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();
        var counter = Path.Join(path, "accessionid.conf");
        if (File.Exists(counter))
        {
            if (long.TryParse(File.ReadAllText(counter), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var next))
            {
                last = Math.Max(last, next - 1);
            }
            else
            {
                LogCounter(counter, AccessionNumbers.Format(last + 1));
            }
        }
        return last;
    }

    /// <summary>Removes entries that the old plugin has left: those of an earlier day and those whose study has come.</summary>
    /// <param name="today">Today, as <c>YYYYMMDD</c>.</param>
    /// <param name="received">Which of some accession numbers have a study.</param>
    /// <returns>How many were removed.</returns>
    public async Task<int> CleanUpAsync(string today, Func<IReadOnlyList<string>, Task<IReadOnlySet<string>>> received)
    {
        ArgumentNullException.ThrowIfNull(received);
        var left = List().Select(f => (File: f, Name: OldName().Match(f.Name))).Where(f => f.Name.Success)
            .Select(f => (f.File, Accession: f.Name.Groups["accession"].Value, Day: f.Name.Groups["day"].Value)).ToList();
        if (left.Count == 0)
        {
            return 0;
        }
        var done = await received([.. left.Select(f => f.Accession)]);
        var removed = 0;
        foreach (var (file, accession, day) in left)
        {
            if (string.CompareOrdinal(day, today) < 0 || done.Contains(accession))
            {
                try
                {
                    file.Delete();
                    removed++;
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    LogNotRemoved(file.FullName, e);
                }
            }
        }
        return removed;
    }

    private List<FileInfo> List()
    {
        try
        {
            var files = new DirectoryInfo(path).EnumerateFiles("*.wl", Files).ToList();
            _missing = false;
            return files;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // said once, not with every query
            if (!_missing)
            {
                LogFolder(path, e);
            }
            _missing = true;
            return [];
        }
    }

    private async Task<Cached> ReadAsync(FileInfo file, Dictionary<string, Cached> known, CancellationToken ct)
    {
        var (writtenAt, length) = (DateTime.MinValue, 0L);
        try
        {
            (writtenAt, length) = (file.LastWriteTimeUtc, file.Length);
            if (known.TryGetValue(file.Name, out var cached) && cached.WrittenAt == writtenAt && cached.Length == length)
            {
                return cached;
            }
            // also pipes and devices have no length, and opening one could wait for ever
            if (length is 0 or > MaxFileSize)
            {
                LogFile(file.FullName, $"it has {length} bytes", null);
                return new Cached(writtenAt, length, null);
            }
            var entry = DicomFile.Parse(await File.ReadAllBytesAsync(file.FullName, ct)).Dataset;
            // type 1 (PS3.4 table K.6-1); the reader forgives so much that other files may look like data sets
            if (entry.GetSequence(DicomTag.ScheduledProcedureStepSequence).Count > 0)
            {
                return new Cached(writtenAt, length, entry);
            }
            LogFile(file.FullName, "it has no scheduled procedure step", null);
        }
        catch (DicomException e)
        {
            LogFile(file.FullName, e.Message, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogFile(file.FullName, e.Message, e);
        }
        return new Cached(writtenAt, length, null);
    }

    // R%010d-YYYYMMDDHHMMSS.wl
    [GeneratedRegex(@"^(?<accession>R(?<number>\d{10,15}))-(?<day>\d{8})\d{6}\.wl$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OldName();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The worklist folder {Folder} cannot be read; its entries are not served")]
    private partial void LogFolder(string folder, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} is passed over: {Reason}")]
    private partial void LogFile(string file, string reason, Exception? e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} cannot be removed")]
    private partial void LogNotRemoved(string file, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} does not hold a number; accession numbers go on with {Next} at least")]
    private partial void LogCounter(string file, string next);
}
