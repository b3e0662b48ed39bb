namespace Pacs.Dicom.Imaging;

/// <summary>How a window maps values to brightness (PS3.3 §C.11.2.1.3).</summary>
public enum WindowFunction
{
    /// <summary>LINEAR, the default: with the half pixel of §C.11.2.1.2.1.</summary>
    Linear,

    /// <summary>LINEAR_EXACT (§C.11.2.1.3.2).</summary>
    LinearExact,

    /// <summary>SIGMOID (§C.11.2.1.3.1).</summary>
    Sigmoid,
}

/// <summary>A window of values that are told apart; in the units behind the Modality LUT, Hounsfield units for CT (PS3.3 §C.11.2.1.2).</summary>
/// <param name="Center">(0028,1050).</param>
/// <param name="Width">(0028,1051): at least 1 for <see cref="WindowFunction.Linear"/>, else more than 0.</param>
/// <param name="Function">(0028,1056).</param>
public readonly record struct VoiWindow(double Center, double Width, WindowFunction Function = WindowFunction.Linear)
{
    /// <summary>Whether the width is one.</summary>
    public bool IsValid => double.IsFinite(Center) && double.IsFinite(Width) && (Function == WindowFunction.Linear ? Width >= 1 : Width > 0);
}

/// <summary>A box that a picture is fitted into, its proportions kept.</summary>
/// <param name="Width">Pixels, 1 to <see cref="MaxSide"/>.</param>
/// <param name="Height">Pixels, 1 to <see cref="MaxSide"/>.</param>
public readonly record struct Viewport(int Width, int Height)
{
    /// <summary>The longest side: 8192, more than any screen has.</summary>
    public const int MaxSide = 8192;
}

/// <summary>What a picture of a frame shall look like. The defaults are what the instance itself asks for.</summary>
public sealed record RenderOptions
{
    /// <summary>The frame, from 1. Default 1.</summary>
    public int Frame { get; init; } = 1;

    /// <summary>The window. Default null: <see cref="PresentationState"/>'s, else the instance's, else everything between the least and the largest value. Colour has none.</summary>
    public VoiWindow? Window { get; init; }

    /// <summary>
    /// Which of the instance's own views, when it has several; its VOI LUTs count first, then its windows (PS3.3 §C.11.2). Default 0, the first. The last one when there are
    /// not so many.
    /// </summary>
    public int View { get; init; }

    /// <summary>The box to fit the picture into. Default null: one pixel for each of the image.</summary>
    public Viewport? Viewport { get; init; }

    /// <summary>Whether overlays (PS3.3 §C.9) are drawn, in white. Default true: devices put what the user has marked there.</summary>
    public bool Overlays { get; init; } = true;

    /// <summary>How somebody wants the image to be seen, in place of what the instance itself says. Default null. Whether it is about this image at all is the caller's to know.</summary>
    public PresentationState? PresentationState { get; init; }

    /// <summary>Whether the graphics of <see cref="PresentationState"/> are drawn, in white. Default true.</summary>
    public bool Annotations { get; init; } = true;

    /// <summary>Whether black and white, or each colour, change places. Default false.</summary>
    public bool Invert { get; init; }
}
