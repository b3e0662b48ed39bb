using System.Buffers;

namespace Pacs.Dicom.Codecs;

/// <summary>
/// The pixels of one row of coding units, as components: 8 or 16 rows of luminance, 8 of each colour difference. The edge pixels are repeated to fill the
/// last unit (T.81 §A.2.4), which costs the fewest bits and shows no seam.
/// </summary>
internal sealed class JpegBand : IDisposable
{
    private readonly byte[] _rented;
    private readonly int _width;
    private readonly int _samples;
    private readonly int _across;
    private readonly int _down;

    public JpegBand(int width, int samples, int across, int down)
    {
        _width = width;
        _samples = samples;
        _across = across;
        _down = down;
        Units = (width + (8 * across) - 1) / (8 * across);
        Height = 8 * down;
        Stride = Units * 8 * across;
        ChromaStride = Units * 8;
        // luminance, both differences of full size, both of their own size
        _rented = ArrayPool<byte>.Shared.Rent((3 * FullSize) + (2 * 8 * ChromaStride));
    }

    /// <summary>Coding units in a row.</summary>
    public int Units { get; }

    /// <summary>Rows of pixels.</summary>
    public int Height { get; }

    /// <summary>Bytes of a row of luminance.</summary>
    public int Stride { get; }

    /// <summary>Bytes of a row of colour differences.</summary>
    public int ChromaStride { get; }

    public ReadOnlySpan<byte> Luminance => _rented.AsSpan(0, FullSize);

    public ReadOnlySpan<byte> Blue => IsSubsampled ? _rented.AsSpan(3 * FullSize, 8 * ChromaStride) : _rented.AsSpan(FullSize, FullSize);

    public ReadOnlySpan<byte> Red => IsSubsampled ? _rented.AsSpan((3 * FullSize) + (8 * ChromaStride), 8 * ChromaStride) : _rented.AsSpan(2 * FullSize, FullSize);

    private int FullSize => Height * Stride;

    private bool IsSubsampled => _across > 1;

    /// <summary>Takes the next rows, as many as there are.</summary>
    public void Fill(ReadOnlySpan<byte> pixels, int rows)
    {
        var luminance = _rented.AsSpan(0, FullSize);
        var blue = _rented.AsSpan(FullSize, FullSize);
        var red = _rented.AsSpan(2 * FullSize, FullSize);
        for (var y = 0; y < rows; y++)
        {
            var row = pixels.Slice(y * _width * _samples, _width * _samples);
            var at = y * Stride;
            if (_samples == 1)
            {
                row.CopyTo(luminance[at..]);
                ExtendRight(luminance.Slice(at, Stride));
                continue;
            }
            JpegColor.FromRgb(row, luminance.Slice(at, _width), blue.Slice(at, _width), red.Slice(at, _width));
            ExtendRight(luminance.Slice(at, Stride));
            ExtendRight(blue.Slice(at, Stride));
            ExtendRight(red.Slice(at, Stride));
        }
        ExtendDown(luminance, Stride, rows, Height);
        if (_samples == 1)
        {
            return;
        }
        if (!IsSubsampled)
        {
            ExtendDown(blue, Stride, rows, Height);
            ExtendDown(red, Stride, rows, Height);
            return;
        }
        var whole = (rows + _down - 1) / _down;
        ExtendDown(blue, Stride, rows, whole * _down);
        ExtendDown(red, Stride, rows, whole * _down);
        Reduce(blue, _rented.AsSpan(3 * FullSize, 8 * ChromaStride), whole);
        Reduce(red, _rented.AsSpan((3 * FullSize) + (8 * ChromaStride), 8 * ChromaStride), whole);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_rented);

    private void Reduce(ReadOnlySpan<byte> full, Span<byte> reduced, int rows)
    {
        for (var y = 0; y < rows; y++)
        {
            var target = reduced.Slice(y * ChromaStride, ChromaStride);
            if (_down == 1)
            {
                JpegColor.HalveRow(full.Slice(y * Stride, Stride), target);
            }
            else
            {
                JpegColor.HalveRows(full.Slice(2 * y * Stride, Stride), full.Slice(((2 * y) + 1) * Stride, Stride), target);
            }
        }
        ExtendDown(reduced, ChromaStride, rows, 8);
    }

    private void ExtendRight(Span<byte> row) => row[_width..].Fill(row[_width - 1]);

    private static void ExtendDown(Span<byte> plane, int stride, int rows, int wanted)
    {
        for (var y = rows; y < wanted; y++)
        {
            plane.Slice((rows - 1) * stride, stride).CopyTo(plane.Slice(y * stride, stride));
        }
    }
}
