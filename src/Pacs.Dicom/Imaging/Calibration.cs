namespace Pacs.Dicom.Imaging;

/// <summary>What a pixel spacing is a distance in.</summary>
public enum SpacingPlane
{
    /// <summary>In the patient: cross-sections, or projections that the device has calibrated.</summary>
    Patient,

    /// <summary>At the detector, where everything is larger than in the patient (PS3.3 §10.7.1.2).</summary>
    Detector,

    /// <summary>Of a scanned film: nominal.</summary>
    Scan,
}

/// <summary>The distance between the centres of neighbouring pixels.</summary>
/// <param name="Row">Vertical, in mm.</param>
/// <param name="Column">Horizontal, in mm.</param>
/// <param name="Plane">Where that holds.</param>
public sealed record PixelSpacing(double Row, double Column, SpacingPlane Plane);

/// <summary>A part of an ultrasound image with a scale of its own (PS3.3 §C.8.5.5): the sector, a Doppler spectrum, an M-mode strip.</summary>
/// <param name="MinX">Its first column, from 0.</param>
/// <param name="MinY">Its first row, from 0.</param>
/// <param name="MaxX">Its last column.</param>
/// <param name="MaxY">Its last row.</param>
/// <param name="UnitX">What a pixel to the right is measured in: 3 cm, 4 s, 7 cm/s and others of PS3.3 §C.8.5.5.1.15.</param>
/// <param name="UnitY">What a pixel downwards is measured in.</param>
/// <param name="DeltaX">Units per pixel; may be negative, as velocity is downwards.</param>
/// <param name="DeltaY">Units per pixel.</param>
public sealed record UltrasoundRegion(int MinX, int MinY, int MaxX, int MaxY, int UnitX, int UnitY, double DeltaX, double DeltaY);

/// <summary>What distances in an image mean, and how fast its frames follow each other.</summary>
public static class Calibration
{
    // devices make at most a dozen
    private const int MaxRegions = 64;

    // PS3.3 §C.7.6.5 gives no default; this is what a cine without any time runs at
    private const double DefaultFrameTime = 40;

    /// <summary>The spacing of a frame, or null where the image has none: photographs, ultrasound, whose regions say more.</summary>
    /// <param name="header">The data set.</param>
    /// <param name="frame">From 1.</param>
    public static PixelSpacing? SpacingOf(DicomDataset header, int frame)
    {
        ArgumentNullException.ThrowIfNull(header);
        // an enhanced object has it in a functional group (PS3.3 §C.7.6.16.2.1)
        var measures = new FrameAttributes(header, frame).Macro(DicomTag.PixelMeasuresSequence);
        return Spacing(measures, DicomTag.PixelSpacing, SpacingPlane.Patient) ?? Spacing(header, DicomTag.ImagerPixelSpacing, SpacingPlane.Detector)
            ?? Spacing(header, DicomTag.NominalScannedPixelSpacing, SpacingPlane.Scan);
    }

    /// <summary>
    /// How much higher than wide a pixel is to be seen: by its spacing, else by Pixel Aspect Ratio (0028,0034), which is there for images without (PS3.3 §C.7.6.3.1.7). Ultrasound, whose regions have scales of
    /// their own, is shown as the device has drawn it.
    /// </summary>
    public static double StretchOf(DicomDataset header)
    {
        ArgumentNullException.ThrowIfNull(header);
        if (SpacingOf(header, 1) is { } spacing && RegionsOf(header).Count == 0)
        {
            return spacing.Row / spacing.Column;
        }
        return header.GetDouble(DicomTag.PixelAspectRatio) is { } vertical and > 0 && header.GetDouble(DicomTag.PixelAspectRatio, 1) is { } horizontal and > 0 ? vertical / horizontal : 1;
    }

    /// <summary>
    /// The regions of an ultrasound image that have a scale; those without are left out. None where one of them reaches beyond the image: then it has been made smaller behind the device, without them, and
    /// whoever measures with them measures wrong.
    /// </summary>
    public static IReadOnlyList<UltrasoundRegion> RegionsOf(DicomDataset header)
    {
        ArgumentNullException.ThrowIfNull(header);
        var regions = new List<UltrasoundRegion>();
        var (columns, rows) = (header.GetInt32(DicomTag.Columns) ?? int.MaxValue, header.GetInt32(DicomTag.Rows) ?? int.MaxValue);
        foreach (var item in header.GetSequence(DicomTag.SequenceOfUltrasoundRegions).Take(MaxRegions))
        {
            if (item.GetInt32(DicomTag.RegionLocationMinX0) is { } minX && item.GetInt32(DicomTag.RegionLocationMinY0) is { } minY
                && item.GetInt32(DicomTag.RegionLocationMaxX1) is { } maxX && maxX >= minX && item.GetInt32(DicomTag.RegionLocationMaxY1) is { } maxY && maxY >= minY
                && Scale(item, DicomTag.PhysicalDeltaX) is { } deltaX && Scale(item, DicomTag.PhysicalDeltaY) is { } deltaY)
            {
                // devices that count to the pixel behind the last one mean the whole image
                if (maxX > columns || maxY > rows)
                {
                    return [];
                }
                regions.Add(new UltrasoundRegion(minX, minY, maxX, maxY,
                    item.GetInt32(DicomTag.PhysicalUnitsXDirection) ?? 0, item.GetInt32(DicomTag.PhysicalUnitsYDirection) ?? 0, deltaX, deltaY));
            }
        }
        return regions;
    }

