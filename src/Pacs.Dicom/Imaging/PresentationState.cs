namespace Pacs.Dicom.Imaging;

/// <summary>
/// How somebody has looked at an image and wants others to see it: a Grayscale or Color Softcopy Presentation State (PS3.3 §A.33): grey scale transformations, shutters, overlays, graphics,
/// texts, rotation, flip and displayed area.
/// </summary>
public sealed partial class PresentationState
{
    private readonly DicomDataset _dataset;

    private PresentationState(DicomDataset dataset) => _dataset = dataset;

    /// <summary>From its data set.</summary>
    /// <exception cref="DicomException">Not a softcopy presentation state.</exception>
    public static PresentationState Of(DicomDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return IsState(dataset.GetString(DicomTag.SOPClassUID))
            ? new(dataset)
            : throw new DicomException("Not a softcopy presentation state of one image", DicomTag.SOPClassUID);
    }

    /// <summary>Whether a SOP class is one of those that can be shown.</summary>
    public static bool IsState(string? sopClass) =>
        sopClass is DicomUid.GrayscaleSoftcopyPresentationStateStorage or DicomUid.ColorSoftcopyPresentationStateStorage or DicomUid.PseudoColorSoftcopyPresentationStateStorage;

    /// <summary>The images that it is about: SOP Instance UID, and the first frame of those that it names.</summary>
    public IEnumerable<(string SopInstance, int Frame)> Images => _dataset.GetSequence(DicomTag.ReferencedSeriesSequence).SelectMany(s => s.GetSequence(DicomTag.ReferencedImageSequence))
        .Select(i => (i.GetString(DicomTag.ReferencedSOPInstanceUID) ?? "", i.GetInt32(DicomTag.ReferencedFrameNumber) is { } frame and > 0 ? frame : 1));

    /// <summary>Whether it is about an image, or a frame of it (PS3.3 §C.11.11).</summary>
    /// <param name="sopInstance">(0008,0018) of the image.</param>
    /// <param name="frame">From 1.</param>
    public bool AppliesTo(string sopInstance, int frame) =>
        _dataset.GetSequence(DicomTag.ReferencedSeriesSequence).Any(series => Refers(series.GetSequence(DicomTag.ReferencedImageSequence), sopInstance, frame));

    /// <summary>Modality LUT and Presentation LUT stand here; what the image says about them is superseded (PS3.4 §N.2.1).</summary>
    internal DicomDataset Root => _dataset;

    /// <summary>Windows or VOI LUTs for a frame, or null when it shows all values (PS3.3 §C.11.8).</summary>
    internal DicomDataset? VoiOf(string? sopInstance, int frame) => Of(DicomTag.SoftcopyVOILUTSequence, sopInstance, frame).FirstOrDefault();

    /// <summary>Whether an overlay, of this state or of the image, is to be seen (PS3.3 §C.11.7). The one that is a shutter is none.</summary>
    internal bool Activates(int group) => !string.IsNullOrEmpty(_dataset.GetString(new DicomTag((ushort)group, 0x1001))) && new Shutter(_dataset).OverlayGroup != group;

    /// <summary>Hides what lies outside its shutter, draws its graphics if wanted, and, unless it shall not, rotates and flips, and cuts out what it displays.</summary>
    /// <param name="picture">The picture, one pixel for each of the image.</param>
    /// <param name="header">The header of the image.</param>
    /// <param name="options">What is wanted.</param>
    /// <returns>The same picture, or another one: then the first is disposed.</returns>
    internal RenderedImage Apply(RenderedImage picture, DicomDataset header, RenderOptions options)
    {
        new Shutter(_dataset).Apply(picture);
        DicomDataset[] layers = options.Annotations ? [.. Of(DicomTag.GraphicAnnotationSequence, header.GetString(DicomTag.SOPInstanceUID), options.Frame)] : [];
        DicomDataset[] graphics = [.. layers.SelectMany(l => l.GetSequence(DicomTag.GraphicObjectSequence))];
        var drawing = new GraphicDrawing(picture, new DisplayFrame(0, 0, picture.Width, picture.Height));
        foreach (var graphic in graphics.Where(g => !GraphicDrawing.IsOfDisplay(g)))
        {
            drawing.Draw(graphic);
        }
        var (turns, isFlipped) = (Turns, IsFlipped);
        var (width, height) = (picture.Width, picture.Height);
        var area = DisplayedArea.Of(AreaOf(header.GetString(DicomTag.SOPInstanceUID), options.Frame), width, height);
        var turned = turns == 0 && !isFlipped ? picture : Turned(picture, turns, isFlipped);
        var shown = turned;
        try
        {
            // where the area is now
            var (first, second) = (Moved((area.Left, area.Top), width, height, turns, isFlipped), Moved((area.Left + area.Width, area.Top + area.Height), width, height, turns, isFlipped));
            var (left, top) = ((int)Math.Min(first.X, second.X), (int)Math.Min(first.Y, second.Y));
            var (across, down) = turns % 2 == 0 ? (area.Width, area.Height) : (area.Height, area.Width);
            var display = new DisplayFrame(left, top, across, down);
            Func<(double X, double Y), (double X, double Y)> move = point => Moved(point, width, height, turns, isFlipped);
            if (options.StateGeometry)
            {
                if (!area.IsWhole(width, height))
                {
                    shown = Displayed(turned, area, left, top, turns, options.Viewport is null);
                }
                display = new DisplayFrame(0, 0, shown.Width, shown.Height);
                var (scaleX, scaleY) = ((double)shown.Width / across, (double)shown.Height / down);
                move = point => Moved(point, width, height, turns, isFlipped) is var (x, y) ? ((x - left) * scaleX, (y - top) * scaleY) : default;
            }
            // what refers to the display, and texts, which stay upright wherever their place has gone
            var above = new GraphicDrawing(shown, display);
            foreach (var graphic in graphics.Where(GraphicDrawing.IsOfDisplay))
            {
                above.Draw(graphic);
            }
            var texts = new TextObjects(shown, above, display, move);
            foreach (var text in layers.SelectMany(l => l.GetSequence(DicomTag.TextObjectSequence)))
            {
                texts.Draw(text);
            }
            if (!options.StateGeometry && turned != picture)
            {
                // back again: what is flipped is its own way back
                shown = Turned(turned, isFlipped ? turns : (4 - turns) % 4, isFlipped);
            }
            return shown;
        }
        finally
        {
            if (turned != picture && turned != shown)
            {
                turned.Dispose();
            }
        }
    }

