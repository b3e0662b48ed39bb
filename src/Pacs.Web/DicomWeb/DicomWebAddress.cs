using Pacs.Web.Configuration;

namespace Pacs.Web.DicomWeb;

/// <summary>The addresses under which the client finds studies, series and instances: those by which it reaches us.</summary>
internal sealed class DicomWebAddress
{
    private readonly string _root;

    /// <summary>The addresses for the client of a request.</summary>
    public DicomWebAddress(HttpRequest request, PacsOptions options) =>
        _root = $"{request.Scheme}://{request.Host.ToUriComponent()}{request.PathBase.ToUriComponent()}{options.DicomWeb.Root.TrimEnd('/')}";

    /// <summary>Where the services begin, without a slash at the end.</summary>
    public string Root => _root;

    /// <summary>Retrieve URL (0008,1190) of a study.</summary>
    public string Study(string study) => $"{_root}/studies/{Escape(study)}";

    /// <summary>Retrieve URL of a series.</summary>
    public string Series(string study, string series) => $"{Study(study)}/series/{Escape(series)}";

    /// <summary>Retrieve URL of an instance.</summary>
    public string Instance(string study, string series, string instance) => $"{Series(study, series)}/instances/{Escape(instance)}";

    // a UID has no characters to escape; what devices use as one may
    private static string Escape(string uid) => Uri.EscapeDataString(uid);
}
