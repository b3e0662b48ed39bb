using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>An answer to a <see cref="DicomQuery"/>.</summary>
/// <param name="Level">Its level.</param>
/// <param name="RowId">Ascending from answer to answer, in order of arrival; for <see cref="DicomQuery.After"/>.</param>
/// <param name="Id">The id of the resource.</param>
/// <param name="Dataset">What the index knows of the keys, in UTF-8.</param>
public sealed record QueryRow(Level Level, long RowId, ResourceId Id, DicomDataset Dataset)
{
    /// <summary>What was asked and is in the file of the first instance only, in that file's character set; null when no file was needed.</summary>
    public DicomDataset? Header { get; internal set; }

    /// <summary>Whether a key could not be matched or answered: it does not belong to this level, its file is missing, or too many files would have to be opened.</summary>
    public bool HasUnsupportedKeys { get; internal set; }

    internal string? Key { get; init; }
}