    /// <summary>The displayed area of a picture that has been turned, in its size; black where there is no image.</summary>
    private static RenderedImage Displayed(RenderedImage turned, DisplayedArea area, int left, int top, int turns, bool mayMagnify)
    {
        var (width, height) = turns % 2 == 0 ? (area.Width, area.Height) : (area.Height, area.Width);
        var cut = RenderedImage.Rent(width, height, turned.Samples);
        cut.Data.Clear();
        var (from, to) = (Math.Max(left, 0), Math.Min(left + width, turned.Width));
        for (var y = Math.Max(top, 0); y < Math.Min(top + height, turned.Height); y++)
        {
            turned.Row(y)[(from * turned.Samples)..(to * turned.Samples)].CopyTo(cut.Row(y - top)[((from - left) * turned.Samples)..]);
        }
        var magnification = mayMagnify ? area.Magnification : 1;
        var (across, down) = turns % 2 == 0 ? (width * magnification, height * magnification * area.Stretch) : (width * magnification * area.Stretch, height * magnification);
        // as large as a viewport may be
        var limit = Math.Min(1, Viewport.MaxSide / Math.Max(across, down));
        var scaled = Scaling.To(cut, (int)Math.Clamp(Math.Round(across * limit), 1, Viewport.MaxSide), (int)Math.Clamp(Math.Round(down * limit), 1, Viewport.MaxSide));
        if (scaled != cut)
        {
            cut.Dispose();
        }
        return scaled;
    }

    /// <summary>Where a place of the image is when it has been rotated clockwise and flipped.</summary>
    private static (double X, double Y) Moved((double X, double Y) point, int width, int height, int turns, bool isFlipped)
    {
        var (x, y) = turns switch
        {
            1 => (height - point.Y, point.X),
            2 => (width - point.X, height - point.Y),
            3 => (point.Y, width - point.X),
            _ => point,
        };
        return (isFlipped ? (turns % 2 == 0 ? width : height) - x : x, y);
    }

    private IEnumerable<DicomDataset> Of(DicomTag sequence, string? sopInstance, int frame) => _dataset.GetSequence(sequence)
        .Where(item => item.GetSequence(DicomTag.ReferencedImageSequence) is var images && (images.Count == 0 || Refers(images, sopInstance, frame)));

    private static bool Refers(IReadOnlyList<DicomDataset> images, string? sopInstance, int frame) => images.Any(image =>
        image.GetString(DicomTag.ReferencedSOPInstanceUID) == sopInstance
        && image.GetDoubles(DicomTag.ReferencedFrameNumber) is var frames && (frames.Length == 0 || frames.Contains(frame)));

    private static RenderedImage Turned(RenderedImage picture, int turns, bool isFlipped)
    {
        var (width, height) = turns % 2 == 0 ? (picture.Width, picture.Height) : (picture.Height, picture.Width);
        var turned = RenderedImage.Rent(width, height, picture.Samples);
        for (var y = 0; y < height; y++)
        {
            var row = turned.Row(y);
            for (var x = 0; x < width; x++)
            {
                var right = isFlipped ? width - 1 - x : x;
                // clockwise
                var (fromX, fromY) = turns switch
                {
                    1 => (y, picture.Height - 1 - right),
                    2 => (picture.Width - 1 - right, picture.Height - 1 - y),
                    3 => (picture.Width - 1 - y, right),
                    _ => (right, y),
                };
                picture.Row(fromY).Slice(fromX * picture.Samples, picture.Samples).CopyTo(row[(x * picture.Samples)..]);
            }
        }
        return turned;
    }
}
