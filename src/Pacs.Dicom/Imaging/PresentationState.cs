namespace Pacs.Dicom.Imaging;

/// <summary>
/// How somebody has looked at an image and wants others to see it: a Grayscale or Color Softcopy Presentation State (PS3.3 §A.33): grey scale transformations, shutter, graphics, rotation and
/// flip. Its texts, bitmap shutters, overlays and displayed area are not shown.
/// </summary>
public sealed class PresentationState
{
    private readonly DicomDataset _dataset;

    private PresentationState(DicomDataset dataset) => _dataset = dataset;

    /// <summary>From its data set.</summary>
    /// <exception cref="DicomException">Not a softcopy presentation state.</exception>
    public static PresentationState Of(DicomDataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        return dataset.GetString(DicomTag.SOPClassUID) is DicomUid.GrayscaleSoftcopyPresentationStateStorage or DicomUid.ColorSoftcopyPresentationStateStorage
            or DicomUid.PseudoColorSoftcopyPresentationStateStorage
            ? new(dataset)
            : throw new DicomException("Not a softcopy presentation state of one image", DicomTag.SOPClassUID);
    }

    /// <summary>Whether it is about an image, or a frame of it (PS3.3 §C.11.11).</summary>
    /// <param name="sopInstance">(0008,0018) of the image.</param>
    /// <param name="frame">From 1.</param>
    public bool AppliesTo(string sopInstance, int frame) =>
        _dataset.GetSequence(DicomTag.ReferencedSeriesSequence).Any(series => Refers(series.GetSequence(DicomTag.ReferencedImageSequence), sopInstance, frame));

    /// <summary>Modality LUT and Presentation LUT stand here; what the image says about them is superseded (PS3.4 §N.2.1).</summary>
    internal DicomDataset Root => _dataset;

    /// <summary>Windows or VOI LUTs for a frame, or null when it shows all values (PS3.3 §C.11.8).</summary>
    internal DicomDataset? VoiOf(string? sopInstance, int frame) => Of(DicomTag.SoftcopyVOILUTSequence, sopInstance, frame).FirstOrDefault();

    /// <summary>Hides what lies outside its shutter, draws its graphics if wanted, then rotates and flips.</summary>
    /// <param name="picture">The picture, one pixel for each of the image.</param>
    /// <param name="header">The header of the image.</param>
    /// <param name="options">What is wanted.</param>
    /// <returns>The same picture, or another one: then the first is disposed.</returns>
    internal RenderedImage Apply(RenderedImage picture, DicomDataset header, RenderOptions options)
    {
        new Shutter(_dataset).Apply(picture);
        if (options.Annotations)
        {
            var drawing = new GraphicDrawing(picture);
            foreach (var layer in Of(DicomTag.GraphicAnnotationSequence, header.GetString(DicomTag.SOPInstanceUID), options.Frame))
            {
                foreach (var graphic in layer.GetSequence(DicomTag.GraphicObjectSequence))
                {
                    drawing.Draw(graphic);
                }
            }
        }
        // flipped after it has been rotated (PS3.3 §C.10.6)
        var turns = (((_dataset.GetInt32(DicomTag.ImageRotation) ?? 0) / 90 % 4) + 4) % 4;
        var isFlipped = _dataset.GetString(DicomTag.ImageHorizontalFlip) == "Y";
        return turns == 0 && !isFlipped ? picture : Turned(picture, turns, isFlipped);
    }

    private IEnumerable<DicomDataset> Of(DicomTag sequence, string? sopInstance, int frame) => _dataset.GetSequence(sequence)
        .Where(item => item.GetSequence(DicomTag.ReferencedImageSequence) is var images && (images.Count == 0 || Refers(images, sopInstance, frame)));

    private static bool Refers(IReadOnlyList<DicomDataset> images, string? sopInstance, int frame) => images.Any(image =>
        image.GetString(DicomTag.ReferencedSOPInstanceUID) == sopInstance
        && image.GetDoubles(DicomTag.ReferencedFrameNumber) is var frames && (frames.Length == 0 || frames.Contains(frame)));

    private static RenderedImage Turned(RenderedImage picture, int turns, bool isFlipped)
    {
        using (picture)
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
}
