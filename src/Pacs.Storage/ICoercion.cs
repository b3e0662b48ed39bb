using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// Repairs what a device is known to send wrong, before the instance is stored (PS3.4 §B.4.1.3 allows an SCP to coerce). What it changes is recorded
/// in (0400,0561) Original Attributes Sequence; pixel data pass through as they are. A coercion must be pure: the same header always gives
/// the same result.
/// </summary>
public interface ICoercion
{
    /// <summary>What it is called in logs, e.g. <c>sonoscape</c>.</summary>
    string Name { get; }

    /// <summary>Whether it has something to repair. Called for every instance: must be quick.</summary>
    /// <param name="header">The elements of <see cref="IndexTags.Scanned"/> that the instance has.</param>
    /// <param name="syntax">The transfer syntax of the instance.</param>
    bool Applies(DicomDataset header, TransferSyntax syntax);

    /// <summary>Changes the header.</summary>
    /// <param name="header">
    /// Every element before the pixel data. SOP Class and SOP Instance UID must stay: the sender has been told, or is about to be told, that this
    /// instance is stored. Sequences are replaced as a whole, not changed item by item, or the record of original values misses it.
    /// </param>
    /// <param name="pixelData">
    /// The beginning of the pixel data element's value as it is in the file: for encapsulated data the item of the basic offset table, then the first
    /// fragment (PS3.5 §A.4). At most 64 KiB, enough for the markers of a JPEG stream; empty when there are no pixel data. To look at, not to change.
    /// </param>
    void Apply(DicomDataset header, ReadOnlySpan<byte> pixelData);
}
