using Pacs.Dicom;
using Pacs.Dicom.Imaging;

namespace Pacs.Web.Viewer;

/// <summary>What the viewer has to know of an image beside its picture.</summary>
/// <param name="Columns">Width in pixels.</param>
/// <param name="Rows">Height in pixels.</param>
/// <param name="IsGray">Whether it has a window.</param>
/// <param name="IsInverse">Whether large values are dark.</param>
/// <param name="FrameTime">Milliseconds between frames; null where there is one.</param>
/// <param name="FrameTimes">Milliseconds of each frame, where they are not all the same; or null.</param>
/// <param name="Trim">The first and the last frame that are played, from 1; null for all.</param>
/// <param name="Sweeps">Whether it is played to its end and back; else null.</param>
/// <param name="Spacing">Distances, or null.</param>
/// <param name="Stretch">How much higher than wide a pixel is seen; null where it is square.</param>
/// <param name="Planes">Where the frames lie in the patient, one for each where they differ; null for projections and ultrasound.</param>
/// <param name="Thickness">Of a slice, in mm; or null.</param>
/// <param name="Letters">Where rows and columns lead (0020,0020), such as <c>A</c> and <c>FR</c>, for images without plane; or null.</param>
/// <param name="Regions">Ultrasound regions, or null.</param>
/// <param name="Windows">The image's own windows; of 8 bits without one the whole range of its samples. Null where the pixels decide.</param>
/// <param name="FrameWindows">The first window of each frame, where they are not all the same; or null.</param>
internal sealed record ImageDetails(
    int Columns, int Rows, bool IsGray, bool IsInverse, double? FrameTime, IReadOnlyList<double>? FrameTimes, int[]? Trim, bool? Sweeps, PixelSpacing? Spacing, double? Stretch, IReadOnlyList<UltrasoundRegion>? Regions,
    IReadOnlyList<PlaneDetails?>? Planes, double? Thickness, IReadOnlyList<string>? Letters, IReadOnlyList<ImageWindow>? Windows, IReadOnlyList<ImageWindow?>? FrameWindows)
{
    private const int MaxWindows = 8;

    // more frames than this are told as the first: an enhanced object has hundreds
    private const int MaxFrames = 2000;

    /// <summary>Reads it from a header.</summary>
    /// <exception cref="DicomException">The header describes no image.</exception>
    public static ImageDetails Of(DicomDataset header, int frames)
    {
        var image = PixelDescription.Of(header);
        var isGray = image.PhotometricInterpretation is "MONOCHROME1" or "MONOCHROME2";
        // as the renderer takes it (PS3.3 §C.8.11.3.1.2)
        var isInverse = image.PhotometricInterpretation == "MONOCHROME1" || header.GetString(DicomTag.PresentationLUTShape) == "INVERSE";
        var regions = Calibration.RegionsOf(header);
        // only functional groups say something of single frames (PS3.3 §C.7.6.16)
        var told = header.Contains(DicomTag.PerFrameFunctionalGroupsSequence) ? Math.Clamp(frames, 1, MaxFrames) : 1;
        var stretch = Calibration.StretchOf(header);
        return new ImageDetails(image.Columns, image.Rows, isGray, isInverse, frames > 1 ? Calibration.FrameTimeOf(header) : null,
            frames > 1 ? Calibration.FrameTimesOf(header, frames) : null, frames > 1 && Calibration.TrimOf(header, frames) is var (first, last) ? [first, last] : null,
            frames > 1 && Calibration.Sweeps(header) ? true : null, Calibration.SpacingOf(header, 1),
            stretch == 1 ? null : stretch, regions.Count > 0 ? regions : null, PlanesOf(header, told), Calibration.ThicknessOf(header), LettersOf(header),
            isGray && WindowsOf(header, image) is { Count: > 0 } windows ? windows : null, isGray ? FrameWindowsOf(header, told) : null);
    }

    private static PlaneDetails?[]? PlanesOf(DicomDataset header, int frames)
    {
        var planes = Enumerable.Range(1, frames).Select(f => PlaneDetails.Of(ImagePlane.Of(header, f))).ToArray();
        return Array.TrueForAll(planes, p => p is null) ? null : planes;
    }

    private static string[]? LettersOf(DicomDataset header)
    {
        var letters = header.GetStrings(DicomTag.PatientOrientation);
        // animals have longer ones (PS3.3 §C.7.6.1.1.1); nobody else is measured by them
        return letters.Length == 2 && Array.TrueForAll(letters, l => l.Length is > 0 and <= 3 && l.All("LRAPHF".Contains)) ? letters : null;
    }

    private static ImageWindow?[]? FrameWindowsOf(DicomDataset header, int frames)
    {
        var windows = Enumerable.Range(1, frames).Select(f => Calibration.WindowsOf(header, f) is [var first, ..] ? new ImageWindow(first.Center, first.Width, null) : null).ToArray();
        return windows.Distinct().Take(2).Count() > 1 ? windows : null;
    }

    private static List<ImageWindow> WindowsOf(DicomDataset header, PixelDescription image)
    {
        var windows = Calibration.WindowsOf(header, 1).Take(MaxWindows)
            .Select(w => new ImageWindow(w.Center, w.Width, w.Name is { Length: > 40 } name ? name[..40] : w.Name)).ToList();
        if (windows.Count == 0 && image.BitsStored <= 8)
        {
            // shown is everything that the samples can be, behind the Modality LUT (PS3.3 §C.11.1); of larger ones what they are, which the pixels say
            var slope = header.GetDouble(DicomTag.RescaleSlope) is { } s && s != 0 ? s : 1;
            var offset = header.GetDouble(DicomTag.RescaleIntercept) ?? 0;
            var range = Math.Pow(2, image.BitsStored);
            var middle = image.IsSigned ? 0 : range / 2;
            windows.Add(new ImageWindow((middle * slope) + offset, Math.Max(1, range * Math.Abs(slope)), null));
        }
        return windows;
    }
}

/// <summary>A window to choose.</summary>
/// <param name="Center">(0028,1050).</param>
/// <param name="Width">(0028,1051).</param>
/// <param name="Name">(0028,1055), or null.</param>
internal sealed record ImageWindow(double Center, double Width, string? Name);

/// <summary>Where a frame lies in the patient, as the script takes it: three numbers for each.</summary>
/// <param name="Position">The centre of the first pixel.</param>
/// <param name="Row">Where a row leads.</param>
/// <param name="Column">Where a column leads.</param>
/// <param name="Frame">What positions can be compared with, or null.</param>
internal sealed record PlaneDetails(double[] Position, double[] Row, double[] Column, string? Frame)
{
    /// <summary>Takes it from a plane.</summary>
    public static PlaneDetails? Of(ImagePlane? plane) => plane is null ? null : new PlaneDetails(Numbers(plane.Position), Numbers(plane.Row), Numbers(plane.Column), plane.FrameOfReference);

    private static double[] Numbers(PatientVector vector) => [vector.X, vector.Y, vector.Z];
}
