namespace Pacs.Storage;

/// <summary>Where worklist entries come from and when they go.</summary>
public sealed class WorklistOptions
{
    /// <summary>
    /// A folder whose <c>*.wl</c> files are served beside the entries of the index, as Orthanc does: other programs put them there and take them
    /// away. The counter of the old plugin (<c>accessionid.conf</c>) is continued from here. Default: null, none.
    /// </summary>
    public string? Folder { get; set; }

    /// <summary>The time between two clean-ups. Default 10 minutes, as the old image. Null: no clean-up at all.</summary>
    public TimeSpan? CleanupInterval { get; set; } = TimeSpan.FromMinutes(10);
}
