using System.Globalization;
using Pacs.Dicom;
using Pacs.Dicom.Codecs;
using Pacs.Dicom.Imaging;
using Pacs.Storage;

namespace Pacs.Web.Viewer;

/// <summary>How an instance is shown to people.</summary>
public enum PictureKind
{
    /// <summary>Frames that we can decode.</summary>
    Image,

    /// <summary>A video that the browser plays.</summary>
    Video,

    /// <summary>A Structured Report.</summary>
    Report,

    /// <summary>An encapsulated PDF.</summary>
    Document,

    /// <summary>How somebody wants images to be seen: a presentation state. Its picture is that of the first of them.</summary>
    State,

    /// <summary>Something else: a signal, frames in a syntax without codec. There is its page with the tags, and the file.</summary>
    Other,
}

/// <summary>What can be shown of an instance, and where.</summary>
public static class Picture
{
    /// <summary>The path below which pictures are.</summary>
    public const string Root = "/bilder";

    /// <summary>Of the longest side of a thumbnail: sharp on screens with two pixels per CSS pixel.</summary>
    public const int ThumbnailSide = 240;

    /// <summary>How an instance is shown.</summary>
    public static PictureKind KindOf(Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var syntax = TransferSyntax.Get(instance.Syntax);
        if (syntax.IsVideo)
        {
            return PictureKind.Video;
        }
        if (SrReader.IsReport(instance.SopClass))
        {
            return PictureKind.Report;
        }
        if (instance.SopClass == DicomUid.EncapsulatedPDFStorage)
        {
            return PictureKind.Document;
        }
        if (PresentationState.IsState(instance.SopClass))
        {
            return PictureKind.State;
        }
        return MayHavePixels(instance) && CodecTable.TryGet(syntax, out _, out _) ? PictureKind.Image : PictureKind.Other;
    }

    /// <summary>The name of the compression that keeps an image from being shown; null where that is not the reason.</summary>
    public static string? MissingCodec(Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        return KindOf(instance) == PictureKind.Other && MayHavePixels(instance) ? TransferSyntax.Get(instance.Syntax).Name : null;
    }

    // of a deflated data set the index does not know where the pixels begin
    private static bool MayHavePixels(Instance instance) => instance.HeaderLength < instance.Size || TransferSyntax.Get(instance.Syntax).IsDeflated;

    /// <summary>What is different for every content an instance ever had: the name of its file.</summary>
    public static string VersionOf(string key) => Path.GetFileNameWithoutExtension(key);

    /// <summary>The address of a frame, or of the video or document that an instance is.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="frame">From 1.</param>
    /// <param name="side">The longest side in pixels; null for the picture's own size.</param>
    public static string Address(Instance instance, int frame = 1, int? side = null)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var size = side is { } pixels ? string.Create(CultureInfo.InvariantCulture, $"&viewport={pixels},{pixels}") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{Root}/{instance.PublicId}/{frame}?v={VersionOf(instance.Key)}{size}");
    }

    /// <summary>The address of a frame of the second copy in a conflict.</summary>
    /// <param name="conflict">The conflict's number.</param>
    /// <param name="copy">The copy, as an instance.</param>
    /// <param name="frame">From 1.</param>
    /// <param name="side">The longest side in pixels.</param>
    public static string AddressOf(long conflict, Instance copy, int frame, int side)
    {
        ArgumentNullException.ThrowIfNull(copy);
        return string.Create(CultureInfo.InvariantCulture, $"{Root}/konflikt/{conflict}/{frame}?v={VersionOf(copy.Key)}&viewport={side},{side}");
    }

    /// <summary>Frames of a preview that moves, at most.</summary>
    public const int PreviewFrames = 12;

    /// <summary>Some frames of a cine from its first to its last, evenly, for a preview that moves: a browser that loads all of a hundred for each small picture is slow, and so is the server.</summary>
    public static IReadOnlyList<int> Preview(Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var count = Math.Min(PreviewFrames, instance.Frames);
        return count < 2 ? [] : [.. Enumerable.Range(0, count).Select(i => 1 + (int)((long)i * (instance.Frames - 1) / (count - 1)))];
    }

    /// <summary>The middle frame: the first of a cine is often black.</summary>
    public static int MiddleFrame(Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        return (Math.Max(1, instance.Frames) / 2) + 1 is var middle && middle <= instance.Frames ? middle : 1;
    }
}
