using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Pacs.Dicom.Imaging;

namespace Pacs.Web.DicomWeb;

/// <summary>What a picture shall look like: the parameters of PS3.18 §8.3.5.</summary>
/// <param name="Options">For the picture itself; of frame 1.</param>
/// <param name="Quality">Of JPEG, 1 to 100; null when nothing was said.</param>
/// <param name="IsAnnotated">Whether texts were to be drawn into it, which is not done.</param>
internal sealed record RenderedRequest(RenderOptions Options, int? Quality, bool IsAnnotated)
{
    /// <summary>What libjpeg and most archives take: hardly to be told from the original.</summary>
    public const int DefaultQuality = 90;

    /// <summary>Whether the instance's own look is wanted, in its own size.</summary>
    public bool IsPlain => Options is { Window: null, Viewport: null } && Quality is null;

    /// <summary>Reads <c>window=40,400,linear</c>, <c>viewport=512,512</c>, <c>quality=80</c> and <c>annotation</c>.</summary>
    public static bool TryParse(IQueryCollection parameters, [NotNullWhen(true)] out RenderedRequest? request, [NotNullWhen(false)] out string? problem)
    {
        request = null;
        if (!TryWindow(parameters["window"].ToString(), out var window))
        {
            problem = "window is center,width or center,width,function with linear, linear-exact or sigmoid; widths are 1 or more";
            return false;
        }
        if (!TryViewport(parameters["viewport"].ToString(), out var viewport))
        {
            problem = $"viewport is width,height with numbers from 1 to {Viewport.MaxSide}; regions of the image are not cut out";
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
        request = new RenderedRequest(new RenderOptions { Window = window, Viewport = viewport }, quality, parameters.ContainsKey("annotation"));
        return true;
    }

    /// <summary>The parameters as a part of an entity tag.</summary>
    public string Variant(int frame) => string.Create(CultureInfo.InvariantCulture,
        $"{frame}|{Options.Window?.Center}|{Options.Window?.Width}|{Options.Window?.Function}|{Options.Viewport?.Width}|{Options.Viewport?.Height}|{Quality}");

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

    private static bool TryViewport(string text, out Viewport? viewport)
    {
        viewport = null;
        if (text.Length == 0)
        {
            return true;
        }
        var parts = text.Split(',');
        if (parts.Length != 2 || !TrySide(parts[0], out var width) || !TrySide(parts[1], out var height))
        {
            return false;
        }
        viewport = new Viewport(width, height);
        return true;
    }

    private static bool TrySide(string text, out int side) => int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out side) && side is >= 1 and <= Viewport.MaxSide;

    private static bool TryDouble(string text, out double value) => double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out value);
}
