using System.Buffers.Binary;

namespace Pacs.Dicom.Imaging;

/// <summary>What an area of a grey frame contains.</summary>
/// <param name="Count">Pixels, those excepted that are no image (PS3.3 §C.7.5.1.1.2).</param>
/// <param name="Mean">Of their values.</param>
/// <param name="Deviation">Standard deviation of all of them, which are no sample of others.</param>
/// <param name="Least">The least value.</param>
/// <param name="Largest">The largest value.</param>
public readonly record struct ValueStatistics(int Count, double Mean, double Deviation, double Least, double Largest);

/// <summary>
/// The values of a grey frame behind its Modality LUT or rescale (PS3.3 §C.11.1), as windows count them: Hounsfield units of a CT, say. Colour has none; its levels are in the picture.
/// </summary>
public sealed class PixelValues
{
    // what a value of a CT is where its header does not say: Hounsfield units unless it is a localizer (PS3.3 §C.8.2.1.1.4)
    private const string Hounsfield = "HU";
    private const int MaxUnit = 16;

    private readonly DecodedFrame _frame;
    private readonly SampleLayout _layout;
    private readonly ModalityTransform _modality;
    private readonly (double From, double To)? _padding;

    private PixelValues(DicomDataset header, PixelDescription image, DecodedFrame frame, int number)
    {
        _frame = frame;
        _layout = SampleLayout.Of(frame, image);
        var attributes = new FrameAttributes(header, number);
        var values = attributes.Macro(DicomTag.PixelValueTransformationSequence);
        _modality = new ModalityTransform(values, values == attributes.Root);
        if (frame.IsFloat)
        {
            _padding = RenderPipeline.FloatPadding(header);
        }
        else if (RenderPipeline.Padding(header, _layout) is { } none)
        {
            _padding = (none.From, none.To);
        }
        Unit = UnitOf(header);
    }

    /// <summary>What values are measured in; null where nobody says.</summary>
    public string? Unit { get; }

    /// <summary>Whether values are whole numbers.</summary>
    public bool AreWhole => !_frame.IsFloat && _modality.IsWhole;

