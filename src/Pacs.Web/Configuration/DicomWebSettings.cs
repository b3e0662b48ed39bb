namespace Pacs.Web.Configuration;

/// <summary>The section <c>DicomWeb</c>, named like that of Orthanc's plugin.</summary>
public sealed class DicomWebSettings
{
    /// <summary>Whether DICOMweb is served. Default true: viewers need it.</summary>
    public bool Enable { get; init; } = true;

    /// <summary>The path below which it is. Default <c>/dicom-web/</c>, Orthanc's.</summary>
    [WebPath]
    public string Root { get; init; } = "/dicom-web/";

    /// <summary>Whether WADO-URI is served, too. Default true, Orthanc's: links of older programs use it.</summary>
    public bool EnableWado { get; init; } = true;

    /// <summary>The path of WADO-URI. Default <c>/wado</c>, Orthanc's.</summary>
    [WebPath]
    public string WadoRoot { get; init; } = "/wado";

    /// <summary>Whether <c>DELETE</c> of studies, series and instances is served. Default false: the standard has none.</summary>
    public bool AllowDelete { get; init; }

    /// <summary>
    /// The program that makes pictures of videos. Default <c>ffmpeg</c>, which is looked for in PATH; where it is not installed videos have no thumbnails. Null: it is never started.
    /// </summary>
    [ProgramName]
    public string? Ffmpeg { get; init; } = "ffmpeg";

    /// <summary>
    /// The origins, such as <c>http://viewer.lan:3000</c>, whose pages may read DICOMweb in a browser (CORS). Default: none, only our own pages.
    /// </summary>
    [Origins]
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];
}
