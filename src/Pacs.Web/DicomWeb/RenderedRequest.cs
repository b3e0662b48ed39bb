using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Pacs.Dicom.Imaging;

namespace Pacs.Web.DicomWeb;

/// <summary>What is to be written into a picture (PS3.18 §8.3.5.1.1).</summary>
[Flags]
internal enum Annotation
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary><c>patient</c>: who it is of.</summary>
    Patient = 1,

    /// <summary><c>technique</c>: how it was made.</summary>
    Technique = 2,

    /// <summary>Something that we do not know and leave out.</summary>
    Unknown = 4,
}

/// <summary>What a picture shall look like: the parameters of PS3.18 §8.3.5.</summary>
/// <param name="Options">For the picture itself; of frame 1.</param>
/// <param name="Quality">Of JPEG, 1 to 100; null when nothing was said.</param>
/// <param name="Annotation">What is to be written into it.</param>
/// <param name="State">The file of the presentation state that is in the options, or null.</param>
/// <param name="WantsIccProfile">Whether a colour profile is to be in the picture (PS3.18 §8.3.5.1.5), which we do not write.</param>
internal sealed record RenderedRequest(RenderOptions Options, int? Quality, Annotation Annotation = Annotation.None, string? State = null, bool WantsIccProfile = false)
{
    /// <summary>What libjpeg and most archives take: hardly to be told from the original.</summary>
    public const int DefaultQuality = 90;

    /// <summary>Whether the instance's own look is wanted, in its own size.</summary>
    public bool IsPlain => Options is { Window: null, Viewport: null, Region: null, PresentationState: null } && Quality is null && Annotation == Annotation.None;

    /// <summary>Reads <c>window=40,400,linear</c>, <c>viewport=512,512,0,0,-100,100</c>, <c>quality=80</c> and <c>annotation=patient,technique</c>.</summary>
    public static bool TryParse(IQueryCollection parameters, [NotNullWhen(true)] out RenderedRequest? request, [NotNullWhen(false)] out string? problem)
    {
        request = null;
        if (!TryWindow(parameters["window"].ToString(), out var window))
        {
            problem = "window is center,width or center,width,function with linear, linear-exact or sigmoid; widths are 1 or more";
            return false;
        }
        if (!TryViewport(parameters["viewport"].ToString(), out var viewport, out var region))
        {
            problem = $"viewport is width,height with numbers from 1 to {Viewport.MaxSide}, and then left,top,width,height of the region of the image, each of which may be empty; negative widths and heights mirror it";
            return false;
        }
        int? quality = null;
        if (parameters["quality"].ToString() is { Length: > 0 } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 100)
            {
                problem = "quality is a whole number from 1 to 100";
                return false;
            }
            quality = number;
        }
        problem = null;
        request = new RenderedRequest(new RenderOptions { Window = window, Viewport = viewport, Region = region }, quality, AnnotationOf(parameters["annotation"].ToString()),
            WantsIccProfile: parameters["iccprofile"].ToString() is not ("" or "no"));
        return true;
    }

    /// <summary>The parameters as a part of an entity tag.</summary>
    public string Variant(int frame) => string.Create(CultureInfo.InvariantCulture,
        $"{frame}|{Options.Window?.Center}|{Options.Window?.Width}|{Options.Window?.Function}|{Options.Viewport?.Width}|{Options.Viewport?.Height}|{Quality}|{Options.Region}|{Annotation}|{State}|{Options.Square}");

    private static bool TryWindow(string text, out VoiWindow? window)
    {
        window = null;
        if (text.Length == 0)
        {
            return true;
        }
        var parts = text.Split(',');
        WindowFunction? function = parts.Length < 3 ? WindowFunction.Linear : parts[2].Trim().ToUpperInvariant() switch
        {
            "LINEAR" => WindowFunction.Linear,
            "LINEAR-EXACT" or "LINEAR_EXACT" => WindowFunction.LinearExact,
            "SIGMOID" => WindowFunction.Sigmoid,
            _ => null,
        };
        if (parts.Length is < 2 or > 3 || function is null || !TryDouble(parts[0], out var center) || !TryDouble(parts[1], out var width))
        {
            return false;
        }
        window = new VoiWindow(center, width, function.Value);
        return window.Value.IsValid;
    }

    // PS3.18 §8.3.5.1.3: vw,vh or vw,vh,sx,sy,sw,sh
    private static bool TryViewport(string text, out Viewport? viewport, out SourceRegion? region)
    {
        viewport = null;
        region = null;
        if (text.Length == 0)
        {
            return true;
        }
        var parts = text.Split(',');
        if (parts.Length is < 2 or > 6 || !TrySide(parts[0], out var width) || !TrySide(parts[1], out var height))
        {
            return false;
        }
        viewport = new Viewport(width, height);
        var numbers = new double?[4];
        for (var i = 2; i < parts.Length; i++)
        {
            if (parts[i].Trim().Length == 0)
            {
                continue;
            }
            // a width of nothing is none
            if (!TryDouble(parts[i], out var number) || !double.IsFinite(number) || (i > 3 && number == 0))
            {
                return false;
            }
            numbers[i - 2] = number;
        }
        if (parts.Length > 2)
        {
            region = new SourceRegion(Math.Abs(numbers[0] ?? 0), Math.Abs(numbers[1] ?? 0), Size(numbers[2]), Size(numbers[3]), numbers[2] < 0, numbers[3] < 0);
        }
        return true;

        static double? Size(double? number) => number is { } some ? Math.Abs(some) : null;
    }

    private static Annotation AnnotationOf(string text)
    {
        var annotation = Annotation.None;
        foreach (var word in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            annotation |= word switch { "patient" => Annotation.Patient, "technique" => Annotation.Technique, _ => Annotation.Unknown };
        }
        return annotation;
    }

    private static bool TrySide(string text, out int side) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out side) && side is >= 1 and <= Viewport.MaxSide;

    private static bool TryDouble(string text, out double value) => double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out value);
}
