using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web.Viewer;

/// <summary>
/// <c>/viewer/werte/{instance}/{frame}.json</c>: what the pixels of a frame say, behind the Modality LUT: <c>?punkt=x,y</c> one of them, <c>?ellipse=left,top,right,bottom</c> the mean and its like
/// of an area, <c>?umriss=x,y,x,y,…</c> those within a closed line, without any of them those of the whole frame. The browser has pictures only, in 256 levels.
/// </summary>
internal sealed class ValueRoute(IndexReader index, Archive archive, DecodingSlots slots)
{
    // of a drawn line: the script leaves out the points that change nothing
    private const int MaxCorners = 256;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Answers with values; with none of them where there are none: colour has no mean, and outside of the image is nothing.</summary>
    /// <param name="context">The request.</param>
    /// <param name="instance">The instance's id.</param>
    /// <param name="frame">From 1.</param>
    public async Task<IResult> AnswerAsync(HttpContext context, string instance, int frame)
    {
        var query = context.Request.Query;
        if (!TryNumbers(query["punkt"].ToString(), 2, 2, out var point) || !TryNumbers(query["ellipse"].ToString(), 4, 4, out var ellipse)
            || !TryNumbers(query["umriss"].ToString(), 6, 2 * MaxCorners, out var outline) || outline?.Length % 2 == 1)
        {
            return HttpProblem.BadRequest($"punkt is x,y, ellipse is left,top,right,bottom, and umriss is x,y,x,y,… with 3 to {MaxCorners} points, in pixels");
        }
        if (!ResourceId.TryParse(instance, out var id) || await index.LocateAsync(id, context.RequestAborted) is not { } location || !InstanceHeader.MayHavePixels(location)
            || !CodecTable.TryGet(TransferSyntax.Get(location.SyntaxUid), out _, out _) || archive.TryGetPath(location.Key) is not { } path)
        {
            return HttpProblem.NotFound;
        }
        context.Response.Headers.CacheControl = "no-store"; // as the pages
        try
        {
            using var pixels = InstancePixels.Open(path);
            if (frame < 1 || frame > pixels.Count)
            {
                return HttpProblem.NotFound;
            }
            using var slot = await slots.TakeAsync(context.RequestAborted);
            using var decoded = pixels.Decode(frame);
            return Results.Json(Read(pixels, decoded, frame, point, ellipse, outline), Json);
        }
        catch (DicomException e)
        {
            return new HttpProblem(StatusCodes.Status500InternalServerError, $"The values cannot be read: {e.Message}");
        }
        catch (FileNotFoundException)
        {
            return HttpProblem.NotFound;
        }
    }

    private static PixelAnswer Read(InstancePixels pixels, DecodedFrame decoded, int frame, double[]? point, double[]? ellipse, double[]? outline)
    {
        var values = PixelValues.Of(pixels.Header, pixels.Image, decoded, frame);
        if (point is not null)
        {
            // a pixel reaches from its number to the next
            var (x, y) = (Math.Floor(point[0]), Math.Floor(point[1]));
            if (x < 0 || y < 0 || x >= decoded.Width || y >= decoded.Height)
            {
                return new PixelAnswer();
            }
            return values is null ? new PixelAnswer { Color = ColorAt(pixels, decoded, frame, (int)x, (int)y) }
                : new PixelAnswer { Value = values.At((int)x, (int)y), Unit = values.Unit, IsWhole = values.AreWhole };
        }
        var statistics = outline is not null ? values?.Outline([.. outline.Chunk(2).Select(p => (p[0], p[1]))])
            : ellipse is not null ? values?.Ellipse(ellipse[0], ellipse[1], ellipse[2], ellipse[3]) : values?.All();
        return statistics is not { } found ? new PixelAnswer()
            : new PixelAnswer { Count = found.Count, Mean = found.Mean, Deviation = found.Deviation, Least = found.Least, Largest = found.Largest, Unit = values!.Unit, IsWhole = values.AreWhole };
    }

    private static int[] ColorAt(InstancePixels pixels, DecodedFrame decoded, int frame, int x, int y)
    {
        using var picture = RenderPipeline.Render(pixels.Header, pixels.Image, decoded, new RenderOptions { Frame = frame, Overlays = false });
        return [.. picture.Data.Slice(((y * picture.Width) + x) * picture.Samples, picture.Samples).ToArray().Select(v => (int)v)];
    }

    private static bool TryNumbers(string text, int least, int most, out double[]? numbers)
    {
        numbers = null;
        if (text.Length == 0)
        {
            return true;
        }
        var parts = text.Split(',', most + 1);
        if (parts.Length < least || parts.Length > most)
        {
            return false;
        }
        var found = new double[parts.Length];
        for (var i = 0; i < found.Length; i++)
        {
            if (!double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out found[i]) || !double.IsFinite(found[i]))
            {
                return false;
            }
        }
        numbers = found;
        return true;
    }

    /// <summary>What is known of a pixel or an area; the rest is left out.</summary>
    private sealed record PixelAnswer
    {
        public double? Value { get; init; }

        public int[]? Color { get; init; }

        public int? Count { get; init; }

        public double? Mean { get; init; }

        public double? Deviation { get; init; }

        public double? Least { get; init; }

        public double? Largest { get; init; }

        public string? Unit { get; init; }

        public bool? IsWhole { get; init; }
    }
}
