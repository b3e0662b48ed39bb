using System.Buffers;

namespace Pacs.Dicom.Network;

/// <summary>
/// The data set of one message as it arrives: PDU and PDV headers are stripped, memory belongs to the pipe. Reading is what makes the peer go
/// on sending; not reading is back pressure. One reader at a time.
/// </summary>
public sealed class DimseData
{
    private readonly Association _association;

    internal DimseData(Association association, PresentationContext context) => (_association, Context) = (association, context);

    /// <summary>The context it came on.</summary>
    public PresentationContext Context { get; }

    /// <summary>How it is written.</summary>
    public TransferSyntax Syntax => Context.TransferSyntax;

    /// <summary>How many bytes were consumed so far.</summary>
    public long BytesRead { get; internal set; }

    /// <summary>
    /// What has arrived, in as few pieces as the pipe has it, waiting for at least one byte. Empty: the last byte has been consumed. Each
    /// non-empty result must be followed by <see cref="Advance"/>, which ends its validity.
    /// </summary>
    /// <exception cref="AssociationException">The peer aborted, went away or broke the protocol before the end of the data set.</exception>
    public ValueTask<ReadOnlySequence<byte>> ReadAsync(CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Gives back what was consumed, e.g. up to <c>sequence.End</c>. The rest comes again with the next read.</summary>
    public void Advance(SequencePosition consumed) => throw new NotSupportedException();

    /// <summary>Reads the whole data set into memory: for identifiers and attribute lists, not for images.</summary>
    /// <param name="maxBytes">More is refused.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="DicomException">Longer than <paramref name="maxBytes"/>, or not a data set in this transfer syntax.</exception>
    /// <exception cref="AssociationException">The association ended before the data set did.</exception>
    public ValueTask<DicomDataset> ReadDatasetAsync(int maxBytes, CancellationToken ct) => throw new NotSupportedException();

    /// <summary>Reads the rest and throws it away, so that the association can go on.</summary>
    /// <exception cref="AssociationException">The association ended before the data set did.</exception>
    public ValueTask DrainAsync(CancellationToken ct) => throw new NotSupportedException();
}
