using System.IO.Compression;
using System.Runtime.CompilerServices;

namespace Pacs.Web.Upload;

/// <summary>One file, or a ZIP of files, as it comes in the body of a request.</summary>
internal sealed class UploadBody : IAsyncDisposable
{
    // a study of a hospital's CT on one medium has some ten thousand
    private const int MaxEntries = 200_000;

    private const int Piece = 64 * 1024;

    private readonly Stream _body;
    private FileStream? _spool;

    private UploadBody(byte[] start, Stream rest)
    {
        Start = start;
        _body = new StartedStream(start, rest);
    }

    /// <summary>The first bytes, at most 132: enough for the prefix of a DICOM file (PS3.10 §7.1).</summary>
    public ReadOnlyMemory<byte> Start { get; }

    /// <summary>Whether there is nothing.</summary>
    public bool IsEmpty => Start.IsEmpty;

    /// <summary>Whether it is a ZIP.</summary>
    public bool IsZip => Start.Span.StartsWith("PK\u0003\u0004"u8);

    /// <summary>Looks at the first bytes.</summary>
    public static async Task<UploadBody> OpenAsync(Stream body, CancellationToken ct)
    {
        var start = new byte[132];
        var count = await body.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, ct);
        return new UploadBody(start[..count], body);
    }

    /// <summary>The body, if it is one file.</summary>
    public Stream Content => _body;

    /// <summary>The files of the ZIP, each to be read before the next one.</summary>
    /// <exception cref="InvalidDataException">The ZIP is damaged, or has too many files.</exception>
    public async IAsyncEnumerable<Stream> FilesAsync([EnumeratorCancellation] CancellationToken ct)
    {
        // its directory is at its end: it lies on the disk meanwhile, in a file without a name that survives nothing
        _spool = new FileStream(Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, Piece, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
        await _body.CopyToAsync(_spool, ct);
        _spool.Position = 0;
        await using var zip = new ZipArchive(_spool, ZipArchiveMode.Read);
        if (zip.Entries.Count > MaxEntries)
        {
            throw new InvalidDataException($"A ZIP has at most {MaxEntries} files");
        }
        foreach (var entry in zip.Entries.Where(e => e.Name.Length > 0)) // without a name it is a folder
        {
            await using var file = await entry.OpenAsync(ct);
            yield return file;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_spool is not null)
        {
            await _spool.DisposeAsync();
        }
    }

    /// <summary>A stream whose first bytes have been looked at.</summary>
    private sealed class StartedStream(ReadOnlyMemory<byte> start, Stream rest) : Stream
    {
        private ReadOnlyMemory<byte> _start = start;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_start.IsEmpty)
            {
                return rest.ReadAsync(buffer, cancellationToken);
            }
            var count = Math.Min(buffer.Length, _start.Length);
            _start[..count].CopyTo(buffer);
            _start = _start[count..];
            return new(count);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
