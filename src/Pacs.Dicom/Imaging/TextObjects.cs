namespace Pacs.Dicom.Imaging;

/// <summary>The texts of a presentation state: in their box, or beside the point that they are about (PS3.3 §C.10.5).</summary>
/// <param name="picture">The picture, rotated and flipped.</param>
/// <param name="lines">Draws from a point to its text.</param>
/// <param name="display">What is displayed of it.</param>
/// <param name="move">Where a place of the image is in the picture.</param>
internal sealed class TextObjects(RenderedImage picture, GraphicDrawing lines, DisplayFrame display, Func<(double X, double Y), (double X, double Y)> move)
{
    // of one picture; a hostile state would draw for hours
    private const int MaxTexts = 1000;

    // what has no box is as small as an annotation
    private const int LinesOfPicture = 32;

    // far outside every picture
    private const double MaxPlace = 1e6;

    private static readonly string[] LineEnds = ["\r\n", "\n", "\r"];

    private int _count;

    /// <summary>Draws an item of the Text Object Sequence.</summary>
    public void Draw(DicomDataset item)
    {
        if (item.GetString(DicomTag.UnformattedTextValue) is not { Length: > 0 } value || _count++ == MaxTexts)
        {
            return;
        }
        var text = value.TrimEnd().Split(LineEnds, StringSplitOptions.None);
        var anchor = Place(item, DicomTag.AnchorPoint, DicomTag.AnchorPointAnnotationUnits);
        if (Place(item, DicomTag.BoundingBoxTopLeftHandCorner, DicomTag.BoundingBoxAnnotationUnits) is { } first
            && Place(item, DicomTag.BoundingBoxBottomRightHandCorner, DicomTag.BoundingBoxAnnotationUnits) is { } second)
        {
            // the image may have been turned round since: the corners are what they are
            var (left, right) = (Math.Min(first.X, second.X), Math.Max(first.X, second.X));
            var (top, bottom) = (Math.Min(first.Y, second.Y), Math.Max(first.Y, second.Y));
            if (anchor is { } point && item.GetString(DicomTag.AnchorPointVisibility) == "Y")
            {
                lines.Line(point, (Math.Clamp(point.X, left, right), Math.Clamp(point.Y, top, bottom)));
            }
            var alignment = item.GetString(DicomTag.BoundingBoxTextHorizontalJustification) switch { "RIGHT" => 1, "CENTER" => 0.5, _ => 0.0 };
            TextDrawing.Draw(picture, text, (int)(left + (alignment * (right - left))), (int)top, ScaleWithin(text, right - left, bottom - top), alignment);
        }
        else if (anchor is { } place)
        {
            TextDrawing.Draw(picture, text, (int)place.X, (int)place.Y, TextDrawing.ScaleFor((int)display.Height, LinesOfPicture));
        }
    }

    // as large as the box takes, and readable when it takes less; a box is a hint (PS3.3 §C.10.5.1)
    private static int ScaleWithin(string[] text, double width, double height)
    {
        var (one, high) = TextDrawing.Measure(text, 1);
        return (int)Math.Clamp(Math.Min(width / Math.Max(1, one), height / Math.Max(1, high)), 1, 100);
    }

    /// <summary>A point: of the image in PIXEL, of what is displayed in DISPLAY, whose upper left is 0\0 and whose lower right 1\1.</summary>
    private (double X, double Y)? Place(DicomDataset item, DicomTag tag, DicomTag units) =>
        item.GetDoubles(tag) is [var x, var y, ..] && Math.Abs(x) <= MaxPlace && Math.Abs(y) <= MaxPlace
            ? item.GetString(units) is "DISPLAY" or "MATRIX" ? display.Place(x, y) : move((x, y)) : null;
}
