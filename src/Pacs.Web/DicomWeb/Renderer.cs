using System.Buffers;
using Microsoft.Net.Http.Headers;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Storage;

namespace Pacs.Web.DicomWeb;

/// <summary>Instances in a form that a browser shows: pictures, videos and documents (PS3.18 §8.7.3.1).</summary>
internal sealed class Renderer(Archive archive, DecodingSlots slots)
{
    private const string Jpeg = "image/jpeg";
    private const string Png = "image/png";
    private const string Gif = "image/gif";
    private const string Pdf = "application/pdf";

    // of a cine without a rate: what ultrasound devices play most often
    private static readonly TimeSpan DefaultDelay = TimeSpan.FromMilliseconds(40);

    // a minute of cine; more is for a viewer
    private const int MaxGifFrames = 1500;

    /// <summary>Answers with one frame, or the video or document that the instance is.</summary>
    /// <param name="context">The request.</param>
    /// <param name="location">The instance.</param>
    /// <param name="frame">From 1.</param>
    /// <param name="ranges">What the client takes, best first.</param>
    /// <param name="request">What it shall look like.</param>
    public async Task<IResult> AnswerAsync(HttpContext context, InstanceLocation location, int frame, IReadOnlyList<MediaRange> ranges, RenderedRequest request)
    {
        if (archive.TryGetPath(location.Key) is not { } path)
        {
            return DicomWebError.NotFound;
        }
        try
        {
            var syntax = TransferSyntax.Get(location.SyntaxUid);
            if (syntax.IsVideo)
            {
                return Video(location, path, syntax, ranges);
            }
            return InstanceHeader.MayHavePixels(location) ? await PictureAsync(context, location, path, syntax, frame, ranges, request)
                : await DocumentAsync(location, path, ranges, context.RequestAborted);
        }
        catch (DicomException e) when (!context.Response.HasStarted)
        {
            return new DicomWebError(StatusCodes.Status500InternalServerError, $"The frame cannot be shown: {e.Message}");
        }
        catch (FileNotFoundException) when (!context.Response.HasStarted)
        {
            return DicomWebError.NotFound;
        }
    }

    /// <summary>Renders a frame into memory.</summary>
    /// <param name="pixels">The instance.</param>
    /// <param name="frame">From 1.</param>
    /// <param name="type">image/jpeg or image/png.</param>
    /// <param name="request">What it shall look like.</param>
    /// <param name="ct">Gives up waiting for a slot.</param>
    public async ValueTask<ReadOnlyMemory<byte>> RenderAsync(InstancePixels pixels, int frame, string type, RenderedRequest request, CancellationToken ct)
    {
        if (type == Jpeg && request.IsPlain && MayBePictureAlready(pixels))
        {
            using var stored = pixels.ReadFrame(frame);
            if (BrowserJpeg.Prepare(stored.Memory.Span, pixels.Image) is { } ready)
            {
                return (byte[])[.. ready.Prefix.Span, .. stored.Memory.Span[ready.Start..]];
            }
        }
        using var slot = await slots.TakeAsync(ct);
        using var decoded = pixels.Decode(frame);
        using var picture = RenderPipeline.Render(pixels.Header, pixels.Image, decoded, request.Options with { Frame = frame });
        var bytes = new ArrayBufferWriter<byte>(64 * 1024);
        if (type == Png)
        {
            PngEncoder.Encode(picture, bytes);
        }
        else
        {
            JpegEncoder.Encode(picture.Data, picture.Width, picture.Height, picture.Samples, request.Quality ?? RenderedRequest.DefaultQuality, bytes);
        }
        return bytes.WrittenMemory;
    }

    /// <summary>The picture types, the one that is given to who takes anything first.</summary>
    public static (MediaRange Range, string Type)? ChoosePicture(IReadOnlyList<MediaRange> ranges) => MediaRange.Choose(ranges, Jpeg, Png);

    private async Task<IResult> PictureAsync(
        HttpContext context, InstanceLocation location, string path, TransferSyntax syntax, int frame, IReadOnlyList<MediaRange> ranges, RenderedRequest request)
    {
        if (MediaRange.Choose(ranges, Jpeg, Png, Gif) is not { Type: var type })
        {
            return DicomWebError.NotAcceptable("Images are rendered as image/jpeg, image/png and image/gif");
        }
        var tag = WadoTarget.Tag([location], $"{type}|{request.Variant(frame)}");
        if (NotModified.Is(context.Request, new EntityTagHeaderValue($"\"{tag}\"")))
        {
            return new ByteAnswer(type, tag, ReadOnlyMemory<byte>.Empty); // nothing is rendered for an answer without a body
        }
        using var pixels = InstancePixels.Open(path);
        if (frame > pixels.Count)
        {
            return DicomWebError.NotFound;
        }
        if (!CodecTable.TryGet(syntax, out _, out var reason))
        {
            return DicomWebError.NotAcceptable(reason);
        }
        if (request.IsAnnotated)
        {
            context.Response.Headers.Append("Warning", "299 Pacs \"Annotations are not drawn\"");
        }
        return type == Gif ? new ByteAnswer(type, tag, await CineAsync(pixels, request, context.RequestAborted))
            : new ByteAnswer(type, tag, await RenderAsync(pixels, frame, type, request, context.RequestAborted));
    }

