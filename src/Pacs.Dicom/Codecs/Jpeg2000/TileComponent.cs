namespace Pacs.Dicom.Codecs;

/// <summary>The samples of one component in one tile, by resolutions, bands, precincts and code blocks (T.800 §B.5 to §B.7).</summary>
internal sealed class TileComponent
{
    /// <param name="area">Where its samples are in the component.</param>
    /// <param name="precision">Bits of a sample.</param>
    /// <param name="style">How it is coded.</param>
    /// <param name="quantization">What its coefficients stand for.</param>
    /// <param name="roiShift">Bit planes that the region of interest was raised by.</param>
    /// <param name="precinctsLeft">Precincts that the tile may still have.</param>
    public TileComponent(GridArea area, int precision, CodingStyle style, Quantization quantization, int roiShift, ref int precinctsLeft)
    {
        Area = area;
        Style = style;
        RoiShift = roiShift;
        Resolutions = new Resolution[style.Levels + 1];
        var coefficients = 0;
        for (var r = 0; r <= style.Levels; r++)
        {
            Resolutions[r] = new Resolution(area, r, precision, style, quantization, roiShift, ref coefficients, ref precinctsLeft);
        }
        CoefficientCount = coefficients;
    }

    /// <summary>Where its samples are in the component.</summary>
    public GridArea Area { get; }

    public CodingStyle Style { get; }

    /// <summary>Bit planes that the region of interest was raised by (T.800 annex H); usually 0.</summary>
    public int RoiShift { get; }

    public Resolution[] Resolutions { get; }

    /// <summary>Coefficients in all bands.</summary>
    public int CoefficientCount { get; }
}

/// <summary>One resolution: the whole at half, a quarter, ... of its size, as far as it has not come with the lower ones.</summary>
internal sealed class Resolution
{
    private readonly Precinct?[] _precincts;
    private readonly CodingStyle _style;

    public Resolution(GridArea component, int number, int precision, CodingStyle style, Quantization quantization, int roiShift, ref int coefficients, ref int precinctsLeft)
    {
        _style = style;
        var reduction = style.Levels - number;
        Area = component.Reduce(0, 0, reduction);
        PrecinctWidthLog = style.PrecinctLogs[number] & 15;
        PrecinctHeightLog = style.PrecinctLogs[number] >> 4;
        FirstPrecinctX = Area.X0 >> PrecinctWidthLog;
        FirstPrecinctY = Area.Y0 >> PrecinctHeightLog;
        if (!Area.IsEmpty)
        {
            PrecinctsAcross = ((Area.X1 - 1) >> PrecinctWidthLog) + 1 - FirstPrecinctX;
            PrecinctsDown = ((Area.Y1 - 1) >> PrecinctHeightLog) + 1 - FirstPrecinctY;
        }
        if ((long)PrecinctsAcross * PrecinctsDown > precinctsLeft)
        {
            throw new DicomException("The JPEG 2000 stream has more precincts than bytes could describe");
        }
        precinctsLeft -= PrecinctsAcross * PrecinctsDown;
        _precincts = new Precinct?[PrecinctsAcross * PrecinctsDown];
        NextLayers = new ushort[_precincts.Length];
        Bands = new Subband[number == 0 ? 1 : 3];
        for (var i = 0; i < Bands.Length; i++)
        {
            var orientation = number == 0 ? 0 : i + 1;
            // equation B-15
            var level = number == 0 ? reduction : reduction + 1;
            var area = level == 0 ? component : component.Reduce((orientation & 1) << (level - 1), (orientation >> 1) << (level - 1), level);
            var (exponent, mantissa) = quantization.Step(number, i);
            // equations E-2 and E-3, with the gain of the band (table E.1)
            var gain = orientation == 0 ? 0 : orientation == 3 ? 2 : 1;
            var step = style.IsReversible ? 1 : (float)(Math.Pow(2, precision + gain - exponent) * (1 + (mantissa / 2048.0)));
            Bands[i] = new Subband(area, orientation, quantization.GuardBits + exponent - 1 + roiShift, step, coefficients);
            coefficients += area.Width * area.Height;
        }
    }

    public GridArea Area { get; }

    public Subband[] Bands { get; }

    public int PrecinctWidthLog { get; }

    public int PrecinctHeightLog { get; }

    public int FirstPrecinctX { get; }

    public int FirstPrecinctY { get; }

    public int PrecinctsAcross { get; }

    public int PrecinctsDown { get; }

    /// <summary>The layer that comes next, of each precinct.</summary>
    public ushort[] NextLayers { get; }

    /// <summary>A precinct that has data. It is made when the first of them come: most of what a hostile header can claim never exists.</summary>
    /// <param name="index">Its place, row by row.</param>
    /// <param name="blocksLeft">Code blocks that the tile may still have.</param>
    public Precinct Precinct(int index, ref int blocksLeft) => _precincts[index] ??= Make(index, ref blocksLeft);

