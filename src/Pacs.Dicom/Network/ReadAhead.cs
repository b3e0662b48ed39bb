using System.Buffers;
using System.Threading.Channels;

namespace Pacs.Dicom.Network;

/// <summary>
/// Reads the data sets of many instances in large pieces, one piece ahead of the sender, from one instance to the next: while the peer stores an instance and
/// its answer is on its way, the next one is opened and read. Memory is that of three pieces, however large the instances are.
/// </summary>
internal sealed class ReadAhead : IAsyncDisposable
{
    // most images are one piece: one read, and a length that is known before the first byte is out
    internal const int PieceLength = 1024 * 1024;

    private readonly Channel<Piece> _pieces = Channel.CreateBounded<Piece>(new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    /// <param name="steps">What to read, in this order, and in which transfer syntax it is to come out.</param>
    public ReadAhead(IReadOnlyList<(OutgoingInstance Instance, TransferSyntax Syntax)> steps) => _reading = Task.Run(() => ReadAllAsync(steps));

    /// <summary>Part of a data set, or why it, or the rest of it, cannot be had: then nothing more comes of this instance.</summary>
    /// <param name="Buffer">Rented; goes back with <see cref="Return"/>.</param>
    /// <param name="Length">Bytes in it.</param>
    /// <param name="IsLast">Whether the instance ends with it.</param>
    /// <param name="Failure">Null when all is well.</param>
    public readonly record struct Piece(byte[]? Buffer, int Length, bool IsLast, DimseStatus? Failure = null)
    {
        public ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, Length);

        public void Return()
        {
            if (Buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(Buffer);
            }
        }
    }

    /// <summary>The next piece. There is one until the last piece of the last instance.</summary>
    public ValueTask<Piece> NextAsync(CancellationToken ct) => _pieces.Reader.TryRead(out var piece) ? new(piece) : _pieces.Reader.ReadAsync(ct);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        while (await _pieces.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (_pieces.Reader.TryRead(out var piece))
            {
                piece.Return();
            }
        }
        await _reading;
        _stop.Dispose();
    }

    private async Task ReadAllAsync(IReadOnlyList<(OutgoingInstance Instance, TransferSyntax Syntax)> steps)
    {
        try
        {
            foreach (var (instance, syntax) in steps)
            {
                await ReadAsync(instance, syntax);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // nobody wants the rest
        }
        finally
        {
            _pieces.Writer.Complete();
        }
    }

    private async ValueTask ReadAsync(OutgoingInstance instance, TransferSyntax syntax)
    {
        DimseStatus failure;
        try
        {
            var stream = await instance.OpenAsync(_stop.Token);
            if (stream is not null)
            {
                await using (stream)
                {
                    await (syntax.Uid == instance.Syntax.Uid ? CopyAsync(stream) : DatasetRewriting.RewriteAsync(stream, instance.Syntax, syntax, WriteAsync, _stop.Token));
                    return;
                }
            }
            failure = DimseStatus.NoSuchSopInstance.With("The file is missing");
        }
        catch (DicomException e)
        {
            failure = DimseStatus.ProcessingFailure.With(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            failure = DimseStatus.ProcessingFailure.With("The file cannot be read");
        }
        await _pieces.Writer.WriteAsync(new Piece(null, 0, IsLast: true, failure), _stop.Token);
    }

    private ValueTask CopyAsync(Stream stream) => stream.CanSeek ? CopyKnownAsync(stream, stream.Length - stream.Position) : CopyUnknownAsync(stream);

    private async ValueTask CopyKnownAsync(Stream stream, long left)
    {
        do
        {
            var wanted = (int)Math.Min(left, PieceLength);
            var piece = ArrayPool<byte>.Shared.Rent(wanted);
            if (await FillAsync(stream, piece, wanted) < wanted)
            {
                ArrayPool<byte>.Shared.Return(piece);
                throw new EndOfStreamException("The data set became shorter while it was read");
            }
            left -= wanted;
            await WriteAsync(piece, wanted, isLast: left == 0);
        }
        while (left > 0);
    }

    private async ValueTask CopyUnknownAsync(Stream stream)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceLength);
        var length = await FillAsync(stream, piece, PieceLength);
        while (length == PieceLength)
        {
            // only the next piece tells whether this one is the last
            var next = ArrayPool<byte>.Shared.Rent(PieceLength);
            var nextLength = await FillAsync(stream, next, PieceLength);
            if (nextLength == 0)
            {
                ArrayPool<byte>.Shared.Return(next);
                break;
            }
            await WriteAsync(piece, length, isLast: false);
            (piece, length) = (next, nextLength);
        }
        await WriteAsync(piece, length, isLast: true);
    }

    /// <summary>Fills a piece as far as the stream goes. On the reader's own thread: what is in the page cache costs no change of threads.</summary>
    private async ValueTask<int> FillAsync(Stream stream, byte[] piece, int wanted)
    {
        try
        {
            if (stream is not FileStream file)
            {
                return await stream.ReadAtLeastAsync(piece.AsMemory(0, wanted), wanted, throwOnEndOfStream: false, _stop.Token);
            }
            var length = 0;
            while (length < wanted && file.Read(piece, length, wanted - length) is var read and > 0)
            {
                length += read;
            }
            return length;
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(piece);
            throw;
        }
    }

    private ValueTask WriteAsync(byte[] buffer, int length, bool isLast)
    {
        if (isLast && (length & 1) != 0)
        {
            // fragments have even lengths (PS3.8 §E.2), and dcmtk aborts when one has not; a deflated data set gets a NULL byte (PS3.5 §A.5), others should not be odd.
            // There is room: rented arrays are powers of two
            buffer[length++] = 0;
        }
        return _pieces.Writer.WriteAsync(new Piece(buffer, length, isLast), _stop.Token);
    }
}
