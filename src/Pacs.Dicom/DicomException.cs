namespace Pacs.Dicom;

/// <summary>
/// Bytes that are not DICOM, or a value that DICOM does not allow. Says where: the tag and the offset, as far as they are known.
/// It is the only exception that reading hostile bytes throws.
/// </summary>
public class DicomException : Exception
{
    /// <summary>An error with its place.</summary>
    /// <param name="message">What is wrong, without the place and without patient data.</param>
    /// <param name="tag">The element concerned, if any.</param>
    /// <param name="offset">Bytes from the start of what was read (file, data set or PDU), or -1 when unknown.</param>
    /// <param name="inner">What caused it, if anything did.</param>
    public DicomException(string message, DicomTag? tag = null, long offset = -1, Exception? inner = null)
        : base(Place(message, tag, offset), inner)
    {
        Reason = message;
        Tag = tag;
        Offset = offset;
    }

    /// <summary>What is wrong, without the place.</summary>
    public string Reason { get; }

    /// <summary>The element concerned, if known.</summary>
    public DicomTag? Tag { get; }

    /// <summary>Bytes from the start of what was read, or -1.</summary>
    public long Offset { get; }

    private static string Place(string message, DicomTag? tag, long offset) => (tag, offset) switch
    {
        (null, < 0) => message,
        (null, _) => $"{message} at offset {offset}",
        ({ } t, < 0) => $"{message} in {t}",
        ({ } t, _) => $"{message} in {t} at offset {offset}",
    };
}