    /// <summary>The precincts that exist.</summary>
    public IEnumerable<Precinct> Precincts => _precincts.Where(p => p is not null)!;

    private Precinct Make(int index, ref int blocksLeft)
    {
        var (x, y) = (FirstPrecinctX + (index % PrecinctsAcross), FirstPrecinctY + (index / PrecinctsAcross));
        var parts = new PrecinctBand[Bands.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            // precincts divide the resolution; of each of its three bands they have half the size (T.800 §B.7)
            var half = Bands.Length == 1 ? 0 : 1;
            parts[i] = new PrecinctBand(Bands[i], x, y, PrecinctWidthLog - half, PrecinctHeightLog - half, _style, ref blocksLeft);
        }
        return new Precinct(parts);
    }
}

/// <summary>One band of a resolution: the low frequencies, or those that are high across (1), down (2) or both (3).</summary>
/// <param name="Area">Its samples, in its own coordinates.</param>
/// <param name="Orientation">0 LL, 1 HL, 2 LH, 3 HH.</param>
/// <param name="BitPlanes">Bit planes that a coefficient can have (M of equation E-2, and the region of interest).</param>
/// <param name="Step">What a quantized 1 stands for.</param>
/// <param name="Start">Place of its first coefficient among those of the component; they lie row by row.</param>
internal sealed record Subband(GridArea Area, int Orientation, int BitPlanes, float Step, int Start);

/// <summary>A part of a resolution that has packets of its own.</summary>
internal sealed record Precinct(PrecinctBand[] Bands);

/// <summary>The code blocks that a precinct has in one band.</summary>
internal sealed class PrecinctBand
{
    public PrecinctBand(Subband band, int x, int y, int widthLog, int heightLog, CodingStyle style, ref int blocksLeft)
    {
        Band = band;
        var area = new GridArea(
            (int)Math.Max(band.Area.X0, (long)x << widthLog), (int)Math.Max(band.Area.Y0, (long)y << heightLog),
            (int)Math.Min(band.Area.X1, (x + 1L) << widthLog), (int)Math.Min(band.Area.Y1, (y + 1L) << heightLog));
        if (area.IsEmpty)
        {
            return;
        }
        // equation B-18
        int blockWidthLog = Math.Min(style.BlockWidthLog, widthLog), blockHeightLog = Math.Min(style.BlockHeightLog, heightLog);
        int firstX = area.X0 >> blockWidthLog, firstY = area.Y0 >> blockHeightLog;
        Across = ((area.X1 - 1) >> blockWidthLog) + 1 - firstX;
        var down = ((area.Y1 - 1) >> blockHeightLog) + 1 - firstY;
        if ((long)Across * down > blocksLeft)
        {
            throw new DicomException("The JPEG 2000 stream has more code blocks than bytes could describe");
        }
        blocksLeft -= Across * down;
        Blocks = new CodeBlock[Across * down];
        Inclusion = new TagTree(Across, down);
        ZeroPlanes = new TagTree(Across, down);
        for (var i = 0; i < Blocks.Length; i++)
        {
            int left = firstX + (i % Across), top = firstY + (i / Across);
            Blocks[i] = new CodeBlock(new GridArea(
                Math.Max(area.X0, left << blockWidthLog), Math.Max(area.Y0, top << blockHeightLog),
                (int)Math.Min(area.X1, (left + 1L) << blockWidthLog), (int)Math.Min(area.Y1, (top + 1L) << blockHeightLog)));
        }
    }

    public Subband Band { get; }

    /// <summary>Code blocks in a row.</summary>
    public int Across { get; }

    public CodeBlock[] Blocks { get; } = [];

    /// <summary>The layer that a code block comes with first.</summary>
    public TagTree? Inclusion { get; }

    /// <summary>Bit planes of a code block that are empty.</summary>
    public TagTree? ZeroPlanes { get; }
}

/// <summary>A rectangle of coefficients that is coded for itself, and what packets have brought of it.</summary>
internal sealed class CodeBlock(GridArea area)
{
    /// <summary>Its coefficients, in the coordinates of the band.</summary>
    public GridArea Area { get; } = area;

    /// <summary>Whether a packet has brought something.</summary>
    public bool IsIncluded { get; set; }

    /// <summary>Bit planes that are empty.</summary>
    public int ZeroPlanes { get; set; }

    /// <summary>Lblock: how lengths are written (T.800 §B.10.7.1).</summary>
    public int LengthBits { get; set; } = 3;

    /// <summary>Coding passes so far.</summary>
    public int Passes { get; set; }

    /// <summary>Its pieces of data in the order they came, as places in <see cref="TilePackets.Chunks"/>; -1 for none.</summary>
    public int FirstChunk { get; set; } = -1;

    /// <summary>The last of them.</summary>
    public int LastChunk { get; set; } = -1;
}
