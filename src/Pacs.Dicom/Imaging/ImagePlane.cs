namespace Pacs.Dicom.Imaging;

/// <summary>A point or a direction in the patient, in mm: x to his left, y to his back, z to his head (PS3.3 §C.7.6.2.1.1).</summary>
/// <param name="X">To the left.</param>
/// <param name="Y">To the back.</param>
/// <param name="Z">To the head.</param>
public readonly record struct PatientVector(double X, double Y, double Z)
{
    internal double Length => Math.Sqrt(Times(this));

    internal bool IsFinite => double.IsFinite(X) && double.IsFinite(Y) && double.IsFinite(Z);

    internal double Times(PatientVector other) => (X * other.X) + (Y * other.Y) + (Z * other.Z);
}

/// <summary>Where a cross-section lies in the patient.</summary>
/// <param name="Position">The centre of the first pixel (0020,0032).</param>
/// <param name="Row">Where a row leads, of length one (0020,0037).</param>
/// <param name="Column">Where a column leads, of length one.</param>
/// <param name="FrameOfReference">Positions with the same one can be compared (0020,0052); null where nobody says.</param>
public sealed record ImagePlane(PatientVector Position, PatientVector Row, PatientVector Column, string? FrameOfReference)
{
    // of devices that round to three digits
    private const double Tolerance = 0.05;

    /// <summary>The plane of a frame, or null where the image has none: projections, ultrasound, numbers that are no directions.</summary>
    /// <param name="header">The data set.</param>
    /// <param name="frame">From 1.</param>
    public static ImagePlane? Of(DicomDataset header, int frame)
    {
        ArgumentNullException.ThrowIfNull(header);
        var attributes = new FrameAttributes(header, frame);
        var position = attributes.Macro(DicomTag.PlanePositionSequence).GetDoubles(DicomTag.ImagePositionPatient);
        var directions = attributes.Macro(DicomTag.PlaneOrientationSequence).GetDoubles(DicomTag.ImageOrientationPatient);
        if (position.Length != 3 || directions.Length != 6)
        {
            return null;
        }
        var plane = new ImagePlane(Vector(position, 0), Vector(directions, 0), Vector(directions, 3), header.GetString(DicomTag.FrameOfReferenceUID)?.Trim() is { Length: > 0 } uid ? uid : null);
        return plane.Position.IsFinite && IsUnit(plane.Row) && IsUnit(plane.Column) && Math.Abs(plane.Row.Times(plane.Column)) < Tolerance ? plane : null;
    }

    private static PatientVector Vector(double[] numbers, int at) => new(numbers[at], numbers[at + 1], numbers[at + 2]);

    private static bool IsUnit(PatientVector direction) => direction.IsFinite && Math.Abs(direction.Length - 1) < Tolerance;
}
