using System.Buffers;
using Pacs.Dicom;
using Pacs.Web.Http;

namespace Pacs.Web.Instances;

/// <summary>
/// An instance in another transfer syntax, of which every frame has been decoded before the first byte leaves: a damaged frame is known while there is still something else to answer. To be disposed.
/// </summary>
internal sealed class ConvertedFile : IDisposable
{
    // a slice or a radiograph is made once and kept till it is sent; a long cine is made twice instead of lying in memory or on the disk
    private const int MaxHeld = 16 * 1024 * 1024;

    private readonly PooledBuffer? _held;
    private readonly IAsyncEnumerable<ReadOnlyMemory<byte>>? _pieces;

    private ConvertedFile(PooledBuffer held) => _held = held;

    private ConvertedFile(IAsyncEnumerable<ReadOnlyMemory<byte>> pieces) => _pieces = pieces;

    /// <summary>Its length, where it is known.</summary>
    public long? Length => _held?.Length;

    /// <summary>Converts a file, or looks whether it can be converted.</summary>
    /// <param name="file">What it shall be.</param>
    /// <param name="path">Where its file is.</param>
    /// <param name="slots">Decoding waits for one.</param>
    /// <param name="ct">Gives up.</param>
    /// <exception cref="DicomException">The stored file, or one of its frames, is damaged.</exception>
    public static async ValueTask<ConvertedFile> MakeAsync(OutgoingFile file, string path, DecodingSlots slots, CancellationToken ct)
    {
        var held = new PooledBuffer((int)Math.Min(file.Location.Size + 4096, MaxHeld));
        try
        {
            var fits = true;
            await foreach (var piece in file.ConvertAsync(path, slots, ct))
            {
                fits &= held.Length + piece.Length <= MaxHeld;
                if (fits)
                {
                    held.Write(piece.Span);
                }
            }
            if (fits)
            {
                return new ConvertedFile(held);
            }
            held.Dispose();
            return new ConvertedFile(file.ConvertAsync(path, slots, ct));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Writes it.</summary>
    public async ValueTask WriteAsync(Stream stream, CancellationToken ct)
    {
        if (_held is not null)
        {
            await stream.WriteAsync(_held.Memory, ct);
            return;
        }
        await foreach (var piece in _pieces!.WithCancellation(ct))
        {
            await stream.WriteAsync(piece, ct);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _held?.Dispose();
}
