using System.Globalization;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Microsoft.Net.Http.Headers;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.DicomWeb;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web.Orthanc;

/// <summary>Frames as pictures and as they are stored, and documents. Frames are counted from 0 here, in DICOM and in DICOMweb from 1.</summary>
internal sealed class PictureRoutes(IndexReader index, Archive archive, Renderer renderer)
{
    private const string Png = "image/png";
    private const string Jpeg = "image/jpeg";
    private const string Pdf = "application/pdf";

    private static readonly string[] Get = [HttpMethods.Get, HttpMethods.Head];

    private static readonly RenderedRequest Plain = new(new RenderOptions(), null);

    /// <summary>Maps the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        const string One = "/instances/{id}", Frame = One + "/frames/{frame}";
        routes.MapMethods(One + "/preview", Get, (string id, HttpContext context, PictureRoutes pictures) => pictures.ShowAsync(id, "0", context, isRendered: false));
        routes.MapMethods(One + "/rendered", Get, (string id, HttpContext context, PictureRoutes pictures) => pictures.ShowAsync(id, "0", context, isRendered: true));
        routes.MapMethods(One + "/frames", Get, (string id, HttpRequest request, PictureRoutes pictures, CancellationToken ct) => pictures.ListAsync(id, request, ct));
        routes.MapMethods(Frame, Get, (string id, string frame) => new OrthancResult(new JsonArray("image-int16", "image-uint16", "image-uint8", "preview", "raw", "raw.gz", "rendered")));
        routes.MapMethods(Frame + "/preview", Get, (string id, string frame, HttpContext context, PictureRoutes pictures) => pictures.ShowAsync(id, frame, context, isRendered: false));
        routes.MapMethods(Frame + "/rendered", Get, (string id, string frame, HttpContext context, PictureRoutes pictures) => pictures.ShowAsync(id, frame, context, isRendered: true));
        routes.MapMethods(Frame + "/raw", Get, (string id, string frame, HttpContext context, PictureRoutes pictures) => pictures.RawAsync(id, frame, context, isPacked: false));
        routes.MapMethods(Frame + "/raw.gz", Get, (string id, string frame, HttpContext context, PictureRoutes pictures) => pictures.RawAsync(id, frame, context, isPacked: true));
        routes.MapMethods(One + "/pdf", Get, (string id, HttpContext context, PictureRoutes pictures) => pictures.PdfAsync(id, context));
    }

    private async Task<IResult> ListAsync(string id, HttpRequest request, CancellationToken ct) => await FindAsync(id, ct) is { } location
        ? new OrthancResult(new JsonArray([.. Enumerable.Range(0, location.Frames).Select(f => JsonValue.Create(f))])) : OrthancError.UnknownResource.Answer(request);

    // 404 and 415 have no body in Orthanc
    private async Task<IResult> ShowAsync(string id, string frame, HttpContext context, bool isRendered)
    {
        if (await FindAsync(id, context.RequestAborted) is not { } location || !TryFrame(frame, out var number))
        {
            return Results.NotFound();
        }
        if (!TryRead(context.Request.Query, isRendered, out var request))
        {
            return OrthancError.BadParameterType.Answer(context.Request, "window-center, window-width, width, height and quality are numbers; quality from 1 to 100");
        }
        if (MediaRange.Choose(MediaRange.Of(context.Request), Png, Jpeg) is not { Type: var type })
        {
            return Results.StatusCode(StatusCodes.Status406NotAcceptable);
        }
        if (archive.TryGetPath(location.Key) is not { } path)
        {
            return OrthancError.InexistentFile.Answer(context.Request);
        }
        var tag = WadoTarget.Tag([location], $"{type}|{request.Variant(number)}");
        if (NotModified.Is(context.Request, new EntityTagHeaderValue($"\"{tag}\"")))
        {
            return new ByteAnswer(type, tag, ReadOnlyMemory<byte>.Empty); // nothing is rendered for an answer without a body
        }
        if (!InstanceHeader.MayHavePixels(location) || !CodecTable.TryGet(TransferSyntax.Get(location.SyntaxUid), out _, out _))
        {
            return Results.StatusCode(StatusCodes.Status415UnsupportedMediaType);
        }
        try
        {
            using var pixels = InstancePixels.Open(path);
            return number > pixels.Count ? Results.NotFound()
                : new ByteAnswer(type, tag, await renderer.RenderAsync(pixels, number, type, request, context.RequestAborted));
        }
        catch (DicomException)
        {
            return Results.StatusCode(StatusCodes.Status415UnsupportedMediaType);
        }
    }

    private async Task<IResult> RawAsync(string id, string frame, HttpContext context, bool isPacked)
    {
        if (await FindAsync(id, context.RequestAborted) is not { } location)
        {
            return OrthancError.UnknownResource.Answer(context.Request);
        }
        if (archive.TryGetPath(location.Key) is not { } path)
        {
            return OrthancError.InexistentFile.Answer(context.Request);
        }
        try
        {
            if (!TryFrame(frame, out var number) || !InstanceHeader.MayHavePixels(location))
            {
                return OrthancError.ParameterOutOfRange.Answer(context.Request, "There is no such frame");
            }
            using var pixels = InstancePixels.Open(path);
            if (number > pixels.Count)
            {
                return OrthancError.ParameterOutOfRange.Answer(context.Request, "There is no such frame");
            }
            using var stored = pixels.ReadFrame(number);
            var tag = string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(location.Key)}-{number}");
            return isPacked ? new ByteAnswer("application/gzip", tag + "-gz", Pack(stored.Memory))
                : new ByteAnswer(FrameForm.StoredType(TransferSyntax.Get(location.SyntaxUid)) ?? MediaTypes.OctetStream, tag, stored.Memory.ToArray());
        }
        catch (DicomException e)
        {
            return OrthancError.CorruptedFile.Answer(context.Request, e.Message);
        }

        static byte[] Pack(ReadOnlyMemory<byte> bytes)
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write(bytes.Span);
            }
            return packed.ToArray();
        }
    }

    private async Task<IResult> PdfAsync(string id, HttpContext context)
    {
        if (await FindAsync(id, context.RequestAborted) is not { } location)
        {
            return OrthancError.UnknownResource.Answer(context.Request);
        }
        return location.SopClass == DicomUid.EncapsulatedPDFStorage
            ? await renderer.AnswerAsync(context, location, 1, [new MediaRange(Pdf, IsMultipart: false, null, 1)], Plain) : Results.NotFound();
    }

    private async ValueTask<InstanceLocation?> FindAsync(string id, CancellationToken ct) => ResourceId.TryParse(id, out var resource) ? await index.LocateAsync(resource, ct) : null;

    private static bool TryFrame(string text, out int number)
    {
        var isFrame = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < int.MaxValue;
        number++;
        return isFrame;
    }

    private static bool TryRead(IQueryCollection query, bool isRendered, out RenderedRequest request)
    {
        request = Plain;
        var isRead = true;
        var quality = Number("quality");
        var (center, width) = isRendered ? (Number("window-center"), Number("window-width")) : (null, null);
        var (across, down) = isRendered ? (Number("width"), Number("height")) : (null, null);
        if (!isRead || quality is < 1 or > 100 || across is < 1 || down is < 1)
        {
            return false;
        }
        // one of the two is enough: the other is what the picture needs
        var viewport = across is null && down is null ? (Viewport?)null : new Viewport(Side(across), Side(down));
        var window = center is { } middle && width is { } range ? new VoiWindow(middle, Math.Max(range, 1)) : (VoiWindow?)null;
        request = new RenderedRequest(new RenderOptions { Window = window, Viewport = viewport }, (int?)quality);
        return true;

        static int Side(double? wanted) => (int)Math.Min(wanted ?? Viewport.MaxSide, Viewport.MaxSide);

        double? Number(string name)
        {
            if (!query.TryGetValue(name, out var text))
            {
                return null;
            }
            isRead &= double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number);
            return number;
        }
    }
}