    /// <summary>All frames as a picture that moves.</summary>
    private async Task<ReadOnlyMemory<byte>> CineAsync(InstancePixels pixels, RenderedRequest request, CancellationToken ct)
    {
        var bytes = new ArrayBufferWriter<byte>(256 * 1024);
        GifEncoder? gif = null;
        for (var frame = 1; frame <= Math.Min(pixels.Count, MaxGifFrames); frame++)
        {
            using var slot = await slots.TakeAsync(ct);
            using var decoded = pixels.Decode(frame);
            using var picture = RenderPipeline.Render(pixels.Header, pixels.Image, decoded, request.Options with { Frame = frame });
            gif ??= new GifEncoder(bytes, picture.Width, picture.Height);
            gif.Add(picture, DelayOf(pixels.Header));
        }
        gif?.Complete();
        return bytes.WrittenMemory;
    }

    // PS3.3 §C.7.6.5.1.1: Frame Time in ms, else Cine Rate in frames per second
    private static TimeSpan DelayOf(DicomDataset header) => header.GetDouble(DicomTag.FrameTime) is { } time && time is > 0 and < 60_000 ? TimeSpan.FromMilliseconds(time)
        : header.GetDouble(DicomTag.CineRate) is { } rate && rate is > 0 and < 10_000 ? TimeSpan.FromSeconds(1 / rate) : DefaultDelay;

    /// <summary>Whether nothing in the header changes what the stored JPEG shows: no decoding, no second loss.</summary>
    private static bool MayBePictureAlready(InstancePixels pixels)
    {
        var header = pixels.Header;
        // windows and lookup tables are for grey; overlays are drawn
        return pixels.Syntax.Uid is DicomUid.JPEGBaseline8Bit or DicomUid.JPEGExtended12Bit && !header.Any(e => (e.Tag.Group & 0xFF01) == 0x6000)
            && (pixels.Image.SamplesPerPixel > 1 || (!header.Contains(DicomTag.WindowCenter) && !header.Contains(DicomTag.VOILUTSequence) && !header.Contains(DicomTag.ModalityLUTSequence)
                && !header.Contains(DicomTag.RescaleSlope) && !header.Contains(DicomTag.SharedFunctionalGroupsSequence) && !header.Contains(DicomTag.PixelPaddingValue)));
    }

    private IResult Video(InstanceLocation location, string path, TransferSyntax syntax, IReadOnlyList<MediaRange> ranges)
    {
        var type = syntax.Name.StartsWith("MPEG2", StringComparison.Ordinal) || syntax.Name.StartsWith("Fragmentable MPEG2", StringComparison.Ordinal) ? "video/mpeg" : "video/mp4";
        if (MediaRange.Choose(ranges, type) is null)
        {
            return DicomWebError.NotAcceptable($"The instance is a video: {type}");
        }
        IReadOnlyList<ByteRange> fragments;
        using (var pixels = InstancePixels.Open(path))
        {
            fragments = pixels.Frames.LocateAll();
        }
        if (StoredFiles.TryOpen(archive, location) is not { } file)
        {
            return DicomWebError.NotFound;
        }
        // one fragment as a rule (PS3.5 §A.4.6): browsers seek in it by ranges
        return fragments is [var whole] ? new ByteAnswer(type, Path.GetFileNameWithoutExtension(location.Key) + "-video", file, whole.Offset, whole.Length)
            : new FragmentAnswer(type, file, fragments);
    }

    private static async Task<IResult> DocumentAsync(InstanceLocation location, string path, IReadOnlyList<MediaRange> ranges, CancellationToken ct)
    {
        if (location.SopClass != DicomUid.EncapsulatedPDFStorage)
        {
            return InstanceHeader.NoPixels;
        }
        if (MediaRange.Choose(ranges, Pdf) is null)
        {
            return DicomWebError.NotAcceptable("The instance is a document: application/pdf");
        }
        var file = await DicomFile.OpenAsync(path, null, ct);
        if (file.Dataset.Get(DicomTag.EncapsulatedDocument) is not { Value: var document })
        {
            return DicomWebError.NotFound;
        }
        // (0042,0015) is the length without padding
        var length = file.Dataset.GetInt32(DicomTag.EncapsulatedDocumentLength) is { } said && said > 0 && said <= document.Length ? said : document.Length;
        return new ByteAnswer(Pdf, Path.GetFileNameWithoutExtension(location.Key) + "-document", document[..length]);
    }

    /// <summary>Several fragments, one after the other.</summary>
    private sealed class FragmentAnswer(string type, Microsoft.Win32.SafeHandles.SafeFileHandle file, IReadOnlyList<ByteRange> fragments) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            using var open = file;
            httpContext.Response.ContentType = type;
            httpContext.Response.ContentLength = fragments.Sum(f => f.Length);
            if (HttpMethods.IsHead(httpContext.Request.Method))
            {
                return;
            }
            foreach (var fragment in fragments)
            {
                await StoredFiles.SendAsync(httpContext.Response, open, fragment.Offset, fragment.Length, httpContext.RequestAborted);
            }
        }
    }
}