    /// <summary>Reads the values of a frame.</summary>
    /// <param name="header">The data set, up to its pixel data.</param>
    /// <param name="image">What it says about its samples.</param>
    /// <param name="frame">The samples; they must not be disposed before the values have been read.</param>
    /// <param name="number">Which frame it is, from 1.</param>
    /// <returns>Null for colour and palettes.</returns>
    public static PixelValues? Of(DicomDataset header, PixelDescription image, DecodedFrame frame, int number)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(frame);
        return frame.Samples == 1 && image.PhotometricInterpretation is "MONOCHROME1" or "MONOCHROME2" ? new PixelValues(header, image, frame, number) : null;
    }

    /// <summary>The value of a pixel, or null outside of the frame and where a floating-point sample is no number.</summary>
    /// <param name="x">Column, from 0.</param>
    /// <param name="y">Row, from 0.</param>
    public double? At(int x, int y) => x >= 0 && x < _frame.Width && y >= 0 && y < _frame.Height
        && _modality.Of(Stored((y * _frame.Width) + x)) is var value && double.IsFinite(value) ? value : null;

    /// <summary>The whole frame; null where nothing of it is image.</summary>
    public ValueStatistics? All() => Over(0, 0, _frame.Width, _frame.Height, isEllipse: false);

    /// <summary>
    /// The ellipse in a rectangle, whose sides are in pixels from the upper left corner of the frame: the pixels whose centre is inside. Null where that is none.
    /// </summary>
    public ValueStatistics? Ellipse(double left, double top, double right, double bottom) => Over(Math.Min(left, right), Math.Min(top, bottom), Math.Max(left, right), Math.Max(top, bottom), isEllipse: true);

    /// <summary>What a closed line surrounds: the pixels whose centre is inside, by the rule of even and odd. Null where that is none.</summary>
    /// <param name="points">The corners of the line, in pixels from the upper left corner of the frame; the last is joined to the first.</param>
    public ValueStatistics? Outline(IReadOnlyList<(double X, double Y)> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        return points.Count < 3 ? null : Over(points.Min(p => p.Y), points.Max(p => p.Y), y => Crossings(points, y));
    }

    private ValueStatistics? Over(double left, double top, double right, double bottom, bool isEllipse)
    {
        var (centerX, centerY, radiusX, radiusY) = ((left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2);
        return Over(top, bottom, y =>
        {
            // half of the chord through the centres of this row
            var distance = radiusY > 0 ? (y - centerY) / radiusY : 0;
            var half = isEllipse ? radiusX * Math.Sqrt(Math.Max(0, 1 - (distance * distance))) : radiusX;
            return [centerX - half, centerX + half];
        });
    }

    // where a line through the centres of a row enters the area and leaves it, in turn
    private static double[] Crossings(IReadOnlyList<(double X, double Y)> points, double y)
    {
        var crossings = new List<double>();
        for (var i = 0; i < points.Count; i++)
        {
            var (a, b) = (points[i], points[(i + 1) % points.Count]);
            if (a.Y <= y != b.Y <= y)
            {
                crossings.Add(a.X + ((y - a.Y) / (b.Y - a.Y) * (b.X - a.X)));
            }
        }
        crossings.Sort();
        return [.. crossings];
    }

    private ValueStatistics? Over(double top, double bottom, Func<double, double[]> spans)
    {
        var (count, mean, squares, least, largest) = (0, 0.0, 0.0, double.PositiveInfinity, double.NegativeInfinity);
        for (var y = First(top); y < End(bottom, _frame.Height); y++)
        {
            foreach (var x in Columns(spans(y + 0.5)))
            {
                var stored = Stored((y * _frame.Width) + x);
                if (_padding is { } none && stored >= none.From && stored <= none.To)
                {
                    continue;
                }
                var value = _modality.Of(stored);
                if (!double.IsFinite(value))
                {
                    continue;
                }
                count++;
                // Welford: no difference of large sums
                var step = value - mean;
                mean += step / count;
                squares += step * (value - mean);
                least = Math.Min(least, value);
                largest = Math.Max(largest, value);
            }
        }
        return count > 0 ? new ValueStatistics(count, mean, Math.Sqrt(squares / count), least, largest) : null;
    }

    private IEnumerable<int> Columns(double[] edges)
    {
        for (var i = 0; i + 1 < edges.Length; i += 2)
        {
            for (var x = First(edges[i]); x < End(edges[i + 1], _frame.Width); x++)
            {
                yield return x;
            }
        }
    }

    // pixels whose centre, at their number and a half, lies between two edges
    private static int First(double edge) => (int)Math.Clamp(Math.Ceiling(edge - 0.5), 0, int.MaxValue);

    private static int End(double edge, int size) => (int)Math.Clamp(Math.Floor(edge - 0.5) + 1, 0, size);

    private double Stored(int index) => (_frame.IsFloat, _frame.BitsAllocated) switch
    {
        (true, 32) => BinaryPrimitives.ReadSingleLittleEndian(_frame.Data[(index * 4)..]),
        (true, _) => BinaryPrimitives.ReadDoubleLittleEndian(_frame.Data[(index * 8)..]),
        (_, 8) => _layout.Value(_frame.Data[index]),
        (_, 16) => _layout.Value(BinaryPrimitives.ReadUInt16LittleEndian(_frame.Data[(index * 2)..])),
        _ => _layout.Value(BinaryPrimitives.ReadUInt32LittleEndian(_frame.Data[(index * 4)..])),
    };

    private string? UnitOf(DicomDataset header)
    {
        // US is unspecified (PS3.3 §C.11.1.1.2)
        if (_modality.Unit is { Length: > 0 and <= MaxUnit } unit && unit != "US")
        {
            return unit;
        }
        return header.GetString(DicomTag.Modality)?.Trim() switch
        {
            "CT" when header.Contains(DicomTag.RescaleIntercept) => Hounsfield,
            "PT" => header.GetString(DicomTag.Units)?.Trim() is { Length: > 0 and <= MaxUnit } units ? units : null,
            _ => null,
        };
    }
}
