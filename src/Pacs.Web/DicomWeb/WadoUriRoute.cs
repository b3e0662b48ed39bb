using System.Globalization;
using Microsoft.Extensions.Primitives;
using Pacs.Dicom;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web.DicomWeb;

/// <summary>WADO-URI: one instance by query parameters (PS3.18 §9), for older viewers and links.</summary>
internal sealed class WadoUriRoute(WadoTarget target, IndexReader index, Archive archive, DecodingSlots slots, Renderer renderer)
{
    /// <summary>Answers.</summary>
    public async Task<IResult> AnswerAsync(HttpContext context)
    {
        var ct = context.RequestAborted;
        // names of parameters have no case for most clients
        string Parameter(string name) => context.Request.Query[name].ToString();
        if (!string.Equals(Parameter("requestType"), "WADO", StringComparison.OrdinalIgnoreCase) || Parameter("objectUID").Length == 0)
        {
            return HttpProblem.BadRequest("requestType=WADO, studyUID, seriesUID and objectUID are needed");
        }
        if (Parameter("anonymize").Length > 0)
        {
            return HttpProblem.NotAcceptable("Instances are not anonymized here");
        }
        if (await FindAsync(Parameter("studyUID"), Parameter("seriesUID"), Parameter("objectUID"), ct) is not { } location)
        {
            return HttpProblem.NotFound;
        }
        // PS3.18 §9.1.2.2.1: contentType counts before the header, which browsers fill with their own
        var content = Parameter("contentType");
        var ranges = MediaRange.Parse(content);
        if (content.Length == 0 || ranges.Count == 0)
        {
            ranges = [new MediaRange(InstanceHeader.MayHavePixels(location) ? "image/jpeg" : MediaTypes.Dicom, IsMultipart: false, null, 1)]; // §9.4.1: images are JPEG
        }
        if (ranges[0].Type == MediaTypes.Dicom)
        {
            return File(location, Parameter("transferSyntax") is { Length: > 0 } named ? named : ranges[0].TransferSyntax ?? "");
        }
        if (!TryRead(context.Request.Query, out var frame, out var request, out var problem))
        {
            return HttpProblem.BadRequest(problem);
        }
        if (Parameter("region") is { Length: > 0 } region)
        {
            if (!TryRegion(region, out var fractions))
            {
                return HttpProblem.BadRequest("region is left,top,right,bottom as fractions of the image, 0 to 1");
            }
            if (Pixels(location, fractions) is not { } pixels)
            {
                return InstanceHeader.NoPixels;
            }
            request = request with { Options = request.Options with { Region = pixels } };
        }
        if (Parameter("presentationUID") is { Length: > 0 } presentation)
        {
            if (await StateAsync(presentation, location, frame, ct) is not { } state)
            {
                return HttpProblem.BadRequest("presentationUID is that of a softcopy presentation state that is about this image");
            }
            request = request with { Options = request.Options with { PresentationState = state }, State = presentation };
        }
        return await renderer.AnswerAsync(context, location, frame, ranges, request);
    }

    // §9.5.10: fractions of the image as it is displayed
    private static bool TryRegion(string text, out double[] fractions)
    {
        fractions = [.. text.Split(',').Select(n => double.TryParse(n, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= 1 ? number : double.NaN)];
        return fractions is [var left, var top, var right, var bottom] && left < right && top < bottom;
    }

    private SourceRegion? Pixels(InstanceLocation location, double[] fractions)
    {
        try
        {
            if (!InstanceHeader.MayHavePixels(location) || target.PathOf(location) is not { } path)
            {
                return null;
            }
            using var pixels = InstancePixels.Open(path);
            var (columns, rows) = (pixels.Image.Columns, pixels.Image.Rows);
            return new SourceRegion(fractions[0] * columns, fractions[1] * rows, (fractions[2] - fractions[0]) * columns, (fractions[3] - fractions[1]) * rows);
        }
        catch (Exception e) when (e is DicomException or FileNotFoundException)
        {
            return null;
        }
    }

    private async ValueTask<PresentationState?> StateAsync(string uid, InstanceLocation image, int frame, CancellationToken ct)
    {
        foreach (var location in await index.LocateAsync(uid, ct))
        {
            try
            {
                if (PresentationState.IsState(location.SopClass) && target.PathOf(location) is { } path
                    && PresentationState.Of((await DicomFile.OpenAsync(path, null, ct)).Dataset) is var state && state.AppliesTo(image.SopInstance, frame))
                {
                    return state;
                }
            }
            catch (Exception e) when (e is DicomException or FileNotFoundException)
            {
                continue;
            }
        }
        return null;
    }

    // many callers do not know study and series, and the UID of an instance is enough
    private async ValueTask<InstanceLocation?> FindAsync(string study, string series, string instance, CancellationToken ct)
    {
        if (study.Length > 0 && series.Length > 0)
        {
            return await target.FindInstanceAsync(study, series, instance, ct);
        }
        return await index.LocateAsync(instance, ct) is [var location, ..] ? location : null;
    }

    private IResult File(InstanceLocation location, string syntax)
    {
        // §9.1.2.2.3: Explicit VR Little Endian where nothing is said
        if (OutgoingFile.For(location, syntax.Length > 0 ? syntax : null, out var reason) is not { } part)
        {
            return HttpProblem.NotAcceptable(reason!);
        }
        return part.Answer(archive, slots, location.Id + ".dcm") ?? HttpProblem.NotFound;
    }

    /// <summary>The parameters of §9.1.2.3 as those of WADO-RS.</summary>
    private static bool TryRead(IQueryCollection query, out int frame, out RenderedRequest request, out string problem)
    {
        frame = 1;
        request = null!;
        if (query["frameNumber"].ToString() is { Length: > 0 } number && (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out frame) || frame < 1))
        {
            problem = "frameNumber is a number from 1";
            return false;
        }
        var same = new Dictionary<string, StringValues>();
        if (query.ContainsKey("windowCenter") || query.ContainsKey("windowWidth"))
        {
            same["window"] = $"{query["windowCenter"]},{query["windowWidth"]}";
        }
        if (query.ContainsKey("rows") || query.ContainsKey("columns"))
        {
            // one of them alone: the other follows from the proportions
            var most = Viewport.MaxSide.ToString(CultureInfo.InvariantCulture);
            same["viewport"] = $"{(query.ContainsKey("columns") ? query["columns"].ToString() : most)},{(query.ContainsKey("rows") ? query["rows"].ToString() : most)}";
        }
        if (query.ContainsKey("imageQuality"))
        {
            same["quality"] = query["imageQuality"];
        }
        if (query.ContainsKey("annotation"))
        {
            same["annotation"] = query["annotation"];
        }
        if (RenderedRequest.TryParse(new QueryCollection(same), out var parsed, out var wrong))
        {
            (request, problem) = (parsed, "");
            return true;
        }
        problem = wrong;
        return false;
    }
}
