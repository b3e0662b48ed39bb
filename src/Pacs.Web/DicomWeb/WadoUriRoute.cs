using System.Globalization;
using Microsoft.Extensions.Primitives;
using Pacs.Storage;

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
            return DicomWebError.BadRequest("requestType=WADO, studyUID, seriesUID and objectUID are needed");
        }
        if (Parameter("anonymize").Length > 0)
        {
            return DicomWebError.NotAcceptable("Instances are not anonymized here");
        }
        if (await FindAsync(Parameter("studyUID"), Parameter("seriesUID"), Parameter("objectUID"), ct) is not { } location)
        {
            return DicomWebError.NotFound;
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
            return File(location, Parameter("transferSyntax"), ct);
        }
        if (!TryRead(context.Request.Query, out var frame, out var request, out var problem))
        {
            return DicomWebError.BadRequest(problem);
        }
        return await renderer.AnswerAsync(context, location, frame, ranges, request);
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

    private IResult File(InstanceLocation location, string syntax, CancellationToken ct)
    {
        // §9.1.2.2.3: Explicit VR Little Endian where nothing is said
        if (OutgoingFile.For(location, syntax.Length > 0 ? syntax : null, out var reason) is not { } part)
        {
            return DicomWebError.NotAcceptable(reason!);
        }
        return part.Answer(archive, slots, location.Id + ".dcm", ct) ?? DicomWebError.NotFound;
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
        if (query.ContainsKey("region") || query.ContainsKey("presentationUID"))
        {
            problem = "region and presentationUID are not supported";
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
            var most = Dicom.Imaging.Viewport.MaxSide.ToString(CultureInfo.InvariantCulture);
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
