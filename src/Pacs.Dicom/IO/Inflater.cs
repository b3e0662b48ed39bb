using System.IO.Compression;

namespace Pacs.Dicom;

/// <summary>
/// Inflates a deflated data set (PS3.5 §A.5) that is pushed in pieces, within bounds. Works in blocks of the input whatever the pieces are, so
/// that the outcome does not depend on them. Streams with a zlib header, and data sets that are not deflated at all, are seen in practice and read.
/// </summary>
internal sealed class Inflater : IDisposable
{
    /// <summary>A small input may expand to this much whatever the ratio.</summary>
    private const long Floor = 64L << 20;

    /// <summary>Otherwise output is bounded by this many times the input (a stream of equal bytes reaches 1030).</summary>
    private const long Ratio = 200;

    private const int BlockSize = 4096;

    private readonly Input _input = new();
    private readonly DeflateStream _deflate;
    private readonly DicomReadOptions _options;
    private readonly DicomWarnings _warnings;
    private readonly long _start;
    private readonly byte[] _block = new byte[BlockSize];
    private int _filled;
    private long _taken;
    private long _produced;
    private bool _isPlain;

    public Inflater(DicomReadOptions options, DicomWarnings warnings, long start)
    {
        _options = options;
        _warnings = warnings;
        _start = start;
        _deflate = new DeflateStream(_input, CompressionMode.Decompress);
    }

    /// <summary>Takes input until a block is full. True when it is: call <see cref="Read"/> until it gives nothing, then go on.</summary>
    public bool Take(ref ReadOnlySpan<byte> bytes)
    {
        var count = Math.Min(BlockSize - _filled, bytes.Length);
        bytes[..count].CopyTo(_block.AsSpan(_filled));
        bytes = bytes[count..];
        _filled += count;
        return _filled == BlockSize && Release();
    }

    /// <summary>Says that there is no more input: the last block is not full. Call <see cref="Read"/> until it gives nothing.</summary>
    public void Finish() => Release();

    /// <summary>Inflated bytes of the block, 0 when there are no more.</summary>
    /// <exception cref="DicomException">Not a deflate stream, or one that expands beyond all reason.</exception>
    public int Read(Span<byte> output)
    {
        int count;
        try
        {
            count = _isPlain ? _input.Read(output) : _deflate.Read(output);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new DicomException("Not a deflated data set", null, _start + _taken, e);
        }
        _produced += count;
        if (_produced > Math.Min(_options.MaxDeflatedOutput, Math.Max(Floor, Ratio * _taken)))
        {
            throw new DicomException($"A deflated data set of {_taken} bytes expands to more than {_produced - count}", null, _start + _taken);
        }
        return count;
    }

    public void Dispose() => _deflate.Dispose();

    private bool Release()
    {
        var block = _block.AsMemory(0, _filled);
        if (_taken == 0 && _filled >= 8)
        {
            var head = block.Span;
            // zlib (RFC 1950): method 8, and the two bytes a multiple of 31; no deflate stream begins so, its padding bits would not be zero
            if ((head[0] & 0x0F) == 8 && ((head[0] << 8) | head[1]) % 31 == 0 && head[0] != 0x08)
            {
                _warnings.Add("A zlib header before the deflated data set", null, _start);
                block = block[2..];
            }
            else if (head[0] == 0x08 && head[1] == 0 && ElementHeader.LooksExplicit(head))
            {
                _warnings.Add("A data set that is not deflated although its transfer syntax is", null, _start);
                _isPlain = true;
            }
        }
        _taken += _filled;
        _filled = 0;
        _input.Next = block;
        return true;
    }

    /// <summary>The block as a stream. Its "end" only means that the next block is not there yet: <see cref="DeflateStream"/> asks again.</summary>
    private sealed class Input : Stream
    {
        public ReadOnlyMemory<byte> Next { get; set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, Next.Length);
            Next.Span[..count].CopyTo(buffer);
            Next = Next[count..];
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

/// <summary>A deflated data set in memory, inflated as far as somebody needs it.</summary>
internal sealed class InflatedBuffer(ReadOnlyMemory<byte> deflated, DicomReadOptions options, DicomWarnings warnings, long start) : IDisposable
{
    private readonly Inflater _inflater = new(options, warnings, start);
    private byte[] _buffer = new byte[Math.Clamp(deflated.Length * 4L, 4096, 1 << 20)];
    private int _taken;

    /// <summary>Whether all has been inflated.</summary>
    public bool IsComplete { get; private set; }

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, Length);

    /// <summary>Inflates until there are at least so many bytes, or all.</summary>
    public void FillTo(long target)
    {
        while (Length < target && !IsComplete)
        {
            var input = deflated.Span[_taken..];
            if (!_inflater.Take(ref input))
            {
                _inflater.Finish();
                IsComplete = true;
            }
            _taken = deflated.Length - input.Length;
            Drain();
        }
    }

    public void Dispose() => _inflater.Dispose();

    private void Drain()
    {
        while (true)
        {
            if (Length == Array.MaxLength)
            {
                throw new DicomException("A deflated data set of more than 2 GB cannot be read into memory", null, start);
            }
            if (Length == _buffer.Length)
            {
                // the slices of an earlier look keep the old array
                Array.Resize(ref _buffer, (int)Math.Min(Array.MaxLength, Math.Max(_buffer.Length + 1L, _buffer.Length * 2L)));
            }
            var count = _inflater.Read(_buffer.AsSpan(Length));
            if (count == 0)
            {
                return;
            }
            Length += count;
        }
    }
}
