namespace Pacs.Dicom.Codecs;

/// <summary>How many colour differences a JPEG image keeps for its pixels.</summary>
public enum ChromaSubsampling
{
    /// <summary>4:4:4, one pair per pixel: sharp coloured text and vessels.</summary>
    None,

    /// <summary>4:2:2, one pair per two pixels of a row: what DICOM calls YBR_FULL_422.</summary>
    Horizontal,

    /// <summary>4:2:0, one pair per square of four pixels: the smallest files.</summary>
    Both,
}
