namespace Pacs.Dicom.Imaging;

/// <summary>
/// From a stored value to its brightness: Modality LUT or rescale, then VOI LUT or window, then Presentation LUT or the inversion of MONOCHROME1 (PS3.3 §C.11, PS3.4 §N.2).
/// Computed in double precision, once for each value that occurs.
/// </summary>
internal sealed class GrayTransform
{
    private readonly ModalityTransform _modality;
    private readonly LookupTable? _voiLut;
    private readonly LookupTable? _presentationLut;
    private VoiWindow? _window;
    private readonly bool _isInverted;

    /// <param name="attributes">What is said about the frame.</param>
    /// <param name="image">What its samples are.</param>
    /// <param name="options">What is wanted.</param>
    public GrayTransform(FrameAttributes attributes, PixelDescription image, RenderOptions options)
    {
        var state = options.PresentationState;
        var values = state?.Root ?? attributes.Macro(DicomTag.PixelValueTransformationSequence);
        _modality = new ModalityTransform(values, state is not null || values == attributes.Root);
        if (options.Window is { IsValid: true } wanted)
        {
            _window = wanted;
        }
        else
        {
            var views = state is null ? attributes.Macro(DicomTag.FrameVOILUTSequence) : state.VoiOf(attributes.Root.GetString(DicomTag.SOPInstanceUID), options.Frame);
            (_voiLut, _window) = views is null ? (null, null) : View(views, options.View);
        }
        if (state?.Root.GetSequence(DicomTag.PresentationLUTSequence) is [var presentation, ..])
        {
            _presentationLut = LookupTable.Of(presentation);
        }
        // both say that small values are bright, and mean it once (PS3.3 §C.8.11.3.1.2); a presentation state says it alone (PS3.4 §N.2.1)
        var isInverse = (state is null && image.PhotometricInterpretation == "MONOCHROME1")
            || string.Equals((state?.Root ?? attributes.Root).GetString(DicomTag.PresentationLUTShape), "INVERSE", StringComparison.Ordinal);
        _isInverted = isInverse != options.Invert;
    }

    /// <summary>Whether nobody says which values matter: then <see cref="UseRange"/> must follow.</summary>
    public bool NeedsRange => _voiLut is null && _window is null;

    /// <summary>Shows everything between two stored values.</summary>
    public void UseRange(double least, double largest)
    {
        (least, largest) = _modality.LargestOfTable is { } most ? (0, most) : (_modality.Of(least), _modality.Of(largest));
        var width = Math.Abs(largest - least);
        // a frame of one value is black
        _window = width > 0 ? new VoiWindow((least + largest) / 2, width, WindowFunction.LinearExact) : new VoiWindow(least + 0.5, 1, WindowFunction.LinearExact);
    }

    /// <summary>The brightness of a stored value, 0 to 255.</summary>
    public byte Map(double stored)
    {
        var value = _modality.Of(stored);
        var brightness = _voiLut is null ? Window(_window!.Value, value) : _voiLut[(int)Math.Clamp(Math.Floor(value + 0.5), int.MinValue, int.MaxValue)] * 255.0 / ((1 << _voiLut.Bits) - 1);
        if (_presentationLut is { } lut)
        {
            brightness = lut[lut.First + (int)Math.Round(brightness * (lut.Count - 1) / 255)] * 255.0 / ((1 << lut.Bits) - 1);
        }
        return (byte)Math.Floor((_isInverted ? 255 - brightness : brightness) + 0.5);
    }

    private static double Window(VoiWindow window, double value)
    {
        var (center, width, function) = window;
        switch (function)
        {
            case WindowFunction.Sigmoid:
                return 255 / (1 + Math.Exp(-4 * (value - center) / width));
            case WindowFunction.Linear:
                center -= 0.5;
                width -= 1;
                break;
        }
        return value <= center - (width / 2) ? 0 : value > center + (width / 2) ? 255 : (((value - center) / width) + 0.5) * 255;
    }

    private static (LookupTable?, VoiWindow?) View(DicomDataset dataset, int view)
    {
        var tables = dataset.GetSequence(DicomTag.VOILUTSequence).Select(LookupTable.Of).OfType<LookupTable>().ToArray();
        if (view < tables.Length)
        {
            return (tables[view], null);
        }
        var centers = dataset.GetDoubles(DicomTag.WindowCenter);
        var widths = dataset.GetDoubles(DicomTag.WindowWidth);
        var count = Math.Min(centers.Length, widths.Length);
        if (count == 0)
        {
            return (tables.LastOrDefault(), null);
        }
        var function = dataset.GetString(DicomTag.VOILUTFunction)?.Trim() switch
        {
            "SIGMOID" => WindowFunction.Sigmoid,
            "LINEAR_EXACT" => WindowFunction.LinearExact,
            _ => WindowFunction.Linear,
        };
        var at = Math.Min(Math.Max(view - tables.Length, 0), count - 1);
        var window = new VoiWindow(centers[at], widths[at], function);
        // a width below one is an exact one: parametric maps of small numbers are written so
        window = window is { Function: WindowFunction.Linear, Width: > 0 and < 1 } ? window with { Function = WindowFunction.LinearExact } : window;
        return (null, window.IsValid ? window : null);
    }
}
