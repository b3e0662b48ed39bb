namespace Pacs.Web.Http;

/// <summary>The media types of DICOMweb (PS3.18 §8.7).</summary>
internal static class MediaTypes
{
    public const string Dicom = "application/dicom";
    public const string DicomJson = "application/dicom+json";
    public const string DicomXml = "application/dicom+xml";
    public const string Json = "application/json";
    public const string OctetStream = "application/octet-stream";
    public const string Multipart = "multipart/related";
}
