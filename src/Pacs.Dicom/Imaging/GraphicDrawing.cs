namespace Pacs.Dicom.Imaging;

/// <summary>Where in a picture that is which is displayed: what fractions of it are fractions of.</summary>
internal readonly record struct DisplayFrame(double Left, double Top, double Width, double Height)
{
    /// <summary>A place on the display as one of the picture.</summary>
    public (double X, double Y) Place(double x, double y) => (Left + (x * Width), Top + (y * Height));
}

/// <summary>The graphics of a presentation state, in white lines of one pixel (PS3.3 §C.10.5).</summary>
internal sealed class GraphicDrawing(RenderedImage picture, DisplayFrame display)
{
    private const byte White = 255;

    // of one picture; a hostile state would draw for hours
    private const int MaxPoints = 100_000;

    // far outside every image; beyond it doubles lose the pixel
    private const double MaxPlace = 1e6;

    private const int CircleSteps = 180;
    private const int CurveSteps = 16;

    private int _points;

    /// <summary>Whether an item is placed on what is displayed, as fractions of it, and not on the pixels of the image.</summary>
    public static bool IsOfDisplay(DicomDataset graphic) => graphic.GetString(DicomTag.GraphicAnnotationUnits) is "DISPLAY" or "MATRIX";

    /// <summary>Draws an item of the Graphic Object Sequence.</summary>
    public void Draw(DicomDataset graphic)
    {
        var data = graphic.GetDoubles(DicomTag.GraphicData);
        _points += data.Length / 2;
        if (_points > MaxPoints || !Array.TrueForAll(data, d => Math.Abs(d) <= MaxPlace))
        {
            return;
        }
        // PIXEL: 0\0 is the upper left corner of the first pixel. DISPLAY and MATRIX: fractions of the whole
        var isPixel = !IsOfDisplay(graphic);
        var points = new (double X, double Y)[data.Length / 2];
        for (var i = 0; i < points.Length; i++)
        {
            points[i] = isPixel ? (data[2 * i], data[(2 * i) + 1]) : display.Place(data[2 * i], data[(2 * i) + 1]);
        }
        switch (graphic.GetString(DicomTag.GraphicType))
        {
            case "POINT" when points is [var point, ..]:
                Line(point, point);
                break;
            case "POLYLINE":
                Lines(points);
                break;
            case "INTERPOLATED":
                Lines(Curve(points));
                break;
            case "CIRCLE" when points is [var center, var rim, ..]:
                var radius = Math.Sqrt(((rim.X - center.X) * (rim.X - center.X)) + ((rim.Y - center.Y) * (rim.Y - center.Y)));
                Lines(Ellipse(center, (radius, 0), (0, radius)));
                break;
            case "ELLIPSE" when points is [var left, var right, var top, var bottom, ..]:
                Lines(Ellipse(((left.X + right.X) / 2, (left.Y + right.Y) / 2), ((right.X - left.X) / 2, (right.Y - left.Y) / 2), ((bottom.X - top.X) / 2, (bottom.Y - top.Y) / 2)));
                break;
        }
    }

    private static (double X, double Y)[] Ellipse((double X, double Y) center, (double X, double Y) major, (double X, double Y) minor) =>
        [.. Enumerable.Range(0, CircleSteps + 1).Select(i => Math.SinCos(2 * Math.PI * i / CircleSteps)).Select(a =>
            (center.X + (a.Cos * major.X) + (a.Sin * minor.X), center.Y + (a.Cos * major.Y) + (a.Sin * minor.Y)))];

    /// <summary>A smooth line through all points (Catmull-Rom); the standard leaves the form open.</summary>
    private static (double X, double Y)[] Curve((double X, double Y)[] points)
    {
        var curve = new List<(double, double)>();
        for (var i = 0; i + 1 < points.Length; i++)
        {
            var (before, from, to, after) = (points[Math.Max(i - 1, 0)], points[i], points[i + 1], points[Math.Min(i + 2, points.Length - 1)]);
            for (var step = 0; step <= CurveSteps; step++)
            {
                var t = (double)step / CurveSteps;
                curve.Add((Spline(before.X, from.X, to.X, after.X, t), Spline(before.Y, from.Y, to.Y, after.Y, t)));
            }
        }
        return [.. curve];

        static double Spline(double before, double from, double to, double after, double t) =>
            0.5 * ((2 * from) + ((to - before) * t) + (((2 * before) - (5 * from) + (4 * to) - after) * t * t) + (((3 * from) - before - (3 * to) + after) * t * t * t));
    }

    private void Lines((double X, double Y)[] points)
    {
        for (var i = 0; i + 1 < points.Length; i++)
        {
            Line(points[i], points[i + 1]);
        }
    }

    /// <summary>The part of a line within the picture (Liang-Barsky), a pixel for each step along its longer side.</summary>
    internal void Line((double X, double Y) from, (double X, double Y) to)
    {
        var (dx, dy) = (to.X - from.X, to.Y - from.Y);
        double begin = 0, end = 1;
        if (!Clip(-dx, from.X, ref begin, ref end) || !Clip(dx, picture.Width - from.X, ref begin, ref end)
            || !Clip(-dy, from.Y, ref begin, ref end) || !Clip(dy, picture.Height - from.Y, ref begin, ref end))
        {
            return;
        }
        var steps = (int)Math.Ceiling(Math.Max(Math.Abs(dx), Math.Abs(dy)) * (end - begin));
        for (var i = 0; i <= steps; i++)
        {
            var t = steps == 0 ? begin : begin + ((end - begin) * i / steps);
            var x = Math.Clamp((int)Math.Floor(from.X + (t * dx)), 0, picture.Width - 1);
            var y = Math.Clamp((int)Math.Floor(from.Y + (t * dy)), 0, picture.Height - 1);
            picture.Row(y).Slice(x * picture.Samples, picture.Samples).Fill(White);
        }
    }

    private static bool Clip(double direction, double distance, ref double begin, ref double end)
    {
        if (direction == 0)
        {
            return distance >= 0;
        }
        var t = distance / direction;
        if (direction < 0)
        {
            begin = Math.Max(begin, t);
        }
        else
        {
            end = Math.Min(end, t);
        }
        return begin <= end;
    }
}
