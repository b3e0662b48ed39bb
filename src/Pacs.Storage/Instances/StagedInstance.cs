using System.Buffers;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// An instance on its way in: what is appended goes past a <see cref="HeaderScanner"/> and through a digest into a block of memory, and block by block to a
/// staging file, while the next block fills. Not safe for concurrent use. Disposing one that was not committed leaves nothing behind.
/// </summary>
public sealed class StagedInstance : IAsyncDisposable
{
    // how much may arrive between two looks at the free space
    private const long RoomStep = 64L << 20;

    private readonly FileInstanceStore _store;
    private readonly HeaderScanner _scanner;
    private readonly ContentDigest _digest = new();
    private StagingBlock? _block;
    private StagingBlock? _spare;
    private int _used;
    private UncachedFile? _file;
    private string? _path;
    private Task _writing = Task.CompletedTask;
    private long _written;
    private long _roomCheckedAt;

    internal StagedInstance(FileInstanceStore store, string sopClass, string sopInstance, TransferSyntax syntax, string? sourceAe)
    {
        _store = store;
        SopClass = sopClass;
        SopInstance = sopInstance;
        Syntax = syntax;
        SourceAe = sourceAe;
        _scanner = new HeaderScanner(syntax, IndexTags.Scanned);
        _block = StagingBlock.Rent();
        if (!DicomUid.IsTolerable(sopClass) || !DicomUid.IsTolerable(sopInstance))
        {
            Refuse(StoreOutcome.InvalidIdentity, "SOP Class or Instance UID is missing or not a UID");
            return;
        }
        if (!store.HasRoom())
        {
            Refuse(StoreOutcome.OutOfResources, "Disk full");
            return;
        }
        var meta = new ArrayBufferWriter<byte>(512);
        FileMetaInformation.Write(meta, sopClass, sopInstance, syntax, sourceAe);
        DataOffset = meta.WrittenCount;
        meta.WrittenSpan.CopyTo(_block.Memory.Span);
        _used = DataOffset;
    }

    /// <summary>The SOP Class UID it was announced with.</summary>
    public string SopClass { get; }

    /// <summary>The SOP Instance UID it was announced with.</summary>
    public string SopInstance { get; }

    /// <summary>The transfer syntax of the data set.</summary>
    public TransferSyntax Syntax { get; }

    /// <summary>Bytes of the data set so far.</summary>
    public long Length => FileLength - DataOffset;

    /// <summary>
    /// Why this instance will not be stored, as soon as that is known: the disk is full, the bytes are no data set. Null while all is well. The caller may
    /// then stop appending, drain what is still to come and answer; or go on and get the same from <see cref="Archive.CommitAsync"/>.
    /// </summary>
    public StoreResult? Refusal { get; private set; }

    /// <summary>The elements of <see cref="IndexTags.Scanned"/> seen so far.</summary>
    public DicomDataset Header => _scanner.Header;

    internal string? SourceAe { get; }

    internal int DataOffset { get; }

    /// <summary>Bytes of the file so far, preamble and meta group included.</summary>
    internal long FileLength => _written + _used;

    /// <summary>Bytes of the file before the pixel data; after <see cref="CompleteAsync"/>.</summary>
    internal long HeaderLength => DataOffset + _scanner.HeaderLength;

    /// <summary><see cref="ContentDigest"/> of the data set; after <see cref="CompleteAsync"/>.</summary>
    internal byte[] Digest { get; private set; } = [];

    /// <summary>The whole file, while it is small enough to be in memory alone.</summary>
    internal ReadOnlyMemory<byte>? Whole => _written == 0 ? _block!.Memory[.._used] : null;

