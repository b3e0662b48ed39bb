namespace Pacs.Dicom.Codecs;

/// <summary>Variants of code block coding (T.800 table A.19).</summary>
[Flags]
internal enum BlockStyle
{
    None = 0,

    /// <summary>Later passes are raw bits.</summary>
    Bypass = 1,

    /// <summary>Probabilities begin anew in each pass.</summary>
    Reset = 2,

    /// <summary>Each pass has its own segment.</summary>
    TerminateAll = 4,

    /// <summary>A stripe does not look at the one below.</summary>
    VerticallyCausal = 8,

    /// <summary>Terminations are predictable: a check for errors that the decoder may leave out.</summary>
    Predictable = 16,

    /// <summary>Each bit plane ends with four symbols that are always the same.</summary>
    SegmentationSymbols = 32,

    /// <summary>High throughput block coder (T.814).</summary>
    HighThroughput = 64,

    /// <summary>Code blocks of both kinds in one component, which are not decoded here.</summary>
    Mixed = 128,
}

/// <summary>How the samples of a component are coded (T.800 §A.6.1, §A.6.2).</summary>
internal sealed class CodingStyle
{
    public required int Levels { get; init; }

    public required int BlockWidthLog { get; init; }

    public required int BlockHeightLog { get; init; }

    public required BlockStyle Style { get; init; }

    /// <summary>The 5/3 transform in integers; otherwise the 9/7.</summary>
    public required bool IsReversible { get; init; }

    /// <summary>Of each resolution: exponent of the width in the low four bits, of the height in the high ones.</summary>
    public required byte[] PrecinctLogs { get; init; }

    public static CodingStyle Read(ref SegmentReader reader, bool ownPrecincts)
    {
        var offset = reader.Offset;
        int levels = reader.Byte(), width = reader.Byte() + 2, height = reader.Byte() + 2;
        var style = (BlockStyle)reader.Byte();
        var transform = reader.Byte();
        if (levels > 32 || width > 10 || height > 10 || width + height > 12 || transform > 1)
        {
            throw new DicomException($"The coding style of the JPEG 2000 stream is impossible: {levels} levels, blocks 2^{width} x 2^{height}, transform {transform}", offset: offset);
        }
        if (style.HasFlag(BlockStyle.HighThroughput | BlockStyle.Mixed))
        {
            throw new DicomException("The JPEG 2000 stream mixes High-Throughput code blocks with others, which is not supported", offset: offset);
        }
        var logs = new byte[levels + 1];
        for (var r = 0; r <= levels; r++)
        {
            logs[r] = ownPrecincts ? reader.Byte() : (byte)0xFF;
            // only the lowest resolution can have precincts of one sample: in the others they cover three bands (T.800 §B.6)
            if (r > 0 && ((logs[r] & 15) == 0 || logs[r] >> 4 == 0))
            {
                throw new DicomException("The JPEG 2000 stream has precincts of impossible size", offset: offset);
            }
        }
        return new CodingStyle { Levels = levels, BlockWidthLog = width, BlockHeightLog = height, Style = style, IsReversible = transform == 1, PrecinctLogs = logs };
    }
}

/// <summary>How coefficients were quantized (T.800 §A.6.4, §E.1).</summary>
internal sealed class Quantization
{
    private readonly bool _derived;
    private readonly (int Exponent, int Mantissa)[] _steps;

    private Quantization(bool derived, int guardBits, (int Exponent, int Mantissa)[] steps)
    {
        _derived = derived;
        GuardBits = guardBits;
        _steps = steps;
    }

    public int GuardBits { get; }

    public static Quantization Read(ref SegmentReader reader)
    {
        var offset = reader.Offset;
        var style = reader.Byte();
        var steps = new List<(int, int)>();
        while (reader.Left >= ((style & 31) == 0 ? 1 : 2) && steps.Count < 97)
        {
            if ((style & 31) == 0)
            {
                steps.Add((reader.Byte() >> 3, 0));
            }
            else
            {
                var value = reader.Word();
                steps.Add((value >> 11, value & 0x7FF));
            }
        }
        if (steps.Count == 0 || (style & 31) > 2)
        {
            throw new DicomException("The quantization of the JPEG 2000 stream is impossible", offset: offset);
        }
        return new Quantization((style & 31) == 1, style >> 5, [.. steps]);
    }

    /// <summary>Exponent and mantissa of a band, counted from the lowest: LL, then HL, LH and HH of each resolution.</summary>
    public (int Exponent, int Mantissa) Step(int resolution, int band)
    {
        if (_derived)
        {
            // equation E-5
            return (_steps[0].Exponent - Math.Max(0, resolution - 1), _steps[0].Mantissa);
        }
        var index = resolution == 0 ? 0 : (3 * (resolution - 1)) + band + 1;
        return index < _steps.Length ? _steps[index] : throw new DicomException("The JPEG 2000 stream has no quantization for one of its bands");
    }
}

/// <summary>A part of the packets and the order they come in (T.800 §A.6.6).</summary>
internal readonly record struct Progression(int Order, int Layers, int FirstResolution, int EndResolution, int FirstComponent, int EndComponent);

