namespace Pacs.Dicom.Imaging;

/// <summary>The data set has no pixel data: a report, a document. Nothing is damaged; only of a deflated data set nobody knows before.</summary>
public sealed class NoPixelDataException() : DicomException("The instance has no pixel data", DicomTag.PixelData);
