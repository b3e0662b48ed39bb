using System.Buffers;

namespace Pacs.Dicom.Imaging;

/// <summary>Rented memory of an exact length; goes back when disposed. Not zeroed when rented.</summary>
internal sealed class PooledBytes(int length) : IMemoryOwner<byte>
{
    private byte[]? _rented = ArrayPool<byte>.Shared.Rent(length);

    /// <inheritdoc/>
    public Memory<byte> Memory => Array.AsMemory(0, length);

    public Span<byte> Span => Array.AsSpan(0, length);

    private byte[] Array => _rented ?? throw new ObjectDisposedException(nameof(PooledBytes));

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _rented, null) is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