/// <summary>Coding parameters of the image or of one tile. What a tile leaves open, the image says.</summary>
internal sealed class CodingParameters(int components, CodingParameters? image = null)
{
    // each makes a list of all precincts
    private const int MostChanges = 32;

    private readonly CodingStyle?[] _styles = new CodingStyle?[components];
    private readonly Quantization?[] _quantizations = new Quantization?[components];
    private readonly int?[] _roiShifts = new int?[components];
    private readonly List<Progression> _changes = [];
    private CodingStyle? _style;
    private Quantization? _quantization;
    private (int Order, int Layers, bool Transform, bool PacketStarts, bool HeaderEnds)? _order;

    private (int Order, int Layers, bool Transform, bool PacketStarts, bool HeaderEnds) Order =>
        _order ?? image?.Order ?? throw new DicomException("The JPEG 2000 stream does not say how it is coded");

    /// <summary>Quality layers.</summary>
    public int Layers => Order.Layers;

    /// <summary>Whether the first three components were transformed together (T.800 annex G).</summary>
    public bool HasColorTransform => Order.Transform;

    /// <summary>Whether packets may begin with a SOP marker.</summary>
    public bool HasPacketStarts => Order.PacketStarts;

    /// <summary>Whether packet headers end with an EPH marker.</summary>
    public bool HasHeaderEnds => Order.HeaderEnds;

    /// <summary>The order of the packets: one for all, or the changes in their order.</summary>
    public IReadOnlyList<Progression> Progressions => _changes.Count > 0 ? _changes : image is { _changes.Count: > 0 } ? image._changes
        : [new Progression(Order.Order, Order.Layers, 0, 33, 0, components)];

    public CodingStyle StyleOf(int component) =>
        _styles[component] ?? _style ?? image?._styles[component] ?? image?._style ?? throw new DicomException("The JPEG 2000 stream does not say how it is coded");

    public Quantization QuantizationOf(int component) =>
        _quantizations[component] ?? _quantization ?? image?._quantizations[component] ?? image?._quantization ?? throw new DicomException("The JPEG 2000 stream has no quantization");

    public int RoiShiftOf(int component) => _roiShifts[component] ?? image?._roiShifts[component] ?? 0;

    /// <summary>Takes one marker segment in, if it is one of coding parameters.</summary>
    public void Read(int marker, SegmentReader reader)
    {
        switch (marker)
        {
            case Marker.CodingStyleDefault:
                var flags = reader.Byte();
                int order = reader.Byte(), layers = reader.Word();
                if (order > 4 || layers == 0)
                {
                    throw new DicomException($"The JPEG 2000 stream has {layers} layers in order {order}", offset: reader.Offset);
                }
                _order = (order, layers, reader.Byte() == 1, (flags & 2) != 0, (flags & 4) != 0);
                _style = CodingStyle.Read(ref reader, (flags & 1) != 0);
                break;
            case Marker.CodingStyleComponent:
                var styled = Component(ref reader);
                _styles[styled] = CodingStyle.Read(ref reader, (reader.Byte() & 1) != 0);
                break;
            case Marker.QuantizationDefault:
                _quantization = Quantization.Read(ref reader);
                break;
            case Marker.QuantizationComponent:
                _quantizations[Component(ref reader)] = Quantization.Read(ref reader);
                break;
            case Marker.RegionOfInterest:
                var region = Component(ref reader);
                // style 0, maximum shift, is the only one (T.800 §A.6.3)
                if (reader.Byte() != 0)
                {
                    throw new DicomException("The JPEG 2000 stream has a region of interest of unknown kind", offset: reader.Offset);
                }
                _roiShifts[region] = reader.Byte();
                break;
            case Marker.ProgressionChange:
                while (reader.Left >= (components < 257 ? 7 : 9))
                {
                    int first = reader.Byte(), firstComponent = reader.Component(components), endLayer = reader.Word(), end = reader.Byte();
                    var endComponent = reader.Component(components);
                    if (_changes.Count == MostChanges)
                    {
                        throw new DicomException($"The JPEG 2000 stream changes its order more than {MostChanges} times", offset: reader.Offset);
                    }
                    _changes.Add(new Progression(reader.Byte(), endLayer, first, end, firstComponent, endComponent == 0 ? components : Math.Min(endComponent, components)));
                }
                break;
            default:
                break;
        }
    }

    private int Component(ref SegmentReader reader) => reader.Component(components) is var component && component < components ? component
        : throw new DicomException($"The JPEG 2000 stream codes a component {component}, which it does not have", offset: reader.Offset);
}

/// <summary>The markers (T.800 table A.2).</summary>
internal static class Marker
{
    public const int Start = 0xFF4F, Size = 0xFF51, CodingStyleDefault = 0xFF52, CodingStyleComponent = 0xFF53, QuantizationDefault = 0xFF5C, QuantizationComponent = 0xFF5D,
        RegionOfInterest = 0xFF5E, ProgressionChange = 0xFF5F, PackedHeadersImage = 0xFF60, PackedHeadersTile = 0xFF61, StartOfTilePart = 0xFF90, PacketStart = 0xFF91,
        HeaderEnd = 0xFF92, StartOfData = 0xFF93, End = 0xFFD9;
}
