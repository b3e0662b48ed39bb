using System.Buffers;
using Microsoft.Net.Http.Headers;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web.DicomWeb;

/// <summary>Instances in a form that a browser shows: pictures, videos and documents (PS3.18 §8.7.3.1).</summary>
internal sealed partial class Renderer(Archive archive, IndexReader index, DecodingSlots slots, VideoFrames videos, ILogger<Renderer> logger)
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
            return HttpProblem.NoFile;
        }
        try
        {
            var syntax = TransferSyntax.Get(location.SyntaxUid);
            if (syntax.IsVideo)
            {
                return await VideoAsync(context, location, path, syntax, frame, ranges, request);
            }
            if (PresentationState.IsState(location.SopClass) && request.State is null)
            {
                return await StateAsync(context, location, path, ranges, request);
            }
            return InstanceHeader.MayHavePixels(location) ? await PictureAsync(context, location, path, syntax, frame, ranges, request)
                : await DocumentAsync(location, path, ranges, context.RequestAborted);
        }
        catch (NoPixelDataException)
        {
            return InstanceHeader.NoPixels;
        }
        catch (DicomException e) when (!context.Response.HasStarted)
        {
            return new HttpProblem(StatusCodes.Status500InternalServerError, $"The frame cannot be shown: {e.Message}", "damaged");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException && !context.Response.HasStarted)
        {
            return HttpProblem.NoFile;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !context.Response.HasStarted)
        {
            LogUnreadable(e, location.Id);
            return new HttpProblem(StatusCodes.Status500InternalServerError, "The file of the instance cannot be read: the disk or the rights of the folder. The log says more", "unreadable");
        }
    }

    /// <summary>Renders a frame into memory.</summary>
    /// <param name="pixels">The instance.</param>
    /// <param name="frame">From 1.</param>
    /// <param name="type">image/jpeg or image/png.</param>
    /// <param name="request">What it shall look like.</param>
    /// <param name="ct">Gives up waiting for a slot.</param>
    /// <returns>To be disposed.</returns>
    public async ValueTask<PooledBuffer> RenderAsync(InstancePixels pixels, int frame, string type, RenderedRequest request, CancellationToken ct)
    {
        if (type == Jpeg && request.IsPlain && MayBePictureAlready(pixels))
        {
            using var stored = pixels.ReadFrame(frame);
            if (BrowserJpeg.Prepare(stored.Memory.Span, pixels.Image) is { } ready)
            {
                var rest = stored.Memory.Span[ready.Start..];
                var bytes = new PooledBuffer(ready.Prefix.Length + rest.Length);
                bytes.Write(ready.Prefix.Span);
                bytes.Write(rest);
                return bytes;
            }
        }
        using var slot = await slots.TakeAsync(ct);
        using var decoded = pixels.Decode(frame);
        using var picture = RenderPipeline.Render(pixels.Header, pixels.Image, decoded, OptionsOf(pixels, frame, request));
        return Encode(picture, type, request);
    }

    /// <summary>The picture types, the one that is given to who takes anything first.</summary>
    public static (MediaRange Range, string Type)? ChoosePicture(IReadOnlyList<MediaRange> ranges) => MediaRange.Choose(ranges, Jpeg, Png);

    /// <summary>Makes one of many: of an image its first frame, a document or video as it is.</summary>
    /// <param name="location">The instance.</param>
    /// <param name="ranges">What the client takes, best first.</param>
    /// <param name="request">What it shall look like.</param>
    /// <param name="ct">Gives up waiting for a slot.</param>
    /// <returns>Null when it cannot be shown, or in none of these types. To be disposed.</returns>
    public async ValueTask<RenderedPart?> PartAsync(InstanceLocation location, IReadOnlyList<MediaRange> ranges, RenderedRequest request, CancellationToken ct)
    {
        if (archive.TryGetPath(location.Key) is not { } path)
        {
            return null;
        }
        var syntax = TransferSyntax.Get(location.SyntaxUid);
        if (syntax.IsVideo)
        {
            if (StoredFiles.TryOpen(archive, location) is not { } file)
            {
                return null;
            }
            var fragments = Fragments(path);
            if (MediaRange.Choose(ranges, VideoType.Of(file, fragments, syntax)) is { Type: var video })
            {
                return new RenderedPart(video, default, file, fragments);
            }
            file.Dispose();
            return null;
        }
        if (location.SopClass == DicomUid.EncapsulatedPDFStorage)
        {
            return MediaRange.Choose(ranges, Pdf) is not null && await PdfAsync(path, ct) is { } pdf ? new RenderedPart(Pdf, pdf) : null;
        }
        if (!InstanceHeader.MayHavePixels(location) || !CodecTable.TryGet(syntax, out _, out _) || ChoosePicture(ranges) is not { Type: var type })
        {
            return null;
        }
        using var pixels = InstancePixels.Open(path);
        var picture = await RenderAsync(pixels, 1, type, request, ct);
        return new RenderedPart(type, picture.Memory) { Owner = picture };
    }

    // the header names what a picture is of
    private static RenderOptions OptionsOf(InstancePixels pixels, int frame, RenderedRequest request)
    {
        var options = request.Options with { Frame = frame };
        return request.Annotation == Annotation.None ? options : PictureTexts.With(options, request.Annotation, pixels.Header);
    }

    private static PooledBuffer Encode(RenderedImage picture, string type, RenderedRequest request)
    {
        var bytes = new PooledBuffer(256 * 1024);
        try
        {
            if (type == Png)
            {
                PngEncoder.Encode(picture, bytes);
            }
            else
            {
                JpegEncoder.Encode(picture.Data, picture.Width, picture.Height, picture.Samples, request.Quality ?? RenderedRequest.DefaultQuality, bytes);
            }
            return bytes;
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    private async Task<IResult> PictureAsync(
        HttpContext context, InstanceLocation location, string path, TransferSyntax syntax, int frame, IReadOnlyList<MediaRange> ranges, RenderedRequest request)
    {
        if (MediaRange.Choose(ranges, Jpeg, Png, Gif) is not { Type: var type })
        {
            return HttpProblem.NotAcceptable("Images are rendered as image/jpeg, image/png and image/gif");
        }
        var tag = WadoTarget.Tag([location], $"{type}|{request.Variant(frame)}");
        if (NotModified.Is(context.Request, new EntityTagHeaderValue($"\"{tag}\"")))
        {
            return new ByteAnswer(type, tag, ReadOnlyMemory<byte>.Empty); // nothing is rendered for an answer without a body
        }
        using var pixels = InstancePixels.Open(path);
        if (frame > pixels.Count)
        {
            return HttpProblem.NoFrame;
        }
        if (!CodecTable.TryGet(syntax, out _, out var reason))
        {
            return HttpProblem.NotAcceptable(reason, "codec");
        }
        if (request.Options.Region is { } region && request.Options.PresentationState is null && region.Within(pixels.Image.Columns, pixels.Image.Rows) is null)
        {
            return HttpProblem.BadRequest($"The region lies outside of the image of {pixels.Image.Columns} x {pixels.Image.Rows} pixels");
        }
        WarnOfUnknown(context.Response, request);
        return type == Gif ? new ByteAnswer(type, tag, await CineAsync(pixels, request, context.RequestAborted))
            : new ByteAnswer(type, tag, await RenderAsync(pixels, frame, type, request, context.RequestAborted));
    }

    /// <summary>All frames as a picture that moves.</summary>
    private async Task<PooledBuffer> CineAsync(InstancePixels pixels, RenderedRequest request, CancellationToken ct)
    {
        var bytes = new PooledBuffer(256 * 1024);
        try
        {
            GifEncoder? gif = null;
            for (var frame = 1; frame <= Math.Min(pixels.Count, MaxGifFrames); frame++)
            {
                using var slot = await slots.TakeAsync(ct);
                using var decoded = pixels.Decode(frame);
                using var picture = RenderPipeline.Render(pixels.Header, pixels.Image, decoded, OptionsOf(pixels, frame, request));
                gif ??= new GifEncoder(bytes, picture.Width, picture.Height);
                gif.Add(picture, DelayOf(pixels.Header));
            }
            gif?.Complete();
            return bytes;
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
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

    // PS3.18 §8.3.5.1.1: keywords that are not supported are left out, and that is said
    private static void WarnOfUnknown(HttpResponse response, RenderedRequest request)
    {
        if (request.Annotation.HasFlag(Annotation.Unknown))
        {
            response.Headers.Append("Warning", "299 Pacs \"Of annotation only patient and technique are supported\"");
        }
        if (request.WantsIccProfile)
        {
            response.Headers.Append("Warning", "299 Pacs \"The picture has no colour profile: its colours are those of the samples\"");
        }
    }

    /// <summary>The image that a presentation state is about, as it wants it (PS3.18 §10.4.1.1.3): the first of several.</summary>
    private async Task<IResult> StateAsync(HttpContext context, InstanceLocation location, string path, IReadOnlyList<MediaRange> ranges, RenderedRequest request)
    {
        var ct = context.RequestAborted;
        var state = PresentationState.Of((await DicomFile.OpenAsync(path, null, ct)).Dataset);
        foreach (var (uid, frame) in state.Images)
        {
            if (await index.LocateAsync(uid, ct) is [var image, ..] && archive.TryGetPath(image.Key) is not null)
            {
                return await AnswerAsync(context, image, frame, ranges, request with { Options = request.Options with { PresentationState = state }, State = location.Key });
            }
        }
        return new HttpProblem(StatusCodes.Status404NotFound, "None of the images that the presentation state is about is here", "state");
    }

    private static IReadOnlyList<ByteRange> Fragments(string path)
    {
        using var pixels = InstancePixels.Open(path);
        return pixels.Frames.LocateAll();
    }

    /// <summary>The video itself, or a picture of it.</summary>
    private async Task<IResult> VideoAsync(
        HttpContext context, InstanceLocation location, string path, TransferSyntax syntax, int frame, IReadOnlyList<MediaRange> ranges, RenderedRequest request)
    {
        if (StoredFiles.TryOpen(archive, location) is not { } file)
        {
            return HttpProblem.NoFile;
        }
        var fragments = Fragments(path);
        var stored = VideoType.Of(file, fragments, syntax);
        var wanted = MediaRange.Choose(ranges, stored, Jpeg, Png)?.Type;
        if (wanted != stored)
        {
            file.Dispose();
            return wanted is null ? HttpProblem.NotAcceptable($"The instance is a video: {stored}, and pictures of it image/jpeg or image/png")
                : await VideoFrameAsync(context, location, path, frame, wanted, request);
        }
        // one fragment as a rule (PS3.5 §A.4.6): browsers seek in it by ranges
        return fragments is [var whole] ? new ByteAnswer(stored, Path.GetFileNameWithoutExtension(location.Key) + "-video", file, whole.Offset, whole.Length)
            : new FragmentAnswer(new RenderedPart(stored, default, file, fragments));
    }

    private async Task<IResult> VideoFrameAsync(HttpContext context, InstanceLocation location, string path, int frame, string type, RenderedRequest request)
    {
        if (!videos.IsPresent)
        {
            return HttpProblem.NotAcceptable(VideoFrames.Missing, "ffmpeg");
        }
        var tag = WadoTarget.Tag([location], $"{type}|{request.Variant(frame)}");
        if (NotModified.Is(context.Request, new EntityTagHeaderValue($"\"{tag}\"")))
        {
            return new ByteAnswer(type, tag, ReadOnlyMemory<byte>.Empty);
        }
        WarnOfUnknown(context.Response, request);
        using var pixels = InstancePixels.Open(path);
        var picture = await videos.ReadAsync(path, pixels.Frames.LocateAll(), frame, context.RequestAborted);
        try
        {
            picture = RenderPipeline.Finish(picture, OptionsOf(pixels, frame, request));
            return new ByteAnswer(type, tag, Encode(picture, type, request));
        }
        finally
        {
            picture.Dispose();
        }
    }

    private static async Task<IResult> DocumentAsync(InstanceLocation location, string path, IReadOnlyList<MediaRange> ranges, CancellationToken ct)
    {
        if (location.SopClass != DicomUid.EncapsulatedPDFStorage)
        {
            return InstanceHeader.NoPixels;
        }
        if (MediaRange.Choose(ranges, Pdf) is null)
        {
            return HttpProblem.NotAcceptable("The instance is a document: application/pdf");
        }
        return await PdfAsync(path, ct) is { } document ? new ByteAnswer(Pdf, Path.GetFileNameWithoutExtension(location.Key) + "-document", document) : HttpProblem.NotFound;
    }

    private static async Task<ReadOnlyMemory<byte>?> PdfAsync(string path, CancellationToken ct)
    {
        var file = await DicomFile.OpenAsync(path, null, ct);
        if (file.Dataset.Get(DicomTag.EncapsulatedDocument) is not { Value: var document })
        {
            return null;
        }
        // (0042,0015) is the length without padding
        var length = file.Dataset.GetInt32(DicomTag.EncapsulatedDocumentLength) is { } said && said > 0 && said <= document.Length ? said : document.Length;
        return document[..length];
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The file of instance {Instance} cannot be read for a picture")]
    private partial void LogUnreadable(Exception exception, ResourceId instance);
}
