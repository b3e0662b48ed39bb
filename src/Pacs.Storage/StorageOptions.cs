namespace Pacs.Storage;

/// <summary>Where instances and index live, and the limits they live in.</summary>
public sealed class StorageOptions
{
    /// <summary>The folder of the DICOM files. Default <c>data/dicom</c> below the working directory, so that a first start needs no setting.</summary>
    public string StorageDirectory { get; set; } = Path.Join("data", "dicom");

    /// <summary>
    /// The folder of the index. Default: null, which is the folder <c>index</c> beside <see cref="StorageDirectory"/>. Put it on a local disk:
    /// SQLite's write-ahead log needs shared memory, which network shares do not give.
    /// </summary>
    public string? IndexDirectory { get; set; }

    /// <summary>
    /// Below this many free bytes on either volume new instances are refused (A700H) instead of filling it. Default: null, which is 512 MiB but
    /// never more than 5 % of the volume: enough for the index to go on working, deletion included, and still usable on small volumes.
    /// </summary>
    public long? MinimumFreeSpace { get; set; }

    /// <summary>
    /// What happens when a SOP instance arrives again with other content. False (default, as Orthanc): the first stays, the second is kept
    /// aside and shown as a conflict. True: the second takes its place and the first is deleted.
    /// </summary>
    public bool OverwriteInstances { get; set; }

    /// <summary>A patient, study or series that got nothing new for so long is stable. Default 60 s, as Orthanc.</summary>
    public TimeSpan StableAge { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How many jobs that succeeded are kept for people to see, and ten times as many that failed. Default 100; Orthanc's 10 are an hour of a busy morning.</summary>
    public int JobsHistorySize { get; set; } = 100;

    /// <summary>How long a study that people have deleted stays in the <see cref="Bin"/>. Default 30 days: somebody who was on holiday can still have it back.</summary>
    public TimeSpan BinAge { get; set; } = TimeSpan.FromDays(30);

    /// <summary>
    /// How long files of deleted instances stay on the disk. Default 10 minutes: longer than a retrieve between looking a file up and opening it, short
    /// enough for whoever must delete.
    /// </summary>
    public TimeSpan TrashAge { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How many threads wait for the disk. Default 16: file system journals commit the waiting fsyncs together, so that more of them at once
    /// cost no more than one, and the thread pool stays free for the network.
    /// </summary>
    public int DiskThreads { get; set; } = 16;

    /// <summary>
    /// How large each of the two files of the intake journal in the index folder may grow, in bytes. Default 16 MiB: measured, a
    /// tenth faster than 64, because the files are full size sooner and what does not grow is flushed faster.
    /// </summary>
    public long JournalSize { get; set; } = 16L << 20;

    /// <summary>How often an event is given to a consumer that fails before it is parked and the feed goes on. Default 3.</summary>
    public int EventAttempts { get; set; } = 3;

    /// <summary>
    /// The wait before the second attempt; it doubles from attempt to attempt up to <see cref="EventRetryLimit"/>. Default 1 s: shorter than somebody
    /// waits for a report, longer than a share needs to be mounted again.
    /// </summary>
    public TimeSpan EventRetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait between two attempts of a parked event. Default 5 minutes.</summary>
    public TimeSpan EventRetryLimit { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary><see cref="IndexDirectory"/> with its default resolved.</summary>
    public string ResolvedIndexDirectory =>
        IndexDirectory ?? Path.Join(Path.GetDirectoryName(Path.GetFullPath(Path.TrimEndingDirectorySeparator(StorageDirectory))), "index");

    /// <summary>What is wrong with these values, one sentence each; empty when nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (string.IsNullOrWhiteSpace(StorageDirectory))
        {
            yield return $"{nameof(StorageDirectory)} must name a folder.";
        }
        if (IndexDirectory is not null && string.IsNullOrWhiteSpace(IndexDirectory))
        {
            yield return $"{nameof(IndexDirectory)} must name a folder.";
        }
        if (MinimumFreeSpace < 0)
        {
            yield return $"{nameof(MinimumFreeSpace)} must not be negative.";
        }
        if (StableAge <= TimeSpan.Zero)
        {
            yield return $"{nameof(StableAge)} must be longer than nothing.";
        }
        if (TrashAge < TimeSpan.Zero)
        {
            yield return $"{nameof(TrashAge)} must not be negative.";
        }
        if (BinAge <= TimeSpan.Zero)
        {
            yield return $"{nameof(BinAge)} must be longer than nothing.";
        }
        if (DiskThreads is < 1 or > 256)
        {
            yield return $"{nameof(DiskThreads)} must be between 1 and 256.";
        }
        if (JournalSize < 1L << 20)
        {
            yield return $"{nameof(JournalSize)} must be at least 1 MiB.";
        }
        if (EventAttempts < 1)
        {
            yield return $"{nameof(EventAttempts)} must be at least 1.";
        }
        if (EventRetryDelay <= TimeSpan.Zero || EventRetryLimit < EventRetryDelay)
        {
            yield return $"{nameof(EventRetryDelay)} must be longer than nothing and not longer than {nameof(EventRetryLimit)}.";
        }
    }
}
