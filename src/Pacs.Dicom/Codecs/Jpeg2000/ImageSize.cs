using Pacs.Dicom.Imaging;

namespace Pacs.Dicom.Codecs;

/// <summary>What one component of a JPEG 2000 image is (T.800 §A.5.1).</summary>
/// <param name="Precision">Bits of a sample.</param>
/// <param name="IsSigned">Whether samples are two's complement.</param>
/// <param name="StepX">Columns of the reference grid that one sample stands for (XRsiz).</param>
/// <param name="StepY">Rows of the reference grid that one sample stands for (YRsiz).</param>
internal readonly record struct ImageComponent(int Precision, bool IsSigned, int StepX, int StepY);

/// <summary>The SIZ marker segment: image, tiles and components on the reference grid (T.800 §A.5.1, §B.2 and B.3).</summary>
internal sealed class ImageSize
{
    /// <summary>As many as PS3.5 §8.2.4 can need, and what bounds the work on a stream of a few bytes.</summary>
    private const int MostTiles = 16384;

    private ImageSize(int x0, int y0, int x1, int y1, int tileX0, int tileY0, int tileWidth, int tileHeight, ImageComponent[] components)
    {
        (X0, Y0, X1, Y1) = (x0, y0, x1, y1);
        (TileX0, TileY0, TileWidth, TileHeight) = (tileX0, tileY0, tileWidth, tileHeight);
        Components = components;
        TilesAcross = (int)Ceiling((long)x1 - tileX0, tileWidth);
        TilesDown = (int)Ceiling((long)y1 - tileY0, tileHeight);
    }

    public int X0 { get; }

    public int Y0 { get; }

    public int X1 { get; }

    public int Y1 { get; }

    public int TileX0 { get; }

    public int TileY0 { get; }

    public int TileWidth { get; }

    public int TileHeight { get; }

    public int TilesAcross { get; }

    public int TilesDown { get; }

    public ImageComponent[] Components { get; }

    public int Width => X1 - X0;

    public int Height => Y1 - Y0;

    /// <summary>Reads the segment and holds it against the data set, before anything is reserved.</summary>
    /// <exception cref="DicomException">The sizes are impossible, or far from those of the data set.</exception>
    public static ImageSize Read(SegmentReader reader, PixelDescription image)
    {
        var offset = reader.Offset;
        reader.Word();
        uint x1 = reader.Long(), y1 = reader.Long(), x0 = reader.Long(), y0 = reader.Long();
        uint tileWidth = reader.Long(), tileHeight = reader.Long(), tileX0 = reader.Long(), tileY0 = reader.Long();
        var count = reader.Word();
        if (x1 > int.MaxValue || y1 > int.MaxValue || x0 >= x1 || y0 >= y1 || tileX0 > x0 || tileY0 > y0 || tileWidth is 0 || tileHeight is 0
            || (ulong)tileX0 + tileWidth <= x0 || (ulong)tileY0 + tileHeight <= y0)
        {
            throw new DicomException("The size of the JPEG 2000 image is impossible", offset: offset);
        }
        DecodedFrame.CheckSize(image, (int)(x1 - x0), (int)(y1 - y0), count);
        var components = new ImageComponent[count];
        for (var i = 0; i < count; i++)
        {
            var depth = reader.Byte();
            components[i] = new ImageComponent((depth & 0x7F) + 1, depth >= 0x80, reader.Byte(), reader.Byte());
            if (components[i] is { Precision: > 26 } or { StepX: 0 } or { StepY: 0 })
            {
                throw new DicomException($"The JPEG 2000 image has a component of {components[i].Precision} bits in steps of {components[i].StepX} x {components[i].StepY}", offset: offset);
            }
            if (components[i].Precision != components[0].Precision || components[i].IsSigned != components[0].IsSigned)
            {
                throw new DicomException("The JPEG 2000 image has components of different depth, which DICOM does not allow", offset: offset);
            }
        }
        var size = new ImageSize(
            (int)x0, (int)y0, (int)x1, (int)y1, (int)tileX0, (int)tileY0, (int)Math.Min(tileWidth, int.MaxValue), (int)Math.Min(tileHeight, int.MaxValue), components);
        if ((long)size.TilesAcross * size.TilesDown > MostTiles)
        {
            throw new DicomException($"The JPEG 2000 image has {(long)size.TilesAcross * size.TilesDown} tiles, more than {MostTiles}", offset: offset);
        }
        return size;
    }

    /// <summary>The part of the reference grid that a tile covers (T.800 §B.3).</summary>
    public GridArea Tile(int index)
    {
        long across = index % TilesAcross, down = index / TilesAcross;
        return new GridArea(
            (int)Math.Max(TileX0 + (across * TileWidth), X0),
            (int)Math.Max(TileY0 + (down * TileHeight), Y0),
            (int)Math.Min(TileX0 + ((across + 1) * TileWidth), X1),
            (int)Math.Min(TileY0 + ((down + 1) * TileHeight), Y1));
    }

    private static long Ceiling(long value, long divisor) => (value + divisor - 1) / divisor;
}

/// <summary>A rectangle: left and top belong to it, right and bottom do not.</summary>
internal readonly record struct GridArea(int X0, int Y0, int X1, int Y1)
{
    public int Width => Math.Max(0, X1 - X0);

    public int Height => Math.Max(0, Y1 - Y0);

    public bool IsEmpty => X1 <= X0 || Y1 <= Y0;

    /// <summary>All coordinates less an offset, divided and rounded up: how every smaller area of T.800 §B comes from a larger one.</summary>
    public GridArea Reduce(int offsetX, int offsetY, int shift) =>
        new(Up(X0, offsetX, shift), Up(Y0, offsetY, shift), Up(X1, offsetX, shift), Up(Y1, offsetY, shift));

    /// <summary>The samples of a component within this area of the reference grid (T.800 §B.2).</summary>
    public GridArea Subsample(int stepX, int stepY) =>
        new(Divide(X0, stepX), Divide(Y0, stepY), Divide(X1, stepX), Divide(Y1, stepY));

    private static int Up(int value, int offset, int shift) => (int)((value - (long)offset + (1L << shift) - 1) >> shift);

    private static int Divide(int value, int step) => (int)(((long)value + step - 1) / step);
}
