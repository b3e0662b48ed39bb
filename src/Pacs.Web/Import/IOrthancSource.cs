using Pacs.Storage;

namespace Pacs.Web.Import;

/// <summary>An Orthanc whose resources are taken over: its folder, or the running server.</summary>
public interface IOrthancSource : IAsyncDisposable
{
    /// <summary>The instances it has, in the order of their arrival as far as it says so.</summary>
    /// <param name="since">The mark of an earlier list; only what came later is listed. 0: all.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="SourceException">It cannot be read.</exception>
    Task<SourceList> ListAsync(long since, CancellationToken ct);

    /// <summary>A resource, or null when it is not there any more.</summary>
    /// <exception cref="SourceException">It cannot be read.</exception>
    Task<SourceResource?> FindAsync(Level level, ResourceId id, CancellationToken ct);

    /// <summary>Opens a file of a resource, not compressed. Reading it to its end throws <see cref="InvalidDataException"/> when it is not the file that its MD5 was made of.</summary>
    /// <returns>Null when it is missing.</returns>
    /// <exception cref="SourceException">It cannot be read.</exception>
    Task<Stream?> OpenAsync(SourceResource resource, SourceFile file, CancellationToken ct);
}

/// <summary>What there is to be taken over.</summary>
/// <param name="Instances">The instances.</param>
/// <param name="Mark">What comes later has a greater number.</param>
public sealed record SourceList(IReadOnlyList<ResourceId> Instances, long Mark);

/// <summary>A resource of an Orthanc, without its tags: those are in the files.</summary>
/// <param name="Level">Its level.</param>
/// <param name="Id">Its id.</param>
/// <param name="Parent">What it belongs to; null for patients.</param>
/// <param name="Metadata">Its metadata by Orthanc's number.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Files">Its attachments; the one with number 1 of an instance is the DICOM file.</param>
/// <param name="Unnamed">Names of metadata and attachments whose number nobody knows.</param>
public sealed record SourceResource(
    Level Level, ResourceId Id, ResourceId? Parent, IReadOnlyDictionary<int, string> Metadata, IReadOnlyList<string> Labels, IReadOnlyList<SourceFile> Files, IReadOnlyList<string> Unnamed);

/// <summary>A file of an Orthanc.</summary>
/// <param name="Number">What it is.</param>
/// <param name="Name">Where it is.</param>
/// <param name="Size">Its length, not compressed.</param>
/// <param name="Md5">MD5 of it, not compressed, in lower case; empty when Orthanc was told to make none.</param>
/// <param name="IsCompressed">Whether it lies compressed on the disk.</param>
public sealed record SourceFile(int Number, string Name, long Size, string Md5, bool IsCompressed);

/// <summary>An Orthanc cannot be read. The message says why, without anything about patients.</summary>
public sealed class SourceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The kind, for people who read it in their language.</summary>
    public JobFault Fault { get; init; } = JobFault.NoSource;
}
