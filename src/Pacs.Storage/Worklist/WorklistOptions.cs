namespace Pacs.Storage;

/// <summary>Where worklist entries come from and when they go.</summary>
public sealed class WorklistOptions
{
    /// <summary>
    /// A folder whose <c>*.wl</c> files are served beside the entries of the index, as Orthanc does: other programs put them there and take them
    /// away. The counter of the old plugin (<c>accessionid.conf</c>) is continued from here. Default: null, none.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>
    /// Whether an entry is not served any more once its step is reported as completed. Default true: a device's list shows what there is to do. False: it is served as
    /// <c>COMPLETED</c> until the clean-up takes it.
    /// </summary>
    public bool HideCompleted { get; set; } = true;

    /// <summary>The time between two clean-ups. Default 10 minutes, as the old image. Null: no clean-up at all.</summary>
    public TimeSpan? CleanupInterval { get; set; } = TimeSpan.FromMinutes(10);
}
