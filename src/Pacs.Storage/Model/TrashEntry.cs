namespace Pacs.Storage;

/// <summary>A file nobody refers to any more; <see cref="TrashWorker"/> removes it when its time has come.</summary>
public sealed class TrashEntry
{
    /// <summary>The file, as in <see cref="Instance.Key"/>.</summary>
    public string Key { get; set; } = "";

    /// <summary>When it may go.</summary>
    public DateTimeOffset DueAt { get; set; }

    /// <summary>How often removing it has failed.</summary>
    public int Attempts { get; set; }
}
