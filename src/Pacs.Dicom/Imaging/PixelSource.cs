using Microsoft.Win32.SafeHandles;

namespace Pacs.Dicom.Imaging;

/// <summary>The bytes that frames lie in, read at any place by any number of threads at the same time: a file, or memory.</summary>
internal sealed class PixelSource
{
    private readonly SafeFileHandle? _file;
    private readonly ReadOnlyMemory<byte> _memory;

    public PixelSource(SafeFileHandle file) => (_file, Length) = (file, RandomAccess.GetLength(file));

    public PixelSource(ReadOnlyMemory<byte> memory) => (_memory, Length) = (memory, memory.Length);

    /// <summary>Bytes in all.</summary>
    public long Length { get; }

    /// <summary>Fills a buffer as far as there are bytes.</summary>
    /// <returns>How many came: fewer than asked for at the end only.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public int Read(long offset, Span<byte> buffer)
    {
        if (offset >= Length)
        {
            return 0;
        }
        if (_file is null)
        {
            var bytes = _memory.Span[(int)offset..];
            bytes = bytes[..Math.Min(bytes.Length, buffer.Length)];
            bytes.CopyTo(buffer);
            return bytes.Length;
        }
        var count = 0;
        while (count < buffer.Length && RandomAccess.Read(_file, buffer[count..], offset + count) is var read and > 0)
        {
            count += read;
        }
        return count;
    }
}
