using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// An instance on its way in: what is appended goes to a staging file, through a hash and past a <see cref="HeaderScanner"/>, and is not kept. Not
/// safe for concurrent use. Disposing one that was not committed leaves nothing behind.
/// </summary>
public sealed class StagedInstance : IAsyncDisposable
{
    // a write per PDU of 16 KiB costs visibly more than one of 128 KiB
    private const int BufferSize = 128 * 1024;

    // how much may arrive between two looks at the free space
    private const long RoomStep = 64L << 20;

    private readonly FileInstanceStore _store;
    private readonly HeaderScanner _scanner;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    private int _buffered;
    private SafeFileHandle? _handle;
    private string? _path;
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
        meta.WrittenSpan.CopyTo(_buffer);
        _buffered = DataOffset;
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
    internal long FileLength => _written + _buffered;

    /// <summary>Bytes of the file before the pixel data; after <see cref="Complete"/>.</summary>
    internal long HeaderLength => DataOffset + _scanner.HeaderLength;

    /// <summary>SHA-256 of the data set; after <see cref="Complete"/>.</summary>
    internal byte[] Digest { get; private set; } = [];

    /// <summary>Takes the next bytes of the data set. They belong to the caller again when this returns. Never throws for what the bytes or the disk are like.</summary>
    public void Append(in ReadOnlySequence<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_buffer is null, this);
        if (Refusal is not null)
        {
            return;
        }
        try
        {
            _scanner.Push(bytes);
            foreach (var piece in bytes)
            {
                _hash.AppendData(piece.Span);
            }
            Write(bytes);
            if (FileLength - _roomCheckedAt >= RoomStep)
            {
                _roomCheckedAt = FileLength;
                if (!_store.HasRoom())
                {
                    Refuse(StoreOutcome.OutOfResources, "Disk full");
                }
            }
        }
        catch (DicomException)
        {
            Refuse(StoreOutcome.Malformed, "The data set cannot be read");
        }
        catch (Exception e) when (IsStorageFailure(e))
        {
            Refuse(e);
        }
    }

    /// <summary>As <see cref="Append(in ReadOnlySequence{byte})"/>, for one piece of memory.</summary>
    public void Append(ReadOnlyMemory<byte> bytes) => Append(new ReadOnlySequence<byte>(bytes));

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
            _hash.Dispose();
            _handle?.Dispose();
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
        return ValueTask.CompletedTask;
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

    /// <summary>Says that all bytes have come.</summary>
    internal void Complete()
    {
        if (Refusal is not null)
        {
            return;
        }
        try
        {
            _scanner.Complete();
            Digest = _hash.GetHashAndReset();
        }
        catch (DicomException)
        {
            Refuse(StoreOutcome.Malformed, "The data set cannot be read to its end");
        }
    }

    /// <summary>Reads back what was appended. Only for what has to be rewritten.</summary>
    internal void Read(long offset, Span<byte> destination)
    {
        Flush();
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(_handle!, destination, offset);
            if (read == 0)
            {
                throw new EndOfStreamException("The staging file has been cut");
            }
            destination = destination[read..];
            offset += read;
        }
    }

    /// <summary>
    /// Puts the file under its key: fsync of the file, rename, fsync of the folder. Blocks: for the disk threads.
    /// </summary>
    /// <returns>The key. The file now belongs to the store.</returns>
    internal string Publish(DateTimeOffset receivedAt)
    {
        Flush();
        CrashPoint.Hit("after-append");
        RandomAccess.FlushToDisk(_handle!);
        // some file systems notice only now that they had no room
        if (RandomAccess.GetLength(_handle!) != _written)
        {
            throw new IOException("The staging file is not as long as what was written");
        }
        CrashPoint.Hit("after-fsync");
        _handle!.Dispose();
        var key = _store.Publish(_path!, receivedAt);
        _path = null;
        return key;
    }

    private void Write(in ReadOnlySequence<byte> bytes)
    {
        if (_buffered + bytes.Length <= BufferSize)
        {
            bytes.CopyTo(_buffer.AsSpan(_buffered));
            _buffered += (int)bytes.Length;
            return;
        }
        // what was gathered and what has come, in one gathering write without a copy
        _pieces.Clear();
        _pieces.Add(_buffer.AsMemory(0, _buffered));
        foreach (var piece in bytes)
        {
            _pieces.Add(piece);
        }
        RandomAccess.Write(OpenFile(), _pieces, _written);
        _written += _buffered + bytes.Length;
        _buffered = 0;
        _pieces.Clear();
    }

    private void Flush()
    {
        var handle = OpenFile();
        RandomAccess.Write(handle, _buffer.AsSpan(0, _buffered), _written);
        _written += _buffered;
        _buffered = 0;
    }

    // an instance that fits the buffer, and turns out to be there already, never touches the disk
    private SafeFileHandle OpenFile()
    {
        if (_handle is null)
        {
            (_path, _handle) = _store.CreateStaged();
            CrashPoint.Hit("after-stage");
        }
        return _handle;
    }
}
