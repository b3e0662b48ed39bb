namespace Pacs.Dicom.Imaging;

/// <summary>What a presentation state says of an image beside the picture: for who turns and enlarges it himself.</summary>
/// <param name="SopInstance">(0008,0018) of the image.</param>
/// <param name="Frames">From 1; empty for all of them.</param>
/// <param name="Area">The corners of what is displayed, as they are written (PS3.3 §C.10.4): column and row, from 1, both inside, of the image before it is rotated, in no order; or null for all of it.</param>
/// <param name="Stretch">How much higher than wide a pixel is; null where the state does not say.</param>
/// <param name="Window">The first window; null for a table, and where all values are shown.</param>
public sealed record PresentationView(string SopInstance, IReadOnlyList<int> Frames, IReadOnlyList<double>? Area, double? Stretch, VoiWindow? Window);

/// <content>What it says about itself and its images.</content>
public sealed partial class PresentationState
{
    /// <summary>(0070,0080), what it is for, in one word.</summary>
    public string? Label => _dataset.GetString(DicomTag.ContentLabel);

    /// <summary>(0070,0081), the same in a few words.</summary>
    public string? Description => _dataset.GetString(DicomTag.ContentDescription);

    /// <summary>(0070,0084), who made it.</summary>
    public string? Creator => _dataset.GetString(DicomTag.ContentCreatorName);

    /// <summary>(0070,0082), when.</summary>
    public string? CreationDate => _dataset.GetString(DicomTag.PresentationCreationDate);

    /// <summary>(0070,0083), when.</summary>
    public string? CreationTime => _dataset.GetString(DicomTag.PresentationCreationTime);

    /// <summary>Quarter turns clockwise. It is flipped after it has been rotated (PS3.3 §C.10.6).</summary>
    public int Turns => (((_dataset.GetInt32(DicomTag.ImageRotation) ?? 0) / 90 % 4) + 4) % 4;

    /// <summary>Whether left and right change places.</summary>
    public bool IsFlipped => _dataset.GetString(DicomTag.ImageHorizontalFlip) == "Y";

    /// <summary>Whether large values are dark.</summary>
    public bool IsInverse => _dataset.GetString(DicomTag.PresentationLUTShape) == "INVERSE";

    /// <summary>What it says of each image that it is about; of several frames what it says of the first.</summary>
    public IEnumerable<PresentationView> Views => _dataset.GetSequence(DicomTag.ReferencedSeriesSequence).SelectMany(s => s.GetSequence(DicomTag.ReferencedImageSequence)).Select(image =>
    {
        var uid = image.GetString(DicomTag.ReferencedSOPInstanceUID) ?? "";
        int[] frames = [.. image.GetDoubles(DicomTag.ReferencedFrameNumber).Where(f => f is >= 1 and <= int.MaxValue).Select(f => (int)f)];
        var first = frames is [var some, ..] ? some : 1;
        var area = AreaOf(uid, first);
        return new PresentationView(uid, frames, area is null ? null : DisplayedArea.CornersOf(area), area is null ? null : DisplayedArea.StretchOf(area), WindowOf(uid, first));
    });

    private DicomDataset? AreaOf(string? sopInstance, int frame) => Of(DicomTag.DisplayedAreaSelectionSequence, sopInstance, frame).FirstOrDefault();

    private VoiWindow? WindowOf(string uid, int frame) =>
        VoiOf(uid, frame) is { } voi && voi.GetSequence(DicomTag.VOILUTSequence).Count == 0 && voi.GetDouble(DicomTag.WindowCenter) is { } center && voi.GetDouble(DicomTag.WindowWidth) is { } width
            && new VoiWindow(center, width) is { IsValid: true } window ? window : null;
}