    /// <summary>
    /// Takes the next bytes of the data set. They belong to the caller again when this is done. Waits for the disk when it is slower than the sender. Never
    /// throws for what the bytes or the disk are like.
    /// </summary>
    public ValueTask AppendAsync(ReadOnlySequence<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_block is null, this);
        if (Refusal is not null)
        {
            return default;
        }
        try
        {
            _scanner.Push(bytes);
        }
        catch (DicomException)
        {
            Refuse(StoreOutcome.Malformed, "The data set cannot be read");
            return default;
        }
        foreach (var piece in bytes)
        {
            _digest.Append(piece.Span);
        }
        var rest = Fill(bytes);
        return rest.IsEmpty ? default : WriteAsync(rest);
    }

    /// <summary>As <see cref="AppendAsync(ReadOnlySequence{byte})"/>, for one piece of memory.</summary>
    public ValueTask AppendAsync(ReadOnlyMemory<byte> bytes) => AppendAsync(new ReadOnlySequence<byte>(bytes));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_block is null)
        {
            return;
        }
        try
        {
            await _writing; // the disk may still be reading from the other block
        }
        catch (Exception e) when (IsStorageFailure(e))
        {
            Refuse(e);
        }
        StagingBlock.Return(_block);
        _block = null;
        if (_spare is not null)
        {
            StagingBlock.Return(_spare);
        }
        _file?.Dispose();
        if (_path is not null)
        {
            // a failing disk may keep it; the sweep at the next start takes it then
            try
            {
                File.Delete(_path);
            }
            catch (Exception e) when (IsStorageFailure(e))
            {
                _path = null;
            }
        }
    }

    /// <summary>What a disk that is full, read-only, failing or gone makes the BCL throw.</summary>
    internal static bool IsStorageFailure(Exception e) => e is IOException or UnauthorizedAccessException;

    internal void Refuse(StoreOutcome outcome, string reason) => Refusal ??= StoreResult.Refused(outcome, reason);

    internal void Refuse(Exception e)
    {
        const int DiskFull = 28; // ENOSPC
        const int QuotaExceeded = 122; // EDQUOT
        const int WindowsDiskFull = unchecked((int)0x80070070); // ERROR_DISK_FULL
        Refuse(StoreOutcome.OutOfResources, e.HResult is DiskFull or QuotaExceeded or WindowsDiskFull ? "Disk full" : "The storage cannot be written");
    }

    /// <summary>Says that all bytes have come. Nothing is being written any more when this is done.</summary>
    internal async ValueTask CompleteAsync()
    {
        try
        {
            await _writing;
        }
        catch (Exception e) when (IsStorageFailure(e))
        {
            Refuse(e);
        }
        if (Refusal is not null)
        {
            return;
        }
        try
        {
            _scanner.Complete();
            Digest = _digest.Finish();
        }
        catch (DicomException)
        {
            Refuse(StoreOutcome.Malformed, "The data set cannot be read to its end");
        }
    }

    /// <summary>Reads back what was appended, after <see cref="CompleteAsync"/>. Only for what has to be rewritten. Blocks.</summary>
    internal void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int read;
            if (offset >= _written)
            {
                read = (int)Math.Min(destination.Length, FileLength - offset);
                _block!.Memory.Span.Slice((int)(offset - _written), read).CopyTo(destination);
            }
            else
            {
                read = _file!.Read(offset, destination[..(int)Math.Min(destination.Length, _written - offset)]);
            }
            if (read <= 0)
            {
                throw new EndOfStreamException("The staging file has been cut");
            }
            destination = destination[read..];
            offset += read;
        }
    }

    /// <summary>
    /// Puts the staging file under its key: fsync of the file, rename, fsync of the folder. Blocks: for the disk threads.
    /// </summary>
    /// <returns>The key. The file now belongs to the store.</returns>
    internal string Publish(DateTimeOffset receivedAt)
    {
        _file!.Append(_block!.Memory.Span[.._used]);
        CrashPoint.Hit("after-append");
        _file.Flush();
        CrashPoint.Hit("after-fsync");
        _file.Dispose();
        var key = _store.Publish(_path!, receivedAt);
        _path = null;
        return key;
    }

    private ReadOnlySequence<byte> Fill(ReadOnlySequence<byte> bytes)
    {
        var fits = bytes.Slice(0, Math.Min(bytes.Length, StagingBlock.Size - _used));
        fits.CopyTo(_block!.Memory.Span[_used..]);
        _used += (int)fits.Length;
        return bytes.Slice(fits.End);
    }

    private async ValueTask WriteAsync(ReadOnlySequence<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                await _writing;
                if (FileLength - _roomCheckedAt >= RoomStep || _store.IsFull)
                {
                    _roomCheckedAt = FileLength;
                    if (!_store.HasRoom())
                    {
                        Refuse(StoreOutcome.OutOfResources, "Disk full");
                        return;
                    }
                }
                var full = _block!;
                _block = _spare ?? StagingBlock.Rent();
                _spare = full;
                _written += StagingBlock.Size;
                _used = 0;
                _writing = _store.RunAsync(() =>
                {
                    if (_file is null)
                    {
                        (_path, _file) = _store.CreateStaged();
                        CrashPoint.Hit("after-stage");
                    }
                    _file.Append(full.Memory.Span);
                    return true;
                });
                bytes = Fill(bytes);
            }
        }
        catch (Exception e) when (IsStorageFailure(e))
        {
            Refuse(e);
        }
    }
}
