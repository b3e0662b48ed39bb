using System.Buffers;

namespace Pacs.Dicom;

/// <summary>
/// Looks at a data set while it passes by, in whatever pieces it comes: keeps the wanted elements, notes where the pixel data begin and from
/// then on only counts. Memory does not grow with the instance, and cutting the same bytes differently never changes the outcome.
/// </summary>
/// <remarks>Elements after the pixel data (padding, digital signatures) are not looked at.</remarks>
public sealed class HeaderScanner
{
    /// <summary>A scanner for one data set.</summary>
    /// <param name="syntax">The transfer syntax of the data set.</param>
    /// <param name="wanted">Elements of the data set itself (not of items) to keep; (0008,0005) is kept always. Ascending order saves a sort.</param>
    /// <param name="options">Limits; null for the defaults.</param>
    public HeaderScanner(TransferSyntax syntax, IEnumerable<DicomTag> wanted, DicomReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(syntax);
        ArgumentNullException.ThrowIfNull(wanted);
    }

    /// <summary>Whether the pixel data have been reached or the data set has ended: <see cref="Header"/> is complete.</summary>
    public bool Done { get; private set; }

    /// <summary>
    /// Where the pixel data element begins, in bytes from the start of the data set as received; without pixel data, and for deflated data
    /// sets always, the length of the whole. Final once <see cref="Complete"/> was called, or for data sets that are not deflated once <see cref="Done"/>.
    /// </summary>
    public long HeaderLength { get; private set; }

    /// <summary>Bytes pushed so far.</summary>
    public long Received { get; private set; }

    /// <summary>The wanted elements that have come.</summary>
    public DicomDataset Header { get; } = [];

    /// <summary>What had to be forgiven.</summary>
    public DicomWarnings Warnings { get; } = [];

    /// <summary>Takes the next bytes.</summary>
    /// <exception cref="DicomException">They are not a data set, or exceed a limit. Thrown again by every later call.</exception>
    public void Push(in ReadOnlySequence<byte> bytes)
    {
        foreach (var piece in bytes)
        {
            Push(piece.Span);
        }
    }

    /// <inheritdoc cref="Push(in ReadOnlySequence{byte})"/>
    public void Push(ReadOnlySpan<byte> bytes) => throw new NotSupportedException("lands within minutes");

    /// <summary>Says that the data set has ended.</summary>
    /// <exception cref="DicomException">It has ended in the middle of an element.</exception>
    public void Complete() => throw new NotSupportedException("lands within minutes");
}
