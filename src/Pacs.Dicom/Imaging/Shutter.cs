namespace Pacs.Dicom.Imaging;

/// <summary>A display shutter: rectangle, circle, polygon, or what is inside all of them (PS3.3 §C.7.6.11); or the bits of an overlay plane (§C.7.6.15). Places count from 1\1, the upper left pixel.</summary>
internal readonly struct Shutter
{
    // a polygon of more has been drawn by nobody
    private const int MaxVertices = 10_000;

    private readonly string[] _shapes;
    private readonly DicomDataset _dataset;
    private readonly byte _value;

    public Shutter(DicomDataset dataset)
    {
        _dataset = dataset;
        _shapes = dataset.GetStrings(DicomTag.ShutterShape);
        // of 16 bits; 0 is black
        _value = (byte)(Math.Clamp(dataset.GetInt32(DicomTag.ShutterPresentationValue) ?? 0, 0, ushort.MaxValue) >> 8);
    }

    /// <summary>Fills what lies outside.</summary>
    public void Apply(RenderedImage picture)
    {
        if (_shapes.Contains("RECTANGULAR"))
        {
            var left = _dataset.GetInt32(DicomTag.ShutterLeftVerticalEdge) ?? 1;
            var right = _dataset.GetInt32(DicomTag.ShutterRightVerticalEdge) ?? picture.Width;
            var upper = _dataset.GetInt32(DicomTag.ShutterUpperHorizontalEdge) ?? 1;
            var lower = _dataset.GetInt32(DicomTag.ShutterLowerHorizontalEdge) ?? picture.Height;
            for (var y = 0; y < picture.Height; y++)
            {
                Keep(picture, y, y + 1 >= upper && y + 1 <= lower ? left - 1 : int.MaxValue, right - 1L);
            }
        }
        if (_shapes.Contains("CIRCULAR") && _dataset.GetInt32(DicomTag.RadiusOfCircularShutter) is { } radius)
        {
            var row = (_dataset.GetInt32(DicomTag.CenterOfCircularShutter) ?? 1) - 1.0;
            var column = (_dataset.GetInt32(DicomTag.CenterOfCircularShutter, 1) ?? 1) - 1.0;
            for (var y = 0; y < picture.Height; y++)
            {
                var half = Math.Sqrt(((double)radius * radius) - ((y - row) * (y - row)));
                Keep(picture, y, double.IsNaN(half) ? int.MaxValue : (long)Math.Ceiling(column - half), double.IsNaN(half) ? 0 : (long)Math.Floor(column + half));
            }
        }
        if (_shapes.Contains("POLYGONAL") && _dataset.GetDoubles(DicomTag.VerticesOfThePolygonalShutter) is { Length: >= 6 and <= 2 * MaxVertices } vertices)
        {
            KeepPolygon(picture, vertices);
        }
        if (OverlayGroup is { } group && Overlays.Plane(_dataset, group) is { } plane)
        {
            var value = _value;
            plane.ForEach(picture, (shut, x, y) => shut.Row(y).Slice(x * shut.Samples, shut.Samples).Fill(value));
        }
    }

    /// <summary>The group of the overlay plane that is the shutter, and no overlay; or null.</summary>
    public int? OverlayGroup => _shapes.Contains("BITMAP") ? _dataset.GetInt32(DicomTag.ShutterOverlayGroup) : null;

    private void Keep(RenderedImage picture, int y, long from, long to)
    {
        var row = picture.Row(y);
        var first = (int)Math.Clamp(from, 0, picture.Width);
        var end = (int)Math.Clamp(to + 1, first, picture.Width);
        row[..(first * picture.Samples)].Fill(_value);
        row[(end * picture.Samples)..].Fill(_value);
    }

    /// <summary>Even-odd rule along each row, at the centres of its pixels; vertices are row\column.</summary>
    private void KeepPolygon(RenderedImage picture, double[] vertices)
    {
        var crossings = new List<double>();
        var count = vertices.Length / 2;
        for (var y = 0; y < picture.Height; y++)
        {
            crossings.Clear();
            for (var i = 0; i < count; i++)
            {
                var next = (i + 1) % count;
                var (fromRow, fromColumn) = (vertices[2 * i] - 1, vertices[(2 * i) + 1] - 1);
                var (toRow, toColumn) = (vertices[2 * next] - 1, vertices[(2 * next) + 1] - 1);
                if (fromRow <= y != toRow <= y)
                {
                    crossings.Add(fromColumn + ((y - fromRow) / (toRow - fromRow) * (toColumn - fromColumn)));
                }
            }
            crossings.Sort();
            var row = picture.Row(y);
            var hiddenFrom = 0;
            for (var i = 0; i + 1 < crossings.Count; i += 2)
            {
                var first = (int)Math.Clamp(Math.Ceiling(crossings[i]), hiddenFrom, picture.Width);
                row[(hiddenFrom * picture.Samples)..(first * picture.Samples)].Fill(_value);
                hiddenFrom = (int)Math.Clamp(Math.Floor(crossings[i + 1]) + 1, first, picture.Width);
            }
            row[(hiddenFrom * picture.Samples)..].Fill(_value);
        }
    }
}
