using System.Buffers;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>An instance on its way in. Not safe for concurrent use. Disposing one that was not committed leaves nothing behind.</summary>
public sealed class StagedInstance : IAsyncDisposable
{
    internal StagedInstance()
    {
    }

    /// <summary>Bytes of the data set so far.</summary>
    public long Length { get; }

    /// <summary>
    /// Why this instance will not be stored, as soon as that is known: the disk is full, the bytes are no data set. Null while all is well. The caller may
    /// then stop appending, drain what is still to come and answer; or go on and get the same from <see cref="Archive.CommitAsync"/>.
    /// </summary>
    public StoreResult? Refusal { get; }

    /// <summary>The elements of <see cref="IndexTags.Scanned"/> seen so far.</summary>
    public DicomDataset Header => throw new NotSupportedException();

    /// <summary>Takes the next bytes of the data set. They belong to the caller again when this returns. Never throws for what the bytes or the disk are like.</summary>
    public void Append(in ReadOnlySequence<byte> bytes) => throw new NotSupportedException();

    /// <summary>As <see cref="Append(in ReadOnlySequence{byte})"/>, for one piece of memory.</summary>
    public void Append(ReadOnlyMemory<byte> bytes) => Append(new ReadOnlySequence<byte>(bytes));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
