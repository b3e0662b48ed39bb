using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Pacs.Web.Import;

/// <summary>A stream that is read once from its beginning; at its end it throws <see cref="InvalidDataException"/> unless length and MD5 are what they should be.</summary>
[SuppressMessage("Security", "CA5351", Justification = "Orthanc keeps MD5; it is to find damage, not forgery")]
internal sealed class CheckedStream(Stream inner, SourceFile file, TimeSpan patience) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
    private long _length;
    private bool _ended;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => _length; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            return Check(buffer, await inner.ReadAsync(buffer, limit.Token));
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException("The other side is silent in the middle of a file", e);
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Check(buffer.AsMemory(offset, count), inner.Read(buffer, offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
            inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private int Check(ReadOnlyMemory<byte> buffer, int read)
    {
        _length += read;
        // a file that unpacks to more than it was is damaged, and shall not fill the disk
        if (_length > file.Size || (read == 0 && buffer.Length > 0 && _length < file.Size))
        {
            throw new InvalidDataException("Its length is not the one Orthanc has noted");
        }
        if (read > 0)
        {
            _hash.AppendData(buffer.Span[..read]);
        }
        else if (buffer.Length > 0 && !_ended)
        {
            _ended = true;
            if (file.Md5.Length > 0 && !string.Equals(Convert.ToHexStringLower(_hash.GetHashAndReset()), file.Md5, StringComparison.OrdinalIgnoreCase))
            {
                throw new InvalidDataException("Its MD5 is not the one Orthanc has noted");
            }
        }
        return read;
    }
}
