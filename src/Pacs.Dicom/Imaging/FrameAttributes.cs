namespace Pacs.Dicom.Imaging;

/// <summary>
/// What is said about one frame: in enhanced multi-frame objects its functional groups come before the shared ones, and these before the data set itself (PS3.3 §C.7.6.16).
/// </summary>
internal readonly struct FrameAttributes
{
    private readonly DicomDataset? _perFrame;
    private readonly DicomDataset? _shared;

    /// <param name="header">The data set.</param>
    /// <param name="frame">From 1.</param>
    public FrameAttributes(DicomDataset header, int frame)
    {
        Root = header;
        var groups = header.GetSequence(DicomTag.PerFrameFunctionalGroupsSequence);
        _perFrame = frame <= groups.Count ? groups[frame - 1] : null;
        _shared = header.GetSequence(DicomTag.SharedFunctionalGroupsSequence) is [var shared, ..] ? shared : null;
    }

    /// <summary>The data set itself.</summary>
    public DicomDataset Root { get; }

    /// <summary>The item of a functional group macro, or the data set where there is none.</summary>
    public DicomDataset Macro(DicomTag sequence) =>
        _perFrame?.GetSequence(sequence) is [var own, ..] ? own : _shared?.GetSequence(sequence) is [var shared, ..] ? shared : Root;
}
