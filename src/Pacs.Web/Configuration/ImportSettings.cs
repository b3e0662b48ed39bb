namespace Pacs.Web.Configuration;

/// <summary>The section <c>OrthancImport</c>.</summary>
public sealed class ImportSettings
{
    /// <summary>Whether what an Orthanc has kept is taken over. Default true: an Orthanc's index in our own folder is one that we replace, and its images are missed.</summary>
    public bool Enable { get; init; } = true;

    /// <summary>
    /// The storage folder of an Orthanc that does not run, or a copy of it; nothing in it is changed. Default: none, then <see cref="PacsOptions.StorageDirectory"/> and
    /// <see cref="PacsOptions.IndexDirectory"/> are looked at, which are Orthanc's folder where our image has replaced its image.
    /// </summary>
    [FolderPath]
    public string? StorageDirectory { get; init; }

    /// <summary>The folder of its index. Default: none, it is <see cref="StorageDirectory"/> as in Orthanc.</summary>
    [FolderPath]
    public string? IndexDirectory { get; init; }

    /// <summary>The address of an Orthanc that runs, with user and password where it wants them: <c>http://user:password@192.168.1.10:8042</c>. Default: none.</summary>
    [WebAddress]
    public Uri? Url { get; init; }
}
