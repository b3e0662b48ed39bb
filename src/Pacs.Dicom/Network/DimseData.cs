using System.Buffers;

namespace Pacs.Dicom.Network;

/// <summary>
/// The data set of one message as it arrives: PDU and PDV headers are stripped, memory belongs to the pipe. Reading is what makes the peer go
/// on sending; not reading is back pressure. One reader at a time.
/// </summary>
public sealed class DimseData
{
    // a list of referenced instances has about 48: two UIDs and an item
    private const int BytesPerElement = 32;

    private readonly Association _association;

    internal DimseData(Association association, PresentationContext context) => (_association, Context) = (association, context);

    /// <summary>The context it came on.</summary>
    public PresentationContext Context { get; }

    /// <summary>How it is written.</summary>
    public TransferSyntax Syntax => Context.TransferSyntax;

    /// <summary>How many bytes were consumed so far.</summary>
    public long BytesRead { get; private set; }

    /// <summary>Whether the last byte has been consumed.</summary>
    public bool IsEnded { get; internal set; }

    /// <summary>
    /// What has arrived, in as few pieces as the pipe has it, waiting for at least one byte. Empty: the last byte has been consumed. Each
    /// non-empty result must be followed by <see cref="Advance"/>, which ends its validity.
    /// </summary>
    /// <exception cref="AssociationException">The peer aborted, went away or broke the protocol before the end of the data set.</exception>
    public ValueTask<ReadOnlySequence<byte>> ReadAsync(CancellationToken ct) => _association.ReadDataAsync(this, ct);

    /// <summary>Gives back what was consumed, e.g. up to <c>sequence.End</c>. The rest comes again with the next read.</summary>
    /// <param name="consumed">A position in the sequence that was read last.</param>
    public void Advance(SequencePosition consumed) => BytesRead += _association.AdvanceData(this, consumed);

    /// <summary>Reads the whole data set into memory: for identifiers and attribute lists, not for images.</summary>
    /// <param name="maxBytes">More is refused; the rest is left in the pipe.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="DicomException">
    /// Longer than <paramref name="maxBytes"/>, inflated too, with more elements than such a data set has, or not a data set in this transfer syntax.
    /// </exception>
    /// <exception cref="AssociationException">The association ended before the data set did.</exception>
    public ValueTask<DicomDataset> ReadDatasetAsync(int maxBytes, CancellationToken ct) => ReadDatasetAsync(maxBytes, null, default, ct);

    /// <summary>As above, with memory that is shared with other associations.</summary>
    /// <param name="maxBytes">More is refused; the rest is left in the pipe.</param>
    /// <param name="share">Where the memory comes from; null for no limit.</param>
    /// <param name="refusal">The answer to the request when there is none.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="DimseStatusException">There is no memory for it.</exception>
    internal async ValueTask<DicomDataset> ReadDatasetAsync(int maxBytes, DatasetShare? share, DimseStatus refusal, CancellationToken ct)
    {
        var bytes = new ArrayBufferWriter<byte>();
        while (await ReadAsync(ct) is { IsEmpty: false } sequence)
        {
            if (bytes.WrittenCount + sequence.Length > maxBytes)
            {
                Advance(sequence.Start);
                throw new DicomException($"The data set is longer than {maxBytes} bytes");
            }
            try
            {
                share?.Reach(bytes.WrittenCount + sequence.Length, refusal);
            }
            catch (DimseStatusException)
            {
                Advance(sequence.Start);
                throw;
            }
            foreach (var memory in sequence)
            {
                bytes.Write(memory.Span);
            }
            Advance(sequence.End);
        }
        // a few bytes must not become many: a deflated data set may not grow beyond what may be sent, and an element costs more than its header on the line
        var options = DicomReadOptions.Default with { MaxDeflatedOutput = maxBytes, MaxElements = Math.Max(4096, maxBytes / BytesPerElement) };
        if (Syntax.IsDeflated && share is not null)
        {
            try
            {
                return DicomReader.Read(bytes.WrittenMemory, Syntax, options with { MaxDeflatedOutput = Math.Min(maxBytes, DatasetBudget.Free) });
            }
            catch (DicomException)
            {
                share.Reach(maxBytes, refusal); // or it is wrong in another way, which it will be again
            }
        }
        return DicomReader.Read(bytes.WrittenMemory, Syntax, options);
    }

    /// <summary>Reads the rest and throws it away, so that the association can go on.</summary>
    /// <exception cref="AssociationException">The association ended before the data set did.</exception>
    public async ValueTask DrainAsync(CancellationToken ct)
    {
        _association.AbandonData();
        while (await ReadAsync(ct) is { IsEmpty: false } sequence)
        {
            Advance(sequence.End);
        }
    }
}