    /// <summary>Milliseconds from one frame of a cine to the next, as it is meant to be shown (PS3.3 §C.7.6.5): 5 to 10,000.</summary>
    public static double FrameTimeOf(DicomDataset header)
    {
        ArgumentNullException.ThrowIfNull(header);
        var time = Rate(header, DicomTag.RecommendedDisplayFrameRate) ?? (PointsToVector(header) ? Average(header) : null) ?? Positive(header, DicomTag.FrameTime) ?? Average(header) ?? Rate(header, DicomTag.CineRate) ?? DefaultFrameTime;
        return Math.Clamp(time, 5, 10_000);
    }

    /// <summary>
    /// Milliseconds that each frame is seen, where they are not all the same: Frame Time Vector (0018,1065), unless a rate or a time is said for all of them. Null where <see cref="FrameTimeOf"/> holds for all.
    /// </summary>
    /// <param name="header">The data set.</param>
    /// <param name="frames">How many there are.</param>
    public static IReadOnlyList<double>? FrameTimesOf(DicomDataset header, int frames)
    {
        ArgumentNullException.ThrowIfNull(header);
        if (Rate(header, DicomTag.RecommendedDisplayFrameRate) is not null || (Positive(header, DicomTag.FrameTime) is not null && !PointsToVector(header))
            || header.GetDoubles(DicomTag.FrameTimeVector) is not { Length: > 2 } vector || vector.Length != frames || vector.Skip(1).Distinct().Take(2).Count() < 2)
        {
            return null;
        }
        // each is the time since the frame before (PS3.3 §C.7.6.5.1.2): the last one is seen as long as they are on average
        var average = FrameTimeOf(header);
        return [.. vector.Skip(1).Append(average).Select(t => t > 0 ? Math.Clamp(t, 5, 10_000) : average)];
    }

    /// <summary>The frames that a cine plays, from 1, both included: Start Trim (0008,2142) and Stop Trim (0008,2143). Null where it plays all.</summary>
    /// <param name="header">The data set.</param>
    /// <param name="frames">How many there are.</param>
    public static (int First, int Last)? TrimOf(DicomDataset header, int frames)
    {
        ArgumentNullException.ThrowIfNull(header);
        var (first, last) = (header.GetInt32(DicomTag.StartTrim) ?? 1, header.GetInt32(DicomTag.StopTrim) ?? frames);
        return first >= 1 && last <= frames && first < last && (first > 1 || last < frames) ? (first, last) : null;
    }

    /// <summary>Whether a cine goes to its end and back again, in place of beginning anew: Preferred Playback Sequencing (0018,1244).</summary>
    public static bool Sweeps(DicomDataset header)
    {
        ArgumentNullException.ThrowIfNull(header);
        return header.GetInt32(DicomTag.PreferredPlaybackSequencing) == 1;
    }

    /// <summary>How thick the slice of the first frame is, in mm; or null.</summary>
    public static double? ThicknessOf(DicomDataset header)
    {
        ArgumentNullException.ThrowIfNull(header);
        return Positive(new FrameAttributes(header, 1).Macro(DicomTag.PixelMeasuresSequence), DicomTag.SliceThickness);
    }

    /// <summary>The windows of a frame with their names, those left out that are none. The first is what is shown.</summary>
    /// <param name="header">The data set.</param>
    /// <param name="frame">From 1.</param>
    public static IReadOnlyList<(double Center, double Width, string? Name)> WindowsOf(DicomDataset header, int frame)
    {
        ArgumentNullException.ThrowIfNull(header);
        // an enhanced object has them in a functional group (PS3.3 §C.7.6.16.2.10)
        var views = new FrameAttributes(header, frame).Macro(DicomTag.FrameVOILUTSequence);
        var (centers, widths, names) = (views.GetDoubles(DicomTag.WindowCenter), views.GetDoubles(DicomTag.WindowWidth), views.GetStrings(DicomTag.WindowCenterWidthExplanation));
        var windows = new List<(double, double, string?)>();
        for (var i = 0; i < Math.Min(centers.Length, widths.Length); i++)
        {
            if (new VoiWindow(centers[i], widths[i]).IsValid)
            {
                windows.Add((centers[i], widths[i], i < names.Length && names[i].Length > 0 ? names[i] : null));
            }
        }
        return windows;
    }

    // (0028,0009) says which of them is meant
    private static bool PointsToVector(DicomDataset header) => header.GetString(DicomTag.FrameIncrementPointer) == DicomTag.FrameTimeVector.ToHexString();

    private static PixelSpacing? Spacing(DicomDataset dataset, DicomTag tag, SpacingPlane plane) =>
        dataset.GetDouble(tag) is { } row && row > 0 && dataset.GetDouble(tag, 1) is { } column && column > 0 ? new PixelSpacing(row, column, plane) : null;

    private static double? Scale(DicomDataset dataset, DicomTag tag) => dataset.GetDouble(tag) is { } value && value != 0 && double.IsFinite(value) ? value : null;

    private static double? Positive(DicomDataset dataset, DicomTag tag) => dataset.GetDouble(tag) is { } value && value > 0 ? value : null;

    private static double? Rate(DicomDataset dataset, DicomTag tag) => Positive(dataset, tag) is { } rate ? 1000 / rate : null;

    // (0018,1065): the first value is 0, there is nothing before the first frame
    private static double? Average(DicomDataset dataset) => dataset.GetDoubles(DicomTag.FrameTimeVector) is { Length: > 1 } times && times.Skip(1).Average() is var average && average > 0 ? average : null;
}
