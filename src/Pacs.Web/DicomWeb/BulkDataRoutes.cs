using Pacs.Dicom;
using Pacs.Dicom.Imaging;
using Pacs.Storage;
using Pacs.Web.Http;
using Pacs.Web.Instances;

namespace Pacs.Web.DicomWeb;

/// <summary>WADO-RS bulk data: the values to which metadata have an address (PS3.18 §10.4.1.1.5).</summary>
internal sealed class BulkDataRoutes(WadoTarget target, Archive archive, FrameRoutes frames)
{
    /// <summary>Answers for one value.</summary>
    /// <param name="context">The request.</param>
    /// <param name="study">Study Instance UID.</param>
    /// <param name="series">Series Instance UID.</param>
    /// <param name="instance">SOP Instance UID.</param>
    /// <param name="path">The place of the value in the data set.</param>
    public async Task<IResult> AnswerAsync(HttpContext context, string study, string series, string instance, string path)
    {
        var ct = context.RequestAborted;
        if (await target.FindInstanceAsync(study, series, instance, ct) is not { } location || archive.TryGetPath(location.Key) is not { } file)
        {
            return HttpProblem.NotFound;
        }
        var stored = TransferSyntax.Get(location.SyntaxUid);
        if (path == DicomTag.PixelData.ToHexString() && !InstanceHeader.MayHavePixels(location))
        {
            return InstanceHeader.NoPixels;
        }
        if (path == DicomTag.PixelData.ToHexString() && stored.IsVideo)
        {
            return Video(context, location, file, stored);
        }
        if (path == DicomTag.PixelData.ToHexString() && stored.IsEncapsulated)
        {
            return await frames.AllAsync(context, location); // compressed frames are parts of their own
        }
        if (MediaRange.Choose(MediaRange.Of(context.Request), MediaTypes.OctetStream) is not { Range: var range })
        {
            return HttpProblem.NotAcceptable("Bulk data are application/octet-stream, alone or in multipart/related");
        }
        var tag = $"{Path.GetFileNameWithoutExtension(location.Key)}-{path.Replace('/', '-')}";
        try
        {
            if (path == DicomTag.PixelData.ToHexString() && stored is { IsDeflated: false, IsBigEndian: false })
            {
                return Native(context, location, file, range.IsMultipart, tag);
            }
            // the header is enough for everything but what has to be inflated or swapped, and pixels of floating-point numbers
            var whole = stored.IsDeflated || stored.IsBigEndian || path.StartsWith("7FE0", StringComparison.Ordinal);
            var read = await DicomFile.OpenAsync(file, whole ? null : DicomReadOptions.HeaderOnly, ct);
            return BulkDataPath.Find(read.Dataset, path) is { Items: null, Fragments: null } element
                ? Answer(range.IsMultipart, tag, element.Value) : HttpProblem.NotFound;
        }
        catch (DicomException e)
        {
            return new HttpProblem(StatusCodes.Status500InternalServerError, $"The stored instance is damaged: {e.Message}");
        }
        catch (FileNotFoundException)
        {
            return HttpProblem.NotFound;
        }
    }

    /// <summary>A video is one stream (PS3.18 table 8.7.3-5): as what it is, or as bytes to who takes them as they are stored.</summary>
    private IResult Video(HttpContext context, InstanceLocation location, string path, TransferSyntax syntax)
    {
        try
        {
            if (StoredFiles.TryOpen(archive, location) is not { } file)
            {
                return HttpProblem.NotFound;
            }
            IReadOnlyList<ByteRange> fragments;
            using (var pixels = InstancePixels.Open(path))
            {
                fragments = pixels.Frames.LocateAll();
            }
            var type = VideoType.Of(file, fragments, syntax);
            var ranges = MediaRange.Of(context.Request).Where(r => r.Type != MediaTypes.OctetStream || r.TransferSyntax is { } wanted && (wanted == "*" || wanted == syntax.Uid));
            if (MediaRange.Choose(ranges, type, MediaTypes.OctetStream) is not { } chosen || (chosen.Range.IsMultipart && fragments.Count > 1))
            {
                file.Dispose();
                return HttpProblem.NotAcceptable($"The instance is a video: {type}, or application/octet-stream; transfer-syntax=*");
            }
            var full = $"{chosen.Type}; transfer-syntax={syntax.Uid}";
            return fragments is not [var whole] ? new FragmentAnswer(new RenderedPart(full, default, file, fragments))
                : chosen.Range.IsMultipart ? new MultipartBytes(full, file, whole)
                : new ByteAnswer(full, Path.GetFileNameWithoutExtension(location.Key) + "-video", file, whole.Offset, whole.Length);
        }
        catch (DicomException e)
        {
            return new HttpProblem(StatusCodes.Status500InternalServerError, $"The stored instance is damaged: {e.Message}");
        }
    }

    private IResult Native(HttpContext context, InstanceLocation location, string path, bool isMultipart, string tag)
    {
        ByteRange pixels;
        using (var instance = InstancePixels.Open(path))
        {
            // items where the syntax allows none
            pixels = instance.Frames.IsEncapsulated ? throw new DicomException("Compressed pixel data in an uncompressed transfer syntax", DicomTag.PixelData) : instance.Frames.LocateAll()[0];
        }
        var file = StoredFiles.TryOpen(archive, location);
        if (file is null)
        {
            return HttpProblem.NotFound;
        }
        return isMultipart ? new MultipartBytes(MediaTypes.OctetStream, file, pixels) : new ByteAnswer(MediaTypes.OctetStream, tag, file, pixels.Offset, pixels.Length);
    }

    private static IResult Answer(bool isMultipart, string tag, ReadOnlyMemory<byte> value) =>
        isMultipart ? new MultipartBytes(MediaTypes.OctetStream, value) : new ByteAnswer(MediaTypes.OctetStream, tag, value);
}
