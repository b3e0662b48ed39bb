namespace Pacs.Dicom;

/// <summary>How to read a data set. The defaults are right for bytes from outside.</summary>
public sealed record DicomReadOptions
{
    /// <summary>What is used where no options are given.</summary>
    public static DicomReadOptions Default { get; } = new();

    /// <summary>The header of an instance: everything before Float, Double Float or ordinary Pixel Data.</summary>
    public static DicomReadOptions HeaderOnly { get; } = new() { StopBefore = DicomTag.FloatPixelData };

    /// <summary>
    /// Stop before the first element of the data set itself (not of an item) whose tag is this one or a later one. Null, the default, reads all.
    /// </summary>
    public DicomTag? StopBefore { get; init; }

    /// <summary>
    /// Sequences within sequences, default 64: no IOD comes near it, and a peer that nests deeper wants to see a stack overflow.
    /// </summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>
    /// Elements, items and fragments in all, default 5,000,000 (an enhanced multi-frame object of 50,000 frames has about 2,000,000). Each costs
    /// about 70 bytes of memory for as little as 8 bytes of input.
    /// </summary>
    public int MaxElements { get; init; } = 5_000_000;

    /// <summary>
    /// The most bytes that a deflated data set may expand to, default 2 GB. It may also expand to at most 200 times what was received, but
    /// always to 64 MB: a stream of zeros shrinks 1000 times, and an empty mask image is one.
    /// </summary>
    public long MaxDeflatedOutput { get; init; } = Array.MaxLength;

    /// <summary>
    /// Whether a data set that ends in the middle of an element is read as far as it goes; default false. Pixel data that end too early, and
    /// delimiters that are missing at the end, are tolerated always, because a picture with black lines is better than none.
    /// </summary>
    public bool AllowTruncation { get; init; }
}
