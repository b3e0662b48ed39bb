using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>What is left of the parents after a deletion.</summary>
/// <param name="Instances">How many instances were deleted.</param>
/// <param name="RemainingLevel">The level of the nearest ancestor that is still there, or null when none is.</param>
/// <param name="Remaining">Its id.</param>
public sealed record DeleteResult(int Instances, Level? RemainingLevel, ResourceId Remaining);

/// <summary>
/// The one entrance every door uses. Storing: <see cref="Stage"/>, append the data set as it arrives,
/// <see cref="CommitAsync"/>, dispose. Safe for concurrent use; one staged instance belongs to one caller.
/// </summary>
public sealed class Archive
{
    /// <summary>Begins to receive an instance. Does no I/O but a look at the free space.</summary>
    /// <param name="sopClass">The SOP Class UID it was announced with.</param>
    /// <param name="sopInstance">The SOP Instance UID it was announced with.</param>
    /// <param name="syntax">The transfer syntax of the bytes to come.</param>
    /// <param name="sourceAe">The AE title that sends it, for (0002,0016), or null.</param>
    /// <returns>To be disposed by the caller, whatever happens.</returns>
    public StagedInstance Stage(string sopClass, string sopInstance, TransferSyntax syntax, string? sourceAe = null) => throw new NotSupportedException();

    /// <summary>
    /// Checks, coerces, publishes and indexes what was appended. When a result with <see cref="StoreResult.IsSafe"/> comes back, file and index
    /// are on the disk and survive a power cut.
    /// </summary>
    /// <remarks>Every expected outcome is a value, a full disk and malformed bytes included.</remarks>
    public Task<StoreResult> CommitAsync(StagedInstance staged, Origin origin, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Opens the file of an instance (Part 10, PS3.10 §7). It can be read to the end even if the instance is deleted meanwhile.</summary>
    /// <returns>Null when there is no such instance, or its file is missing.</returns>
    public ValueTask<Stream?> OpenAsync(ResourceId instance, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The elements of an instance before its pixel data.</summary>
    /// <returns>Null when there is no such instance, or its file is missing.</returns>
    /// <exception cref="DicomException">The file has been damaged.</exception>
    public ValueTask<DicomDataset?> ReadHeaderAsync(ResourceId instance, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>The path of a file, for those who let the system send it.</summary>
    /// <param name="key"><see cref="InstanceLocation.Key"/>.</param>
    /// <returns>Null when the file is missing.</returns>
    public string? TryGetPath(string key) => throw new NotSupportedException();

    /// <summary>Deletes a resource, everything below it, and every ancestor that has nothing left. Files go to the trash.</summary>
    /// <returns>Null when there is no such resource.</returns>
    public Task<DeleteResult?> DeleteAsync(Level level, ResourceId id, CancellationToken ct) => throw new NotSupportedException();
}
