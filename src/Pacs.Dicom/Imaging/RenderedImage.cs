namespace Pacs.Dicom.Imaging;

/// <summary>A picture for a screen: rows of 8-bit grey values, or of red, green and blue. Its memory is rented: dispose it.</summary>
public sealed class RenderedImage : IDisposable
{
    private readonly PooledBytes _bytes;

    private RenderedImage(int width, int height, int samples)
    {
        Width = width;
        Height = height;
        Samples = samples;
        _bytes = new PooledBytes(checked(width * height * samples));
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>1 for grey, 3 for red, green and blue.</summary>
    public int Samples { get; }

    /// <summary>Width × Height × Samples bytes.</summary>
    public Span<byte> Data => _bytes.Span;

    /// <summary>The same, for what reads asynchronously.</summary>
    public Memory<byte> Memory => _bytes.Memory;

    /// <summary>Rents a picture; its bytes are not zeroed.</summary>
    public static RenderedImage Rent(int width, int height, int samples) => new(width, height, samples);

    /// <inheritdoc/>
    public void Dispose() => _bytes.Dispose();

    /// <summary>A row.</summary>
    internal Span<byte> Row(int y) => Data.Slice(y * Width * Samples, Width * Samples);
}
