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

/// <summary>A part of the picture, in its pixels, and whether it is mirrored (PS3.18 §8.3.5.1.3). What lies outside of the picture is left out.</summary>
/// <param name="Left">Of the left edge, from 0.</param>
/// <param name="Top">Of the upper edge, from 0.</param>
/// <param name="Width">How wide it is; null to the right edge.</param>
/// <param name="Height">How high it is; null to the lower edge.</param>
/// <param name="FlipHorizontally">Whether left and right change places.</param>
/// <param name="FlipVertically">Whether top and bottom change places.</param>
public readonly record struct SourceRegion(double Left, double Top, double? Width = null, double? Height = null, bool FlipHorizontally = false, bool FlipVertically = false)
{
    /// <summary>The pixels of it in a picture of this size, or null when there are none.</summary>
    public (int Left, int Top, int Width, int Height)? Within(int width, int height)
    {
        var (left, right) = Span(Left, Width, width);
        var (top, bottom) = Span(Top, Height, height);
        return left < right && top < bottom ? (left, top, right - left, bottom - top) : null;
    }

    // whole pixels; a part of less than one is one
    private static (int From, int To) Span(double from, double? length, int side)
    {
        var first = Math.Clamp(Math.Round(from), 0, side);
        var end = length is { } some ? Math.Clamp(Math.Max(Math.Round(from + some), first + 1), 0, side) : side;
        return ((int)first, (int)end);
    }
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

    /// <summary>The part of the picture that is wanted. Default null: all of it.</summary>
    public SourceRegion? Region { get; init; }

    /// <summary>The box to fit the picture into. Default null: one pixel for each of the image.</summary>
    public Viewport? Viewport { get; init; }

    /// <summary>
    /// Whether pixels that are higher than wide are stretched in a <see cref="Viewport"/>, as they are to be seen (<see cref="Calibration.StretchOf"/>). Default false: proportions are those of rows and
    /// columns. A presentation state says it itself where it gives the picture its form.
    /// </summary>
    public bool Square { get; init; }

    /// <summary>Whether overlays (PS3.3 §C.9) are drawn, in white. Default true: devices put what the user has marked there.</summary>
    public bool Overlays { get; init; } = true;

    /// <summary>How somebody wants the image to be seen, in place of what the instance itself says. Default null. Whether it is about this image at all is the caller's to know.</summary>
    public PresentationState? PresentationState { get; init; }

    /// <summary>Whether the graphics and texts of <see cref="PresentationState"/> are drawn, in white. Default true.</summary>
    public bool Annotations { get; init; } = true;

    /// <summary>
    /// Whether <see cref="PresentationState"/> rotates, flips and cuts out. Default true. False leaves one pixel for each of the image in its place, for somebody who turns the picture himself and
    /// measures in it: texts are then drawn so that they are upright when he has.
    /// </summary>
    public bool StateGeometry { get; init; } = true;

    /// <summary>Lines in the upper left corner of the finished picture, who it is of for example. Default none.</summary>
    public IReadOnlyList<string> Heading { get; init; } = [];

    /// <summary>Lines in the lower left corner of the finished picture, how it was made for example. Default none.</summary>
    public IReadOnlyList<string> Footing { get; init; } = [];

    /// <summary>Whether black and white, or each colour, change places. Default false.</summary>
    public bool Invert { get; init; }
}
